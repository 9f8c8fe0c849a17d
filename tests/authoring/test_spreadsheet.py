"""Tables go out to a sheet and come back: nothing else in the pack moves."""

import io
from datetime import date
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from earnest.authoring.sheets import Sheet, SheetFormat, as_csv, as_xlsx, read_sheet
from earnest.authoring.spreadsheet import table_in, table_out
from earnest.kernel.errors import BadInput, NotFound
from earnest.policy import Pack, PackError, load_pack, load_pack_text
from tests.authoring.books import EVERY_FORM, SHIPPED, STALL

PACKS = {name: load_pack(path) for name, path in SHIPPED.items()}
PACKS |= {"stall": load_pack_text(STALL), "every": load_pack(EVERY_FORM)}
WITHOUT_CASES = STALL.split("cases:")[0]
HEAD = "sales,amount,clause,id\n"


def taken(rows: str, pack: Pack = PACKS["stall"], table: str = "sales_tier") -> str:
    """Return the pack's text with a CSV sheet's rows in its table."""
    return table_in(pack, table, (rows.encode(), "t.csv"), None)


@pytest.mark.parametrize("name", PACKS)
def test_out_and_in_again_changes_nothing(name: str) -> None:
    """Every edition of every table of every pack comes back byte for byte, in both formats."""
    pack = PACKS[name]
    forms: tuple[SheetFormat, ...] = ("csv", "xlsx")
    for table, shape in pack.tables.items():
        for edition, form in product(shape.editions, forms):
            sheet = (table_out(pack, table, edition.since, form), f"t.{form}")
            assert table_in(pack, table, sheet, edition.since) == pack.text, (table, form)


@settings(max_examples=40, deadline=None)
@given(
    edges=st.lists(st.integers(1, 10**9), min_size=1, max_size=8, unique=True).map(sorted),
    amounts=st.lists(st.integers(0, 10**9), min_size=9, max_size=9),
    ids=st.lists(st.sampled_from(["", "a", "9", "高档"]), min_size=9, max_size=9),
)
def test_any_rows_come_back_as_they_are(
    edges: list[int], amounts: list[int], ids: list[str]
) -> None:
    """Whatever rows a sheet holds, the pack then holds them, and gives the same sheet again."""
    pack = load_pack_text(WITHOUT_CASES, "stall")
    bounds = [None, *edges, None]
    cells = [
        f"< {high}" if low is None else f">= {low}" if high is None else f"[{low}, {high})"
        for low, high in pairwise(bounds)
    ]
    lines = [
        f'"{cell}",{amount},1,{row_id}\n'
        for cell, amount, row_id in zip(cells, amounts, ids, strict=False)
    ]
    sheet = (HEAD + "".join(lines)).encode()
    text = table_in(pack, "sales_tier", (sheet, "t.csv"), None)
    again = table_out(load_pack_text(text, "stall"), "sales_tier", None, "csv")
    assert read_sheet(again, "t.csv") == read_sheet(sheet, "t.csv")
    assert text.startswith(WITHOUT_CASES.split("sales_tier:")[0])
    assert text.endswith(WITHOUT_CASES.split("  goods:")[1])


def test_only_the_cells_that_differ_are_written() -> None:
    """A changed amount changes one number; comments, spaces and the other rows stay."""
    new = taken(HEAD + '< 5000,500,1,\n"[5000, 20000)",1000,1,\n>= 20000,3000,1,\n')
    assert new == STALL.replace('then: ["999.50"], clause', "then: [1000], clause")


def test_an_output_without_a_value_comes_back() -> None:
    """A value that the rule does not give is the word null in a sheet; a blank cell is an error."""
    rows = "< 5000,null,1,\n>= 5000,500,1,\n"
    pack = load_pack_text(taken(HEAD + rows, load_pack_text(WITHOUT_CASES, "stall")), "stall")
    assert [row.outputs["amount"] for row in pack.tables["sales_tier"].editions[0].rows] == [
        None, 50_000,
    ]  # fmt: skip
    sheet = table_out(pack, "sales_tier", None, "csv")
    assert "null" in sheet.decode("utf-8-sig")
    assert table_in(pack, "sales_tier", (sheet, "t.csv"), None) == pack.text
    with pytest.raises(BadInput, match="amount"):
        taken(HEAD + "< 5000,,1,\n>= 5000,500,1,\n")


