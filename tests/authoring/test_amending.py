"""An amendment changes what it says it changes, and no other byte."""

import difflib
from datetime import date

import pytest

from earnest.authoring.amending import (
    NewEdition,
    NewInstrument,
    NewRow,
    NewValue,
    announced,
    edition_added,
    instrument_added,
    value_added,
)
from earnest.kernel.errors import Conflict, NotFound
from earnest.policy import PackError, load_pack_text
from tests.authoring.books import SHIPPED, STALL, changed

OCTOBER = date(2025, 10, 1)
ROWS = [NewRow(["< 100"], [0], "1"), NewRow([">= 100"], ["0.50"], "1", "top")]


def differences(old: str, new: str) -> list[str]:
    """Return the lines that went and came."""
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line for line in lines if line.startswith(("- ", "+ "))]


def test_a_value_is_added_beside_the_others() -> None:
    """A list on one line gets a second line; the comment behind it stays."""
    new = value_added(STALL, "late_max", NewValue(OCTOBER, "3%", "2", "M2", assumed=True))
    first = 'values: [{from: 2025-02-01, value: "4%", clause: "2", instrument: M1}'
    second = '{from: 2025-10-01, value: "3%", clause: "2", instrument: M2, assumed: true}]'
    assert differences(STALL, new) == [
        f"-     {first}]   # 4 of 100",
        f"+     {first},",
        f"+              {second}   # 4 of 100",
    ]


def test_a_value_stands_in_the_order_of_dates() -> None:
    """A value of an earlier day stands before a later one, in a list of lines too."""
    value = '{from: 2025-02-01, value: "4%", clause: "2", instrument: M1}'
    lines = changed((f"values: [{value}]", f"values:\n      - {value}"))
    for text in (STALL, lines):
        new = value_added(text, "late_max", NewValue(OCTOBER, "3%", "2", "M1"))
        new = value_added(new, "late_max", NewValue(date(2025, 6, 1), "5%", "2", "M1"))
        days = [value.since for value in load_pack_text(new).parameters["late_max"].values]
        assert days == [date(2025, 2, 1), date(2025, 6, 1), OCTOBER]
        assert len(differences(text, new)) <= 4


def test_editions_are_added_in_both_styles() -> None:
    """An edition is written as lines where the others are, and on one line where they are not."""
    new = edition_added(STALL, "sales_tier", NewEdition(OCTOBER, "M2", ROWS))
    assert [line for line in differences(STALL, new) if line.startswith("-")] == []
    assert '\n          - {when: ">= 100", then: ["0.50"], clause: "1", id: top}\n  goods:' in new
    goods = [NewRow(["otherwise"], [1, True], "1")]
    new = edition_added(STALL, "goods", NewEdition(OCTOBER, "M2", goods, assumed=True))
    assert "\n               {from: 2025-10-01, instrument: M2, assumed: true, rows: [{when:" in new


def test_a_draft_is_added_and_announced() -> None:
    """Its values decide once it is announced; announcing changes two words."""
    book = SHIPPED["kuaishou-shop-deposit"].read_text()
    act = NewInstrument(
        "S3b", date(2026, 3, 1), date(2026, 4, 1), importance="important", clause="S3-7.4",
        title={"zh": "修订", "en": "amendment"},
    )  # fmt: skip
    draft = instrument_added(book, act, "deposit.yaml")
    draft = value_added(
        draft, "base_deposit", NewValue(act.in_force, "12000.50", "S3-3.1c", "S3b"), "deposit.yaml"
    )
    assert len(load_pack_text(draft).parameters["base_deposit"].values) == 1
    law = announced(draft, "S3b", date(2026, 3, 2), "deposit.yaml")
    assert load_pack_text(law).parameter("base_deposit", on=date(2026, 4, 1)) == 1_200_050
    [gone, come] = differences(draft, law)
    assert gone[2:].replace("draft", "announced").replace("03-01", "03-02") == come[2:]


def test_lines_end_as_they_did() -> None:
    """A file of another system keeps its line ends."""
    text = STALL.replace("\n", "\r\n")
    new = edition_added(text, "sales_tier", NewEdition(OCTOBER, "M2", ROWS))
    assert "\n" not in new.replace("\r\n", "")


def test_what_cannot_be_amended_is_told() -> None:
    """An unknown name, a day taken, an id taken, an act that is law already, and a wrong value."""
    with pytest.raises(NotFound, match="late_max"):
        value_added(STALL, "late_maxx", NewValue(OCTOBER, 1, "2", "M2"))
    with pytest.raises(Conflict, match="another day"):
        value_added(STALL, "late_max", NewValue(date(2025, 2, 1), 1, "2", "M1"))
    with pytest.raises(Conflict, match="another id"):
        instrument_added(STALL, NewInstrument("M1", OCTOBER, OCTOBER))
    with pytest.raises(Conflict, match="only a draft"):
        announced(STALL, "M1", OCTOBER)
    with pytest.raises(NotFound, match="M2"):
        announced(STALL, "M22", OCTOBER)
    with pytest.raises(PackError, match="no instrument 'M3'"):
        value_added(STALL, "late_max", NewValue(OCTOBER, 1, "2", "M3"))
    with pytest.raises(PackError, match="reach back"):
        announced(STALL, "M2", date(2025, 10, 2))
