"""Tickets and appeals on screen: a party files, one person hears, another confirms."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from earnest.appeals.deciding import Verdict, appeal_propose
from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.appeals.hearing import appeal_claim
from earnest.appeals.models import Appeal
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.market.commands import clock_set
from earnest.rulebooks.packs import SUPPLY_MARKET
from tests.appeals.scene import (
    AUGUST,
    LOW,
    P1,
    SEPTEMBER,
    YUAN,
    chain,
    money,
    month_judge,
    tenant_new,
    ticket_of,
)
from tests.console.visiting import browser_of, shown

pytestmark = pytest.mark.django_db


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.6")
def test_a_party_appeals_and_two_people_undo_a_month() -> None:
    """Three browsers: filed with its ground, previewed, proposed, confirmed; the table stays."""
    tenant = tenant_new()
    chain(tenant, AUGUST)
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    ticket = ticket_of(delisted)
    clock_set(tenant, delisted.made_at + timedelta(days=2))
    party = browser_of(tenant, "p1", "provider", P1)
    hearer = browser_of(tenant, "service", "service", language="en")
    confirmer = browser_of(tenant, "admin", "admin")
    assert ticket.number in shown(party, "tickets")
    page = shown(party, "ticket", ticket.number)
    assert "还剩 5 天" in page
    assert "5,000.00" in page
    address = reverse("appeal_new", args=[ticket.number])
    assert "请至少选择一项" in party.post(address, {}).content.decode()
    half = party.post(address, {"chosen-2": "yes"})
    assert half.status_code == 422
    assert "请选择理由类别并填写说明" in half.content.decode()
    sent = {"chosen-2": "yes", "ground-2": "figure_wrong", "said-2": "答卷不实", "by_person": "yes"}
    filed = party.post(address, sent)
    appeal = Appeal.objects.get(tenant_id=tenant)
    assert filed.headers["Location"] == reverse("appeal", args=[appeal.number])
    assert hearer.post(reverse("appeal_act", args=[appeal.number, "claim"])).status_code == 302
    verdicts = reverse("appeal_verdicts", args=[appeal.number])
    given = {"verdict-2": "overturned", "reason-2": "核实属实"}
    missing = hearer.post(verdicts, {"step": "propose", "verdict-2": "overturned"})
    assert "Every item needs a reason." in missing.content.decode()
    preview = hearer.post(verdicts, given | {"step": "preview"}).content.decode()
    assert "What would change (not done yet)" in preview
    assert "2,500.00" in preview
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)
    assert hearer.post(verdicts, given | {"step": "propose"}).status_code == 302
    assert "another person has to confirm" in shown(hearer, "appeal", appeal.number)
    confirm = reverse("appeal_act", args=[appeal.number, "confirm"])
    assert hearer.post(confirm, {"word": "agree", "reason": "x"}).status_code == 403
    assert "影响预览（尚未执行）" in shown(confirmer, "appeal", appeal.number)
    assert confirmer.post(confirm, {"word": "agree", "reason": "同意"}).status_code == 302
    assert money(tenant) == (10_000 * YUAN, 0, 0)
    after = shown(party, "appeal", appeal.number)
    assert "撤销前后对照" in after
    assert "核实属实" in after
    assert f"service-{tenant}" not in after
    assert "已因申诉" in shown(party, "ticket", ticket.number)


def test_a_party_answers_the_question_and_another_party_sees_nothing() -> None:
    """The open question stands on top of the party's page with its day."""
    tenant = tenant_new()
    hidden = month_judge(tenant, AUGUST, LOW)
    number = ticket_of(hidden).number
    clock_set(tenant, hidden.made_at)
    party, hearer = (
        browser_of(tenant, "p1", "provider", P1),
        browser_of(tenant, "service", "service"),
    )
    stranger = browser_of(tenant, "p2", "provider", ("provider", "P2"))
    sent = {"chosen-1": "yes", "ground-1": "other", "said-1": "有误"}
    party.post(reverse("appeal_new", args=[number]), sent)
    appeal = Appeal.objects.get(tenant_id=tenant)
    hearer.post(reverse("appeal_act", args=[appeal.number, "claim"]))
    ask = reverse("appeal_act", args=[appeal.number, "ask"])
    assert hearer.post(ask, {"question": ""}).status_code == 422
    hearer.post(ask, {"question": "请提供名单"})
    page = shown(party, "appeal", appeal.number)
    assert "请补充说明" in page
    assert "2025-09-21" in page
    party.post(reverse("appeal_act", args=[appeal.number, "answer"]), {"answer": "名单如下"})
    assert "名单如下" in shown(hearer, "appeal", appeal.number)
    for name, args in (("ticket", [number]), ("appeal", [appeal.number]), ("appeal_new", [number])):
        assert stranger.get(reverse(name, args=args)).status_code == 404
    assert number not in shown(stranger, "tickets")
    csv = b"".join(hearer.get(reverse("appeals_csv"))).decode()
    assert appeal.number in csv
    assert number in b"".join(party.get(reverse("tickets_csv"))).decode()


