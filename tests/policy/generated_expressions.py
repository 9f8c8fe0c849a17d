"""Random expressions of every kind and function, and the decisions made of them."""

from typing import Any

from tests.policy.generated import (
    ELEMENTS,
    FACTS,
    FORMS,
    GOODS,
    INSTRUMENTS,
    LOOKUPS,
    NODES,
    SERVICES,
    SORTS,
    UNITS,
    Chance,
    Tables,
    flow,
)

NUMBERS = (0, 1, 2, 3, 7, 10, 100, 1250, 10**6, 10**15)
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
ROUNDINGS = ("", "", ", 'down'", ", 'up'", ", 'nearest'")
DEPTH = 3


class Expressions:
    """Writes expressions over the facts of a decision and the steps so far."""

    def __init__(self, chance: Chance, facts: dict[str, Any]) -> None:
        self.chance = chance
        self.names = {name: kind for name, kind in facts.items() if isinstance(kind, str)}
        self.names |= {"sort": "option"} if "sort" in facts else {}
        self.collections = {n: ELEMENTS[n] for n, form in facts.items() if n in ELEMENTS and form}
        self._element: dict[str, str] = {}

    def of(self, kind: str, depth: int = DEPTH) -> str:
        """Write an expression of a kind."""
        if depth <= 0 or self.chance.one_in(6):
            return self._leaf(kind)
        if self.chance.one_in(7):
            inner = [self.of(kind, depth - 1), self._bool(depth - 1), self.of(kind, depth - 1)]
            return f"({inner[0]} if {inner[1]} else {inner[2]})"
        if self.chance.one_in(5):
            found = self._looked_up(kind, depth - 1)
            if found is not None:
                return found
        if kind == "bool":
            return self._bool(depth)
        if kind in ("text", "path"):
            return self._leaf(kind)
        return self._day(depth) if kind == "date" else self._number(kind, depth)

    def _leaf(self, kind: str) -> str:
        known = {**self.names, **self._element}
        names = [name for name, each in known.items() if self._is(each, kind)]
        parameter = "the_" + ("count" if kind == "int" else kind.lower())
        if kind != "path" and (not names or self.chance.one_in(3)):
            names = [parameter]
        if self.chance.one_in(3) or not names:
            literals: dict[str, tuple[Any, ...]] = {
                "bool": (True, False),
                "text": (*GOODS, *SORTS, *SERVICES, "nobody"),
                "path": (*NODES, "food/frozen", "homes", "toys"),
            }
            if kind in literals:
                return repr(self.chance.of(literals[kind]))
            if kind != "date":
                return str(self.chance.of(NUMBERS))
        return str(self.chance.of(names or ["began_on"]))

    @staticmethod
    def _is(kind: str, wanted: str) -> bool:
        return kind == wanted or {kind, wanted} == {"int", "count"}

    def _looked_up(self, kind: str, depth: int) -> str | None:
        columns = [
            (table, column)
            for table, (_, outputs) in LOOKUPS.items()
            for column, each in outputs.items()
            if self._is(each, kind)
        ]
        if not columns:
            return None
        table, column = self.chance.of(columns)
        asked = LOOKUPS[table][0]
        for each in ("count", "CNY", "text", "bool", "date", "path"):
            given = self.of(each, depth - 1)
            if each == "text" and "sort" in self.names and self.chance.one_in(2):
                given = "sort"
            asked = asked.replace(f"{{{each}}}", given)
        return f"{table}{asked}.{column}"

    def _number(self, unit: str, depth: int) -> str:
        one = self.of(unit, depth - 1)
        rounding = self.chance.of(ROUNDINGS)
        forms: list[Any] = [
            lambda: f"({one} {self.chance.of('+-')} {self.of(unit, depth - 1)})",
            lambda: f"({one} * {self.of('count', depth - 1)})",
            lambda: f"(-{one})",
            lambda: f"{self.chance.of(['max', 'min'])}({one}, {self.of(unit, depth - 1)})",
            lambda: f"clamp({one}, {self.of(unit, depth - 1)}, {self.of(unit, depth - 1)})",
            lambda: f"share({one}, {self.of('ppm', depth - 1)}{rounding})",
            lambda: f"prorate({one}, {self._two(depth)}{rounding})",
            lambda: f"round_to({one}, {self.of(unit, depth - 1)}{rounding})",
            lambda: self._aggregate(unit, depth) or one,
            lambda: self._aggregate(unit, depth) or one,
            lambda: self._aggregate(unit, depth) or one,
        ]
        if unit == "ppm":
            forms += [lambda: f"rate({self._two(depth)}{rounding})"] * 3
        if unit in ("days", "months"):
            days = (self._day(depth - 1), self._day(depth - 1))
            forms += [lambda: f"{unit}_between({days[0]}, {days[1]})"] * 3
        if unit == "days":
            forms += [lambda: f"workdays_between({days[0]}, {days[1]}, work)"] * 2
        if unit == "count":
            forms += [lambda: f"month_of({self._day(depth - 1)})"]
        return str(self.chance.of(forms)())

    def _two(self, depth: int) -> str:
        unit = self.chance.of(UNITS)
        return f"{self.of(unit, depth - 2)}, {self.of(unit, depth - 2)}"

    def _aggregate(self, unit: str, depth: int) -> str | None:
        """Write a function over elements; inside, the element's values can be used."""
        if self._element or not self.collections:
            return None
        name = self.chance.of(list(self.collections))
        outside = self.of(unit, depth - 2)
        self._element = self.collections[name]
        value, condition = self.of(unit, depth - 2), self._bool(depth - 2)
        counted = self._bool(depth - 2)
        group = self.of(self.chance.of(["text", "count", "bool", "date"]), depth - 2)
        self._element = {}
        forms = [
            f"highest({name}, {value}, {condition}, {outside})",
            f"lowest({name}, {value}, {condition}, {outside})",
            f"{self.chance.of(['highest', 'lowest'])}({name}, {value}, {condition})",
            f"{self.chance.of(['highest', 'lowest', 'total'])}({name}, {value})",
            f"total({name}, {value}, {condition})",
            f"sum_of_highest({name}, {value}, {group}, {condition})",
            f"sum_of_highest({name}, {value}, {group})",
        ]
        if unit == "count":
            forms += [f"count({name}, {condition})", f"count({name})"]
            if name in ("scores", "months"):
                forms += [f"consecutive({name}, {condition})"] * 2
                forms += [f"consecutive({name}, {condition}, {counted})"] * 2
        return str(self.chance.of(forms))

    def _day(self, depth: int) -> str:
        if depth <= 0:
            return self._leaf("date")
        one = self.of("date", depth - 1)
        forms: list[Any] = [
            lambda: one,
            lambda: f"add_months({one}, {self.of('months', depth - 1)})",
            lambda: f"add_days({one}, {self.of('days', depth - 1)})",
            lambda: f"add_workdays({one}, {self.of('days', depth - 2)}, work)",
            lambda: f"month_start({one})",
            lambda: f"month_end({one})",
            lambda: f"{self.chance.of(['max', 'min'])}({one}, {self.of('date', depth - 1)})",
        ]
        if not self._element and "orders" in self.collections:
            forms += [lambda: "highest(orders, done_on, late)", lambda: "lowest(orders, done_on)"]
        return str(self.chance.of(forms)())

    def _bool(self, depth: int) -> str:
        if depth <= 0:
            return self._leaf("bool")
        several = [self._bool(depth - 1) for _ in range(self.chance.up_to(3, 2))]
        forms: list[Any] = [
            lambda: "(" + self.chance.of([" and ", " or "]).join(several) + ")",
            lambda: f"{self.chance.of(['all_of', 'any_of'])}({', '.join(several)})",
            lambda: f"(not {several[0]})",
            lambda: f"within({self._day(depth - 1)}, feast)",
            lambda: f"under({self.of('path', 0)}, {self.chance.of(NODES)!r})",
            lambda: "(manner == 'mild')",
            self._option,
            lambda: self._membership(depth),
            *[lambda: self._compared(depth)] * 5,
        ]
        return str(self.chance.of(forms)())

    def _option(self) -> str:
        """Compare a closed list with one of its own texts; any other is refused on loading."""
        if "sort" not in self.names:
            return self._leaf("bool")
        few = [repr(each) for each in self.chance.some(SORTS)]
        return str(self.chance.of([f"(sort != {few[0]})", f"(sort in ({', '.join(few)},))"]))

    def _compared(self, depth: int) -> str:
        kind = self.chance.of([*UNITS, "date", "text", "bool"])
        signs = COMPARISONS if kind not in ("text", "bool") else ("==", "!=")
        sides = [self.of(kind, depth - 1) for _ in range(3 if self.chance.one_in(5) else 2)]
        said, *rest = _possible(sides)
        for each in rest:
            said += f" {self.chance.of(signs)} {each}"
        return f"({said})"

    def _membership(self, depth: int) -> str:
        sign = self.chance.of(["in", "not in"])
        kinds = {"services": "text", "goods": "text", "sizes": "count", "amounts": "CNY"}
        held = [name for name in self.collections if name in kinds]
        if held and self.chance.one_in(2):
            name = self.chance.of(held)
            return f"({self.of(kinds[name], depth - 1)} {sign} {name})"
        kind = self.chance.of(["count", "text", "date", "CNY"])
        options = [self.of(kind, depth - 2) for _ in range(self.chance.up_to(3, 1))]
        asked, *options = _possible([self.of(kind, depth - 1), *options])
        return f"({asked} {sign} ({', '.join(options)},))"


