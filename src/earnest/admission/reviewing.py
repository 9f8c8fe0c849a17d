"""Handing in, the first review, and the second person's word (S0-1.2-scope).

The first reviewer goes through the evidence item by item and recommends; another person decides.
Both words stand on one recorded decision, which the rulebook computed from what was accepted.
"""

from datetime import datetime
from typing import Literal

from django.db import transaction

from earnest.admission.clocks import step_clock
from earnest.admission.completeness import lacking_check
from earnest.admission.deposits import deposit_require
from earnest.admission.figures import admission_facts, asked_of, trial_take
from earnest.admission.filing import (
    APPROVAL,
    DEPOSIT,
    OPEN_STATES,
    PREPARING,
    REFUSED,
    REVIEW,
    SYSTEM,
    WITHDRAWN,
    application_locked,
    application_move,
    application_note,
    decision_of,
    pack_of_application,
    reason_given,
    state_required,
)
from earnest.admission.models import Application, Evidence
from earnest.admission.requirements import (
    ACCEPTED,
    EXPIRED,
    SENT_BACK,
    SUBMITTED,
)
from earnest.admission.telling import CLAUSE, Told, applicant_tell
from earnest.cases.filing import accepted
from earnest.consequences.admission import ADMIT, REFUSE
from earnest.consequences.commands import decide, decision_settle
from earnest.decisions.commands import IN_EFFECT, WAITING, NewDecision
from earnest.decisions.models import Decision
from earnest.deposits.queries import position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict, RuleRefused
from earnest.kernel.words import Words
from earnest.policy import Evaluation

DECISION = "admission"
PERSONS = 2
Verdict = Literal["approve", "send_back", "refuse"]
VERDICTS: tuple[Verdict, ...] = ("approve", "send_back", "refuse")


@transaction.atomic
def application_hand_in(tenant_id: str, number: str, actor: str, now: datetime) -> Application:
    """Hand an application in for review; the figures of the trial are taken along.

    Raises:
        Conflict: it is not being prepared.
        NotFound: there is none.
        RuleRefused: ``evidence_lacking``, with the requirements that nothing was brought for.
    """
    application = application_locked(tenant_id, number)
    state_required(application, (PREPARING,))
    trial_take(tenant_id, number, actor, now)
    lacking_check(application, (SUBMITTED, ACCEPTED), now)
    application_move(application, REVIEW, now)
    application_note(application, "handed_in", now, actor=actor)
    return application


@transaction.atomic
def application_return(
    tenant_id: str, number: str, note: str, actor: str, now: datetime
) -> Application:
    """Give an application back to the applicant, for what was sent back or has run out.

    Raises:
        Conflict: it is not in its first review, or no item was sent back.
        NotFound: there is none.
    """
    application = application_locked(tenant_id, number)
    state_required(application, (REVIEW,))
    asked = asked_of(application)
    back = list(application.evidence.filter(state__in=(SENT_BACK, EXPIRED)).order_by("id"))
    if not back:
        raise Conflict(
            "nothing_sent_back",
            where=number,
            zh="没有退回任何一项；请先退回需要补充的项目并写明理由。",
            en="no item was sent back; send back what has to be brought again, with the reason",
        )
    application.round += 1
    application.reviewer = ""
    application_move(application, PREPARING, now)
    application_note(application, "returned", now, actor=actor, note=note.strip())
    on = day_of(now)
    due_on = step_clock(pack_of_application(application), PREPARING, on, on).due_on
    items = [(asked[each.requirement].title, _why_back(each)) for each in back]
    applicant_tell(
        application,
        Told(
            f"returned {application.round}",
            Words(f"申请退回补充：{len(back)} 项", f"Sent back: {len(back)} item(s)"),
            Words(
                "".join(f"{title.zh}：{reason.zh}。\n" for title, reason in items)
                + f"请在 {due_on} 前补充后重新提交。",
                "".join(f"{title.en}: {reason.en}.\n" for title, reason in items)
                + f"Bring these again by {due_on} and hand in once more.",
            ),
            "warning",
            due_on=due_on,
        ),
        now,
    )
    return application


def _why_back(row: Evidence) -> Words:
    if row.state == EXPIRED:
        return Words(f"材料有效期至 {row.ends_on}，已过期", f"it was valid until {row.ends_on}")
    return Words(row.reason, row.reason)


@transaction.atomic
def application_recommend(
    tenant_id: str, number: str, *, admit: bool, reason: str, actor: str, now: datetime
) -> Application:
    """Say as first reviewer what should become of an application; another person decides.

    Raises:
        BadInput: no reason is given.
        Conflict: it is not in its first review.
        NotFound: there is none.
        RuleRefused: ``evidence_lacking`` or ``not_admissible`` where it should be admitted and the
            rulebook says no.
    """
    note = reason_given(reason, number)
    application = application_locked(tenant_id, number)
    state_required(application, (REVIEW,))
    if admit:
        lacking_check(application, (ACCEPTED,), now)
    evaluation = application_judged(application)
    if admit and not evaluation.result["admitted"]:
        raise RuleRefused(
            "not_admissible",
            where=number,
            zh="按规则尚不能准入；请查看各项结论，退回或建议不予准入。",
            en="the rulebook does not admit it yet; look at each item, send back or recommend a "
            "refusal",
        )
    decision = _decision_record(
        application, ADMIT if admit else REFUSE, (PERSONS, f"{number}-{application.round}"),
        evaluation, now,
    )  # fmt: skip
    application.reviewer, application.decision_id = actor, decision.id
    application_move(application, APPROVAL, now)
    what = "recommended_admit" if admit else "recommended_refuse"
    application_note(application, what, now, actor=actor, note=note)
    if decision.state == WAITING:
        decision_settle(
            tenant_id, decision.id, verdict="approve", actor=actor, reason=note, now=now
        )
    return application_follow(application, SYSTEM, now)


