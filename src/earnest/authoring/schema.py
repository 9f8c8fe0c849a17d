"""The JSON Schema (2020-12) of a pack file, for editors that complete and check while one writes.

It is made from the shapes that packs are read with, and says in addition how names, cells, units
and facts are written. What values mean together (dates, gaps, names) only ``lint`` can tell.
"""

from typing import Any

from earnest.policy.aggregates import AGGREGATES
from earnest.policy.functions import FUNCTIONS
from earnest.policy.kinds import WORDS
from earnest.policy.shape import Book

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAME = "^[a-z][a-z0-9_]*$"
_BOUND = r"[^\s,<>=()\[\]]+(\s?%)?"
CELL = rf"^((<=|<|>=|>)\s*{_BOUND}|[\[(]\s*{_BOUND}\s*,\s*{_BOUND}\s*[\])]|[^<>\[(].*)$"
"""A range of numbers or days, or a text, ``otherwise``, ``any``."""

_UNIT: Schema = {"enum": list(WORDS), "description": "单位或类型 / unit or kind"}
_NAMED: Schema = {"pattern": NAME}
_TEXTS: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_CELL: Schema = {
    "anyOf": [{"type": ["integer", "boolean"]}, {"type": "string", "pattern": CELL}],
    "description": '"< n"  ">= n"  "[a, b)"  "a | b"  otherwise  any',
}
_VALUE: Schema = {
    "type": ["integer", "boolean", "string", "null"],
    "description": '带小数的金额加引号 / quote an amount with decimals: "999.50"; ppm: "0.5%"',
}
_FIELDS: Schema = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": _NAMED,
    "additionalProperties": _UNIT,
}


def _form(key: str, value: Schema, more: Schema | None = None) -> Schema:
    """Return one form of a fact: a mapping with one key, and perhaps more."""
    properties = {key: value, **(more or {})}
    return {
        "type": "object", "properties": properties, "required": [key],
        "additionalProperties": False,
    }  # fmt: skip


_SERIES = _form("at", {"enum": ["date", "month"]}, {"value": {"anyOf": [_UNIT, _FIELDS]}})
_FACT: Schema = {
    "anyOf": [
        _UNIT,
        _form("one_of", {"type": "array", "items": {"type": "string"}, "minItems": 1}),
        _form("list", _UNIT),
        _form("each", {"type": "string", **_NAMED}),
        _form("series", {**_SERIES, "required": ["at", "value"]}),
        _form("records", _FIELDS, {"at": {"type": "string", **_NAMED}}),
    ],
    "description": "单位，或 one_of list each series records / a unit, or one of these forms",
}

PLACES: dict[tuple[str, str], Schema] = {
    ("Instrument", "interpretation"): _TEXTS,
    ("Clause", "by"): _TEXTS,
    ("Interpretation", "clause"): _TEXTS,
    ("Step", "interpretation"): _TEXTS,
    ("Case", "clause"): _TEXTS,
    ("Parameter", "unit"): _UNIT,
    ("DatedValue", "value"): _VALUE,
    ("Table", "inputs"): _FIELDS,
    ("Table", "outputs"): _FIELDS,
    ("Row", "when"): {
        "anyOf": [
            _CELL,
            {"type": "array", "items": _CELL},
            {"type": "object", "additionalProperties": _CELL},
        ]
    },
    ("Row", "then"): {"type": "array", "items": _VALUE},
    ("Decision", "facts"): {
        "type": "object",
        "minProperties": 1,
        "propertyNames": _NAMED,
        "additionalProperties": _FACT,
    },
    ("Decision", "outcome"): {
        "anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "object", "propertyNames": _NAMED, "additionalProperties": {"type": "string"}},
        ]
    },
}
"""What the shapes leave to the compiler, said as a schema."""

MERGED = (
    "Book", "Clause", "Interpretation", "Parameter", "Table", "Window", "WorkCalendar", "Decision",
    "Step", "Words",
)  # fmt: skip
"""The shapes that a book merges with those of its base, key by key."""

_NAMED_SECTIONS = {
    "Book": ("parameters", "tables", "windows", "calendars", "decisions"),
    "Decision": ("steps", "applies"),
}