def _possible(sides: list[str]) -> list[str]:
    """Return sides to compare; a text that the other side can never be is refused on loading."""
    closed = [each for each in sides if each == "the_text" or each.endswith(".label")]
    return [closed[0] if closed and each[0] in "'\"" else each for each in sides]


def _decision(chance: Chance) -> dict[str, Any]:
    """Return one decision: facts, perhaps what it applies to, and some steps."""
    facts: dict[str, Any] = {"judged_on": "date"}
    for name in sorted({*chance.some(list(FACTS))[:7], "began_on"}):
        facts[name] = FACTS[name]
    for name in chance.some(list(FORMS))[: chance.up_to(3)]:
        facts[name] = FORMS[name]
    expressions = Expressions(chance, facts)
    decision: dict[str, Any] = {"governed_by": "judged_on", "facts": facts}
    if chance.one_in(3):
        decision["applies"] = {"asked": {"expr": expressions.of("bool", 2), "clause": "c1"}}
    steps: dict[str, Any] = {}
    for number in range(chance.up_to(3, 1)):
        kind = chance.of([*UNITS, *UNITS, "bool", "bool", "text", "date", "date"])
        step: dict[str, Any] = {"expr": _short(expressions, kind)}
        step["clause"] = chance.of(["c1", "c2", "s1", "s2"])
        if step["clause"].startswith("s") and chance.one_in(2):
            step["suspended"] = {"bool": False, "text": "stopped", "date": "2025-05-05"}.get(
                kind, 1
            )
        days = [name for name, each in expressions.names.items() if each == "date"]
        if chance.one_in(4):
            step["governed_by"] = chance.of(days)
        if kind == "bool" and chance.one_in(3):
            step["require"] = True
        name = f"step_{number}"
        steps[name] = step
        expressions.names[name] = kind
    return {**decision, "steps": steps}


def _short(expressions: Expressions, kind: str) -> str:
    """Write an expression short enough for a pack."""
    while True:
        said = expressions.of(kind)
        if len(said) <= 700:
            return said


def pack_text(seed: int, decisions: int) -> str:
    """Return a pack with so many decisions; the same seed gives the same pack."""
    chance = Chance(seed)
    tables = Tables(chance)
    lines = [INSTRUMENTS, "parameters:"]
    lines += [f"  {name}: {flow(each)}" for name, each in tables.parameters().items()]
    lines.append("tables:")
    lines += [f"  {name}: {flow(each)}" for name, each in tables.tables().items()]
    lines.append("decisions:")
    lines += [f"  decision_{number}: {flow(_decision(chance))}" for number in range(decisions)]
    return "\n".join(lines) + "\n"
