"""Expressions of a pack told in words, in zh and en, for people who do not read formulas."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from earnest.authoring.opened import tree_of
from earnest.policy.explain import show_value
from earnest.policy.kinds import CURRENCIES, Kind

Language = Literal["zh", "en"]
Words = Mapping[str, str]

_SIGNS: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠",
    ast.Add: "+", ast.Sub: "−", ast.Mult: "×",
}  # fmt: skip
_AT_LEAST: Words = {"zh": "{}，但不低于 0", "en": "{}, but not below 0"}
_IN: dict[bool, Words] = {
    True: {"zh": "属于", "en": "is among"},
    False: {"zh": "不属于", "en": "is not among"},
}
_AND: Words = {"zh": " 且 ", "en": " and "}
_OR: Words = {"zh": " 或 ", "en": " or "}
_NOT: Words = {"zh": "并非 {}", "en": "not {}"}
_IF: Words = {"zh": "若 {test}，则 {yes}；否则 {no}", "en": "{yes} if {test}, otherwise {no}"}
_COMMA: Words = {"zh": "、", "en": ", "}
_TRUTH: dict[bool, Words] = {True: {"zh": "是", "en": "yes"}, False: {"zh": "否", "en": "no"}}
_LOOKED_UP: Words = {"zh": "由 {inputs} 查{table}", "en": "by {table} for {inputs}"}
_LOOKUP: Words = {
    "zh": "{table}中 {inputs} 对应的{column}",
    "en": "{column} by {table} for {inputs}",
}
_WHERE: Words = {"zh": "（{} 者）", "en": " where {}"}
_NONE: Words = {"zh": "（没有则 {}）", "en": " ({} if there is none)"}
_ROUNDED: dict[str, Words] = {
    "down": {"zh": "，向下取整", "en": ", rounded down"},
    "up": {"zh": "，向上取整", "en": ", rounded up"},
    "nearest": {"zh": "，四舍五入", "en": ", rounded to the nearest"},
}
_LISTED: dict[str, Words] = {
    "max": {"zh": "{} 中的最大者", "en": "the largest of {}"},
    "min": {"zh": "{} 中的最小者", "en": "the smallest of {}"},
    "all_of": {"zh": "以下都成立：{}", "en": "all of: {}"},
    "any_of": {"zh": "以下至少一项成立：{}", "en": "any of: {}"},
}
_PLACED: dict[str, Words] = {
    "clamp": {"zh": "{0}，不低于 {1}，不高于 {2}", "en": "{0}, at least {1} and at most {2}"},
    "share": {"zh": "{0} 乘以 {1}", "en": "{1} of {0}"},
    "prorate": {"zh": "{0} 按 {1} 比 {2} 折算", "en": "{0} in the proportion of {1} to {2}"},
    "rate": {"zh": "{0} 占 {1} 的比率", "en": "the rate of {0} in {1}"},
    "round_to": {"zh": "{0} 取 {1} 的整数倍", "en": "{0} to a multiple of {1}"},
    "add_days": {"zh": "{0} 之后 {1} 天", "en": "{1} day(s) after {0}"},
    "add_months": {"zh": "{0} 之后 {1} 个月", "en": "{1} month(s) after {0}"},
    "add_days back": {"zh": "{0} 之前 {1} 天", "en": "{1} day(s) before {0}"},
    "add_months back": {"zh": "{0} 之前 {1} 个月", "en": "{1} month(s) before {0}"},
    "days_between": {"zh": "{0} 到 {1} 的天数", "en": "the days from {0} to {1}"},
    "months_between": {"zh": "{0} 到 {1} 的整月数", "en": "the whole months from {0} to {1}"},
    "month_start": {"zh": "{0} 所在月首日", "en": "the first day of the month of {0}"},
    "month_end": {"zh": "{0} 所在月末日", "en": "the last day of the month of {0}"},
    "add_workdays": {
        "zh": "{0} 之后第 {1} 个工作日（{2}）",
        "en": "working day {1} after {0} ({2})",
    },
    "workdays_between": {
        "zh": "{0} 之后到 {1} 的工作日数（{2}）",
        "en": "the working days after {0} up to {1} ({2})",
    },
    "month_of": {"zh": "{0} 的月份", "en": "the month of the year of {0}"},
    "within": {"zh": "{0} 在 {1} 期间", "en": "{0} lies in {1}"},
    "under": {"zh": "{0} 属于 {1} 或其下级", "en": "{0} is {1} or lies below it"},
    "consecutive": {
        "zh": "{0} 最近连续满足“{1}”的次数",
        "en": "how many of the latest {0} in a row have {1}",
    },
}  # fmt: skip
_OVER: dict[str, Words] = {
    "highest": {"zh": "{0}{2}中最高的{1}", "en": "the highest {1} among {0}{2}"},
    "lowest": {"zh": "{0}{2}中最低的{1}", "en": "the lowest {1} among {0}{2}"},
    "total": {"zh": "{0}{2}的{1}合计", "en": "the sum of {1} over {0}{2}"},
    "count": {"zh": "{0}{2}的个数", "en": "the number of {0}{2}"},
    "sum_of_highest": {
        "zh": "{0}{2}按{3}分组、各组最高{1}之和",
        "en": "the highest {1} of each {3} among {0}{2}, added up",
    },
}
_ROUNDING = ("share", "prorate", "rate", "round_to")
_PPM = Kind("int", "ppm")
_SCALED = (*CURRENCIES, "ppm", "tenths")
"""Units of which an expression's plain number is not what a reader would write."""


