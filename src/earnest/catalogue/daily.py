"""The daily look at goods: findings of the feed, samples that stand, goods that are still up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from earnest.catalogue.findings import findings_follow
from earnest.catalogue.models import FOUND, NoticeGoods, Sample
from earnest.catalogue.results import finding_stands
from earnest.catalogue.shelf import goods_off, off_since
from earnest.catalogue.takedowns import overdue_report
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Problem

PROBLEMS_MAX: Final = 50


@dataclass(frozen=True)
class GoodsLook:
    """What a look at the goods did.

    Attributes:
        findings: findings of the feed that are new.
        stands: samples whose time for a re-test is over.
        off: goods that the feed saw off the shelf.
        overdue: goods that are still up past their day, reported now.
        problems: findings of the feed that nobody can place, at most the first fifty.
    """

    findings: int
    stands: int
    off: int
    overdue: int
    problems: tuple[Problem, ...] = ()

    def counts(self) -> dict[str, int]:
        """Return the numbers by name, for a row of a table."""
        return {
            "findings": self.findings,
            "stands": self.stands,
            "off": self.off,
            "overdue": self.overdue,
            "problems": len(self.problems),
        }


@transaction.atomic
def goods_look(tenant_id: str, now: datetime) -> GoodsLook:
    """Look at goods, samples and notices; doing it again at once does nothing new.

    Clauses: S0-2.1-info2, S0-2.1-qual2, S0-2.2.1b.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"goods_look:{tenant_id}"]
        )
    findings, problems = findings_follow(tenant_id, now)
    stands = samples_stand(tenant_id, now)
    off, overdue = _notices_look(tenant_id, now)
    return GoodsLook(findings, stands, off, overdue, tuple(problems[:PROBLEMS_MAX]))


def samples_stand(tenant_id: str, now: datetime) -> int:
    """Let findings stand whose last day for a re-test has passed; return how many."""
    ripe = Sample.objects.select_for_update(of=("self",)).filter(
        tenant_id=tenant_id, state=FOUND, retest_until__lt=day_of(now)
    )
    rows = list(ripe.select_related("round").order_by("round__number", "place"))
    for sample in rows:
        finding_stands(sample, FOUND, "system", now)
    return len(rows)


def _notices_look(tenant_id: str, now: datetime) -> tuple[int, int]:
    up = NoticeGoods.objects.select_for_update(of=("self",)).filter(
        tenant_id=tenant_id, off_on=None
    )
    rows = list(up.select_related("notice").order_by("notice__number", "item_id"))
    if not rows:
        return 0, 0
    off = goods_off(tenant_id, min(each.notice.told_at for each in rows), now)
    seen = overdue = 0
    for row in rows:
        notice = row.notice
        day = off_since(off, notice.provider_id, row.item_id, notice.told_at)
        if day is not None:
            row.off_on, row.off_by = day, "feed"
            row.save(update_fields=["off_on", "off_by"])
            seen += 1
        overdue += overdue_report(row, now)
    return seen, overdue
