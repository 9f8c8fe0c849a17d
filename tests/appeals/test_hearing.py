"""Filing, hearing and deciding: who may, until when, in which turns, and who confirms."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from earnest.appeals.appealing import appealable
from earnest.appeals.deciding import Verdict, appeal_confirm, appeal_preview, appeal_propose
from earnest.appeals.filing import Disputed, NewAppeal, appeal_file, appeal_withdraw
from earnest.appeals.hearing import (
    Answer,
    appeal_claim,
    appeal_release,
    execution_suspend,
    question_answer,
    question_ask,
)
from earnest.appeals.looking import appeals_look
from earnest.appeals.models import Appeal
from earnest.appeals.people import appeals_stuck
from earnest.consequences.commands import decision_settle
from earnest.consequences.sanctions import tickets_look
from earnest.decisions.commands import effect_note
from earnest.decisions.models import Decision
from earnest.documents.commands import NewDocument, document_add
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, EarnestError, NotAllowed, NotFound
from earnest.market.commands import person_add
from earnest.market.models import Provider
from earnest.notices.models import Notice, Statement
from tests.appeals.scene import (
    AUGUST,
    CONFIRMER,
    HEARER,
    LOW,
    OCTOBER,
    P1,
    SEPTEMBER,
    YUAN,
    chain,
    day_after,
    filed,
    heard,
    money,
    month_judge,
    restricted,
    sound,
    takes_part,
    tenant_new,
    ticket_of,
    window_over,
)

pytestmark = pytest.mark.django_db
OTHER = ("provider", "P2")


def _hidden(tenant: str) -> Decision:
    decision = month_judge(tenant, AUGUST, LOW)
    assert decision is not None
    return decision


def _refused(number: str, items: list[Disputed], tenant: str, **changed: object) -> str:
    asked = {"subject": P1, "ticket": number, "items": items, "actor": "p1"} | changed
    at = asked.pop("at")
    with pytest.raises(EarnestError) as refused:
        appeal_file(tenant, NewAppeal(**asked), at)
    return refused.value.problem.code


@pytest.mark.clause("S0-2.2.6")
def test_an_appeal_holds_the_money_and_leaves_the_restriction() -> None:
    """Filed within its days, the fine is not taken when they are over; hiding goes on."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    ticket = ticket_of(hidden)
    appeal = filed(tenant, ticket, AUGUST, at=day_after(hidden, 7))
    assert appeal.expected_on == day_of(day_after(hidden, 7)) + timedelta(days=15)
    assert appeal.automatic
    assert tickets_look(tenant, day_after(hidden, 30)).enforced == ()
    assert money(tenant) == (10_000 * YUAN, 0, 0)
    assert ticket_of(hidden).state == "appealed"
    assert restricted(tenant) == {"visibility"}
    told = Notice.objects.get(tenant_id=tenant, title_zh__contains=appeal.number)
    assert "人工复核是您的权利" in told.body_zh


@pytest.mark.clause("S0-2.2.6")
def test_what_may_not_be_filed() -> None:
    """Too late, twice, another's ticket, no item, no ground, no word, another's document."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    number, at = ticket_of(hidden).number, day_after(hidden, 1)
    good = Disputed(1, "figure_wrong", "不实")
    paper = document_add(tenant, NewDocument(OTHER, "a.txt", b"theirs", "p2"), at)
    for items, changed, code in (
        ([good], {"at": day_after(hidden, 8)}, "appeal_late"),
        ([good], {"at": at, "subject": OTHER}, "unknown_ticket"),
        ([], {"at": at}, "items_wrong"),
        ([good, good], {"at": at}, "items_wrong"),
        ([Disputed(2, "other", "x")], {"at": at}, "unknown_item"),
        ([Disputed(1, "because", "x")], {"at": at}, "unknown_ground"),
        ([Disputed(1, "other", "  ")], {"at": at}, "said_wrong"),
        ([Disputed(1, "other", "x", (paper.id,))], {"at": at}, "unknown_document"),
        ([Disputed(1, "other", "x", (uuid4(),))], {"at": at}, "unknown_document"),
    ):
        assert _refused(number, items, tenant, **changed) == code
    assert not Appeal.objects.filter(tenant_id=tenant).exists()
    filed(tenant, ticket_of(hidden), AUGUST, at=at)
    assert _refused(number, [good], tenant, at=at) == "item_under_appeal"


@pytest.mark.clause("S0-2.2.6")
def test_an_item_has_one_chance_and_failing_takes_the_money_at_once() -> None:
    """Upheld, the fine is taken with the decision; nothing more may be filed against the item."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal = heard(filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 3), verdict="upheld")
    assert (appeal.state, appeal.confirmed_by) == ("decided", "")
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)
    assert ticket_of(hidden).state == "in_force"
    code = _refused(
        ticket_of(hidden).number, [Disputed(1, "other", "x")], tenant, at=day_after(hidden, 4)
    )
    assert code == "no_appeal_left"
    sound(tenant)


