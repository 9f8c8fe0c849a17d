"""Charges against what is filed, and offers against each other: found once, reported once."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.charging.base_functions import NewBaseFunction, base_function_mark
from earnest.charging.charges import Charge
from earnest.charging.comparing import KINDS, BaseDays, PlanInForce, charge_compared
from earnest.charging.daily import charging_look
from earnest.charging.models import ChargeLine, Difference
from earnest.charging.plans import plan_withdraw
from earnest.charging.queries import charges_of, difference_get, differences_found, offer_pairs
from earnest.charging.wording import normal, side_by_side
from earnest.documents.commands import NewDocument, document_add
from earnest.kernel.errors import BadInput, NotFound
from earnest.rulebooks.packs import SUPPLY_MARKET, evaluation_of, pack_of
from earnest.violations.kinds import kinds_of
from earnest.violations.models import Violation
from tests.charging.scene import NOW, P1, TODAY, approved, charged, filed, seen

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def _kinds(tenant: str) -> list[tuple[str, str]]:
    rows = Difference.objects.filter(tenant_id=tenant).order_by("kind")
    return [(row.kind, row.clause) for row in rows]


def test_the_rulebook_knows_every_kind_by_the_same_clause() -> None:
    """Each kind of difference is a kind of violation of requirement 4, under the clause we name."""
    known = kinds_of(pack_of(SUPPLY_MARKET), TODAY)
    assert {name: known[name].clause for name in KINDS} == KINDS


@pytest.mark.clause("S0-2.2.4d")
def test_a_charge_as_filed_is_no_difference(tenant: str) -> None:
    """The approved price on both sides, with the version named or not, gives nothing to report."""
    approved(tenant)
    charged(tenant, "SO1")
    charged(tenant, "SO2", version="", unit_price_fen=None)
    charged(tenant, "SO3", channel="1688_side")
    look = charging_look(tenant, LATER)
    assert look.counts() == {
        "charges": 3, "lines": 0, "differences": 0, "reports": 0, "problems": 0,
    }  # fmt: skip


@pytest.mark.clause("S0-2.2.4d")
def test_charges_without_an_approved_plan_are_one_report_a_month(tenant: str) -> None:
    """Two charges of a month are one difference with both sides; a later one joins its lines."""
    plan = filed(tenant)
    charged(tenant, "SO1")
    charged(tenant, "SO2", paid_fen=19_800)
    look = charging_look(tenant, LATER)
    assert (look.lines, look.differences, look.reports) == (2, 1, 1)
    row = Difference.objects.get(tenant_id=tenant)
    assert (row.kind, row.clause, row.month) == ("unfiled_charge", "S0-2.2.4d", "2025-09")
    assert row.one_side["plan"] == plan.number
    assert row.one_side["state"] == "filed"
    assert row.other_side["service_order"] == "SO1"
    assert row.receipt["result"] == {"usable": False}
    assert row.receipt["facts"]["is_filed"] is True
    assert evaluation_of(row.receipt).receipt().as_dict() == row.receipt
    violation = Violation.objects.get(tenant_id=tenant)
    assert (violation.id, violation.source) == (row.violation_id, "measure")
    item = violation.items.get()
    assert (item.kind, item.facts["charges"], item.facts["paid_fen"]) == (
        "unfiled_charge", 2, 29_700,
    )  # fmt: skip
    charged(tenant, "SO3", now=LATER)
    again = charging_look(tenant, LATER + timedelta(days=1))
    assert (again.lines, again.differences, again.reports) == (1, 0, 0)
    assert row.lines.count() == 3
    once_more = charging_look(tenant, LATER + timedelta(days=1))
    assert (once_more.lines, once_more.reports) == (0, 0)
    assert Violation.objects.filter(tenant_id=tenant).count() == 1


@pytest.mark.clause("S0-2.2.4d")
def test_what_counts_is_the_day_of_the_charge(tenant: str) -> None:
    """The day before its day a plan is not approved, on its last day it still is, then not."""
    plan = approved(tenant, wanted_on=date(2025, 9, 10))
    at = NOW + timedelta(days=20)
    plan_withdraw(tenant, plan.number, "provider", "over", NOW + timedelta(days=14))
    for order, day in (("A", "09"), ("B", "10"), ("C", "19"), ("D", "20")):
        charged(tenant, order, now=at, occurred_at=f"2025-09-{day}T23:59:59+08:00")
    charging_look(tenant, at)
    lines = ChargeLine.objects.filter(tenant_id=tenant).order_by("service_order_id")
    assert [line.service_order_id for line in lines] == ["A", "D"]


@pytest.mark.clause("S0-2.2.4d")
def test_another_price_and_another_version_are_told_apart(tenant: str) -> None:
    """What was filed and what was taken stand side by side; a version nobody filed is unfiled."""
    plan = approved(tenant)
    charged(tenant, "SO1", unit_price_fen=12_900, paid_fen=12_900)
    charged(tenant, "SO2", version="9")
    charging_look(tenant, LATER)
    assert _kinds(tenant) == [("other_price", "S0-2.2.4d"), ("unfiled_charge", "S0-2.2.4d")]
    row = Difference.objects.get(tenant_id=tenant, kind="other_price")
    assert (row.one_side["price_fen"], row.other_side["price_fen"]) == (9_900, 12_900)
    line = row.lines.get()
    assert (line.expected_fen, line.plan_number) == (9_900, plan.number)
    # One plan and one month are one fact: one report, with an item for each kind.
    violation = Violation.objects.get(tenant_id=tenant)
    assert violation.items.count() == 2
    assert len(set(violation.items.values_list("fact_key", flat=True))) == 1


@pytest.mark.clause("S0-2.1-mr2", "S0-2.2.4b")
def test_a_base_function_that_is_charged_for_is_reported(tenant: str) -> None:
    """From the day on which it is marked; the rulebook's receipt says what was not told."""
    base_function_mark(tenant, NewBaseFunction("batch_listing", "批量铺货", "risk"), NOW)
    charged(tenant, "SO0", occurred_at="2025-09-04T10:00:00+08:00")
    charged(tenant, "SO1")
    charging_look(tenant, LATER)
    assert _kinds(tenant) == [("base_charged", "S0-2.2.4b"), ("unfiled_charge", "S0-2.2.4d")]
    row = Difference.objects.get(tenant_id=tenant, kind="base_charged")
    assert row.receipt["result"]["free_told"] is False
    assert row.lines.get().service_order_id == "SO1"


