"""Rulebooks: to be read, searched and downloaded by everybody whom they bind."""

from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from earnest.api.access import Caller, now_for, reader_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Bilingual, Text
from earnest.authoring.page import Section, rulebook_page, rulebook_sections
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.policy import Pack
from earnest.policy.editions import DECIDING_STATES
from earnest.rulebooks.packs import pack_of, packs
from earnest.rulebooks.queries import edition_on, editions

router = Router(tags=["rulebooks"])

Words = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Language = Literal["zh", "en"]


class ActOut(Schema):
    """An act that made or changed a rulebook."""

    id: str
    published: date
    in_force: date
    state: str
    importance: str


class BookOut(Schema):
    """A rulebook: its acts, and how many of its clauses contain the words searched for."""

    name: str
    title: Bilingual
    hash: str
    acts: list[ActOut]
    clauses: int
    found: int


class BookList(Schema):
    """Rulebooks."""

    items: list[BookOut]


class GridOut(Schema):
    """A table of a rulebook."""

    title: str
    header: list[str]
    rows: list[list[str]]


class PartOut(Schema):
    """A paragraph: a clause, a decision or a choice, with its values on the day."""

    name: str
    clause: str
    heading: str
    words: str
    marks: list[str]
    lines: list[str]
    grids: list[GridOut]


class SectionOut(Schema):
    """A chapter."""

    key: str
    title: str
    parts: list[PartOut]


class PageOut(Schema):
    """A rulebook as it stands on a day.

    ``sections`` is it for screens, ``markdown`` for reading, ``pack`` the YAML text that decides;
    ``hash`` is the SHA-256 of ``pack``. A search leaves out the paragraphs without its words.
    """

    name: str
    title: Bilingual
    on: date
    hash: str
    language: str
    sections: list[SectionOut]
    markdown: str
    pack: str


class EditionOut(Schema):
    """A version of a rulebook; ``number`` counts from 0, the version that it started with."""

    number: int
    hash: str
    change: str
    instruments: list[str]
    published_on: date
    in_force_on: date
    state: str


class EditionList(Schema):
    """The versions of a rulebook, oldest first."""

    name: str
    items: list[EditionOut]


class BookQuery(Schema):
    """The words searched for."""

    q: Words = ""


class PageQuery(Schema):
    """The day, the language and the words searched for."""

    on: date | None = Field(None, description="the day; today when left out")
    q: Words = ""
    language: Language = "zh"


def _today(caller: Caller) -> date:
    return day_of(now_for(caller))


def _said(section: Section, part: Any) -> str:
    cells = [cell for grid in part.grids for row in grid.rows for cell in row]
    return " ".join(
        [section.title, part.name, part.heading, part.words, *part.lines, *cells]
    ).casefold()


def _narrowed(sections: list[Section], words: str) -> list[Section]:
    """Return the chapters with only the paragraphs that contain every word."""
    wanted = words.casefold().split()
    found = [
        Section(
            each.key,
            each.title,
            tuple(p for p in each.parts if all(w in _said(each, p) for w in wanted)),
        )
        for each in sections
    ]
    return [each for each in found if each.parts]


def _found(pack: Pack, words: str) -> int:
    wanted = words.casefold().split()
    said = (f"{one.id} {one.zh} {one.en}".casefold() for one in pack.clauses.values())
    return sum(all(each in clause for each in wanted) for clause in said)


@router.get("/rulebooks", response={200: BookList, ERRORS: ProblemOut}, summary="List rulebooks")
def rulebooks_list(request: HttpRequest, query: Query[BookQuery]) -> dict[str, Any]:
    """List the rulebooks; a search leaves those of which a clause contains all its words."""
    reader_of(request)
    items = [
        {
            "name": pack.rulebook,
            "title": pack.title,
            "hash": pack.hash,
            "acts": [act for act in pack.instruments if act.state in DECIDING_STATES],
            "clauses": len(pack.clauses),
            "found": _found(pack, query.q),
        }
        for pack in packs().values()
    ]
    return {"items": [each for each in items if each["found"] or not query.q.strip()]}


@router.get(
    "/rulebooks/{name}",
    response={200: PageOut, ERRORS: ProblemOut},
    summary="Read a rulebook as it stands on a day",
)
def rulebook_get(request: HttpRequest, name: Text, query: Query[PageQuery]) -> dict[str, Any]:
    """Return a rulebook on a day: for screens, for reading, and the text that decides."""
    on = query.on or _today(reader_of(request))
    pack = pack_of(name)
    with suppress(NotFound):  # before the first one: the page says from which day it holds
        pack = edition_on(name, on).pack()
    sections = _narrowed(rulebook_sections(pack, on, query.language), query.q)
    return {
        "name": pack.rulebook,
        "title": pack.title,
        "on": on,
        "hash": pack.hash,
        "language": query.language,
        "sections": [each.as_dict() for each in sections],
        "markdown": rulebook_page(pack, on, query.language),
        "pack": pack.text,
    }


@router.get(
    "/rulebooks/{name}/editions",
    response={200: EditionList, ERRORS: ProblemOut},
    summary="List the versions of a rulebook",
)
def rulebook_editions(request: HttpRequest, name: Text) -> dict[str, Any]:
    """List every version of a rulebook, oldest first; nothing of them is ever taken away."""
    caller = reader_of(request)
    return {"name": name, "items": editions(name, _today(caller))}
