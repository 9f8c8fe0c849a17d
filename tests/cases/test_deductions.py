"""Deductions: filed, reviewed by another person, approved by two, and then taken (S3-4)."""

from datetime import date, timedelta
from typing import Any

import pytest

from earnest.cases.closing import cases_close_ended
from earnest.cases.deduction_basis import Basis, basis_kept, basis_read
from earnest.cases.deductions import (
    DeductionFiling,
    deduction_file,
    deduction_get,
    deduction_review,
    deduction_stop,
    deductions,
)
from earnest.cases.models import Case
from earnest.consequences.commands import decision_settle
from earnest.decisions.commands import standing_order_give
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import deposit_of
from earnest.deposits.recoveries import recoveries_look
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, RuleRefused
from earnest.ledger.queries import statement
from earnest.notices.models import Notice
from earnest.restrictions.queries import restrictions_active
from earnest.rulebooks.commands import value_unconfirm
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.cases.scene import NOW, P1, S1, paid_in, settle, stands
from tests.cases.shop_scene import shop_market

pytestmark = pytest.mark.django_db
BREACHED = date(2025, 9, 1)
AMOUNT = 1_400_000
GROUNDS = {
    "consumer_harm": ("S3-4.1a", "consumer"),
    "unfit_goods": ("S3-4.1b", "consumer"),
    "false_advertising": ("S3-4.1c", "consumer"),
    "broken_promise": ("S3-4.1d", "consumer"),
    "infringement": ("S3-4.1e", "right_holder"),
    "spoilt_goods": ("S3-4.1f", "consumer"),
    "disturbance": ("S3-4.1g", "platform"),
    "other_breach": ("S3-4.1h", "platform"),
}


def _filing(**changes: Any) -> DeductionFiling:
    given = {
        "subject": S1, "ground": "unfit_goods", "breached_on": BREACHED,
        "basis": Basis("amount", {"amount_fen": AMOUNT}), "mode": "partial", "advances": False,
        "actor": "risk", "note": "the court's judgment", "evidence": ["E1"],
    }  # fmt: skip
    return DeductionFiling(**{**given, **changes})


@pytest.fixture
def tenant() -> str:
    """Give a market with one shop, whose deposit is 10,000 yuan."""
    return shop_market(1_000_000)


def _reviewed(tenant: str, filing: DeductionFiling) -> Case:
    case = deduction_file(tenant, filing, NOW)
    return deduction_review(
        tenant, case.number, confirmed=True, actor="finance", note="as filed", now=NOW
    )


def _taken(tenant: str, filing: DeductionFiling) -> Case:
    case = _reviewed(tenant, filing)
    decision = deduction_get(tenant, case.number).decision
    assert decision is not None
    settle(tenant, decision.id, NOW)
    return case


@pytest.mark.parametrize(
    ("ground", "clause", "beneficiary"),
    [
        pytest.param(ground, clause, whom, marks=pytest.mark.clause(clause))
        for ground, (clause, whom) in GROUNDS.items()
    ],
)
@pytest.mark.clause("S3-4.1")
def test_each_ground_is_paid_to_whom_the_rule_says(
    tenant: str, ground: str, clause: str, beneficiary: str
) -> None:
    """A reviewed finding on each ground a to h names its clause and whom the money is for."""
    case = _taken(tenant, _filing(ground=ground, basis=Basis("amount", {"amount_fen": 5_000})))
    found = deduction_get(tenant, case.number)
    assert found.recovery is not None
    assert (found.state, found.recovery.beneficiary, found.rest_fen) == ("settled", beneficiary, 0)
    finding = Decision.objects.get(tenant_id=tenant, decision="deduction_ground")
    assert (finding.clause, finding.period, finding.state) == (clause, case.number, "in_effect")
    line = statement(tenant, deposit_of(S1), 1)[0]
    account = "penalty_income" if beneficiary == "platform" else "compensation_payable"
    assert (line.counter_account, line.amount_fen) == (account, -5_000)
    assert line.clause == ("S3-4.2a" if beneficiary == "platform" else clause)
    assert line.decision_id == found.recovery.decision_id