@pytest.mark.clause("S0-2.2.4e")
@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"channel": "offline_reported"}, ["charged_elsewhere"]),
        ({"channel": "1688_side", "unit_price_fen": 1}, ["other_price"]),
        ({"channel": "1688_side", "version": "9"}, ["charged_elsewhere", "unfiled_charge"]),
    ],
)
def test_charges_around_the_review_are_found(
    tenant: str, changes: dict[str, Any], kinds: list[str]
) -> None:
    """Offline always; on 1688 where nothing was approved for it; approved for it, by its price."""
    approved(tenant)
    charged(tenant, "SO1", **changes)
    charging_look(tenant, LATER)
    assert [kind for kind, _ in _kinds(tenant)] == kinds


def test_a_plan_not_offered_on_1688_is_not_charged_there(tenant: str) -> None:
    """What is approved for this platform alone is charged elsewhere when 1688 takes the money."""
    approved(tenant, wording_there="", price_there_fen=None)
    charged(tenant, "SO1", channel="1688_side")
    charging_look(tenant, LATER)
    assert _kinds(tenant) == [("charged_elsewhere", "S0-2.2.4e")]


def test_what_took_no_money_or_was_taken_back_is_no_charge(tenant: str) -> None:
    """A created order, a free one and a retracted charge are not looked at."""
    charged(tenant, "SO1", state="created", paid_fen=None)
    charged(tenant, "SO2", paid_fen=0)
    charged(tenant, "SO3")
    charged(tenant, "SO3", state="done")
    assert charging_look(tenant, NOW).charges == 1
    line = ChargeLine.objects.get(tenant_id=tenant)
    charged(tenant, "SO4")
    other = "2025-09-06T10:00:00+08:00"
    charged(
        tenant, "SO3x", now=LATER, kind="retraction", corrects_event_id=line.event_id,
        reason="did_not_occur", occurred_at=other,
    )  # fmt: skip
    charging_look(tenant, LATER)
    orders = ChargeLine.objects.filter(tenant_id=tenant).values_list("service_order_id", flat=True)
    assert sorted(orders) == ["SO3", "SO4"]


def test_charges_that_name_nobody_come_back_with_reasons(tenant: str) -> None:
    """Without provider, with an unknown one, without plan code: told row by row, nothing kept."""
    charged(tenant, "SO1", provider_id=None)
    charged(tenant, "SO2", provider_id="P9")
    charged(tenant, "SO3", plan_code=None)
    look = charging_look(tenant, LATER)
    assert [(each.where, each.code) for each in sorted(look.problems, key=lambda p: p.where)] == [
        ("SO1", "charge_provider_unknown"),
        ("SO2", "charge_provider_unknown"),
        ("SO3", "charge_without_plan_code"),
    ]
    assert not Difference.objects.filter(tenant_id=tenant).exists()


def test_nothing_is_found_before_the_rule(tenant: str) -> None:
    """A charge of June 2025 breaks no rule that came in July."""
    charged(tenant, "SO1", occurred_at="2025-07-18T10:00:00+08:00")
    assert charging_look(tenant, NOW).differences == 0


