"""Texts about cash: receipts, payouts, payees, the daily reconciliation, the adjustment."""

CASH: dict[str, tuple[str, str]] = {}
