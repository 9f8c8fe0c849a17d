"""Whatever is overturned in whatever order: the provider pays what the ladder alone would take."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.appeals.appealing import appealable
from earnest.decisions.models import Decision, Finding
from earnest.deposits.accounts import settlement_of
from earnest.deposits.claims import claims_set_off
from earnest.kernel.calendar import Month, day_of
from earnest.ledger.models import LedgerTransfer
from earnest.measures.set_aside import Correction
from earnest.restrictions.models import Restriction
from earnest.tickets.models import Ticket
from tests.appeals.scene import (
    AUGUST,
    FINE,
    LOW,
    P1,
    YUAN,
    filed,
    heard,
    judged_at,
    money,
    month_judge,
    months_of,
    paid_in,
    proceeds,
    sound,
    standing,
    takes_part,
    tenant_new,
    ticket_of,
    window_over,
)

pytestmark = pytest.mark.django_db
MONTHS = 5
FINES = {1: 2_500 * YUAN, 2: 5_000 * YUAN, 3: 10_000 * YUAN}
RUNGS = {1: "hide", 2: "delist", 3: "remove"}
VERDICTS = ("overturned", "corrected", "upheld")


@dataclass(frozen=True)
class Appealed:
    """An appeal after a month: which of the months before it, and what is found of them."""

    back: int
    verdict: str
    at_once: bool


@dataclass(frozen=True)
class Life:
    """A month of a life: its score, what is paid in meanwhile, and an appeal perhaps."""

    low: bool
    paid_yuan: int
    sold_yuan: int
    appeal: Appealed | None


LIVES = st.lists(
    st.builds(
        Life,
        low=st.sampled_from([True, True, True, False]),
        paid_yuan=st.sampled_from([0, 0, 3_000, 10_000]),
        sold_yuan=st.sampled_from([0, 0, 1_700]),
        appeal=st.none()
        | st.builds(
            Appealed,
            back=st.integers(0, 2),
            verdict=st.sampled_from(VERDICTS),
            at_once=st.booleans(),
        ),
    ),
    min_size=2,
    max_size=MONTHS,
)


def _expected(counted: list[bool | None]) -> list[int]:
    """Return the rung of each month by the ladder alone: True is low, None is not assessed."""
    rungs, run = [], 0
    for low in counted:
        if low is not None:
            run = run + 1 if low else 0
        rungs.append(min(run, 3) if low else 0)
    return rungs


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(lives=LIVES)
@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c", "S0-2.2.6")
def test_after_any_cascade_the_ladder_alone_would_take_the_same(lives: list[Life]) -> None:
    """Money to the fen, decisions, restrictions and taking part; nothing is reversed twice."""
    tenant = tenant_new()
    counted: list[bool | None] = []
    paid = 10_000 * YUAN
    for month, life in zip(months_of(AUGUST, len(lives)), lives, strict=True):
        decision = month_judge(tenant, month, LOW if life.low else FINE)
        counted.append(life.low if _assessed(tenant, month) else None)
        at = judged_at(month) + timedelta(days=1)
        if life.paid_yuan:
            paid_in(tenant, life.paid_yuan * YUAN, at=at)
            paid += life.paid_yuan * YUAN
        if decision is not None and life.appeal is not None:
            _appealed(tenant, decision, life.appeal, counted)
        window_over(tenant, at + timedelta(days=6))
        if life.sold_yuan:
            paid_in(tenant, life.sold_yuan * YUAN, account=settlement_of(P1), at=at)
            paid += life.sold_yuan * YUAN
            claims_set_off(tenant, P1, at + timedelta(days=15))
        if not takes_part(tenant):
            break
    window_over(tenant, at + timedelta(days=20))  # also of what took a place late
    rungs = _expected(counted)
    deposit, claim, income = money(tenant)
    assert income == sum(FINES[rung] for rung in rungs if rung)
    assert deposit + proceeds(tenant) - claim == paid - income
    assert [(outcome, fen) for _, outcome, fen in standing(tenant)] == [
        (RUNGS[rung], FINES[rung]) for rung in rungs if rung
    ]
    assert takes_part(tenant) == (3 not in rungs)
    reversed_ones = LedgerTransfer.objects.filter(tenant_id=tenant, kind="reverse")
    named = list(reversed_ones.values_list("pending_id", flat=True))
    assert len(named) == len(set(named))
    _restrictions_rest_on_decisions_in_effect(tenant)
    sound(tenant)


def _assessed(tenant: str, month: Month) -> bool:
    """Tell whether a month was assessed when it was judged: not when delisted for most of it."""
    finding = Finding.objects.get(tenant_id=tenant, period=str(month), measure="nps_composite")
    return finding.status != "not_assessable"


def _appealed(tenant: str, decision: Decision, how: Appealed, counted: list[bool | None]) -> None:
    """Appeal against a month of a decision, and note what counts from then on."""
    ticket = ticket_of(decision)
    items = {each.item.position: each for each in appealable(ticket, day_of(ticket.told_at))}
    chosen = items.get(how.back + 1)
    if chosen is None or chosen.refusal is not None:
        return
    name = chosen.item.about.split()[1][:7]
    month = next(each for each in months_of(AUGUST, MONTHS) if str(each) == name)
    now = decision.made_at + timedelta(days=3 if how.at_once else 12)
    appeal = filed(tenant, ticket, month)
    if how.verdict == "corrected":
        heard(appeal, now, {chosen.item.position: Correction(750, 10, 10)})
    else:
        heard(appeal, now, verdict=how.verdict)
    place = months_of(AUGUST, MONTHS).index(month)
    if how.verdict != "upheld":
        counted[place] = None if how.verdict == "overturned" else False


def _restrictions_rest_on_decisions_in_effect(tenant: str) -> None:
    active = Restriction.objects.filter(tenant_id=tenant, released_at=None)
    standing_ids = set(
        Decision.objects.filter(tenant_id=tenant, state="in_effect").values_list("id", flat=True)
    )
    assert set(active.values_list("decision_id", flat=True)) <= standing_ids
    for ticket in Ticket.objects.filter(tenant_id=tenant):
        stands = ticket.decision_id in standing_ids
        assert (ticket.state == "reversed") != stands
