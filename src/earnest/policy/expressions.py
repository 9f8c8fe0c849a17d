"""The expression language: a closed subset of Python's, read with ``ast`` and checked by kind.

Allowed are whole numbers, quoted text, ``True``/``False``, names, ``+ - *``, comparisons,
``x in (a, b)``, ``and or not``, ``a if test else b``, ``table(x).column`` and the functions of
:data:`FUNCTIONS` and :data:`AGGREGATES`. Everything else is refused when the pack is loaded.
"""

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from earnest.policy.aggregates import AGGREGATES
from earnest.policy.bounds import factors, terms
from earnest.policy.comparisons import read_comparison
from earnest.policy.editions import Parameter
from earnest.policy.expression_hints import foreign, unreadable
from earnest.policy.functions import FUNCTIONS
from earnest.policy.kinds import ANY, BOOL, CURRENCIES, INT, NUMBER_MAX, TEXT, Kind
from earnest.policy.nodes import (
    Arithmetic,
    Choice,
    Collection,
    ElementValue,
    Literal,
    Logic,
    Lookup,
    Negative,
    Node,
    Not,
    ParameterValue,
    Value,
)
from earnest.policy.problems import nearest
from earnest.policy.tables import Table
from earnest.policy.windows import Window
from earnest.policy.workdays import WorkCalendar

LENGTH_MAX = 1000

_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
Report = Callable[[int, str, str, str], None]
"""Takes the offset in the expression's text, a code, and what is wrong in zh and en."""


