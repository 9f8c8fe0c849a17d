"""A wrong pack is refused with every problem in it: where, what, and what to write instead."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.kernel.errors import BadInput, Problem
from earnest.policy import PackError, load_pack, load_pack_text

DATA = Path(__file__).parent / "data"
HEAD = """rulebook: small
instruments: [{id: A, published: 2025-01-01, in_force: 2025-02-01, state: in_force}]
"""
TIER = """tables:
  tier:
    inputs: {sales: CNY}
    outputs: {amount: CNY}
    editions:
      - {from: 2025-02-01, instrument: A, rows: [%s]}
"""


def problems_of(text: str) -> list[str]:
    """Return the problems of a pack's text, in English."""
    with pytest.raises(PackError) as caught:
        load_pack_text(text, "small.yaml")
    assert all(problem.zh and problem.en for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def test_every_problem_of_a_broken_pack_is_reported_at_its_place() -> None:
    """One reading lists all of them, in the order of the file, in both languages."""
    with pytest.raises(PackError) as caught:
        load_pack_text((DATA / "broken.yaml").read_text(), "broken.yaml")
    said = "".join(f"{problem}\n    {problem.zh}\n" for problem in caught.value.problems)
    assert said == (DATA / "broken.txt").read_text()
    assert str(caught.value).count("\n") == len(caught.value.problems) - 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            '{when: "< 900000", then: [0], clause: a}, {when: ">= 1000000", then: [1], clause: a}',
            "small.yaml:8:49: tier: gap between 90000000 and 100000000 [gap]",
        ),
        (
            '{when: ">= 5", then: [1], clause: a}',
            "small.yaml:8:49: tier: gap below 500 [gap]",
        ),
        (
            '{when: "< 5", then: [1], clause: a}',
            "small.yaml:8:49: tier: gap from 500 on [gap]",
        ),
        (
            '{when: "< 9", then: [0], clause: a}, {when: ">= 8", then: [1], clause: a}',
            (
                "small.yaml:8:87: tier: overlap: between 800 and 900 already decided on line 8 "
                "[overlap]"
            ),
        ),
        (
            '{when: "=> 1000000", then: [0], clause: a}',
            'small.yaml:8:57: tier: cell \'=> 1000000\': write "< n", ">= n" or "[a, b)" [cell]',
        ),
        (
            "{when: 5, then: [0], clause: a}",
            'small.yaml:8:57: tier: cell 5: write "< n", ">= n" or "[a, b)" [cell]',
        ),
    ],
)
def test_tables_have_neither_gaps_nor_overlaps(rows: str, said: str) -> None:
    """Every number falls into exactly one row, or the pack is refused."""
    assert problems_of(HEAD + TIER % rows) == [said]


def test_a_text_decided_twice_is_an_overlap() -> None:
    """The later row is pointed at, and the line of the earlier one is named."""
    text = HEAD + (
        "tables:\n  kinds:\n    inputs: {kind: text}\n    outputs: {amount: CNY}\n    editions:\n"
        "      - from: 2025-02-01\n        instrument: A\n        rows:\n"
        "          - {when: apparel, then: [1], clause: a}\n"
        "          - {when: apparel, then: [2], clause: a}\n"
    )
    assert problems_of(text) == [
        "small.yaml:12:13: kinds: overlap: 'apparel' already decided on line 11 [overlap]"
    ]


