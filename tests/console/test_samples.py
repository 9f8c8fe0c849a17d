"""Samples: what nobody has confirmed moves no money, and the page where it is confirmed."""

from collections.abc import Callable

from django.test import Client

from earnest.assessment.shops import ShopMonth, adjustment_decide
from earnest.consequences.commands import decide
from earnest.decisions.models import Decision
from earnest.kernel.calendar import Month
from earnest.rulebooks.commands import value_unconfirm
from earnest.rulebooks.packs import SHOP_DEPOSIT, party_packs
from tests.console.market import NOW, TENANT, SeededMarket

SignIn = Callable[..., Client]
SAMPLE = {"rulebook": SHOP_DEPOSIT, "element": "sales_tier", "on": "2025-11-20"}
NOVEMBER = Month(2025, 11)


def waiting_raise() -> Decision:
    """Take back the confirmation of the sales tiers; return a raise that now has to wait."""
    value_unconfirm(
        TENANT, rulebook=SHOP_DEPOSIT, element="sales_tier", confirmed_by="risk", note="?", now=NOW
    )
    row = ShopMonth("S2", 55_000_000, ("apparel",), 1_000_000, 1_000_000)
    packs = party_packs(TENANT, SHOP_DEPOSIT)
    wanted = adjustment_decide([row], str(NOVEMBER), NOVEMBER.last_day, packs).decisions
    decide(TENANT, wanted, NOW)
    return Decision.objects.get(tenant_id=TENANT, subject_id="S2", period=str(NOVEMBER))


def _page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_decision_that_waits_for_a_sample_leads_to_it(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """Queue and decision say which sample is missing and where to confirm it; then they do not."""
    decision = waiting_raise()
    client = signed_in("finance")
    assert decision.state == "waiting"
    for address in ("/queue/", f"/decisions/{decision.id}/"):
        page = _page(client, address)
        assert "销售档" in page
        assert f"/samples/?rulebook={SHOP_DEPOSIT}&amp;state=open" in page
    refused = client.post(
        f"/decisions/{decision.id}/settle/", {"verdict": "approve", "reason": "看过"}, follow=True
    )
    assert refused.status_code == 200
    decision.refresh_from_db()
    assert decision.state == "waiting"
    client.post("/samples/settle/", SAMPLE | {"act": "confirm", "note": "已核对资费表"})
    assert "尚未确认" not in _page(client, f"/decisions/{decision.id}/")


def test_confirming_and_taking_back(market: SeededMarket, signed_in: SignIn) -> None:
    """The page says what is open, who confirmed what when and why, and keeps it all."""
    waiting_raise()
    client = signed_in("risk", "en")
    shown = client.get("/samples/").context
    assert shown["open"] == 1
    assert shown["samples"][0].row.element == "sales_tier"
    assert shown["samples"][0].view.rows
    client.post("/samples/settle/", SAMPLE | {"act": "confirm", "note": "fee table of 2025"})
    page = _page(client, f"/samples/?rulebook={SHOP_DEPOSIT}")
    assert "All are confirmed" in page
    assert "confirmed by risk" in page
    assert "fee table of 2025" in page
    client.post("/samples/settle/", SAMPLE | {"act": "withdraw", "note": "table was replaced"})
    shown = client.get("/samples/?state=open").context
    assert [each.row.element for each in shown["samples"]] == ["sales_tier"]
    assert [each.confirmed for each in shown["history"]][:2] == [False, True]


def test_a_reason_is_needed(market: SeededMarket, signed_in: SignIn) -> None:
    """Without a reason nothing is recorded and the page says why."""
    client = signed_in("risk")
    response = client.post(
        "/samples/settle/", SAMPLE | {"act": "withdraw", "note": " "}, follow=True
    )
    assert "alert-danger" in response.content.decode()
    assert response.context["open"] == 0


def test_who_may_not_decide_only_reads(market: SeededMarket, signed_in: SignIn) -> None:
    """An auditor sees the samples without forms."""
    assert "/samples/settle/" not in _page(signed_in("auditor"), "/samples/")
