"""The worker: takes up parts that are due, speaks to their rail, writes down what was heard.

Three steps for each part. *Take up* in a transaction: lock it, keep the bytes, say in the row that
they are being sent or asked about. *Speak*, with no transaction open. *Write down* in a
transaction: the answer, the states, the posting, all or nothing. Whatever dies between two steps
leaves a part that is due again after the lease; it is then asked about before it is sent again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Sum

from earnest.kernel.calendar import day_of, day_start
from earnest.kernel.errors import BadInput, NotFound, RuleRefused
from earnest.ledger.queries import balance_of
from earnest.payouts.limits import limits_of
from earnest.payouts.models import SETTLED, PayoutPart
from earnest.payouts.payees import payee_good
from earnest.payouts.rails import (
    BY_HAND,
    PartRequest,
    Rail,
    RailAnswer,
    instruction_by_hand,
)
from earnest.payouts.records import PURPOSES, PayoutRun
from earnest.payouts.settling import (
    answer_apply,
    answer_kept,
    attempt_add,
    locked,
    settling_post,
    waited,
)

LEASE: Final = timedelta(minutes=2)  # longer than any rail waits for an answer
FROZEN_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Turn:
    """A part taken up once: what to do with it, and the number that tells turns apart."""

    tenant_id: str
    business_no: str
    rail: str
    act: str  # submit, query, refuse, none
    number: int
    request: bytes = b""
    answer: RailAnswer | None = None


def payouts_advance(tenant_id: str, rails: Mapping[str, Rail], now: datetime) -> PayoutRun:
    """Bring every due part of the given rails, and of those carried out by hand, a step further.

    Several workers may do this at once: each part is one worker's at a time. Killed anywhere, a
    repeat is safe. Call it outside of any transaction.

    Raises:
        RuntimeError: inside a transaction.
    """
    run = PayoutRun()
    while (turn := _take_up(tenant_id, rails, now)) is not None:
        if turn.act == "none":
            (run.by_hand if turn.rail in BY_HAND else run.held_back).append(turn.business_no)
            continue
        answer = turn.answer or _speak(rails[turn.rail], turn)
        outcome = _write_down(turn, answer, now)
        _tell(run, turn, outcome)
    return run


def _speak(rail: Rail, turn: Turn) -> RailAnswer:
    if turn.act == "submit":
        return rail.submit(turn.request)
    return rail.query(turn.business_no)


@transaction.atomic(durable=True)
def _take_up(tenant_id: str, rails: Mapping[str, Rail], now: datetime) -> Turn | None:
    """Lock the part that is due longest and commit what will be done with it."""
    part = (
        PayoutPart.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(tenant_id=tenant_id, next_try_at__lte=now, rail__in={*rails, *BY_HAND})
        .select_related("payout", "payout__payee")
        .order_by("next_try_at", "business_no")
        .first()
    )
    if part is None:
        return None
    part.turn += 1
    part.next_try_at = now + LEASE
    turn = _sending(part, rails, now) if part.state == "reserved" else _asking(part)
    part.save()
    return turn


def _asking(part: PayoutPart) -> Turn:
    if part.state not in SETTLED:
        part.state = "querying"
    return _turn(part, "query")


def _sending(part: PayoutPart, rails: Mapping[str, Rail], now: datetime) -> Turn:
    """Keep the bytes before they are sent; what was sent once is sent again as it was."""
    if part.request is None:
        if obstacle := _obstacle(part):
            return _turn(part, "refuse", obstacle)
        if until := _held_back_until(part, now):
            part.next_try_at = until
            return _turn(part, "none")
        try:
            part.request = _request_bytes(part, rails)
        except BadInput as refusal:
            return _turn(part, "refuse", _our_no(refusal, "us"))
        part.submitted_at = now
    part.state = "submitted"
    if part.rail in BY_HAND:
        part.next_try_at = None  # people say what became of it
        return _turn(part, "none")
    return _turn(part, "submit")


def _request_bytes(part: PayoutPart, rails: Mapping[str, Rail]) -> bytes:
    payout = part.payout
    title, _ = PURPOSES[payout.purpose]
    request = PartRequest(
        business_no=part.business_no,
        amount_fen=part.amount_fen,
        destination=part.destination,
        payee_name=part.payee_name,
        title=title,
        remark=f"{title} {payout.number}-{part.ordinal}",
    )
    if part.rail in BY_HAND:
        return instruction_by_hand(request)
    return rails[part.rail].prepare(request)


def _obstacle(part: PayoutPart) -> RailAnswer | None:
    """Say why an account that was good when the money was asked for is not any more."""
    payout = part.payout
    if payout.payee is None:
        return None
    try:
        good = payee_good(part.tenant_id, (payout.subject_kind, payout.subject_id), part.rail)
    except (RuleRefused, NotFound) as refusal:
        return _our_no(refusal, "payee")
    if good.pk == payout.payee_id:
        return None
    return RailAnswer(
        "failed",
        code="payee_replaced",
        blame="us",
        zh="申请之后收款账户已更换；请重新发起，款项将付至新的账户。",
        en="the payee's account was replaced since; issue the payout anew, to the new account",
    )


def _our_no(refusal: BadInput | RuleRefused | NotFound, blame: str) -> RailAnswer:
    problem = refusal.problem
    return RailAnswer("failed", code=problem.code, blame=blame, zh=problem.zh, en=problem.en)


def _held_back_until(part: PayoutPart, now: datetime) -> datetime | None:
    """Return until when a part is not to be sent: its account is frozen, or the day is full."""
    if balance_of(part.tenant_id, part.payout.from_account).frozen:
        answer = {"code": "account_frozen", "account": part.payout.from_account}
        attempt_add(part, "submit", "held_back", answer, now)
        return now + FROZEN_WAIT
    per_day = limits_of(part.rail).per_day_fen
    if per_day is None:
        return None
    with connection.cursor() as cursor:  # two workers must not both find the day's last room
        key = f"{part.tenant_id} payouts of {part.rail}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    today = day_of(now)
    tomorrow = day_start(today + timedelta(days=1))
    sent = PayoutPart.objects.filter(
        tenant_id=part.tenant_id,
        rail=part.rail,
        submitted_at__gte=day_start(today),
        submitted_at__lt=tomorrow,
    ).aggregate(fen=Sum("amount_fen", default=0))["fen"]
    if not sent or sent + part.amount_fen <= per_day:
        return None  # the day's first goes out: one that no day can hold is refused over there
    attempt_add(part, "submit", "held_back", {"code": "day_full", "sent_fen": int(sent)}, now)
    return tomorrow


def _turn(part: PayoutPart, act: str, answer: RailAnswer | None = None) -> Turn:
    return Turn(
        tenant_id=part.tenant_id,
        business_no=part.business_no,
        rail=part.rail,
        act=act,
        number=part.turn,
        request=bytes(part.request or b""),
        answer=answer,
    )


def _write_down(turn: Turn, answer: RailAnswer, now: datetime) -> str:
    """Book an answer; when the ledger says no, keep the answer and look again later."""
    kind = "query" if turn.act == "query" else "submit"
    try:
        return _booked(turn, kind, answer, now)
    except RuleRefused as refusal:
        return _not_booked(turn, kind, answer, refusal, now)


@transaction.atomic(durable=True)
def _booked(turn: Turn, kind: str, answer: RailAnswer, now: datetime) -> str:
    settling = locked(turn.tenant_id, turn.business_no, now)
    if settling is None:
        raise RuntimeError(f"the part {turn.business_no} was there and is gone")
    part = settling.part
    if part.turn != turn.number:
        # Another worker took it up while this one waited: its answer counts, this one is a hint.
        attempt_add(part, kind, "late", answer_kept(answer), now)
        return "late"
    outcome = answer_apply(settling, answer)
    attempt_add(part, kind, outcome, answer_kept(answer), now)
    settling_post(settling)
    return outcome


@transaction.atomic(durable=True)
def _not_booked(
    turn: Turn, kind: str, answer: RailAnswer, refusal: RuleRefused, now: datetime
) -> str:
    settling = locked(turn.tenant_id, turn.business_no, now)
    if settling is None:
        raise RuntimeError(f"the part {turn.business_no} was there and is gone")
    part = settling.part
    attempt_add(part, kind, "not_booked", answer_kept(answer), now)
    if part.turn == turn.number:
        part.next_try_at = waited(now, part.turn)
        if part.state not in SETTLED:
            part.state = "unknown"
        problem = refusal.problem
        part.failure_code, part.blame = problem.code, "us"
        part.failure_zh, part.failure_en = problem.zh, problem.en
        part.save()
    return "not_booked"


def _tell(run: PayoutRun, turn: Turn, outcome: str) -> None:
    if turn.act == "submit":
        run.submitted.append(turn.business_no)
    elif turn.act == "query":
        run.queried.append(turn.business_no)
    lists = {
        "succeeded": run.succeeded,
        "failed": run.failed,
        "returned": run.returned,
        "unknown": run.unknown,
        "processing": run.unknown,
        "contradicts": run.attention,
        "not_booked": run.attention,
    }
    if outcome in lists:
        lists[outcome].append(turn.business_no)
