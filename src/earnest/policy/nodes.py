"""The checked form of an expression: a small tree that every back end reads.

A back end (the interpreter, the SQL writer) knows these nodes and nothing of Python's syntax.
"""

from dataclasses import dataclass, field
from datetime import date

from earnest.policy.editions import Parameter
from earnest.policy.kinds import ANY, TEXT, Kind
from earnest.policy.tables import Table
from earnest.policy.windows import Window
from earnest.policy.workdays import WorkCalendar


@dataclass(frozen=True)
class Collection:
    """A fact that holds several elements.

    Attributes:
        name: the fact.
        names: what an element offers by name, with its kind.
        table: the table in which each text is looked up; None for the other forms.
        fields: the values of an element of a series, of a list or of records; empty for texts.
        single: an element is one value, called ``value``, not a set of named values.
        form: ``each``, ``series``, ``list`` or ``records``.
        at: the name of an element's own day, by whose rule it is judged; empty when it has none.
    """

    name: str
    names: dict[str, Kind]
    table: Table | None = None
    fields: dict[str, Kind] = field(default_factory=dict)
    single: bool = False
    form: str = "each"
    at: str = ""

    @property
    def dated(self) -> bool:
        """Tell whether its elements carry their own date, and are judged by it."""
        return bool(self.at)

    @property
    def member(self) -> Kind:
        """The kind of what ``x in collection`` may ask for: a text, or a list's value."""
        if self.form == "each":
            return TEXT
        return self.fields["value"] if self.form == "list" else ANY


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
    """A value of the element under look, inside an aggregate.

    Attributes:
        form: ``named`` when the element holds several values by name, ``whole`` when the element
            is this value and nothing else, ``day`` when this is the day of such an element.
        lacking: the table whose rows may give no such value; empty when there always is one.
    """

    name: str
    form: str = "named"
    lacking: str = ""


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
class Clamp(Node):
    """A value kept between two others: ``max(low, min(x, high))``."""

    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True)
class Together(Node):
    """``all_of`` or ``any_of``: every operand is evaluated, and the trace says which held."""

    function: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Among(Node):
    """Whether a value is one of several: ``x in (a, b)``."""

    operand: Node
    options: tuple[Node, ...]
    negated: bool


@dataclass(frozen=True)
class Contained(Node):
    """Whether a value stands in a list or among texts that are looked up: ``x in services``."""

    operand: Node
    collection: Collection
    negated: bool


@dataclass(frozen=True)
class Under(Node):
    """Whether a path is a node of the tree or lies below it."""

    path: Node
    above: Node


@dataclass(frozen=True)
class Limited(Node):
    """A number on the way to a value; beyond the limit the step is refused.

    Attributes:
        limit: the largest magnitude with which 128 bits can go on computing.
        step: the step that is refused.
    """

    operand: Node
    limit: int
    step: str


@dataclass(frozen=True)
class Quotient(Node):
    """``amount * part / whole``, rounded to a whole number and then taken ``times``.

    Attributes:
        whole: must be larger than zero, or the step is refused.
        rounding: ``down`` (towards minus infinity), ``up`` or ``nearest`` (halves go up).
        times: multiplies the rounded quotient; None for once.
        step: the step that is refused.
    """

    amount: Node
    part: Node
    whole: Node
    rounding: str
    times: Node | None
    step: str


@dataclass(frozen=True)
class AddMonths(Node):
    """A day so many months later, clipped to the month's end."""

    day: Node
    months: Node


@dataclass(frozen=True)
class AddDays(Node):
    """A day so many calendar days later."""

    day: Node
    days: Node


@dataclass(frozen=True)
class AddWorkdays(Node):
    """The n-th working day after a day, by a calendar of the pack."""

    day: Node
    days: Node
    calendar: WorkCalendar


@dataclass(frozen=True)
class Between(Node):
    """``days_between`` or ``months_between`` two days."""

    function: str
    first: Node
    last: Node


@dataclass(frozen=True)
class WorkdaysBetween(Node):
    """How many working days come after one day, up to and including another."""

    first: Node
    last: Node
    calendar: WorkCalendar


@dataclass(frozen=True)
class MonthOf(Node):
    """Which month of the year a day lies in, from 1 to 12."""

    day: Node


@dataclass(frozen=True)
class MonthEdge(Node):
    """``month_start`` or ``month_end``: the first or last day of a day's month."""

    function: str
    day: Node


@dataclass(frozen=True)
class Within(Node):
    """Whether a day lies in named days of the pack."""

    day: Node
    window: Window


@dataclass(frozen=True)
class Lookup(Node):
    """A column of the row that decides these values."""

    table: Table
    operands: tuple[Node, ...]
    column: str


@dataclass(frozen=True)
class Aggregate(Node):
    """A function over the elements of a collection: ``total``, ``highest``, ``consecutive``, ...

    Attributes:
        condition: which elements count; None when all do.
        value: what is taken of each; None where they are only counted.
        default: the value of ``highest`` and ``lowest`` when no element counts; None to refuse.
        group: what elements have in common of which only the highest counts (``sum_of_highest``).
        since: elements dated earlier are passed over, as no rule was in force then.
        counted: which elements ``consecutive`` looks at, the others being passed over; None for
            all.
    """

    function: str
    collection: Collection
    condition: Node | None
    value: Node | None
    default: Node | None
    since: date | None
    group: Node | None = None
    counted: Node | None = None


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
