"""What a party or a reviewer said is written once: the database refuses to write it again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Model, QuerySet

from earnest.violations.corrections import correction_judge, correction_say
from earnest.violations.evidence import Answer, operator_reply, party_answer, party_ask, turns_lapse
from earnest.violations.models import Correction, EvidenceTurn, Protection, QualityReview, Violation
from earnest.violations.protections import Protecting, protection_answer, protection_put
from earnest.violations.quality import quality_check
from earnest.violations.queue import violation_claim
from tests.cases.scene import NOW, P1
from tests.violations.scene import (
    ADMIN,
    DAY,
    RISK,
    item,
    market,
    person,
    proposed,
    reported,
    sanctioned,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=30)


def stands(rows: QuerySet[Any, Any], **others: object) -> None:
    """See that no column of the only row can be written again, one by one."""
    row: Model = rows.get()
    for column, other in others.items():
        assert getattr(row, column) != other, column
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            rows.update(**{column: other})


def _asked(tenant: str) -> Violation:
    violation = reported(tenant)
    violation_claim(tenant, violation.number, "ann", NOW)
    party_ask(tenant, violation.number, "is it free?", "ann", NOW)
    return violation


def test_the_day_of_a_question_stands_from_the_start() -> None:
    """Nobody gives the party less or more time than it was told."""
    tenant = market()
    _asked(tenant)
    stands(EvidenceTurn.objects.filter(tenant_id=tenant), due_on=DAY)


def test_an_answer_and_its_reply_stand() -> None:
    """Words, proof, person and instant stay; the reply may still be written, and then stays too."""
    tenant = market()
    number = _asked(tenant).number
    party_answer(tenant, P1, number, Answer("it is free", "clerk"), NOW)
    rows = EvidenceTurn.objects.filter(tenant_id=tenant)
    answer = {"answer": "it costs", "documents": ["d"], "answered_by": "ann"}
    stands(rows, **answer, answered_at=None)
    violation_claim(tenant, number, "bob", NOW)
    operator_reply(tenant, number, "the page says 30 yuan", "bob", NOW)
    stands(rows, reply="fine", replied_by="ann", replied_at=None)
    stands(rows, **answer, answered_at=LATER)


def test_after_a_lapse_no_answer_is_slipped_in() -> None:
    """A turn that lapsed stays lapsed, without an answer."""
    tenant = market()
    _asked(tenant)
    assert turns_lapse(tenant, LATER)
    rows = EvidenceTurn.objects.filter(tenant_id=tenant)
    stands(rows, lapsed_at=None, answer="it costs", documents=["d"], answered_by="ann")


def test_the_judgement_of_a_correction_stands() -> None:
    """Verdict, reason, person and instant are written once."""
    tenant = market()
    violation, _ = sanctioned(tenant, item("outside_contacts", item_id="G7"))
    correction_say(tenant, P1, violation.number, Answer("gone", "clerk"), NOW)
    word = {"verdict": "sent_back", "actor": "risk", "reason": "one is left"}
    correction_judge(tenant, violation.number, **word, now=NOW)
    rows = Correction.objects.filter(tenant_id=tenant)
    stands(rows, verdict="accepted", reason="all gone", judged_by="ann", judged_at=None)


def test_a_second_look_stands() -> None:
    """What the second person found stays, and who it was."""
    tenant = market()
    violation = proposed(tenant, reported(tenant), ["not_found"])
    QualityReview.objects.get_or_create(
        violation=violation,
        defaults={
            "id": violation.id, "tenant_id": tenant, "chosen_at": NOW,
            "reviewed_by": person(tenant, RISK),
        },
    )  # fmt: skip
    quality_check(tenant, violation.number, {1: "found"}, person(tenant, ADMIN), "so it is", NOW)
    rows = QualityReview.objects.filter(tenant_id=tenant)
    stands(
        rows, verdicts={"1": "not_found"}, reason="no", agrees=True, checked_by="ann",
        checked_at=None,
    )  # fmt: skip


def test_what_is_said_to_a_protection_stands() -> None:
    """The party's words to a protective measure stay; its end may still be written."""
    tenant = market()
    violation = reported(tenant, item("not_as_described", item_id="G7"))
    actor = person(tenant, RISK)
    violation_claim(tenant, violation.number, actor, NOW)
    wanted = Protecting(1, "hide_goods", "buyers are misled")
    protection_put(tenant, violation.number, wanted, actor, NOW)
    protection_answer(tenant, P1, violation.number, Answer("not so", "clerk"), NOW)
    rows = Protection.objects.filter(tenant_id=tenant)
    stands(rows, said="so it is", documents=["d"], said_by="ann", said_at=None)
    assert rows.update(closed_at=NOW, closed_because="lifted") == 1
