"""What follows from found items, by the rulebook: decisions, ready to be recorded.

Requirement 4 has its ladder (S0-2.2.7a, 2.2.7b), sampling findings their actions (S0-2.1-qual2a),
anything else points and the measure of its kind (S0-2.2.6). One fact is sanctioned once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from earnest.cases.filing import accepted
from earnest.consequences.protections import PROTECTION
from earnest.consequences.replacing import first_period
from earnest.decisions.commands import IN_EFFECT, REFUSED, WAITING, NewDecision
from earnest.decisions.models import Decision
from earnest.kernel.calendar import add_months
from earnest.kernel.errors import Conflict, RuleRefused
from earnest.market.queries import provider_get
from earnest.policy import Pack
from earnest.tickets.models import Ticket
from earnest.violations.kinds import (
    NO_MEASURE,
    POINTS,
    REQUIREMENT4,
    SAMPLING,
    Kind,
    kind_get,
    measures_proposable,
    pack_of_subject,
)
from earnest.violations.models import FOUND, Violation, ViolationItem
from earnest.violations.reports import thing_of

RUNG, POINTS_GIVEN, ACTIONS, BREACH_MONEY = (
    "requirement4_rung", "violation_points", "sampling_finding", "sampling_penalty",
)  # fmt: skip
POINTS_MEASURE: Final = "points_measure"
FIRST_CLAUSE, AGAIN_CLAUSE, POINTS_CLAUSE, ACTIONS_CLAUSE = (
    "S0-2.2.7a", "S0-2.2.7b", "S0-2.2.6", "S0-2.1-qual2a",
)  # fmt: skip
REMOVE: Final = "remove"
ONLY_POINTS: Final = "points"
NO_THING: Final = "none"
UNSAID: Final = "–"
ACTION_OUTCOMES: Final = (
    ("provider_removed", REMOVE),
    ("brand_removed", "brand_off"),
    ("goods_banned", "ban_goods"),
    ("goods_delisted", "hide_goods"),
)
"""The actions of a sampling finding, the gravest first: the first that is due names the outcome."""


@dataclass(frozen=True)
class Found:
    """An item that a reviewer finds, with the clause and the reason that the reviewer gives.

    Attributes:
        proposed: a measure that the reviewer proposes in place of the kind's own; often empty.
    """

    item: ViolationItem
    kind: Kind
    clause: str
    reason: str
    proposed: str = ""

    @property
    def measure(self) -> str:
        """The measure that follows: what is proposed, else the kind's own."""
        return self.proposed or self.kind.measure


@dataclass(frozen=True)
class Proposed:
    """A decision that follows from found items, ready to be recorded.

    Attributes:
        two_persons: it takes money or removes the provider.
        positions: the items that it rests on.
    """

    decision: NewDecision
    two_persons: bool
    positions: tuple[int, ...]

    @property
    def result(self) -> dict[str, Any]:
        """What the rulebook's decision came to."""
        return dict(self.decision.evaluation.result)


@dataclass(frozen=True)
class SameFact:
    """A fact that is sanctioned already: by which violation or decision."""

    position: int
    fact_key: str
    sanctioned_by: str


def sanctions_of(violation: Violation, found: Sequence[Found], on: date) -> list[Proposed]:
    """Return the decisions that follow from found items, by the rulebook of the day.

    Raises:
        Conflict: an earlier finding of requirement 4 still waits for its approvals.
        RuleRefused: the rulebook refuses to judge, or one fact would be sanctioned twice.
    """
    refuse_second_regime(violation, found, on)
    by_regime: dict[str, list[Found]] = {}
    for each in found:
        by_regime.setdefault(each.kind.regime, []).append(each)
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    numbers = _Numbers(violation)
    proposed: list[Proposed] = []
    makers: dict[str, Callable[..., list[Proposed]]] = {
        REQUIREMENT4: _requirement4,
        SAMPLING: _sampling,
        POINTS: _points,
    }
    for regime, maker in makers.items():
        if several := by_regime.get(regime):
            proposed += maker(pack, violation, several, on, numbers)
    return proposed


