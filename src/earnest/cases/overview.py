"""The deposits of a marketplace at one look: held, missing, held back, owed, on its way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum

from earnest.cases.queries import open_counts
from earnest.deposits.claims import ClaimAge, claims_ageing
from earnest.deposits.holds import holds, holds_due_review
from earnest.deposits.queries import DepositTotals, deposit_totals
from earnest.deposits.raises import raises_due_review
from earnest.deposits.recoveries import recoveries
from earnest.kernel.calendar import day_of
from earnest.ledger.queries import balances_listed
from earnest.payouts.models import SETTLED, PayoutPart
from earnest.payouts.queries import payouts_owed

PART_ORDER = ("unknown", "querying", "submitted", "reserved", "planned")
"""The states of parts that are not settled, those that worry most in front."""


@dataclass(frozen=True)
class Tally:
    """How many there are of something, and the fen that they are about."""

    count: int
    fen: int


@dataclass(frozen=True)
class Overview:
    """What finance looks at first. Amounts are fen.

    Attributes:
        totals: required, posted and short.
        held_back_fen: what of all deposits is held.
        ages: what is owed by its age: up to 30, 60 and 90 days, and longer.
        parts: parts of payouts that are not settled, by state, unknown ones in front.
        attention: payouts that people have to look at.
        cases: open cases by kind.
    """

    totals: DepositTotals
    held_back_fen: int
    claims: list[ClaimAge]
    ages: tuple[int, int, int, int]
    holds_open: int
    holds_due: int
    raises_due: int
    recoveries: Tally
    parts: Mapping[str, Tally]
    attention: int
    cases: Mapping[str, int]

    @property
    def claims_fen(self) -> int:
        """What all subjects owe together."""
        return sum(self.ages)


def overview(tenant_id: str, now: datetime) -> Overview:
    """Return the overview of an instant."""
    on = day_of(now)
    claims = claims_ageing(tenant_id, on)
    open_recoveries = recoveries(tenant_id, state="open")
    return Overview(
        totals=deposit_totals(tenant_id, on),
        held_back_fen=sum(each.held_fen for each in balances_listed(tenant_id, "deposit")),
        claims=claims,
        ages=(
            sum(each.to_30_days_fen for each in claims),
            sum(each.to_60_days_fen for each in claims),
            sum(each.to_90_days_fen for each in claims),
            sum(each.over_90_days_fen for each in claims),
        ),
        holds_open=len(holds(tenant_id, is_open=True)),
        holds_due=len(holds_due_review(tenant_id, on)),
        raises_due=len(raises_due_review(tenant_id, on)),
        recoveries=Tally(len(open_recoveries), sum(rest for _, rest in open_recoveries)),
        parts=_parts(tenant_id),
        attention=sum(1 for each in payouts_owed(tenant_id) if each.attention),
        cases=open_counts(tenant_id),
    )


def _parts(tenant_id: str) -> dict[str, Tally]:
    rows = (
        PayoutPart.objects.filter(tenant_id=tenant_id)
        .exclude(state__in=SETTLED)
        .values_list("state")
        .annotate(count=Count("id"), fen=Sum("amount_fen"))
    )
    found = {state: Tally(count, int(fen)) for state, count, fen in rows}
    return {state: found[state] for state in PART_ORDER if state in found}
