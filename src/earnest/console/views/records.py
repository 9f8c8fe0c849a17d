"""Restrictions in force, and a party's inbox."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.clock import present
from earnest.console.lists import choice, field, names_for, page_of
from earnest.deposits.queries import short_subjects
from earnest.market.roles import ACT_FOR_PARTY, SEE_ALL
from earnest.notices.commands import notice_mark_read
from earnest.notices.queries import inbox, notice_get
from earnest.restrictions.queries import restrictions_active

NOTICE_KINDS = ("finding", "sanction", "requirement", "shortage", "release", "payment")


@require_GET
@needs(SEE_ALL)
def restriction_list(request: VisitorRequest) -> HttpResponse:
    """List the restrictions in force; on wish only those whose conditions all hold."""
    tenant_id = request.visitor.tenant_id
    due, subject = bool(choice(request, "due", ("1",))), field(request, "subject")
    active = restrictions_active(tenant_id, short_subjects(tenant_id), present(tenant_id))
    found = [
        one
        for one in active
        if (not due or (one.conditions and all(met for _, met in one.conditions)))
        and subject in one.subject_id
    ]
    page = page_of(request, found)
    shown = {"page": page, "due": due, "subject": subject}
    shown["names"] = names_for(tenant_id, page.object_list)
    return render(request, "console/restrictions.html", shown)


@require_GET
@needs(ACT_FOR_PARTY)
def own_inbox(request: VisitorRequest) -> HttpResponse:
    """Show a party's notices, newest first."""
    visitor = request.visitor
    unread, kind = bool(choice(request, "unread", ("1",))), choice(request, "kind", NOTICE_KINDS)
    found = inbox(visitor.tenant_id, *visitor.subject, unread=unread, kind=kind)
    shown = {
        "page": page_of(request, found),
        "unread": unread,
        "kind": kind,
        "kinds": NOTICE_KINDS,
        "reader": True,
    }
    return render(request, "console/inbox.html", shown)


@require_POST
@needs(ACT_FOR_PARTY)
def notice_read(request: VisitorRequest, notice_id: UUID) -> HttpResponse:
    """Mark one of the party's notices as read."""
    visitor = request.visitor
    notice = notice_get(visitor.tenant_id, notice_id)
    own_or_not_found(visitor, (notice.subject_kind, notice.subject_id))
    notice_mark_read(visitor.tenant_id, notice_id, visitor.subject, present(visitor.tenant_id))
    if request.headers.get("HX-Request"):
        notice.refresh_from_db()
        shown = {"notice": notice, "reader": True, "open": True}
        return render(request, "console/parts/notice.html", shown)
    return HttpResponseRedirect(reverse("inbox"))
