"""One decision of a draft, from a table of facts to its part of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from earnest.policy import Pack
from earnest.policy.facts import FactSpec
from earnest.whatif.beyond import changed_elements, elements_used
from earnest.whatif.checking import Both, evaluated, sample
from earnest.whatif.comparison import PopulationChange, pairing_of, population_change
from earnest.whatif.dimensions import dimensions_named, dimensions_of
from earnest.whatif.effects import quoted, sides
from earnest.whatif.facts import READING, SOURCE
from earnest.whatif.judging import COMPARED, PARTY, Facts, Pairing, compared_make, facts_in
from earnest.whatif.outcomes import GONE
from earnest.whatif.report import Basis, DecisionChange, Remark, TopSubject
from earnest.whatif.tally import TopRow
from earnest.whatif.words import called

GIVEN: Final = "given"
PARTIES: Final = "parties"


@dataclass(frozen=True)
class Readings:
    """Both rulebooks as they judge everybody, and as they judge parties that objected.

    Attributes:
        packs: (live, draft) by number; number 0 is everybody's.
        of_party: the number of each party that is judged by another reading.
    """

    packs: tuple[tuple[Pack, Pack], ...]
    of_party: Mapping[str, int] = field(default_factory=dict)

    @property
    def live(self) -> Pack:
        """The edition in force."""
        return self.packs[0][0]

    @property
    def draft(self) -> Pack:
        """Its draft."""
        return self.packs[0][1]


@dataclass(frozen=True)
class Asked:
    """How a decision's facts are looked at.

    Attributes:
        table: the table of facts.
        by: columns of it by which differences are told apart, beside what the decision itself says.
        over: what the facts span, such as ``2025-01..2025-12``.
        top: how many of the gravest subjects to show.
    """

    table: str
    by: tuple[str, ...]
    over: str
    top: int


def why_not(readings: Readings, decision: str) -> Remark | None:
    """Say why a decision cannot be judged by both rulebooks, or None."""
    ours, theirs = (pack.decisions.get(decision) for pack in readings.packs[0])
    if ours is None:
        return Remark(
            decision, "not_in_live",
            zh="现行版本没有这个判定，无从比较",
            en="the edition in force has no such decision, so there is nothing to compare",
        )  # fmt: skip
    if theirs is None:
        return Remark(
            decision, "not_in_draft",
            zh="草案没有这个判定，无从比较",
            en="the draft has no such decision, so there is nothing to compare",
        )  # fmt: skip
    new = [
        name
        for name, fact in theirs.facts.items()
        if name not in ours.facts or _form(fact) != _form(ours.facts[name])
    ]
    if new:
        return Remark(
            decision, "new_fact",
            zh=f"草案的判定要用到历史上没有的事实（{'、'.join(new)}），无法重新判定",
            en=f"the draft's decision takes facts that the past does not hold ({', '.join(new)})",
        )  # fmt: skip
    return None


def _form(fact: FactSpec) -> tuple[Any, ...]:
    """Return what a fact's values look like, whatever table they are looked up in."""
    collection = fact.collection
    return (fact.kind, collection.form, collection.fields) if collection else (fact.kind,)


def decision_change(
    connection: Any, readings: Readings, decision: str, asked: Asked
) -> DecisionChange:
    """Judge a table of facts by both rulebooks and gather what would change.

    Raises:
        RuleRefused: the interpreter disagrees with SQL on a row.
    """
    live = readings.live
    names = tuple(dict.fromkeys((*dimensions_of(live, decision), *asked.by)))
    dimensions = dimensions_named(connection, live, decision, facts_table=asked.table, names=names)
    facts = facts_in(connection, asked.table, dimensions)
    pairings = [pairing_of(*packs, decision) for packs in readings.packs]
    for number, pairing in enumerate(pairings):
        part = _part(connection, facts, number) if len(pairings) > 1 else facts
        compared_make(connection, pairing, part, add=number > 0)
    change = population_change(connection, pairings[0], facts, top=asked.top)
    both = _checked(connection, pairings, facts, readings=readings, top=change.top)
    _parties_add(connection, facts)
    return DecisionChange(
        live=live,
        draft=readings.draft,
        change=change,
        basis=_basis(connection, facts, change),
        over=asked.over,
        top=_top_subjects(
            connection, pairings, facts, [(each, both[each.row]) for each in change.top]
        ),
        checked=len(both),
    )


def _part(connection: Any, facts: Facts, number: int) -> Facts:
    """Return the facts of the parties that one reading judges."""
    view = f"{facts.table}_{number}"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS SELECT * FROM {quoted(facts.table)} "  # noqa: S608 - our names
        f"WHERE {quoted(READING)} = {number}"
    )
    return Facts(view, facts.columns, facts.dimensions)


