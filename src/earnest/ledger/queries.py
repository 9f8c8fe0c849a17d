"""Reads of the books: balances, statements, the seal head, and the proof that all is in order."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from earnest.kernel.calendar import MARKET_ZONE, Month
from earnest.kernel.errors import BadInput, NotFound
from earnest.ledger.checks import verify
from earnest.ledger.records import (
    AccountBalance,
    Balance,
    Closing,
    Freeze,
    Hold,
    Movement,
    Reason,
    SealHead,
    StatementLine,
)

__all__ = [
    "balance_at",
    "balance_of",
    "balances_listed",
    "balances_of",
    "freezes_open",
    "holds_due",
    "holds_open",
    "kind_changes",
    "months_closed",
    "seal_head",
    "statement",
    "transfers_known",
    "verify",
]

STATEMENT_MAX = 10_000

_BALANCES = """
    SELECT a.code, b.posted_fen, b.held_fen, b.seq, b.frozen
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

# No arithmetic in the join: row-level security lets only operators that cannot leak use an index.
_STATEMENT = """
    SELECT e.seq, e.recorded_at, e.effective_at, e.amount_fen, e.balance_after_fen, r.clause,
        r.note, e.transfer_id, coalesce(c.code, ''), r.decision_id, t.kind, e.held_delta_fen,
        e.held_after_fen
    FROM ledger_account a
    JOIN ledger_entry e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
    JOIN ledger_transfer t ON t.tenant_id = a.tenant_id AND t.id = e.transfer_id
    JOIN ledger_reason r ON r.tenant_id = a.tenant_id AND r.id = t.reason_id
    LEFT JOIN ledger_account c ON c.tenant_id = a.tenant_id
        AND c.id = CASE a.id WHEN t.debit_account_id THEN t.credit_account_id
            ELSE t.debit_account_id END
    WHERE a.tenant_id = %s AND a.code = %s AND (%s::bigint IS NULL OR e.seq < %s)
    ORDER BY e.seq DESC LIMIT %s
"""

# Null parameters leave their condition out.
_BALANCE_AT = """
    SELECT coalesce(sum(e.amount_fen), 0)::bigint, coalesce(sum(e.held_delta_fen), 0)::bigint,
        count(*)
    FROM ledger_account a
    JOIN ledger_entry e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
    WHERE a.tenant_id = %(tenant)s AND a.code = %(code)s
        AND (%(effective)s::timestamptz IS NULL OR e.effective_at <= %(effective)s)
        AND (%(known)s::timestamptz IS NULL OR e.recorded_at <= %(known)s)
"""

# Few holds are open among very many transfers: OFFSET 0 keeps the planner from joining all
# transfers of a tenant first, which it does on tables that have no statistics yet.
_HOLDS = """
    SELECT h.id, a.code, c.code, h.amount_fen, h.remaining_fen, h.expires_at, t.effective_at,
        r.clause, r.rulebook, r.decision_id, r.note, r.evidence, r.actor
    FROM (SELECT * FROM ledger_hold WHERE tenant_id = %s AND closed_at IS NULL OFFSET 0) h
    CROSS JOIN LATERAL (SELECT * FROM ledger_transfer t
        WHERE t.tenant_id = h.tenant_id AND t.id = h.id OFFSET 0) t
    CROSS JOIN LATERAL (SELECT * FROM ledger_reason r
        WHERE r.tenant_id = h.tenant_id AND r.id = t.reason_id OFFSET 0) r
    CROSS JOIN LATERAL (SELECT a.code FROM ledger_account a
        WHERE a.tenant_id = h.tenant_id AND a.id = h.account_id OFFSET 0) a
    CROSS JOIN LATERAL (SELECT c.code FROM ledger_account c
        WHERE c.tenant_id = h.tenant_id AND c.id = h.credit_account_id OFFSET 0) c
    WHERE true
"""

_HOLDS_OPEN = _HOLDS + " AND (%s::text IS NULL OR a.code = %s) ORDER BY t.batch_id, t.ord"

_HOLDS_DUE = _HOLDS + " AND h.expires_at <= %s ORDER BY h.expires_at, h.id LIMIT %s"

