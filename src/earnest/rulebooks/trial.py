"""The trial of an amendment: what was decided before it must be decided alike after it.

The facts are those of the base edition's golden cases, and many more made from them: every number
moved to an edge that stands in the pack, every day to a day near one, lists longer and shorter.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from earnest.authoring.source import files_of
from earnest.kernel.errors import EarnestError
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.preserved import Amending

SEED = 6_240_317
SAMPLES_PER_DECISION = 200
KEPT = 0.4  # how often a value of a case stays as it is
LISTS_CHANGED = 0.25
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Unlike:
    """Facts dated before an amendment that it would decide otherwise."""

    decision: str
    facts: Facts
    before: str
    after: str


@dataclass(frozen=True)
class Trial:
    """What a trial found.

    Attributes:
        run: how many sets of facts were decided by both texts.
        unlike: those decided otherwise.
        untried: decisions whose steps changed and that no golden case tries.
    """

    run: int
    unlike: tuple[Unlike, ...]
    untried: tuple[str, ...]


@lru_cache(maxsize=16)
def trial_run(base: Pack, new: Pack, amending: Amending) -> Trial:
    """Decide the base's cases and a seeded sample of like facts by both texts, and compare.

    Takes: ``new`` is the text as it would be announced. Only facts all of whose days lie before
    the amendment are tried.
    """
    steps_before, steps_after = _logic(base), _logic(new)
    changed = {name for name in base.decisions if steps_before(name) != steps_after(name)}
    tried: set[str] = set()
    unlike: list[Unlike] = []
    run = 0
    for decision, facts in facts_before(base, amending.since):
        tried.add(decision)
        run += 1
        before, after = _decided(base, decision, facts), _decided(new, decision, facts)
        if isinstance(before, str) or _same(before, after):
            continue  # facts that never fitted prove nothing
        # Rules reach days after the facts' own (a term that ends later), and there the new act
        # may speak, as long as the way of computing is the old one.
        if decision not in changed and _cites(after, amending.acts):
            continue
        unlike.append(Unlike(decision, facts, _said(before), _said(after)))
    return Trial(run, tuple(unlike), tuple(sorted(changed - tried)))


def facts_before(base: Pack, day: date, seed: int = SEED) -> Iterator[tuple[str, Facts]]:
    """Yield decisions with facts dated before a day: the pack's own cases, then made ones."""
    cases: dict[str, list[Facts]] = {}
    for case in base.cases:
        if case.decision in base.decisions:
            cases.setdefault(case.decision, []).append(case.facts)
            if all(each < day for each in _days(case.facts)):
                yield case.decision, case.facts
    dice = random.Random(seed)  # noqa: S311 - a sample that can be drawn again, no secret
    pools = _Pools(base, day, dice)
    for decision, known in cases.items():
        for _ in range(SAMPLES_PER_DECISION):
            yield decision, pools.facts(dice.choice(known))


class _Pools:
    """Numbers, days and texts that stand in a pack, to make facts of."""

    def __init__(self, pack: Pack, day: date, dice: random.Random) -> None:
        self._dice = dice
        self._last = day - timedelta(days=1)
        numbers, texts = {0, 1}, {"unknown"}
        days = {pack.in_force_from(), self._last}
        for parameter in pack.parameters.values():
            for dated in parameter.values:
                days.add(dated.since)
                if isinstance(dated.value, int):
                    numbers.add(int(dated.value))
        for table in pack.tables.values():
            for edition in table.editions:
                days.add(edition.since)
                for cell in (cell for row in edition.rows for cell in row.cells):
                    numbers |= {each for each in (cell.low, cell.high) if isinstance(each, int)}
                    texts |= {each for each in cell.values if isinstance(each, str)}
        for case in pack.cases:
            days |= set(_days(case.facts))
        self._numbers = sorted({n + step for n in numbers for step in (-1, 0, 1)})
        self._texts = sorted(texts)
        self._days = sorted(
            {
                each
                for near in days
                for step in (-1, 0, 1)
                if (each := _stepped(near, step)) <= self._last
            }
        ) or [self._last]

    def facts(self, known: Facts) -> Facts:
        """Return facts of the same form as known ones, with other values."""
        return {name: self._other(value) for name, value in known.items()}

    def _other(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._other(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            several = [self._other(each) for each in value]
            if several and self._dice.random() < LISTS_CHANGED:
                several = self._dice.choice(([], several[1:], [*several, self._other(value[0])]))
            return several
        day = _day(value)
        if day is not None:
            keep = day <= self._last and self._dice.random() < KEPT
            return day if keep else self._dice.choice(self._days)
        if self._dice.random() < KEPT:
            return value
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return self._dice.choice([*self._numbers, value - 1, value + 1])
        return self._dice.choice(self._texts) if isinstance(value, str) else value


def _stepped(day: date, days: int) -> date:
    return day + timedelta(days=days) if date.min < day < date.max else day


def _day(value: Any) -> date | None:
    """Return a day, written or not; None for anything else."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and len(value) == len("2026-01-05"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None


def _days(value: Any) -> Iterator[date]:
    """Yield every day that stands in facts."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _days(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _days(each)
    elif (day := _day(value)) is not None:
        yield day


def _decided(pack: Pack, decision: str, facts: Facts) -> Evaluation | str:
    """Return an evaluation, or the code of why the facts do not even fit."""
    try:
        return pack.evaluate(decision, facts)
    except EarnestError as error:
        return error.problem.code


def _same(before: Evaluation, after: Evaluation | str) -> bool:
    if isinstance(after, str):
        return False
    refusals = [each.refusal.key if each.refusal else "" for each in (before, after)]
    held = {name: after.result.get(name) for name in before.result}
    return refusals[0] == refusals[1] and before.result == held


def _cites(after: Evaluation | str, acts: frozenset[str]) -> bool:
    return not isinstance(after, str) and not acts.isdisjoint(after.instruments)


def _said(decided: Evaluation | str) -> str:
    if isinstance(decided, str):
        return decided
    if decided.refusal is not None:
        return decided.refusal.key
    return ", ".join(f"{name} {value}" for name, value in decided.result.items())


def _logic(pack: Pack) -> Callable[[str], object]:
    """Return how a pack's decisions are computed: their parts in each file, and the choices."""
    files = files_of(pack.text)
    decisions = [each.get("decisions") or {} for each in files]
    choices = [
        {name: each.get("choice") for name, each in (file.get("interpretations") or {}).items()}
        for file in files
    ]
    return lambda name: ([each.get(name) for each in decisions], choices)
