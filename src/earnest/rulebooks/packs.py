"""The rulebooks that decisions rest on: the editions that count now, and any edition ever used.

A rulebook starts with the file that is shipped in the packs folder. Once an amendment is announced,
the newest publication counts, in every process at once: each look-up asks the database for its
hash, and only the text behind a hash is kept in memory.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from earnest.kernel.errors import NotFound
from earnest.policy import Evaluation, Pack, Reading, load_pack, load_pack_text
from earnest.rulebooks.models import Objection, PackEdition, Publication

SUPPLY_MARKET = "kuaishou-supply-market"
SHOP_DEPOSIT = "kuaishou-shop-deposit"
PLATFORM_RULES = "platform-rules-measures"
# By which rulebook each kind of party holds its deposit.
RULEBOOKS = {"shop": SHOP_DEPOSIT, "provider": SUPPLY_MARKET}
Subject = tuple[str, str]  # (kind, id)

_held: ContextVar[dict[str, str] | None] = ContextVar("newest_editions", default=None)


def packs_folder() -> Path:
    """Return the folder of the rulebooks: inside the installed package, or the checkout's own."""
    installed = Path(str(files("earnest"))) / "packs"
    return installed if installed.is_dir() else Path(settings.REPOSITORY) / "packs"


@cache
def packs_shipped() -> dict[str, Pack]:
    """Return the rulebooks of the packs folder by name: the edition zero of each.

    Raises:
        BadInput: when a pack has an error; it names file, line and column.
    """
    loaded = [load_pack(path) for path in sorted(packs_folder().glob("*.yaml"))]
    return {pack.rulebook: pack for pack in loaded}


def _newest_hashes() -> dict[str, str]:
    """Return the hash of the newest publication of every rulebook that has one."""
    rows = Publication.objects.order_by("rulebook", "-id").distinct("rulebook")
    return dict(rows.values_list("rulebook", "edition_hash"))


@contextmanager
def packs_held() -> Iterator[None]:
    """Let everything inside see one state of the rulebooks, asked for once.

    For one page, or one month's assessment: what is published meanwhile counts from the next on.
    """
    if _held.get() is not None:
        yield
        return
    token = _held.set(_newest_hashes())
    try:
        yield
    finally:
        _held.reset(token)


def packs() -> dict[str, Pack]:
    """Return the edition of every rulebook that counts now, by name."""
    held = _held.get()
    newest = _newest_hashes() if held is None else held
    current = packs_shipped() | {name: edition_of(each) for name, each in newest.items() if each}
    return dict(sorted(current.items()))


def pack_of(rulebook: str) -> Pack:
    """Return the edition of a rulebook that counts now.

    Raises:
        NotFound: when no pack has that name.
    """
    held = _held.get()
    if held is not None:
        newest = held.get(rulebook)
    else:
        rows = Publication.objects.filter(rulebook=rulebook).order_by("-id")
        newest = rows.values_list("edition_hash", flat=True).first()
    if newest:
        return edition_of(newest)
    if rulebook not in packs_shipped():
        known = "、".join(packs())
        raise NotFound(
            "unknown_rulebook",
            where=rulebook,
            zh=f"没有规则包“{rulebook}”；现有：{known}。",
            en=f"there is no rulebook {rulebook!r}; there are {', '.join(packs())}",
        )
    return packs_shipped()[rulebook]


def edition_keep(pack: Pack, now: datetime) -> None:
    """Keep the text of a pack under its hash, so that its decisions can always be replayed."""
    PackEdition.objects.bulk_create(
        [PackEdition(hash=pack.hash, rulebook=pack.rulebook, text=pack.text, recorded_at=now)],
        ignore_conflicts=True,
    )


@lru_cache(maxsize=64)
def edition_of(pack_hash: str) -> Pack:
    """Return the edition with this hash as it was when it was used.

    Raises:
        NotFound: when nothing was ever judged by such a pack.
    """
    for pack in packs_shipped().values():
        if pack.hash == pack_hash:
            return pack
    edition = PackEdition.objects.filter(hash=pack_hash).first()
    if edition is None:
        raise NotFound(
            "unknown_pack_edition",
            where=pack_hash,
            zh="没有这个哈希对应的规则包版本。",
            en="no edition of a rulebook has this hash",
        )
    return load_pack_text(edition.text, name=edition.rulebook)


def pack_of_receipt(receipt: Mapping[str, Any]) -> Pack:
    """Return the edition that a receipt was made by, in the reading that it was made in."""
    reading = Reading.from_dict(receipt.get("reading", {}))
    return edition_of(str(receipt["pack_hash"])).read_as(reading)


def evaluation_of(receipt: Mapping[str, Any]) -> Evaluation:
    """Evaluate again what a receipt records, by the same edition and the same facts."""
    facts = receipt["facts"]
    if not isinstance(facts, dict):
        raise TypeError("a receipt's facts are an object")
    return pack_of_receipt(receipt).evaluate(str(receipt["decision"]), facts)


@dataclass(frozen=True)
class PartyPacks:
    """A rulebook as it judges each party: a party that objected, without the acts it objects to.

    Attributes:
        current: the edition that counts now.
        without: the acts that do not bind a party, for the parties that objected.
    """

    current: Pack
    without: Mapping[Subject, tuple[str, ...]]

    @property
    def objecting(self) -> frozenset[Subject]:
        """The parties that are judged by another reading."""
        return frozenset(self.without)

    def of(self, kind: str, subject_id: str) -> Pack:
        """Return the pack that judges a party."""
        acts = self.without.get((kind, subject_id))
        return self.current.read_as(Reading(without=acts)) if acts else self.current


def party_packs(tenant_id: str, rulebook: str) -> PartyPacks:
    """Return a rulebook as it judges each party of a tenant (S3-3.2b).

    Raises:
        NotFound: when no pack has that name.
    """
    return _party_packs(Objection.objects.filter(tenant_id=tenant_id, rulebook=rulebook), rulebook)


def _party_packs(objections: QuerySet[Objection], rulebook: str) -> PartyPacks:
    pack = pack_of(rulebook)
    acts = {act.id for act in pack.instruments}
    without: dict[Subject, tuple[str, ...]] = {}
    for row in objections.order_by("id"):
        if row.instrument in acts:  # an act that was withdrawn is not in the text any more
            subject = (row.subject_kind, row.subject_id)
            without[subject] = (*without.get(subject, ()), row.instrument)
    return PartyPacks(pack, without)


def pack_for(tenant_id: str, rulebook: str, subject_kind: str, subject_id: str) -> Pack:
    """Return the pack that judges one party: see :func:`party_packs`.

    Raises:
        NotFound: when no pack has that name.
    """
    own = Objection.objects.filter(
        tenant_id=tenant_id, rulebook=rulebook, subject_kind=subject_kind, subject_id=subject_id
    )
    return _party_packs(own, rulebook).of(subject_kind, subject_id)
