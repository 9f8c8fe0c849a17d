"""Mail goes to verified mailboxes only: at once what is grave, once a day the rest."""

import re
import smtplib
from datetime import timedelta

import pytest
from django.core import mail

from earnest.deliveries.looking import deliveries_look, digests_make
from earnest.deliveries.mail import django_mail
from earnest.deliveries.mailboxes import (
    NewMailAddress,
    link_read,
    mail_address_add,
    mail_address_link_again,
    mail_address_remove,
    mail_address_verify,
)
from earnest.deliveries.models import Attempt, Delivery, MailAddress
from earnest.deliveries.retries import RETRY_WAITS
from earnest.deliveries.sending import Sender, deliveries_send
from earnest.deliveries.wire import Answer
from earnest.kernel.errors import BadInput, Conflict, NotFound
from tests.deliveries.conftest import NOW, P1, P2, TENANT, Clock, tell

DAY = timedelta(days=1)


def book(address: str = "ops@p1.example", *, language: str = "zh", **more: object) -> MailAddress:
    """Add an address of P1 and verify it through the link in the mail."""
    new = NewMailAddress(P1, address, language, "provider", **more)
    row = mail_address_add(TENANT, new, NOW)
    mail_address_verify(TENANT, row.id, NOW)
    Delivery.objects.filter(event="mail.verify").update(state="sent")
    return row


@pytest.mark.clause("S0-2.2.1b", "S3-7.2b")
def test_a_warning_is_mailed_at_once_in_the_reader_s_language(parties: str, sender: Sender) -> None:
    """One mail per notice and mailbox, with the statement and the link to it."""
    book(language="zh")
    book("en@p1.example", language="en")
    tell(P1, "late", severity="warning")
    tell(P1, "grave", severity="serious")
    tell(P2, "another's")
    for _ in range(2):
        deliveries_look(parties, NOW)
    assert deliveries_send(parties, sender, NOW) == {"sent": 4}
    assert not deliveries_send(parties, sender, NOW)
    sent = {(each.to[0], each.subject) for each in mail.outbox}
    assert sent == {
        ("ops@p1.example", "标题 late"),
        ("ops@p1.example", "标题 grave"),
        ("en@p1.example", "Title late"),
        ("en@p1.example", "Title grave"),
    }
    english = next(each for each in mail.outbox if each.subject == "Title late")
    assert english.body.startswith("Decision: ...")
    assert "https://market.example/inbox/" in english.body
    assert english.extra_headers["Auto-Submitted"] == "auto-generated"
    ids = {each.extra_headers["Message-ID"] for each in mail.outbox}
    assert ids == {f"<{each.id}@market.example>" for each in Delivery.objects.filter(tries=1)}


def test_what_is_no_warning_comes_in_one_digest(parties: str, sender: Sender) -> None:
    """A day's other notices come in one mail; a day without any has none; who does not want it."""
    book(language="en")
    book("no@p1.example", digest=False)
    for about in ("a", "b"):
        tell(P1, about, severity="info")
    deliveries_look(parties, NOW)
    assert not deliveries_send(parties, sender, NOW)
    assert [digests_make(parties, NOW + DAY) for _ in range(2)] == [1, 0]
    assert digests_make(parties, NOW + 2 * DAY) == 0
    deliveries_send(parties, sender, NOW)
    (digest,) = mail.outbox
    assert digest.subject == "2 notices of 2025-09-10"
    lines = digest.body.splitlines()[:3]
    assert {line.partition(". ")[2] for line in lines[:2]} == {"Title a", "Title b"}
    assert lines[2] == ""


def test_nothing_but_the_link_goes_to_a_mailbox_before_it_is_verified(
    parties: str, sender: Sender
) -> None:
    """The link in the mail verifies; before that no notice is sent, and none of before later."""
    row = mail_address_add(TENANT, NewMailAddress(P1, "New@P1.Example", "en", "provider"), NOW)
    tell(P1, "before")
    deliveries_look(parties, NOW)
    deliveries_send(parties, sender, NOW)
    (link,) = mail.outbox
    assert link.to == ["New@p1.example"]
    token = re.search(r"https://market\.example/mail/verify/([^/]+)/", link.body).group(1)
    assert link_read(token) == (TENANT, row.id)
    mail_address_verify(TENANT, row.id, NOW + timedelta(minutes=5))
    tell(P1, "after", NOW + timedelta(minutes=6))
    deliveries_look(parties, NOW + timedelta(minutes=6))
    deliveries_send(parties, sender, NOW)
    assert [each.subject for each in mail.outbox[1:]] == ["Title after"]


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "eyJ4IjoxfQ:1tXXXX:abc"])
def test_a_forged_link_verifies_nothing(token: str) -> None:
    """A link that we did not sign is like none."""
    with pytest.raises(NotFound):
        link_read(token)


