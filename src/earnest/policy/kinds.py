"""What a value can be: whole number, truth, text or day, and the unit a number carries.

Money is whole minor units inside (fen, cents) and major units in the pack; a rate is whole parts
per million, which a pack may write as a percentage; a score is whole tenths. No value is a float.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from earnest.policy.problems import nearest

NUMBER_MAX = 10**15
"""The largest number a fact or a pack may hold (ten trillion yuan): sums of them fit 64 bits."""

CURRENCIES: dict[str, int] = {
    **dict.fromkeys(("CNY", "USD", "EUR", "GBP", "HKD", "SGD", "MYR", "THB", "PHP", "IDR"), 2),
    **dict.fromkeys(("JPY", "VND", "KRW"), 0),
}
"""The currencies a pack may use, each with its decimals. Two of them never fit together."""

_AMOUNT = re.compile(r"^(-?)(\d{1,16})(?:\.(\d{1,2}))?$", re.ASCII)
_PERCENT = re.compile(r"^(-?)(\d{1,12})(?:\.(\d{1,4}))?\s?%$", re.ASCII)
_GROUPED = re.compile(r"^(-?\d[\d,，]*(?:\.\d+)?)\s?(千|万|亿)?\s?元?$", re.ASCII)
_PLAIN = re.compile(r"^-?\d+(\.\d+)?$", re.ASCII)
_SCALES = {"": 1, "千": 1000, "万": 10_000, "亿": 100_000_000}
_SCORE = re.compile(r"^(\d{1,2})\.(\d)$", re.ASCII)
_NODE = re.compile(r"^[^/|\s]([^/|]*[^/|\s])?(/[^/|\s]([^/|]*[^/|\s])?)*$")


class WrongValue(ValueError):
    """A value that is not of its kind; says so in English, and in ``zh``."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        super().__init__(en)


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
    "path": Kind("text", "path"),
    **{currency: Kind("int", currency) for currency in CURRENCIES},
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
    "int": ("整数", "a whole number"),
    "bool": (" true 或 false", "true or false"),
    "text": ("文本", "text"),
    "date": ("日期（写作 YYYY-MM-DD）", "a day written YYYY-MM-DD"),
}


_MEANT = {
    **dict.fromkeys(("yuan", "rmb", "cny", "fen", "money", "amount"), "CNY"),
    **dict.fromkeys(("percent", "percentage", "rate"), "ppm"),
    **dict.fromkeys(("string", "str"), "text"),
    **dict.fromkeys(("number", "integer"), "int"),
    **dict.fromkeys(("day", "datetime"), "date"),
    **dict.fromkeys(("dollar", "dollars", "usd"), "USD"),
    **dict.fromkeys(("yen", "jpy"), "JPY"),
    "boolean": "bool",
}
"""Words that people try, each with the one that a pack uses."""


def kind_hint(word: str) -> tuple[str, str]:
    """Return what to write instead of an unknown word for a kind, in Chinese and English."""
    meant = _MEANT.get(word.lower())
    zh, en = (f"；请写 {meant}", f"; write {meant}") if meant else nearest(word, WORDS)
    known_words = ", ".join(WORDS)
    return zh or f"；可写 {known_words}", en or f"; write one of {known_words}"


def written(kind: Kind, raw: Any) -> Any:
    """Read a value as a pack writes it: money in major units, a rate perhaps in percent.

    Raises:
        WrongValue: when it is not of that kind; the message says what to write.
    """
    if kind.unit in CURRENCIES:
        value: Any = _amount(kind.unit, raw)
    elif kind.unit == "ppm" and isinstance(raw, str):
        value = _rate(raw)
    elif kind.unit == "path" and not (isinstance(raw, str) and _NODE.match(raw)):
        raise WrongValue(
            f"{shown(raw)} 不是路径；各级之间写 /，如 food/fresh",
            f"{raw!r} is not a path; write its parts with / between, like food/fresh",
        )
    else:
        value = known(kind, raw)
    if not in_range(value):
        raise WrongValue(f"{shown(raw)} 超出 {NUMBER_MAX}", f"{raw!r} is beyond {NUMBER_MAX}")
    return value


