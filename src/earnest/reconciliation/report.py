"""The report of a day: totals of both sides, what agrees, what is open and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Case, F, Sum, Value, When

from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Problem
from earnest.payins.models import PayOrder
from earnest.reconciliation.book_side import bookings_on, cash_at
from earnest.reconciliation.models import Item, Statement, StatementLine

OUTCOMES: Final = ("matched", "day_differs", "amount_differs", "only_institution", "only_books")
ACTIONS: Final[dict[str, tuple[str, str]]] = {
    "none": ("无需处理", "nothing to do"),
    "take_order": (
        "机构已收到该缴款单的款项：向机构查询这笔交易，确认后入账",
        "the institution received a payment order's money: query the trade there and book it",
    ),
    "find_owner": (
        "机构有款到账而账上没有：核对是否漏导回单，导入后匹配或退回",
        "money came in that the books do not know: import its receipt, then match or return it",
    ),
    "money_left": (
        "机构有款转出而账上没有指令：立即核查是谁发起的，必要时冻结该渠道",
        "money went out without an instruction of ours: find out at once who sent it",
    ),
    "wait_a_day": (
        "账上已记收款而机构未列：先看次日对账单；仍没有则向机构查询并冲正",
        "booked and not listed: see tomorrow's statement; if it is not there, ask and reverse",
    ),
    "query_payout": (
        "账上已记付款而机构未列：先看次日对账单；仍没有则向机构查询付款结果",
        "paid out by our books and not listed: see tomorrow's statement, then query the payout",
    ),
    "compare": (
        "两边金额不同：逐笔核对下列流水，按差额补记或冲正",
        "the amounts differ: compare the movements below, then book or reverse the difference",
    ),
}


@dataclass(frozen=True)
class Side:
    """One side's day in fen: opening + came in - went out = closing; None where it is not told."""

    opening_fen: int | None
    in_fen: int
    out_fen: int
    closing_fen: int | None
    movements: int

    @property
    def adds_up(self) -> bool | None:
        """Whether opening and movements give the closing; None where balances are not told."""
        if self.opening_fen is None or self.closing_fen is None:
            return None
        return self.opening_fen + self.in_fen - self.out_fen == self.closing_fen


@dataclass(frozen=True)
class ReportLine:
    """One number of the report.

    Attributes:
        difference_fen: what the institution has more than our books.
        age_days: days since the first movement.
        action: what to do, a key of ``ACTIONS``.
    """

    id: UUID
    our_no: str
    institution_no: str
    outcome: str
    state: str
    institution_fen: int
    books_fen: int
    first_on: date
    age_days: int
    action: str
    owner: str
    owner_note: str
    reason: str
    explained_by: str

    @property
    def difference_fen(self) -> int:
        """What the institution has more than our books."""
        return self.institution_fen - self.books_fen

    @property
    def action_zh(self) -> str:
        """What to do, in Chinese."""
        return ACTIONS[self.action][0]

    @property
    def action_en(self) -> str:
        """What to do, in English."""
        return ACTIONS[self.action][1]


@dataclass(frozen=True)
class Report:
    """A day of a rail, compared."""

    rail: str
    day: date
    institution: Side
    books: Side
    fee_fen: int
    counts: dict[str, int]
    lines: list[ReportLine]
    bad: list[Problem]

    @property
    def open_lines(self) -> list[ReportLine]:
        """What a person has to look at, the oldest first."""
        waiting = [each for each in self.lines if each.state == "open"]
        return sorted(waiting, key=lambda each: (each.first_on, each.our_no, each.institution_no))

    @property
    def agrees(self) -> bool:
        """Whether nothing is open and no row was at fault."""
        return not self.open_lines and not self.bad

    def totals(self) -> list[dict[str, object]]:
        """Return both sides as rows."""
        return [
            {"side": name, **vars(side), "adds_up": side.adds_up}
            for name, side in (("institution", self.institution), ("books", self.books))
        ]

    def rows(self) -> list[dict[str, object]]:
        """Return the lines as rows for a table, JSON or CSV."""
        return [
            {**vars(each), "difference_fen": each.difference_fen, "action_zh": each.action_zh,
             "action_en": each.action_en}
            for each in self.lines
        ]  # fmt: skip


