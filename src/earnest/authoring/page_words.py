"""The parts that a rulebook's page is made of, and how values and cells are said in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from earnest.authoring.telling import Language, Teller
from earnest.policy import Pack
from earnest.policy.cells import Cell
from earnest.policy.decision import DecisionSpec
from earnest.policy.editions import D, in_force
from earnest.policy.explain import show_value
from earnest.policy.kinds import CURRENCIES, WORDS, Kind
from earnest.policy.shape import Words

_ANY = {"zh": "任何", "en": "any"}
_OTHERWISE = {"zh": "其余", "en": "all others"}
_BELOW = {"zh": "低于 {}", "en": "below {}"}
_FROM = {"zh": "{} 及以上", "en": "{} or more"}
_BETWEEN = {"zh": "{} 至不满 {}", "en": "{} to below {}"}
_DAY_BELOW = {"zh": "{} 之前", "en": "before {}"}
_DAY_FROM = {"zh": "{} 起", "en": "from {} on"}
_DAY_BETWEEN = {"zh": "{} 至 {}", "en": "{} to {}"}
_COMMA = {"zh": "、", "en": ", "}
_ASIDE = {"zh": "（{}）", "en": " ({})"}
A_DAY = timedelta(days=1)


def _fact_kinds(decision: DecisionSpec) -> dict[str, Kind]:
    """Return the kinds of a decision's facts, and of the fields of those with several elements."""
    kinds: dict[str, Kind] = {}
    for name, fact in decision.facts.items():
        if fact.collection is None:
            kinds[name] = fact.kind
        else:
            kinds |= fact.collection.fields
    return kinds


@dataclass(frozen=True)
class Grid:
    """A table of the document."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Part:
    """A paragraph of the document.

    Attributes:
        name: the clause, decision, choice or parameter that it is about, by its name in the pack.
        clause: the clause on which it rests.
        heading: what stands in front, in bold.
        words: the sentence.
        marks: remarks such as "sample", "suspended", "judged by people".
        lines: values and steps, one a line.
        grids: tables.
    """

    name: str = ""
    clause: str = ""
    heading: str = ""
    words: str = ""
    marks: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()


class Reader:
    """A pack read on one day in one language: its names, values and cells in words."""

    def __init__(self, pack: Pack, on: date, language: Language) -> None:
        self.pack = pack
        self.on = on
        self.language: Language = language

    @cached_property
    def _titles(self) -> dict[str, Words]:
        titles = dict(self.pack.texts)
        for elements in (self.pack.parameters, self.pack.tables, self.pack.windows):
            titles |= {name: each.title for name, each in elements.items() if each.title}
        return titles

    @cached_property
    def choices(self) -> dict[str, str]:
        """The options in use, by interpretation."""
        named = self.pack.interpretations.items()
        return {name: each.choice for name, each in named if each.options}

    def name(self, name: str) -> str:
        """Return how a name is called for readers; itself where nothing else is said."""
        words = self._titles.get(name)
        return words.get(self.language) if words else name

    @cached_property
    def published_later(self) -> frozenset[str]:
        """The acts that nobody could know of on the day."""
        return frozenset(each.id for each in self.pack.instruments if each.published > self.on)

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """The words for the currencies of the book, in the order of their first use."""
        pack = self.pack
        kinds = [each.kind for each in pack.parameters.values()]
        for table in pack.tables.values():
            kinds += [*table.inputs.values(), *table.outputs.values()]
        for decision in pack.decisions.values():
            kinds += _fact_kinds(decision).values()
        used = dict.fromkeys(each.unit for each in kinds if each.unit in CURRENCIES)
        # An amount of nothing, without the amount, is the word.
        return tuple(self.value(0, WORDS[each]).partition(" ")[2] for each in used if each)

    def teller(self, decision: str, titles: Mapping[str, Words]) -> Teller:
        """Return what tells a decision's expressions; ``titles`` are those of its steps."""

        def name(name: str) -> str:
            return titles[name].get(self.language) if name in titles else self.name(name)

        return Teller(self.language, name, self.name, self.choices, self._kinds(decision))

    def _kinds(self, decision: str) -> dict[str, Kind]:
        """Return the kinds of the names that a decision's expressions can use."""
        pack, spec = self.pack, self.pack.decisions[decision]
        kinds: dict[str, Kind] = {}
        for table in pack.tables.values():
            kinds |= table.outputs
        kinds |= {name: each.kind for name, each in pack.parameters.items()}
        kinds |= {step.name: step.node.kind for step in spec.steps}
        return kinds | _fact_kinds(spec)

    def in_force(self, editions: Sequence[D]) -> D | None:
        """Return the edition in force on the day."""
        return in_force(editions, self.on)

    def value(self, value: Any, kind: Kind) -> str:
        """Return a value with its unit."""
        return show_value(value, kind, self.language, self.pack.texts)

    def cell(self, cell: Cell, kind: Kind) -> str:
        """Return what a cell of a table accepts."""
        if cell.anything:
            return _ANY[self.language]
        if cell.otherwise:
            return _OTHERWISE[self.language]
        if cell.values:
            return _COMMA[self.language].join(self.value(each, kind) for each in cell.values)
        days = kind.name == "date"
        low = None if cell.low is None else self.value(cell.low, kind)
        high = None if cell.high is None else self.value(cell.high, kind)
        if low is None:
            return (_DAY_BELOW if days else _BELOW)[self.language].format(high)
        if high is None:
            return (_DAY_FROM if days else _FROM)[self.language].format(low)
        if cell.high == (cell.low + A_DAY if days else cell.low + 1):
            return low
        if days:
            return _DAY_BETWEEN[self.language].format(low, self.value(cell.high - A_DAY, kind))
        return _BETWEEN[self.language].format(low, high)

    def comma(self, parts: Iterable[str]) -> str:
        """Return parts in a row."""
        return _COMMA[self.language].join(parts)

    def aside(self, parts: Iterable[str]) -> str:
        """Return parts in brackets, to stand behind a word; nothing when there are none."""
        said = self.comma(part for part in parts if part)
        return _ASIDE[self.language].format(said) if said else ""
