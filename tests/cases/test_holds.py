"""Holds: asked for as the pack allows, looked at again, settled by two persons or released."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from earnest.cases.closing import cases_close_ended
from earnest.cases.holds import (
    HoldFiling,
    HoldSettling,
    hold_ask,
    hold_release,
    hold_review_add,
    hold_settle_ask,
    hold_standing,
    hold_standings,
)
from earnest.cases.models import Case
from earnest.consequences.commands import decision_settle
from earnest.consequences.holds import hold_apply
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import deposit_of
from earnest.deposits.claims import claims_open
from earnest.deposits.holds import HoldLook, hold_place, holds_look
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.ledger.queries import balance_of
from earnest.notices.models import Notice
from earnest.restrictions.queries import capabilities_restricted
from tests.cases.scene import NOW, P1, S1, settle, stands, taken
from tests.cases.shop_scene import shop_market
from tests.deposits.scene import new_hold

pytestmark = pytest.mark.django_db
REVIEW_ON = date(2025, 10, 1)


def _filing(**changes: Any) -> HoldFiling:
    given = {
        "subject": S1, "reason": "court case 17", "owner": "wang.fang", "review_on": REVIEW_ON,
        "estimate_fen": None, "actor": "risk",
    }  # fmt: skip
    return HoldFiling(**{**given, **changes})


@pytest.fixture
def tenant() -> str:
    """Give a market with one shop, whose deposit is 10,000 yuan."""
    return shop_market(1_000_000)


def _held(tenant: str, now: datetime = NOW, **changes: Any) -> str:
    """Ask for a hold and let one person approve it; return its number."""
    number = hold_ask(tenant, _filing(**changes), now).number
    settle(tenant, hold_standing(tenant, number).decisions[0].id, now, persons=1)
    return number


def _settling(loss_fen: int, beneficiary: str = "platform") -> HoldSettling:
    return HoldSettling(loss_fen, beneficiary, "risk", "judgment of the court")


@pytest.mark.clause("S3-4.2c")
def test_a_hold_takes_one_approval(tenant: str) -> None:
    """Asked for, nothing is held; approved, all that is free is, as nobody can tell the loss."""
    case = hold_ask(tenant, _filing(), NOW)
    waiting = hold_standing(tenant, case.number)
    assert (waiting.state, waiting.remaining_fen, stands(tenant).free_fen) == (
        "waiting", 0, 1_000_000,
    )  # fmt: skip
    (decision,) = waiting.decisions
    assert (decision.outcome, decision.clause, decision.approvals_needed) == ("hold", "S3-4.2c", 1)
    settle(tenant, decision.id, NOW, persons=1)
    held = hold_standing(tenant, case.number)
    assert (held.state, held.remaining_fen, stands(tenant).free_fen) == ("held", 1_000_000, 0)
    assert held.hold is not None
    assert (held.hold.case_number, held.hold.ends_at) == (case.number, None)


@pytest.mark.clause("S3-4.2c")
def test_an_estimate_bounds_what_is_held(tenant: str) -> None:
    """With a loss estimated at 4,000 yuan, 6,000 of 10,000 stay free."""
    _held(tenant, estimate_fen=400_000)
    assert (stands(tenant).held_fen, stands(tenant).free_fen) == (400_000, 600_000)


@pytest.mark.clause("S3-4.2c")
def test_the_shop_is_told_of_the_hold(tenant: str) -> None:
    """Reason, estimate, amount and the day of the review stand in the notice, in both languages."""
    _held(tenant, estimate_fen=400_000)
    told = Notice.objects.get(tenant_id=tenant, subject_id="S1")
    assert (told.kind, told.clause, told.due_on) == ("sanction", "S3-4.2c", REVIEW_ON)
    for part in (
        "court case 17",
        "估计损失 4,000.00 元",
        "扣留保证金 4,000.00 元",
        "2025-10-01 前复核",
    ):
        assert part in told.body_zh
    for part in ("loss estimated at 4,000.00 yuan", "4,000.00 yuan of the deposit are held"):
        assert part in told.body_en


@pytest.mark.clause("S3-4.2c")
def test_settled_to_the_loss_the_rest_is_released(tenant: str) -> None:
    """A hold of 10,000 and a loss of 4,000: after two approvals 6,000 are free again."""
    number = _held(tenant)
    decision = hold_settle_ask(tenant, number, _settling(400_000), NOW)
    assert (decision.period, decision.approvals_needed, decision.money_fen) == (number, 2, 400_000)
    settle(tenant, decision.id, NOW, persons=1)
    assert (hold_standing(tenant, number).state, stands(tenant).free_fen) == ("settling", 0)
    with pytest.raises(Conflict, match="settlement_waits"):
        hold_release(tenant, number, actor="risk", note="no", now=NOW)
    decision.refresh_from_db()
    _second_word(tenant, decision)
    assert (hold_standing(tenant, number).state, stands(tenant).free_fen) == ("settled", 600_000)
    assert balance_of(tenant, "penalty_income").posted_fen == 400_000
    assert cases_close_ended(tenant, NOW) == 1
    assert Case.objects.get(tenant_id=tenant).closed_as == "done"


def _second_word(tenant: str, decision: Decision) -> None:
    decision_settle(tenant, decision.id, verdict="approve", actor="another", reason="seen", now=NOW)


@pytest.mark.clause("S3-4.2b", "S3-4.2c")
def test_a_loss_above_the_hold_leaves_a_claim(tenant: str) -> None:
    """4,000 held and 10,000 lost by consumers: 6,000 are owed, and withdrawal stops."""
    number = _held(tenant, estimate_fen=400_000)
    decision = hold_settle_ask(tenant, number, _settling(1_000_000, "consumer"), NOW)
    settle(tenant, decision.id, NOW)
    at = stands(tenant)
    assert (at.free_fen, at.held_fen, at.claim_fen) == (600_000, 0, 600_000)
    assert balance_of(tenant, "compensation_payable").posted_fen == 1_000_000
    assert capabilities_restricted(tenant, *S1) == {"withdrawal"}
    (part,) = claims_open(tenant)
    assert (part.origin, part.period, part.clause) == ("hold", number, "S3-4.2b")
    told = Notice.objects.filter(tenant_id=tenant, decision_id=decision.id).get()
    assert "不足的 6,000.00 元列为应追偿款" in told.body_zh
    assert "the missing 6,000.00 yuan are owed as a claim" in told.body_en


@pytest.mark.clause("S3-4.2c")
def test_without_a_loss_one_person_releases(tenant: str) -> None:
    """All of it is free again with one approval, and the shop is told good news."""
    number = _held(tenant)
    decision = hold_release(tenant, number, actor="risk", note="case withdrawn", now=NOW)
    assert (decision.outcome, decision.approvals_needed) == ("release_hold", 1)
    settle(tenant, decision.id, NOW, persons=1)
    assert (hold_standing(tenant, number).state, stands(tenant).free_fen) == ("released", 1_000_000)
    assert Notice.objects.get(tenant_id=tenant, decision_id=decision.id).kind == "release"
    with pytest.raises(Conflict, match="hold_closed"):
        hold_settle_ask(tenant, number, _settling(1), NOW)


def test_a_refused_settlement_may_be_asked_again(tenant: str) -> None:
    """The hold stays; the second settlement has a number of its own and settles the same hold."""
    number = _held(tenant)
    first = hold_settle_ask(tenant, number, _settling(900_000), NOW)
    settle(tenant, first.id, NOW, verdict="refuse", persons=1)
    assert hold_standing(tenant, number).state == "held"
    second = hold_settle_ask(tenant, number, _settling(300_000), NOW)
    settle(tenant, second.id, NOW)
    standing = hold_standing(tenant, number)
    assert (second.period, standing.state) == (f"{number}.2", "settled")
    assert [each.id for each in standing.decisions[1:]] == [first.id, second.id]
    assert stands(tenant).free_fen == 700_000
    assert decisions_replay(tenant).differences == []


@pytest.mark.clause("S3-4.2c")
def test_a_review_keeps_estimate_owner_and_day(tenant: str) -> None:
    """Each look is kept with its estimate; what is held stays; the day is bound by the pack."""
    number = _held(tenant)
    look = HoldLook(1_500_000, "an expert's opinion", "finance", "li.wei", date(2025, 10, 5))
    hold_review_add(tenant, number, look, NOW)
    found = hold_standing(tenant, number)
    assert found.hold is not None
    assert (found.hold.owner, found.hold.review_on) == ("li.wei", date(2025, 10, 5))
    assert [each.estimate_fen for each in found.hold.reviews.order_by("id")] == [None, 1_500_000]
    assert found.remaining_fen == 1_000_000
    assert found.case.entries.filter(what="reviewed", actor="finance").count() == 1
    for wrong in (
        HoldLook(None, "later", "finance", "li.wei", date(2025, 10, 6)),
        HoldLook(None, "no owner", "finance", " ", date(2025, 10, 5)),
    ):
        with pytest.raises(RuleRefused, match="not_met"):
            hold_review_add(tenant, number, wrong, NOW)


def test_what_changed_in_between_is_held_as_far_as_it_is_there(tenant: str) -> None:
    """Money that left between asking and approval is not held; with none left it is a conflict."""
    number = hold_ask(tenant, _filing(), NOW).number
    taken(tenant, S1, 300_000)
    decision = hold_standing(tenant, number).decisions[0]
    settle(tenant, decision.id, NOW, persons=1)
    assert hold_standing(tenant, number).remaining_fen == 700_000
    with pytest.raises(Conflict, match="nothing_to_hold"):
        hold_ask(tenant, _filing(), NOW)


def test_the_effect_of_a_hold_happens_once(tenant: str) -> None:
    """Applying the same decision again holds nothing more and tells nobody again."""
    number = _held(tenant, estimate_fen=400_000)
    decision = Decision.objects.get(tenant_id=tenant, decision="hold")
    hold_apply(tenant, decision, NOW)
    assert balance_of(tenant, deposit_of(S1)).held_fen == 400_000
    assert len(hold_standings(tenant, subject=S1)) == 1
    assert hold_standing(tenant, number).state == "held"
    assert Notice.objects.filter(tenant_id=tenant).count() == 1


def test_an_expired_hold_closes_its_case(tenant: str) -> None:
    """A hold that ended by itself is over for its case too."""
    case = hold_ask(tenant, _filing(), NOW)
    ends_at = NOW + timedelta(days=180)
    hold_place(
        tenant,
        new_hold(500, case_number=case.number, ends_at=ends_at, decision_id=uuid4()),
        NOW,
    )
    holds_look(tenant, ends_at)
    assert hold_standing(tenant, case.number).state == "expired"
    assert cases_close_ended(tenant, ends_at) == 1


@pytest.mark.clause("S3-4.2c")
@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"reason": " "}, RuleRefused, "not_met"),
        ({"owner": ""}, RuleRefused, "not_met"),
        ({"review_on": date(2025, 9, 5)}, RuleRefused, "not_met"),
        ({"review_on": date(2025, 10, 6)}, RuleRefused, "not_met"),
        ({"estimate_fen": 0}, BadInput, "estimate_wrong"),
        ({"subject": P1}, BadInput, "not_a_shop"),
        ({"subject": ("shop", "S9")}, NotFound, "unknown"),
    ],
)
def test_a_hold_without_its_grounds_is_refused(
    tenant: str, changes: dict[str, Any], error: type[Exception], code: str
) -> None:
    """Reason, owner, a review day in the pack's 30 days, and an estimate above 0 or none."""
    with pytest.raises(error, match=code):
        hold_ask(tenant, _filing(**changes), NOW)
    assert not Case.objects.filter(tenant_id=tenant).exists()


@pytest.mark.parametrize("settling", [_settling(0), _settling(-1), _settling(5, "friends")])
def test_a_settlement_without_sense_is_refused(tenant: str, settling: HoldSettling) -> None:
    """A loss above 0 for somebody the rule knows."""
    number = _held(tenant)
    with pytest.raises(BadInput, match="settlement_wrong"):
        hold_settle_ask(tenant, number, settling, NOW)
    with pytest.raises(BadInput, match="reason_missing"):
        hold_release(tenant, number, actor="risk", note="", now=NOW)