NO_BOOK = "1:1: a file holds one rulebook, written as keys and values [yaml]"
NO_SCALAR = (
    " is no whole number, day, true/false or text; "
    'write an amount with decimals in quotes, like "0.5" [scalar]'
)
FLOAT = """parameters:
  x: {unit: CNY, values: [{from: 2025-02-01, value: 0.5, clause: a, instrument: A}]}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            HEAD + "title: {zh: a, zh: b}\n",
            "3:16: key 'zh' is given twice, first on line 3; remove one [duplicate_key]",
        ),
        (HEAD + FLOAT, f"4:53: '0.5'{NO_SCALAR}"),
        (HEAD + "title: &a {zh: b}\n", "3:8: anchors and aliases are not used here [anchor]"),
        (HEAD + "title: {zh: !!python/name:os.system x}\n", f"3:13: 'x'{NO_SCALAR}"),
        (
            HEAD + "titel: {zh: a}\n",
            "3:1: unknown key 'titel'; did you mean 'title'? [unknown_key]",
        ),
        (HEAD.replace("2025-01-01", "2025-02-30"), "2:34: there is no day 2025-02-30 [date]"),
        (
            HEAD.replace("in_force: 2025-02-01, ", ""),
            "2:15: 'in_force' is missing here [missing_key]",
        ),
        (
            "a: [1, 2\n",
            "2:1: not valid YAML: expected ',' or ']', but got '<stream end>' [yaml]",
        ),
        (
            "%YAML 1.1\n---\na: b\n",
            "1:1: not valid YAML: remove the directive, the line with % [yaml]",
        ),
        (HEAD + "texts: {a: *b}\n", "3:12: not valid YAML: found undefined alias 'b' [yaml]"),
        ("- a\n- b\n", NO_BOOK),
        (HEAD + "---\n" + HEAD, NO_BOOK),
        ("", NO_BOOK),
    ],
)
def test_what_is_not_a_pack_is_refused_with_the_place(text: str, said: str) -> None:
    """Keys twice, floats, anchors, tags, misspelt or missing keys: each is told where it is."""
    assert problems_of(text) == [f"small.yaml:{said}"]


def test_a_misspelt_key_does_not_hide_the_problems_behind_it() -> None:
    """An unknown key, a key given twice and a wrong expression are told in one reading."""
    text = HEAD + (
        "titel: {zh: a}\ntexts: {a: {zh: a}, a: {zh: b}}\n"
        "decisions:\n  d:\n    governed_by: on\n    facts: {on: date, n: int}\n"
        "    steps: {m: {expr: n + k, clause: a}}\n"
    )
    assert problems_of(text) == [
        "small.yaml:3:1: unknown key 'titel'; did you mean 'title'? [unknown_key]",
        "small.yaml:4:21: key 'a' is given twice, first on line 4; remove one [duplicate_key]",
        "small.yaml:9:27: m: no value named 'k' [unknown_name]",
    ]


def test_names_are_such_that_both_back_ends_can_use_them() -> None:
    """Small letters only (SQL knows no case), no keyword, none of the query's own columns."""
    text = HEAD + (
        "tables:\n  T: {inputs: {in: text}, outputs: {x: int}, editions: [{from: 2025-02-01, "
        "instrument: A, rows: [{when: a, then: [1], clause: a}]}]}\n"
        "decisions:\n  d:\n    governed_by: on\n"
        "    facts: {on: date, s: {series: {at: month, value: {at: int}}}}\n"
        "    steps: {subject: {expr: '1', clause: a}, 名: {expr: '1', clause: a}}\n"
    )
    rule = "use small letters, digits and underscores, and no reserved word [name]"
    assert problems_of(text) == [
        f"small.yaml:4:3: 'T' is no name: {rule}",
        f"small.yaml:4:16: 'in' is no name: {rule}",
        "small.yaml:8:55: at is the element's date [name]",
        f"small.yaml:9:13: 'subject' is no name: {rule}",
        f"small.yaml:9:46: '名' is no name: {rule}",
    ]


def test_a_case_that_does_not_hold_is_a_problem() -> None:
    """A pack whose own golden case differs is not loaded."""
    text = HEAD + (
        "decisions:\n  d: {governed_by: on, facts: {on: date, n: int}, "
        "steps: {m: {expr: n + 1, clause: a}}}\ncases:\n"
        "  - {decision: d, in: {on: 2025-03-01, n: 1}, out: {m: 3}}\n"
        "  - {decision: d, in: {on: 2025-03-01, n: 1}, out: {k: 2}}\n"
        "  - {decision: d, in: {on: 2025-03-01}, out: {m: 2}}\n"
        "  - {decision: d, in: {on: 2025-03-01, n: 1}, refused: no_rule}\n"
        "  - {decision: d, in: {on: 2025-03-01, n: x}, out: {m: 2}}\n"
        "  - {decision: e, in: {on: 2025-03-01}}\n"
    )
    assert problems_of(text) == [
        "small.yaml:6:5: the case differs: m is 2, expected 3 [case]",
        "small.yaml:7:5: the case differs: k is None, expected 2 [case]",
        "small.yaml:8:5: the case differs: refused, fact n is missing [case]",
        "small.yaml:9:5: the case differs: no_rule expected, but it was decided [case]",
        "small.yaml:10:23: fact n must be int: 'x' is not a whole number [wrong_fact]",
        "small.yaml:11:16: no decision 'e' [unknown_name]",
    ]


@pytest.mark.parametrize("text", ["[" * 5000, "a: \x00", "a: \x07b"])
def test_what_yaml_itself_cannot_read(text: str) -> None:
    """Control characters and endless nesting are bad input like any other."""
    [said] = problems_of(text)
    assert said.startswith("small.yaml: not valid YAML: ")


JUNK = ["", "~", "[]", "{}", "-1", "9" * 19, "0.5", '"', "'a", "*a", "&a b", "!!x y", "any", "x.y"]


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
def test_whatever_is_written_loads_or_is_refused(data: st.DataObject) -> None:
    """A pack with words changed at random never ends in anything but a list of problems."""
    text = (DATA / "every_form.yaml").read_text()
    for _ in range(data.draw(st.integers(1, 3))):
        words = [match.span() for match in re.finditer(r"[\w.\-<>=+*]+", text)]
        start, end = data.draw(st.sampled_from(words))
        other = data.draw(st.sampled_from(JUNK) | st.sampled_from([text[a:b] for a, b in words]))
        text = text[:start] + other + text[end:]
    problems: list[Problem] = []
    try:
        load_pack_text(text, "changed.yaml")
    except PackError as error:
        problems = error.problems
    assert all(each.zh and each.en and each.where for each in problems)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, or one that is not UTF-8, is bad input."""
    with pytest.raises(BadInput, match="the pack cannot be read"):
        load_pack(tmp_path / "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("rulebook: 规则".encode("gbk"))
    with pytest.raises(BadInput, match="save it as UTF-8"):
        load_pack(tmp_path / "gbk.yaml")
