"""What the pages of an application share: its steps, its items, and the forms of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earnest.admission.clocks import OPENING, Clock, clock_of
from earnest.admission.deposits import deposit_standing
from earnest.admission.evidence import RENEWED_IN
from earnest.admission.figures import BY_FEED, trial_window
from earnest.admission.filing import APPROVAL, DEPOSIT, OPENED, PREPARING, REVIEW, STATES
from earnest.admission.filing import pack_of_application as pack_of
from earnest.admission.models import Application
from earnest.admission.queries import EvidenceShown, decisions_of_application, evidence_shown
from earnest.admission.requirements import ACCEPTED, EXPIRED, MISSING, SENT_BACK, SUBMITTED
from earnest.console.asking import Asked, Form, form_blank
from earnest.kernel.calendar import day_of

STEPS = (PREPARING, REVIEW, APPROVAL, DEPOSIT, OPENING, OPENED)
STATEMENT = Asked("statement", "long", required=False)
VALID_UNTIL = Asked("valid_until", "day", required=False)
FIGURES = (Asked("figure_good", "count"), Asked("figure_all", "count"))
TO_DO = frozenset({MISSING, SENT_BACK, EXPIRED})


@dataclass(frozen=True)
class Item:
    """A requirement as a page shows it.

    Attributes:
        form: to bring it, for the applicant while it may.
        judged: whether a reviewer may say a word on it now.
        opened: whether it is folded out.
    """

    shown: EvidenceShown
    form: Form | None
    judged: bool
    may_send_back: bool
    opened: bool


@dataclass(frozen=True)
class Step:
    """A step of an application: done, here or to come."""

    name: str
    place: str


def bring_fields(shown: EvidenceShown) -> tuple[Asked, ...]:
    """Return what bringing evidence for a requirement asks."""
    return (*(FIGURES if shown.measured else ()), STATEMENT, VALID_UNTIL)


def items(
    application: Application, now: datetime, *, applicant: bool, tried: Form | None = None
) -> list[Item]:
    """Return every requirement with what the reader may do about it."""
    return [
        Item(
            shown=each,
            form=_form(application, each, tried) if applicant else None,
            judged=not applicant and _judged(application, each),
            may_send_back=not applicant
            and application.state == REVIEW
            and each.row.state == ACCEPTED,
            opened=tried is not None and tried.name == each.need.name,
        )
        for each in evidence_shown(application, day_of(now))
    ]


def _form(application: Application, shown: EvidenceShown, tried: Form | None) -> Form | None:
    """Return the form of a requirement; what the feed has measured is not typed."""
    if shown.state == ACCEPTED or shown.row.figure_source == BY_FEED:
        return None
    renewed = application.state in RENEWED_IN and shown.row.state in {EXPIRED, SENT_BACK}
    if application.state != PREPARING and not renewed:
        return None
    if tried is not None and tried.name == shown.need.name:
        return tried
    form = form_blank(shown.need.name, bring_fields(shown))
    for field in form.fields:
        if field.name == STATEMENT.name:
            field.value = shown.row.statement
    return form


def _judged(application: Application, shown: EvidenceShown) -> bool:
    return shown.row.state == SUBMITTED and application.state in (REVIEW, *RENEWED_IN)


def steps(application: Application, clock: Clock | None) -> list[Step]:
    """Return the way from evidence to opening with where the application is on it."""
    here = clock.step if clock else application.state
    if here not in STEPS:
        return [Step(here, "here")]
    at = STEPS.index(here)
    return [
        Step(name, "done" if place < at else "here" if place == at else "ahead")
        for place, name in enumerate(STEPS)
    ]


def _to_do(shown: list[Item]) -> list[Item]:
    """Return what has to be brought yet; of two ways to show the same, one is enough."""
    there = {each.shown.need.group for each in shown if each.shown.state in {SUBMITTED, ACCEPTED}}
    return [
        each for each in shown if each.shown.state in TO_DO and each.shown.need.group not in there
    ]


def application_context(
    application: Application, now: datetime, *, applicant: bool, tried: Form | None = None
) -> dict[str, Any]:
    """Return what the page of an application shows, to the applicant or to an operator."""
    clock = clock_of(application, now)
    shown = items(application, now, applicant=applicant, tried=tried)
    first, last = trial_window(pack_of(application), day_of(now))
    return {
        "application": application,
        "invitation": application.invitation,
        "clock": clock,
        "steps": steps(application, clock),
        "items": shown,
        "to_do": _to_do(shown),
        "submitted": sum(each.shown.state == SUBMITTED for each in shown),
        "accepted": sum(each.shown.state == ACCEPTED for each in shown),
        "sent_back": sum(each.shown.row.state in {SENT_BACK, EXPIRED} for each in shown),
        "trial": (first, last),
        "story": application.entries.order_by("at", "id"),
        "decided": decisions_of_application(application),
        "position": deposit_standing(application, now),
        "paying": application.state == DEPOSIT,
        "states": STATES,
    }
