"""Holds: asked for with reason, owner and review day, looked at again, settled or released.

A hold's case carries its decisions: the hold itself, and the settlement or release. A settlement
that was refused may be asked for again; its decision then has the case's number with what number it
is behind a point, as in ``C000012.2``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from earnest.cases.filing import Filing, accepted, case_get, case_open, entry_add
from earnest.cases.models import Case
from earnest.consequences.commands import decide
from earnest.consequences.holds import SETTLE_FOR
from earnest.decisions.commands import REFUSED, WAITING, NewDecision
from earnest.decisions.models import Decision
from earnest.deposits.holds import (
    HoldLook,
    hold_locked,
    hold_remaining,
    hold_review_write,
    holds,
    nothing_to_hold,
)
from earnest.deposits.models import DepositHold, HoldReview
from earnest.deposits.queries import position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict
from earnest.market.queries import Subject, shop_get
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for

HOLD: Final = "hold"
HELD, SETTLING = "held", "settling"
RELEASE: Final = "release_hold"
OUTCOMES: Final = {whom: word for word, whom in SETTLE_FOR.items() if word != RELEASE}


@dataclass(frozen=True)
class HoldFiling:
    """What is asked for: a part of a shop's deposit to be kept back while a loss is not known.

    Attributes:
        subject: the shop, as ("shop", id).
        reason: why, for the shop to read.
        owner: the person who sees to it and is reminded of the review.
        review_on: when it is looked at again, within the pack's interval.
        estimate_fen: the loss as it is estimated; None for all that is free.
        actor: who asks.
    """

    subject: Subject
    reason: str
    owner: str
    review_on: date
    estimate_fen: int | None
    actor: str
    note: str = ""
    evidence: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class HoldSettling:
    """What a loss turned out to be, and whom it is paid to.

    Attributes:
        loss_fen: more than 0; where there was none, release the hold.
        beneficiary: consumer, right_holder or platform.
    """

    loss_fen: int
    beneficiary: str
    actor: str
    note: str
    evidence: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class HoldStanding:
    """Where a hold stands. Amounts are fen.

    Attributes:
        state: waiting (for its approval), refused, held, settling (a settlement or release waits
            for approval), settled, released or expired.
        hold: None before the hold took effect.
        remaining_fen: what of it is set aside now.
        decisions: the hold, and every settlement and release asked for, the first in front.
    """

    case: Case
    state: str
    hold: DepositHold | None
    remaining_fen: int
    decisions: tuple[Decision, ...]


@transaction.atomic
def hold_ask(tenant_id: str, filing: HoldFiling, now: datetime) -> Case:
    """Ask for a hold; it takes effect with one approval, or at once under a standing order.

    Clause: S3-4.2c.

    Raises:
        BadInput: the subject is no shop, or the estimate is not above 0.
        Conflict: nothing of the deposit is free.
        NotFound: there is no such shop.
        RuleRefused: no reason, no owner, or a review day that the pack does not allow.
    """
    where, on = ":".join(filing.subject), day_of(now)
    if filing.subject[0] != "shop":
        raise BadInput(
            "not_a_shop",
            where=where,
            zh="本规则只适用于店铺的保证金。",
            en="this rule is for the deposits of shops",
        )
    shop_get(tenant_id, filing.subject[1])
    if filing.estimate_fen is not None and filing.estimate_fen <= 0:
        raise BadInput(
            "estimate_wrong",
            where=where,
            zh="估计损失须大于零；无法估计的请留空，将扣留全部可用余额。",
            en="an estimate is more than 0; leave it out where nobody can tell, and all that is "
            "free is held",
        )
    facts = {
        "held_on": on,
        "reason": filing.reason.strip(),
        "owner": filing.owner.strip(),
        "review_on": filing.review_on,
        "estimate_fen": filing.estimate_fen or 0,
        "balance_fen": position(tenant_id, filing.subject, on).free_fen,
    }
    pack = pack_for(tenant_id, SHOP_DEPOSIT, *filing.subject)
    evaluation = accepted(pack.evaluate("hold", facts), where)
    held_fen = int(str(evaluation.result["held_fen"]))
    if not held_fen:
        raise nothing_to_hold(filing.subject)
    case = case_open(
        tenant_id,
        Filing(HOLD, filing.subject, facts, filing.actor, filing.note, filing.evidence),
        now,
    )
    wanted = NewDecision(
        *filing.subject, case.number, evaluation.clause, HOLD, held_fen, 1, evaluation
    )
    decide(tenant_id, [wanted], now)
    return case


@transaction.atomic
def hold_review_add(tenant_id: str, number: str, look: HoldLook, now: datetime) -> HoldReview:
    """Keep a look at a hold: the estimate of now, who owns it from now on, and the next day.

    The next day is bound by the pack as the first one was. What is held stays the same: a larger
    estimate needs a second hold.

    Raises:
        BadInput: no note, or a negative estimate.
        NotFound, Conflict: there is no such hold, or it has ended.
        RuleRefused: no owner, or a review day that the pack does not allow.
    """
    hold = hold_locked(tenant_id, number)
    pack = pack_for(tenant_id, SHOP_DEPOSIT, hold.subject_kind, hold.subject_id)
    facts = {
        "held_on": day_of(now),
        "reason": hold.reason,
        "owner": look.owner.strip(),
        "review_on": look.next_on,
        "estimate_fen": look.estimate_fen or 0,
        "balance_fen": hold_remaining(hold),
    }
    accepted(pack.evaluate("hold", facts), number)
    review = hold_review_write(tenant_id, number, look, now)
    entry_add(case_get(tenant_id, number), "reviewed", now, actor=look.actor, note=look.note)
    return review


@transaction.atomic
def hold_settle_ask(tenant_id: str, number: str, settling: HoldSettling, now: datetime) -> Decision:
    """Ask to settle a hold to the loss; with two approvals it is deducted and the rest released.

    What exceeds the hold becomes a claim (S3-4.2b, S3-4.2c).

    Raises:
        BadInput: no loss, an unknown beneficiary, or no note.
        NotFound, Conflict: there is no such hold, it has ended, or a settlement of it waits.
    """
    if settling.loss_fen <= 0 or settling.beneficiary not in OUTCOMES:
        raise BadInput(
            "settlement_wrong",
            where=number,
            zh=f"损失须大于零，赔付对象只能是 {'、'.join(OUTCOMES)}；没有损失的请解除扣留。",
            en=f"a loss is more than 0 and for {', '.join(OUTCOMES)}; where there was none, "
            "release the hold",
        )
    asked = _Asked("settlement_asked", settling.actor, settling.note, settling.evidence)
    return _end(tenant_id, number, settling.loss_fen, OUTCOMES[settling.beneficiary], asked, now)


@transaction.atomic
def hold_release(tenant_id: str, number: str, *, actor: str, note: str, now: datetime) -> Decision:
    """Ask to release a hold, there being no loss after all; it takes effect with one approval.

    Raises:
        BadInput: no note.
        NotFound, Conflict: there is no such hold, it has ended, or a settlement of it waits.
    """
    return _end(tenant_id, number, 0, RELEASE, _Asked("release_asked", actor, note), now)


@dataclass(frozen=True)
class _Asked:
    """What goes into the story of the case."""

    what: str
    actor: str
    note: str
    evidence: Sequence[str] = ()


def _end(
    tenant_id: str, number: str, loss_fen: int, outcome: str, asked: _Asked, now: datetime
) -> Decision:
    if not asked.note.strip():
        raise BadInput(
            "reason_missing",
            where=number,
            zh="请写明损失如何确定，或为何解除。",
            en="write how the loss was found, or why the hold is released",
        )
    hold = hold_locked(tenant_id, number)
    before = _settlements(tenant_id, number)
    if any(each.state == WAITING for each in before):
        raise Conflict(
            "settlement_waits",
            where=number,
            zh="这笔扣留已有一项结算或解除等待审批。",
            en="a settlement or release of this hold waits for approval already",
        )
    subject = (hold.subject_kind, hold.subject_id)
    facts = {
        "settled_on": day_of(now),
        "held_fen": hold_remaining(hold),
        "loss_fen": loss_fen,
    }
    pack = pack_for(tenant_id, SHOP_DEPOSIT, *subject)
    evaluation = accepted(pack.evaluate("hold_settled", facts), number)
    case = case_get(tenant_id, number)
    entry_add(
        case, asked.what, now, actor=asked.actor, note=asked.note.strip(), evidence=asked.evidence
    )
    period = f"{number}.{len(before) + 1}" if before else number
    persons = 2 if loss_fen else 1
    wanted = NewDecision(
        *subject, period, evaluation.clause, outcome, loss_fen, persons, evaluation
    )
    return decide(tenant_id, [wanted], now)[0]


def _settlements(tenant_id: str, number: str) -> list[Decision]:
    return [each for each in hold_decisions(tenant_id, number) if each.decision == "hold_settled"]


def hold_decisions(tenant_id: str, number: str) -> list[Decision]:
    """Return the decisions of a hold's case, every settlement asked for among them, in order."""
    of_the_case = Q(period=number) | Q(period__startswith=f"{number}.")
    return list(_decisions(tenant_id).filter(of_the_case))


