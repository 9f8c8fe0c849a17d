"""Online payment orders: opened for a party, paid at the institution, booked once.

The fee is the institution's: the party pays it on top, and it never enters the books. What the
institution settles to us is the amount, and that is what the clearing account shows.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from earnest.deposits.accounts import (
    SUSPENSE,
    deposit_of,
    platform_accounts_open,
    subject_accounts_open,
)
from earnest.deposits.waterfall import posted_check
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.models import LedgerAccount, LedgerTransfer
from earnest.ledger.records import Transfer
from earnest.market.queries import Subject
from earnest.payins.booking import (
    counts_from,
    open_from,
    owner_transfers,
    reason_for,
    receipt_transfer,
    receipts_locked,
    recoveries_follow,
)
from earnest.payins.fees import pay_quote
from earnest.payins.models import CashReceipt, PayNotice, PayOrder
from earnest.payins.payments import (
    CLOSED,
    PAID,
    SANDBOX,
    Collector,
    Payment,
    order_conflict,
    payment_check,
    payment_heard,
    sandbox_check,
)
from earnest.payins.queries import pay_order_get

OPEN_FOR: Final = timedelta(hours=24)  # ours alone: no rule says how long an order waits
_KEY_LENGTH_MAX = 64


@dataclass(frozen=True)
class NewPayOrder:
    """A payment that is asked for.

    Attributes:
        purpose: ``deposit``, ``category`` or ``recovery``.
        client_key: the caller's key, so that asking twice opens one order; empty for the same key
            as long as an order of this purpose, amount and rail is open.
        collector: the account that has to be paid.
    """

    subject: Subject
    amount_fen: int
    purpose: str
    rail: str
    actor: str
    client_key: str = ""
    collector: Collector = SANDBOX


@transaction.atomic
def pay_order_open(tenant_id: str, new: NewPayOrder, now: datetime) -> PayOrder:
    """Open a payment order; the same client key again gives the order that stands.

    Clauses: S3-2.1a, S3-2.2c.

    Raises:
        BadInput: those of :func:`earnest.payins.fees.pay_quote`, ``client_key_too_long``.
        Conflict: ``pay_order_differs`` when the key stands for another payment;
            ``institution_not_configured`` for a sandbox order in a real market.
    """
    if new.collector == SANDBOX:
        sandbox_check(tenant_id)
    if len(new.client_key) > _KEY_LENGTH_MAX:
        raise BadInput(
            "client_key_too_long",
            where="client_key",
            zh=f"客户端键最多 {_KEY_LENGTH_MAX} 个字符。",
            en=f"a client key has at most {_KEY_LENGTH_MAX} characters",
        )
    standing = _standing(tenant_id, new, now)
    if standing is not None:
        return standing
    quote = pay_quote(
        tenant_id, new.subject, new.amount_fen, purpose=new.purpose, rail=new.rail, now=now
    )
    platform_accounts_open(tenant_id, now)
    subject_accounts_open(tenant_id, [new.subject], now)
    turn = str(_orders_of(tenant_id, new.subject).count())
    id_ = uuid7_for(now, tenant_id, "pay-order", *new.subject, new.client_key, turn)
    return PayOrder.objects.create(
        id=id_,
        tenant_id=tenant_id,
        number=_number(id_, now),
        client_key=new.client_key or str(id_),
        subject_kind=new.subject[0],
        subject_id=new.subject[1],
        purpose=new.purpose,
        rail=new.rail,
        amount_fen=quote.amount_fen,
        fee_fen=quote.fee_fen,
        total_fen=quote.total_fen,
        fee_receipt=quote.fee_receipt,
        app_id=new.collector.app_id,
        seller_id=new.collector.seller_id,
        opened_at=now,
        opened_by=new.actor,
        expires_at=now + OPEN_FOR,
    )


@transaction.atomic
def pay_order_paid(
    tenant_id: str, payment: Payment, now: datetime, *, source: str = "notice"
) -> PayOrder:
    """Book a payment that the institution says was made; late and doubled notices are safe.

    A payment of an order that had expired or was closed is booked all the same: the money came.
    One that the feed told of before is not booked again.

    Clauses: S3-2.1a, S3-2.2c, S3-5.3a.

    Raises:
        NotFound: ``unknown_pay_order``.
        Conflict: ``payment_not_made``, ``payment_not_ours``, ``payment_amount_differs``,
            ``pay_order_paid_otherwise``, ``receipt_booked_otherwise``. Then nothing is booked.
        BadInput: ``trade_no_missing``.
    """
    order = pay_order_get(tenant_id, payment.number, locked=True)
    payment_check(order, payment)
    if order.state == "paid":
        if order.trade_no != payment.trade_no:
            raise order_conflict(
                "pay_order_paid_otherwise",
                order.number,
                "该订单已由另一笔交易付清，本次没有入账；请核对后退回多付的一笔。",
                "the order was paid by another trade; nothing was booked, check it and return it",
            )
        payment_heard(tenant_id, payment, source, "repeated", now)
        return order
    receipts_locked(tenant_id)
    paid_at = min(payment.paid_at or now, now)
    transfers = _transfers(order, payment, paid_at, now)
    told = _told_before(order, payment, transfers[0])
    order.state = "paid"
    order.trade_no = payment.trade_no
    order.paid_at = paid_at
    order.booked_at = now
    order.transfer_id = told.transfer_id if told else transfers[0].id
    order.save(update_fields=["state", "trade_no", "paid_at", "booked_at", "transfer_id"])
    payment_heard(tenant_id, payment, source, "booked", now)
    if told is None:
        _receipt_keep(order, transfers[0].id, paid_at, now)
        posted_check(transfers_post(tenant_id, transfers, now), order.number)
        recoveries_follow(tenant_id, (order.subject_kind, order.subject_id), now)
    return order


@transaction.atomic
def pay_order_close(tenant_id: str, number: str, now: datetime, *, source: str) -> PayOrder:
    """Close an order that will not be paid; one that is paid stays so."""
    order = pay_order_get(tenant_id, number, locked=True)
    if order.state in {"open", "expired"}:
        order.state = "closed"
        order.save(update_fields=["state"])
        payment_heard(tenant_id, _unpaid(order), source, "closed", now)
    return order


@transaction.atomic
def pay_orders_expire(tenant_id: str, now: datetime) -> int:
    """Mark the orders that waited too long as expired; give how many."""
    due = PayOrder.objects.filter(tenant_id=tenant_id, state="open", expires_at__lte=now)
    return due.update(state="expired")


def payment_noticed(tenant_id: str, payment: Payment, now: datetime, *, source: str) -> str:
    """Take what the institution says of an order, whatever it says; give what came of it.

    ``booked`` or ``repeated``, ``closed``, ``ignored`` (not paid yet), or the code of a problem:
    then nothing was booked. It is written down in every case.
    """
    if payment.status in PAID:
        try:
            pay_order_paid(tenant_id, payment, now, source=source)
        except (BadInput, Conflict) as error:
            payment_heard(tenant_id, payment, source, error.problem.code, now)
            return error.problem.code
        heard = PayNotice.objects.filter(tenant_id=tenant_id, number=payment.number)
        return heard.order_by("-id").values_list("outcome", flat=True)[0]
    if payment.status == CLOSED:
        pay_order_close(tenant_id, payment.number, now, source=source)
        return "closed"
    pay_order_get(tenant_id, payment.number)
    payment_heard(tenant_id, payment, source, "ignored", now)
    return "ignored"


def _unpaid(order: PayOrder) -> Payment:
    return Payment(order.number, "", None, CLOSED, order.app_id, order.seller_id, None)


def _orders_of(tenant_id: str, subject: Subject) -> QuerySet[PayOrder]:
    return PayOrder.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1]
    )


def _standing(tenant_id: str, new: NewPayOrder, now: datetime) -> PayOrder | None:
    """Return the order that a call asks for again."""
    orders = _orders_of(tenant_id, new.subject)
    same = {"purpose": new.purpose, "rail": new.rail, "amount_fen": new.amount_fen}
    if not new.client_key:
        ours = {"app_id": new.collector.app_id, "seller_id": new.collector.seller_id}
        waiting = orders.filter(**same, **ours, state="open", expires_at__gt=now)
        return waiting.order_by("opened_at").first()
    standing = orders.filter(client_key=new.client_key).first()
    if standing and any(getattr(standing, name) != value for name, value in same.items()):
        raise order_conflict(
            "pay_order_differs",
            new.client_key,
            "这个客户端键已用于另一笔缴款；请换一个。",
            "the client key stands for another payment; use another one",
        )
    return standing


def _number(id_: UUID, now: datetime) -> str:
    """Return a number for the institution: T, the day, ten digits that follow from the id."""
    digits = int.from_bytes(hashlib.sha256(id_.bytes).digest()[:8], "big") % 10**10
    return f"T{day_of(now):%Y%m%d}{digits:010d}"


def _transfers(
    order: PayOrder, payment: Payment, paid_at: datetime, now: datetime
) -> list[Transfer]:
    """Return what books a payment: to the deposit at once, or through suspense to a debt first."""
    subject = (order.subject_kind, order.subject_id)
    effective_at, remark = counts_from(paid_at, open_from(order.tenant_id), now)
    note = f"order {order.number}, receipt {payment.trade_no}{remark}"
    reason = reason_for(subject, order.purpose, note, order.opened_by)
    key = (order.tenant_id, "pay-order", order.number)
    owing = order.purpose == "recovery"
    group = uuid7_for(order.opened_at, *key, "group") if owing else None
    received = receipt_transfer(
        uuid7_for(order.opened_at, *key),
        rail=order.rail,
        credit=SUSPENSE if owing else deposit_of(subject),
        amount_fen=order.amount_fen,
        effective_at=effective_at,
        reason=reason,
        group_id=group,
    )
    if not owing:
        return [received]
    passed_on = owner_transfers(
        key,
        subject,
        order.purpose,
        order.amount_fen,
        at=order.opened_at,
        effective_at=effective_at,
        reason=reason,
        group_id=group,
    )
    return [received, *passed_on]


def _told_before(order: PayOrder, payment: Payment, wanted: Transfer) -> CashReceipt | None:
    """Return the receipt of this payment when the feed told of it before.

    Raises:
        Conflict: when it was booked to another account or with another amount.
    """
    told = CashReceipt.objects.filter(
        tenant_id=order.tenant_id, rail=order.rail, receipt_no=payment.trade_no
    ).first()
    if told is None:
        return None
    stands = LedgerTransfer.objects.get(tenant_id=order.tenant_id, id=told.transfer_id)
    account = LedgerAccount.objects.get(
        tenant_id=order.tenant_id, id=stands.credit_account_id or 0
    ).code
    if account != wanted.credit or told.amount_fen != order.amount_fen:
        raise order_conflict(
            "receipt_booked_otherwise",
            f"{order.number}: {payment.trade_no}",
            "这张回单已入到别的账户或金额不同，没有重复入账；请人工核对。",
            "the receipt was booked to another account or amount; not booked again, look at it",
        )
    return told


def _receipt_keep(order: PayOrder, transfer_id: UUID, paid_at: datetime, now: datetime) -> None:
    CashReceipt.objects.create(
        tenant_id=order.tenant_id,
        rail=order.rail,
        receipt_no=order.trade_no,
        our_no=order.number,
        source="order",
        amount_fen=order.amount_fen,
        transfer_id=transfer_id,
        received_at=paid_at,
        recorded_at=now,
    )
