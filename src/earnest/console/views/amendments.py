"""Amendments on their way: the list, one draft with its tests, and the steps people take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.console.access import Visitor, VisitorRequest, needs
from earnest.console.changes import changes_between, remarks_on
from earnest.console.clock import present
from earnest.console.forms import day_typed, typed
from earnest.console.lists import choice, page_of
from earnest.console.problems import sentence_of
from earnest.console.texts import text
from earnest.decisions.errata import decisions_differing
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, EarnestError, NotFound
from earnest.market.roles import AMEND, SEE_ALL, SEE_OWN
from earnest.rulebooks.commands import (
    draft_advance,
    draft_announce,
    draft_approve,
    draft_withdraw,
)
from earnest.rulebooks.drafts import DraftRow
from earnest.rulebooks.packs import packs
from earnest.rulebooks.queries import (
    announcement_tests,
    base_pack,
    draft_get,
    draft_pack,
    drafts,
    reports,
)

STATES = ("draft", "consultation", "announced", "in_force", "superseded", "withdrawn")
PUBLIC_STATES = frozenset({"consultation", "announced", "in_force", "superseded"})
OPEN_STATES = frozenset({"draft", "consultation"})
ERRATA_SHOWN = 50


@dataclass(frozen=True)
class Offered:
    """What the visitor may do with a draft now."""

    consult: bool = False
    approve: bool = False
    announce: bool = False
    withdraw: bool = False

    @property
    def any(self) -> bool:
        """Whether there is a button at all."""
        return self.consult or self.approve or self.announce or self.withdraw


def _visible(visitor: Visitor, row: DraftRow) -> bool:
    """Parties see what is public: what they may comment on, and what has been announced."""
    return visitor.is_operator or row.state in PUBLIC_STATES


def _seen(request: VisitorRequest, draft: str) -> DraftRow:
    visitor = request.visitor
    row = draft_get(draft, day_of(present(visitor.tenant_id)))
    if not _visible(visitor, row):
        raise NotFound(
            "unknown_draft",
            where=draft,
            zh="没有这份修订，或您无权查看。",
            en="there is no such amendment, or it is not yours to see",
        )
    return row


@require_GET
@needs(SEE_ALL, SEE_OWN)
def amendment_list(request: VisitorRequest) -> HttpResponse:
    """List amendments, newest first: parties see those in consultation and the announced ones."""
    visitor = request.visitor
    books = packs()
    rulebook = choice(request, "rulebook", books)
    state = choice(request, "state", STATES)
    found = [
        row
        for row in drafts(day_of(present(visitor.tenant_id)), rulebook=rulebook)
        if _visible(visitor, row) and state in ("", row.state)
    ]
    shown = {
        "page": page_of(request, found),
        "books": books,
        "rulebook": rulebook,
        "state": state,
        "states": STATES if visitor.is_operator else tuple(s for s in STATES if s in PUBLIC_STATES),
        "may_amend": visitor.may(AMEND),
    }
    return render(request, "console/amendments.html", shown)


def _offered(visitor: Visitor, row: DraftRow, tests: list[Any]) -> Offered:
    if not visitor.may(AMEND):
        return Offered()
    is_open = row.state in OPEN_STATES
    return Offered(
        consult=row.state == "draft",
        approve=is_open and visitor.name not in row.approvals,
        announce=is_open and all(test.met for test in tests),
        withdraw=is_open or row.state == "announced",
    )


@require_GET
@needs(SEE_ALL, SEE_OWN)
def amendment(request: VisitorRequest, draft: str) -> HttpResponse:
    """Show a draft: what it changes, what is still missing, what it would do, who did what."""
    visitor = request.visitor
    row, now = _seen(request, draft), present(visitor.tenant_id)
    base, pack = base_pack(row.hash), draft_pack(row.hash)
    shown: dict[str, Any] = {
        "draft": row,
        "title": pack.title,
        "sections": changes_between(base, pack),
        "is_new_book": base is None,
    }
    if visitor.is_operator:
        tests = announcement_tests(row.hash, now, actor=visitor.name)
        remarks = remarks_on(pack, day_of(now))
        shown |= {
            "tests": tests,
            "missing": sum(not test.met for test in tests),
            "remarks": remarks,
            "notes": sum(each.severity == "info" for each in remarks),
            "reports": reports(row.hash),
            "offered": _offered(visitor, row, tests),
            "approved_by_me": visitor.name in row.approvals,
            "may_amend": visitor.may(AMEND),
            "errata": _errata(visitor, row),
        }
    return render(request, "console/amendment.html", shown)


def _errata(visitor: Visitor, row: DraftRow) -> list[Any]:
    """Return stored decisions that a correction would have decided otherwise."""
    if row.change != "erratum":
        return []
    return decisions_differing(visitor.tenant_id, row.hash)[:ERRATA_SHOWN]


Step = Callable[[str, VisitorRequest], object]


def _consult(draft: str, request: VisitorRequest) -> object:
    until_on = day_typed(typed(request.POST, "until_on"))
    if until_on is None:
        raise BadInput(
            "not_a_day",
            where="until_on",
            zh="请选择征求意见的截止日。",
            en="choose the day until which comments are taken",
        )
    return draft_advance(draft, until_on=until_on, **_by(request))


def _by(request: VisitorRequest) -> dict[str, Any]:
    visitor = request.visitor
    return {
        "actor": visitor.name,
        "note": typed(request.POST, "note"),
        "now": present(visitor.tenant_id),
    }


STEPS: dict[str, Step] = {
    "consult": _consult,
    "approve": lambda draft, request: draft_approve(draft, **_by(request)),
    "announce": lambda draft, request: draft_announce(draft, **_by(request)),
    "withdraw": lambda draft, request: draft_withdraw(draft, **_by(request)),
}


@require_POST
@needs(AMEND)
def amendment_step(request: VisitorRequest, draft: str) -> HttpResponse:
    """Take a step with a draft: consult, approve, announce or withdraw, with a reason."""
    row = _seen(request, draft)
    step = request.POST.get("step", "")
    try:
        if step not in STEPS:
            raise BadInput(
                "unknown_step",
                where="step",
                zh="请选择一个步骤。",
                en="choose a step",
            )
        STEPS[step](row.hash, request)
    except NotFound:
        raise
    except EarnestError as error:
        messages.error(request, sentence_of(error), extra_tags="danger")
    else:
        messages.success(request, text(f"amendment.done.{step}"))
    return HttpResponseRedirect(reverse("amendment", args=[row.hash]))


@require_GET
@needs(SEE_ALL, SEE_OWN)
def amendment_file(request: VisitorRequest, draft: str) -> HttpResponse:
    """Download a draft's whole text."""
    row = _seen(request, draft)
    pack = draft_pack(row.hash)
    name = f"{pack.rulebook}-{row.hash[:12]}.yaml"
    return HttpResponse(
        pack.text,
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
