"""Clauses that do not apply from a day on, until their end when that is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from earnest.policy.document import Path
from earnest.policy.editions import Calendar, Parameter, Start
from earnest.policy.shape import Suspension as SuspensionShape


@dataclass(frozen=True)
class Suspension:
    """A clause that does not apply from ``since`` on; from ``ends`` on it applies again."""

    clause: str
    since: date
    ends: date | None
    instrument: str

    def holds(self, day: date) -> bool:
        """Tell whether the clause is suspended on a day."""
        return self.since <= day and (self.ends is None or day < self.ends)


@dataclass(frozen=True)
class Suspensions:
    """The suspensions of a book, by clause."""

    by_clause: Mapping[str, tuple[Suspension, ...]] = field(default_factory=dict)

    def on(self, clause: str, day: date) -> Suspension | None:
        """Return the suspension of a clause that holds on a day, or None."""
        return next((each for each in self.of(clause) if each.holds(day)), None)

    def of(self, clause: str) -> tuple[Suspension, ...]:
        """Return every suspension of a clause."""
        return self.by_clause.get(clause, ())


def suspensions_of_clause_of(parameter: Parameter) -> tuple[Suspension, ...]:
    """Return when the clause of a parameter's value does not apply, of each while it is newest."""
    found: list[Suspension] = []
    for index, dated in enumerate(parameter.values):
        first = dated.since if index else date.min
        following = [each.since for each in parameter.values[index + 1 : index + 2]]
        for each in dated.suspensions:
            ends = min([*following, *([each.ends] if each.ends else [])], default=None)
            since = max(each.since, first)
            if ends is None or since < ends:
                found.append(replace(each, since=since, ends=ends))
    return tuple(found)


def compile_suspensions(calendar: Calendar, shapes: Sequence[SuspensionShape]) -> Suspensions:
    """Check the days and acts of the suspensions, and keep those whose act decides."""
    by_clause: dict[str, tuple[Suspension, ...]] = {}
    for index, each in enumerate(shapes):
        path: Path = ("suspensions", index)
        calendar.check_act(each.clause, each.instrument, each.since, (*path, "from"))
        calendar.check_end(each.clause, Start(each.since, each.ends, each.instrument, path))
        if calendar.decides(each.instrument):
            kept = Suspension(each.clause, each.since, each.ends, each.instrument)
            by_clause[each.clause] = (*by_clause.get(each.clause, ()), kept)
    return Suspensions(by_clause)
