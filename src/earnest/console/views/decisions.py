"""Decisions and findings: the lists, their exports, one decision with all that belongs to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from earnest.assessment.held_months import REMOVE, months_held
from earnest.assessment.nps_ladder import DECISION as LADDER
from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.health import value_text
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.reading import (
    Line,
    explanation,
    facts_read,
    hashes_read,
    movement_text,
    result_read,
    samples_awaited,
    trace_read,
)
from earnest.console.templatetags.words import tone_of
from earnest.console.texts import language, text, word
from earnest.decisions.models import Decision, Finding
from earnest.decisions.queries import (
    DecisionFilter,
    decision_choices,
    decision_get,
    decisions,
    finding_choices,
    findings,
)
from earnest.deposits.accounts import claim_of, deposit_of
from earnest.deposits.queries import requirement_history
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import NotFound
from earnest.kernel.money import yuan
from earnest.ledger.queries import statement
from earnest.market.queries import Subject
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, SEE_ALL, SEE_OWN
from earnest.notices.queries import notices_of_decision
from earnest.policy import replay
from earnest.restrictions.queries import restrictions_of_decisions
from earnest.rulebooks.packs import edition_of

STATES = ("waiting", "in_effect", "refused")
STATEMENT_LINES = 1000


@dataclass(frozen=True)
class Moved:
    """A movement of money that a decision made."""

    amount_fen: int
    what: str
    at: datetime
    transfer_id: UUID

    @property
    def short_id(self) -> str:
        """The last letters of the transfer's number."""
        return str(self.transfer_id)[-8:]


def _narrowed(request: VisitorRequest) -> DecisionFilter:
    return DecisionFilter(
        clause=field(request, "clause"),
        outcome=field(request, "outcome"),
        state=choice(request, "state", STATES),
        month=field(request, "month"),
        subject_id=field(request, "subject"),
    )


@require_GET
@needs(SEE_ALL)
def decision_list(request: VisitorRequest) -> HttpResponse:
    """List decisions, newest first."""
    tenant_id, narrowed = request.visitor.tenant_id, _narrowed(request)
    page = page_of(request, decisions(tenant_id, narrowed))
    shown = {
        "page": page,
        "narrowed": narrowed,
        "choices": decision_choices(tenant_id),
        "states": STATES,
        "names": names_for(tenant_id, page.object_list),
    }
    return render(request, "console/decisions.html", shown)


DECISION_COLUMNS = (
    "period", "subject_kind", "subject", "decision", "outcome", "clause", "money", "state",
    "made_at", "settled_at", "number",
)  # fmt: skip
FINDING_COLUMNS = (
    "period", "subject_kind", "subject", "measure", "rate", "numerator", "denominator", "clause",
    "status", "made_at",
)  # fmt: skip


def _local(instant: datetime | None) -> str:
    return f"{instant.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}" if instant else ""


def _decision_row(one: Decision) -> list[object]:
    return [
        one.period,
        word("subject", one.subject_kind),
        one.subject_id,
        word("decision", one.decision),
        word("outcome", one.outcome),
        one.clause,
        yuan(one.money_fen).replace(",", ""),
        word("state", one.state),
        _local(one.made_at),
        _local(one.settled_at),
        str(one.id),
    ]


def _finding_row(one: Finding) -> list[object]:
    return [
        one.period,
        word("subject", one.subject_kind),
        one.subject_id,
        word("measure", one.measure),
        value_text(one),
        one.numerator,
        one.denominator,
        one.clause,
        word("status", one.status),
        _local(one.made_at),
    ]


def _heads(columns: Iterable[str]) -> list[str]:
    return [text(f"column.{column}") for column in columns]


@require_GET
@needs(SEE_ALL)
def decisions_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the decisions that the list shows, all pages of it."""
    found = decisions(request.visitor.tenant_id, _narrowed(request))[:ROWS_MAX]
    rows = map(_decision_row, found.iterator(chunk_size=1000))
    return csv_response("decisions", _heads(DECISION_COLUMNS), rows)


@require_GET
@needs(SEE_ALL)
def finding_list(request: VisitorRequest) -> HttpResponse:
    """List findings, newest month first."""
    tenant_id, narrowed = request.visitor.tenant_id, _narrowed(request)
    page = page_of(request, findings(tenant_id, narrowed))
    shown = {
        "page": page,
        "narrowed": narrowed,
        "choices": finding_choices(tenant_id),
        "names": names_for(tenant_id, page.object_list),
        "rows": [
            {"finding": each, "rate": value_text(each), "address": _orders_address(each)}
            for each in page.object_list
        ],
    }
    return render(request, "console/findings.html", shown)


def _orders_address(finding: Finding) -> str:
    if finding.subject_kind != "provider":
        return ""
    return reverse("measure", args=[finding.subject_id, finding.measure, finding.period])


@require_GET
@needs(SEE_ALL)
def findings_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the findings that the list shows, all pages of it."""
    found = findings(request.visitor.tenant_id, _narrowed(request))[:ROWS_MAX]
    rows = map(_finding_row, found.iterator(chunk_size=1000))
    return csv_response("findings", _heads(FINDING_COLUMNS), rows)


