"""Findings beyond requirement 4: points, sampling, one fact once, corrections, quality review."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.appeals.deciding import Verdict as AppealVerdict
from earnest.appeals.deciding import appeal_propose
from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.appeals.hearing import appeal_claim
from earnest.consequences.reversal import decision_reverse
from earnest.consequences.sanctions import ticket_enforce, tickets_look
from earnest.decisions.commands import Undoing
from earnest.decisions.replay import decisions_replay
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, RuleRefused
from earnest.market.queries import provider_get
from earnest.notices.models import Notice
from earnest.restrictions.queries import capabilities_restricted, objects_restricted
from earnest.tickets.commands import ticket_move
from earnest.tickets.models import Ticket
from earnest.violations.additions import item_add
from earnest.violations.corrections import correction_judge, correction_say
from earnest.violations.evidence import Answer
from earnest.violations.finding import Verdict, finding_preview, finding_propose
from earnest.violations.models import QualityReview, Violation
from earnest.violations.quality import (
    PPM,
    agreement,
    disagreements,
    is_chosen,
    quality_check,
    quality_choose,
    quality_waiting,
)
from earnest.violations.queries import decisions_shown, violation_get
from earnest.violations.queue import violation_claim
from earnest.violations.reports import ReportItem
from tests.cases.scene import NOW, P1
from tests.violations.scene import (
    ADMIN,
    DAY,
    RISK,
    YESTERDAY,
    item,
    market,
    person,
    proposed,
    reported,
    sanctioned,
    settled,
)

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=1)
UNDOING = Undoing("appeal", "A000001", "x", "it was not so")


def _points(decision: Any) -> tuple[int, int]:
    receipt = decision.receipt
    return int(receipt["facts"]["points_now"]), int(receipt["result"]["points_total"])


@pytest.mark.clause("S0-2.2.6", "S0-2.1-info2b", "S0-2.1-info2d")
def test_points_add_up_and_the_named_goods_are_hidden() -> None:
    """Two items of one measure are one ticket; the goods that they name are hidden, no others."""
    tenant = market()
    _, (decision,) = sanctioned(
        tenant, item("outside_contacts", item_id="G7"), item("exaggeration", item_id="G8")
    )
    assert (decision.outcome, decision.money_fen, _points(decision)) == ("hide_goods", 0, (40, 40))
    assert objects_restricted(tenant, *P1, "goods_listing") == {"item_id G7", "item_id G8"}
    assert capabilities_restricted(tenant, *P1) == set()
    told = Notice.objects.get(tenant_id=tenant)
    assert "隐藏货品：货品 G7、货品 G8" in told.body_zh
    assert "hide goods: item G7, item G8" in told.body_en
    assert "4.0" in told.body_en
    assert Ticket.objects.get(tenant_id=tenant).items.count() == 2
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S0-2.2.6")
def test_points_that_were_reversed_or_are_old_do_not_count() -> None:
    """The total has what stands and is not older than the rulebook's months."""
    tenant = market()
    _, (first,) = sanctioned(tenant, item("interface_outage", function="search"))
    _, (second,) = sanctioned(tenant, item("slack_service", function="chat"))
    assert _points(second) == (30, 60)
    decision_reverse(tenant, first.id, UNDOING, NOW)
    _, (third,) = sanctioned(tenant, item("waybill_missing", item_id="G1"))
    assert _points(third) == (10, 40)
    later = NOW + timedelta(days=366)
    _, (fourth,) = sanctioned(tenant, item("images_unclear", item_id="G2"), now=later)
    assert _points(fourth) == (5, 5)


@pytest.mark.clause("S0-2.2.6")
def test_no_decision_gives_more_points_than_the_rulebook_allows() -> None:
    """What is more than twelve points is split over several decisions, each with its number."""
    tenant = market()
    violation, decisions = sanctioned(
        tenant,
        *(item("information_unlawful", item_id=f"G{number}") for number in range(3)),
    )
    assert [_points(each) for each in decisions] == [(120, 120), (60, 180)]
    assert [each.period for each in decisions] == [violation.number, f"{violation.number}.2"]


