"""What changes about money that goes out: accounts verified, payouts asked for, sent, told of."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from earnest.deposits.accounts import clearing_of
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Transfer
from earnest.payouts.advancing import payouts_advance
from earnest.payouts.by_hand import part_paid_by_hand, part_refused_by_hand, part_returned_by_hand
from earnest.payouts.limits import limits_of, split
from earnest.payouts.models import Payout, PayoutPart
from earnest.payouts.payees import one_at_a_time, payee_good, payee_revoke, payee_verify
from earnest.payouts.queries import contradicted, payout_get
from earnest.payouts.rails import BY_HAND, ORIGINAL_ROUTE, RailAnswer
from earnest.payouts.records import PURPOSES, ROUTES, NewPayout
from earnest.payouts.settling import answer_kept, attempt_add, locked, reason_of
from earnest.postgres.numbering import number_next

__all__ = [
    "part_paid_by_hand",
    "part_refused_by_hand",
    "part_returned_by_hand",
    "payee_revoke",
    "payee_verify",
    "payout_notified",
    "payout_reissue",
    "payout_request",
    "payouts_advance",
]

_SAME = (
    "subject_kind", "subject_id", "purpose", "from_account", "amount_fen", "route", "clause",
    "rulebook",
)  # fmt: skip


@transaction.atomic
def payout_request(tenant_id: str, new: NewPayout, now: datetime) -> Payout:
    """Set the money of a payout aside and plan its parts; the worker sends them.

    A decision sends money once: asked for again it gives the payout that stands.

    Clauses: S3-6.1x, S3-6.2x.

    Raises:
        BadInput: ``payout_fields_wrong``.
        RuleRefused: ``payout_not_reserved`` (the ledger says no), ``payee_not_verified``,
            ``payee_entity_changed``, ``entity_name_missing``. Then nothing is written.
        Conflict: ``payout_differs`` when the decision sent something else.
    """
    _fields_check(new)
    one_at_a_time(tenant_id)
    standing = Payout.objects.filter(
        tenant_id=tenant_id, decision_id=new.decision_id, reissue_of=None
    ).first()
    if standing is not None:
        return _the_same(standing, new)
    return _payout_write(tenant_id, new, now)


@transaction.atomic
def payout_reissue(
    tenant_id: str,
    number: str,
    *,
    by: str,
    now: datetime,
    route: str = "",
    destination: str = "",
    rail: str = "",
) -> Payout:
    """Send what a settled payout did not bring to the payee by a new one, under new numbers.

    The rail may be another one: where the original route is closed, the verified account. Asked for
    again it gives the one that stands.

    Raises:
        RuleRefused: ``payout_not_failed`` while a part is open or when all was paid,
            ``payout_contradicted`` when the institution says otherwise than our books, and those
            of :func:`payout_request`.
        NotFound: when there is no such payout.
    """
    one_at_a_time(tenant_id)
    old = Payout.objects.select_for_update().get(pk=payout_get(tenant_id, number).pk)
    parts = list(old.parts.order_by("ordinal"))
    unpaid = sum(part.amount_fen for part in parts if part.state in ("failed", "returned"))
    reissued = list(old.reissues.order_by("number"))
    rest = unpaid - sum(each.amount_fen for each in reissued)
    if old.state == "open" or not unpaid:
        raise RuleRefused(
            "payout_not_failed",
            where=number,
            zh="只有已了结且有未付部分的付款才能重新发起；结果未知的部分请等待查询。",
            en="only what a settled payout left unpaid is issued anew; wait while a part is open",
        )
    if any(contradicted(part) for part in parts):
        raise RuleRefused(
            "payout_contradicted",
            where=number,
            zh="机构的说法与已记录的结果相反，可能已付出；查清之前不能重新发起。",
            en="the institution contradicts what is settled and may have paid; clear that up first",
        )
    if rest <= 0:
        return reissued[-1]
    route = route or old.route
    new = NewPayout(
        subject=(old.subject_kind, old.subject_id),
        purpose=old.purpose,
        from_account=old.from_account,
        amount_fen=rest,
        route=route,
        clause=old.clause,
        rulebook=old.rulebook,
        decision_id=old.decision_id,
        actor=by,
        destination=destination or (parts[0].destination if route == "original_route" else ""),
        rail=rail or (parts[0].rail if route == old.route else ""),
    )
    _fields_check(new)
    return _payout_write(tenant_id, new, now, old)


@transaction.atomic
def payout_notified(
    tenant_id: str, business_no: str, answer: RailAnswer, now: datetime
) -> PayoutPart:
    """Write down what an institution told us of itself; it makes the part due for a query.

    A notice settles nothing: it may be late, doubled or wrong. One that agrees with what is settled
    is only written down.

    Raises:
        NotFound: ``payout_part_unknown``.
    """
    settling = locked(tenant_id, business_no, now)
    if settling is None:
        raise NotFound(
            "payout_part_unknown",
            where=business_no,
            zh="没有这个付款编号；请核对通知是否属于本系统。",
            en="there is no payout part of this number; check that the notice is meant for us",
        )
    part = settling.part
    attempt_add(part, "notify", answer.state, answer_kept(answer), now)
    if part.state != answer.state and part.rail not in BY_HAND:
        part.next_try_at = now
        part.save(update_fields=["next_try_at"])
    return part


def _payout_write(
    tenant_id: str, new: NewPayout, now: datetime, reissue_of: Payout | None = None
) -> Payout:
    """Write payout and parts and hold the whole amount, or nothing of it."""
    payee, rail = None, new.rail or ORIGINAL_ROUTE
    if new.route == "verified_account":
        payee = payee_good(tenant_id, new.subject, new.rail)
        rail = payee.rail
    number = number_next(Payout, tenant_id, "P")
    payout = Payout.objects.create(
        id=uuid7_for(now, tenant_id, "payout", number),
        tenant_id=tenant_id,
        number=number,
        subject_kind=new.subject[0],
        subject_id=new.subject[1],
        purpose=new.purpose,
        from_account=new.from_account,
        amount_fen=new.amount_fen,
        route=new.route,
        clause=new.clause,
        rulebook=new.rulebook,
        decision_id=new.decision_id,
        payee=payee,
        reissue_of=reissue_of,
        requested_at=now,
        requested_by=new.actor,
        hold_id=_id(tenant_id, "payout-hold", number, new.decision_id, now),
        state="open",
    )
    amounts = split(new.amount_fen, limits_of(rail).largest_part_fen)
    PayoutPart.objects.bulk_create(
        [
            _part(payout, ordinal, amount, rail, payee.identity if payee else new.destination)
            for ordinal, amount in enumerate(amounts, 1)
        ]
    )
    payout.parts.update(state="reserved", next_try_at=now)  # in one transaction with the hold
    _hold(payout, rail, now)
    return payout


def _part(payout: Payout, ordinal: int, amount_fen: int, rail: str, destination: str) -> PayoutPart:
    part_id = _id(
        payout.tenant_id,
        "payout-part",
        f"{payout.number}-{ordinal}",
        payout.decision_id,
        payout.requested_at,
    )
    return PayoutPart(
        id=part_id,
        tenant_id=payout.tenant_id,
        payout=payout,
        ordinal=ordinal,
        amount_fen=amount_fen,
        rail=rail,
        destination=destination,
        payee_name=payout.payee.name if payout.payee else "",
        business_no=part_id.hex,
        state="planned",
    )


def _hold(payout: Payout, rail: str, now: datetime) -> None:
    hold = Transfer(
        id=payout.hold_id,
        kind="hold",
        debit=payout.from_account,
        credit=clearing_of(rail),
        amount_fen=payout.amount_fen,
        effective_at=now,
        reason=reason_of(payout, ""),
    )
    (outcome,) = transfers_post(payout.tenant_id, [hold], now)
    if outcome.status != "posted":
        raise RuleRefused(
            "payout_not_reserved",
            where=f"{payout.from_account}: {outcome.code or outcome.status}",
            zh=f"这笔款项无法预留：{outcome.explain('zh')}；未写入任何内容。",
            en=f"the money cannot be set aside: {outcome.explain('en')}; nothing was written",
        )


def _id(tenant_id: str, what: str, number: str, decision_id: UUID, now: datetime) -> UUID:
    return uuid7_for(now, tenant_id, what, number, str(decision_id))


def _the_same(standing: Payout, new: NewPayout) -> Payout:
    kind, subject_id = new.subject
    wanted = (
        kind, subject_id, new.purpose, new.from_account, new.amount_fen, new.route, new.clause,
        new.rulebook,
    )  # fmt: skip
    if tuple(getattr(standing, name) for name in _SAME) == wanted:
        return standing
    raise Conflict(
        "payout_differs",
        where=standing.number,
        zh="该决定已发起过内容不同的付款；一个决定只付款一次，请核对。",
        en="this decision has sent another payout; a decision sends money once, check it",
    )


def _fields_check(new: NewPayout) -> None:
    wrong = [
        name
        for name, right in (
            ("amount_fen", new.amount_fen > 0),
            ("purpose", new.purpose in PURPOSES),
            ("route", new.route in ROUTES),
            ("clause", bool(new.clause.strip())),
            ("destination", bool(new.destination) == (new.route == "original_route")),
        )
        if not right
    ]
    if wrong:
        raise BadInput(
            "payout_fields_wrong",
            where=", ".join(wrong),
            zh="付款的这些内容不正确：金额须大于零，用途、路径须为已知值，"
            "须写明条款；原路退回须写明原交易号，其他路径不写。",
            en="these fields are wrong: the amount is more than 0, purpose and route are known "
            "words, the clause is named, and the original route names the payment in, others none",
        )
