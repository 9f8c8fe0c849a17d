"""Bank transfers as the bank's sheet tells of them: good rows at once into ``suspense``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from earnest.deposits.accounts import SUSPENSE, platform_accounts_open
from earnest.deposits.waterfall import posted_check
from earnest.kernel.errors import BadInput, Problem
from earnest.kernel.hashing import digest
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import BATCH_MAX, transfers_post
from earnest.ledger.records import Reason
from earnest.payins.booking import counts_from, open_from, receipt_transfer, receipts_locked
from earnest.payins.models import BankReceipt, BankReceiptStep, CashReceipt
from earnest.payins.queries import BANK
from earnest.payins.sheet import RowWrong, SheetRow, fen_read, instant_read, text_read
from earnest.rulebooks.packs import SHOP_DEPOSIT

COLUMNS: Final = {
    "receipt_no": (
        "receipt_no", "bank_receipt_no", "bank_ref", "回单号", "回单编号", "银行流水号",
        "交易流水号", "流水号",
    ),
    "payer_name": (
        "payer_name", "对方户名", "付款人名称", "付款人户名", "付款方名称", "付款方户名",
    ),
    "payer_account": ("payer_account", "对方账号", "付款人账号", "付款方账号", "付款账号"),
    "amount": ("amount", "amount_yuan", "金额", "到账金额", "收入金额", "贷方金额", "贷方发生额"),
    "received_at": ("received_at", "到账时间", "交易时间", "入账时间", "入账日期", "交易日期"),
    "memo": ("memo", "附言", "摘要", "用途", "备注"),
}  # fmt: skip
NEEDED: Final = ("receipt_no", "amount", "received_at")
FEED: Final = "feed"
FUTURE_MAX: Final = timedelta(minutes=10)  # clocks differ a little


@dataclass(frozen=True)
class ReceiptImport:
    """What came of a sheet: receipts that are new, those known before, and rows at fault.

    ``where`` of a problem is the line and the field, such as ``3: amount``.
    """

    new: list[str]
    repeated: list[str]
    bad: list[Problem]


@transaction.atomic
def bank_receipts_import(
    tenant_id: str, rows: Sequence[SheetRow], actor: str, now: datetime
) -> ReceiptImport:
    """Take the rows of a bank's sheet in: good ones at once into suspense, bad ones come back.

    The same rows again import nothing; a number that stands with other content is a bad row.

    Raises:
        BadInput: ``sheet_too_long``.
    """
    if len(rows) > BATCH_MAX:
        raise BadInput(
            "sheet_too_long",
            zh=f"一次最多 {BATCH_MAX} 行；请按日拆分。",
            en=f"at most {BATCH_MAX} rows at a time; split the sheet by day",
        )
    platform_accounts_open(tenant_id, now)
    receipts_locked(tenant_id)
    done = ReceiptImport([], [], [])
    numbers = [row.get("receipt_no") for row in rows]
    known = _known(tenant_id, numbers)
    fresh: list[BankReceipt] = []
    for row in rows:
        try:
            receipt = _receipt(tenant_id, row, actor, now)
            before = known.get(receipt.receipt_no)
            if before is not None:
                _same_check(receipt, before)
                done.repeated.append(receipt.receipt_no)
                continue
        except RowWrong as wrong:
            done.bad.append(wrong.problem(row.line))
            continue
        known[receipt.receipt_no] = (receipt.amount_fen, receipt.content_sha256)
        fresh.append(receipt)
    _take_in(tenant_id, fresh, now)
    done.new.extend(each.receipt_no for each in fresh)
    return done


def _known(tenant_id: str, numbers: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return amount and content of the receipts that are booked; the feed tells no content."""
    same = {"tenant_id": tenant_id, "rail": BANK, "receipt_no__in": numbers}
    known = {
        number: (amount_fen, "")
        for number, amount_fen in CashReceipt.objects.filter(**same).values_list(
            "receipt_no", "amount_fen"
        )
    }
    imported = BankReceipt.objects.filter(**same).exclude(imported_by=FEED)
    for number, amount_fen, sha in imported.values_list(
        "receipt_no", "amount_fen", "content_sha256"
    ):
        known[number] = (amount_fen, sha)
    return known


def _receipt(tenant_id: str, row: SheetRow, actor: str, now: datetime) -> BankReceipt:
    """Read a row.

    Raises:
        RowWrong: when something is wrong with it.
    """
    number = text_read("receipt_no", row.get("receipt_no"), 128, needed=True)
    amount_fen = fen_read("amount", row.get("amount"))
    if amount_fen <= 0:
        raise RowWrong(
            "amount",
            "amount_not_positive",
            "到账金额须大于零；支出不在此导入",
            "what came in is more than 0; what went out is not imported here",
        )
    received_at = instant_read("received_at", row.get("received_at"))
    if received_at > now + FUTURE_MAX:
        raise RowWrong(
            "received_at", "in_future", "到账时间晚于现在", "the time of receipt lies ahead of now"
        )
    told = {
        "payer_name": text_read("payer_name", row.get("payer_name"), 200),
        "payer_account": text_read("payer_account", row.get("payer_account"), 64),
        "memo": text_read("memo", row.get("memo"), 500),
    }
    content = {"receipt_no": number, "amount_fen": amount_fen, "received_at": received_at, **told}
    id_ = uuid7_for(received_at, tenant_id, "bank-receipt", BANK, number)
    return BankReceipt(
        id=id_,
        tenant_id=tenant_id,
        rail=BANK,
        receipt_no=number,
        amount_fen=amount_fen,
        received_at=received_at,
        content_sha256=digest(content),
        imported_at=now,
        imported_by=actor,
        transfer_id=uuid7_for(received_at, tenant_id, "bank-receipt-in", BANK, number),
        **told,
    )


def _same_check(receipt: BankReceipt, before: tuple[int, str]) -> None:
    amount_fen, content = before
    if receipt.amount_fen != amount_fen or content not in ("", receipt.content_sha256):
        raise RowWrong(
            "receipt_no",
            "receipt_differs",
            "回单号已登记，但内容不同；请向银行核对",
            "the receipt's number stands with other content; check it with the bank",
        )


def _take_in(tenant_id: str, fresh: Sequence[BankReceipt], now: datetime) -> None:
    """Write receipts down and book their cash into suspense, all or none."""
    open_since = open_from(tenant_id)
    transfers = []
    for each in fresh:
        effective_at, remark = counts_from(each.received_at, open_since, now)
        note = f"bank receipt {each.receipt_no}{remark}"
        transfers.append(
            receipt_transfer(
                each.transfer_id,
                rail=each.rail,
                credit=SUSPENSE,
                amount_fen=each.amount_fen,
                effective_at=effective_at,
                reason=Reason("S3-2.1a", SHOP_DEPOSIT, None, note, actor=each.imported_by),
            )
        )
    BankReceipt.objects.bulk_create(fresh)
    CashReceipt.objects.bulk_create(
        CashReceipt(
            tenant_id=tenant_id,
            rail=each.rail,
            receipt_no=each.receipt_no,
            source="bank",
            amount_fen=each.amount_fen,
            transfer_id=each.transfer_id,
            received_at=each.received_at,
            recorded_at=now,
        )
        for each in fresh
    )
    BankReceiptStep.objects.bulk_create(
        BankReceiptStep(
            receipt=each,
            tenant_id=tenant_id,
            action="imported",
            actor=each.imported_by,
            transfer_ids=[each.transfer_id],
            at=now,
        )
        for each in fresh
    )
    posted_check(transfers_post(tenant_id, transfers, now), "bank receipts")
