"""What a total of violation points leads to, once the operator has set a ceiling (S0-2.2.6).

While ``points_ceiling`` is unset, as in the source, points are only counted. Once it is set, a
violation whose settled points reach it leads to a proposed measure, for people to decide.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from earnest.cases.filing import accepted
from earnest.consequences.commands import decide
from earnest.consequences.replacing import first_period, next_period
from earnest.consequences.reversal import decision_reverse
from earnest.decisions.commands import IN_EFFECT, WAITING, NewDecision, Undoing, verdict_give
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import RuleRefused
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.packs import pack_of_receipt
from earnest.violations.kinds import pack_of_subject
from earnest.violations.models import Violation
from earnest.violations.queue import SYSTEM
from earnest.violations.reports import entry_add
from earnest.violations.sanctions import (
    POINTS_CLAUSE,
    POINTS_GIVEN,
    POINTS_MEASURE,
    REMOVE,
    decisions_of_violation,
    points_counted,
)

CORRECTED: Final = "corrected"


def points_ceiling(pack: Pack, on: date) -> int | None:
    """Return the total in tenths at which a measure follows; None where nobody has set one."""
    try:
        return int(pack.parameter("points_ceiling", on=on))
    except RuleRefused:
        return None


def measure_propose(violation: Violation, now: datetime) -> Decision | None:
    """Propose the measure of a total that this violation's points have brought to the ceiling.

    It waits for two persons if it removes the provider, else for one. None where the violation
    gave no points, nobody has set a ceiling, or the total is below it.
    """
    given = decisions_of_violation(violation).filter(decision=POINTS_GIVEN, state=IN_EFFECT)
    items = [item for each in given for item in each.receipt["facts"]["items"]]
    on = day_of(now)
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    if not items or points_ceiling(pack, on) is None:
        return None
    counted = [
        {"points": each.receipt["facts"]["points_now"], "given_in": first_period(each.period)}
        for each in points_counted(violation, pack, on)
    ]
    facts = {"found_on": on, "counted": counted, "items": items}
    evaluation = accepted(pack.evaluate(POINTS_MEASURE, facts), violation.number)
    if not evaluation.result["measure_due"]:
        return None
    made = decide(violation.tenant_id, [_wanted(violation, violation.number, evaluation)], now)
    if not made:
        return None
    total = int(str(evaluation.result["points_total"]))
    entry_add(violation, "measure_proposed", now, actor=SYSTEM, facts={"points_total": total})
    return made[0]


def _wanted(violation: Violation, period: str, evaluation: Evaluation) -> NewDecision:
    outcome = str(evaluation.result["measure"])
    persons = 2 if outcome == REMOVE else 1
    return NewDecision(*violation.subject, period, POINTS_CLAUSE, outcome, 0, persons, evaluation)


def measures_without(
    violation: Violation, corrected: Sequence[Decision], actor: str, now: datetime
) -> None:
    """Judge again what rests on points that were put right: it falls where they are missing.

    What waits is refused, what is in effect is reversed; a milder measure that the rest still
    leads to is proposed in its place.
    """
    gone = {first_period(each.period) for each in corrected if each.decision == POINTS_GIVEN}
    resting = Decision.objects.filter(
        tenant_id=violation.tenant_id,
        subject_kind=violation.subject_kind,
        subject_id=violation.subject_id,
        decision=POINTS_MEASURE,
        state__in=(WAITING, IN_EFFECT),
    )
    for decision in resting.order_by("seq"):
        facts = dict(decision.receipt["facts"])
        left = [each for each in facts["counted"] if each["given_in"] not in gone]
        if len(left) == len(facts["counted"]):
            continue
        again = _judged_again(decision, facts | {"counted": left})
        due = again.result["measure_due"]
        if due and again.result["measure"] == decision.outcome:
            continue
        _fallen(violation, decision, actor, now)
        if due:
            replacing = _wanted(violation, next_period(decision), again)
            decide(violation.tenant_id, [replacing], now)


def _judged_again(decision: Decision, facts: dict[str, Any]) -> Evaluation:
    pack = pack_of_receipt(decision.receipt)
    return accepted(pack.evaluate(POINTS_MEASURE, facts), decision.period)


def _fallen(violation: Violation, decision: Decision, actor: str, now: datetime) -> None:
    note = (
        f"{violation.number} 已整改，其违规分不再计入 / "
        f"{violation.number} was put right, so its points do not count"
    )
    if decision.state == WAITING:
        verdict_give(
            violation.tenant_id, decision.id, verdict="refuse", actor=SYSTEM, reason=note, now=now
        )
    else:
        undoing = Undoing(CORRECTED, violation.number, actor, note)
        decision_reverse(violation.tenant_id, decision.id, undoing, now)
