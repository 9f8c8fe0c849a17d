"""What people may do with a departure: what each act asks, who may do it, and what it calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from earnest.console.access import Visitor
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.filings import Values
from earnest.departure.exits import (
    Standing,
    exit_check_confirm,
    exit_update,
    exit_withdraw,
)
from earnest.departure.models import (
    APPLIED,
    APPROVING,
    CHECKED,
    EXIT,
    REMOVAL,
    WINDING_DOWN,
    Departure,
)
from earnest.departure.removals import group_removal_ask, same_hands
from earnest.departure.winding_down import (
    ACCEPTED,
    FILED,
    handover_settle,
    merchants_read,
    plan_file,
    plan_review,
)
from earnest.kernel.errors import EarnestError
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, REVIEW


@dataclass(frozen=True)
class Acting:
    """Who acts on which departure, when."""

    departure: Departure
    actor: str
    now: datetime


@dataclass(frozen=True)
class Act:
    """Something that may be done with a departure.

    Attributes:
        permission: of the role that may do it.
        asked: what it asks, of a departure.
        do: does it.
        open_for: whether it may be done with a departure now.
        at: the field that an error is about, by the error's code.
        grave: whether its button warns.
    """

    permission: str
    asked: Callable[[Departure], Sequence[Asked]]
    do: Callable[[Acting, Values], object]
    open_for: Callable[[Departure], bool]
    at: Mapping[str, str]
    grave: bool = False


@dataclass(frozen=True)
class Offered:
    """An act as the page offers it."""

    name: str
    form: Form
    grave: bool


def standing_asked(departure: Departure | None = None) -> Sequence[Asked]:
    """Return the fields for what no data tells, filled in with what was told before."""
    sale = str(departure.on_sale) if departure else ""
    running = str(departure.running) if departure else ""
    ends_on = departure.subscription_ends_on if departure else None
    return (
        Asked("on_sale", "count", value=sale),
        Asked("running", "count", value=running),
        Asked("subscription_ends_on", "day", required=False, value=str(ends_on or "")),
    )


STANDING_AT = {"subscription_end_missing": "subscription_ends_on", "count_negative": "on_sale"}
_REASON = Asked("reason", "long")
_NOTE = Asked("note", "long", required=False)


def standing_of(values: Values) -> Standing:
    """Return what a form told of what no data tells."""
    return Standing(values["on_sale"], values["running"], values["subscription_ends_on"])


def _update(acting: Acting, values: Values) -> object:
    row = acting.departure
    return exit_update(
        row.tenant_id, row.number, standing_of(values), actor=acting.actor, now=acting.now
    )


def _check(acting: Acting, values: Values) -> object:
    row = acting.departure
    return exit_check_confirm(
        row.tenant_id, row.number, standing_of(values), actor=acting.actor, now=acting.now
    )


def _withdraw(acting: Acting, values: Values) -> object:
    row = acting.departure
    return exit_withdraw(
        row.tenant_id, row.number, actor=acting.actor, reason=values["reason"], now=acting.now
    )


def _plan_asked(departure: Departure) -> Sequence[Asked]:
    return (
        Asked("plan", "long", value=departure.plan),
        Asked("merchants", "names", required=False),
    )


def _plan(acting: Acting, values: Values) -> object:
    row, merchants = acting.departure, merchants_read(values["merchants"])
    return plan_file(
        row.tenant_id, row.number, values["plan"], merchants, actor=acting.actor, now=acting.now
    )


def _plan_review(*, accepted: bool) -> Callable[[Acting, Values], object]:
    def reviewed(acting: Acting, values: Values) -> object:
        row, note = acting.departure, values["note" if accepted else "reason"]
        return plan_review(
            row.tenant_id, row.number, accepted=accepted, actor=acting.actor, note=note,
            now=acting.now,
        )  # fmt: skip

    return reviewed


def _handover(acting: Acting, values: Values) -> object:
    row = acting.departure
    return handover_settle(
        row.tenant_id, row.number, values["merchant"], actor=acting.actor, note=values["note"],
        now=acting.now,
    )  # fmt: skip


def _group(acting: Acting, values: Values) -> object:
    row = acting.departure
    return group_removal_ask(
        row.tenant_id, row.number, values["account"], actor=acting.actor,
        reason=values["reason"], now=acting.now,
    )  # fmt: skip


def _merchants_left(departure: Departure) -> list[str]:
    return list(departure.handovers.filter(settled_at=None).values_list("shop_id", flat=True))


def _accounts(departure: Departure) -> list[str]:
    return [each.provider_id for each, _ in same_hands(departure.tenant_id, departure.provider_id)]


def _in(way: str, *states: str) -> Callable[[Departure], bool]:
    return lambda row: row.way == way and row.state in states


def _plan_awaited(row: Departure) -> bool:
    return row.way == REMOVAL and row.state == WINDING_DOWN and row.plan_state != ACCEPTED


def _plan_filed(row: Departure) -> bool:
    return row.state == WINDING_DOWN and row.plan_state == FILED


def _handing_over(row: Departure) -> bool:
    return row.state == WINDING_DOWN and row.plan_state == ACCEPTED and bool(_merchants_left(row))


def _has_others(row: Departure) -> bool:
    return row.way == REMOVAL and row.ended_at is None and bool(_accounts(row))


ACTS: Mapping[str, Act] = {
    "departure_update": Act(
        ACT_FOR_PARTY, standing_asked, _update, _in(EXIT, APPLIED, CHECKED), STANDING_AT
    ),
    "departure_plan": Act(
        ACT_FOR_PARTY,
        _plan_asked,
        _plan,
        _plan_awaited,
        {"merchant_unclear": "merchants", "plan_missing": "plan"},
    ),
    "departure_withdraw": Act(
        ACT_FOR_PARTY,
        lambda _: (_REASON,),
        _withdraw,
        _in(EXIT, APPLIED, CHECKED, APPROVING),
        {"reason_missing": "reason"},
        grave=True,
    ),
    "departure_check": Act(
        REVIEW, standing_asked, _check, _in(EXIT, APPLIED, CHECKED), STANDING_AT
    ),
    "departure_plan_accept": Act(
        REVIEW, lambda _: (_NOTE,), _plan_review(accepted=True), _plan_filed, {}
    ),
    "departure_plan_send_back": Act(
        REVIEW, lambda _: (_REASON,), _plan_review(accepted=False), _plan_filed,
        {"reason_missing": "reason"},
    ),
    "departure_handover": Act(
        REVIEW,
        lambda row: (Asked("merchant", "choice", choices=_merchants_left(row)), _NOTE),
        _handover,
        _handing_over,
        {},
    ),
    "departure_group": Act(
        DECIDE,
        lambda row: (Asked("account", "choice", choices=_accounts(row)), _REASON),
        _group,
        _has_others,
        {"reason_missing": "reason"},
        grave=True,
    ),
}  # fmt: skip


def acts_of(departure: Departure, visitor: Visitor, tried: Form | None = None) -> list[Offered]:
    """Return what a visitor may do with a departure now; the form that was refused as it was."""
    return [
        Offered(
            name,
            tried if tried and tried.name == name else form_blank(name, act.asked(departure)),
            act.grave,
        )
        for name, act in ACTS.items()
        if visitor.may(act.permission) and act.open_for(departure)
    ]


def act_done(name: str, acting: Acting, posted: QueryDict) -> Form:
    """Read the form of an act and do it; what is wrong is said in the form that comes back."""
    act = ACTS[name]
    form = form_read(name, act.asked(acting.departure), posted)
    if form.wrong:
        return form
    try:
        act.do(acting, form.values)
    except EarnestError as error:
        form.refused(error, act.at)
    return form