def test_a_failed_appeal_leaves_the_other_items_their_time() -> None:
    """Two items, one upheld early: the ticket waits on, and its money, until the days are over."""
    tenant = tenant_new()
    chain(tenant, AUGUST)
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    heard(filed(tenant, ticket_of(delisted), AUGUST), day_after(delisted, 2), verdict="upheld")
    ticket = ticket_of(delisted)
    assert ticket.state == "pending"
    left = {each.item.position: each.left for each in appealable(ticket, day_of(ticket.told_at))}
    assert left == {1: 1, 2: 0}
    window_over(tenant, delisted.made_at)
    assert money(tenant) == (2_500 * YUAN, 0, 7_500 * YUAN)


def test_nobody_with_a_hand_in_the_sanction_hears_the_appeal() -> None:
    """Who ordered, approved the order, or approved the decision may not; nor may the party."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal, at = filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 1)
    for actor in ("risk", "finance", "p1"):
        with pytest.raises(NotAllowed):
            appeal_claim(tenant, appeal.number, actor=actor, now=at)
    appeal_claim(tenant, appeal.number, actor=HEARER, now=at)
    with pytest.raises(Conflict):
        appeal_claim(tenant, appeal.number, actor="admin", now=at)


def test_an_appeal_goes_on_with_another_when_its_hearer_cannot() -> None:
    """Handed back, or taken from one who is away with a reason by a decider; then heard anew."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal, at = filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 1)
    number = appeal.number
    decider, reviewer = f"boss-{tenant}", f"ann-{tenant}"
    person_add(tenant, decider, "long-enough-1", role="finance")
    person_add(tenant, reviewer, "long-enough-1", role="service")
    with pytest.raises(Conflict, match="appeal_moved_on"):
        appeal_release(tenant, number, actor=decider, reason="x", now=at)
    appeal_claim(tenant, number, actor=HEARER, now=at)
    with pytest.raises(NotAllowed, match="not_a_decider"):
        appeal_release(tenant, number, actor=reviewer, reason="mine", now=at)
    with pytest.raises(BadInput, match="said_wrong"):
        appeal_release(tenant, number, actor=decider, reason=" ", now=at)
    taken = appeal_release(tenant, number, actor=decider, reason="on leave", now=at)
    assert (taken.state, taken.hearer, taken.claimed_at) == ("filed", "", None)
    appeal_claim(tenant, number, actor=reviewer, now=at)
    execution_suspend(tenant, number, "证据初步成立", actor=reviewer, now=at)
    appeal_release(tenant, number, actor=reviewer, reason="", now=at)
    assert restricted(tenant) == set()
    story = list(appeal.steps.order_by("id").values_list("what", "note"))
    assert story[2:3] + story[-1:] == [("taken_back", "on leave"), ("released", "")]
    assert heard(appeal, at, verdict="upheld").hearer == HEARER
    assert restricted(tenant) == {"visibility"}
    with pytest.raises(Conflict, match="appeal_moved_on"):
        appeal_release(tenant, number, actor=HEARER, reason="x", now=at)
    sound(tenant)


