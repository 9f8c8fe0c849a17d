"""Categories: a gate on the balance that opens by itself, and the requirement computed anew."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.cases.categories import (
    categories_look,
    category_ask,
    category_check,
    category_close,
    category_withdraw,
)
from earnest.cases.queries import case_state, decisions_of_case
from earnest.cases.requirement import requirement_anew
from earnest.decisions.commands import standing_order_give
from earnest.decisions.replay import decisions_replay
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict, NotFound, RuleRefused
from earnest.market.models import ShopCategory
from earnest.market.openings import categories_ever, shop_shut
from earnest.notices.models import Notice
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of
from tests.cases.scene import NOW, S1, approved, paid_in, shop_open, stands, taken, tenant_new

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> str:
    """Give a market with one shop of apparel, that holds 25,000 yuan and must hold 10,000."""
    made = tenant_new()
    shop_open(made, deposit_fen=2_500_000, required_fen=1_000_000)
    return made


def _open(tenant: str) -> set[str]:
    ever = categories_ever(tenant, "S1", day_of(NOW) + timedelta(days=9))
    return {category for category, is_open in ever.items() if is_open}


@pytest.mark.clause("S3-2.2c")
def test_a_category_above_the_balance_needs_the_difference_first(tenant: str) -> None:
    """Wine is 30,000 and 25,000 are there: 5,000 first; then it opens by itself, within a look."""
    check = category_check(tenant, "S1", "wine", NOW)
    assert (check.allowed, check.amount_fen) == (False, 500_000)
    case = category_ask(tenant, "S1", "wine", "shop", NOW)
    assert (case_state(case), _open(tenant)) == ("open", {"apparel"})
    assert case.facts["top_up_fen"] == 500_000
    told = Notice.objects.get(tenant_id=tenant)
    assert "5,000.00" in told.title_zh
    assert "30,000.00" in told.body_en
    assert categories_look(tenant, NOW) == 0
    paid_in(tenant, S1, 499_999)
    assert categories_look(tenant, NOW) == 0
    paid_in(tenant, S1, 1)
    at = NOW + timedelta(days=1)
    assert categories_look(tenant, at) == 1
    assert categories_look(tenant, at) == 0
    case.refresh_from_db()
    assert (case_state(case), _open(tenant)) == ("done", {"apparel", "wine"})
    gate, required = decisions_of_case(case)
    assert (gate.decision, gate.state, gate.clause) == ("category_gate", "in_effect", "S3-2.2c")
    assert gate.receipt["facts"]["asked_on"] == "2025-09-06"
    assert (required.outcome, required.state) == ("raise", "waiting")
    assert stands(tenant).required_fen == 1_000_000
    approved(tenant, case, at)
    assert stands(tenant, now=at).required_fen == 4_000_000
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S3-2.2c", "S3-2.2a")
def test_a_shop_with_enough_adds_a_category_at_once(tenant: str) -> None:
    """The gate compares with the balance alone; under a standing order the rest follows at once."""
    standing_order_give(
        tenant, rulebook=SHOP_DEPOSIT, decision="required_deposit", outcomes=["raise", "lower"],
        note="monthly", ordered_by="a", approved_by="b", from_on=date(2025, 1, 1),
    )  # fmt: skip
    case = category_ask(tenant, "S1", "food", "shop", NOW)
    assert case_state(case) == "done"
    at = stands(tenant)
    assert (at.required_fen, at.excess_fen) == (2_000_000, 500_000)
    with pytest.raises(Conflict, match="category_asked"):
        category_ask(tenant, "S1", "food", "shop", NOW)


@pytest.mark.clause("S3-2.2c")
def test_a_deduction_in_between_keeps_the_gate_shut(tenant: str) -> None:
    """What is asked counts with the balance of the day on which the gate is asked again."""
    category_ask(tenant, "S1", "wine", "shop", NOW)
    paid_in(tenant, S1, 500_000)
    taken(tenant, S1, 1)
    assert categories_look(tenant, NOW) == 0
    assert _open(tenant) == {"apparel"}


@pytest.mark.clause("S3-6.1a", "S3-6.1x")
def test_a_closed_category_lowers_what_must_be_held_and_pays_nothing_out(tenant: str) -> None:
    """Closing wine takes 40,000 back to 10,000; what is above stays in the deposit."""
    paid_in(tenant, S1, 1_500_000)
    approved(tenant, category_ask(tenant, "S1", "wine", "shop", NOW))
    at = NOW + timedelta(days=3)
    case = category_close(tenant, "S1", "wine", "shop", at)
    assert ShopCategory.objects.get(category_id="wine").closed_on == day_of(at)
    approved(tenant, case, at)
    stood = stands(tenant, now=at)
    assert (stood.required_fen, stood.posted_fen) == (1_000_000, 4_000_000)
    with pytest.raises(Conflict, match="category_not_open"):
        category_close(tenant, "S1", "wine", "shop", at)
    again = category_ask(tenant, "S1", "wine", "shop", at)
    assert case_state(again) == "done"
    assert "wine" in _open(tenant)


def test_what_waits_can_be_taken_back(tenant: str) -> None:
    """A withdrawn application opens nothing, however much is paid in."""
    case = category_ask(tenant, "S1", "jewelry", "shop", NOW)
    with pytest.raises(Conflict, match="category_asked"):
        category_ask(tenant, "S1", "jewelry", "shop", NOW)
    category_withdraw(tenant, case.number, "shop", "too dear", NOW)
    paid_in(tenant, S1, 10_000_000)
    assert categories_look(tenant, NOW) == 0
    assert _open(tenant) == {"apparel"}


def test_a_closed_shop_adds_nothing(tenant: str) -> None:
    """What waited when it closed is taken back by itself, and nothing new can be asked."""
    case = category_ask(tenant, "S1", "jewelry", "shop", NOW)
    shop_shut(tenant, "S1", day_of(NOW))
    paid_in(tenant, S1, 10_000_000)
    assert categories_look(tenant, NOW) == 0
    case.refresh_from_db()
    assert case_state(case) == "withdrawn"
    with pytest.raises(Conflict, match="shop_closed"):
        category_ask(tenant, "S1", "jewelry", "shop", NOW)


def test_a_category_or_shop_that_is_not_known_is_refused(tenant: str) -> None:
    """Without a standard there is no gate to pass."""
    with pytest.raises(RuleRefused, match="no_row"):
        category_ask(tenant, "S1", "pets", "shop", NOW)
    with pytest.raises(NotFound, match="unknown_shop"):
        category_ask(tenant, "S9", "food", "shop", NOW)


def test_a_requirement_that_stays_is_not_decided_again(tenant: str) -> None:
    """Books are below what apparel asks for already: no decision, and nobody is asked."""
    case = category_ask(tenant, "S1", "books", "shop", NOW)
    assert [each.decision for each in decisions_of_case(case)] == ["category_gate"]
    assert requirement_anew(tenant, "S1", "again", NOW) is None


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["apparel", "food", "jewelry", "wine", "health_supplements"]),
    st.integers(min_value=-10_000_000, max_value=10_000_000),
    st.integers(min_value=0, max_value=20_000_000),
)
@pytest.mark.clause("S3-2.2c")
def test_the_gate_asks_for_exactly_the_difference(
    category: str, balance: int, required: int
) -> None:
    """Refused with t to top up: with t more it opens, with one fen less it does not."""
    pack = pack_of(SHOP_DEPOSIT)

    def gate(held: int) -> tuple[bool, int]:
        facts = {
            "asked_on": day_of(NOW), "category": category, "balance_fen": held,
            "required_fen": required,
        }  # fmt: skip
        result = pack.evaluate("category_gate", facts).result
        return bool(result["allowed"]), int(str(result["top_up_fen"]))

    allowed, top_up = gate(balance)
    assert allowed == (top_up == 0)
    assert gate(balance + top_up) == (True, 0)
    if top_up:
        assert gate(balance + top_up - 1) == (False, 1)
