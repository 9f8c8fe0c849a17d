"""The staircase and the bands: each step once, each with its cause, each giving back its own."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from earnest.assessment.commands import day_run
from earnest.consequences.shortages import next_step
from earnest.decisions.commands import IN_EFFECT, standing_order_give
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import settlement_of
from earnest.deposits.models import Shortage
from earnest.kernel.calendar import day_of
from earnest.notices.models import Notice
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of
from tests.cases.scene import NOW, OPENED, S1, paid_in, settle, shop_open, stands, taken, tenant_new

pytestmark = pytest.mark.django_db
BANDS = ["close_listing", "close_cart", "suspend_service"]
STEPS = ["limit_sales", "limit_withdrawal"]
STAIRCASE = ["none", "notice", "transfer_from_proceeds", *STEPS, "end_service"]


@pytest.fixture(autouse=True)
def feed_home(settings: Settings, tmp_path: Path) -> Path:
    """Keep the files of each test apart."""
    settings.EARNEST_HOME = tmp_path
    return tmp_path


@pytest.fixture
def tenant() -> str:
    """Give a market with a shop that holds 4,000 of 10,000 yuan; its shortage opens on day 0."""
    made = tenant_new()
    shop_open(made, deposit_fen=400_000, required_fen=1_000_000)
    day_run(made, NOW)
    return made


def _day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def _ordered(tenant: str, decision: str, *outcomes: str) -> None:
    standing_order_give(
        tenant, rulebook=SHOP_DEPOSIT, decision=decision, outcomes=outcomes, note="at once",
        ordered_by="a", approved_by="b", from_on=OPENED,
    )  # fmt: skip


def _outcomes(tenant: str, decision: str) -> list[tuple[int, str]]:
    """Return the natural day and the outcome of each decision so far."""
    rows = Decision.objects.filter(tenant_id=tenant, decision=decision).order_by("seq")
    return [((each.made_at - NOW).days, each.outcome) for each in rows]


def _restricted(tenant: str) -> set[str]:
    return capabilities_restricted(tenant, *S1)


def _approve_all(tenant: str, now: datetime) -> None:
    for decision in Decision.objects.filter(tenant_id=tenant, state="waiting").order_by("seq"):
        settle(tenant, decision.id, now, persons=decision.approvals_needed)


@pytest.mark.clause("S3-5.1", "S3-5.1c", "S3-5.1d", "S3-5.1e", "S3-5.2b")
def test_the_staircase_goes_by_natural_days_from_the_day_after_the_notice(tenant: str) -> None:
    """Nothing for seven days, then each step on its day, each proposed once."""
    for number in (1, 7, 8, 9, 15, 22, 30, 31, 32):
        day_run(tenant, _day(number))
    assert _outcomes(tenant, "shortage_measures") == [
        (8, "limit_sales"), (22, "limit_withdrawal"), (31, "end_service"),
    ]  # fmt: skip
    assert _outcomes(tenant, "shortage_band") == [(8, "close_cart")]
    assert Notice.objects.filter(tenant_id=tenant, kind="shortage").count() == 1
    ending = Decision.objects.get(tenant_id=tenant, outcome="end_service")
    assert (ending.approvals_needed, ending.clause) == (2, "S3-5.2b")


@pytest.mark.clause("S3-5.1e", "S3-5.1")
def test_proceeds_fill_the_deposit_up_and_everything_is_restored(tenant: str) -> None:
    """On the eighth day 6,000 of the proceeds are taken; the shop is whole and unrestricted."""
    _ordered(tenant, "shortage_measures", "transfer_from_proceeds")
    _ordered(tenant, "shortage_band", *BANDS)
    paid_in(tenant, S1, 700_000, account=settlement_of(S1))
    day_run(tenant, _day(7))
    assert stands(tenant).free_fen == 400_000
    day_run(tenant, _day(8))
    at = stands(tenant)
    assert (at.free_fen, at.proceeds_fen, at.shortage_fen) == (1_000_000, 100_000, 0)
    day_run(tenant, _day(9))
    assert _restricted(tenant) == set()
    assert Shortage.objects.get(tenant_id=tenant).closed_at is not None


@pytest.mark.clause("S3-5.1e", "S3-5.2b")
def test_later_proceeds_fill_up_on_every_step_and_after_the_end(tenant: str) -> None:
    """What comes in on a later step is taken as well, and after the service has ended too."""
    _ordered(tenant, "shortage_measures", *STEPS, "transfer_from_proceeds", "end_service")
    _ordered(tenant, "shortage_transfer", "transfer_from_proceeds")
    day_run(tenant, _day(16))
    paid_in(tenant, S1, 100_000, account=settlement_of(S1))
    day_run(tenant, _day(17))
    assert stands(tenant).free_fen == 500_000
    day_run(tenant, _day(31))
    assert _restricted(tenant) >= {"running_use", "sales"}
    for number in (40, 41):
        paid_in(tenant, S1, 100_000, account=settlement_of(S1))
        day_run(tenant, _day(number))
    assert stands(tenant).free_fen == 700_000
    assert _outcomes(tenant, "shortage_transfer") == [
        (17, "transfer_from_proceeds"), (40, "transfer_from_proceeds"),
        (41, "transfer_from_proceeds"),
    ]  # fmt: skip
    paid_in(tenant, S1, 300_000)
    day_run(tenant, _day(42))
    assert Shortage.objects.get(tenant_id=tenant).closed_at is not None
    assert "running_use" in _restricted(tenant)


def test_a_transfer_that_waits_or_was_refused_is_not_proposed_again(tenant: str) -> None:
    """People are asked once; what they refused is not asked every day."""
    paid_in(tenant, S1, 100_000, account=settlement_of(S1))
    for number in (8, 9, 16):
        day_run(tenant, _day(number))
    (asked,) = Decision.objects.filter(tenant_id=tenant, outcome="transfer_from_proceeds")
    settle(tenant, asked.id, _day(16), verdict="refuse", persons=1)
    day_run(tenant, _day(17))
    assert _outcomes(tenant, "shortage_transfer") == []


@pytest.mark.parametrize(
    ("held", "measure", "lost"),
    [
        pytest.param(999_999, "close_listing", {"publishing"}, marks=pytest.mark.clause("S3-5.1b")),
        pytest.param(
            400_000, "close_cart", {"new_order", "sales"}, marks=pytest.mark.clause("S3-5.1a")
        ),
        pytest.param(
            199_999,
            "suspend_service",
            {"visibility", "new_order", "renewal", "publishing", "sales", "withdrawal"},
            marks=pytest.mark.clause("S3-5.2a"),
        ),
    ],
)
def test_a_band_takes_what_the_table_says_after_the_grace(
    held: int, measure: str, lost: set[str]
) -> None:
    """By the part that is held, on the eighth day and not before, with a person's approval."""
    tenant = tenant_new()
    shop_open(tenant, deposit_fen=held, required_fen=1_000_000)
    for number in (0, 7):
        day_run(tenant, _day(number))
    assert _outcomes(tenant, "shortage_band") == []
    day_run(tenant, _day(8))
    assert _outcomes(tenant, "shortage_band") == [(8, measure)]
    assert _restricted(tenant) == set()
    band = Decision.objects.get(tenant_id=tenant, decision="shortage_band")
    settle(tenant, band.id, _day(8), persons=1)
    assert _restricted(tenant) == lost
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S3-5.1a", "S3-5.1b", "S3-5.1c", "S3-5.2a")
def test_a_part_payment_moves_the_band_and_nothing_else(tenant: str) -> None:
    """From 40 to 60 percent: the cart opens again, sales stay limited for the other cause."""
    _ordered(tenant, "shortage_measures", *STEPS)
    _ordered(tenant, "shortage_band", *BANDS)
    day_run(tenant, _day(8))
    assert _restricted(tenant) == {"new_order", "sales"}
    assert Restriction.objects.filter(tenant_id=tenant, capability="sales").count() == 2
    paid_in(tenant, S1, 200_000)
    day_run(tenant, _day(9))
    assert _restricted(tenant) == {"sales", "publishing"}
    (left,) = Restriction.objects.filter(tenant_id=tenant, capability="sales", released_at=None)
    assert left.measure == "limit_sales"
    gone = Restriction.objects.filter(tenant_id=tenant, measure="close_cart")
    assert {row.released_because for row in gone} == {"band_eased"}
    assert Notice.objects.filter(tenant_id=tenant, kind="release").count() == 1
    paid_in(tenant, S1, 400_000)
    day_run(tenant, _day(10))
    assert _restricted(tenant) == set()


