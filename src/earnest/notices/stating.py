"""Statements of reasons, made from the parts of a notice in the moment that it is sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q

from earnest.decisions.commands import REFUSED
from earnest.decisions.models import Decision
from earnest.kernel.hashing import digest
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.market.queries import Subject, marketplace_get, party_names
from earnest.notices.models import Statement
from earnest.notices.parts import Grounds, Reasons
from earnest.notices.words import OBJECTION
from earnest.postgres.bulk import columns_of, rows_insert

if TYPE_CHECKING:
    from earnest.notices.commands import NewNotice

SCHEMA_VERSION: Final = 1
AUTOMATIC, PERSONS = "automatic", "persons"
SYSTEM: Final = "system"

_Key = tuple[str, str, str, UUID | None]
_Sent = tuple["NewNotice", UUID]


@dataclass(frozen=True)
class Decided:
    """Who took a decision: how many persons, and whether a standing order took it.

    Attributes:
        persons: who spoke for what was decided.
        approved: what they said was yes to what the rule proposed; else they decided otherwise.
    """

    persons: int = 0
    standing_order: bool = False
    approved: bool = True

    @property
    def mode(self) -> str:
        """Say whether persons decided or the rule by itself."""
        return PERSONS if self.persons else AUTOMATIC

    @property
    def words(self) -> Words:
        """Say so, with the right to have a person look at it."""
        if self.persons and not self.approved:
            return Words(
                f"由 {self.persons} 名工作人员审核后作出；您可以要求由其他人员复核",
                f"decided by {self.persons} member(s) of staff; you may ask for a review by "
                "somebody else",
            )
        if self.persons:
            return Words(
                f"由 {self.persons} 名工作人员核准作出；您可以要求由其他人员复核",
                f"approved by {self.persons} member(s) of staff; you may ask for a review by "
                "somebody else",
            )
        if self.standing_order:
            return Words(
                "依据两名工作人员事先核准的长期指令自动作出，未逐案人工审核；您有权要求由人工处理",
                "taken automatically under a standing order that two members of staff gave "
                "beforehand, without a look at this case; you have the right to have a person "
                "look at it",
            )
        return Words(
            "由系统依据规则自动作出；您有权要求由人工处理",
            "taken automatically by the rule; you have the right to have a person look at it",
        )


def statements_keep(tenant_id: str, sent: Sequence[_Sent], now: datetime) -> None:
    """Keep the statement of each notice that has grounds; one that stands already is left alone.

    Call it in the transaction that sends the notices.
    """
    stated = {_key(notice): (notice, sent_as) for notice, sent_as in sent if notice.grounds}
    for known in _standing(tenant_id, stated):
        del stated[known]
    if not stated:
        return
    notices = [notice for notice, _ in stated.values()]
    names = party_names(tenant_id, [(each.subject_kind, each.subject_id) for each in notices])
    decided = _decided_by(tenant_id, [each.decision_id for each in notices if each.decision_id])
    market = marketplace_get(tenant_id)
    context = _Context(
        tenant_id,
        now,
        Words(market.name_zh, market.name_en) if market else Words(tenant_id, tenant_id),
        names,
        decided,
    )
    first = _last_number(tenant_id) + 1
    rows = [
        _statement(context, f"R{number:08d}", notice, sent_as)
        for number, (notice, sent_as) in enumerate(stated.values(), start=first)
    ]
    rows_insert(Statement, map(columns_of, rows))


@dataclass(frozen=True)
class _Context:
    """What all statements of one sending have in common."""

    tenant_id: str
    now: datetime
    market: Words
    names: Mapping[Subject, str]
    decided: Mapping[UUID, Decided]


def _key(notice: "NewNotice") -> _Key:
    return notice.subject_kind, notice.subject_id, notice.about, notice.decision_id


def _standing(tenant_id: str, stated: Iterable[_Key]) -> list[_Key]:
    """Return which of the statements stand already."""
    wanted = set(stated)
    rows = Statement.objects.filter(tenant_id=tenant_id, about__in={key[2] for key in wanted})
    found = rows.values_list("subject_kind", "subject_id", "about", "decision_id")
    return [key for key in found if key in wanted]


def _decided_by(tenant_id: str, decisions: Sequence[UUID]) -> dict[UUID, Decided]:
    """Return who took each decision, by the words that decided it: one refusal refuses it."""
    by_hand = ~Q(approvals__actor=SYSTEM)
    rows = (
        Decision.objects.filter(tenant_id=tenant_id, id__in=decisions)
        .annotate(
            agreed=Count("approvals", filter=by_hand & Q(approvals__verdict="approve")),
            refused=Count("approvals", filter=by_hand & Q(approvals__verdict="refuse")),
        )
        .values_list("id", "state", "agreed", "refused", "standing_order_id")
    )
    return {
        each: Decided(refused, approved=False)
        if state == REFUSED
        else Decided(agreed, order is not None)
        for each, state, agreed, refused, order in rows
    }


def _decided(context: _Context, notice: "NewNotice", grounds: Grounds) -> Decided:
    """Return who decided what a notice tells: as its writer says, else as the decision does."""
    if grounds.persons is not None:
        return Decided(grounds.persons, approved=False)
    known = context.decided.get(notice.decision_id) if notice.decision_id else None
    return known or Decided()


def _last_number(tenant_id: str) -> int:
    """Return the last number given; nobody else gives one until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"statements:{tenant_id}"]
        )
    rows = Statement.objects.filter(tenant_id=tenant_id).order_by("-number")
    last = rows.values_list("number", flat=True).first()
    return int(last[1:]) if last else 0


