"""The shape of a pack file: which keys it has and what kind of thing stands under each.

Only the shape. What the values mean together (dates, names, gaps, expressions) is checked by the
modules that compile them.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

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
    importance: Literal["ordinary", "important", "favourable"] = "ordinary"
    clause: str = ""
    interpretation: Names = []
    title: Words | None = None
    source: str = ""


class Clause(Shape):
    """A sentence of the rule, in our own words, and what became of it.

    Attributes:
        since, ends: from which day it stood in the book, and the first day on which it no longer
            did; told to readers, and nothing is computed with them.
    """

    zh: str
    en: str = ""
    status: ClauseStatus
    by: Names = []
    note: str = ""
    since: date | None = Field(alias="from", default=None)
    ends: date | None = None


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


class Span(Shape):
    """Calendar days from the first to the last, both included."""

    first: date
    last: date
    clause: str
    instrument: str


class Window(Shape):
    """Named days for which the rule says something of their own (a holiday, a relief)."""

    days: list[Span] = Field(min_length=1)
    title: Words | None = None


class WorkCalendar(Shape):
    """Which days are working days; outside ``first`` to ``last`` nothing is known.

    Attributes:
        weekend: the days of the week off, Monday 1 to Sunday 7.
        closed: working days by the week that are off all the same.
        opened: days off by the week that are worked all the same.
    """

    first: date
    last: date
    weekend: list[int] = [6, 7]
    closed: list[date] = []
    opened: list[date] = []
    source: str = ""
    title: Words | None = None


class Suspension(Shape):
    """A clause that does not apply from a day on, until ``ends`` when that is given."""

    clause: str
    since: date = Field(alias="from")
    ends: date | None = None
    instrument: str


class Step(Shape):
    """One named value of a decision, computed from facts, parameters, tables and earlier steps.

    Attributes:
        clause_of: an earlier step that rests on the same clause, or a parameter: then the clause
            is that of its value in force on the step's day.
        governed_by: a day (a fact or an earlier step) whose rule computes this step, instead of
            the decision's own.
        require: the step must be true, or the decision is refused with ``refusal``.
        suspended: the step's value on days on which its clause, or that of a value or row it
            uses, is suspended.
    """

    expr: str
    clause: str = ""
    clause_of: str = ""
    interpretation: Names = []
    modality: Modality | None = None
    title: Words | None = None
    governed_by: str = ""
    require: bool = False
    refusal: Words | None = None
    suspended: Any = None


class Decision(Shape):
    """A question that the rule answers: typed facts in, named values out.

    Attributes:
        applies: what must hold for the question to be asked at all, each with its clause.
    """

    governed_by: str
    facts: dict[str, Any] = Field(min_length=1)
    steps: dict[str, Step] = Field(min_length=1)
    outcome: Outcome = {}
    modality: Modality = "must"
    title: Words | None = None
    applies: dict[str, Step] = {}


class Case(Shape):
    """A golden case: these facts must give this outcome, or this refusal."""

    decision: str
    text: str = ""
    clause: Names = []
    facts: dict[str, Any] = Field(alias="in")
    outcome: dict[str, Any] = Field(alias="out", default={})
    refused: str = ""


class Book(Shape):
    """A whole pack file. ``extends`` names the file of a book whose elements it takes over."""

    rulebook: str
    title: Words | None = None
    extends: str = ""
    exhaustive: bool = False
    instruments: list[Instrument] = Field(min_length=1)
    clauses: dict[str, Clause] = {}
    interpretations: dict[str, Interpretation] = {}
    parameters: dict[str, Parameter] = {}
    tables: dict[str, Table] = {}
    windows: dict[str, Window] = {}
    calendars: dict[str, WorkCalendar] = {}
    suspensions: list[Suspension] = []
    decisions: dict[str, Decision] = {}
    texts: dict[str, Words] = {}
    cases: list[Case] = []