@pytest.mark.clause("S3-5.1a", "S3-5.2a")
def test_a_band_that_gets_worse_takes_the_place_of_the_one_before(tenant: str) -> None:
    """From 40 to 10 percent: suspension replaces the closed cart in one step, once approved."""
    _ordered(tenant, "shortage_band", "close_cart")
    day_run(tenant, _day(8))
    taken(tenant, S1, 300_000)
    day_run(tenant, _day(9))
    assert _restricted(tenant) == {"new_order", "sales"}
    worse = Decision.objects.get(tenant_id=tenant, outcome="suspend_service")
    settle(tenant, worse.id, _day(9), persons=1)
    active = Restriction.objects.filter(tenant_id=tenant, released_at=None)
    assert {row.measure for row in active} == {"suspend_service"}
    paid_in(tenant, S1, 300_000)
    day_run(tenant, _day(10))
    assert _restricted(tenant) == {"new_order", "sales"}
    assert _outcomes(tenant, "shortage_band") == [
        (8, "close_cart"), (9, "suspend_service"), (10, "close_cart"),
    ]  # fmt: skip


@pytest.mark.clause("S3-5.1", "S3-5.2b")
def test_an_approval_that_comes_after_the_top_up_does_nothing(tenant: str) -> None:
    """Everything was paid before the last word, even for the end of the service: all stays free."""
    for number in (8, 22, 31):
        day_run(tenant, _day(number))
    paid_in(tenant, S1, 600_000)
    _approve_all(tenant, _day(31))
    assert _restricted(tenant) == set()
    assert not Restriction.objects.filter(tenant_id=tenant).exists()
    ended = Decision.objects.get(tenant_id=tenant, outcome="end_service")
    assert (ended.state, ended.effect["because"]) == (IN_EFFECT, "topped_up")
    told = Notice.objects.get(tenant_id=tenant, decision_id=ended.id)
    assert "nothing is done" in told.body_en