@pytest.mark.parametrize(
    ("kind", "restricted"),
    [
        ("foreign_marks", {"traffic"}),
        ("slack_service", {"publishing"}),
        ("off_market_dealing", {"visibility", "new_order", "renewal"}),
        ("images_unclear", set()),
    ],
)
@pytest.mark.clause("S0-2.2.6", "S0-2.2.3b", "S0-2.1-qual3b")
def test_a_kind_has_its_own_measure(kind: str, restricted: set[str]) -> None:
    """The measure of the kind takes away exactly what the table of effects says."""
    tenant = market()
    sanctioned(tenant, item(kind))
    assert capabilities_restricted(tenant, *P1) == restricted


@pytest.mark.clause("S0-2.1-qual2a", "S0-2.1-qual2f")
def test_a_sampling_finding_has_the_actions_of_its_kind() -> None:
    """Faked composition: goods off and banned, brand off, no removal, no money while unset."""
    tenant = market()
    _, (decision,) = sanctioned(tenant, item("composition_faked", item_id="G7", brand="Acme"))
    assert (decision.decision, decision.outcome, decision.money_fen) == (
        "sampling_finding", "brand_off", 0,
    )  # fmt: skip
    assert objects_restricted(tenant, *P1, "goods_listing") == {"item_id G7"}
    assert objects_restricted(tenant, *P1, "brand") == {"Acme"}
    assert provider_get(tenant, "P1").left_on is None
    decision_reverse(tenant, decision.id, UNDOING, NOW)
    assert objects_restricted(tenant, *P1, "goods_listing") == set()


@pytest.mark.clause("S0-2.1-qual2a")
def test_a_counterfeit_removes_and_needs_two_persons() -> None:
    """The gravest action names the outcome; removal waits for two."""
    tenant = market()
    violation = proposed(tenant, reported(tenant, item("counterfeit", item_id="G7")), by="service")
    (decision,) = decisions_shown(violation)
    assert (decision.outcome, decision.approvals_needed) == ("remove", 2)
    settled(tenant, violation, by=RISK)
    assert provider_get(tenant, "P1").left_on is None
    settled(tenant, violation, by=ADMIN)
    assert provider_get(tenant, "P1").left_on == DAY


@pytest.mark.clause("S0-2.2.5-scope")
def test_one_fact_is_sanctioned_once_by_one_regime() -> None:
    """The same listing on the same day: the second regime is refused in words, and shown before."""
    tenant = market()
    first, _ = sanctioned(tenant, item("free_here_charged_there", listing="L7"))
    second = reported(tenant, item("exaggeration", listing="L7"))
    with pytest.raises(RuleRefused, match="fact_sanctioned") as refused:
        proposed(tenant, second)
    assert first.number in refused.value.problem.zh
    with pytest.raises(RuleRefused, match="fact_sanctioned"):
        finding_preview(violation_get(tenant, second.number), NOW)
    assert violation_get(tenant, second.number).items.get().verdict == "open"
    other_day = item("exaggeration", YESTERDAY - DAYS, listing="L7")
    assert sanctioned(tenant, other_day)[1][0].state == "in_effect"


@pytest.mark.clause("S0-2.2.5-scope")
def test_one_fact_under_two_regimes_of_one_report_is_refused() -> None:
    """The reviewer decides for one regime; the other item is found not found."""
    tenant = market()
    given_ = item("free_here_charged_there", listing="L7"), item("exaggeration", listing="L7")
    violation = reported(tenant, *given_)
    with pytest.raises(RuleRefused, match="fact_sanctioned"):
        proposed(tenant, violation)
    made = proposed(tenant, violation, ["found", "not_found"])
    assert [each.decision for each in decisions_shown(made)] == ["requirement4_rung"]


@pytest.mark.clause("S0-2.2.5-scope")
def test_a_reversed_sanction_frees_its_fact() -> None:
    """After the first sanction was reversed the fact may be judged under the other regime."""
    tenant = market()
    _, (first,) = sanctioned(tenant, item("free_here_charged_there", listing="L7"))
    decision_reverse(tenant, first.id, UNDOING, NOW)
    _, (second,) = sanctioned(tenant, item("exaggeration", listing="L7"))
    assert second.state == "in_effect"


