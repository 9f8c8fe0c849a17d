"""A party's overall state in one word, and the one cause that matters most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from earnest.console.texts import text, word
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.restrictions.queries import ActiveRestriction
from earnest.restrictions.release import Condition

GRAVEST_FIRST = (
    "remove",
    "end_service",
    "delist",
    "limit_sales",
    "limit_withdrawal",
    "hide",
)


@dataclass(frozen=True)
class Standing:
    """The state, why it is so, and where that was decided."""

    word: str
    tone: str
    cause: str
    rulebook: str = ""
    clause: str = ""
    decision_id: str = ""


@dataclass(frozen=True)
class Clock:
    """How long a shortage may still last, in natural days of the market's calendar."""

    due_on: date
    amount: str
    days_left: int
    days_over: int

    @property
    def overdue(self) -> bool:
        """Whether the last day has passed."""
        return self.days_over > 0


def clock_of(shortage: Shortage, shortage_fen: int, today: date) -> Clock:
    """Return the clock of an open shortage."""
    left = (shortage.due_on - today).days
    return Clock(shortage.due_on, yuan(shortage_fen), max(left, 0), max(-left, 0))


def _gravity(one: ActiveRestriction) -> int:
    known = one.measure in GRAVEST_FIRST
    return GRAVEST_FIRST.index(one.measure) if known else len(GRAVEST_FIRST)


def state_word(measures: Sequence[str], *, short: bool, breached: int, left: bool = False) -> str:
    """Return the overall state: removed, ended, left, restricted, short, attention or normal."""
    if "remove" in measures:
        return "removed"
    if "end_service" in measures:
        return "ended"
    if left:
        return "left"
    if measures:
        return "restricted"
    if short:
        return "short"
    return "attention" if breached else "normal"


def _said(condition: Condition) -> str:
    said = f"{word('condition', condition['kind'])} {condition.get('on', '')}".strip()
    parts = [_said(each) for each in condition.get("conditions", [])]
    return f"{said} ({' / '.join(parts)})" if parts else said


def _restricted(gravest: ActiveRestriction, state: str) -> Standing:
    missing = [condition for condition, met in gravest.conditions if not met]
    until = (
        text("cause.until") + text("cause.and").join(_said(each) for each in missing)
        if missing
        else text("cause.due")
        if gravest.conditions
        else text("restriction.never_ends")
    )
    return Standing(
        state,
        "bad",
        text(
            "cause.restricted",
            measure=word("outcome", gravest.measure),
            since=day_of(gravest.starts_at),
            until=until,
        ),
        gravest.rulebook,
        gravest.clause,
        gravest.decision_id,
    )


def standing_of(
    restrictions: Sequence[ActiveRestriction],
    position: Position,
    shortage: Shortage | None,
    breached: Sequence[str],
    *,
    left_on: date | None = None,
) -> Standing:
    """Return a party's standing: the gravest restriction, else a shortage, else a breach."""
    measures = [one.measure for one in restrictions]
    state = state_word(
        measures, short=shortage is not None, breached=len(breached), left=left_on is not None
    )
    if restrictions:
        return _restricted(min(restrictions, key=_gravity), state)
    if left_on is not None:
        return Standing(state, "idle", text("cause.left", on=left_on.isoformat()))
    if shortage is not None:
        cause = text("cause.short", amount=yuan(position.shortage_fen), due=shortage.due_on)
        decision = str(shortage.decision_id)
        return Standing(state, "warn", cause, "", "", decision)
    if breached:
        names = text("cause.comma").join(word("measure", each) for each in breached)
        return Standing(state, "warn", text("cause.breached", measures=names))
    return Standing(state, "good", text("cause.normal"))
