"""Notices with a statement of reasons, written once from what is said in both languages."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from earnest.kernel.words import NOTHING, Words
from earnest.notices.commands import Kind, NewNotice, Severity
from earnest.notices.parts import Grounds, Reasons
from earnest.notices.statement import statement
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
        appeal_until: the last day to appeal; None where the general words stand.
        ticket_number: the ticket that an appeal is filed against; empty without one.
        persons: how many persons decided, where that does not follow from the words on the
            decision; None where it does.
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
    appeal_until: date | None = None
    ticket_number: str = ""
    persons: int | None = None


def reasoned_notice(told: Told) -> NewNotice:
    """Write a notice with its statement of reasons in both languages."""
    subject_kind, subject_id = told.subject
    zh, en = _reasons(told, "zh"), _reasons(told, "en")
    return NewNotice(
        subject_kind=subject_kind,
        subject_id=subject_id,
        about=told.about,
        kind=told.kind,
        severity=told.severity,
        clause=told.clause,
        decision_id=told.decision_id,
        zh=statement(zh, "zh"),
        en=statement(en, "en"),
        due_on=told.due_on,
        grounds=Grounds(
            zh=zh,
            en=en,
            rulebook=told.pack.rulebook,
            edition=told.pack.hash,
            appeal_until=told.appeal_until,
            ticket_number=told.ticket_number,
            persons=told.persons,
        ),
    )


def _reasons(told: Told, language: str) -> Reasons:
    title = told.title.said(language)
    return Reasons(
        title=title,
        decision=told.decided.said(language) if told.decided else title,
        basis=_basis(told).said(language),
        facts=told.facts.said(language),
        calculation=told.calculation.said(language),
        effect=told.effect.said(language),
        release=told.release.said(language),
        objection=_objection(told).said(language),
    )


def _basis(told: Told) -> Words:
    """Name the rulebook and the clause, and say the clause in short."""
    book, clause = told.pack.title, told.pack.clauses[told.clause]
    return Words(
        f"《{book['zh']}》{told.clause}，{clause.zh}", f"{book['en']}, {told.clause}: {clause.en}"
    )


def _objection(told: Told) -> Words:
    """Say until when and where to appeal; empty where the general words stand."""
    if told.appeal_until is None:
        return NOTHING
    number, until = told.ticket_number, told.appeal_until
    return Words(
        f"可在 {until}（含当日）前就处罚单 {number} 的任一项提出申诉并附证据；由作出决定者以外的人"
        "复核，您可以要求由人工处理，结果会告知您。",
        f"you may appeal against any item of ticket {number} until the end of {until}, with your "
        "evidence; somebody other than who decided hears it, a person on request, and you are told "
        "the outcome.",
    )
