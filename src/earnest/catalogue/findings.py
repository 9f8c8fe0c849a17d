"""What was found wrong with listings, parcels and messages: by the feed, a person, or a text.

Each is kept with its evidence and becomes a violation report once; a reviewer finds what it is.
Clauses: S0-2.1-info1, S0-2.1-info2 to S0-2.1-info2d, S0-2.1-qual3a, S0-2.1-qual3b.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from earnest.catalogue.models import GoodsFinding
from earnest.catalogue.results import FINDING_CLAUSE, FINDINGS
from earnest.catalogue.screening import text_screen
from earnest.documents.queries import documents_owned
from earnest.feed.queries import event_files
from earnest.kernel.calendar import day_of, instant_of, micros_of
from earnest.kernel.errors import BadInput, Problem
from earnest.kernel.hashing import digest
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import party_names, provider_get
from earnest.measures.engine import opened, rows
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.violations.reports import Report, ReportItem, violation_report

KINDS: Final[dict[str, str]] = {
    "information_unlawful": "S0-2.1-info1",
    "information_untrue": "S0-2.1-info2",
    "images_unclear": "S0-2.1-info2a",
    "outside_contacts": "S0-2.1-info2b",
    "not_as_described": "S0-2.1-info2c",
    "exaggeration": "S0-2.1-info2d",
    "waybill_missing": "S0-2.1-qual3a",
    "foreign_marks": "S0-2.1-qual3b",
}
"""The kinds of violation that are found on goods, with their clauses."""

THINGS: Final = ("listing", "parcel", "message")
OVER: Final = frozenset({"withdrawn", "dismissed", "closed", "resolved", "false_positive"})
"""States of the feed's own finding in which nothing is wrong any more."""

_SQL: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class NewFinding:
    """What a person found.

    Attributes:
        thing: listing, parcel or message; ``thing_id`` the listing's id, or the waybill.
        kind: one of ``KINDS``.
        happened_on: the day on which it stood there, or the parcel came.
        note: what is wrong, in a few words.
        documents: pictures and the like, documents about the provider.
        excerpt, marked: the words around a match of a text, and the match.
        origin: person or text_screen.
    """

    provider_id: str
    thing: str
    thing_id: str
    kind: str
    happened_on: date
    actor: str
    note: str = ""
    documents: Sequence[UUID] = field(default_factory=tuple)
    excerpt: str = ""
    marked: str = ""
    origin: str = "person"


@dataclass(frozen=True)
class ListingText:
    """The words of one listing, to be screened."""

    listing_id: str
    text: str


@transaction.atomic
def finding_add(tenant_id: str, new: NewFinding, now: datetime) -> tuple[GoodsFinding, bool]:
    """Keep what a person found and report it; tell whether it is new.

    Raises:
        BadInput: unknown kind or thing, no id, no evidence, or a day to come.
        NotFound: no such provider, or a document is not about it.
    """
    provider_get(tenant_id, new.provider_id)
    _check(new, now)
    documents_owned(tenant_id, ("provider", new.provider_id), new.documents)
    key = digest(
        [
            new.origin, new.provider_id, new.thing, new.thing_id.strip(), new.kind, new.marked,
            "" if new.origin == "text_screen" else new.happened_on,
        ]
    )  # fmt: skip
    row, is_new = GoodsFinding.objects.get_or_create(
        tenant_id=tenant_id,
        key=key,
        defaults={
            "id": uuid7_for(now, tenant_id, "goods_finding", key),
            "provider_id": new.provider_id,
            "thing": new.thing,
            "thing_id": new.thing_id.strip(),
            "kind": new.kind,
            "clause": KINDS[new.kind],
            "origin": new.origin,
            "happened_on": new.happened_on,
            "note": new.note.strip(),
            "excerpt": new.excerpt,
            "marked": new.marked,
            "documents": [str(each) for each in new.documents],
            "found_by": new.actor,
            "found_at": now,
        },
    )
    if is_new:
        _report(row, now)
    return row, is_new


@transaction.atomic
def texts_report(
    tenant_id: str, provider_id: str, texts: Sequence[ListingText], actor: str, now: datetime
) -> list[GoodsFinding]:
    """Screen the words of listings and report each match that is new, with its place.

    The same words of the same listing are reported once, however often they are screened.

    Raises:
        BadInput: a listing has no id.
        NotFound: no such provider.
    """
    found: list[GoodsFinding] = []
    for each in texts:
        for match in text_screen(each.text):
            new = NewFinding(
                provider_id=provider_id,
                thing="listing",
                thing_id=each.listing_id,
                kind=match.kind,
                happened_on=day_of(now),
                actor=actor,
                note=match.pattern,
                excerpt=f"{match.before}{match.marked}{match.after}",
                marked=match.marked,
                origin="text_screen",
            )
            row, is_new = finding_add(tenant_id, new, now)
            if is_new:
                found.append(row)
    return found


