"""A shop with money in its accounts, and the decisions that something is recovered or held for."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from earnest.deposits.accounts import (
    claim_of,
    clearing_of,
    deposit_of,
    platform_accounts_open,
    settlement_of,
    subject_accounts_open,
)
from earnest.deposits.holds import NewHold
from earnest.deposits.recoveries import NewRecovery
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, verify
from earnest.ledger.records import Reason, Transfer
from earnest.rulebooks.packs import SHOP_DEPOSIT

AT = datetime(2025, 9, 8, 2, tzinfo=UTC)
S1 = ("shop", "S1")
COMPENSATION = "compensation_payable"
PENALTY = "penalty_income"


def tenant_with(deposit_fen: int = 0, proceeds_fen: int = 0, *, tenant: str = "") -> str:
    """Open the accounts of a fresh tenant, or of the one named, with one shop, and pay in."""
    tenant = tenant or f"t{uuid4().hex[:12]}"
    platform_accounts_open(tenant, AT)
    subject_accounts_open(tenant, [S1], AT)
    pay_in(tenant, deposit_fen)
    pay_in(tenant, proceeds_fen, settlement_of(S1))
    return tenant


def pay_in(tenant: str, amount_fen: int, code: str = "", at: datetime = AT) -> None:
    """Pay an amount into an account: into the deposit unless another is named."""
    if not amount_fen:
        return
    reason = Reason("S3-2.1a", SHOP_DEPOSIT, None, "paid in")
    moved = Transfer(
        id=uuid4(),
        debit=clearing_of("bank"),
        credit=code or deposit_of(S1),
        amount_fen=amount_fen,
        effective_at=at,
        reason=reason,
    )
    assert transfers_post(tenant, [moved], at)[0].status == "posted"


def new_recovery(amount_fen: int, **content: object) -> NewRecovery:
    """Return a recovery for consumers, in parts and without advance unless said otherwise."""
    fields: dict[str, object] = {
        "subject": S1,
        "case_number": f"C{uuid4().hex[:6]}",
        "ground": "broken_promise",
        "beneficiary": "consumer",
        "amount_fen": amount_fen,
        "mode": "partial",
        "advances": False,
        "clause": "S3-4.1d",
        "rulebook": SHOP_DEPOSIT,
        "decision_id": uuid4(),
    }
    return NewRecovery(**{**fields, **content})


def new_hold(held_fen: int, **content: object) -> NewHold:
    """Return a hold without an end and without an estimate unless said otherwise."""
    fields: dict[str, object] = {
        "subject": S1,
        "case_number": f"C{uuid4().hex[:6]}",
        "reason": "court case",
        "owner": "li.wei",
        "held_fen": held_fen,
        "estimate_fen": None,
        "review_on": date(2025, 10, 1),
        "ends_at": None,
        "rulebook": SHOP_DEPOSIT,
        "decision_id": UUID(int=uuid4().int),
    }
    return NewHold(**{**fields, **content})


def money(tenant: str) -> tuple[int, int, int]:
    """Return what is posted in deposit, proceeds and claim, in fen."""
    codes = (deposit_of(S1), settlement_of(S1), claim_of(S1))
    deposit, proceeds, claim = (balance_of(tenant, code).posted_fen for code in codes)
    return deposit, proceeds, claim


def books_hold(tenant: str) -> bool:
    """Tell whether the books prove themselves."""
    return all(check.ok for check in verify(tenant))
