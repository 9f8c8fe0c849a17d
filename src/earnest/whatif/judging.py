"""One population of facts judged by two rulebooks, in one stream of SQL without a join.

The pack's SQL passes a row's ``subject`` through as it is, whatever its type. So the subject that
the live edition is given holds everything that is wanted later, its answer is packed together with
it, and that becomes the subject that the draft is given: both answers come out in one row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from earnest.policy import Pack
from earnest.whatif.dimensions import Dimension
from earnest.whatif.effects import quoted, sides, text
from earnest.whatif.outcomes import ENDING, GONE, Meaning

PARTY: Final = "@party"
PERIOD: Final = "@period"
COMPARED: Final = "compared"
_LIVE_FACTS, _DRAFT_FACTS = "live_facts", "draft_facts"


@dataclass(frozen=True)
class Pairing:
    """One decision of the edition in force, and of its draft."""

    live: Pack
    draft: Pack
    decision: str
    meaning: Meaning


@dataclass(frozen=True)
class Facts:
    """A table of facts: as :meth:`earnest.policy.Pack.sql` reads it, with more columns beside.

    Attributes:
        table: its name.
        columns: the names of its columns.
        dimensions: by what the differences are told apart.
    """

    table: str
    columns: frozenset[str]
    dimensions: tuple[Dimension, ...] = ()

    @property
    def by_party(self) -> bool:
        """Tell whether several rows may be about one party."""
        return PARTY in self.columns

    @property
    def by_period(self) -> bool:
        """Tell whether its rows belong to periods."""
        return PERIOD in self.columns

    @property
    def whom(self) -> str:
        """Return the column of ``compared`` that says whom a row is about."""
        return "party" if self.by_party else "subject"

    @property
    def kept(self) -> dict[str, str]:
        """Return what of a row goes along into ``compared``, by its name there."""
        found = {"party": quoted(PARTY)} if self.by_party else {}
        found |= {"period": quoted(PERIOD)} if self.by_period else {}
        return found | {f"by_{place}": each.code for place, each in enumerate(self.dimensions)}


def facts_in(connection: Any, table: str, dimensions: Sequence[Dimension] = ()) -> Facts:
    """Describe a table of facts."""
    described = connection.execute(f"DESCRIBE {quoted(table)}").fetchall()
    return Facts(table, frozenset(row[0] for row in described), tuple(dimensions))


def compared_make(connection: Any, pairing: Pairing, facts: Facts, *, add: bool = False) -> None:
    """Judge every row of a table of facts by both rulebooks, into the table ``compared``.

    Takes:
        add: put the rows to those of an earlier call, whose other reading of the rulebook differs.

    Its columns are ``subject``, ``party`` and ``period`` where the facts have them, a code ``by_N``
    of each dimension, ``governing_on``, ``live_X`` and ``draft_X`` of each outcome X,
    ``live_unresolved``, ``draft_unresolved``, ``decided`` (both give an answer) and ``changed``.
    The facts are read and never written.
    """
    _live_view(connection, pairing, facts)
    _draft_view(connection, pairing)
    judged = _rows(pairing, facts)
    target = f"INSERT INTO {COMPARED}" if add else f"CREATE OR REPLACE TEMP TABLE {COMPARED} AS"
    connection.execute(f"{target}\n{judged}")


def _live_view(connection: Any, pairing: Pairing, facts: Facts) -> None:
    """Make the live edition's input: its facts, and as its subject all that is wanted later."""
    kept = {"row": quoted("subject")}
    kept |= facts.kept
    kept |= {
        f"fact_{name}": quoted(name) for name in pairing.draft.decisions[pairing.decision].facts
    }
    ours = [quoted(name) for name in pairing.live.decisions[pairing.decision].facts]
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {_LIVE_FACTS} AS "  # noqa: S608 - our own names
        f"SELECT {_packed(kept)} AS subject, {', '.join(ours)} FROM {quoted(facts.table)}"
    )


def _draft_view(connection: Any, pairing: Pairing) -> None:
    """Make the draft's input: its facts, and as its subject the live answer."""
    answer = {"kept": "subject", "governing_on": "governing_on", "unresolved": "unresolved"}
    answer |= {f"out_{name}": quoted(name) for name in pairing.meaning.outcomes}
    theirs = pairing.draft.decisions[pairing.decision].facts
    columns = [f"subject.{quoted(f'fact_{name}')} AS {quoted(name)}" for name in theirs]
    live = pairing.live.sql(pairing.decision, _LIVE_FACTS)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {_DRAFT_FACTS} AS "  # noqa: S608 - our own names
        f"SELECT {_packed(answer)} AS subject, {', '.join(columns)} FROM ({live})"
    )


def _packed(fields: dict[str, str]) -> str:
    said = ", ".join(f"{text(name)}: {sql}" for name, sql in fields.items())
    return f"{{{said}}}"


def _rows(pairing: Pairing, facts: Facts) -> str:
    """Return the query that takes both answers out of the draft's subject, side by side."""
    meaning = pairing.meaning
    columns = [
        "subject.kept.row AS subject",
        *(f"subject.kept.{name} AS {name}" for name in facts.kept),
        "subject.governing_on AS governing_on",
        "subject.unresolved AS live_unresolved",
        "unresolved AS draft_unresolved",
    ]
    for name in meaning.outcomes:
        live, draft = sides(name)
        columns += [f"subject.{quoted(f'out_{name}')} AS {live}", f"{quoted(name)} AS {draft}"]
    judged = pairing.draft.sql(pairing.decision, _DRAFT_FACTS)
    both = f"SELECT {', '.join(columns)} FROM ({judged})"  # noqa: S608 - our own names
    if meaning.ends and facts.by_party and facts.by_period:
        both = _without_the_gone(both, meaning)
    decided = "live_unresolved IS NULL AND draft_unresolved IS NULL AS decided"
    return f"SELECT *, {decided}, {_changed(meaning)} AS changed FROM ({both})"  # noqa: S608 - as above


def _without_the_gone(both: str, meaning: Meaning) -> str:
    """Judge nobody on a side that removed them in an earlier period: no money, and ``gone``."""
    listed = ", ".join(text(value) for value in sorted(ENDING))
    replaced: list[str] = []
    before: list[str] = []
    for place, column in enumerate(sides(meaning.state)):
        before.append(
            f"coalesce(bool_or({column} IN ({listed})) OVER (PARTITION BY party ORDER BY "
            "governing_on, period ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), FALSE) "
            f"AS gone_{place}"
        )
        reason = ("live_unresolved", "draft_unresolved")[place]
        replaced.append(f"CASE WHEN gone_{place} THEN {text(GONE)} ELSE {column} END AS {column}")
        replaced.append(f"CASE WHEN NOT gone_{place} THEN {reason} END AS {reason}")
        replaced += [
            f"CASE WHEN gone_{place} THEN 0 ELSE {side} END AS {side}"
            for side in (sides(each.outcome)[place] for each in meaning.money)
        ]
    marked = f"SELECT *, {', '.join(before)} FROM ({both})"  # noqa: S608 - our own names
    return (
        f"SELECT * EXCLUDE (gone_0, gone_1) REPLACE ({', '.join(replaced)}) "  # noqa: S608 - as above
        f"FROM ({marked})"
    )


def _changed(meaning: Meaning) -> str:
    pairs = [sides(name) for name in meaning.compared]
    pairs.append(("live_unresolved", "draft_unresolved"))
    return "(" + " OR ".join(f"{live} IS DISTINCT FROM {draft}" for live, draft in pairs) + ")"
