"""Rows of tables that nothing can reach: what feeds a table's inputs is looked at."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from earnest.authoring.opened import expressions, tree_of
from earnest.policy.cells import ANYTHING, OTHERWISE, read_cell
from earnest.policy.document import Document, Path
from earnest.policy.kinds import WORDS
from earnest.policy.shape import Book, Decision, Edition

COUNTED = ("count", "days", "months", "hours", "minutes")
"""Units of which nothing is ever below zero when it comes in as a fact."""

_NEVER_NEGATIVE = ("count", "consecutive")


@dataclass(frozen=True)
class Feed:
    """What feeds one input of a table in one place.

    Attributes:
        texts: the only texts that it can be; None when it can be any.
        natural: it is never below zero.
    """

    texts: frozenset[str] | None
    natural: bool


def rows_remarked(document: Document, book: Book) -> None:
    """Note rows for texts that never come in, and for numbers below zero of what is counted."""
    feeds = _feeds(book)
    for name, table in book.tables.items():
        for column, unit in enumerate(table.inputs.values()):
            fed = feeds.get((name, column), [])
            if not fed:
                continue
            for index, edition in enumerate(table.editions):
                path: Path = ("tables", name, "editions", index, "rows")
                place = (path, name, column)
                if unit == "text" and all(each.texts is not None for each in fed):
                    texts = frozenset(text for each in fed for text in each.texts or ())
                    _texts(document, place, edition, (list(table.inputs), texts))
                elif unit in COUNTED and all(each.natural for each in fed):
                    _below_zero(document, place, edition, (list(table.inputs), unit))


def _feeds(book: Book) -> dict[tuple[str, int], list[Feed]]:
    """Return what feeds each input of each table, over all decisions."""
    feeds: dict[tuple[str, int], list[Feed]] = {}
    for decision in book.decisions.values():
        values = _Values(book, decision)
        for raw in decision.facts.values():
            if isinstance(raw, dict) and isinstance(raw.get("each"), str):
                feeds.setdefault((raw["each"], 0), []).append(Feed(None, natural=False))
        for _, step in expressions(decision):
            for call in ast.walk(tree_of(step.expr)):
                if _calls(call) in book.tables:
                    assert isinstance(call, ast.Call)  # noqa: S101 - only calls have a name
                    for column, argument in enumerate(call.args):
                        feed = Feed(values.texts(argument), values.natural(argument))
                        feeds.setdefault((_calls(call), column), []).append(feed)
    return feeds


def _calls(node: ast.AST) -> str:
    """Return the name that a call calls; empty for anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return ""


class _Values:
    """What the values of a decision can be, as far as their expressions say."""

    def __init__(self, book: Book, decision: Decision) -> None:
        self._book = book
        self._facts = decision.facts
        self._steps = {name: tree_of(step.expr) for (_, name), step in expressions(decision)}

    def texts(self, node: ast.expr) -> frozenset[str] | None:
        """Return the only texts that an expression can give; None when they are not known."""
        match node:
            case ast.Constant(value=str(text)):
                return frozenset({text})
            case ast.IfExp(body=yes, orelse=no):
                sides = self.texts(yes), self.texts(no)
                return (
                    None if None in sides else (sides[0] or frozenset()) | (sides[1] or frozenset())
                )
            case ast.Name(id=name) if name in self._facts:
                return _listed(self._facts[name])
            case ast.Name(id=name) if name in self._steps:
                return self.texts(self._steps[name])
            case ast.Attribute(value=ast.Call() as call, attr=column):
                return self._column(_calls(call), column)
        return None

    def natural(self, node: ast.expr) -> bool:
        """Tell whether an expression can only give numbers from zero on."""
        match node:
            case ast.Constant(value=int(number)):
                return number >= 0
            case ast.Name(id=name) if name in self._facts:
                return self._facts[name] in COUNTED
            case ast.Name(id=name) if name in self._steps:
                return self.natural(self._steps[name])
            case ast.BinOp(op=ast.Add() | ast.Mult(), left=left, right=right):
                return self.natural(left) and self.natural(right)
            case ast.Call(func=ast.Name(id="max"), args=operands):
                return any(self.natural(each) for each in operands)
            case ast.Call(func=ast.Name(id="min"), args=operands):
                return all(self.natural(each) for each in operands)
        return _calls(node) in _NEVER_NEGATIVE

    def _column(self, table: str, column: str) -> frozenset[str] | None:
        shape = self._book.tables.get(table)
        if shape is None or shape.outputs.get(column) != "text":
            return None
        place = list(shape.outputs).index(column)
        rows = [row for edition in shape.editions for row in edition.rows]
        return frozenset(str(row.then[place]) for row in rows)


def _listed(raw: Any) -> frozenset[str] | None:
    """Return the texts of a fact's closed list; None for any other fact."""
    match raw:
        case {"one_of": list(texts)}:
            return frozenset(str(each) for each in texts)
    return None


Place = tuple[Path, str, int]
"""Where an edition's rows stand, the table, and the input's number."""


def _texts(
    document: Document, place: Place, edition: Edition, known: tuple[list[str], frozenset[str]]
) -> None:
    path, table, column = place
    names, texts = known
    cells = list(_cells(edition, names, column))
    named = {text for _, raw in cells for text in _alternatives(raw)}
    for index, raw in cells:
        if raw == ANYTHING:
            continue
        rest = raw == OTHERWISE
        if (rest and texts <= named) or (not rest and not texts & set(_alternatives(raw))):
            known_texts = "、".join(sorted(texts)), ", ".join(sorted(texts))
            document.add(
                (*path, index), "unreachable_row",
                f"{table}：这一行永远用不到，{names[column]} 只会是 {known_texts[0]}；请删去或更正",
                f"{table}: this row is never reached, {names[column]} can only be "
                f"{known_texts[1]}; remove or correct it",
            )  # fmt: skip


def _below_zero(
    document: Document, place: Place, edition: Edition, known: tuple[list[str], str]
) -> None:
    path, table, column = place
    names, unit = known
    for index, raw in _cells(edition, names, column):
        cell = read_cell(WORDS[unit], raw)
        if isinstance(cell.high, int) and cell.high <= 0:
            document.add(
                (*path, index), "unreachable_row",
                f"{table}：这一行永远用不到，{names[column]} 不会小于 0；请删去，或改写为从 0 起",
                f"{table}: this row is never reached, {names[column]} is never below 0; remove "
                "it, or let the row begin at 0",
            )  # fmt: skip


def _cells(edition: Edition, names: list[str], column: int) -> Iterator[tuple[int, Any]]:
    for index, row in enumerate(edition.rows):
        match row.when:
            case dict(cells):
                yield index, cells.get(names[column], ANYTHING)
            case list(cells):
                yield index, cells[column]
            case cell:
                yield index, cell


def _alternatives(raw: Any) -> list[str]:
    if raw in (OTHERWISE, ANYTHING):
        return []
    return [part.strip() for part in str(raw).split("|")]
