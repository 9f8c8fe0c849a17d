"""The effect of a hold as its pack chooses: reviewed without limit, or ended by itself."""

from datetime import date
from uuid import uuid4

import pytest

from earnest.consequences.holds import hold_apply
from earnest.decisions.models import Decision
from earnest.deposits.holds import hold_get, holds_look
from earnest.kernel.calendar import day_of, day_start
from earnest.notices.models import Notice
from earnest.policy import Reading
from earnest.rulebooks.packs import SHOP_DEPOSIT, packs_shipped
from tests.deposits.scene import AT, S1, money, tenant_with

pytestmark = pytest.mark.django_db


def _decision(tenant: str, choice: str) -> Decision:
    """Return the decision of a hold of 4,000 yuan, judged by the pack with this choice."""
    pack = packs_shipped()[SHOP_DEPOSIT].read_as(Reading(choices=(("hold_without_limit", choice),)))
    facts = {
        "held_on": day_of(AT), "reason": "court case", "owner": "li.wei",
        "review_on": date(2025, 10, 1), "estimate_fen": 400_000, "balance_fen": 1_000_000,
    }  # fmt: skip
    evaluation = pack.evaluate("hold", facts)
    assert evaluation.refusal is None
    return Decision(
        id=uuid4(), tenant_id=tenant, subject_kind=S1[0], subject_id=S1[1], rulebook=SHOP_DEPOSIT,
        decision="hold", period="C000001", clause=evaluation.clause, outcome="hold",
        money_fen=400_000, governing_on=evaluation.governing_on, made_at=AT,
        receipt=evaluation.receipt().as_dict(),
    )  # fmt: skip


@pytest.mark.clause("S3-4.2c")
@pytest.mark.parametrize(("choice", "ends_on"), [("reviewed", None), ("capped", date(2026, 3, 7))])
def test_whether_a_hold_ends_by_itself_is_the_packs_choice(
    choice: str, ends_on: date | None
) -> None:
    """Reviewed it has no end; capped it ends 180 days after, and the notice says so."""
    tenant = tenant_with(1_000_000)
    hold_apply(tenant, _decision(tenant, choice), AT)
    ends_at = day_start(ends_on) if ends_on else None
    assert hold_get(tenant, "C000001").ends_at == ends_at
    told = Notice.objects.get(tenant_id=tenant)
    assert ("最迟于 2026-03-07 自动解除" in told.body_zh) is (choice == "capped")
    assert ("it ends by itself on 2026-03-07" in told.body_en) is (choice == "capped")
    look = holds_look(tenant, day_start(date(2026, 3, 7)))
    assert bool(look.expired) is (choice == "capped")
    assert money(tenant)[0] == 1_000_000
