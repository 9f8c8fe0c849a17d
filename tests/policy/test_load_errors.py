"""A wrong pack is refused with every problem in it: where, what, and what to write instead."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.kernel.errors import BadInput, Problem
from earnest.policy import PackError, load_pack, load_pack_text
from earnest.policy.kinds import WORDS

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


@pytest.mark.parametrize("name", ["broken", "broken_days", "broken_parts"])
def test_every_problem_of_a_broken_pack_is_reported_at_its_place(name: str) -> None:
    """One reading lists all of them once, in the order of the file, in both languages.

    The first is broken in its values and expressions; the second in its windows, calendars and
    suspensions; the third in its shape, which hides nothing else.
    """
    with pytest.raises(PackError) as caught:
        load_pack_text((DATA / f"{name}.yaml").read_text(), f"{name}.yaml")
    said = "".join(f"{problem}\n    {problem.zh}\n" for problem in caught.value.problems)
    assert said == (DATA / f"{name}.txt").read_text()
    assert str(caught.value).count("\n") == len(caught.value.problems) - 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            '{when: "< 900000", then: [0], clause: a}, {when: ">= 1000000", then: [1], clause: a}',
            "small.yaml:8:49: tier: gap between 900000 and 1000000 [gap]",
        ),
        (
            '{when: ">= 5", then: [1], clause: a}',
            "small.yaml:8:49: tier: gap below 5 [gap]",
        ),
        (
            '{when: "< 5", then: [1], clause: a}',
            "small.yaml:8:49: tier: gap from 5 on [gap]",
        ),
        (
            '{when: "< 9", then: [0], clause: a}, {when: ">= 8", then: [1], clause: a}',
            ("small.yaml:8:87: tier: overlap: between 8 and 9 already decided on line 8 [overlap]"),
        ),
        (
            '{when: "=> 1000000", then: [0], clause: a}',
            (
                "small.yaml:8:57: tier: cell '=> 1000000': "
                'write "< n", "<= n", "> n", ">= n", "[a, b)" or n [cell]'
            ),
        ),
        (
            '{when: ["<= 5"], then: [0], clause: a}, {when: [5 yuan], then: [0], clause: a}',
            (
                "small.yaml:8:98: tier: cell '5 yuan': "
                'write "< n", "<= n", "> n", ">= n", "[a, b)" or n [cell]'
            ),
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
MORE_BOOKS = (
    "1:1: a file holds one rulebook, written as keys and values; "
    "only books that it extends may follow it [yaml]"
)
ALIAS = (
    "3:12: not valid YAML: found undefined alias 'b'; "
    "put a text that starts with * in quotes [yaml]"
)
NO_SCALAR = (
    " is no whole number, day, true/false or text; "
    'write an amount with decimals in quotes, like "0.5"; '
    "a score counts tenths: for 4.8 write 48 [scalar]"
)
UNIT = """parameters:
  x: {unit: weight, values: [{from: 2025-02-01, value: 1, clause: a, instrument: A}]}
