"""Operators hear once a day what waits for them, by their role and in their language."""

from datetime import date, timedelta

import pytest
from django.core import mail

from earnest.decisions.models import Approval
from earnest.deliveries.mailboxes import (
    NewMailAddress,
    mail_address_add,
    mail_address_remove,
    mail_address_verify,
)
from earnest.deliveries.models import MEMBER, Delivery, MailAddress
from earnest.deliveries.sending import Sender, deliveries_send
from earnest.kernel.errors import NotFound
from earnest.kernel.words import Words
from earnest.ledger.records import Check
from earnest.market.commands import person_add
from earnest.work.commands import alerts_review
from earnest.work.deadline import OPERATOR, Deadline
from earnest.work.operator_digest import RESPONSIBLE, lines_for, operators_digest
from tests.work.market import NOW, TENANT, decided

DAY = timedelta(days=1)
PASSWORD = "a long password"


def member(name: str, role: str, language: str = "zh") -> MailAddress:
    """Let an operator have a mailbox that is verified."""
    person_add(TENANT, name, PASSWORD, role=role)
    new = NewMailAddress((MEMBER, name), f"{name}@market.example", language, name)
    row = mail_address_add(TENANT, new, NOW - DAY)
    Delivery.objects.filter(event="mail.verify").update(state="sent")
    return mail_address_verify(TENANT, row.id, NOW - DAY)


def due(kind: str, due_on: date) -> Deadline:
    """Return an operator's deadline."""
    words = Words("一", "one")
    return Deadline(kind, kind, ("", ""), OPERATOR, NOW.date(), due_on, words, words, "/")


def sent_to(name: str) -> list[tuple[str, str]]:
    """Send what waits; return the title and the text of everything that a member was sent."""
    deliveries_send(TENANT, Sender(clock=lambda: NOW), NOW)
    sent = [each for each in mail.outbox if each.to[0].startswith(name)]
    return [(str(each.subject), str(each.body)) for each in sent]


def test_one_mail_a_day_in_the_reader_s_language(db: None) -> None:
    """Decisions and alerts are counted with links; the next day they are told again, once."""
    for name, language in (("risk", "en"), ("finance", "zh")):
        member(name, name, language)
    for _ in range(2):
        decided("waiting")
    alerts_review(TENANT, [Check("job_day", ok=False, detail="x", detail_zh="x")], NOW)
    assert [operators_digest(TENANT, NOW) for _ in range(2)] == [2, 0]
    ((title, text),) = sent_to("risk")
    assert title == "2025-09-10: 3 things wait for you"
    assert "Decisions that wait for your word: 2\n  http://localhost:8000/queue/" in text
    assert "Alerts of the system: 1 (job_day)" in text
    ((title, text),) = sent_to("finance")
    assert title == "2025-09-10：有 2 项工作待办"
    assert "告警" not in text
    assert operators_digest(TENANT, NOW + DAY) == 2


def test_nothing_waits_nothing_is_mailed(db: None) -> None:
    """Nor to who does not want it, removed the mailbox, or is no operator any more."""
    box = member("risk", "risk")
    assert operators_digest(TENANT, NOW) == 0
    decided("waiting")
    MailAddress.objects.update(digest=False)
    assert operators_digest(TENANT, NOW) == 0
    MailAddress.objects.update(digest=True)
    person_add(TENANT, "risk", PASSWORD, role="feed")
    assert operators_digest(TENANT, NOW) == 0
    person_add(TENANT, "risk", PASSWORD, role="risk")
    mail_address_remove(TENANT, box.id, NOW)
    assert operators_digest(TENANT, NOW) == 0


def test_a_second_word_is_asked_of_others(db: None) -> None:
    """Who has given a word on a decision is not asked again; another person is."""
    waiting = decided("waiting", approvals_needed=2)
    word = {"decision_id": waiting, "tenant_id": TENANT, "reason": "x", "at": NOW}
    Approval.objects.create(actor="service", verdict="proposed", **word)
    assert len(lines_for(TENANT, "risk", "risk", [], NOW.date())) == 1
    Approval.objects.create(actor="risk", verdict="approve", **word)
    assert lines_for(TENANT, "risk", "risk", [], NOW.date()) == []
    first, second = lines_for(TENANT, "finance", "finance", [], NOW.date())
    assert (first.count, first.path) == (1, "/queue/")
    assert (second.said.zh, second.path) == ("其中待第二人审批：1 项", "/queue/?second=1")


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("service", {"hearing", "admission", "departure"}),
        ("finance", {"hold_review", "raise_review"}),
        ("admin", set(RESPONSIBLE)),
        ("auditor", set()),
    ],
)
def test_deadlines_reach_the_role_that_keeps_them(db: None, role: str, kinds: set[str]) -> None:
    """What is overdue or due within three days is counted; what is later is not."""
    today = NOW.date()
    found = [due(kind, today + days * DAY) for kind in RESPONSIBLE for days in (-2, 0, 3, 4)]
    lines = lines_for(TENANT, "somebody", role, found, today)
    assert {each.path.rpartition("=")[2] for each in lines} == kinds
    assert all(each.count == 3 for each in lines)
    assert all("2 项将于 3 日内到期，1 项已逾期" in each.said.zh for each in lines)


def test_a_mailbox_is_an_operator_s_own(db: None) -> None:
    """Nobody who is no operator here gets one of this kind."""
    person_add(TENANT, "feeder", PASSWORD, role="feed")
    for name in ("feeder", "nobody"):
        new = NewMailAddress((MEMBER, name), "x@market.example", "zh", name)
        with pytest.raises(NotFound):
            mail_address_add(TENANT, new, NOW)
