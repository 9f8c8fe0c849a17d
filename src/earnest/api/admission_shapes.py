"""What goes in and out of the operations of admission."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StringConstraints

from earnest.api.shapes import Bilingual, Text

Words = Annotated[str, StringConstraints(max_length=2000)]


class InvitationIn(Schema):
    """Whom to invite, and why. ``ends_on`` is needed while the rulebook sets no life."""

    entity_name: Annotated[str, StringConstraints(max_length=200)]
    contact: Annotated[str, StringConstraints(max_length=200)]
    service_category: Text
    criteria: Words
    reasons: list[Text]
    controller_ref: Text = ""
    provider_id: Text = ""
    ends_on: date | None = None


class InvitationOut(Schema):
    """An invitation. ``secret`` comes once, with the answer that made it; only its hash is kept."""

    number: str
    entity_name: str
    contact: str
    controller_ref: str
    service_category: str
    provider_id: str
    criteria: str
    reasons: list[str]
    ends_on: date
    life_from: str
    state: str
    invited_by: str
    invited_at: datetime
    secret: str = ""


class ClockOut(Schema):
    """Whose turn it is, since when, and until when (a sample of the rulebook)."""

    step: str
    ball: str
    since_on: date
    waited_days: int
    due_on: date
    overdue: bool


class ApplicationOut(Schema):
    """An application. ``clock`` is null once it has ended."""

    number: str
    provider_id: str
    name: str
    entity_name: str
    service_category: str
    state: str
    round: int
    applied_at: datetime
    clock: ClockOut | None


class EvidenceOut(Schema):
    """What was brought for a requirement; ``figure`` is what the rulebook says of the numbers."""

    requirement: str
    clause: str
    kind: str
    group: str
    title: Bilingual
    state: str
    statement: str
    documents: list[UUID]
    numerator: int | None
    denominator: int | None
    figure_source: str
    figure: str
    ends_on: date | None
    reason: str


class StepOut(Schema):
    """One step of an application's story. ``actor`` is for operators."""

    what: str
    note: str
    actor: str
    at: datetime


class ApplicationFull(ApplicationOut):
    """An application with its evidence and its story."""

    evidence: list[EvidenceOut]
    story: list[StepOut]


class ApplicationPage(Schema):
    """Applications, the newest first, and where the next page starts (null at the end)."""

    items: list[ApplicationOut]
    next_cursor: str | None


class EvidenceIn(Schema):
    """What is brought: words, documents handed in before, their last day, a norm's figure."""

    statement: Words = ""
    documents: list[UUID] = Field(default_factory=list)
    ends_on: date | None = None
    numerator: int | None = None
    denominator: int | None = None


class JudgementIn(Schema):
    """A first reviewer's word on one requirement; sending back needs a reason."""

    verdict: Literal["accept", "send_back"]
    reason: Words = ""


class ReasonIn(Schema):
    """Why something is done."""

    reason: Words


class StepIn(Schema):
    """A step to take. ``reason`` is needed but for hand_in, trial and open."""

    step: Literal[
        "hand_in", "withdraw", "trial", "return", "recommend_admit", "recommend_refuse",
        "approve", "send_back", "refuse", "open",
    ]  # fmt: skip
    reason: Words = ""
