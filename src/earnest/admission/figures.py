"""Supply norms as figures: measured in a trial from the feed, and held against the rulebook."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from earnest.admission.filing import (
    PREPARING,
    REVIEW,
    application_locked,
    application_note,
    evidence_note,
    pack_of_application,
    state_required,
)
from earnest.admission.models import Application, Evidence
from earnest.admission.requirements import (
    ACCEPTED,
    MEASURED,
    SUBMITTED,
    Requirement,
    requirements,
)
from earnest.cases.filing import accepted
from earnest.feed.queries import event_files
from earnest.kernel.calendar import day_of
from earnest.measures import MEASURES
from earnest.measures.queries import measure
from earnest.policy import Evaluation, Pack
from earnest.policy.editions import in_force

BY_FEED, BY_PERSON = "measured", "entered"
SHIPPING = "ship48"
REPLIES = "replies"


@dataclass(frozen=True)
class Norm:
    """How a norm is measured and judged.

    Attributes:
        measure: that counts it.
        decision: of the pack that judges it.
        numerator: the decision's fact for what is good.
        denominator: the decision's fact for all.
        kind: of the after-sales clock; empty for the others.
    """

    measure: str
    decision: str
    numerator: str
    denominator: str
    kind: str = ""


def _clock(kind: str) -> Norm:
    return Norm(
        f"after_sales_{kind}",
        "after_sales_clock",
        "on_time",
        "due",
        kind,
    )


NORMS: dict[str, Norm] = {
    SHIPPING: Norm("shipping48h", "shipping48h", "picked", "paid"),
    "refund_unshipped": _clock("refund_unshipped"),
    "refund_shipped": _clock("refund_shipped"),
    "return_stage1": _clock("return_stage1"),
    "return_stage2": _clock("return_stage2"),
    REPLIES: Norm("reply3min", "reply_rate", "answered_in_time", "asked"),
}


@dataclass(frozen=True)
class TrialFigure:
    """A figure of the trial: how many of how many, over which days."""

    requirement: str
    numerator: int
    denominator: int
    first_on: date
    last_on: date


def trial_window(pack: Pack, on: date) -> tuple[date, date]:
    """Return the days of the trial that is looked at on a day: they have settled by then."""
    found = accepted(pack.evaluate("admission_trial", {"looked_on": on}), "trial").result
    first, last = found["first_on"], found["last_on"]
    if not isinstance(first, date) or not isinstance(last, date):
        raise TypeError("the pack's trial is between two days")
    return max(first, pack.in_force_from()), last


def trial_figures(
    application: Application, now: datetime, names: Iterable[str] = NORMS
) -> dict[str, TrialFigure]:
    """Return what the feed tells of an applicant's trial, by requirement (S0-2.1-src0).

    The whole supply under its id is counted. Once there are orders, a clock that nothing ran
    against is a figure of 0 of 0. Without any order the feed tells nothing, and people say.

    Takes:
        names: of the norms that are wanted.
    """
    if not event_files(application.tenant_id, "order_line"):
        return {}
    pack = pack_of_application(application)
    first, last = trial_window(pack, day_of(now))
    if last < first:
        return {}
    found = {
        name: figure
        for name in dict.fromkeys((SHIPPING, *names))
        if (figure := _measured(application, pack, (name, NORMS[name]), (first, last), now))
    }
    has_orders = SHIPPING in found and found[SHIPPING].denominator > 0
    return {
        name: each
        for name, each in found.items()
        if name in names and (each.denominator or (has_orders and name != REPLIES))
    }


def _measured(
    application: Application,
    pack: Pack,
    asked: tuple[str, Norm],
    window: tuple[date, date],
    now: datetime,
) -> TrialFigure | None:
    name, norm = asked
    params = _parameters(pack, norm.measure, window[1])
    if params is None:
        return None
    rows = measure(
        application.tenant_id,
        norm.measure,
        *window,
        by="provider",
        as_of=now,
        params=params,
        subjects=[application.provider_id],
    )
    of_this = [row for row in rows if row.subject == application.provider_id]
    return TrialFigure(
        name,
        sum(row.numerator for row in of_this),
        sum(row.denominator for row in of_this),
        *window,
    )


def _parameters(pack: Pack, name: str, on: date) -> dict[str, int] | None:
    """Return a measure's parameters by the pack; None where there is no measure or no value."""
    if name not in MEASURES:
        return None
    found: dict[str, int] = {}
    for each in MEASURES[name].parameters:
        if each.pack_parameter in pack.parameters:
            dated = in_force(pack.parameters[each.pack_parameter].values, on)
            if dated is not None and not dated.unset:
                found[each.name] = int(str(dated.value))
        if each.name not in found and each.default is None:
            return None
    return found


