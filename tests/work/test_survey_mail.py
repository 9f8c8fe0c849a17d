"""The links of a survey go by mail once each, one reminder follows, and addresses do not stay."""

import smtplib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from earnest.deliveries.letters import letter_read
from earnest.deliveries.retries import RETRY_WAITS
from earnest.deliveries.sending import Sender
from earnest.deliveries.wire import Answer
from earnest.kernel.errors import BadInput
from earnest.surveys.answering import answer_give
from earnest.surveys.commands import campaign_close
from earnest.surveys.due import surveys_due
from earnest.surveys.inviting import invitation_exclude, link_renew, respondents_invite
from earnest.surveys.links import link_again
from earnest.surveys.mailing import mail_counts, mail_states
from earnest.surveys.models import Campaign, Invitation, InvitationMail
from earnest.surveys.respondents import respondents_read
from earnest.work.survey_mail import surveys_mail
from tests.surveys.scene import MONTH, NOW, TENANT, asked_of, listed, parties, said

DAY = timedelta(days=1)
LIST = "respondent,provider_id,address\n" + "".join(
    f"merchant-{number},P1,m{number}@shops.example\n" for number in (0, 1)
)


@dataclass
class Wire:
    """Keeps what is sent, and answers as it is told; its clock stands still."""

    outcome: str = "sent"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    sent: list[tuple[str, str, str, str]] = field(default_factory=list)

    def __call__(self, address: str, mail_id: str, body: bytes) -> Answer:
        """Take a mail."""
        self.sent.append((address, mail_id, *letter_read(body)))
        return Answer(self.outcome, 1)

    @property
    def sender(self) -> Sender:
        """A sender on this wire."""
        return Sender(clock=lambda: self.at, mail=self)


@pytest.fixture
def campaign(db: None) -> Campaign:
    """Return an open campaign: two of its three respondents have an address."""
    parties()
    opened = listed(names=3)
    respondents_invite(opened, respondents_read(TENANT, MONTH, LIST.encode()), "chen", NOW)
    return opened


def test_each_link_is_mailed_once(campaign: Campaign) -> None:
    """Both languages and the working link; looking again sends nothing; one has no address."""
    wire = Wire()
    assert surveys_mail(TENANT, wire.sender, NOW) == {"new": 2, "sent": 2}
    assert not surveys_mail(TENANT, wire.sender, NOW + DAY)
    first = asked_of(campaign)[0]
    address, mail_id, title, text = min(wire.sent)
    assert address == "m0@shops.example"
    assert mail_id == str(InvitationMail.objects.get(invitation=first).id)
    assert title == "请评价服务商“服务商 1” / Please rate 服务商 1"
    assert f"{settings.PUBLIC_URL}/survey/{link_again(first)}/" in text
    assert "请最迟于 2025-10-31" in text
    assert "by 2025-10-31, that day included" in text
    assert mail_counts(campaign) == {"sent": 2, "no_address": 1}


def test_one_reminder_and_a_renewed_link_follow(campaign: Campaign) -> None:
    """A reminder to who has not answered, never a second; a renewed link is mailed by itself."""
    wire = Wire()
    surveys_mail(TENANT, wire.sender, NOW)
    answer_give(asked_of(campaign)[0], said("8"), NOW)
    for days in (4, 8):
        surveys_due(TENANT, NOW + days * DAY)
        surveys_mail(TENANT, wire.sender, NOW + days * DAY)
    assert [(to, title[:3]) for to, _, title, _ in wire.sent[2:]] == [
        ("m1@shops.example", "提醒：")
    ]
    link_renew(asked_of(campaign)[1], "chen", NOW + 8 * DAY)
    surveys_mail(TENANT, wire.sender, NOW + 8 * DAY)
    assert [to for to, *_ in wire.sent[3:]] == ["m1@shops.example"]
    assert link_again(asked_of(campaign)[1]) in wire.sent[3][3]
    assert len({mail_id for _, mail_id, *_ in wire.sent}) == 4


def test_who_is_not_asked_any_more_gets_nothing(campaign: Campaign) -> None:
    """Left out before the mail goes, or the campaign closed: what waits is dropped."""
    wire = Wire("no_answer")
    surveys_mail(TENANT, wire.sender, NOW)
    assert len(wire.sent) == 1, "the server is away, so the others are not tried"
    invitation_exclude(asked_of(campaign)[0], "own_staff", "", "chen", NOW)
    surveys_mail(TENANT, wire.sender, NOW)
    assert sorted(InvitationMail.objects.values_list("state", flat=True)) == ["dropped", "waiting"]
    campaign_close(campaign, NOW)
    wire.at += DAY
    assert not surveys_mail(TENANT, wire.sender, NOW)
    assert set(InvitationMail.objects.values_list("state", flat=True)) == {"dropped"}


def test_what_does_not_arrive_is_tried_again_and_given_up(campaign: Campaign) -> None:
    """A refusal is tried again under the same id; a mailbox that is none is given up at once."""
    wire = Wire("refused")
    surveys_mail(TENANT, wire.sender, NOW)
    for wait in RETRY_WAITS:
        assert not surveys_mail(TENANT, wire.sender, NOW)
        wire.at += wait
        surveys_mail(TENANT, wire.sender, NOW)
    assert mail_counts(campaign)["failed"] == 2
    assert len(wire.sent) == 2 * (len(RETRY_WAITS) + 1)
    assert len({mail_id for _, mail_id, *_ in wire.sent}) == 2
    other = Wire("bounced")
    link_renew(asked_of(campaign)[0], "chen", NOW)
    surveys_mail(TENANT, other.sender, NOW)
    mail = mail_states(asked_of(campaign)[:1])[asked_of(campaign)[0].id]
    assert (mail.state, mail.outcome, mail.link_no, mail.tries) == ("failed", "bounced", 2, 1)


def test_a_sender_that_died_leaves_the_mail_to_the_next(campaign: Campaign) -> None:
    """Taken up and never written down: after the lease it goes again, under the same id."""

    def dies(address: str, mail_id: str, body: bytes) -> Answer:
        raise smtplib.SMTPServerDisconnected(address + mail_id + str(body))

    wire = Wire()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        surveys_mail(TENANT, Sender(clock=lambda: wire.at, mail=dies), NOW)
    assert surveys_mail(TENANT, wire.sender, NOW) == {"sent": 1}
    wire.at += wire.sender.lease
    assert surveys_mail(TENANT, wire.sender, NOW) == {"sent": 1}
    assert {to for to, *_ in wire.sent} == {"m0@shops.example", "m1@shops.example"}


def test_addresses_are_taken_out_after_the_campaign(campaign: Campaign) -> None:
    """Thirty days after it has closed no address is left, and what was sent is still told."""
    surveys_mail(TENANT, Wire().sender, NOW)
    campaign_close(campaign, NOW)
    kept = Invitation.objects.exclude(address="")
    surveys_due(TENANT, NOW + 29 * DAY)
    assert kept.count() == 2
    assert surveys_due(TENANT, NOW + 30 * DAY)["addresses_forgotten"] == 2
    assert not kept.exists()
    assert mail_counts(campaign) == {"sent": 2, "no_address": 1}


@pytest.mark.parametrize("wrong", ["nobody", "a@b@c", "x" * 250 + "@shops.example"])
def test_a_list_with_a_wrong_address_is_refused_whole(db: None, wrong: str) -> None:
    """The line is named; an empty address is no mistake."""
    parties()
    with pytest.raises(BadInput, match="line 3"):
        respondents_read(TENANT, MONTH, f"{LIST.splitlines()[0]}\nm,P1,\nn,P1,{wrong}".encode())
