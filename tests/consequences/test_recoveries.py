"""The effect of a deduction: once, only on a finding, and undone as a whole when it fails."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from earnest.cases.deduction_basis import Basis
from earnest.cases.deductions import (
    DeductionFiling,
    deduction_file,
    deduction_get,
    deduction_review,
)
from earnest.consequences.commands import decision_settle
from earnest.consequences.recoveries import recovery_apply
from earnest.decisions.models import Decision
from earnest.deposits.accounts import deposit_of
from earnest.deposits.claims import claims_look, claims_open, owing_subjects
from earnest.deposits.models import Recovery
from earnest.kernel.errors import Conflict, NotFound
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, verify
from earnest.ledger.records import Reason, Transfer
from earnest.notices.models import Notice
from earnest.restrictions.commands import restrictions_release
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.cases.scene import NOW, S1, paid_in, settle, stands
from tests.cases.shop_scene import shop_market

pytestmark = pytest.mark.django_db


def _waiting(tenant: str, *, advances: bool = False, mode: str = "partial") -> Decision:
    """File and review a deduction of 14,000 yuan; return its decision, which waits."""
    filing = DeductionFiling(
        subject=S1,
        ground="unfit_goods",
        breached_on=date(2025, 9, 1),
        basis=Basis("amount", {"amount_fen": 1_400_000}),
        mode=mode,
        advances=advances,
        actor="risk",
        note="the court's judgment",
    )
    number = deduction_file(tenant, filing, NOW).number
    deduction_review(tenant, number, confirmed=True, actor="finance", note="so", now=NOW)
    decision = deduction_get(tenant, number).decision
    assert decision is not None
    return decision


@pytest.fixture
def tenant() -> str:
    """Give a market with one shop, whose deposit is 10,000 yuan."""
    return shop_market(1_000_000)


@pytest.mark.clause("S3-4.1", "S3-4.2a")
def test_the_effect_happens_once(tenant: str) -> None:
    """Applied again, the same decision takes nothing more and tells nobody again."""
    decision = settle(tenant, _waiting(tenant).id, NOW)
    assert decision.effect["taken_fen"] == 1_000_000
    assert decision.effect["rest_fen"] == 400_000
    paid_in(tenant, S1, 500_000)
    again = recovery_apply(tenant, decision, NOW)
    assert (again["recovery"], again["transfers"]) == (decision.effect["recovery"], [])
    assert stands(tenant).posted_fen == 500_000
    assert Notice.objects.filter(tenant_id=tenant).count() == 1
    assert Recovery.objects.filter(tenant_id=tenant).count() == 1


@pytest.mark.clause("S3-4.1")
def test_nothing_is_recovered_without_a_finding(tenant: str) -> None:
    """A recovery under the number of a case that has no finding takes nothing."""
    decision = _waiting(tenant)
    decision.period, decision.id = "C999999", uuid4()
    with pytest.raises(NotFound, match="finding_missing"):
        recovery_apply(tenant, decision, NOW)
    assert stands(tenant).posted_fen == 1_000_000


def test_a_try_that_the_ledger_refuses_undoes_the_approval(tenant: str) -> None:
    """An id that stands for another transfer is a conflict: approval and rows are undone too."""
    decision = _waiting(tenant, mode="unsplit")
    settle(tenant, decision.id, NOW, persons=1)
    paid_in(tenant, S1, 400_000)
    id_of_try = _id_of_first_try(tenant, decision)
    taken = Transfer(
        id=id_of_try, debit=deposit_of(S1), credit="penalty_income", amount_fen=1,
        effective_at=NOW, reason=Reason("S3-4.2a", SHOP_DEPOSIT, uuid4(), "another"),
    )  # fmt: skip
    assert transfers_post(tenant, [taken], NOW)[0].status == "posted"
    paid_in(tenant, S1, 1)
    with pytest.raises(Conflict, match="transfer_conflict"):
        decision_settle(
            tenant, decision.id, verdict="approve", actor="another", reason="seen", now=NOW
        )
    decision.refresh_from_db()
    assert (decision.state, decision.approvals.count()) == ("waiting", 1)
    assert not Recovery.objects.filter(tenant_id=tenant).exists()


def _id_of_first_try(tenant: str, decision: Decision) -> object:
    from earnest.kernel.ids import uuid7_for

    recovery = uuid7_for(NOW, tenant, "recovery", str(decision.id))
    return uuid7_for(NOW, tenant, "recovery", str(recovery), "0", deposit_of(S1))


@pytest.mark.clause("S3-4.2b", "S3-5.3c", "S3-5.3d")
def test_from_deduction_to_a_claim_paid_by_proceeds(tenant: str) -> None:
    """A claim of 4,000 withholds proceeds; what arrives pays it, and the withdrawal opens again."""
    decision = settle(tenant, _waiting(tenant, advances=True).id, NOW)
    (part,) = claims_open(tenant)
    assert (part.owed_fen, part.origin, part.period) == (400_000, "recovery", decision.period)
    assert (part.clause, part.decision_id) == ("S3-5.3c", decision.id)
    assert capabilities_restricted(tenant, *S1) == {"withdrawal"}
    later = NOW + timedelta(days=3)
    paid_in(tenant, S1, 450_000, at=later, account="settlement:shop:S1")
    (done,) = claims_look(tenant, later).set_off
    assert (done.taken_fen, done.owed_fen) == (400_000, 0)
    restrictions_release(tenant, set(), later, owing=owing_subjects(tenant))
    assert capabilities_restricted(tenant, *S1) == set()
    assert balance_of(tenant, "settlement:shop:S1").posted_fen == 50_000
    assert [check for check in verify(tenant) if not check.ok] == []