def test_every_item_needs_a_verdict_and_a_reason() -> None:
    """A verdict without reason, an item without verdict, an unknown clause: named and refused."""
    tenant = market()
    violation = reported(tenant, item(listing="L1"), item(listing="L2"))
    actor = person(tenant, RISK)
    violation_claim(tenant, violation.number, actor, NOW)
    for verdicts, where in (
        ([Verdict(1, "found", "seen")], "items.2"),
        ([Verdict(1, "found", " "), Verdict(2, "found", "x")], "items.1"),
        ([Verdict(1, "found", "x"), Verdict(2, "maybe", "x")], "items.2"),
        ([Verdict(1, "found", "x", "S9"), Verdict(2, "found", "x")], "items.1.clause"),
    ):
        with pytest.raises(BadInput) as refused:
            finding_propose(tenant, violation.number, verdicts, actor, NOW)
        assert refused.value.problem.where == where
        assert f"第 {where[6]} 项" in refused.value.problem.zh
    assert {each.verdict for each in violation.items.all()} == {"open"}


def test_a_reviewer_adds_what_the_report_did_not_name() -> None:
    """The added item is judged with the rest; only who holds the violation adds."""
    tenant = market()
    violation = reported(tenant, item("other_violation", function="chat"))
    added = ReportItem("slack_service", "", YESTERDAY, {"function": "reply"})
    with pytest.raises(Conflict, match="not_claimed"):
        item_add(tenant, violation.number, added, "ann", NOW)
    violation_claim(tenant, violation.number, person(tenant, RISK), NOW)
    item_add(tenant, violation.number, added, person(tenant, RISK), NOW)
    made = proposed(tenant, violation, ["not_found", "found"])
    assert [_points(each)[0] for each in decisions_shown(made)] == [30]


def test_what_is_put_right_in_time_costs_nothing() -> None:
    """The party says so with proof, a reviewer accepts: goods free, ticket corrected, no points."""
    tenant = market()
    violation, (decision,) = sanctioned(tenant, item("outside_contacts", item_id="G7"))
    ticket = Ticket.objects.get(tenant_id=tenant)
    assert ticket.correct_until == DAY + 2 * DAYS
    said = Answer("the links are gone", "clerk")
    correction_say(tenant, P1, violation.number, said, NOW + DAYS)
    with pytest.raises(Conflict, match="correction_open"):
        correction_say(tenant, P1, violation.number, said, NOW + DAYS)
    correction_judge(
        tenant,
        violation.number,
        verdict="sent_back",
        actor="risk",
        reason="one is left",
        now=NOW + DAYS,
    )
    correction_say(tenant, P1, violation.number, said, NOW + 2 * DAYS)
    correction_judge(
        tenant,
        violation.number,
        verdict="accepted",
        actor="risk",
        reason="all gone",
        now=NOW + 3 * DAYS,
    )
    ticket.refresh_from_db()
    assert ticket.state == "corrected"
    assert objects_restricted(tenant, *P1, "goods_listing") == set()
    tickets_look(tenant, NOW + 30 * DAYS)
    ticket.refresh_from_db()
    assert ticket.state == "corrected"
    _, (after,) = sanctioned(tenant, item("images_unclear", item_id="G8"))
    assert _points(after) == (5, 5)
    assert decision.state == "in_effect"


@pytest.mark.parametrize(
    ("verdict", "state"), [("accepted", "corrected"), ("sent_back", "in_force")]
)
def test_a_party_does_not_pay_for_a_correction_that_is_judged_late(
    verdict: str, state: str
) -> None:
    """Said in time, the ticket waits past its days for the judgement, and then goes its way."""
    tenant = market()
    violation, _ = sanctioned(tenant, item("outside_contacts", item_id="G7"))
    correction_say(tenant, P1, violation.number, Answer("gone", "clerk"), NOW + DAYS)
    late = NOW + 20 * DAYS
    assert tickets_look(tenant, late).enforced == ()
    ticket = Ticket.objects.get(tenant_id=tenant)
    assert ticket.state == "pending"
    correction_judge(
        tenant, violation.number, verdict=verdict, actor="risk", reason="seen", now=late
    )
    tickets_look(tenant, late + DAYS)
    ticket.refresh_from_db()
    assert ticket.state == state
    story = list(ticket.steps.order_by("id").values_list("what", flat=True))
    assert story == ["told", "correction_said", "correction_judged", state]


