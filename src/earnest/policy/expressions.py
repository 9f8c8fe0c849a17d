"""The expression language: a closed subset of Python's, read with ``ast`` and checked by kind.

Allowed are whole numbers, quoted text, ``True``/``False``, names, ``+ - *``, comparisons,
``and or not``, ``a if test else b``, ``table(x).column`` and the eight functions of
:data:`FUNCTIONS`. Everything else is refused when the pack is loaded.
"""

import ast
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from earnest.policy.editions import Parameter
from earnest.policy.kinds import ANY, BOOL, DATE, INT, NUMBER_MAX, TEXT, Kind
from earnest.policy.nodes import (
    AddMonths,
    Aggregate,
    Arithmetic,
    Choice,
    Collection,
    Comparison,
    ElementValue,
    Extreme,
    Literal,
    Logic,
    Lookup,
    Negative,
    Node,
    Not,
    ParameterValue,
    Value,
    walk,
)
from earnest.policy.problems import nearest
from earnest.policy.tables import Table

FUNCTIONS = {
    "max": "max(a, b, ...)",
    "min": "min(a, b, ...)",
    "highest": "highest(elements, value, condition, default)",
    "total": "total(elements, value, condition)",
    "count": "count(elements, condition)",
    "consecutive": "consecutive(series, condition)",
    "add_months": "add_months(day, months)",
}
"""The functions and how each is written; ``table(x).column`` is the eighth."""

LENGTH_MAX = 1000

_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip

Report = Callable[[int, str, str, str], None]
"""Takes the offset in the expression's text, a code, and what is wrong in zh and en."""


