"""What is due in admission, done once: what runs out, and who is reminded.

A reminder names its day in words only: the notice that set the deadline carries it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from earnest.admission.clocks import APPLICANT, clock_of
from earnest.admission.figures import asked_of
from earnest.admission.filing import (
    APPROVAL,
    OPEN_STATES,
    OPENED,
    SYSTEM,
    application_note,
    evidence_note,
    invitation_note,
    pack_of_application,
)
from earnest.admission.invitations import EXPIRED as INVITATION_EXPIRED
from earnest.admission.invitations import OPEN, invitation_settle
from earnest.admission.models import Application, Evidence, Invitation
from earnest.admission.requirements import ACCEPTED, EXPIRED, SUBMITTED
from earnest.admission.reviewing import application_follow
from earnest.admission.telling import CLAUSE, Told, applicant_tell
from earnest.kernel.calendar import day_of
from earnest.kernel.words import Words
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.policy import Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of

REMINDED = "reminded"


@dataclass(frozen=True)
class AdmissionLook:
    """What a look at admissions did: all zero when it is done again at once."""

    invitations_expired: int
    evidence_expired: int
    followed: int
    reminded: int


def admission_look(tenant_id: str, now: datetime) -> AdmissionLook:
    """Let run out what ran out, follow what was decided, and remind; each thing once."""
    return AdmissionLook(
        invitations_expired=_invitations_expire(tenant_id, now),
        evidence_expired=_evidence_expire(tenant_id, now),
        followed=_decisions_follow(tenant_id, now),
        reminded=_invitations_remind(tenant_id, now)
        + _evidence_remind(tenant_id, now)
        + _applications_remind(tenant_id, now),
    )


def _warned_until(pack: Pack, on: date) -> date:
    """Return the last day that is near enough to be reminded of."""
    days = pack.parameter("admission_reminder_days", on=max(on, pack.in_force_from()))
    return on + timedelta(days=int(days))


@transaction.atomic
def _invitations_expire(tenant_id: str, now: datetime) -> int:
    rows = Invitation.objects.select_for_update().filter(
        tenant_id=tenant_id, state=OPEN, ends_on__lt=day_of(now)
    )
    found = list(rows.order_by("number"))
    for each in found:
        invitation_settle(each, INVITATION_EXPIRED, now)
        invitation_note(each, INVITATION_EXPIRED, now, actor=SYSTEM)
    return len(found)


@transaction.atomic
def _invitations_remind(tenant_id: str, now: datetime) -> int:
    """Remind whoever was invited; the notice lies in the inbox that its sign-in will open."""
    on = day_of(now)
    rows = Invitation.objects.select_for_update().filter(
        tenant_id=tenant_id,
        state=OPEN,
        reminded_at=None,
        ends_on__gte=on,
        ends_on__lte=_warned_until(pack_of(SUPPLY_MARKET), on),
    )
    found = list(rows.order_by("number"))
    for each in found:
        each.reminded_at = now
        each.save(update_fields=["reminded_at"])
        invitation_note(each, REMINDED, now, actor=SYSTEM)
    notices_send(tenant_id, [_invitation_notice(each) for each in found], now)
    return len(found)


def _invitation_notice(invitation: Invitation) -> NewNotice:
    number, ends_on = invitation.number, invitation.ends_on
    return NewNotice(
        "provider",
        invitation.provider_id,
        about=f"invitation {number} ends",
        kind="requirement",
        severity="warning",
        clause="S0-1.3-invite",
        decision_id=None,
        zh=Message(f"邀请即将到期：{number}", f"请在 {ends_on}（含当日）前接受邀请。"),
        en=Message(f"Invitation {number} ends soon", f"Accept it by {ends_on}, that day included."),
    )


@transaction.atomic
def _evidence_expire(tenant_id: str, now: datetime) -> int:
    """Let evidence run out whose last day is over, also of providers that are open."""
    rows = _counting(tenant_id).filter(ends_on__lt=day_of(now))
    found = list(rows.order_by("id"))
    for each in found:
        each.state, each.changed_at = EXPIRED, now
        each.save(update_fields=["state", "changed_at"])
        evidence_note(each, EXPIRED, now, actor=SYSTEM)
        _evidence_tell(each, now, over=True)
    return len(found)


@transaction.atomic
def _evidence_remind(tenant_id: str, now: datetime) -> int:
    until = _warned_until(pack_of(SUPPLY_MARKET), day_of(now))
    rows = _counting(tenant_id).filter(ends_on__lte=until, reminded_at=None)
    found = list(rows.order_by("id"))
    for each in found:
        each.reminded_at = now
        each.save(update_fields=["reminded_at"])
        evidence_note(each, REMINDED, now, actor=SYSTEM)
        _evidence_tell(each, now, over=False)
    return len(found)


def _counting(tenant_id: str) -> QuerySet[Evidence]:
    """Return what counts of applications that are on their way or open, locked."""
    return (
        Evidence.objects.select_for_update(of=("self",))
        .select_related("application")
        .filter(
            tenant_id=tenant_id,
            state__in=(SUBMITTED, ACCEPTED),
            application__state__in=(*OPEN_STATES, OPENED),
        )
    )


def _evidence_tell(row: Evidence, now: datetime, *, over: bool) -> None:
    application = row.application
    need = asked_of(application)[row.requirement]
    if over:
        title = Words(f"材料已过期：{need.title.zh}", f"Run out: {need.title.en}")
    else:
        title = Words(f"材料即将到期：{need.title.zh}", f"Runs out soon: {need.title.en}")
    told = Told(
        f"{'over' if over else 'ends'} {row.requirement} {row.ends_on}",
        title,
        Words(
            f"有效期至 {row.ends_on}。请提交新的材料。",
            f"It is valid until {row.ends_on}. Bring a new one.",
        ),
        "warning",
        need.clause,
    )
    applicant_tell(application, told, now)


@transaction.atomic
def _decisions_follow(tenant_id: str, now: datetime) -> int:
    rows = Application.objects.select_for_update(of=("self",)).filter(
        tenant_id=tenant_id, state=APPROVAL
    )
    return sum(
        application_follow(each, SYSTEM, now).state != APPROVAL for each in rows.order_by("number")
    )


@transaction.atomic
def _applications_remind(tenant_id: str, now: datetime) -> int:
    """Remind an applicant whose turn it is, once for each step; operators see it in their list."""
    rows = Application.objects.select_for_update(of=("self",)).filter(
        tenant_id=tenant_id, state__in=OPEN_STATES, reminded_at=None
    )
    return sum(_application_remind(each, now) for each in rows.order_by("number"))


def _application_remind(application: Application, now: datetime) -> bool:
    clock = clock_of(application, now)
    if clock is None or clock.ball != APPLICANT or day_of(now) < clock.remind_on:
        return False
    application.reminded_at = now
    application.save(update_fields=["reminded_at"])
    application_note(application, REMINDED, now, actor=SYSTEM)
    step = pack_of_application(application).texts[clock.step]
    told = Told(
        f"reminder {clock.step} {application.round}",
        Words(f"待办提醒：{step.zh}", f"Reminder: {step.en}"),
        Words(
            f"申请 {application.number} 等待您处理，最迟 {clock.due_on}（含当日）。",
            f"Application {application.number} waits for you until {clock.due_on}, that day "
            "included.",
        ),
        "warning",
        CLAUSE,
    )
    applicant_tell(application, told, now)
    return True
