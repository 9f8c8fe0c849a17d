"""A violation as its pages show it: facts beside the rule, the turns, the story, the decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from earnest.consequences.words import thing_words
from earnest.console.access import Visitor
from earnest.console.case_page import CaseDecision, facts_lines, results_of, steps_of
from earnest.console.problems import sentence_of
from earnest.console.reading import Line, explanation, samples_awaited
from earnest.console.texts import language, text
from earnest.decisions.commands import WAITING
from earnest.decisions.models import Decision
from earnest.documents.models import Document
from earnest.documents.queries import documents_by_id
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError
from earnest.market.roles import DECIDE
from earnest.policy import Pack
from earnest.violations.corrections import correct_until, tickets_of
from earnest.violations.finding import finding_preview
from earnest.violations.kinds import POINTS, Kind, kinds_of, pack_of_subject, text_of
from earnest.violations.models import (
    FOUND,
    IN_REVIEW,
    REPORTED,
    Correction,
    EvidenceTurn,
    Violation,
    ViolationEntry,
    ViolationItem,
)
from earnest.violations.points import points_ceiling
from earnest.violations.protection_queries import (
    ENDED,
    IN_FORCE,
    ProtectionShown,
    protections_shown,
)
from earnest.violations.queries import decisions_shown, document_ids
from earnest.violations.sanctions import Proposed

INSIDE: Final = frozenset(
    {
        "reported", "claimed", "held_longer", "released", "skipped", "claim_ran_out", "escalated",
        "sent_back", "quality_agreed", "quality_disagreed", "item_added", "found",
        "measure_proposed", "protection_proposed", "protection_dropped",
    }
)  # fmt: skip
"""Steps that only operators see: what happens inside, and before a finding is approved."""
OF_PARTY: Final = frozenset({"answered", "correction_said", "protection_answered"})


@dataclass(frozen=True)
class ItemShown:
    """An item with its kind's words, its facts, its documents and the rule that it breaks."""

    item: ViolationItem
    name: str
    kind: Kind | None
    clause_words: str
    facts: list[Line]
    documents: list[Document]


@dataclass(frozen=True)
class TurnShown:
    """A round of evidence with the documents of the answer, and how late it is."""

    turn: EvidenceTurn
    documents: list[Document]
    overdue: bool


@dataclass(frozen=True)
class CorrectionShown:
    """A party's word that it has put things right, with its documents."""

    correction: Correction
    documents: list[Document]


@dataclass(frozen=True)
class ProtectedShown:
    """A protective measure with what it takes away, the party's words and their documents.

    Attributes:
        things: the goods that it is about, in words; empty where it is about the whole service.
        may_settle: whether this person may agree to it.
    """

    shown: ProtectionShown
    things: str
    documents: list[Document]
    may_settle: bool


@dataclass(frozen=True)
class StepShown:
    """One step of the story; ``actor`` is empty for those who may not know who inside."""

    entry: ViolationEntry
    actor: str


@dataclass(frozen=True)
class FollowsShown:
    """What would follow if everything were found: the outcome, money, clause, and why."""

    outcome: str
    money_fen: int
    clause: str
    positions: tuple[int, ...]
    two_persons: bool
    explanation: str


@dataclass(frozen=True)
class Preview:
    """What would follow, or why the rulebook would refuse it."""

    follows: list[FollowsShown]
    refused: str


def items_shown(violation: Violation, documents: dict[UUID, Document]) -> list[ItemShown]:
    """Return the items of a violation, each with what a reader needs beside it."""
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    kinds = kinds_of(pack, max(day_of(violation.reported_at), pack.in_force_from()))
    items = sorted(violation.items.all(), key=lambda each: each.position)
    return [
        ItemShown(
            item=each,
            name=text_of(pack, each.kind).said(language()),
            kind=kinds.get(each.kind),
            clause_words=_clause_words(pack, each.found_clause or each.clause),
            facts=facts_lines(each.facts),
            documents=_chosen(documents, each.documents),
        )
        for each in items
    ]


def _clause_words(pack: Pack, clause: str) -> str:
    known = pack.clauses.get(clause)
    return str(getattr(known, language())) if known else ""


def _chosen(documents: dict[UUID, Document], ids: Sequence[str]) -> list[Document]:
    return [documents[UUID(each)] for each in ids if UUID(each) in documents]


def documents_of_violation(violation: Violation) -> dict[UUID, Document]:
    """Return every document that a violation names, by id."""
    return documents_by_id(violation.tenant_id, document_ids(violation))


def turns_shown(violation: Violation, documents: dict[UUID, Document], on: date) -> list[TurnShown]:
    """Return the rounds of evidence, the first in front."""
    return [
        TurnShown(
            each,
            _chosen(documents, each.documents),
            overdue=each.answered_at is None and on > each.due_on,
        )
        for each in sorted(violation.turns.all(), key=lambda each: each.round)
    ]