@pytest.mark.clause("S3-4.1")
def test_nothing_is_taken_before_review_and_two_approvals(tenant: str) -> None:
    """Filed, reviewed and approved by one, the deposit is untouched; the second word takes it."""
    case = deduction_file(tenant, _filing(), NOW)
    assert (deduction_get(tenant, case.number).state, stands(tenant).posted_fen) == (
        "filed", 1_000_000,
    )  # fmt: skip
    deduction_review(tenant, case.number, confirmed=True, actor="finance", note="so", now=NOW)
    waiting = deduction_get(tenant, case.number)
    assert waiting.decision is not None
    assert (waiting.state, waiting.decision.approvals_needed) == ("waiting", 2)
    decision_id = waiting.decision.id
    settle(tenant, decision_id, NOW, persons=1)
    assert stands(tenant).posted_fen == 1_000_000
    decision_settle(tenant, decision_id, verdict="approve", actor="another", reason="seen", now=NOW)
    assert (deduction_get(tenant, case.number).state, stands(tenant).posted_fen) == ("open", 0)


@pytest.mark.clause("S3-4.1")
def test_who_files_does_not_review(tenant: str) -> None:
    """The filer's own review is refused, another person's counts, and it counts once."""
    number = deduction_file(tenant, _filing(), NOW).number
    words = {"confirmed": True, "note": "so", "now": NOW}
    with pytest.raises(NotAllowed, match="second_person_needed"):
        deduction_review(tenant, number, actor="risk", **words)
    with pytest.raises(BadInput, match="reason_missing"):
        deduction_review(tenant, number, actor="finance", confirmed=True, note=" ", now=NOW)
    deduction_review(tenant, number, actor="finance", **words)
    with pytest.raises(Conflict, match="case_reviewed"):
        deduction_review(tenant, number, actor="admin", **words)


@pytest.mark.clause("S3-4.1")
def test_a_finding_that_is_not_confirmed_moves_nothing(tenant: str) -> None:
    """The case is closed as refused: no decision, no notice, the deposit as it was."""
    number = deduction_file(tenant, _filing(), NOW).number
    case = deduction_review(
        tenant, number, confirmed=False, actor="finance", note="not proven", now=NOW
    )
    assert (case.closed_as, deduction_get(tenant, number).state) == ("refused", "refused")
    assert not Decision.objects.filter(tenant_id=tenant).exists()
    assert not Notice.objects.filter(tenant_id=tenant).exists()
    assert stands(tenant).posted_fen == 1_000_000
    story = case.entries.order_by("id").values_list("what", "actor", "note")
    assert list(story)[-1] == ("refused", "finance", "not proven")


@pytest.mark.clause("S3-4.2b", "S3-5.3b", "S3-5.3c", "S3-5.3d")
def test_an_advance_leaves_a_claim_and_withholds_settlement(tenant: str) -> None:
    """10,000 of deposit and 14,000 due: the platform pays 4,000 first, and is owed them."""
    case = _taken(tenant, _filing(advances=True))
    at = stands(tenant)
    assert (at.posted_fen, at.claim_fen) == (0, 400_000)
    found = deduction_get(tenant, case.number)
    assert (found.state, found.rest_fen) == ("settled", 0)
    (active,) = restrictions_active(tenant, set(), NOW, subject=S1, owing={S1})
    assert (active.capabilities, active.clause) == (("withdrawal",), "S3-5.3d")
    assert active.conditions == (({"kind": "nothing_owed"}, False),)
    assert active.decision_id == str(found.decision.id if found.decision else "")


