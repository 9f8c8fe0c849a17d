"""The shape of a pack file: which keys it has and what kind of thing stands under each.

Only the shape. What the values mean together (dates, names, gaps, expressions) is checked by the
modules that compile them.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from earnest.policy.document import Document, Path
from earnest.policy.problems import nearest

Modality = Literal["must", "may"]
ClauseStatus = Literal["encoded", "human", "definition", "external", "missing_in_source"]
InstrumentState = Literal[
    "draft", "consultation", "announced", "in_force", "superseded", "withdrawn"
]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_mapping(value: Any) -> Any:
    return {each: each for each in value} if _is_texts(value) else value


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


Names = Annotated[list[str], BeforeValidator(_as_list)]
Outcome = Annotated[dict[str, str], BeforeValidator(_as_mapping)]
"""Names of the result, each with the step that gives it; a list when the two are the same."""


class Shape(BaseModel):
    """A part of a pack; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Words(Shape):
    """One text in Chinese and in English."""

    zh: str
    en: str = ""

    def get(self, language: str) -> str:
        """Return the text in a language; the Chinese one where there is no English."""
        return (self.en if language == "en" else self.zh) or self.zh


class Instrument(Shape):
    """An act that made or changed the book. The only place where dates of law come from."""

    id: str
    published: date
    in_force: date
    state: InstrumentState
    change: Literal["amendment", "erratum"] = "amendment"
    clause: str = ""
    interpretation: Names = []
    title: Words | None = None
    source: str = ""


class Clause(Shape):
    """A sentence of the rule, in our own words, and what became of it."""

    zh: str
    en: str = ""
    status: ClauseStatus
    by: Names = []
    note: str = ""


class Interpretation(Shape):
    """A choice that the text leaves open. With ``options`` the choice is one of their names."""

    clause: Names
    choice: str
    question: Words | None = None
    options: dict[str, Words] = {}
    alternatives: list[str] = []


class DatedValue(Shape):
    """A parameter's value from a day on."""

    since: date = Field(alias="from")
    value: Any = None
    clause: str
    instrument: str
    assumed: bool = False
    unset: bool = False
    ends: date | None = None


class Parameter(Shape):
    """A number (or text) of the rule, with its history."""

    unit: str
    values: list[DatedValue] = Field(min_length=1)
    title: Words | None = None


class Row(Shape):
    """One row of a table: the cells that must hold, and what follows."""

    when: Any
    then: list[Any]
    clause: str
    id: str = ""


class Edition(Shape):
    """A table's rows from a day on."""

    since: date = Field(alias="from")
    instrument: str
    assumed: bool = False
    ends: date | None = None
    rows: list[Row] = Field(min_length=1)


class Table(Shape):
    """A decision table with its history."""

    inputs: dict[str, str] = Field(min_length=1)
    outputs: dict[str, str] = Field(min_length=1)
    editions: list[Edition] = Field(min_length=1)
    title: Words | None = None


class Step(Shape):
    """One named value of a decision, computed from facts, parameters, tables and earlier steps."""

    expr: str
    clause: str = ""
    clause_of: str = ""
    interpretation: Names = []
    modality: Modality | None = None
    title: Words | None = None


class Decision(Shape):
    """A question that the rule answers: typed facts in, named values out."""

    governed_by: str
    facts: dict[str, Any] = Field(min_length=1)
    steps: dict[str, Step] = Field(min_length=1)
    outcome: Outcome = {}
    modality: Modality = "must"
    title: Words | None = None


class Case(Shape):
    """A golden case: these facts must give this outcome, or this refusal."""

    decision: str
    text: str = ""
    clause: Names = []
    facts: dict[str, Any] = Field(alias="in")
    outcome: dict[str, Any] = Field(alias="out", default={})
    refused: str = ""


class Book(Shape):
    """A whole pack file."""

    rulebook: str
    title: Words | None = None
    exhaustive: bool = False
    instruments: list[Instrument] = Field(min_length=1)
    clauses: dict[str, Clause] = {}
    interpretations: dict[str, Interpretation] = {}
    parameters: dict[str, Parameter] = {}
    tables: dict[str, Table] = {}
    decisions: dict[str, Decision] = {}
    texts: dict[str, Words] = {}
    cases: list[Case] = []


def read_book(document: Document) -> Book | None:
    """Give the document its shape; problems go to the document.

    Keys that nobody knows are left out, so that the rest can still be checked; with any other
    problem of shape the answer is None.
    """
    try:
        return Book.model_validate(document.data)
    except ValidationError as error:
        details = error.errors()
    for detail in details:
        _note(document, detail)
    unknown = [each["loc"] for each in details if each["type"] == "extra_forbidden"]
    if len(unknown) < len(details):
        return None
    for path in unknown:
        del document.at(path[:-1])[path[-1]]
    return read_book(document)


def _note(document: Document, detail: ErrorDetails) -> None:
    path: Path = detail["loc"]
    name = str(path[-1])
    if detail["type"] == "extra_forbidden":
        zh, en = nearest(name, _keys_at(path[:-1]))
        document.add_key(
            path, "unknown_key", f"没有 {name!r} 这一项{zh}", f"unknown key {name!r}{en}"
        )
    elif detail["type"] == "missing":
        document.add(path[:-1], "missing_key", f"缺少 {name!r}", f"{name!r} is missing here")
    else:
        said = detail["msg"].removeprefix("Value error, ")
        document.add(path, "shape", f"{name!r} 的写法不对：{said}", f"{name!r}: {said}")


def _keys_at(path: Path) -> list[str]:
    """Return the keys that the part of a pack at a path may have."""
    shapes: dict[tuple[str, ...], type[Shape]] = {
        (): Book,
        ("instruments", "*"): Instrument,
        ("clauses", "*"): Clause,
        ("interpretations", "*"): Interpretation,
        ("parameters", "*"): Parameter,
        ("parameters", "*", "values", "*"): DatedValue,
        ("tables", "*"): Table,
        ("tables", "*", "editions", "*"): Edition,
        ("tables", "*", "editions", "*", "rows", "*"): Row,
        ("decisions", "*"): Decision,
        ("decisions", "*", "steps", "*"): Step,
        ("cases", "*"): Case,
    }
    pattern = tuple(str(part) if index % 2 == 0 else "*" for index, part in enumerate(path))
    shape = shapes.get(pattern, Words)
    return [field.alias or name for name, field in shape.model_fields.items()]