def corrections_shown(
    violation: Violation, documents: dict[UUID, Document]
) -> list[CorrectionShown]:
    """Return what the party says it put right, the first in front."""
    rows = sorted(violation.corrections.all(), key=lambda each: each.said_at)
    return [CorrectionShown(each, _chosen(documents, each.documents)) for each in rows]


def protected_shown(
    violation: Violation, visitor: Visitor, documents: dict[UUID, Document]
) -> list[ProtectedShown]:
    """Return the protective measures of a violation; a party sees those that were in force."""
    return [
        ProtectedShown(
            each,
            "、".join(thing_words(thing).said(language()) for thing in _things(each) if thing),
            _chosen(documents, each.protection.documents),
            may_settle=each.state == WAITING
            and visitor.may(DECIDE)
            and each.protection.put_by != visitor.name,
        )
        for each in protections_shown(violation)
        if visitor.is_operator or each.state in {IN_FORCE, ENDED}
    ]


def _things(shown: ProtectionShown) -> list[str]:
    return list(dict.fromkeys(thing for _, thing in shown.restricted))


def story(violation: Violation, visitor: Visitor) -> list[StepShown]:
    """Return the steps of a violation, oldest first; reporters are never named to the party."""
    entries = sorted(violation.entries.all(), key=lambda each: (each.at, each.pk))
    if visitor.is_operator:
        return [StepShown(each, each.actor) for each in entries]
    own = {each.actor for each in entries if each.what in OF_PARTY}
    return [
        StepShown(each, each.actor if each.actor in own else "")
        for each in entries
        if each.what not in INSIDE
    ]


def decided(violation: Violation, visitor: Visitor) -> list[CaseDecision]:
    """Return the decisions of a violation; a party sees those that took effect."""
    return [
        CaseDecision(
            decision=each,
            explanation=explanation(each.receipt),
            results=results_of(each),
            steps=steps_of(each),
            approvals=_approvals(each) if visitor.is_operator else [],
            samples=samples_awaited(each) if visitor.is_operator else [],
        )
        for each in decisions_shown(violation)
        if visitor.is_operator or each.state not in {"waiting", "refused"}
    ]


def _approvals(decision: Decision) -> list[Any]:
    return sorted(decision.approvals.all(), key=lambda one: one.at)


def preview(violation: Violation, now: datetime) -> Preview:
    """Return what would follow if every item were found as it stands."""
    try:
        proposed = finding_preview(violation, now)
    except EarnestError as error:
        return Preview([], sentence_of(error))
    return Preview([_follows(each) for each in proposed], "")


def _follows(each: Proposed) -> FollowsShown:
    evaluation = each.decision.evaluation
    return FollowsShown(
        outcome=each.decision.outcome,
        money_fen=each.decision.money_fen,
        clause=each.decision.clause,
        positions=each.positions,
        two_persons=each.two_persons,
        explanation=evaluation.explain(language()),
    )


def ceiling_words(items: Sequence[ItemShown], violation: Violation, on: date) -> str:
    """Say what a total of points leads to; nothing where no item gives points."""
    if not any(each.kind is not None and each.kind.regime == POINTS for each in items):
        return ""
    ceiling = points_ceiling(pack_of_subject(violation.tenant_id, violation.subject), on)
    if ceiling is None:
        return text("violation.no_ceiling")
    return text("violation.ceiling", n=f"{ceiling // 10}.{ceiling % 10}")


def party_state(violation: Violation) -> str:
    """Return the state as its party may know it: a finding only once it is approved."""
    unsettled = violation.state == FOUND and violation.settled_at is None
    return IN_REVIEW if unsettled or violation.state == REPORTED else violation.state


def turn_open(violation: Violation) -> EvidenceTurn | None:
    """Return the turn in which the party has the word; None where it has not."""
    return next(
        (
            each
            for each in violation.turns.all()
            if each.answered_at is None and each.lapsed_at is None
        ),
        None,
    )


@dataclass(frozen=True)
class Clocks:
    """The days that bind somebody on a violation; None where none runs."""

    settle_by: date
    answer_by: date | None
    protected_until: date | None
    correct_until: date | None
    appeal_until: date | None


def clocks(violation: Violation, review_days: int) -> Clocks:
    """Return the clocks of a violation."""
    turn = turn_open(violation)
    running = [
        each.protection.last_on for each in protections_shown(violation) if each.state == IN_FORCE
    ]
    pending = [each.appeal_until for each in tickets_of(violation) if each.state == "pending"]
    return Clocks(
        settle_by=day_of(violation.reported_at) + timedelta(days=review_days),
        answer_by=turn.due_on if turn else None,
        protected_until=max(running, default=None),
        correct_until=correct_until(violation),
        appeal_until=min(pending, default=None),
    )