@dataclass
class Scope:
    """The names that an expression may use.

    Attributes:
        options: the closed lists of texts that a value of this name can be.
    """

    values: dict[str, Kind] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    calendars: Mapping[str, WorkCalendar] = field(default_factory=dict)
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return every name that stands for a single value."""
        return [*self.values, *self.parameters, *self.choices]


class Reader:
    """Reads one expression into nodes, reporting all that is wrong with it.

    Attributes:
        scope: the names that it may use.
        step: the step that it computes, for refusals.
    """

    def __init__(self, text: str, scope: Scope, report: Report, step: str = "") -> None:
        self._text = text
        self.scope = scope
        self.step = step
        self._report = report
        self._collection: Collection | None = None

    def read(self) -> Node:
        """Return the checked tree; a wrong part stands in it as a literal of kind ``any``."""
        if hint := foreign(self._text):
            return self._unread(*hint)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # A text too long is cut, and then is no expression.
                tree = ast.parse(self._text[:LENGTH_MAX], mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if hint := unreadable(self._text):
                return self._unread(*hint)
            offset = (getattr(error, "offset", None) or 1) - 1
            said = "this is not an expression that can be read"
            return self._unread(offset, "算式写法不对", said)
        return self.part(tree.body)

    def _unread(self, offset: int, zh: str, en: str) -> Node:
        self._report(offset, "expression", zh, en)
        return Literal(ANY, self._text, None)

    def part(self, node: ast.expr) -> Node:
        """Read a part of the expression."""
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(BOOL, self.said(node), self.part_of(operand, BOOL))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.part_of(operand, INT)
                return Negative(inner.kind, self.said(node), inner)
            case ast.BinOp():
                return self._arithmetic(node)
            case ast.Compare():
                return read_comparison(self, node)
            case ast.BoolOp():
                operator = "and" if isinstance(node.op, ast.And) else "or"
                operands = tuple(self.part_of(each, BOOL) for each in node.values)
                return Logic(BOOL, self.said(node), operator, operands)
            case ast.IfExp():
                test = self.part_of(node.test, BOOL)
                yes, no = self.part(node.body), self.part(node.orelse)
                return Choice(self.joined(node, [yes, no]), self.said(node), test, yes, no)
            case ast.Attribute():
                return self._lookup(node)
            case ast.Call():
                return self._call(node)
            case _:
                return self.not_allowed(node)

    def _constant(self, node: ast.Constant) -> Node:
        value = node.value
        if isinstance(value, bool):
            return Literal(BOOL, self.said(node), value)
        if isinstance(value, int) and value <= NUMBER_MAX:
            return Literal(INT, self.said(node), value)
        if isinstance(value, str):
            return Literal(TEXT, self.said(node), value)
        return self.problem(
            node,
            "constant",
            f"{self.said(node)} 不能用：只写整数、文本、True 或 False",
            f"{self.said(node)} cannot be used: write whole numbers, text, True or False",
        )

    def _name(self, node: ast.Name) -> Node:
        name, scope, element = node.id, self.scope, self._collection
        if element is not None:
            inside = self._element_name(node, element)
            if inside is not None:
                return inside
        if name in scope.values:
            return Value(scope.values[name], name, name)
        if name in scope.parameters:
            parameter = scope.parameters[name]
            return ParameterValue(parameter.kind, name, parameter)
        if name in scope.choices:
            return Literal(TEXT, name, scope.choices[name])
        known = scope.names() + (list(element.names) if element else [])
        zh, en = nearest(name, known)
        if name in scope.collections:
            zh, en = (
                "；它有多个元素，请用 highest、total、count 等函数",
                ("; it has many elements, so use highest, total, count and the like"),
            )
        return self.problem(
            node, "unknown_name", f"没有名为 {name!r} 的值{zh}", f"no value named {name!r}{en}"
        )

    def _element_name(self, node: ast.Name, element: Collection) -> Node | None:
        name = node.id
        if name in element.names:
            if name in self.scope.names():
                self.problem(
                    node,
                    "ambiguous_name",
                    f"{name!r} 既是 {element.name} 的元素值，又是别处的名字；请改名",
                    f"{name!r} is a value of {element.name} and a name elsewhere; rename one",
                )
            return _element_value(element, name, element.names[name])
        positive = name.removeprefix("not_")
        if positive != name and element.names.get(positive) == BOOL:
            return Not(BOOL, name, _element_value(element, positive, BOOL))
        return None

    def _arithmetic(self, node: ast.BinOp) -> Node:
        operator = _ARITHMETIC.get(type(node.op))
        if operator is None:
            return self.problem(
                node,
                "division",
                "只能用 + - *；比率请交叉相乘，如 met * 1000000 >= rate * paid，"
                "或用 share、prorate、rate",
                "only + - * can be used; compare a rate by cross-multiplication, like "
                "met * 1000000 >= rate * paid, or use share, prorate or rate",
            )
        left, right = self.part(node.left), self.part(node.right)
        if "date" in (left.kind.name, right.kind.name):
            return self._between_days(node, left, right)
        left, right = self.checked(node.left, left, INT), self.checked(node.right, right, INT)
        fitted = (factors if operator == "*" else terms)(left, right, self.step)
        if operator == "*" and {left.kind.unit, right.kind.unit} <= CURRENCIES.keys():
            return self.problem(
                node,
                "kind",
                f"{self.said(node)} 是钱乘钱，不成其数；按比例请用 share(amount, rate)"
                "或 prorate(amount, part, whole)，求比率用 rate(part, whole)",
                f"{self.said(node)} multiplies money by money, which is no amount; for a part of "
                "an amount write share(amount, rate) or prorate(amount, part, whole), for a "
                "ratio rate(part, whole)",
            )
        if operator == "*":
            # A rate in ppm only scales: money times a rate is compared with money times a million.
            units = [
                each.kind.unit for each in (left, right) if each.kind.unit not in (None, "ppm")
            ]
            kind = Kind("int", units[0]) if len(units) == 1 else INT
        else:
            kind = self.joined(node, [left, right])
        return Arithmetic(kind, self.said(node), operator, *fitted)

    def _between_days(self, node: ast.BinOp, left: Node, right: Node) -> Node:
        """Note which function does what was meant by adding or subtracting days."""
        said = f"days_between({right.text}, {left.text})"
        if left.kind.name != right.kind.name:
            day, number = (left, right) if left.kind.name == "date" else (right, left)
            sign = "0 - " if isinstance(node.op, ast.Sub) else ""
            said = f"add_days({day.text}, {sign}{number.text})"
        return self.problem(
            node, "days", f"日期不能用 + - * 计算：请用 {said}",
            f"days are not computed with + - *: use {said}",
        )  # fmt: skip

    def _lookup(self, node: ast.Attribute) -> Node:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords:
            return self.not_allowed(node)
        table = self.scope.tables.get(call.func.id)
        if table is None:
            zh, en = nearest(call.func.id, self.scope.tables)
            return self.problem(
                call,
                "unknown_table",
                f"没有名为 {call.func.id!r} 的表{zh}",
                f"no table named {call.func.id!r}{en}",
            )
        column = table.outputs.get(node.attr)
        if column is None:
            zh, en = nearest(node.attr, table.outputs)
            return self.problem(
                node,
                "unknown_column",
                f"表 {table.name} 没有 {node.attr!r} 一列{zh}",
                f"table {table.name} has no column {node.attr!r}{en}",
            )
        if len(call.args) != len(table.inputs):
            return self.arguments(call, f"{table.name}({', '.join(table.inputs)})")
        operands = tuple(
            self.part_of(each, kind)
            for each, kind in zip(call.args, table.inputs.values(), strict=True)
        )
        return Lookup(column, self.said(node), table, operands, node.attr)

    def _call(self, node: ast.Call) -> Node:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in self.scope.tables:
            columns = " / ".join(f".{column}" for column in self.scope.tables[name].outputs)
            return self.problem(
                node, "column", f"请写出表 {name} 的列：{columns}", f"name a column: {columns}"
            )
        function = FUNCTIONS.get(name) or AGGREGATES.get(name)
        if function is None:
            zh, en = nearest(name, [*FUNCTIONS, *AGGREGATES, *self.scope.tables])
            return self.problem(
                node,
                "unknown_function",
                f"没有函数 {ast.unparse(node.func)!r}{zh}",
                f"no function {ast.unparse(node.func)!r}{en}",
            )
        starred = any(isinstance(each, ast.Starred) for each in node.args)
        if node.keywords or starred or not function.takes(len(node.args)):
            return self.arguments(node, function.usage)
        return function.read(self, node)

    @property
    def collection(self) -> Collection | None:
        """The collection whose elements the part being read is about; None for none."""
        return self._collection

    @property
    def inside(self) -> bool:
        """Tell whether the part being read stands inside a function over elements."""
        return self._collection is not None

    @contextmanager
    def element(self, collection: Collection) -> Iterator[None]:
        """Let the names of a collection's elements be used meanwhile."""
        self._collection = collection
        yield
        self._collection = None

    def part_of(self, node: ast.expr, wanted: Kind) -> Node:
        """Read a part that must be of a kind."""
        return self.checked(node, self.part(node), wanted)

    def checked(self, node: ast.expr, read: Node, wanted: Kind) -> Node:
        """Return what was read, if it is of a kind."""
        if not read.kind.fits(wanted):
            return self.problem(
                node,
                "kind",
                f"{self.said(node)} 是 {read.kind}，这里要 {wanted}",
                f"{self.said(node)} is {read.kind}, and {wanted} is needed here",
            )
        return read

    def joined(self, node: ast.expr, parts: Sequence[Node]) -> Kind:
        """Return the kind that parts have in common; report when they have none."""
        kind = parts[0].kind
        for part in parts[1:]:
            if not kind.fits(part.kind):
                self.problem(
                    node,
                    "kind",
                    f"{kind} 与 {part.kind} 不能放在一起",
                    f"{kind} and {part.kind} cannot be put together",
                )
                return ANY
            if kind == ANY or kind.unit is None:
                kind = part.kind if part.kind != ANY else kind
        return kind

    def arguments(self, node: ast.expr, usage: str, zh: str = "") -> Node:
        """Note how a part must be written; ``zh`` where the usage has words."""
        return self.problem(node, "arguments", f"请写成 {zh or usage}", f"write {usage}")

    def not_allowed(self, node: ast.expr) -> Node:
        """Note that a part is not of this language."""
        said = self.said(node)
        return self.problem(
            node,
            "not_allowed",
            f"算式里不能用 {said}",
            f"{said} is not part of the expression language",
        )

    def problem(self, node: ast.expr, code: str, zh: str, en: str) -> Node:
        """Note what is wrong with a part; gives a literal of kind ``any`` to go on with."""
        self._report(self._offset(node), code, zh, en)
        return Literal(ANY, self.said(node), None)

    def _offset(self, node: ast.expr) -> int:
        """Return where a part starts, in characters (``ast`` counts bytes)."""
        lines = self._text.splitlines(keepends=True)
        before = sum(len(line) for line in lines[: node.lineno - 1])
        return before + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())

    def said(self, node: ast.expr) -> str:
        """Return a part as it is written."""
        return ast.get_source_segment(self._text, node) or ast.unparse(node)


def _element_value(collection: Collection, name: str, kind: Kind) -> ElementValue:
    """Return a value of the element under look, and how the element holds it."""
    table = collection.table
    lacking = table is not None and name in table.outputs and table.lacks(name)
    form = "named"
    if collection.single:
        form = "day" if name == collection.at else "whole"
    return ElementValue(kind, name, name, form, table.name if table and lacking else "")
