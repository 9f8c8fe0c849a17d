"""When the rule gives no answer: refused, with the reason, and never guessed."""

from dataclasses import asdict, dataclass
from datetime import date


@dataclass(frozen=True)
class Refusal:
    """Why a decision could not be taken.

    Attributes:
        code: ``missing_fact``, ``out_of_range``, ``later_element``, ``duplicate_element``,
            ``no_rule``, ``no_row`` or ``unset``.
        name: the fact, parameter or table that it is about.
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


def out_of_calendar(day: date, months: int, clause: str) -> Refused:
    """So many months from that day leave the calendar."""
    return Refused(
        Refusal(
            "out_of_range", "add_months", clause,
            f"{day} 之后 {months} 个月超出日历", f"{months} months from {day} leave the calendar",
        )
    )  # fmt: skip
