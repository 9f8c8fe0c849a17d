"""The quick list: what must always hold, cheap enough to be looked at every few minutes.

The full proof of the books is ``earnest verify``; this list also ties the books to decisions,
payouts, restrictions and shortages. What a daily look puts right (shortages are opened and closed,
restrictions released) can only be broken by what is older than the last look.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from earnest.consequences.returning import returns_unset
from earnest.deposits.models import Shortage
from earnest.deposits.queries import short_subjects
from earnest.kernel.calendar import day_of, day_start
from earnest.ledger.records import Check
from earnest.postgres.named import named_queries
from earnest.restrictions.models import Restriction
from earnest.restrictions.release import open_conditions
from earnest.tickets.queries import subjects_to_be_charged
from earnest.work.queries import done_last_at

LOOK_JOB = "day"
IDS_MAX = 100
_IDS_TOLD = 20
_DAY = timedelta(days=1)
_QUERIES = Path(__file__).with_name("invariants.sql")

NAMES = {
    "money_conserved": ("全部余额之和为零", "all balances together are 0"),
    "floors_kept": ("没有余额越过限额", "no balance is beyond its limits"),
    "holds_covered": ("扣留金额不超过余额", "what is held is there"),
    "transfers_reasoned": ("每笔转账都有条款依据", "every transfer has a reason with a clause"),
    "deductions_decided": ("每笔扣除都有已生效的决定", "every deduction has a decision in effect"),
    "payouts_settled_once": ("每笔出款只有一个结果", "every payout part has one outcome"),
    "restrictions_decided": (
        "每项限制都有已生效的决定",
        "every restriction has a decision in effect",
    ),
    "restrictions_caused": ("解除条件已满足的限制均已解除", "no restriction outlives its cause"),
    "shortages_recorded": (
        "缺口记录与应缴额减可用余额一致",
        "a shortage is open exactly where required is more than free",
    ),
}
"""What each invariant says, in Chinese and English, in the order in which they are looked at."""


def invariants_check(tenant_id: str, now: datetime) -> list[Check]:
    """Look at every invariant; those that do not hold give the ids of what breaks them."""
    looked_at = last_look(tenant_id, now)
    return [_check(name, _finder(name)(tenant_id, looked_at)) for name in NAMES]


def last_look(tenant_id: str, now: datetime) -> datetime:
    """Return the last daily look that counts: the worker's, or the start of yesterday if later.

    A look that is overdue since yesterday does not excuse anything.
    """
    oldest = day_start(day_of(now) - _DAY)
    done = done_last_at(tenant_id, LOOK_JOB)
    return max(done, oldest) if done is not None and done <= now else oldest


def _finder(name: str) -> Callable[[str, datetime], list[str]]:
    if name == "restrictions_caused":
        return _restrictions_without_cause
    return lambda tenant_id, looked_at: _found(name, tenant_id, looked_at)


def _found(name: str, tenant_id: str, looked_at: datetime) -> list[str]:
    values: dict[str, Any] = {
        "tenant": tenant_id,
        "looked_at": looked_at,
        "looked_on": day_of(looked_at),
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT q.id FROM ({named_queries(_QUERIES)[name]}) q ORDER BY 1", values)  # noqa: S608 - from our file
        return [id_ for (id_,) in cursor.fetchall()]


def _restrictions_without_cause(tenant_id: str, looked_at: datetime) -> list[str]:
    """Return the restrictions all of whose conditions held at the last look and still do.

    One without conditions never ends; what was met after the look is the next look's to release.
    """
    rows = Restriction.objects.filter(
        tenant_id=tenant_id, released_at=None, starts_at__lte=looked_at
    ).exclude(release=[])
    waiting = [row for row in rows.order_by("id") if (row.applied_at or looked_at) <= looked_at]
    if not waiting:
        return []
    topped_up_since = Shortage.objects.filter(tenant_id=tenant_id, closed_at__gt=looked_at)
    short = short_subjects(tenant_id) | subjects_to_be_charged(tenant_id)
    short |= returns_unset(tenant_id)
    short |= set(topped_up_since.values_list("subject_kind", "subject_id"))
    return [
        f"restriction {row.id}" for row in waiting if not open_conditions(row, short, looked_at)
    ]


def _check(name: str, ids: list[str]) -> Check:
    zh, en = NAMES[name]
    if not ids:
        return Check(name, ok=True, detail=en, detail_zh=zh)
    named = ", ".join(ids[:_IDS_TOLD]) + (", …" if len(ids) > _IDS_TOLD else "")
    return Check(
        name,
        ok=False,
        detail=f"not so: {en}; {len(ids)} found: {named}",
        detail_zh=f"不成立：{zh}；发现 {len(ids)} 处：{named}",
        ids=tuple(ids),
    )
