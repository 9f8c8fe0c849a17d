"""How a decision declares its facts, and what each form offers to expressions.

========================================================  ========================================
``sales_fen: CNY``                                        a single value
``owner: {one_of: [individual, enterprise]}``             a text of a closed list
``categories: {each: category_standard}``                 texts looked up in a table
``services: {list: text}``                                several single values
``months: {series: {at: month, value: {points: int}}}``   dated values, one per day
``orders: {records: {paid: CNY, paid_on: date}, at: paid_on}``  rows of named values, with their day
========================================================  ========================================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from earnest.policy.document import Document, Path
from earnest.policy.kinds import DATE, TEXT, WORDS, Kind, kind_hint
from earnest.policy.nodes import Collection
from earnest.policy.problems import nearest
from earnest.policy.tables import Table

_FORMS_ZH = (
    "请写类型，或 {one_of: [文本]}、{each: 表名}、{list: 类型}、"
    "{series: {at: month, value: 类型}}、{records: {名: 类型}}"
)
_FORMS_EN = (
    "write a kind, {one_of: [texts]}, {each: table}, {list: kind}, "
    "{series: {at: month, value: kind}} or {records: {name: kind}}"
)


@dataclass(frozen=True)
class FactSpec:
    """One declared fact.

    Attributes:
        kind: the kind of a single value; of a list, the kind of its values.
        collection: what it holds when it has several elements; None for a single value.
        options: the only texts it can be; empty when it is not of a closed list.
    """

    name: str
    kind: Kind
    collection: Collection | None = None
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        collection = self.collection
        if self.options:
            return f"one of {', '.join(self.options)}"
        if collection is None:
            return str(self.kind)
        if collection.form == "each":
            return f"each {collection.table.name}" if collection.table else "each"
        if collection.form == "list":
            return f"list of {self.kind}"
        return f"{collection.form} of {', '.join(collection.fields)}"


def compile_fact(document: Document, path: Path, raw: Any, tables: Mapping[str, Table]) -> FactSpec:
    """Read the declaration of one fact; problems go to the document."""
    name = str(path[-1])
    match raw:
        case str():
            return FactSpec(name, _kind(document, path, raw))
        case {"one_of": list(options), **rest} if options and not rest and _texts(options):
            return FactSpec(name, TEXT, options=tuple(options))
        case {"each": str(table), **rest} if not rest:
            return _each(document, path, table, tables)
        case {"list": str(word), **rest} if not rest:
            return _list(document, path, word)
        case {"series": {"at": str(at), "value": value, **more}, **rest} if not rest and not more:
            _kind(document, (*path, "series", "at"), at)
            return _series(document, path, value)
        case {"records": dict(fields), **rest} if fields and not set(rest) - {"at"}:
            return _records(document, path, fields, rest.get("at"))
        case _:
            document.add(path, "fact", f"{name}：{_FORMS_ZH}", f"{name}: {_FORMS_EN}")
            return FactSpec(name, Kind("any"))


def _texts(options: list[Any]) -> bool:
    """Tell whether options are texts, each given once."""
    return all(isinstance(each, str) for each in options) and len(set(options)) == len(options)


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
        return FactSpec(fact, TEXT, Collection(fact, {}))
    names = {**table.inputs, **table.outputs}
    return FactSpec(fact, TEXT, Collection(fact, names, table))


def _list(document: Document, path: Path, word: str) -> FactSpec:
    fact, kind = str(path[-1]), _kind(document, (*path, "list"), word)
    names = {"value": kind, word: kind}
    return FactSpec(
        fact, kind, Collection(fact, names, fields={"value": kind}, single=True, form="list")
    )


def _series(document: Document, path: Path, value: Any) -> FactSpec:
    fact, place = str(path[-1]), (*path, "series", "value")
    if isinstance(value, dict):
        fields = {name: _kind(document, (*place, name), word) for name, word in value.items()}
        if "at" in fields:
            document.add_key((*place, "at"), "name", "at 是元素的日期", "at is the element's date")
        names, single = {"at": DATE, **fields}, False
    else:
        kind = _kind(document, place, value)
        fields = {"value": kind}
        names, single = {"at": DATE, "value": kind, str(value): kind}, True
    collection = Collection(fact, names, fields=fields, single=single, form="series", at="at")
    return FactSpec(fact, DATE, collection)


def _records(document: Document, path: Path, raw: dict[str, Any], at: Any) -> FactSpec:
    fact, place = str(path[-1]), (*path, "records")
    fields = {name: _kind(document, (*place, name), word) for name, word in raw.items()}
    days = [name for name, kind in fields.items() if kind.name == "date"]
    if at is not None and at not in days:
        zh, en = nearest(str(at), days)
        document.add(
            (*path, "at"),
            "unknown_name",
            f"{fact}：at 应是 records 里的一个 date 值{zh}",
            f"{fact}: at must name a value of kind date in the records{en}",
        )
        at = None
    collection = Collection(fact, fields, fields=fields, form="records", at=at or "")
    return FactSpec(fact, TEXT, collection)
