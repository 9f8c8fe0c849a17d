"""Samples: values that the text does not give, and who confirmed which of them when."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.forms import day_typed, typed
from earnest.console.lists import choice
from earnest.console.problems import sentence_of
from earnest.console.rulebook_page import ValueView, value_on
from earnest.console.texts import text
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import DECIDE, SEE_ALL
from earnest.policy import Pack
from earnest.rulebooks.commands import value_confirm, value_unconfirm
from earnest.rulebooks.packs import packs
from earnest.rulebooks.queries import ConfirmationRow, confirmation_history, confirmations

HISTORY_SHOWN = 20
STATES = ("open", "confirmed")


@dataclass(frozen=True)
class Sample:
    """An assumed value as the page shows it: what it is, where it comes from, who confirmed it."""

    row: ConfirmationRow
    view: ValueView
    clauses: tuple[str, ...]
    on: date


def _clauses_of(pack: Pack, name: str) -> tuple[str, ...]:
    """Return the clauses that an element does something of."""
    return tuple(each.id for each in pack.clauses.values() if name in each.by)


@require_GET
@needs(SEE_ALL)
def sample_list(request: VisitorRequest) -> HttpResponse:
    """List the assumed values of the books in force, those not confirmed first."""
    visitor = request.visitor
    today, books = day_of(present(visitor.tenant_id)), packs()
    rulebook, state = choice(request, "rulebook", books), choice(request, "state", STATES)
    found: list[Sample] = []
    for row in confirmations(visitor.tenant_id):
        if rulebook not in ("", row.rulebook) or state not in ("", _state(row)):
            continue
        pack, on = books[row.rulebook], max(today, row.since)
        found.append(
            Sample(row, value_on(pack, row.element, on), _clauses_of(pack, row.element), on)
        )
    shown = {
        "samples": sorted(found, key=lambda each: each.row.confirmed),
        "open": sum(not each.row.confirmed for each in found),
        "books": books,
        "rulebook": rulebook,
        "state": state,
        "may_decide": visitor.may(DECIDE),
        "history": confirmation_history(visitor.tenant_id)[:HISTORY_SHOWN],
    }
    return render(request, "console/samples.html", shown)


def _state(row: ConfirmationRow) -> str:
    return "confirmed" if row.confirmed else "open"


@require_POST
@needs(DECIDE)
def sample_settle(request: VisitorRequest) -> HttpResponse:
    """Confirm an assumed value, or take the confirmation back; both with a reason."""
    visitor = request.visitor
    now = present(visitor.tenant_id)
    command = value_unconfirm if request.POST.get("act") == "withdraw" else value_confirm
    done = "withdrawn" if command is value_unconfirm else "confirmed"
    try:
        command(
            visitor.tenant_id,
            rulebook=typed(request.POST, "rulebook"),
            element=typed(request.POST, "element"),
            on=day_typed(typed(request.POST, "on")) or day_of(now),
            confirmed_by=visitor.name,
            note=typed(request.POST, "note"),
            now=now,
        )
    except NotFound:
        raise
    except EarnestError as error:
        messages.error(request, sentence_of(error), extra_tags="danger")
    else:
        messages.success(request, text(f"sample.done.{done}"))
    return HttpResponseRedirect(reverse("samples"))
