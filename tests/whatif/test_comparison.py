"""A population compared in SQL, held against plain Python that judges each row by itself."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.kernel.errors import BadInput, NotFound, RuleRefused
from earnest.policy import Pack
from earnest.rulebooks.packs import packs_shipped
from earnest.whatif.checking import evaluated, sample
from earnest.whatif.comparison import PopulationChange, compare_population, pairing_of
from earnest.whatif.judging import facts_in
from tests.whatif.drafts import amended, edition, parameter

ON = date(2025, 9, 8)
SINCE = date(2025, 9, 1)
EDGES_FEN = [0, 4_999_999, 5_000_000, 9_999_999, 10_000_000, 49_999_999, 50_000_000, 10**15 + 1]
DECISION = "required_deposit"
Row = dict[str, Any]

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "adjusted_on": st.sampled_from([date(2020, 8, 11), date(2025, 8, 31), ON]),
            "sales_fen": st.sampled_from(EDGES_FEN),
            "categories": st.lists(st.sampled_from(["apparel", "wine", "pets"]), unique=True),
            "raises_fen": st.just(0),
            "balance_fen": st.sampled_from([0, 999_999, 1_000_000, 3_000_000, 9_000_000]),
        }
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def packs() -> tuple[Pack, Pack]:
    """Return the shop-deposit rulebook, and a draft: base 15,000, and 2,000 less in each tier."""

    def cheaper(rows: list[Row]) -> list[Row]:
        return [{**row, "then": [max(0, row["then"][0] - 2_000), *row["then"][1:]]} for row in rows]

    live = packs_shipped()["kuaishou-shop-deposit"]
    draft = amended(
        live,
        SINCE,
        parameter("base_deposit", SINCE, 15_000),
        edition("sales_tier", SINCE, cheaper),
    )
    return live, draft


def _compared(packs: tuple[Pack, Pack], rows: Sequence[Row], **asked: Any) -> PopulationChange:
    with duckdb.connect() as connection:
        _fill(connection, packs[0], rows)
        return compare_population(connection, *packs, DECISION, facts_table="facts", **asked)


def _fill(connection: Any, live: Pack, rows: Sequence[Row]) -> None:
    connection.execute(live.facts_table(DECISION, "facts"))
    for number, row in enumerate(rows):
        values = [row[name] for name in live.decisions[DECISION].facts]
        connection.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", [number, *values])


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_sums_are_those_of_single_evaluations(packs: tuple[Pack, Pack], rows: list[Row]) -> None:
    """Counts, sums, effects and pairs equal what the interpreter gives row by row."""
    change = _compared(packs, rows, by=("categories",))
    both = [tuple(pack.evaluate(DECISION, row) for pack in packs) for row in rows]
    decided = [(o.result, d.result) for o, d in both if not (o.refusal or d.refusal)]
    required = [(ours["required_fen"], theirs["required_fen"]) for ours, theirs in decided]
    assert change.judged == len(rows)
    assert change.changed == sum(
        ours.result != theirs.result or ours.refusal != theirs.refusal for ours, theirs in both
    )
    money = {each.money.outcome: each for each in change.money}["required_fen"]
    assert (money.live, money.draft) == (sum(o for o, _ in required), sum(d for _, d in required))
    assert money.more_sum == sum(d - o for o, d in required if d > o)
    assert money.less_rows == sum(d < o for o, d in required)
    effects = {each.effect: each for each in change.effects}
    short = [
        theirs["shortfall_fen"]
        for ours, theirs in decided
        if theirs["shortfall_fen"] > 0 == ours["shortfall_fen"]
    ]
    assert (effects["newly_short"].rows, effects["newly_short"].amount) == (len(short), sum(short))
    assert sum(each.rows for each in change.pairs["required_fen"]) == sum(
        o != d for o, d in required
    )
    groups = {each.value: each for each in change.by["categories"]}
    for category in ("apparel", "wine", "pets"):
        rows_of = sum(category in row["categories"] for row in rows)
        assert (groups[category].judged if category in groups else 0) == rows_of


def test_the_gravest_stand_first(packs: tuple[Pack, Pack]) -> None:
    """A new shortage comes before a larger difference that costs nobody anything."""
    rows = [
        {
            "adjusted_on": ON,
            "sales_fen": 0,
            "categories": ["apparel"],
            "raises_fen": 0,
            "balance_fen": balance,
        }
        for balance in (9_000_000, 1_000_000, 0)
    ]
    change = _compared(packs, rows, top=2)
    assert [each.party for each in change.top] == ["1", "0"]
    assert change.top[0].effects == ("newly_short",)


def test_quantiles_are_differences_that_occur(packs: tuple[Pack, Pack]) -> None:
    """Nine shops pay 5,000 more, one 2,000 less: p10 to p90 are from among these, in whole fen."""
    sales = [0] * 9 + [50_000_000]
    rows = [
        {
            "adjusted_on": ON,
            "sales_fen": each,
            "categories": ["apparel"],
            "raises_fen": 0,
            "balance_fen": 0,
        }
        for each in sales
    ]
    required = _compared(packs, rows).money[0]
    assert required.quantiles == (-200_000, 500_000, 500_000, 500_000)
    assert (required.less_sum, required.more_sum) == (-200_000, 4_500_000)


def test_wrong_names_are_told(packs: tuple[Pack, Pack]) -> None:
    """An unknown decision and an unknown dimension are named."""
    with pytest.raises(BadInput, match="unknown_dimension"):
        _compared(packs, [], by=("colour",))
    with duckdb.connect() as connection, pytest.raises(NotFound, match="unknown_decision"):
        compare_population(connection, *packs, "required_deposits", facts_table="facts")


def test_a_disagreement_of_the_two_evaluators_stops(packs: tuple[Pack, Pack]) -> None:
    """A row that SQL judged otherwise than the interpreter is refused by name."""
    row = {
        "adjusted_on": ON,
        "sales_fen": 0,
        "categories": ["apparel"],
        "raises_fen": 0,
        "balance_fen": 0,
    }
    with duckdb.connect() as connection:
        _fill(connection, packs[0], [row])
        compare_population(connection, *packs, DECISION, facts_table="facts")
        pairing, facts = pairing_of(*packs, DECISION), facts_in(connection, "facts")
        keys = [key for key, _ in sample(connection, facts)]
        assert set(evaluated(connection, pairing, facts, keys)) == {"0"}
        connection.execute("UPDATE compared SET draft_required_fen = draft_required_fen + 1")
        with pytest.raises(RuleRefused, match="evaluators_disagree"):
            evaluated(connection, pairing, facts, keys)
