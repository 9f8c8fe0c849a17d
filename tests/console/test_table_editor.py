"""A table's rows edited in the page: kept as typed, wrong ones said at the cell."""

from datetime import date

import pytest

from earnest.authoring.amending import NewRow
from earnest.console.table_editor import TableEditor, editor_from, editor_of, written_out
from earnest.kernel.errors import BadInput
from earnest.policy import Pack, load_pack_text
from earnest.policy.kinds import WORDS

BOOK = """
rulebook: stall
instruments: [{id: M1, published: 2025-01-10, in_force: 2025-02-01, state: in_force}]
clauses:
  "1": {zh: 按销售额, en: by sales, status: encoded, by: [tier]}
tables:
  tier:
    inputs: {sales: CNY, fragile: bool}
    outputs: {amount: CNY, rate: ppm}
    editions:
      - from: 2025-02-01
        instrument: M1
        rows:
          - {when: ["< 5000", any], then: ["999.50", 5000], clause: "1"}
          - {when: [">= 5000", any], then: [3000, 970000], clause: "1"}
decisions:
  ask:
    governed_by: on
    facts: {on: date, sales_fen: CNY, is_fragile: bool}
    steps: {amount: {expr: "tier(sales_fen, is_fragile).amount", clause: "1"}}
    outcome: [amount]
"""


@pytest.fixture
def pack() -> Pack:
    """Return a book with one table."""
    return load_pack_text(BOOK, "stall")


def _form(*rows: tuple[str, ...]) -> dict[str, str]:
    form = {"rows": str(len(rows))}
    for number, row in enumerate(rows):
        *cells, clause = row
        form |= {f"cell-{number}-{place}": cell for place, cell in enumerate(cells)}
        form[f"clause-{number}"] = clause
    return form


def _editor(pack: Pack, *rows: tuple[str, ...]) -> TableEditor:
    return editor_from(pack, pack.tables["tier"], _form(*rows))


def test_it_starts_from_the_rows_in_force(pack: Pack) -> None:
    """Money stands in yuan and a rate in percent, as a person writes them; unchanged it is fine."""
    editor = editor_of(pack, pack.tables["tier"], date.max)
    shown = [[cell.value for cell in row.cells] for row in editor.rows]
    assert shown == [["< 5000", "any", "999.5", "0.5%"], [">= 5000", "any", "3000", "97%"]]
    editor.check()
    assert not editor.wrong
    [first, _] = editor.as_rows()
    assert first == NewRow(["< 5000", "any"], ["999.5", "0.5%"], "1", "")


def test_a_wrong_cell_says_so_in_its_place(pack: Pack) -> None:
    """Each cell that cannot be read says what to write; the others say nothing."""
    editor = _editor(
        pack,
        ("=> 5000", "maybe", "many", "0.5%", "1"),
        ("< 5000", "any", "12.345", "x", "no such clause"),
        ("", "true", "1", "5000", "1"),
    )
    editor.check()
    wrong = [[bool(cell.problem) for cell in row.cells] for row in editor.rows]
    assert wrong == [
        [True, True, True, False],
        [False, False, True, True],
        [True, False, False, False],
    ]
    assert [bool(row.clause.problem) for row in editor.rows] == [False, True, False]


def test_a_gap_is_said_of_the_table_and_an_overlap_of_the_row(pack: Pack) -> None:
    """Every amount falls into exactly one row, or the editor says which does not."""
    gap = _editor(pack, ("< 5000", "any", "1", "0", "1"), (">= 6000", "any", "2", "0", "1"))
    gap.check()
    assert "5000 到 6000" in gap.problem
    overlap = _editor(pack, ("< 5000", "any", "1", "0", "1"), (">= 4000", "any", "2", "0", "1"))
    overlap.check()
    assert [bool(row.problem) for row in overlap.rows] == [False, True]
    assert "1" in overlap.rows[1].problem
    assert overlap.wrong


def test_rows_come_and_go(pack: Pack) -> None:
    """A new row takes the clause above it; taking one away moves the others up, as typed."""
    editor = _editor(pack, ("a", "b", "c", "d", "1"), ("e", "f", "g", "h", "1"))
    editor.row_add()
    assert editor.rows[2].clause.value == "1"
    editor.row_remove(0)
    assert [row.number for row in editor.rows] == [0, 1]
    assert editor.rows[0].cells[0].name == "cell-0-0"
    assert [cell.value for cell in editor.rows[0].cells] == ["e", "f", "g", "h"]
    editor.row_remove(0)
    editor.row_remove(0)
    editor.check()
    assert editor.problem


def test_a_sheet_fills_the_rows(pack: Pack) -> None:
    """A sheet with the table's header replaces the rows; another header is refused by name."""
    editor = editor_of(pack, pack.tables["tier"], date.max)
    header = ["sales", "fragile", "amount", "rate", "clause", "id"]
    editor.sheet_take([header, [">= 0", "any", "7", "0", "1", "r1"], ["", "", ""]])
    assert [row.id for row in editor.rows] == ["r1"]
    assert [cell.value for cell in editor.rows[0].cells] == [">= 0", "any", "7", "0"]
    with pytest.raises(BadInput) as refused:
        editor.sheet_take([["sales", "amount"]])
    assert refused.value.problem.code == "sheet_header"
    with pytest.raises(BadInput) as too_long:
        editor.sheet_take([header, *[["1"] * 6] * (editor.row_count_max + 1)])
    assert too_long.value.problem.code == "sheet_long"


def test_a_form_of_nonsense_is_no_error(pack: Pack) -> None:
    """A number of rows that is none, or beyond all measure, gives a table and no failure."""
    for rows in ("many", "-1", "", "٣"):
        assert len(editor_from(pack, pack.tables["tier"], {"rows": rows}).rows) in {0, 3}
    full = editor_from(pack, pack.tables["tier"], {"rows": "999999999"})
    assert len(full.rows) == full.row_count_max


@pytest.mark.parametrize(
    ("unit", "value", "written"),
    [
        ("CNY", 99950, "999.5"),
        ("CNY", -5, "-0.05"),
        ("CNY", 3_000_000, "30000"),
        ("ppm", 5000, "0.5%"),
        ("ppm", 1, "0.0001%"),
        ("days", 7, "7"),
        ("bool", True, "true"),
        ("text", "hide", "hide"),
        ("date", date(2026, 1, 31), "2026-01-31"),
    ],
)
def test_values_are_written_as_a_person_types_them(unit: str, value: object, written: str) -> None:
    """What the editor shows reads back as the same value."""
    assert written_out(WORDS[unit], value) == written