def test_a_failed_appeal_waits_for_the_correction_too() -> None:
    """The appeal fails when its days are over: nothing is enforced before the word is judged."""
    tenant = market()
    violation, _ = sanctioned(tenant, item("outside_contacts", item_id="G7"))
    number = Ticket.objects.get(tenant_id=tenant).number
    correction_say(tenant, P1, violation.number, Answer("gone", "clerk"), NOW)
    disputed = [Disputed(1, "facts_wrong", "not ours")]
    appeal = appeal_file(tenant, NewAppeal(P1, number, disputed, "clerk"), NOW)
    appeal_claim(tenant, appeal.number, actor="hearer", now=NOW)
    late = NOW + 9 * DAYS
    upheld = [AppealVerdict(1, "upheld", "seen")]
    appeal_propose(tenant, appeal.number, upheld, actor="hearer", now=late)
    assert tickets_look(tenant, late).enforced == ()
    assert Ticket.objects.get(tenant_id=tenant).state == "pending"
    correction_judge(
        tenant, violation.number, verdict="accepted", actor="risk", reason="gone", now=late
    )
    assert Ticket.objects.get(tenant_id=tenant).state == "corrected"


def test_a_correction_judged_after_the_ticket_is_in_force_changes_nothing_of_it() -> None:
    """In force meanwhile: the reviewer says so, the ticket stands, the party is told."""
    tenant = market()
    violation, _ = sanctioned(tenant, item("outside_contacts", item_id="G7"))
    said = Answer("the links are gone", "clerk")
    correction_say(tenant, P1, violation.number, said, NOW + DAYS)
    word: dict[str, Any] = {"actor": "risk", "reason": "all gone"}
    with pytest.raises(Conflict, match="still_correctable"):
        correction_judge(tenant, violation.number, verdict="too_late", now=NOW + DAYS, **word)
    with pytest.raises(BadInput, match="unknown_verdict"):
        correction_judge(tenant, violation.number, verdict="fine", now=NOW + DAYS, **word)
    late = NOW + 8 * DAYS
    ticket_enforce(tenant, Ticket.objects.get(tenant_id=tenant).number, late)
    with pytest.raises(Conflict, match="tickets_in_force"):
        correction_judge(tenant, violation.number, verdict="accepted", now=late, **word)
    made = correction_judge(tenant, violation.number, verdict="too_late", now=late, **word)
    ticket = Ticket.objects.get(tenant_id=tenant)
    assert (made.verdict, ticket.state) == ("too_late", "in_force")
    assert objects_restricted(tenant, *P1, "goods_listing") == {"item_id G7"}
    notice = Notice.objects.get(tenant_id=tenant, title_zh__contains="的整改")
    assert f"处罚单 {ticket.number} 在审核前已生效，维持不变" in notice.body_zh
    assert f"the time to appeal ended with {ticket.appeal_until}" in notice.body_en


def test_a_correction_waits_while_its_ticket_is_under_appeal() -> None:
    """The appeal is heard first: accepting meanwhile is refused in words that say so."""
    tenant = market()
    violation, _ = sanctioned(tenant, item("outside_contacts", item_id="G7"))
    correction_say(tenant, P1, violation.number, Answer("gone", "clerk"), NOW)
    ticket = Ticket.objects.get(tenant_id=tenant)
    ticket_move(ticket, "appealed", NOW, actor="clerk")
    word: dict[str, Any] = {"actor": "risk", "reason": "all gone", "now": NOW}
    for verdict, code in (("accepted", "tickets_under_appeal"), ("too_late", "still_correctable")):
        with pytest.raises(Conflict, match=code):
            correction_judge(tenant, violation.number, verdict=verdict, **word)
    ticket_move(ticket, "pending", NOW, actor="clerk")
    correction_judge(tenant, violation.number, verdict="accepted", **word)
    ticket.refresh_from_db()
    assert ticket.state == "corrected"


