"""The life of one deposit: on screen with filters, as CSV and JSON, and as a page to print."""

from typing import Any

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from earnest.cases.life import LifeFilter, LifeRow, kinds_found, life_narrowed
from earnest.cases.life_export import CSV_COLUMNS, life_export, life_table
from earnest.cases.life_sources import life
from earnest.cases.life_words import ACCOUNTS, KINDS
from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.clock import present
from earnest.console.export import csv_response
from earnest.console.forms import day_typed
from earnest.console.lists import choice, field, page_of
from earnest.deposits.queries import position
from earnest.kernel.calendar import MARKET_ZONE, day_of
from earnest.kernel.errors import NotFound
from earnest.ledger.queries import seal_head
from earnest.market.queries import Subject, provider_get, shop_get
from earnest.market.roles import SEE_ALL, SEE_OWN
from earnest.rulebooks.packs import RULEBOOKS

ROWS_SHOWN = 50


def party_of(tenant_id: str, subject: Subject) -> Any:
    """Return the shop or provider of a subject.

    Raises:
        NotFound: there is none, or the kind is neither.
    """
    if subject[0] not in RULEBOOKS:
        raise NotFound(
            "unknown_subject",
            where=subject[0],
            zh="没有这类主体。请检查地址。",
            en="there is no such kind of party; check the address",
        )
    return (shop_get if subject[0] == "shop" else provider_get)(tenant_id, subject[1])


def deposit_address(subject: Subject) -> str:
    """Return the address of a subject's deposit page."""
    return reverse("shop" if subject[0] == "shop" else "provider_deposit", args=[subject[1]])


def _seen(request: VisitorRequest, kind: str, subject_id: str) -> Subject:
    own_or_not_found(request.visitor, (kind, subject_id))
    return (kind, subject_id)


def _wanted(request: VisitorRequest) -> LifeFilter:
    kind = choice(request, "kind", KINDS)
    return LifeFilter(
        kinds=frozenset({kind} if kind else ()),
        account=choice(request, "account", ACCOUNTS),
        first=day_typed(field(request, "first")),
        last=day_typed(field(request, "last")),
    )


def _narrowed(request: VisitorRequest, subject: Subject) -> list[LifeRow]:
    return life_narrowed(life(request.visitor.tenant_id, subject), _wanted(request))


@require_GET
@needs(SEE_ALL, SEE_OWN)
def deposit_life(request: VisitorRequest, kind: str, subject_id: str) -> HttpResponse:
    """Show everything that ever happened to a deposit, newest first."""
    subject = _seen(request, kind, subject_id)
    tenant_id, wanted = request.visitor.tenant_id, _wanted(request)
    party, whole = party_of(tenant_id, subject), life(tenant_id, subject)
    rows = life_narrowed(whole, wanted)
    shown = {
        "party": party,
        "subject_kind": kind,
        "subject_id": subject_id,
        "position": position(tenant_id, subject, day_of(present(tenant_id))),
        "address": deposit_address(subject),
        "page": page_of(request, rows[::-1], ROWS_SHOWN),
        "kinds": kinds_found(whole),
        "kind": next(iter(wanted.kinds), ""),
        "accounts": list(ACCOUNTS),
        "account": wanted.account,
        "first": field(request, "first"),
        "last": field(request, "last"),
        "head": seal_head(tenant_id),
    }
    return render(request, "console/deposit_life.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def deposit_life_print(request: VisitorRequest, kind: str, subject_id: str) -> HttpResponse:
    """Show the same as one page to print, oldest first."""
    subject = _seen(request, kind, subject_id)
    tenant_id, now = request.visitor.tenant_id, present(request.visitor.tenant_id)
    shown = {
        "party": party_of(tenant_id, subject),
        "subject_kind": kind,
        "subject_id": subject_id,
        "position": position(tenant_id, subject, day_of(now)),
        "rows": _narrowed(request, subject),
        "head": seal_head(tenant_id),
        "now": now,
    }
    return render(request, "console/deposit_life_print.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def deposit_life_csv(request: VisitorRequest, kind: str, subject_id: str) -> StreamingHttpResponse:
    """Download the life as CSV: stable column names, amounts in fen, instants with their zone."""
    subject = _seen(request, kind, subject_id)
    party_of(request.visitor.tenant_id, subject)
    rows = life_table(_narrowed(request, subject))
    return csv_response(f"deposit-{kind}-{subject_id}", CSV_COLUMNS, rows)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def deposit_life_json(request: VisitorRequest, kind: str, subject_id: str) -> HttpResponse:
    """Download the life as JSON with all that it rests on, so that others can check it."""
    subject, visitor = _seen(request, kind, subject_id), request.visitor
    party_of(visitor.tenant_id, subject)
    now = present(visitor.tenant_id)
    written = life_export(
        visitor.tenant_id, subject, _narrowed(request, subject), now, inside=visitor.is_operator
    )
    name = f"deposit-{kind}-{subject_id}-{now.astimezone(MARKET_ZONE):%Y%m%d}.json"
    return JsonResponse(
        written,
        json_dumps_params={"ensure_ascii": False, "indent": 1},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
