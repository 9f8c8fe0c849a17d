"""The monthly adjustment from events to the top-up: days, preview, run, notices, repeats."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from click.testing import CliRunner
from django.db import transaction
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker

from earnest.assessment.adjustment import (
    adjusted_shortages_open,
    adjustment_run,
    preview,
    shortfalls_announced,
)
from earnest.assessment.adjustment_lines import result_lines
from earnest.assessment.adjustment_reading import final_at, schedule_of
from earnest.assessment.commands import day_run
from earnest.cli.adjustment import adjustment
from earnest.cli.demo import people_add
from earnest.consequences.commands import decide, decision_settle
from earnest.decisions.commands import NewDecision
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import (
    clearing_of,
    deposit_of,
    platform_accounts_open,
    subject_accounts_open,
)
from earnest.deposits.models import Requirement, Shortage
from earnest.deposits.queries import deposit_totals, position, requirement_history
from earnest.deposits.raises import NewRaise, raise_end, raise_set
from earnest.feed.commands import batches_take
from earnest.kernel.calendar import MARKET_ZONE, Month, day_of, day_start
from earnest.kernel.errors import BadInput
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import verify
from earnest.ledger.records import Reason, Transfer
from earnest.market.commands import clock_set
from earnest.market.models import Shop, ShopCategory
from earnest.notices.models import Notice
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of, packs_shipped

pytestmark = pytest.mark.django_db
JULY, AUGUST = Month(2025, 7), Month(2025, 8)
OPENED = date(2025, 2, 1)
RUN = day_start(date(2025, 9, 8))
APPLY = day_start(date(2025, 9, 15))
TENANT = "adjusted"
SOURCE = "urn:earnest:src:test:adjustment"


def _shop(number: int, *categories: str, deposit_fen: int = 1_000_000) -> tuple[str, str]:
    subject = ("shop", f"S{number}")
    Shop.objects.create(tenant_id=TENANT, shop_id=subject[1], name=subject[1], opened_on=OPENED)
    for category in categories or ("apparel",):
        ShopCategory.objects.create(
            tenant_id=TENANT, shop_id=subject[1], category_id=category, opened_on=OPENED
        )
    subject_accounts_open(TENANT, [subject], day_start(OPENED))
    _pay_in(subject, deposit_fen, day_start(OPENED))
    return subject


def _pay_in(subject: tuple[str, str], amount_fen: int, at: datetime) -> None:
    reason = Reason("S3-2.1a", SHOP_DEPOSIT, None, "test")
    outcomes = transfers_post(
        TENANT,
        [
            Transfer(
                id=uuid4(), debit=clearing_of("bank"), credit=deposit_of(subject),
                amount_fen=amount_fen, effective_at=at, reason=reason,
            )
        ],
        at,
    )  # fmt: skip
    assert [each.status for each in outcomes] == ["posted"]


def _sold(
    shop: str, amount_fen: int, on: date, *, orders: int = 2, told_at: datetime = RUN
) -> None:
    """Let the feed tell of paid orders that come to an amount."""
    events: dict[str, list[dict[str, object]]] = {"order_event": [], "order_line": []}
    for number in range(orders):
        at = (datetime(on.year, on.month, on.day, 9, tzinfo=MARKET_ZONE)).isoformat()
        order = f"{shop}-{on}-{number}"
        fen = amount_fen // orders + (amount_fen % orders if number == 0 else 0)
        events["order_event"].append(
            {
                "order_id": order, "state": "paid", "source_version": "1", "occurred_at": at,
                "paid_at": at, "shop_id": shop, "amount_paid_fen": fen,
            }
        )  # fmt: skip
        events["order_line"].append(
            {
                "order_id": order, "line_no": "1", "version": "1", "occurred_at": at,
                "provider_id": "P1", "category_id": "apparel", "qty": 1, "line_paid_fen": fen,
            }
        )  # fmt: skip
    taken = batches_take(TENANT, events, source=SOURCE, now=told_at, origin="test")
    assert not [each for intake in taken.values() for each in intake.rejected]


def _counts() -> tuple[int, ...]:
    return tuple(
        model.objects.filter(tenant_id=TENANT).count()
        for model in (Decision, Requirement, Notice, Shortage)
    )


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open a market whose staff lets first and higher requirements take effect by themselves.

    Its shop is the rule's own: it must hold 10,000 and does, then it sells for 550,000.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        people_add(TENANT)
        platform_accounts_open(TENANT, day_start(OPENED))
        _shop(1)
        adjustment_run(TENANT, JULY, now=day_start(date(2025, 8, 8)))
        _sold("S1", 55_000_000, date(2025, 8, 12))
        yield
        transaction.set_rollback(True)


@pytest.fixture
def example(seeded: None, db: None) -> Iterator[tuple[str, str]]:
    """Return the shop of the example; whatever a test does with it, the books must hold."""
    yield ("shop", "S1")
    assert [each.name for each in verify(TENANT) if not each.ok] == []


@pytest.mark.clause("S3-3.1a", "S3-3.1b", "S3-3.1c")
def test_the_worked_example_from_orders_to_the_top_up(example: tuple[str, str]) -> None:
    """550,000 sold in August: 10,000 becomes 30,000, and 20,000 is paid in."""
    adjusted = adjustment_run(TENANT, AUGUST, now=RUN)
    assert (adjusted.decided, adjusted.people) == ({"raise": 1}, 0)
    (line,) = result_lines(TENANT, AUGUST)
    assert (line.before_fen, line.after_fen, line.pay_in_fen) == (1_000_000, 3_000_000, 2_000_000)
    assert (line.sales_fen, line.why["tier"]) == (55_000_000, 3_000_000)
    assert position(TENANT, example, date(2025, 9, 14)).required_fen == 1_000_000
    assert position(TENANT, example, date(2025, 9, 15)).shortage_fen == 2_000_000
    assert shortfalls_announced(TENANT, day_of(RUN)) == {example: 2_000_000}
    _pay_in(example, 2_000_000, RUN + timedelta(days=3))
    assert day_run(TENANT, APPLY).shortages_opened == 0
    assert position(TENANT, example, day_of(APPLY)).shortage_fen == 0


@pytest.mark.clause("S3-3.1a", "S3-3.1c")
def test_each_shop_is_told_before_and_after_and_by_when(example: tuple[str, str]) -> None:
    """The notice names both amounts, the computation, the apply day, what to pay and by when."""
    adjustment_run(TENANT, AUGUST, now=RUN)
    (line,) = result_lines(TENANT, AUGUST)
    assert line.notice_id is not None
    notice = Notice.objects.get(id=line.notice_id)
    assert notice.due_on == date(2025, 9, 22)
    for body in (notice.body_zh, notice.body_en):
        for said in ("10,000.00", "30,000.00", "20,000.00", "550,000.00", "2025-09-15"):
            assert said in body
        assert "2025-09-22" in body
        assert "S3-3.1c" in body


@pytest.mark.clause("S3-3.1a", "S3-5.1")
def test_who_has_not_paid_is_short_from_the_apply_day_on(example: tuple[str, str]) -> None:
    """No shortage opens before the day; on it one does, once, due when the notice said."""
    adjustment_run(TENANT, AUGUST, now=RUN)
    assert day_run(TENANT, APPLY - timedelta(seconds=1)).shortages_opened == 0
    assert adjusted_shortages_open(TENANT, APPLY) == 1
    assert day_run(TENANT, APPLY).shortages_opened == 0
    shortage = Shortage.objects.get(tenant_id=TENANT)
    assert shortage.due_on == date(2025, 9, 22)
    assert Notice.objects.filter(tenant_id=TENANT, kind="shortage").count() == 1


@pytest.mark.clause("S3-3.1a")
def test_a_preview_records_nothing_and_comes_true(example: tuple[str, str]) -> None:
    """What the preview says of each shop is what the run then does."""
    _shop(2, "pets")
    _shop(3, "food", deposit_fen=5_000_000)
    before = _counts()
    seen = preview(TENANT, AUGUST, RUN)
    assert _counts() == before
    assert seen.outcomes() == {"raise": 1, "set": 1, "refused": 1, "kept": 0}
    assert (seen.final, seen.applies_on, seen.people) == (True, date(2025, 9, 15), 0)
    assert seen.steps == {(1_000_000, 3_000_000): 1, (None, 2_000_000): 1}
    assert (seen.before_fen, seen.after_fen) == (1_000_000, 5_000_000)
    assert (seen.pay_in_fen, seen.excess_fen) == (2_000_000, 3_000_000)
    adjusted = adjustment_run(TENANT, AUGUST, now=RUN)
    assert [each.code for each in adjusted.refused] == ["no_row"]
    done = {line.shop_id: line for line in result_lines(TENANT, AUGUST)}
    for line in seen.lines:
        assert (line.after_fen, line.outcome) == (
            done[line.shop_id].after_fen,
            done[line.shop_id].outcome,
        )
    assert preview(TENANT, AUGUST, RUN).adjusted == 3


@pytest.mark.clause("S3-3.1a")
def test_before_its_day_a_month_can_be_seen_but_not_run(example: tuple[str, str]) -> None:
    """A second before the run day the run is refused; the preview says that it is not final."""
    early = RUN - timedelta(seconds=1)
    with pytest.raises(BadInput, match="adjustment_too_early"):
        adjustment_run(TENANT, AUGUST, now=early)
    seen = preview(TENANT, AUGUST, early)
    assert (seen.final, [line.after_fen for line in seen.lines]) == (False, [3_000_000])
    assert seen.applies_on == date(2025, 9, 15)


@pytest.mark.clause("S3-3.1a")
def test_a_repeat_changes_nothing_and_late_sales_are_told(example: tuple[str, str]) -> None:
    """Orders that arrive after the run are a difference of the figure, and no decision."""
    quiet = _shop(2)
    adjustment_run(TENANT, AUGUST, now=RUN)
    before = _counts()
    _sold("S2", 60_000_000, date(2025, 8, 20), told_at=RUN + timedelta(days=1))
    again = adjustment_run(TENANT, AUGUST, now=RUN + timedelta(days=2))
    assert (again.shops, again.decided, _counts()) == (0, {}, before)
    (late,) = again.late
    assert (late.subject, late.recorded["numerator"], late.found["numerator"]) == (
        quiet[1], 0, 60_000_000,
    )  # fmt: skip
    assert position(TENANT, quiet, day_of(APPLY)).required_fen == 1_000_000


@pytest.mark.clause("S3-3.1a", "S3-6.1x")
def test_a_lower_requirement_waits_for_a_person_and_then_for_its_day(
    example: tuple[str, str],
) -> None:
    """Approved before the apply day it counts from there; what lies above is told."""
    adjustment_run(TENANT, AUGUST, now=RUN)
    _pay_in(example, 2_000_000, RUN)
    october = day_start(date(2025, 10, 8))
    adjusted = adjustment_run(TENANT, Month(2025, 9), now=october)
    assert (adjusted.decided, adjusted.people) == ({"lower": 1}, 1)
    (line,) = result_lines(TENANT, Month(2025, 9))
    assert (line.state, line.before_fen, line.after_fen) == ("waiting", 3_000_000, 1_000_000)
    assert line.decision_id is not None
    decision_settle(
        TENANT, line.decision_id, verdict="approve", actor="risk", reason="ok", now=october
    )
    assert position(TENANT, example, date(2025, 10, 14)).required_fen == 3_000_000
    assert position(TENANT, example, date(2025, 10, 15)).required_fen == 1_000_000
    notice = Notice.objects.get(decision_id=line.decision_id)
    assert "20,000.00" in notice.body_en
    assert "S3-6.1" in notice.body_en
    assert notice.due_on is None


def _raised(subject: tuple[str, str], amount_fen: int, at: datetime) -> NewRaise:
    return NewRaise(
        subject, "violation", amount_fen, "fakes", "S3-3.3a", uuid4(), day_of(at) + timedelta(30)
    )


@pytest.mark.clause("S3-3.1a", "S3-3.3x")
def test_a_raise_between_run_and_apply_day_is_not_lost(example: tuple[str, str]) -> None:
    """5,000 more from the tenth: 15,000 until the fifteenth and 35,000 from then, 30,000 after."""
    adjustment_run(TENANT, AUGUST, now=RUN)
    at = RUN + timedelta(days=2)
    row, _ = raise_set(TENANT, _raised(example, 500_000, at), at)

    def required(day: int) -> int:
        return position(TENANT, example, date(2025, 9, day)).required_fen

    assert [required(day) for day in (9, 10, 14, 15)] == [
        1_000_000, 1_500_000, 1_500_000, 3_500_000,
    ]  # fmt: skip
    for day in (9, 10, 15):
        assert deposit_totals(TENANT, date(2025, 9, day)).required_fen == required(day)
    over = RUN + timedelta(days=4)
    raise_end(TENANT, row.id, uuid4(), over, actor="risk", reason="over")
    assert [required(day) for day in (11, 12, 15)] == [1_500_000, 1_000_000, 3_000_000]
    assert deposit_totals(TENANT, date(2025, 9, 15)).required_fen == 3_000_000


@pytest.mark.clause("S3-3.1a", "S3-3.3x")
def test_a_raise_in_force_is_part_of_the_adjustment(example: tuple[str, str]) -> None:
    """A raise made before the run is counted in, and the next run takes nothing of it away."""
    at = RUN - timedelta(days=2)
    raise_set(TENANT, _raised(example, 500_000, at), at)
    adjustment_run(TENANT, AUGUST, now=RUN)
    (line,) = result_lines(TENANT, AUGUST)
    assert (line.raises_fen, line.before_fen, line.after_fen) == (500_000, 1_500_000, 3_500_000)


@pytest.mark.clause("S3-3.3x", "S3-2.2c")
def test_what_came_while_a_decision_waited_counts(example: tuple[str, str]) -> None:
    """A lower requirement that is approved after a raise and a new category has both in it."""
    adjustment_run(TENANT, AUGUST, now=RUN)
    october = day_start(date(2025, 10, 8))
    adjustment_run(TENANT, Month(2025, 9), now=october)
    at = october + timedelta(days=10)
    raise_set(TENANT, _raised(example, 500_000, at), at)
    ShopCategory.objects.create(
        tenant_id=TENANT, shop_id=example[1], category_id="food", opened_on=day_of(at)
    )
    (line,) = result_lines(TENANT, Month(2025, 9))
    assert line.decision_id is not None
    assert line.after_fen == 1_000_000
    decision_settle(TENANT, line.decision_id, verdict="approve", actor="risk", reason="ok", now=at)
    assert position(TENANT, example, day_of(at)).required_fen == 2_500_000
    notice = Notice.objects.get(decision_id=line.decision_id)
    for body in (notice.body_zh, notice.body_en):
        assert "25,000.00" in body
        assert "15,000.00" in body


@pytest.mark.clause("S3-2.2c", "S3-3.1a")
def test_a_category_opened_between_run_and_apply_day_is_not_lost(example: tuple[str, str]) -> None:
    """Food asks for 20,000 at once; with August's sales 30,000 stay what is asked from the 15th."""
    adjustment_run(TENANT, AUGUST, now=RUN)
    at = RUN + timedelta(days=2)
    facts = {
        "adjusted_on": day_of(at), "sales_fen": 0, "categories": ["apparel", "food"],
        "raises_fen": 0, "balance_fen": 1_000_000,
    }  # fmt: skip
    evaluation = pack_of(SHOP_DEPOSIT).evaluate("required_deposit", facts)
    wanted = NewDecision(*example, "2025-09-10", "S3-3.1a", "raise", 0, 1, evaluation)
    decide(TENANT, [wanted], at)
    held = [position(TENANT, example, date(2025, 9, day)).required_fen for day in (9, 10, 14, 15)]
    assert held == [1_000_000, 2_000_000, 2_000_000, 3_000_000]
    assert deposit_totals(TENANT, date(2025, 9, 15)).required_fen == 3_000_000
    assert requirement_history(TENANT, example)[-1].from_on == date(2025, 9, 15)


