"""A shop's month: SQL nominates, the interpreter decides, and what cannot be judged is told."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.assessment.shops import ShopMonth, adjustment_decide, refused_findings
from earnest.kernel.calendar import Month
from earnest.rulebooks.packs import SHOP_DEPOSIT, PartyPacks, packs_shipped

ON = date(2025, 9, 8)
MONTH = Month(2025, 8)
PACKS = PartyPacks(packs_shipped()[SHOP_DEPOSIT], {})
EDGES_FEN = [0, 4_999_999, 5_000_000, 9_999_999, 10_000_000, 49_999_999, 50_000_000, 55_000_000]


def _shop(**other: object) -> ShopMonth:
    facts = {
        "shop_id": "S1",
        "sales_fen": 55_000_000,
        "categories": ("apparel",),
        "balance_fen": 1_000_000,
        "required_fen": 1_000_000,
    }
    return ShopMonth(**{**facts, **other})  # type: ignore[arg-type]  # the facts have the types


@pytest.mark.clause("S3-3.1c", "S3-3.1a")
def test_a_changed_requirement_becomes_a_decision() -> None:
    """550,000 yuan of sales raise 10,000 to 30,000, and a shop that stays makes no decision."""
    shops = [_shop(), _shop(shop_id="S2", sales_fen=0)]
    (raised,) = adjustment_decide(shops, "2025-08", ON, PACKS).decisions
    assert (raised.subject_id, raised.outcome) == ("S1", "raise")
    assert raised.evaluation.result["required_fen"] == 3_000_000


@pytest.mark.clause("S3-3.1b")
def test_less_sales_lower_the_requirement() -> None:
    """The requirement follows the tier both ways."""
    (lowered,) = adjustment_decide(
        [_shop(sales_fen=0, required_fen=3_000_000)], "2025-08", ON, PACKS
    ).decisions
    assert lowered.outcome == "lower"


@pytest.mark.clause("S3-2.2a")
def test_an_unknown_category_is_told_and_stops_nobody_else() -> None:
    """A shop of a category without a row is a refused finding; the next shop is adjusted."""
    shops = [_shop(categories=("apparel", "pets")), _shop(shop_id="S2")]
    adjustment = adjustment_decide(shops, "2025-08", ON, PACKS)
    assert [each.subject_id for each in adjustment.decisions] == ["S2"]
    (finding,) = refused_findings(MONTH, adjustment.refused)
    assert (finding.subject_id, finding.status) == ("S1", "refused")
    refusal = finding.evaluation.refusal
    assert refusal is not None
    assert refusal.code == "no_row"
    assert "pets" in refusal.en
    assert "pets" in refusal.zh


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            _shop,
            sales_fen=st.sampled_from(EDGES_FEN),
            categories=st.lists(
                st.sampled_from(["apparel", "food", "wine", "jewelry", "pets"]), unique=True
            ).map(tuple),
            required_fen=st.sampled_from([None, 0, 1_000_000, 3_000_000]),
        ),
        max_size=12,
    )
)
@pytest.mark.clause("S3-2.2a", "S3-2.2b", "S3-3.1b")
def test_every_shop_is_adjusted_kept_or_refused(shops: list[ShopMonth]) -> None:
    """Whatever the shops: SQL and interpreter agree, and no shop is lost on the way."""
    adjustment = adjustment_decide(shops, "2025-08", ON, PACKS)
    known = sum("pets" not in shop.categories for shop in shops)
    assert len(adjustment.refused) == len(shops) - known
    for decision in adjustment.decisions:
        assert decision.outcome in {"set", "raise", "lower"}
