"""Two answers at once, and two workers at once, on connections of their own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from earnest.kernel.errors import EarnestError
from earnest.notices.models import Notice
from earnest.postgres.tenancy import tenant_scope
from earnest.surveys.answering import NewAnswer, answer_give
from earnest.surveys.due import surveys_due
from earnest.surveys.models import Invitation
from tests.surveys.scene import NOW, OVER, asked_of, listed, parties, said

pytestmark = pytest.mark.usefixtures("flushed_afterwards")


@pytest.fixture
def tenant(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """Return a fresh tenant with a market; what is written under it is committed."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        name = f"survey-{uuid4().hex[:16]}"
        with tenant_scope(name):
            parties(name)
        yield name
        connection.close()


def together(tenant: str, *works: object) -> list[object]:
    """Run works at the same time, each on its own connection; errors of ours are results."""
    ready = Barrier(len(works))

    def one(work: object) -> object:
        with tenant_scope(tenant):
            try:
                ready.wait(10)
                return work()  # type: ignore[operator]
            except EarnestError as error:
                return error.problem.code
            finally:
                connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(one, works))


def test_two_answers_at_once_are_one(tenant: str) -> None:
    """Of two different sheets sent from the same empty form one is taken and one refused."""
    with tenant_scope(tenant):
        invitation = asked_of(listed(2, tenant=tenant))[0]

    def give(answer: NewAnswer) -> object:
        return answer_give(Invitation.objects.get(id=invitation.id), answer, NOW).version

    outcomes = together(
        tenant,
        lambda: give(said("2", version=0)),
        lambda: give(said("9", version=0)),
    )
    assert sorted(map(str, outcomes)) == ["1", "answered_meanwhile"]
    with tenant_scope(tenant):
        assert invitation.answers.count() == 1


def test_the_same_answer_twice_at_once_is_one(tenant: str) -> None:
    """A double click, on two connections."""
    with tenant_scope(tenant):
        invitation = asked_of(listed(2, tenant=tenant))[0]

    def give() -> object:
        return answer_give(invitation, said("7", version=0), NOW).version

    assert together(tenant, give, give) == [1, 1]


def test_two_workers_close_a_campaign_once(tenant: str) -> None:
    """Whoever comes second finds nothing to do, and the provider is told once."""
    with tenant_scope(tenant):
        listed(2, tenant=tenant)
    done = together(tenant, *[lambda: surveys_due(tenant, OVER)] * 2)
    assert sorted(each.get("closed", 0) for each in done) == [0, 1]  # type: ignore[attr-defined]
    with tenant_scope(tenant):
        assert Notice.objects.filter(tenant_id=tenant, subject_kind="provider").count() == 1
