"""The accounts, instants and transfers that the ledger's tests work with."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from earnest.ledger.chart import platform_account, subject_account
from earnest.ledger.records import NewAccount, Reason, Transfer

NOW = datetime(2025, 9, 1, 4, tzinfo=UTC)
CASH = "clearing/alipay"
PENALTY = "penalty_income"
DEPOSIT = "deposit:shop:S0001"
OTHER_DEPOSIT = "deposit:shop:S0002"
CLAIM = "claim:shop:S0001"
CAPPED = "suspense:capped"
ACCOUNTS = [
    platform_account(CASH),
    platform_account(PENALTY),
    subject_account("deposit", "shop", "S0001"),
    subject_account("deposit", "shop", "S0002"),
    subject_account("claim", "shop", "S0001"),
    NewAccount(CAPPED, "suspense", "platform", "", -50, 100),
]
PAY_IN = Reason("S3-2.1a", "kuaishou-shop-deposit", None, "paid in")
DEDUCT = Reason("S3-4.2a", "kuaishou-shop-deposit", UUID(int=7), "deducted")


def transfer(
    debit: str,
    credit: str,
    amount_fen: int,
    *,
    id: UUID | None = None,  # noqa: A002 - the field's own name
    reason: Reason = DEDUCT,
    **content: object,
) -> Transfer:
    """Return a transfer effective now, under a fresh id unless one is given."""
    return Transfer(
        id=id or uuid4(),
        debit=debit,
        credit=credit,
        amount_fen=amount_fen,
        effective_at=content.pop("effective_at", NOW),
        reason=reason,
        **content,
    )


def pay_in(amount_fen: int, deposit: str = DEPOSIT, **content: object) -> Transfer:
    """Return a payment into a deposit."""
    return transfer(CASH, deposit, amount_fen, reason=PAY_IN, **content)


def hold(amount_fen: int, **content: object) -> Transfer:
    """Return a hold on the deposit for a penalty."""
    return transfer(DEPOSIT, PENALTY, amount_fen, kind="hold", **content)


def capture(of: Transfer | UUID, amount_fen: int, **content: object) -> Transfer:
    """Return a capture from the deposit to the penalties."""
    named = of if isinstance(of, UUID) else of.id
    return transfer(DEPOSIT, PENALTY, amount_fen, kind="capture", pending_id=named, **content)


def end(kind: str, of: Transfer, **content: object) -> Transfer:
    """Return a void, expire or unfreeze of what stands on an account."""
    return transfer(of.debit, "", 0, kind=kind, pending_id=of.id, **content)


def freeze(account: str = DEPOSIT, **content: object) -> Transfer:
    """Return a freeze of an account."""
    return transfer(account, "", 0, kind="freeze", **content)


def up_to(debit: str, credit: str, amount_fen: int, **content: object) -> Transfer:
    """Return a transfer of as much as is there."""
    return transfer(debit, credit, amount_fen, kind="up_to", **content)


def reverse(of: Transfer, **content: object) -> Transfer:
    """Return the transfer that moves a posted amount back."""
    return transfer(of.credit, of.debit, of.amount_fen, kind="reverse", pending_id=of.id, **content)
