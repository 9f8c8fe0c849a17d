"""The facts of a decision: declared in the pack, checked when they come in.

A fact is a single value (``sales_fen: CNY``), texts looked up in a table
(``categories: {each: category_standard}``), or a dated series
(``months: {series: {at: month, value: {points: int, answers: int}}}``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from earnest.kernel.errors import BadInput
from earnest.policy.document import Document, Path
from earnest.policy.kinds import DATE, NUMBER_MAX, TEXT, WORDS, Kind, in_range, kind_hint, known
from earnest.policy.nodes import Collection
from earnest.policy.problems import nearest
from earnest.policy.refusal import Refusal
from earnest.policy.tables import Table

Element = tuple[date, dict[str, Any] | None]
"""A series' element: its date and its values, or None where there is nothing to assess."""


@dataclass(frozen=True)
class FactSpec:
    """One declared fact. ``collection`` is None for a single value."""

    name: str
    kind: Kind
    collection: Collection | None = None

    def __str__(self) -> str:
        if self.collection is None:
            return str(self.kind)
        if self.collection.table is not None:
            return f"each {self.collection.table.name}"
        return f"series of {', '.join(self.collection.fields)}"


def compile_fact(document: Document, path: Path, raw: Any, tables: Mapping[str, Table]) -> FactSpec:
    """Read the declaration of one fact; problems go to the document."""
    name = str(path[-1])
    match raw:
        case str():
            return FactSpec(name, _kind(document, path, raw))
        case {"each": str(table), **rest} if not rest:
            return _each(document, path, table, tables)
        case {"series": {"at": str(at), "value": value, **more}, **rest} if not rest and not more:
            _kind(document, (*path, "series", "at"), at)
            return _series(document, path, value)
        case _:
            document.add(
                path,
                "fact",
                f"{name}：请写类型，或 {{each: 表名}}，或 {{series: {{at: month, value: 类型}}}}",
                f"{name}: write a kind, {{each: table}} or {{series: {{at: month, value: kind}}}}",
            )
            return FactSpec(name, Kind("any"))


def _kind(document: Document, path: Path, word: Any) -> Kind:
    kind = WORDS.get(word) if isinstance(word, str) else None
    if kind is None:
        zh, en = kind_hint(str(word))
        document.add(path, "unknown_unit", f"没有类型 {word!r}{zh}", f"no kind {word!r}{en}")
    return kind or Kind("any")


def _each(document: Document, path: Path, name: str, tables: Mapping[str, Table]) -> FactSpec:
    fact, table = str(path[-1]), tables.get(name)
    if table is None or [kind.name for kind in table.inputs.values()] != ["text"]:
        zh, en = nearest(name, tables)
        document.add(
            (*path, "each"),
            "unknown_table",
            f"{fact}：没有以一个文本为输入、名为 {name!r} 的表{zh}",
            f"{fact}: no table {name!r} with one text as its input{en}",
        )
        return FactSpec(fact, TEXT, Collection(fact, {}, None))
    names = {**table.inputs, **table.outputs}
    return FactSpec(fact, TEXT, Collection(fact, names, table))


def _series(document: Document, path: Path, value: Any) -> FactSpec:
    fact, place = str(path[-1]), (*path, "series", "value")
    if isinstance(value, dict):
        fields = {name: _kind(document, (*place, name), word) for name, word in value.items()}
        if "at" in fields:
            document.add_key((*place, "at"), "name", "at 是元素的日期", "at is the element's date")
        return FactSpec(fact, DATE, Collection(fact, {"at": DATE, **fields}, fields=fields))
    kind = _kind(document, place, value)
    names = {"at": DATE, "value": kind, str(value): kind}
    return FactSpec(fact, DATE, Collection(fact, names, fields={"value": kind}, single=True))