@pytest.mark.clause("S0-2.2.4f")
def test_offers_that_differ_are_kept_with_both_texts_and_reported_once(tenant: str) -> None:
    """Free here, charged there, in other words: one pair, one report, however often it is seen."""
    shot = document_add(tenant, NewDocument(P1, "shot.txt", b"seen", "service"), NOW)
    assert seen(tenant, "kuaishou", "批量铺货，永久免费", 0, document_id=shot.id)[1] == []
    _, found = seen(tenant, "1688", "批量铺货 每月９９元", 9_900)
    assert sorted(row.kind for row in found) == ["free_here_charged_there", "other_wording"]
    row = found[0]
    assert row.one_side["wording"] == "批量铺货，永久免费"
    assert row.other_side["wording"] == "批量铺货 每月９９元"
    assert row.receipt["result"]["consistent"] is False
    assert charging_look(tenant, NOW).reports == 1
    violation = Violation.objects.get(tenant_id=tenant)
    assert violation.items.count() == 2
    assert violation.items.first().documents == [str(shot.id)]
    assert len(set(violation.items.values_list("fact_key", flat=True))) == 1
    _, again = seen(tenant, "1688", "批量铺货每月99元。", 9_900, seen_at=NOW - timedelta(hours=1))
    assert again == []
    assert seen(tenant, "1688", "批量铺货每月99元！", 9_900, seen_at=NOW)[1] == []
    assert charging_look(tenant, LATER).reports == 0
    (pair,) = offer_pairs(tenant, "P1")
    assert (pair.here.price_fen, pair.there.price_fen) == (0, 9_900)


@pytest.mark.clause("S0-2.2.4f")
def test_offers_alike_but_for_their_writing_do_not_differ(tenant: str) -> None:
    """Width, space and marks are no difference; a price that is not shown says nothing."""
    seen(tenant, "kuaishou", "批量铺货，每月 99 元！", 9_900)
    assert seen(tenant, "1688", "批量铺货 每月９９元", None)[1] == []
    assert seen(tenant, "1688", "批量铺货 每月９９元", 9_900)[1] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"side": "taobao"},
        {"wording": " "},
        {"price_fen": -1},
        {"seen_at": NOW + timedelta(days=1)},
        {"app": ""},
    ],
)
def test_an_offer_that_cannot_be_is_not_kept(tenant: str, changes: dict[str, Any]) -> None:
    """The field is named."""
    given: dict[str, Any] = {"side": "1688", "wording": "批量铺货", "price_fen": 0, **changes}
    with pytest.raises(BadInput, match=f"offer_{next(iter(changes))}"):
        seen(tenant, given.pop("side"), given.pop("wording"), given.pop("price_fen"), **given)


def test_differences_are_narrowed_and_found(tenant: str) -> None:
    """By provider, kind and month; an unknown one is not found."""
    charged(tenant, "SO1")
    charging_look(tenant, LATER)
    (row,) = differences_found(tenant, provider_id="P1", kind="unfiled_charge", month="2025-09")
    assert charges_of([row]) == {row.id: (1, 9_900)}
    assert difference_get(tenant, row.id) == row
    assert not differences_found(tenant, month="2025-08").exists()
    with pytest.raises(NotFound, match="unknown_difference"):
        difference_get(tenant, row.violation_id)


WRITTEN = st.text(alphabet="批量铺货免费abcAB 0199.%％９，。！!元¥", max_size=30)


@given(WRITTEN, WRITTEN)
@pytest.mark.clause("S0-2.2.4f")
def test_texts_cut_for_comparison_are_whole_and_differ_only_where_they_differ(
    here: str, there: str
) -> None:
    """The runs put together are the texts; no run differs exactly where the texts count as one."""
    left, right = side_by_side(here, there)
    assert "".join(span.text for span in left) == here
    assert "".join(span.text for span in right) == there
    assert all(span.same for span in left + right) == (normal(here) == normal(there))


@given(
    price=st.integers(1, 10**9), filed_fen=st.integers(0, 10**9), offset=st.integers(-40, 40),
    channel=st.sampled_from(["service_market", "1688_side", "offline_reported", ""]),
    is_base=st.booleans(),
)  # fmt: skip
@pytest.mark.clause("S0-2.2.4d")
def test_a_charge_is_right_only_by_an_approved_plan_at_its_price(
    price: int, filed_fen: int, offset: int, channel: str, is_base: bool
) -> None:
    """Nothing is wrong exactly where a plan counts that day, at that price, and it is no base."""
    day = TODAY + timedelta(days=offset)
    charge = Charge("e", "SO", "P1", "c", "", price, price, channel, "", day)
    plan = PlanInForce("F1", "P1", "c", "1", filed_fen, filed_fen, TODAY, TODAY + timedelta(days=9))
    bases = [BaseDays("", "c", date(2025, 1, 1), None)] if is_base else []
    compared = charge_compared(charge, [plan], bases)
    right = 0 <= offset < 9 and price == filed_fen and channel != "offline_reported"
    assert (compared.kinds == ()) == (right and not is_base)
    assert set(compared.kinds) <= set(KINDS)
