"""A pack's data given its shape, entry by entry: a broken one is told and left out.

What stands in its place keeps its name known, of no particular kind, so that the rest of the book
is checked and nothing is told twice.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from earnest.policy.document import Document, Path
from earnest.policy.problems import nearest
from earnest.policy.shape import (
    Book,
    Case,
    Clause,
    DatedValue,
    Decision,
    Edition,
    Instrument,
    Interpretation,
    Parameter,
    Row,
    Shape,
    Span,
    Step,
    Suspension,
    Table,
    Window,
    Words,
    WorkCalendar,
)

S = TypeVar("S", bound=Shape)
Instead = tuple[type[S], Callable[[dict[str, Any]], S]]
"""The shape of an entry, and what makes the stand-in for a broken one out of its data."""

_WORD = re.compile(r"\w+")


class _Frame(Shape):
    """A pack file with its sections not yet looked into."""

    rulebook: str
    title: Words | None = None
    extends: str = ""
    exhaustive: bool = False
    instruments: list[Any] = Field(min_length=1)
    clauses: dict[str, Any] = {}
    interpretations: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    windows: dict[str, Any] = {}
    calendars: dict[str, Any] = {}
    suspensions: list[Any] = []
    decisions: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    cases: list[Any] = []


_BEHIND: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("interpretations", "parameters", "tables"), ("clauses", "decisions")),
    **dict.fromkeys(("windows", "calendars"), ("clauses", "decisions")),
    **dict.fromkeys(("decisions", "texts"), ("clauses",)),
}
"""The sections whose names cannot be checked when another one cannot be read at all."""


_TEXT = (
    "请写文本；像数字或日期的文本加引号",
    "write a text; put quotes around what looks like a number or a day",
)
_ENTRIES = ("请写成键和值", "write keys and values, like {a: 1, b: 2}")
_WANTED: dict[str, tuple[str, str]] = {
    "string_type": _TEXT,
    "list_type": ("请写成列表，如 [a, b]", "write a list, like [a, b]"),
    **dict.fromkeys(("dict_type", "model_type"), _ENTRIES),
    **dict.fromkeys(("date_type", "date_from_datetime_parsing"), (
        "请写日期，如 2025-08-31", "write a day, like 2025-08-31",
    )),
    "bool_type": ("请写 true 或 false", "write true or false"),
    "int_type": ("请写整数", "write a whole number"),
    "too_short": ("至少写一项", "write at least one entry"),
}  # fmt: skip
"""What to write instead, by what pydantic calls the fault."""


def read_book(document: Document) -> Book:
    """Give the document its shape; problems go to the document.

    A part that cannot be read is left out of the document's checks; its name stays known.
    """
    return _BookReader(document).book()


class _BookReader:
    def __init__(self, document: Document) -> None:
        self._document = document

    def book(self) -> Book:
        frame = self._frame()
        book = Book.model_construct(
            rulebook=frame.rulebook,
            title=frame.title,
            extends=frame.extends,
            exhaustive=frame.exhaustive,
            instruments=self._list("instruments", frame.instruments, _INSTRUMENT),
            clauses=self._named("clauses", frame.clauses, _CLAUSE),
            interpretations=self._named("interpretations", frame.interpretations, _INTERPRETATION),
            parameters=self._named("parameters", frame.parameters, _PARAMETER),
            tables=self._named("tables", frame.tables, _TABLE),
            windows=self._named("windows", frame.windows, _WINDOW),
            calendars=self._named("calendars", frame.calendars, _CALENDAR),
            suspensions=self._list("suspensions", frame.suspensions, _SUSPENSION),
            decisions={
                name: self._decision(("decisions", name), raw)
                for name, raw in frame.decisions.items()
            },
            texts=self._named("texts", frame.texts, _WORDS),
            cases=self._list("cases", frame.cases, _CASE),
        )
        lost = {name for name, each in book.tables.items() if not (each.inputs and each.outputs)}
        lost |= {
            name
            for name in book.interpretations
            if self._document.left_out(("interpretations", name))
        }
        if lost:
            self._silence_users(book, lost)
        return book

    def _frame(self) -> _Frame:
        """Read the sections; one that is not even a mapping or a list is taken as empty."""
        data = dict(self._document.data)
        details = self._details(_Frame, data, ())
        if not details:
            return _Frame.model_validate(data)
        wrong = {str(detail["loc"][0]) for detail in details}
        for section in wrong:
            for behind in _BEHIND.get(section, ()):
                self._document.leave_out((behind,))
        left = {name: each for name, each in data.items() if name not in wrong}
        frame = _Frame.model_validate({"rulebook": "", "instruments": [None], **left})
        empty: dict[str, Any] = {"instruments": []} if "instruments" in wrong else {}
        if "clauses" in wrong:
            empty["exhaustive"] = False  # nobody knows what would have been listed
        return frame.model_copy(update=empty)

    def _named(self, section: str, entries: Mapping[str, Any], instead: Instead[S]) -> dict[str, S]:
        return {name: self._entry((section, name), raw, instead) for name, raw in entries.items()}

    def _list(self, section: str, entries: Iterable[Any], instead: Instead[S]) -> list[S]:
        return [self._entry((section, place), raw, instead) for place, raw in enumerate(entries)]

    def _entry(self, path: Path, raw: Any, instead: Instead[S]) -> S:
        """Read one entry; a broken one is left out and another stands in its place."""
        shape, stand_in = instead
        details = self._details(shape, raw, path)
        if not details:
            return shape.model_validate(raw)
        self._document.leave_out(path)
        return stand_in(raw if isinstance(raw, dict) else {})

    def _details(self, shape: type[Shape], raw: Any, path: Path) -> list[ErrorDetails]:
        """Note what is wrong with the shape of an entry; unknown keys are taken out of it.

        Gives what is wrong apart from those.
        """
        try:
            shape.model_validate(raw)
        except ValidationError as error:
            details = error.errors()
        else:
            return []
        for detail in details:
            detail["loc"] = (*path, *detail["loc"])
            self._note(detail)
        unknown = [
            each["loc"][len(path) :] for each in details if each["type"] == "extra_forbidden"
        ]
        for place in unknown:
            owner = raw
            for part in place[:-1]:
                owner = owner[part]
            del owner[place[-1]]
        rest = [each for each in details if each["type"] != "extra_forbidden"]
        for each in rest:
            each["loc"] = each["loc"][len(path) :]
        return rest

    def _decision(self, path: Path, raw: Any) -> Decision:
        """Read a decision; a broken step is left out alone, if that is all that is broken."""
        details = self._details(Decision, raw, path)
        if not details:
            return Decision.model_validate(raw)
        data = raw if isinstance(raw, dict) else {}
        broken = {detail["loc"][:2] for detail in details}
        if all(len(loc) == 2 and loc[0] in ("steps", "applies") for loc in broken):
            sections = {"steps": dict(data["steps"]), "applies": dict(data.get("applies") or {})}
            for section, name in broken:
                sections[str(section)][str(name)] = _unread_step()
                self._document.leave_out((*path, section, name))
            return Decision.model_validate({**data, **sections})
        self._document.leave_out(path)
        steps, applies = (
            {name: _unread_step() for name in _mapping(data.get(section))}
            for section in ("steps", "applies")
        )
        return Decision.model_construct(
            governed_by="", facts={}, steps=steps or {"unread": _unread_step()}, applies=applies
        )

    def _silence_users(self, book: Book, lost: set[str]) -> None:
        """Leave out every expression over a name of which nothing is known any more."""
        for name, decision in book.decisions.items():
            unknown = set(lost)
            for fact, form in decision.facts.items():
                if isinstance(form, dict) and form.get("each") in lost:
                    self._document.leave_out(("decisions", name, "facts", fact))
                    unknown.add(fact)
            for section, steps in (("applies", decision.applies), ("steps", decision.steps)):
                for step, shape in steps.items():
                    if unknown & set(_WORD.findall(shape.expr)):
                        self._document.leave_out(("decisions", name, section, step, "expr"))

    def _note(self, detail: ErrorDetails) -> None:
        document, path = self._document, detail["loc"]
        name = str(path[-1])
        if detail["type"] == "extra_forbidden":
            zh, en = nearest(name, _keys_at(path[:-1]))
            document.add_key(
                path, "unknown_key", f"没有 {name!r} 这一项{zh}", f"unknown key {name!r}{en}"
            )
        elif detail["type"] == "missing":
            document.add(path[:-1], "missing_key", f"缺少 {name!r}", f"{name!r} is missing here")
        else:
            zh, en = _wanted(detail)
            document.add(path, "shape", f"{name!r} 的写法不对：{zh}", f"{name!r}: {en}")


def _wanted(detail: ErrorDetails) -> tuple[str, str]:
    """Say what to write in place of a value of the wrong shape, in Chinese and English."""
    if detail["type"] == "literal_error":
        options = str(detail["ctx"]["expected"]).replace(" or ", ", ").replace("'", "")
        return f"可写 {options}", f"write one of {options}"
    return _WANTED.get(detail["type"], (detail["msg"], detail["msg"]))


def _mapping(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _text(raw: Any) -> str:
    return raw if isinstance(raw, str) else ""


def _unread_step() -> Step:
    # No expression can be read out of None, so that the step is of any kind.
    return Step.model_construct(expr="None")


def _unread_table(raw: dict[str, Any]) -> Table:
    """Return a table without rows; with its columns, as far as they could be read."""
    columns = [_mapping(raw.get(key)) for key in ("inputs", "outputs")]
    known = all(isinstance(word, str) for each in columns for word in each.values())
    inputs, outputs = columns if known else ({}, {})
    return Table.model_construct(inputs=inputs, outputs=outputs, editions=[])


def _unread_calendar(_: dict[str, Any]) -> WorkCalendar:
    return WorkCalendar.model_construct(first=date.min, last=date.min)


_INSTRUMENT: Instead[Instrument] = (
    Instrument,
    lambda raw: Instrument.model_construct(
        id=_text(raw.get("id")), published=date.min, in_force=date.min, state="in_force"
    ),
)
_CLAUSE: Instead[Clause] = (Clause, lambda _: Clause.model_construct(zh="", status="external"))
_INTERPRETATION: Instead[Interpretation] = (
    Interpretation,
    lambda _: Interpretation.model_construct(clause=[], choice=""),
)
_PARAMETER: Instead[Parameter] = (
    Parameter,
    lambda raw: Parameter.model_construct(unit=_text(raw.get("unit")), values=[]),
)
_TABLE: Instead[Table] = (Table, _unread_table)
_WINDOW: Instead[Window] = (Window, lambda _: Window.model_construct(days=[]))
_CALENDAR: Instead[WorkCalendar] = (WorkCalendar, _unread_calendar)
_SUSPENSION: Instead[Suspension] = (
    Suspension,
    lambda _: Suspension.model_construct(clause="", since=date.min, instrument=""),
)
_WORDS: Instead[Words] = (Words, lambda _: Words.model_construct(zh=""))
_CASE: Instead[Case] = (Case, lambda _: Case.model_construct(decision="", facts={}))


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
        ("windows", "*"): Window,
        ("windows", "*", "days", "*"): Span,
        ("calendars", "*"): WorkCalendar,
        ("suspensions", "*"): Suspension,
        ("decisions", "*"): Decision,
        ("decisions", "*", "steps", "*"): Step,
        ("decisions", "*", "applies", "*"): Step,
        ("cases", "*"): Case,
    }
    pattern = tuple(str(part) if index % 2 == 0 else "*" for index, part in enumerate(path))
    shape = shapes.get(pattern, Words)
    return [field.alias or name for name, field in shape.model_fields.items()]