def test_a_stuck_appeal_is_taken_from_its_hearer_on_its_page() -> None:
    """Who may decide sees the form and must say why; the party reads nothing of it."""
    tenant = tenant_new()
    hidden = month_judge(tenant, AUGUST, LOW)
    item = [Disputed(1, "figure_wrong", "答卷不实")]
    new = NewAppeal(P1, ticket_of(hidden).number, item, "p1")
    number = appeal_file(tenant, new, hidden.made_at).number
    clock_set(tenant, hidden.made_at)
    party, hearer = (
        browser_of(tenant, "p1", "provider", P1),
        browser_of(tenant, "service", "service"),
    )
    other, boss = browser_of(tenant, "ann", "service"), browser_of(tenant, "boss", "finance")
    release = reverse("appeal_act", args=[number, "release"])
    assert hearer.post(reverse("appeal_act", args=[number, "claim"])).status_code == 302
    assert "交回复核" in shown(hearer, "appeal", number)
    assert release not in shown(other, "appeal", number)
    assert other.post(release, {"reason": "mine"}).status_code == 422
    assert party.post(release, {"reason": "mine"}).status_code == 403
    assert "收回并改由他人复核" in shown(boss, "appeal", number)
    assert boss.post(release, {"reason": ""}).status_code == 422
    assert boss.post(release, {"reason": "休假中"}).status_code == 302
    assert "休假中" in shown(boss, "appeal", number)
    assert "休假中" not in shown(party, "appeal", number)
    assert other.post(reverse("appeal_act", args=[number, "claim"])).status_code == 302
    assert other.post(release).status_code == 302
    assert Appeal.objects.get(tenant_id=tenant).state == "filed"


def test_a_decision_that_the_ledger_would_refuse_can_still_be_seen_and_sent_back() -> None:
    """What is in the way stands above the form; the second person sends it back."""
    tenant = tenant_new()
    (hidden,) = chain(tenant, AUGUST)
    clock_set(tenant, hidden.made_at + timedelta(days=9))
    ticket = ticket_of(hidden)
    item = [Disputed(1, "figure_wrong", "答卷不实")]
    appeal = appeal_file(tenant, NewAppeal(P1, ticket.number, item, "p1"), hidden.made_at)
    appeal_claim(tenant, appeal.number, actor="hearer", now=hidden.made_at)
    said = [Verdict(1, "overturned", "核实属实")]
    appeal_propose(tenant, appeal.number, said, actor="hearer", now=hidden.made_at)
    frozen = Transfer(
        id=uuid4(), kind="freeze", debit="penalty_income", credit="", amount_fen=0,
        effective_at=hidden.made_at, reason=Reason("S0-2.2.6", SUPPLY_MARKET, None, "audit"),
    )  # fmt: skip
    assert transfers_post(tenant, [frozen], hidden.made_at)[0].status == "posted"
    confirmer = browser_of(tenant, "admin", "admin")
    assert "账本没有接受" in shown(confirmer, "appeal", appeal.number)
    back = {"word": "back", "reason": "先解冻"}
    address = reverse("appeal_act", args=[appeal.number, "confirm"])
    assert confirmer.post(address, back).status_code == 302
    appeal.refresh_from_db()
    assert appeal.state == "hearing"