class _Numbers:
    """Gives each decision of a violation its period: V000001, then V000001.2 and so on."""

    def __init__(self, violation: Violation) -> None:
        self._number = violation.number
        self._given: dict[str, int] = {}
        for name in decisions_of_violation(violation).values_list("decision", flat=True):
            self._given[name] = self._given.get(name, 0) + 1

    def next(self, decision: str) -> str:
        count = self._given[decision] = self._given.get(decision, 0) + 1
        return self._number if count == 1 else f"{self._number}.{count}"


def decisions_of_violation(violation: Violation) -> Any:
    """Return the decisions that a violation led to, the first in front, as a query.

    What protected while it was looked into is none of them: it is no sanction.
    """
    return (
        Decision.objects.filter(
            tenant_id=violation.tenant_id,
            subject_kind=violation.subject_kind,
            subject_id=violation.subject_id,
            period__regex=rf"^{violation.number}(\.[0-9]+)?(/[0-9]+)?$",
        )
        .exclude(decision=PROTECTION)
        .prefetch_related("approvals")
        .select_related("standing_order")
        .order_by("seq")
    )


def _requirement4(
    pack: Pack, violation: Violation, found: Sequence[Found], on: date, numbers: _Numbers
) -> list[Proposed]:
    """Return the rung of requirement 4: findings of one violation are one finding (S0-2.2.7a, b).

    Only standing findings count as earlier ones: what was reversed never was.
    """
    tenant_id, subject = violation.tenant_id, violation.subject
    earlier = Decision.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1], decision=RUNG
    )
    if (open_one := earlier.filter(state=WAITING).first()) is not None:
        raise Conflict(
            "earlier_finding_waits",
            where=violation.number,
            zh=f"该服务商另有一次要求4认定（{open_one.period}）待复核，须先办结才能确定次数。",
            en=f"another finding of requirement 4 ({open_one.period}) waits for its approval; "
            "settle it first, since the count rests on it",
        )
    facts = {
        "found_on": on,
        "admitted_on": provider_get(tenant_id, subject[1]).admitted_on,
        "earlier": [
            {"judged_on": each.governing_on}
            for each in earlier.filter(state=IN_EFFECT).order_by("seq")
        ],
        "items": [
            _record(each) | {"loss_fen": int(each.item.facts.get("loss_fen") or 0)}
            for each in found
        ],
    }
    evaluation = accepted(pack.evaluate(RUNG, facts), violation.number)
    result = evaluation.result
    clause = FIRST_CLAUSE if int(str(result["finding_number"])) == 1 else AGAIN_CLAUSE
    decision = NewDecision(
        *subject, numbers.next(RUNG), clause, str(result["rung"]),
        int(str(result["fine_fen"])), 2, evaluation,
    )  # fmt: skip
    return [Proposed(decision, two_persons=True, positions=_positions(found))]


def _sampling(
    pack: Pack, violation: Violation, found: Sequence[Found], on: date, numbers: _Numbers
) -> list[Proposed]:
    """Return the actions of each kind of sampling finding, and breach money where one is set."""
    by_kind: dict[str, list[Found]] = {}
    for each in found:
        by_kind.setdefault(each.kind.name, []).append(each)
    proposed: list[Proposed] = []
    for finding, several in by_kind.items():
        facts = {"found_on": on, "finding": finding, "items": [_record(each) for each in several]}
        actions = accepted(pack.evaluate(ACTIONS, facts), violation.number)
        outcome = next((name for step, name in ACTION_OUTCOMES if actions.result[step]), NO_MEASURE)
        decision = NewDecision(
            *violation.subject, numbers.next(ACTIONS), ACTIONS_CLAUSE, outcome, 0, 1, actions
        )
        proposed.append(Proposed(decision, outcome == REMOVE, _positions(several)))
        money = _breach_money(pack, violation, facts, numbers)
        if money is not None:
            proposed.append(Proposed(money, two_persons=True, positions=_positions(several)))
    return proposed


