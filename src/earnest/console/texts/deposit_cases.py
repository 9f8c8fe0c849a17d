"""Texts about cases on a deposit: deductions, holds, raises, withdrawals, exits, claims."""

DEPOSIT_CASES: dict[str, tuple[str, str]] = {}
