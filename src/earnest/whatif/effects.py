"""What a draft would do to a subject, as conditions over a row that both rulebooks judged.

A row holds ``live_X`` and ``draft_X`` for each outcome X; ``live_unresolved`` and
``draft_unresolved``: NULL, or why the side gives no answer; ``decided``: both sides give one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from earnest.whatif.outcomes import BREACHED, ENDING, GONE, Meaning, Money

DECIDED: Final = "decided"


@dataclass(frozen=True)
class Effect:
    """One thing that would happen to a subject.

    Attributes:
        name: its stable name; what it is called stands in ``words``.
        condition: when a row shows it, as SQL.
        amount: what it comes to in a row, as SQL; empty when it is not about money.
        unit: the currency of the amount.
        held: it stands at a moment, and is counted at the end of the period only.
    """

    name: str
    condition: str
    amount: str = ""
    unit: str = ""
    held: bool = False


@dataclass(frozen=True)
class Restricting:
    """The states that restrict a subject, on either side."""

    live: frozenset[str] = frozenset()
    draft: frozenset[str] = frozenset()


def quoted(name: str) -> str:
    """Write a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Write a text for SQL."""
    return "'" + value.replace("'", "''") + "'"


def sides(outcome: str) -> tuple[str, str]:
    """Return the columns of an outcome on both sides."""
    return quoted(f"live_{outcome}"), quoted(f"draft_{outcome}")


def effects_of(meaning: Meaning, restricts: Restricting) -> tuple[Effect, ...]:
    """Return every effect that a decision's outcome can have, the gravest first."""
    found: list[Effect] = []
    if (fine := meaning.of_role("fine")) is not None:
        found += _fines(fine)
    found += _states(meaning, restricts)
    if (short := meaning.of_role("short")) is not None:
        found += _shortages(short)
    if (excess := meaning.of_role("excess")) is not None:
        found += _excesses(excess)
    return (*found, *_UNRESOLVED)


_UNRESOLVED: Final = (
    Effect("newly_unresolved", "live_unresolved IS NULL AND draft_unresolved IS NOT NULL"),
    Effect("newly_resolved", "live_unresolved IS NOT NULL AND draft_unresolved IS NULL"),
    Effect(
        "unresolved_otherwise",
        "live_unresolved IS NOT NULL AND draft_unresolved IS NOT NULL "
        "AND live_unresolved <> draft_unresolved",
    ),
)


def _fines(fine: Money) -> Iterator[Effect]:
    live, draft = sides(fine.outcome)
    amount = f"{draft} - {live}"
    for name, condition in (
        ("newly_fined", f"{live} = 0 AND {draft} > 0"),
        ("fined_more", f"{live} > 0 AND {draft} > {live}"),
        ("fined_less", f"{draft} > 0 AND {draft} < {live}"),
        ("no_longer_fined", f"{live} > 0 AND {draft} = 0"),
    ):
        yield Effect(name, f"{DECIDED} AND {condition}", amount, fine.unit)


def _shortages(short: Money) -> Iterator[Effect]:
    live, draft = sides(short.outcome)
    amount = f"{draft} - {live}"
    for name, condition in (
        ("newly_short", f"{live} = 0 AND {draft} > 0"),
        ("short_more", f"{live} > 0 AND {draft} > {live}"),
        ("short_less", f"{draft} > 0 AND {draft} < {live}"),
        ("no_longer_short", f"{live} > 0 AND {draft} = 0"),
    ):
        yield Effect(name, f"{DECIDED} AND {condition}", amount, short.unit, held=True)


def _excesses(excess: Money) -> Iterator[Effect]:
    live, draft = sides(excess.outcome)
    amount = f"{draft} - {live}"
    yield Effect("excess_grows", f"{DECIDED} AND {draft} > {live}", amount, excess.unit, held=True)
    yield Effect(
        "excess_shrinks", f"{DECIDED} AND {draft} < {live}", amount, excess.unit, held=True
    )


def _states(meaning: Meaning, restricts: Restricting) -> Iterator[Effect]:
    if meaning.sort == "measure":
        yield from _measures(meaning.state, restricts)
    elif meaning.sort == "verdict":
        live, draft = (f"({side} = {text(BREACHED)})" for side in sides(meaning.state))
        yield Effect("newly_breached", f"{DECIDED} AND NOT {live} AND {draft}")
        yield Effect("no_longer_breached", f"{DECIDED} AND {live} AND NOT {draft}")
    elif meaning.sort == "notice":
        live, draft = sides(meaning.state)
        yield Effect("newly_notified", f"{DECIDED} AND NOT {live} AND {draft}")
        yield Effect("no_longer_notified", f"{DECIDED} AND {live} AND NOT {draft}")


def _measures(state: str, restricts: Restricting) -> Iterator[Effect]:
    """Say how a subject would fare: each changed pair of measures is exactly one of these."""
    live, draft = sides(state)
    live_ends, draft_ends = _among(live, ENDING), _among(draft, ENDING)
    live_gone, draft_gone = f"({live} = {text(GONE)})", f"({draft} = {text(GONE)})"
    live_holds = _among(live, restricts.live - ENDING)
    draft_holds = _among(draft, restricts.draft - ENDING)
    live_free = f"NOT ({live_ends} OR {live_gone} OR {live_holds})"
    draft_free = f"NOT ({draft_ends} OR {draft_gone} OR {draft_holds})"
    here = f"{DECIDED} AND NOT {live_gone} AND NOT {draft_gone}"
    for name, condition in (
        ("newly_removed", f"{here} AND NOT {live_ends} AND {draft_ends}"),
        ("newly_restricted", f"{here} AND {live_free} AND {draft_holds}"),
        ("other_measure", f"{here} AND {live_holds} AND {draft_holds} AND {live} <> {draft}"),
        ("no_longer_removed", f"{here} AND {live_ends} AND {draft_holds}"),
        ("released", f"{here} AND ({live_ends} OR {live_holds}) AND {draft_free}"),
        ("already_gone", f"{DECIDED} AND NOT {live_gone} AND {draft_gone}"),
        ("still_here", f"{DECIDED} AND {live_gone} AND NOT {draft_gone}"),
    ):
        yield Effect(name, condition)


def _among(column: str, values: Iterable[str]) -> str:
    listed = ", ".join(text(value) for value in sorted(values))
    return f"({column} IN ({listed}))" if listed else "FALSE"
