"""Evidence both ways: turns, their clocks, what the party sees and when."""

from datetime import timedelta
from uuid import uuid4

import pytest

from earnest.documents.commands import NewDocument, document_add
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.notices.models import Notice
from earnest.violations.due import violations_look
from earnest.violations.evidence import (
    Answer,
    operator_reply,
    party_answer,
    party_ask,
)
from earnest.violations.kinds import review_number
from earnest.violations.models import Violation
from earnest.violations.queries import answers_due, violation_get, violation_told, violations_told
from earnest.violations.queue import queue, violation_claim
from tests.cases.scene import NOW, P1, provider_open
from tests.violations.scene import DAY, plain_market, reported

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=1)


@pytest.fixture
def tenant() -> str:
    """Give a market with the provider P1."""
    made = plain_market()
    provider_open(made)
    return made


def _asked(tenant: str, question: str = "is it free?") -> Violation:
    violation = reported(tenant)
    violation_claim(tenant, violation.number, "ann", NOW)
    party_ask(tenant, violation.number, question, "ann", NOW)
    return violation


def test_the_party_sees_nothing_before_it_is_asked_and_never_the_reporter(tenant: str) -> None:
    """Asked, it is told what it is accused of, by which clause and until when it may answer."""
    violation = reported(tenant)
    assert not violations_told(tenant, P1)
    with pytest.raises(NotFound, match="unknown_violation"):
        violation_told(tenant, P1, violation.number)
    violation_claim(tenant, violation.number, "ann", NOW)
    turn = party_ask(tenant, violation.number, "is it free?", "ann", NOW)
    assert turn.due_on == DAY + timedelta(days=review_number("answer_days", DAY))
    notice = Notice.objects.get(tenant_id=tenant)
    assert notice.due_on == turn.due_on
    for body in (notice.body_zh, notice.body_en):
        assert "S0-2.2.4f" in body
        assert "merchant" not in body
        assert "seen in the shop" not in body
    assert violation_told(tenant, P1, violation.number) == violation
    assert answers_due(tenant, P1) == 1
    with pytest.raises(NotFound, match="unknown_violation"):
        violation_told(tenant, ("provider", "P2"), violation.number)


def test_an_answer_brings_it_back_with_its_proof(tenant: str) -> None:
    """The answer counts to the last moment of its day; it raises the priority."""
    violation = _asked(tenant)
    page = document_add(tenant, NewDocument(P1, "proof.txt", b"free", "P1"), NOW)
    given = Answer("it is free", "P1 clerk", [page.id])
    turn = party_answer(tenant, P1, violation.number, given, NOW + 3 * DAYS)
    assert turn.documents == [str(page.id)]
    (found,) = queue(tenant, NOW + 3 * DAYS)
    assert found.violation.state == "reported"
    assert {each.name: each.points for each in found.priority.parts}["answered"] == 15
    with pytest.raises(Conflict, match="not_your_turn"):
        party_answer(tenant, P1, violation.number, given, NOW + 3 * DAYS)


def test_only_the_party_answers_with_its_own_documents(tenant: str) -> None:
    """Another party finds nothing; a document of nobody is not there; silence is no answer."""
    violation = _asked(tenant)
    with pytest.raises(NotFound, match="unknown_violation"):
        party_answer(tenant, ("provider", "P2"), violation.number, Answer("x", "y"), NOW)
    with pytest.raises(NotFound, match="unknown_document"):
        party_answer(tenant, P1, violation.number, Answer("x", "y", [uuid4()]), NOW)
    with pytest.raises(BadInput, match="text_missing"):
        party_answer(tenant, P1, violation.number, Answer("  ", "y"), NOW)


def test_a_turn_that_passes_its_day_goes_on_without_the_answer(tenant: str) -> None:
    """On the last day nothing happens; the day after, the review goes on and the party is told."""
    violation = _asked(tenant)
    assert violations_look(tenant, NOW + 3 * DAYS).turns_lapsed == ()
    late = NOW + 4 * DAYS
    with pytest.raises(Conflict, match="not_your_turn"):
        party_answer(tenant, P1, violation.number, Answer("x", "y"), late)
    assert violations_look(tenant, late).turns_lapsed == (violation.number,)
    assert violations_look(tenant, late).turns_lapsed == ()
    again = violation_get(tenant, violation.number)
    assert (again.state, again.turns.get().lapsed_at) == ("reported", late)
    assert Notice.objects.filter(tenant_id=tenant).count() == 2


def test_rounds_are_limited_and_replies_are_told(tenant: str) -> None:
    """Question, answer, reply, question, answer: then it has to be judged."""
    violation = _asked(tenant)
    number = violation.number
    party_answer(tenant, P1, number, Answer("it is free", "clerk"), NOW)
    violation_claim(tenant, number, "bob", NOW)
    operator_reply(tenant, number, "the page says 30 yuan", "bob", NOW)
    with pytest.raises(Conflict, match="nothing_to_reply_to"):
        operator_reply(tenant, number, "again", "bob", NOW)
    assert Notice.objects.filter(tenant_id=tenant, body_en__contains="30 yuan").exists()
    party_ask(tenant, number, "since when?", "bob", NOW)
    party_answer(tenant, P1, number, Answer("since May", "clerk"), NOW)
    violation_claim(tenant, number, "bob", NOW)
    with pytest.raises(RuleRefused, match="rounds_used"):
        party_ask(tenant, number, "and before?", "bob", NOW)


def test_who_does_not_hold_it_asks_nothing(tenant: str) -> None:
    """A question or a reply needs the claim."""
    violation = reported(tenant)
    with pytest.raises(Conflict, match="not_claimed"):
        party_ask(tenant, violation.number, "is it free?", "ann", NOW)
    with pytest.raises(Conflict, match="not_claimed"):
        operator_reply(tenant, violation.number, "x", "ann", NOW)
