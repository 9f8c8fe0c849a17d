"""Where the rows of a deposit's life come from: one reader for each room that knows part of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from earnest.cases.life import LifeRow, life_ordered
from earnest.cases.life_cash import payouts_told, receipts_told
from earnest.cases.life_words import (
    ACCOUNTS,
    CASES,
    STATES,
    decision_words,
    movement_note,
    movement_words,
    period_words,
)
from earnest.cases.models import Case
from earnest.consequences.words import CAPABILITIES, OUTCOMES
from earnest.decisions.models import Decision
from earnest.decisions.queries import decisions_of
from earnest.deposits.accounts import claim_of, deposit_of, settlement_of
from earnest.deposits.models import Shortage
from earnest.deposits.queries import requirement_history
from earnest.kernel.calendar import day_start
from earnest.kernel.errors import NotFound
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.ledger.queries import STATEMENT_MAX, statement
from earnest.ledger.records import StatementLine
from earnest.market.queries import Subject
from earnest.notices.queries import inbox
from earnest.restrictions.models import Restriction
from earnest.rulebooks.packs import RULEBOOKS

_CODE_OF = {"deposit": deposit_of, "settlement": settlement_of, "claim": claim_of}


def life(tenant_id: str, subject: Subject) -> list[LifeRow]:
    """Return everything that ever happened to a subject's deposit, oldest first.

    Clauses: S3-1.2 (kept and accounted for by the platform), S3-4.2a, S3-5.1, S3-6.1x, S3-6.2x.
    """
    decided = {each.id: each for each in decisions_of(tenant_id, *subject)}
    rows: list[LifeRow] = []
    for account in ACCOUNTS:
        lines = statement_whole(tenant_id, _CODE_OF[account](subject))
        rows += [_movement(line, account, RULEBOOKS[subject[0]]) for line in lines]
    rows += _requirements(tenant_id, subject, decided)
    rows += _shortages(tenant_id, subject)
    rows += [_decision(each) for each in decided.values()]
    rows += _cases(tenant_id, subject)
    rows += _restrictions(tenant_id, subject)
    rows += _notices(tenant_id, subject)
    rows += payouts_told(tenant_id, subject)
    rows += receipts_told(tenant_id, subject)
    return life_ordered(rows)


def statement_whole(tenant_id: str, code: str) -> list[StatementLine]:
    """Return every entry of an account, oldest first; none while it is not open."""
    lines: list[StatementLine] = []
    before: int | None = None
    while True:
        try:
            page = statement(tenant_id, code, STATEMENT_MAX, before)
        except NotFound:
            return []
        lines += page
        if len(page) < STATEMENT_MAX:
            return lines[::-1]
        before = page[-1].seq


def _movement(line: StatementLine, account: str, rulebook: str) -> LifeRow:
    said = movement_words(line, account)
    note = movement_note("" if line.decision_id else line.note)  # a decision says it better
    return LifeRow(
        kind="movement",
        code=line.kind,
        at=line.effective_at,
        zh=said.zh,
        en=said.en,
        detail_zh=note.zh,
        detail_en=note.en,
        account=account,
        amount_fen=line.amount_fen,
        held_delta_fen=line.held_delta_fen,
        clause=line.clause,
        rulebook=rulebook,
        ref_kind="decision" if line.decision_id else "",
        ref=str(line.decision_id or ""),
        id=str(line.transfer_id),
        seq=line.seq,
    )


def _requirements(
    tenant_id: str, subject: Subject, decided: dict[UUID, Decision]
) -> Iterator[LifeRow]:
    for row in requirement_history(tenant_id, subject):
        decision = decided.get(row.decision_id)
        change = f"{yuan(row.previous_fen)} → {yuan(row.required_fen)}"
        yield LifeRow(
            kind="requirement",
            code="raised" if row.required_fen > row.previous_fen else "lowered",
            at=_settled(decision) if decision else day_start(row.from_on),
            zh=f"应缴 {change} 元",
            en=f"required: {change} yuan",
            amount_fen=row.required_fen,
            clause=row.clause,
            rulebook=decision.rulebook if decision else "",
            ref_kind="decision",
            ref=str(row.decision_id),
            id=str(row.id),
        )


def _settled(decision: Decision) -> datetime:
    return decision.settled_at or decision.made_at


def _shortages(tenant_id: str, subject: Subject) -> Iterator[LifeRow]:
    rows = Shortage.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1]
    )
    for row in rows.order_by("opened_at"):
        due = Words(f"出现缺口，补缴期限 {row.due_on}", f"short; to be topped up by {row.due_on}")
        yield _shortage(row, "opened", row.opened_at, due)
        if row.closed_at:
            filled = Words("缺口已补足", "topped up, no longer short")
            yield _shortage(row, "closed", row.closed_at, filled)


def _shortage(row: Shortage, code: str, at: datetime, said: Words) -> LifeRow:
    return LifeRow(
        kind="shortage",
        code=code,
        at=at,
        zh=said.zh,
        en=said.en,
        clause=row.clause,
        rulebook=RULEBOOKS[row.subject_kind],
        ref_kind="decision",
        ref=str(row.decision_id),
        id=str(row.id),
    )


def _decision(decision: Decision) -> LifeRow:
    said, state, about = (
        decision_words(decision),
        STATES[decision.state],
        period_words(decision.period),
    )
    return LifeRow(
        kind="decision",
        code=f"{decision.decision}.{decision.outcome}",
        at=decision.made_at,
        zh=said.zh,
        en=said.en,
        detail_zh=f"{about.zh}，{state.zh}",
        detail_en=f"{about.en}, {state.en}",
        amount_fen=decision.money_fen or None,
        clause=decision.clause,
        rulebook=decision.rulebook,
        ref_kind="decision",
        ref=str(decision.id),
        id=str(decision.id),
    )


def _cases(tenant_id: str, subject: Subject) -> Iterator[LifeRow]:
    rows = Case.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1]
    ).prefetch_related("entries")
    for case in rows:
        said = CASES.get(case.kind, Words(case.kind, case.kind))
        for entry in case.entries.all():
            done, note = entry_words(entry.what), note_words(entry.note)
            yield LifeRow(
                kind="case",
                code=f"{case.kind}.{entry.what}",
                at=entry.at,
                zh=f"{case.number} {said.zh}：{done.zh}",
                en=f"{case.number} {said.en}: {done.en}",
                detail_zh=note.zh,
                detail_en=note.en,
                ref_kind="case",
                ref=case.number,
                id=str(entry.pk),
                seq=entry.pk,
            )


ENTRIES: dict[str, Words] = {
    "opened": Words("提交", "filed"),
    "done": Words("办结", "done"),
    "refused": Words("未获支持", "refused"),
    "withdrawn": Words("撤回", "withdrawn"),
    "confirmed": Words("审核成立", "confirmed by a review"),
    "reviewed": Words("复核", "reviewed"),
    "settlement_asked": Words("提出结算", "settlement asked for"),
    "release_asked": Words("提出解除", "release asked for"),
    "kept": Words("继续提高", "kept"),
    "facts": Words("录入事实", "facts told"),
    "opened_category": Words("类目开通", "category opened"),
    "reversed": Words("经申诉撤销", "reversed after an appeal"),
    "proposed": Words("条件全部满足，提请审批", "every condition holds, put to approval"),
}
NOTES: dict[str, Words] = {
    "settled": Words("已了结", "settled"),
    "stopped": Words("已停止", "stopped"),
    "reversed": Words("经申诉撤销", "reversed after an appeal"),
    "released": Words("已解除", "released"),
    "expired": Words("到期解除", "expired"),
    "refused": Words("未获批准", "refused"),
}


def entry_words(what: str) -> Words:
    """Say what a step in a case's story is."""
    return ENTRIES.get(what, Words(what, what))


