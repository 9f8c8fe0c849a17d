"""Cells of a table: every form, gaps and overlaps, and the same row from both back ends."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.kernel.errors import RuleRefused
from earnest.policy import Pack, load_pack_text
from earnest.policy.cells import Cell, deepest, flaws, read_cell
from earnest.policy.kinds import CURRENCIES, WORDS, Kind, written
from tests.policy.population import both_agree

HEAD = """rulebook: small
instruments: [{id: A, published: 2025-01-01, in_force: 2025-02-01, state: in_force}]
"""
DAY = date(2025, 5, 28)


def table_of(inputs: dict[str, str], rows: list[Any]) -> Pack:
    """Return a pack with one table ``t`` whose rows give their own number, and a decision."""
    names = ", ".join(inputs)
    columns = ", ".join(f"{name}: {unit}" for name, unit in inputs.items())
    lines = "".join(
        f"          - {{when: {when}, then: [{number}], clause: a}}\n"
        for number, when in enumerate(rows)
    )
    return load_pack_text(
        f"{HEAD}tables:\n  t:\n    inputs: {{{columns}}}\n    outputs: {{row: int}}\n"
        "    editions:\n      - from: 2025-02-01\n        instrument: A\n        rows:\n"
        f"{lines}decisions:\n  d:\n    governed_by: on_day\n"
        f"    facts: {{on_day: date, {columns}}}\n"
        f"    steps: {{row: {{expr: 't({names}).row', clause: a}}}}\n"
    )


def rows_found(pack: Pack, *values: dict[str, Any]) -> list[Any]:
    """Return the row of each set of inputs, or the refusal; from both back ends alike."""
    facts = [{"on_day": date(2025, 3, 1), **each} for each in values]
    return [
        each.refusal.key if each.refusal else each.result["row"]
        for each in both_agree(pack, "d", facts)
    ]


@pytest.mark.parametrize(
    ("unit", "raw", "low", "high"),
    [
        ("CNY", "< 5000", None, 500_000),
        ("CNY", "<= 5000", None, 500_001),
        ("CNY", "> 0.5", 51, None),
        ("CNY", ">= 0.50", 50, None),
        ("CNY", "[1, 2)", 100, 200),
        ("CNY", "[1, 2]", 100, 201),
        ("CNY", "(1, 2)", 101, 200),
        ("CNY", "(1, 2]", 101, 201),
        ("CNY", 5, 500, 501),
        ("CNY", "5.25", 525, 526),
        ("JPY", "<= 5000", None, 5_001),
        ("count", "[1_000, 2_000)", 1_000, 2_000),
        ("count", -3, -3, -2),
        ("ppm", "[0.5%, 97%)", 5_000, 970_000),
        ("ppm", "< 40000", None, 40_000),
        ("ppm", "> -0.0001%", 0, None),
        ("date", "< 2025-05-28", None, DAY),
        ("date", "<= 2025-05-28", None, date(2025, 5, 29)),
        ("date", "> 2025-05-28", date(2025, 5, 29), None),
        ("date", "[2025-05-28, 2025-06-06)", DAY, date(2025, 6, 6)),
        ("date", DAY, DAY, date(2025, 5, 29)),
        ("date", "<= 9999-12-31", None, None),
        ("date", ">= 0001-01-01", None, None),
    ],
)
def test_every_range_is_half_open_inside(unit: str, raw: Any, low: Any, high: Any) -> None:
    """Whatever brackets a writer uses, the cell holds whole minor units or days, half-open."""
    cell = read_cell(WORDS[unit], raw)
    assert (cell.low, cell.high, cell.text) == (low, high, str(raw))


NUMBER_FORMS = 'write "< n", "<= n", "> n", ">= n", "[a, b)" or n'
DATE_FORMS = NUMBER_FORMS.replace(" n", " 2025-05-28")


@pytest.mark.parametrize(
    ("unit", "raw", "said"),
    [
        ("CNY", "=> 5", f"cell '=> 5': {NUMBER_FORMS}"),
        ("CNY", "5 yuan", f"cell '5 yuan': {NUMBER_FORMS}"),
        ("CNY", "< 0.125", "'0.125' is not an amount in yuan with at most two decimals"),
        ("JPY", "< 0.5", "'0.5' is not an amount in JPY with no decimals"),
        ("count", "< 0.5", f"cell '< 0.5': {NUMBER_FORMS}"),
        ("count", "[5, 5)", "no number lies in it; the first must be the smaller"),
        ("count", "(5, 6)", "no number lies in it"),
        ("count", True, f"cell 'True': {NUMBER_FORMS}"),
        ("ppm", "< 0.00001%", 'write "< 0.5%"'),
        ("date", "< 2025-02-30", f"cell '< 2025-02-30': {DATE_FORMS}"),
        ("date", "(2025-05-28, 2025-05-29)", "no day lies in it"),
        ("bool", "yes", "cell 'yes': write true, false or any"),
        ("text", 2020, "cell 2020: write a text; put quotes around it"),
        ("text", "a | ", "write each alternative once"),
        ("text", "a | b | a", "write each alternative once"),
        ("path", "/food", "'/food' is not a path; write its parts with / between"),
        ("path", "food/", "'food/' is not a path"),
    ],
)
def test_a_wrong_cell_says_what_to_write(unit: str, raw: Any, said: str) -> None:
    """The message names the cell as it is written and the forms that its column takes."""
    with pytest.raises(ValueError, match=re.escape(said)):
        read_cell(WORDS[unit], raw)


def test_amounts_and_rates_are_written_as_people_write_them() -> None:
    """Major units become minor units by the currency's decimals; a percentage becomes ppm."""
    assert {unit: written(WORDS[unit], "12") for unit in CURRENCIES} == {
        unit: 12 if unit in ("JPY", "VND", "KRW") else 1200 for unit in CURRENCIES
    }
    rates = ["0.5%", "97%", "100 %", "-1.25%", "0.0001%"]
    assert [written(WORDS["ppm"], each) for each in rates] == [5000, 970_000, 10**6, -12_500, 1]
    for unit, wrong in [
        ("JPY", "0.5"),
        ("ppm", "0.5"),
        ("ppm", "%"),
        ("CNY", 10**16),
        ("CNY", True),
    ]:
        with pytest.raises(ValueError, match=re.escape(repr(wrong))):
            written(WORDS[unit], wrong)
    assert not WORDS["USD"].fits(WORDS["CNY"])
    assert WORDS["path"].fits(WORDS["text"])


