"""The queue: who gets what, in which order, and for how long."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, connections

from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from earnest.violations.due import violations_look
from earnest.violations.kinds import review_number
from earnest.violations.models import ViolationEntry
from earnest.violations.priority import PARTS, Weight
from earnest.violations.queries import escalated, open_counts, violation_get
from earnest.violations.queue import (
    QueueFilter,
    claims_run_out,
    queue,
    review_start,
    violation_claim,
    violation_release,
    violation_skip,
)
from tests.cases.scene import NOW, provider_open
from tests.violations.scene import DAY, item, market, plain_market, proposed, reported, sanctioned

MINUTE = timedelta(minutes=1)


@pytest.fixture
def tenant() -> str:
    """Give a market with the provider P1."""
    made = plain_market()
    provider_open(made)
    return made


@pytest.mark.django_db
def test_the_priority_is_the_sum_of_its_shown_parts(tenant: str) -> None:
    """Severity 3, two days old, 2,500 yuan at stake, somebody harmed: 60 + 4 + 2 + 10."""
    reported(tenant, item("exaggeration", loss_fen=2_500_00))
    (found,) = queue(tenant, NOW + timedelta(days=2))
    parts = {each.name: each.points for each in found.priority.parts}
    assert parts == {
        "severity": 60, "age_days": 4, "stake": 2, "harm": 10, "repeat": 0, "answered": 0,
    }  # fmt: skip
    assert found.priority.score == 76
    assert tuple(parts) == PARTS


def test_a_part_never_passes_its_cap() -> None:
    """Forty days weigh as much as twenty."""
    weight = Weight(2, 1, 40)
    assert [weight.points(days) for days in (0, 19, 20, 40)] == [0, 38, 40, 40]


@pytest.mark.django_db
def test_a_party_found_before_comes_earlier() -> None:
    """Each violation found before adds points, up to the cap."""
    tenant = market()
    sanctioned(tenant, item("exaggeration", listing="L1"))
    reported(tenant, item("exaggeration", listing="L2"))
    (found,) = queue(tenant, NOW)
    assert {each.name: each.points for each in found.priority.parts}["repeat"] == 10


@pytest.mark.django_db
def test_start_reviewing_gives_the_most_urgent_that_is_free(tenant: str) -> None:
    """The gravest first; what another holds is passed over; one's own report too."""
    light, grave = reported(tenant, item("images_unclear")), reported(tenant)
    assert [each.violation.number for each in queue(tenant, NOW)] == [grave.number, light.number]
    assert review_start(tenant, "ann", NOW) == grave
    assert review_start(tenant, "bob", NOW) == light
    assert review_start(tenant, "eve", NOW) is None
    assert review_start(tenant, "merchant", NOW + timedelta(hours=2)) is None
    with pytest.raises(NotAllowed, match="own_report"):
        violation_claim(tenant, light.number, "merchant", NOW)


@pytest.mark.django_db
def test_a_skipped_report_is_not_offered_again_for_a_day(tenant: str) -> None:
    """A skip needs a reason, is kept in the story, and passes the report to others."""
    only = reported(tenant)
    violation_claim(tenant, only.number, "ann", NOW)
    with pytest.raises(BadInput, match="reason_missing"):
        violation_skip(tenant, only.number, "ann", " ", NOW)
    violation_skip(tenant, only.number, "ann", "I know them", NOW)
    assert review_start(tenant, "ann", NOW + timedelta(hours=23)) is None
    assert review_start(tenant, "bob", NOW) == only
    assert ViolationEntry.objects.get(tenant_id=tenant, what="skipped").note == "I know them"
    violation_release(tenant, only.number, "bob", NOW)
    assert review_start(tenant, "ann", NOW + timedelta(hours=24)) == only


@pytest.mark.django_db
def test_a_claim_runs_out(tenant: str) -> None:
    """After the rulebook's minutes another may take it, and the first may not go on."""
    only = reported(tenant)
    minutes = review_number("claim_minutes", DAY)
    violation_claim(tenant, only.number, "ann", NOW)
    with pytest.raises(Conflict, match="claimed_by_another"):
        violation_claim(tenant, only.number, "bob", NOW + (minutes - 1) * MINUTE)
    late = NOW + minutes * MINUTE
    with pytest.raises(Conflict, match="not_claimed"):
        violation_release(tenant, only.number, "ann", late)
    assert claims_run_out(tenant, late - MINUTE) == []
    assert claims_run_out(tenant, late) == [only.number]
    assert claims_run_out(tenant, late) == []
    assert violation_get(tenant, only.number).state == "reported"
    violation_claim(tenant, only.number, "bob", late)
    violation_claim(tenant, only.number, "bob", late + 10 * MINUTE)
    assert claims_run_out(tenant, late + minutes * MINUTE) == []


@pytest.mark.django_db
def test_what_is_not_settled_in_time_comes_onto_the_admins_list_once(tenant: str) -> None:
    """After the rulebook's days it is overdue in the queue and escalated, exactly once."""
    only = reported(tenant)
    days = review_number("review_days", DAY)
    in_time, late = NOW + timedelta(days=days), NOW + timedelta(days=days + 1)
    assert violations_look(tenant, in_time).escalated == ()
    assert not queue(tenant, in_time, QueueFilter(overdue=True))
    assert violations_look(tenant, late).escalated == (only.number,)
    assert violations_look(tenant, late).escalated == ()
    assert [each.number for each in escalated(tenant)] == [only.number]
    assert queue(tenant, late, QueueFilter(overdue=True))[0].violation == only


@pytest.mark.django_db
def test_the_queue_is_narrowed_and_counted(tenant: str) -> None:
    """By state, source, kind, party and person."""
    first, _ = reported(tenant), reported(tenant, item("exaggeration"), source="screening")
    violation_claim(tenant, first.number, "ann", NOW)
    for narrowed in (
        QueueFilter(state="in_review"), QueueFilter(source="report"), QueueFilter(claimed_by="ann"),
        QueueFilter(kind="free_here_charged_there"),
    ):  # fmt: skip
        assert [each.violation.number for each in queue(tenant, NOW, narrowed)] == [first.number]
    assert not queue(tenant, NOW, QueueFilter(subject_id="P9"))
    assert open_counts(tenant) == {"in_review": 1, "reported": 1}


@pytest.mark.django_db
def test_what_is_settled_is_claimed_no_more() -> None:
    """A dismissed violation is not taken up again, and an unknown number is not found."""
    tenant = market()
    violation = proposed(tenant, reported(tenant), ["not_found"])
    assert violation.state == "dismissed"
    with pytest.raises(Conflict, match="violation_moved_on"):
        violation_claim(tenant, violation.number, "bob", NOW)
    with pytest.raises(NotFound, match="unknown_violation"):
        violation_claim(tenant, "V999999", "bob", NOW)


@pytest.fixture
def two_sessions(flushed_afterwards: None) -> Iterator[None]:
    """Clean up after a test that commits."""
    yield
    connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_never_get_the_same_report(two_sessions: None) -> None:
    """Four people press start at the same moment, three reports wait: three get one each."""
    tenant = plain_market()
    provider_open(tenant)
    for _ in range(3):
        reported(tenant)
    together = Barrier(4)

    def start(name: str) -> str:
        together.wait(timeout=20)
        try:
            taken = review_start(tenant, name, NOW)
            return taken.number if taken else ""
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        got = sorted(pool.map(start, ["ann", "bob", "cat", "dan"]))
    assert got == ["", "V000001", "V000002", "V000003"]