def test_rows_are_added_and_removed_in_their_place() -> None:
    """A new row stands between its neighbours; a row that went takes no comment with it."""
    new = taken(HEAD + '< 100,1,1,low\n"[100, 5000)",500,1,\n>= 5000,3000,1,\n')
    rows = new.split("rows:\n")[1].split("  goods:")[0].splitlines()
    assert [row.strip() for row in rows] == [
        '- {when: "< 100", then: [1], clause: "1", id: low}   # small',
        "# the middle one",
        '- {when: "[100, 5000)",  then: [500], clause: "1"}',
        '- {when: ">= 5000",       then: [3000],     clause: "1"}',
    ]
    goods = (
        "name,amount,fragile,clause,id\nglass,2000,true,1,\ntin,1,FALSE,1,\notherwise,0,false,1,\n"
    )
    assert '{when: tin, then: [1, false], clause: "1"}' in taken(goods, table="goods")


def test_a_new_edition_needs_its_act() -> None:
    """With a day and an act the rows become an edition of their own; without an act it is asked."""
    sheet = ((HEAD + "< 1,0,1,\n>= 1,5,1,\n").encode(), "t.csv")
    day = date(2025, 10, 1)
    new = table_in(PACKS["stall"], "sales_tier", sheet, day, "M2")
    assert "      - from: 2025-10-01\n        instrument: M2\n        rows:\n" in new
    with pytest.raises(NotFound, match="--instrument"):
        table_in(PACKS["stall"], "sales_tier", sheet, day)
    with pytest.raises(BadInput, match="--from"):
        table_in(PACKS["stall"], "sales_tier", sheet, None, "M2")


def test_every_wrong_cell_is_told_with_row_and_column() -> None:
    """All of them at once, with what to write; a wrong header, a gap and an empty sheet, too."""
    with pytest.raises(PackError) as caught:
        taken(HEAD + "<< 5,0,1,\n>= 5,1.234,,\n>= 9,x,1,,more\n")
    places = [problem.where for problem in caught.value.problems]
    assert places == [
        "t.csv: row 2, column sales", "t.csv: row 3, column amount", "t.csv: row 3, column clause",
        "t.csv: row 4, column amount", "t.csv: row 4",
    ]  # fmt: skip
    assert all(problem.zh and problem.en for problem in caught.value.problems)
    with pytest.raises(BadInput, match="sales, amount, clause, id"):
        taken("sale,amount\n")
    with pytest.raises(PackError, match="gap"):
        taken(HEAD + ">= 5,1,1,\n")
    with pytest.raises(PackError, match="a row at least"):
        taken(HEAD)
    with pytest.raises(BadInput, match="nothing in the sheet"):
        taken("")


def test_an_xlsx_sheet_is_fit_for_people() -> None:
    """The header is frozen, columns are wide enough, texts are no formulas, and notes are there."""
    book = load_workbook(io.BytesIO(table_out(PACKS["stall"], "sales_tier", None, "xlsx")))
    page, notes = book.worksheets
    assert page.freeze_panes == "A2"
    assert page.column_dimensions["A"].width >= len("[5000, 20000)")
    assert [cell.value for cell in page[3]] == ["[5000, 20000)", "999.50", "1", None]
    assert "otherwise" in str([cell.value for row in notes for cell in row])


def test_what_a_spreadsheet_makes_of_cells_is_understood() -> None:
    """Numbers with decimals and percentages come back as text; formulas stay text both ways."""
    rows = [[999.5, True, date(2025, 2, 1), "=1+1", "'x", None]]
    sheet = Sheet("t", ["a", "b", "c", "d", "e", "f"], rows)
    told = ["999.5", "true", "2025-02-01", "=1+1", "'x", ""]
    assert read_sheet(as_csv(sheet), "t.csv")[1] == told
    assert read_sheet(as_xlsx(sheet), "t.xlsx")[1] == told
    book = load_workbook(io.BytesIO(as_xlsx(sheet)))
    book.worksheets[0]["A2"].value = 0.005
    book.worksheets[0]["A2"].number_format = "0.0%"
    again = io.BytesIO()
    book.save(again)
    assert read_sheet(again.getvalue(), "t.xlsx")[1][0] == "0.5%"


@pytest.mark.parametrize("data", [b"PK\x03\x04 no archive", b"\xff\xfe\x00\xd8", b'a,"b\nc'])
def test_what_is_no_sheet_is_bad_input(data: bytes) -> None:
    """A broken archive, bytes that are no text, and quotes that never end are told."""
    with pytest.raises(BadInput):
        read_sheet(data, "t")
