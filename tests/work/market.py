"""A shop whose books, decisions, restrictions and payout are all in order, three days old."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from earnest.decisions.models import Decision
from earnest.deposits.accounts import deposit_of, platform_accounts_open, subject_accounts_open
from earnest.deposits.models import Requirement, Shortage
from earnest.kernel.calendar import day_of
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.payouts.models import Payout, PayoutAttempt, PayoutPart
from earnest.restrictions.models import Restriction

TENANT = "main"
NOW = datetime(2025, 9, 10, 4, tzinfo=UTC)
BEFORE = NOW - timedelta(days=3)
SHOP = ("shop", "S1")
DEPOSIT = deposit_of(SHOP)
CASH, PENALTY = "clearing/bank", "penalty_income"
SUBJECT = {"tenant_id": TENANT, "subject_kind": SHOP[0], "subject_id": SHOP[1]}


def market_open() -> None:
    """Open the accounts, pay 900 fen in, take 200 by decision, require 700, pay 100 out."""
    platform_accounts_open(TENANT, BEFORE)
    subject_accounts_open(TENANT, [SHOP], BEFORE)
    post(transfer(CASH, DEPOSIT, 900))
    post(transfer(DEPOSIT, PENALTY, 200, decision_id=decided()))
    require(600)
    pay_out(100)


def transfer(debit: str, credit: str, amount_fen: int, **content: Any) -> Transfer:
    """Return a transfer of three days ago, by a decision where one is given."""
    decision_id = content.pop("decision_id", None)
    return Transfer(
        id=uuid4(),
        debit=debit,
        credit=credit,
        amount_fen=amount_fen,
        effective_at=BEFORE,
        reason=Reason("S3-4.2a", "kuaishou-shop-deposit", decision_id, "for the test"),
        **content,
    )


def post(one: Transfer, now: datetime = BEFORE) -> UUID:
    """Post a transfer and return its id."""
    (outcome,) = transfers_post(TENANT, [one], now)
    assert outcome.status == "posted", outcome
    return one.id


def decided(state: str = "in_effect", at: datetime = BEFORE, *, approvals_needed: int = 0) -> UUID:
    """Record a decision about the shop, in a state."""
    number = Decision.objects.filter(tenant_id=TENANT).count() + 1
    return Decision.objects.create(
        **SUBJECT,
        id=uuid4(),
        seq=number,
        rulebook="kuaishou-shop-deposit",
        decision="deduction",
        period=f"case-{number}",
        clause="S3-4.2a",
        modality="must",
        outcome="deduct",
        made_at=at,
        settled_at=at,
        state=state,
        approvals_needed=approvals_needed,
        receipt={},
        trace={},
        previous_hash="",
        chain_hash="",
    ).id


def require(amount_fen: int, at: datetime = BEFORE) -> None:
    """Set what the shop must hold."""
    later = timedelta(seconds=Requirement.objects.filter(tenant_id=TENANT).count())
    Requirement.objects.create(
        **SUBJECT,
        id=uuid7_for(at + later, "requirement"),
        required_fen=amount_fen,
        previous_fen=0,
        from_on=day_of(at),
        clause="S3-3.1c",
        decision_id=decided(at=at),
    )


def shortage(closed_at: datetime | None = None) -> None:
    """Open a shortage of the shop, perhaps one that is closed by now."""
    Shortage.objects.create(
        **SUBJECT,
        id=uuid4(),
        opened_at=BEFORE,
        due_on=day_of(NOW),
        clause="S3-5.1",
        decision_id=uuid4(),
        closed_at=closed_at,
    )


def restriction(decision_id: UUID, *release: dict[str, str]) -> Restriction:
    """Restrict the shop's sales by a decision, until conditions hold."""
    return Restriction.objects.create(
        **SUBJECT,
        id=uuid4(),
        measure="limit_sales",
        capability="sales",
        rulebook="kuaishou-shop-deposit",
        clause="S3-5.2",
        decision_id=decision_id,
        starts_at=BEFORE,
        release=list(release),
    )


def pay_out(amount_fen: int, *, booked: bool = True, state: str = "succeeded") -> PayoutPart:
    """Pay an amount out of the deposit in one part; ``booked`` says whether the ledger knows."""
    by = decided()
    hold = transfer(DEPOSIT, CASH, amount_fen, kind="hold", decision_id=by)
    post(hold)
    taken = transfer(DEPOSIT, CASH, amount_fen, kind="capture", pending_id=hold.id, decision_id=by)
    if booked:
        post(taken)
    number = Payout.objects.filter(tenant_id=TENANT).count() + 1
    payout = Payout.objects.create(
        **SUBJECT,
        id=uuid4(),
        number=f"P{number:06}",
        purpose="excess_withdrawal",
        from_account=DEPOSIT,
        amount_fen=amount_fen,
        route="verified_account",
        clause="S3-6.1",
        rulebook="kuaishou-shop-deposit",
        decision_id=by,
        requested_at=BEFORE,
        requested_by="finance",
        hold_id=hold.id,
        state="paid",
    )
    return PayoutPart.objects.create(
        id=uuid4(),
        tenant_id=TENANT,
        payout=payout,
        ordinal=1,
        amount_fen=amount_fen,
        rail="bank",
        destination="6222",
        business_no=f"N{number:06}",
        request=b"{}",
        state=state,
        submitted_at=BEFORE,
        transfer_id=taken.id if state == "succeeded" else None,
    )


def heard(part: PayoutPart, outcome: str) -> None:
    """Note an answer of the institution about a part."""
    PayoutAttempt.objects.create(
        tenant_id=TENANT,
        part=part,
        n=part.attempts.count() + 1,
        kind="query",
        at=BEFORE,
        outcome=outcome,
        answer={},
    )
