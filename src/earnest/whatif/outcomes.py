"""What a decision's outcome means for the one it is about: money, a measure, a verdict.

It follows from the rulebook: an outcome in a currency is money, and what it is for follows from
how its name begins; a text that the table ``restriction_effects`` knows is a measure. The few
things that do not follow are written in ``ROLES``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from earnest.kernel.errors import RuleRefused
from earnest.policy import Pack
from earnest.policy.kinds import CURRENCIES, Kind

Role = Literal["fine", "moved", "required", "short", "excess", "amount"]
"""What an amount is: taken as a sanction, moved, or (at a moment) required, short, excess."""

Sort = Literal["measure", "verdict", "notice", "choice", ""]
"""What the state is: a restricting measure, met or breached, telling somebody, any other word."""

HELD: Final = frozenset({"required", "short", "excess"})
ROLES: Final[dict[tuple[str, str], Role]] = {
    ("deduction", "from_deposit_fen"): "fine",
    ("removal_harm", "deduct_fen"): "fine",
}
"""Roles of amounts by decision and outcome, where the name does not say it."""

BEGINNINGS: Final[tuple[tuple[str, Role], ...]] = (
    ("required", "required"),
    ("short", "short"),
    ("excess", "excess"),
    ("fine", "fine"),
    ("penalty", "fine"),
    ("transfer", "moved"),
)
"""Roles of amounts by how the outcome's name begins."""

MEASURES_TABLE: Final = "restriction_effects"
VERDICT: Final = "status"
BREACHED: Final = "breached"
NOTICE: Final = "notify"
ENDING: Final = frozenset({"remove", "end_service"})
GONE: Final = "gone"
"""The state of a subject on a side that removed it in an earlier period."""


@dataclass(frozen=True)
class Money:
    """An outcome that is an amount, in whole minor units of ``unit``.

    Attributes:
        held: it stands at a moment, as what must be held does, and parts of it: added up over
            months it would count the same money again.
    """

    outcome: str
    role: Role
    unit: str
    held: bool


@dataclass(frozen=True)
class Meaning:
    """What the outcome of one decision means.

    Attributes:
        headline: the first name of the outcome.
        money: its amounts, in order.
        state: the outcome that names a measure, a verdict or a choice; empty when there is none.
        sort: what the state is.
        others: outcomes that say how it came about; they are shown but are no change by themselves.
    """

    headline: str
    money: tuple[Money, ...]
    state: str
    sort: Sort
    others: tuple[str, ...]

    @property
    def compared(self) -> tuple[str, ...]:
        """The outcomes by which a judgement counts as changed."""
        named = tuple(each.outcome for each in self.money) + ((self.state,) if self.state else ())
        return named or self.others

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Every outcome that both rulebooks give."""
        return tuple(dict.fromkeys((*self.compared, *self.others)))

    @property
    def ends(self) -> bool:
        """Tell whether a state may end the subject's part in the market."""
        return self.sort == "measure"

    def of_role(self, role: Role) -> Money | None:
        """Return the first amount of a role, or None."""
        return next((each for each in self.money if each.role == role), None)

    @property
    def weighed(self) -> Money | None:
        """The amount that judgements are ranked by: a fine first, then what must be held."""
        ranked = (self.of_role(role) for role in ("fine", "required", "moved", "short", "amount"))
        return next((each for each in ranked if each is not None), None)


def meaning_of(live: Pack, draft: Pack, decision: str) -> Meaning:
    """Return what a decision's outcome means, by the outcomes that both rulebooks give it."""
    ours, theirs = live.decisions[decision], draft.decisions[decision]
    kinds = {step.name: step.node.kind for step in ours.steps}
    outcomes = {name: kinds[step] for name, step in ours.outcome.items() if name in theirs.outcome}
    roles = {n: _role(decision, n) for n, kind in outcomes.items() if kind.unit in CURRENCIES}
    holding = not HELD.isdisjoint(roles.values())
    money = tuple(
        Money(name, role, str(outcomes[name].unit), role in HELD or (holding and role == "amount"))
        for name, role in roles.items()
    )
    state = _state(outcomes)
    said = {each.outcome for each in money} | {state}
    return Meaning(
        headline=next(iter(outcomes), ""),
        money=money,
        state=state,
        sort=_sort(state, outcomes, (live, draft)),
        others=tuple(name for name in outcomes if name not in said),
    )


def _role(decision: str, outcome: str) -> Role:
    if (decision, outcome) in ROLES:
        return ROLES[decision, outcome]
    for beginning, role in BEGINNINGS:
        if outcome.startswith(beginning):
            return role
    return "amount"


def _state(outcomes: dict[str, Kind]) -> str:
    """Return the first text of the outcome, else its first truth."""
    for wanted in ("text", "bool"):
        for name, kind in outcomes.items():
            if kind.name == wanted:
                return name
    return ""


def _sort(state: str, outcomes: dict[str, Kind], packs: Iterable[Pack]) -> Sort:
    if not state:
        return ""
    if outcomes[state].name == "bool":
        return "notice" if state == NOTICE else "choice"
    if state == VERDICT:
        return "verdict"
    return "measure" if any(MEASURES_TABLE in pack.tables for pack in packs) else "choice"


def restricting(pack: Pack, states: Iterable[str], on: date) -> frozenset[str]:
    """Return which states restrict something, by the rulebook's own table on a day."""
    table = pack.tables.get(MEASURES_TABLE)
    if table is None or len(table.inputs) != 1:
        return frozenset()
    name = next(iter(table.inputs))
    found: set[str] = set()
    for state in states:
        try:
            row = pack.table_row(MEASURES_TABLE, {name: state}, on=on)
        except RuleRefused:
            continue  # a state that the table does not know restricts nothing by it
        if any(value is True for value in row.values()):
            found.add(state)
    return frozenset(found)
