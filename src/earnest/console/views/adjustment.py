"""The monthly adjustment: the months, what a run would do, what it did, shop by shop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from earnest.assessment.adjustment import Preview, preview
from earnest.assessment.adjustment_lines import (
    OUTCOMES,
    Line,
    Step,
    decided_lines,
    decisions_of_month,
    month_counts,
    month_steps,
    months_adjusted,
    refused_lines,
    refused_of_month,
    result_lines,
)
from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, page_of
from earnest.console.texts import language, text, word
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.money import yuan
from earnest.market.queries import party_names
from earnest.market.roles import SEE_ALL
from earnest.rulebooks.packs import SHOP_DEPOSIT

RESULT_OUTCOMES = OUTCOMES[:4]
STATES = ("in_effect", "waiting", "refused")
STEPS_SHOWN = 12
COLUMNS = (
    "shop", "outcome", "state", "before", "after", "sales", "categories", "general",
    "tier", "special", "raises", "balance", "pay_in", "excess", "applies_on", "number", "refusal",
)  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """The month that is looked at, and what narrows its shops."""

    tenant_id: str
    month: Month
    outcome: str
    state: str
    shop_id: str


def _asked(request: VisitorRequest, months: Sequence[str]) -> _Asked:
    given = choice(request, "month", months)
    return _Asked(
        tenant_id=request.visitor.tenant_id,
        month=Month.parse(given or months[0]),
        outcome=choice(request, "outcome", OUTCOMES),
        state=choice(request, "state", STATES),
        shop_id=field(request, "shop"),
    )


def _months(tenant_id: str) -> list[str]:
    """Return the months to choose from, the newest first: the last one that is over, too."""
    last = str(Month.of(day_of(present(tenant_id))).plus(-1))
    return sorted({last, *months_adjusted(tenant_id)}, reverse=True)


@require_GET
@needs(SEE_ALL)
def adjustment_page(request: VisitorRequest) -> HttpResponse:
    """Show a month's adjustment: what it did, or on demand what it would do."""
    tenant_id = request.visitor.tenant_id
    months = _months(tenant_id)
    asked = _asked(request, months)
    adjusted = str(asked.month) in months_adjusted(tenant_id)
    wanted = bool(choice(request, "preview", ("1",)))
    shown: dict[str, Any] = {
        "months": months,
        "asked": asked,
        "adjusted": adjusted,
        "outcomes": RESULT_OUTCOMES if adjusted else OUTCOMES,
        "states": STATES,
        "rulebook": SHOP_DEPOSIT,
        "previewed": wanted and not adjusted,
    }
    if adjusted:
        shown |= _result(request, asked)
    elif wanted:
        shown |= _previewed(request, asked)
    return render(request, "console/adjustment.html", shown)


def _result(request: VisitorRequest, asked: _Asked) -> dict[str, Any]:
    month = str(asked.month)
    counts = month_counts(asked.tenant_id, month)
    page = _result_page(request, asked)
    return {
        "page": page,
        "counts": _outcome_counts(counts),
        "waiting": sum(shops for (_, state), shops in counts.items() if state == "waiting"),
        "steps": month_steps(asked.tenant_id, month)[:STEPS_SHOWN],
        "names": _names(asked.tenant_id, page.object_list),
    }


def _result_page(request: VisitorRequest, asked: _Asked) -> "Page[Any]":
    """Return the asked page; only the rows of this page are put together."""
    tenant_id, month = asked.tenant_id, str(asked.month)
    if asked.outcome == "refused":
        page = page_of(request, refused_of_month(tenant_id, month, asked.shop_id))
        page.object_list = list(refused_lines(page.object_list))
        return page
    found = decisions_of_month(
        tenant_id, month, outcome=asked.outcome, state=asked.state, shop_id=asked.shop_id
    )
    page = page_of(request, found)
    page.object_list = decided_lines(tenant_id, list(page.object_list))
    return page


def _outcome_counts(counts: dict[tuple[str, str], int]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for (outcome, _), shops in counts.items():
        found[outcome] = found.get(outcome, 0) + shops
    return [(outcome, found[outcome]) for outcome in RESULT_OUTCOMES if outcome in found]


def _previewed(request: VisitorRequest, asked: _Asked) -> dict[str, Any]:
    found = preview(asked.tenant_id, asked.month, present(asked.tenant_id))
    page = page_of(request, _narrowed(found, asked))
    outcomes = found.outcomes()
    return {
        "page": page,
        "seen": found,
        "counts": [(name, outcomes[name]) for name in (*OUTCOMES, "kept") if outcomes[name]],
        "waiting": found.people,
        "steps": _preview_steps(found),
        "names": _names(asked.tenant_id, page.object_list),
    }


def _narrowed(found: Preview, asked: _Asked) -> list[Line]:
    return [
        line
        for line in found.lines
        if asked.outcome in ("", line.outcome) and asked.shop_id in ("", line.shop_id)
    ]


def _preview_steps(found: Preview) -> list[Step]:
    moved = [
        Step(before or 0, after, shops)
        for (before, after), shops in found.steps.most_common()
        if before != after
    ]
    return moved[:STEPS_SHOWN]


def _names(tenant_id: str, lines: Iterable[Line]) -> dict[tuple[str, str], str]:
    return party_names(tenant_id, {("shop", line.shop_id) for line in lines})


@require_GET
@needs(SEE_ALL)
def adjustment_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the shops of a month that the page shows, all pages of it."""
    tenant_id = request.visitor.tenant_id
    asked = _asked(request, _months(tenant_id))
    lines: Iterable[Line]
    if str(asked.month) in months_adjusted(tenant_id):
        lines = result_lines(
            tenant_id, asked.month,
            outcome=asked.outcome, state=asked.state, shop_id=asked.shop_id,
        )  # fmt: skip
    else:
        lines = _narrowed(preview(tenant_id, asked.month, present(tenant_id)), asked)
    rows = (_csv_row(line) for _, line in zip(range(ROWS_MAX), lines, strict=False))
    heads = [text(f"adjustment.{column}") for column in COLUMNS]
    return csv_response(f"adjustment-{asked.month}", heads, rows)


def _csv_row(line: Line) -> list[object]:
    refusal = line.refusal
    return [
        line.shop_id,
        word("outcome", line.outcome),
        word("state", line.state),
        *(_plain_yuan(fen) for fen in (line.before_fen, line.after_fen)),
        _plain_yuan(line.sales_fen),
        " ".join(word("category", each) for each in line.categories),
        *(_plain_yuan(line.why.get(step)) for step in ("general", "tier", "special")),
        *(_plain_yuan(fen) for fen in (line.raises_fen, line.balance_fen)),
        *(_plain_yuan(fen) for fen in (line.pay_in_fen, line.excess_fen)),
        line.applies_on or "",
        str(line.decision_id or ""),
        (refusal.zh if language() == "zh" else refusal.en) if refusal else "",
    ]


def _plain_yuan(fen: int | None) -> str:
    return "" if fen is None else yuan(fen).replace(",", "")
