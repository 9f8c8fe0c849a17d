"""Notices of decisions: each with its statement of reasons, in both languages."""

from dataclasses import dataclass
from datetime import date

from earnest.consequences.words import OUTCOMES, PERIODS, Words
from earnest.decisions.models import Decision
from earnest.notices.commands import Kind, Message, NewNotice, Severity
from earnest.notices.statement import Reasons, statement
from earnest.rulebooks.packs import evaluation_of, pack_of_receipt

NOTHING = Words("", "")


@dataclass(frozen=True)
class Consequence:
    """What a decision's notice says beyond the decision itself."""

    kind: Kind
    severity: Severity
    facts: Words
    effect: Words
    release: Words = NOTHING
    due_on: date | None = None


def _message(decision: Decision, consequence: Consequence, language: str) -> Message:
    pack = pack_of_receipt(decision.receipt)
    clause = pack.clauses[decision.clause]
    outcome = OUTCOMES[decision.outcome].said(language)
    chinese = language == "zh"
    words = PERIODS.get(decision.period)
    period = words.said(language) if words else decision.period
    return statement(
        Reasons(
            title=f"{outcome}（{period}）" if chinese else f"{outcome} ({period})",
            decision=outcome,
            basis=f"《{pack.title['zh']}》{decision.clause}，{clause.zh}"
            if chinese
            else f"{pack.title['en']}, {decision.clause}: {clause.en}",
            facts=consequence.facts.said(language),
            calculation=evaluation_of(decision.receipt).explain(language),
            effect=consequence.effect.said(language),
            release=consequence.release.said(language),
        ),
        language,
    )


def decision_notice(decision: Decision, consequence: Consequence) -> NewNotice:
    """Write the notice of a decision that is in effect."""
    return NewNotice(
        subject_kind=decision.subject_kind,
        subject_id=decision.subject_id,
        about=f"decision {decision.id}",
        kind=consequence.kind,
        severity=consequence.severity,
        clause=decision.clause,
        decision_id=decision.id,
        zh=_message(decision, consequence, "zh"),
        en=_message(decision, consequence, "en"),
        due_on=consequence.due_on,
    )
