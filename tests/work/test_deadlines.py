"""Every deadline that binds somebody is in one list, with its last day and what follows."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from earnest.catalogue.models import GoodsNotice, NoticeGoods
from earnest.console.texts import TEXTS
from earnest.departure.models import Departure
from earnest.departure.winding_down import Merchant, plan_file, plan_review
from earnest.deposits.models import DepositHold, Raise
from earnest.kernel.calendar import day_of
from earnest.market.models import Provider, Shop
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.notices.models import Notice
from earnest.surveys.models import ImprovementPlan
from earnest.tickets.models import Ticket
from earnest.violations.models import EvidenceTurn, Violation
from earnest.work.deadlines import KINDS, REMIND_DAYS, deadlines_of, reminders_send
from earnest.work.models import Reminder
from tests.work.market import BEFORE, NOW, SHOP, TENANT, decided, market_open, shortage

P1 = ("provider", "P1")
TODAY = day_of(NOW)
DAY = timedelta(days=1)


@pytest.fixture
def market(db: None) -> str:
    """Return a market with a shop that is short and a provider."""
    market_open()
    Shop.objects.create(tenant_id=TENANT, shop_id="S1", name="店铺", opened_on=date(2025, 1, 1))
    Provider.objects.create(
        tenant_id=TENANT, provider_id="P1", name="服务商", service_category="supply_tool",
        admitted_on=date(2025, 1, 1),
    )  # fmt: skip
    return TENANT


def ticket(number: str, until: date, subject: tuple[str, str] = P1, **more: object) -> Ticket:
    """Open a ticket whose appeal window ends on a day."""
    given = {"state": "pending", "correct_until": None, "money_fen": 0, **more}
    return Ticket.objects.create(
        id=uuid4(),
        tenant_id=TENANT,
        number=number,
        subject_kind=subject[0],
        subject_id=subject[1],
        decision_id=given.pop("decision_id", None) or uuid4(),
        decision="violation",
        rulebook="kuaishou-supply-market",
        period=number,
        clause="S0-2.2.5-2",
        outcome="warn",
        source="report",
        told_at=BEFORE,
        appeal_until=until,
        chances=1,
        course={},
        **given,
    )


def notice(subject: tuple[str, str], due_on: date | None, **more: object) -> None:
    """Send a notice that names a last day."""
    given = {
        "kind": "requirement", "decision_id": None, "sent_at": BEFORE, "clause": "S3-7.2b", **more,
    }  # fmt: skip
    notices_send(
        TENANT,
        [
            NewNotice(
                *subject,
                about=f"due {due_on} {given['kind']}",
                kind=given["kind"],
                severity="info",
                clause=given["clause"],
                decision_id=given["decision_id"],
                zh=Message("请在期限前办理", "…"),
                en=Message("do it in time", "..."),
                due_on=due_on,
            )
        ],
        given["sent_at"],
    )


def hold_and_raise() -> None:
    """Hold a part of the shop's deposit and raise what it must hold, both to be reviewed."""
    common = {"tenant_id": TENANT, "subject_kind": SHOP[0], "subject_id": SHOP[1]}
    DepositHold.objects.create(
        **common, id=uuid4(), case_number="C000001", reason="loss", owner="finance",
        placed_fen=100, clause="S3-4.2c", decision_id=uuid4(), opened_at=BEFORE,
        review_on=TODAY - DAY,
    )  # fmt: skip
    Raise.objects.create(
        **common, id=uuid4(), ground="dispute", amount_fen=100, reason="x", clause="S3-3.3x",
        decision_id=uuid4(), from_on=TODAY - 5 * DAY, review_on=TODAY + DAY,
    )  # fmt: skip


def violation_asked() -> None:
    """Ask a provider about a violation."""
    violation = Violation.objects.create(
        id=uuid4(), tenant_id=TENANT, number="V000001", subject_kind="provider", subject_id="P1",
        source="report", severity=2, reported_by="x", reported_at=BEFORE, state="asked",
    )  # fmt: skip
    EvidenceTurn.objects.create(
        id=uuid4(), violation=violation, tenant_id=TENANT, round=1, question="why?", asked_by="x",
        asked_at=BEFORE, due_on=TODAY + 2 * DAY,
    )  # fmt: skip