"""
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
        (
            HEAD + UNIT,
            f"4:13: x: no unit 'weight'; write one of {', '.join(WORDS)} [unknown_unit]",
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
        (HEAD + "texts: {a: *b}\n", ALIAS),
        ("- a\n- b\n", NO_BOOK),
        (HEAD + "---\n" + HEAD, MORE_BOOKS),
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


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("parameters: 5", "4:13: 'parameters': write keys and values, like {a: 1, b: 2} [shape]"),
        ("tables: [a]", "4:9: 'tables': write keys and values, like {a: 1, b: 2} [shape]"),
        ("calendars: x", "4:12: 'calendars': write keys and values, like {a: 1, b: 2} [shape]"),
        (
            "title: {zh: 5}",
            "4:13: 'zh': write a text; put quotes around what looks like a number or a day [shape]",
        ),
        ("cases: {}", "4:8: 'cases': write a list, like [a, b] [shape]"),
        ("exhaustive: 2", "4:13: 'exhaustive': write true or false [shape]"),
    ],
)
def test_a_section_that_cannot_be_read_is_told_once(section: str, said: str) -> None:
    """Nothing is said about the names that would have stood in it."""
    text = (
        f"{HEAD}clauses: {{a: {{zh: 甲, status: encoded, by: [d]}}}}\n{section}\n"
        "decisions: {d: {governed_by: on, facts: {on: date}, "
        "steps: {m: {expr: '1', clause: a}}}}\n"
    )
    assert problems_of(text) == [f"small.yaml:{said}"]


def test_without_readable_acts_the_values_are_still_read() -> None:
    """Acts that are missing altogether, or one without an id, do not make all others unknown."""
    dated = "{from: 2025-02-01, value: a, clause: c, instrument: A}"
    values = f"parameters: {{x: {{unit: days, values: [{dated}]}}}}\n"
    said = "x: 'a' is not a whole number [value]"
    assert problems_of("rulebook: small\n" + values) == [
        "small.yaml:1:1: 'instruments' is missing here [missing_key]",
        f"small.yaml:2:65: {said}",
    ]
    assert problems_of("rulebook: small\ninstruments: [{published: 2025-01-01}]\n" + values) == [
        *(
            f"small.yaml:2:15: {name!r} is missing here [missing_key]"
            for name in ("id", "in_force", "state")
        ),
        f"small.yaml:3:65: {said}",
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
        (
            "small.yaml:8:5: the case differs: refused, fact n is missing; if that is right, "
            'write refused: "missing_fact:n" [case]'
        ),
        "small.yaml:9:5: the case differs: no_rule expected, but it was decided [case]",
        "small.yaml:10:23: fact n must be int: 'x' is not a whole number [wrong_fact]",
        "small.yaml:11:16: no decision 'e' [unknown_name]",
    ]


STEP = (
    HEAD
    + """parameters:
  day: {unit: date, values: [{from: 2025-02-01, value: 2025-03-01, clause: a, instrument: A}]}
decisions:
  d:
    governed_by: on
    facts: {on: date, n: int, s: {list: int}, r: {list: int}}
    steps: {m: {expr: "%s", clause: a}}
"""
)


@pytest.mark.parametrize(
    ("expr", "said", "zh"),
    [
        ("n = 3", "no = here: use ==", "请写 =="),
        ("n > 1 且 n < 3", "no 且 here: write and", "请写 and"),
        ("n > 1 && n < 3", "no && here: write and", "请写 and"),
        ("n => 3", "no => here: write >=", "请写 >="),
        ("max(n， 3)", "no ， here: write ,", "请写 ,"),
        (
            "on < 2024-03-15",
            "2024-03-15 is no day here: make the day a parameter with unit: date, and name it",
            "请设一个 unit: date 的参数",
        ),
        (
            "on - day",
            "days are not computed with + - *: use days_between(day, on)",
            "请用 days_between(day, on)",
        ),
        (
            "on - 5",
            "days are not computed with + - *: use add_days(on, 0 - 5)",
            "请用 add_days(on, 0 - 5)",
        ),
        (
            "n > 30,000",
            "30,000 is no number here; no thousands sign and no 万: write 30000",
            "请写 30000",
        ),
        (
            "n > 1.5万",
            "1.5万 is no number here; no thousands sign and no 万: write 15000",
            "请写 15000",
        ),
        (
            "total(s, count(r, value > n))",
            (
                "count cannot stand inside another function over elements; what is the same for "
                "all elements goes into an earlier step, used by its name, and what differs is "
                "given as a value of the records"
            ),
            "先写成一个步骤",
        ),
    ],
)
def test_what_people_write_by_habit_is_told_how(expr: str, said: str, zh: str) -> None:
    """Signs of other languages, days and thousands: each message says what to write instead."""
    with pytest.raises(PackError) as caught:
        load_pack_text(STEP % expr, "small.yaml")
    [problem] = caught.value.problems
    assert problem.en == f"m: {said}"
    assert zh in problem.zh
    offset = re.match(r"small.yaml:9:(\d+)", problem.where)
    assert offset is not None
    assert int(offset[1]) >= len('    steps: {m: {expr: "')


VALUE = (
    HEAD
    + """parameters:
  x: {unit: %s, values: [{from: 2025-02-01, value: %s, clause: a, instrument: A}]}
