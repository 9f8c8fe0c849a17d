"""Filing a case: the form, a preview of what the rulebook makes of it, and the filing itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from earnest.cases.models import Case
from earnest.cases.queries import case_state
from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Form, form_blank, form_read
from earnest.console.case_page import CaseDecision, decisions_shown, facts_filed
from earnest.console.clock import present
from earnest.console.filings import FILABLE, Filable, Filer
from earnest.console.forms import typed
from earnest.console.reading import Line
from earnest.console.texts import text
from earnest.console.views.deposit_life import deposit_address, party_of
from earnest.deposits.queries import position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import ACT_FOR_PARTY, DECIDE


@dataclass(frozen=True)
class Preview:
    """What filing would do: the case, its facts and its decisions, none of it kept."""

    state: str
    facts: list[Line]
    decided: list[CaseDecision]


def _filed(filable: Filable, filer: Filer, form: Form) -> Case | None:
    try:
        return filable.file(filer, form.values)
    except NotFound:
        raise
    except EarnestError as error:
        form.refused(error, filable.at)
        return None


def _rehearsed(filable: Filable, filer: Filer, form: Form) -> Preview | None:
    """File, look at what came of it, and take all of it back."""
    with transaction.atomic():
        found = _previewed(filable, filer, form)
        transaction.set_rollback(True)
    return found


def _previewed(filable: Filable, filer: Filer, form: Form) -> Preview | None:
    case = _filed(filable, filer, form)
    if case is None:
        return None
    if filable.rehearse is not None:
        try:
            filable.rehearse(filer, case)
        except EarnestError as error:
            form.refused(error, filable.at)
            return None
    return Preview(case_state(case), facts_filed(case), decisions_shown(case, inside=False))


def _of(given: Mapping[str, str]) -> str:
    """Return the id of what the form is about, if it is one."""
    try:
        return str(UUID(typed(given, "raise")))
    except ValueError:
        return ""


@require_http_methods(["GET", "POST"])
@needs(DECIDE, ACT_FOR_PARTY)
def case_file(request: VisitorRequest, kind: str, subject_id: str, what: str) -> HttpResponse:
    """Show a form, preview what it would do, or file it."""
    visitor, subject = request.visitor, (kind, subject_id)
    own_or_not_found(visitor, subject)
    filable = FILABLE.get(what)
    party = party_of(visitor.tenant_id, subject)
    if filable is None or kind != filable.subject_kind:
        raise NotFound(
            "unknown_form",
            where=what,
            zh="没有这个表单。请检查地址。",
            en="there is no such form; check the address",
        )
    if not visitor.may(filable.permission):
        raise PermissionDenied
    now = present(visitor.tenant_id)
    given = request.POST if request.method == "POST" else request.GET
    filer = Filer(
        tenant_id=visitor.tenant_id, subject=subject, actor=visitor.name, now=now, of=_of(given)
    )
    asked = filable.asked(visitor.tenant_id, subject)
    form, preview, status = form_blank(what, asked), None, 200
    if request.method == "POST":
        form = form_read(what, asked, request.POST)
        if not form.wrong and request.POST.get("step") == "file":
            case = _filed(filable, filer, form)
            if case is not None:
                messages.success(request, text("case.filed_as", number=case.number))
                return HttpResponseRedirect(reverse("case", args=[case.number]))
        elif not form.wrong:
            preview = _rehearsed(filable, filer, form)
        status = 422 if form.wrong else 200
    return render(
        request,
        "console/case_file.html",
        _shown(subject, party, now, filer) | {"form": form, "preview": preview, "what": what},
        status=status,
    )


def _shown(subject: tuple[str, str], party: Any, now: datetime, filer: Filer) -> dict[str, Any]:
    return {
        "party": party,
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "deposit_address": deposit_address(subject),
        "position": position(filer.tenant_id, subject, day_of(now)),
        "of": filer.of,
    }
