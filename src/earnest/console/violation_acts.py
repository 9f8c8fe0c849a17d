"""What can be done with a violation on its page: by a reviewer, by an approver, by the party."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.http import QueryDict

from earnest.console.access import Visitor
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.problems import sentence_of
from earnest.documents.commands import NewDocument, document_add
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.queries import Subject
from earnest.market.roles import ACT_FOR_PARTY, REVIEW
from earnest.violations.corrections import (
    ACCEPTED,
    SENT_BACK,
    TOO_LATE,
    correct_until,
    correction_judge,
    correction_late,
    correction_say,
)
from earnest.violations.evidence import Answer, operator_reply, party_answer, party_ask
from earnest.violations.finding import finding_settle
from earnest.violations.models import ASKED, FOUND, IN_REVIEW, REPORTED, Violation
from earnest.violations.protection_queries import answerable, measures_offered
from earnest.violations.protections import (
    Protecting,
    protection_answer,
    protection_lift,
    protection_put,
)
from earnest.violations.queries import decisions_shown
from earnest.violations.queue import violation_claim, violation_release, violation_skip

Files = Sequence[Any]
REASON_MAX: Final = 500


@dataclass(frozen=True)
class Acting:
    """Who does something with which violation, when, and the files handed in with it."""

    violation: Violation
    visitor: Visitor
    now: datetime
    files: Files = field(default_factory=tuple)

    @property
    def at(self) -> tuple[str, str]:
        """The marketplace and the violation's number."""
        return (self.visitor.tenant_id, self.violation.number)

    def documents(self) -> list[UUID]:
        """Keep the files as documents about the party, and return their ids."""
        return files_kept(self.visitor, self.violation.subject, self.files, self.now)


def files_kept(visitor: Visitor, subject: Subject, files: Files, now: datetime) -> list[UUID]:
    """Keep files as documents about a party, and return their ids."""
    return [
        document_add(
            visitor.tenant_id,
            NewDocument(subject, each.name or "", each.read(), visitor.name),
            now,
        ).id
        for each in files
    ]


Doing = Callable[[Acting, dict[str, Any]], object]


@dataclass(frozen=True)
class Act:
    """Something that can be done: who may, when it is offered, what is asked, and the doing.

    Attributes:
        asks: what is asked where that differs from violation to violation; else ``asked``.
        files: whether documents may be handed in with it.
    """

    permission: str
    offered: Callable[[Acting], bool]
    asked: tuple[Asked, ...]
    do: Doing
    files: bool = False
    asks: Callable[[Acting], tuple[Asked, ...]] | None = None

    def questions(self, acting: Acting) -> tuple[Asked, ...]:
        """Return what is asked of a violation as it stands."""
        return self.asks(acting) if self.asks is not None else self.asked


def _held(acting: Acting) -> bool:
    violation = acting.violation
    until = violation.claimed_until
    return (
        violation.state == IN_REVIEW
        and violation.claimed_by == acting.visitor.name
        and until is not None
        and until > acting.now
    )


def _claimable(acting: Acting) -> bool:
    violation = acting.violation
    if violation.reported_by == acting.visitor.name:
        return False
    ran_out = violation.claimed_until is not None and violation.claimed_until <= acting.now
    return violation.state == REPORTED or (violation.state == IN_REVIEW and ran_out)


def _to_reply(acting: Acting) -> bool:
    turns = sorted(acting.violation.turns.all(), key=lambda each: each.round)
    last = turns[-1] if turns else None
    return (
        _held(acting)
        and last is not None
        and last.answered_at is not None
        and last.replied_at is None
    )


def _correction_waits(acting: Acting) -> bool:
    return any(each.verdict == "open" for each in acting.violation.corrections.all())


def _judged_in_time(acting: Acting) -> bool:
    return _correction_waits(acting) and not correction_late(acting.violation)


def _judged_late(acting: Acting) -> bool:
    return _correction_waits(acting) and correction_late(acting.violation)


def _correctable(acting: Acting) -> bool:
    violation = acting.violation
    if violation.state != FOUND or _correction_waits(acting):
        return False
    until = correct_until(violation)
    return until is not None and day_of(acting.now) <= until


def _ask(acting: Acting, given: dict[str, Any]) -> object:
    return party_ask(*acting.at, given["question"], acting.visitor.name, acting.now)


def _reply(acting: Acting, given: dict[str, Any]) -> object:
    return operator_reply(*acting.at, given["reply"], acting.visitor.name, acting.now)


def _judge(acting: Acting, given: dict[str, Any]) -> object:
    return correction_judge(
        *acting.at,
        verdict=given["correction_verdict"],
        actor=acting.visitor.name,
        reason=given["reason"],
        now=acting.now,
    )


def _judgement(*choices: str) -> tuple[Asked, ...]:
    said = Asked("correction_verdict", "choice", choices=choices, words="correction_verdict")
    return (said, Asked("reason", "text"))


def _said(acting: Acting, given: dict[str, Any]) -> Answer:
    return Answer(given["said"], acting.visitor.name, acting.documents())


def _answer(acting: Acting, given: dict[str, Any]) -> object:
    tenant_id, number = acting.at
    return party_answer(tenant_id, acting.visitor.subject, number, _said(acting, given), acting.now)


def _correct(acting: Acting, given: dict[str, Any]) -> object:
    tenant_id, number = acting.at
    said = _said(acting, given)
    return correction_say(tenant_id, acting.visitor.subject, number, said, acting.now)


