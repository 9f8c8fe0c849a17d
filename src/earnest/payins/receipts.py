"""Receipts of cash that the feed tells of: each is booked once, to its owner or to ``suspense``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import duckdb
from django.db import transaction

from earnest.deposits.accounts import SUSPENSE
from earnest.feed.queries import event_files
from earnest.kernel.calendar import instant_of, micros_of
from earnest.kernel.errors import Conflict
from earnest.kernel.hashing import digest, sha256_hex
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import BATCH_MAX, transfers_post
from earnest.ledger.queries import balances_of
from earnest.ledger.records import Outcome, Reason, Transfer
from earnest.payins.bank_import import FEED
from earnest.payins.booking import counts_from, open_from, receipt_transfer, receipts_locked
from earnest.payins.models import BankReceipt, BankReceiptStep, CashReceipt
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET

MONEY_IN = """
SELECT CAST(event_id AS VARCHAR) AS event_id, rail, rail_ref, amount_fen,
    coalesce(obligation_ref, '') AS owner, rail_occurred_us
FROM read_parquet($files)
WHERE phase = 'succeeded' AND direction = 'in' AND rail_occurred_us <= $until_us AND amount_fen > 0
ORDER BY rail_occurred_us, event_id
"""
CLAUSES = {
    ("deposit", "shop"): ("S3-2.1a", SHOP_DEPOSIT),
    ("deposit", "provider"): ("S0-1.1-basis", SUPPLY_MARKET),
    ("settlement", "shop"): ("S3-1.3a", SHOP_DEPOSIT),
    ("settlement", "provider"): ("S0-1.1-basis", SUPPLY_MARKET),
}
_TRIES = 3
_NUMBER_LENGTH_MAX = 128
_MEMO_LENGTH_MAX = 500
_Key = tuple[str, str]  # (rail, number)


@dataclass
class PayIns:
    """What came of booking cash in: counts, and the receipts whose owner is not known."""

    posted: int = 0
    repeated: int = 0
    unmatched: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Receipt:
    """A receipt of the feed, the account it names, and from when it counts."""

    event_id: str
    rail: str
    number: str
    amount_fen: int
    owner: str
    at: datetime
    effective_at: datetime
    remark: str

    @property
    def key(self) -> "_Key":
        """What makes it one: where it came in, and its number there."""
        return self.rail, self.number

    def transfer(self, tenant_id: str, credit: str) -> Transfer:
        kind, _, rest = self.owner.partition(":")
        clause, rulebook = CLAUSES.get((kind, rest.partition(":")[0]), ("S3-2.1a", SHOP_DEPOSIT))
        return receipt_transfer(
            uuid7_for(self.at, tenant_id, "pay-in", self.event_id, credit),
            rail=self.rail,
            credit=credit,
            amount_fen=self.amount_fen,
            effective_at=self.effective_at,
            reason=Reason(clause, rulebook, None, f"receipt {self.number}{self.remark}"),
        )


def pay_ins_post(tenant_id: str, until: datetime, now: datetime) -> PayIns:
    """Book every receipt of cash that the feed tells of up to an instant; a repeat books nothing.

    Cash for an account that is not open goes to ``suspense``, where a person finds its owner:
    nothing is lost. A receipt whose month is closed counts from today, and its note says so. A
    receipt that was booked in another way before, by a notice or by hand, is left alone.
    """
    receipts = _receipts(tenant_id, until, now)
    known = _booked(tenant_id)
    fresh = [each for each in receipts if each.key not in known]
    done = PayIns(repeated=len(receipts) - len(fresh))
    for start in range(0, len(fresh), BATCH_MAX):
        _book(tenant_id, fresh[start : start + BATCH_MAX], now, done)
    return done


def _receipts(tenant_id: str, until: datetime, now: datetime) -> list[_Receipt]:
    """Return the feed's receipts, each number once: the first of them counts."""
    files = event_files(tenant_id, "money_event")
    if not files:
        return []
    with duckdb.connect() as connection:
        result = connection.execute(MONEY_IN, {"files": files, "until_us": micros_of(until)})
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    open_since = open_from(tenant_id)
    found: dict[tuple[str, str], _Receipt] = {}
    for row in rows:
        receipt = _receipt(row, open_since, now)
        found.setdefault(receipt.key, receipt)
    return list(found.values())


def _receipt(row: dict[str, Any], open_since: datetime | None, now: datetime) -> _Receipt:
    at = instant_of(row["rail_occurred_us"])
    effective_at, remark = counts_from(at, open_since, now)
    return _Receipt(
        row["event_id"],
        row["rail"],
        _number(row["rail_ref"]),
        row["amount_fen"],
        row["owner"],
        at,
        effective_at,
        remark,
    )


