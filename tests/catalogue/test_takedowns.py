"""Goods that fail: told with a day, seen off the shelf, reported where they are still up."""

from datetime import date, timedelta
from typing import Any

import pytest

from earnest.catalogue.daily import goods_look
from earnest.catalogue.figures import Share, e_waybill_share, takedowns_on_time
from earnest.catalogue.goods import goods_failing
from earnest.catalogue.models import GoodsNotice, NoticeGoods
from earnest.catalogue.queries import (
    NoticeStanding,
    goods_notices_found,
    goods_waiting,
    notice_standings,
)
from earnest.catalogue.takedowns import (
    NewGoodsNotice,
    TakenDown,
    goods_notice_get,
    goods_notice_send,
    goods_taken_down,
)
from earnest.kernel.calendar import Month
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.notices.models import Notice
from earnest.violations.models import Violation
from tests.catalogue.scene import NOW, P2, TODAY, fed, paper, sold

pytestmark = pytest.mark.django_db
DUE = date(2025, 9, 27)


def _told(tenant: str, *items: str, **changes: Any) -> GoodsNotice:
    given = {
        "provider_id": "P1",
        "reason": "quality_refund",
        "goods": {item: {"quality": 3, "signed": 20} for item in items},
        "actor": "service",
        "note": "请先下架再整改",
    }
    return goods_notice_send(tenant, NewGoodsNotice(**{**given, **changes}), NOW)


def _off(tenant: str, item: str, at: str, field: str = "off_shelf", **more: Any) -> None:
    row = {"source_item_id": item, "field": field, "changed_at": at, "provider_id": "P1", **more}
    fed(tenant, "catalogue_change", row, now=NOW + timedelta(days=9))


@pytest.mark.clause("S0-2.2.1b")
def test_the_notice_says_goods_reason_and_day(tenant: str) -> None:
    """The provider reads which goods, why, and the rulebook's day, two days on."""
    row = _told(tenant, "I1", "I2")
    assert (row.number, row.told_on, row.due_on) == ("G000001", TODAY, DUE)
    notice = Notice.objects.get(tenant_id=tenant)
    assert notice.due_on == DUE
    for word in ("I1", "I2", "2025-09-27", "S0-2.2.1b", "S0-2.2.1e", "请先下架再整改"):
        assert word in notice.body_zh
    assert row.receipt["result"]["due_on"] == "2025-09-27"
    assert "goods_takedown" in row.receipt["decision"]


@pytest.mark.clause("S0-2.2.1b")
def test_goods_still_up_after_the_day_are_reported_once(tenant: str) -> None:
    """On the day nothing, the day after one report for each of the goods, then nothing new."""
    _told(tenant, "I1", "I2")
    assert goods_look(tenant, NOW + timedelta(days=2)).overdue == 0
    late = NOW + timedelta(days=3)
    assert [goods_look(tenant, late).overdue for _ in range(2)] == [2, 0]
    assert goods_look(tenant, late + timedelta(days=5)).overdue == 0
    rows = Violation.objects.filter(tenant_id=tenant)
    assert rows.count() == 2
    item = rows[0].items.get()
    assert (item.kind, item.clause, item.happened_on) == ("goods_not_taken_down", "S0-2.2.1b", DUE)
    assert goods_waiting(tenant, TODAY + timedelta(days=3)) == 2
    (told,) = goods_notices_found(tenant, provider_id="P1", state="overdue", on=date(2025, 9, 28))
    assert notice_standings([told], date(2025, 9, 28)) == {told.number: NoticeStanding(2, 0, 2)}
    assert notice_standings([told], date(2025, 9, 28))[told.number].state() == "overdue"


@pytest.mark.clause("S0-2.2.1b")
def test_the_feed_and_the_provider_may_each_tell_that_goods_are_off(tenant: str) -> None:
    """A change after the notice counts, one before or one undone does not; proof is the party's."""
    row = _told(tenant, "I1", "I2", "I3", "I4", "I5")
    _off(tenant, "I1", "2025-09-26T10:00:00+08:00")
    _off(tenant, "I2", "2025-09-24T10:00:00+08:00")
    _off(tenant, "I3", "2025-09-26T10:00:00+08:00")
    _off(tenant, "I3", "2025-09-26T11:00:00+08:00", field="on_shelf")
    _off(tenant, "I5", "2025-09-26T10:00:00+08:00", provider_id="P2")
    look = goods_look(tenant, NOW + timedelta(days=2))
    assert (look.off, look.overdue) == (1, 0)
    proof = paper(tenant, b"screenshot")
    said = TakenDown(["I2", "I4"], "provider", "已下架", (proof,))
    goods_taken_down(tenant, row.number, said, NOW + timedelta(days=2))
    late = goods_look(tenant, NOW + timedelta(days=3))
    assert (late.off, late.overdue) == (0, 2)
    state = {each.item_id: (each.off_on, each.off_by) for each in row.goods.all()}
    assert state == {
        "I1": (date(2025, 9, 26), "feed"),
        "I2": (DUE, "provider"),
        "I3": (None, ""),
        "I4": (DUE, "provider"),
        "I5": (None, ""),
    }
    assert NoticeGoods.objects.get(tenant_id=tenant, item_id="I4").proof == [str(proof)]


