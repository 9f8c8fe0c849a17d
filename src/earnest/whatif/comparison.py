"""How a population would fare under a draft: judged by both rulebooks, added up in SQL.

Only sums, groups and the gravest rows leave the database, so a million rows cost little more than
judging them twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from earnest.policy import Pack
from earnest.whatif.dimensions import dimensions_named
from earnest.whatif.judging import Facts, Pairing, compared_make, facts_in
from earnest.whatif.outcomes import Meaning, meaning_of
from earnest.whatif.tally import EffectCount, Group, MoneyChange, Pair, Tally, TopRow

TOP: Final = 20


@dataclass(frozen=True)
class PopulationChange:
    """What a draft would change for a population, under one decision.

    Attributes:
        judged: rows, and ``parties`` whom they are about.
        last: the newest period, over which amounts held at a moment are counted; empty when the
            facts have no periods.
        pairs: old and new values of the headline and of the measure, where they differ.
        by: groups of each dimension, by its name.
        top: the gravest rows, one a party.
    """

    decision: str
    meaning: Meaning
    judged: int
    parties: int
    changed: int
    changed_parties: int
    last: str
    effects: tuple[EffectCount, ...]
    money: tuple[MoneyChange, ...]
    pairs: dict[str, tuple[Pair, ...]]
    by: dict[str, tuple[Group, ...]]
    top: tuple[TopRow, ...]


def compare_population(
    connection: Any,
    live: Pack,
    draft: Pack,
    decision: str,
    *,
    facts_table: str = "facts",
    by: Sequence[str] = (),
    top: int = TOP,
) -> PopulationChange:
    """Judge a table of facts by two rulebooks and say what the second would change.

    Takes:
        connection: a DuckDB connection; a temporary table ``compared`` is left in it.
        facts_table: made by ``live.facts_table(decision)``, with any further columns; each subject
            stands in it once.
        by: columns of the table, or tables of ``live`` that sort a fact into tiers.
        top: how many of the gravest rows to return.

    Raises:
        NotFound: one of the rulebooks has no such decision.
        BadInput: ``by`` names neither a column nor a tier.
    """
    pairing = pairing_of(live, draft, decision)
    found = dimensions_named(connection, live, decision, facts_table=facts_table, names=by)
    facts = facts_in(connection, facts_table, found)
    compared_make(connection, pairing, facts)
    return population_change(connection, pairing, facts, top=top)


def pairing_of(live: Pack, draft: Pack, decision: str) -> Pairing:
    """Return a decision of two rulebooks with what its outcome means.

    Raises:
        NotFound: one of them has no such decision.
    """
    for pack in (live, draft):
        pack.sql(decision)  # says which decision is unknown, and what is near it
    return Pairing(live, draft, decision, meaning_of(live, draft, decision))


def population_change(
    connection: Any, pairing: Pairing, facts: Facts, *, top: int = TOP
) -> PopulationChange:
    """Add up the table ``compared``."""
    tally = Tally(connection, pairing, facts)
    judged, parties, changed, changed_parties = tally.totals()
    return PopulationChange(
        decision=pairing.decision,
        meaning=pairing.meaning,
        judged=judged,
        parties=parties,
        changed=changed,
        changed_parties=changed_parties,
        last=tally.last,
        effects=tally.effect_counts(),
        money=tuple(tally.money(each) for each in pairing.meaning.money),
        pairs=tally.pairs(),
        by=tally.by(),
        top=tally.top(top),
    )
