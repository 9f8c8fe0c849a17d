"""Notices of decisions: what is in effect, with its statement of reasons, and what has ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from earnest.consequences.words import OUTCOMES, PERIODS, capabilities_words
from earnest.decisions.models import Decision
from earnest.kernel.words import NOTHING, Words
from earnest.notices.commands import Kind, Message, NewNotice, Severity
from earnest.notices.reasoned import Told, reasoned_notice
from earnest.restrictions.models import Restriction
from earnest.rulebooks.packs import evaluation_of, pack_of_receipt
from earnest.tickets.models import Ticket


@dataclass(frozen=True)
class Consequence:
    """What a decision's notice says beyond the decision itself."""

    kind: Kind
    severity: Severity
    facts: Words
    effect: Words
    release: Words = NOTHING
    due_on: date | None = None
    appeal_until: date | None = None
    ticket: str = ""


def decision_notice(decision: Decision, consequence: Consequence) -> NewNotice:
    """Write the notice of a decision that is in effect; it is evaluated once for both languages."""
    outcome, evaluation = OUTCOMES[decision.outcome], evaluation_of(decision.receipt)
    period = PERIODS.get(decision.period, Words(decision.period, decision.period))
    return reasoned_notice(
        Told(
            subject=decision.subject,
            about=f"decision {decision.id}",
            pack=pack_of_receipt(decision.receipt),
            clause=decision.clause,
            decision_id=decision.id,
            title=Words(f"{outcome.zh}（{period.zh}）", f"{outcome.en} ({period.en})"),
            decided=outcome,
            facts=consequence.facts,
            calculation=Words(evaluation.explain("zh"), evaluation.explain("en")),
            effect=consequence.effect,
            release=consequence.release,
            kind=consequence.kind,
            severity=consequence.severity,
            due_on=consequence.due_on,
            appeal_until=consequence.appeal_until,
            ticket_number=consequence.ticket,
        )
    )


def ticket_notice(decision: Decision, ticket: Ticket, fined: Words) -> NewNotice:
    """Tell a party that the money of its ticket has been taken, since no appeal stands in the way.

    Takes:
        fined: what was taken, and what became of the rest.
    """
    outcome = OUTCOMES[decision.outcome]
    return NewNotice(
        *ticket.subject,
        about=f"enforced {ticket.id}",
        kind="payment",
        severity="serious",
        clause=decision.clause,
        decision_id=decision.id,
        zh=Message(
            f"处罚单 {ticket.number} 已执行：{outcome.zh}",
            f"依据 {decision.clause}，{fined.zh}。理由见处罚单所附的决定说明。",
        ),
        en=Message(
            f"Ticket {ticket.number} is in force: {outcome.en}",
            f"Under {decision.clause}, {fined.en}. Its statement of reasons says why.",
        ),
    )


def ended_notice(rows: Sequence[Restriction], why: Words, still: Words = NOTHING) -> NewNotice:
    """Tell a subject that what one decision restricted has ended.

    Takes:
        rows: the restrictions that ended, at least one, all of one decision.
        why: what ended them, up to the list of what is free again.
        still: what is not over yet, as whole sentences.
    """
    first = rows[0]
    measure, freed = OUTCOMES[first.measure], capabilities_words([row.capability for row in rows])
    return NewNotice(
        subject_kind=first.subject_kind,
        subject_id=first.subject_id,
        about=f"release {first.decision_id}",
        kind="release",
        severity="info",
        clause=first.clause,
        decision_id=first.decision_id,
        zh=Message(
            f"已解除：{measure.zh}",
            f"{why.zh}（{freed.zh}）。{still.zh}其他原因的限制不受影响。",
        ),
        en=Message(
            f"Ended: {measure.en}",
            f"{why.en} ({freed.en}). {still.en}Restrictions for other causes are not touched.",
        ),
    )