def _number(rail_ref: str) -> str:
    """Return a receipt's number; one that is too long to be kept goes by its hash."""
    return rail_ref if len(rail_ref) <= _NUMBER_LENGTH_MAX else f"sha256:{sha256_hex(rail_ref)}"


def _booked(tenant_id: str, numbers: Sequence[str] | None = None) -> set[tuple[str, str]]:
    """Return rail and number of the receipts that are booked (of those named)."""
    rows = CashReceipt.objects.filter(tenant_id=tenant_id)
    if numbers is not None:
        rows = rows.filter(receipt_no__in=numbers)
    return set(rows.values_list("rail", "receipt_no"))


def _book(tenant_id: str, receipts: Sequence[_Receipt], now: datetime, done: PayIns) -> None:
    """Book a batch. What the ledger refuses to its owner goes to ``suspense`` in the next try.

    Raises:
        Conflict: when the ledger refuses even that.
    """
    open_accounts = set(balances_of(tenant_id, list({each.owner for each in receipts})))
    lost = {each.key for each in receipts if each.owner not in open_accounts}
    for _ in range(_TRIES):
        batch, outcomes = _try(tenant_id, receipts, lost, now)
        pairs = list(zip(batch, outcomes, strict=True))
        refused = {each.key: outcome for each, outcome in pairs if outcome.status == "refused"}
        if not refused:
            posted = sum(outcome.status == "posted" for outcome in outcomes)
            done.posted += posted
            done.repeated += len(receipts) - posted
            done.unmatched += [each.number for each in batch if each.key in lost]
            return
        if refused.keys() & lost:
            break
        lost |= refused.keys()
    raise _not_booked(refused)


def _try(
    tenant_id: str, receipts: Sequence[_Receipt], lost: set[_Key], now: datetime
) -> tuple[list[_Receipt], list[Outcome]]:
    """Book a batch, all or none; give what was still new, and its outcomes."""
    with transaction.atomic():
        receipts_locked(tenant_id)
        booked = _booked(tenant_id, [each.number for each in receipts])
        batch = [each for each in receipts if each.key not in booked]
        transfers = [
            each.transfer(tenant_id, SUSPENSE if each.key in lost else each.owner) for each in batch
        ]
        _keep(tenant_id, batch, transfers, lost, now)
        outcomes = transfers_post(tenant_id, transfers, now)
        if any(outcome.status == "refused" for outcome in outcomes):
            transaction.set_rollback(True)
    return batch, outcomes


def _keep(
    tenant_id: str,
    receipts: Sequence[_Receipt],
    transfers: Sequence[Transfer],
    lost: set[_Key],
    now: datetime,
) -> None:
    """Write down each receipt, and for people those whose owner is not known."""
    rows = [
        CashReceipt(
            tenant_id=tenant_id,
            rail=each.rail,
            receipt_no=each.number,
            source=FEED,
            amount_fen=each.amount_fen,
            transfer_id=transfer.id,
            received_at=each.at,
            recorded_at=now,
        )
        for each, transfer in zip(receipts, transfers, strict=True)
    ]
    CashReceipt.objects.bulk_create(rows, batch_size=1000)
    unowned = [
        _unowned(tenant_id, each, transfer.id, now)
        for each, transfer in zip(receipts, transfers, strict=True)
        if each.key in lost
    ]
    BankReceipt.objects.bulk_create(unowned)
    BankReceiptStep.objects.bulk_create(
        BankReceiptStep(
            receipt=each,
            tenant_id=tenant_id,
            action="imported",
            actor=FEED,
            transfer_ids=[each.transfer_id],
            at=now,
        )
        for each in unowned
    )


def _unowned(tenant_id: str, receipt: _Receipt, transfer_id: UUID, now: datetime) -> BankReceipt:
    return BankReceipt(
        id=uuid7_for(receipt.at, tenant_id, "bank-receipt", receipt.rail, receipt.number),
        tenant_id=tenant_id,
        rail=receipt.rail,
        receipt_no=receipt.number,
        amount_fen=receipt.amount_fen,
        received_at=receipt.at,
        memo=receipt.owner[:_MEMO_LENGTH_MAX],
        content_sha256=digest([receipt.event_id, receipt.amount_fen]),
        imported_at=now,
        imported_by=FEED,
        transfer_id=transfer_id,
    )


def _not_booked(refused: dict[_Key, Outcome]) -> Conflict:
    (_, number), outcome = next(iter(refused.items()))
    return Conflict(
        "receipt_not_booked",
        where=f"{number}: {outcome.code}",
        zh=f"回单连待查款也未能入账，本批没有任何变动：{outcome.explain('zh')}",
        en=f"not even suspense takes the receipt, nothing was booked: {outcome.explain('en')}",
    )
