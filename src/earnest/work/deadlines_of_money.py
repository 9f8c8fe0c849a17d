"""Deadlines of deposits and cash: shortages, holds, raises, payments that are open."""

from collections.abc import Iterator
from typing import Final

from earnest.consequences.shortages import next_step
from earnest.deposits.models import DepositHold, Raise
from earnest.deposits.queries import positions, shortages_open
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.queries import Subject
from earnest.payins.models import PayOrder
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, party_packs
from earnest.work.deadline import OPERATOR, PARTY, Asked, Deadline

BOOKS: Final = {"shop": SHOP_DEPOSIT, "provider": SUPPLY_MARKET}
_LOOKED_AT_AGAIN: Final = Words(
    "逾期未复核会一直列为逾期，扣留或提高不会自动延长",
    "until somebody looks it stays on the list as overdue",
)


def deposit_path(subject: Subject) -> str:
    """Return the path of a party's deposit page."""
    kind, subject_id = subject
    return f"/shops/{subject_id}/" if kind == "shop" else f"/providers/{subject_id}/deposit/"


def shortages_due(asked: Asked) -> Iterator[Deadline]:
    """Read the shortages that are open: until when to top up, and what may follow (S3-5.1)."""
    rows = shortages_open(asked.tenant_id, asked.subject)
    subjects = [(row.subject_kind, row.subject_id) for row in rows]
    where = positions(asked.tenant_id, subjects, asked.today)
    packs = {kind: party_packs(asked.tenant_id, book) for kind, book in BOOKS.items()}
    for row, subject in zip(rows, subjects, strict=True):
        missing = yuan(where[subject].shortage_fen)
        opened_on = day_of(row.opened_at)
        following = None
        if subject[0] == "shop":
            pack = packs["shop"].of(*subject)
            following = next_step(pack, asked.today, (asked.today - opened_on).days)
        after = Words("逾期可按规则限制权益", "after it rights may be restricted as the rule says")
        if following is not None:
            step, _ = following
            after = Words(step.zh.removeprefix("；"), step.en.removeprefix("; "))
        yield Deadline(
            key=f"shortage:{row.id}",
            kind="shortage",
            subject=subject,
            bound=PARTY,
            since_on=opened_on,
            due_on=row.due_on,
            what=Words(f"补缴保证金 {missing} 元", f"top up {missing} yuan of deposit"),
            after=after,
            path=deposit_path(subject),
            clause=row.clause,
        )


def holds_due(asked: Asked) -> Iterator[Deadline]:
    """Read the days on which somebody has to look at an amount that is held (S3-4.2c)."""
    for row in DepositHold.objects.filter(**asked.rows, closed_at=None).order_by("review_on"):
        yield Deadline(
            key=f"hold:{row.id}:{row.review_on}",
            kind="hold_review",
            subject=row.subject,
            bound=OPERATOR,
            since_on=day_of(row.opened_at),
            due_on=row.review_on,
            what=Words(
                f"复核扣留（{row.case_number}，负责人 {row.owner}）",
                f"look at the hold of {row.case_number} (owner: {row.owner})",
            ),
            after=_LOOKED_AT_AGAIN,
            path=f"/cases/{row.case_number}/",
            clause=row.clause,
        )


def raises_due(asked: Asked) -> Iterator[Deadline]:
    """Read the days on which somebody has to look whether a raise's cause is still there."""
    for row in Raise.objects.filter(**asked.rows, released_on=None).order_by("review_on"):
        subject = (row.subject_kind, row.subject_id)
        yield Deadline(
            key=f"raise:{row.id}:{row.review_on}",
            kind="raise_review",
            subject=subject,
            bound=OPERATOR,
            since_on=row.from_on,
            due_on=row.review_on,
            what=Words(
                f"复核提高的保证金 {yuan(row.amount_fen)} 元",
                f"look whether {yuan(row.amount_fen)} yuan more are still called for",
            ),
            after=_LOOKED_AT_AGAIN,
            path=deposit_path(subject),
            clause=row.clause,
        )


def pay_orders_due(asked: Asked) -> Iterator[Deadline]:
    """Read the payments that a party began online and has not made."""
    rows = PayOrder.objects.filter(**asked.rows, state="open", expires_at__gt=asked.now)
    for row in rows.order_by("expires_at"):
        yield Deadline(
            key=f"pay_order:{row.number}",
            kind="pay_order",
            subject=(row.subject_kind, row.subject_id),
            bound=PARTY,
            since_on=day_of(row.opened_at),
            due_on=day_of(row.expires_at),
            what=Words(
                f"支付订单 {row.number}，{yuan(row.total_fen)} 元",
                f"pay order {row.number}: {yuan(row.total_fen)} yuan",
            ),
            after=Words("订单失效，可重新发起", "the order lapses; another can be made"),
            path=f"/pay-orders/{row.number}/",
        )