_FREEZES_OPEN = """
    SELECT t.id, a.code, t.effective_at, r.clause, r.rulebook, r.decision_id, r.note, r.evidence,
        r.actor
    FROM ledger_transfer t
    JOIN ledger_reason r ON r.tenant_id = t.tenant_id AND r.id = t.reason_id
    JOIN ledger_account a ON a.tenant_id = t.tenant_id AND a.id = t.debit_account_id
    WHERE t.tenant_id = %s AND t.kind = 'freeze' AND (%s::text IS NULL OR a.code = %s)
        AND NOT EXISTS (SELECT FROM ledger_transfer u WHERE u.tenant_id = t.tenant_id
                        AND u.pending_id = t.id AND u.kind = 'unfreeze')
    ORDER BY t.batch_id, t.ord
"""

_MONTHS_CLOSED = """
    SELECT month, ends_at, closed_by, closed_at FROM ledger_closing
    WHERE tenant_id = %s ORDER BY month DESC
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

_MOVEMENTS = """
    SELECT t.id, t.kind, d.code, c.code, t.amount_fen
    FROM ledger_transfer t
    JOIN ledger_account d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
    JOIN ledger_account c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
    WHERE t.tenant_id = %s AND t.id = ANY(%s) AND t.amount_fen > 0
    ORDER BY t.batch_id, t.ord
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
    return {code: Balance(*held) for code, *held in rows}


def balance_at(
    tenant_id: str, code: str, effective: datetime | None, known: datetime | None
) -> Balance:
    """Return what an account held at an instant, as it was known at another.

    Takes:
        effective: only what counts from then or before; None for all.
        known: only what was recorded then or before, by the database's clock; None for all.

    ``seq`` counts the entries that count; ``frozen`` is not told of the past and stays 0.

    Errors: NotFound ``account_unknown``; BadInput ``instant_without_zone``.
    """
    for name, instant in (("effective", effective), ("known", known)):
        if instant is not None and instant.tzinfo is None:
            raise BadInput(
                "instant_without_zone",
                where=name,
                zh="时间没有时区；请给出带时区的时间。",
                en="The instant has no zone; give one.",
            )
    wanted = {"tenant": tenant_id, "code": code, "effective": effective, "known": known}
    with connection.cursor() as cursor:
        cursor.execute(_BALANCE_AT, wanted)
        found = Balance(*cursor.fetchone())
    if not found.seq and not balances_of(tenant_id, [code]):
        raise _account_unknown(code)
    return found


def holds_open(tenant_id: str, code: str | None = None) -> list[Hold]:
    """Return the holds of which something remains (on one account), the oldest first."""
    return [_hold(row) for row in _rows(_HOLDS_OPEN, tenant_id, code, code)]


def holds_due(tenant_id: str, now: datetime, limit: int) -> list[Hold]:
    """Return open holds that have expired by now, the longest expired first."""
    return [_hold(row) for row in _rows(_HOLDS_DUE, tenant_id, now, limit)]


def freezes_open(tenant_id: str, code: str | None = None) -> list[Freeze]:
    """Return the freezes that are not lifted (on one account), the oldest first."""
    rows = _rows(_FREEZES_OPEN, tenant_id, code, code)
    return [Freeze(id_, account, at, _reason(rest)) for id_, account, at, *rest in rows]


def months_closed(tenant_id: str) -> list[Closing]:
    """Return the closed months, the last first."""
    rows = _rows(_MONTHS_CLOSED, tenant_id)
    return [Closing(Month.of(month), *rest) for month, *rest in rows]


def _hold(row: tuple[Any, ...]) -> Hold:
    id_, account, credit, amount_fen, remaining_fen, expires_at, at, *rest = row
    return Hold(id_, account, credit, amount_fen, remaining_fen, expires_at, at, _reason(rest))


def _reason(row: Sequence[Any]) -> Reason:
    clause, rulebook, decision_id, note, evidence, actor = row
    return Reason(clause, rulebook, decision_id, note, tuple(evidence), actor)


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


def movements(tenant_id: str, ids: Sequence[UUID]) -> list[Movement]:
    """Return what transfers moved between two accounts, in the order they were posted."""
    return [Movement(*row) for row in _rows(_MOVEMENTS, tenant_id, list(ids))]
