"""Decisions compiled to one DuckDB query that judges a whole population of facts.

The query says what the interpreter says, row by row: the same values, and where the interpreter
refuses, the same refusal in the column ``unresolved``. Every expression becomes a pair, its value
and its refusal; the refusal follows the same left-to-right, only-as-far-as-needed order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from earnest.policy.decision import DecisionSpec
from earnest.policy.editions import Parameter, Starts
from earnest.policy.facts import FactSpec
from earnest.policy.kinds import NUMBER_MAX
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
)
from earnest.policy.sql_tables import (
    column_of,
    literal,
    quoted,
    row_of,
    row_refusal,
    text_literal,
    timeline,
)

_GOVERNING = '"__on"'
_ELEMENT = "__e"
_TYPES = {"int": "BIGINT", "bool": "BOOLEAN", "text": "VARCHAR", "date": "DATE"}
_SYMBOLS = {"==": "=", "!=": "<>"}
_FIRST_MONTH = 12
_LAST_MONTH = date.max.year * 12 + 11


@dataclass(frozen=True)
class Pair:
    """An expression's value in SQL, and its refusal: NULL, or the key of the refusal."""

    value: str
    refusal: str | None = None


def facts_table(spec: DecisionSpec, table: str) -> str:
    """Return the statement that makes an empty table of facts for a decision."""
    columns = ['"subject" VARCHAR']
    columns += [f"{quoted(name)} {_column_type(fact)}" for name, fact in spec.facts.items()]
    return f"CREATE TABLE {quoted(table)} ({', '.join(columns)})"


def write_sql(spec: DecisionSpec, table: str) -> str:
    """Return the query over a table of facts; see :meth:`earnest.policy.Pack.sql`."""
    writer = _Writer(spec)
    reasons = [writer.take_facts(table)]
    for step in spec.steps:
        pair = writer.pair(step.node)
        columns = [(step.name, pair.value)]
        if pair.refusal is not None:
            reason = f"__why_{step.name}"
            columns.append((reason, pair.refusal))
            reasons.append(quoted(reason))
        writer.add(columns)
    writer.add([("unresolved", _first(reasons) or "NULL")])
    outcome = [
        f'CASE WHEN "unresolved" IS NULL THEN {quoted(step)} END AS {quoted(name)}'
        for name, step in spec.outcome.items()
    ]
    selected = ['"subject"', f'{_GOVERNING} AS "governing_on"', *outcome, '"unresolved"']
    layers = ",\n".join(writer.layers)
    return f"WITH {layers}\nSELECT {', '.join(selected)}\nFROM {writer.last}"


def _column_type(fact: FactSpec) -> str:
    collection = fact.collection
    if collection is None:
        return _TYPES[fact.kind.name]
    if not collection.dated:
        return "VARCHAR[]"
    fields = [f"{quoted(name)} {_TYPES[kind.name]}" for name, kind in collection.fields.items()]
    members = ", ".join(['"at" DATE', *fields])
    return f"STRUCT({members})[]"


def _first(reasons: Sequence[str | None]) -> str | None:
    """Return the first reason that holds, of those that can hold at all."""
    possible = [reason for reason in reasons if reason is not None]
    if len(possible) <= 1:
        return possible[0] if possible else None
    return f"coalesce({', '.join(possible)})"


def _when(condition: str, reason: str | None) -> str | None:
    return None if reason is None else f"CASE WHEN {condition} THEN {reason} END"


def _bounded(value: str) -> str:
    return f"{value} BETWEEN {-NUMBER_MAX} AND {NUMBER_MAX}"


def _field(name: str) -> str:
    return f"struct_extract({_ELEMENT}, '{name}')"


