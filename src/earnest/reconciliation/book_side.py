"""Our side of the reconciliation: what moved on a rail's clearing account, and its numbers.

Every movement of cash has a receipt of ours beside it: of a payment in, or a part of a payout. The
numbers of both sides are what matches them.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from earnest.deposits.accounts import clearing_of
from earnest.kernel.calendar import day_of, day_start
from earnest.ledger.models import LedgerAccount, LedgerEntry, LedgerTransfer
from earnest.ledger.queries import balance_at, balances_of
from earnest.payins.models import CashReceipt
from earnest.payouts.models import PayoutPart
from earnest.reconciliation.matching import Booked

# A movement without any number is called by its transfer's id.
_TRANSFER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def bookings_on(tenant_id: str, rail: str, day: date) -> list[Booked]:
    """Return what moved on a rail on a day, by the date that it counts from."""
    entries = _entries(tenant_id, rail)
    if entries is None:
        return []
    of_day = entries.filter(
        effective_at__gte=day_start(day), effective_at__lt=day_start(day + timedelta(days=1))
    )
    return _bookings(tenant_id, rail, list(of_day.order_by("seq")))


def bookings_numbered(tenant_id: str, rail: str, numbers: Iterable[str]) -> list[Booked]:
    """Return what moved on a rail under any of the numbers, on whatever day."""
    wanted = list(numbers)
    entries = _entries(tenant_id, rail)
    if entries is None or not wanted:
        return []
    receipts = CashReceipt.objects.filter(
        Q(receipt_no__in=wanted) | Q(our_no__in=wanted), tenant_id=tenant_id, rail=rail
    )
    parts = PayoutPart.objects.filter(
        Q(business_no__in=wanted) | Q(institution_ref__in=wanted) | Q(destination__in=wanted),
        tenant_id=tenant_id,
        rail=rail,
        transfer_id__isnull=False,
    )
    direct = {*receipts.values_list("transfer_id", flat=True)}
    direct |= {each for each in parts.values_list("transfer_id", flat=True) if each}
    direct |= {UUID(each) for each in wanted if _TRANSFER_ID.fullmatch(each)}
    mirrors = LedgerTransfer.objects.filter(
        tenant_id=tenant_id, kind="reverse", pending_id__in=direct
    )
    ids = direct | set(mirrors.values_list("id", flat=True))
    return _bookings(tenant_id, rail, list(entries.filter(transfer_id__in=ids).order_by("seq")))


def cash_at(tenant_id: str, rail: str, day: date) -> int:
    """Return what the institution holds of ours by our books when a day begins, in fen."""
    code = clearing_of(rail)
    if code not in balances_of(tenant_id, [code]):
        return 0
    before = day_start(day) - timedelta(microseconds=1)
    return -balance_at(tenant_id, code, before, None).posted_fen


def _entries(tenant_id: str, rail: str) -> QuerySet[LedgerEntry] | None:
    account = LedgerAccount.objects.filter(tenant_id=tenant_id, code=clearing_of(rail)).first()
    if account is None:
        return None
    rows = LedgerEntry.objects.filter(tenant_id=tenant_id, account_id=account.id)
    return rows.exclude(amount_fen=0)


def _bookings(tenant_id: str, rail: str, entries: Sequence[LedgerEntry]) -> list[Booked]:
    ids = [each.transfer_id for each in entries]
    mirrors = LedgerTransfer.objects.filter(tenant_id=tenant_id, id__in=ids, kind="reverse")
    reversed_ids = {
        mirror: original
        for mirror, original in mirrors.values_list("id", "pending_id")
        if original is not None
    }
    named = _named(tenant_id, rail, [reversed_ids.get(each, each) for each in ids])
    found = []
    for entry in entries:
        original = reversed_ids.get(entry.transfer_id, entry.transfer_id)
        our_no, institution_no, more = named.get(original, ("", "", ()))
        numbers = {our_no, institution_no, *more} - {""} or {str(original)}
        found.append(
            Booked(
                transfer_id=entry.transfer_id,
                on=day_of(entry.effective_at),
                amount_fen=-entry.amount_fen,  # the clearing account is debited by what comes in
                numbers=frozenset(numbers),
                our_no=our_no,
                institution_no=institution_no,
            )
        )
    return found


def _named(
    tenant_id: str, rail: str, ids: Sequence[UUID]
) -> dict[UUID, tuple[str, str, tuple[str, ...]]]:
    """Return our number, the institution's and further ones of transfers, where they have any."""
    named: dict[UUID, tuple[str, str, tuple[str, ...]]] = {}
    receipts = CashReceipt.objects.filter(tenant_id=tenant_id, transfer_id__in=ids)
    for receipt in receipts:
        named[receipt.transfer_id] = (receipt.our_no, receipt.receipt_no, ())
    parts = PayoutPart.objects.filter(tenant_id=tenant_id, rail=rail, transfer_id__in=ids)
    for part in parts.select_related("payout"):
        # A refund goes under the number of the payment that it gives back.
        back = part.payout.route == "original_route" and rail != "bank"
        more = (part.destination,) if back else ()
        if part.transfer_id is not None:
            named[part.transfer_id] = (part.business_no, part.institution_ref, more)
    return named
