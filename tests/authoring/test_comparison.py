"""Two packs side by side: every difference, by clause, day and act; none where there is none."""

from datetime import date

import pytest

from earnest.authoring.comparison import Change, compare
from earnest.policy import load_pack, load_pack_text
from tests.authoring.books import SHIPPED, STALL, changed

OCTOBER = date(2025, 10, 1)


def changes(new: str, old: str = STALL) -> list[Change]:
    """Return what a text changes; its golden cases are left aside."""
    before, after = (text.partition("cases:")[0] for text in (old, new))
    return compare(load_pack_text(before, "old"), load_pack_text(after, "new"))


def test_the_same_pack_has_no_differences() -> None:
    """Comments, spaces and the order of keys are no difference either."""
    for path in SHIPPED.values():
        assert compare(load_pack(path), load_pack(path)) == []
    assert changes(changed(("# the middle one", "#"), ("unit: ppm", "unit:   ppm"))) == []


def test_a_draft_value_stands_beside_the_one_it_follows() -> None:
    """Old and new, from when, by which act, although the act is a draft yet."""
    later = ', {from: 2025-10-01, value: "3%", clause: "2", instrument: M2}]'
    text = changed(('clause: "2", instrument: M1}]', 'clause: "2", instrument: M1}' + later))
    assert changes(text) == [
        Change("parameters", "late_max", "2", "changed", "value", "4% ppm", "3% ppm", OCTOBER, "M2")
    ]
    [back] = changes(STALL, text)
    assert (back.kind, back.old, back.new) == ("removed", "3% ppm", "")


def test_rows_of_a_new_edition_are_compared_with_the_one_before() -> None:
    """An amount that changed, an edge that moved, a row that came and one that went."""
    rows = (
        "      - {from: 2025-10-01, instrument: M2, rows: ["
        '{when: "< 5000", then: [600], clause: "1"}, '
        '{when: "[5000, 30000)", then: ["999.50"], clause: "1"}, '
        '{when: ">= 30000", then: [9000], clause: "1"}]}\n  goods:'
    )
    found = changes(changed(("  goods:", rows)))
    assert [(each.kind, each.field, each.old, each.new) for each in found] == [
        ("added", "edition", "", "2025-10-01"),
        ("changed", "-> 999.50", "[5000, 20000)", "[5000, 30000)"),
        ("changed", "< 5000", "500", "600"),
        ("removed", ">= 20000", "3000", ""),
        ("added", ">= 30000", "", "9000"),
    ]
    assert {(each.from_on, each.act, each.clause) for each in found} == {(OCTOBER, "M2", "1")}


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("a deposit by sales", "a deposit", ("clauses", "1", "1", "en")),
        ("choice: larger", "choice: sum", ("interpretations", "combination", "1", "choice")),
        ("amount, True", "amount, fragile", ("decisions", "required", "1", "steps.by_goods.expr")),
        ("orders: count}", "orders: int}", ("decisions", "lateness", "", "facts.orders")),
        ("state: draft", "state: consultation", ("instruments", "M2", "9", "state")),
        ("{zh: 订单, en: orders}", "{zh: 单, en: orders}", ("texts", "orders", "", "")),
        ("en: Stall deposit", "en: Stall", ("book", "stall", "", "title")),
        ("unit: ppm", "unit: int", ("parameters", "late_max", "2", "unit")),
        (
            "modality: may",
            "modality: must",
            ("decisions", "lateness", "2", "steps.suspend.modality"),
        ),
    ],
)
def test_every_kind_of_difference(old: str, new: str, wanted: tuple[str, ...]) -> None:
    """Words, choices, steps, facts, acts, names: each is one change at its clause."""
    before = STALL.replace('"4%"', "40000")
    found = changes(before.replace(old, new), before)
    told = {(each.section, each.name, each.clause, each.field) for each in found}
    assert wanted in told
    assert {each.kind for each in found} == {"changed"}


def test_elements_that_come_and_go() -> None:
    """A decision, a step, a window and a suspension that only one of the two has."""
    more = (
        'windows: {fair: {days: [{first: 2025-05-01, last: 2025-05-05, clause: "2", '
        "instrument: M1}]}}\n"
        'suspensions: [{clause: "2", from: 2025-03-01, instrument: M1}]\ndecisions:\n'
        "  other: {governed_by: on, facts: {on: date}, steps: {one: {expr: '1', clause: '1'}}}\n"
    )
    text = changed(
        ("decisions:\n", more),
        ("    outcome: [req", "      extra: {expr: '1', clause: '1'}\n    outcome: [req"),
    )
    found = {(each.section, each.name, each.kind, each.field) for each in changes(text)}
    assert found == {
        ("windows", "fair", "added", ""),
        ("suspensions", "2", "added", ""),
        ("decisions", "other", "added", ""),
        ("decisions", "required", "added", "steps.extra"),
    }
    gone = {each.kind for each in changes(STALL, text)}
    assert gone == {"removed"}


def test_cases_are_compared_as_they_are() -> None:
    """A case that was changed is one that went and one that came."""
    text = changed(("late: 5, orders", "late: 6, orders"))
    found = compare(load_pack_text(STALL, "old"), load_pack_text(text, "new"))
    assert {(each.section, each.name, each.kind) for each in found} == {
        ("cases", "lateness", "added"),
        ("cases", "lateness", "removed"),
    }


def test_clauses_come_in_their_order() -> None:
    """Differences are sorted by the clause on which they rest."""
    text = changed(("late shipping suspends", "late"), ("a deposit by sales", "a deposit"))
    assert [each.clause for each in changes(text)] == ["1", "2"]


def test_each_side_has_the_unit_of_its_own_book() -> None:
    """An amount in pounds is not called yen because the other book counts in yen."""
    pounds = changed(("unit: ppm", "unit: GBP"), ('"4%"', "1"))
    yen = changed(("unit: ppm", "unit: JPY"), ('"4%"', "100"))
    found = {each.field: (each.old, each.new) for each in changes(yen, pounds)}
    assert found["value"] == ("1 GBP", "100 JPY")
    assert found["unit"] == ("GBP", "JPY")


def test_an_edition_of_the_same_rows_says_so() -> None:
    """It is added from its day; taken away again, edition and rows are removed."""
    start = STALL.index("      - from: 2025-02-01")
    edition = STALL[start : STALL.index("  goods:")]
    later = edition.replace("2025-02-01", "2025-10-01").replace("M1", "M2")
    text = changed((edition, edition + later))
    [added] = changes(text)
    assert (added.kind, added.old, added.new) == (
        "added", "", "2025-10-01 (rows as from 2025-02-01)",
    )  # fmt: skip
    assert (added.from_on, added.act) == (OCTOBER, "M2")
    removed = changes(STALL, text)
    assert removed[0].field == "edition"
    assert {each.kind for each in removed} == {"removed"}
