"""Lint says everything that can be said about a pack, each at its place and in both languages."""

from datetime import date
from pathlib import Path

import pytest

from earnest.authoring.lint import Remark, lint
from earnest.kernel.errors import BadInput
from earnest.policy import load_pack, load_pack_text
from tests.authoring.books import ROOT, SHIPPED, STALL, changed

LAW = load_pack(SHIPPED["platform-rules-measures"])
BROKEN = ROOT / "tests" / "policy" / "data" / "broken.yaml"
AFTER_LAW = ("published: 2025-09-01, in_force: 2025-10-01", "published: 2026-03-01, in_force: %s")


def told(text: str, *codes: str) -> list[str]:
    """Return the remarks with these codes as text, without the file's name."""
    remarks = lint(text, law=LAW, today=date(2025, 9, 15), name="s")
    assert all(remark.problem.zh and remark.problem.en for remark in remarks)
    return [
        f"{remark.problem.where.removeprefix('s:')} {remark.problem.en}"
        for remark in remarks
        if remark.problem.code in codes
    ]


def codes(text: str) -> set[tuple[str, str]]:
    """Return the severities and codes of all remarks."""
    return {(each.severity, each.problem.code) for each in lint(text, law=LAW, name="s")}


def test_a_sound_pack_has_only_information() -> None:
    """Neither error nor warning; the sample values are pointed out."""
    assert codes(STALL) == {("info", "assumed_value")}


def test_the_shipped_packs_have_no_error() -> None:
    """What is shipped can be used, and every warning in it is known."""
    for path in SHIPPED.values():
        assert [r for r in lint(path, law=LAW, name=path.name) if r.severity == "error"] == []


def test_every_load_problem_is_an_error() -> None:
    """A pack that does not load gives what the loader says, all of it."""
    remarks = lint(BROKEN)
    assert len(remarks) > 40
    assert {remark.severity for remark in remarks} == {"error"}
    assert remarks[0].as_dict()["where"].endswith("broken.yaml:5:47")
    with pytest.raises(BadInput):
        lint(Path("nowhere.yaml"))


def test_claims_are_held_against_what_computes() -> None:
    """An encoded clause that only a choice carries is not computed; others may give a reason."""
    claimed = changed(("encoded, by: [lateness]", "encoded, by: [combination]"))
    [line] = told(claimed, "unclaimed_clause")
    assert line.startswith("10:3 clause 2 is marked encoded, but nothing in its 'by' (combination)")
    human = changed(("encoded, by: [lateness]", "human"))
    assert told(human, "no_reason") == ["10:3 clause 2 is marked human; a note could say why"]
    assert told(human.replace("status: human", "status: human, note: why"), "no_reason") == []


def test_what_nothing_uses_is_told() -> None:
    """A parameter, table, choice, fact and step that no expression, outcome or claim names."""
    text = changed(
        ("late * 1000000 > late_max * orders", "late > 3"),
        ("max(by_sales, by_goods) if combination == 'larger' else by_sales + by_goods", "by_sales"),
        ("        interpretation: combination\n", ""),
    ).split("cases:")[0]
    assert [line.split(":", 1)[1].split(" remove")[0] for line in told(text, "unused")] == [
        "3 nothing uses the choice combination:",
        "3 nothing uses the parameter late_max:",
        "7 required: nothing uses the step by_goods:",
        "43 lateness: nothing uses the fact orders:",
    ]


@pytest.mark.parametrize(
    ("fact", "row", "wanted"),
    [
        ("{one_of: [glass]}", "otherwise", ["never reached, name can only be glass"]),
        ("{one_of: [glass, tin]}", "otherwise", []),
        ("{one_of: [tin]}", "otherwise", ["never reached, name can only be tin"]),
        ("{one_of: [glass]}", "wood", ["never reached, name can only be glass"]),
        ("text", "wood", []),
    ],
)
def test_rows_that_no_text_reaches(fact: str, row: str, wanted: list[str]) -> None:
    """Where every feed of an input is a closed list, rows outside it are told; else none."""
    text = changed(
        ("held: {each: goods}", f"held: {fact}"),
        ("highest(held, amount, True, 0)", "goods(held).amount"),
        ("when: otherwise", f"when: {row}"),
    ).split("cases:")[0]
    found = told(text, "unreachable_row")
    assert len(found) == len(wanted)
    assert all(part in line for part, line in zip(wanted, found, strict=True))


