"""Small random packs that use every form of the language, for the two back ends to be compared.

What a pack decides makes no sense; that it loads, and that both back ends say the same of it, is
the point. The same number always gives the same pack.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

INSTRUMENTS = """\
rulebook: generated
instruments:
  - {id: A1, published: 2024-01-01, in_force: 2024-02-01, state: superseded}
  - {id: A2, published: 2025-01-01, in_force: 2025-02-01, state: in_force}
  - {id: A3, published: 2026-01-01, in_force: 2026-02-01, state: draft}
interpretations:
  manner:
    clause: c1
    choice: mild
    options: {mild: {zh: 宽, en: mild}, hard: {zh: 严, en: hard}}
suspensions:
  - {clause: s1, from: 2025-05-01, ends: 2025-06-01, instrument: A2}
  - {clause: s2, from: 2025-04-01, instrument: A2}
windows:
  feast:
    days:
      - {first: 2025-01-28, last: 2025-02-04, clause: w1, instrument: A1}
      - {first: 2025-04-30, last: 2025-05-05, clause: w2, instrument: A2}
calendars:
  work: {first: 2024-12-01, last: 2025-12-31, closed: [2025-01-01, 2025-05-01, 2025-05-02],
         opened: [2025-01-26, 2025-04-27]}
"""
STARTS = (("A1", date(2024, 2, 1)), ("A2", date(2025, 2, 1)), ("A3", date(2026, 2, 1)))
GOODS = ("glass", "iron", "it's", "milk")
NODES = ("food", "food/fresh", "food/fresh/fruit", "home", "home/kitchen")
SORTS = ("small", "large", "other")
SERVICES = ("live", "ads", "mail")
FACTS = {
    "number": "count", "size": "int", "paid_fen": "CNY", "held_fen": "CNY", "part_ppm": "ppm",
    "waited": "days", "term": "months", "cents": "USD", "flag": "bool", "word": "text",
    "branch": "path", "began_on": "date", "ended_on": "date",
}  # fmt: skip
FORMS: dict[str, Any] = {
    "sort": {"one_of": list(SORTS)},
    "goods": {"each": "standards"},
    "leaves": {"each": "trees"},
    "scores": {"series": {"at": "month", "value": "tenths"}},
    "months": {"series": {"at": "month", "value": {"points": "int", "answers": "int"}}},
    "services": {"list": "text"},
    "sizes": {"list": "count"},
    "amounts": {"list": "CNY"},
    "orders": {"records": {"worth": "CNY", "sort_of": "text", "pieces": "count", "late": "bool",
                           "done_on": "date"}},
    "promises": {"records": {"promised": "CNY", "given_on": "date", "kept": "bool"},
                 "at": "given_on"},
}  # fmt: skip
ELEMENTS: dict[str, dict[str, str]] = {
    "goods": {"good": "text", "weight": "count", "price": "CNY", "fragile": "bool"},
    "leaves": {"node": "text", "depth": "count", "fee": "CNY"},
    "scores": {"at": "date", "value": "tenths"},
    "months": {"at": "date", "points": "count", "answers": "count"},
    "services": {"value": "text"},
    "sizes": {"value": "count"},
    "amounts": {"value": "CNY"},
    "orders": {"worth": "CNY", "sort_of": "text", "pieces": "count", "late": "bool",
               "done_on": "date"},
    "promises": {"promised": "CNY", "given_on": "date", "kept": "bool"},
}  # fmt: skip
UNITS = ("count", "CNY", "ppm", "days", "months", "tenths", "USD")
LOOKUPS = {
    "bands": ("({count})", {"fee_fen": "CNY", "points_of": "count", "label": "text"}),
    "steps_of": ("({CNY})", {"part": "ppm", "until": "date"}),
    "grid": ("({text}, {count}, {bool})", {"amount": "CNY", "open": "bool", "grace": "days"}),
    "seasons": ("({date})", {"level": "tenths", "rest": "months"}),
    "standards": ("({text})", {"weight": "count", "price": "CNY", "fragile": "bool"}),
    "trees": ("({path})", {"depth": "count", "fee": "CNY"}),
}
"""Tables, how each is asked, and the kinds of its columns."""


def flow(value: Any) -> str:
    """Write plain data as YAML on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{name}: {flow(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case date():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False)


class Chance:
    """A source of choices; everything random comes from here."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def of(self, options: Sequence[Any]) -> Any:
        """Choose one of several."""
        return self._random.choice(options)

    def some(self, options: Sequence[Any], least: int = 1) -> list[Any]:
        """Choose several, in their order."""
        count = self._random.randint(least, len(options))
        kept = sorted(self._random.sample(range(len(options)), count))
        return [options[place] for place in kept]

    def up_to(self, most: int, least: int = 0) -> int:
        """Choose a whole number."""
        return self._random.randint(least, most)

    def one_in(self, number: int) -> bool:
        """Say yes once in so many times."""
        return self._random.randrange(number) == 0


class Tables:
    """Writes the parameters and the tables, each with one to three editions."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance

    def parameters(self) -> dict[str, Any]:
        """Return one parameter of each kind."""
        values: dict[str, Callable[[], Any]] = {
            "count": lambda: self.chance.of([0, 1, 2, 3, 10, -1]),
            "CNY": lambda: self.chance.of([0, 1, "12.50", 300, "-0.01", 10**12]),
            "ppm": lambda: self.chance.of([0, 5000, "97%", "0.0001%", 1_000_000, -1]),
            "days": lambda: self.chance.of([0, 1, 7, 31, -3]),
            "months": lambda: self.chance.of([0, 1, 6, 12, -1]),
            "tenths": lambda: self.chance.of([65, 70, 75]),
            "USD": lambda: self.chance.of(["9.99", 0, 1000]),
            "text": lambda: self.chance.of([*GOODS, *SORTS]),
            "date": lambda: date(2025, 1, 1) + timedelta(days=self.chance.up_to(365)),
            "bool": lambda: self.chance.of([True, False]),
        }
        return {f"the_{unit.lower()}": self._dated(unit, make) for unit, make in values.items()}

    def _dated(self, unit: str, make: Callable[[], Any]) -> dict[str, Any]:
        values: list[dict[str, Any]] = []
        for act, since in self._starts():
            clause = self.chance.of(["p1"] * 8 + ["s1", "s2"])
            each: dict[str, Any] = {"from": since, "clause": clause, "instrument": act}
            each |= {"unset": True} if self.chance.one_in(25) else {"value": make()}
            values.append(each | self._ends(since))
        return {"unit": unit, "values": values}

    def _starts(self) -> list[tuple[str, date]]:
        """Choose the acts that say something, mostly the first among them."""
        starts = self.chance.some(STARTS)
        return (
            starts if self.chance.one_in(10) else sorted({*starts, STARTS[0]}, key=lambda s: s[1])
        )

    def _ends(self, since: date) -> dict[str, Any]:
        return {"ends": since + timedelta(days=400)} if self.chance.one_in(15) else {}

    def tables(self) -> dict[str, Any]:
        """Return a table of each form."""
        row: dict[str, Callable[[], list[tuple[Any, list[Any]]]]] = {
            "bands": lambda: self._rows(self._ranges("count"), ["CNY", "count", "text"]),
            "steps_of": lambda: self._rows(self._ranges("CNY"), ["ppm", "date"]),
            "grid": self._grid,
            "seasons": lambda: self._rows(self._ranges("date"), ["tenths", "months"]),
            "standards": lambda: self._rows(self._texts(GOODS), ["count", "CNY", "bool"]),
            "trees": lambda: self._rows(self._texts(NODES), ["count", "CNY"]),
        }
        inputs = {
            "bands": {"of": "count"},
            "steps_of": {"of": "CNY"},
            "grid": {"kind_of": "text", "of": "int", "urgent": "bool"},
            "seasons": {"of": "date"},
            "standards": {"good": "text"},
            "trees": {"node": "path"},
        }
        clauses = ["t1", "t2"] * 8 + ["s1", "s2"]
        tables: dict[str, Any] = {}
        for name, (_, outputs) in LOOKUPS.items():
            editions = [
                {"from": since, "instrument": act, **self._ends(since)}
                | {
                    "rows": [
                        {"when": when, "then": then, "clause": self.chance.of(clauses)}
                        for when, then in row[name]()
                    ]
                }
                for act, since in self._starts()
            ]
            tables[name] = {"inputs": inputs[name], "outputs": outputs, "editions": editions}
        return tables

    def _rows(self, cells: list[Any], kinds: list[str]) -> list[tuple[Any, list[Any]]]:
        return [(cell, [self._output(kind) for kind in kinds]) for cell in cells]

    def _output(self, kind: str) -> Any:
        return None if self.chance.one_in(15) else self._value(kind)

    def _grid(self) -> list[tuple[Any, list[Any]]]:
        cells: list[list[Any]] = []
        for sort in self._texts(SORTS, always_rest=True):
            for size in self._ranges("count"):
                urgent = ["any"] if self.chance.one_in(2) else [True, False]
                cells += [[sort, size, each] for each in urgent]
        return self._rows(cells, ["CNY", "bool", "days"])

    def _texts(self, names: Sequence[str], *, always_rest: bool = False) -> list[str]:
        """Return cells of texts, some of them alternatives, mostly with the rest."""
        left = self.chance.some(names, least=2)
        cells = []
        while left:
            taken, left = left[: self.chance.up_to(2, 1)], left[2:]
            cells.append(" | ".join(taken))
        return [*cells, "otherwise"] if always_rest or self.chance.one_in(2) else cells

    def _ranges(self, unit: str) -> list[str]:
        """Return cells that take every number or day exactly once, each written somehow."""
        if self.chance.one_in(12):
            return ["any"]
        if unit == "date":
            days = [date(2025, 1, 31), date(2025, 5, 1), date(2025, 5, 2), date(2026, 1, 1)]
            return self._cut(self.chance.some(days), str, timedelta(days=1))
        edges = self.chance.some([-1, 0, 1, 2, 3, 10, 500, 1250])
        if unit == "CNY":
            return self._cut(edges, lambda fen: f"{'-' * (fen < 0)}{abs(fen) // 100}"
                             f".{abs(fen) % 100:02}", 1)  # fmt: skip
        return self._cut(edges, str, 1)

    def _cut(self, edges: list[Any], write: Callable[[Any], str], one: Any) -> list[str]:
        say, first, last = write, edges[0], edges[-1]
        cells = [self.chance.of([f"< {say(first)}", f"<= {say(first - one)}"])]
        for low, high in pairwise(edges):
            forms = [
                f"[{say(low)}, {say(high)})",
                f"[{say(low)}, {say(high - one)}]",
                f"({say(low - one)}, {say(high)})",
                f"({say(low - one)}, {say(high - one)}]",
            ]
            cells.append(say(low) if high == low + one else self.chance.of(forms))
        return [*cells, self.chance.of([f">= {say(last)}", f"> {say(last - one)}"])]

    def _value(self, kind: str) -> Any:
        """Return what a row gives in a column; seldom nothing, so that who needs it is refused."""
        if self.chance.one_in(40):
            return None
        options: dict[str, list[Any]] = {
            "CNY": [0, 1, "2.50", 100, "-3"],
            "count": [0, 1, 2, 7, -2],
            "text": [*GOODS, "none"],
            "ppm": [0, "0.5%", 250_000, "100%"],
            "date": [date(2025, 1, 31), date(2024, 2, 29), date(2025, 12, 31)],
            "bool": [True, False],
            "days": [0, 3, 15],
            "tenths": [65, 70],
            "months": [0, 1, 6],
        }
        return self.chance.of(options[kind])