def _checked(
    connection: Any,
    pairings: Sequence[Pairing],
    facts: Facts,
    *,
    readings: Readings,
    top: Sequence[TopRow],
) -> dict[Any, Both]:
    """Let the interpreter judge every reported row and a sample of the others."""
    keys: dict[int, list[Any]] = {number: [] for number in range(len(pairings))}
    for each in top:
        keys[readings.of_party.get(each.party, 0)].append(each.row)
    for row, party in sample(connection, facts):
        keys[readings.of_party.get(party, 0)].append(row)
    found: dict[Any, Both] = {}
    for number, rows in keys.items():
        found |= evaluated(connection, pairings[number], facts, list(dict.fromkeys(rows)))
    return found


def _basis(connection: Any, facts: Facts, change: PopulationChange) -> Basis:
    if SOURCE not in facts.columns:
        return Basis(change.judged, change.parties)
    sources = dict(
        connection.execute(
            f"SELECT {quoted(SOURCE)}, count(*) FROM {quoted(facts.table)} GROUP BY 1"  # noqa: S608 - our names
        ).fetchall()
    )
    objectors = connection.execute(
        f"SELECT count(DISTINCT {quoted(PARTY)}) FROM {quoted(facts.table)} "  # noqa: S608 - our names
        f"WHERE {quoted(READING)} > 0"
    ).fetchone()[0]
    return Basis(
        change.judged,
        change.parties,
        sources.get("stored", 0),
        sources.get("rebuilt", 0),
        objectors,
    )


def _top_subjects(
    connection: Any, pairings: Sequence[Pairing], facts: Facts, found: Sequence[tuple[TopRow, Both]]
) -> tuple[TopSubject, ...]:
    """Put both answers beside each of the gravest rows."""
    meaning, keys = pairings[0].meaning, [top.row for top, _ in found]
    sources: dict[Any, Any] = {}
    gone: dict[Any, Any] = {}
    if SOURCE in facts.columns:
        sources = _looked_up(connection, quoted(SOURCE), quoted(facts.table), keys)
    if meaning.ends:
        left = ", ".join(f"{each} IS NOT DISTINCT FROM '{GONE}'" for each in sides(meaning.state))
        gone = _looked_up(connection, f"[{left}]", COMPARED, keys)
    subjects: list[TopSubject] = []
    for top, both in found:
        ours, theirs = gone.get(top.row, (False, False))
        packs = (pairings[0].live, pairings[0].draft)
        source = sources.get(top.row, GIVEN)
        subjects.append(TopSubject(top, both, packs, (ours, theirs), source))
    return tuple(subjects)


def _looked_up(connection: Any, what: str, table: str, keys: Sequence[Any]) -> dict[Any, Any]:
    rows = connection.execute(
        f"SELECT subject, {what} FROM {table} WHERE subject IN (SELECT unnest($keys))",  # noqa: S608 - our names
        {"keys": list(keys)},
    ).fetchall()
    return dict(rows)


def beyond(readings: Readings, decisions: Sequence[str]) -> tuple[Remark, ...]:
    """Say what the draft changes that none of the decisions judged again uses."""
    used = elements_used(readings.live, decisions) | elements_used(readings.draft, decisions)
    return tuple(
        Remark(
            f"{kind}:{name}", "not_used",
            zh="草案改动了它，但没有一个重新判定的决定用到它；事实仍按原来的口径计数",
            en="the draft changes it, but no decision judged again uses it; facts stay as they "
            "were counted",
            title=called(readings.draft, name),
        )
        for kind, name in changed_elements(readings.live, readings.draft)
        if (kind, name) not in used
    )  # fmt: skip


def parties_open(connection: Any) -> None:
    """Begin to remember whom comparisons are about."""
    connection.execute(f"CREATE TEMP TABLE {PARTIES} (party VARCHAR, changed BOOLEAN)")


def _parties_add(connection: Any, facts: Facts) -> None:
    """Remember whom the last comparison was about, and for whom it would change anything."""
    connection.execute(
        f"INSERT INTO {PARTIES} SELECT CAST({facts.whom} AS VARCHAR), bool_or(changed) "  # noqa: S608 - our names
        f"FROM {COMPARED} GROUP BY 1"
    )


def parties_count(connection: Any) -> tuple[int, int]:
    """Return how many parties comparisons were about, and for how many anything would change."""
    row = connection.execute(
        f"SELECT count(DISTINCT party), count(DISTINCT party) FILTER (changed) FROM {PARTIES}"  # noqa: S608 - our name
    ).fetchone()
    return row[0], row[1]


def report_basis(changes: Sequence[DecisionChange], parties: tuple[int, int]) -> Basis:
    """Add up what was judged over all decisions."""
    return Basis(
        rows=sum(each.basis.rows for each in changes),
        parties=parties[0],
        stored=sum(each.basis.stored for each in changes),
        rebuilt=sum(each.basis.rebuilt for each in changes),
        objectors=max((each.basis.objectors for each in changes), default=0),
    )