@transaction.atomic
def findings_follow(tenant_id: str, now: datetime) -> tuple[int, list[Problem]]:
    """Take the feed's findings over and report each once; return how many are new, and bad rows.

    ``rule_ref`` is a clause of the rulebook or a kind of violation; a finding of sampling goes in
    as one of an inspection.
    """
    files = [Path(each) for each in event_files(tenant_id, "listing_finding")]
    with opened({"listing_finding": files}) as engine:
        told = rows(engine, _SQL, {"as_of_us": micros_of(now)})
    known = set(
        GoodsFinding.objects.filter(tenant_id=tenant_id, origin="feed").values_list(
            "key", flat=True
        )
    )
    providers = party_names(tenant_id, {("provider", row["provider_id"]) for row in told})
    new, problems = 0, []
    for row in told:
        key = digest(["feed", row["provider_id"], row["finding_id"]])
        if key in known or row["status"] in OVER:
            continue
        kind, clause = kind_of(row["rule_ref"])
        if ("provider", row["provider_id"]) not in providers or not kind:
            problems.append(_problem(row, known_kind=bool(kind)))
            continue
        _report(_from_feed(tenant_id, key, row, (kind, clause), now), now)
        new += 1
    return new, problems


def kind_of(rule_ref: str) -> tuple[str, str]:
    """Return the kind and clause that a source means: by the kind's name, or by the clause.

    >>> kind_of("S0-2.1-qual3b"), kind_of("counterfeit"), kind_of("mood")
    (('foreign_marks', 'S0-2.1-qual3b'), ('counterfeit', 'S0-2.1-qual2f'), ('', ''))
    """
    if rule_ref in KINDS:
        return rule_ref, KINDS[rule_ref]
    if rule_ref in FINDINGS:
        return rule_ref, FINDING_CLAUSE
    return next(((kind, clause) for kind, clause in KINDS.items() if clause == rule_ref), ("", ""))


def _from_feed(
    tenant_id: str, key: str, row: Mapping[str, Any], named: tuple[str, str], now: datetime
) -> GoodsFinding:
    return GoodsFinding.objects.create(
        id=uuid7_for(now, tenant_id, "goods_finding", key),
        tenant_id=tenant_id,
        provider_id=row["provider_id"],
        thing="listing",
        thing_id=row["listing_id"] or row["finding_id"],
        kind=named[0],
        clause=named[1],
        origin="feed",
        key=key,
        happened_on=day_of(instant_of(row["detected_us"])),
        note=row["status"],
        evidence_ref=row["evidence_ref"],
        found_by=row["source"][:150],
        found_at=now,
    )


def _report(row: GoodsFinding, now: datetime) -> None:
    facts = {
        row.thing if row.thing == "listing" else "item_id": row.thing_id[:80],
        "thing": row.thing,
        "finding": str(row.id),
        "evidence_ref": row.evidence_ref,
        "excerpt": row.excerpt,
        "marked": row.marked,
    }
    item = ReportItem(
        kind=row.kind,
        clause=row.clause,
        happened_on=row.happened_on,
        facts={name: value for name, value in facts.items() if value},
        documents=tuple(UUID(each) for each in row.documents),
        note=row.note,
    )
    report = Report(
        subject=row.subject,
        source="inspection" if row.kind in FINDINGS else "screening",
        items=(item,),
        actor=row.found_by,
        note=f"{row.thing_id[:200]} {row.note[:500]}".strip(),
        about=f"goods_finding:{row.key}",
    )
    row.violation_id = violation_report(row.tenant_id, report, now).id
    row.save(update_fields=["violation_id"])


def _check(new: NewFinding, now: datetime) -> None:
    since = pack_of(SUPPLY_MARKET).in_force_from()
    wrong = next(
        (
            name
            for name, bad in (
                ("kind", new.kind not in KINDS),
                ("thing", new.thing not in THINGS),
                ("thing_id", not new.thing_id.strip() or len(new.thing_id) > 200),
                ("happened_on", not since <= new.happened_on <= day_of(now)),
                ("evidence", not (new.documents or new.marked or new.note.strip())),
            )
            if bad
        ),
        "",
    )
    if wrong:
        raise BadInput(
            f"finding_{wrong}",
            where=wrong,
            zh=f"请填写问题类型、对象及编号，日期在 {since} 至今天之间，并附证据或说明。",
            en=f"give the kind, the thing and its id, a day from {since} to today, and evidence "
            "or a word on it",
        )


def _problem(row: Mapping[str, Any], *, known_kind: bool) -> Problem:
    if not known_kind:
        return Problem(
            "finding_rule_unknown",
            row["finding_id"],
            f"规则引用“{row['rule_ref']}”不是条款编号，也不是违规类型；请让来源更正。",
            f"the rule_ref {row['rule_ref']!r} is no clause and no kind of violation; let the "
            "source correct it",
        )
    return Problem(
        "finding_provider_unknown",
        row["finding_id"],
        f"服务商“{row['provider_id']}”不在本市场；请核对数据来源。",
        f"the provider {row['provider_id']!r} is not in this market; check the source",
    )
