"""The cells of a decision table: what they accept, and whether a table has gaps or overlaps."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import prod

from earnest.policy.kinds import Kind, written

OTHERWISE = "otherwise"
ANYTHING = "any"
CHECKS_MAX = 2_000_000
_NUMBER = r"(-?[0-9][0-9_]*(?:\.[0-9]{1,2})?)"
_BELOW = re.compile(rf"^<\s*{_NUMBER}$")
_FROM = re.compile(rf"^>=\s*{_NUMBER}$")
_BETWEEN = re.compile(rf"^\[\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)$")


@dataclass(frozen=True)
class Cell:
    """What one cell accepts.

    Attributes:
        text: the cell as it is written.
        exact: the one text or truth it accepts; None for a range.
        low: first number accepted; None when open.
        high: first number no longer accepted; None when open.
        otherwise: accepts every text that no other row of the edition names.
    """

    text: str
    exact: str | bool | None = None
    low: int | None = None
    high: int | None = None
    otherwise: bool = False

    @property
    def anything(self) -> bool:
        """Tell whether it accepts every value."""
        return self.exact is self.low is self.high is None and not self.otherwise

    def accepts(self, value: object, named: frozenset[object]) -> bool:
        """Tell whether a value falls into the cell; ``named`` are the texts other rows name."""
        if self.otherwise:
            return value not in named
        if self.exact is not None:
            return value == self.exact
        if self.anything:
            return True
        assert isinstance(value, int)  # noqa: S101 - only number inputs have ranges
        return (self.low is None or value >= self.low) and (self.high is None or value < self.high)


def read_cell(kind: Kind, raw: object) -> Cell:
    """Read a cell as it is written in the pack.

    Raises:
        ValueError: with what to write instead.
    """
    if raw == ANYTHING:
        return Cell(ANYTHING)
    if kind.name == "text":
        if not isinstance(raw, str):
            raise ValueError(f"cell {raw!r}: write a text; put quotes around it")
        return Cell(raw, otherwise=True) if raw == OTHERWISE else Cell(raw, exact=raw)
    if kind.name == "bool":
        if not isinstance(raw, bool):
            raise ValueError(f"cell {raw!r}: write true, false or any")
        return Cell(str(raw).lower(), exact=raw)
    wrong = f'cell {raw!r}: write "< n", ">= n" or "[a, b)"'
    low: str | None = None
    high: str | None = None
    if match := _BELOW.match(str(raw)):
        high = match[1]
    elif match := _FROM.match(str(raw)):
        low = match[1]
    elif match := _BETWEEN.match(str(raw)):
        low, high = match[1], match[2]
    else:
        raise ValueError(wrong)
    cell = Cell(str(raw), low=_number(kind, low), high=_number(kind, high))
    if cell.low is not None and cell.high is not None and cell.low >= cell.high:
        raise ValueError(f"cell {raw!r}: no number lies in it; the first must be the smaller")
    return cell


def _number(kind: Kind, text: str | None) -> int | None:
    if text is None:
        return None
    plain = text.replace("_", "")
    value = written(kind, plain if kind.unit == "CNY" else int(plain))
    assert isinstance(value, int)  # noqa: S101 - number kinds read as numbers
    return value


@dataclass(frozen=True)
class Flaw:
    """A gap (``row`` None) or an overlap (``row`` is the later row, ``first`` the earlier)."""

    row: int | None
    first: int | None
    zh: str
    en: str


def flaws(kinds: Sequence[Kind], rows: Sequence[Sequence[Cell]]) -> list[Flaw]:
    """Return every gap and overlap of a table whose rows must decide each value exactly once.

    Every number is cut at every edge in the table, so checking one piece of each is exact.
    """
    axes = [_pieces(kind, [row[i] for row in rows]) for i, kind in enumerate(kinds)]
    if prod(len(axis) for axis in axes) * len(rows) > CHECKS_MAX:
        return [
            Flaw(
                None,
                None,
                "组合太多，无法检查；请拆成几个表",
                "too many combinations to check; split it",
            )
        ]
    gaps: list[Flaw] = []
    overlaps: dict[tuple[int, int], Flaw] = {}
    for point in product(*axes):
        hits = [
            index
            for index, row in enumerate(rows)
            if all(_covers(cell, piece) for cell, piece in zip(row, point, strict=True))
        ]
        zh, en = _said(point, "、", 0), _said(point, ", ", 1)
        if not hits:
            gaps.append(Flaw(None, None, f"空缺：{zh}没有一行", f"gap {en}"))
        for later in hits[1:]:
            overlaps.setdefault((later, hits[0]), Flaw(later, hits[0], zh, en))
    return gaps + list(overlaps.values())


Piece = tuple[str, object, object]
"""("range", low, high), ("exact", value, None) or ("others", None, None)."""


def _pieces(kind: Kind, cells: Iterable[Cell]) -> list[Piece]:
    cells = list(cells)
    if kind.name == "bool":
        return [("exact", False, None), ("exact", True, None)]
    if kind.name == "text":
        named = dict.fromkeys(cell.exact for cell in cells if cell.exact is not None)
        open_ended = any(cell.exact is None for cell in cells)
        others: list[Piece] = [("others", None, None)] if open_ended else []
        return [("exact", value, None) for value in named] + others
    edges = sorted({edge for cell in cells for edge in (cell.low, cell.high) if edge is not None})
    bounds: list[int | None] = [None, *edges, None]
    return [("range", low, high) for low, high in pairwise(bounds)]


def _covers(cell: Cell, piece: Piece) -> bool:
    form, low, high = piece
    if cell.anything:
        return True
    if form == "others":
        return cell.otherwise
    if form == "exact":
        return cell.exact == low
    below = cell.low is None or (isinstance(low, int) and low >= cell.low)
    above = cell.high is None or (isinstance(high, int) and high <= cell.high)
    return below and above


def _said(point: Sequence[Piece], comma: str, language: int) -> str:
    """Say a point of a table, in Chinese (0) or English (1)."""
    return comma.join(_piece_said(piece)[language] for piece in point)


def _piece_said(piece: Piece) -> tuple[str, str]:
    form, low, high = piece
    if form == "others":
        return "其余值", "any other value"
    if form == "exact":
        said = str(low).lower() if isinstance(low, bool) else repr(low)
        return said, said
    if low is None and high is None:
        return "任何数", "every number"
    if low is None:
        return f"小于 {high} ", f"below {high}"
    if high is None:
        return f"{low} 及以上", f"from {low} on"
    return f"{low} 到 {high} 之间", f"between {low} and {high}"
