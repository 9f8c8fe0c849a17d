"""A market with one provider, two people who decide and one who only reviews."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User

from earnest.decisions.models import Decision
from earnest.deposits.accounts import platform_accounts_open
from earnest.kernel.calendar import day_of
from earnest.market.models import Membership
from earnest.violations.finding import Verdict, finding_propose, finding_settle
from earnest.violations.models import Violation
from earnest.violations.queries import decisions_shown, violation_get
from earnest.violations.queue import violation_claim
from earnest.violations.reports import Report, ReportItem, violation_report
from tests.cases.scene import NOW, P1, provider_open

DAY = day_of(NOW)
YESTERDAY = DAY - timedelta(days=1)
RISK, ADMIN, SERVICE = "risk", "admin", "service"


def plain_market() -> str:
    """Open a fresh tenant's platform accounts; nobody has confirmed a sample value here."""
    tenant = f"t{uuid4().hex[:12]}"
    platform_accounts_open(tenant, NOW)
    return tenant


def market(*, deposit_fen: int = 2_000_000, required_fen: int = 1_000_000) -> str:
    """Open a market: P1 with its deposit, and the people risk, admin and service."""
    tenant = plain_market()
    provider_open(tenant, deposit_fen=deposit_fen, required_fen=required_fen)
    for role in (RISK, ADMIN, SERVICE):
        user = User.objects.create(username=person(tenant, role))
        Membership.objects.create(user=user, tenant_id=tenant, role=role)
    return tenant


def person(tenant: str, role: str) -> str:
    """Return the sign-in of a person of a market."""
    return f"{role}-{tenant}"


def item(
    kind: str = "free_here_charged_there", happened_on: date = YESTERDAY, **facts: Any
) -> ReportItem:
    """Make an item of a kind; its clause is the kind's own."""
    return ReportItem(kind, "", happened_on, facts)


def reported(
    tenant: str, *items: ReportItem, now: datetime = NOW, about: str = "", source: str = "report"
) -> Violation:
    """Report items about P1."""
    given = Report(P1, source, items or (item(),), "merchant", "seen in the shop", about)
    return violation_report(tenant, given, now)


def proposed(
    tenant: str,
    violation: Violation,
    verdicts: Sequence[str] = (),
    *,
    by: str = RISK,
    now: datetime = NOW,
) -> Violation:
    """Let a person claim a violation and judge its items, all found unless said otherwise."""
    actor = person(tenant, by)
    violation_claim(tenant, violation.number, actor, now)
    positions = [each.position for each in violation_get(tenant, violation.number).items.all()]
    said = list(verdicts) or ["found"] * len(positions)
    given = [
        Verdict(position, verdict, "the page says so")
        for position, verdict in zip(positions, said, strict=True)
    ]
    return finding_propose(tenant, violation.number, given, actor, now)


def settled(
    tenant: str,
    violation: Violation,
    *,
    by: str = ADMIN,
    verdict: str = "approve",
    now: datetime = NOW,
) -> list[Decision]:
    """Let another person settle every decision of a violation; return them as they stand."""
    for decision in decisions_shown(violation):
        if decision.state == "waiting":
            finding_settle(
                tenant, decision.id, verdict=verdict, actor=person(tenant, by), reason="seen",
                now=now,
            )  # fmt: skip
    return decisions_shown(violation)


def sanctioned(
    tenant: str, *items: ReportItem, now: datetime = NOW, by: str = RISK
) -> tuple[Violation, list[Decision]]:
    """Report, find and approve in one go."""
    violation = reported(tenant, *items, now=now)
    proposed(tenant, violation, by=by, now=now)
    decisions = settled(tenant, violation, now=now)
    return violation_get(tenant, violation.number), decisions