def test_undoing_takes_a_second_person_and_can_be_sent_back() -> None:
    """The hearer may not confirm; sent back, nothing has happened and it is heard on."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal, at = filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 1)
    appeal_claim(tenant, appeal.number, actor=HEARER, now=at)
    verdict = Verdict(1, "overturned", "属实")
    with pytest.raises(BadInput):
        appeal_propose(tenant, appeal.number, [Verdict(1, "overturned", " ")], actor=HEARER, now=at)
    appeal_propose(tenant, appeal.number, [verdict], actor=HEARER, now=at)
    with pytest.raises(NotAllowed):
        appeal_confirm(tenant, appeal.number, agrees=True, actor=HEARER, reason="x", now=at)
    preview = appeal_preview(tenant, appeal.number, at)
    assert [(row.period, row.change) for row in preview.rows] == [("2025-08", "reversed")]
    assert restricted(tenant) == {"visibility"}
    appeal_confirm(tenant, appeal.number, agrees=False, actor=CONFIRMER, reason="再查", now=at)
    appeal.refresh_from_db()
    assert (appeal.state, ticket_of(hidden).state) == ("hearing", "appealed")
    appeal_propose(tenant, appeal.number, [verdict], actor=HEARER, now=at)
    appeal_confirm(tenant, appeal.number, agrees=True, actor=CONFIRMER, reason="同意", now=at)
    appeal.refresh_from_db()
    assert appeal.outcome == json.loads(json.dumps(preview.as_dict()))
    told = Notice.objects.get(tenant_id=tenant, title_zh=f"申诉 {appeal.number} 的复核结果")
    assert "撤销" in told.body_zh
    assert "overturned" in told.body_en


@pytest.mark.clause("S0-2.2.6")
def test_questions_have_their_day_and_their_number() -> None:
    """Answered in time, or lapsed at the first look after it; at most two, by the party only."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal, at = filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 1)
    number = appeal.number
    appeal_claim(tenant, number, actor=HEARER, now=at)
    turn = question_ask(tenant, number, "请提供答卷来源", actor=HEARER, now=at)
    assert turn.due_on == day_of(at) + timedelta(days=3)
    assert Notice.objects.get(tenant_id=tenant, due_on=turn.due_on, kind="finding")
    with pytest.raises(NotFound):
        question_answer(tenant, number, OTHER, Answer("x", "p2"), at)
    question_answer(tenant, number, P1, Answer("见附件", "p1"), at + timedelta(days=3))
    question_ask(tenant, number, "还有吗", actor=HEARER, now=at + timedelta(days=4))
    assert appeals_look(tenant, at + timedelta(days=7)).lapsed == 0
    assert appeals_look(tenant, at + timedelta(days=8)).lapsed == 1
    assert appeals_look(tenant, at + timedelta(days=8)).lapsed == 0
    with pytest.raises(Conflict):
        question_answer(tenant, number, P1, Answer("late", "p1"), at + timedelta(days=8))
    with pytest.raises(Conflict) as refused:
        question_ask(tenant, number, "又问", actor=HEARER, now=at + timedelta(days=8))
    assert refused.value.problem.code == "no_round_left"


