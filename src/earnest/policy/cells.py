"""The cells of a decision table: what they accept, and whether a table has gaps or overlaps.

Every range, of numbers or of days, is kept half-open: from the first value accepted up to the
first one no longer accepted.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from math import prod
from typing import Any

from earnest.policy.kinds import CURRENCIES, Kind, number_hint, written

OTHERWISE = "otherwise"
ANYTHING = "any"
ALTERNATIVE = "|"
CHECKS_MAX = 2_000_000
GAPS_MAX = 20
"""So many gaps of a table are told one by one; the rest are counted."""
_BOUND = r"([^\s,<>=()\[\]]+(?:\s?%)?)"
_ONE_SIDED = re.compile(rf"^(<=|<|>=|>)\s*{_BOUND}$")
_BETWEEN = re.compile(rf"^([\[(])\s*{_BOUND}\s*,\s*{_BOUND}\s*([\])])$")
_WHOLE = re.compile(r"^-?[0-9]+$")
_DECIMAL = re.compile(r"^-?[0-9]+(\.[0-9]+)?$")

Bound = Any
"""A number, or a day; those of one column are of one kind."""


@dataclass(frozen=True)
class Cell:
    """What one cell accepts.

    Attributes:
        text: the cell as it is written.
        values: the texts, nodes of a tree, or truths that it names; empty for a range.
        low: first number or day accepted; None when open.
        high: first number or day no longer accepted; None when open.
        otherwise: accepts every text that no other row of the edition names.
    """

    text: str
    values: tuple[str | bool, ...] = ()
    low: Bound = None
    high: Bound = None
    otherwise: bool = False

    @property
    def anything(self) -> bool:
        """Tell whether it accepts every value."""
        return not (self.values or self.otherwise) and self.low is self.high is None

    def accepts(self, value: Any, named: frozenset[str | bool]) -> bool:
        """Tell whether a value falls into the cell.

        Takes: ``named`` are the texts that the rows of the edition name; a value of a tree stands
        for the deepest node named, see :func:`deepest`.
        """
        if self.values:
            return value in self.values
        if self.otherwise:
            return value not in named
        return (self.low is None or value >= self.low) and (self.high is None or value < self.high)


def deepest(path: str, named: frozenset[str | bool]) -> str | None:
    """Return the deepest node named that a path is or lies below; None when there is none."""
    while path not in named:
        path, slash, _ = path.rpartition("/")
        if not slash:
            return None
    return path


def read_cell(kind: Kind, raw: object) -> Cell:
    """Read a cell as it is written in the pack.

    Raises:
        ValueError: with what to write instead.
    """
    if raw == ANYTHING:
        return Cell(ANYTHING)
    if kind.name == "text":
        return _text_cell(kind, raw)
    if kind.name == "bool":
        if not isinstance(raw, bool):
            raise ValueError(f"cell {raw!r}: write true, false or any")
        return Cell(str(raw).lower(), values=(raw,))
    if kind.name == "any":
        return Cell(str(raw))  # the column's kind is wrong, and that has been said
    return _range_cell(kind, str(raw))


def _text_cell(kind: Kind, raw: object) -> Cell:
    if not isinstance(raw, str):
        raise ValueError(f"cell {raw!r}: write a text; put quotes around it")  # noqa: TRY004 - told alike
    if raw == OTHERWISE:
        return Cell(raw, otherwise=True)
    values = tuple(each.strip() for each in raw.split(ALTERNATIVE))
    if ALTERNATIVE not in raw:
        values = (raw,)
    if not all(values) or len(set(values)) != len(values):
        raise ValueError(f'cell {raw!r}: write each alternative once, like "a | b"')
    return Cell(raw, values=tuple(written(kind, each) for each in values))


def _range_cell(kind: Kind, raw: str) -> Cell:
    """Read a range of numbers or days, or a single one, as a half-open range."""
    low = high = None
    if match := _ONE_SIDED.match(raw):
        sign, bound = match[1], _bound(kind, match[2], raw)
        if sign in ("<", "<="):
            high = _after(bound) if sign == "<=" else bound
        else:
            low = _after(bound) if sign == ">" else bound
    elif match := _BETWEEN.match(raw):
        first, last = _bound(kind, match[2], raw), _bound(kind, match[3], raw)
        low = _after(first) if match[1] == "(" else first
        high = _after(last) if match[4] == "]" else last
    else:
        low = _bound(kind, raw, raw)
        high = _after(low)
    if low is not None and high is not None and low >= high:
        what = "day" if kind.name == "date" else "number"
        raise ValueError(f"cell {raw!r}: no {what} lies in it; the first must be the smaller")
    return Cell(raw, low=None if low == date.min else low, high=high)


def _after(bound: Bound) -> Bound:
    """Return the next number or day; None after the last day of all."""
    if not isinstance(bound, date):
        return bound + 1
    return bound + timedelta(days=1) if bound < date.max else None


def _bound(kind: Kind, text: str, raw: str) -> Bound:
    plain = text.replace("_", "")
    try:
        if kind.name == "date" or kind.unit in CURRENCIES or plain.endswith("%"):
            return written(kind, plain)
        if _WHOLE.match(plain):
            return written(kind, int(plain))
    except ValueError as error:
        # What is a number all the same has its own fault; all else is told the forms.
        said = f" ({error})" if _DECIMAL.match(plain) else ""
    else:
        said = ""
    _, hint = number_hint(raw.lstrip("<>= "))
    n = {"date": "2025-05-28"}.get(kind.name, "0.5%" if kind.unit == "ppm" else "n")
    raise ValueError(
        f'cell {raw!r}: write "< {n}", "<= {n}", "> {n}", ">= {n}", "[a, b)" or {n}{said}{hint}'
    )


@dataclass(frozen=True)
class Flaw:
    """A gap (``row`` None) or an overlap (``row`` is the later row, ``first`` the earlier)."""

    row: int | None
    first: int | None
    zh: str
    en: str


def flaws(kinds: Sequence[Kind], rows: Sequence[Sequence[Cell]]) -> list[Flaw]:
    """Return every gap and overlap of a table whose rows must decide each value exactly once.

    Every column is cut into pieces at every edge and value named in it, so that each row takes a
    piece whole or not at all: counting who takes each combination of pieces is exact.
    """
    axes = [_Axis(kind, [row[i] for row in rows]) for i, kind in enumerate(kinds)]
    reach = [[axis.covered(cell) for axis, cell in zip(axes, row, strict=True)] for row in rows]
    points = prod(axis.size for axis in axes)
    if max(points, sum(prod(map(len, row)) for row in reach)) > CHECKS_MAX:
        return [Flaw(None, None, "组合太多，无法检查；请拆成几个表",
                     "too many combinations to check; split it")]  # fmt: skip
    strides = [prod(axis.size for axis in axes[place + 1 :]) for place in range(len(axes))]
    owner = array("l", [-1]) * points
    overlaps: dict[tuple[int, int], int] = {}
    for number, row in enumerate(reach):
        steps = (
            [piece * stride for piece in each] for each, stride in zip(row, strides, strict=True)
        )
        for point in map(sum, product(*steps)):
            if owner[point] < 0:
                owner[point] = number
            else:
                overlaps.setdefault((number, owner[point]), point)
    gaps = [
        point
        for point, taken in enumerate(owner)
        if taken < 0
        and all(
            axis.must_have_row(point // stride % axis.size)
            for axis, stride in zip(axes, strides, strict=True)
        )
    ]
    return [
        *_gaps(axes, strides, gaps),
        *(Flaw(*rows_, *_said(axes, strides, point)) for rows_, point in overlaps.items()),
    ]


class _Axis:
    """The pieces of one column: what is named in it, or the ranges between its edges."""

    def __init__(self, kind: Kind, cells: Sequence[Cell]) -> None:
        self._kind = kind
        self._ranged = kind.name not in ("text", "bool")
        self._values: list[Any] = list(dict.fromkeys(v for cell in cells for v in cell.values))
        if kind.name == "bool":
            self._values = [False, True]
        edges = {edge for cell in cells for edge in (cell.low, cell.high) if edge is not None}
        self._edges: list[Bound] = sorted(edges)
        self._place = {each: place for place, each in enumerate(self._edges or self._values)}
        others = kind.name == "text" and any(not cell.values for cell in cells)
        # Texts that nobody names must have a row only where some row says what becomes of them.
        self._owed = not self._values or any(cell.otherwise for cell in cells)
        self.size = len(self._edges) + 1 if self._ranged else len(self._values) + others

    def covered(self, cell: Cell) -> Sequence[int]:
        """Return the pieces that a cell takes."""
        if cell.values:
            return [self._place[value] for value in cell.values]
        if cell.otherwise:
            return [self.size - 1]
        low = 0 if cell.low is None else self._place[cell.low] + 1
        high = self.size if cell.high is None else self._place[cell.high] + 1
        return range(low, high)

    def must_have_row(self, piece: int) -> bool:
        """Tell whether a piece without a row is a gap, not a text to be refused when asked for."""
        return self._ranged or self._owed or piece < len(self._values)

    def said(self, piece: int) -> tuple[str, str]:
        """Say a piece in Chinese and English, in the units of the pack."""
        if not self._ranged:
            if piece == len(self._values):
                return "其余值", "any other value"
            value = self._values[piece]
            said = str(value).lower() if isinstance(value, bool) else repr(value)
            return said, said
        bounds = [None, *(self._shown(edge) for edge in self._edges), None]
        low, high = bounds[piece], bounds[piece + 1]
        if low is None and high is None:
            return "任何值", "every value"
        if low is None:
            return f"小于 {high} ", f"below {high}"
        if high is None:
            return f"{low} 及以上", f"from {low} on"
        return f"{low} 到 {high} 之间", f"between {low} and {high}"

    def _shown(self, edge: Bound) -> str:
        decimals = CURRENCIES.get(self._kind.unit or "", 0)
        if not decimals or isinstance(edge, date):
            return str(edge)
        whole, part = divmod(abs(edge), 10**decimals)
        tail = f".{part:0{decimals}d}" if part else ""
        return f"{'-' if edge < 0 else ''}{whole}{tail}"


def _gaps(axes: Sequence[_Axis], strides: Sequence[int], points: Sequence[int]) -> list[Flaw]:
    told = [_said(axes, strides, point) for point in points[:GAPS_MAX]]
    found = [Flaw(None, None, f"空缺：{zh}没有一行", f"gap {en}") for zh, en in told]
    more = len(points) - len(told)
    if more > 0:
        found.append(Flaw(None, None, f"另有 {more} 处空缺", f"and {more} more gaps"))
    return found


def _said(axes: Sequence[_Axis], strides: Sequence[int], point: int) -> tuple[str, str]:
    """Say a combination of pieces, in Chinese and English."""
    pieces = [
        axis.said(point // stride % axis.size) for axis, stride in zip(axes, strides, strict=True)
    ]
    return "、".join(zh for zh, _ in pieces), ", ".join(en for _, en in pieces)