@pytest.mark.clause("S3-5.3a")
def test_without_an_advance_the_rest_is_the_merchants(tenant: str) -> None:
    """4,000 stay open; when they are paid in they are taken, and the case closes by itself."""
    case = _taken(tenant, _filing())
    assert (deduction_get(tenant, case.number).rest_fen, stands(tenant).claim_fen) == (400_000, 0)
    assert cases_close_ended(tenant, NOW) == 0
    later = NOW + timedelta(days=1)
    paid_in(tenant, S1, 500_000, at=later)
    recoveries_look(tenant, later)
    assert (deduction_get(tenant, case.number).state, stands(tenant).posted_fen) == (
        "settled", 100_000,
    )  # fmt: skip
    assert cases_close_ended(tenant, later) == 1
    assert Case.objects.get(id=case.id).closed_as == "done"
    assert cases_close_ended(tenant, later) == 0


def test_an_unsplit_deduction_waits_for_all_of_it(tenant: str) -> None:
    """10,000 do not pay 14,000 in one sum, so nothing goes; the approvers see it is unsplit."""
    case = _taken(tenant, _filing(mode="unsplit"))
    found = deduction_get(tenant, case.number)
    assert found.decision is not None
    assert (found.decision.outcome, found.state, found.rest_fen) == ("deduct_whole", "open", AMOUNT)
    assert stands(tenant).posted_fen == 1_000_000


@pytest.mark.clause("S3-4.1d")
@pytest.mark.parametrize(
    ("orders", "due"),
    [
        ([("late_shipping", 10_000)], 1_000),
        ([("late_shipping", 4_000)], 500),
        ([("late_shipping", 40_000)], 3_000),
        ([("false_shipping", 10_000)], 3_000),
        ([("false_shipping", 1_000)], 500),
        ([("fraudulent_shipping", 100_000)], 20_000),
        ([("late_shipping", 10_000), ("false_shipping", 10_000)], 4_000),
    ],
)
def test_orders_not_kept_are_compensated(
    tenant: str, orders: list[tuple[str, int]], due: int
) -> None:
    """10 % of what was paid, 5 to 30 yuan; 30 %, 5 to 200, for false or fraudulent shipping."""
    rows = [{"failure": failure, "paid_fen": paid} for failure, paid in orders]
    case = _taken(tenant, _filing(ground="broken_promise", basis=basis_read("orders", rows)))
    assert stands(tenant).posted_fen == 1_000_000 - due
    amount = Decision.objects.get(tenant_id=tenant, decision="order_compensation")
    assert (amount.clause, amount.money_fen, amount.period) == ("S3-4.1d", 0, case.number)


@pytest.mark.clause("S3-4.1b", "S3-7.1a")
def test_fakes_are_paid_by_the_promise_of_their_order(tenant: str) -> None:
    """Nine times for an order before 2024-05-23, ten times from then on."""
    rows = [
        {"paid_fen": 10_000, "ordered_on": "2024-05-22"},
        {"paid_fen": 10_000, "ordered_on": "2024-05-23"},
    ]
    _taken(tenant, _filing(basis=basis_read("fakes", rows)))
    assert stands(tenant).posted_fen == 1_000_000 - 190_000


@pytest.mark.clause("S3-4.2a")
def test_the_platforms_loss_has_parts(tenant: str) -> None:
    """Damages, court cost, lawyers and penalty add up, and go to the platform."""
    loss = {"damages_fen": 100, "court_fen": 20, "lawyers_fen": 3, "penalty_fen": 4_000}
    case = _taken(tenant, _filing(ground="disturbance", basis=basis_read("loss", loss)))
    assert stands(tenant).posted_fen == 1_000_000 - 4_123
    assert deduction_get(tenant, case.number).amount_fen == 4_123


