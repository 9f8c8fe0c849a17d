"""Laws: whatever the institution does and whenever we die, money leaves once and both sides agree.

The machine plays merchants, people, the institution and death against each other. Its model is the
institution's own record, which knows nothing of our tables.
"""

from contextlib import suppress
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from django.test import override_settings
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from earnest.connectors.alipay.notify import transfer_notice_read
from earnest.kernel.errors import NotFound, RuleRefused
from earnest.ledger.queries import balance_of
from earnest.payouts.commands import (
    payee_revoke,
    payout_notified,
    payout_reissue,
    payout_request,
    payouts_advance,
)
from earnest.payouts.models import SETTLED, PayoutPart
from earnest.payouts.queries import payouts
from earnest.payouts.rails import PartRequest, Rail, RailAnswer
from earnest.simulator.institution import PLAYS
from tests.payouts.scene import (
    DEPOSIT,
    ENTITY,
    IDENTITY,
    NOW,
    PAID_IN_FEN,
    SHOP,
    account_verified,
    books_agree,
    cash_out_fen,
    config,
    institution,
    market_open,
    rails_of,
    wanted,
)

pytestmark = pytest.mark.usefixtures("flushed_afterwards")

LIMITS = {"alipay_transfer": {"per_part_fen": 40_000, "per_day_fen": 200_000}}
WAYS = st.sampled_from(["before it is sent", "after it is done", "before it is asked"])
TENANTS = count()


class Death(BaseException):
    """The process ends."""


class Dying:
    """A rail in whose hands the process dies."""

    def __init__(self, rail: Rail, when: str) -> None:
        self.rail, self.when = rail, when

    def prepare(self, request: PartRequest) -> bytes:
        """Prepare as the rail does."""
        return self.rail.prepare(request)

    def submit(self, request: bytes) -> RailAnswer:
        """Die before or after sending."""
        if self.when == "before it is sent":
            raise Death
        answer = self.rail.submit(request)
        if self.when == "after it is done":
            raise Death
        return answer

    def query(self, business_no: str) -> RailAnswer:
        """Die before asking."""
        if self.when == "before it is asked":
            raise Death
        return self.rail.query(business_no)


