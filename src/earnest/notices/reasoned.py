"""Notices with a statement of reasons, written once from what is said in both languages."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from earnest.kernel.words import NOTHING, Words
from earnest.notices.commands import Kind, Message, NewNotice, Severity
from earnest.notices.statement import Reasons, statement
from earnest.policy import Pack


@dataclass(frozen=True)
class Told:
    """What a notice with a statement of reasons says.

    Attributes:
        subject: whose inbox it goes to (kind, id).
        about: what makes it unique.
        pack: the edition of the rulebook that the clause stands in.
        decided: what was decided, where the title says more than that.
        due_on: the day by which the subject has to act; None where nothing is due.
    """

    subject: tuple[str, str]
    about: str
    pack: Pack
    clause: str
    decision_id: UUID | None
    title: Words
    facts: Words
    calculation: Words
    effect: Words
    decided: Words | None = None
    release: Words = NOTHING
    kind: Kind = "sanction"
    severity: Severity = "warning"
    due_on: date | None = None


def reasoned_notice(told: Told) -> NewNotice:
    """Write a notice with its statement of reasons in both languages."""
    subject_kind, subject_id = told.subject
    return NewNotice(
        subject_kind=subject_kind,
        subject_id=subject_id,
        about=told.about,
        kind=told.kind,
        severity=told.severity,
        clause=told.clause,
        decision_id=told.decision_id,
        zh=_message(told, "zh"),
        en=_message(told, "en"),
        due_on=told.due_on,
    )


def _message(told: Told, language: str) -> Message:
    title = told.title.said(language)
    return statement(
        Reasons(
            title=title,
            decision=told.decided.said(language) if told.decided else title,
            basis=_basis(told).said(language),
            facts=told.facts.said(language),
            calculation=told.calculation.said(language),
            effect=told.effect.said(language),
            release=told.release.said(language),
        ),
        language,
    )


def _basis(told: Told) -> Words:
    """Name the rulebook and the clause, and say the clause in short."""
    book, clause = told.pack.title, told.pack.clauses[told.clause]
    return Words(
        f"《{book['zh']}》{told.clause}，{clause.zh}", f"{book['en']}, {told.clause}: {clause.en}"
    )
