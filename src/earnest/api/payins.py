"""Paying in online: payment orders of a party, and where the institution tells of payments."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from earnest.api.access import Caller, caller_who_may, missing, now_for, party_seen, reader_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Bilingual, IdPath, KindPath, Limit, Text
from earnest.connectors.alipay.client import AlipayClient
from earnest.connectors.alipay.notify import ANSWER_AGAIN, ANSWER_TAKEN
from earnest.connectors.collecting import (
    client_configured,
    collector_of,
    notice_take,
    pay_address,
    transfer_message_take,
)
from earnest.kernel.money import FEN_MAX
from earnest.market.queries import market_now
from earnest.market.roles import ACT_FOR_PARTY, SEE_ALL
from earnest.payins.models import PayOrder
from earnest.payins.orders import NewPayOrder, pay_order_open
from earnest.payins.payments import SANDBOX
from earnest.payins.queries import pay_order_get, pay_orders
from earnest.postgres.tenancy import tenant_known
from earnest.reconciliation.models import Statement
from earnest.reconciliation.report import report_of

router = Router(tags=["paying in"])

AMOUNT_MAX = FEN_MAX // 1000
RailPath = Annotated[
    Literal["alipay_trade", "alipay_transfer", "wechat", "bank", "platform_settlement"],
    Path(description="way of the money"),
]


class PayOrderIn(Schema):
    """A payment to be made: ``client_key`` is the caller's own, so that a repeat opens no other."""

    amount_fen: Annotated[int, Field(gt=0, le=AMOUNT_MAX)]
    purpose: Literal["deposit", "category", "recovery"] = "deposit"
    rail: Literal["alipay_trade", "wechat"] = "alipay_trade"
    client_key: Annotated[Text, Field(min_length=1)]


class PayOrderOut(Schema):
    """A payment order, in fen: ``total`` is paid, ``amount`` is credited, ``fee`` is not returned.

    ``pay_url`` is where it is paid; null when it is not open or no institution is configured.
    ``trade_no`` is the institution's receipt number.
    """

    number: str
    subject_kind: str
    subject_id: str
    purpose: str
    rail: str
    amount_fen: int
    fee_fen: int
    total_fen: int
    state: str
    opened_at: datetime
    expires_at: datetime
    trade_no: str
    paid_at: datetime | None
    transfer_id: UUID | None
    sandbox: bool
    pay_url: str | None = None


class SideOut(Schema):
    """One side's day in fen; null where the institution does not tell its balances."""

    opening_fen: int | None
    in_fen: int
    out_fen: int
    closing_fen: int | None
    movements: int


class ReportLineOut(Schema):
    """One number of the report, and what to do about it."""

    id: UUID
    our_no: str
    institution_no: str
    outcome: str
    state: str
    institution_fen: int
    books_fen: int
    difference_fen: int
    first_on: date
    age_days: int
    action: Bilingual
    owner: str
    reason: str


class ReportOut(Schema):
    """The reconciliation of a rail's day."""

    rail: str
    day: date
    institution: SideOut
    books: SideOut
    fee_fen: int
    counts: dict[str, int]
    bad_rows: list[ProblemOut]
    lines: list[ReportLineOut]


def _shown(request: HttpRequest, order: PayOrder, now: datetime) -> dict[str, Any]:
    shown = {name: getattr(order, name, None) for name in PayOrderOut.model_fields}
    shown["sandbox"] = order.app_id == SANDBOX.app_id
    shown["pay_url"] = None
    client = client_configured(os.environ, _clock)
    if client is not None and order.state == "open" and not shown["sandbox"]:
        shown["pay_url"] = pay_address(
            client,
            order,
            notify_url=request.build_absolute_uri("/api/v1/institutions/alipay/notice"),
            return_url=request.build_absolute_uri(f"/pay-orders/{order.number}/"),
            now=now,
        )
    return shown


def _clock() -> datetime:
    return datetime.now(UTC)


def _order_seen(caller: Caller, number: str) -> PayOrder:
    order = pay_order_get(caller.tenant_id, number)
    if not caller.sees_all and (order.subject_kind, order.subject_id) != caller.own:
        raise missing("pay_order")
    return order


