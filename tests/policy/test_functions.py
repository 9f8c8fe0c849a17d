"""Every function of the language, in both back ends, at its edges and with its refusals."""

from typing import Any

import pytest

from earnest.policy import Pack, load_pack_text
from tests.policy.small_pack import answers, problems

HEAD = """rulebook: functions
instruments:
  - {id: A, published: 2025-01-01, in_force: 2025-01-01, state: superseded}
  - {id: B, published: 2025-06-01, in_force: 2025-06-01, state: in_force}
  - {id: D, published: 2025-06-01, in_force: 2025-06-01, state: draft}
interpretations:
  reading: {clause: "1", choice: one, options: {one: {zh: 一}, two: {zh: 二}}}
parameters:
  fee_rate:
    unit: ppm
    values:
      - {from: 2025-01-01, value: 6000, clause: "1", instrument: A}
      - {from: 2025-06-01, value: 5000, clause: "1", instrument: B}
  fee_cap: {unit: CNY, values: [{from: 2025-01-01, value: 20, clause: "1", instrument: A}]}
  open_value: {unit: CNY, values: [{from: 2025-01-01, unset: true, clause: "1", instrument: A}]}
  draft_day:
    unit: date
    values: [{from: 2025-06-01, value: 2025-07-01, clause: "1", instrument: D}]
  open_day: {unit: date, values: [{from: 2025-01-01, unset: true, clause: "1", instrument: A}]}
  calm: {unit: bool, values: [{from: 2025-06-01, value: true, clause: "1", instrument: B}]}
tables:
  tier:
    inputs: {sales: CNY}
    outputs: {points: count, group: text}
    editions:
      - from: 2025-01-01
        instrument: A
        rows:
          - {when: "< 5", then: [1, low], clause: "2"}
          - {when: ">= 5", then: [2, high], clause: "2"}
windows:
  spring:
    title: {zh: 春节, en: Spring Festival}
    days:
      - {first: 2025-01-28, last: 2025-02-04, clause: "3", instrument: A}
      - {first: 2025-10-01, last: 2025-10-08, clause: "3", instrument: B}
      - {first: 2025-12-01, last: 2025-12-31, clause: "3", instrument: D}
calendars:
  cn:
    first: 2025-01-01
    last: 2025-02-28
    closed: [2025-01-01, 2025-01-28, 2025-01-29, 2025-01-30, 2025-01-31, 2025-02-03, 2025-02-04]
    opened: [2025-01-26, 2025-02-08]
decisions:
  judged:
    governed_by: on
    facts: {on: date, %s}
    steps: {answer: {expr: "%s", clause: "9"}}
"""
DAY = "2025-06-15"
BIG = 10**15


def pack_of(expr: str, facts: str) -> Pack:
    """Return a pack whose one step is an expression over these facts."""
    return load_pack_text(HEAD % (facts, expr), "functions.yaml")


def answered(expr: str, facts: str, rows: list[dict[str, Any]]) -> list[Any]:
    """Return what an expression gives, or the refusal's key, where both back ends agree."""
    return answers(pack_of(expr, facts), [{"on": DAY, **row} for row in rows])


A_B = "a: CNY, b: int"