def test_what_is_late_is_escalated_once_and_the_party_is_told() -> None:
    """The day after the expected one, a look marks it and tells the party; never again."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal = filed(tenant, ticket_of(hidden), AUGUST)
    assert appeals_look(tenant, day_after(hidden, 15)).late == ()
    assert appeals_look(tenant, day_after(hidden, 16)).late == (appeal.number,)
    assert appeals_look(tenant, day_after(hidden, 17)).late == ()
    late = Notice.objects.filter(tenant_id=tenant, title_zh__contains="未能如期")
    assert late.count() == 1


@pytest.mark.parametrize(("verdict", "after"), [("upheld", {"visibility"}), ("overturned", set())])
def test_a_suspended_restriction_is_in_force_again_only_where_the_sanction_stands(
    verdict: str, after: set[str]
) -> None:
    """Suspended with a reason while it is heard; the sanction then decides."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal, at = filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 1)
    appeal_claim(tenant, appeal.number, actor=HEARER, now=at)
    execution_suspend(tenant, appeal.number, "证据初步成立", actor=HEARER, now=at)
    assert restricted(tenant) == set()
    with pytest.raises(Conflict):
        execution_suspend(tenant, appeal.number, "again", actor=HEARER, now=at)
    said = [Verdict(1, verdict, "核查")]
    proposed = appeal_propose(tenant, appeal.number, said, actor=HEARER, now=at)
    if proposed.state == "proposed":
        appeal_confirm(tenant, appeal.number, agrees=True, actor=CONFIRMER, reason="x", now=at)
    assert restricted(tenant) == after
    sound(tenant)


def test_a_suspended_removal_lets_the_provider_in_and_then_keeps_its_first_day() -> None:
    """It takes part while it is heard; where the removal stands, it left on the day it did."""
    tenant = tenant_new()
    removal, appeal = _removal_appealed(tenant)
    execution_suspend(tenant, appeal.number, "待核", actor=HEARER, now=day_after(removal, 2))
    assert takes_part(tenant)
    said = [Verdict(each.position, "upheld", "核查") for each in appeal.items.all()]
    appeal_propose(tenant, appeal.number, said, actor=HEARER, now=day_after(removal, 4))
    provider = Provider.objects.get(tenant_id=tenant, provider_id=P1[1])
    assert provider.left_on == day_of(removal.made_at)


def test_suspending_one_of_two_removals_lets_nobody_in() -> None:
    """The other removal stands, whatever is heard about this one."""
    tenant = tenant_new()
    removal, appeal = _removal_appealed(tenant)
    other = Decision.objects.get(tenant_id=tenant, outcome="delist")
    effect_note(other, other.effect | {"left": True})
    execution_suspend(tenant, appeal.number, "待核", actor=HEARER, now=day_after(removal, 2))
    assert not takes_part(tenant)


def _removal_appealed(tenant: str) -> tuple[Decision, Appeal]:
    chain(tenant, AUGUST, SEPTEMBER)
    removal = month_judge(tenant, OCTOBER, LOW)
    assert removal is not None
    appeal = filed(tenant, ticket_of(removal), OCTOBER)
    appeal_claim(tenant, appeal.number, actor=HEARER, now=day_after(removal, 1))
    return removal, appeal


def test_withdrawing_lets_the_ticket_go_on_and_uses_the_chance() -> None:
    """No chance is left, so the fine is due at once."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal, at = filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 1)
    with pytest.raises(NotFound):
        appeal_withdraw(tenant, appeal.number, OTHER, actor="p2", now=at)
    appeal_withdraw(tenant, appeal.number, P1, actor="p1", now=at)
    assert ticket_of(hidden).state == "in_force"
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)


def test_an_appeal_whose_ticket_falls_with_another_is_moot_and_keeps_its_chance() -> None:
    """August falls on its own ticket: September's is replaced, its appeal counts for nothing."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    first = filed(tenant, ticket_of(hidden), AUGUST)
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    second = filed(tenant, ticket_of(delisted), SEPTEMBER)
    heard(first, day_after(delisted, 2))
    second.refresh_from_db()
    assert second.state == "moot"
    again = Decision.objects.get(tenant_id=tenant, period="2025-09/2")
    ticket = ticket_of(again)
    (item,) = appealable(ticket, day_of(ticket.told_at))
    assert (item.left, item.refusal) == (1, None)
    sound(tenant)