def test_a_mailbox_that_does_not_exist_gets_nothing_more(parties: str, sender: Sender) -> None:
    """The server's no is kept; what waits is dropped; a new link may be asked for."""
    row = book()
    tell(P1, "one")
    tell(P1, "two")
    deliveries_look(parties, NOW)
    bouncing = Sender(
        clock=sender.clock, mail=lambda *_: Answer("bounced", 1, status=550, said="no such user")
    )
    assert deliveries_send(parties, bouncing, NOW) == {"bounced": 1}
    row.refresh_from_db()
    assert row.bounced_at == sender.clock()
    states = Delivery.objects.filter(event="notice.sent").values_list("state", flat=True)
    assert sorted(states) == ["dropped", "failed"]
    assert Attempt.objects.get(outcome="bounced").said == "no such user"
    tell(P1, "three", NOW + timedelta(minutes=1))
    assert not deliveries_look(parties, NOW + timedelta(minutes=1))
    mail_address_link_again(TENANT, row.id, NOW + timedelta(hours=1))
    mail_address_verify(TENANT, row.id, NOW + timedelta(hours=1))
    row.refresh_from_db()
    assert row.bounced_at is None


def test_a_mail_server_that_is_away_is_asked_again_later(
    parties: str, sender: Sender, clock: Clock
) -> None:
    """One mail tells that the server is away; the others wait for the next round."""
    book()
    for about in ("a", "b", "c"):
        tell(P1, about)
    deliveries_look(parties, NOW)
    away = Sender(clock=clock, mail=lambda *_: Answer("no_answer", 1))
    assert deliveries_send(parties, away, NOW) == {"no_answer": 1}
    clock.ahead(RETRY_WAITS[0])
    assert deliveries_send(parties, sender, NOW) == {"sent": 3}


@pytest.mark.parametrize(
    ("error", "outcome", "status"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b.c": (550, b"no such user")}), "bounced", 550),
        (smtplib.SMTPRecipientsRefused({"a@b.c": (451, b"try later")}), "refused", 451),
        (smtplib.SMTPSenderRefused(530, b"sign in first", "x"), "refused", 530),
        (smtplib.SMTPServerDisconnected("gone"), "no_answer", None),
        (ConnectionRefusedError("nobody"), "no_answer", None),
    ],
)
def test_what_a_mail_server_says_is_understood(
    settings: object, error: Exception, outcome: str, status: int | None
) -> None:
    """No mailbox is a bounce; other refusals and silence are tried again."""
    settings.EMAIL_BACKEND = "tests.deliveries.mail_backends.Failing"
    settings.MAIL_ERROR = error
    answer = django_mail("a@b.c", "1", b'{"title":"t","text":"x"}')
    assert (answer.outcome, answer.status) == (outcome, status)


def test_a_mail_that_cannot_be_written_holds_up_nothing() -> None:
    """A kept title that no mail can carry is a refusal like any other, not an end of the round."""
    answer = django_mail("a@b.c", "1", b'{"title":"t\\nBcc: x@y.z","text":"x"}')
    assert (answer.outcome, answer.said.split(":")[0]) == ("refused", "BadHeaderError")
    assert mail.outbox == []


def test_a_title_cannot_carry_headers(parties: str, sender: Sender) -> None:
    """A line break in a title stays in the title."""
    book(language="en")
    tell(P1, "x\nBcc: thief@example.com")
    deliveries_look(parties, NOW)
    assert deliveries_send(parties, sender, NOW) == {"sent": 1}
    assert mail.outbox[0].subject == "Title x Bcc: thief@example.com"
    assert mail.outbox[0].recipients() == ["ops@p1.example"]


def test_the_book(parties: str) -> None:
    """An address stands once; what is no address, language or party is refused; removal drops."""
    row = book()
    for address, language, subject, error in (
        ("ops@p1.example", "zh", P1, Conflict),
        ("not an address", "zh", P1, BadInput),
        ("a@b.example\r\nBcc: x@y.example", "zh", P1, BadInput),
        (f"{'a' * 250}@b.example", "zh", P1, BadInput),
        ("b@p1.example", "fr", P1, BadInput),
        ("b@p1.example", "zh", ("provider", "NOPE"), NotFound),
    ):
        with pytest.raises(error):
            mail_address_add(TENANT, NewMailAddress(subject, address, language, "x"), NOW)
    tell(P1, "one")
    deliveries_look(parties, NOW)
    mail_address_remove(TENANT, row.id, NOW)
    assert Delivery.objects.get(event="notice.sent").state == "dropped"
    book()