@router.get(
    "/pay-orders/{subject_kind}/{subject_id}",
    response={200: list[PayOrderOut], ERRORS: ProblemOut},
    summary="List a party's payment orders",
)
def pay_order_list(
    request: HttpRequest, subject_kind: KindPath, subject_id: IdPath, limit: Limit = 100
) -> Any:
    """List what a party was asked to pay in online, the newest first."""
    caller = reader_of(request)
    subject = party_seen(caller, (subject_kind, subject_id))
    now = now_for(caller)
    return [
        _shown(request, each, now) for each in pay_orders(caller.tenant_id, subject=subject)[:limit]
    ]


@router.post(
    "/pay-orders/{subject_kind}/{subject_id}",
    response={200: PayOrderOut, ERRORS: ProblemOut},
    summary="Open a payment order",
)
def pay_order_create(
    request: HttpRequest, subject_kind: KindPath, subject_id: IdPath, order: PayOrderIn
) -> Any:
    """Open a payment order for the own party; the same client key gives the order that stands."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    subject = party_seen(caller, (subject_kind, subject_id))
    now = now_for(caller)
    opened = pay_order_open(
        caller.tenant_id,
        NewPayOrder(
            subject=subject,
            amount_fen=order.amount_fen,
            purpose=order.purpose,
            rail=order.rail,
            actor=caller.name,
            client_key=order.client_key,
            collector=collector_of(client_configured(os.environ, _clock)),
        ),
        now,
    )
    return _shown(request, opened, now)


@router.get(
    "/pay-orders/{number}",
    response={200: PayOrderOut, ERRORS: ProblemOut},
    summary="Show a payment order",
)
def pay_order_show(
    request: HttpRequest, number: Annotated[Text, Path(description="its number")]
) -> Any:
    """Show a payment order with its receipt number once it is paid."""
    caller = reader_of(request)
    return _shown(request, _order_seen(caller, number), now_for(caller))


@router.get(
    "/reconciliation/{rail}",
    response={200: ReportOut, ERRORS: ProblemOut},
    summary="Show the reconciliation of a day",
)
def reconciliation_show(
    request: HttpRequest, rail: RailPath, day: Annotated[date, Query(description="the day")]
) -> Any:
    """Show how the institution's statement of a day compares with the books; for operators."""
    caller = caller_who_may(request, SEE_ALL)
    if not Statement.objects.filter(tenant_id=caller.tenant_id, rail=rail, day=day).exists():
        raise missing("reconciliation")
    report = report_of(caller.tenant_id, rail, day, now_for(caller))
    return {
        "rail": report.rail,
        "day": report.day,
        "institution": vars(report.institution),
        "books": vars(report.books),
        "fee_fen": report.fee_fen,
        "counts": report.counts,
        "bad_rows": [each.as_dict() for each in report.bad],
        "lines": [
            {
                **vars(each),
                "difference_fen": each.difference_fen,
                "action": {"zh": each.action_zh, "en": each.action_en},
            }
            for each in report.lines
        ],
    }


@router.post(
    "/institutions/alipay/notice", auth=None, include_in_schema=False, summary="Hear of payments"
)
def alipay_notice(request: HttpRequest) -> HttpResponse:
    """Hear from Alipay that a payment changed; answers ``success``, or ``fail`` to hear it again.

    The signature is the sender's proof; there is no sign-in.
    """
    return _heard(request, notice_take)


@router.post(
    "/institutions/alipay/message", auth=None, include_in_schema=False, summary="Hear of transfers"
)
def alipay_message(request: HttpRequest) -> HttpResponse:
    """Hear from Alipay that a transfer of ours changed; the part is asked about at the next turn.

    The address of the application's gateway. Answers as :func:`alipay_notice` does.
    """
    return _heard(request, transfer_message_take)


def _heard(
    request: HttpRequest, take: Callable[[AlipayClient, str, bytes, str, datetime], bool]
) -> HttpResponse:
    tenant_id = str(settings.TENANT)
    tenant_known(tenant_id)
    client = client_configured(os.environ, _clock)
    taken = client is not None and take(
        client,
        tenant_id,
        request.body,
        request.headers.get("Content-Type", ""),
        market_now(tenant_id, _clock()),
    )
    return HttpResponse(ANSWER_TAKEN if taken else ANSWER_AGAIN, content_type="text/plain")
