"""Discretion: a measure that no step orders, with reason and person, by two persons."""

from datetime import timedelta
from typing import Any

import pytest

from earnest.assessment.commands import day_run
from earnest.cases.discretion import DiscretionFiling, discretion_ask, discretion_lift
from earnest.cases.following import cases_follow
from earnest.cases.queries import case_state, decisions_of_case
from earnest.decisions.replay import decisions_replay
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.notices.models import Notice
from earnest.restrictions.queries import capabilities_restricted
from tests.cases.scene import NOW, S1, approved, paid_in, settle, shop_open, tenant_new

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> str:
    """Give a market with a shop that holds what it must, 10,000 yuan."""
    made = tenant_new()
    shop_open(made, deposit_fen=1_000_000, required_fen=1_000_000)
    return made


def _filing(**changes: Any) -> DiscretionFiling:
    given = {
        "shop_id": "S1", "measure": "close_listing", "reason": "a new kind of fraud",
        "decided_by": "Li Wei", "actor": "risk", "evidence": ["E1"],
    }  # fmt: skip
    return DiscretionFiling(**{**given, **changes})


@pytest.mark.clause("S3-7.3a")
def test_a_case_that_no_rule_covers_is_restricted_by_two_persons_and_ended_by_one(
    tenant: str,
) -> None:
    """The reason and the person stand in decision and notice; it ends when a person ends it."""
    case = discretion_ask(tenant, _filing(), NOW)
    (decision,) = decisions_of_case(case)
    assert (decision.clause, decision.approvals_needed) == ("S3-7.3a", 2)
    settle(tenant, decision.id, NOW, persons=1)
    assert capabilities_restricted(tenant, *S1) == set()
    with pytest.raises(Conflict, match="nothing_in_force"):
        discretion_lift(tenant, case.number, "risk", "over", NOW)


@pytest.mark.clause("S3-7.3a", "S3-7.3b")
def test_it_lasts_until_a_person_ends_it(tenant: str) -> None:
    """Neither time nor a full deposit ends it; its case stays open as long."""
    case = discretion_ask(tenant, _filing(), NOW)
    approved(tenant, case)
    assert capabilities_restricted(tenant, *S1) == {"publishing"}
    told = Notice.objects.get(tenant_id=tenant)
    assert "a new kind of fraud" in told.body_en
    assert "Li Wei" in told.body_zh
    later = NOW + timedelta(days=400)
    day_run(tenant, later)
    assert capabilities_restricted(tenant, *S1) == {"publishing"}
    assert cases_follow(tenant, later) == 0
    with pytest.raises(BadInput, match="reason_missing"):
        discretion_lift(tenant, case.number, "risk", " ", later)
    ended = discretion_lift(tenant, case.number, "risk", "cleared up", later)
    assert capabilities_restricted(tenant, *S1) == set()
    assert case_state(ended) == "done"
    assert "cleared up" in Notice.objects.get(tenant_id=tenant, kind="release").body_en
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S3-5.1f")
def test_another_restriction_while_short_ends_with_the_top_up() -> None:
    """A measure of the rule's table, found necessary by a person, is measure f of a shortage."""
    tenant = tenant_new()
    shop_open(tenant, deposit_fen=900_000, required_fen=1_000_000)
    day_run(tenant, NOW)
    case = discretion_ask(tenant, _filing(measure="limit_withdrawal"), NOW)
    assert approved(tenant, case).clause == "S3-5.1f"
    assert capabilities_restricted(tenant, *S1) == {"withdrawal"}
    paid_in(tenant, S1, 100_000)
    day_run(tenant, NOW + timedelta(days=1))
    assert capabilities_restricted(tenant, *S1) == set()
    assert cases_follow(tenant, NOW) == 1


@pytest.mark.clause("S3-7.3a")
@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"reason": " "}, RuleRefused, "not_met"),
        ({"decided_by": ""}, RuleRefused, "not_met"),
        ({"measure": "fine"}, RuleRefused, "no_row"),
        ({"measure": "notice"}, BadInput, "measure_restricts_nothing"),
        ({"shop_id": "S9"}, NotFound, "unknown_shop"),
    ],
)
def test_an_undocumented_discretion_is_refused(
    tenant: str, changes: dict[str, Any], error: type[Exception], code: str
) -> None:
    """No reason, no person, no measure of the table, no shop: nothing is filed."""
    with pytest.raises(error, match=code):
        discretion_ask(tenant, _filing(**changes), NOW)
