"""Shops, the deposit page of a shop or a provider, and the open shortages."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from earnest.cases.life_words import movement_note, movement_words
from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.clock import present
from earnest.console.deposit_chart import provider_chart, shop_chart
from earnest.console.deposit_page import (
    deposit_shown,
    exit_gate,
    filings_offered,
    withdrawal_gate,
)
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.parties import party_rows, party_state
from earnest.console.reading import explanation, movement_text, trace_read
from earnest.console.standing import clock_of
from earnest.console.texts import language
from earnest.decisions.models import Decision
from earnest.decisions.queries import decisions_of
from earnest.deposits.accounts import deposit_of
from earnest.deposits.models import Requirement
from earnest.deposits.queries import position, positions, requirement_history, shortages_open
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.ledger.queries import statement
from earnest.ledger.records import StatementLine
from earnest.market.queries import (
    Subject,
    categories_in_use,
    open_categories,
    provider_get,
    shop_get,
    shops,
)
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, SEE_ALL, SEE_OWN
from earnest.notices.queries import inbox
from earnest.policy import Clause
from earnest.rulebooks.packs import RULEBOOKS, SHOP_DEPOSIT, pack_of

COMPUTED = ("required_deposit", "provider_deposit")
LINES_SHOWN = 50
DECISIONS_SHOWN = 10
NOTICES_SHOWN = 5
TERMS = (
    ("amount", ("S3-2.1a", "S3-2.1b", "S3-3.1a")),
    ("management", ("S3-1.2", "S3-4.2c")),
    ("use", ("S3-1.1", "S3-4.2a", "S3-4.2b")),
    ("return", ("S3-6.1x", "S3-6.2x")),
)


@dataclass(frozen=True)
class LedgerLine:
    """A line of the statement as the page shows it."""

    at: datetime
    effective_at: datetime
    what: str
    note: str
    clause: str
    in_fen: int
    out_fen: int
    balance_fen: int
    held_delta_fen: int
    held_fen: int
    transfer_id: UUID
    decision_id: UUID | None

    @property
    def short_id(self) -> str:
        """The last letters of the transfer's number."""
        return str(self.transfer_id)[-8:]


@require_GET
@needs(SEE_ALL)
def shop_list(request: VisitorRequest) -> HttpResponse:
    """List the shops with their standing and deposit."""
    tenant_id = request.visitor.tenant_id
    categories = categories_in_use(tenant_id)
    search, category = field(request, "q"), choice(request, "category", categories)
    page = page_of(request, shops(tenant_id, search=search, category=category))
    rows = party_rows(
        tenant_id,
        [(("shop", each.shop_id), each) for each in page.object_list],
        present(tenant_id),
        categories=open_categories(tenant_id, [each.shop_id for each in page.object_list]),
    )
    shown = {"page": page, "rows": rows, "categories": categories, "search": search}
    return render(request, "console/shops.html", shown | {"category": category})


@require_GET
@needs(SEE_ALL, SEE_OWN)
def shop(request: VisitorRequest, shop_id: str) -> HttpResponse:
    """Show a shop's deposit."""
    subject = ("shop", shop_id)
    own_or_not_found(request.visitor, subject)
    party = shop_get(request.visitor.tenant_id, shop_id)
    categories = open_categories(request.visitor.tenant_id, [shop_id]).get(shop_id, [])
    return _deposit_page(request, subject, {"party": party, "categories": categories})


@require_GET
@needs(SEE_ALL, SEE_OWN)
def provider_deposit(request: VisitorRequest, provider_id: str) -> HttpResponse:
    """Show a provider's deposit."""
    subject = ("provider", provider_id)
    own_or_not_found(request.visitor, subject)
    party = provider_get(request.visitor.tenant_id, provider_id)
    return _deposit_page(request, subject, {"party": party})


def _deposit_page(request: VisitorRequest, subject: Subject, shown: dict[str, Any]) -> HttpResponse:
    visitor, tenant_id = request.visitor, request.visitor.tenant_id
    left_on = getattr(shown["party"], "left_on", getattr(shown["party"], "closed_on", None))
    now = present(tenant_id)
    state = party_state(tenant_id, subject, now, left_on=left_on)
    decided = list(decisions_of(tenant_id, *subject))
    history = requirement_history(tenant_id, subject)
    basis = _basis(history, decided, day_of(now))
    lines = _lines(tenant_id, subject, _before(request))
    deposit = deposit_shown(tenant_id, subject, state, now)
    shown |= {
        "deposit": deposit,
        "filings": filings_offered(visitor, subject),
        "may_decide": visitor.may(DECIDE),
        "today": day_of(now),
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "rulebook": RULEBOOKS[subject[0]],
        "standing": state.standing,
        "position": state.position,
        "clock": state.clock,
        "restrictions": state.restrictions,
        "basis": basis,
        "explanation": explanation(basis.receipt) if basis else "",
        "steps": trace_read(basis.receipt, basis.trace) if basis else [],
        "requirements": history[::-1],
        "terms": _terms(subject),
        "drawing": shop_chart(tenant_id, subject[1], history, decided)
        if subject[0] == "shop"
        else provider_chart(tenant_id, subject[1], history, day_of(now)),
        "lines": [_shown(line) for line in lines],
        "older": lines[-1].seq if len(lines) == LINES_SHOWN and lines[-1].seq > 1 else 0,
        "decisions": decided[:DECISIONS_SHOWN],
        "names": None,
        "notices": inbox(tenant_id, *subject)[:NOTICES_SHOWN],
        "reader": visitor.may(ACT_FOR_PARTY),
    }
    return render(request, "console/deposit.html", shown)


