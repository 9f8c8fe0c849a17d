"""Mutants: which numbers the golden cases hold fast, and which they do not."""

import pytest

from earnest.authoring.mutation import mutants, mutants_count, stepped
from earnest.policy import load_pack, load_pack_text
from tests.authoring.books import SHIPPED, STALL, changed


def survivors(text: str) -> list[str]:
    """Return the mutants of a pack that no case notices, as line and change."""
    pack = load_pack_text(text)
    return [
        f"{each.place.split(':')[1]} {each.clause} {each.what}"
        for each in mutants(pack, "m.yaml")
        if each.survived
    ]


def test_numbers_without_a_case_at_their_edge_survive() -> None:
    """The tier's lower edge is held from both sides, its upper one from one side only."""
    found = survivors(STALL)
    assert "32 1 sales: edge 5000 -> 5000.01" not in found
    assert "32 1 sales: edge 5000 -> 4999.99" in found  # 4,999.99 has glass, which costs more
    assert "34 1 sales: edge 20000 -> 20000.01" not in found
    assert "34 1 sales: edge 20000 -> 19999.99" in found
    assert any(each.startswith("22 2 4% -> ") for each in found)
    more = STALL + (
        "  - {decision: lateness, in: {judged_on: 2025-03-01, late: 401, orders: 10000}, "
        "out: {suspend: true}}\n"
        "  - {decision: lateness, in: {judged_on: 2025-03-01, late: 4, orders: 100}, "
        "out: {suspend: false}}\n"
    )
    assert not [each for each in survivors(more) if "4%" in each and "3.99%" in each]


def test_drafts_are_left_alone_and_all_is_put_back() -> None:
    """Values of a draft make no mutant; the pack is the same afterwards."""
    later = ', {from: 2025-10-01, value: "3%", clause: "2", instrument: M2}]'
    text = changed(('clause: "2", instrument: M1}]', 'clause: "2", instrument: M1}' + later))
    pack = load_pack_text(text)
    assert not [each for each in mutants(pack) if "3%" in each.what]
    assert list(mutants(pack)) == list(mutants(pack))
    assert mutants_count(pack) == len(list(mutants(pack)))


@pytest.mark.parametrize(
    ("raw", "unit", "wanted"),
    [
        (0, "CNY", ["-0.01", "0.01"]),
        ("-0.01", "CNY", ["-0.02", "0.00"]),
        ("999.5", "CNY", ["999.49", "999.51"]),
        (7, "JPY", [6, 8]),
        (970000, "ppm", [969900, 970100]),
        (1, "ppm", [0, 2]),
        ("0.125%", "ppm", ["0.124%", "0.126%"]),
        ("97%", "ppm", ["96.99%", "97.01%"]),
        ("1_000", "count", [999, 1001]),
        (True, "int", []),
        ("glass", "text", []),
        ("2025-03-01", "date", ["2025-02-28", "2025-03-02"]),
    ],
)
def test_a_step_is_the_smallest_unit(raw: object, unit: str, wanted: list[object]) -> None:
    """A cent of money, a millionth of a rate, a day of a date."""
    assert [each if isinstance(each, int) else str(each) for each in stepped(raw, unit)] == wanted


@pytest.mark.long
def test_the_shipped_packs_kill_most_of_their_mutants() -> None:
    """What is shipped is held by its own cases, at least as well as it was."""
    for path in SHIPPED.values():
        found = list(mutants(load_pack(path), str(path)))
        assert sum(not each.survived for each in found) * 2 >= len(found), path.stem


def test_a_number_of_an_expression_is_told_apart_from_its_like() -> None:
    """Its own column, and the text around it with the number in brackets."""
    text = changed(
        ('by_sales: {expr: "sales_tier', 'by_sales: {expr: "0 + max(0, 0) + sales_tier'),
    )
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "by_sales: {expr" in each)
    found = {
        (each.place, each.what)
        for each in mutants(load_pack_text(text), "m.yaml")
        if each.element == "required.by_sales" and "-> 1" in each.what
    }
    assert found == {
        (f"m.yaml:{line}:25", "0 -> 1 in [0] + max(0, 0) + sales_tie…"),
        (f"m.yaml:{line}:33", "0 -> 1 in 0 + max([0], 0) + sales_tier(sales_…"),
        (f"m.yaml:{line}:36", "0 -> 1 in 0 + max(0, [0]) + sales_tier(sales_fen…"),
    }


def test_no_amount_is_made_negative() -> None:
    """An output or a value of nothing is only raised."""
    found = [each.what for each in mutants(load_pack_text(STALL), "m.yaml")]
    assert "row 2, amount: 0 -> 0.01" in found
    assert not [each for each in found if "-0.01" in each]
