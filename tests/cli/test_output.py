"""How reading commands print: a table, a JSON list, CSV that no spreadsheet runs."""

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.cli.output import FORMULA_STARTS, emit

ROWS = [
    {"subject": "P1", "numerator": 97, "window_from": date(2025, 8, 1), "state": None},
    {"subject": "=HYPERLINK()", "numerator": -3, "more": {"a": [1]}},
]


def test_json_is_a_list_of_objects_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of stdout parses as a list; days and ids are text."""
    made_at = datetime(2025, 9, 8, tzinfo=UTC)
    emit([*ROWS, {"id": UUID(int=1), "made_at": made_at}], "json")
    read = json.loads(capsys.readouterr().out)
    assert read[0] == {
        "subject": "P1",
        "numerator": 97,
        "window_from": "2025-08-01",
        "state": None,
    }
    assert read[2] == {
        "id": "00000000-0000-0000-0000-000000000001",
        "made_at": "2025-09-08T00:00:00+00:00",
    }


@pytest.mark.parametrize(("output_format", "empty"), [("json", "[]\n"), ("table", "(no rows)\n")])
def test_nothing_found_is_said(
    output_format: str, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No rows are an empty list, or words for a person."""
    emit([], output_format)
    assert capsys.readouterr().out == empty


def test_csv_has_every_column_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows with other keys share one header; what is missing is empty."""
    emit(ROWS, "csv")
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(read[0]) == ["subject", "numerator", "window_from", "state", "more"]
    assert (read[1]["numerator"], read[0]["more"], read[1]["more"]) == ("-3", "", '{"a": [1]}')


@given(st.text())
def test_no_text_becomes_a_formula(text: str) -> None:
    """Whatever a text holds, its cell does not begin as a formula does."""
    from earnest.cli.output import _spreadsheet_cell  # the one place where cells are written

    cell = _spreadsheet_cell(text)
    assert not cell.startswith(FORMULA_STARTS)
    assert cell.endswith(text)


def test_a_table_shows_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    """A table for people holds headers and values."""
    rows: list[dict[str, Any]] = ROWS
    emit(rows, "table")
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("subject", "P1", "97", "2025-08-01"))