@pytest.mark.parametrize(
    ("expr", "rows", "wanted"),
    [
        ("share(a, fee_rate)", [(1999, 0), (-1999, 0), (200, 0), (0, 0)], [9, -10, 1, 0]),
        ("share(a, fee_rate, 'down')", [(1999, 0), (-1999, 0)], [9, -10]),
        ("share(a, fee_rate, 'up')", [(1999, 0), (-1999, 0), (200, 0)], [10, -9, 1]),
        (
            "share(a, fee_rate, 'nearest')",
            [(1999, 0), (-1999, 0), (100, 0), (-100, 0), (99, 0)],
            [10, -10, 1, 0, 0],
        ),
        (
            "share(a, b)",
            [(BIG, BIG), (BIG, 1_000_000), (-BIG, 1)],
            ["out_of_range:answer", BIG, -1000000000],
        ),
        ("prorate(a, b, 3)", [(100, 1), (100, 2), (-100, 1)], [33, 66, -34]),
        ("prorate(a, b, 3, 'up')", [(100, 1), (-100, 1)], [34, -33]),
        ("prorate(a, 1, b, 'nearest')", [(5, 2), (-5, 2), (7, 3), (8, 3)], [3, -2, 2, 3]),
        (
            "prorate(a, 10, b)",
            [(7, 0), (7, -1), (BIG, 10), (7, BIG)],
            ["division_by_zero:answer", "division_by_zero:answer", BIG, 0],
        ),
        (
            "rate(b, a)",
            [(3, 1), (0, 1), (-4, 1), (8, 7)],
            [333333, "division_by_zero:answer", "division_by_zero:answer", 875000],
        ),
        ("rate(b, a, 'up')", [(3, 1), (3, -1), (3, 3)], [333334, -333333, 1000000]),
        ("round_to(a, 500)", [(1499, 0), (-1, 0), (500, 0)], [1000, -500, 500]),
        ("round_to(a, 500, 'up')", [(1, 0), (-499, 0)], [500, 0]),
        (
            "round_to(a, 500, 'nearest')",
            [(249, 0), (250, 0), (-250, 0), (-251, 0)],
            [0, 500, 0, -500],
        ),
        ("round_to(a, b)", [(7, 0), (7, -5), (7, 5)], ["division_by_zero:answer"] * 2 + [5]),
        ("clamp(a, 0 - 5, fee_cap)", [(-9, 0), (7, 0), (2001, 0)], [-5, 7, 2000]),
        ("clamp(a, b, 3)", [(1, 5), (9, 5)], [5, 5]),
        ("clamp(share(a, fee_rate), 1, open_value)", [(1, 1)], ["unset:open_value"]),
        (
            "share(open_value, fee_rate) if a > 0 else 0 - a",
            [(1, 0), (-3, 0)],
            ["unset:open_value", 3],
        ),
        (
            "a * b",
            [(BIG, 1), (BIG, 2), (-BIG, 2), (31622777, 31622776)],
            [BIG, *["out_of_range:answer"] * 2, 999999993568952],
        ),
        (
            "a + b - 1",
            [(BIG, 1), (BIG, 2), (-BIG, 0)],
            [BIG, "out_of_range:answer", "out_of_range:answer"],
        ),
        ("a * b * b * b > 7", [(1, 2), (BIG, BIG), (-1, 2)], [True, "out_of_range:answer", False]),
        (
            "prorate(a * b, a * b, 1) == 36",
            [(2, 3), (BIG, 10**3), (BIG, 10**4)],
            [True, False, "out_of_range:answer"],
        ),
        (
            "prorate(a * b, b, b * b)",
            [(7, 3), (BIG, BIG), (BIG, 100)],
            [7, "out_of_range:answer", BIG],
        ),
        ("-(a * b) <= b * b * a - 1", [(1, 1), (BIG, BIG)], [True, "out_of_range:answer"]),
    ],
)
def test_amounts_are_exact_and_rounded_as_told(
    expr: str, rows: list[tuple[int, int]], wanted: list[Any]
) -> None:
    """Down is towards minus infinity, halves go up, and no large number comes out wrong."""
    assert answered(expr, A_B, [{"a": a, "b": b} for a, b in rows]) == wanted


