"""The story of a departure: its steps, and the words to the provider at each of them."""

from collections.abc import Sequence
from datetime import date, datetime

from earnest.departure.models import Departure, DepartureStep
from earnest.kernel.words import Words
from earnest.notices.commands import Message, NewNotice, Severity, notices_send

CLAUSES = {"exit": "S0-3.3", "removal": "S0-3.2a"}


def step_add(
    departure: Departure,
    what: str,
    now: datetime,
    *,
    actor: str,
    note: str = "",
    documents: Sequence[str] = (),
) -> DepartureStep:
    """Add one step to the story."""
    return DepartureStep.objects.create(
        departure=departure,
        tenant_id=departure.tenant_id,
        what=what,
        note=note,
        documents=list(documents),
        actor=actor,
        at=now,
    )


def tell(
    departure: Departure,
    about: str,
    title: Words,
    body: Words,
    now: datetime,
    *,
    due_on: date | None = None,
    severity: Severity = "info",
) -> None:
    """Tell the provider what happened and what it has to do; the same ``about`` tells it once."""
    notice = NewNotice(
        *departure.subject,
        about=f"departure {departure.number} {about}",
        kind="requirement" if due_on else "release",
        severity=severity,
        clause=CLAUSES[departure.way],
        decision_id=departure.removal_decision_id,
        zh=Message(title.zh, body.zh),
        en=Message(title.en, body.en),
        due_on=due_on,
    )
    notices_send(departure.tenant_id, [notice], now)
