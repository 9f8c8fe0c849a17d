"""Which report comes first: a sum of parts, each shown with what it is made of.

The weights stand in the rulebook's table ``review_priority``: so many points for each unit of a
part, up to a cap. Nothing else enters the sum.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Count

from earnest.kernel.calendar import day_of
from earnest.kernel.money import FEN_PER_YUAN
from earnest.market.queries import Subject
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.violations.models import FOUND, Violation

TABLE: Final = "review_priority"
SEVERITY, AGE, STAKE, HARM, REPEAT, ANSWERED = (
    "severity", "age_days", "stake", "harm", "repeat", "answered",
)  # fmt: skip
PARTS: Final = (SEVERITY, AGE, STAKE, HARM, REPEAT, ANSWERED)


@dataclass(frozen=True)
class Weight:
    """How many points a part has for each so many of its units, and at most."""

    weight: int
    per: int
    cap: int

    def points(self, amount: int) -> int:
        """Return the points of an amount.

        >>> Weight(2, 1, 40).points(7), Weight(2, 1, 40).points(90), Weight(1, 1000, 30).points(999)
        (14, 40, 0)
        """
        return min(self.cap, self.weight * (amount // self.per))


@dataclass(frozen=True)
class Part:
    """A part of a priority: its name, what was counted, and the points that gives."""

    name: str
    amount: int
    points: int
    weight: Weight


@dataclass(frozen=True)
class Priority:
    """How urgent a report is: the sum of its parts."""

    parts: tuple[Part, ...]

    @property
    def score(self) -> int:
        """The points of all parts together."""
        return sum(each.points for each in self.parts)


def weights(on: date) -> dict[str, Weight]:
    """Return the weights in force on a day, by part."""
    pack = pack_of(SUPPLY_MARKET)
    day = max(on, pack.in_force_from())
    rows = {part: pack.table_row(TABLE, {"part": part}, on=day) for part in PARTS}
    return {part: Weight(row["weight"], row["per"], row["cap"]) for part, row in rows.items()}


def found_before(tenant_id: str, subjects: Collection[Subject]) -> dict[Subject, int]:
    """Count the violations that were found of each subject."""
    rows = (
        Violation.objects.filter(
            tenant_id=tenant_id, state=FOUND, subject_id__in={each[1] for each in subjects}
        )
        .values_list("subject_kind", "subject_id")
        .annotate(count=Count("id"))
    )
    return {(kind, subject_id): count for kind, subject_id, count in rows}


def priorities(tenant_id: str, violations: Sequence[Violation], now: datetime) -> list[Priority]:
    """Return how urgent each violation is, in the order given.

    The violations come with items, turns and protections looked up beforehand.
    """
    table = weights(day_of(now))
    repeats = found_before(tenant_id, {each.subject for each in violations})
    return [_priority(each, repeats.get(each.subject, 0), table, now) for each in violations]


def _priority(
    violation: Violation, repeats: int, table: dict[str, Weight], now: datetime
) -> Priority:
    amounts = {
        SEVERITY: violation.severity,
        AGE: max(0, (day_of(now) - day_of(violation.reported_at)).days),
        STAKE: violation.at_stake_fen // FEN_PER_YUAN,
        HARM: int(_harmed(violation)),
        REPEAT: repeats,
        ANSWERED: int(waits_for_a_person(violation)),
    }
    return Priority(
        tuple(
            Part(name, amounts[name], table[name].points(amounts[name]), table[name])
            for name in PARTS
        )
    )


def _harmed(violation: Violation) -> bool:
    return any(
        bool(each.facts.get("harm")) or bool(each.facts.get("loss_fen"))
        for each in violation.items.all()
    )


def waits_for_a_person(violation: Violation) -> bool:
    """Tell whether the party has spoken, or let its turn pass, and nobody has gone on since.

    What it says to a protective measure counts while the measure lasts.
    """
    if any(each.said_at and each.closed_at is None for each in violation.protections.all()):
        return True
    turns = sorted(violation.turns.all(), key=lambda each: each.round)
    if not turns:
        return False
    last = turns[-1]
    return (last.answered_at or last.lapsed_at) is not None and last.replied_at is None
