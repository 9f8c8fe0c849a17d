"""Where a subject stands: required, held, free, short, and since when."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Sum

from earnest.deposits.accounts import claim_of, deposit_of, settlement_of
from earnest.deposits.models import Requirement, Shortage
from earnest.kernel.calendar import Month
from earnest.ledger.queries import balances_listed, balances_of, kind_changes


@dataclass(frozen=True)
class Position:
    """A subject's deposit on a day, in fen; shortage and excess follow from the rest."""

    subject_kind: str
    subject_id: str
    required_fen: int
    posted_fen: int
    held_fen: int
    proceeds_fen: int
    claim_fen: int

    @property
    def free_fen(self) -> int:
        """What is there and not held."""
        return self.posted_fen - self.held_fen

    @property
    def shortage_fen(self) -> int:
        """What is missing to the required amount (S3-5.1)."""
        return max(0, self.required_fen - self.free_fen)

    @property
    def excess_fen(self) -> int:
        """What is there above the required amount (S3-6.1x)."""
        return max(0, self.free_fen - self.required_fen)


def requirements_on(
    tenant_id: str,
    on: date,
    subject_kind: str | None = None,
    subject_ids: Collection[str] | None = None,
) -> dict[tuple[str, str], Requirement]:
    """Return the requirement that holds on a day for each subject that has one.

    Takes:
        subject_kind, subject_ids: only of these, where given; nothing is read of others.
    """
    rows = Requirement.objects.filter(tenant_id=tenant_id, from_on__lte=on)
    if subject_ids is not None:
        rows = rows.filter(subject_id__in=subject_ids)
    if subject_kind is not None:
        rows = rows.filter(subject_kind=subject_kind)
    latest = rows.order_by("subject_kind", "subject_id", "-from_on", "-id").distinct(
        "subject_kind", "subject_id"
    )
    return {(row.subject_kind, row.subject_id): row for row in latest}


def positions(
    tenant_id: str, subjects: Iterable[tuple[str, str]], on: date
) -> dict[tuple[str, str], Position]:
    """Return the position of each subject on a day; without a requirement it is zero."""
    wanted = list(subjects)
    required = requirements_on(tenant_id, on, subject_ids={each[1] for each in wanted})
    codes = [
        code for each in wanted for code in (deposit_of(each), settlement_of(each), claim_of(each))
    ]
    balances = balances_of(tenant_id, codes)
    found: dict[tuple[str, str], Position] = {}
    for each in wanted:
        deposit = balances.get(deposit_of(each))
        proceeds = balances.get(settlement_of(each))
        claim = balances.get(claim_of(each))
        found[each] = Position(
            subject_kind=each[0],
            subject_id=each[1],
            required_fen=required[each].required_fen if each in required else 0,
            posted_fen=deposit.posted_fen if deposit else 0,
            held_fen=deposit.held_fen if deposit else 0,
            proceeds_fen=proceeds.free_fen if proceeds else 0,
            claim_fen=-claim.posted_fen if claim else 0,
        )
    return found


def position(tenant_id: str, subject: tuple[str, str], on: date) -> Position:
    """Return the position of one subject on a day."""
    return positions(tenant_id, [subject], on)[subject]


def requirement_history(tenant_id: str, subject: tuple[str, str]) -> list[Requirement]:
    """Return every requirement a subject ever had, oldest first."""
    return list(
        Requirement.objects.filter(
            tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1]
        ).order_by("from_on", "id")
    )


def shortages_open(tenant_id: str, subject: tuple[str, str] | None = None) -> list[Shortage]:
    """Return the open shortages, of one subject or of all, the one due first in front."""
    rows = Shortage.objects.filter(tenant_id=tenant_id, closed_at=None)
    if subject is not None:
        rows = rows.filter(subject_kind=subject[0], subject_id=subject[1])
    return list(rows.order_by("due_on", "subject_kind", "subject_id"))


def short_subjects(tenant_id: str) -> set[tuple[str, str]]:
    """Return the subjects whose shortage is open."""
    return {(row.subject_kind, row.subject_id) for row in shortages_open(tenant_id)}


@dataclass(frozen=True)
class DepositTotals:
    """All deposits of a marketplace together, in fen."""

    required_fen: int
    posted_fen: int
    short_fen: int


@dataclass(frozen=True)
class DepositMonth:
    """What was required and what was held of all subjects together at a month's end, in fen."""

    month: str
    required_fen: int
    posted_fen: int


def deposit_totals(tenant_id: str, on: date) -> DepositTotals:
    """Return what must be held, what is held, and what is missing in open shortages."""
    required = Requirement.objects.filter(tenant_id=tenant_id, from_on__lte=on).aggregate(
        total=Sum(F("required_fen") - F("previous_fen"))
    )["total"]
    short = positions(tenant_id, sorted(short_subjects(tenant_id)), on)
    return DepositTotals(
        required_fen=int(required or 0),
        posted_fen=sum(each.posted_fen for each in balances_listed(tenant_id, "deposit")),
        short_fen=sum(each.shortage_fen for each in short.values()),
    )


def deposit_months(tenant_id: str, months: Sequence[Month]) -> list[DepositMonth]:
    """Return the totals at the end of each month, for months in order.

    Law: a requirement's row says what it replaced, so the sum of differences is what holds.
    """
    steps = (
        Requirement.objects.filter(tenant_id=tenant_id)
        .values("from_on")
        .annotate(step=Sum(F("required_fen") - F("previous_fen")))
        .values_list("from_on", "step")
    )
    required_steps = [(on, int(step)) for on, step in steps]
    posted_steps = kind_changes(tenant_id, "deposit")
    return [
        DepositMonth(
            str(month),
            sum(step for on, step in required_steps if on <= month.last_day),
            sum(step for on, step in posted_steps if on <= month.last_day),
        )
        for month in months
    ]
