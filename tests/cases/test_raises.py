"""Raises: for a ground of the rule, within the bound, by two persons, looked at again, released."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.assessment.commands import day_run
from earnest.cases.following import cases_follow
from earnest.cases.queries import case_state, decisions_of_case
from earnest.cases.raises import RaiseFiling, RaiseReview, raise_ask, raise_review
from earnest.consequences.commands import decision_settle
from earnest.decisions.replay import decisions_replay
from earnest.deposits.models import Raise, Shortage
from earnest.deposits.queries import requirement_history
from earnest.deposits.raises import raises_due_review, raises_fen, raises_look
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, RuleRefused
from earnest.notices.models import Notice
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of
from tests.cases.scene import NOW, P1, S1, approved, settle, shop_open, stands, tenant_new

pytestmark = pytest.mark.django_db
REVIEW = date(2025, 12, 5)


def _filing(**changes: Any) -> RaiseFiling:
    given = {
        "subject": S1, "ground": "violation", "losses_fen": [200_000, 300_000], "set_fen": 0,
        "review_on": REVIEW, "reason": "late parcels", "actor": "risk", "evidence": ["E1"],
    }  # fmt: skip
    return RaiseFiling(**{**given, **changes})


@pytest.fixture
def tenant() -> str:
    """Give a market with one shop that holds what it must, 10,000 yuan."""
    made = tenant_new()
    shop_open(made, deposit_fen=1_000_000, required_fen=1_000_000)
    return made


@pytest.mark.parametrize(
    ("ground", "clause"),
    [
        pytest.param("violation", "S3-3.3a", marks=pytest.mark.clause("S3-3.3a")),
        pytest.param("reopened", "S3-3.3b", marks=pytest.mark.clause("S3-3.3b")),
        pytest.param("investigation", "S3-3.3c", marks=pytest.mark.clause("S3-3.3c")),
        pytest.param("dispute", "S3-3.3d", marks=pytest.mark.clause("S3-3.3d")),
    ],
)
@pytest.mark.clause("S3-3.3x")
def test_a_raise_by_its_losses_is_in_force_with_two_approvals(
    tenant: str, ground: str, clause: str
) -> None:
    """Losses of 2,000 and 3,000 yuan on any ground take 10,000 to 15,000, after two persons."""
    case = raise_ask(tenant, _filing(ground=ground), NOW)
    (decision,) = decisions_of_case(case)
    assert (decision.clause, decision.outcome, decision.money_fen) == (
        clause, "raise_deposit", 500_000,
    )  # fmt: skip
    settle(tenant, decision.id, NOW, persons=1)
    assert stands(tenant).required_fen == 1_000_000
    with pytest.raises(NotAllowed, match="second_person_needed"):
        settle(tenant, decision.id, NOW, persons=1)
    decision_settle(tenant, decision.id, verdict="approve", actor="other", reason="seen", now=NOW)
    assert (stands(tenant).required_fen, stands(tenant).shortage_fen) == (1_500_000, 500_000)
    assert raises_fen(tenant, [S1, ("shop", "S2")], day_of(NOW)) == {S1: 500_000, ("shop", "S2"): 0}
    assert requirement_history(tenant, S1)[-1].clause == clause
    notice = Notice.objects.get(tenant_id=tenant)
    assert clause in notice.body_zh
    assert "late parcels" in notice.body_en
    assert "15,000.00" in notice.body_en
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S3-3.3x", "S3-5.1")
def test_a_raise_opens_a_shortage_at_the_next_look(tenant: str) -> None:
    """What the raise leaves missing has a notice and days of grace, as every shortage."""
    approved(tenant, raise_ask(tenant, _filing(), NOW))
    day_run(tenant, NOW + timedelta(days=1))
    shortage = Shortage.objects.get(tenant_id=tenant)
    assert shortage.clause == "S3-3.3a"
    assert shortage.due_on == day_of(NOW) + timedelta(days=8)


@pytest.mark.clause("S3-3.3x")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"set_fen": 10_000_001, "losses_fen": []}, "not_met"),
        ({"set_fen": -1}, "not_met"),
        ({"ground": "mood"}, "no_row"),
        ({"reason": "  "}, "not_met"),
        ({"review_on": date(2025, 9, 5)}, "not_met"),
    ],
)
def test_a_raise_outside_the_rule_is_refused(
    tenant: str, changes: dict[str, Any], code: str
) -> None:
    """Beyond the bound, below nothing, without ground, reason or later review: nothing is filed."""
    with pytest.raises(RuleRefused, match=code):
        raise_ask(tenant, _filing(**changes), NOW)
    assert stands(tenant).required_fen == 1_000_000


def test_a_raise_of_nothing_or_of_a_provider_is_no_raise(tenant: str) -> None:
    """Neither losses nor an amount, or a party that this rule does not cover."""
    with pytest.raises(BadInput, match="raise_of_nothing"):
        raise_ask(tenant, _filing(losses_fen=[]), NOW)
    with pytest.raises(BadInput, match="shop_wanted"):
        raise_ask(tenant, _filing(subject=P1), NOW)
    with pytest.raises(NotFound, match="unknown_shop"):
        raise_ask(tenant, _filing(subject=("shop", "S9")), NOW)


@pytest.mark.clause("S3-3.3x")
def test_an_amount_set_by_a_person_stands_within_the_bound(tenant: str) -> None:
    """100,000 yuan, the most that may be set, counts in place of the losses."""
    approved(tenant, raise_ask(tenant, _filing(set_fen=10_000_000), NOW))
    assert stands(tenant).required_fen == 11_000_000


def test_a_refused_raise_changes_nothing_and_closes_its_case(tenant: str) -> None:
    """One refusal ends the matter."""
    case = raise_ask(tenant, _filing(), NOW)
    settle(tenant, decisions_of_case(case)[0].id, NOW, verdict="refuse", persons=1)
    assert cases_follow(tenant, NOW) == 1
    case.refresh_from_db()
    assert case_state(case) == "refused"
    assert not Raise.objects.filter(tenant_id=tenant).exists()


@pytest.mark.clause("S3-3.3x")
def test_a_raise_is_looked_at_again_kept_and_released(tenant: str) -> None:
    """On its day it is due; kept it is due later; released the requirement falls by it."""
    approved(tenant, raise_ask(tenant, _filing(), NOW))
    row = Raise.objects.get(tenant_id=tenant)
    at = NOW + timedelta(days=91)
    assert not raises_due_review(tenant, day_of(at) - timedelta(days=1))
    assert raises_due_review(tenant, day_of(at)) == [row]
    assert [raises_look(tenant, at + timedelta(days=day)) for day in (0, 0, 1)] == [1, 0, 0]
    told = Notice.objects.filter(tenant_id=tenant, title_en__contains="looked at again")
    assert told.count() == 1
    later = day_of(at) + timedelta(days=30)
    kept = raise_review(tenant, row.id, RaiseReview(False, "still open", "risk", later), at)
    assert case_state(kept) == "done"
    assert not raises_due_review(tenant, day_of(at))
    over = raise_review(tenant, row.id, RaiseReview(True, "all settled", "risk"), at)
    assert stands(tenant, now=at).required_fen == 1_500_000
    (decision,) = decisions_of_case(over)
    assert decision.approvals_needed == 1
    approved(tenant, over, at)
    assert stands(tenant, now=at).required_fen == 1_000_000
    row.refresh_from_db()
    assert (row.released_on, row.release_reason) == (day_of(at), "all settled")
    assert raises_fen(tenant, [S1], day_of(at)) == {S1: 0}
    assert raises_fen(tenant, [S1], day_of(at) - timedelta(days=1)) == {S1: 500_000}
    assert cases_follow(tenant, at) == 2
    assert not decisions_replay(tenant).differences
    with pytest.raises(Conflict, match="raise_released"):
        raise_review(tenant, row.id, RaiseReview(True, "again", "risk"), at)


def test_a_review_says_why_and_when_next(tenant: str) -> None:
    """A raise does not stay without a later day, and neither word goes without a reason."""
    approved(tenant, raise_ask(tenant, _filing(), NOW))
    row = Raise.objects.get(tenant_id=tenant)
    with pytest.raises(BadInput, match="review_not_later"):
        raise_review(tenant, row.id, RaiseReview(False, "open", "risk", day_of(NOW)), NOW)
    with pytest.raises(BadInput, match="review_not_later"):
        raise_review(tenant, row.id, RaiseReview(False, "open", "risk"), NOW)
    with pytest.raises(BadInput, match="reason_missing"):
        raise_review(tenant, row.id, RaiseReview(True, " ", "risk"), NOW)


def test_two_releases_of_one_raise_lower_once(tenant: str) -> None:
    """A second release that waited is refused when it comes; the requirement falls once."""
    approved(tenant, raise_ask(tenant, _filing(), NOW))
    row = Raise.objects.get(tenant_id=tenant)
    first = raise_review(tenant, row.id, RaiseReview(True, "settled", "risk"), NOW)
    second = raise_review(tenant, row.id, RaiseReview(True, "settled", "risk"), NOW)
    approved(tenant, first)
    with pytest.raises(Conflict, match="raise_released"):
        approved(tenant, second)
    assert stands(tenant).required_fen == 1_000_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(min_value=0, max_value=10**9), max_size=4),
    st.integers(min_value=-5, max_value=2 * 10**9),
)
@pytest.mark.clause("S3-3.3x")
def test_no_raise_is_above_the_losses_and_the_bound(losses: list[int], set_fen: int) -> None:
    """Whatever is asked: refused, or the sum of the losses, or the amount set within the bound."""
    pack = pack_of(SHOP_DEPOSIT)
    facts = {
        "raised_on": day_of(NOW), "ground": "dispute", "losses": losses, "set_fen": set_fen,
        "reason": "a claim", "review_on": REVIEW,
    }  # fmt: skip
    evaluation = pack.evaluate("raise_asked", facts)
    bound = max(sum(losses), pack.parameter("raise_set_max", on=day_of(NOW)))
    if evaluation.refusal is None:
        raised = evaluation.result["raise_fen"]
        assert raised == (set_fen or sum(losses))
        assert 0 <= raised <= bound
    else:
        assert not 0 <= set_fen <= bound