@dataclass
class _Writer:
    """Writes a query as layers, each adding columns to the one before it."""

    spec: DecisionSpec
    layers: list[str] = field(default_factory=list)
    _hoisted: dict[tuple[str, ...], str] = field(default_factory=dict)
    _element: dict[str, str] | None = None
    _dated: bool = False

    @property
    def last(self) -> str:
        """The name of the newest layer."""
        return f"layer{len(self.layers)}"

    def add(self, columns: Sequence[tuple[str, str]]) -> None:
        """Add a layer with more columns."""
        said = ",\n  ".join(f"{sql} AS {quoted(name)}" for name, sql in columns)
        source = self.last
        layer = f"layer{len(self.layers) + 1}"
        # Names are checked identifiers of the pack, and values are literals: nothing comes in.
        self.layers.append(f"{layer} AS (SELECT *,\n  {said}\n FROM {source})")  # noqa: S608

    def take_facts(self, table: str) -> str:
        """Write the layer of checked facts; return the SQL of what is wrong with them."""
        columns = ['"subject"', f"{quoted(self.spec.governed_by)} AS {_GOVERNING}"]
        reasons: list[str] = []
        later: list[str] = []
        for name, fact in self.spec.facts.items():
            column = quoted(name)
            reasons.append(f"CASE WHEN {column} IS NULL THEN 'missing_fact:{name}' END")
            if fact.collection is not None and fact.collection.dated:
                reasons += _series_range(fact.collection)
                later.append(_series_days(fact.collection, quoted(self.spec.governed_by)))
            elif fact.kind.name == "int":
                wrong = f"NOT ({_bounded(column)})"
                reasons.append(f"CASE WHEN {wrong} THEN 'out_of_range:{name}' END")
                column = f"CASE WHEN {_bounded(column)} THEN {column} END AS {column}"
            columns.append(column)
        governing, since = quoted(self.spec.governed_by), self.spec.since
        early = f"CASE WHEN {governing} < DATE '{since}' THEN 'no_rule:{self.spec.name}' END"
        columns.append(f'{_first([*reasons, *later, early])} AS "__why"')
        said = ",\n  ".join(columns)
        self.layers.append(f"layer1 AS (SELECT {said}\n FROM {quoted(table)})")  # noqa: S608 - as above
        return '"__why"'

    def pair(self, node: Node) -> Pair:  # noqa: C901 - one case per kind of node
        """Return a node's value and refusal."""
        match node:
            case Literal(value=value):
                return Pair(literal(value))
            case Value(name=name):
                return Pair(quoted(name))
            case ElementValue(name=name):
                return Pair((self._element or {})[name])
            case ParameterValue(parameter=parameter):
                return self._parameter(parameter)
            case Not(operand=operand):
                inner = self.pair(operand)
                return Pair(f"(NOT {inner.value})", inner.refusal)
            case Negative(operand=operand):
                inner = self.pair(operand)
                return Pair(f"(-{inner.value})", inner.refusal)
            case Arithmetic():
                return self._arithmetic(node)
            case Comparison():
                return self._comparison(node)
            case Logic():
                return self._logic(node)
            case Choice():
                return self._choice(node)
            case Extreme(function=function, operands=operands):
                pairs = [self.pair(each) for each in operands]
                name = "greatest" if function == "max" else "least"
                values = ", ".join(each.value for each in pairs)
                return Pair(f"{name}({values})", _first([each.refusal for each in pairs]))
            case AddMonths():
                return self._add_months(node)
            case Lookup():
                return self._lookup(node)
            case Aggregate():
                return self._aggregate(node)
        raise AssertionError(node)

    @property
    def _on(self) -> str:
        return _field("at") if self._dated else _GOVERNING

    def _parameter(self, parameter: Parameter) -> Pair:
        def refusal(value: Starts | None) -> str:
            if value is None:
                return text_literal(f"no_rule:{parameter.name}")
            unset = getattr(value, "unset", False)
            return text_literal(f"unset:{parameter.name}") if unset else "NULL"

        return Pair(
            timeline(
                self._on,
                parameter.values,
                lambda dated: "NULL" if dated is None else literal(dated.value),
            ),
            timeline(self._on, parameter.values, refusal),
        )

    def _arithmetic(self, node: Arithmetic) -> Pair:
        left, right = self.pair(node.left), self.pair(node.right)
        # A product of two bounded facts passes 64 bits, so it is computed with 128.
        first = f"CAST({left.value} AS HUGEINT)" if node.operator == "*" else left.value
        value = f"({first} {node.operator} {right.value})"
        return Pair(value, _first([left.refusal, right.refusal]))

    def _comparison(self, node: Comparison) -> Pair:
        previous = self.pair(node.first)
        reasons = [previous.refusal]
        tests: list[str] = []
        for symbol, operand in node.rest:
            right = self.pair(operand)
            so_far = " AND ".join(tests)
            reasons.append(_when(so_far, right.refusal) if tests else right.refusal)
            tests.append(f"({previous.value} {_SYMBOLS.get(symbol, symbol)} {right.value})")
            previous = right
        return Pair(f"({' AND '.join(tests)})", _first(reasons))

    def _logic(self, node: Logic) -> Pair:
        word = node.operator.upper()
        values: list[str] = []
        reasons: list[str | None] = []
        for operand in node.operands:
            pair = self.pair(operand)
            so_far = f"({f' {word} '.join(values)})"
            needed = so_far if node.operator == "and" else f"NOT {so_far}"
            reasons.append(_when(needed, pair.refusal) if values else pair.refusal)
            values.append(pair.value)
        return Pair(f"({f' {word} '.join(values)})", _first(reasons))

    def _choice(self, node: Choice) -> Pair:
        test, yes, no = self.pair(node.test), self.pair(node.yes), self.pair(node.no)
        value = f"CASE WHEN {test.value} THEN {yes.value} ELSE {no.value} END"
        side = None
        if yes.refusal is not None or no.refusal is not None:
            sides = (yes.refusal or "NULL", no.refusal or "NULL")
            side = f"CASE WHEN {test.value} THEN {sides[0]} ELSE {sides[1]} END"
        return Pair(value, _first([test.refusal, side]))

    def _add_months(self, node: AddMonths) -> Pair:
        day, months = self.pair(node.day), self.pair(node.months)
        index = f"(year({day.value}) * 12 + month({day.value}) - 1 + {months.value})"
        inside = f"{index} BETWEEN {_FIRST_MONTH} AND {_LAST_MONTH}"
        shifted = f"CAST({day.value} + to_months(CAST({months.value} AS INTEGER)) AS DATE)"
        return Pair(
            f"CASE WHEN {inside} THEN {shifted} END",
            _first(
                [
                    day.refusal,
                    months.refusal,
                    f"CASE WHEN NOT ({inside}) THEN 'out_of_range:add_months' END",
                ]
            ),
        )

    def _lookup(self, node: Lookup) -> Pair:
        operands = [self.pair(each) for each in node.operands]
        row = row_of(node.table, self._on, [each.value for each in operands])
        if self._element is None:
            row = self._hoist(("row", node.table.name, row), row)
        return Pair(
            column_of(node.table, row, node.column),
            _first([*(each.refusal for each in operands), row_refusal(node.table, row)]),
        )

    def _hoist(self, key: tuple[str, ...], sql: str) -> str:
        """Compute something once, in a layer of its own, and return the name of its column."""
        if key not in self._hoisted:
            name = f"__{key[0]}{len(self._hoisted) + 1}"
            self.add([(name, sql)])
            self._hoisted[key] = quoted(name)
        return self._hoisted[key]

    def _aggregate(self, node: Aggregate) -> Pair:
        default = self.pair(node.default) if node.default is not None else Pair("0")
        elements = self._elements(node)
        collection = node.collection
        self._element, self._dated = _names_of(collection), collection.dated
        reasons = [row_refusal(collection.table, _field("row")) if collection.table else None]
        condition = self.pair(node.condition) if node.condition is not None else Pair("TRUE")
        value = self.pair(node.value) if node.value is not None else Pair("1")
        reasons += [condition.refusal, _when(condition.value, value.refusal)]
        self._element, self._dated = None, False
        refusal = _first_of_elements(elements, _first(reasons))
        if node.function == "consecutive":
            held = f"list_transform({elements}, lambda {_ELEMENT}: {condition.value})"
            broken = f"nullif(list_position(list_reverse({held}), FALSE), 0)"
            return Pair(f"coalesce({broken} - 1, len({held}))", refusal)
        chosen = f"list_filter({elements}, lambda {_ELEMENT}: {condition.value})"
        if node.function == "count":
            return Pair(f"len({chosen})", refusal)
        values = f"list_transform({chosen}, lambda {_ELEMENT}: {value.value})"
        if node.function == "total":
            return Pair(f"coalesce(list_sum({values}), 0)", refusal)
        nothing = _when(f"len({chosen}) = 0", default.refusal)
        return Pair(f"coalesce(list_max({values}), {default.value})", _first([refusal, nothing]))

    def _elements(self, node: Aggregate) -> str:
        """Return the list to go through: texts with their row, or what is assessed of a series."""
        collection = node.collection
        source = quoted(collection.name)
        if collection.table is not None:
            row = row_of(collection.table, _GOVERNING, [_ELEMENT])
            sql = (
                f"list_transform({source}, lambda {_ELEMENT}: {{'key': {_ELEMENT}, 'row': {row}}})"
            )
            return self._hoist(("each", collection.name), sql)
        tests = [f"{_field(name)} IS NOT NULL" for name in collection.fields]
        if node.since is not None:
            tests.append(f"{_field('at')} >= DATE '{node.since}'")
        kept = f"list_filter({source}, lambda {_ELEMENT}: {' AND '.join(tests)})"
        fields = ", ".join(f"'{name}': {_field(name)}" for name in ("at", *collection.fields))
        sql = f"list_sort(list_transform({kept}, lambda {_ELEMENT}: {{{fields}}}))"
        return self._hoist(("series", collection.name, str(node.since)), sql)


