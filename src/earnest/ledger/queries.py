"""Reads of the books: balances, statements, the seal head, and the proof that all is in order."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import BadInput, NotFound
from earnest.ledger.checks import verify
from earnest.ledger.records import AccountBalance, Balance, SealHead, StatementLine

__all__ = [
    "balance_of",
    "balances_listed",
    "balances_of",
    "kind_changes",
    "seal_head",
    "statement",
    "transfers_known",
    "verify",
]

STATEMENT_MAX = 10_000

_BALANCES = """
    SELECT a.code, b.posted_fen, b.held_fen, b.seq
    FROM ledger_account a
    JOIN ledger_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
    WHERE a.tenant_id = %s AND a.code = ANY (%s)
"""

_BALANCES_LISTED = """
    SELECT a.code, a.kind, a.subject_kind, a.subject_id, b.posted_fen, b.held_fen,
        b.posted_fen - b.held_fen, b.seq
    FROM ledger_account a
    JOIN ledger_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
    WHERE a.tenant_id = %s AND (%s::text IS NULL OR a.kind = %s)
    ORDER BY a.code
"""

_STATEMENT = """
    SELECT e.seq, e.recorded_at, e.effective_at, e.amount_fen, e.balance_after_fen, r.clause,
        r.note, e.transfer_id, c.code, r.decision_id
    FROM ledger_account a
    JOIN ledger_entry e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
    JOIN ledger_transfer t ON t.tenant_id = a.tenant_id AND t.id = e.transfer_id
    JOIN ledger_reason r ON r.tenant_id = a.tenant_id AND r.id = t.reason_id
    JOIN ledger_account c ON c.tenant_id = a.tenant_id
        AND c.id = t.debit_account_id + t.credit_account_id - a.id
    WHERE a.tenant_id = %s AND a.code = %s AND (%s::bigint IS NULL OR e.seq < %s)
    ORDER BY e.seq DESC LIMIT %s
"""

_KNOWN = """
    SELECT id FROM ledger_transfer WHERE tenant_id = %s AND id = ANY(%s)
    UNION ALL SELECT id FROM ledger_refusal WHERE tenant_id = %s AND id = ANY(%s)
"""

_KIND_CHANGES = """
    SELECT CAST(e.effective_at AT TIME ZONE %s AS date), SUM(e.amount_fen)
    FROM ledger_entry e JOIN ledger_account a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
    WHERE e.tenant_id = %s AND a.kind = %s
    GROUP BY 1 ORDER BY 1
"""

_SEAL_HEAD = """
    SELECT number, batch_id, encode(hash, 'hex'), sealed_at FROM ledger_seal
    WHERE tenant_id = %s ORDER BY number DESC LIMIT 1
"""


def balance_of(tenant_id: str, code: str) -> Balance:
    """Return what an account holds.

    Errors: NotFound ``account_unknown``.
    """
    found = balances_of(tenant_id, [code])
    if code not in found:
        raise _account_unknown(code)
    return found[code]


def balances_of(tenant_id: str, codes: Sequence[str]) -> dict[str, Balance]:
    """Return what accounts hold, by code; codes that are not open are left out."""
    rows = _rows(_BALANCES, tenant_id, list(codes))
    return {code: Balance(posted, held, seq) for code, posted, held, seq in rows}


def balances_listed(tenant_id: str, kind: str | None = None) -> list[AccountBalance]:
    """Return every account (of one kind) with what it holds, by code."""
    return [AccountBalance(*row) for row in _rows(_BALANCES_LISTED, tenant_id, kind, kind)]


def statement(
    tenant_id: str, code: str, limit: int, before_seq: int | None = None
) -> list[StatementLine]:
    """Return the newest entries of an account, newest first; older ones with ``before_seq``.

    Errors: NotFound ``account_unknown``; BadInput ``statement_limit``.
    """
    if not 0 < limit <= STATEMENT_MAX:
        raise BadInput(
            "statement_limit",
            where=str(limit),
            zh=f"每次读取 1 至 {STATEMENT_MAX} 行；用 before_seq 读更早的。",
            en=f"Read 1 to {STATEMENT_MAX} lines at a time; older ones with before_seq.",
        )
    rows = _rows(_STATEMENT, tenant_id, code, before_seq, before_seq, limit)
    if not rows and not balances_of(tenant_id, [code]):
        raise _account_unknown(code)
    return [StatementLine(*row) for row in rows]


def seal_head(tenant_id: str) -> SealHead | None:
    """Return the last link of the seal chain, to be kept elsewhere; None before the first."""
    rows = _rows(_SEAL_HEAD, tenant_id)
    return SealHead(*rows[0]) if rows else None


def _rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _account_unknown(code: str) -> NotFound:
    return NotFound(
        "account_unknown",
        where=code,
        zh="没有这个账户；请核对账户编码。",
        en="There is no such account; check its code.",
    )


def transfers_known(tenant_id: str, ids: Sequence[UUID]) -> set[UUID]:
    """Return which ids stand in the ledger already, posted or refused."""
    return {row[0] for row in _rows(_KNOWN, tenant_id, list(ids), tenant_id, list(ids))}


def kind_changes(tenant_id: str, kind: str) -> list[tuple[date, int]]:
    """Return by how much all accounts of a kind together changed on each market day, in fen."""
    rows = _rows(_KIND_CHANGES, MARKET_ZONE.key, tenant_id, kind)
    return [(on, int(change)) for on, change in rows]
