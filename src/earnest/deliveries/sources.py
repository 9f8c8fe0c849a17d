"""The tables of the rooms below that tell of events: notices, decisions, restrictions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from earnest.decisions.models import Decision, Reversal
from earnest.deliveries.happenings import Happened, Letter, Source, page_of_decision
from earnest.kernel.calendar import micros_of
from earnest.kernel.words import Words
from earnest.notices.models import Notice
from earnest.restrictions.models import Restriction

INBOX = "/inbox/"
ROWS_AT_ONCE = 500
_MILLISECOND = timedelta(milliseconds=1)


def _ids_between(since: datetime, until: datetime) -> tuple[UUID, UUID]:
    """Return the first id of an instant and the first one after another: their time is in front."""
    first, after = (micros_of(each) // 1000 << 80 for each in (since, until + _MILLISECOND))
    return UUID(int=first), UUID(int=after)


def notices_sent(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the notices put into inboxes; the words go by mail, a webhook gets the title."""
    first, after = _ids_between(since, until)
    rows = Notice.objects.filter(tenant_id=tenant_id, id__gte=first, id__lt=after)
    for row in rows.order_by("id").iterator(chunk_size=ROWS_AT_ONCE):
        yield Happened(
            "notice.sent",
            f"notice:{row.id}",
            (row.subject_kind, row.subject_id),
            row.sent_at,
            row.clause,
            page_of_decision(row.decision_id) if row.decision_id else INBOX,
            {
                "notice_id": str(row.id),
                "kind": row.kind,
                "severity": row.severity,
                "title_zh": row.title_zh,
                "title_en": row.title_en,
                "due_on": row.due_on.isoformat() if row.due_on else None,
                "decision_id": str(row.decision_id) if row.decision_id else None,
            },
            Letter(
                Words(row.title_zh, row.title_en),
                Words(row.body_zh, row.body_en),
                at_once=row.severity != "info",
            ),
        )


def decisions_made(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the decisions that were recorded and wait, or waited, for people."""
    first, after = _ids_between(since, until)
    rows = Decision.objects.filter(
        tenant_id=tenant_id, id__gte=first, id__lt=after, approvals_needed__gt=0
    )
    for row in _without_receipts(rows):
        yield _of_decision("decision.made", row, row.made_at)


def decisions_settled(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the decisions that took effect or were refused; a later reversal changes neither."""
    rows = Decision.objects.filter(
        tenant_id=tenant_id, settled_at__gte=since, settled_at__lte=until
    )
    for row in _without_receipts(rows):
        event = "decision.refused" if row.state == "refused" else "decision.in_effect"
        yield _of_decision(event, row, row.settled_at or row.made_at)


def decisions_reversed(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the decisions that were reversed."""
    rows = Reversal.objects.filter(tenant_id=tenant_id, at__gte=since, at__lte=until)
    for row in rows.select_related("decision").order_by("at", "id"):
        yield _of_decision("decision.reversed", row.decision, row.at)


def _without_receipts(rows: QuerySet[Decision]) -> Iterator[Decision]:
    light = rows.order_by("id").defer("receipt", "trace", "effect")
    return light.iterator(chunk_size=ROWS_AT_ONCE)


def _of_decision(event: str, row: Decision, at: datetime) -> Happened:
    return Happened(
        event,
        f"decision:{row.id}",
        row.subject,
        at,
        row.clause,
        page_of_decision(row.id),
        {
            "decision_id": str(row.id),
            "decision": row.decision,
            "rulebook": row.rulebook,
            "period": row.period,
            "outcome": row.outcome,
            "modality": row.modality,
            "money_fen": row.money_fen,
            "approvals_needed": row.approvals_needed,
        },
    )


def restrictions_granted(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the restrictions that began."""
    rows = Restriction.objects.filter(
        tenant_id=tenant_id, starts_at__gte=since, starts_at__lte=until
    )
    for row in rows.order_by("id").iterator(chunk_size=ROWS_AT_ONCE):
        yield _of_restriction("restriction.granted", row, row.starts_at)


def restrictions_released(tenant_id: str, since: datetime, until: datetime) -> Iterator[Happened]:
    """Read the restrictions that ended."""
    rows = Restriction.objects.filter(
        tenant_id=tenant_id, released_at__gte=since, released_at__lte=until
    )
    for row in rows.order_by("id").iterator(chunk_size=ROWS_AT_ONCE):
        yield _of_restriction("restriction.released", row, row.released_at or row.starts_at)


def _of_restriction(event: str, row: Restriction, at: datetime) -> Happened:
    return Happened(
        event,
        f"restriction:{row.id}",
        (row.subject_kind, row.subject_id),
        at,
        row.clause,
        page_of_decision(row.decision_id),
        {
            "restriction_id": str(row.id),
            "decision_id": str(row.decision_id),
            "rulebook": row.rulebook,
            "measure": row.measure,
            "capability": row.capability,
            "release": row.release,
        },
    )


SOURCES = (
    Source("notices", notices_sent),
    Source("decisions_made", decisions_made),
    Source("decisions_settled", decisions_settled),
    Source("decisions_reversed", decisions_reversed),
    Source("restrictions_granted", restrictions_granted),
    Source("restrictions_released", restrictions_released),
)