def report_of(tenant_id: str, rail: str, day: date, now: datetime) -> Report:
    """Return the report of a day as it stands."""
    statements = list(
        Statement.objects.filter(tenant_id=tenant_id, rail=rail, day=day).order_by("imported_at")
    )
    items = Item.objects.filter(tenant_id=tenant_id, rail=rail, days__contains=[day])
    shown = list(items.exclude(outcome="joined").order_by("first_on", "our_no", "id"))
    lines = _lines(tenant_id, shown, now)
    institution, fee_fen = _institution(tenant_id, rail, day, statements)
    return Report(
        rail=rail,
        day=day,
        institution=institution,
        books=_books(tenant_id, rail, day),
        fee_fen=fee_fen,
        counts={name: sum(each.outcome == name for each in lines) for name in OUTCOMES},
        lines=lines,
        bad=[Problem(**row) for each in statements for row in each.bad],
    )


def _institution(
    tenant_id: str, rail: str, day: date, statements: Sequence[Statement]
) -> tuple[Side, int]:
    """Return the institution's side and its fees. Only one file's balances can be a day's."""
    rows = StatementLine.objects.filter(tenant_id=tenant_id, rail=rail, day=day)
    came = Case(When(amount_fen__gt=0, then=F("amount_fen")), default=Value(0))
    total = rows.aggregate(came=Sum(came), moved=Sum("amount_fen"), fee=Sum("fee_fen"))
    in_fen, moved = int(total["came"] or 0), int(total["moved"] or 0)
    told = [each for each in statements if each.closing_fen is not None]
    alone = told[0] if len(told) == 1 else None
    side = Side(
        opening_fen=alone.opening_fen if alone else None,
        in_fen=in_fen,
        out_fen=in_fen - moved,
        closing_fen=alone.closing_fen if alone else None,
        movements=rows.count(),
    )
    return side, int(total["fee"] or 0)


def _books(tenant_id: str, rail: str, day: date) -> Side:
    moved = [each.amount_fen for each in bookings_on(tenant_id, rail, day)]
    return Side(
        opening_fen=cash_at(tenant_id, rail, day),
        in_fen=sum(fen for fen in moved if fen > 0),
        out_fen=-sum(fen for fen in moved if fen < 0),
        closing_fen=cash_at(tenant_id, rail, day + timedelta(days=1)),
        movements=len(moved),
    )


def _lines(tenant_id: str, items: Sequence[Item], now: datetime) -> list[ReportLine]:
    numbers = [each.our_no for each in items if each.our_no]
    orders = PayOrder.objects.filter(tenant_id=tenant_id, number__in=numbers)
    unpaid = set(orders.exclude(state="paid").values_list("number", flat=True))
    return [
        ReportLine(
            id=each.id,
            our_no=each.our_no,
            institution_no=each.institution_no,
            outcome=each.outcome,
            state=each.state,
            institution_fen=each.institution_fen,
            books_fen=each.books_fen,
            first_on=each.first_on,
            age_days=(day_of(now) - each.first_on).days,
            action=_action(each, each.our_no in unpaid),
            owner=each.owner,
            owner_note=each.owner_note,
            reason=each.reason if each.state == "explained" else "",
            explained_by=each.explained_by if each.state == "explained" else "",
        )
        for each in items
    ]


def _action(item: Item, of_unpaid_order: bool) -> str:  # noqa: FBT001 - one question of two
    if item.state != "open":
        return "none"
    if item.outcome == "only_institution":
        if item.institution_fen < 0:
            return "money_left"
        return "take_order" if of_unpaid_order else "find_owner"
    if item.outcome == "only_books":
        return "wait_a_day" if item.books_fen > 0 else "query_payout"
    return "compare"
