"""What a value can be: whole number, truth, text or day, and the unit a number carries.

Money is whole fen inside and yuan in the pack; a rate is compared by cross-multiplication in
``ppm``; a score is whole tenths. No value is a float.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from earnest.kernel.money import fen_of_yuan
from earnest.policy.problems import nearest

NUMBER_MAX = 10**15
"""The largest number a fact or a pack may hold (ten trillion yuan): sums of them fit 64 bits."""


@dataclass(frozen=True)
class Kind:
    """The kind of a value: ``int``, ``bool``, ``text``, ``date`` or ``any`` (after an error)."""

    name: str
    unit: str | None = None

    def fits(self, other: "Kind") -> bool:
        """Tell whether two values of these kinds may be compared or chosen between."""
        if ANY in (self, other):
            return True
        return self.name == other.name and (
            self.unit is None or other.unit is None or self.unit == other.unit
        )

    def __str__(self) -> str:
        return self.unit or self.name


ANY = Kind("any")
INT = Kind("int")
BOOL = Kind("bool")
TEXT = Kind("text")
DATE = Kind("date")

WORDS: dict[str, Kind] = {
    "int": INT,
    "count": INT,
    "bool": BOOL,
    "text": TEXT,
    "date": DATE,
    "month": DATE,
    "CNY": Kind("int", "CNY"),
    "ppm": Kind("int", "ppm"),
    "tenths": Kind("int", "tenths"),
    "score": Kind("int", "tenths"),
    "months": Kind("int", "months"),
    "days": Kind("int", "days"),
    "hours": Kind("int", "hours"),
    "minutes": Kind("int", "minutes"),
}
"""The words a pack may use for a kind or a unit."""

_WANTED = {
    "int": "a whole number",
    "bool": "true or false",
    "text": "text",
    "date": "a day written YYYY-MM-DD",
}


def kind_hint(word: str) -> tuple[str, str]:
    """Return what to write instead of an unknown word for a kind, in Chinese and English."""
    zh, en = nearest(word, WORDS)
    known_words = ", ".join(WORDS)
    return zh or f"；可写 {known_words}", en or f"; write one of {known_words}"


def written(kind: Kind, raw: Any) -> Any:
    """Read a value as a pack writes it: money in yuan becomes fen, all else stays.

    Raises:
        ValueError: when it is not of that kind; the message says what to write.
    """
    if kind.unit == "CNY":
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise ValueError(f"{raw!r} is not an amount in yuan")
        value: Any = fen_of_yuan(raw)
    else:
        value = known(kind, raw)
    if not in_range(value):
        raise ValueError(f"{raw!r} is beyond {NUMBER_MAX}")
    return value


def known(kind: Kind, raw: Any) -> Any:
    """Check a value in its inner form: money in fen, a day as a date or as ISO text.

    Raises:
        ValueError: when it is not of that kind.
    """
    if kind.name == "int" and isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if kind.name == "bool" and isinstance(raw, bool):
        return raw
    if kind.name == "text" and isinstance(raw, str):
        return raw
    if kind.name == "date" and isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if kind.name == "date" and isinstance(raw, str) and len(raw) == len("2025-08-31"):
        return date.fromisoformat(raw)
    if kind.name == "any":
        return raw  # its kind is wrong already, and that has been said
    raise ValueError(f"{raw!r} is not {_WANTED[kind.name]}")


def in_range(value: Any) -> bool:
    """Tell whether a value, if it is a number, is one that this engine computes with."""
    return not isinstance(value, int) or -NUMBER_MAX <= value <= NUMBER_MAX