@pytest.mark.clause("S3-5.1", "S3-7.2b")
def test_a_shortage_says_amount_day_and_what_follows(market: str) -> None:
    """600 are required, 600 less payout and deduction are there: what is missing is said."""
    shortage()
    (found,) = deadlines_of(market, SHOP, NOW)
    assert (found.kind, found.due_on, found.bound) == ("shortage", TODAY, "party")
    assert found.what.zh.startswith("补缴保证金")
    assert found.after.zh
    assert found.path == "/shops/S1/"
    assert found.days_left(TODAY) == 0
    assert deadlines_of(market, P1, NOW) == []


def test_all_kinds_in_one_list_overdue_in_front(market: str) -> None:
    """Each room's deadlines are there; a party sees only what binds it."""
    shortage()
    hold_and_raise()
    ticket("T00000001", TODAY + 4 * DAY, correct_until=TODAY + 2 * DAY, money_fen=12_300)
    violation_asked()
    ImprovementPlan.objects.create(
        id=uuid4(), tenant_id=TENANT, provider_id="P1", month="2025-08", told_on=TODAY - DAY,
        file_until_on=TODAY + 6 * DAY,
    )  # fmt: skip
    notice(P1, TODAY + 9 * DAY)
    found = deadlines_of(market, None, NOW)
    assert [(each.kind, each.days_left(TODAY)) for each in found] == [
        ("hold_review", -1),
        ("shortage", 0),
        ("raise_review", 1),
        ("correction", 2),
        ("evidence", 2),
        ("appeal", 4),
        ("plan", 6),
        ("notice", 9),
    ]
    assert {each.kind for each in found} <= set(KINDS)
    appeal = next(each for each in found if each.kind == "appeal")
    assert "123.00" in appeal.after.en
    own = deadlines_of(market, P1, NOW)
    assert [each.kind for each in own] == ["correction", "evidence", "appeal", "plan", "notice"]
    assert [each.kind for each in deadlines_of(market, SHOP, NOW)] == ["shortage"]
    assert len({each.key for each in found}) == len(found)


def test_a_notice_counts_where_nothing_else_tells(market: str) -> None:
    """What a shortage or a ticket tells itself is not told twice; what is over is not told."""
    decision = decided()
    ticket("T00000001", TODAY + DAY, SHOP, decision_id=decision)
    notice(SHOP, TODAY + DAY, decision_id=decision)
    notice(SHOP, TODAY + DAY, kind="shortage")
    notice(SHOP, TODAY - DAY)
    notice(SHOP, None)
    assert [each.kind for each in deadlines_of(market, SHOP, NOW)] == ["appeal"]


@pytest.mark.clause("S0-2.2.1b", "S0-3.2a")
def test_goods_and_departures_are_due_until_they_are_done(market: str) -> None:
    """Goods until the last one is off, overdue ones too; a notice of the same day is not twice."""
    goods = GoodsNotice.objects.create(
        id=uuid4(), tenant_id=TENANT, number="G000001", provider_id="P1", reason="screening",
        clause="S0-2.2.1b", told_on=TODAY - 5 * DAY, told_at=BEFORE, due_on=TODAY - DAY,
        receipt={}, sent_by="x",
    )  # fmt: skip
    for item in ("a", "b"):
        NoticeGoods.objects.create(id=uuid4(), tenant_id=TENANT, notice=goods, item_id=item)
    Departure.objects.create(
        id=uuid4(), tenant_id=TENANT, number="D000001", provider_id="P1", way="removal",
        begun_by="x", begun_at=BEFORE, begun_on=TODAY - DAY, state="winding_down",
        plan_due_on=TODAY + 4 * DAY,
    )  # fmt: skip
    notice(P1, TODAY + 4 * DAY)
    found = deadlines_of(market, P1, NOW)
    assert [(each.kind, each.days_left(TODAY)) for each in found] == [
        ("takedown", -1), ("departure", 4), ("notice", 4),
    ]  # fmt: skip
    notice(P1, TODAY + 4 * DAY, kind="sanction", clause="S0-3.2a")
    assert len(deadlines_of(market, P1, NOW)) == len(found)
    NoticeGoods.objects.filter(item_id="a").update(off_on=TODAY, off_by="feed")
    assert len(deadlines_of(market, P1, NOW)) == len(found)
    NoticeGoods.objects.filter(item_id="b").update(off_on=TODAY, off_by="feed")
    Departure.objects.update(plan="x", plan_state="filed")
    assert [each.kind for each in deadlines_of(market, P1, NOW)] == ["notice", "notice"]


