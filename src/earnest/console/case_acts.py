"""What people may do with a case: what each act asks, who may do it, and what it calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from earnest.cases.categories import category_withdraw
from earnest.cases.deductions import deduction_review, deduction_stop
from earnest.cases.discretion import discretion_lift
from earnest.cases.exit_facts import ExitFacts
from earnest.cases.exits import exit_tell, exit_withdraw
from earnest.cases.holds import HoldSettling, hold_release, hold_review_add, hold_settle_ask
from earnest.cases.models import Case
from earnest.cases.queries import decisions_of_case
from earnest.console.access import Visitor
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.filings import Values
from earnest.decisions.commands import WAITING
from earnest.deposits.holds import HoldLook, hold_get
from earnest.deposits.models import DepositHold, Recovery
from earnest.deposits.recoveries import PAID_TO, recovery_get
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import ACT_FOR_PARTY, DECIDE


@dataclass(frozen=True)
class Acting:
    """Who acts on which case, when."""

    case: Case
    actor: str
    now: datetime


@dataclass(frozen=True)
class Act:
    """Something that may be done with a case of a kind.

    Attributes:
        kind: of the cases that it is for.
        permission: of the role that may do it.
        asked: what it asks.
        do: does it.
        at: the field that an error is about, by the error's code.
        open_for: whether it may still be done with a case.
        grave: whether its button warns.
    """

    kind: str
    permission: str
    asked: Sequence[Asked]
    do: Callable[[Acting, Values], object]
    at: Mapping[str, str]
    open_for: Callable[[Case], bool]
    grave: bool = False


@dataclass(frozen=True)
class Offered:
    """An act as the page offers it."""

    name: str
    form: Form
    grave: bool


REASON = Asked("reason", "long")


def _is_open(case: Case) -> bool:
    return case.closed_at is None


def _recovery_of(case: Case) -> Recovery | None:
    try:
        return recovery_get(case.tenant_id, case.number)
    except NotFound:
        return None


def in_effect(case: Case) -> bool:
    """Tell whether a decision of a case is in effect."""
    return any(each.state == "in_effect" for each in decisions_of_case(case))


def _recovers(case: Case) -> bool:
    recovery = _recovery_of(case)
    return recovery is not None and recovery.state == "open"


def _exit_withdraw(acting: Acting, values: Values) -> object:
    case = acting.case
    return exit_withdraw(case.tenant_id, case.number, acting.actor, values["reason"], acting.now)


def _exit_tell(acting: Acting, values: Values) -> object:
    facts = ExitFacts(
        values["goods_on_sale"],
        values["orders_open"],
        values["last_completed_on"],
        values["disputes_open"],
    )
    case = acting.case
    return exit_tell(case.tenant_id, case.number, facts, acting.actor, values["note"], acting.now)


def _category_withdraw(acting: Acting, values: Values) -> object:
    case = acting.case
    return category_withdraw(
        case.tenant_id, case.number, acting.actor, values["reason"], acting.now
    )


def _discretion_lift(acting: Acting, values: Values) -> object:
    case = acting.case
    return discretion_lift(case.tenant_id, case.number, acting.actor, values["reason"], acting.now)


def _deduction_stop(acting: Acting, values: Values) -> object:
    case = acting.case
    return deduction_stop(
        case.tenant_id, case.number, actor=acting.actor, note=values["reason"], now=acting.now
    )


def _deduction_review(acting: Acting, values: Values) -> object:
    case = acting.case
    return deduction_review(
        case.tenant_id,
        case.number,
        confirmed=values["finding"] == "confirmed",
        actor=acting.actor,
        note=values["reason"],
        now=acting.now,
    )


def _unreviewed(case: Case) -> bool:
    return _is_open(case) and not decisions_of_case(case)


def _holding(case: Case) -> DepositHold | None:
    try:
        hold = hold_get(case.tenant_id, case.number)
    except NotFound:
        return None
    return hold if hold.closed_at is None else None


def _is_held(case: Case) -> bool:
    return _holding(case) is not None


def _ends_not_yet(case: Case) -> bool:
    return _is_held(case) and not any(
        each.decision == "hold_settled" and each.state == WAITING
        for each in decisions_of_case(case)
    )


def _hold_review(acting: Acting, values: Values) -> object:
    case = acting.case
    look = HoldLook(
        values["estimate_now"],
        values["note"],
        acting.actor,
        values["owner"],
        values["next_on"],
    )
    return hold_review_add(case.tenant_id, case.number, look, acting.now)


def _hold_settle(acting: Acting, values: Values) -> object:
    case = acting.case
    settling = HoldSettling(
        values["loss"], values["beneficiary"], acting.actor, values["note"], values["evidence"]
    )
    return hold_settle_ask(case.tenant_id, case.number, settling, acting.now)


def _hold_release(acting: Acting, values: Values) -> object:
    case = acting.case
    return hold_release(
        case.tenant_id, case.number, actor=acting.actor, note=values["reason"], now=acting.now
    )


ACTS: dict[str, Act] = {
    "deduction_review": Act(
        "deduction",
        DECIDE,
        (
            Asked("finding", "choice", choices=("confirmed", "refused"), words="finding"),
            REASON,
        ),
        _deduction_review,
        {"reason_missing": "reason"},
        _unreviewed,
    ),
    "deduction_stop": Act(
        "deduction",
        DECIDE,
        (REASON,),
        _deduction_stop,
        {"reason_missing": "reason"},
        _recovers,
        grave=True,
    ),
    "hold_review": Act(
        "hold",
        DECIDE,
        (
            Asked("estimate_now", "yuan", required=False),
            Asked("owner", "text"),
            Asked("next_on", "day"),
            Asked("note", "long"),
        ),
        _hold_review,
        {
            "review_wrong": "note",
            "not_met:owner_named": "owner",
            "not_met:review_set": "next_on",
        },
        _is_held,
    ),
    "hold_settle": Act(
        "hold",
        DECIDE,
        (
            Asked("loss", "yuan"),
            Asked("beneficiary", "choice", choices=tuple(PAID_TO), words="beneficiary"),
            Asked("note", "long"),
            Asked("evidence", "names", required=False),
        ),
        _hold_settle,
        {"settlement_wrong": "loss", "reason_missing": "note"},
        _ends_not_yet,
        grave=True,
    ),
    "hold_release": Act(
        "hold",
        DECIDE,
        (REASON,),
        _hold_release,
        {"reason_missing": "reason"},
        _ends_not_yet,
    ),
    "exit_tell": Act(
        "exit",
        DECIDE,
        (
            Asked("goods_on_sale", "count", required=False),
            Asked("orders_open", "count", required=False),
            Asked("last_completed_on", "day", required=False),
            Asked("disputes_open", "count", required=False),
            Asked("note", "long"),
        ),
        _exit_tell,
        {},
        _is_open,
    ),
    "exit_withdraw": Act(
        "exit", ACT_FOR_PARTY, (REASON,), _exit_withdraw, {}, _is_open, grave=True
    ),
    "category_withdraw": Act(
        "category", ACT_FOR_PARTY, (REASON,), _category_withdraw, {}, _is_open, grave=True
    ),
    "discretion_lift": Act(
        "discretion",
        DECIDE,
        (REASON,),
        _discretion_lift,
        {"reason_missing": "reason"},
        in_effect,
        grave=True,
    ),
}


def may_do(act: Act, case: Case, visitor: Visitor) -> bool:
    """Tell whether a person may do an act with a case now."""
    return act.kind == case.kind and visitor.may(act.permission) and act.open_for(case)


def acts_of(case: Case, visitor: Visitor, tried: Form | None = None) -> list[Offered]:
    """Return the acts that a person may do with a case, each with its form.

    Takes:
        tried: the form that was sent and refused, shown as it was filled in.
    """
    return [
        Offered(
            name, tried if tried and tried.name == name else form_blank(name, act.asked), act.grave
        )
        for name, act in ACTS.items()
        if may_do(act, case, visitor)
    ]


def act_done(name: str, acting: Acting, posted: QueryDict) -> Form:
    """Do an act; the form that comes back says what is wrong, or nothing where it is done."""
    act = ACTS[name]
    form = form_read(name, act.asked, posted)
    if form.wrong:
        return form
    try:
        act.do(acting, form.values)
    except NotFound:
        raise
    except EarnestError as error:
        form.refused(error, act.at)
    return form