class Market(RuleBasedStateMachine):
    """One shop, its payouts, and an institution that misbehaves."""

    def __init__(self) -> None:
        super().__init__()
        self.tenant = market_open(f"laws-{uuid4().hex[:12]}-{next(TENANTS)}")
        account_verified(self.tenant)
        self.house = institution()
        self.rails = rails_of(self.tenant, self.house)
        self.now = NOW

    @rule(amount_fen=st.integers(10, 130_000))
    def ask(self, amount_fen: int) -> None:
        """Ask for a payout; it may be refused for want of money or of a verified account."""
        with suppress(RuleRefused):
            payout_request(self.tenant, wanted(amount_fen), self.now)

    @rule(plays=st.lists(st.sampled_from(PLAYS), max_size=4))
    def misbehave(self, plays: list[str]) -> None:
        """Tell the institution what happens next."""
        self.house.plays.extend(plays)

    @rule(minutes=st.sampled_from([0, 1, 3, 60, 1440]))
    def work(self, minutes: int) -> None:
        """Let time go by and a worker look."""
        self.now += timedelta(minutes=minutes)
        payouts_advance(self.tenant, self.rails, self.now)

    @rule(when=WAYS)
    def die(self, when: str) -> None:
        """Let a worker look and die in the middle of it."""
        dying = {name: Dying(rail, when) for name, rail in self.rails.items()}
        with suppress(Death):
            payouts_advance(self.tenant, dying, self.now)

    @rule(data=st.data(), status=st.sampled_from(["SUCCESS", "FAIL"]))
    def end(self, data: st.DataObject, status: str) -> None:
        """End a transfer that the institution was dealing with."""
        self._of_status(data, "DEALING", status)

    @rule(data=st.data())
    def bounce(self, data: st.DataObject) -> None:
        """Let a transfer that was paid come back."""
        self._of_status(data, "SUCCESS", "REFUND")

    def _of_status(self, data: st.DataObject, status: str, becomes: str) -> None:
        numbers = [no for no, done in self.house.transfers.items() if done.status == status]
        if numbers:
            self.house.settle(data.draw(st.sampled_from(numbers)), becomes)

    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        """Deliver a notice, perhaps an old one, perhaps once more."""
        if self.house.notices:
            self._deliver(data.draw(st.integers(0, len(self.house.notices) - 1)))

    def _deliver(self, place: int) -> None:
        notice = self.house.notices[place]
        told = transfer_notice_read(config(), notice.body, notice.content_type)
        payout_notified(self.tenant, told.business_no, told.answer, self.now)

    @rule(name=st.sampled_from([ENTITY, ENTITY, "另一家公司"]))
    def rename_account(self, name: str) -> None:
        """Give the account another real name at the institution, or the right one."""
        self.house.accounts[IDENTITY] = name

    @rule(good=st.booleans())
    def verify_account(self, good: bool) -> None:
        """Take the verification back, or give it."""
        if good:
            account_verified(self.tenant)
        else:
            payee_revoke(self.tenant, SHOP, rail="alipay_transfer", by="fin", now=self.now)

    @rule(data=st.data())
    def issue_anew(self, data: st.DataObject) -> None:
        """Issue anew what a payout left unpaid, where that is allowed."""
        numbers = list(payouts(self.tenant).values_list("number", flat=True))
        if numbers:
            number = data.draw(st.sampled_from(numbers))
            with suppress(RuleRefused):
                payout_reissue(self.tenant, number, by="fin", now=self.now)

    @invariant()
    def money_left_once(self) -> None:
        """Each number has moved its part's amount at most once; books never run ahead of cash."""
        parts = {
            part.business_no: part for part in PayoutPart.objects.filter(tenant_id=self.tenant)
        }
        for number, done in self.house.transfers.items():
            assert parts[number].amount_fen == done.amount_fen
            assert parts[number].state != "failed" or done.status == "FAIL"
        for part in parts.values():
            if part.state in ("succeeded", "returned"):
                assert self.house.transfers[part.business_no].status in ("SUCCESS", "REFUND")
        paid = sum(part.amount_fen for part in parts.values() if part.state == "succeeded")
        assert cash_out_fen(self.tenant) == paid
        balance = balance_of(self.tenant, DEPOSIT)
        assert balance.posted_fen == PAID_IN_FEN - paid
        on_the_way = sum(p.amount_fen for p in parts.values() if p.state not in SETTLED)
        assert on_the_way <= balance.held_fen <= PAID_IN_FEN - paid

    def teardown(self) -> None:
        """Let everything come to its end: both sides then say the same, and the books hold."""
        self.house.plays.clear()
        for number, done in list(self.house.transfers.items()):
            if done.status == "DEALING":
                self.house.settle(number)
        for place in range(len(self.house.notices)):
            self._deliver(place)
        for _ in range(8):
            self.now += timedelta(days=1)
            payouts_advance(self.tenant, self.rails, self.now)
        open_parts = PayoutPart.objects.filter(tenant_id=self.tenant).exclude(state__in=SETTLED)
        assert {part.failure_code for part in open_parts} <= {"too_late_to_resend"}
        books_agree(self.tenant, self.house)


LAWS = settings(max_examples=7, stateful_step_count=15, deadline=None)
LAWS_LONG = settings(max_examples=600, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("depth", [LAWS, pytest.param(LAWS_LONG, marks=pytest.mark.long)])
def test_money_leaves_once_whatever_happens(django_db_setup, django_db_blocker, depth):
    """Under any play of the institution, notices, deaths and reissues the laws hold."""
    with django_db_blocker.unblock(), override_settings(PAYOUT_LIMITS=LIMITS):
        run_state_machine_as_test(Market, settings=depth)


@pytest.mark.django_db
def test_tenants_are_apart():
    """Each tenant counts its own payouts, and no tenant reaches another's part by its number."""
    tenants = [market_open(f"apart-{n}") for n in range(2)]
    for tenant in tenants:
        account_verified(tenant)
    one, two = (payout_request(tenant, wanted(), NOW) for tenant in tenants)
    assert one.number == two.number == "P000001"
    number = one.parts.get().business_no
    with pytest.raises(NotFound, match="payout_part_unknown"):
        payout_notified(tenants[1], number, RailAnswer("failed"), NOW)
    assert number != two.parts.get().business_no
