"""What the worker does for violations: everything whose time has come, each thing once."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.consequences.violations import damages_claim
from earnest.decisions.commands import decision_locked
from earnest.kernel.errors import Conflict, Problem
from earnest.tickets.commands import IN_FORCE
from earnest.tickets.models import Ticket
from earnest.violations.evidence import turns_lapse
from earnest.violations.finding import violations_follow
from earnest.violations.intake import complaints_follow
from earnest.violations.queue import claims_run_out, escalate
from earnest.violations.sanctions import RUNG


@dataclass(frozen=True)
class ViolationsLook:
    """What a look did, as numbers of violations (of tickets for ``damages``), and problems."""

    reported: tuple[str, ...]
    claims_run_out: tuple[str, ...]
    turns_lapsed: tuple[str, ...]
    followed: tuple[str, ...]
    damages: tuple[str, ...]
    escalated: tuple[str, ...]
    problems: tuple[Problem, ...]

    def counts(self) -> dict[str, int]:
        """Return how many of each."""
        return {
            "reported": len(self.reported),
            "claims_run_out": len(self.claims_run_out),
            "turns_lapsed": len(self.turns_lapsed),
            "followed": len(self.followed),
            "damages": len(self.damages),
            "escalated": len(self.escalated),
            "problems": len(self.problems),
        }


def violations_look(tenant_id: str, now: datetime) -> ViolationsLook:
    """Take in complaints, end claims and turns that ran out, follow decisions, escalate.

    Each thing is done in its own transaction and is not done again by the next look.
    """
    reported, problems = complaints_follow(tenant_id, now)
    damages, refused = _damages(tenant_id, now)
    return ViolationsLook(
        reported=tuple(reported),
        claims_run_out=tuple(claims_run_out(tenant_id, now)),
        turns_lapsed=tuple(turns_lapse(tenant_id, now)),
        followed=tuple(violations_follow(tenant_id, now)),
        damages=tuple(damages),
        escalated=tuple(escalate(tenant_id, now)),
        problems=(*problems, *refused),
    )


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
