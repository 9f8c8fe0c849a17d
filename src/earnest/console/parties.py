"""What a party's pages and the lists of parties have in common: position, standing, clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from earnest.console.standing import Clock, Standing, clock_of, standing_of, state_word
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position, position, positions, shortages_open
from earnest.kernel.calendar import day_of
from earnest.market.queries import Subject
from earnest.restrictions.queries import ActiveRestriction, restrictions_active


@dataclass(frozen=True)
class PartyState:
    """Where one party stands now."""

    position: Position
    shortage: Shortage | None
    clock: Clock | None
    restrictions: list[ActiveRestriction]
    standing: Standing


@dataclass(frozen=True)
class PartyRow:
    """A line of a list of parties."""

    party: Any
    position: Position
    standing: str
    breached: int = 0
    categories: Sequence[str] = ()


def party_state(
    tenant_id: str,
    subject: Subject,
    now: datetime,
    breached: Sequence[str] = (),
    left_on: date | None = None,
) -> PartyState:
    """Return where a party stands at an instant."""
    at = position(tenant_id, subject, day_of(now))
    shortage = next(iter(shortages_open(tenant_id, subject)), None)
    short = {subject} if shortage else set()
    active = restrictions_active(tenant_id, short, now, subject=subject)
    return PartyState(
        position=at,
        shortage=shortage,
        clock=clock_of(shortage, at.shortage_fen, day_of(now)) if shortage else None,
        restrictions=active,
        standing=standing_of(active, at, shortage, breached, left_on=left_on),
    )


def party_rows(
    tenant_id: str,
    parties: Iterable[tuple[Subject, Any]],
    now: datetime,
    *,
    breached: dict[str, int] | None = None,
    categories: dict[str, list[str]] | None = None,
) -> list[PartyRow]:
    """Return the lines of a list page of parties, in a fixed number of queries."""
    listed = list(parties)
    short = {(one.subject_kind, one.subject_id) for one in shortages_open(tenant_id)}
    measures: dict[Subject, list[str]] = {}
    for one in restrictions_active(tenant_id, short, now):
        measures.setdefault((one.subject_kind, one.subject_id), []).append(one.measure)
    held = positions(tenant_id, [subject for subject, _ in listed], day_of(now))
    counts = breached or {}
    return [
        PartyRow(
            party=party,
            position=held[subject],
            standing=state_word(
                measures.get(subject, []),
                short=subject in short,
                breached=counts.get(subject[1], 0),
                left=getattr(party, "left_on", getattr(party, "closed_on", None)) is not None,
            ),
            breached=counts.get(subject[1], 0),
            categories=(categories or {}).get(subject[1], []),
        )
        for subject, party in listed
    ]