def take(
    specs: Mapping[str, FactSpec], facts: Mapping[str, Any], governed_by: str
) -> tuple[dict[str, Any], Refusal | None]:
    """Check facts against their declarations and bring them into their inner form.

    Gives the values and, where a fact is missing or cannot be judged, the refusal.

    Raises:
        BadInput: a fact is not declared or has the wrong type.
    """
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    for name, spec in specs.items():
        raw = facts.get(name)
        if raw is None:
            refusal = refusal or _missing(name)
            continue
        try:
            if spec.collection is None:
                values[name] = known(spec.kind, raw)
            elif spec.collection.dated:
                values[name] = _elements(spec.collection, raw)
            else:
                values[name] = [known(TEXT, each) for each in _listed(raw)]
            refusal = refusal or _beyond(spec, values[name])
        except ValueError as error:
            raise BadInput(
                "wrong_fact",
                where=name,
                zh=f"事实 {name} 应是 {spec}：给出的是 {raw!r}",
                en=f"fact {name} must be {spec}: {error}",
            ) from None
    for name in facts:
        if name not in specs:
            zh, en = nearest(name, specs)
            raise BadInput(
                "unknown_fact", where=name,
                zh=f"此决定没有事实 {name!r}{zh}", en=f"the decision has no fact {name!r}{en}",
            )  # fmt: skip
    return values, refusal or _out_of_time(specs, values, governed_by)


def plain(specs: Mapping[str, FactSpec], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return checked facts as plain data in their one form, as a receipt keeps them."""
    facts: dict[str, Any] = {}
    for name, value in values.items():
        collection = specs[name].collection
        if collection is not None and collection.dated:
            facts[name] = [[at.isoformat(), _plain_element(collection, each)] for at, each in value]
        else:
            facts[name] = value.isoformat() if isinstance(value, date) else value
    return facts


def _plain_element(collection: Collection, element: dict[str, Any] | None) -> Any:
    if element is None:
        return None
    if collection.single:
        return element["value"]
    return {name: element[name] for name in collection.fields}


def _listed(raw: Any) -> list[Any]:
    if not isinstance(raw, list | tuple):
        raise ValueError(f"{raw!r} is not a list")  # noqa: TRY004 - all wrong facts are told alike
    return list(raw)


def _elements(collection: Collection, raw: Any) -> list[Element]:
    """Read a series, given as ``[at, value]`` pairs or ``{"at", "value"}`` mappings, by date."""
    elements: list[Element] = []
    for each in _listed(raw):
        match each:
            case {"at": at, "value": value, **rest} if not rest:
                elements.append(_element(collection, at, value))
            case [at, value]:
                elements.append(_element(collection, at, value))
            case _:
                raise ValueError(f"{each!r} is not [at, value]")
    elements.sort(key=lambda element: element[0])
    return elements


def _element(collection: Collection, at: Any, raw: Any) -> Element:
    day: date = known(DATE, at)
    if raw is None:
        return day, None
    if collection.single:
        value = known(collection.fields["value"], raw)
        return day, {**dict.fromkeys(collection.names, value), "at": day}
    if not isinstance(raw, Mapping) or set(raw) != set(collection.fields):
        raise ValueError(f"{raw!r} does not hold {', '.join(collection.fields)}")
    if any(raw[name] is None for name in collection.fields):
        return day, None
    return day, {
        "at": day,
        **{name: known(kind, raw[name]) for name, kind in collection.fields.items()},
    }


def _missing(name: str) -> Refusal:
    return Refusal("missing_fact", name, "", f"缺少事实 {name}", f"fact {name} is missing")


def _beyond(spec: FactSpec, value: Any) -> Refusal | None:
    """Refuse a number that is larger than any amount or count."""
    numbers = [value]
    if spec.collection is not None:
        elements = [each for _, each in value] if spec.collection.dated else []
        numbers = [each[name] for each in elements if each for name in spec.collection.fields]
    if all(in_range(number) for number in numbers):
        return None
    name = spec.name
    return Refusal(
        "out_of_range", name, "",
        f"{name}：数值超出 {NUMBER_MAX}", f"{name}: a number is beyond {NUMBER_MAX}",
    )  # fmt: skip


def _out_of_time(
    specs: Mapping[str, FactSpec], values: Mapping[str, Any], governed_by: str
) -> Refusal | None:
    """Refuse a series that reaches past the governing day or says one day twice."""
    on = values.get(governed_by)
    for name, value in values.items():
        collection = specs[name].collection
        if collection is None or not collection.dated or not value:
            continue
        days = [at for at, _ in value]
        if on is not None and days[-1] > on:
            return Refusal(
                "later_element", name, "",
                f"{name}：{days[-1]} 晚于判定日 {on}",
                f"{name}: {days[-1]} lies after the governing day {on}",
            )  # fmt: skip
        if len(set(days)) != len(days):
            return Refusal(
                "duplicate_element", name, "",
                f"{name}：同一天出现两次", f"{name}: the same day is given twice",
            )  # fmt: skip
    return None
