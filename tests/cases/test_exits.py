"""Exits: notice, every condition from data or from people, deductions first, the rest refunded."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from earnest.authoring.amending import NewInstrument, NewValue, instrument_added, value_added
from earnest.cases.exit_facts import ExitFacts
from earnest.cases.exits import (
    ExitFiling,
    exit_ask,
    exit_check,
    exit_tell,
    exit_withdraw,
    exits_look,
)
from earnest.cases.following import cases_follow
from earnest.cases.models import Case
from earnest.cases.queries import case_state, decisions_of_case
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import claim_of, deposit_of
from earnest.deposits.commands import NewRequirement, requirements_set
from earnest.kernel.calendar import MARKET_ZONE, day_of
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of
from earnest.ledger.records import Reason, Transfer
from earnest.market.models import Shop
from earnest.notices.models import Notice
from earnest.payouts.models import Payout
from earnest.rulebooks.commands import objection_file
from earnest.rulebooks.packs import SHOP_DEPOSIT, packs_shipped
from tests.cases.scene import (
    NOW,
    S1,
    approved,
    fed,
    settle,
    shop_open,
    stands,
    tenant_new,
    verified,
)
from tests.rulebooks.books import announced, submitted

pytestmark = pytest.mark.django_db
OVER = NOW + timedelta(days=30)
CLEAR = ExitFacts(
    goods_on_sale=0, orders_open=0, last_completed_on=date(2025, 8, 1), disputes_open=0
)


@pytest.fixture
def tenant() -> str:
    """Give a market with one shop that holds 12,000 yuan, with a verified account."""
    made = tenant_new()
    shop_open(made, deposit_fen=1_200_000, required_fen=1_000_000)
    verified(made)
    return made


def _leaving(tenant: str, **changes: Any) -> Case:
    return exit_ask(tenant, "S1", ExitFiling(**{"actor": "shop", "facts": CLEAR, **changes}), NOW)


def _red(tenant: str, now: datetime) -> list[str]:
    return [row.name for row in exit_check(tenant, "S1", None, now).rows if not row.holds]


def _owing(tenant: str, fen: int) -> None:
    transfer = Transfer(
        id=uuid4(), debit=claim_of(S1), credit="penalty_income", amount_fen=fen,
        effective_at=NOW, reason=Reason("S3-4.2b", SHOP_DEPOSIT, uuid4(), "test"),
    )  # fmt: skip
    assert transfers_post(tenant, [transfer], NOW)[0].status == "posted"


@pytest.mark.clause("S3-6.2a", "S3-6.2b", "S3-6.2x")
def test_a_shop_leaves_and_gets_the_rest_back(tenant: str) -> None:
    """After thirty days all rows are green: two persons, 12,000 go back, the shop is closed."""
    case = _leaving(tenant)
    assert Notice.objects.get(tenant_id=tenant).due_on == date(2025, 10, 5)
    assert _red(tenant, NOW) == ["notice_complete"]
    assert exits_look(tenant, OVER - timedelta(days=1)) == 0
    assert [exits_look(tenant, OVER) for _ in range(2)] == [1, 0]
    (decision,) = decisions_of_case(case)
    assert (decision.outcome, decision.money_fen, decision.approvals_needed) == (
        "refund_and_close", 1_200_000, 2,
    )  # fmt: skip
    settle(tenant, decision.id, OVER, persons=1)
    assert Shop.objects.get(tenant_id=tenant).closed_on is None
    _second_person(tenant, case)
    payout = Payout.objects.get(tenant_id=tenant)
    assert (payout.amount_fen, payout.purpose, payout.route, payout.clause) == (
        1_200_000, "exit_refund", "verified_account", "S3-6.2x",
    )  # fmt: skip
    at = stands(tenant, now=OVER)
    assert (at.required_fen, at.free_fen, at.shortage_fen) == (0, 0, 0)
    assert Shop.objects.get(tenant_id=tenant).closed_on == day_of(OVER)
    assert cases_follow(tenant, OVER) == 1
    case.refresh_from_db()
    assert case_state(case) == "done"
    assert not decisions_replay(tenant).differences


def _second_person(tenant: str, case: Case) -> Decision:
    return decision_settle(
        tenant, decisions_of_case(case)[-1].id, verdict="approve", actor="other", reason="seen",
        now=OVER,
    )  # fmt: skip


@pytest.mark.clause("S3-6.2x")
@pytest.mark.parametrize(
    ("owed", "refund", "left"), [(200_000, 1_000_000, 0), (1_500_000, 0, 300_000)]
)
def test_what_is_owed_is_set_off_first(tenant: str, owed: int, refund: int, left: int) -> None:
    """A claim is paid from the deposit, the rest goes back; what it does not cover stays owed."""
    _owing(tenant, owed)
    case = _leaving(tenant)
    exits_look(tenant, OVER)
    decision = approved(tenant, case, OVER)
    assert (decision.money_fen, decision.effect["refunded_fen"]) == (refund, refund)
    assert decision.effect["set_off_fen"] == min(owed, 1_200_000)
    assert balance_of(tenant, claim_of(S1)).posted_fen == -left
    at = stands(tenant, now=OVER)
    assert (at.free_fen, at.held_fen) == (0, refund)


@pytest.mark.clause("S3-6.2x", "S3-4.2c")
def test_a_hold_blocks_the_refund(tenant: str) -> None:
    """Held from the start: the row is red. Held after the proposal: the last word is refused."""
    case = _leaving(tenant)
    assert exits_look(tenant, OVER) == 1
    _hold(tenant)
    assert _red(tenant, OVER) == ["nothing_held"]
    with pytest.raises(RuleRefused, match="deposit_held"):
        approved(tenant, case, OVER)
    assert decisions_of_case(case)[0].state == "waiting"
    assert Shop.objects.get(tenant_id=tenant).closed_on is None
    assert not Payout.objects.filter(tenant_id=tenant).exists()


def _hold(tenant: str) -> None:
    hold = Transfer(
        id=uuid4(), kind="hold", debit=deposit_of(S1), credit="compensation_payable",
        amount_fen=1, effective_at=NOW, reason=Reason("S3-4.2c", SHOP_DEPOSIT, uuid4(), "test"),
    )  # fmt: skip
    assert transfers_post(tenant, [hold], NOW)[0].status == "posted"


@pytest.mark.clause("S3-6.2b")
@pytest.mark.parametrize(
    ("changes", "red"),
    [
        ({"goods_on_sale": 1}, "nothing_on_sale"),
        ({"goods_on_sale": None}, "nothing_on_sale"),
        ({"orders_open": 2}, "orders_complete"),
        ({"orders_open": None}, "orders_complete"),
        ({"last_completed_on": date(2025, 9, 5)}, "quiet_since_last"),
        ({"last_completed_on": None}, "quiet_since_last"),
        ({"disputes_open": 1}, "no_disputes"),
        ({"disputes_open": None}, "no_disputes"),
    ],
)
def test_each_condition_is_its_own_row(tenant: str, changes: dict[str, Any], red: str) -> None:
    """What is not met, and what nobody has told, is red; a person can tell it later."""
    case = _leaving(tenant, facts=replace(CLEAR, **changes))
    assert _red(tenant, OVER) == [red]
    assert exits_look(tenant, OVER) == 0
    exit_tell(tenant, case.number, CLEAR, "risk", "looked at the shop", OVER)
    assert _red(tenant, OVER) == []


@pytest.mark.clause("S3-6.2b")
def test_data_comes_before_what_people_enter(tenant: str) -> None:
    """An order that the feed says is open counts, whatever was entered; its completion does too."""
    order = {"order_id": "O1", "shop_id": "S1", "source_version": "1"}
    fed(tenant, "order_event", {**order, "state": "paid", "paid_at": _noon(8, 1)})
    fed(tenant, "order_event", {**order, "state": "completed", "source_version": "2",
                                "occurred_at": _noon(8, 3)})  # fmt: skip
    other = {**order, "order_id": "O2"}
    fed(tenant, "order_event", {**other, "state": "paid", "paid_at": _noon(8, 2)})
    _leaving(tenant)
    check = exit_check(tenant, "S1", None, OVER)
    assert check.sources["orders_open"] == check.sources["last_completed_on"] == "data"
    assert check.facts["last_completed_on"] == "2025-08-03"
    assert _red(tenant, OVER) == ["orders_complete"]
    fed(tenant, "order_event", {**other, "state": "completed", "source_version": "2",
                                "occurred_at": _noon(8, 20)})  # fmt: skip
    assert _red(tenant, OVER) == []


def _noon(month: int, day: int) -> str:
    return datetime(2025, month, day, 12, tzinfo=MARKET_ZONE).isoformat()


def test_a_dispute_that_the_feed_tells_of_counts(tenant: str) -> None:
    """Open it is red, decided it is green again."""
    step = {"case_id": "D1", "case_kind": "dispute", "opened_against": "S1"}
    fed(tenant, "case_event", {**step, "seq": "1", "action": "opened", "occurred_at": _noon(8, 1)})
    _leaving(tenant)
    assert _red(tenant, OVER) == ["no_disputes"]
    fed(tenant, "case_event", {**step, "seq": "2", "action": "decided", "occurred_at": _noon(8, 9)})
    assert _red(tenant, OVER) == []


@pytest.mark.clause("S3-6.2x")
def test_without_a_verified_account_nothing_is_proposed() -> None:
    """The account must be in the entity's name before anybody is asked."""
    tenant = tenant_new()
    shop_open(tenant, deposit_fen=1_200_000, required_fen=1_000_000)
    _leaving(tenant)
    assert _red(tenant, OVER) == ["account_named"]
    assert exits_look(tenant, OVER) == 0


