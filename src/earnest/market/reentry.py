"""Who of one controller left the market, and when: what a bar on re-entry looks at (S0-3.4)."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

from earnest.feed.queries import event_files
from earnest.market.entity_names import name_normal
from earnest.market.models import Provider

LEAVINGS = """
SELECT provider_id, action, at_us FROM read_parquet($files)
WHERE action IN ('removed', 'exited') AND list_contains($ids, provider_id)
ORDER BY at_us
"""
HOW: dict[str, Literal["exit", "removal"]] = {"exited": "exit", "removed": "removal"}


@dataclass(frozen=True)
class Comer:
    """Somebody who wants to come in: certified entity, id where it has one, and its controller."""

    entity_name: str
    provider_id: str = ""
    controller_ref: str = ""


@dataclass(frozen=True)
class Departure:
    """A provider of the same controller that left.

    Attributes:
        because: why it is of the group: ``same_id``, ``same_entity`` or ``same_controller``.
        told_as: how it left by the feed; None where the feed does not tell.
    """

    provider_id: str
    name: str
    left_on: date
    because: str
    told_as: Literal["exit", "removal"] | None


def departures_of(tenant_id: str, comer: Comer) -> list[Departure]:
    """Return the providers of a comer's group that left, the last in front.

    The group: the same id, the same certified entity whatever the writing of its name, and every
    provider that shares a controller with one of these or with the comer.
    """
    group = _group(tenant_id, comer)
    left = {each: because for each, because in group.items() if each.left_on is not None}
    told = _told(tenant_id, [each.provider_id for each in left])
    found = [
        Departure(each.provider_id, each.name, each.left_on, because, told.get(each.provider_id))
        for each, because in left.items()
        if each.left_on is not None
    ]
    return sorted(found, key=lambda each: (each.left_on, each.provider_id), reverse=True)


def _group(tenant_id: str, comer: Comer) -> dict[Provider, str]:
    """Return the providers of the group with why each is of it."""
    name = name_normal(comer.entity_name)
    mine = Provider.objects.filter(tenant_id=tenant_id)
    found: dict[Provider, str] = {}
    for each in mine.exclude(entity_name=""):
        if name and name_normal(each.entity_name) == name:
            found[each] = "same_entity"
    if comer.provider_id:
        found |= dict.fromkeys(mine.filter(provider_id=comer.provider_id), "same_id")
    controllers = {each.controller_ref for each in found} | {comer.controller_ref}
    for each in mine.filter(controller_ref__in=controllers - {""}):
        found.setdefault(each, "same_controller")
    return found


def _told(tenant_id: str, ids: list[str]) -> dict[str, Literal["exit", "removal"]]:
    files = event_files(tenant_id, "provider_event")
    if not files or not ids:
        return {}
    with duckdb.connect() as connection:
        rows = connection.execute(LEAVINGS, {"files": files, "ids": ids}).fetchall()
    return {provider_id: HOW[action] for provider_id, action, _ in rows}