def test_what_cannot_be_put_right_or_is_late_is_not_taken() -> None:
    """Requirement 4 is not settled by a correction; nor is anything after its day."""
    tenant = market()
    grave, _ = sanctioned(tenant, item(listing="L7"))
    said = Answer("we changed it", "clerk")
    with pytest.raises(Conflict, match="not_correctable"):
        correction_say(tenant, P1, grave.number, said, NOW)
    light, _ = sanctioned(tenant, item("outside_contacts", item_id="G7"))
    with pytest.raises(Conflict, match="not_correctable"):
        correction_say(tenant, P1, light.number, said, NOW + 3 * DAYS)
    with pytest.raises(NotFound, match="unknown_violation"):
        correction_say(tenant, ("provider", "P2"), light.number, said, NOW)
    with pytest.raises(Conflict, match="no_correction_waits"):
        correction_judge(tenant, light.number, verdict="accepted", actor="r", reason="x", now=NOW)


@given(share=st.integers(min_value=0, max_value=PPM), start=st.integers(0, 10**5))
@settings(max_examples=25)
def test_the_sample_is_fixed_by_the_number_and_grows_with_the_share(share: int, start: int) -> None:
    """Law: the same numbers are chosen every time, and a larger share keeps all of a smaller."""
    numbers = [f"V{start + each:06d}" for each in range(40)]
    chosen = {each for each in numbers if is_chosen("t", each, share)}
    assert chosen == {each for each in numbers if is_chosen("t", each, share)}
    assert chosen >= {each for each in numbers if is_chosen("t", each, share // 2)}


def test_about_one_in_twenty_is_chosen() -> None:
    """Of 20,000 numbers five percent are chosen, within what chance allows."""
    chosen = sum(is_chosen("t", f"V{number:06d}", 50_000) for number in range(20_000))
    assert 850 <= chosen <= 1150


def _chosen(tenant: str) -> Violation:
    """Dismiss a violation and let it be one of the sample."""
    violation = proposed(tenant, reported(tenant), ["not_found"])
    QualityReview.objects.get_or_create(
        violation=violation,
        defaults={
            "id": violation.id,
            "tenant_id": tenant,
            "reviewed_by": violation.reviewed_by,
            "chosen_at": NOW,
        },
    )
    return violation


def test_a_second_look_is_blind_made_by_another_and_changes_nothing() -> None:
    """Disagreement is noted for the admin; the violation stays as it was settled."""
    tenant = market()
    violation = _chosen(tenant)
    reviewer, other = person(tenant, RISK), person(tenant, ADMIN)
    assert not quality_waiting(tenant, reviewer)
    with pytest.raises(NotAllowed, match="own_review"):
        quality_check(tenant, violation.number, {1: "found"}, reviewer, "x", NOW)
    with pytest.raises(BadInput, match="verdict_missing"):
        quality_check(tenant, violation.number, {}, other, "x", NOW)
    made = quality_check(tenant, violation.number, {1: "found"}, other, "it is so", NOW)
    assert made.agrees is False
    assert [each.violation.number for each in disagreements(tenant)] == [violation.number]
    assert violation_get(tenant, violation.number).state == "dismissed"
    (rate,) = agreement(tenant)
    assert (rate.reviewed_by, rate.checked, rate.agreed, rate.open) == (reviewer, 1, 0, 0)
    with pytest.raises(Conflict, match="checked_already"):
        quality_check(tenant, violation.number, {1: "found"}, other, "x", NOW)


def test_a_review_outside_the_sample_is_not_looked_at_again() -> None:
    """What was not chosen is not found; choosing twice gives one review."""
    tenant = market()
    violation = proposed(tenant, reported(tenant), ["not_found"])
    made = quality_choose(violation, NOW)
    assert (made is not None) == is_chosen(tenant, violation.number, 50_000)
    with pytest.raises(NotFound, match="not_chosen"):
        quality_check(tenant, "V000099", {}, "x", "x", NOW)