@pytest.mark.clause("S3-6.2a")
def test_without_an_application_nothing_is_green_enough(tenant: str) -> None:
    """The check can be looked at before anything is asked: two rows are red then."""
    check = exit_check(tenant, "S1", CLEAR, NOW)
    assert [row.name for row in check.rows if not row.holds] == ["closing_asked", "notice_complete"]
    assert (check.allowed, check.amount_fen) == (False, 0)


@pytest.mark.parametrize("proposed", [False, True])
def test_an_exit_can_be_taken_back_before_it_is_in_effect(tenant: str, proposed: bool) -> None:
    """Also while two persons are being asked; then another exit may begin."""
    case = _leaving(tenant)
    if proposed:
        exits_look(tenant, OVER)
    with pytest.raises(Conflict, match="exit_open"):
        _leaving(tenant)
    exit_withdraw(tenant, case.number, "shop", "we stay", OVER)
    assert exits_look(tenant, OVER) == 0
    assert [each.state for each in decisions_of_case(case)] == ["refused"] * proposed
    assert case_state(_leaving(tenant)) == "open"
    with pytest.raises(Conflict, match="case_closed"):
        exit_withdraw(tenant, case.number, "shop", "again", OVER)


def test_an_exit_in_effect_is_not_taken_back(tenant: str) -> None:
    """The money is on its way and the shop is closed."""
    case = _leaving(tenant)
    exits_look(tenant, OVER)
    approved(tenant, case, OVER)
    with pytest.raises(Conflict, match="exit_done"):
        exit_withdraw(tenant, case.number, "shop", "we stay", OVER)
    with pytest.raises(Conflict, match="shop_closed"):
        _leaving(tenant)