@transaction.atomic
def application_settle(
    tenant_id: str, number: str, *, verdict: Verdict, reason: str, actor: str, now: datetime
) -> Application:
    """Decide as second person: approve what was recommended, send it back to review, or refuse.

    Raises:
        BadInput: no reason is given.
        Conflict: it does not wait for the second person.
        NotAllowed: ``second_person_needed``: the reviewer cannot decide on the own review.
        NotFound: there is none.
        RuleRefused: an item ran out since it was accepted.
    """
    note = reason_given(reason, number)
    application = application_locked(tenant_id, number)
    state_required(application, (APPROVAL,))
    decision = _decision_of(application)
    agrees = verdict == "approve" or (verdict == "refuse" and decision.outcome == REFUSE)
    if agrees and decision.outcome == ADMIT:
        lacking_check(application, (ACCEPTED,), now)
    settled = decision_settle(
        tenant_id,
        decision.id,
        verdict="approve" if agrees else "refuse",
        actor=actor,
        reason=note,
        now=now,
    )
    if verdict == "refuse" and settled.outcome == ADMIT:
        _refuse_against(application, note, actor, now)
    return application_follow(application, actor, now, note)


@transaction.atomic
def application_withdraw(
    tenant_id: str, number: str, reason: str, actor: str, now: datetime
) -> Application:
    """Withdraw an application, as the applicant.

    Raises:
        BadInput: no reason is given.
        Conflict: it has ended.
        NotFound: there is none.
        RuleRefused: ``deposit_paid``: what was paid in has to go back by the provider's exit.
    """
    note = reason_given(reason, number)
    application = application_locked(tenant_id, number)
    state_required(application, OPEN_STATES)
    if position(tenant_id, application.subject, day_of(now)).posted_fen:
        raise RuleRefused(
            "deposit_paid",
            where=number,
            zh="已缴保证金，不能直接撤回；请在开通后申请退出，保证金按退出规则退还。",
            en="the deposit is paid; leave by the exit once it is open, and it is paid back then",
        )
    if application.state == APPROVAL:
        decision = _decision_of(application)
        if decision.state == WAITING:
            decision_settle(
                tenant_id, decision.id, verdict="refuse", actor=actor, reason=note, now=now
            )
    application_move(application, WITHDRAWN, now)
    application_note(application, WITHDRAWN, now, actor=actor, note=note)
    return application


def application_judged(application: Application) -> Evaluation:
    """Return what the rulebook says of an application as it stands.

    Raises:
        PackRefused: it refuses to judge it.
    """
    facts = admission_facts(application, application.evidence.order_by("id"), asked_of(application))
    evaluation = pack_of_application(application).evaluate(DECISION, facts)
    return accepted(evaluation, application.number)


@transaction.atomic
def application_follow(
    application: Application, actor: str, now: datetime, note: str = ""
) -> Application:
    """Bring an application where its decision leads, also one that was settled in the queue."""
    if application.state != APPROVAL:
        return application
    decision = _decision_of(application)
    if decision.state == WAITING:
        return application
    if decision.state != IN_EFFECT:
        application.round += 1
        application.reviewer, application.decision_id = "", None
        application_move(application, REVIEW, now)
        application_note(application, "sent_back_to_review", now, actor=actor, note=note)
    elif decision.outcome == ADMIT:
        application_move(application, DEPOSIT, now)
        application_note(application, "approved", now, actor=actor, note=note)
        deposit_require(application, now)
    else:
        application_move(application, REFUSED, now)
        application_note(application, REFUSED, now, actor=actor, note=note)
    return application


def _decision_of(application: Application) -> Decision:
    decision = decision_of(application)
    if decision is None:
        raise Conflict(
            "decision_missing",
            where=application.number,
            zh="申请没有待定的决定；请刷新页面。",
            en="no decision on this application waits; reload the page",
        )
    return decision


def _refuse_against(application: Application, note: str, actor: str, now: datetime) -> None:
    """Record a refusal by the second person, against what the reviewer recommended."""
    period = f"{application.number}-{application.round}x"
    evaluation = application_judged(application)
    refusal = _decision_record(application, REFUSE, (1, period), evaluation, now)
    if refusal.state == WAITING:
        decision_settle(
            application.tenant_id, refusal.id, verdict="approve", actor=actor, reason=note, now=now
        )
    application.decision_id = refusal.id
    application.save(update_fields=["decision_id"])


def _decision_record(
    application: Application,
    outcome: str,
    asked: tuple[int, str],
    evaluation: Evaluation,
    now: datetime,
) -> Decision:
    """Record what is decided; ``asked`` are the persons needed and the look that it belongs to."""
    persons, period = asked
    wanted = NewDecision(*application.subject, period, CLAUSE, outcome, 0, persons, evaluation)
    [made] = decide(application.tenant_id, [wanted], now)
    return made
