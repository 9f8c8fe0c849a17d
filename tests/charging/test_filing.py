"""Filing: written by the provider, seen by two persons, in force from its day until the next."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from earnest.charging.base_functions import (
    NewBaseFunction,
    base_function_end,
    base_function_mark,
    base_functions,
)
from earnest.charging.models import ChargingPlan
from earnest.charging.plans import plan_amend, plan_draft, plan_file, plan_get, plan_withdraw
from earnest.charging.queries import (
    PlanFilter,
    ball_with,
    plan_standing,
    plans_found,
    plans_waiting,
    versions_of,
)
from earnest.charging.review import (
    CHECKS,
    PlanReview,
    PlanSettling,
    plan_review,
    plan_settle,
    plan_take,
)
from earnest.documents.commands import NewDocument, document_add
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, RuleRefused
from earnest.notices.lines import sections_of
from earnest.notices.models import Notice, Statement
from earnest.notices.statement_paper import statement_pdf
from earnest.rulebooks.packs import evaluation_of
from tests.charging.scene import (
    ALL_TICKED,
    NOW,
    P1,
    TODAY,
    approved,
    draft_of,
    filed,
    reviewed,
)

pytestmark = pytest.mark.django_db


@pytest.mark.clause("S0-2.2.4d")
def test_a_plan_goes_from_draft_to_force_through_two_persons(tenant: str) -> None:
    """The ball goes from the provider to a reviewer, to a second person, and to nobody."""
    plan = plan_draft(tenant, "P1", draft_of(wanted_on=TODAY + timedelta(days=3)), "provider", NOW)
    assert (plan.number, plan.state, ball_with(plan)) == ("F000001", "draft", "provider")
    assert plans_waiting(tenant) == 0
    plan = plan_file(tenant, plan.number, "provider", NOW)
    assert (ball_with(plan), plans_waiting(tenant)) == ("reviewer", 1)
    plan = reviewed(tenant, plan.number)
    assert (plan.state, ball_with(plan)) == ("reviewed", "second_person")
    plan = plan_settle(tenant, plan.number, PlanSettling(True, "", "second"), NOW)
    assert (plan.state, plan.effective_on) == ("approved", TODAY + timedelta(days=3))
    assert plan_standing(plan, TODAY) == "coming"
    assert plan_standing(plan, TODAY + timedelta(days=3)) == "in_force"
    assert [step.what for step in plan.steps.order_by("id")] == [
        "drafted", "filed", "taken", "approve_advised", "approved",
    ]  # fmt: skip
    notice = Notice.objects.get(tenant_id=tenant, subject_id="P1")
    assert str(plan.effective_on) in notice.body_zh
    assert str(plan.effective_on) in notice.body_en


@pytest.mark.clause("S0-2.2.4a", "S0-2.2.4b", "S0-2.2.4c", "S0-2.2.4e", "S0-2.2.4f")
def test_the_receipts_of_a_review_are_the_rulebooks_and_can_be_replayed(tenant: str) -> None:
    """What the checks come to stands with the step, and the same facts give the same again."""
    plan = reviewed(tenant, filed(tenant).number)
    step = plan.steps.get(what="approve_advised")
    conduct, offers = step.receipts
    assert conduct["result"]["kept"] is True
    assert set(conduct["clauses"]) >= {"S0-2.2.4a", "S0-2.2.4b", "S0-2.2.4c", "S0-2.2.4e"}
    assert offers["result"] == {
        "consistent": True, "same_wording": True, "not_free_here_only": True,
    }  # fmt: skip
    for receipt in step.receipts:
        assert evaluation_of(receipt).receipt().as_dict() == receipt


@pytest.mark.parametrize(
    ("check", "clause"),
    [
        pytest.param(name, clause, marks=pytest.mark.clause(clause))
        for name, clause in CHECKS.items()
    ],
)
def test_no_approval_is_advised_while_a_check_is_open(tenant: str, check: str, clause: str) -> None:
    """Each line of the list alone stands in the way, and is named by its clause."""
    plan = filed(tenant)
    plan_take(tenant, plan.number, "first", NOW)
    review = PlanReview("approve", "", "first", {**ALL_TICKED, check: False})
    with pytest.raises(RuleRefused, match="plan_checks_open") as refused:
        plan_review(tenant, plan.number, review, NOW)
    assert clause in refused.value.problem.en
    assert plan_get(tenant, plan.number).state == "in_review"


@pytest.mark.clause("S0-2.2.4f")
@pytest.mark.parametrize(
    "changes",
    [
        {"wording_there": "批量上架，每月 99 元"},
        {"price_fen": 0, "wording_here": "批量铺货", "wording_there": "批量铺货"},
    ],
)
def test_a_plan_that_differs_on_1688_is_not_approved(tenant: str, changes: dict[str, Any]) -> None:
    """Other words, or free here and charged there: the tick alone does not help."""
    plan = filed(tenant, **changes)
    with pytest.raises(RuleRefused, match="plan_checks_open"):
        reviewed(tenant, plan.number)


@pytest.mark.clause("S0-2.1-mr2", "S0-2.2.4b")
def test_a_base_function_never_has_a_price(tenant: str) -> None:
    """Neither for one provider nor for all; free it may be filed; off the list it may be priced."""
    everybody = NewBaseFunction("batch_listing", "批量铺货", "risk")
    row = base_function_mark(tenant, everybody, NOW)
    with pytest.raises(RuleRefused, match="base_function_priced") as refused:
        filed(tenant)
    assert "S0-2.1-mr2" in refused.value.problem.zh
    (plan,) = ChargingPlan.objects.filter(tenant_id=tenant)
    assert plan.state == "draft"
    free = draft_of(price_fen=0, price_there_fen=0)
    plan_amend(tenant, plan.number, free, "provider", NOW)
    assert plan_file(tenant, plan.number, "provider", NOW).state == "filed"
    with pytest.raises(Conflict, match="base_function_marked"):
        base_function_mark(tenant, everybody, NOW)
    base_function_end(tenant, row.id, NOW)
    with pytest.raises(Conflict, match="base_function_ended"):
        base_function_end(tenant, row.id, NOW)
    with pytest.raises(NotFound, match="unknown_base_function"):
        base_function_end(tenant, uuid4(), NOW)
    later = NOW + timedelta(days=1)
    paid = filed(tenant, later, version="2", wanted_on=TODAY + timedelta(days=1))
    assert paid.state == "filed"


@pytest.mark.clause("S0-2.1-mr2")
def test_a_function_that_is_charged_for_is_not_made_base(tenant: str) -> None:
    """The approved plan has to end first; then the function is on the list of that provider."""
    plan = approved(tenant)
    new = NewBaseFunction("batch_listing", "批量铺货", "risk", provider_id="P1")
    with pytest.raises(RuleRefused, match=plan.number):
        base_function_mark(tenant, new, NOW)
    other = NewBaseFunction("batch_listing", "批量铺货", "risk", provider_id="P2")
    base_function_mark(tenant, other, NOW)
    plan_withdraw(tenant, plan.number, "provider", "now free", NOW)
    base_function_mark(tenant, new, NOW + timedelta(days=1))
    assert base_functions(tenant, "P1").count() == 1
    with pytest.raises(BadInput, match="base_function_unnamed"):
        base_function_mark(tenant, NewBaseFunction(" ", "x", "risk"), NOW)


@pytest.mark.clause("S0-2.2.4d")
def test_a_new_version_takes_the_place_of_the_old_from_its_day(tenant: str) -> None:
    """The old one counts until the day before; its history stays; one in between ends rightly."""
    first = approved(tenant)
    second = approved(tenant, version="2", wanted_on=date(2025, 10, 1))
    first.refresh_from_db()
    assert (first.ended_on, second.effective_on, second.ended_on) == (
        date(2025, 10, 1), date(2025, 10, 1), None,
    )  # fmt: skip
    assert plan_standing(first, date(2025, 9, 30)) == "in_force"
    assert plan_standing(first, date(2025, 10, 1)) == "ended"
    assert first.steps.get(what="superseded").note.startswith(second.number)
    between = approved(tenant, version="1.5", wanted_on=date(2025, 9, 20))
    first.refresh_from_db()
    assert (first.ended_on, between.ended_on) == (date(2025, 9, 20), date(2025, 10, 1))
    assert list(versions_of(second)) == [between, first]


def test_the_same_version_is_filed_once_until_it_is_refused(tenant: str) -> None:
    """A second filing of a version that is on its way is refused; after a refusal it may come."""
    plan = reviewed(tenant, filed(tenant).number, verdict="refuse")
    with pytest.raises(Conflict, match="plan_version_taken"):
        filed(tenant)
    assert ChargingPlan.objects.filter(tenant_id=tenant).count() == 1
    plan = plan_settle(tenant, plan.number, PlanSettling(True, "", "second"), NOW)
    assert plan.state == "refused"
    notice = Notice.objects.get(tenant_id=tenant)
    assert "looked at" in notice.body_zh
    assert filed(tenant).state == "filed"


@pytest.mark.clause("S0-2.2.4d")
@pytest.mark.parametrize("unmet", [(), ("gain_told", "nothing_elsewhere")])
def test_a_refusal_states_its_reasons(tenant: str, unmet: tuple[str, ...]) -> None:
    """Clause, plan, reason, checks that do not hold, two persons, and how to object; on paper."""
    number = filed(tenant).number
    plan_take(tenant, number, "first", NOW)
    checks = ALL_TICKED | dict.fromkeys(unmet, False)
    plan_review(tenant, number, PlanReview("refuse", "收益说法不实", "first", checks), NOW)
    assert not Statement.objects.filter(tenant_id=tenant).exists()
    plan_settle(tenant, number, PlanSettling(True, "同意初审意见", "second"), NOW)
    kept = Statement.objects.get(tenant_id=tenant)
    assert (kept.clause, kept.subject_id, kept.notice_id) == (
        "S0-2.2.4d", "P1", Notice.objects.get(tenant_id=tenant).id,
    )  # fmt: skip
    assert kept.content["decided_by"] == {"mode": "persons", "persons": 2}
    for language in ("zh", "en"):
        parts = kept.content["parts"][language]
        assert "收益说法不实" in parts["facts"]
        assert "同意初审意见" in parts["facts"]
        assert "99.00" in parts["facts"]
        named = {clause for clause in CHECKS.values() if clause in parts["calculation"]}
        assert named == {CHECKS[name] for name in unmet}
        assert len(sections_of(kept.content, language)) == 9
    assert "2 名工作人员审核后" in kept.content["parts"]["zh"]["decided_by"]
    assert statement_pdf(kept).startswith(b"%PDF")


def test_only_a_refusal_is_a_statement(tenant: str) -> None:
    """An approval is told without one, and so is a plan that comes back to be changed."""
    approved(tenant)
    other = filed(tenant, plan_code="auto_price")
    plan_take(tenant, other.number, "first", NOW)
    plan_review(tenant, other.number, PlanReview("send_back", "say more", "first"), NOW)
    assert Notice.objects.filter(tenant_id=tenant).count() == 2
    assert not Statement.objects.filter(tenant_id=tenant).exists()


def test_a_plan_sent_back_is_changed_and_filed_again_and_both_can_be_read(tenant: str) -> None:
    """The provider reads why; each filing is kept as it was."""
    plan = filed(tenant)
    plan_take(tenant, plan.number, "first", NOW)
    with pytest.raises(BadInput, match="reason_missing"):
        plan_review(tenant, plan.number, PlanReview("send_back", " ", "first"), NOW)
    sent = plan_review(tenant, plan.number, PlanReview("send_back", "say more", "first"), NOW)
    assert (sent.state, ball_with(sent)) == ("sent_back", "provider")
    assert "say more" in Notice.objects.get(tenant_id=tenant).body_zh
    plan_amend(tenant, plan.number, draft_of(adds="一次五百件"), "provider", NOW)
    plan_file(tenant, plan.number, "provider", NOW)
    said = [step.filed["adds"] for step in plan.steps.filter(what="filed").order_by("id")]
    assert said == ["一次最多铺货五百件，并自动改价。", "一次五百件"]
    with pytest.raises(Conflict, match="plan_state"):
        plan_amend(tenant, plan.number, draft_of(), "provider", NOW)
    with pytest.raises(Conflict, match="plan_state"):
        plan_file(tenant, plan.number, "provider", NOW)


def test_the_second_person_is_another_one_and_may_disagree(tenant: str) -> None:
    """Neither the first nor the writer settles, a stranger cannot review, disagreeing says why."""
    plan = filed(tenant)
    with pytest.raises(NotAllowed, match="second_person_needed"):
        plan_take(tenant, plan.number, "provider", NOW)
    with pytest.raises(Conflict, match="plan_state"):
        plan_settle(tenant, plan.number, PlanSettling(True, "", "second"), NOW)
    with pytest.raises(Conflict, match="plan_state"):
        plan_review(tenant, plan.number, PlanReview("approve", "", "first", ALL_TICKED), NOW)
    plan_take(tenant, plan.number, "first", NOW)
    with pytest.raises(Conflict, match="plan_state"):
        plan_take(tenant, plan.number, "other", NOW)
    with pytest.raises(NotAllowed, match="review_of_another"):
        plan_review(tenant, plan.number, PlanReview("approve", "", "other", ALL_TICKED), NOW)
    with pytest.raises(BadInput, match="unknown_verdict"):
        plan_review(tenant, plan.number, PlanReview("maybe", "", "first", ALL_TICKED), NOW)
    plan_review(tenant, plan.number, PlanReview("approve", "", "first", ALL_TICKED), NOW)
    for actor in ("first", "provider"):
        with pytest.raises(NotAllowed, match="second_person_needed"):
            plan_settle(tenant, plan.number, PlanSettling(True, "", actor), NOW)
    with pytest.raises(BadInput, match="reason_missing"):
        plan_settle(tenant, plan.number, PlanSettling(False, " ", "second"), NOW)
    early = PlanSettling(True, "", "second", TODAY - timedelta(days=1))
    with pytest.raises(BadInput, match="effective_day_passed"):
        plan_settle(tenant, plan.number, early, NOW)
    given = plan_settle(tenant, plan.number, PlanSettling(False, "look again", "second"), NOW)
    assert (given.state, given.reviewed_by, given.recommended) == ("filed", "", "")


def test_a_plan_may_be_taken_back_by_its_provider(tenant: str) -> None:
    """Before it is settled at once; an approved one may be charged to the end of the day."""
    plan = filed(tenant)
    with pytest.raises(BadInput, match="reason_missing"):
        plan_withdraw(tenant, plan.number, "provider", "", NOW)
    assert plan_withdraw(tenant, plan.number, "provider", "not now", NOW).ended_on is None
    with pytest.raises(Conflict, match="plan_state"):
        plan_withdraw(tenant, plan.number, "provider", "again", NOW)
    live = approved(tenant)
    live = plan_withdraw(tenant, live.number, "provider", "no longer sold", NOW)
    assert live.ended_on == TODAY + timedelta(days=1)
    assert plan_standing(live, TODAY) == "in_force"
    assert plan_standing(live, TODAY + timedelta(days=1)) == "withdrawn"
    coming = approved(tenant, version="3", wanted_on=date(2025, 12, 1))
    coming = plan_withdraw(tenant, coming.number, "provider", "never", NOW)
    assert coming.ended_on == coming.effective_on
    found = plans_found(tenant, PlanFilter("withdrawn", "P1", "batch"))
    assert [each.number for each in found] == ["F000003", "F000002", "F000001"]
    assert not plans_found(tenant, PlanFilter("to_do")).exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"adds": " "}, "plan_adds"),
        ({"app": ""}, "plan_app"),
        ({"version": "v" * 21}, "plan_version"),
        ({"plan_code": "a\x00b"}, "plan_plan_code"),
        ({"name_zh": "长" * 121}, "plan_name_zh"),
        ({"wording_here": "说" * 4001}, "plan_wording_here"),
        ({"period": "day"}, "plan_period"),
        ({"price_fen": -1}, "plan_price_fen"),
        ({"price_there_fen": 2**63}, "plan_price_there_fen"),
        ({"price_there_fen": None}, "plan_wording_there"),
        ({"wording_there": ""}, "plan_wording_there"),
    ],
)
def test_a_plan_with_something_missing_is_not_kept(
    tenant: str, changes: dict[str, Any], code: str
) -> None:
    """The field is named, and nothing is half done."""
    with pytest.raises(BadInput, match=code):
        plan_draft(tenant, "P1", draft_of(**changes), "provider", NOW)
    assert not ChargingPlan.objects.filter(tenant_id=tenant).exists()


def test_documents_of_a_plan_are_the_providers_own(tenant: str) -> None:
    """A document about another provider is as unknown as none; a day that has passed is refused."""
    own = document_add(tenant, NewDocument(P1, "a.txt", b"price list", "provider"), NOW)
    other = document_add(tenant, NewDocument(("provider", "P2"), "b.txt", b"x", "p2"), NOW)
    with pytest.raises(NotFound, match="unknown_document"):
        plan_draft(tenant, "P1", draft_of(documents=(own.id, other.id)), "provider", NOW)
    plan = plan_draft(tenant, "P1", draft_of(documents=(own.id,)), "provider", NOW)
    assert plan.documents == [str(own.id)]
    with pytest.raises(BadInput, match="wanted_day_passed"):
        plan_file(tenant, plan.number, "provider", NOW + timedelta(days=1))
    with pytest.raises(NotFound, match="unknown_plan"):
        plan_file(tenant, "F999999", "provider", NOW)
    with pytest.raises(NotFound, match="unknown_provider"):
        plan_draft(tenant, "P9", draft_of(), "provider", NOW)
