"""The proof of the books: everything is computed anew from the rows and compared."""

from pathlib import Path

from django.db import connection

from earnest.ledger.records import Check
from earnest.postgres.named import named_queries

_IDS_MAX = 20
_QUERIES = Path(__file__).with_name("checks.sql")

_FOUND = """
    SELECT count(*), (array_agg(q.id ORDER BY length(q.id), q.id))[1:{limit}] FROM ({query}) q
"""

_COUNTS = """
    SELECT (SELECT count(*) FROM ledger_account WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM ledger_transfer WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM ledger_entry WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM ledger_refusal WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM ledger_batch WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM ledger_seal WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM ledger_hold WHERE tenant_id = %(tenant)s)
"""

_HEAD = """
    SELECT count(*) FROM ledger_seal
    WHERE tenant_id = %s AND number = %s AND hash = decode(%s, 'hex')
"""

# Check -> place of its population in _COUNTS, and what that is called.
_POPULATIONS = {
    "debits_equal_credits": (1, "transfers", "笔转账"),
    "holds_equal_entries": (1, "transfers", "笔转账"),
    "holds_followed": (6, "holds", "笔扣留"),
    "held_equals_holds": (0, "accounts", "个账户"),
    "freezes_kept": (0, "accounts", "个账户"),
    "reversals_mirrored": (1, "transfers", "笔转账"),
    "rests_taken_on": (1, "transfers", "笔转账"),
    "periods_closed": (1, "transfers", "笔转账"),
    "money_conserved": (0, "accounts", "个账户"),
    "balances_equal_entries": (0, "accounts", "个账户"),
    "entries_unbroken": (2, "entries", "条分录"),
    "floors_kept": (0, "accounts", "个账户"),
    "reasons_named": (1, "transfers", "笔转账"),
    "refusals_kept": (3, "refusals", "笔被拒绝的转账"),
    "digests_match": (4, "batches", "个批次"),
    "chain_intact": (5, "seals", "个封印"),
}


def verify(tenant_id: str, head: tuple[int, str] | None = None) -> list[Check]:
    """Prove a tenant's books; give one check for each law, in the order of ``checks.sql``.

    Takes a head of the seal chain (number, hash in hex) that was kept elsewhere, if there is one:
    then the chain must still contain it, so that not even its end was cut off. A changed row is
    named by its batch.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"tenant": tenant_id})
        counts = cursor.fetchone()
        checks = []
        for name, query in named_queries(_QUERIES).items():
            cursor.execute(_FOUND.format(limit=_IDS_MAX, query=query), {"tenant": tenant_id})
            found, ids = cursor.fetchone()
            place, noun, noun_zh = _POPULATIONS[name]
            checks.append(_check(name, found, ids or [], (counts[place], noun, noun_zh)))
        if head is not None:
            cursor.execute(_HEAD, [tenant_id, *head])
            kept = cursor.fetchone()[0] == 1
            ids = [] if kept else [f"seal {head[0]}"]
            checks.append(_check("head_kept", len(ids), ids, (1, "known head", "个已知链头")))
    return checks


def _check(name: str, found: int, ids: list[str], population: tuple[int, str, str]) -> Check:
    """Word the result of one query."""
    size, noun, noun_zh = population
    if found == 0:
        return Check(
            name, ok=True, detail=f"{size} {noun} checked", detail_zh=f"已核对 {size} {noun_zh}"
        )
    more = ", …" if found > len(ids) else ""
    named = ", ".join(ids) + more
    return Check(
        name,
        ok=False,
        detail=f"{found} found among {size} {noun}: {named}",
        detail_zh=f"在 {size} {noun_zh}中发现 {found} 处不符：{named}",
        ids=tuple(ids),
    )