def test_an_amount_announced_for_later_is_not_asked_of_a_closed_shop(tenant: str) -> None:
    """30,000 from the fifteenth were announced before; the closed shop must hold nothing then."""
    announced_on = day_of(OVER) + timedelta(days=10)
    later = NewRequirement(*S1, 3_000_000, "S3-3.1a", uuid4(), announced_on)
    requirements_set(tenant, [later], OVER)
    case = _leaving(tenant)
    exits_look(tenant, OVER)
    approved(tenant, case, OVER)
    assert stands(tenant, now=OVER + timedelta(days=11)).required_fen == 0


def test_what_was_entered_is_read_back_or_refused() -> None:
    """Facts are kept as words that people can read, and nothing else is taken for one."""
    assert ExitFacts.read(CLEAR.told()) == CLEAR
    for wrong in ("goods_on_sale=many", "goods=1", "last_completed_on=yesterday"):
        with pytest.raises(BadInput, match="exit_fact_unread"):
            ExitFacts.read([wrong])


@pytest.fixture
def objected(tenant: str) -> str:
    """Announce that exits take sixty days of notice, and let the shop object to it in time."""
    published, in_force = date(2025, 8, 1), date(2025, 9, 4)
    act = NewInstrument("S3-2025", published, in_force)
    text = instrument_added(packs_shipped()[SHOP_DEPOSIT].text, act)
    text = value_added(text, "exit_notice_days", NewValue(in_force, 60, "S3-6.2b", act.id))
    announced(submitted(text, published), published)
    objection_file(
        tenant, rulebook=SHOP_DEPOSIT, instrument=act.id, subject_kind="shop", subject_id="S1",
        note="too long", now=NOW - timedelta(days=20),
    )  # fmt: skip
    return tenant


@pytest.mark.clause("S3-3.2b")
def test_a_shop_that_objected_leaves_by_the_rule_without_the_change(objected: str) -> None:
    """Thirty days for it and not sixty, and the exit names the clause and the act it leaves for."""
    shop_open(objected, subject=("shop", "S2"), deposit_fen=100)
    verified(objected, ("shop", "S2"))
    exit_ask(objected, "S2", ExitFiling("shop", facts=CLEAR), NOW)
    case = _leaving(objected, objection="S3-2025")
    assert case.facts["objection"] == "S3-2025"
    assert exits_look(objected, OVER) == 1
    assert _red(objected, OVER) == []
    (decision,) = decisions_of_case(case)
    assert decision.clause == "S3-3.2b"
    approved(objected, case, OVER)
    assert Payout.objects.get(tenant_id=objected).clause == "S3-3.2b"


def test_an_objection_that_was_never_filed_is_no_reason(tenant: str) -> None:
    """An exit names only an act that the shop did object to."""
    with pytest.raises(NotFound, match="unknown_objection"):
        _leaving(tenant, objection="S3-2025")
    case = Case.objects.create(
        id=uuid4(), tenant_id=tenant, number="C9", kind="raise", subject_kind="shop",
        subject_id="S1", facts={}, opened_by="risk", opened_at=NOW,
    )  # fmt: skip
    with pytest.raises(NotFound, match="unknown_exit"):
        exit_withdraw(tenant, case.number, "shop", "no", NOW)