def _decisions(tenant_id: str) -> QuerySet[Decision]:
    own = Decision.objects.filter(tenant_id=tenant_id, decision__in=("hold", "hold_settled"))
    return own.order_by("seq")


def hold_standing(tenant_id: str, number: str) -> HoldStanding:
    """Return where a hold stands.

    Raises:
        BadInput: the case is no hold.
        NotFound: there is no such case.
    """
    case = case_get(tenant_id, number)
    if case.kind != HOLD:
        raise BadInput("not_a_hold", where=number, zh="该事项不是扣留。", en="this case is no hold")
    hold = DepositHold.objects.filter(tenant_id=tenant_id, case_number=number).first()
    held = (hold, hold_remaining(hold)) if hold else None
    return _standing(case, hold_decisions(tenant_id, number), held)


def hold_standings(tenant_id: str, *, subject: Subject | None = None) -> list[HoldStanding]:
    """Return the holds of one shop or of all, the newest first."""
    cases, made = Case.objects.filter(tenant_id=tenant_id, kind=HOLD), _decisions(tenant_id)
    if subject is not None:
        cases = cases.filter(subject_kind=subject[0], subject_id=subject[1])
        made = made.filter(subject_kind=subject[0], subject_id=subject[1])
    held = {each[0].case_number: each for each in holds(tenant_id, subject=subject)}
    by_case: dict[str, list[Decision]] = {}
    for decision in made:
        by_case.setdefault(decision.period.partition(".")[0], []).append(decision)
    return [
        _standing(case, by_case.get(case.number, ()), held.get(case.number))
        for case in cases.order_by("-number")
    ]


def _standing(
    case: Case, made: Sequence[Decision], held: tuple[DepositHold, int] | None
) -> HoldStanding:
    if held is None:
        state = REFUSED if any(each.state == REFUSED for each in made) else WAITING
        return HoldStanding(case, state, None, 0, tuple(made))
    hold, remaining_fen = held
    if hold.closed_at is not None:
        state = hold.closed_by
    else:
        state = SETTLING if any(each.state == WAITING for each in made) else HELD
    return HoldStanding(case, state, hold, remaining_fen, tuple(made))
