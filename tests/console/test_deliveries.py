"""The pages of deadlines, webhooks and mail: what is shown, to whom, and what is never shown."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from standardwebhooks import Webhook

from earnest.deliveries.looking import deliveries_look
from earnest.deliveries.models import Delivery, Endpoint, EndpointSecret, MailAddress
from earnest.deliveries.sealing import opened
from earnest.deliveries.sending import Sender, deliveries_send
from earnest.deliveries.wire import Http
from earnest.notices.commands import Message, NewNotice, notices_send
from tests.console.market import NOW, TENANT, SeededMarket
from tests.deliveries.conftest import Clock
from tests.deliveries.receiver import receiving

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
URL = "https://hooks.p1.example/earnest"


def _added(client: Client, url: str = URL, **fields: object) -> str:
    """Add an endpoint in the console and return the page that follows."""
    response = client.post(reverse("webhook_add"), {"hook_url": url, **fields})
    assert response.status_code == 200, response.content.decode()
    return response.content.decode()


def _told(about: str) -> None:
    notices_send(
        TENANT,
        [
            NewNotice(
                "provider", "P1", about, "sanction", "warning", "S0-2.2.1b", None,
                Message(f"<b>{about}</b>", "内容"), Message(f"<b>{about}</b>", "Body"),
            )
        ],
        NOW,
    )  # fmt: skip
    deliveries_look(TENANT, NOW)


def test_a_secret_is_shown_once(market: SeededMarket, signed_in: Callable[..., Client]) -> None:
    """The page after adding or rotating shows the secret; no later page does, to nobody."""
    client = signed_in("provider")
    shown = SECRET.search(_added(client))
    assert shown is not None
    endpoint = Endpoint.objects.get()
    assert opened(EndpointSecret.objects.get().sealed) == shown[0]
    rotated = client.post(reverse("webhook_act", args=[endpoint.id, "rotate"])).content.decode()
    assert SECRET.search(rotated)[0] != shown[0]
    _told("x")
    for person in ("provider", "admin", "auditor"):
        reader = signed_in(person)
        pages = [reverse("webhooks"), reverse("webhook", args=[endpoint.id]), reverse("deliveries")]
        pages.append(reverse("delivery", args=[Delivery.objects.get().id]))
        for address in pages:
            page = reader.get(address).content.decode()
            assert not SECRET.search(page)
            assert EndpointSecret.objects.last().sealed not in page
    listed = signed_in("provider", "en").get(reverse("webhook", args=[endpoint.id]))
    assert "the secret before signs along until" in listed.content.decode()


def test_a_wrong_address_is_said_at_its_field(
    market: SeededMarket, signed_in: Callable[..., Client]
) -> None:
    """Nothing is added, what was typed and ticked stays, and the field says what is taken."""
    client = signed_in("provider")
    response = client.post(
        reverse("webhook_add"), {"hook_url": "http://10.0.0.1/", "event": "notice.sent"}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "只接受 https 网址" in page
    assert 'value="http://10.0.0.1/"' in page
    assert 'value="notice.sent" checked' in page
    assert "decision.made" not in page
    assert not Endpoint.objects.exists()


def test_parties_have_their_own_endpoints(
    market: SeededMarket, signed_in: Callable[..., Client]
) -> None:
    """Another party finds nothing; operators see every endpoint and change no party's."""
    _added(signed_in("provider"))
    _told("x")
    endpoint, delivery = Endpoint.objects.get(), Delivery.objects.get()
    other = signed_in("merchant")
    for name, id_ in (("webhook", endpoint.id), ("delivery", delivery.id)):
        assert other.get(reverse(name, args=[id_])).status_code == 404
    assert URL not in other.get(reverse("webhooks")).content.decode()
    assert str(delivery.id) not in other.get(reverse("deliveries")).content.decode()
    for act in ("test", "rotate", "disable", "enable"):
        address = reverse("webhook_act", args=[endpoint.id, act])
        assert other.post(address).status_code == 404
        assert signed_in("admin").post(address).status_code == 403
    assert URL in signed_in("auditor").get(reverse("webhooks")).content.decode()


def test_an_endpoint_s_life_in_the_console(
    market: SeededMarket, signed_in: Callable[..., Client], settings: object
) -> None:
    """Ping, failure, its answer on the page, again by hand, disabled, enabled."""
    settings.WEBHOOKS_LOOPBACK = True
    client, clock = signed_in("provider", "en"), Clock(NOW)
    with receiving() as receiver:
        _added(client, receiver.url, hook_note="help desk")
        endpoint = Endpoint.objects.get()
        page = reverse("webhook", args=[endpoint.id])
        assert "A ping waits" in client.post(f"{page}test/", follow=True).content.decode()
        receiver.replies.append((500, {}, b"<script>alert(1)</script>"))
        sender = Sender(clock=clock, http=Http(loopback=True))
        assert deliveries_send(TENANT, sender, NOW) == {"refused": 1}
        delivery = Delivery.objects.get()
        shown = client.get(reverse("delivery", args=[delivery.id])).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
        assert "<script>alert" not in shown
        assert "failing since" in client.get(page).content.decode()
        client.post(f"{page}disable/")
        assert "Disabled" in client.get(page).content.decode()
        assert client.post(f"{page}test/").status_code in {302, 409}
        client.post(f"{page}enable/")
        again = client.post(reverse("delivery_again", args=[delivery.id]), follow=True)
        assert "It waits to be sent again." in again.content.decode()
        assert deliveries_send(TENANT, sender, NOW) == {"sent": 1}
        assert receiver.requests[0].headers["webhook-id"] == str(delivery.id)
        secret = opened(EndpointSecret.objects.get().sealed)
        assert Webhook(secret).sign(str(delivery.id), NOW, receiver.requests[1].body.decode()) in (
            receiver.requests[1].headers["webhook-signature"].split()
        )