def test_an_approval_for_a_band_that_was_left_does_nothing(tenant: str) -> None:
    """Part of it was paid before the word: the milder band is a decision of its own."""
    day_run(tenant, _day(8))
    paid_in(tenant, S1, 200_000)
    band = Decision.objects.get(tenant_id=tenant, decision="shortage_band")
    settled = settle(tenant, band.id, _day(8), persons=1)
    assert settled.effect["because"] == "band_moved"
    assert _restricted(tenant) == set()
    day_run(tenant, _day(9))
    assert _outcomes(tenant, "shortage_band") == [(8, "close_cart"), (9, "close_listing")]


def test_a_refused_band_is_not_proposed_again(tenant: str) -> None:
    """As long as the deposit stays in it."""
    day_run(tenant, _day(8))
    band = Decision.objects.get(tenant_id=tenant, decision="shortage_band")
    settle(tenant, band.id, _day(8), verdict="refuse", persons=1)
    day_run(tenant, _day(9))
    assert _outcomes(tenant, "shortage_band") == [(8, "close_cart")]


@pytest.mark.clause("S3-5.1", "S3-5.2b")
def test_each_notice_names_the_next_step_and_its_day(tenant: str) -> None:
    """Sales are limited on the 13th; from the 27th withdrawals may be, from 6 October the end."""
    _ordered(tenant, "shortage_measures", *STEPS)
    for number in (8, 22):
        day_run(tenant, _day(number))
    first = Notice.objects.get(tenant_id=tenant, kind="shortage")
    assert "2025-09-13 起可自货款划转补足" in first.body_zh
    assert str(first.due_on) == "2025-09-12"
    told = Notice.objects.filter(tenant_id=tenant, kind="sanction").order_by("sent_at")
    assert [str(each.due_on) for each in told] == ["2025-09-27", "2025-10-06"]
    assert "限制货款提现" in told[0].body_zh
    assert "end the service" in told[1].body_en
    assert "6,000.00" in told[0].body_en
    assert next_step(pack_of(SHOP_DEPOSIT), day_of(_day(40)), 40) is None


@settings(max_examples=200, deadline=None)
@given(
    st.integers(min_value=0, max_value=60),
    st.integers(min_value=0, max_value=2_000_000),
    st.integers(min_value=0, max_value=2_000_000),
    st.integers(min_value=0, max_value=2_000_000),
)
@pytest.mark.clause("S3-5.1", "S3-5.1e", "S3-5.2b")
def test_the_staircase_never_goes_down_and_never_takes_too_much(
    days: int, required: int, held: int, proceeds: int
) -> None:
    """A day later is the same step or a later one; a transfer is no more than short or there."""
    pack, on = pack_of(SHOP_DEPOSIT), day_of(NOW)

    def step(days_short: int) -> tuple[int, int]:
        facts = {
            "assessed_on": on, "required_fen": required, "balance_fen": held,
            "days_short": days_short, "proceeds_fen": proceeds,
        }  # fmt: skip
        result = pack.evaluate("shortage_measures", facts).result
        fill = pack.evaluate("shortage_transfer", facts).result["transfer_fen"]
        assert 0 <= fill <= min(max(0, required - held), proceeds)
        assert result["transfer_fen"] in (0, fill)
        return STAIRCASE.index(result["measure"]), fill

    (now, now_fill), (later, later_fill) = step(days), step(days + 1)
    assert later >= now
    assert later_fill >= now_fill
    assert (now == 0) == (held >= required)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(min_value=1, max_value=10**9),
    st.integers(min_value=0, max_value=10**9),
    st.integers(min_value=0, max_value=10**9),
)
@pytest.mark.clause("S3-5.1a", "S3-5.1b", "S3-5.2a")
def test_paying_in_never_makes_a_band_worse(required: int, held: int, more: int) -> None:
    """The more is held, the milder the band; none exactly when nothing is short."""
    pack, ranks = pack_of(SHOP_DEPOSIT), ["none", *BANDS]

    def band(free: int) -> int:
        facts = {
            "assessed_on": day_of(NOW), "required_fen": required, "balance_fen": free,
            "days_short": 8,
        }  # fmt: skip
        return ranks.index(pack.evaluate("shortage_band", facts).result["measure"])

    assert band(held + more) <= band(held)
    assert (band(held) == 0) == (held >= required)
