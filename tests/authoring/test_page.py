"""The rulebook as a document: what is in force on a day, told in words."""

from datetime import date

import pytest

from earnest.authoring.page import rulebook_page, rulebook_sections
from earnest.authoring.telling import Teller
from earnest.policy import load_pack, load_pack_text
from earnest.policy.aggregates import AGGREGATES
from earnest.policy.functions import FUNCTIONS
from earnest.policy.kinds import WORDS
from tests.authoring.books import SHIPPED, STALL, changed

SPRING = date(2025, 3, 1)
MORE = """windows:
  fair:
    title: {zh: 集市, en: the fair}
    days: [{first: 2025-05-01, last: 2025-05-05, clause: "2", instrument: M1}]
suspensions:
  - {clause: "2", from: 2025-03-01, ends: 2025-04-01, instrument: M1}
decisions:
"""
LATER = '{from: 2025-10-01, value: "3%", clause: "2", instrument: M1}'
ANNOUNCED = changed(
    ('clause: "2", instrument: M1}]', f'clause: "2", instrument: M1}}, {LATER}]'),
    ("decisions:\n", MORE),
).split("cases:")[0]


def page(text: str, on: date, language: str = "en") -> str:
    """Return a pack's page."""
    return rulebook_page(load_pack_text(text), on, "zh" if language == "zh" else "en")


def test_every_clause_has_its_words_and_its_values() -> None:
    """Values with their units, tables with cells in words, samples marked, what comes later."""
    text = page(ANNOUNCED, date(2025, 4, 1))
    assert "**2** late shipping suspends\n\n- highest late rate: 4%; from 2025-10-01: 3%" in text
    assert "- the fair: 2025-05-01 to 2025-05-05" in text
    assert "| 5,000.00 yuan to below 20,000.00 yuan | 999.50 yuan | 1 |" in text
    assert "goods (sample value)" in text
    assert "| all others | 0.00 yuan | no | 1 |" in text
    assert "**9** day of effect *definition*" in text


def test_a_day_before_the_rule_and_a_suspended_clause() -> None:
    """Before the rule the page says from when; a suspension is told at the clause and by itself."""
    early = page(ANNOUNCED, date(2025, 1, 15))
    assert "Not in force on 2025-01-15; it applies from 2025-02-01." in early
    assert "highest late rate: nothing in force; from 2025-02-01: 4%; from 2025-10-01: 3%" in early
    assert "sales tier: another edition from 2025-02-01" in early
    held = page(ANNOUNCED, SPRING)
    assert "*suspended since 2025-03-01*" in held
    assert "from 2025-03-01 until 2025-04-01, when it applies again (M1)" in held
    assert "uspended" not in page(ANNOUNCED, date(2025, 4, 1))


def test_decisions_are_told_in_words() -> None:
    """Names, not formulas; only the reading in use; a rate as a rate."""
    text = page(STALL, SPRING)
    assert "- required = the largest of by sales, by goods (1)" in text
    assert "- suspension = late orders / orders \\> highest late rate (2)" in text
    assert "- by sales = by sales tier for sales (1)" in text
    assert "**How they combine** the larger *1*\n\n- other readings: the sum" in text
    added = page(changed(("choice: larger", "choice: sum")).split("cases:")[0], SPRING)
    assert "- required = by sales + by goods (1)" in added


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_shipped_rulebooks_are_told_whole(language: str) -> None:
    """Every clause, decision and choice stands in the page, in the language asked for."""
    for path in SHIPPED.values():
        pack = load_pack(path)
        sections = rulebook_sections(pack, date(2026, 3, 1), "zh" if language == "zh" else "en")
        named = {part.name for section in sections for part in section.parts}
        assert named >= {*pack.clauses, *pack.decisions, *pack.interpretations}
        assert [section.key for section in sections][:4] == [
            "title",
            "acts",
            "clauses",
            "decisions",
        ]
        if language == "en":
            told = [line for each in sections for part in each.parts for line in part.lines]
            assert not [line for line in told if "一" <= max(line) <= "鿿"]


def test_a_pack_without_a_list_of_clauses_is_told_all_the_same() -> None:
    """Its values stand under the clauses that they cite."""
    text = STALL[: STALL.index("clauses:")] + STALL[STALL.index("interpretations:") :]
    told = page(text.replace("exhaustive: true\n", ""), SPRING)
    assert "**2**\n\n- highest late rate: 4%" in told


