"""The rulebooks that decisions rest on: the ones in force here, and any edition ever used."""

from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from django.conf import settings

from earnest.decisions.models import PackEdition
from earnest.kernel.errors import NotFound
from earnest.policy import Evaluation, Pack, load_pack, load_pack_text

SUPPLY_MARKET = "kuaishou-supply-market"
SHOP_DEPOSIT = "kuaishou-shop-deposit"


def packs_folder() -> Path:
    """Return the folder of the rulebooks: inside the installed package, or the checkout's own."""
    installed = Path(str(files("earnest"))) / "packs"
    return installed if installed.is_dir() else Path(settings.REPOSITORY) / "packs"


@cache
def packs() -> dict[str, Pack]:
    """Return every rulebook of the packs folder by its name.

    Raises:
        BadInput: when a pack has an error; it names file, line and column.
    """
    loaded = [load_pack(path) for path in sorted(packs_folder().glob("*.yaml"))]
    return {pack.rulebook: pack for pack in loaded}


def pack_of(rulebook: str) -> Pack:
    """Return a rulebook by name.

    Raises:
        NotFound: when no pack has that name.
    """
    if rulebook not in packs():
        raise NotFound(
            "unknown_rulebook",
            where=rulebook,
            zh=f"没有规则包“{rulebook}”；现有：{'、'.join(packs())}。",
            en=f"there is no rulebook {rulebook!r}; there are {', '.join(packs())}",
        )
    return packs()[rulebook]


def edition_keep(pack: Pack, now: datetime) -> None:
    """Keep the text of a pack under its hash, so that its decisions can always be replayed."""
    PackEdition.objects.bulk_create(
        [PackEdition(hash=pack.hash, rulebook=pack.rulebook, text=pack.text, recorded_at=now)],
        ignore_conflicts=True,
    )


@lru_cache(maxsize=32)
def edition_of(pack_hash: str) -> Pack:
    """Return the pack with this hash as it was when it was used.

    Raises:
        NotFound: when nothing was ever judged by such a pack.
    """
    for pack in packs().values():
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


def evaluation_of(receipt: dict[str, object]) -> Evaluation:
    """Evaluate again what a receipt records, by the same edition and the same facts."""
    pack = edition_of(str(receipt["pack_hash"]))
    facts = receipt["facts"]
    if not isinstance(facts, dict):
        raise TypeError("a receipt's facts are an object")
    return pack.evaluate(str(receipt["decision"]), facts)
