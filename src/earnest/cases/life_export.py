"""The life of a deposit as one file that a third person can check without us.

It carries the rows as the page shows them, and what they rest on: every entry of the books with
its transfer's id, every decision with its receipt, trace and place in the chain, the cases with
what was filed, and the head of the seal chain at the time of writing.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from earnest.cases.life import LifeRow
from earnest.cases.life_sources import statement_whole
from earnest.cases.models import Case
from earnest.decisions.models import Decision
from earnest.decisions.queries import decisions_of
from earnest.deposits.accounts import claim_of, deposit_of, settlement_of
from earnest.deposits.models import DepositHold, Raise, Recovery
from earnest.deposits.queries import position, requirement_history
from earnest.kernel.calendar import day_of
from earnest.ledger.queries import seal_head
from earnest.market.queries import Subject
from earnest.notices.queries import inbox
from earnest.payins.models import BankReceipt, PayOrder
from earnest.payouts.models import Payout

FORM = "earnest-deposit-life/1"
CSV_COLUMNS = (
    "on", "at", "kind", "code", "zh", "en", "detail_zh", "detail_en", "account", "amount_fen",
    "held_delta_fen", "balance_fen", "held_fen", "required_fen", "free_fen", "short_fen", "clause",
    "rulebook", "ref_kind", "ref", "id", "seq",
)  # fmt: skip


def life_export(
    tenant_id: str, subject: Subject, rows: Sequence[LifeRow], now: datetime, *, inside: bool
) -> dict[str, Any]:
    """Return the whole file as plain values for JSON.

    Takes:
        rows: the life, whole or narrowed; what it rests on is always whole.
        inside: whether the reader is an operator: only operators see who inside agreed or noted.
    """
    head, hidden = seal_head(tenant_id), () if inside else ("released_by",)
    codes = [deposit_of(subject), settlement_of(subject), claim_of(subject)]
    written: dict[str, Any] = plain(
        {
            "form": FORM,
            "subject_kind": subject[0],
            "subject_id": subject[1],
            "written_at": now,
            "seal_head": asdict(head) if head else None,
            "position": asdict(position(tenant_id, subject, day_of(now))),
            "rows": [row.as_dict() for row in rows],
            "books": {
                code: [asdict(line) for line in statement_whole(tenant_id, code)] for code in codes
            },
            "requirements": [_columns(row) for row in requirement_history(tenant_id, subject)],
            "decisions": [
                _decision(each, inside=inside)
                for each in decisions_of(tenant_id, *subject).prefetch_related("approvals")
            ],
            "cases": [
                _case(each, inside=inside)
                for each in _own(Case, tenant_id, subject).prefetch_related("entries")
            ],
            "raises": [_columns(row, *hidden) for row in _own(Raise, tenant_id, subject)],
            "holds": [
                _hold(each, inside=inside)
                for each in _own(DepositHold, tenant_id, subject).prefetch_related("reviews")
            ],
            "recoveries": [
                _columns(row) | {"steps": [_columns(each) for each in row.steps.all()]}
                for row in _own(Recovery, tenant_id, subject).prefetch_related("steps")
            ],
            "payouts": [
                _payout(each, inside=inside)
                for each in _own(Payout, tenant_id, subject).prefetch_related("parts__attempts")
            ],
            "pay_orders": [
                _columns(row, *(() if inside else ("opened_by",)))
                for row in _own(PayOrder, tenant_id, subject)
            ],
            "bank_receipts": [
                _columns(row, *(() if inside else ("matched_by", "imported_by")))
                for row in _own(BankReceipt, tenant_id, subject)
            ],
            "notices": [_columns(row) for row in inbox(tenant_id, *subject)],
        }
    )
    return written


def life_table(rows: Sequence[LifeRow]) -> list[list[object]]:
    """Return the rows as the cells of ``CSV_COLUMNS``."""
    written = [row.as_dict() for row in rows]
    return [[row[column] for column in CSV_COLUMNS] for row in written]


def plain(value: Any) -> Any:
    """Return a value as JSON carries it: instants and days in ISO form, ids and bytes as text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    if isinstance(value, UUID):
        return str(value)
    return value


def _own(model: type[Any], tenant_id: str, subject: Subject) -> QuerySet[Any]:
    own = model.objects.filter(tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1])
    rows: QuerySet[Any] = own.order_by("id")
    return rows


def _columns(row: Model, *without: str) -> dict[str, Any]:
    """Return a row's columns by name, without the tenant and what is left out."""
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields  # noqa: SLF001 - Django's own way to the columns
        if field.attname not in {"tenant_id", *without}
    }


def _decision(decision: Decision, *, inside: bool) -> dict[str, Any]:
    said = [_columns(each) for each in decision.approvals.all()] if inside else []
    return _columns(decision) | {"approvals": said}


def _hold(hold: DepositHold, *, inside: bool) -> dict[str, Any]:
    hidden = () if inside else ("owner",)
    unseen = () if inside else ("actor", "owner", "note")
    reviews = [_columns(each, *unseen) for each in hold.reviews.all()]
    return _columns(hold, *hidden) | {"reviews": reviews}


def _case(case: Case, *, inside: bool) -> dict[str, Any]:
    hidden = () if inside else ("opened_by",)
    unseen = () if inside else ("actor",)
    entries = [_columns(each, *unseen) for each in case.entries.all()]
    return _columns(case, *hidden) | {"entries": entries}


def _payout(payout: Payout, *, inside: bool) -> dict[str, Any]:
    parts = [
        _columns(part) | {"attempts": [_columns(each) for each in part.attempts.all() if inside]}
        for part in payout.parts.all()
    ]
    return _columns(payout, *(() if inside else ("requested_by",))) | {"parts": parts}