@dataclass(frozen=True)
class Teller:
    """Tells expressions in one language.

    Attributes:
        name: gives the reader's word for a name.
        label: gives the reader's word for a text.
        choices: the options in use, by interpretation: what they rule out is not told.
        kinds: the kinds of names, by which plain numbers beside them are told in their unit.
    """

    language: Language
    name: Callable[[str], str]
    label: Callable[[str], str]
    choices: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    def tell(self, expression: str) -> str:
        """Return an expression in words; as it stands where it is no expression."""
        tree = _Settled(self.choices).visit(tree_of(expression))
        match tree:
            case ast.Constant(value=None):
                return expression
            case ast.Attribute(value=ast.Call() as call):
                return self._lookup(call, "")  # the step's own name says which column
        return self._tell(tree)

    def _tell(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=value):
                return self._constant(value)
            case ast.Name(id=name):
                return self._named(name)
            case ast.BinOp() | ast.UnaryOp() | ast.BoolOp():
                return self._operation(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.IfExp():
                return self._choice(node)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return _COMMA[self.language].join(self._operand(each) for each in parts)
            case ast.Attribute(value=ast.Call() as call, attr=column):
                return self._lookup(call, column)
            case ast.Call():
                return self._call(node)
        return ast.unparse(node)

    def _constant(self, value: object) -> str:
        if isinstance(value, bool):
            return _TRUTH[value][self.language]
        return self.label(value) if isinstance(value, str) else str(value)

    def _operation(self, node: ast.BinOp | ast.UnaryOp | ast.BoolOp) -> str:
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                kind = None if isinstance(op, ast.Mult) else self._kind_of(left, right)
                goes_on = isinstance(left, ast.BinOp) and _alike(left.op, op)
                first = self._tell(left) if goes_on else self._part(left, kind)
                sides = first, self._part(right, kind)
                return f" {_SIGNS[type(op)]} ".join(sides)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _NOT[self.language].format(self._operand(operand))
            case ast.UnaryOp(operand=operand):
                return f"−{self._part(operand)}"
            case ast.BoolOp(op=op, values=values):
                joint = _AND if isinstance(op, ast.And) else _OR
                return joint[self.language].join(self._part(each) for each in values)
        raise AssertionError(node)

    def _part(self, node: ast.expr, kind: Kind | None = None) -> str:
        """Tell a part of something larger, in brackets where it is itself put together."""
        if isinstance(node, ast.Compare):
            return self._tell(node)
        return self._operand(node, kind)

    def _operand(self, node: ast.expr, kind: Kind | None = None) -> str:
        """Tell what stands within a sentence, in brackets where it is more than one word."""
        match node:
            case ast.Constant(value=int(number)) if number and kind and kind.unit in _SCALED:
                return show_value(number, kind, self.language, {})
            case ast.Constant() | ast.Name():
                return self._tell(node)
        return self._bracketed(self._tell(node))

    def _clause(self, node: ast.expr, kind: Kind | None = None) -> str:
        """Tell what stands between commas: sums and comparisons need no brackets there."""
        plain = isinstance(node, ast.BinOp | ast.Compare)
        return self._tell(node) if plain else self._operand(node, kind)

    def _bracketed(self, told: str) -> str:
        return f"（{told}）" if self.language == "zh" else f"({told})"

    def _kind_of(self, *nodes: ast.expr) -> Kind | None:
        """Return the kind of the first of several values of one kind that is known."""
        for node in nodes:
            found: Kind | None = None
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    found = self.kinds.get(name)
                case ast.Call(func=ast.Name(id="rate")):
                    found = _PPM
                case ast.Call(func=ast.Name(id="share" | "prorate"), args=[first, *_]):
                    found = self._kind_of(first)
                case ast.Call(func=ast.Name(id="max" | "min" | "clamp" | "round_to"), args=args):
                    found = self._kind_of(*args)
                case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
                    found = self._kind_of(left, right)
                case ast.IfExp(body=yes, orelse=no):
                    found = self._kind_of(yes, no)
            if found is not None:
                return found
        return None

    def _named(self, name: str) -> str:
        if name in self.choices:
            return self.label(self.choices[name])
        told = self.name(name)
        if told == name and name.startswith("not_"):
            return _NOT[self.language].format(self.name(name.removeprefix("not_")))
        return told

    def _comparison(self, node: ast.Compare) -> str:
        match node:
            case ast.Compare(
                left=ast.BinOp(left=part, op=ast.Mult(), right=ast.Constant(value=1_000_000)),
                ops=[sign],
                comparators=[ast.BinOp(left=rate, op=ast.Mult(), right=whole)],
            ):  # a rate compared by cross-multiplication
                told = f"{self._part(part)} / {self._part(whole)}"
                return f"{told} {_SIGNS.get(type(sign), '?')} {self._part(rate)}"
        kind = self._kind_of(node.left, *node.comparators)
        told = self._side(node.left, kind)
        for op, operand in zip(node.ops, node.comparators, strict=True):
            said = _SIGNS.get(type(op)) or _IN[isinstance(op, ast.In)][self.language]
            told += f" {said} {self._side(operand, kind)}"
        return told

    def _side(self, node: ast.expr, kind: Kind | None) -> str:
        """Tell a side of a comparison; sums and products need no brackets there."""
        return self._tell(node) if isinstance(node, ast.BinOp) else self._operand(node, kind)

    def _choice(self, node: ast.IfExp) -> str:
        kind = self._kind_of(node.body, node.orelse)
        yes, no = self._clause(node.body, kind), self._clause(node.orelse, kind)
        alone = isinstance(node.test, ast.BoolOp | ast.Compare | ast.UnaryOp)
        test = self._tell(node.test) if alone else self._operand(node.test)
        return _IF[self.language].format(test=test, yes=yes, no=no)

    def _lookup(self, call: ast.Call, column: str) -> str:
        table = call.func.id if isinstance(call.func, ast.Name) else ast.unparse(call.func)
        inputs = _COMMA[self.language].join(self._operand(each) for each in call.args)
        form = _LOOKUP if column else _LOOKED_UP
        return form[self.language].format(
            table=self.name(table), inputs=inputs, column=self.name(column)
        )

    def _call(self, node: ast.Call) -> str:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in _LISTED:
            return self._listed(name, node.args)
        if name in _OVER:
            return self._over(name, node.args)
        parts, rounding = node.args, ""
        if name in _ROUNDING:
            parts, rounding = self._rounded(parts)
        told = [self._operand(each, kind) for each, kind in self._operands(name, parts)]
        match name, parts:
            case "add_days" | "add_months", [_, back] if (less := _negated(back)) is not None:
                name, told = f"{name} back", [told[0], self._operand(less)]
            case "consecutive", [_, condition, *counted]:
                told[1] = self._tell(condition)  # it stands in quotation marks
                if counted:  # the others are passed over
                    told[0] += _WHERE[self.language].format(self._tell(counted[0]))
        form = _PLACED.get(name, {}).get(self.language)
        if form is None or form.count("{") > len(told):
            return f"{name}({', '.join(told)})"
        return form.format(*told) + rounding

    def _rounded(self, parts: list[ast.expr]) -> tuple[list[ast.expr], str]:
        """Return the operands without the way of rounding, and that way in words."""
        match parts:
            case [*rest, ast.Constant(value=str(way))] if way in _ROUNDED:
                return rest, _ROUNDED[way][self.language]
        return parts, _ROUNDED["down"][self.language]

    def _operands(self, name: str, parts: list[ast.expr]) -> Iterator[tuple[ast.expr, Kind | None]]:
        """Pair the operands of a function with the kinds that plain numbers among them have."""
        shared = self._kind_of(*parts) if name in ("clamp", "round_to") else None
        for place, each in enumerate(parts):
            yield each, _PPM if (name, place) == ("share", 1) else shared

    def _listed(self, name: str, parts: list[ast.expr]) -> str:
        match parts:
            case [ast.Constant(value=0), other] | [other, ast.Constant(value=0)] if name == "max":
                return _AT_LEAST[self.language].format(self._clause(other))
        kind = self._kind_of(*parts) if name in ("max", "min") else None
        listed = _COMMA[self.language].join(self._clause(each, kind) for each in parts)
        return _LISTED[name][self.language].format(listed)

    def _over(self, name: str, parts: list[ast.expr]) -> str:
        """Tell a function over several elements: of what, which, and what if there are none."""
        elements, *rest = parts
        value = self._operand(rest.pop(0)) if name != "count" and rest else ""
        group = self._operand(rest.pop(0)) if name == "sum_of_highest" and rest else ""
        condition = rest.pop(0) if rest else None
        where = ""
        if condition is not None and not _always(condition):
            loose = isinstance(condition, ast.IfExp)
            told = self._operand(condition) if loose else self._tell(condition)
            where = _WHERE[self.language].format(told)
        nothing = _NONE[self.language].format(self._operand(rest.pop(0))) if rest else ""
        told = self._operand(elements)
        return _OVER[name][self.language].format(told, value, where, group) + nothing


def _alike(first: ast.operator, second: ast.operator) -> bool:
    """Tell whether two signs in a row, read from the left, need no brackets."""
    return isinstance(first, ast.Mult) == isinstance(second, ast.Mult)


def _negated(node: ast.expr) -> ast.expr | None:
    """Return what a number is the negative of; None where it is written as none."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return operand
        case ast.BinOp(left=ast.Constant(value=0), op=ast.Sub(), right=operand):
            return operand
    return None


def _always(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


class _Settled(ast.NodeTransformer):
    """Takes away what the options in use rule out: ``x if choice == 'sum' else y`` becomes one."""

    def __init__(self, choices: Mapping[str, str]) -> None:
        self._choices = choices

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Settle a question about a choice."""
        match node:
            case ast.Compare(
                left=ast.Name(id=name),
                ops=[ast.Eq() | ast.NotEq() as op],
                comparators=[ast.Constant(value=option)],
            ) if name in self._choices:
                same = self._choices[name] == option
                return ast.Constant(same == isinstance(op, ast.Eq))
        self.generic_visit(node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """Drop operands that are settled; one that decides stands for all."""
        self.generic_visit(node)
        decides = isinstance(node.op, ast.Or)
        if any(_is(each, truth=decides) for each in node.values):
            return ast.Constant(decides)
        node.values = [each for each in node.values if not _is(each, truth=not decides)]
        if len(node.values) > 1:
            return node
        return node.values[0] if node.values else ast.Constant(not decides)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Keep the side that is left."""
        self.generic_visit(node)
        if _is(node.test, truth=True):
            return node.body
        return node.orelse if _is(node.test, truth=False) else node


def _is(node: ast.expr, *, truth: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is truth
