"""The writing of one query: layers of columns, and each expression as a value and its refusal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from earnest.policy.nodes import Collection, Node
from earnest.policy.sql_tables import quoted

GOVERNING = '"__on"'
ELEMENT = "__e"
_SHORT = 60  # what is shorter is rather written out again


@dataclass(frozen=True)
class Pair:
    """An expression's value in SQL, and its refusal: NULL, or the key of the refusal."""

    value: str
    refusal: str | None = None


def when(condition: str, reason: str | None) -> str | None:
    """Return a reason that only holds under a condition."""
    return None if reason is None else f"CASE WHEN {condition} THEN {reason} END"


def member(name: str) -> str:
    """Return a value of the element under look."""
    return f"struct_extract({ELEMENT}, '{name}')"


def bounded(value: str, limit: int) -> str:
    """Return the test that a number's magnitude is within a limit."""
    return f"{value} BETWEEN {-limit} AND {limit}"


Form = Callable[["Writer", Any], Pair]
"""Writes one kind of node."""


class Writer:
    """Writes a query as layers, each adding columns to the one before it.

    Attributes:
        layers: the layers so far, as parts of a WITH clause.
        since: no day whose rule applies can be earlier than this; None when it may be any.
    """

    def __init__(self, forms: Mapping[type[Node], Form], since: date) -> None:
        self.layers: list[str] = []
        self._since = since
        self._forms = forms
        self._hoisted: dict[str, str] = {}
        self._governing = GOVERNING
        self._element: dict[str, str] | None = None
        self._of_element: dict[str, str] = {}
        self._at = ""
        self.since: date | None = since

    @property
    def last(self) -> str:
        """The name of the newest layer."""
        return f"layer{len(self.layers)}"

    @property
    def on(self) -> str:
        """The day whose rule applies: an element's own, the step's, or the governing day."""
        return self._at or self._governing

    @property
    def governing(self) -> str:
        """The day that governs the step, also inside a function over elements."""
        return self._governing

    @property
    def inside(self) -> bool:
        """Tell whether what is being written stands inside a function over elements."""
        return self._element is not None

    def add(self, columns: Sequence[tuple[str, str]]) -> None:
        """Add a layer with more columns."""
        said = ",\n  ".join(f"{sql} AS {quoted(name)}" for name, sql in columns)
        source = self.last
        layer = f"layer{len(self.layers) + 1}"
        # Names are checked identifiers of the pack, and values are literals: nothing comes in.
        self.layers.append(f"{layer} AS (SELECT *,\n  {said}\n FROM {source})")  # noqa: S608

    def pair(self, node: Node) -> Pair:
        """Return a node's value and refusal."""
        return self._forms[type(node)](self, node)

    def pairs(self, nodes: Sequence[Node]) -> list[Pair]:
        """Return the values and refusals of several nodes."""
        return [self.pair(each) for each in nodes]

    def once(self, sql: str, name: str = "part") -> str:
        """Compute something that is used more than once; return what it is then called.

        It becomes a column of a layer of its own or, inside a function over elements, one more
        value of every element.
        """
        if sql.replace('"', "").isidentifier():
            return sql
        if self.inside:
            return self._once_in_element(sql)
        if sql not in self._hoisted:
            column = f"__{name}{len(self._hoisted) + 1}"
            self.add([(column, sql)])
            self._hoisted[sql] = quoted(column)
        return self._hoisted[sql]

    def _once_in_element(self, sql: str) -> str:
        if len(sql) < _SHORT:
            return sql
        if sql not in self._of_element:
            self._of_element[sql] = f"__x{len(self._of_element) + 1}"
        return member(self._of_element[sql])

    def name(self, name: str) -> str:
        """Return how a value of the element under look is said."""
        return (self._element or {})[name]

    @contextmanager
    def governed(self, by: str) -> Iterator[None]:
        """Write what the day of a fact or step governs; ``by`` is empty for the decision's own."""
        if by:
            self._governing, self.since = quoted(by), None
        yield
        self._governing, self.since = GOVERNING, self._since

    @contextmanager
    def element(
        self, collection: Collection, names: dict[str, str], since: date | None
    ) -> Iterator[dict[str, str]]:
        """Write what is said of each element of a collection.

        Takes: ``since`` is the first day of elements that carry their own day.
        Gives what every element must have besides, in this order: SQL, each with its name.
        """
        self._element, self._of_element = names, {}
        before = self.since
        if collection.at:
            self._at, self.since = member(collection.at), since
        yield self._of_element
        self._element, self._at, self.since = None, "", before
