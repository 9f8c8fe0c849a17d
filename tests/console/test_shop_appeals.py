"""A shop's appeal on screen and by the API: its ticket, its filing, and the table of two people."""

import pytest
from django.urls import reverse

from earnest.appeals.models import Appeal
from earnest.market.commands import clock_set, marketplace_open
from tests.appeals.shop_scene import (
    START,
    YUAN,
    days_on,
    deducted,
    looked,
    money,
    shop_new,
    ticket_of,
)
from tests.cases.scene import S1
from tests.console.visiting import browser_of, shown

pytestmark = pytest.mark.django_db


@pytest.mark.clause("S3-4.1", "S3-4.2a", "S3-5.1e")
def test_a_shop_appeals_against_a_deduction_and_two_people_undo_it() -> None:
    """Filed by the merchant, previewed with what rested on it, confirmed by who may; then told."""
    tenant = shop_new(proceeds=1_500)
    marketplace_open(tenant, name_zh="市场", name_en="market")
    decision = deducted(tenant, 4_000 * YUAN, START)
    looked(tenant, START)
    ticket = ticket_of(decision)
    clock_set(tenant, days_on(7))
    shop = browser_of(tenant, "s1", "merchant", S1)
    hearer = browser_of(tenant, "service", "service", language="en")
    page = shown(shop, "ticket", ticket.number)
    assert "还剩 0 天" in page
    assert ticket.number in shown(shop, "tickets")
    form = shown(shop, "appeal_new", ticket.number)
    assert "申诉获支持则全部退回" in form
    sent = {"chosen-1": "yes", "ground-1": "facts_wrong", "said-1": "并非我店所售"}
    assert shop.post(reverse("appeal_new", args=[ticket.number]), sent).status_code == 302
    number = Appeal.objects.get(tenant_id=tenant).number
    looked(tenant, days_on(8))
    clock_set(tenant, days_on(9))
    assert money(tenant) == (7_500 * YUAN, 0, 0)
    assert hearer.post(reverse("appeal_act", args=[number, "claim"])).status_code == 302
    assert "nobody is left to confirm" in shown(hearer, "appeal", number).lower()
    assert "nobody is left" in shown(hearer, "workbench").lower()
    given = {"verdict-1": "overturned", "reason-1": "核实属实", "step": "propose"}
    assert hearer.post(reverse("appeal_verdicts", args=[number]), given).status_code == 302
    boss = browser_of(tenant, "admin", "admin")
    table = shown(boss, "appeal", number)
    assert "影响预览（尚未执行）" in table
    assert "11,500.00" not in table
    assert "目前没有人" not in shown(boss, "workbench")
    confirm = reverse("appeal_act", args=[number, "confirm"])
    assert boss.post(confirm, {"word": "agree", "reason": "同意"}).status_code == 302
    assert money(tenant) == (10_000 * YUAN, 1_500 * YUAN, 0)
    after = shown(shop, "appeal", number)
    assert "货款（元）" in after
    assert "已退回保证金" in shown(shop, "ticket", ticket.number)
    assert "经申诉撤销" in shown(boss, "case", decision.period)
    assert "经申诉撤销" in boss.get(reverse("recoveries"), {"state": "reversed"}).content.decode()
    assert shown(boss, "shop", "S1")


def test_who_approved_the_deduction_is_not_offered_to_confirm() -> None:
    """The form is shown to who may confirm alone; who approved reads why not, and is refused."""
    tenant = shop_new()
    marketplace_open(tenant, name_zh="市场", name_en="market")
    approver = browser_of(tenant, "risk", "risk")
    decision = deducted(tenant, 4_000 * YUAN, START, people=(f"risk-{tenant}", "finance"))
    clock_set(tenant, days_on(1))
    shop, hearer = (
        browser_of(tenant, "s1", "merchant", S1),
        browser_of(tenant, "service", "service"),
    )
    sent = {"chosen-1": "yes", "ground-1": "other", "said-1": "有误"}
    shop.post(reverse("appeal_new", args=[ticket_of(decision).number]), sent)
    number = Appeal.objects.get(tenant_id=tenant).number
    assert "您审批过原处罚" in shown(approver, "appeal", number)
    hearer.post(reverse("appeal_act", args=[number, "claim"]))
    given = {"verdict-1": "overturned", "reason-1": "属实", "step": "propose"}
    hearer.post(reverse("appeal_verdicts", args=[number]), given)
    confirm = reverse("appeal_act", args=[number, "confirm"])
    page = shown(approver, "appeal", number)
    assert confirm not in page
    assert "您审批过原处罚" in page
    refused = approver.post(confirm, {"word": "agree", "reason": "x"})
    assert refused.status_code == 422
    assert money(tenant) == (6_000 * YUAN, 0, 0)
    boss = browser_of(tenant, "boss", "finance")
    assert confirm in shown(boss, "appeal", number)
