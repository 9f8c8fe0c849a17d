"""Whatever is taken, filled up, raised and overturned in whatever order: a shop loses what stands.

What it pays in is what it has, less what stands against it, less nothing else; to the fen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.appeals.appealing import appealable
from earnest.decisions.models import Decision
from earnest.deposits.claims import claims_set_off
from earnest.deposits.models import Raise, Recovery
from earnest.deposits.recoveries import recoveries_look
from earnest.kernel.calendar import day_of
from earnest.ledger.models import LedgerTransfer
from earnest.restrictions.models import Restriction
from earnest.tickets.models import Ticket
from tests.appeals.shop_scene import (
    YUAN,
    days_on,
    deducted,
    heard,
    looked,
    money,
    raised,
    shop_new,
    sound,
    taken_by_others,
    ticket_filed,
)
from tests.cases.scene import S1, paid_in, stands

pytestmark = pytest.mark.django_db
REQUIRED = 10_000


@dataclass(frozen=True)
class Turn:
    """Something that happens to the shop: what, how much of it in fen, and after how many days."""

    what: str
    fen: int
    days: int
    pick: int


TURNS = st.lists(
    st.builds(
        Turn,
        what=st.sampled_from(
            ["platform", "consumer", "advance", "raise", "pay", "sell", "look", "appeal", "appeal"]
        ),
        fen=st.integers(1, 9_000 * YUAN),
        days=st.integers(0, 5),
        pick=st.integers(0, 9),
    ),
    min_size=3,
    max_size=8,
)
GROUNDS = {"platform": "other_breach", "consumer": "broken_promise", "advance": "unfit_goods"}


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(turns=TURNS)
@pytest.mark.clause("S3-3.3x", "S3-4.1", "S3-4.2a", "S3-4.2b", "S3-5.1", "S3-5.1e")
def test_after_any_appeals_a_shop_has_lost_exactly_what_stands(turns: list[Turn]) -> None:
    """Money to the fen, the requirement, the restrictions; nothing is reversed twice."""
    tenant, paid, at = shop_new(proceeds=2_000), (REQUIRED + 2_000) * YUAN, days_on(0)
    for place, turn in enumerate(turns):
        at += timedelta(days=turn.days, minutes=1)
        if turn.what in {"pay", "sell"}:
            account = "settlement:shop:S1" if turn.what == "sell" else ""
            paid_in(tenant, S1, turn.fen, at=at, account=account)
            paid += turn.fen
        else:
            _happens(tenant, turn, at)
        _what_stands(tenant, paid, str(place))
    _appealed_all(tenant, at)
    look = at + timedelta(days=1)
    recoveries_look(tenant, look)
    looked(tenant, look)
    _what_stands(tenant, paid, "after all")
    sound(tenant)


def _happens(tenant: str, turn: Turn, at: datetime) -> None:
    if turn.what in GROUNDS:
        deducted(tenant, turn.fen, at, ground=GROUNDS[turn.what], advances=turn.what == "advance")
    elif turn.what == "raise":
        raised(tenant, turn.fen, at)
    elif turn.what == "appeal":
        _appealed(tenant, turn.pick, at)
    else:
        recoveries_look(tenant, at)
        claims_set_off(tenant, S1, at)
        looked(tenant, at)


def _appealed(tenant: str, pick: int, at: datetime) -> None:
    """Let an appeal against some ticket that may be appealed against succeed."""
    open_now = [
        each for each in _tickets(tenant) if appealable(each, day_of(at))[0].refusal is None
    ]
    if open_now:
        heard(ticket_filed(open_now[pick % len(open_now)], at), at)


def _appealed_all(tenant: str, at: datetime) -> None:
    """Let every appeal that may still be filed succeed, the newest ticket first."""
    for ticket in reversed(_tickets(tenant)):
        ticket.refresh_from_db()
        if _appealable(ticket, at):
            heard(ticket_filed(ticket, at), at)


def _appealable(ticket: Ticket, at: datetime) -> bool:
    return appealable(ticket, day_of(at))[0].refusal is None


def _tickets(tenant: str) -> list[Ticket]:
    return list(Ticket.objects.filter(tenant_id=tenant).order_by("number"))


def _what_stands(tenant: str, paid: int, when: str) -> None:
    """Hold the shop's money, requirement and restrictions against the decisions in effect."""
    deposit, proceeds, claim = money(tenant)
    due = sum(
        sum(step.amount_fen for step in row.steps.all())
        for row in Recovery.objects.filter(tenant_id=tenant).exclude(state="reversed")
    )
    assert taken_by_others(tenant) == due, when
    assert deposit + proceeds - claim == paid - due, when
    raises = Raise.objects.filter(tenant_id=tenant, released_on=None)
    required = REQUIRED * YUAN + sum(each.amount_fen for each in raises)
    assert stands(tenant, now=days_on(60)).required_fen == required, when
    standing = set(
        Decision.objects.filter(tenant_id=tenant, state="in_effect").values_list("id", flat=True)
    )
    active = Restriction.objects.filter(tenant_id=tenant, released_at=None)
    assert set(active.values_list("decision_id", flat=True)) <= standing, when
    named = list(
        LedgerTransfer.objects.filter(tenant_id=tenant, kind="reverse").values_list(
            "pending_id", flat=True
        )
    )
    assert len(named) == len(set(named)), when
    for ticket in _tickets(tenant):
        assert (ticket.state == "reversed") != (ticket.decision_id in standing), when