def test_the_deepest_node_named_decides() -> None:
    """A node takes what lies below it, unless a deeper node is named; names are whole parts."""
    pack = table_of(
        {"name": "path"}, ["food", "food/fresh | toys", "food/fresh/fruit", "otherwise"]
    )
    assert rows_found(
        pack,
        {"name": "food"},
        {"name": "food/dried"},
        {"name": "food/fresh"},
        {"name": "food/fresh/fish"},
        {"name": "food/fresh/fruit/apple"},
        {"name": "toys/wood"},
        {"name": "foods"},
        {"name": ""},
    ) == [0, 0, 1, 1, 2, 1, 3, 3]
    lone = table_of({"name": "path"}, ["food/fresh"])
    assert rows_found(lone, {"name": "food"}, {"name": "food/fresh/x"}) == ["no_row:t", 0]
    assert deepest("a/b/c", frozenset({"a"})) == "a"


def test_a_tree_beside_another_column() -> None:
    """A deeper node decides whatever the other column says; nothing falls through to its parent."""
    pack = table_of(
        {"name": "path", "shop": "text"},
        ["[food, any]", "[food/fresh, individual]", "[food/fresh, enterprise | chain]"],
    )
    found = [("food", "x"), ("food/fresh", "chain"), ("food/fresh/a", "individual"),
             ("food/fresh", "x"), ("toys", "chain")]  # fmt: skip
    assert rows_found(pack, *({"name": name, "shop": shop} for name, shop in found)) == [
        0, 2, 1, "no_row:t", "no_row:t",
    ]  # fmt: skip


def test_dates_numbers_and_texts_side_by_side() -> None:
    """Cells of every form in one table: both back ends find the same row at every edge."""
    pack = table_of(
        {"day": "date", "paid": "CNY", "late": "bool"},
        [
            '["< 2025-05-28", any, any]',
            '["[2025-05-28, 2025-06-06)", "<= 10", any]',
            '["[2025-05-28, 2025-06-06)", "> 10", true]',
            '["[2025-05-28, 2025-06-06)", "> 10", false]',
            '{day: ">= 2025-06-06"}',
        ],
    )
    facts = [
        {"day": date(2025, month, day), "paid": paid, "late": late}
        for month, day in ((5, 27), (5, 28), (6, 5), (6, 6))
        for paid in (1000, 1001)
        for late in (True, False)
    ]
    found = rows_found(pack, *facts)
    assert found == [0, 0, 0, 0, 1, 1, 2, 3, 1, 1, 2, 3, 4, 4, 4, 4]


@pytest.mark.parametrize("unit", ["text", "path"])
@pytest.mark.parametrize("rest", [[], ["otherwise"]])
def test_a_table_of_many_names_is_looked_up_alike(unit: str, rest: list[str]) -> None:
    """Of many names the query finds the one asked for, and the deepest one of a path."""
    names = [f"c{number}{'/x/y' if number % 3 == 0 else ''}" for number in range(60)]
    pack = table_of({"name": unit}, [*names, *rest])
    asked = [*names, "c3", "c3/x", "c3/x/y/z", "c4/z", "c99", "", "c3/x/y/", "it's"]
    found = rows_found(pack, *({"name": each} for each in asked))
    other = 60 if rest else "no_row:t"
    below = {"c3/x/y/z": 3, "c4/z": 4, "c3/x/y/": 3} if unit == "path" else {}
    assert found == [*range(60), *(below.get(each, other) for each in asked[60:])]