@pytest.mark.clause("S3-4.1")
def test_the_shop_is_told_why_in_both_languages(tenant: str) -> None:
    """The notice gives clause, facts, both calculations, what was taken, and how it ends."""
    rows = [{"failure": "late_shipping", "paid_fen": 10_000}]
    _taken(tenant, _filing(ground="broken_promise", basis=basis_read("orders", rows)))
    told = Notice.objects.get(tenant_id=tenant)
    assert (told.kind, told.severity, told.clause) == ("sanction", "serious", "S3-4.1d")
    for part in ("依据：", "经审核认定：未守承诺", "逐单赔付", "从保证金扣 10.00 元", "如有异议："):
        assert part in told.body_zh
    for part in (
        "Basis: ", "found after review: broken promise (S3-4.1d", "compensation 10.00 yuan",
        "10.00 yuan are due to consumers", "the deposit: 10.00 yuan", "If you disagree: ",
    ):  # fmt: skip
        assert part in told.body_en


@pytest.mark.clause("S3-5.3d")
def test_a_claim_is_told_with_its_consequence(tenant: str) -> None:
    """What is owed, that withdrawal stops, and that it opens by itself, stands in the notice."""
    _taken(tenant, _filing(advances=True))
    told = Notice.objects.get(tenant_id=tenant)
    assert "平台垫付 4,000.00 元" in told.body_zh
    assert "暂停货款提现" in told.body_zh
    assert "paid first by the platform: 4,000.00 yuan" in told.body_en
    assert "ends by itself when the claim is paid" in told.body_en


def test_money_waits_for_the_sample_values_it_rests_on(tenant: str) -> None:
    """Whom a ground pays is a sample value: unconfirmed, the last approval is refused."""
    value_unconfirm(
        tenant, rulebook=SHOP_DEPOSIT, element="deduction_grounds", confirmed_by="risk",
        note="not ours", now=NOW,
    )  # fmt: skip
    case = _reviewed(tenant, _filing())
    waiting = deduction_get(tenant, case.number).decision
    assert waiting is not None
    settle(tenant, waiting.id, NOW, persons=1)
    with pytest.raises(RuleRefused, match="assumed_unconfirmed"):
        decision_settle(
            tenant, waiting.id, verdict="approve", actor="another", reason="seen", now=NOW
        )
    assert (deduction_get(tenant, case.number).state, stands(tenant).posted_fen) == (
        "waiting", 1_000_000,
    )  # fmt: skip


def test_a_refused_deduction_closes_its_case(tenant: str) -> None:
    """One refusal ends it: nothing is taken, and the case closes as refused."""
    case = _reviewed(tenant, _filing())
    decision = deduction_get(tenant, case.number).decision
    assert decision is not None
    settle(tenant, decision.id, NOW, verdict="refuse", persons=1)
    assert deduction_get(tenant, case.number).state == "refused"
    assert cases_close_ended(tenant, NOW) == 1
    assert Case.objects.get(id=case.id).closed_as == "refused"
    assert stands(tenant).posted_fen == 1_000_000


def test_a_deduction_can_be_stopped(tenant: str) -> None:
    """What is still to come is dropped with a reason; what was taken stays taken."""
    case = _taken(tenant, _filing())
    stopped = deduction_stop(tenant, case.number, actor="finance", note="settled out", now=NOW)
    found = deduction_get(tenant, case.number)
    assert (stopped.closed_as, found.state, found.rest_fen) == ("withdrawn", "stopped", 400_000)
    with pytest.raises(Conflict, match="recovery_closed"):
        deduction_stop(tenant, case.number, actor="finance", note="again", now=NOW)


def test_a_standing_order_lets_it_take_effect_with_the_review(tenant: str) -> None:
    """Ordered by two persons in advance, the review itself begins the recovery."""
    standing_order_give(
        tenant, rulebook=SHOP_DEPOSIT, decision="recovery", outcomes=["deduct"], note="small ones",
        ordered_by="risk", approved_by="admin", from_on=BREACHED,
    )  # fmt: skip
    case = _reviewed(tenant, _filing())
    assert (deduction_get(tenant, case.number).state, stands(tenant).posted_fen) == ("open", 0)


