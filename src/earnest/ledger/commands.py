"""What changes the books: open accounts, post transfers, seal batches.

Each is one call of one function in the database. The working role may call the functions and
read the tables, and nothing else.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction

from earnest.kernel.errors import BadInput, Conflict, WorldFailed
from earnest.kernel.money import FEN_MAX
from earnest.ledger.chart import CHART, kind_of
from earnest.ledger.records import NewAccount, Outcome, Reason, Transfer

BATCH_MAX = 10_000
_ATTEMPTS = 5
_TENANT_LENGTH_MAX = 40

_OPEN = """
    SELECT opened, differing FROM ledger_accounts_open_v1(%b::text, %b::timestamptz, %b::text[],
        %b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[])
"""
_POST = """
    SELECT ord, status, code FROM ledger_post_v1(%b::text, %b::timestamptz, %b::uuid[], %b::uuid[],
        %b::text[], %b::text[], %b::text[], %b::bigint[], %b::timestamptz[], %b::integer[],
        %b::text[], %b::text[], %b::uuid[], %b::text[], %b::text[], %b::text[])
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
    if not transfers:
        return []
    if len(transfers) > BATCH_MAX:
        raise BadInput(
            "batch_too_large",
            zh=f"一批最多 {BATCH_MAX} 笔转账，这里有 {len(transfers)} 笔；请分批提交。",
            en=f"A batch holds at most {BATCH_MAX} transfers, this one {len(transfers)}; split it.",
        )
    for transfer in transfers:
        _transfer_check(transfer)
    order = _groups_together(transfers)
    exceptions = _call_again(_POST, tenant_id, now, *_arrays([transfers[i] for i in order]))
    outcomes = [Outcome(transfer.id, "posted") for transfer in transfers]
    for ord_, status, code in exceptions:
        place = order[ord_ - 1]
        outcomes[place] = Outcome(transfers[place].id, status, code)
    return outcomes


def batches_seal(tenant_id: str, now: datetime) -> int:
    """Chain the batches that are finished and not sealed yet; give how many.

    A batch is finished when its transaction has ended and no older one is still running.
    """
    ((sealed,),) = _call(_SEAL, tenant_id, now)
    return int(sealed)


def _call(query: str, tenant_id: str, now: datetime, *arrays: list[Any]) -> list[tuple[Any, ...]]:
    """Run a query with its arrays sent in binary, on Django's connection and transaction."""
    _tenant_check(tenant_id)
    if now.tzinfo is None:
        raise _without_zone("now")
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(query, [tenant_id, now, *arrays]).fetchall()


def _call_again(
    query: str, tenant_id: str, now: datetime, *arrays: list[Any]
) -> list[tuple[Any, ...]]:
    """Run a query; outside a transaction, again when another session was in the way."""
    if connection.in_atomic_block:
        return _call(query, tenant_id, now, *arrays)
    for _ in range(_ATTEMPTS):
        try:
            return _call(query, tenant_id, now, *arrays)
        except DatabaseError as error:
            if not isinstance(error.__cause__, psycopg.errors.TransactionRollback):
                raise
            last = error
    raise WorldFailed(
        "ledger_busy",
        zh="账本正忙，多次尝试都被其他事务打断；请用同样的编号重试。",
        en="The ledger is busy: others were in the way each time. Try again with the same ids.",
    ) from last


def _groups_together(transfers: Sequence[Transfer]) -> list[int]:
    """Return the places of the transfers, each group moved to the place of its first member."""
    first_of_group: dict[object, int] = {}
    keys = [
        (i if t.group_id is None else first_of_group.setdefault(t.group_id, i), i)
        for i, t in enumerate(transfers)
    ]
    return [place for _, place in sorted(keys)]


def _arrays(transfers: Sequence[Transfer]) -> list[list[Any]]:
    """Return the transfers as columns, and each different reason once."""
    places: dict[Reason, int] = {}
    for transfer in transfers:
        places.setdefault(transfer.reason, len(places) + 1)
    reasons = list(places)
    return [
        [t.id for t in transfers],
        [t.group_id for t in transfers],
        [t.kind for t in transfers],
        [t.debit for t in transfers],
        [t.credit for t in transfers],
        [t.amount_fen for t in transfers],
        [t.effective_at for t in transfers],
        [places[t.reason] for t in transfers],
        [r.clause for r in reasons],
        [r.rulebook for r in reasons],
        [r.decision_id for r in reasons],
        ["{" + ",".join(map(str, r.evidence)) + "}" for r in reasons],
        [r.actor for r in reasons],
        [r.note for r in reasons],
    ]


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
    _text_check(account.code, account.code, account.subject_kind, account.subject_id)


def _transfer_check(transfer: Transfer) -> None:
    """Refuse what cannot even be sent; everything else is the database's to decide."""
    where = f"transfer {transfer.id}"
    if not isinstance(transfer.amount_fen, int):  # the database would round it without a word
        raise BadInput(
            "amount_not_whole",
            where=where,
            zh=f"金额 {transfer.amount_fen!r} 不是整数分；请以整数分给出。",
            en=f"The amount {transfer.amount_fen!r} is not a whole number of fen; give an integer.",
        )
    if not -FEN_MAX <= transfer.amount_fen <= FEN_MAX:
        raise BadInput(
            "amount_too_large",
            where=where,
            zh=f"金额 {transfer.amount_fen} 分超出可记录的范围。",
            en=f"The amount of {transfer.amount_fen} fen is too large to record.",
        )
    if transfer.effective_at.tzinfo is None:
        raise _without_zone(f"{where}: effective_at")
    reason = transfer.reason
    _text_check(where, transfer.kind, transfer.debit, transfer.credit, reason.clause)
    _text_check(where, reason.rulebook, reason.note, reason.actor)


def _text_check(where: str, *texts: str) -> None:
    if any("\0" in text for text in texts):
        raise BadInput(
            "zero_byte_in_text",
            where=where.replace("\0", "\\0"),
            zh="文字中含有零字节；请去掉。",
            en="A text contains a zero byte; take it out.",
        )


def _tenant_check(tenant_id: str) -> None:
    if not 0 < len(tenant_id) <= _TENANT_LENGTH_MAX:
        raise BadInput(
            "tenant_unknown",
            where=tenant_id[:60],
            zh="租户编号应为 1 至 40 个字符。",
            en="A tenant id has 1 to 40 characters.",
        )


def _without_zone(where: str) -> BadInput:
    return BadInput(
        "instant_without_zone",
        where=where,
        zh="时间没有时区；请给出带时区的时间。",
        en="The instant has no zone; give one.",
    )
