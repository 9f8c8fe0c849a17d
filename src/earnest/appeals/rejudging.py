"""What a sanction comes to without what an appeal overturned: judged again, nothing written.

Every decision is judged by the edition that judged it, on the facts of its own receipt: only what
was overturned is left out of them (D1, D2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from earnest.appeals.shop_rejudging import (
    BAND,
    FILL,
    STAIRCASE,
    Undone,
    filled,
    step_rejudged,
)
from earnest.assessment.nps_ladder import NPS_CLAUSES, Instead, ladder_rejudged
from earnest.consequences.violations import OBJECT_MEASURES
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.packs import pack_of_receipt

LADDER: Final = "nps_ladder"
RUNG, POINTS, SAMPLING, BREACH_MONEY = (
    "requirement4_rung", "violation_points", "sampling_finding", "sampling_penalty",
)  # fmt: skip
POINTS_MEASURE: Final = "points_measure"


@dataclass(frozen=True)
class Without:
    """What is left out when sanctions are judged again.

    Attributes:
        figures: what months of the score count as now, by provider and the month's last day.
        positions: the places of overturned items, by the decision whose facts have them.
        gone: judged days of earlier findings that fell away, by the name of their decision.
        points: what decisions that gave points come to now, by the period they were made for.
        undone: what a shop's position would have been without what fell.
    """

    figures: Instead
    positions: Mapping[UUID, frozenset[int]]
    gone: dict[str, list[str]] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    undone: list[Undone] = field(default_factory=list)


@dataclass(frozen=True)
class Rejudged:
    """What a matter comes to now: the outcome that takes a decision's place.

    Attributes:
        differs: whether it has another effect than the decision has.
    """

    outcome: str
    clause: str
    money_fen: int
    evaluation: Evaluation
    differs: bool


def rejudged(decision: Decision, without: Without) -> Rejudged | None:
    """Judge a decision again; None where nothing of it is left."""
    judge = _JUDGES.get(decision.decision, _whole_or_nothing)
    return judge(decision, without)


def _ladder(decision: Decision, without: Without) -> Rejudged | None:
    evaluation = ladder_rejudged(decision, without.figures)
    if evaluation is None:
        return None
    rung = str(evaluation.result["rung"])
    then = decision.receipt["result"]
    same = all(_plain(evaluation.result[name]) == then[name] for name in ("rung", "fine_fen"))
    fine_fen = int(str(evaluation.result["fine_fen"]))
    return Rejudged(rung, NPS_CLAUSES[rung], fine_fen, evaluation, differs=not same)


def _requirement4(decision: Decision, without: Without) -> Rejudged | None:
    facts = _facts(decision, without)
    if facts is None:
        return None
    gone = list(without.gone.get(RUNG, ()))
    facts["earlier"] = [each for each in facts["earlier"] if not _dropped(each["judged_on"], gone)]
    evaluation = _pack(decision).evaluate(RUNG, facts)
    result, then = evaluation.result, decision.receipt["result"]
    clause = "S0-2.2.7a" if int(str(result["finding_number"])) == 1 else "S0-2.2.7b"
    same = all(
        _plain(result[name]) == then.get(name) for name in ("rung", "fine_fen", "damages_fen")
    )
    fine_fen = int(str(result["fine_fen"]))
    return Rejudged(str(result["rung"]), clause, fine_fen, evaluation, differs=not same)


def _dropped(judged_on: object, gone: list[str]) -> bool:
    """Tell whether an earlier finding fell away, and take it off the list of those that did."""
    if str(judged_on) not in gone:
        return False
    gone.remove(str(judged_on))
    return True


def _points(decision: Decision, without: Without) -> Rejudged | None:
    facts = _facts(decision, without)
    if facts is None:
        return None
    pack, on = _pack(decision), _judged_on(decision)
    facts["points_now"] = sum(
        int(pack.table_row("violation_kinds", {"violation": each["violation"]}, on=on)["points"])
        for each in facts["items"]
    )
    return _of_items(decision, POINTS, facts)


def _points_measure(decision: Decision, without: Without) -> Rejudged | None:
    """Judge the measure of a total again, with what is left of the points that it counts."""
    facts = _facts(decision, without)
    if facts is None:
        return None
    facts["counted"] = [
        each | {"points": without.points.get(each["given_in"], each["points"])}
        for each in facts["counted"]
    ]
    evaluation = _pack(decision).evaluate(POINTS_MEASURE, facts)
    if not evaluation.result["measure_due"]:
        return None
    result, then = evaluation.result, decision.receipt["result"]
    same = all(_plain(result[name]) == then[name] for name in ("measure", "measure_days"))
    return Rejudged(str(result["measure"]), decision.clause, 0, evaluation, differs=not same)


def _sampling(decision: Decision, without: Without) -> Rejudged | None:
    facts = _facts(decision, without)
    return None if facts is None else _of_items(decision, decision.decision, facts)


def _of_items(decision: Decision, name: str, facts: Mapping[str, Any]) -> Rejudged | None:
    """Judge what is left of a decision whose outcome is that of each of its items."""
    evaluation = _pack(decision).evaluate(name, facts)
    if evaluation.refusal is not None:
        return None
    then = decision.receipt["facts"]
    differs = len(facts["items"]) < len(then["items"]) and (
        decision.outcome in OBJECT_MEASURES or facts.get("points_now") != then.get("points_now")
    )
    money_fen = decision.money_fen
    return Rejudged(decision.outcome, decision.clause, money_fen, evaluation, differs=differs)


def _whole_or_nothing(decision: Decision, without: Without) -> Rejudged | None:
    """Answer for a decision that is not made of items: one overturned item overturns it."""
    if without.positions.get(decision.id):
        return None
    evaluation = _pack(decision).evaluate(decision.decision, decision.receipt["facts"])
    return Rejudged(
        decision.outcome, decision.clause, decision.money_fen, evaluation, differs=False
    )


def _step(decision: Decision, without: Without) -> Rejudged | None:
    """Judge what was done against a shop's shortage again, and note what it no longer fills up."""
    overturned = bool(without.positions.get(decision.id))
    again = None if overturned else step_rejudged(decision, without.undone)
    if again is None:
        without.undone.extend(filled(decision))
        return None
    if again.differs:
        without.undone.extend(filled(decision, again.money_fen))
    return Rejudged(
        decision.outcome,
        decision.clause,
        again.money_fen,
        again.evaluation,
        differs=again.differs,
    )


def _facts(decision: Decision, without: Without) -> dict[str, Any] | None:
    """Return a receipt's facts without the overturned items; None where none is left."""
    dropped = without.positions.get(decision.id, frozenset())
    facts = dict(decision.receipt["facts"])
    facts["items"] = [each for each in facts["items"] if int(each["position"]) not in dropped]
    return facts if facts["items"] else None


def _pack(decision: Decision) -> Pack:
    return pack_of_receipt(decision.receipt)


def _judged_on(decision: Decision) -> date:
    return decision.governing_on or day_of(decision.made_at)


def _plain(value: object) -> object:
    return value if isinstance(value, int | bool) else str(value)


_JUDGES: Final[Mapping[str, Callable[[Decision, Without], Rejudged | None]]] = {
    LADDER: _ladder,
    RUNG: _requirement4,
    POINTS: _points,
    POINTS_MEASURE: _points_measure,
    SAMPLING: _sampling,
    BREACH_MONEY: _sampling,
    BAND: _step,
    STAIRCASE: _step,
    FILL: _step,
}
