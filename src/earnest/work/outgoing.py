"""Telling the outside: what the rooms above deliveries have to tell, and the jobs that do it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from earnest.appeals.models import Appeal
from earnest.deliveries.happenings import EVENT_TYPES, Happened, Source
from earnest.deliveries.looking import SWEEP, deliveries_look, digests_make
from earnest.deliveries.queries import endpoints_given_up
from earnest.deliveries.sending import Sender, deliveries_send
from earnest.deliveries.sources import ROWS_AT_ONCE, SOURCES
from earnest.ledger.records import Check
from earnest.tickets.models import TicketStep
from earnest.work.commands import alerts_review
from earnest.work.survey_mail import surveys_mail

TOLD: Final = "told"
"""The first step of a ticket: it was opened."""


def ticket_steps(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the steps of tickets that are a change of their state."""
    rows = TicketStep.objects.filter(tenant_id=tenant_id, at__gte=since, at__lte=until)
    for row in rows.select_related("ticket").order_by("id").iterator(chunk_size=ROWS_AT_ONCE):
        event = "ticket.opened" if row.what == TOLD else f"ticket.{row.what}"
        if event not in EVENT_TYPES:
            continue
        ticket = row.ticket
        yield Happened(
            event,
            f"ticket step:{row.pk}",
            ticket.subject,
            row.at,
            ticket.clause,
            f"/tickets/{ticket.number}/",
            {
                "ticket": ticket.number,
                "decision_id": str(ticket.decision_id),
                "rulebook": ticket.rulebook,
                "outcome": ticket.outcome,
                "source": ticket.source,
                "money_fen": ticket.money_fen,
                "appeal_until": ticket.appeal_until.isoformat(),
            },
        )


def appeals_filed(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the appeals that were filed."""
    rows = Appeal.objects.filter(tenant_id=tenant_id, filed_at__gte=since, filed_at__lte=until)
    for row in rows.select_related("ticket").order_by("id").iterator(chunk_size=ROWS_AT_ONCE):
        yield _of_appeal("appeal.filed", row, row.filed_at)


def appeals_decided(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the appeals that were decided; withdrawn and moot ones were not."""
    rows = Appeal.objects.filter(
        tenant_id=tenant_id, state="decided", closed_at__gte=since, closed_at__lte=until
    )
    for row in rows.select_related("ticket").order_by("id").iterator(chunk_size=ROWS_AT_ONCE):
        yield _of_appeal("appeal.decided", row, row.closed_at or row.filed_at)


def _of_appeal(event: str, row: Appeal, at: datetime) -> Happened:
    return Happened(
        event,
        f"appeal:{row.id}",
        (row.subject_kind, row.subject_id),
        at,
        row.ticket.clause,
        f"/appeals/{row.number}/",
        {
            "appeal": row.number,
            "ticket": row.ticket.number,
            "expected_on": row.expected_on.isoformat(),
        },
    )


ALL_SOURCES: Final = (
    *SOURCES,
    Source("ticket_steps", ticket_steps),
    Source("appeals_filed", appeals_filed),
    Source("appeals_decided", appeals_decided),
)
"""Every table that tells of events."""


def outgoing_tell(tenant_id: str, sender: Sender, now: datetime) -> dict[str, Any]:
    """Look for what is new, send what is due, and raise an alert for what cannot be delivered."""
    made = deliveries_look(tenant_id, now, ALL_SOURCES)
    outcomes = deliveries_send(tenant_id, sender, now)
    surveyed = surveys_mail(tenant_id, sender, now)
    given_up = [each.url for each in endpoints_given_up(tenant_id)]
    check = Check(
        "endpoints_reached",
        ok=not given_up,
        detail=f"disabled since nothing arrived for days: {', '.join(given_up)}",
        detail_zh=f"多日无法送达而停用：{'、'.join(given_up)}",
        ids=tuple(given_up),
    )
    alerts_review(tenant_id, [check], now)
    return {
        **{f"new {event}": count for event, count in made.items()},
        **outcomes,
        **{f"survey mail {outcome}": count for outcome, count in surveyed.items()},
    }


def outgoing_sweep(tenant_id: str, now: datetime) -> dict[str, Any]:
    """Look again further back, and write yesterday's digests."""
    made = deliveries_look(tenant_id, now, ALL_SOURCES, overlap=SWEEP)
    return {"found late": made.total(), "digests": digests_make(tenant_id, now)}
