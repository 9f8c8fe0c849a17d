"""A shop with a deposit, what is taken from it and done against it, and appeals against that."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import uuid4

from earnest.appeals.deciding import Verdict, appeal_confirm, appeal_propose
from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.appeals.hearing import appeal_claim
from earnest.appeals.models import Appeal
from earnest.assessment.commands import day_run
from earnest.cases.deduction_basis import Basis
from earnest.cases.deductions import (
    DeductionFiling,
    deduction_file,
    deduction_get,
    deduction_review,
)
from earnest.cases.raises import RaiseFiling, raise_ask
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import (
    claim_of,
    deposit_of,
    platform_accounts_open,
    settlement_of,
)
from earnest.ledger.queries import balance_of, verify
from earnest.payins.receipts import PayIns
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.commands import value_confirm
from earnest.rulebooks.packs import SHOP_DEPOSIT
from earnest.tickets.models import Ticket
from earnest.tickets.queries import ticket_get
from tests.cases.scene import S1, shop_open

START: Final = datetime(2025, 9, 5, 4, tzinfo=UTC)
YUAN: Final = 100
CONFIRMED: Final = (
    "deduction_grounds", "shortage_staircase", "shortage_bands", "shortage_grace_days",
    "raise_set_max",
)  # fmt: skip
DECIDERS: Final = ("risk", "finance")
FILER, REVIEWER = "ann", "bob"
HEARER, CONFIRMER = "service", "admin"


def shop_new(*, deposit: int = 10_000, required: int = 10_000, proceeds: int = 0) -> str:
    """Open a market with one shop, what its money rests on confirmed; amounts in yuan."""
    tenant = f"t{uuid4().hex[:12]}"
    platform_accounts_open(tenant, START)
    for name in CONFIRMED:
        value_confirm(
            tenant, rulebook=SHOP_DEPOSIT, element=name, confirmed_by="risk", note="ours", now=START
        )
    shop_open(
        tenant,
        deposit_fen=deposit * YUAN,
        required_fen=required * YUAN,
        proceeds_fen=proceeds * YUAN,
    )
    return tenant


def deducted(
    tenant: str,
    fen: int,
    at: datetime,
    *,
    ground: str = "unfit_goods",
    advances: bool = False,
    people: Sequence[str] = DECIDERS,
) -> Decision:
    """File, review and approve a deduction; return its decision, in effect."""
    filing = DeductionFiling(
        subject=S1,
        ground=ground,
        breached_on=date(2025, 9, 1),
        basis=Basis("amount", {"amount_fen": fen}),
        mode="partial",
        advances=advances,
        actor=FILER,
        note="the court's judgment",
    )
    number = deduction_file(tenant, filing, at).number
    deduction_review(tenant, number, confirmed=True, actor=REVIEWER, note="so", now=at)
    decision = deduction_get(tenant, number).decision
    assert decision is not None
    return approved(decision, at, people)


def raised(tenant: str, fen: int, at: datetime) -> Decision:
    """Ask for a raise and approve it; return its decision, in effect."""
    filing = RaiseFiling(S1, "dispute", [fen], 0, date(2026, 6, 1), "two disputes", FILER)
    case = raise_ask(tenant, filing, at)
    return approved(Decision.objects.get(tenant_id=tenant, period=case.number), at)


def approved(decision: Decision, at: datetime, people: Sequence[str] = DECIDERS) -> Decision:
    """Let as many people approve a decision as it needs."""
    for actor in people[: decision.approvals_needed]:
        decision_settle(
            decision.tenant_id, decision.id, verdict="approve", actor=actor, reason="seen", now=at
        )
    decision.refresh_from_db()
    assert decision.state == "in_effect"
    return decision


def looked(tenant: str, at: datetime) -> list[Decision]:
    """Look at a day, and approve every step against a shortage that is proposed."""
    day_run(tenant, at, PayIns(0, 0, 0))
    waiting = Decision.objects.filter(
        tenant_id=tenant, state="waiting", decision__startswith="shortage_"
    )
    return [approved(each, at) for each in waiting.order_by("seq")]


def ticket_of(decision: Decision) -> Ticket:
    """Return the ticket of a decision as it is now."""
    decision.refresh_from_db()
    return ticket_get(decision.tenant_id, decision.effect["ticket"])


def filed(decision: Decision, at: datetime) -> Appeal:
    """File the shop's appeal against a decision."""
    return ticket_filed(ticket_of(decision), at)


def ticket_filed(ticket: Ticket, at: datetime) -> Appeal:
    """File the shop's appeal against a ticket."""
    items = [Disputed(1, "facts_wrong", "并非我店所为")]
    return appeal_file(ticket.tenant_id, NewAppeal(S1, ticket.number, items, "s1"), at)


def heard(appeal: Appeal, at: datetime, *, verdict: str = "overturned") -> Appeal:
    """Hear an appeal to its end."""
    tenant, number = appeal.tenant_id, appeal.number
    appeal_claim(tenant, number, actor=HEARER, now=at)
    verdicts = [Verdict(1, verdict, "核查")]
    if appeal_propose(tenant, number, verdicts, actor=HEARER, now=at).state == "proposed":
        appeal_confirm(tenant, number, agrees=True, actor=CONFIRMER, reason="同意", now=at)
    appeal.refresh_from_db()
    return appeal


def overturned(decision: Decision, at: datetime) -> Appeal:
    """File and hear an appeal that succeeds."""
    return heard(filed(decision, at), at)


def money(tenant: str) -> tuple[int, int, int]:
    """Return deposit, proceeds and claim in fen."""
    codes: Sequence[str] = (deposit_of(S1), settlement_of(S1), claim_of(S1))
    deposit, proceeds, claim = (balance_of(tenant, code).posted_fen for code in codes)
    return deposit, proceeds, -claim


def taken_by_others(tenant: str) -> int:
    """Return what platform, consumers and right-holders got of the shop, in fen."""
    codes = ("penalty_income", "compensation_payable")
    return sum(balance_of(tenant, code).posted_fen for code in codes)


def restricted(tenant: str) -> set[str]:
    """Return the capabilities that are restricted now."""
    return capabilities_restricted(tenant, *S1)


def sound(tenant: str) -> None:
    """Hold the books and the decisions against every law."""
    assert [each.name for each in verify(tenant) if not each.ok] == []
    assert decisions_replay(tenant).differences == []


def days_on(days: int) -> datetime:
    """Return the start of the story so many days on."""
    return START + timedelta(days=days)
