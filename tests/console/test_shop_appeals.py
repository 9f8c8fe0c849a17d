"""A shop's appeal on screen and by the API: its ticket, its filing, and the table of two people."""

import pytest
from django.test import Client
from django.urls import reverse

from earnest.appeals.models import Appeal
from earnest.market.commands import clock_set, marketplace_open, person_add
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

pytestmark = pytest.mark.django_db
PASSWORD = "long-enough-1"


def _browser(tenant: str, name: str, role: str, *, language: str = "zh-hans") -> Client:
    subject = S1 if role == "merchant" else ("", "")
    person_add(tenant, f"{name}-{tenant}", PASSWORD, role=role, subject=subject)
    client = Client()
    assert client.login(username=f"{name}-{tenant}", password=PASSWORD)
    client.cookies["django_language"] = language
    return client


def _shown(client: Client, name: str, *args: object) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.clause("S3-4.1", "S3-4.2a", "S3-5.1e")
def test_a_shop_appeals_against_a_deduction_and_two_people_undo_it() -> None:
    """Filed by the merchant, previewed with what rested on it, confirmed by who may; then told."""
    tenant = shop_new(proceeds=1_500)
    marketplace_open(tenant, name_zh="市场", name_en="market")
    decision = deducted(tenant, 4_000 * YUAN, START)
    looked(tenant, START)
    ticket = ticket_of(decision)
    clock_set(tenant, days_on(7))
    shop = _browser(tenant, "s1", "merchant")
    hearer = _browser(tenant, "service", "service", language="en")
    page = _shown(shop, "ticket", ticket.number)
    assert "还剩 0 天" in page
    assert ticket.number in _shown(shop, "tickets")
    form = _shown(shop, "appeal_new", ticket.number)
    assert "申诉获支持则全部退回" in form
    sent = {"chosen-1": "yes", "ground-1": "facts_wrong", "said-1": "并非我店所售"}
    assert shop.post(reverse("appeal_new", args=[ticket.number]), sent).status_code == 302
    number = Appeal.objects.get(tenant_id=tenant).number
    looked(tenant, days_on(8))
    clock_set(tenant, days_on(9))
    assert money(tenant) == (7_500 * YUAN, 0, 0)
    assert hearer.post(reverse("appeal_act", args=[number, "claim"])).status_code == 302
    assert "nobody is left to confirm" in _shown(hearer, "appeal", number).lower()
    assert "nobody is left" in _shown(hearer, "workbench").lower()
    given = {"verdict-1": "overturned", "reason-1": "核实属实", "step": "propose"}
    assert hearer.post(reverse("appeal_verdicts", args=[number]), given).status_code == 302
    boss = _browser(tenant, "admin", "admin")
    table = _shown(boss, "appeal", number)
    assert "影响预览（尚未执行）" in table
    assert "11,500.00" not in table
    assert "目前没有人" not in _shown(boss, "workbench")
    confirm = reverse("appeal_act", args=[number, "confirm"])
    assert boss.post(confirm, {"word": "agree", "reason": "同意"}).status_code == 302
    assert money(tenant) == (10_000 * YUAN, 1_500 * YUAN, 0)
    after = _shown(shop, "appeal", number)
    assert "货款（元）" in after
    assert "已退回保证金" in _shown(shop, "ticket", ticket.number)
    assert "经申诉撤销" in _shown(boss, "case", decision.period)
    assert "经申诉撤销" in boss.get(reverse("recoveries"), {"state": "reversed"}).content.decode()
    assert _shown(boss, "shop", "S1")


def test_who_approved_the_deduction_is_not_offered_to_confirm() -> None:
    """The form is shown to who may confirm alone; who approved reads why not, and is refused."""
    tenant = shop_new()
    marketplace_open(tenant, name_zh="市场", name_en="market")
    approver = _browser(tenant, "risk", "risk")
    decision = deducted(tenant, 4_000 * YUAN, START, people=(f"risk-{tenant}", "finance"))
    clock_set(tenant, days_on(1))
    shop, hearer = _browser(tenant, "s1", "merchant"), _browser(tenant, "service", "service")
    sent = {"chosen-1": "yes", "ground-1": "other", "said-1": "有误"}
    shop.post(reverse("appeal_new", args=[ticket_of(decision).number]), sent)
    number = Appeal.objects.get(tenant_id=tenant).number
    assert "您审批过原处罚" in _shown(approver, "appeal", number)
    hearer.post(reverse("appeal_act", args=[number, "claim"]))
    given = {"verdict-1": "overturned", "reason-1": "属实", "step": "propose"}
    hearer.post(reverse("appeal_verdicts", args=[number]), given)
    confirm = reverse("appeal_act", args=[number, "confirm"])
    page = _shown(approver, "appeal", number)
    assert confirm not in page
    assert "您审批过原处罚" in page
    refused = approver.post(confirm, {"word": "agree", "reason": "x"})
    assert refused.status_code == 422
    assert money(tenant) == (6_000 * YUAN, 0, 0)
    boss = _browser(tenant, "boss", "finance")
    assert confirm in _shown(boss, "appeal", number)
