"""The checked form of an expression: a small tree that every back end reads.

A back end (the interpreter, the SQL writer) knows these nodes and nothing of Python's syntax.
"""

from dataclasses import dataclass, field
from datetime import date

from earnest.policy.editions import Parameter
from earnest.policy.kinds import Kind
from earnest.policy.tables import Table


@dataclass(frozen=True)
class Collection:
    """A fact that holds several elements: texts looked up in a table, or a dated series.

    Attributes:
        name: the fact.
        names: what an element offers by name, with its kind.
        table: the table in which each text is looked up; None for a series.
        fields: the values of a series' element; empty for texts.
        single: the series' elements are single values, not sets of named values.
    """

    name: str
    names: dict[str, Kind]
    table: Table | None = None
    fields: dict[str, Kind] = field(default_factory=dict)
    single: bool = False

    @property
    def dated(self) -> bool:
        """Tell whether its elements carry their own date, and are judged by it."""
        return self.table is None


@dataclass(frozen=True)
class Node:
    """A part of an expression, with the kind of its value and its text in the pack."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Literal(Node):
    """A number, text or truth written in the expression, or the choice of an interpretation."""

    value: object


@dataclass(frozen=True)
class Value(Node):
    """A fact or an earlier step, by name."""

    name: str


@dataclass(frozen=True)
class ElementValue(Node):
    """A value of the element under look, inside an aggregate."""

    name: str


@dataclass(frozen=True)
class ParameterValue(Node):
    """A parameter in force on the governing date."""

    parameter: Parameter


@dataclass(frozen=True)
class Not(Node):
    """The opposite of a truth."""

    operand: Node


@dataclass(frozen=True)
class Negative(Node):
    """A number with its sign turned."""

    operand: Node


@dataclass(frozen=True)
class Arithmetic(Node):
    """Sum, difference or product: ``+ - *``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Comparison(Node):
    """A chain of comparisons, all of which must hold."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Logic(Node):
    """``and`` or ``or``, read from left to right and no further than needed."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Choice(Node):
    """``yes if test else no``: only the chosen side is evaluated."""

    test: Node
    yes: Node
    no: Node


@dataclass(frozen=True)
class Extreme(Node):
    """The largest or smallest of several values; the trace says which one it was."""

    function: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class AddMonths(Node):
    """A day so many months later, clipped to the month's end."""

    day: Node
    months: Node


@dataclass(frozen=True)
class Lookup(Node):
    """A column of the row that decides these values."""

    table: Table
    operands: tuple[Node, ...]
    column: str


@dataclass(frozen=True)
class Aggregate(Node):
    """``highest``, ``total``, ``count`` or ``consecutive`` over a collection.

    Attributes:
        condition: which elements count; always true when it is not given.
        value: what is taken of each (``highest``, ``total``).
        default: the value of ``highest`` when no element counts.
        since: elements dated earlier are passed over, as no rule was in force then.
    """

    function: str
    collection: Collection
    condition: Node | None
    value: Node | None
    default: Node | None
    since: date | None


def by_row(node: Node) -> bool:
    """Tell whether an expression's value is a column of a table's row, or may be."""
    if isinstance(node, Choice):
        return by_row(node.yes) or by_row(node.no)
    return isinstance(node, Lookup)


def walk(node: Node) -> list[Node]:
    """Return a node and all nodes below it."""
    found = [node]
    for value in vars(node).values():
        children = value if isinstance(value, tuple) else (value,)
        for child in children:
            part = child[1] if isinstance(child, tuple) else child
            if isinstance(part, Node):
                found.extend(walk(part))
    return found
