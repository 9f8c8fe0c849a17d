"""What is restricted now, and whether a party may do a given thing at this moment."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from earnest.api.access import now_for, party_seen, reader_of, scope_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import IdPath, KindPath, SubjectQuery
from earnest.deposits.queries import short_subjects
from earnest.restrictions.queries import ActiveRestriction, restrictions_active

router = Router(tags=["restrictions"])

Capability = Literal[
    "visibility",
    "new_order",
    "renewal",
    "running_use",
    "interface_calls",
    "publishing",
    "sales",
    "withdrawal",
]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


class PartOut(Schema):
    """One of the conditions that ``any_of`` chooses from."""

    kind: str
    on: str | None = None


class ConditionOut(PartOut):
    """A condition of a restriction's end, and whether it holds now.

    ``any_of`` is met as soon as one of its ``conditions`` is.
    """

    conditions: list[PartOut] = []
    met: bool


class RestrictionOut(Schema):
    """A sanction in force: what it restricts, why, and what ends it (all conditions together).

    ``object_ref`` names the one item or brand it is about; empty where it is all of them.
    """

    subject_kind: str
    subject_id: str
    measure: str
    capabilities: list[str]
    object_ref: str
    rulebook: str
    clause: str
    decision_id: UUID
    starts_at: datetime
    release: list[ConditionOut]


class RestrictionList(Schema):
    """The restrictions in force at ``at``."""

    at: datetime
    items: list[RestrictionOut]


class CapabilityOut(Schema):
    """Whether a party may do one thing now; the decisions that forbid it where it may not."""

    capability: Capability
    allowed: bool
    clauses: list[str]
    decision_ids: list[UUID]


class CapabilityList(Schema):
    """What a party may do at ``at``: ask this before an act, or on a notice of a change."""

    subject_kind: str
    subject_id: str
    at: datetime
    capabilities: list[CapabilityOut]


def _row(found: ActiveRestriction) -> dict[str, Any]:
    conditions = [
        {
            "kind": condition["kind"],
            "on": condition.get("on"),
            "conditions": [
                {"kind": each["kind"], "on": each.get("on")}
                for each in condition.get("conditions", [])
            ],
            "met": met,
        }
        for condition, met in found.conditions
    ]
    columns = set(RestrictionOut.model_fields) - {"release"}
    return {**{name: getattr(found, name) for name in columns}, "release": conditions}


@router.get(
    "/restrictions",
    response={200: RestrictionList, ERRORS: ProblemOut},
    summary="List restrictions in force",
)
def restrictions_list(request: HttpRequest, query: Query[SubjectQuery]) -> dict[str, Any]:
    """List the restrictions in force, oldest first."""
    caller = reader_of(request)
    kind, subject = scope_of(caller, query.subject_kind, query.subject)
    now = now_for(caller)
    found = restrictions_active(caller.tenant_id, short_subjects(caller.tenant_id), now)
    return {
        "at": now,
        "items": [
            _row(each)
            for each in found
            if kind in {"", each.subject_kind} and subject in {"", each.subject_id}
        ],
    }


@router.get(
    "/capabilities/{subject_kind}/{subject_id}",
    response={200: CapabilityList, ERRORS: ProblemOut},
    summary="Tell what a party may do now",
)
def capabilities_show(
    request: HttpRequest, subject_kind: KindPath, subject_id: IdPath
) -> dict[str, Any]:
    """Tell for each capability whether the party has it now."""
    caller = reader_of(request)
    subject = party_seen(caller, (subject_kind, subject_id))
    now = now_for(caller)
    found = restrictions_active(
        caller.tenant_id, short_subjects(caller.tenant_id), now, subject=subject
    )
    causes = {each: [one for one in found if each in one.capabilities] for each in CAPABILITIES}
    return {
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "at": now,
        "capabilities": [
            {
                "capability": each,
                "allowed": not causes[each],
                "clauses": [one.clause for one in causes[each]],
                "decision_ids": [one.decision_id for one in causes[each]],
            }
            for each in CAPABILITIES
        ],
    }
