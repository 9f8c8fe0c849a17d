"""Protective measures of violations as they stand, and what a reviewer may put in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from earnest.consequences.protections import GOODS_MEASURES
from earnest.decisions.commands import IN_EFFECT, WAITING
from earnest.decisions.models import Decision
from earnest.policy import Pack
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import restrictions_of_decisions
from earnest.violations.kinds import pack_of_subject
from earnest.violations.models import Protection, Violation, ViolationItem
from earnest.violations.reports import thing_of

TABLE: Final = "protective_measures"
GOODS_THINGS: Final = ("listing ", "item_id ")
IN_FORCE, ENDED = "in_force", "ended"
LAPSED: Final = "lapsed"
LAPSED_OTHERWISE: Final = "time"
"""Why the daily look at all restrictions ends one whose day is over."""


@dataclass(frozen=True)
class ProtectionShown:
    """A protective measure as it stands.

    Attributes:
        state: waiting, in_force, ended or refused.
        because: why it is over; empty while it is not.
        restricted: what it takes away, as capability and the one thing it is about, if any.
    """

    protection: Protection
    decision: Decision
    state: str
    because: str
    restricted: tuple[tuple[str, str], ...]


def measures_allowed(pack: Pack, kind: str, on: date) -> dict[str, int]:
    """Return the protective measures for a kind of violation, each with the persons it takes."""
    if TABLE not in pack.tables:
        return {}
    row = pack.table_row(TABLE, {"violation": kind}, on=max(on, pack.in_force_from()))
    return {measure: int(persons) for measure, persons in row.items() if int(persons)}


def measures_offered(violation: Violation, on: date) -> list[tuple[int, str]]:
    """Return what a reviewer may put in force now: the item's place and the measure."""
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    rows = list(violation.protections.all())
    taken = {(each.position, each.measure) for each in rows}
    busy = {each.position for each in rows if each.closed_at is None}
    return [
        (item.position, measure)
        for item in sorted(violation.items.all(), key=lambda each: each.position)
        if item.position not in busy
        for measure in measures_allowed(pack, item.kind, on)
        if (item.position, measure) not in taken and names_its_thing(item, measure)
    ]


def names_its_thing(item: ViolationItem, measure: str) -> bool:
    """Tell whether an item names what a measure of single goods is to restrict."""
    return measure not in GOODS_MEASURES or thing_of(item.facts).startswith(GOODS_THINGS)


def answerable(violation: Violation) -> list[Protection]:
    """Return the measures in force that the party has not spoken to yet."""
    return [
        each.protection
        for each in protections_shown(violation)
        if each.state == IN_FORCE and each.protection.said_at is None
    ]


def protections_shown(violation: Violation) -> list[ProtectionShown]:
    """Return the protective measures of a violation as they stand, the first in front."""
    return _shown(violation.tenant_id, list(violation.protections.all()))


def protections_open(tenant_id: str) -> list[ProtectionShown]:
    """Return every protective measure that is in force or waits, the one that ends first first."""
    rows = Protection.objects.filter(tenant_id=tenant_id, closed_at=None)
    shown = _shown(tenant_id, list(rows.select_related("violation")))
    return sorted(
        (each for each in shown if each.state in {WAITING, IN_FORCE}),
        key=lambda each: (each.protection.last_on, each.protection.put_at),
    )


def _shown(tenant_id: str, rows: Sequence[Protection]) -> list[ProtectionShown]:
    ids: list[UUID] = [each.decision_id for each in rows]
    decisions = Decision.objects.filter(tenant_id=tenant_id, id__in=ids)
    by_id = {each.id: each for each in decisions.prefetch_related("approvals")}
    grants: dict[UUID, list[Restriction]] = {}
    for grant in restrictions_of_decisions(tenant_id, ids):
        grants.setdefault(grant.decision_id, []).append(grant)
    return [
        _one_shown(each, by_id[each.decision_id], grants.get(each.decision_id, []))
        for each in sorted(rows, key=lambda one: (one.put_at, one.position))
    ]


def _one_shown(
    row: Protection, decision: Decision, grants: Sequence[Restriction]
) -> ProtectionShown:
    restricted = tuple((each.capability, each.object_ref) for each in grants)
    if decision.state != IN_EFFECT:
        return ProtectionShown(row, decision, decision.state, row.closed_because, restricted)
    if any(each.released_at is None for each in grants):
        return ProtectionShown(row, decision, IN_FORCE, "", restricted)
    because = row.closed_because or ended_because(grants)
    return ProtectionShown(row, decision, ENDED, because, restricted)


def ended_because(grants: Sequence[Restriction]) -> str:
    """Tell why a measure is over by what ended its grants."""
    said = next((each.released_because for each in grants), LAPSED)
    return LAPSED if said == LAPSED_OTHERWISE else said
