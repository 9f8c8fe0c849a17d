"""What can be asked about cash that came in: orders, receipts, transfers by hand."""

from django.db.models import QuerySet, Sum

from earnest.kernel.errors import NotFound
from earnest.market.queries import Subject
from earnest.payins.models import BankReceipt, PayOrder

BANK = "bank"
WAITING = ("unmatched", "return_asked")  # its cash stands in suspense


def pay_order_get(tenant_id: str, number: str, *, locked: bool = False) -> PayOrder:
    """Return a payment order by its number; locked, for the rest of the transaction.

    Raises:
        NotFound: ``unknown_pay_order``.
    """
    rows = PayOrder.objects.select_for_update() if locked else PayOrder.objects
    order = rows.filter(tenant_id=tenant_id, number=number).first()
    if order is None:
        raise NotFound(
            "unknown_pay_order",
            where=number[:64],
            zh="没有这个缴款单，或您无权查看。请检查单号。",
            en="there is no such payment order, or it is not yours to see; check its number",
        )
    return order


def pay_orders(
    tenant_id: str, *, subject: Subject = ("", ""), state: str = ""
) -> QuerySet[PayOrder]:
    """Return payment orders, the newest first; empty parts do not limit."""
    rows = PayOrder.objects.filter(tenant_id=tenant_id).order_by("-opened_at", "number")
    if subject[0]:
        rows = rows.filter(subject_kind=subject[0])
    if subject[1]:
        rows = rows.filter(subject_id=subject[1])
    return rows.filter(state=state) if state else rows


def bank_receipt_get(
    tenant_id: str, receipt_no: str, *, rail: str = BANK, locked: bool = False
) -> BankReceipt:
    """Return a receipt by the institution's number; locked, for the rest of the transaction.

    Raises:
        NotFound: ``unknown_bank_receipt``.
    """
    rows = BankReceipt.objects.select_for_update() if locked else BankReceipt.objects
    receipt = rows.filter(tenant_id=tenant_id, rail=rail, receipt_no=receipt_no).first()
    if receipt is None:
        raise NotFound(
            "unknown_bank_receipt",
            where=receipt_no[:64],
            zh="没有这张回单；请检查回单号和渠道。",
            en="there is no such receipt; check its number and the rail",
        )
    return receipt


def bank_receipts(tenant_id: str, *, state: str = "", search: str = "") -> QuerySet[BankReceipt]:
    """Return receipts that are matched by hand, the newest first; empty parts do not limit."""
    rows = BankReceipt.objects.filter(tenant_id=tenant_id).order_by("-received_at", "receipt_no")
    if state:
        rows = rows.filter(state=state)
    if search:
        rows = rows.filter(payer_name__icontains=search) | rows.filter(receipt_no=search)
    return rows


def unmatched_fen(tenant_id: str) -> int:
    """Return the cash of which nobody has said whose it is: what should stand in suspense."""
    rows = BankReceipt.objects.filter(tenant_id=tenant_id, state__in=WAITING)
    return int(rows.aggregate(total=Sum("amount_fen"))["total"] or 0)