def test_markdown_signs_in_texts_are_only_texts() -> None:
    """A star, a bracket or a bar in somebody's words changes nothing in the page."""
    text = page(changed(("a deposit by sales", "a <b>deposit</b> *by* a|b")), SPRING)
    assert r"a \<b\>deposit\</b\> \*by\* a|b" in text
    named = page(changed(("en: goods}", "en: 'go|ods'}")), SPRING)
    assert r"**go|ods** a sample value" in named
    cell = page(
        changed(
            ("{zh: 货品, en: goods held}", "{zh: 货, en: 'a|b'}"), ("{name: text}", "{held: text}")
        ),
        SPRING,
    )
    assert r"| a\|b | amount |" in cell


TOLD = [
    ("max(0, a - b)", "a − b, but not below 0", "a − b，但不低于 0"),
    (
        "min(a, max(b, c))",
        "the smallest of a, (the largest of b, c)",
        "a、（b、c 中的最大者） 中的最小者",
    ),
    (
        "clamp(share(a, rate, 'up'), b, c)",
        "(rate of a, rounded up), at least b and at most c",
        None,
    ),
    (
        "total(x, a, kind == 'late')",
        "the sum of a over x where kind = late",
        "x（kind = late 者）的a合计",
    ),
    (
        "consecutive(months, score < 60, orders > 0)",
        "how many of the latest months where orders > 0 in a row have score < 60",
        "months（orders > 0 者） 最近连续满足“score < 60”的次数",
    ),
    ("count(x)", "the number of x", "x的个数"),
    ("sum_of_highest(x, a, g, True)", "the highest a of each g among x, added up", None),
    ("lowest(x, a, not b, 0)", "the lowest a among x where not b (0 if there is none)", None),
    ("k in ('p', 'q') and not b", "k is among (p, q) and (not b)", "k 属于 （p、q） 且 （并非 b）"),
    ("0 <= a < 3", "0 ≤ a < 3", "0 ≤ a < 3"),
    ("-a * (b + 1)", "(−a) × (b + 1)", "（−a） × （b + 1）"),
    ("a if b else 0", "a if b, otherwise 0", "若 b，则 a；否则 0"),
    ("unknown(a, b)", "unknown(a, b)", "unknown(a, b)"),
    ("1 +", "1 +", "1 +"),
]


KINDS = {"rate": WORDS["ppm"], "held": WORDS["GBP"]}
UNAMBIGUOUS = [
    (
        "round_to(full - share(full, cut), unit, 'up')",
        "(full − (cut of full, rounded down)) to a multiple of unit, rounded up",
        "（full − （full 乘以 cut，向下取整）） 取 unit 的整数倍，向上取整",
    ),
    (
        "share(x, min(a, b), 'up') if c else 0",
        "((the smallest of a, b) of x, rounded up) if c, otherwise 0",
        "若 c，则 （x 乘以 （a、b 中的最小者），向上取整）；否则 0",
    ),
    (
        "rate(max(0, required - held), required)",
        "the rate of (required − held, but not below 0) in required, rounded down",
        "（required − held，但不低于 0） 占 required 的比率，向下取整",
    ),
    (
        "(late - orders * part) * each",
        "(late − (orders × part)) × each",
        "（late − （orders × part）） × each",
    ),
    ("add_months(day, 0 - n)", "n month(s) before day", "day 之前 n 个月"),
    ("add_days(day, -(a + 3))", "(a + 3) day(s) before day", "day 之前 （a + 3） 天"),
    (
        "prorate(a + b, c, d, 'nearest')",
        "(a + b) in the proportion of c to d, rounded to the nearest",
        "（a + b） 按 c 比 d 折算，四舍五入",
    ),
    ("share(x, 800000)", "80% of x, rounded down", "x 乘以 80%，向下取整"),
    ("rate >= 5000 and n > 5000", "rate ≥ 0.5% and n > 5000", "rate ≥ 0.5% 且 n > 5000"),
    ("min(held, 1250)", "the smallest of held, 12.50 GBP", "held、12.50 英镑 中的最小者"),
    ("a - b + c - (d - e)", "a − b + c − (d − e)", "a − b + c − （d − e）"),
    ("not a > b", "not (a > b)", "并非 （a > b）"),
]