@pytest.mark.clause("S0-2.2.1b")
def test_a_listing_taken_off_counts_and_what_came_off_late_is_late(tenant: str) -> None:
    """The platform's own side is enough; off on the third day is reported and counted as late."""
    row = _told(tenant, "L1", "L2", "L3")
    published = {"field": "off_shelf", "channel": "api"}
    later = NOW + timedelta(days=9)
    for item, day in (("L1", "27"), ("L2", "28")):
        fed(
            tenant, "catalogue_publish",
            {"listing_id": item, "published_at": f"2025-09-{day}T09:00:00+08:00", **published},
            now=later,
        )  # fmt: skip
    at = NOW + timedelta(days=4)
    goods_taken_down(tenant, row.number, TakenDown(["L3"], "provider"), at)
    look = goods_look(tenant, at)
    assert (look.off, look.overdue) == (2, 1)
    assert Violation.objects.filter(tenant_id=tenant).count() == 2
    assert takedowns_on_time(tenant, TODAY + timedelta(days=4)) == [Share("P1", "2025-09", 1, 3)]
    standing = notice_standings([row], TODAY + timedelta(days=4))[row.number]
    assert (standing, standing.state()) == (NoticeStanding(3, 3, 2), "done")
    assert list(goods_notices_found(tenant, state="done", on=TODAY)) == [row]
    assert goods_waiting(tenant, TODAY + timedelta(days=4)) == 0


@pytest.mark.clause("S0-2.2.1b")
def test_the_figure_leaves_out_goods_whose_day_has_not_come(tenant: str) -> None:
    """Up and not due yet is neither kept nor broken; another provider's goods are its own."""
    _told(tenant, "I1")
    other = _told(tenant, "X1", provider_id="P2")
    assert takedowns_on_time(tenant, DUE) == []
    goods_taken_down(tenant, other.number, TakenDown(["X1"], "p2"), NOW)
    assert takedowns_on_time(tenant, DUE) == [Share("P2", "2025-09", 1, 1)]
    assert takedowns_on_time(tenant, DUE + timedelta(days=1), "P1") == [
        Share("P1", "2025-09", 0, 1)
    ]


def test_goods_are_told_of_once_while_they_are_up(tenant: str) -> None:
    """A second notice lists only what is new; none at all is refused; once off it may be told."""
    row = _told(tenant, "I1")
    second = _told(tenant, "I1", "I2")
    assert [each.item_id for each in second.goods.all()] == ["I2"]
    with pytest.raises(Conflict, match="goods_told_already"):
        _told(tenant, "I1", "I2")
    assert GoodsNotice.objects.filter(tenant_id=tenant).count() == 2
    goods_taken_down(tenant, row.number, TakenDown(["I1"], "provider"), NOW)
    assert _told(tenant, "I1", reason="screening").clause == "S0-2.1-info2"


def test_a_notice_and_a_confirmation_that_cannot_be_are_refused(tenant: str) -> None:
    """No goods, no such reason, goods of another notice, off before, another's proof."""
    for changes in ({"goods": {}}, {"reason": "mood"}, {"goods": {" ": {}}}):
        with pytest.raises(BadInput, match="goods_notice_wrong"):
            _told(tenant, "I1", **changes)
    row = _told(tenant, "I1")
    with pytest.raises(BadInput, match="goods_not_in_notice"):
        goods_taken_down(tenant, row.number, TakenDown(["I9"], "provider"), NOW)
    with pytest.raises(BadInput, match="goods_not_in_notice"):
        goods_taken_down(tenant, row.number, TakenDown([], "provider"), NOW)
    other = paper(tenant, b"x", P2)
    said = TakenDown(["I1"], "provider", "", (other,))
    with pytest.raises(NotFound, match="unknown_document"):
        goods_taken_down(tenant, row.number, said, NOW)
    goods_taken_down(tenant, row.number, TakenDown(["I1"], "provider"), NOW)
    with pytest.raises(Conflict, match="goods_off_already"):
        goods_taken_down(tenant, row.number, TakenDown(["I1"], "provider"), NOW)
    with pytest.raises(NotFound, match="unknown_goods_notice"):
        goods_notice_get(tenant, "G000009")


@pytest.mark.clause("S0-2.2.1b", "S0-2.2.1c")
def test_goods_with_too_many_quality_refunds_are_shown_to_a_person(tenant: str) -> None:
    """By the first reason, in the window, against the rulebook's rate; few orders are marked so."""
    rows = [{"order": f"B{n}", "item": "BAD"} for n in range(19)]
    rows += [{"order": "B19", "item": "BAD", "refund": "quality"}]
    rows += [{"order": "F1", "item": "FEW", "refund": "quality"}]
    rows += [{"order": "N1", "item": "NOREASON", "refund": "no_reason"}]
    rows += [{"order": "P1", "item": "OLD", "refund": "quality", "day": "2025-08-20"}]
    rows += [{"order": "Q1", "item": "OTHER", "refund": "quality", "provider": "P2"}]
    sold(tenant, rows)
    failing = goods_failing(tenant, TODAY, NOW, ["P1"])
    assert [
        (each.goods.item_id, each.goods.quality, each.goods.signed, each.few) for each in failing
    ] == [("FEW", 1, 1, True), ("BAD", 1, 20, False)]
    assert failing[0].receipt["result"]["status"] == "breached"
    assert len(goods_failing(tenant, TODAY, NOW)) == 3


@pytest.mark.clause("S0-2.1-qual3a")
def test_the_share_of_parcels_with_an_e_waybill(tenant: str) -> None:
    """Parcels of which it is not told are in neither number; each provider has its own."""
    sold(
        tenant,
        [
            {"order": "O1", "item": "I1"},
            {"order": "O2", "item": "I1", "e_waybill": False},
            {"order": "O3", "item": "I1", "e_waybill": None},
            {"order": "O4", "item": "I2", "provider": "P2"},
            {"order": "O5", "item": "I2", "day": "2025-08-31"},
        ],
    )
    assert e_waybill_share(tenant, Month(2025, 9), NOW) == [
        Share("P1", "2025-09", 1, 2), Share("P2", "2025-09", 1, 1),
    ]  # fmt: skip
