"""Two persons, one decision: what each may, refusals with their reasons, and the deposit gate."""

from contextlib import suppress

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.admission.deposits import application_open
from earnest.admission.due import admission_look
from earnest.admission.evidence import evidence_accept, evidence_send_back
from earnest.admission.models import Application
from earnest.admission.reviewing import (
    application_hand_in,
    application_recommend,
    application_return,
    application_settle,
    application_withdraw,
)
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Decision
from earnest.deposits.queries import position
from earnest.feed.commands import batches_take
from earnest.kernel.errors import BadInput, Conflict, EarnestError, NotAllowed, RuleRefused
from earnest.market.commands import parties_follow
from earnest.market.entity_names import certified_name
from earnest.market.models import Provider
from earnest.market.taking_part import providers_taking_part
from earnest.notices.models import Notice
from tests.admission.scene import ENTITY, TENANT, TODAY, Scene


def _reviewed(scene: Scene) -> Application:
    application = scene.accept(scene.invite())
    scene.bring_all(application)
    scene.accept_all(application)
    return application


def _settle(scene: Scene, application: Application, verdict: str, actor: str = "risk") -> str:
    return application_settle(
        TENANT, application.number, verdict=verdict, reason="复核", actor=actor, now=scene.now
    ).state


@pytest.mark.clause("S0-1.2-scope")
def test_a_reviewer_does_not_decide_on_the_own_review(scene: Scene) -> None:
    """Whoever recommended cannot approve, refuse nor send back; another person can."""
    application = _reviewed(scene)
    application_recommend(
        TENANT, application.number, admit=True, reason="好", actor="risk", now=scene.now
    )
    for verdict in ("approve", "refuse", "send_back"):
        with pytest.raises(NotAllowed, match="second_person_needed"):
            _settle(scene, application, verdict)
    assert _settle(scene, application, "approve", "finance") == "deposit"


@pytest.mark.clause("S0-1.2-scope")
def test_admission_is_recommended_only_with_everything_accepted(scene: Scene) -> None:
    """One item that is not accepted stands in the way, and is named."""
    application = scene.accept(scene.invite())
    scene.bring_all(application)
    scene.accept_all(application, without=("foreign_marks",))
    with pytest.raises(RuleRefused, match="evidence_lacking") as refused:
        scene.recommend(application)
    assert "其他平台标识" in refused.value.problem.zh
    assert not Decision.objects.filter(decision="admission").exists()


@pytest.mark.clause("S0-1.2-scope")
@pytest.mark.parametrize("verdict", ["approve", "refuse"])
def test_a_refusal_gives_its_reasons(scene: Scene, verdict: str) -> None:
    """What was not shown and why stands in the notice; the decision can be derived again."""
    application = scene.accept(scene.invite())
    scene.bring_all(application)
    scene.accept_all(application, without=("quality",))
    evidence_send_back(TENANT, application.number, "quality", "报告过期", "service", scene.now)
    scene.recommend(application, admit=False)
    assert _settle(scene, application, verdict) == "refused"
    decision = Decision.objects.get(decision="admission")
    assert (decision.outcome, decision.state) == ("refuse_admission", "in_effect")
    notice = Notice.objects.get(decision_id=decision.id)
    assert notice.severity == "serious"
    assert "未查实：质量合格" in notice.body_zh
    assert "逐项核对" in notice.body_zh
    assert "quality conforms" in notice.body_en


def test_the_second_person_refuses_against_the_recommendation(scene: Scene) -> None:
    """The recommendation is refused, and the refusal is a decision of its own with its notice."""
    application = _reviewed(scene)
    scene.recommend(application)
    assert _settle(scene, application, "refuse") == "refused"
    told = {each.outcome: each.state for each in Decision.objects.filter(decision="admission")}
    assert told == {"admit": "refused", "refuse_admission": "in_effect"}
    assert Notice.objects.filter(title_zh__contains="不予准入").exists()


def test_sent_back_it_is_reviewed_and_decided_again(scene: Scene) -> None:
    """From the second person to the first, to the applicant, and up again, with new decisions."""
    application = _reviewed(scene)
    scene.recommend(application)
    assert _settle(scene, application, "send_back") == "review"
    by = (TENANT, application.number)
    evidence_send_back(*by, "quality", "看不清", "service", scene.now)
    application_return(*by, "", "service", scene.now)
    scene.bring(application, "quality")
    application_hand_in(*by, "applicant", scene.now)
    evidence_accept(*by, "quality", "service", scene.now)
    scene.recommend(application)
    assert _settle(scene, application, "approve") == "deposit"
    periods = Decision.objects.filter(decision="admission").order_by("seq").values_list("period")
    assert [each for (each,) in periods] == ["R000001-1", "R000001-3"]


def test_a_word_in_the_general_queue_counts_too(scene: Scene) -> None:
    """Approved among the waiting decisions, the application follows with the next look, once."""
    application = _reviewed(scene)
    decision_id = scene.recommend(application).decision_id
    decision_settle(
        TENANT, decision_id, verdict="approve", actor="finance", reason="同意", now=scene.now
    )
    assert admission_look(TENANT, scene.now).followed == 1
    assert admission_look(TENANT, scene.now).followed == 0
    assert scene.fresh(application).state == "deposit"