"""
)


@pytest.mark.parametrize(
    ("unit", "value", "said", "zh"),
    [
        (
            "score", '"4.8"', "'4.8' is not a whole number; score counts tenths: write 48",
            "“4.8” 不是整数；score 以十分之一分计：请写 48",
        ),
        (
            "CNY", '"30,000"',
            (
                "'30,000' is not an amount in yuan with at most two decimals; "
                "no thousands sign and no 万: write 30000"
            ),
            "“30,000” 不是以 CNY 计的金额（小数最多两位）；不写千分位、万、元，请写 30000",
        ),
        (
            "JPY", "3万",
            (
                "'3万' is not an amount in JPY with no decimals; no thousands sign and no 万: "
                "write 30000"
            ),
            "“3万” 不是以 JPY 计的金额（不带小数）；不写千分位、万、元，请写 30000",
        ),
        (
            "count", '"1,200"',
            "'1,200' is not a whole number; no thousands sign and no 万: write 1200",
            "“1,200” 不是整数；不写千分位、万、元，请写 1200",
        ),
        (
            "date", '"2025-02-30"', "'2025-02-30' is not a day written YYYY-MM-DD",
            "“2025-02-30” 不是日期（写作 YYYY-MM-DD）",
        ),
        (
            "ppm", '"5"',
            (
                "'5' is not a rate: write whole parts per million, or a percentage with at most 4 "
                'decimals, like "0.5%"'
            ),
            '“5” 不是比率：请写百万分之几的整数，或至多四位小数的百分数，如 "0.5%"',
        ),
    ],
)  # fmt: skip
def test_a_wrong_value_says_as_much_in_chinese(unit: str, value: str, said: str, zh: str) -> None:
    """Both languages say what is wrong and what to write."""
    with pytest.raises(PackError) as caught:
        load_pack_text(VALUE % (unit, value), "small.yaml")
    [problem] = caught.value.problems
    assert (problem.en, problem.zh) == (f"x: {said}", f"x：{zh}")


@pytest.mark.parametrize(
    ("line", "said", "zh"),
    [
        ("title: a: b", "put a text that holds a colon in quotes", "请给整个文本加引号"),
        ("title: {zh: 甲，en: b}", "， must be ,, or put the text in quotes", "， 应写作 ,"),
        ("title： {zh: a}", "after a key ： must be : and a space", "： 应写作 : 和一个空格"),
        ("title: 'a", "see that quotes and brackets come in pairs", "引号和括号是否成对"),
        ("\ttitle: a", "indent with spaces", "空格缩进"),
    ],
)
def test_what_is_no_yaml_says_what_to_write(line: str, said: str, zh: str) -> None:
    """In both languages, with the way out."""
    with pytest.raises(PackError) as caught:
        load_pack_text(f"{HEAD}{line}\n", "small.yaml")
    [problem] = caught.value.problems
    assert said in problem.en
    assert zh in problem.zh


@pytest.mark.parametrize(
    ("facts", "zh"),
    [
        ({"s": 7}, "事实 s 应是列表，各项是 int：7 不是列表"),
        ({"s": [[1, 2]]}, "事实 s 应是列表，各项是 int：有 2 项的列表 不是整数"),
        ({"n": {"a": 1}}, "事实 n 应是单个值（int）：一组键和值（a） 不是整数"),
    ],
)
def test_a_wrong_fact_is_told_without_inner_forms(facts: dict[str, Any], zh: str) -> None:
    """The Chinese half shows values as they are written, not as Python prints them."""
    pack = load_pack_text(STEP % "n + count(s) + count(r)", "small.yaml")
    with pytest.raises(BadInput) as caught:
        pack.evaluate("d", {"on": "2025-03-01", "n": 1, "s": [], "r": [], **facts})
    assert caught.value.problem.zh == zh


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
