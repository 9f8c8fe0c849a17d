"""When the rule gives no answer: refused, with the reason, and never guessed."""

from dataclasses import asdict, dataclass
from datetime import date


@dataclass(frozen=True)
class Refusal:
    """Why a decision could not be taken.

    Attributes:
        code: ``missing_fact``, ``not_listed``, ``out_of_range``, ``later_element``,
            ``duplicate_element``, ``no_rule``, ``no_row``, ``unset``, ``no_element``,
            ``division_by_zero``, ``out_of_calendar``, ``suspended``, ``not_met`` or
            ``not_applicable``.
        name: the fact, step, parameter, table, calendar or clause that it is about.
        clause: the clause that was being applied; empty when none was yet.
        zh: what is missing, in Chinese.
        en: the same in English.
    """

    code: str
    name: str
    clause: str
    zh: str
    en: str

    @property
    def key(self) -> str:
        """Return ``code:name``, as the SQL column ``unresolved`` says it."""
        return f"{self.code}:{self.name}"

    def as_dict(self) -> dict[str, str]:
        """Return it for JSON."""
        return asdict(self)


class Refused(Exception):
    """Carries a refusal out of an expression; never leaves this room."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.en)


def no_rule(name: str, on: date, clause: str) -> Refused:
    """Nothing was in force under this name on that day."""
    return Refused(
        Refusal(
            "no_rule", name, clause,
            f"{name}：{on} 没有生效的规定", f"{name}: no rule in force on {on}",
        )
    )  # fmt: skip


def no_row(name: str, values: tuple[object, ...], on: date, clause: str) -> Refused:
    """No row of the edition in force on that day decides these values."""
    said = ", ".join(repr(value) for value in values)
    return Refused(
        Refusal(
            "no_row", name, clause,
            f"{name}：{on} 生效的版本里没有 {said} 一行",
            f"{name}: no row for {said} in the edition in force on {on}",
        )
    )  # fmt: skip


def unset(name: str, on: date, clause: str) -> Refused:
    """The value is left open by the text, and the operator has not chosen one."""
    return Refused(
        Refusal(
            "unset", name, clause,
            f"{name}：原文没有给出，运营方尚未选定（{on}）",
            f"{name}: the text leaves it open and the operator has not chosen ({on})",
        )
    )  # fmt: skip


def no_value(table: str, column: str, on: date, clause: str) -> Refused:
    """The row gives no value in this column."""
    return Refused(
        Refusal(
            "unset", table, clause,
            f"{table}：{on} 生效的版本在这一行没有给出 {column}",
            f"{table}: the row in force on {on} gives no {column}",
        )
    )  # fmt: skip


def out_of_calendar(function: str, day: date, clause: str) -> Refused:
    """So many days or months from that day leave the calendar."""
    return Refused(
        Refusal(
            "out_of_range", function, clause,
            f"{function}：从 {day} 起算超出日历", f"{function}: beyond the calendar from {day}",
        )
    )  # fmt: skip


def no_workday(calendar: str, day: date, count: int, clause: str) -> Refused:
    """The calendar of working days does not reach that far."""
    return Refused(
        Refusal(
            "out_of_calendar", calendar, clause,
            f"{calendar}：日历不足以从 {day} 数 {count} 个工作日",
            f"{calendar}: the calendar does not hold {count} working day(s) from {day}",
        )
    )  # fmt: skip


def unknown_workdays(calendar: str, day: date, last: date, clause: str) -> Refused:
    """The calendar of working days does not know one of two days."""
    return Refused(
        Refusal(
            "out_of_calendar", calendar, clause,
            f"{calendar}：日历不含 {day} 到 {last} 的全部日子",
            f"{calendar}: the calendar does not reach from {day} to {last}",
        )
    )  # fmt: skip


def beyond(step: str, clause: str) -> Refused:
    """A number is larger than any amount or count, here or on the way."""
    return Refused(
        Refusal(
            "out_of_range", step, clause,
            f"{step}：数值过大", f"{step}: the number is too large",
        )
    )  # fmt: skip


def by_zero(step: str, clause: str) -> Refused:
    """The number to divide by is not larger than zero."""
    return Refused(
        Refusal(
            "division_by_zero", step, clause,
            f"{step}：除数应大于零", f"{step}: the number to divide by must be larger than zero",
        )
    )  # fmt: skip


def no_element(fact: str, clause: str) -> Refused:
    """No element counts, and the rule does not say what then."""
    return Refused(
        Refusal(
            "no_element", fact, clause,
            f"{fact}：没有符合条件的元素", f"{fact}: no element counts",
        )
    )  # fmt: skip


SUSPENDED = "suspended"


def suspended(clause: str, on: date) -> Refused:
    """The clause does not apply on that day, and the rule does not say what then."""
    return Refused(
        Refusal(
            SUSPENDED, clause, clause,
            f"条款 {clause} 在 {on} 暂停适用", f"clause {clause} is suspended on {on}",
        )
    )  # fmt: skip
