"""What a party says in a hearing is written once: the database refuses to write it again."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from earnest.appeals.hearing import Answer, appeal_claim, question_answer, question_ask
from earnest.appeals.looking import appeals_look
from earnest.appeals.models import AppealTurn
from tests.appeals.scene import (
    AUGUST,
    HEARER,
    LOW,
    P1,
    day_after,
    filed,
    month_judge,
    tenant_new,
    ticket_of,
)

pytestmark = pytest.mark.django_db


def _stands(turn: AppealTurn, **others: object) -> None:
    rows = AppealTurn.objects.filter(id=turn.id)
    row = rows.get()
    for column, other in others.items():
        assert getattr(row, column) != other, column
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            rows.update(**{column: other})


@pytest.mark.clause("S0-2.2.6")
def test_a_question_its_answer_and_its_lapse_stand() -> None:
    """The day stands from the start; an answer, or that none came, from when it is written."""
    tenant = tenant_new()
    hidden = month_judge(tenant, AUGUST, LOW)
    assert hidden is not None
    at = day_after(hidden, 1)
    number = filed(tenant, ticket_of(hidden), AUGUST, at=at).number
    appeal_claim(tenant, number, actor=HEARER, now=at)
    turn = question_ask(tenant, number, "请提供答卷来源", actor=HEARER, now=at)
    _stands(turn, due_on=turn.due_on + timedelta(days=9))
    question_answer(tenant, number, P1, Answer("见附件", "p1"), at)
    other = {"answer": "认可", "documents": ["d"], "answered_by": HEARER}
    _stands(turn, **other, answered_at=None)
    turn = question_ask(tenant, number, "还有吗", actor=HEARER, now=at)
    assert appeals_look(tenant, at + timedelta(days=8)).lapsed == 1
    _stands(turn, **other, lapsed_at=None)