DESCRIPTIONS: dict[tuple[str, str], str] = {
    ("Book", "rulebook"): "规则包的名字 / the rulebook's name",
    ("Book", "extends"): "所继承的规则包文件，相对本文件 / the file of the book it extends",
    ("Book", "exhaustive"): "每个引用的条款都须列出 / every clause cited must be listed",
    ("Book", "instruments"): "每份规则文件：公布日、生效日、状态 / every act with its dates",
    ("Book", "clauses"): "每句规则，用自己的话 / every sentence, in your own words",
    ("Book", "interpretations"): "原文留下的选择 / what the text leaves open",
    ("Book", "parameters"): "带日期的数值 / dated values",
    ("Book", "tables"): "决策表 / decision tables",
    ("Book", "windows"): "有特别规定的日子 / days with a rule of their own",
    ("Book", "calendars"): "工作日历 / working days",
    ("Book", "suspensions"): "暂停适用的条款 / clauses that do not apply for a time",
    ("Book", "decisions"): "规则回答的问题 / the questions it answers",
    ("Book", "texts"): "给读者看的名称 / what readers see instead of names",
    ("Book", "cases"): "必须成立的例子 / cases that must hold",
    (
        "Instrument",
        "state",
    ): "草案、征求意见、撤回不作判定 / drafts and withdrawn acts never decide",
    ("Instrument", "change"): "勘误可早于公布 / an erratum may reach back",
    ("Instrument", "importance"): "决定公示天数 / how many days of notice it needs",
    ("Clause", "status"): "由系统、由人、只是定义、见他处、原文缺失 / who carries it",
    ("Clause", "by"): "由哪些要素实现 / the elements that do it",
    ("DatedValue", "from"): "自这一天起 / from this day on",
    ("DatedValue", "ends"): "不再适用的第一天 / the first day it no longer holds",
    ("DatedValue", "assumed"): "样例值，原文没有 / a sample, not in the text",
    ("DatedValue", "unset"): "须由运营方选定 / the operator must choose",
    ("Edition", "from"): "自这一天起 / from this day on",
    ("Decision", "governed_by"): "用哪一天的规则：一个 date 事实 / the day whose rule counts",
    ("Decision", "modality"): "must 必须，may 可以 / duty or option",
    ("Step", "clause"): "所依据的条款 / the clause it rests on",
    ("Step", "require"): "不成立则整个决定被拒绝 / when false the decision is refused",
    ("Case", "in"): "事实，金额以分计 / facts, money in minor units",
    ("Case", "refused"): "code:name",
}


def pack_schema() -> Schema:
    """Return the JSON Schema of a pack file.

    A file that extends another gives only what differs: there, nothing below its name is missing
    and a null takes an entry away.
    """
    book = Book.model_json_schema(by_alias=True)
    shapes: dict[str, Schema] = {**book.pop("$defs"), "Book": book}
    for name, shape in shapes.items():
        _tidy(name, shape)
    usages = "  ".join(each.usage for each in {**FUNCTIONS, **AGGREGATES}.values())
    shapes["Step"]["properties"]["expr"]["description"] = f"表达式 / expression: {usages}"
    parts = {f"{name}Part": _part(shapes[name]) for name in MERGED}
    parts["BookPart"]["required"] = ["rulebook", "extends"]
    return {
        "$schema": DIALECT,
        "title": "earnest policy pack",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"$ref": "#/$defs/BookPart"},
        "else": {"$ref": "#/$defs/Book"},
        "$defs": dict(sorted({**shapes, **parts}.items())),
    }


def _part(shape: Schema) -> Schema:
    """Return the shape of what a book says over its base: any of the keys, merged one by one."""
    part = {name: each for name, each in shape.items() if name != "required"}
    properties = shape["properties"]
    part["properties"] = {name: _loose(each) for name, each in properties.items()}
    return part


def _loose(value: Schema) -> Schema:
    """Let a value be null, and a mapping of shapes a mapping of parts of them."""
    loose = {name: each for name, each in value.items() if name != "minProperties"}
    below = loose.get("additionalProperties")
    if isinstance(below, dict):
        loose["additionalProperties"] = _loose(below)
    reference = str(loose.get("$ref", "")).removeprefix("#/$defs/")
    if reference in MERGED:
        loose["$ref"] = f"#/$defs/{reference}Part"
    return {"anyOf": [loose, {"type": "null"}]}


def _tidy(name: str, shape: Schema) -> None:
    """Give a shape what the compiler knows of it, and take away what says nothing."""
    shape["description"] = str(shape.get("description", "")).partition("\n")[0]
    shape.pop("title", None)
    properties = shape["properties"]
    for key in properties:
        if (name, key) in PLACES:
            kept = {"default": properties[key].get("default")}
            properties[key] = {**PLACES[(name, key)], **(kept if kept["default"] else {})}
        value = properties[key]
        value.pop("title", None)
        if key in _NAMED_SECTIONS.get(name, ()):
            value["propertyNames"] = _NAMED
        if (name, key) in DESCRIPTIONS:
            value["description"] = DESCRIPTIONS[(name, key)]