@pytest.mark.parametrize(("expression", "en", "zh"), UNAMBIGUOUS)
def test_no_sentence_tells_another_rule(expression: str, en: str, zh: str) -> None:
    """What is put together stands in brackets, rounding is said, numbers have their unit."""
    assert Teller("en", str, str, kinds=KINDS).tell(expression) == en
    assert Teller("zh", str, str, kinds=KINDS).tell(expression) == zh


@pytest.mark.parametrize(("expression", "en", "zh"), TOLD)
def test_expressions_in_words(expression: str, en: str, zh: str | None) -> None:
    """Each form of an expression is told in both languages."""
    for language, wanted in (("en", en), ("zh", zh)):
        teller = Teller("zh" if language == "zh" else "en", str, str)
        assert wanted is None or teller.tell(expression) == wanted


def test_every_function_has_words() -> None:
    """No function of the language is told as a formula."""
    for language in ("zh", "en"):
        teller = Teller("zh" if language == "zh" else "en", str, str)
        for name, function in {**FUNCTIONS, **AGGREGATES}.items():
            usage = function.usage.replace(", ...", "")
            assert not teller.tell(usage).startswith(f"{name}("), usage


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("a if way == 'up' else b", "a"),
        ("a if way != 'up' else b", "b"),
        ("a and way == 'up'", "a"),
        ("a and way == 'down'", "no"),
        ("a or way == 'up' or b", "yes"),
        ("a or (b and way == 'down')", "a"),
        ("way == 'up' and way != 'down'", "yes"),
        ("a if b and way == 'up' else 0", "a if b, otherwise 0"),
        ("kind == way", "kind = upward"),
    ],
)
def test_only_the_reading_in_use_is_told(expression: str, told: str) -> None:
    """What a choice rules out does not stand in the document."""
    label = {"up": "upward"}.get
    teller = Teller("en", str, lambda text: label(text, text), {"way": "up"})
    assert teller.tell(expression) == told


def test_a_day_knows_nothing_of_acts_published_later() -> None:
    """Neither act nor value is told early; an act's state is that of the day."""
    later = '{from: 2025-10-01, value: "3%", clause: "2", instrument: M2}'
    text = changed(
        ("in_force: 2025-02-01, state: in_force", "in_force: 2025-02-01, state: superseded"),
        ("state: draft", "state: in_force"),
        ('clause: "2", instrument: M1}]', f'clause: "2", instrument: M1}}, {later}]'),
    )
    early = page(text, SPRING)
    assert "- published later: M2 (2025-09-01)\n" in early
    assert "| M1 |  | 2025-01-10 | 2025-02-01 | in force |" in early
    assert "- highest late rate: 4%\n" in early
    known = page(text, date(2025, 9, 15))
    assert "| M2 |  | 2025-09-01 | 2025-10-01 | announced |" in known
    assert "- highest late rate: 4%; from 2025-10-01: 3%" in known
    after = page(text, date(2025, 10, 1))
    assert "| M1 |  | 2025-01-10 | 2025-02-01 | superseded |" in after
    assert "| M2 |  | 2025-09-01 | 2025-10-01 | in force |" in after


def test_a_clause_outside_its_days_is_marked() -> None:
    """Before its first day it is not yet, from its end on no longer in force."""
    days = ", from: 2025-03-01, ends: 2025-06-01"
    text = changed(("by: [lateness]", f"by: [lateness]{days}"))
    assert "*not yet, from 2025-03-01*" in page(text, date(2025, 2, 15))
    assert "**2** late shipping suspends\n" in page(text, SPRING)
    assert "*no longer in force since 2025-06-01*" in page(text, date(2025, 6, 1))


def test_money_is_in_the_currencies_of_the_book() -> None:
    """Not in yuan where the book has none."""
    text = STALL.replace("CNY", "EUR")
    assert "2025-03-01 有效的规则。金额以欧元计。" in page(text, SPRING, "zh")
    assert "Money is in EUR." in page(text, SPRING)


def test_calendars_are_shown() -> None:
    """Which days are known, and those that are not as the week says."""
    calendar = (
        "calendars: {workdays: {first: 2025-01-01, last: 2025-12-31, closed: [2025-10-01], "
        "opened: [2025-10-11]}}\ndecisions:\n"
    )
    text = page(changed(("decisions:\n", calendar)), SPRING)
    assert "**workdays** known from 2025-01-01 to 2025-12-31\n\n- off every week" in text
    assert "- off every week: Saturday, Sunday\n- closed: 2025-10-01" in text
    assert "- worked all the same: 2025-10-11" in text