@pytest.mark.parametrize(
    ("expr", "rows", "wanted"),
    [
        (
            "add_days(d, n)",
            [("2025-02-28", 1), ("2024-02-28", 1), ("2025-01-01", -1)],
            ["2025-03-01", "2024-02-29", "2024-12-31"],
        ),
        (
            "add_days(d, n)",
            [("9999-12-31", 0), ("9999-12-31", 1), ("0001-01-01", -1), ("2025-01-01", BIG)],
            ["9999-12-31", *["out_of_range:add_days"] * 3],
        ),
        (
            "add_months(d, n)",
            [("2025-08-31", 6), ("9999-12-01", 1), ("2025-01-01", BIG)],
            ["2026-02-28", *["out_of_range:add_months"] * 2],
        ),
        (
            "days_between(d, on)",
            [("2025-06-14", 0), ("2025-06-15", 0), ("2025-06-16", 0)],
            [1, 0, -1],
        ),
        (
            "months_between(d, on)",
            [
                ("2025-05-15", 0),
                ("2025-05-16", 0),
                ("2025-06-16", 0),
                ("2024-06-15", 0),
                ("0001-01-01", 0),
            ],
            [1, 0, 0, 12, 24293],
        ),
        (
            "months_between(d, add_days(on, n))",
            [("2025-01-31", 0), ("2024-02-29", 13), ("2025-05-31", 15), ("2025-05-31", 14)],
            [4, 15, 1, 0],
        ),
        ("month_start(d)", [("2025-02-28", 0), ("0001-01-31", 0)], ["2025-02-01", "0001-01-01"]),
        ("month_end(d)", [("2024-02-01", 0), ("9999-12-31", 0)], ["2024-02-29", "9999-12-31"]),
        (
            "add_workdays(d, n, cn)",
            [
                ("2025-01-24", 1),
                ("2025-01-24", 2),
                ("2025-01-24", 3),
                ("2025-01-27", 1),
                ("2025-01-28", 1),
                ("2025-02-07", 1),
                ("2025-02-01", 0),
                ("2025-01-01", 1),
            ],
            [
                "2025-01-26",
                "2025-01-27",
                "2025-02-05",
                "2025-02-05",
                "2025-02-05",
                "2025-02-08",
                "2025-02-01",
                "2025-01-02",
            ],
        ),
        (
            "add_workdays(d, n, cn)",
            [
                ("2024-12-31", 1),
                ("2025-03-01", 0),
                ("2025-02-28", 0),
                ("2025-02-28", 1),
                ("2025-01-02", -1),
                ("2025-01-02", BIG),
            ],
            ["out_of_calendar:cn", "out_of_calendar:cn", "2025-02-28", *["out_of_calendar:cn"] * 3],
        ),
        (
            "within(d, spring)",
            [
                ("2025-01-27", 0),
                ("2025-01-28", 0),
                ("2025-02-04", 0),
                ("2025-02-05", 0),
                ("2025-10-08", 0),
                ("2025-12-15", 0),
            ],
            [False, True, True, False, True, False],
        ),
        (
            "max(d, on) if not within(add_days(d, n), spring) else month_end(d)",
            [("2025-01-27", 1), ("2025-07-01", 0)],
            ["2025-01-31", "2025-07-01"],
        ),
    ],
)
def test_days_are_counted_alike(expr: str, rows: list[tuple[str, int]], wanted: list[Any]) -> None:
    """Days, months and working days, up to the end of the calendar that counts them."""
    assert answered(expr, "d: date, n: int", [{"d": d, "n": n} for d, n in rows]) == wanted


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        ("kind in ('a', 'b')", [True, False, False]),
        ("kind not in ('a', 'b')", [False, True, True]),
        ("number in [1, 3]", [True, False, True]),
        ("'live' in services", [True, False, False]),
        ("kind not in services", [True, True, False]),
        ("number in sizes", [True, False, True]),
        ("kind in goods", [True, False, False]),
        ("count(services)", [2, 0, 1]),
        ("count(services, value == kind or text == 'live')", [1, 0, 1]),
        ("total(sizes, value)", [3, 0, 7]),
        ("total(sizes, int * 2, value > 1)", [4, 0, 14]),
        ("highest(sizes, value)", [2, "no_element:sizes", 4]),
        ("lowest(sizes, value)", [1, "no_element:sizes", 3]),
        ("lowest(sizes, value, value > 1, 9)", [2, 9, 3]),
        ("lowest(sizes, value, value > 5)", ["no_element:sizes"] * 3),
        ("highest(days, value)", ["2025-03-01", "no_element:days", "2025-02-01"]),
        ("lowest(days, value, value > on, on)", ["2025-06-15"] * 3),
        ("all_of(number > 0, kind == 'a')", [True, False, False]),
        ("any_of(number > 2, kind == 'a', False)", [True, False, True]),
        ("not all_of(number > 0)", [False, True, False]),
        ("under(place, 'food/fresh')", [True, False, False]),
        ("under(place, 'food')", [True, True, False]),
        ("under(kind, 'a')", [True, False, False]),
        ("total(scores, tier(value * 100).points)", [3, 0, 2]),
        ("sum_of_highest(scores, value, tier(value * 100).group)", [13, 0, 7]),
        (
            "sum_of_highest(scores, value, value > 4, at > month_start(add_months(on, 0 - 4)))",
            [9, 0, 7],
        ),
        ("lowest(goods, weight, not fragile)", [5, "no_element:goods", "no_row:goods_table"]),
        ("sum_of_highest(goods, weight, fragile)", [8, 0, "no_row:goods_table"]),
        ("owner == 'firm'", [True, False, "not_listed:owner"]),
        ("reading == 'one' and owner in ('firm', 'person')", [True, True, "not_listed:owner"]),
    ],
)
def test_lists_texts_and_paths(expr: str, wanted: list[Any]) -> None:
    """Membership, closed lists, several single values, paths, and elements looked up in tables."""
    facts = (
        "kind: text, number: int, services: {list: text}, sizes: {list: int}, days: {list: date}, "
        "goods: {each: goods_table}, place: path, scores: {series: {at: month, value: int}}, "
        "owner: {one_of: [firm, person]}"
    )
    rows: list[dict[str, Any]] = [
        {"kind": "a", "number": 1, "services": ["live", "x"], "sizes": [1, 2], "goods": ["a", "b"],
         "days": ["2025-01-01", "2025-03-01"], "place": "food/fresh/fruit", "owner": "firm",
         "scores": [["2025-01-31", 4], ["2025-05-31", 9]]},
        {"kind": "c", "number": 0, "services": [], "sizes": [], "goods": [], "days": [],
         "place": "food/freshly", "owner": "person", "scores": [["2025-05-31", None]]},
        {"kind": "x", "number": 3, "services": ["x"], "sizes": [4, 3], "goods": ["b", "nothing"],
         "days": ["2025-02-01"], "place": "foods", "owner": "firm", "scores": [["2025-05-31", 7]]},
    ]  # fmt: skip
    if "owner" in expr:
        rows[2]["owner"] = "club"
    text = HEAD.replace(
        "windows:",
        """  goods_table:
    inputs: {good: text}
    outputs: {weight: count, fragile: bool}
    editions:
      - from: 2025-01-01
        instrument: A
        rows:
          - {when: a, then: [3, true], clause: "4"}
          - {when: b, then: [5, false], clause: "4"}
windows:""",
    )
    pack = load_pack_text(text % (facts, expr), "functions.yaml")
    assert answers(pack, [{"on": DAY, **row} for row in rows]) == wanted