@pytest.mark.clause("S0-3.2a", "S0-3.3")
def test_a_plan_that_is_late_or_filed_waits_for_the_operator_too(market: str) -> None:
    """Late, somebody has to see to it; filed, to judge it within a week; accepted, nobody has.

    What is served to a day binds the provider, and nobody is reminded to serve on.
    """
    row = Departure.objects.create(
        id=uuid4(), tenant_id=TENANT, number="D000001", provider_id="P1", way="removal",
        begun_by="x", begun_at=BEFORE, begun_on=TODAY - 8 * DAY, state="winding_down",
        plan_due_on=TODAY,
    )  # fmt: skip
    assert [each.bound for each in deadlines_of(market, None, NOW)] == ["party"]

    def due(at: datetime = NOW) -> set[tuple[str, str, str, int]]:
        return {
            (each.key.partition(":")[0], each.kind, each.bound, each.days_left(day_of(at)))
            for each in deadlines_of(market, None, at)
        }

    assert due(NOW + DAY) == {
        ("departure plan", "departure", "party", -1),
        ("departure late plan", "departure", "operator", -1),
    }
    plan_file(market, row.number, "x", [Merchant("S1", TODAY, "moves")], actor="p1", now=NOW)
    serving = ("departure serve", "serving", "party", 30)
    assert due() == {("departure plan review", "departure", "operator", 7), serving}
    plan_review(market, row.number, accepted=True, actor="service", note="", now=NOW)
    assert due() == {serving}
    assert [each.kind for each in deadlines_of(market, P1, NOW)] == ["serving"]
    assert due(NOW + 30 * DAY) == {("departure serve", "serving", "party", 0)}
    assert reminders_send(market, NOW + 28 * DAY) == 0
    assert due(NOW + 31 * DAY) == set()


def test_what_is_done_is_not_due(market: str) -> None:
    """A shortage that was topped up, a ticket in force, an answered question: nothing is due."""
    shortage(closed_at=NOW)
    ticket("T00000001", TODAY + DAY, state="in_force")
    ticket("T00000002", TODAY + DAY, state="reversed", correct_until=TODAY + DAY)
    violation_asked()
    EvidenceTurn.objects.update(answered_at=NOW)
    assert deadlines_of(market, None, NOW) == []


@pytest.mark.clause("S3-7.2b")
def test_a_party_is_reminded_once(market: str) -> None:
    """Three days before, and not again; another last day is another deadline."""
    ticket("T00000001", TODAY + REMIND_DAYS * DAY)
    ticket("T00000002", TODAY + (REMIND_DAYS + 1) * DAY)
    assert [reminders_send(market, NOW + hours) for hours in (timedelta(0), DAY / 4)] == [1, 0]
    told = Notice.objects.get(tenant_id=TENANT)
    assert (told.subject_kind, told.subject_id, told.severity) == (*P1, "warning")
    said = "Reminder: 3 days are left to appeal against ticket T00000001, if you disagree"
    assert told.title_en == said
    assert str(TODAY + REMIND_DAYS * DAY) in told.body_zh
    assert "/tickets/T00000001/" in told.body_en
    assert told.due_on is None
    assert reminders_send(market, NOW + DAY) == 1
    assert reminders_send(market, NOW + 2 * DAY) == 0
    assert Reminder.objects.count() == Notice.objects.count() == 2


def test_nobody_is_reminded_on_the_day_of_the_telling(market: str) -> None:
    """What was told today is not reminded of today; nor are operators' own reviews."""
    hold_and_raise()
    notice(P1, TODAY + DAY, sent_at=NOW)
    assert reminders_send(market, NOW) == 0
    assert reminders_send(market, NOW + DAY) == 1


def test_an_empty_market_has_no_deadline(db: None) -> None:
    """Nothing is due where nothing is; every kind of deadline has a name for people."""
    assert deadlines_of("nowhere", None, datetime(2025, 9, 1, tzinfo=UTC)) == []
    assert all(f"deadline.{each}" in TEXTS for each in KINDS)
