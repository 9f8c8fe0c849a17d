"""The worker may die anywhere: at every line of the room, and between any two of its steps."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from types import FrameType
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

import earnest.payouts
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of
from earnest.ledger.records import Reason, Transfer
from earnest.payouts.commands import payout_request, payouts_advance
from earnest.payouts.models import PayoutPart
from earnest.payouts.queries import attempts_of, parts_of, payouts, payouts_owed
from earnest.payouts.rails import PartRequest, Rail, RailAnswer
from earnest.payouts.records import PayoutRun
from tests.payouts.scene import (
    DEPOSIT,
    NOW,
    books_agree,
    institution,
    later,
    rails_of,
    wanted,
)

ROOM = next(iter(earnest.payouts.__path__))


class Killed(BaseException):
    """The process ends here: nothing catches it, open transactions are lost."""


def _killed_at(line: int, work: Callable[[], object]) -> bool:
    """Do a work and die before the given line of the room is run; tell whether it came to it."""
    seen = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal seen
        if not frame.f_code.co_filename.startswith(ROOM):
            return None
        if event == "line":
            seen += 1
            if seen == line:
                sys.settrace(None)
                raise Killed
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except Killed:
        return True
    finally:
        sys.settrace(before)
    return False


def _died_at_every_line(step: int, work: Callable[[], Callable[[], object]]) -> int:
    """Kill a fresh work at every so many lines until one lives; return the lines it has."""
    line = step
    while _killed_at(line, work()):
        line += step
    return line


def test_a_request_killed_at_any_line_leaves_all_of_it_or_nothing(tenant):
    """A repeat of a request that died gives one payout with one hold."""
    decisions = []

    def request() -> Callable[[], object]:
        new = wanted(100)
        decisions.append(new)
        return lambda: payout_request(tenant, new, NOW)

    lines = _died_at_every_line(5, request)
    assert lines > 40
    for new in decisions:
        payout_request(tenant, new, NOW)
    assert payouts(tenant).count() == len(decisions)
    assert balance_of(tenant, DEPOSIT).held_fen == 100 * len(decisions)
    books_agree(tenant, institution())


STORIES = [["succeed"], ["time_out_before"], ["time_out_after", "no_funds"]]


@pytest.mark.parametrize("plays", STORIES, ids=" ".join)
@pytest.mark.parametrize("step", [41, pytest.param(1, marks=pytest.mark.long)])
def test_a_worker_killed_at_any_line_is_safely_repeated(tenant, settings, plays, step):
    """After a death before any line a repeat pays each part once, and both sides agree."""
    settings.PAYOUT_LIMITS = {"alipay_transfer": {"per_part_fen": 500}}
    house = institution()

    def advance() -> Callable[[], object]:
        for hours in (7, 14, 21):  # what the death before left behind
            payouts_advance(tenant, rails_of(tenant, house), later(hours))
        assert not payouts(tenant, state="open").exists()
        house.plays.clear()
        house.plays.extend(plays)
        payout_request(tenant, wanted(1_000), NOW)
        return lambda: payouts_advance(tenant, rails_of(tenant, house), NOW)

    lines = _died_at_every_line(step, advance)
    assert lines > 100
    advance()
    books_agree(tenant, house)


class Waiting:
    """A rail whose first answer comes late: after another worker has asked and heard."""

    def __init__(self, rail: Rail, meanwhile: Callable[[], object]) -> None:
        self.rail, self.meanwhile = rail, meanwhile

    def prepare(self, request: PartRequest) -> bytes:
        """Prepare as the rail does."""
        return self.rail.prepare(request)

    def submit(self, request: bytes) -> RailAnswer:
        """Send, then be stuck for longer than the lease."""
        answer = self.rail.submit(request)
        self.meanwhile()
        return replace(answer, state="failed", code="a word from long ago")

    def query(self, business_no: str) -> RailAnswer:
        """Ask as the rail does."""
        return self.rail.query(business_no)


def test_an_answer_of_an_earlier_turn_moves_nothing(tenant, house):
    """A worker stuck beyond its lease comes back with an old answer: it is only written down."""
    payout = payout_request(tenant, wanted(), NOW)
    rails = rails_of(tenant, house)

    def meanwhile() -> None:
        assert payouts_advance(tenant, rails, NOW) == PayoutRun(), "the lease still holds"
        run = payouts_advance(tenant, rails, later(1))
        assert len(run.succeeded) == 1

    stuck = Waiting(rails["alipay_transfer"], meanwhile)
    payouts_advance(tenant, {"alipay_transfer": stuck}, NOW)

    (part,) = parts_of(payout)
    assert part.state == "succeeded"
    assert [each.outcome for each in attempts_of(part)] == ["succeeded", "late"]
    books_agree(tenant, house)


def test_several_workers_share_the_parts(tenant, settings, house):
    """Four workers at once: each part is sent by one of them, once."""
    settings.PAYOUT_LIMITS = {"alipay_transfer": {"per_part_fen": 1_000}}
    payout_request(tenant, wanted(12_000), NOW)
    start = Barrier(4)

    def work(_: int) -> list[str]:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return payouts_advance(tenant, rails_of(tenant, house), NOW).submitted
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        sent = [number for numbers in pool.map(work, range(4)) for number in numbers]
    assert len(sent) == len(set(sent)) == 12
    assert PayoutPart.objects.filter(tenant_id=tenant, state="succeeded").count() == 12
    books_agree(tenant, house)


def _freeze(tenant: str) -> Transfer:
    freeze = Transfer(
        id=uuid4(),
        kind="freeze",
        debit=DEPOSIT,
        effective_at=NOW,
        reason=Reason("S3-4.1a", "kuaishou-shop-deposit", uuid4(), "frozen"),
    )
    assert transfers_post(tenant, [freeze], NOW)[0].status == "posted"
    return freeze


def _unfreeze(tenant: str, freeze: Transfer) -> None:
    lift = replace(freeze, id=uuid4(), kind="unfreeze", pending_id=freeze.id)
    assert transfers_post(tenant, [lift], NOW)[0].status == "posted"


def test_what_cannot_be_booked_waits_until_it_can(tenant, house):
    """The account is frozen while money is on its way: the answer is kept and booked afterwards."""
    payout = payout_request(tenant, wanted(), NOW)
    house.plays.append("time_out_after")
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    freeze = _freeze(tenant)

    run = payouts_advance(tenant, rails_of(tenant, house), later(1))

    (part,) = parts_of(payout)
    assert run.attention == [part.business_no]
    assert (part.state, part.failure_code) == ("unknown", "payout_not_booked")
    assert payouts_owed(tenant)[0].attention == ("not_booked",)
    assert attempts_of(part)[-1].answer["state"] == "succeeded"
    _unfreeze(tenant, freeze)
    assert payouts_advance(tenant, rails_of(tenant, house), later(2)).succeeded
    books_agree(tenant, house)


def test_nothing_is_sent_from_a_frozen_account(tenant, house):
    """A freeze between request and sending holds the part back; it goes out when lifted."""
    payout = payout_request(tenant, wanted(), NOW)
    freeze = _freeze(tenant)
    run = payouts_advance(tenant, rails_of(tenant, house), NOW)
    assert (len(run.held_back), house.transfers) == (1, {})
    (attempt,) = attempts_of(parts_of(payout)[0])
    assert attempt.answer["code"] == "account_frozen"
    _unfreeze(tenant, freeze)
    assert payouts_advance(tenant, rails_of(tenant, house), later(1)).succeeded
    books_agree(tenant, house)


@pytest.mark.django_db
def test_the_room_is_where_the_tracer_looks():
    """The lines that workers die at are those of the room itself."""
    assert Path(payouts_advance.__code__.co_filename).parent == Path(ROOM)
