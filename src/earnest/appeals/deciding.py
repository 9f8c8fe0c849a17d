"""Deciding an appeal: a verdict for each item, a second person where something is undone.

What a decision would change is computed by doing it and taking it back; what it changed is kept
with the appeal and told to the party.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from earnest.appeals.cascade import Overturning, cascade
from earnest.appeals.course import appeal_close, appeal_step, ticket_resume
from earnest.appeals.hearing import held, moved_on, said_checked
from earnest.appeals.models import (
    CORRECTED,
    DECIDED,
    HEARING,
    OVERTURNED,
    PROPOSED,
    UPHELD,
    VERDICTS,
    Appeal,
    AppealItem,
)
from earnest.appeals.outcome import outcome_notice
from earnest.appeals.people import hand_refused
from earnest.appeals.queries import appeal_locked
from earnest.appeals.table import Table, row_of, standing_of, whole_of
from earnest.decisions.commands import IN_EFFECT, WAITING
from earnest.decisions.models import Decision
from earnest.kernel.errors import BadInput, NotAllowed
from earnest.kernel.words import Words
from earnest.measures.set_aside import Correction
from earnest.notices.commands import notices_send
from earnest.tickets.queries import FIGURE, ticket_get

NOBODY: Final = "(preview)"


@dataclass(frozen=True)
class Verdict:
    """What is found of one item.

    Attributes:
        verdict: ``upheld``, ``overturned``, or ``corrected`` where its figure was another one.
        reason: why; never empty.
        correction: what the figure is instead; with ``corrected`` only.
    """

    position: int
    verdict: str
    reason: str
    correction: Correction | None = None


@transaction.atomic
def appeal_propose(
    tenant_id: str, number: str, verdicts: Sequence[Verdict], *, actor: str, now: datetime
) -> Appeal:
    """Propose what becomes of each item; all upheld is decided at once, the rest is confirmed.

    Raises:
        Conflict: not being heard by this person.
        BadInput: an item without verdict or reason, or a correction that is none.
    """
    appeal = held(tenant_id, number, actor)
    _written(appeal, verdicts)
    appeal.proposed_at = now
    appeal.save(update_fields=["proposed_at"])
    if all(each.verdict == UPHELD for each in appeal.items.all()):
        return _decided(appeal, "", now)
    appeal.state = PROPOSED
    appeal.save(update_fields=["state"])
    appeal_step(appeal, PROPOSED, now, actor=actor)
    return appeal


def _written(appeal: Appeal, verdicts: Sequence[Verdict]) -> None:
    by_position = {each.position: each for each in verdicts}
    kinds = dict(appeal.ticket.items.values_list("position", "kind"))
    for item in appeal.items.all():
        at, where = item.position, f"items.{item.position}"
        said = by_position.get(at)
        if said is None or said.verdict not in VERDICTS or not said.reason.strip():
            raise BadInput(
                "verdict_missing", where=where,
                zh=f"请对第 {at} 项作出结论（维持、撤销或更正），并写明理由。",
                en=f"give item {at} a verdict (upheld, overturned or corrected) and a reason",
            )  # fmt: skip
        item.reason = said_checked(said.reason, f"{where}.reason")
        item.verdict, item.correction = said.verdict, {}
        if said.verdict == CORRECTED:
            item.correction = _correction(said, where, figure=kinds[at] == FIGURE)
        item.save(update_fields=["verdict", "reason", "correction"])


def _correction(said: Verdict, where: str, *, figure: bool) -> dict[str, int]:
    now = said.correction
    if not figure or now is None or now.denominator <= 0 or now.numerator < 0:
        raise BadInput(
            "correction_wrong", where=f"{where}.correction",
            zh=f"第 {said.position} 项：更正须给出更正后的得分合计与答卷数，且只适用于指标类事项。",
            en=f"item {said.position}: a correction gives the points and the answers as they "
            "should be, of a figure only",
        )  # fmt: skip
    return {"points": now.numerator, "answers": now.denominator, "sample": now.sample}


@transaction.atomic
def appeal_confirm(
    tenant_id: str, number: str, *, agrees: bool, actor: str, reason: str, now: datetime
) -> Appeal:
    """Confirm what was proposed, which then happens, or send it back to the hearer.

    Raises:
        Conflict: nothing is proposed, or the ledger refuses.
        NotAllowed: this person heard it, filed it, or had a hand in the sanction.
        BadInput: no reason.
    """
    appeal = appeal_locked(tenant_id, number)
    said = said_checked(reason, "reason")
    if appeal.state != PROPOSED:
        raise moved_on(appeal)
    if actor == appeal.hearer:
        raise NotAllowed(
            "second_person_needed",
            where=number,
            zh="您是复核人；撤销处罚须由另一人确认。",
            en="you heard the appeal; undoing a sanction takes another person",
        )
    hand_refused(
        appeal, actor, "confirmer_had_a_hand", Words("确认复核结果", "confirm its outcome")
    )
    if agrees:
        appeal_step(appeal, "confirmed", now, actor=actor, note=said)
        return _decided(appeal, actor, now)
    appeal.state, appeal.proposed_at = HEARING, None
    appeal.save(update_fields=["state", "proposed_at"])
    appeal_step(appeal, "sent_back", now, actor=actor, note=said)
    return appeal


def _decided(appeal: Appeal, confirmer: str, now: datetime) -> Appeal:
    """Let what was found happen, keep its table, and tell the party."""
    appeal.confirmed_by = confirmer
    appeal.save(update_fields=["confirmed_by"])
    table = _carried_out(appeal, confirmer, now)
    appeal.outcome = table.as_dict()
    appeal.save(update_fields=["outcome"])
    appeal_step(appeal, DECIDED, now, actor=appeal.hearer)
    appeal.ticket.refresh_from_db()
    notices_send(appeal.tenant_id, [outcome_notice(appeal, table)], now)
    return appeal


def _carried_out(appeal: Appeal, confirmer: str, now: datetime) -> Table:
    tenant_id, subject = appeal.tenant_id, appeal.subject
    whole = whole_of(tenant_id, subject, now)
    before = {
        each.id: standing_of(each)
        for each in Decision.objects.filter(
            tenant_id=tenant_id,
            subject_kind=subject[0],
            subject_id=subject[1],
            state__in=(IN_EFFECT, WAITING),
        )
    }
    fallen = {
        each.position: _corrected(each)
        for each in appeal.items.all()
        if each.verdict in (OVERTURNED, CORRECTED)
    }
    changes = []
    if fallen:
        overturning = Overturning(
            ticket=ticket_get(tenant_id, appeal.ticket.number),
            corrections=fallen,
            reference=appeal.number,
            reason=reasons_said(appeal, fallen),
            people=(appeal.hearer, confirmer),
        )
        changes = cascade(tenant_id, overturning, now)
    appeal_close(appeal, DECIDED, now)
    ticket_resume(appeal, now, actor=appeal.hearer)
    rows = [row_of(each, before[each.decision.id]) for each in changes]
    return Table(rows, whole, whole_of(tenant_id, subject, now))


def _corrected(item: AppealItem) -> Correction | None:
    given = item.correction
    if item.verdict != CORRECTED:
        return None
    return Correction(given["points"], given["answers"], given["sample"])


def reasons_said(appeal: Appeal, positions: Mapping[int, object]) -> str:
    """Return the hearer's reasons for some items as one text."""
    items = appeal.items.filter(position__in=list(positions))
    return "；".join(dict.fromkeys(each.reason for each in items))


def appeal_preview(tenant_id: str, number: str, now: datetime) -> Table:
    """Return what the proposed decision of an appeal would change, and change nothing.

    Raises:
        Conflict: nothing is proposed, or the ledger would refuse.
    """
    with transaction.atomic():
        appeal = appeal_locked(tenant_id, number)
        if appeal.state != PROPOSED:
            raise moved_on(appeal)
        table = _carried_out(appeal, NOBODY, now)
        transaction.set_rollback(True)
    return table


def verdicts_preview(
    tenant_id: str, number: str, verdicts: Sequence[Verdict], *, actor: str, now: datetime
) -> Table:
    """Return what verdicts would change before anybody proposes them, and change nothing.

    Raises:
        Conflict, BadInput: see :func:`appeal_propose`.
    """
    with transaction.atomic():
        appeal = held(tenant_id, number, actor)
        _written(appeal, verdicts)
        table = _carried_out(appeal, NOBODY, now)
        transaction.set_rollback(True)
    return table