def _amount(currency: str, raw: Any) -> int:
    """Read an amount in major units as whole minor units."""
    decimals = CURRENCIES[currency]
    name = "yuan" if currency == "CNY" else currency
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        said = f"{shown(raw)} 不是以 {currency} 计的金额"
        raise WrongValue(said, f"{raw!r} is not an amount in {name}")
    match = _AMOUNT.match(str(raw))
    sign, whole, part = match.groups() if match else ("", "", "")
    if match is None or len(part or "") > decimals:
        most = "at most two decimals" if decimals else "no decimals"
        most_zh = "小数最多两位" if decimals else "不带小数"
        zh, en = number_hint(str(raw))
        raise WrongValue(
            f"{shown(raw)} 不是以 {currency} 计的金额（{most_zh}）{zh}",
            f"{raw!r} is not an amount in {name} with {most}{en}",
        )
    scale: int = 10**decimals
    value = int(whole) * scale + int((part or "").ljust(decimals, "0") or "0")
    return -value if sign else value


def _rate(raw: str) -> int:
    """Read a percentage as parts per million."""
    match = _PERCENT.match(raw)
    if match is None:
        raise WrongValue(
            f'{shown(raw)} 不是比率：请写百万分之几的整数，或至多四位小数的百分数，如 "0.5%"',
            f"{raw!r} is not a rate: write whole parts per million, "
            'or a percentage with at most 4 decimals, like "0.5%"',
        )
    sign, whole, part = match.groups()
    value = int(whole) * 10_000 + int((part or "").ljust(4, "0"))
    return -value if sign else value


def known(kind: Kind, raw: Any) -> Any:
    """Check a value in its inner form: money in fen, a day as a date or as ISO text.

    Raises:
        WrongValue: when it is not of that kind.
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
        return _day(raw)
    if kind.name == "any":
        return raw  # its kind is wrong already, and that has been said
    wanted_zh, wanted_en = _WANTED[kind.name]
    zh, en = _score_hint(raw) if kind.unit == "tenths" else ("", "")
    if kind.name == "int" and isinstance(raw, str) and not en:
        zh, en = number_hint(raw)
    raise WrongValue(f"{shown(raw)} 不是{wanted_zh}{zh}", f"{raw!r} is not {wanted_en}{en}")


def _day(raw: str) -> date:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        wanted_zh, wanted_en = _WANTED["date"]
        raise WrongValue(f"{shown(raw)} 不是{wanted_zh}", f"{raw!r} is not {wanted_en}") from None


def shown(raw: Any) -> str:
    """Return a wrong value as a Chinese sentence shows it: a text in quotes, no Python forms."""
    if isinstance(raw, str):
        return f"“{raw}”"
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, Mapping):
        return f"一组键和值（{'、'.join(map(str, raw))}）"
    if isinstance(raw, list | tuple):
        return f"有 {len(raw)} 项的列表"
    return "空值" if raw is None else str(raw)


def number_hint(text: str) -> tuple[str, str]:
    """Return how to write a number with a thousands sign or 万; empty where it has neither."""
    match = _GROUPED.match(text)
    if match is None or _PLAIN.match(text):
        return "", ""
    digits, scale = match.groups()
    value = Decimal(re.sub(r"[,，\s]", "", digits)) * _SCALES[scale or ""]
    plain = f"{value:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return (
        f"；不写千分位、万、元，请写 {plain}",
        f"; no thousands sign and no 万: write {plain}",
    )


def _score_hint(raw: Any) -> tuple[str, str]:
    match = _SCORE.match(str(raw))
    if match is None or isinstance(raw, bool):
        return "", ""
    tenths = f"{match[1]}{match[2]}".lstrip("0") or "0"
    return f"；score 以十分之一分计：请写 {tenths}", f"; score counts tenths: write {tenths}"


def in_range(value: Any) -> bool:
    """Tell whether a value, if it is a number, is one that this engine computes with."""
    return not isinstance(value, int) or -NUMBER_MAX <= value <= NUMBER_MAX
