"""What the worker does for violations: everything whose time has come, each thing once."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.consequences.objects import objects_enforce, objects_waiting
from earnest.consequences.violations import damages_claim
from earnest.decisions.commands import decision_locked
from earnest.kernel.errors import Conflict, Problem
from earnest.tickets.commands import IN_FORCE
from earnest.tickets.models import Ticket
from earnest.violations.evidence import turns_lapse
from earnest.violations.finding import violations_follow
from earnest.violations.intake import complaints_follow
from earnest.violations.points import measures_follow
from earnest.violations.protection_course import protections_look
from earnest.violations.queue import claims_run_out, escalate
from earnest.violations.sanctions import RUNG


@dataclass(frozen=True)
class ViolationsLook:
    """What a look did, as numbers of violations, and problems.

    For ``damages`` and ``objects``, goods and brands restricted now, they are numbers of tickets.
    """

    reported: tuple[str, ...]
    claims_run_out: tuple[str, ...]
    turns_lapsed: tuple[str, ...]
    followed: tuple[str, ...]
    protections: tuple[str, ...]
    measures: tuple[str, ...]
    damages: tuple[str, ...]
    objects: tuple[str, ...]
    escalated: tuple[str, ...]
    problems: tuple[Problem, ...]

    def counts(self) -> dict[str, int]:
        """Return how many of each."""
        return {
            "reported": len(self.reported),
            "claims_run_out": len(self.claims_run_out),
            "turns_lapsed": len(self.turns_lapsed),
            "followed": len(self.followed),
            "protections": len(self.protections),
            "measures": len(self.measures),
            "damages": len(self.damages),
            "objects": len(self.objects),
            "escalated": len(self.escalated),
            "problems": len(self.problems),
        }


def violations_look(tenant_id: str, now: datetime) -> ViolationsLook:
    """Take in complaints, end claims, turns and protections, follow decisions, escalate.

    Each thing is done in its own transaction and is not done again by the next look.
    """
    reported, problems = complaints_follow(tenant_id, now)
    damages, refused = _damages(tenant_id, now)
    return ViolationsLook(
        reported=tuple(reported),
        claims_run_out=tuple(claims_run_out(tenant_id, now)),
        turns_lapsed=tuple(turns_lapse(tenant_id, now)),
        followed=tuple(violations_follow(tenant_id, now)),
        objects=tuple(_objects(tenant_id, now)),
        protections=tuple(protections_look(tenant_id, now)),
        measures=tuple(measures_follow(tenant_id, now)),
        damages=tuple(damages),
        escalated=tuple(escalate(tenant_id, now)),
        problems=(*problems, *refused),
    )


def _objects(tenant_id: str, now: datetime) -> list[str]:
    """Restrict goods and brands that waited until their ticket was in force; return its number."""
    done: list[str] = []
    for decision in objects_waiting(tenant_id):
        with transaction.atomic():
            ticket = objects_enforce(decision_locked(tenant_id, decision.id), now)
            done += [ticket.number] if ticket is not None else []
    return done


def _damages(tenant_id: str, now: datetime) -> tuple[list[str], list[Problem]]:
    """Book the damages of second findings whose ticket is in force (S0-2.2.7b)."""
    done: list[str] = []
    problems: list[Problem] = []
    tickets = Ticket.objects.filter(
        tenant_id=tenant_id, decision=RUNG, outcome="remove", state=IN_FORCE
    )
    for ticket in tickets.order_by("number"):
        try:
            with transaction.atomic():
                if damages_claim(tenant_id, decision_locked(tenant_id, ticket.decision_id), now):
                    done.append(ticket.number)
        except Conflict as refused:
            problems.append(refused.problem)
    return done, problems