@pytest.mark.clause("S0-2.2.1b")
def test_a_mailbox_is_verified_by_its_reader(
    market: SeededMarket, signed_in: Callable[..., Client], client: Client, settings: object
) -> None:
    """The link opens without a sign-in, changes nothing by itself, and verifies by its button."""
    settings.PUBLIC_URL = "http://testserver"
    provider = signed_in("provider")
    form = {"mail_address": "ops@p1.example", "mail_language": "en", "mail_digest": "yes"}
    assert provider.post(reverse("mailbox_add"), form).status_code == 302
    assert provider.post(reverse("mailbox_add"), form).status_code == 422
    row = MailAddress.objects.get()
    deliveries_send(TENANT, Sender(clock=Clock(NOW)), NOW)
    link = re.search(r"http://testserver(/mail/verify/\S+/)", mail.outbox[0].body)[1]
    hidden = provider.get(reverse("delivery", args=[Delivery.objects.get().id])).content.decode()
    assert link not in hidden
    assert client.get(link).status_code == 200
    row.refresh_from_db()
    assert row.verified_at is None
    assert client.get(link[:-5] + "xxxx/").status_code == 404
    assert "已确认" in client.post(link).content.decode()
    row.refresh_from_db()
    assert row.verified_at == NOW
    merchant = signed_in("merchant")
    assert merchant.post(reverse("mailbox_act", args=[row.id, "remove"])).status_code == 404
    provider.post(reverse("mailbox_act", args=[row.id, "remove"]))
    assert client.get(link).status_code == 404


def test_deliveries_are_listed_and_exported(
    market: SeededMarket, signed_in: Callable[..., Client]
) -> None:
    """The list narrows by state and event, escapes what it shows, and is a CSV as well."""
    provider = signed_in("provider", "en")
    _added(provider)
    _told("one")
    listed = provider.get(reverse("deliveries"), {"state": "waiting", "event": "notice.sent"})
    assert "notice.sent" in listed.content.decode()
    assert (
        "Nothing matches" in provider.get(reverse("deliveries"), {"state": "sent"}).content.decode()
    )
    shown = provider.get(reverse("delivery", args=[Delivery.objects.get().id])).content.decode()
    assert "&lt;b&gt;one" in shown
    lines = b"".join(provider.get(reverse("deliveries_csv")).streaming_content).decode()
    assert lines.count("\r\n") == 2
    assert URL in lines


def test_to_do_shows_what_is_due_with_its_clock(
    market: SeededMarket, signed_in: Callable[..., Client]
) -> None:
    """A party sees its own deadlines with days left and what follows; operators see everybody's."""
    merchant = signed_in("merchant").get(reverse("todo")).content.decode()
    assert "补缴保证金 20,000.00 元" in merchant
    assert "S2" not in merchant
    assert "剩余" in merchant or "逾期" in merchant
    operator = signed_in("auditor", "en").get(reverse("todo"), {"kind": "shortage"})
    assert "top up 20,000.00 yuan of deposit" in operator.content.decode()
    assert (
        "Nothing is due"
        in signed_in("auditor", "en").get(reverse("todo"), {"kind": "plan"}).content.decode()
    )
    lines = b"".join(signed_in("merchant").get(reverse("todo_csv")).streaming_content).decode()
    assert "补缴保证金 20,000.00 元" in lines


def test_an_operator_keeps_the_own_mailbox_only(
    market: SeededMarket, signed_in: Callable[..., Client]
) -> None:
    """Added with a confirming link, listed for nobody else, and removed by its owner alone."""
    client = signed_in("risk")
    wrong = client.post("/mail/add/", {"mail_own": "nobody", "mail_language": "zh"})
    assert wrong.status_code == 422
    assert "这不是一个邮箱地址" in wrong.content.decode()
    given = {"mail_own": "risk@market.example", "mail_language": "zh"}
    assert client.post("/mail/add/", given).status_code == 302
    box = MailAddress.objects.get(subject_kind="member", subject_id="risk")
    assert (box.digest, box.verified_at) == (True, None)
    assert "risk@market.example" in client.get("/webhooks/").content.decode()
    other = signed_in("finance")
    assert "risk@market.example" not in other.get("/webhooks/").content.decode()
    assert other.post(f"/mail/{box.id}/remove/").status_code == 403
    assert signed_in("provider").post(f"/mail/{box.id}/remove/").status_code == 404
    assert client.post(f"/mail/{box.id}/remove/").status_code == 302
    box.refresh_from_db()
    assert box.removed_at is not None
