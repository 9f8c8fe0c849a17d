"""What an applicant is told while its application is on the way."""

from dataclasses import dataclass
from datetime import date, datetime

from earnest.admission.models import Application
from earnest.kernel.words import Words
from earnest.notices.commands import Message, NewNotice, Severity, notices_send

CLAUSE = "S0-1.2-scope"


@dataclass(frozen=True)
class Told:
    """A notice to an applicant; ``about`` makes it unique within an instant."""

    about: str
    title: Words
    body: Words
    severity: Severity = "info"
    clause: str = CLAUSE
    due_on: date | None = None


def applicant_tell(application: Application, told: Told, now: datetime) -> None:
    """Put a notice into the inbox of the party that an application is about."""
    notices_send(
        application.tenant_id,
        [
            NewNotice(
                *application.subject,
                about=f"admission {application.number} {told.about}",
                kind="requirement",
                severity=told.severity,
                clause=told.clause,
                decision_id=None,
                zh=Message(told.title.zh, told.body.zh),
                en=Message(told.title.en, told.body.en),
                due_on=told.due_on,
            )
        ],
        now,
    )
