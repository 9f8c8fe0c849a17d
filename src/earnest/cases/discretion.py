"""What the rule does not order: a restriction by a person's judgement, documented (S3-5.1f, 7.3a).

The measure is one of the rule's own table of effects; the reason and the person stand in the
decision, and two persons approve.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from earnest.cases.filing import Filing, accepted, case_close, case_get, case_open
from earnest.cases.models import Case
from earnest.cases.queries import decisions_of_case
from earnest.consequences.commands import decide
from earnest.consequences.discretion import discretion_end
from earnest.decisions.commands import IN_EFFECT, NewDecision
from earnest.deposits.queries import short_subjects
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict
from earnest.market.queries import shop_get
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for

DISCRETION = "discretion"
SHORT_CLAUSE, OPEN_CLAUSE = "S3-5.1f", "S3-7.3a"
PERSONS = 2


@dataclass(frozen=True)
class DiscretionFiling:
    """What is asked for: a measure that no step of the rule orders, with reason and person.

    Attributes:
        shop_id: the shop.
        measure: a measure of the table ``restriction_effects`` that restricts something.
        reason: why it is necessary, and why the rule's own steps are not enough.
        decided_by: the person who judged it necessary.
        actor: who files it.
        evidence: ids of what proves it.
    """

    shop_id: str
    measure: str
    reason: str
    decided_by: str
    actor: str
    evidence: Sequence[str] = field(default_factory=tuple)


@transaction.atomic
def discretion_ask(tenant_id: str, filing: DiscretionFiling, now: datetime) -> Case:
    """Ask for a restriction by judgement; with two approvals it is in force.

    While the deposit is short it is one of the measures of S3-5.1f and ends with the top-up; else
    it rests on S3-7.3a and ends when a person ends it.

    Raises:
        BadInput: the measure restricts nothing.
        NotFound: there is no such shop.
        RuleRefused: no such measure, no reason, or no person.
    """
    shop_get(tenant_id, filing.shop_id)
    subject, on = ("shop", filing.shop_id), day_of(now)
    where = f"shop:{filing.shop_id}/{filing.measure}"
    pack = pack_for(tenant_id, SHOP_DEPOSIT, *subject)
    if not any(pack.table_row("restriction_effects", {"measure": filing.measure}, on=on).values()):
        raise BadInput(
            "measure_restricts_nothing",
            where=where,
            zh="这项措施不限制任何功能；请选择一项限制措施。",
            en="this measure restricts nothing; choose one that does",
        )
    reason = filing.reason.strip()
    facts = {
        "judged_on": on,
        "covered_by_rule": False,
        "reason": reason,
        "decided_by": filing.decided_by.strip(),
    }
    evaluation = accepted(pack.evaluate("discretion", facts), where)
    clause = SHORT_CLAUSE if subject in short_subjects(tenant_id) else OPEN_CLAUSE
    known = {**facts, "measure": filing.measure, "clause": clause}
    asked = Filing(DISCRETION, subject, known, filing.actor, reason, filing.evidence)
    case = case_open(tenant_id, asked, now)
    wanted = NewDecision(*subject, case.number, clause, filing.measure, 0, PERSONS, evaluation)
    decide(tenant_id, [wanted], now)
    return case


@transaction.atomic
def discretion_lift(tenant_id: str, number: str, actor: str, reason: str, now: datetime) -> Case:
    """End a restriction that was granted by judgement; the shop is told.

    Raises:
        BadInput: no reason.
        Conflict: nothing of it is in force.
        NotFound: there is no such case.
    """
    case = case_get(tenant_id, number)
    if not reason.strip():
        raise BadInput("reason_missing", where=number, zh="请写明解除理由。", en="say why it ends")
    ended = [
        row
        for decision in decisions_of_case(case)
        if case.kind == DISCRETION and decision.state == IN_EFFECT
        for row in discretion_end(tenant_id, decision, reason.strip(), now)
    ]
    if not ended:
        raise Conflict(
            "nothing_in_force",
            where=number,
            zh="这个事项没有正在生效的酌情限制，无需解除。",
            en="nothing of this case is in force, so there is nothing to end",
        )
    if case.closed_at is None:
        case_close(case, "done", now, actor=actor, note=reason.strip())
    return case