def test_an_applicant_withdraws(scene: Scene) -> None:
    """With a reason, while no money is in; afterwards nothing moves any more."""
    application = _reviewed(scene)
    scene.recommend(application)
    with pytest.raises(BadInput, match="reason_missing"):
        application_withdraw(TENANT, application.number, "", "applicant", scene.now)
    application_withdraw(TENANT, application.number, "改变计划", "applicant", scene.now)
    assert Decision.objects.get(decision="admission").state == "refused"
    with pytest.raises(Conflict, match="application_elsewhere"):
        _settle(scene, application, "approve")


@pytest.mark.clause("S0-1.1-basis")
def test_the_deposit_is_the_category_s_and_opens_the_gate(scene: Scene) -> None:
    """An ERP pays 20,000 yuan; a fen less does not open, and money in cannot be withdrawn."""
    application = scene.approved(service_category="erp")
    at = position(TENANT, application.subject, TODAY)
    assert at.required_fen == 2_000_000
    decision = Decision.objects.get(decision="provider_deposit")
    assert (decision.period, decision.state) == ("admission", "in_effect")
    scene.pay(application, 1_999_999)
    with pytest.raises(RuleRefused, match="deposit_short"):
        scene.open(application)
    with pytest.raises(RuleRefused, match="deposit_paid"):
        application_withdraw(TENANT, application.number, "不来了", "applicant", scene.now)
    scene.pay(application, 1)
    assert scene.open(application).state == "opened"
    with pytest.raises(Conflict, match="application_elsewhere"):
        scene.open(application)


@pytest.mark.clause("S0-1.2-scope")
def test_the_feed_admits_nobody_who_is_on_the_way_in(scene: Scene) -> None:
    """An event of admission before the opening changes nothing; afterwards it adds nothing."""
    application = scene.approved()
    told = {
        "provider_id": application.provider_id, "action": "admitted", "name": "early",
        "occurred_at": scene.now.isoformat(), "at": scene.now.isoformat(),
    }  # fmt: skip
    _provider_event(scene, told)
    parties_follow(TENANT)
    assert not Provider.objects.filter(tenant_id=TENANT).exists()
    assert certified_name(TENANT, application.subject) == ENTITY
    scene.pay(application)
    scene.open(application)
    parties_follow(TENANT)
    [provider] = providers_taking_part(TENANT, TODAY)
    assert (provider.name, provider.admitted_on) == ("好货通", TODAY)
    _provider_event(scene, told | {"action": "exited"})
    parties_follow(TENANT)
    provider.refresh_from_db()
    assert provider.left_on == TODAY


def _provider_event(scene: Scene, event: dict[str, object]) -> None:
    taken = batches_take(
        TENANT, {"provider_event": [event]}, source="urn:earnest:src:test:market",
        now=scene.now, origin=str(event["action"]),
    )  # fmt: skip
    assert not [each for intake in taken.values() for each in intake.rejected]


STEPS = (
    "accept_rest", "recommend", "approve_other", "approve_same", "send_back", "pay_half", "pay",
    "open",
)  # fmt: skip


@pytest.mark.clause("S0-1.2-scope", "S0-1.1-basis")
def test_nothing_opens_before_its_time(scene: Scene) -> None:
    """In whatever order people act: it is open only with all accepted, two agreed, and paid."""
    application = scene.accept(scene.invite())
    scene.bring_all(application)
    scene.accept_all(application, without=("quality",))

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.sampled_from(STEPS), min_size=4, max_size=12))
    def whatever_people_do(steps: list[str]) -> None:
        with transaction.atomic():
            for step in steps:
                with suppress(EarnestError):  # what may not be done is refused
                    _step(scene, application, step)
                _law(scene, application)
            transaction.set_rollback(True)

    whatever_people_do()
    with transaction.atomic():
        for step in ("accept_rest", "recommend", "approve_other", "pay", "open"):
            _step(scene, application, step)
    assert _law(scene, application)


def _step(scene: Scene, application: Application, step: str) -> None:
    if step == "accept_rest":
        scene.accept_all(application)
    elif step == "recommend":
        scene.recommend(application)
    elif step in {"approve_other", "approve_same"}:
        scene.approve(application, "risk" if step == "approve_other" else "service")
    elif step == "send_back":
        _settle(scene, application, "send_back")
    elif step in {"pay", "pay_half"}:
        scene.pay(application, 500_000 if step == "pay_half" else None)
    else:
        application_open(TENANT, application.number, "finance", scene.now)


def _law(scene: Scene, application: Application) -> bool:
    here = scene.fresh(application)
    there = Provider.objects.filter(tenant_id=TENANT, provider_id=here.provider_id).exists()
    assert there == (here.state == "opened")
    if not there:
        return False
    states = set(here.evidence.exclude(requirement="supply_platform").values_list("state"))
    assert states == {("accepted",)}
    decision = Decision.objects.get(id=here.decision_id)
    agreed = decision.approvals.filter(verdict="approve").values_list("actor", flat=True)
    assert decision.state == "in_effect"
    assert len(set(agreed)) == 2
    at = position(TENANT, here.subject, TODAY)
    assert at.free_fen >= at.required_fen > 0
    return True