@dataclass
class Scope:
    """The names that an expression may use."""

    values: dict[str, Kind] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return every name that stands for a single value."""
        return [*self.values, *self.parameters, *self.choices]


class Reader:
    """Reads one expression into nodes, reporting all that is wrong with it."""

    def __init__(self, text: str, scope: Scope, report: Report) -> None:
        self._text = text
        self._scope = scope
        self._report = report
        self._collection: Collection | None = None

    def read(self) -> Node:
        """Return the checked tree; a wrong part stands in it as a literal of kind ``any``."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # A text too long is cut, and then is no expression.
                tree = ast.parse(self._text[:LENGTH_MAX], mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            offset = (getattr(error, "offset", None) or 1) - 1
            self._report(
                offset, "expression", "算式写法不对", "this is not an expression that can be read"
            )
            return Literal(ANY, self._text, None)
        return self._node(tree.body)

    def _node(self, node: ast.expr) -> Node:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(BOOL, self._said(node), self._of(operand, BOOL))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self._of(operand, INT)
                return Negative(inner.kind, self._said(node), inner)
            case ast.BinOp():
                return self._arithmetic(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.BoolOp():
                operator = "and" if isinstance(node.op, ast.And) else "or"
                operands = tuple(self._of(each, BOOL) for each in node.values)
                return Logic(BOOL, self._said(node), operator, operands)
            case ast.IfExp():
                test = self._of(node.test, BOOL)
                yes, no = self._node(node.body), self._node(node.orelse)
                return Choice(self._joined(node, [yes, no]), self._said(node), test, yes, no)
            case ast.Attribute():
                return self._lookup(node)
            case ast.Call():
                return self._call(node)
            case _:
                return self._refuse(node)

    def _constant(self, node: ast.Constant) -> Node:
        value = node.value
        if isinstance(value, bool):
            return Literal(BOOL, self._said(node), value)
        if isinstance(value, int) and value <= NUMBER_MAX:
            return Literal(INT, self._said(node), value)
        if isinstance(value, str):
            return Literal(TEXT, self._said(node), value)
        return self._problem(
            node,
            "constant",
            f"{self._said(node)} 不能用：只写整数、文本、True 或 False",
            f"{self._said(node)} cannot be used: write whole numbers, text, True or False",
        )

    def _name(self, node: ast.Name) -> Node:
        name, scope, element = node.id, self._scope, self._collection
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
                "；它有多个元素，请用 highest、total、count 或 consecutive",
                ("; it has many elements, so use highest, total, count or consecutive"),
            )
        return self._problem(
            node, "unknown_name", f"没有名为 {name!r} 的值{zh}", f"no value named {name!r}{en}"
        )

    def _element_name(self, node: ast.Name, element: Collection) -> Node | None:
        name = node.id
        if name in element.names:
            if name in self._scope.names():
                self._problem(
                    node,
                    "ambiguous_name",
                    f"{name!r} 既是 {element.name} 的元素值，又是别处的名字；请改名",
                    f"{name!r} is a value of {element.name} and a name elsewhere; rename one",
                )
            return ElementValue(element.names[name], name, name)
        positive = name.removeprefix("not_")
        if positive != name and element.names.get(positive) == BOOL:
            return Not(BOOL, name, ElementValue(BOOL, positive, positive))
        return None

    def _arithmetic(self, node: ast.BinOp) -> Node:
        operator = _ARITHMETIC.get(type(node.op))
        if operator is None:
            return self._problem(
                node,
                "division",
                "只能用 + - *；比率请交叉相乘，如 met * 1000000 >= rate * paid",
                "only + - * can be used; compare a rate by cross-multiplication, like "
                "met * 1000000 >= rate * paid",
            )
        left, right = self._of(node.left, INT), self._of(node.right, INT)
        if operator == "*":
            # A rate in ppm only scales: money times a rate is compared with money times a million.
            units = [
                each.kind.unit for each in (left, right) if each.kind.unit not in (None, "ppm")
            ]
            kind = Kind("int", units[0]) if len(units) == 1 else INT
        else:
            kind = self._joined(node, [left, right])
        return Arithmetic(kind, self._said(node), operator, left, right)

    def _comparison(self, node: ast.Compare) -> Node:
        first = self._node(node.left)
        rest: list[tuple[str, Node]] = []
        previous = first
        for operator, operand in zip(node.ops, node.comparators, strict=True):
            symbol = _COMPARISONS.get(type(operator))
            right = self._node(operand)
            if symbol is None:
                self._refuse(node)
                symbol = "=="
            self._joined(node, [previous, right])
            ordered = right.kind.name in ("int", "date", "any")
            if symbol not in ("==", "!=") and not ordered:
                self._problem(
                    operand,
                    "order",
                    f"{right.kind} 没有大小，只能用 == 或 !=",
                    f"a {right.kind} has no order: only == and != can be used",
                )
            rest.append((symbol, right))
            previous = right
        return Comparison(BOOL, self._said(node), first, tuple(rest))

    def _lookup(self, node: ast.Attribute) -> Node:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords:
            return self._refuse(node)
        table = self._scope.tables.get(call.func.id)
        if table is None:
            zh, en = nearest(call.func.id, self._scope.tables)
            return self._problem(
                call,
                "unknown_table",
                f"没有名为 {call.func.id!r} 的表{zh}",
                f"no table named {call.func.id!r}{en}",
            )
        column = table.outputs.get(node.attr)
        if column is None:
            zh, en = nearest(node.attr, table.outputs)
            return self._problem(
                node,
                "unknown_column",
                f"表 {table.name} 没有 {node.attr!r} 一列{zh}",
                f"table {table.name} has no column {node.attr!r}{en}",
            )
        if len(call.args) != len(table.inputs):
            return self._arguments(call, f"{table.name}({', '.join(table.inputs)})")
        operands = tuple(
            self._of(each, kind)
            for each, kind in zip(call.args, table.inputs.values(), strict=True)
        )
        return Lookup(column, self._said(node), table, operands, node.attr)

    def _call(self, node: ast.Call) -> Node:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in self._scope.tables:
            columns = " / ".join(f".{column}" for column in self._scope.tables[name].outputs)
            return self._problem(
                node, "column", f"请写出表 {name} 的列：{columns}", f"name a column: {columns}"
            )
        if name not in FUNCTIONS:
            zh, en = nearest(name, [*FUNCTIONS, *self._scope.tables])
            return self._problem(
                node,
                "unknown_function",
                f"没有函数 {ast.unparse(node.func)!r}{zh}",
                f"no function {ast.unparse(node.func)!r}{en}",
            )
        usage = FUNCTIONS[name]
        wanted = usage.count(",") + 1
        fits = len(node.args) >= 2 if name in ("max", "min") else len(node.args) == wanted
        if node.keywords or not fits or any(isinstance(each, ast.Starred) for each in node.args):
            return self._arguments(node, usage)
        if name in ("max", "min"):
            operands = [self._node(each) for each in node.args]
            kind = self._joined(node, operands)
            if kind.name not in ("int", "date", "any"):
                return self._arguments(node, usage + " of numbers or days")
            return Extreme(kind, self._said(node), name, tuple(operands))
        if name == "add_months":
            day, months = self._of(node.args[0], DATE), self._of(node.args[1], INT)
            return AddMonths(DATE, self._said(node), day, months)
        return self._aggregate(node, name)

    def _aggregate(self, node: ast.Call, name: str) -> Node:
        first = node.args[0]
        collection = self._scope.collections.get(first.id) if isinstance(first, ast.Name) else None
        if collection is None or self._collection is not None:
            zh, en = nearest(self._said(first), self._scope.collections)
            return self._problem(
                first,
                "unknown_collection",
                f"{name} 的第一项应是 each 或 series 的事实{zh}",
                f"{name} takes a fact of kind each or series first{en}",
            )
        if name == "consecutive" and not collection.dated:
            return self._arguments(node, FUNCTIONS[name])
        self._collection = collection
        value = self._of(node.args[1], INT) if name in ("highest", "total") else None
        place = 2 if value is not None else 1
        condition = self._of(node.args[place], BOOL)
        self._collection = None
        default = self._of(node.args[3], INT) if name == "highest" else None
        kind = value.kind if value is not None else INT
        since = _since(condition, value) if collection.dated else None
        return Aggregate(kind, self._said(node), name, collection, condition, value, default, since)

    def _of(self, node: ast.expr, wanted: Kind) -> Node:
        """Read a part that must be of a kind."""
        read = self._node(node)
        if not read.kind.fits(wanted):
            return self._problem(
                node,
                "kind",
                f"{self._said(node)} 是 {read.kind}，这里要 {wanted}",
                f"{self._said(node)} is {read.kind}, and {wanted} is needed here",
            )
        return read

    def _joined(self, node: ast.expr, parts: list[Node]) -> Kind:
        """Return the kind that parts have in common; report when they have none."""
        kind = parts[0].kind
        for part in parts[1:]:
            if not kind.fits(part.kind):
                self._problem(
                    node,
                    "kind",
                    f"{kind} 与 {part.kind} 不能放在一起",
                    f"{kind} and {part.kind} cannot be put together",
                )
                return ANY
            if kind == ANY or kind.unit is None:
                kind = part.kind if part.kind != ANY else kind
        return kind

    def _arguments(self, node: ast.expr, usage: str) -> Node:
        return self._problem(node, "arguments", f"请写成 {usage}", f"write {usage}")

    def _refuse(self, node: ast.expr) -> Node:
        said = self._said(node)
        return self._problem(
            node,
            "not_allowed",
            f"算式里不能用 {said}",
            f"{said} is not part of the expression language",
        )

    def _problem(self, node: ast.expr, code: str, zh: str, en: str) -> Node:
        self._report(self._offset(node), code, zh, en)
        return Literal(ANY, self._said(node), None)

    def _offset(self, node: ast.expr) -> int:
        """Return where a part starts, in characters (``ast`` counts bytes)."""
        lines = self._text.splitlines(keepends=True)
        before = sum(len(line) for line in lines[: node.lineno - 1])
        return before + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())

    def _said(self, node: ast.expr) -> str:
        return ast.get_source_segment(self._text, node) or ast.unparse(node)


def _since(*parts: Node | None) -> date | None:
    """Return the day from which every dated value used in the parts exists."""
    starts: list[date] = []
    for part in parts:
        if part is None:
            continue
        for node in walk(part):
            if isinstance(node, ParameterValue) and node.parameter.values:
                starts.append(node.parameter.values[0].since)
            elif isinstance(node, Lookup) and node.table.editions:
                starts.append(node.table.editions[0].since)
    return max(starts, default=None)
