"""By what differences are told apart: categories, tiers of the live edition, and given columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from earnest.kernel.errors import BadInput
from earnest.policy import Pack
from earnest.policy.nodes import Lookup, Value, walk
from earnest.policy.tables import Table
from earnest.whatif.effects import quoted

PERIOD_DIMENSION: Final = "period"


@dataclass(frozen=True)
class Dimension:
    """A way to tell rows apart.

    A row holds a short code instead of its value: grouping a million rows by numbers costs next to
    nothing. Of a column the code is its hash, 64 bits wide, and an example row has the value.

    Attributes:
        name: a column of the facts, or a table of the rulebook.
        code: the SQL of a row's code.
        tiers: the texts that the codes stand for; empty for a column.
        several: a value is a list, and a row counts in each of its elements.
    """

    name: str
    code: str
    tiers: tuple[str, ...] = ()
    several: bool = False


def dimensions_of(live: Pack, decision: str) -> tuple[str, ...]:
    """Return the dimensions that follow from a decision's facts: its texts, and its tiers."""
    facts = live.decisions[decision].facts
    texts = [name for name, fact in facts.items() if fact.kind.name == "text" and _plain(fact)]
    return tuple(dict.fromkeys((*texts, *(table.name for table, _ in _tiers(live, decision)))))


def _plain(fact: Any) -> bool:
    """Tell whether a fact is one value, or texts that are looked up in a table."""
    return fact.collection is None or fact.collection.table is not None


def dimensions_named(
    connection: Any, live: Pack, decision: str, *, facts_table: str, names: Sequence[str]
) -> tuple[Dimension, ...]:
    """Return dimensions by name, for a table of facts.

    Raises:
        BadInput: a name is neither a column of the facts nor a tier of the decision.
    """
    described = connection.execute(f"DESCRIBE {quoted(facts_table)}").fetchall()
    types = {row[0]: str(row[1]) for row in described}
    tiers = {table.name: (table, fact) for table, fact in _tiers(live, decision)}
    found: list[Dimension] = []
    for name in names:
        if name in types:
            several = types[name].endswith("[]")
            found.append(Dimension(name, f"hash({quoted(name)})", several=several))
        elif name in tiers:
            table, fact = tiers[name]
            found.append(_tier(live, decision, table=table, fact=fact))
        else:
            raise BadInput(
                "unknown_dimension", where=name,
                zh=f"事实表没有 {name!r} 这一列，{decision} 也没有这样的档位表",
                en=f"the facts have no column {name!r}, and {decision} has no tiers of that name",
            )  # fmt: skip
    return tuple(found)


def _tiers(live: Pack, decision: str) -> Iterator[tuple[Table, str]]:
    """Yield each table that sorts a number among the facts into ranges, with the fact's name."""
    spec = live.decisions[decision]
    for step in spec.steps:
        for node in walk(step.node):
            if isinstance(node, Lookup) and len(node.operands) == 1 and node.table.editions:
                operand = node.operands[0]
                numeric = [kind.name for kind in node.table.inputs.values()] == ["int"]
                if numeric and isinstance(operand, Value) and operand.name in spec.facts:
                    yield node.table, operand.name


def _tier(live: Pack, decision: str, *, table: Table, fact: str) -> Dimension:
    """Tell rows apart by the row, as it is written, that a fact falls into on its governing day."""
    governing, value = quoted(live.decisions[decision].governed_by), quoted(fact)
    editions: list[str] = []
    said: dict[str, int] = {}
    for edition in reversed(table.editions):
        rows: list[str] = []
        for row in edition.rows:
            cell = row.cells[0]
            tests = [f"{value} >= {cell.low}"] if cell.low is not None else []
            tests += [f"{value} < {cell.high}"] if cell.high is not None else []
            place = said.setdefault(cell.text, len(said))
            rows.append(f"WHEN {' AND '.join(tests) or 'TRUE'} THEN {place}")
        inner = f"CASE {' '.join(rows)} END"
        editions.append(f"WHEN {governing} >= DATE '{edition.since}' THEN {inner}")
    return Dimension(table.name, f"CASE {' '.join(editions)} END", tuple(said))