def note_words(note: str) -> Words:
    """Say what stands beside a step: the system's own codes in words, a person's words as given."""
    return NOTES.get(note, Words(note, note))


def _restrictions(tenant_id: str, subject: Subject) -> Iterator[LifeRow]:
    rows = Restriction.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1]
    ).order_by("starts_at", "capability")
    groups: dict[tuple[object, ...], list[Restriction]] = {}
    for row in rows:
        key = (row.decision_id, row.measure, row.starts_at, row.released_at)
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        first = group[0]
        measure = OUTCOMES.get(first.measure, Words(first.measure, first.measure))
        taken = _capabilities(group)
        yield _restriction(first, "granted", measure, taken)
        if first.released_at:
            yield _restriction(first, "released", measure, taken)


def _capabilities(rows: Sequence[Restriction]) -> Words:
    said = [CAPABILITIES.get(row.capability, Words(*[row.capability] * 2)) for row in rows]
    return Words("、".join(each.zh for each in said), ", ".join(each.en for each in said))


def _restriction(row: Restriction, code: str, measure: Words, taken: Words) -> LifeRow:
    begun = code == "granted"
    return LifeRow(
        kind="restriction",
        code=f"{row.measure}.{code}",
        at=row.starts_at if begun or row.released_at is None else row.released_at,
        zh=f"{measure.zh}生效" if begun else f"{measure.zh}解除",
        en=f"begins: {measure.en}" if begun else f"ends: {measure.en}",
        detail_zh=taken.zh,
        detail_en=taken.en,
        clause=row.clause,
        rulebook=row.rulebook,
        ref_kind="decision",
        ref=str(row.decision_id),
        id=str(row.id),
    )


def _notices(tenant_id: str, subject: Subject) -> Iterator[LifeRow]:
    for notice in inbox(tenant_id, *subject):
        yield LifeRow(
            kind="notice",
            code=notice.kind,
            at=notice.sent_at,
            zh=notice.title_zh,
            en=notice.title_en,
            clause=notice.clause,
            rulebook=RULEBOOKS[subject[0]],
            ref_kind="decision" if notice.decision_id else "",
            ref=str(notice.decision_id or ""),
            id=str(notice.id),
        )
