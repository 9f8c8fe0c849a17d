"""What changes the books: open accounts, post transfers, end holds, close months, seal batches.

Each is one call of one function in the database. The working role may call the functions and
read the tables, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction

from earnest.kernel.calendar import Month, day_start
from earnest.kernel.errors import BadInput, Conflict, WorldFailed
from earnest.kernel.ids import uuid7_for
from earnest.ledger.chart import CHART, kind_of
from earnest.ledger.columns import (
    columns_of,
    groups_together,
    text_check,
    transfer_check,
    without_zone,
)
from earnest.ledger.queries import holds_due
from earnest.ledger.records import Closing, NewAccount, Outcome, Transfer

BATCH_MAX = 10_000
_EXPIRED_AT_ONCE = 1_000
_ATTEMPTS = 5
_TENANT_LENGTH_MAX = 40

_OPEN = """
    SELECT opened, differing FROM ledger_accounts_open_v1(%b::text, %b::timestamptz, %b::text[],
        %b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[])
"""
_POST = """
    SELECT ord, status, code, moved_fen FROM ledger_post_v2(%b::text, %b::timestamptz, %b::uuid[],
        %b::uuid[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::timestamptz[],
        %b::integer[], %b::text[], %b::text[], %b::uuid[], %b::text[], %b::text[], %b::text[],
        %b::uuid[], %b::boolean[], %b::timestamptz[])
"""
_CLOSE = """
    SELECT month, ends_at, closed_by, closed_at, later
    FROM ledger_month_close_v2(%b::text, %b::timestamptz, %b::date, %b::timestamptz, %b::text)
"""
_SEAL = "SELECT ledger_seal_v1(%b::text, %b::timestamptz)"


def accounts_open(tenant_id: str, accounts: Sequence[NewAccount], now: datetime) -> int:
    """Open the accounts that are not open yet; give how many are new.

    Errors: BadInput ``account_code_missing``, ``account_kind_unknown``, ``account_limits_wrong``;
    Conflict ``account_differs`` when a code is open with another kind, subject or limit. Then
    none is opened.
    """
    if not accounts:
        return 0
    for account in accounts:
        _account_check(account)
    with transaction.atomic():
        columns = zip(*(_account_columns(account) for account in accounts), strict=True)
        ((opened, differing),) = _call(_OPEN, tenant_id, now, *map(list, columns))
        if differing:
            raise Conflict(
                "account_differs",
                where=", ".join(differing[:5]),
                zh="账户已存在，但类型、主体或限额不同；请换一个账户编码。",
                en="The account is open with another kind, subject or limit; use another code.",
            )
    return int(opened)


def transfers_post(tenant_id: str, transfers: Sequence[Transfer], now: datetime) -> list[Outcome]:
    """Post a batch of transfers; give an outcome for each, in the order given.

    What is refused or was posted before does not stop the others, except within its group. Groups
    are moved together, to the place of their first member. A repeat after a lost reply is safe:
    it gives ``exists``. Inside a transaction of yours post last, for it locks balances until you
    commit.

    Errors: BadInput ``batch_too_large``, ``amount_not_whole``, ``amount_too_large``,
    ``instant_without_zone``, ``zero_byte_in_text``; WorldFailed ``ledger_busy`` after some tries
    (outside a transaction).
    """
    transfers_check(transfers)
    return transfers_post_checked(tenant_id, transfers, now) if transfers else []


def transfers_check(transfers: Sequence[Transfer]) -> None:
    """Refuse what cannot even be sent; everything else is the database's to decide.

    Errors: the BadInput of :func:`transfers_post`.
    """
    if len(transfers) > BATCH_MAX:
        raise BadInput(
            "batch_too_large",
            zh=f"一批最多 {BATCH_MAX} 笔转账，这里有 {len(transfers)} 笔；请分批提交。",
            en=f"A batch holds at most {BATCH_MAX} transfers, this one {len(transfers)}; split it.",
        )
    for transfer in transfers:
        transfer_check(transfer)


def transfers_post_checked(
    tenant_id: str, transfers: Sequence[Transfer], now: datetime
) -> list[Outcome]:
    """Post transfers that :func:`transfers_check` has seen already, as ``transfers_post`` does."""
    order = groups_together(transfers)
    answers = _call_again(_POST, tenant_id, now, *columns_of([transfers[i] for i in order]))
    outcomes = [Outcome(each.id, "posted", "", each.amount_fen) for each in transfers]
    for ord_, status, code, moved_fen in answers:
        place = order[ord_ - 1]
        outcomes[place] = Outcome(transfers[place].id, status, code, moved_fen)
    return outcomes


def holds_expire(tenant_id: str, now: datetime) -> list[Outcome]:
    """Release what remains of every hold that has expired, each by a transfer ``expire``.

    The transfer gives the hold's own reason, with a note. A hold that another session ends at the
    same time is left to it. Errors: those of :func:`transfers_post`.
    """
    outcomes: list[Outcome] = []
    while due := holds_due(tenant_id, now, _EXPIRED_AT_ONCE):
        ended = [
            Transfer(
                id=uuid7_for(now, tenant_id, "expire", str(hold.id)),
                kind="expire",
                pending_id=hold.id,
                debit=hold.account,
                effective_at=now,
                reason=replace(hold.reason, note="hold expired", actor=""),
            )
            for hold in due
        ]
        answers = transfers_post(tenant_id, ended, now)
        outcomes += answers
        if not any(answer.status == "posted" for answer in answers):
            break  # others were faster, or the books say no: the answers tell
    return outcomes


def month_close(tenant_id: str, month: Month, by: str, now: datetime) -> Closing:
    """Close a month, and all before it: nothing posted from now on counts from before its end.

    A correction then counts from the day it is made. Closing a closed month again gives what
    stands.

    Errors: BadInput ``month_not_over``, ``closer_missing``; Conflict ``later_month_closed``.
    """
    ends_at = day_start(month.plus(1).first_day)
    if now.tzinfo is not None and ends_at > now:
        raise BadInput(
            "month_not_over",
            where=str(month),
            zh="这个月还没有结束，不能结账。",
            en="The month is not over; close it when it is.",
        )
    text_check(str(month), by)
    if not by.strip():
        raise BadInput("closer_missing", zh="请写明由谁结账。", en="Say who closes the month.")
    ((first, ends_at, closed_by, closed_at, later),) = _call(
        _CLOSE, tenant_id, now, month.first_day, ends_at, by
    )
    if later is not None:
        raise Conflict(
            "later_month_closed",
            where=str(month),
            zh=f"{Month.of(later)} 已经结账，更早的月份随之结账，不再单独结账。",
            en=f"{Month.of(later)} is closed, and every month before it with it.",
        )
    return Closing(Month.of(first), ends_at, closed_by, closed_at)


def batches_seal(tenant_id: str, now: datetime) -> int:
    """Chain the batches that are finished and not sealed yet; give how many.

    A batch is finished when its transaction has ended and no older one is still running.
    """
    ((sealed,),) = _call(_SEAL, tenant_id, now)
    return int(sealed)


def _call(query: str, tenant_id: str, now: datetime, *values: Any) -> list[tuple[Any, ...]]:
    """Run a query with its values sent in binary, on Django's connection and transaction."""
    _tenant_check(tenant_id)
    if now.tzinfo is None:
        raise without_zone("now")
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(query, [tenant_id, now, *values]).fetchall()


def _call_again(query: str, tenant_id: str, now: datetime, *values: Any) -> list[tuple[Any, ...]]:
    """Run a query; outside a transaction, again when another session was in the way."""
    if connection.in_atomic_block:
        return _call(query, tenant_id, now, *values)
    for _ in range(_ATTEMPTS):
        try:
            return _call(query, tenant_id, now, *values)
        except DatabaseError as error:
            if not isinstance(error.__cause__, psycopg.errors.TransactionRollback):
                raise
            last = error
    raise WorldFailed(
        "ledger_busy",
        zh="账本正忙，多次尝试都被其他事务打断；请用同样的编号重试。",
        en="The ledger is busy: others were in the way each time. Try again with the same ids.",
    ) from last


def _account_columns(account: NewAccount) -> tuple[Any, ...]:
    return (
        account.code,
        account.kind,
        account.subject_kind,
        account.subject_id,
        account.floor_fen,
        account.ceiling_fen,
    )


def _account_check(account: NewAccount) -> None:
    """Refuse a kind that the chart does not have, and limits that are looser than the kind's."""
    if not account.code.strip():
        raise BadInput(
            "account_code_missing",
            zh="账户没有编码；请给出编码。",
            en="The account has no code; give one.",
        )
    kind = kind_of(account.kind)
    if kind is None:
        raise BadInput(
            "account_kind_unknown",
            where=account.code,
            zh=f"没有账户类型 {account.kind!r}；可用的类型：{'、'.join(CHART)}。",
            en=f"There is no account kind {account.kind!r}; there are: {', '.join(CHART)}.",
        )
    floor, ceiling = account.floor_fen, account.ceiling_fen
    too_loose = (kind.floor_fen is not None and (floor is None or floor < kind.floor_fen)) or (
        kind.ceiling_fen is not None and (ceiling is None or ceiling > kind.ceiling_fen)
    )
    if too_loose or (floor or 0) > 0 or (ceiling or 0) < 0:
        raise BadInput(
            "account_limits_wrong",
            where=account.code,
            zh=f"类型 {account.kind} 的限额至少为：下限 {kind.floor_fen}，"
            f"上限 {kind.ceiling_fen}（单位为分，None 为不限）；限额之内必须包含零。",
            en=f"Kind {account.kind} needs at least floor {kind.floor_fen}, ceiling "
            f"{kind.ceiling_fen} (fen, None is no limit), and an account opens at 0.",
        )
    text_check(account.code, account.code, account.subject_kind, account.subject_id)


def _tenant_check(tenant_id: str) -> None:
    if not 0 < len(tenant_id) <= _TENANT_LENGTH_MAX:
        raise BadInput(
            "tenant_unknown",
            where=tenant_id[:60],
            zh="租户编号应为 1 至 40 个字符。",
            en="A tenant id has 1 to 40 characters.",
        )