def _breach_money(
    pack: Pack, violation: Violation, facts: dict[str, Any], numbers: _Numbers
) -> NewDecision | None:
    """Return the breach money of a finding; None where none is due or nobody has set the amount."""
    evaluation = pack.evaluate(BREACH_MONEY, facts)
    if evaluation.refusal is not None:
        return None
    penalty_fen = int(str(evaluation.result["penalty_fen"]))
    if not penalty_fen:
        return None
    return NewDecision(
        *violation.subject, numbers.next(BREACH_MONEY), ACTIONS_CLAUSE, "breach_money",
        penalty_fen, 2, evaluation,
    )  # fmt: skip


def _points(
    pack: Pack, violation: Violation, found: Sequence[Found], on: date, numbers: _Numbers
) -> list[Proposed]:
    """Return the points of other violations, in groups of one measure each (S0-2.2.6)."""
    standing = points_standing(violation, pack, on)
    most = int(pack.parameter("points_most", on=on))
    persons = measures_proposable(pack, max(on, pack.in_force_from()))
    proposed: list[Proposed] = []
    for several in _groups(found, most):
        points = sum(each.kind.points for each in several)
        facts = {
            "found_on": on,
            "points_now": points,
            "earlier": [{"points": each} for each in standing],
            "items": [_record(each) for each in several],
        }
        evaluation = accepted(pack.evaluate(POINTS_GIVEN, facts), violation.number)
        measure = several[0].measure
        outcome = ONLY_POINTS if measure == NO_MEASURE else measure
        decision = NewDecision(
            *violation.subject, numbers.next(POINTS_GIVEN), POINTS_CLAUSE, outcome, 0, 1, evaluation
        )
        two_persons = outcome == REMOVE or persons.get(several[0].proposed, 1) > 1
        proposed.append(Proposed(decision, two_persons, _positions(several)))
        standing.append(points)
    return proposed


def _groups(found: Sequence[Found], most: int) -> Iterable[list[Found]]:
    """Yield items that share measure, its days and whether it can be put right.

    No group has more points than one decision may give.
    """
    by_key: dict[tuple[object, ...], list[list[Found]]] = {}
    for each in found:
        key = (each.measure, each.kind.measure_days, each.kind.correctable)
        groups = by_key.setdefault(key, [[]])
        if sum(one.kind.points for one in groups[-1]) + each.kind.points > most:
            groups.append([])
        groups[-1].append(each)
    for groups in by_key.values():
        yield from (each for each in groups if each)


def points_standing(violation: Violation, pack: Pack, on: date) -> list[int]:
    """Return the points in tenths that a party has; see :func:`points_counted`."""
    counted = points_counted(violation, pack, on)
    return [int(each.receipt["facts"]["points_now"]) for each in counted]


def points_counted(violation: Violation, pack: Pack, on: date) -> list[Decision]:
    """Return the decisions that gave a party points which stand and still count, oldest first.

    What was reversed or put right does not count, nor what is older than ``points_months``.
    """
    since = add_months(on, -int(pack.parameter("points_months", on=on)))
    rows = Decision.objects.filter(
        tenant_id=violation.tenant_id,
        subject_kind=violation.subject_kind,
        subject_id=violation.subject_id,
        decision=POINTS_GIVEN,
        state=IN_EFFECT,
        governing_on__gt=since,
    )
    corrected = Ticket.objects.filter(
        tenant_id=violation.tenant_id, decision=POINTS_GIVEN, state="corrected"
    )
    return list(rows.exclude(id__in=corrected.values("decision_id")).order_by("seq"))