def _terms(subject: Subject) -> list[tuple[str, list[tuple[str, Clause]]]]:
    """Return the clauses on a shop deposit's amount, management, use and return."""
    if subject[0] != "shop":
        return []
    clauses = pack_of(SHOP_DEPOSIT).clauses
    return [
        (name, [(each, clauses[each]) for each in ids if each in clauses]) for name, ids in TERMS
    ]


def _basis(history: list[Requirement], decided: list[Decision], today: date) -> Decision | None:
    """Return the decision that computed the requirement in force; raises stand beside it."""
    computed = {each.id: each for each in decided if each.decision in COMPUTED}
    in_force = [row for row in history if row.from_on <= today and row.decision_id in computed]
    return computed[in_force[-1].decision_id] if in_force else None


def _before(request: VisitorRequest) -> int | None:
    given = field(request, "before")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None


def _lines(tenant_id: str, subject: Subject, before: int | None) -> list[StatementLine]:
    """Return the newest lines of the deposit's statement; none while no account is open."""
    try:
        return statement(tenant_id, deposit_of(subject), LINES_SHOWN, before)
    except NotFound:
        return []


def _what(line: StatementLine) -> str:
    """Say what a line is: a plain movement by who is on the other side, others by their kind."""
    if line.kind in {"post", "up_to", "remainder"}:
        return movement_text(line.counter_account, line.amount_fen)
    said = movement_words(line, "deposit")
    return said.zh if language() == "zh" else said.en


def _shown(line: StatementLine) -> LedgerLine:
    return LedgerLine(
        at=line.at,
        effective_at=line.effective_at,
        what=_what(line),
        note=movement_note("" if line.decision_id else line.note).said(language()),
        clause=line.clause,
        in_fen=max(line.amount_fen, 0),
        out_fen=max(-line.amount_fen, 0),
        balance_fen=line.balance_fen,
        held_delta_fen=line.held_delta_fen,
        held_fen=line.held_fen,
        transfer_id=line.transfer_id,
        decision_id=line.decision_id,
    )


@require_GET
@needs(SEE_ALL, SEE_OWN)
def deposit_checks(request: VisitorRequest, shop_id: str) -> HttpResponse:
    """Show the conditions for a withdrawal of excess and for leaving, before anybody applies."""
    subject = ("shop", shop_id)
    own_or_not_found(request.visitor, subject)
    tenant_id = request.visitor.tenant_id
    now = present(tenant_id)
    shown = {
        "party": shop_get(tenant_id, shop_id),
        "subject_id": shop_id,
        "rulebook": SHOP_DEPOSIT,
        "position": position(tenant_id, subject, day_of(now)),
        "withdrawal": withdrawal_gate(tenant_id, subject, now),
        "leaving": exit_gate(tenant_id, subject, now),
        "filings": filings_offered(request.visitor, subject),
    }
    return render(request, "console/deposit_checks.html", shown)


@require_GET
@needs(SEE_ALL)
def shortage_list(request: VisitorRequest) -> HttpResponse:
    """List the open shortages, the one due first in front."""
    tenant_id = request.visitor.tenant_id
    today = day_of(present(tenant_id))
    overdue = bool(choice(request, "overdue", ("1",)))
    kind = choice(request, "kind", ("provider", "shop"))
    found = [
        each
        for each in shortages_open(tenant_id)
        if (not overdue or each.due_on < today) and (not kind or each.subject_kind == kind)
    ]
    page = page_of(request, found)
    held = positions(
        tenant_id, [(each.subject_kind, each.subject_id) for each in page.object_list], today
    )
    rows = []
    for each in page.object_list:
        at = held[each.subject_kind, each.subject_id]
        clock = clock_of(each, at.shortage_fen, today)
        page_name = "shop" if each.subject_kind == "shop" else "provider_deposit"
        rows.append(
            {
                "shortage": each,
                "position": at,
                "days_left": clock.days_left,
                "days_over": clock.days_over,
                "rulebook": RULEBOOKS[each.subject_kind],
                "address": reverse(page_name, args=[each.subject_id]),
            }
        )
    shown = {"page": page, "rows": rows, "names": names_for(tenant_id, page.object_list)}
    return render(request, "console/shortages.html", shown | {"overdue": overdue, "kind": kind})