def _offers(acting: Acting) -> list[tuple[int, str]]:
    return measures_offered(acting.violation, day_of(acting.now))


def _protect_asks(acting: Acting) -> tuple[Asked, ...]:
    offered = _offers(acting)
    positions = tuple(dict.fromkeys(str(position) for position, _ in offered))
    measures = tuple(dict.fromkeys(measure for _, measure in offered))
    return (
        Asked("item", "choice", choices=positions, value=positions[0] if positions else ""),
        Asked("measure", "choice", choices=measures, words="outcome"),
        Asked("reason", "text"),
    )


def _protect(acting: Acting, given: dict[str, Any]) -> object:
    wanted = Protecting(int(given["item"]), given["measure"], given["reason"])
    return protection_put(*acting.at, wanted, acting.visitor.name, acting.now)


def _protected(acting: Acting) -> list[str]:
    rows = acting.violation.protections.all()
    return sorted(str(each.position) for each in rows if each.closed_at is None)


def _lift_asks(acting: Acting) -> tuple[Asked, ...]:
    positions = _protected(acting)
    first = positions[0] if positions else ""
    return (Asked("item", "choice", choices=positions, value=first), Asked("reason", "text"))


def _lift(acting: Acting, given: dict[str, Any]) -> object:
    return protection_lift(
        *acting.at, int(given["item"]), actor=acting.visitor.name, reason=given["reason"],
        now=acting.now,
    )  # fmt: skip


def _answer_protection(acting: Acting, given: dict[str, Any]) -> object:
    tenant_id, number = acting.at
    said = _said(acting, given)
    return protection_answer(tenant_id, acting.visitor.subject, number, said, acting.now)


ACTS: Final[dict[str, Act]] = {
    "claim": Act(
        REVIEW, _claimable, (),
        lambda on, _: violation_claim(*on.at, on.visitor.name, on.now),
    ),
    "hold": Act(
        REVIEW, _held, (), lambda on, _: violation_claim(*on.at, on.visitor.name, on.now)
    ),
    "release": Act(
        REVIEW, _held, (), lambda on, _: violation_release(*on.at, on.visitor.name, on.now)
    ),
    "skip": Act(
        REVIEW, _held, (Asked("reason", "text"),),
        lambda on, given: violation_skip(*on.at, on.visitor.name, given["reason"], on.now),
    ),
    "ask": Act(REVIEW, _held, (Asked("question", "long"),), _ask),
    "reply": Act(REVIEW, _to_reply, (Asked("reply", "long"),), _reply),
    "protect": Act(
        REVIEW, lambda on: _held(on) and bool(_offers(on)), (), _protect, asks=_protect_asks
    ),
    "lift": Act(REVIEW, lambda on: bool(_protected(on)), (), _lift, asks=_lift_asks),
    "judge_correction": Act(REVIEW, _judged_in_time, _judgement(ACCEPTED, SENT_BACK), _judge),
    "judge_late_correction": Act(REVIEW, _judged_late, _judgement(TOO_LATE, SENT_BACK), _judge),
    "answer": Act(
        ACT_FOR_PARTY, lambda on: on.violation.state == ASKED, (Asked("said", "long"),), _answer,
        files=True,
    ),
    "answer_protection": Act(
        ACT_FOR_PARTY, lambda on: bool(answerable(on.violation)), (Asked("said", "long"),),
        _answer_protection, files=True,
    ),
    "correct": Act(
        ACT_FOR_PARTY, _correctable, (Asked("said", "long"),), _correct, files=True
    ),
}  # fmt: skip


@dataclass(frozen=True)
class ActShown:
    """An act that is offered, with its form as it stands."""

    name: str
    form: Form
    files: bool


def acts_shown(acting: Acting, tried: Form | None = None) -> dict[str, ActShown]:
    """Return what this person may do now, by name, with the form that was refused as filled in."""
    return {
        name: ActShown(
            name,
            tried
            if tried is not None and tried.name == name
            else form_blank(name, act.questions(acting)),
            act.files,
        )
        for name, act in ACTS.items()
        if acting.visitor.may(act.permission) and act.offered(acting)
    }


def act_done(name: str, acting: Acting, posted: QueryDict) -> Form:
    """Do something with a violation; the form tells what was wrong with it."""
    act = ACTS[name]
    form = form_read(name, act.questions(acting), posted)
    if form.wrong:
        return form
    try:
        with transaction.atomic():
            act.do(acting, form.values)
    except EarnestError as error:
        form.refused(error, {})
    return form


def decision_word(acting: Acting, posted: QueryDict) -> str:
    """Give an approver's word on a decision of the violation; return what was wrong, or nothing.

    Raises:
        NotFound: there is no such decision of this violation.
    """
    given = posted.get("decision", "")
    known = {str(each.id) for each in decisions_shown(acting.violation)}
    known |= {str(each.decision_id) for each in acting.violation.protections.all()}
    if given not in known:
        raise NotFound(
            "unknown_decision",
            where=acting.violation.number,
            zh="没有这个决定。",
            en="there is no such decision",
        )
    try:
        finding_settle(
            acting.visitor.tenant_id,
            UUID(given),
            verdict=posted.get("verdict", ""),
            actor=acting.visitor.name,
            reason=posted.get("reason", "")[:REASON_MAX].replace("\x00", ""),
            now=acting.now,
        )
    except EarnestError as error:
        return sentence_of(error)
    return ""
