"""Raises: asked for with their losses, decided by two persons, looked at again (S3-3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from earnest.cases.filing import Filing, accepted, case_close, case_open, entry_add
from earnest.cases.models import Case
from earnest.consequences.commands import decide
from earnest.decisions.commands import NewDecision
from earnest.deposits.models import Raise
from earnest.deposits.raises import raise_get, raise_keep, raise_over
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput
from earnest.market.queries import shop_get
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for

RAISE = "raise"
GROUND_CLAUSES = {
    "violation": "S3-3.3a",
    "reopened": "S3-3.3b",
    "investigation": "S3-3.3c",
    "dispute": "S3-3.3d",
}
PERSONS = 2
RELEASE_CLAUSE = "S3-3.3x"


@dataclass(frozen=True)
class RaiseFiling:
    """What is asked for: a raise for a cause, as the sum of losses or set by a person.

    Attributes:
        subject: the shop, as ("shop", id).
        ground: violation, reopened, investigation or dispute (table ``raise_grounds``).
        losses_fen: the losses, one by one; their sum is the raise unless one is set.
        set_fen: an amount set by a person, within the pack's bound; 0 for the sum of losses.
        review_on: when a person looks at it again.
        reason: why, for the shop to read.
        actor: who asks.
        evidence: ids of what proves it.
    """

    subject: tuple[str, str]
    ground: str
    losses_fen: Sequence[int]
    set_fen: int
    review_on: date
    reason: str
    actor: str
    evidence: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class RaiseReview:
    """What a person says of a raise on looking at it again.

    Attributes:
        cause_ended: True asks for its release; False lets it stay.
        reason: why.
        actor: who looked.
        next_on: when to look again; needed where it stays.
    """

    cause_ended: bool
    reason: str
    actor: str
    next_on: date | None = None


@transaction.atomic
def raise_ask(tenant_id: str, filing: RaiseFiling, now: datetime) -> Case:
    """Ask for a raise; with two approvals it is in force and the requirement is up by it.

    Clauses: S3-3.3a to S3-3.3d, S3-3.3x.

    Raises:
        BadInput: the subject is no shop, or losses and set amount are nothing.
        NotFound: there is no such shop.
        RuleRefused: unknown ground, no reason, a review that is not later, more than the bound.
    """
    shop = _shop_of(tenant_id, filing.subject)
    facts = {
        "raised_on": day_of(now),
        "ground": filing.ground,
        "losses": list(filing.losses_fen),
        "set_fen": filing.set_fen,
        "reason": filing.reason.strip(),
        "review_on": filing.review_on,
    }
    evaluation = accepted(
        pack_for(tenant_id, SHOP_DEPOSIT, *shop).evaluate("raise_asked", facts), ":".join(shop)
    )
    amount = int(str(evaluation.result["raise_fen"]))
    if amount <= 0:
        raise BadInput(
            "raise_of_nothing",
            where=":".join(shop),
            zh="提高额为零：请填写各项损失，或另定一个金额。",
            en="the raise is nothing: give the losses, or set an amount",
        )
    case = case_open(
        tenant_id,
        Filing(RAISE, shop, facts, filing.actor, filing.reason.strip(), filing.evidence),
        now,
    )
    wanted = NewDecision(
        *shop, case.number, GROUND_CLAUSES[filing.ground], "raise_deposit", amount, PERSONS,
        evaluation,
    )  # fmt: skip
    decide(tenant_id, [wanted], now)
    return case


@transaction.atomic
def raise_review(tenant_id: str, raise_id: UUID, review: RaiseReview, now: datetime) -> Case:
    """Look at a raise again: it stays until another day, or its release is asked for.

    A raise that stays closes its case at once. A release takes effect with one approval: it takes
    nothing from anybody.

    Clause: S3-3.3x.

    Raises:
        BadInput: no reason, or no later day for a raise that stays.
        Conflict: the raise is released already.
        NotFound: there is no such raise.
    """
    row = raise_get(tenant_id, raise_id)
    if row.released_on is not None:
        raise raise_over(row)
    if not review.reason.strip():
        raise _bad("reason_missing", row, "请写明复核意见。", "say why it stays or goes")
    filing = Filing(
        RAISE,
        (row.subject_kind, row.subject_id),
        {"raise": str(row.id), "cause_ended": review.cause_ended, "next_on": review.next_on},
        review.actor,
        review.reason.strip(),
    )
    if review.cause_ended:
        return _release(tenant_id, row, filing, now)
    if review.next_on is None or review.next_on <= day_of(now):
        raise _bad(
            "review_not_later", row,
            "继续提高的，须写明今天之后的下次复核日。",
            "a raise that stays needs a later day on which it is looked at again",
        )  # fmt: skip
    case = case_open(tenant_id, filing, now)
    raise_keep(tenant_id, row.id, review.next_on)
    entry_add(case, "kept", now, actor=review.actor, note=f"{row.review_on} -> {review.next_on}")
    case_close(case, "done", now, actor=review.actor)
    return case


def _release(tenant_id: str, row: Raise, filing: Filing, now: datetime) -> Case:
    facts = {
        "released_on": day_of(now),
        "raise_id": str(row.id),
        "raise_fen": row.amount_fen,
        "cause_ended": True,
        "reason": filing.note,
        "decided_by": filing.actor,
    }
    pack = pack_for(tenant_id, SHOP_DEPOSIT, *filing.subject)
    evaluation = accepted(pack.evaluate("raise_released", facts), str(row.id))
    case = case_open(tenant_id, filing, now)
    wanted = NewDecision(
        *filing.subject, case.number, RELEASE_CLAUSE, "release_raise", row.amount_fen, 1, evaluation
    )
    decide(tenant_id, [wanted], now)
    return case


def _shop_of(tenant_id: str, subject: tuple[str, str]) -> tuple[str, str]:
    if subject[0] != "shop":
        raise BadInput(
            "shop_wanted",
            where=":".join(subject),
            zh="只有店铺的保证金可以按此提高；请填写 shop:编号。",
            en="only a shop's deposit is raised by this rule; write shop:ID",
        )
    return ("shop", shop_get(tenant_id, subject[1]).shop_id)


def _bad(code: str, row: Raise, zh: str, en: str) -> BadInput:
    return BadInput(code, where=str(row.id), zh=zh, en=en)
