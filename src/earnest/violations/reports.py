"""Reports: what measures, people, inspections, complaints, screenings and regulators tell.

Every report lands in one queue. It accuses a provider of one or more items; nothing happens to the
provider before a reviewer has found them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import Subject, provider_get
from earnest.policy import Pack
from earnest.postgres.numbering import number_next
from earnest.violations.kinds import Kind, kind_get, pack_of_subject
from earnest.violations.models import REPORTED, Violation, ViolationEntry, ViolationItem

SOURCES: Final = ("measure", "report", "inspection", "complaint", "screening", "regulator")
ITEMS_MAX: Final = 50
NOTE_MAX: Final = 4000
ABOUT_MAX: Final = 200
THINGS: Final = ("listing", "item_id", "charge", "function", "brand", "category", "month")
"""Facts that name what a violation is about, the first one given counts; see :func:`fact_key`."""


@dataclass(frozen=True)
class ReportItem:
    """One thing that a party is said to have done.

    Attributes:
        kind: a kind of the rulebook's table ``violation_kinds``.
        clause: the clause that it breaks; empty takes the kind's own.
        happened_on: the day of the conduct, not of its discovery.
        facts: plain data, shown to the reviewer. ``listing``, ``item_id``, ``charge``,
            ``function``, ``brand``, ``category`` or ``month`` name what it is about; ``stake_fen``
            is the money at stake and ``loss_fen`` the damage done, in fen; ``harm`` tells that
            somebody was harmed.
        documents: ids of documents kept about the party.
        note: a word for the reviewer.
    """

    kind: str
    clause: str
    happened_on: date
    facts: Mapping[str, Any]
    documents: tuple[UUID, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Report:
    """A report about one party.

    Attributes:
        subject: ("provider", id).
        source: one of :data:`SOURCES`.
        items: at least one.
        actor: who or what reports; the party is never told.
        note: what happened, in a few words.
        about: what makes it unique, such as ``charge-check C-17 2025-09``; the same ``about``
            again gives the same violation and adds nothing.
    """

    subject: Subject
    source: str
    items: Sequence[ReportItem] = field(default_factory=tuple)
    actor: str = ""
    note: str = ""
    about: str = ""


@transaction.atomic
def violation_report(tenant_id: str, report: Report, now: datetime) -> Violation:
    """Take in a report: it gets the next number and waits in the review queue.

    The same ``about`` again returns the violation that it led to, and changes nothing.

    Clauses: S0-2.2.6, and those of the items.

    Raises:
        BadInput: an unknown source, no item, a day to come, facts that are no plain data; it names
            the item's row and the field.
        NotFound: no such provider, kind or document.
    """
    _locked(tenant_id)
    if report.about:
        known = Violation.objects.filter(tenant_id=tenant_id, about=report.about).first()
        if known is not None:
            return known
    _check(report)
    provider_get(tenant_id, report.subject[1])
    pack, on = pack_of_subject(tenant_id, report.subject), day_of(now)
    kinds = [
        item_checked(tenant_id, pack, report.subject, (row, each), on)
        for row, each in enumerate(report.items, start=1)
    ]
    return _kept(tenant_id, report, kinds, now)


def _locked(tenant_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"violations:{tenant_id}"]
        )


def _kept(tenant_id: str, report: Report, kinds: Sequence[Kind], now: datetime) -> Violation:
    number = number_next(Violation, tenant_id, "V")
    subject_kind, subject_id = report.subject
    violation = Violation.objects.create(
        id=uuid7_for(now, tenant_id, "violation", number),
        tenant_id=tenant_id,
        number=number,
        subject_kind=subject_kind,
        subject_id=subject_id,
        source=report.source,
        about=report.about,
        note=report.note.strip(),
        severity=max(each.severity for each in kinds),
        at_stake_fen=sum(_fen(each.facts) for each in report.items),
        reported_by=report.actor,
        reported_at=now,
        state=REPORTED,
    )
    ViolationItem.objects.bulk_create(
        item_row(violation, position, item, kind)
        for position, (item, kind) in enumerate(zip(report.items, kinds, strict=True), start=1)
    )
    entry_add(violation, "reported", now, actor=report.actor, note=report.note.strip())
    return violation


def item_row(violation: Violation, position: int, item: ReportItem, kind: Kind) -> ViolationItem:
    """Return the row of an item, not saved yet."""
    return ViolationItem(
        violation=violation,
        tenant_id=violation.tenant_id,
        position=position,
        kind=item.kind,
        clause=item.clause or kind.clause,
        happened_on=item.happened_on,
        facts=_plain(item.facts),
        documents=[str(each) for each in item.documents],
        note=item.note.strip(),
        fact_key=fact_key(violation.subject, item.happened_on, item.facts)
        or f"{violation.number} {position}",
    )


def fact_key(subject: Subject, happened_on: date, facts: Mapping[str, Any]) -> str:
    """Return what makes a fact one fact: whose it is, what it is about, and its day or its month.

    Two items with the same key tell of the same fact, whatever kind or clause they name it by.
    Where nobody says what it is about, no fact is known to be the same: the key is empty.

    >>> fact_key(("provider", "P1"), date(2025, 9, 3), {"listing": "L7"})
    'provider:P1|listing L7|2025-09-03'
    >>> fact_key(("provider", "P1"), date(2025, 9, 3), {"month": "2025-09"})
    'provider:P1|month 2025-09|2025-09'
    """
    thing = thing_of(facts)
    if not thing:
        return ""
    when = str(facts["month"]) if thing.startswith("month ") else happened_on.isoformat()
    return f"{subject[0]}:{subject[1]}|{thing}|{when}"


def thing_of(facts: Mapping[str, Any]) -> str:
    """Return what an item is about, as ``listing L7``; empty where its facts do not name it."""
    for name in THINGS:
        if facts.get(name):
            return f"{name} {str(facts[name])[:70]}"
    return ""


def entry_add(
    violation: Violation,
    what: str,
    now: datetime,
    *,
    actor: str,
    note: str = "",
    facts: Mapping[str, Any] | None = None,
) -> ViolationEntry:
    """Add one step to the story of a violation."""
    return ViolationEntry.objects.create(
        violation=violation,
        tenant_id=violation.tenant_id,
        what=what,
        note=note,
        facts=dict(facts or {}),
        actor=actor,
        at=now,
    )


def _check(report: Report) -> None:
    where = ":".join(report.subject)
    if report.source not in SOURCES:
        raise _bad(
            "unknown_source", "source",
            f"来源只能是 {'、'.join(SOURCES)}。", f"the source is one of {', '.join(SOURCES)}",
        )  # fmt: skip
    if report.subject[0] != "provider":
        raise _bad(
            "not_a_provider", where,
            "本规则的违规只针对服务商；店铺请走保证金扣除。",
            "violations of this rule are a provider's; a shop falls under deductions",
        )  # fmt: skip
    if not 1 <= len(report.items) <= ITEMS_MAX:
        raise _bad(
            "items_wrong", "items",
            f"至少一项、最多 {ITEMS_MAX} 项违规。", f"give 1 to {ITEMS_MAX} items",
        )  # fmt: skip
    if len(report.about) > ABOUT_MAX or len(report.note) > NOTE_MAX:
        raise _bad(
            "too_long", "about" if len(report.about) > ABOUT_MAX else "note",
            f"about 最多 {ABOUT_MAX} 字，说明最多 {NOTE_MAX} 字。",
            f"about has at most {ABOUT_MAX} characters, the note at most {NOTE_MAX}",
        )  # fmt: skip
    if report.source == "report" and not report.note.strip():
        raise _bad(
            "note_missing", "note", "请写明举报内容。", "say what happened"
        )  # fmt: skip


def item_checked(
    tenant_id: str, pack: Pack, subject: Subject, numbered: tuple[int, ReportItem], on: date
) -> Kind:
    """Return the kind of an item that may be kept; what is wrong is named by row and field."""
    row, item = numbered
    kind = kind_get(pack, item.kind, max(on, pack.in_force_from()), where=f"items.{row}.kind")
    if item.clause and item.clause not in pack.clauses:
        raise _bad(
            "unknown_clause", f"items.{row}.clause",
            f"规则包没有条款 {item.clause}。", f"the rulebook has no clause {item.clause!r}",
        )  # fmt: skip
    if item.happened_on > on:
        raise _bad(
            "day_to_come", f"items.{row}.happened_on",
            "发生日不能晚于今天。", "the day of the conduct is not after today",
        )  # fmt: skip
    _facts_checked(row, item.facts)
    documents_owned(tenant_id, subject, item.documents)
    return kind


def _facts_checked(row: int, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        wrong = not isinstance(value, str | int | bool | date | list | tuple | dict | None)
        money = name.endswith("_fen") and (
            isinstance(value, bool) or not isinstance(value, int) or value < 0
        )
        if wrong or money:
            raise _bad(
                "fact_wrong", f"items.{row}.facts.{name}",
                "事实须是文本、整数、日期、真假或由它们组成的列表；金额以分计，不小于零。",
                "a fact is text, a whole number, a day, true or false, or a list of these; money "
                "is in fen and not below nothing",
            )  # fmt: skip


def _fen(facts: Mapping[str, Any]) -> int:
    return max(int(facts.get("stake_fen") or 0), int(facts.get("loss_fen") or 0))


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _bad(code: str, where: str, zh: str, en: str) -> BadInput:
    return BadInput(code, where=where, zh=zh, en=en)