def test_all_arguments_are_evaluated_and_the_trace_says_which_failed() -> None:
    """``all_of`` and ``any_of`` take no short cut: a refusal in any argument counts."""
    expr = "all_of(a > 0, b > 0, open_value > 0)"
    assert answered(expr, A_B, [{"a": 0, "b": 0}]) == ["unset:open_value"]
    assert answered("any_of(a > 0, calm)", A_B, [{"on": "2025-05-31", "a": 1, "b": 0}]) == [
        "no_rule:calm"
    ]
    pack = pack_of("all_of(a > 0, b > 0, calm) or any_of(a < 0, b < 0, calm)", A_B)
    step = pack.evaluate("judged", {"on": DAY, "a": 0, "b": -1}).trace[-1]
    assert (step["unmet"], step["met"]) == (["a > 0", "b > 0"], ["b < 0", "calm"])
    held = pack.evaluate("judged", {"on": DAY, "a": 1, "b": 1}).trace[-1]
    assert "unmet" not in held
    assert "met" not in held


@pytest.mark.parametrize(
    "form", ["month_start({})", "add_months({}, 1)", "within({}, spring)", "max({}, on)"]
)
def test_a_day_that_nothing_decides_is_refused(form: str) -> None:
    """A day of which there is only a draft, or none chosen, is refused wherever a day is used."""
    assert answered(form.format("draft_day"), A_B, [{"a": 0, "b": 0}]) == ["no_rule:draft_day"]
    assert answered(form.format("open_day"), A_B, [{"a": 0, "b": 0}]) == ["unset:open_day"]


def test_what_clamp_became_is_noted() -> None:
    """The trace says which of the three values of a clamp it became."""
    pack = pack_of("clamp(share(a, fee_rate), b, fee_cap)", A_B)
    won = [
        pack.evaluate("judged", {"on": DAY, "a": a, "b": 10}).trace[-1]["won"]
        for a in (0, 10_000, 10**9)
    ]
    assert won == [["b"], ["share(a, fee_rate)"], ["fee_cap"]]


