"""The accounts that deposits move between, by the ledger's chart.

Per subject: ``deposit`` (its guarantee money), ``settlement`` (sales proceeds kept for it) and
``claim`` (what it owes beyond its deposit). Of the platform: ``clearing`` for each rail that cash
comes in by, ``penalty_income``, ``compensation_payable``, ``advance``, and ``suspense`` for cash
whose owner is not known yet.
"""

from collections.abc import Iterable
from datetime import datetime

from earnest.ledger.chart import platform_account, subject_account
from earnest.ledger.commands import accounts_open

RAILS = ("alipay_trade", "alipay_transfer", "wechat", "bank", "platform_settlement")
PENALTY_INCOME = "penalty_income"
SUSPENSE = "suspense"
PLATFORM_KINDS = (PENALTY_INCOME, "compensation_payable", "advance", SUSPENSE)
SUBJECT_KINDS = ("deposit", "settlement", "claim")


def deposit_of(subject: tuple[str, str]) -> str:
    """Return the code of a subject's deposit account."""
    return f"deposit:{subject[0]}:{subject[1]}"


def settlement_of(subject: tuple[str, str]) -> str:
    """Return the code of a subject's account of sales proceeds."""
    return f"settlement:{subject[0]}:{subject[1]}"


def claim_of(subject: tuple[str, str]) -> str:
    """Return the code of the account of what a subject owes the platform."""
    return f"claim:{subject[0]}:{subject[1]}"


def clearing_of(rail: str) -> str:
    """Return the code of the platform's clearing account of one rail."""
    return f"clearing/{rail}"


def platform_accounts_open(tenant_id: str, now: datetime) -> int:
    """Open the platform's own accounts that are not open yet; return how many were new."""
    kinds = [clearing_of(rail) for rail in RAILS] + list(PLATFORM_KINDS)
    return accounts_open(tenant_id, [platform_account(kind) for kind in kinds], now)


def subject_accounts_open(
    tenant_id: str, subjects: Iterable[tuple[str, str]], now: datetime
) -> int:
    """Open deposit, settlement and claim of each subject; return how many were new.

    Law: a deposit and proceeds never go below zero, and a claim never turns into a credit.
    """
    wanted = [subject_account(kind, *subject) for subject in subjects for kind in SUBJECT_KINDS]
    return accounts_open(tenant_id, wanted, now)