@transaction.atomic
def trial_take(tenant_id: str, number: str, actor: str, now: datetime) -> int:
    """Take the figures of the trial that the feed has; return how many were new.

    What the feed tells counts before what a person entered. What is accepted stays as it is.

    Raises:
        Conflict: the application is past its first review.
        NotFound: there is none.
    """
    application = application_locked(tenant_id, number)
    state_required(application, (PREPARING, REVIEW))
    figures = trial_figures(application, now)
    rows = application.evidence.select_for_update().filter(requirement__in=figures)
    taken = sum(_take(row, figures[row.requirement], actor, now) for row in rows)
    if taken:
        application_note(application, "trial_taken", now, actor=actor)
    return taken


def _take(row: Evidence, figure: TrialFigure, actor: str, now: datetime) -> bool:
    same = (row.numerator, row.denominator, row.window_from, row.window_to, row.figure_source) == (
        figure.numerator, figure.denominator, figure.first_on, figure.last_on, BY_FEED,
    )  # fmt: skip
    if row.state == ACCEPTED or (same and row.state == SUBMITTED):
        return False
    row.numerator, row.denominator = figure.numerator, figure.denominator
    row.window_from, row.window_to = figure.first_on, figure.last_on
    row.figure_source, row.state, row.reason = BY_FEED, SUBMITTED, ""
    row.changed_at, row.ends_on = now, None
    row.save()
    evidence_note(row, BY_FEED, now, actor=actor)
    return True


def figure_judged(pack: Pack, row: Evidence, on: date) -> Evaluation | None:
    """Hold a figure against the rulebook; None where there is none yet."""
    norm = NORMS.get(row.requirement)
    if norm is None or row.numerator is None or row.denominator is None:
        return None
    facts: dict[str, object] = {
        "assessed_on": max(on, pack.in_force_from()),
        norm.numerator: row.numerator,
        norm.denominator: row.denominator,
    }
    if norm.kind:
        facts["kind"] = norm.kind
    return pack.evaluate(norm.decision, facts)


def figure_status(pack: Pack, row: Evidence, on: date) -> str:
    """Return met, breached or not_assessable; empty where there is no figure."""
    judged = figure_judged(pack, row, on)
    return "" if judged is None or judged.refusal else str(judged.result["status"])


def admission_facts(
    application: Application, rows: Iterable[Evidence], asked: dict[str, Requirement]
) -> dict[str, object]:
    """Return the facts of the pack's decision ``admission``: only what was accepted counts.

    What has to be absent counts as found until a reviewer has looked and found none.
    """
    evidence = ["invitation"]
    facts: dict[str, object] = {
        "picked": 0, "paid": 0, "answered_in_time": 0, "asked": 0,
    }  # fmt: skip
    clocks: list[dict[str, object]] = []
    for row in rows:
        need = asked.get(row.requirement)
        if need is None:
            continue
        held = row.state == ACCEPTED
        if need.kind != MEASURED:
            if held == (need.kind != "absent"):
                evidence.append(row.requirement)
            continue
        norm = NORMS[row.requirement]
        good, all_ = (row.numerator or 0, row.denominator or 0) if held else (0, 1)
        if norm.kind:
            clocks.append({"kind": norm.kind, "on_time": good, "due": all_})
        else:
            facts |= {norm.numerator: good, norm.denominator: all_}
    return {
        **facts,
        "applied_on": day_of(application.applied_at),
        "service": "micro_apps/supply_market",
        "evidence": evidence,
        "clocks": clocks,
    }


def asked_of(application: Application) -> dict[str, Requirement]:
    """Return what an application is asked for, by the rulebook on the day it was made."""
    pack = pack_of_application(application)
    return requirements(pack, max(day_of(application.applied_at), pack.in_force_from()))
