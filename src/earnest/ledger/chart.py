"""The chart of accounts: which kinds there are, and what may be in them.

A balance is shown as the holder's money: credit raises it, debit lowers it. What the marketplace
owes to a shop (deposit, settlement) is positive and never below 0; what a shop owes to the
marketplace (claim) is negative and never above 0.
"""

from dataclasses import dataclass

from earnest.ledger.records import NewAccount


@dataclass(frozen=True)
class Kind:
    """A kind of account, with its limits (None is no limit) and its name in both languages."""

    floor_fen: int | None
    ceiling_fen: int | None
    zh: str
    en: str


CHART = {
    "deposit": Kind(0, None, "保证金", "deposit"),
    "settlement": Kind(0, None, "货款", "sales proceeds held for the subject"),
    "claim": Kind(None, 0, "追偿款", "recourse claim on the subject"),
    "clearing": Kind(None, None, "资金渠道", "cash at the institution"),
    "penalty_income": Kind(None, None, "违约金", "penalty income"),
    "compensation_payable": Kind(None, None, "应付赔偿款", "compensation payable"),
    "advance": Kind(None, None, "平台垫付款", "paid for subjects in advance"),
    "suspense": Kind(None, None, "待查款", "money not yet attributed"),
}


def kind_of(name: str) -> Kind | None:
    """Return the kind of a name; ``clearing/alipay`` is of the kind ``clearing``."""
    return CHART.get(name.partition("/")[0] if name.startswith("clearing/") else name)


def subject_account(kind: str, subject_kind: str, subject_id: str) -> NewAccount:
    """Return an account of one subject, with the limits of its kind.

    >>> subject_account("deposit", "shop", "S0001").code
    'deposit:shop:S0001'
    """
    limits = CHART[kind]
    code = f"{kind}:{subject_kind}:{subject_id}"
    return NewAccount(code, kind, subject_kind, subject_id, limits.floor_fen, limits.ceiling_fen)


def platform_account(kind: str) -> NewAccount:
    """Return an account of the platform itself; its code is its kind.

    >>> platform_account("clearing/alipay").code
    'clearing/alipay'
    """
    return NewAccount(kind, kind, "platform", "")
