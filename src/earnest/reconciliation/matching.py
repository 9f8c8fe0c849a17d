"""What belongs together on both sides, and whether it agrees. Pure: nothing is read or written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal
from uuid import UUID

Outcome = Literal["matched", "day_differs", "amount_differs", "only_institution", "only_books"]
AGREES: Final = frozenset({"matched", "day_differs"})


@dataclass(frozen=True, kw_only=True)
class Movement:
    """A movement of either side.

    Attributes:
        on: the day it counts on.
        amount_fen: what came in is +, what went out is -.
        numbers: every number it can be matched by; never empty.
        our_no, institution_no: what is shown of them; empty where there is none.
    """

    on: date
    amount_fen: int
    numbers: frozenset[str]
    our_no: str
    institution_no: str


@dataclass(frozen=True, kw_only=True)
class Told(Movement):
    """A movement as the institution tells it."""

    line_id: int


@dataclass(frozen=True, kw_only=True)
class Booked(Movement):
    """A movement as our books tell it."""

    transfer_id: UUID


@dataclass
class Group:
    """What goes by one number, on both sides."""

    told: list[Told] = field(default_factory=list)
    booked: list[Booked] = field(default_factory=list)

    @property
    def both(self) -> list[Movement]:
        """The movements of both sides, ours in front."""
        return [*self.booked, *self.told]

    @property
    def numbers(self) -> frozenset[str]:
        """Every number of it."""
        return numbers_of(self.both)

    @property
    def our_no(self) -> str:
        """Our number, as our books know it, else as the institution does."""
        return next((each.our_no for each in self.both if each.our_no), "")

    @property
    def institution_no(self) -> str:
        """The institution's number."""
        return next((each.institution_no for each in self.both if each.institution_no), "")

    @property
    def institution_fen(self) -> int:
        """What the institution moved."""
        return sum(each.amount_fen for each in self.told)

    @property
    def books_fen(self) -> int:
        """What our books moved."""
        return sum(each.amount_fen for each in self.booked)

    @property
    def days(self) -> list[date]:
        """The days on which either side shows something, in order."""
        return sorted({each.on for each in self.both})

    @property
    def outcome(self) -> Outcome:
        """Whether both sides agree, by amount and by day."""
        if not self.booked:
            return "only_institution"
        if not self.told:
            # What was booked and taken back before the institution saw it needs nothing of it.
            return "only_books" if self.books_fen else "matched"
        if self.institution_fen != self.books_fen:
            return "amount_differs"
        same = _by_day(self.told) == _by_day(self.booked)
        return "matched" if same else "day_differs"


def numbers_of(movements: Iterable[Movement]) -> frozenset[str]:
    """Return every number that any of the movements goes by."""
    return frozenset(number for each in movements for number in each.numbers)


def _by_day(movements: Iterable[Movement]) -> Mapping[date, int]:
    days: dict[date, int] = defaultdict(int)
    for each in movements:
        days[each.on] += each.amount_fen
    return {day: fen for day, fen in days.items() if fen}


def grouped(told: Sequence[Told], booked: Sequence[Booked]) -> list[Group]:
    """Return what belongs together: movements that share a number, directly or through others."""
    leaders: dict[str, str] = {}

    def leader(number: str) -> str:
        while leaders.setdefault(number, number) != number:
            leaders[number] = leaders[leaders[number]]
            number = leaders[number]
        return number

    both: list[Movement] = [*told, *booked]
    for each in both:
        first, *others = sorted(each.numbers)
        for other in others:
            leaders[leader(other)] = leader(first)
    groups: dict[str, Group] = defaultdict(Group)
    for line in told:
        groups[leader(min(line.numbers))].told.append(line)
    for entry in booked:
        groups[leader(min(entry.numbers))].booked.append(entry)
    return sorted(groups.values(), key=lambda group: (group.days[0], min(group.numbers)))
