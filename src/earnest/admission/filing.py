"""Locks and entries that every step of an admission shares."""

from collections.abc import Sequence
from datetime import datetime

from earnest.admission.models import (
    Application,
    ApplicationEntry,
    Evidence,
    EvidenceEntry,
    Invitation,
    InvitationEntry,
)
from earnest.decisions.models import Decision
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.policy import Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for

SYSTEM = "system"
PREPARING, REVIEW, APPROVAL, DEPOSIT = "preparing", "review", "approval", "deposit"
OPENED, REFUSED, WITHDRAWN = "opened", "refused", "withdrawn"
STATES = (PREPARING, REVIEW, APPROVAL, DEPOSIT, OPENED, REFUSED, WITHDRAWN)
OPEN_STATES = (PREPARING, REVIEW, APPROVAL, DEPOSIT)


def invitation_locked(tenant_id: str, number: str) -> Invitation:
    """Return an invitation with its row locked.

    Raises:
        NotFound: there is none.
    """
    found = (
        Invitation.objects.select_for_update().filter(tenant_id=tenant_id, number=number).first()
    )
    if found is None:
        raise unknown("invitation", number)
    return found


def application_locked(tenant_id: str, number: str) -> Application:
    """Return an application with its row locked.

    Raises:
        NotFound: there is none.
    """
    found = (
        Application.objects.select_for_update(of=("self",))
        .filter(tenant_id=tenant_id, number=number)
        .first()
    )
    if found is None:
        raise unknown("application", number)
    return found


def unknown(what: str, number: str) -> NotFound:
    """Return the answer for what is not there."""
    zh = {"invitation": "邀请", "application": "入驻申请", "requirement": "准入要求"}[what]
    return NotFound(
        f"unknown_{what}",
        where=number,
        zh=f"没有这项{zh}，或您无权查看。请检查编号。",
        en=f"there is no such {what}, or it is not yours to see; check its number",
    )


def pack_of_application(application: Application) -> Pack:
    """Return the rulebook that judges an application."""
    return pack_for(application.tenant_id, SUPPLY_MARKET, *application.subject)


def decision_of(application: Application) -> Decision | None:
    """Return the decision that an application waits for or rests on."""
    if application.decision_id is None:
        return None
    rows = Decision.objects.filter(tenant_id=application.tenant_id, id=application.decision_id)
    return rows.first()


def state_required(application: Application, states: Sequence[str]) -> None:
    """Let a step be taken only where the application is in one of some states.

    Raises:
        Conflict: it is elsewhere.
    """
    if application.state not in states:
        raise Conflict(
            "application_elsewhere",
            where=application.number,
            zh="申请已不在这一环节，无法执行此操作；请刷新页面查看当前状态。",
            en=f"the application is in the state {application.state!r} now, where this cannot be "
            "done; reload the page",
        )


def reason_given(reason: str, where: str) -> str:
    """Return a reason, trimmed.

    Raises:
        BadInput: there is none.
    """
    if not reason.strip():
        raise BadInput(
            "reason_missing",
            where=where,
            zh="请写明理由，申请方会看到。",
            en="write the reason; the applicant reads it",
        )
    return reason.strip()


def application_move(application: Application, state: str, now: datetime) -> None:
    """Bring an application to its next state; its clock and its reminder begin anew."""
    application.state, application.since_at, application.reminded_at = state, now, None
    application.save(
        update_fields=["state", "since_at", "reminded_at", "round", "reviewer", "decision_id"]
    )


def application_note(
    application: Application, what: str, now: datetime, *, actor: str, note: str = ""
) -> None:
    """Add a step to the story of an application."""
    ApplicationEntry.objects.create(
        application=application,
        tenant_id=application.tenant_id,
        what=what,
        note=note,
        actor=actor,
        at=now,
    )


def invitation_note(
    invitation: Invitation, what: str, now: datetime, *, actor: str, note: str = ""
) -> None:
    """Add a step to the story of an invitation."""
    InvitationEntry.objects.create(
        invitation=invitation,
        tenant_id=invitation.tenant_id,
        what=what,
        note=note,
        actor=actor,
        at=now,
    )


def evidence_note(row: Evidence, what: str, now: datetime, *, actor: str, note: str = "") -> None:
    """Add a step to the story of a requirement, with what lay before whoever took it."""
    figure = ""
    if row.denominator is not None:
        figure = f"{row.numerator}/{row.denominator} {row.figure_source}"
    EvidenceEntry.objects.create(
        evidence=row,
        tenant_id=row.tenant_id,
        what=what,
        note=note,
        documents=row.documents,
        figure=figure,
        actor=actor,
        at=now,
    )