def test_texts_are_followed_through_steps() -> None:
    """A step that can only say two words feeds a table with these two."""
    text = changed(
        ("held: {each: goods}", "held: text"),
        ("highest(held, amount, True, 0)", "goods('glass' if sales_fen > 5 else 'tin').amount"),
        ("{when: otherwise, then: [0, false]", "{when: wood, then: [0, false]"),
    ).split("cases:")[0]
    [line] = told(text, "unreachable_row")
    assert line.endswith("name can only be glass, tin; remove or correct it")


def test_counts_are_never_negative() -> None:
    """A row below zero of what is counted is told, unless something is taken away from it."""
    for given, count in (
        ("late", 1),
        ("late + orders", 1),
        ("max(0, late - 5)", 1),
        ("late - 5", 0),
    ):
        text = changed(
            ("inputs: {sales: CNY}", "inputs: {sales: count}"),
            ("sales_tier(sales_fen).amount", "0"),
            ("late * 1000000 > late_max * orders", f"sales_tier({given}).amount > 0"),
            ('when: "< 5000"', 'when: "< 0"'),
            ('when: "[5000,', 'when: "[0,'),
        ).split("cases:")[0]
        assert len(told(text, "unreachable_row")) == count, given


def test_words_and_cases_that_are_missing() -> None:
    """A text without its English, a name without words, a decision without a case."""
    text = changed(
        ("{zh: 按货品, en: by goods}", "{zh: 按货品}"),
        ("  late: {zh: 迟发单, en: late orders}\n", ""),
    )
    text = text[: text.index("  - {decision: lateness")]
    assert [line.split(" ", 1)[1] for line in told(text, "no_text", "no_name", "no_case")] == [
        "decision lateness has no case: write at least one under cases",
        "late has no title and is not among the texts: readers see the bare name",
        "texts.by_goods: no English text; write en",
    ]
    assert told(text, "never_exercised") == [
        "22:14 no case uses late_max from 2025-02-01; one could be added"
    ]


def test_values_that_the_text_does_not_give() -> None:
    """Samples and open values are information; both name the element."""
    text = changed(('value: "4%"', "unset: true"))
    text = text[: text.index("  - {decision: lateness")]
    assert ("info", "unset_value") in codes(text)
    assert told(text, "assumed_value")[0].startswith("40:16 goods: a sample value")


@pytest.mark.parametrize(
    ("in_force", "more", "short"),
    [
        ("2026-03-07", "", True),
        ("2026-03-08", "", False),
        ("2026-03-15", ", importance: important", True),
        ("2026-03-16", ", importance: important", False),
        ("2026-03-01", ", importance: favourable", False),
        ("2026-02-20", ", change: erratum", False),
    ],
)
@pytest.mark.clause("M-notice-ordinary", "M-notice-important")
def test_notice_is_as_long_as_the_law_asks(in_force: str, more: str, short: bool) -> None:
    """Seven days, fifteen for an important act; favourable acts and errata are free."""
    text = changed((AFTER_LAW[0], AFTER_LAW[1] % in_force), ("state: draft", f"state: draft{more}"))
    found = told(text, "short_notice")
    assert bool(found) is short
    assert all("the earliest day is" in line and "M-notice" in line for line in found)


def test_notice_is_only_asked_of_acts_under_the_law() -> None:
    """Nothing is asked before the law, of a withdrawn act or without a law; a wrong law is told."""
    short = changed((AFTER_LAW[0], "published: 2026-01-31, in_force: 2026-02-01"))
    assert told(short, "short_notice") == []
    text = changed((AFTER_LAW[0], AFTER_LAW[1] % "2026-03-02"))
    assert ("error", "short_notice") in codes(text)
    assert told(text.replace("state: draft", "state: withdrawn"), "short_notice") == []
    assert not [r for r in lint(text) if r.problem.code == "short_notice"]
    with pytest.raises(BadInput, match="notice_days_ordinary"):
        lint(text, law=load_pack_text(STALL))