def test_a_run_that_was_broken_off_goes_on(
    example: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One shop a portion, stopped after the second: the next run does the rest and only that."""
    for number in (2, 3, 4):
        _shop(number)
        _sold(f"S{number}", 55_000_000, date(2025, 8, 3 + number))
    monkeypatch.setattr("earnest.assessment.adjustment_reading.ADJUSTED_AT_ONCE", 1)
    told: list[int] = []

    def stop(shops: int) -> None:
        told.append(shops)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adjustment_run(TENANT, AUGUST, now=RUN, progress=stop)
    assert Decision.objects.filter(tenant_id=TENANT, period="2025-08").count() == 2
    rest = adjustment_run(TENANT, AUGUST, now=RUN)
    assert (rest.shops, sum(rest.decided.values())) == (2, 2)
    assert decisions_replay(TENANT).differences == []


def test_the_days_come_from_the_rulebook() -> None:
    """Computed on the 8th it holds on the 15th; early it waits, late it gives seven days too."""
    pack = packs_shipped()[SHOP_DEPOSIT]
    for on, applies_on in (
        (date(2025, 9, 2), date(2025, 9, 15)),
        (date(2025, 9, 8), date(2025, 9, 15)),
        (date(2025, 9, 12), date(2025, 9, 15)),
        (date(2025, 9, 15), date(2025, 9, 15)),
        (date(2025, 9, 16), date(2025, 9, 23)),
        (date(2025, 10, 20), date(2025, 10, 27)),
    ):
        schedule = schedule_of(pack, AUGUST, on)
        assert (schedule.run_on, schedule.applies_on) == (date(2025, 9, 8), applies_on)


def test_a_month_is_final_when_it_is_settled_and_its_run_day_has_come() -> None:
    """August is settled after seven days, which is the run day."""
    assert final_at(AUGUST) == RUN


def _told(*arguments: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(adjustment, [*arguments, "--format", "csv"])
    assert done.exit_code == 0, done.output
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_the_command_previews_runs_and_shows(example: tuple[str, str], settings: Settings) -> None:
    """The preview's line is the shown one; a second run has nothing to do."""
    settings.TENANT = TENANT
    clock_set(TENANT, RUN)
    (seen,) = _told("preview", "--month", "2025-08", "--subject", "shop:S1")
    (ran,) = _told("run", "--month", "2025-08")
    assert (ran["raise"], ran["people"], ran["applies_on"]) == ("1", "0", "2025-09-15")
    assert _told("run", "--month", "2025-08")[0]["shops"] == "0"
    (shown,) = _told("show", "--month", "2025-08", "--outcome", "raise")
    for name in ("shop", "before_fen", "after_fen", "tier_fen", "pay_in_fen", "applies_on"):
        assert seen[name] == shown[name]
    assert (shown["before_fen"], shown["after_fen"]) == ("1000000", "3000000")
    refused = CliRunner().invoke(
        adjustment, ["show", "--month", "2025-08", "--subject", "provider:P1"]
    )
    assert refused.exit_code == 2
