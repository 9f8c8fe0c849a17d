"""Decisions that take the place of reversed ones: what was served under those counts.

A decision that is made again after an appeal has the period of the first one with a number behind
it: ``2025-10/2`` takes the place of ``2025-10``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Q

from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import restrictions_of_decisions

OVERTURNED: Final = "overturned"
SUSPENDED: Final = "suspended"
NOT_SERVED: Final = frozenset({OVERTURNED, SUSPENDED})
"""Why a restriction ended without having been served."""


@dataclass(frozen=True)
class Served:
    """What a party bore under the decisions that one takes the place of.

    Attributes:
        since_on: the day on which it was first restricted for this; None where it never was.
        over: whether that came to its end, so that nothing is to be served again.
        charged: whether the money was due already: the time to appeal against it has passed.
    """

    since_on: date | None
    over: bool
    charged: bool


NOTHING_SERVED: Final = Served(None, over=False, charged=False)


def first_period(period: str) -> str:
    """Return the period that a decision was first made for.

    >>> first_period("2025-10/2")
    '2025-10'
    """
    return period.partition("/")[0]


def lineage(decision: Decision) -> list[Decision]:
    """Return the decisions made for one matter, the first one in front, this one included."""
    first = first_period(decision.period)
    return list(
        Decision.objects.filter(
            Q(period=first) | Q(period__startswith=f"{first}/"),
            tenant_id=decision.tenant_id,
            rulebook=decision.rulebook,
            decision=decision.decision,
            subject_kind=decision.subject_kind,
            subject_id=decision.subject_id,
        ).order_by("seq")
    )


def next_period(decision: Decision) -> str:
    """Return the period of the decision that takes the place of the last one for a matter."""
    return f"{first_period(decision.period)}/{len(lineage(decision)) + 1}"


def served_before(decision: Decision) -> Served:
    """Return what was served under the decisions that this one takes the place of."""
    if "/" not in decision.period:
        return NOTHING_SERVED
    before = [each for each in lineage(decision) if each.id != decision.id]
    rows = restrictions_of_decisions(decision.tenant_id, [each.id for each in before])
    return Served(
        since_on=min((day_of(row.starts_at) for row in rows), default=None),
        over=_over(rows),
        charged=any("taken_fen" in each.effect for each in before),
    )


def _over(rows: Sequence[Restriction]) -> bool:
    """Tell whether what was restricted last came to its own end."""
    if not rows:
        return False
    last = max(row.starts_at for row in rows)
    ended = [row for row in rows if row.starts_at == last]
    return all(
        row.released_at is not None and row.released_because not in NOT_SERVED for row in ended
    )


def restricted_since(decision: Decision, now: datetime) -> date:
    """Return the day from which a decision's time is counted: today, or when it began before."""
    return served_before(decision).since_on or day_of(now)