def test_drafts_that_come_too_late() -> None:
    """A draft whose day has come needs another; a withdrawn act never decides."""
    remarks = lint(STALL, today=date(2025, 10, 1), name="s")
    assert [r.problem.code for r in remarks if r.severity == "warning"] == ["late_draft"]
    assert told(STALL.replace("state: draft", "state: withdrawn"), "never_decides") == [
        "7:5 instrument M2 is withdrawn: its values never decide"
    ]


def test_a_base_is_linted_where_it_stands(tmp_path: Path) -> None:
    """A pack that extends another is remarked upon only for its own lines."""
    (tmp_path / "base.yaml").write_text(STALL)
    child = tmp_path / "child.yaml"
    child.write_text(
        "rulebook: child\nextends: base.yaml\n"
        "instruments: [{id: C1, published: 2025-03-01, in_force: 2025-04-01, state: in_force}]\n"
        'parameters: {spare: {unit: int, values: [{from: 2025-04-01, value: 1, clause: "1", '
        "instrument: C1}]}}\n"
        "cases: [{decision: lateness, in: {judged_on: 2025-05-01, late: 5, orders: 100}, "
        "out: {suspend: true}}]\n"
    )
    remarks: list[Remark] = lint(child)
    assert {r.problem.where.split(":")[0] for r in remarks} == {str(child)}
    assert "unused" in {r.problem.code for r in remarks}


def test_a_small_whole_number_for_a_rate_is_asked_about() -> None:
    """In a value, an output and a cell; percentages and larger numbers are not."""
    value = changed(('"4%"', "80")).replace("  - {decision: lateness", "  #")
    [line] = told(value, "tiny_rate")
    assert line.startswith("22:")
    assert 'or did you mean "80%"?' in line
    assert told(changed(('"4%"', "40000")), "tiny_rate") == []
    table = (
        "  rebate:\n    inputs: {late: ppm}\n    outputs: {part: ppm}\n    editions: [{from: "
        "2025-02-01, instrument: M1, rows: [{when: '< 50', then: ['0.5%'], clause: '1'}, "
        "{when: ['>= 50'], then: [7], clause: '1'}]}]\n  goods:"
    )
    found = told(changed(("  goods:", table)), "tiny_rate")
    assert [line.partition(" ")[2][:25] for line in found] == [
        "50 parts per million are ", "50 parts per million are ", "7 parts per million are 0",
    ]  # fmt: skip


def test_days_of_a_calendar_that_change_nothing() -> None:
    """A closed Saturday, an opened Monday; the others are what they are for."""
    calendar = (
        "calendars:\n  workdays:\n    first: 2025-01-01\n    last: 2025-12-31\n"
        "    closed: [2025-10-01, 2025-10-04]\n    opened: [2025-10-11, 2025-10-13]\ndecisions:\n"
    )
    text = changed(("decisions:\n", calendar))
    [closed] = told(text, "closed_weekend")
    [opened] = told(text, "opened_weekday")
    assert "2025-10-04 is off by the week anyway" in closed
    assert "2025-10-13 is a working day" in opened


def test_a_choice_that_is_asked_is_named() -> None:
    """Otherwise no explanation tells it."""
    [line] = told(changed(("        interpretation: combination\n", "")), "unnamed_choice")
    assert "required.required_fen asks combination" in line
    assert told(STALL, "unnamed_choice") == []


def test_a_case_refused_for_want_of_a_value_uses_it() -> None:
    """What is unset and shown to be refused is not called untried."""
    unset = changed(('value: "4%"', "unset: true"))
    unset = unset.replace("out: {suspend: true}}", 'refused: "unset:late_max"}')
    assert told(unset, "never_exercised") == []


def test_a_book_out_of_another_wants_cases_of_its_own(tmp_path: Path) -> None:
    """Those of its base are not run for it."""
    (tmp_path / "stall.yaml").write_text(STALL, encoding="utf-8")
    child = tmp_path / "child.yaml"
    child.write_text("rulebook: child\nextends: stall.yaml\n", encoding="utf-8")
    found = [(each.severity, each.problem.code) for each in lint(child)]
    assert found == [("warning", "no_own_cases")]