def test_a_window_is_noted_with_its_clause_and_act() -> None:
    """A day that lies in named days is in the trace, with the days, the clause and the act."""
    evaluation = pack_of("within(d, spring)", "d: date").evaluate(
        "judged", {"on": DAY, "d": "2025-10-01"}
    )
    assert evaluation.trace[0] == {
        "entry": "window", "name": "spring", "value": True, "clause": "3", "instrument": "B",
        "edition": "2025-10-01", "on": "2025-10-01", "first": "2025-10-01", "last": "2025-10-08",
    }  # fmt: skip
    assert evaluation.instruments == ("B",)
    assert "window spring = True, clause 3, B, 2025-10-01..2025-10-08" in evaluation.trace_lines()


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("share(a, b, 'half')", ["write 'down', 'up' or 'nearest'"]),
        ("share(a)", ["write share(amount, rate, 'down')"]),
        ("share(a, months)", ["months is months, and ppm is needed here"]),
        ("prorate(a, months, hours)", ["months and hours cannot be put together"]),
        ("round_to(a, months)", ["CNY and months cannot be put together"]),
        ("clamp(kind, 'a', 'b') == 'a'", ["write clamp(x, low, high) of numbers or days"]),
        ("a == usd", ["CNY and USD cannot be put together"]),
        (
            "a / 3",
            [
                (
                    "only + - * can be used; compare a rate by cross-multiplication, like "
                    "met * 1000000 >= rate * paid, or use share, prorate or rate"
                ),
            ],
        ),
        ("kind in 'abc'", ["write several values in brackets, like x in ('a', 'b')"]),
        ("kind in ()", ["write several values in brackets, like x in ('a', 'b')"]),
        ("kind in ('a', 3)", ["text and int cannot be put together"]),
        ("a in services", ["CNY and text cannot be put together"]),
        (
            "'a' < kind in services",
            ["'a' < kind in services is not part of the expression language"],
        ),
        ("owner == 'frim'", ["owner has no option 'frim'; did you mean 'firm'?"]),
        ("owner in ('firm', 'club')", ["owner has no option 'club'; write one of firm, person"]),
        ("'tow' != reading", ["reading has no option 'tow'; did you mean 'two'?"]),
        ("within(on, sprnig)", ["no window 'sprnig'; did you mean 'spring'?"]),
        ("add_workdays(on, 3, us)", ["no calendar 'us'"]),
        ("all_of(a)", ["a is CNY, and bool is needed here"]),
        ("total(services, value)", ["value is text, and int is needed here"]),
        ("highest(services, value)", ["value is text, and int is needed here"]),
        ("consecutive(services, value == 'a')", ["write consecutive(series, condition, counted)"]),
        (
            "total(services, count(services))",
            [
                (
                    "count cannot stand inside another function over elements; what is the same "
                    "for all elements goes into an earlier step, used by its name, and what "
                    "differs is given as a value of the records"
                ),
            ],
        ),
        (
            "services == 'a'",
            [
                (
                    "no value named 'services'; it has many elements, so use highest, total, "
                    "count and the like"
                ),
            ],
        ),
        ("month_start(a)", ["a is CNY, and date is needed here"]),
        ("under(a, 'x')", ["a is CNY, and text is needed here"]),
        (
            "a * (usd * 2)",
            [
                (
                    "a * (usd * 2) multiplies money by money, which is no amount; for a part of "
                    "an amount write share(amount, rate) or prorate(amount, part, whole), for a "
                    "ratio rate(part, whole)"
                ),
            ],
        ),
        ("month_of(a)", ["a is CNY, and date is needed here"]),
        ("workdays_between(on, on, us)", ["no calendar 'us'"]),
        ("workdays_between(on, on)", ["write workdays_between(first, last, calendar)"]),
        ("lowset(services, value)", ["no function 'lowset'; did you mean 'lowest'?"]),
    ],
)
def test_a_wrong_use_is_told_when_the_pack_is_read(expr: str, said: list[str]) -> None:
    """Each function says how it is written; kinds, options and names are checked at once."""
    facts = (
        "a: CNY, b: int, usd: USD, months: months, hours: hours, kind: text, "
        "services: {list: text}, owner: {one_of: [firm, person]}"
    )
    assert problems(HEAD % (facts, expr)) == [f"answer: {each}" for each in said]


DAYS_OF_WORK = [
    ("2025-01-24", "2025-01-26", 1), ("2025-01-26", "2025-01-26", 0),
    ("2025-01-26", "2025-01-24", 0), ("2025-01-24", "2025-02-08", 6),
    ("2025-01-01", "2025-02-28", 38),
    ("2024-12-31", "2025-01-02", "out_of_calendar:cn"),
    ("2025-02-28", "2025-03-01", "out_of_calendar:cn"),
    ("2025-03-02", "2025-03-01", "out_of_calendar:cn"),
]  # fmt: skip


def test_working_days_are_counted_after_the_first_day_up_to_the_last() -> None:
    """Nothing to count backwards; a calendar that does not know a day gives no answer."""
    rows = [{"d": first, "until": last} for first, last, _ in DAYS_OF_WORK]
    wanted = [count for *_, count in DAYS_OF_WORK]
    facts = "d: date, until: date"
    assert answered("workdays_between(d, until, cn)", facts, rows) == wanted
    back = "add_workdays(d, workdays_between(d, until, cn), cn)"
    assert answered(back, facts, rows[3:5]) == ["2025-02-08", "2025-02-28"]


def test_a_season_is_asked_by_the_month() -> None:
    """``month_of`` numbers the months from 1, and ``in`` takes whole numbers too."""
    rows = [{"d": f"2025-{month:02}-28"} for month in (1, 6, 11, 12)]
    assert answered("month_of(d)", "d: date", rows) == [1, 6, 11, 12]
    assert answered("month_of(d) in (11, 12)", "d: date", rows) == [False, False, True, True]
    assert answered("month_of(d) not in (6,)", "d: date", rows) == [True, False, True, True]
    assert answered("month_of(draft_day)", "d: date", rows[:1]) == ["no_rule:draft_day"]
