"""Finance: the overview, the claims by their age, the holds, and the recoveries under way."""

from dataclasses import dataclass

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from earnest.cases.overview import Overview, overview
from earnest.cases.queries import holds_listed
from earnest.console.access import VisitorRequest, needs
from earnest.console.bars import Bar, bars_of
from earnest.console.clock import present
from earnest.console.export import csv_response
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.recoveries import recovery_row
from earnest.console.texts import text, word
from earnest.deposits.claims import ClaimAge, claims_ageing, claims_open
from earnest.deposits.raises import raises_due_review, raises_in_force
from earnest.deposits.recoveries import recoveries
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.market.queries import Subject, party_names
from earnest.market.roles import DECIDE, SEE_ALL

RECOVERY_STATES = ("open", "settled", "stopped", "reversed", "all")
AGES = ("to_30", "to_60", "to_90", "over_90")
AGE_TONES = ("good", "warn", "warn", "bad")
CLAIM_COLUMNS = (
    "subject_kind", "subject", "since_on", "days", "claimed", "owed", "origin", "clause", "period",
    "decision", "transfer",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A number of the overview with the list that it counts."""

    text: str
    value: str
    address: str
    unit: str = ""
    urgent: bool = False


def _named(tenant_id: str, subjects: list[Subject]) -> dict[Subject, str]:
    return party_names(tenant_id, set(subjects))


def _figures(found: Overview) -> list[Figure]:
    shops, claims = reverse("shops"), reverse("claims")
    return [
        Figure("finance.held", yuan(found.totals.posted_fen), shops, "unit.yuan"),
        Figure("finance.required", yuan(found.totals.required_fen), shops, "unit.yuan"),
        Figure(
            "finance.short",
            yuan(found.totals.short_fen),
            reverse("shortages"),
            "unit.yuan",
            urgent=found.totals.short_fen > 0,
        ),
        Figure("finance.held_back", yuan(found.held_back_fen), reverse("holds"), "unit.yuan"),
        Figure(
            "finance.claims",
            yuan(found.claims_fen),
            claims,
            "unit.yuan",
            urgent=found.claims_fen > 0,
        ),
    ]


def _todo(found: Overview) -> list[Figure]:
    holds = reverse("holds")
    unknown = found.parts.get("unknown")
    return [
        Figure(
            "finance.unknown",
            str(unknown.count if unknown else 0),
            f"{reverse('payouts')}?part=unknown",
            urgent=True,
        ),
        Figure(
            "finance.attention",
            str(found.attention),
            f"{reverse('payouts')}?attention=1",
            urgent=True,
        ),
        Figure("finance.holds_due", str(found.holds_due), f"{holds}?due=1", urgent=True),
        Figure("finance.raises_due", str(found.raises_due), f"{reverse('raises')}?due=1"),
        Figure("finance.recoveries", str(found.recoveries.count), reverse("recoveries")),
        Figure("finance.cases", str(sum(found.cases.values())), f"{reverse('cases')}?state=open"),
    ]


def age_bars(ages: tuple[int, ...]) -> list[Bar]:
    """Return what is owed by its age as bars beside each other."""
    parts = [
        (text(f"claim.age.{age}"), fen, tone)
        for age, fen, tone in zip(AGES, ages, AGE_TONES, strict=True)
    ]
    return bars_of(parts)


@require_GET
@needs(SEE_ALL)
def finance(request: VisitorRequest) -> HttpResponse:
    """Show what is held, missing, held back, owed and on its way, each with its list."""
    tenant_id = request.visitor.tenant_id
    found = overview(tenant_id, present(tenant_id))
    shown = {
        "figures": _figures(found),
        "todo": _todo(found),
        "found": found,
        "bars": age_bars(found.ages),
        "oldest": found.claims[:10],
        "names": _named(tenant_id, [each.subject for each in found.claims[:10]]),
        "cases": [
            (kind, count, f"{reverse('cases')}?{urlencode({'state': 'open', 'kind': kind})}")
            for kind, count in sorted(found.cases.items())
        ],
    }
    return render(request, "console/finance.html", shown)


def _kept(request: VisitorRequest, ages: list[ClaimAge]) -> list[ClaimAge]:
    wanted, age = field(request, "subject"), choice(request, "age", AGES)
    name = {"to_30": "to_30_days_fen", "to_60": "to_60_days_fen", "to_90": "to_90_days_fen"}
    column = name.get(age, "over_90_days_fen")
    return [
        each
        for each in ages
        if wanted in each.subject[1] and (not age or getattr(each, column) > 0)
    ]


@require_GET
@needs(SEE_ALL)
def claim_list(request: VisitorRequest) -> HttpResponse:
    """List what subjects owe, by age, the oldest in front."""
    tenant_id = request.visitor.tenant_id
    today = day_of(present(tenant_id))
    ages = _kept(request, claims_ageing(tenant_id, today))
    page = page_of(request, ages)
    totals = tuple(sum(getattr(each, f"{age}_days_fen") for each in ages) for age in AGES)
    shown = {
        "page": page,
        "bars": age_bars(totals),
        "total_fen": sum(totals),
        "ages": AGES,
        "age": choice(request, "age", AGES),
        "subject": field(request, "subject"),
        "names": _named(tenant_id, [each.subject for each in page.object_list]),
        "today": today,
    }
    return render(request, "console/claims.html", shown)


@require_GET
@needs(SEE_ALL)
def claims_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download every open part of every claim that the list shows."""
    tenant_id = request.visitor.tenant_id
    today = day_of(present(tenant_id))
    kept = {each.subject for each in _kept(request, claims_ageing(tenant_id, today))}
    rows = [
        [
            word("subject", each.subject[0]),
            each.subject[1],
            each.since_on,
            (today - each.since_on).days,
            yuan(each.claimed_fen).replace(",", ""),
            yuan(each.owed_fen).replace(",", ""),
            word("claim_origin", each.origin),
            each.clause,
            each.period,
            str(each.decision_id or ""),
            str(each.transfer_id),
        ]
        for each in claims_open(tenant_id, on=today)
        if each.subject in kept
    ]
    heads = [text(f"claim_column.{column}") for column in CLAIM_COLUMNS]
    return csv_response("claims", heads, rows)


@require_GET
@needs(SEE_ALL)
def recovery_list(request: VisitorRequest) -> HttpResponse:
    """List the recoveries, those under way in front."""
    tenant_id = request.visitor.tenant_id
    state = choice(request, "state", RECOVERY_STATES) or "open"
    found = recoveries(tenant_id, state="" if state == "all" else state)
    page = page_of(request, found)
    subjects = [(each.subject_kind, each.subject_id) for each, _ in page.object_list]
    shown = {
        "page": page,
        "rows": [recovery_row(each, rest) for each, rest in page.object_list],
        "state": state,
        "states": RECOVERY_STATES,
        "names": _named(tenant_id, subjects),
    }
    return render(request, "console/recoveries.html", shown)


@require_GET
@needs(SEE_ALL)
def hold_list(request: VisitorRequest) -> HttpResponse:
    """List the holds that are open, the one to be looked at first in front."""
    tenant_id = request.visitor.tenant_id
    today, due = day_of(present(tenant_id)), bool(choice(request, "due", ("1",)))
    found = [each for each in holds_listed(tenant_id) if not due or each.hold.review_on <= today]
    page = page_of(request, found)
    shown = {
        "page": page,
        "due": due,
        "today": today,
        "names": _named(tenant_id, [each.subject for each in page.object_list]),
    }
    return render(request, "console/holds.html", shown)


@require_GET
@needs(SEE_ALL)
def raise_list(request: VisitorRequest) -> HttpResponse:
    """List the raises in force, the one to be looked at first in front."""
    tenant_id = request.visitor.tenant_id
    today, due = day_of(present(tenant_id)), bool(choice(request, "due", ("1",)))
    found = raises_due_review(tenant_id, today) if due else raises_in_force(tenant_id)
    page = page_of(request, found)
    shown = {
        "page": page,
        "due": due,
        "today": today,
        "may_decide": request.visitor.may(DECIDE),
        "names": names_for(tenant_id, page.object_list),
    }
    return render(request, "console/raises.html", shown)
