"""Runs of elements, of which some are passed over: in both back ends, at their edges."""

from typing import Any

from tests.policy.test_functions import DAY, answered, pack_of

STREAK = "consecutive(months, late * 10 > orders, orders >= least)"


def test_a_streak_passes_over_what_does_not_count() -> None:
    """Elements that the third argument leaves out neither count nor break the streak."""
    facts = "least: count, months: {series: {at: month, value: {late: count, orders: count}}}"
    months = [
        ["2025-01-31", {"late": 9, "orders": 20}],
        ["2025-02-28", {"late": 0, "orders": 3}],
        ["2025-03-31", {"late": 9, "orders": 20}],
        ["2025-04-30", None],
        ["2025-05-31", {"late": 4, "orders": 4}],
    ]
    rows: list[dict[str, Any]] = [{"least": least, "months": months} for least in (0, 4, 5, 99)]
    rows.append({"least": 0, "months": []})
    assert answered(STREAK, facts, rows) == [2, 3, 2, 0, 0]
    pack = pack_of(STREAK, facts)
    trace = pack.evaluate("judged", {"on": DAY, **rows[2]}).trace
    assert [each["on"] for each in trace if each["entry"] == "element"] == [
        "2025-01-31", "2025-03-31",
    ]  # fmt: skip


def test_what_counts_is_judged_by_the_rule_of_its_own_day() -> None:
    """A bound in the third argument may be dated too, and may be refused."""
    facts = "months: {series: {at: month, value: {late: count, orders: count}}}"
    months = [["2025-04-30", {"late": 1, "orders": 1}], ["2025-06-14", {"late": 1, "orders": 1}]]
    rows: list[dict[str, Any]] = [{"months": months}, {"months": months[:1]}]
    assert answered("consecutive(months, late > 0, calm)", facts, rows) == [1, 0]
    late = "consecutive(months, late > 0, orders * 1000000 > fee_rate * 190)"
    assert answered(late, facts, rows) == [1, 0]
    open_ = "consecutive(months, late > 0, at > on or month_start(open_day) == at)"
    assert answered(open_, facts, rows) == ["unset:open_day"] * 2
