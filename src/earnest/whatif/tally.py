"""Sums over the rows that both rulebooks judged: effects, money, pairs, groups and the gravest."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from earnest.whatif.dimensions import PERIOD_DIMENSION, Dimension
from earnest.whatif.effects import DECIDED, Effect, Restricting, effects_of, quoted, sides, text
from earnest.whatif.judging import COMPARED, Facts, Pairing
from earnest.whatif.outcomes import Money, restricting

SUMMED: Final = "summed"
PAIRS_MAX: Final = 30
GROUPS_MAX: Final = 50
GRAVE: Final = {
    "newly_removed": 5,
    "newly_restricted": 4,
    "newly_unresolved": 3,
    "newly_fined": 2,
    "newly_short": 2,
}
"""Which effects stand before any difference in money when rows are ranked."""


@dataclass(frozen=True)
class EffectCount:
    """How often an effect would occur: rows, parties, and what it comes to in minor units."""

    effect: str
    rows: int
    parties: int
    amount: int | None
    unit: str
    held: bool


@dataclass(frozen=True)
class MoneyChange:
    """An amount on both sides, over the rows that both decide.

    Attributes:
        quantiles: p10, p50, p90 and the largest of the differences that are not 0, by size with
            its sign; None where there are none.
    """

    money: Money
    live: int
    draft: int
    more_rows: int
    more_sum: int
    less_rows: int
    less_sum: int
    quantiles: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class Pair:
    """So many rows that would go from one value to another; None is not decided."""

    live: Any
    draft: Any
    rows: int
    parties: int


@dataclass(frozen=True)
class Group:
    """The rows of one value of a dimension."""

    value: str
    judged: int
    changed: int
    effects: dict[str, int]
    money: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class TopRow:
    """A row in which a grave change would occur."""

    row: Any
    party: str
    period: str
    effects: tuple[str, ...]
    difference: int | None


class Tally:
    """Asks the table ``compared`` for sums."""

    def __init__(self, connection: Any, pairing: Pairing, facts: Facts) -> None:
        self._connection = connection
        self._meaning = pairing.meaning
        self._facts = facts
        self.last = str(self._one("SELECT max(period)")[0] or "") if facts.by_period else ""
        self._effects = effects_of(pairing.meaning, self._restricting(pairing))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {SUMMED} AS {self._summed()}")

    def _summed(self) -> str:
        """Return the sums of each period and each combination of codes, and an example row of it.

        Everything in it adds up, so each way to group is a sum over these few rows. What an effect
        is takes long to say, and is asked of changed rows only.
        """
        keys = [name for name in self._facts.kept if name != "party"]
        zero = dict.fromkeys(self._columns(), "0")
        everybody = {"example": "any_value(subject)", "judged": "count(*)"}
        changed = {"example": "NULL", "changed_rows": "count(*)"}
        for place, money in enumerate(self._meaning.money):
            for side, column in zip(("live", "draft"), sides(money.outcome), strict=True):
                everybody[f"{side}_{place}"] = f"sum({column}) FILTER ({DECIDED})"
        for place, effect in enumerate(self._effects):
            changed[f"effect_{place}"] = f"count(*) FILTER ({effect.condition})"
        parts = []
        for sums, rows in ((everybody, "TRUE"), (changed, "changed")):
            said = ", ".join(f"{sql} AS {name}" for name, sql in {**zero, **sums}.items())
            parts.append(
                f"SELECT {', '.join((*keys, said))} FROM {COMPARED} "  # noqa: S608 - our names
                f"WHERE {rows} GROUP BY ALL"
            )
        return " UNION ALL ".join(parts)

    def _columns(self) -> list[str]:
        """Return the names of the sums, as :meth:`_group` reads them."""
        effects = [f"effect_{place}" for place in range(len(self._effects))]
        money = [f"{s}_{p}" for p in range(len(self._meaning.money)) for s in ("live", "draft")]
        return ["judged", "changed_rows", *effects, *money]

    def _one(self, select: str, rest: str = "") -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(
            f"{select} FROM {COMPARED} {rest}"
        ).fetchone()
        return row

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(query).fetchall()
        return rows

    def _restricting(self, pairing: Pairing) -> Restricting:
        """Ask each rulebook which of the states that it gave restrict something."""
        if self._meaning.sort != "measure":
            return Restricting()
        on = self._one("SELECT max(governing_on)")[0] or date.max
        found = []
        for pack, column in zip(
            (pairing.live, pairing.draft), sides(self._meaning.state), strict=True
        ):
            rows = self._all(f"SELECT DISTINCT {column} FROM {COMPARED}")  # noqa: S608 - ours
            found.append(restricting(pack, [row[0] for row in rows if row[0] is not None], on))
        return Restricting(*found)

    def _distinct(self, condition: str) -> str:
        """Count parties; where each row is a party of its own, counting rows is the same."""
        count = f"count(DISTINCT {self._facts.whom})" if self._facts.by_party else "count(*)"
        return f"{count} FILTER ({condition})"

    def _over(self, *, held: bool) -> str:
        """Return which rows count: amounts held at a moment only those of the last period."""
        return f"period = {text(self.last)}" if held and self.last else "TRUE"

    def totals(self) -> tuple[int, int, int, int]:
        """Return judged rows and parties, changed rows and parties."""
        row = self._one(
            f"SELECT count(*), {self._distinct('TRUE')}, count(*) FILTER (changed), "
            f"{self._distinct('changed')}"
        )
        return row[0], row[1], row[2], row[3]

    def effect_counts(self) -> tuple[EffectCount, ...]:
        """Return how often each effect would occur."""
        columns: list[str] = []
        for each in self._effects:
            condition = f"({each.condition}) AND {self._over(held=each.held)}"
            amount = f"sum({each.amount}) FILTER ({condition})" if each.amount else "NULL"
            columns += [f"count(*) FILTER ({condition})", self._distinct(condition), amount]
        row = self._one(f"SELECT {', '.join(columns)}", "WHERE changed")
        return tuple(
            EffectCount(
                each.name,
                rows=row[3 * place],
                parties=row[3 * place + 1],
                amount=int(row[3 * place + 2] or 0) if each.amount else None,
                unit=each.unit,
                held=each.held,
            )
            for place, each in enumerate(self._effects)
        )

    def money(self, money: Money) -> MoneyChange:
        """Return the sums of an amount on both sides, and how its differences lie.

        Of two differences as large, the one upwards is the largest.
        """
        place, over = self._meaning.money.index(money), self._over(held=money.held)
        live, draft = sides(money.outcome)
        d = f"({draft} - {live})"
        sums = self._all(
            f"SELECT sum(live_{place}), sum(draft_{place}) FROM {SUMMED} WHERE {over}"  # noqa: S608 - our names
        )[0]
        *counts, quantiles, largest = self._one(
            f"SELECT count(*) FILTER ({d} > 0), sum({d}) FILTER ({d} > 0), "
            f"count(*) FILTER ({d} < 0), sum({d}) FILTER ({d} < 0), "
            f"quantile_disc({d}, [0.1, 0.5, 0.9]), "
            f"arg_max({d}, 2 * abs({d}) + CAST({d} > 0 AS INT))",
            f"WHERE changed AND {DECIDED} AND {d} <> 0 AND {over}",
        )
        figures = [int(each or 0) for each in (*sums, *counts)]
        return MoneyChange(
            money=money,
            live=figures[0],
            draft=figures[1],
            more_rows=figures[2],
            more_sum=figures[3],
            less_rows=figures[4],
            less_sum=figures[5],
            quantiles=_quantiles(quantiles, largest),
        )

    def pairs(self) -> dict[str, tuple[Pair, ...]]:
        """Return old and new values of the headline and of the state, the most frequent first."""
        held = {each.outcome for each in self._meaning.money if each.held}
        wanted = dict.fromkeys((self._meaning.headline, self._meaning.state))
        return {
            outcome: self._pairs_of(outcome, held=outcome in held) for outcome in wanted if outcome
        }

    def _pairs_of(self, outcome: str, *, held: bool) -> tuple[Pair, ...]:
        live, draft = sides(outcome)
        rows = self._all(
            f"SELECT {live}, {draft}, count(*), {self._distinct('TRUE')} FROM {COMPARED} "  # noqa: S608 - ours
            f"WHERE {live} IS DISTINCT FROM {draft} AND {self._over(held=held)} "
            f"GROUP BY 1, 2 ORDER BY 3 DESC, 1 NULLS FIRST, 2 NULLS FIRST LIMIT {PAIRS_MAX}"
        )
        return tuple(Pair(*row) for row in rows)

    def by(self) -> dict[str, tuple[Group, ...]]:
        """Return the groups of each dimension, the period first."""
        found: dict[str, tuple[Group, ...]] = {}
        if self._facts.by_period:
            sums = ", ".join(f"sum({name})" for name in self._columns())
            rows = self._all(f"SELECT period, {sums} FROM {SUMMED} GROUP BY 1 ORDER BY 1")  # noqa: S608 - our names
            found[PERIOD_DIMENSION] = tuple(self._group(row) for row in rows)
        for place, dimension in enumerate(self._facts.dimensions):
            found[dimension.name] = self._groups(f"by_{place}", dimension)
        return found

    def _groups(self, code: str, dimension: Dimension) -> tuple[Group, ...]:
        """Add up by code, and only then put the values in."""
        if dimension.tiers:
            tiers = ", ".join(text(each) for each in dimension.tiers)
            value = f"list_extract([{tiers}], CAST(code AS INT) + 1)"
            named = ""
        else:
            column = f"named.{quoted(dimension.name)}"
            value = f"unnest({column})" if dimension.several else column
            named = (
                f"LEFT JOIN {quoted(self._facts.table)} AS named ON named.subject = found.example"
            )
        added = ", ".join(f"sum({name}) AS {name}" for name in self._columns())
        taken = ", ".join(f"found.{name}" for name in self._columns())
        rows = self._all(
            f"SELECT value, {added} FROM (SELECT {value} AS value, {taken} FROM ("  # noqa: S608 - our names
            f"SELECT {code} AS code, any_value(example) AS example, {self._at_the_end()} "
            f"FROM {SUMMED} GROUP BY 1) AS found {named}) GROUP BY 1 "
            f"ORDER BY changed_rows DESC, judged DESC, 1 LIMIT {GROUPS_MAX}"
        )
        return tuple(self._group(row) for row in rows)

    def _at_the_end(self) -> str:
        """Return the sums of a group; of amounts held at a moment, those of the last period."""
        held = {f"effect_{place}" for place, each in enumerate(self._effects) if each.held}
        for place, each in enumerate(self._meaning.money):
            held |= {f"live_{place}", f"draft_{place}"} if each.held else set()
        return ", ".join(
            f"sum({name}) FILTER ({self._over(held=name in held)}) AS {name}"
            for name in self._columns()
        )

    def _group(self, row: tuple[Any, ...]) -> Group:
        found = (int(each or 0) for each in row[3:])
        counts = dict(zip((each.name for each in self._effects), found, strict=False))
        sums = [int(each or 0) for each in row[3 + len(self._effects) :]]
        return Group(
            value=str(row[0]) if row[0] is not None else "",
            judged=int(row[1]),
            changed=int(row[2]),
            effects={name: count for name, count in counts.items() if count},
            money={
                money.outcome: (sums[2 * place], sums[2 * place + 1])
                for place, money in enumerate(self._meaning.money)
            },
        )

    def top(self, limit: int) -> tuple[TopRow, ...]:
        """Return the gravest rows, one a party."""
        weighed = self._meaning.weighed
        live, draft = sides(weighed.outcome) if weighed else ("NULL", "NULL")
        period = "period" if self._facts.by_period else "NULL"
        whom = self._facts.whom
        order = f"grave DESC, abs(difference) DESC NULLS LAST, {whom}, month DESC"
        one_each = (
            f"QUALIFY row_number() OVER (PARTITION BY {whom} ORDER BY {order}) = 1"
            if self._facts.by_party
            else ""
        )
        rows = self._all(
            f"SELECT subject, CAST({whom} AS VARCHAR), {period} AS month, "  # noqa: S608 - our names
            f"{draft} - {live} AS difference, {self._graveness()} AS grave, {self._names()} "
            f"FROM {COMPARED} WHERE changed {one_each} ORDER BY {order} LIMIT {limit}"
        )
        return tuple(
            TopRow(
                row=row[0],
                party=row[1],
                period=str(row[2] or ""),
                effects=tuple(name for name in row[5] if name),
                difference=None if row[3] is None else int(row[3]),
            )
            for row in rows
        )

    def _graveness(self) -> str:
        grave = [
            f"WHEN {each.condition} THEN {GRAVE[each.name]}"
            for each in sorted(self._effects, key=_graveness_of)
            if each.name in GRAVE
        ]
        return f"CASE {' '.join(grave)} ELSE 1 END" if grave else "1"

    def _names(self) -> str:
        """Return the SQL of the list of effects that a row shows."""
        said = (f"CASE WHEN {each.condition} THEN '{each.name}' END" for each in self._effects)
        return f"[{', '.join(said)}]"


def _quantiles(quantiles: list[Any] | None, largest: Any) -> tuple[int, int, int, int] | None:
    if quantiles is None:
        return None
    p10, p50, p90 = (int(each) for each in quantiles)
    return p10, p50, p90, int(largest)


def _graveness_of(effect: Effect) -> int:
    return -GRAVE.get(effect.name, 0)
