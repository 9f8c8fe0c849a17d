"""Settling what waits, reading notices, applying to be listed again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from earnest.consequences.sanctions import tickets_look
from earnest.decisions.models import Decision
from earnest.ledger.queries import balance_of
from earnest.notices.models import Notice
from earnest.restrictions.models import Restriction
from tests.console.market import NOW, TENANT, SeededMarket

SignIn = Callable[..., Client]
HTMX = {"HX-Request": "true"}


def _settle(client: Client, decision: Decision, verdict: str, reason: str) -> str:
    response = client.post(
        f"/decisions/{decision.id}/settle/",
        {"verdict": verdict, "reason": reason},
        headers=HTMX,
    )
    decision.refresh_from_db()
    return f"{response.status_code} {response.content.decode()}"


@pytest.mark.clause("S0-2.2.5-5c")
def test_removal_takes_two_persons(market: SeededMarket, signed_in: SignIn) -> None:
    """One approval leaves it waiting, the same person may not give two, the second one acts."""
    first, second = signed_in("risk"), signed_in("finance")
    row = _settle(first, market.removal, "approve", "已核对")
    assert row.startswith("200 <tr")
    assert "须另一人复核" in row
    assert market.removal.state == "waiting"
    again = _settle(first, market.removal, "approve", "再来一次")
    assert again.startswith("403")
    assert "须由另一人复核" in again
    assert market.removal.state == "waiting"
    done = _settle(second, market.removal, "approve", "同意")
    assert "已生效" in done
    assert market.removal.state == "in_effect"
    assert balance_of(TENANT, "deposit:provider:P1").posted_fen == 250_000
    tickets_look(TENANT, NOW + timedelta(days=8))
    assert balance_of(TENANT, "deposit:provider:P1").posted_fen == 0
    shown = second.get("/providers/P1/").context
    assert shown["standing"].word == "removed"
    assert shown["position"].claim_fen == 750_000
    assert not signed_in("provider").get("/providers/P1/").context["can_apply"]


def test_one_refusal_ends_it(market: SeededMarket, signed_in: SignIn) -> None:
    """A refused decision takes no effect and cannot be taken up again."""
    assert "已驳回" in _settle(signed_in("admin"), market.removal, "refuse", "证据不足")
    late = _settle(signed_in("risk"), market.removal, "approve", "同意")
    assert late.startswith("409")
    assert market.removal.state == "refused"


def test_a_reason_is_mandatory(market: SeededMarket, signed_in: SignIn) -> None:
    """Without a reason, or with another verdict, nothing is recorded and the row says why."""
    client = signed_in("risk")
    assert _settle(client, market.removal, "approve", "  ").startswith("422")
    assert _settle(client, market.removal, "maybe", "因为").startswith("422")
    assert not market.removal.approvals.exists()


def test_without_scripts_the_form_works_too(market: SeededMarket, signed_in: SignIn) -> None:
    """A plain POST leads back to the queue with a message, in the reader's language."""
    client = signed_in("risk", "en")
    address = f"/decisions/{market.notification.id}/settle/"
    client.post(address, {"verdict": "approve", "reason": ""})
    assert "write a reason" in client.get("/queue/").content.decode()
    client.post(address, {"verdict": "approve", "reason": "checked"})
    assert "Approved; the decision is in effect." in client.get("/queue/").content.decode()


def test_an_auditor_sees_no_buttons(market: SeededMarket, signed_in: SignIn) -> None:
    """Who may not decide sees the queue without forms."""
    page = signed_in("auditor").get("/queue/").content.decode()
    assert "/settle/" not in page
    assert "您的角色只能查看" in page


@pytest.mark.clause("S0-2.2.5-5b")
def test_a_provider_applies_for_relisting_once(market: SeededMarket, signed_in: SignIn) -> None:
    """The button is there while an application is missing, and gone after it was made."""
    client = signed_in("provider")
    assert client.get("/providers/P1/").context["can_apply"]
    client.post("/providers/P1/relisting/")
    assert Restriction.objects.filter(tenant_id=TENANT, applied_at__isnull=False).exists()
    page = client.get("/providers/P1/")
    assert not page.context["can_apply"]
    assert "申请已提交" in page.content.decode()
    client.post("/providers/P1/relisting/")
    assert "没有等待您申请" in client.get("/providers/P1/").content.decode()


def test_operators_do_not_apply_for_a_provider(market: SeededMarket, signed_in: SignIn) -> None:
    """An operator sees the restriction but no button to apply."""
    assert not signed_in("admin").get("/providers/P1/").context["can_apply"]


def test_a_notice_is_marked_by_its_reader_only(market: SeededMarket, signed_in: SignIn) -> None:
    """Reading a page marks nothing; the party's own press does, once."""
    client, notice = signed_in("provider"), market.provider_notice
    client.get("/inbox/")
    signed_in("risk").get("/providers/P1/")
    notice.refresh_from_db()
    assert notice.read_at is None
    fragment = client.post(f"/inbox/{notice.id}/read/", headers=HTMX).content.decode()
    assert "已读" in fragment
    assert "<form" not in fragment
    notice.refresh_from_db()
    assert notice.read_at is not None
    unread = client.get("/inbox/?unread=1").context["page"].paginator.count
    total = Notice.objects.filter(tenant_id=TENANT, subject_id="P1").count()
    assert unread == total - 1