def _statement(context: _Context, number: str, notice: "NewNotice", notice_id: UUID) -> Statement:
    grounds = notice.grounds
    assert grounds is not None  # noqa: S101 - only notices with grounds get here
    content = _content(context, number, notice, grounds)
    return Statement(
        id=uuid7_for(context.now, context.tenant_id, "statement", number),
        tenant_id=context.tenant_id,
        number=number,
        subject_kind=notice.subject_kind,
        subject_id=notice.subject_id,
        about=notice.about,
        notice_id=notice_id,
        decision_id=notice.decision_id,
        ticket_number=grounds.ticket_number,
        kind=notice.kind,
        severity=notice.severity,
        rulebook=grounds.rulebook,
        edition=grounds.edition,
        clause=notice.clause,
        title_zh=grounds.zh.title,
        title_en=grounds.en.title,
        appeal_until=grounds.appeal_until,
        content=content,
        content_hash=digest(content),
        sent_at=context.now,
    )


def _content(
    context: _Context, number: str, notice: "NewNotice", grounds: Grounds
) -> dict[str, Any]:
    """Return the whole statement as plain data; docs/statements.md says what each part is."""
    subject = (notice.subject_kind, notice.subject_id)
    decided = _decided(context, notice, grounds)
    where = _where(grounds, context.market)
    return {
        "schema_version": SCHEMA_VERSION,
        "number": number,
        "sent_at": context.now.isoformat(),
        "marketplace": {
            "id": context.tenant_id, "zh": context.market.zh, "en": context.market.en
        },
        "subject": {
            "kind": subject[0], "id": subject[1], "name": context.names.get(subject, "")
        },
        "kind": notice.kind,
        "severity": notice.severity,
        "decision_id": str(notice.decision_id) if notice.decision_id else None,
        "rule": {
            "rulebook": grounds.rulebook, "edition": grounds.edition, "clause": notice.clause
        },
        "decided_by": {"mode": decided.mode, "persons": decided.persons},
        "due_on": _day(notice.due_on),
        "appeal": {"until": _day(grounds.appeal_until), "ticket": grounds.ticket_number},
        "parts": {
            language: _parts(reasons, language, decided, where)
            for language, reasons in (("zh", grounds.zh), ("en", grounds.en))
        },
    }  # fmt: skip


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _where(grounds: Grounds, market: Words) -> Words:
    """Say where an appeal or an objection is handed in."""
    if grounds.ticket_number:
        address = f"{settings.PUBLIC_URL}/tickets/{grounds.ticket_number}/"
        return Words(
            f"在控制台打开处罚单 {grounds.ticket_number} 提交申诉：{address}",
            f"open ticket {grounds.ticket_number} in the console and appeal there: {address}",
        )
    return Words(
        f"向 {market.zh} 提出，并写明本决定理由书的编号",
        f"write to {market.en} and give the number of this statement",
    )


def _parts(reasons: Reasons, language: str, decided: Decided, where: Words) -> dict[str, str]:
    parts = asdict(reasons)
    parts["objection"] = reasons.objection or OBJECTION[language]
    return parts | {"decided_by": decided.words.said(language), "where": where.said(language)}
