"""What may be told to the outside: types of events, and where they are read from.

Nobody calls this room when something happens. It looks at the tables in which it is recorded, so
that nothing is told that was rolled back, and nothing is forgotten that was committed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from earnest.kernel.words import Words

Reader = Callable[[str, datetime, datetime], Iterator["Happened"]]
"""Reads what happened in a tenant from an instant to another, both included."""

PING: Final = "ping"
VERIFY, DIGEST, WORK_DIGEST = "mail.verify", "mail.digest", "mail.work"

EVENT_TYPES: Final[Mapping[str, Words]] = {
    "notice.sent": Words("已发送通知", "a notice was put into a party's inbox"),
    "decision.made": Words("决定已作出，待审批", "a decision was proposed and waits for people"),
    "decision.in_effect": Words("决定已生效", "a decision took effect"),
    "decision.refused": Words("决定未获批准", "a proposed decision was refused"),
    "decision.reversed": Words("决定已撤销", "a decision in effect was reversed"),
    "restriction.granted": Words("已限制一项能力", "a capability of a party was restricted"),
    "restriction.released": Words("已解除一项限制", "a restriction ended"),
    "ticket.opened": Words("处罚单已开出", "a ticket was opened for a sanction"),
    "ticket.appealed": Words("处罚单被申诉", "an appeal against a ticket was filed"),
    "ticket.pending": Words("处罚单恢复待执行", "a ticket waits again, after an appeal"),
    "ticket.in_force": Words("处罚单已执行", "a ticket came into force"),
    "ticket.reversed": Words("处罚单已撤销", "a ticket was reversed"),
    "ticket.corrected": Words("处罚单因整改而了结", "a ticket ended because it was put right"),
    "appeal.filed": Words("已提交申诉", "an appeal was filed"),
    "appeal.decided": Words("申诉已有结果", "an appeal was decided"),
}
"""Types that an endpoint may subscribe to, and what each says."""

INSIDE: Final = frozenset({"decision.made", "decision.refused"})
"""Told to operators only: a proposal is nothing that a party has to bear yet."""


@dataclass(frozen=True)
class Letter:
    """What a mail about an event says, and whether it is for now or for the day's digest."""

    title: Words
    body: Words
    at_once: bool


@dataclass(frozen=True)
class Happened:
    """One thing that happened.

    Attributes:
        event: its type.
        about: its natural key: the same thing always has the same one.
        at: when, by the marketplace's clock.
        path: of its page in the console.
        facts: what a receiver gets besides, as plain data.
        letter: what a mail says about it; None for what is not told by mail.
    """

    event: str
    about: str
    subject: tuple[str, str]
    at: datetime
    clause: str
    path: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    letter: Letter | None = None


@dataclass(frozen=True)
class Source:
    """A table that tells of events, with a name that its watermark is kept under."""

    name: str
    read: Reader


def page_of_decision(decision_id: UUID) -> str:
    """Return the path of a decision's page."""
    return f"/decisions/{decision_id}/"
