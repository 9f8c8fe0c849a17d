"""A provider with a deposit, months of scores judged one by one, and appeals heard by two people.

A month is judged in the middle of the next one, so that a month spent delisted in part still
counts; see ``delisted_share``.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import uuid4

from earnest.appeals.deciding import Verdict, appeal_confirm, appeal_propose
from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.appeals.hearing import appeal_claim
from earnest.appeals.models import Appeal
from earnest.assessment.commands import day_run
from earnest.assessment.nps_ladder import nps_judgement
from earnest.consequences.commands import decide, decision_settle
from earnest.consequences.sanctions import tickets_look
from earnest.decisions.commands import findings_record, standing_order_give
from earnest.decisions.models import Decision
from earnest.decisions.precedents import subjects_waiting
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import (
    claim_of,
    clearing_of,
    deposit_of,
    platform_accounts_open,
    settlement_of,
    subject_accounts_open,
)
from earnest.deposits.commands import NewRequirement, requirements_set
from earnest.kernel.calendar import Month, day_of
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, verify
from earnest.ledger.records import Reason, Transfer
from earnest.market.commands import marketplace_open
from earnest.market.models import Provider
from earnest.measures.commands import results_record
from earnest.measures.definition import Figure
from earnest.measures.set_aside import Correction
from earnest.payins.receipts import PayIns
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SUPPLY_MARKET
from earnest.tickets.models import Ticket
from earnest.tickets.queries import ticket_get

P1: Final = ("provider", "P1")
AUGUST, SEPTEMBER, OCTOBER = (Month(2025, 8), Month(2025, 9), Month(2025, 10))
START: Final = datetime(2025, 8, 1, 2, tzinfo=UTC)
YUAN: Final = 100
ANSWERS: Final = 10
LOW, FINE = 69, 75
HEARER, CONFIRMER = "service", "admin"


def tenant_new(*, deposit_fen: int = 10_000 * YUAN, order: bool = True) -> str:
    """Open a market with one provider, its deposit, and an order for the first two rungs."""
    tenant = f"t{uuid4().hex[:12]}"
    marketplace_open(tenant, name_zh="市场", name_en="market")
    platform_accounts_open(tenant, START)
    Provider.objects.create(
        tenant_id=tenant, provider_id=P1[1], name="服务商一号", entity_name="杭州一号科技有限公司",
        service_category="supply_tool", admitted_on=date(2025, 7, 19),
    )  # fmt: skip
    subject_accounts_open(tenant, [P1], START)
    requirement = NewRequirement(*P1, 10_000 * YUAN, "S0-1.1-basis", uuid4())
    requirements_set(tenant, [requirement], START)
    paid_in(tenant, deposit_fen)
    if order:
        standing_order_give(
            tenant, rulebook=SUPPLY_MARKET, decision="nps_ladder", outcomes=["hide", "delist"],
            note="", ordered_by="risk", approved_by="finance", from_on=START.date(),
        )  # fmt: skip
    return tenant


def paid_in(tenant: str, fen: int, *, account: str = "", at: datetime = START) -> None:
    """Book cash into the deposit, or into another account of the provider."""
    transfer = Transfer(
        id=uuid4(), debit=clearing_of("bank"), credit=account or deposit_of(P1), amount_fen=fen,
        effective_at=at, reason=Reason("S0-1.1-basis", SUPPLY_MARKET, None, "paid in"),
    )  # fmt: skip
    (outcome,) = transfers_post(tenant, [transfer], at)
    assert outcome.status == "posted"


def judged_at(month: Month) -> datetime:
    """Return the instant at which a month is judged here: the 18th of the next one."""
    after = month.plus(1)
    return datetime(after.year, after.number, 18, 2, tzinfo=UTC)


def month_judge(tenant: str, month: Month, tenths: int, *, approve: bool = True) -> Decision | None:
    """Record a month's score, judge it and carry out what follows; two people agree to a removal.

    Returns the decision of the ladder, if there is one.
    """
    at = judged_at(month)
    figure = Figure(
        subject_kind=P1[0], subject=P1[1], measure="nps_composite", numerator=tenths * ANSWERS,
        denominator=ANSWERS, sample=ANSWERS, pending=0, window_from=month.first_day,
        window_to=month.last_day, cutoff_at=at, state="final", dimensions={}, formula_hash="",
    )  # fmt: skip
    results_record(tenant, [figure], at)
    waiting = subjects_waiting(tenant, "nps_ladder", "remove")
    findings, wanted = nps_judgement(tenant, month, [figure], waiting)
    findings_record(tenant, findings, at)
    made = decide(tenant, wanted, at)
    if not made:
        return None
    if approve and made[0].state == "waiting":
        for actor in ("risk", "finance"):
            decision_settle(
                tenant, made[0].id, verdict="approve", actor=actor, reason="seen", now=at
            )
    made[0].refresh_from_db()
    return made[0]


def chain(tenant: str, *months: Month, tenths: int = LOW) -> list[Decision]:
    """Judge low months one after the other; each fine is taken before the next is judged."""
    made = []
    for month in months:
        decision = month_judge(tenant, month, tenths)
        assert decision is not None
        made.append(decision)
        window_over(tenant, judged_at(month))
    return made


def window_over(tenant: str, at: datetime) -> None:
    """Let the time to appeal pass, and what waits be taken."""
    look = tickets_look(tenant, at + timedelta(days=8))
    assert not look.problems


def looked(tenant: str, now: datetime) -> None:
    """Look at a day: fines, shortages, releases."""
    day_run(tenant, now, PayIns(0, 0, 0))


def ticket_of(decision: Decision) -> Ticket:
    """Return the ticket of a decision as it is now."""
    decision.refresh_from_db()
    return ticket_get(decision.tenant_id, decision.effect["ticket"])


def position_of(ticket: Ticket, month: Month) -> int:
    """Return the place of a month on a ticket."""
    return ticket.items.get(about=f"nps_composite {month.last_day.isoformat()}").position


def filed(tenant: str, ticket: Ticket, *months: Month, at: datetime | None = None) -> Appeal:
    """File an appeal against months of a ticket."""
    items = [
        Disputed(position_of(ticket, month), "figure_wrong", "答卷并非真实商家所填")
        for month in months
    ]
    return appeal_file(tenant, NewAppeal(P1, ticket.number, items, "p1"), at or ticket.told_at)


def heard(
    appeal: Appeal,
    now: datetime,
    corrections: Mapping[int, Correction] | None = None,
    *,
    verdict: str = "overturned",
    hearer: str = HEARER,
    confirmer: str = CONFIRMER,
) -> Appeal:
    """Hear an appeal to its end: every item gets the verdict, or its correction."""
    tenant, given = appeal.tenant_id, corrections or {}
    appeal_claim(tenant, appeal.number, actor=hearer, now=now)
    verdicts = [
        Verdict(
            item.position,
            "corrected" if item.position in given else verdict,
            "核查属实",
            given.get(item.position),
        )
        for item in appeal.items.all()
    ]
    proposed = appeal_propose(tenant, appeal.number, verdicts, actor=hearer, now=now)
    if proposed.state == "proposed":
        appeal_confirm(tenant, appeal.number, agrees=True, actor=confirmer, reason="同意", now=now)
    appeal.refresh_from_db()
    return appeal


def money(tenant: str) -> tuple[int, int, int]:
    """Return deposit, claim and penalty income in fen."""
    return (
        balance_of(tenant, deposit_of(P1)).posted_fen,
        -balance_of(tenant, claim_of(P1)).posted_fen,
        balance_of(tenant, "penalty_income").posted_fen,
    )


def proceeds(tenant: str) -> int:
    """Return the sales proceeds in fen."""
    return balance_of(tenant, settlement_of(P1)).posted_fen


def restricted(tenant: str) -> set[str]:
    """Return the capabilities that are restricted now."""
    return capabilities_restricted(tenant, *P1)


def takes_part(tenant: str) -> bool:
    """Tell whether the provider takes part in the market."""
    return Provider.objects.get(tenant_id=tenant, provider_id=P1[1]).left_on is None


def standing(tenant: str) -> list[tuple[str, str, int]]:
    """Return the decisions in effect: period, outcome, money."""
    rows = Decision.objects.filter(tenant_id=tenant, decision="nps_ladder", state="in_effect")
    return list(rows.order_by("period").values_list("period", "outcome", "money_fen"))


def sound(tenant: str) -> None:
    """Hold the books and the decisions against every law."""
    assert [each.name for each in verify(tenant) if not each.ok] == []
    assert decisions_replay(tenant).differences == []


def day_after(decision: Decision, days: int) -> datetime:
    """Return an instant some days after a decision was made."""
    return decision.made_at + timedelta(days=days)


def months_of(first: Month, count: int) -> list[Month]:
    """Return so many months from one on."""
    return [first.plus(place) for place in range(count)]


def on_of(at: datetime) -> date:
    """Return the market day of an instant."""
    return day_of(at)
