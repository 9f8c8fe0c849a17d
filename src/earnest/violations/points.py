"""What a total of violation points leads to, once the operator has set a ceiling (S0-2.2.6).

While ``points_ceiling`` is unset, as in the source, points are only counted. Once it is set, a
violation whose settled points reach it leads to a proposed measure, for people to decide. A point
counts towards one measure only: the next takes new points up to the ceiling again.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from earnest.cases.filing import accepted
from earnest.consequences.commands import decide
from earnest.consequences.replacing import first_period, next_period
from earnest.consequences.reversal import decision_reverse
from earnest.decisions.commands import (
    IN_EFFECT,
    REFUSED,
    REVERSED,
    WAITING,
    NewDecision,
    Undoing,
    verdict_give,
)
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import RuleRefused
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.packs import pack_of_receipt
from earnest.violations.kinds import pack_of_subject
from earnest.violations.models import FOUND, Violation
from earnest.violations.queue import SYSTEM, violation_locked
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
    """Propose the measure of points that this violation has brought to the ceiling.

    It waits for two persons if it removes the provider, else for one. The same points never lead
    to two measures: those that one rests on, in force, over or proposed, are left out (one fact,
    one sanction). None where the violation gave no points, nobody has set a ceiling, the rest is
    below it, or people refused a measure for it and nothing has come since.
    """
    given = decisions_of_violation(violation).filter(decision=POINTS_GIVEN, state=IN_EFFECT)
    items = [item for each in given for item in each.receipt["facts"]["items"]]
    on = day_of(now)
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    if not items or points_ceiling(pack, on) is None:
        return None
    decide(violation.tenant_id, [], now)  # nobody else records one meanwhile, so points stay once
    counted = _unmeasured(violation, pack, on)
    if not counted:
        return None
    facts = {"found_on": on, "counted": counted, "items": items}
    evaluation = accepted(pack.evaluate(POINTS_MEASURE, facts), violation.number)
    if not evaluation.result["measure_due"]:
        return None
    own = _measures(violation).filter(period__regex=rf"^{violation.number}(/[0-9]+)?$")
    before = own.last()
    if before is not None and before.state in {WAITING, IN_EFFECT}:
        return None
    period = next_period(before) if before is not None else violation.number
    (made,) = decide(violation.tenant_id, [_wanted(violation, period, evaluation)], now)
    total = int(str(evaluation.result["points_total"]))
    entry_add(violation, "measure_proposed", now, actor=SYSTEM, facts={"points_total": total})
    return made


def _measures(violation: Violation) -> QuerySet[Decision]:
    """Return the measures that points of a party led to so far, the first in front."""
    return Decision.objects.filter(
        tenant_id=violation.tenant_id,
        subject_kind=violation.subject_kind,
        subject_id=violation.subject_id,
        decision=POINTS_MEASURE,
    ).order_by("seq")


def _unmeasured(violation: Violation, pack: Pack, on: date) -> list[dict[str, Any]]:
    """Return the points of a party that no measure rests on; none where people said no to them."""
    counted = [
        {"points": each.receipt["facts"]["points_now"], "given_in": first_period(each.period)}
        for each in points_counted(violation, pack, on)
    ]
    facts = {"judged_on": on, "sanctioned_for_it": True}
    twice = accepted(pack.evaluate("second_regime", facts), violation.number).result["allowed"]
    before = list(_measures(violation))
    measured = {
        each["given_in"]
        for measure in before
        if measure.state in {WAITING, IN_EFFECT} and not twice
        for each in measure.receipt["facts"]["counted"]
    }
    left = [each for each in counted if each["given_in"] not in measured]
    refused = [each for each in before if each.state == REFUSED]
    return [] if any(_covers(each, left) for each in refused) else left


def _covers(refused: Decision, left: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a measure that was refused rested on all that is left now, or on more."""
    then = {each["given_in"]: each["points"] for each in refused.receipt["facts"]["counted"]}
    return all(each["points"] <= then.get(each["given_in"], -1) for each in left)


def measures_follow(tenant_id: str, now: datetime) -> list[str]:
    """Propose measures for points that are free again, as theirs fell; return the violations.

    So it is where an earlier measure was reversed or refused, and the points that it rested on
    reach the ceiling together with later ones.
    """
    fallen = Decision.objects.filter(
        tenant_id=tenant_id, decision=POINTS_MEASURE, state__in=(REVERSED, REFUSED)
    )
    subjects = set(fallen.values_list("subject_kind", "subject_id"))
    proposed: list[str] = []
    for kind, subject_id in sorted(subjects):
        newest = Violation.objects.filter(
            tenant_id=tenant_id, subject_kind=kind, subject_id=subject_id, state=FOUND
        ).order_by("-number")
        with transaction.atomic():
            violation = _brought_by(newest.first(), now)
            if violation is not None and measure_propose(violation, now) is not None:
                proposed.append(violation.number)
    return proposed


def _brought_by(any_of_party: Violation | None, now: datetime) -> Violation | None:
    """Return the violation, locked, that gave a party the last of its points without a measure."""
    if any_of_party is None:
        return None
    pack = pack_of_subject(any_of_party.tenant_id, any_of_party.subject)
    if points_ceiling(pack, day_of(now)) is None:
        return None
    left = _unmeasured(any_of_party, pack, day_of(now))
    if not left:
        return None
    number = str(left[-1]["given_in"]).partition(".")[0]
    return violation_locked(any_of_party.tenant_id, number)


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
    resting = _measures(violation).filter(state__in=(WAITING, IN_EFFECT))
    for decision in resting:
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
