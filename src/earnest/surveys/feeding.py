"""Telling the feed: invitations and answers become events, each exactly once.

What the feed has is marked in the same transaction that publishes it, and the events' natural keys
are made from our own rows: a run that died in the middle is simply repeated. A respondent stands in
events under a pseudonym.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from earnest.feed.commands import batches_take
from earnest.kernel.errors import WorldFailed
from earnest.kernel.ids import event_id
from earnest.surveys.items import OVERALL, PPM
from earnest.surveys.models import FED_STEPS, Answer, Invitation, InvitationStep

SOURCE: Final = "urn:earnest:surveys"
ORIGIN: Final = "surveys"
AT_ONCE: Final = 5_000
_TENTHS_PER_POINT = 10


@dataclass(frozen=True)
class Fed:
    """How many steps of invitations, and versions of answers, the feed was told of."""

    steps: int = 0
    answers: int = 0


def answers_feed(tenant_id: str, now: datetime) -> Fed:
    """Tell the feed of every invitation and answer that it has not heard of.

    Raises:
        WorldFailed: the feed takes a row not; nothing is marked then.
    """
    steps = answers = 0
    while True:
        with transaction.atomic():
            part = _part_feed(tenant_id, now)
        steps, answers = steps + part.steps, answers + part.answers
        if part == Fed():
            return Fed(steps, answers)


def _part_feed(tenant_id: str, now: datetime) -> Fed:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"survey-feed:{tenant_id}"]
        )
    steps = list(
        InvitationStep.objects.filter(tenant_id=tenant_id, what__in=FED_STEPS, fed_at=None)
        .select_related("invitation__campaign")
        .order_by("id")[:AT_ONCE]
    )
    answers = list(
        Answer.objects.filter(tenant_id=tenant_id, fed_at=None)
        .select_related("invitation__campaign")
        .order_by("id")[:AT_ONCE]
    )
    if not steps and not answers:
        return Fed()
    batches = {
        "survey_invite": list(_invite_rows(steps)),
        "survey_answer": [row for each in answers for row in _answer_rows(each)],
    }
    given = {stream: rows for stream, rows in batches.items() if rows}
    intakes = batches_take(tenant_id, given, source=SOURCE, now=now, origin=ORIGIN)
    for intake in intakes.values():
        for fault in intake.rejected:
            raise WorldFailed("survey_event_rejected", where=fault.stream, zh=fault.zh, en=fault.en)
    InvitationStep.objects.filter(id__in=[each.id for each in steps]).update(fed_at=now)
    Answer.objects.filter(id__in=[each.id for each in answers]).update(fed_at=now)
    return Fed(len(steps), len(answers))


def _invite_rows(steps: Iterable[InvitationStep]) -> Iterator[dict[str, Any]]:
    """Return the events of steps: the first of an invitation, then a correction of the last."""
    told = _told_before(steps)
    for step in steps:
        invitation = step.invitation
        row = {
            **_common(invitation),
            "invited_at": invitation.invited_at,
            "excluded_reason": step.reason or None,
        }
        key = _invite_key(invitation, told[invitation.id])
        if told[invitation.id]:
            row |= {"kind": "correction", "corrects_event_id": key.corrects}
        told[invitation.id] += 1
        yield row


def _told_before(steps: Iterable[InvitationStep]) -> dict[UUID, int]:
    """Count the steps of each invitation that the feed knows already."""
    known: dict[UUID, int] = defaultdict(int)
    fed = InvitationStep.objects.filter(
        invitation__in={each.invitation_id for each in steps},
        what__in=FED_STEPS,
        fed_at__isnull=False,
    )
    for invitation_id in fed.values_list("invitation_id", flat=True):
        known[invitation_id] += 1
    return known


@dataclass(frozen=True)
class _Key:
    """The natural key of an event, and the id of the event that it corrects."""

    text: str
    corrects: str


def _invite_key(invitation: Invitation, place: int) -> _Key:
    """Return the key of an invitation's event in its place: each corrects the one before it."""
    parts = (invitation.campaign.number, invitation.respondent, invitation.provider_id, "")
    plain = "/".join(["survey_invite", *map(_escaped, parts)])
    key = _Key(plain, "")
    for _ in range(place):
        corrects = str(event_id(SOURCE, key.text))
        key = _Key(f"{plain}/correction/{corrects}", corrects)
    return key


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")


def _answer_rows(answer: Answer) -> Iterator[dict[str, Any]]:
    """Return the events of a version: a score per item, and the overall one, which counts apart."""
    common = {
        **_common(answer.invitation),
        "version": str(answer.version),
        "answered_at": answer.answered_at,
        "invited_at": answer.invitation.invited_at,
        "excluded_reason": answer.excluded or None,
    }
    for item, (tenths, weight_ppm) in answer.scores.items():
        yield {**common, "dimension": item, "score_tenths": tenths, "weight_ppm": weight_ppm}
    yield {
        **common,
        "dimension": OVERALL,
        "score_tenths": answer.overall * _TENTHS_PER_POINT,
        "weight_ppm": PPM,
    }


def _common(invitation: Invitation) -> dict[str, Any]:
    return {
        "campaign_id": invitation.campaign.number,
        "respondent_id": invitation.respondent,
        "provider_id": invitation.provider_id,
    }