@pytest.mark.clause("S0-2.2.6")
def test_who_approved_or_ordered_does_not_confirm_either() -> None:
    """Two people without a hand in it: the error says which hand the person had."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    appeal, at = filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 1)
    appeal_claim(tenant, appeal.number, actor=HEARER, now=at)
    verdict = Verdict(1, "overturned", "属实")
    appeal_propose(tenant, appeal.number, [verdict], actor=HEARER, now=at)
    for actor, hand in (("risk", "standing order"), ("finance", "standing order"), ("p1", "filed")):
        for agrees in (True, False):
            with pytest.raises(NotAllowed, match=f"{hand}.*confirmer_had_a_hand"):
                appeal_confirm(
                    tenant, appeal.number, agrees=agrees, actor=actor, reason="x", now=at
                )
    appeal_confirm(tenant, appeal.number, agrees=True, actor=CONFIRMER, reason="同意", now=at)
    assert ticket_of(hidden).state == "reversed"


def test_an_appeal_that_nobody_is_left_for_says_so_until_somebody_is_invited() -> None:
    """Nobody to hear, then nobody but the hearer to confirm; one who left does not count."""
    tenant = tenant_new(order=False)
    hidden = month_judge(tenant, AUGUST, LOW, approve=False)
    names = {name: f"{name}-{tenant}" for name in ("risk", "finance", "ann", "boss")}
    for name in ("risk", "finance"):
        person_add(tenant, names[name], "long-enough-1", role=name)
        decision_settle(
            tenant,
            hidden.id,
            verdict="approve",
            actor=names[name],
            reason="seen",
            now=hidden.made_at,
        )
    appeal, at = filed(tenant, ticket_of(hidden), AUGUST), day_after(hidden, 1)
    assert [(each.number, why.code) for each, why in appeals_stuck(tenant)] == [
        (appeal.number, "nobody_to_hear")
    ]
    ann = person_add(tenant, names["ann"], "long-enough-1", role="service")
    assert stuck_code(tenant) == "nobody_to_confirm"
    appeal_claim(tenant, appeal.number, actor=names["ann"], now=at)
    assert stuck_code(tenant) == "nobody_to_confirm"
    boss = person_add(tenant, names["boss"], "long-enough-1", role="finance")
    assert stuck_code(tenant) == ""
    boss.user.is_active = False
    boss.user.save()
    assert stuck_code(tenant) == "nobody_to_confirm"
    assert ann.user.is_active


def stuck_code(tenant: str) -> str:
    """Return why the one open appeal of a tenant cannot go on; empty where it can."""
    return next((why.code for _, why in appeals_stuck(tenant)), "")


@pytest.mark.parametrize(("verdict", "persons"), [("upheld", 1), ("overturned", 2)])
def test_the_outcome_says_that_persons_decided_it(verdict: str, persons: int) -> None:
    """The hearer alone, or with who confirmed; not who approved the sanction."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    at = day_after(hidden, 1)
    appeal = filed(tenant, ticket_of(hidden), AUGUST, at=at)
    heard(appeal, at, verdict=verdict)
    kept = Statement.objects.get(tenant_id=tenant, about=f"appeal {appeal.number} decided")
    assert kept.content["decided_by"] == {"mode": "persons", "persons": persons}
    assert "审核后作出" in kept.content["parts"]["zh"]["decided_by"]


def test_what_is_wrong_with_a_verdict_names_its_item() -> None:
    """No verdict, an unknown one, no reason, or a correction without figures: the item is said."""
    tenant = tenant_new()
    hidden = _hidden(tenant)
    at = day_after(hidden, 1)
    appeal = filed(tenant, ticket_of(hidden), AUGUST, at=at)
    appeal_claim(tenant, appeal.number, actor=HEARER, now=at)
    position = appeal.items.get().position
    for given, code in (
        ([], "verdict_missing"),
        ([Verdict(position, "fine", "x")], "verdict_missing"),
        ([Verdict(position, "upheld", " ")], "verdict_missing"),
        ([Verdict(position, "corrected", "x")], "correction_wrong"),
    ):
        with pytest.raises(BadInput, match=code) as refused:
            appeal_propose(tenant, appeal.number, given, actor=HEARER, now=at)
        problem = refused.value.problem
        assert f"第 {position} 项" in problem.zh
        assert f"item {position}" in problem.en
        assert problem.where.startswith(f"items.{position}")
