"""A deadline, as everybody sees it: what has to be done, by whom, until when, and what follows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from earnest.kernel.words import Words
from earnest.market.queries import Subject

PARTY, OPERATOR = "party", "operator"


@dataclass(frozen=True)
class Deadline:
    """Something that is to be done until the end of a day.

    Attributes:
        key: its natural key: the same duty has the same one until it is met.
        kind: what it is about, such as ``shortage`` or ``appeal``.
        bound: ``party`` or ``operator``: who has to act.
        since_on: from when it runs.
        due_on: the last day, that day included.
        what, after: what is to be done, and what happens when it is not.
        path: of the page on which it is done.
    """

    key: str
    kind: str
    subject: Subject
    bound: str
    since_on: date
    due_on: date
    what: Words
    after: Words
    path: str
    clause: str = ""

    def days_left(self, today: date) -> int:
        """Return the days that are left; 0 on the last day, below that it is overdue."""
        return (self.due_on - today).days


@dataclass(frozen=True)
class Asked:
    """Whose deadlines are asked for, and when.

    Attributes:
        subject: one party's; None for everybody's.
        today: the market's day of ``now``.
    """

    tenant_id: str
    subject: Subject | None
    now: datetime
    today: date

    @property
    def rows(self) -> dict[str, str]:
        """The filter of tables that name a tenant and a subject."""
        kept = {"tenant_id": self.tenant_id}
        if self.subject is not None:
            kept |= {"subject_kind": self.subject[0], "subject_id": self.subject[1]}
        return kept

    def provider_rows(self, column: str = "provider_id") -> dict[str, str]:
        """The filter of tables that name a tenant and a provider; a shop matches none."""
        kept = {"tenant_id": self.tenant_id}
        if self.subject is not None:
            kept[column] = self.subject[1] if self.subject[0] == "provider" else ""
        return kept


Reader = Callable[[Asked], Iterable[Deadline]]
"""Reads the deadlines of one kind."""
