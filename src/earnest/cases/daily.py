"""The daily look at all deposits: cash, shortages, releases, and every case that time moves on."""

from dataclasses import dataclass
from datetime import datetime

from earnest.assessment.commands import DayLook, day_run, feed_follow
from earnest.cases.categories import categories_look
from earnest.cases.closing import cases_close_ended
from earnest.cases.exits import exits_look
from earnest.cases.following import cases_follow
from earnest.deposits.claims import ClaimsLook, claims_look
from earnest.deposits.holds import HoldsLook, holds_look
from earnest.deposits.raises import raises_look
from earnest.deposits.recoveries import RecoveriesLook, recoveries_look
from earnest.kernel.errors import Problem


@dataclass(frozen=True)
class DepositsLook:
    """What a look at all deposits did.

    Attributes:
        day: cash in, shortages, releases and proposed measures.
        recoveries: what open recoveries took from what has come in since.
        claims: what was set off against claims.
        holds: holds that ended, and those whose review is due.
        raises: reminders of raises whose review is due.
        categories: categories that could be added, now that the money is there.
        closed: cases whose matter has ended.
        exits: exits whose conditions all hold now, put before two persons.
    """

    day: DayLook
    recoveries: RecoveriesLook
    claims: ClaimsLook
    holds: HoldsLook
    raises: int
    categories: int
    closed: int
    exits: int

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the ledger refused, and why."""
        return self.day.problems + self.recoveries.problems + self.claims.problems

    def counts(self) -> dict[str, int]:
        """Return what was done by name, for a row of a table."""
        return {
            "pay_ins": self.day.pay_ins.posted,
            "unmatched": len(self.day.pay_ins.unmatched),
            "shortages_opened": self.day.shortages_opened,
            "shortages_closed": self.day.shortages_closed,
            "released": self.day.released,
            "decided": self.day.decided,
            "enforced": self.day.enforced,
            "recovered": len(self.recoveries.moved),
            "set_off": len(self.claims.set_off),
            "holds_expired": len(self.holds.expired),
            "reviews_due": len(self.holds.reminded) + self.raises,
            "categories_added": self.categories,
            "cases_closed": self.closed,
            "exits_proposed": self.exits,
            "problems": len(self.problems),
        }


def deposits_look(tenant_id: str, now: datetime) -> DepositsLook:
    """Look at all deposits at an instant; doing it again at once does nothing new.

    Recoveries come before set-offs, and both before categories are opened and shortages judged:
    what arrived today pays first for what was found. Exits come last: a shop leaves when its other
    matters have ended.
    """
    pay_ins = feed_follow(tenant_id, now)
    recoveries = recoveries_look(tenant_id, now)
    claims = claims_look(tenant_id, now)
    holds = holds_look(tenant_id, now)
    categories = categories_look(tenant_id, now)
    day = day_run(tenant_id, now, pay_ins)
    closed = cases_close_ended(tenant_id, now) + cases_follow(tenant_id, now)
    return DepositsLook(
        day=day,
        recoveries=recoveries,
        claims=claims,
        holds=holds,
        raises=raises_look(tenant_id, now),
        categories=categories,
        closed=closed,
        exits=exits_look(tenant_id, now),
    )