def _record(each: Found) -> dict[str, Any]:
    return {
        "position": each.item.position,
        "violation": each.kind.name,
        "clause_id": each.clause,
        "happened_on": each.item.happened_on,
        "thing": thing_of(each.item.facts) or NO_THING,
        "brand": str(each.item.facts.get("brand") or NO_THING),
        "why": each.reason,
        "source": f"by_{each.item.violation.source}",
    }


def _positions(found: Sequence[Found]) -> tuple[int, ...]:
    return tuple(each.item.position for each in found)


def refuse_second_regime(violation: Violation, found: Sequence[Found], on: date) -> None:
    """Refuse to sanction one fact twice (S0-2.2.5-scope, requirement 8).

    Raises:
        RuleRefused: it names the item, and what sanctions the fact already.
    """
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    for same in same_facts(violation, found):
        facts = {"judged_on": on, "sanctioned_for_it": True}
        if not accepted(pack.evaluate("second_regime", facts), violation.number).result["allowed"]:
            raise RuleRefused(
                "fact_sanctioned",
                where=f"{violation.number}/{same.position}",
                zh=f"第 {same.position} 项的事实已由 {same.sanctioned_by} 处罚，同一事实只处罚一次"
                "（S0-2.2.5）；请将本项认定为不成立并注明原因。",
                en=f"the fact of item {same.position} is sanctioned by {same.sanctioned_by}, and "
                "one fact is sanctioned once (S0-2.2.5); find this item not found and say why",
            )


def same_facts(violation: Violation, found: Sequence[Found]) -> list[SameFact]:
    """Return the items whose fact is sanctioned already, here by another regime or elsewhere.

    The composite score of a month is a fact too: an item about that month meets its rung.
    """
    elsewhere = _sanctioned_elsewhere(violation, {each.item.fact_key for each in found})
    months = _months_on_the_ladder(violation)
    here: dict[str, Found] = {}
    same: list[SameFact] = []
    for each in found:
        key, position = each.item.fact_key, each.item.position
        first = here.setdefault(key, each)
        if key in elsewhere:
            same.append(SameFact(position, key, elsewhere[key]))
        elif first is not each and _twice(first.kind, each.kind):
            same.append(SameFact(position, key, f"{violation.number}/{first.item.position}"))
        elif (thing := thing_of(each.item.facts)) in months:
            same.append(SameFact(position, key, f"nps_ladder {thing.removeprefix('month ')}"))
    return same


def _twice(first: Kind, other: Kind) -> bool:
    return first.regime != other.regime or first.name == other.name


def _sanctioned_elsewhere(violation: Violation, keys: set[str]) -> dict[str, str]:
    """Return the numbers of other violations that sanction facts, by fact."""
    items = (
        ViolationItem.objects.filter(
            tenant_id=violation.tenant_id,
            fact_key__in=keys,
            verdict="found",
            violation__state=FOUND,
        )
        .exclude(violation_id=violation.id)
        .select_related("violation")
        .order_by("violation__number")
    )
    found: dict[str, str] = {}
    for item in items:
        states = set(decisions_of_violation(item.violation).values_list("state", flat=True))
        if states & {WAITING, IN_EFFECT}:
            found.setdefault(item.fact_key, item.violation.number)
    return found


def _months_on_the_ladder(violation: Violation) -> set[str]:
    """Return the months for which the ladder of the score sanctions the party, as things."""
    rows = Decision.objects.filter(
        tenant_id=violation.tenant_id,
        subject_kind=violation.subject_kind,
        subject_id=violation.subject_id,
        decision="nps_ladder",
    )
    standing = rows.exclude(state__in=[REFUSED, "reversed"]).exclude(outcome=NO_MEASURE)
    return {f"month {first_period(each)}" for each in standing.values_list("period", flat=True)}


def found_of(violation: Violation, item: ViolationItem, on: date) -> Found:
    """Return an item as if it were found as reported, to show what would follow."""
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    kind = kind_get(pack, item.kind, on)
    return Found(item, kind, item.found_clause or item.clause, item.reason or UNSAID)