def test_a_row_is_asked_for_by_its_inputs() -> None:
    """A caller reads a row by a day, a path or a number; what no row names is refused."""
    pack = table_of({"day": "date", "name": "path"}, ["[any, food]"])
    row = pack.table_row("t", {"day": DAY, "name": "food/fresh"}, on=date(2025, 3, 1))
    assert row == {"row": 0}
    with pytest.raises(RuleRefused, match="no row for"):
        pack.table_row("t", {"day": DAY, "name": "toys"}, on=date(2025, 3, 1))


TEXT, COUNT, DATE, PATH, BOOL = (WORDS[unit] for unit in ("text", "count", "date", "path", "bool"))


@pytest.mark.parametrize(
    ("kind", "cells", "said"),
    [
        (DATE, ["< 2025-05-28", "> 2025-05-28"], ["gap between 2025-05-28 and 2025-05-29"]),
        (DATE, ["<= 2025-05-28", ">= 2025-05-28"], ["between 2025-05-28 and 2025-05-29"]),
        (DATE, ["any"], []),
        (COUNT, ["< 1", 1, "(1, 3]", "> 3"], []),
        (COUNT, ["< 1", 1, "[1, 3]", "> 3"], ["between 1 and 2"]),
        (COUNT, [1], ["gap below 1", "gap from 2 on"]),
        (WORDS["CNY"], ["<= 10", "> 10.05"], ["gap between 10.01 and 10.06"]),
        (TEXT, ["a | b", "b | c"], ["'b'"]),
        (TEXT, ["a", "otherwise", "any"], ["'a'", "any other value"]),
        (PATH, ["food", "food/fresh"], []),
        (PATH, ["food", "food"], ["'food'"]),
        (PATH, ["food", "otherwise", "otherwise"], ["any other value"]),
        (BOOL, [True], ["gap false"]),
    ],
)
def test_gaps_and_overlaps_of_one_column(kind: Kind, cells: list[Any], said: list[str]) -> None:
    """Exactly what is missing or decided twice is told, in the units of the pack."""
    found = flaws([kind], [[read_cell(kind, each)] for each in cells])
    told: dict[tuple[int | None, int | None], None] = {}
    assert [flaw.en for flaw in found if told.setdefault((flaw.row, flaw.first)) is None] == said


def test_a_large_tree_is_checked_and_many_gaps_are_counted() -> None:
    """Thousands of nodes are checked; of many gaps the first are told and the rest counted."""
    nodes = [[read_cell(PATH, f"n{number}")] for number in range(5000)]
    assert flaws([PATH], [*nodes, [read_cell(PATH, "n77")]])[0].en == "'n77'"
    grid = [[read_cell(PATH, f"n{number}"), read_cell(BOOL, True)] for number in range(30)]
    found = flaws([PATH, BOOL], grid)
    assert (len(found), found[0].en, found[-1].en) == (21, "gap 'n0', false", "and 10 more gaps")
    wide = [[read_cell(COUNT, n), read_cell(COUNT, n)] for n in range(1500)]
    assert flaws([COUNT, COUNT], wide)[0].en == "too many combinations to check; split it"


@given(data=st.data())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_the_check_says_what_looking_at_every_value_says(data: st.DataObject) -> None:
    """For random rows: a value is in no row, one, or more, exactly as the check claims."""
    bounds = st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda each: each[0] < each[1])
    ranged = st.one_of(
        st.just("any"), st.integers(0, 6), bounds.map(lambda each: f"[{each[0]}, {each[1]})"),
        st.integers(0, 6).map(lambda n: f"<= {n}"), st.integers(0, 6).map(lambda n: f"> {n}"),
    )  # fmt: skip
    named = st.sampled_from(["any", "otherwise", "a", "b | a/b", "a/b"])
    written_rows = data.draw(st.lists(st.tuples(ranged, named), min_size=1, max_size=5))
    rows = [[read_cell(COUNT, number), read_cell(PATH, name)] for number, name in written_rows]
    names = frozenset(value for row in rows for value in row[1].values)
    others = not names or any(row[1].otherwise for row in rows)
    asked = sorted(str(name) for name in names) + (["z"] if others else [])
    counts = [_taking(rows, names, number, name) for number in range(-1, 9) for name in asked]
    found = flaws([COUNT, PATH], rows)
    assert any(flaw.row is None for flaw in found) == (0 in counts)
    assert any(flaw.row is not None for flaw in found) == any(count > 1 for count in counts)


def _taking(rows: list[list[Cell]], names: frozenset[Any], number: int, name: str) -> int:
    node = deepest(name, names)
    return sum(row[0].accepts(number, frozenset()) and row[1].accepts(node, names) for row in rows)
