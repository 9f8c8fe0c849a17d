"""What can be asked about rulebooks: drafts, editions, confirmed values, objections."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from earnest.kernel.errors import NotFound
from earnest.policy import Pack
from earnest.rulebooks.announcement import Condition, conditions
from earnest.rulebooks.assumptions import (
    AssumedValue,
    Key,
    assumed_in_use,
    assumed_on,
    assumed_values,
)
from earnest.rulebooks.drafts import (
    ANNOUNCED,
    IN_FORCE,
    SUPERSEDED,
    WITHDRAWAL,
    DraftRow,
    draft_found,
    draft_rows,
    drafted,
    publication_state,
)
from earnest.rulebooks.models import Confirmation, Draft, Objection, Publication, WhatIfReport
from earnest.rulebooks.packs import edition_of, pack_of_receipt, packs, packs_shipped


@dataclass(frozen=True)
class EditionRow:
    """An edition of a rulebook as it stands on a day.

    Attributes:
        number: 0 for the edition that the book started with, then in order of publication.
        change: amendment or erratum; empty for the first.
        instruments: the acts that it brought.
        state: announced, in_force, superseded or withdrawn.
    """

    rulebook: str
    number: int
    hash: str
    change: str
    instruments: tuple[str, ...]
    published_on: date
    in_force_on: date
    state: str
    draft_hash: str

    def pack(self) -> Pack:
        """Return the edition, ready to decide."""
        return edition_of(self.hash)

    @property
    def text(self) -> str:
        """Its whole text."""
        return self.pack().text


@dataclass(frozen=True)
class ConfirmationRow:
    """An assumed value of the editions that count now, and whether it is confirmed.

    Attributes:
        kind: ``parameter`` or ``table``.
        value: the value, or the rows as [cells, outputs] (money in minor units).
        confirmed_by: who last confirmed it or took that back; empty when nobody did.
    """

    rulebook: str
    element: str
    kind: str
    since: date
    title: Mapping[str, str]
    value: Any
    digest: str
    confirmed: bool
    confirmed_by: str
    approved_by: str
    note: str
    at: datetime | None


def drafts(on: date, *, rulebook: str = "") -> list[DraftRow]:
    """Return the drafts as they stand on a day, the newest first."""
    found = Draft.objects.order_by("-submitted_at", "hash")
    return draft_rows(list(found.filter(rulebook=rulebook) if rulebook else found), on)


def draft_get(draft_hash: str, on: date) -> DraftRow:
    """Return a draft as it stands on a day.

    Raises:
        NotFound: no draft has this hash, or several begin so.
    """
    return draft_rows([draft_found(draft_hash)], on)[0]


def draft_pack(draft_hash: str) -> Pack:
    """Return a draft's pack with its drafts deciding: to try, compare and evaluate.

    Raises:
        NotFound: there is no such draft.
    """
    return drafted(draft_found(draft_hash))


def base_pack(draft_hash: str) -> Pack | None:
    """Return the edition that a draft changes; None for a new book.

    Raises:
        NotFound: there is no such draft.
    """
    base = draft_found(draft_hash).base_hash
    return edition_of(base) if base else None


def announcement_tests(draft_hash: str, now: datetime, *, actor: str = "") -> list[Condition]:
    """Check everything that announcing a draft needs, the failing things included.

    Takes: ``actor`` is who would announce; left out, any second person is taken to be there.

    Raises:
        NotFound: there is no such draft.
    """
    return conditions(draft_found(draft_hash), now, actor)


def reports(draft_hash: str) -> list[WhatIfReport]:
    """Return the what-if reports kept of a draft, the newest first.

    Raises:
        NotFound: there is no such draft.
    """
    return list(WhatIfReport.objects.filter(draft=draft_found(draft_hash)).order_by("-id"))


def editions(rulebook: str, on: date) -> list[EditionRow]:
    """Return every edition of a rulebook, the first one first, as they stand on a day.

    Raises:
        NotFound: when no pack has that name.
    """
    published = list(
        Publication.objects.filter(rulebook=rulebook).select_related("draft").order_by("id")
    )
    rows = [
        EditionRow(
            rulebook=rulebook,
            number=number,
            hash=each.edition_hash,
            change=each.change,
            instruments=tuple(each.draft.instruments),
            published_on=each.published_on,
            in_force_on=each.in_force_on,
            state=publication_state(each, published, on),
            draft_hash=each.draft_id,
        )
        for number, each in enumerate((p for p in published if p.change != WITHDRAWAL), start=1)
    ]
    first = _first_edition(rulebook, published, rows, on)
    if first is None and not rows:
        raise NotFound(
            "unknown_rulebook", where=rulebook,
            zh=f"没有规则包“{rulebook}”。", en=f"there is no rulebook {rulebook!r}",
        )  # fmt: skip
    return [first, *rows] if first else rows


def _first_edition(
    rulebook: str, published: Sequence[Publication], rows: Sequence[EditionRow], on: date
) -> EditionRow | None:
    """Return the edition that a book started with; None for one that began as a draft."""
    if published:
        base = published[0].draft.base_hash
        if not base:
            return None
        pack = edition_of(base)
    elif rulebook in packs_shipped():
        pack = packs_shipped()[rulebook]
    else:
        return None
    decide = [a for a in pack.instruments if a.state in (ANNOUNCED, IN_FORCE, SUPERSEDED)]
    superseded = any(each.state in (IN_FORCE, SUPERSEDED) for each in rows)
    since = pack.in_force_from()
    return EditionRow(
        rulebook=rulebook,
        number=0,
        hash=pack.hash,
        change="",
        instruments=tuple(act.id for act in decide),
        published_on=min((act.published for act in decide), default=since),
        in_force_on=since,
        state=SUPERSEDED if superseded else IN_FORCE if since <= on else ANNOUNCED,
        draft_hash="",
    )


def edition_on(rulebook: str, day: date) -> EditionRow:
    """Return the edition that was in force on a day.

    Raises:
        NotFound: no pack has that name, or none of it was in force then.
    """
    held = [row for row in editions(rulebook, day) if row.state in (IN_FORCE, SUPERSEDED)]
    if not held:
        raise NotFound(
            "no_edition", where=rulebook,
            zh=f"{day} 没有生效的版本。", en=f"no edition was in force on {day}",
        )  # fmt: skip
    return held[-1]


def _newest_confirmations(tenant_id: str) -> dict[Key, Confirmation]:
    return {
        (row.rulebook, row.element, row.edition_from, row.value_digest): row
        for row in Confirmation.objects.filter(tenant_id=tenant_id).order_by("id")
    }


def confirmed_keys(tenant_id: str) -> frozenset[Key]:
    """Return what a tenant has confirmed and not taken back."""
    rows = _newest_confirmations(tenant_id)
    return frozenset(key for key, row in rows.items() if row.confirmed)


def confirmations(tenant_id: str) -> list[ConfirmationRow]:
    """Return every assumed value of the editions that count now, confirmed or not."""
    newest = _newest_confirmations(tenant_id)
    return [
        _confirmation_row(value, newest.get(value.key))
        for pack in packs().values()
        for value in assumed_values(pack)
    ]


def _confirmation_row(value: AssumedValue, said: Confirmation | None) -> ConfirmationRow:
    return ConfirmationRow(
        rulebook=value.rulebook,
        element=value.element,
        kind=value.kind,
        since=value.since,
        title=value.title,
        value=value.value,
        digest=value.digest,
        confirmed=said is not None and said.confirmed,
        confirmed_by=said.confirmed_by if said else "",
        approved_by=said.approved_by if said else "",
        note=said.note if said else "",
        at=said.at if said else None,
    )


def confirmation_history(tenant_id: str) -> list[Confirmation]:
    """Return all that was said about assumed values, the newest first."""
    return list(Confirmation.objects.filter(tenant_id=tenant_id).order_by("-id"))


def unconfirmed(tenant_id: str, pack: Pack, assumed: Iterable[str], on: date) -> list[AssumedValue]:
    """Return those of a pack's assumed parameters and tables that are not confirmed as of a day."""
    confirmed = confirmed_keys(tenant_id)
    return [each for each in assumed_on(pack, assumed, on) if each.key not in confirmed]


def unconfirmed_in(
    receipt: Mapping[str, Any], trace: Iterable[Mapping[str, Any]], confirmed: Collection[Key]
) -> list[AssumedValue]:
    """Return the assumed values that an evaluation used and that are not among the confirmed.

    Takes: the evaluation's receipt and trace, and what :func:`confirmed_keys` gives.
    """
    if not receipt["assumed"]:
        return []
    used = assumed_in_use(pack_of_receipt(receipt), trace)
    return [each for each in used if each.key not in confirmed]


def objections(tenant_id: str, *, rulebook: str = "") -> list[Objection]:
    """Return the objections filed, the newest first."""
    found = Objection.objects.filter(tenant_id=tenant_id).order_by("-id")
    return list(found.filter(rulebook=rulebook) if rulebook else found)
