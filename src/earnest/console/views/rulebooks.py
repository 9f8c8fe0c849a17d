"""Rulebooks for everybody: the list, one book on a day, its versions, its text to take away."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from earnest.authoring.page import rulebook_page
from earnest.console.access import VisitorRequest, needs
from earnest.console.changes import changes_between
from earnest.console.clock import present
from earnest.console.forms import day_typed
from earnest.console.lists import choice, field
from earnest.console.rulebook_page import acts_around, chapters_on, samples_on, status_counts
from earnest.console.texts import language
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.market.roles import SEE_ALL, SEE_OWN
from earnest.policy import Pack
from earnest.policy.shape import Instrument
from earnest.rulebooks.packs import pack_of, packs
from earnest.rulebooks.queries import EditionRow, edition_on, editions, unconfirmed


@dataclass(frozen=True)
class Book:
    """A line of the list of rulebooks; ``samples`` counts those that nobody has confirmed."""

    pack: Pack
    in_force: Instrument | None
    coming: list[Instrument]
    statuses: list[tuple[str, int]]
    samples: int


def _today(request: VisitorRequest) -> date:
    return day_of(present(request.visitor.tenant_id))


def _asked_day(request: VisitorRequest) -> tuple[date, bool]:
    """Return the day that was asked for, today when none was; and whether it was no day."""
    asked = field(request, "on")
    found = day_typed(asked)
    return found or _today(request), bool(asked) and found is None


def _edition_for(name: str, on: date) -> Pack:
    """Return the edition in force on a day; before the first one, the book as it counts now.

    Raises:
        NotFound: there is no such rulebook.
    """
    now = pack_of(name)
    try:
        return edition_on(name, on).pack()
    except NotFound:
        return now


def _open_samples(request: VisitorRequest, pack: Pack, on: date) -> set[str]:
    samples = samples_on(pack, on)
    found = unconfirmed(request.visitor.tenant_id, pack, samples, on)
    return {each.element for each in found}


@require_GET
@needs(SEE_ALL, SEE_OWN)
def rules(request: VisitorRequest) -> HttpResponse:
    """List the rulebooks: what is in force, what is announced, what is still a sample."""
    today = _today(request)
    books = []
    for pack in packs().values():
        in_force, coming = acts_around(pack, today)
        samples = len(_open_samples(request, pack, today))
        books.append(Book(pack, in_force, coming, status_counts(pack.clauses), samples))
    return render(request, "console/rules.html", {"books": books})


@require_GET
@needs(SEE_ALL, SEE_OWN)
def rulebook(request: VisitorRequest, name: str) -> HttpResponse:
    """Show a rulebook as it stands on a day; a search narrows it to what contains its words."""
    on, wrong_day = _asked_day(request)
    pack, search = _edition_for(name, on), field(request, "q")
    in_force, _ = acts_around(pack, on)
    _, coming = acts_around(pack_of(name), on)
    shown: dict[str, Any] = {
        "pack": pack,
        "on": on,
        "wrong_day": wrong_day,
        "search": search,
        "chapters": chapters_on(pack, on, search, _open_samples(request, pack, on)),
        "in_force": in_force,
        "coming": coming,
    }
    part = bool(request.headers.get("HX-Request"))
    template = "console/parts/rulebook_body.html" if part else "console/rulebook.html"
    return render(request, template, shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def rulebook_file(request: VisitorRequest, name: str, form: str) -> HttpResponse:
    """Download a rulebook as it stands on a day: ``md`` for reading, ``yaml`` the pack itself."""
    on, _ = _asked_day(request)
    pack = _edition_for(name, on)
    if form == "md":
        content, kind = rulebook_page(pack, on, language()), "text/markdown"
    elif form == "yaml":
        content, kind = pack.text, "application/yaml"
    else:
        raise NotFound(
            "unknown_form",
            where=form,
            zh="只有 md 和 yaml 两种文件。",
            en="there are two kinds of file: md and yaml",
        )
    return HttpResponse(
        content,
        content_type=f"{kind}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{pack.rulebook}-{on}.{form}"'},
    )


@require_GET
@needs(SEE_ALL, SEE_OWN)
def edition_list(request: VisitorRequest, name: str) -> HttpResponse:
    """List the versions of a rulebook and compare two of them clause by clause."""
    found = editions(name, _today(request))
    numbers = {str(row.number): row for row in found if row.hash}
    old = choice(request, "old", numbers) or (list(numbers)[-2] if len(numbers) > 1 else "")
    new = choice(request, "new", numbers) or list(numbers)[-1]
    shown: dict[str, Any] = {
        "pack": found[-1].pack(),
        "editions": found[::-1],
        "choices": list(numbers.values()),
        "old": numbers.get(old),
        "new": numbers.get(new),
        "sections": _compared(numbers.get(old), numbers.get(new)),
    }
    return render(request, "console/editions.html", shown)


def _compared(old: EditionRow | None, new: EditionRow | None) -> list[Any]:
    if old is None or new is None:
        return []
    return changes_between(old.pack(), new.pack())