def _seen_decision(request: VisitorRequest, decision_id: UUID) -> Decision:
    decision = decision_get(request.visitor.tenant_id, decision_id)
    own_or_not_found(request.visitor, decision.subject)
    return decision


def _moved(tenant_id: str, subject: Subject, decision: Decision) -> list[Moved]:
    """Return the money that a decision moved, from the statements of deposit and claim."""
    moved: list[Moved] = []
    if not decision.effect.get("transfers"):
        return moved
    for code in (deposit_of(subject), claim_of(subject)):
        try:
            lines = statement(tenant_id, code, STATEMENT_LINES)
        except NotFound:
            continue
        for line in lines:
            if line.decision_id == decision.id:
                other = code if code.startswith("claim") else line.counter_account
                what = movement_text(other, line.amount_fen)
                moved.append(Moved(line.amount_fen, what, line.effective_at, line.transfer_id))
    return moved


def _basis(decision: Decision) -> dict[str, Any]:
    """Return the clause and the rulebook's title in the reader's language."""
    try:
        pack = edition_of(decision.receipt["pack_hash"])
    except NotFound:
        return {"clause_text": "", "rulebook_title": decision.rulebook}
    clause = pack.clauses.get(decision.clause)
    return {
        "clause_text": getattr(clause, language(), "") if clause else "",
        "rulebook_title": pack.title[language()],
    }


def _chain(decision: Decision) -> list[Line]:
    """Return how the decision is tied to the one before it."""
    return [
        Line("seq", text("receipt.seq"), str(decision.seq)),
        Line("chain_hash", text("receipt.chain_hash"), decision.chain_hash),
        Line("previous_hash", text("receipt.previous_hash"), decision.previous_hash),
    ]


@require_GET
@needs(SEE_ALL, SEE_OWN)
def decision_page(request: VisitorRequest, decision_id: UUID) -> HttpResponse:
    """Show one decision: clause, facts, calculation, effects, approvals and receipt."""
    decision = _seen_decision(request, decision_id)
    visitor, tenant_id = request.visitor, request.visitor.tenant_id
    subject = decision.subject
    requirements = requirement_history(tenant_id, subject)
    effects: dict[str, Any] = {
        "restrictions": restrictions_of_decisions(tenant_id, [decision.id]),
        "transfers": _moved(tenant_id, subject, decision),
        "requirement": next((r for r in requirements if r.decision_id == decision.id), None),
        "notices": notices_of_decision(tenant_id, decision.id),
    }
    shown = {
        "decision": decision,
        "tone": tone_of(decision.outcome),
        "party_name": names_for(tenant_id, [decision]).get(subject, ""),
        "explanation": explanation(decision.receipt),
        "facts": facts_read(decision.receipt),
        "results": result_read(decision.receipt),
        "steps": trace_read(decision.receipt, decision.trace),
        "receipt": hashes_read(decision.receipt) + _chain(decision),
        "effects": any(effects.values()),
        "deposit_address": reverse(
            "shop" if subject[0] == "shop" else "provider_deposit", args=[subject[1]]
        ),
        "approvals": sorted(decision.approvals.all(), key=lambda one: one.at)
        if visitor.is_operator
        else [],
        "may_decide": visitor.may(DECIDE),
        "samples": samples_awaited(decision),
        "held": _held(decision),
        "reader": visitor.may(ACT_FOR_PARTY),
    }
    return render(request, "console/decision.html", shown | effects | _basis(decision))


def _held(decision: Decision) -> str:
    """Name the months that wait for a removal to be decided, to be judged if it is refused."""
    if (decision.decision, decision.outcome, decision.state) != (LADDER, REMOVE, "waiting"):
        return ""
    behind = months_held(decision.tenant_id, [decision.subject_id]).get(decision.subject_id, [])
    return ", ".join(each.period for each in behind)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def decision_replay(request: VisitorRequest, decision_id: UUID) -> HttpResponse:
    """Take a decision again from its receipt and say whether it comes out the same to the byte."""
    receipt = _seen_decision(request, decision_id).receipt
    differences = replay(receipt, edition_of(receipt["pack_hash"]))
    return render(request, "console/parts/replay.html", {"differences": differences})