def test_every_decision_of_a_deduction_replays(tenant: str) -> None:
    """Finding, amount and recovery are derived again from their receipts without a difference."""
    rows = [{"failure": "late_shipping", "paid_fen": 10_000}]
    _taken(tenant, _filing(ground="broken_promise", basis=basis_read("orders", rows)))
    replayed = decisions_replay(tenant)
    assert (replayed.decisions, replayed.differences) == (3, [])


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"subject": P1}, BadInput, "not_a_shop"),
        ({"subject": ("shop", "S9")}, NotFound, "unknown"),
        ({"ground": "bad_luck"}, RuleRefused, "not_listed"),
        ({"mode": "sometimes"}, BadInput, "unknown_mode"),
        ({"breached_on": date(2025, 9, 6)}, BadInput, "breach_to_come"),
        ({"breached_on": date(2019, 9, 6)}, RuleRefused, "no_rule"),
        ({"note": ""}, BadInput, "note_missing"),
        (
            {"basis": basis_read("orders", [{"paid_fen": 1, "failure": "rude_words"}])},
            RuleRefused,
            "no_row",
        ),
        (
            {"basis": basis_read("fakes", [{"paid_fen": 1, "ordered_on": "2025-09-06"}])},
            RuleRefused,
            "later_element",
        ),
        ({"basis": basis_read("loss", {})}, BadInput, "nothing_due"),
    ],
)
def test_a_filing_without_sense_is_refused(
    tenant: str, changes: dict[str, Any], error: type[Exception], code: str
) -> None:
    """What the rule does not know or the facts do not fit opens no case, and says why."""
    with pytest.raises(error, match=code):
        deduction_file(tenant, _filing(**changes), NOW)
    assert not Case.objects.filter(tenant_id=tenant).exists()


@pytest.mark.parametrize(
    ("kind", "given", "where"),
    [
        ("orders", [], "rows"),
        ("orders", {"paid_fen": 1}, "rows"),
        ("orders", [{"paid_fen": 1, "failure": "x"}, 7], "row 2"),
        ("orders", [{"paid_fen": 1, "failure": "x"}, {"failure": "x"}], "row 2, paid_fen"),
        ("orders", [{"paid_fen": 1.5, "failure": "x"}], "row 1, paid_fen"),
        ("orders", [{"paid_fen": True, "failure": "x"}], "row 1, paid_fen"),
        ("orders", [{"paid_fen": 0, "failure": "x"}], "row 1, paid_fen"),
        ("orders", [{"paid_fen": 1, "failure": " "}], "row 1, failure"),
        ("orders", [{"paid_fen": 1, "failure": "x", "name": "y"}], "row 1, name"),
        ("fakes", [{"paid_fen": 1, "ordered_on": "22.5.2024"}], "row 1, ordered_on"),
        ("loss", {"damages_fen": -1}, "damages_fen"),
        ("loss", {"anger_fen": 1}, "loss"),
        ("amount", "12", "amount_fen"),
        ("wish", 1, "kind"),
    ],
)
def test_a_bad_row_is_named(kind: str, given: object, where: str) -> None:
    """The error names the row and the field that is wrong."""
    with pytest.raises(BadInput, match="deduction_basis_wrong") as refused:
        basis_read(kind, given)
    assert refused.value.problem.where == where


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("orders", [{"paid_fen": 1, "failure": "late_shipping"}]),
        ("fakes", [{"paid_fen": 1, "ordered_on": "2024-05-22"}]),
        ("loss", {"court_fen": 5}),
        ("amount", 7),
    ],
)
def test_a_basis_is_kept_with_its_case(tenant: str, kind: str, given: object) -> None:
    """What was filed is read back from the case as it was."""
    basis = basis_read(kind, given)
    case = deduction_file(tenant, _filing(basis=basis), NOW)
    assert basis_kept(Case.objects.get(id=case.id).facts["basis"]) == basis
    assert [each.case for each in deductions(tenant, subject=S1)] == [case]
    assert deductions(tenant, subject=("shop", "S2")) == []