def _first_of_elements(elements: str, refusal: str | None) -> str | None:
    if refusal is None:
        return None
    reasons = f"list_transform({elements}, lambda {_ELEMENT}: {refusal})"
    return f"list_filter({reasons}, lambda {_ELEMENT}: {_ELEMENT} IS NOT NULL)[1]"


def _names_of(collection: Collection) -> dict[str, str]:
    """Return how each name of an element is said in SQL."""
    table = collection.table
    if table is None:
        names = {name: _field("value" if collection.single else name) for name in collection.names}
        return {**names, "at": _field("at")}
    key = next(iter(table.inputs))
    columns = {name: column_of(table, _field("row"), name) for name in table.outputs}
    return {**columns, key: _field("key")}


def _series_range(collection: Collection) -> list[str]:
    numbers = [name for name, kind in collection.fields.items() if kind.name == "int"]
    if not numbers:
        return []
    whole = " AND ".join(f"{_field(name)} IS NOT NULL" for name in collection.fields)
    inside = " AND ".join(_bounded(_field(name)) for name in numbers)
    wrong = f"list_filter({quoted(collection.name)}, lambda {_ELEMENT}: {whole} AND NOT ({inside}))"
    return [f"CASE WHEN len({wrong}) > 0 THEN 'out_of_range:{collection.name}' END"]


def _series_days(collection: Collection, governing: str) -> str:
    name = collection.name
    days = f"list_transform({quoted(name)}, lambda {_ELEMENT}: {_field('at')})"
    return (
        f"CASE WHEN list_max({days}) > {governing} THEN 'later_element:{name}' "
        f"WHEN len(list_distinct({days})) <> len({days}) THEN 'duplicate_element:{name}' END"
    )
