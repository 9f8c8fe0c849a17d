"""When a restriction ends: every condition must hold, and each row gives back only its own."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from earnest.kernel.calendar import day_start
from earnest.kernel.errors import Conflict
from earnest.restrictions.commands import (
    Grant,
    relisting_apply,
    restrictions_grant,
    restrictions_release,
)
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import capabilities_restricted, restrictions_active
from earnest.restrictions.release import Condition, condition_code

TENANT = "main"
START = datetime(2025, 9, 4, tzinfo=UTC)
TIME: Condition = {"kind": "time", "on": "2025-10-04"}
TOPPED_UP: Condition = {"kind": "topped_up"}
APPLICATION: Condition = {"kind": "application"}
EITHER: Condition = {"kind": "any_of", "conditions": [TIME, TOPPED_UP]}
P1 = ("provider", "P1")

pytestmark = pytest.mark.django_db


def _grant(measure: str, capabilities: list[str], release: list[Condition]) -> Grant:
    return Grant(
        *P1, measure, capabilities, "kuaishou-supply-market", "S0-2.2.5-5a", uuid4(), release
    )


@pytest.mark.clause("S0-2.2.5-5a")
@pytest.mark.parametrize(
    ("on", "short", "ends"),
    [
        (date(2025, 10, 3), set(), False),
        (date(2025, 10, 4), {P1}, False),
        (date(2025, 10, 4), set(), True),
        (date(2025, 12, 1), {P1}, False),
    ],
)
def test_hiding_ends_at_the_later_of_month_and_top_up(
    on: date, short: set[tuple[str, str]], ends: bool
) -> None:
    """A hidden service comes back when the month is over and the deposit is full, not before."""
    restrictions_grant(TENANT, [_grant("hide", ["visibility"], [TIME, TOPPED_UP])], START)
    assert bool(restrictions_release(TENANT, short, day_start(on))) is ends
    assert capabilities_restricted(TENANT, *P1) == (set() if ends else {"visibility"})


@pytest.mark.clause("S0-2.2.5-5b")
def test_a_delisted_service_waits_for_its_application() -> None:
    """Month over and deposit full are not enough: the provider has to apply for relisting."""
    grant = _grant("delist", ["visibility", "new_order"], [TIME, TOPPED_UP, APPLICATION])
    restrictions_grant(TENANT, [grant], START)
    later = START + timedelta(days=60)
    assert not restrictions_release(TENANT, set(), later)
    assert relisting_apply(TENANT, *P1, later) == 2
    assert len(restrictions_release(TENANT, set(), later)) == 2


@pytest.mark.clause("S0-2.2.5-5b")
def test_there_is_nothing_to_apply_for_when_nothing_waits() -> None:
    """An application without a delisting, or a second one, is refused with words to act on."""
    with pytest.raises(Conflict) as refused:
        relisting_apply(TENANT, *P1, START)
    assert refused.value.problem.code == "nothing_to_apply_for"
    assert refused.value.problem.zh


@pytest.mark.clause("S0-2.2.5-5c")
def test_a_removal_never_ends_by_itself() -> None:
    """A restriction without conditions stays, however long."""
    restrictions_grant(TENANT, [_grant("remove", ["visibility"], [])], START)
    assert not restrictions_release(TENANT, set(), START + timedelta(days=4000))


def test_lifting_one_cause_leaves_the_other() -> None:
    """Two restrictions of one capability: releasing one gives nothing back yet."""
    restrictions_grant(TENANT, [_grant("hide", ["visibility"], [TIME])], START)
    restrictions_grant(TENANT, [_grant("delist", ["visibility"], [TOPPED_UP])], START)
    restrictions_release(TENANT, {P1}, START + timedelta(days=40))
    assert capabilities_restricted(TENANT, *P1) == {"visibility"}
    restrictions_release(TENANT, set(), START + timedelta(days=41))
    assert capabilities_restricted(TENANT, *P1) == set()


def test_granting_twice_restricts_once() -> None:
    """The same decision's grant, run again, adds nothing."""
    grant = _grant("hide", ["visibility"], [TIME])
    assert restrictions_grant(TENANT, [grant], START) == restrictions_grant(TENANT, [grant], START)
    assert len(restrictions_active(TENANT, set(), START)) == 1


def test_what_is_missing_is_shown_condition_by_condition() -> None:
    """An active restriction tells which of its conditions hold already."""
    restrictions_grant(TENANT, [_grant("hide", ["visibility"], [TIME, TOPPED_UP])], START)
    (active,) = restrictions_active(TENANT, {P1}, START + timedelta(days=31), subject=P1)
    assert [(condition["kind"], met) for condition, met in active.conditions] == [
        ("time", True),
        ("topped_up", False),
    ]


@pytest.mark.clause("S0-2.2.5-5a")
@pytest.mark.parametrize(
    ("on", "short", "because"),
    [
        (date(2025, 10, 3), {P1}, ""),
        (date(2025, 10, 3), set(), "topped_up"),
        (date(2025, 10, 4), {P1}, "time"),
        (date(2025, 10, 4), set(), "time, topped_up"),
    ],
)
def test_one_of_several_conditions_is_enough(
    on: date, short: set[tuple[str, str]], because: str
) -> None:
    """A choice of conditions ends a restriction with the first that holds, and the row says it."""
    restrictions_grant(TENANT, [_grant("hide", ["visibility"], [EITHER])], START)
    restrictions_release(TENANT, short, day_start(on))
    row = Restriction.objects.get(tenant_id=TENANT)
    assert (row.released_because, row.released_at is not None) == (because, bool(because))


def test_a_choice_of_conditions_stands_beside_others() -> None:
    """All-of a choice and an application: the choice alone ends nothing, however deep it is."""
    deep: Condition = {
        "kind": "any_of",
        "conditions": [TIME, {**EITHER, "conditions": [TOPPED_UP]}],
    }
    restrictions_grant(TENANT, [_grant("delist", ["visibility"], [deep, APPLICATION])], START)
    (active,) = restrictions_active(TENANT, set(), START)
    assert [met for _, met in active.conditions] == [True, False]
    assert not restrictions_release(TENANT, set(), START)
    relisting_apply(TENANT, *P1, START)
    assert len(restrictions_release(TENANT, set(), START)) == 1


def test_an_application_may_be_one_of_the_choices() -> None:
    """Who may end a restriction by applying, among other ways, can apply."""
    choice: Condition = {"kind": "any_of", "conditions": [TIME, APPLICATION]}
    restrictions_grant(TENANT, [_grant("delist", ["visibility"], [choice])], START)
    assert condition_code(choice) == "any_of(time 2025-10-04, application)"
    assert relisting_apply(TENANT, *P1, START) == 1
    assert len(restrictions_release(TENANT, set(), START)) == 1
