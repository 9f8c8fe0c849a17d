"""Notices that follow from the course of time: a shortage opened, a restriction ended."""

from collections.abc import Iterable, Sequence
from datetime import date

from earnest.assessment.shops import SHOP
from earnest.consequences.reasons import ended_notice
from earnest.consequences.shortages import next_step
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.notices.commands import Message, NewNotice
from earnest.policy import Pack
from earnest.restrictions.models import Restriction
from earnest.rulebooks.packs import SHOP_DEPOSIT, party_packs

RESTRICTED = Words(
    "；逾期未补足的，平台可依规则采取限制措施",
    "; after that day the marketplace may restrict the service",
)
RELEASED = Words(
    "解除条件已全部满足，以下限制恢复正常", "All conditions hold, so this restriction has ended"
)


def shortage_notices(opened: Iterable[tuple[Shortage, Position]]) -> list[NewNotice]:
    """Tell each subject whose deposit has fallen short what to pay, by when, and what is next.

    Clauses: S3-5.1, S3-5.2b. What is next is the first step of the staircase; for a provider, whose
    rule has none, that the service may be restricted.
    """
    rows = list(opened)
    shops = [row for row, _ in rows if row.subject_kind == SHOP]
    if not shops:
        return [_shortage_notice(row, at, RESTRICTED) for row, at in rows]
    packs = party_packs(shops[0].tenant_id, SHOP_DEPOSIT)
    steps: dict[tuple[tuple[str, ...], date], Words] = {}
    told: list[NewNotice] = []
    for row, at in rows:
        subject, on = (row.subject_kind, row.subject_id), day_of(row.opened_at)
        key = (packs.without.get(subject, ()), on)
        if subject[0] == SHOP and key not in steps:
            steps[key] = _first_step(packs.of(*subject), on)
        told.append(_shortage_notice(row, at, steps[key] if subject[0] == SHOP else RESTRICTED))
    return told


def _first_step(pack: Pack, on: date) -> Words:
    following = next_step(pack, on, 0)
    return following[0] if following else RESTRICTED


def _shortage_notice(shortage: Shortage, at: Position, next_words: Words) -> NewNotice:
    missing, required, free = yuan(at.shortage_fen), yuan(at.required_fen), yuan(at.free_fen)
    return NewNotice(
        subject_kind=shortage.subject_kind,
        subject_id=shortage.subject_id,
        about=f"shortage {shortage.id}",
        kind="shortage",
        severity="warning",
        clause=shortage.clause,
        decision_id=shortage.decision_id,
        zh=Message(
            f"请于 {shortage.due_on} 前补缴保证金 {missing} 元",
            f"应缴 {required} 元，可用余额 {free} 元，缺口 {missing} 元。"
            f"请在 {shortage.due_on}（含当日）前补足；补足后相关限制自动解除"
            f"{next_words.zh}。",
        ),
        en=Message(
            f"Top up {missing} yuan of deposit by {shortage.due_on}",
            f"Required {required} yuan, free balance {free} yuan, missing {missing} yuan. "
            f"Please pay in by {shortage.due_on} (that day included); restrictions that wait for "
            f"it then end by themselves{next_words.en}.",
        ),
        due_on=shortage.due_on,
    )


def release_notices(released: Sequence[Restriction]) -> list[NewNotice]:
    """Tell each subject which of its restrictions have ended."""
    by_decision: dict[object, list[Restriction]] = {}
    for row in released:
        by_decision.setdefault(row.decision_id, []).append(row)
    return [ended_notice(rows, RELEASED) for rows in by_decision.values()]
