"""Accepting an invitation: by its secret link, once, with a sign-in for whoever applies."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.admission.clocks import step_clock
from earnest.admission.filing import (
    PREPARING,
    application_note,
    invitation_locked,
    invitation_note,
    pack_of_application,
)
from earnest.admission.invitations import (
    ACCEPTED,
    invitation_settle,
    open_required,
    secret_hash,
)
from earnest.admission.models import Application, Evidence, Invitation
from earnest.admission.requirements import requirements
from earnest.admission.telling import Told, applicant_tell
from earnest.cases.reentry import reentry_required
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.market.admitting import applicant_add
from earnest.market.reentry import Comer
from earnest.postgres.numbering import number_next


@dataclass(frozen=True)
class Accepting:
    """What whoever accepts types: a sign-in, and the name that the market will show."""

    username: str
    password: str
    name: str = ""


def invitation_by_secret(tenant_id: str, secret: str) -> Invitation:
    """Return the invitation that a secret link leads to, whatever its state.

    Raises:
        NotFound: no link is like that, or it was replaced by another.
    """
    found = Invitation.objects.filter(
        tenant_id=tenant_id, secret_sha256=secret_hash(secret)
    ).first()
    if found is None:
        raise NotFound(
            "unknown_invitation_link",
            where="",
            zh="邀请链接无效；可能不完整，或已更换新链接。请向邀请人索取。",
            en="the link of this invitation is not valid; it may be cut short or have been "
            "replaced. Ask whoever invited you",
        )
    return found


@transaction.atomic
def invitation_accept(
    tenant_id: str, secret: str, accepting: Accepting, now: datetime
) -> Application:
    """Accept an invitation: a sign-in is made, and the application opens with all that is asked.

    Raises:
        BadInput, Conflict: the sign-in is taken or not fit; the invitation is not open any more.
        NotFound: no invitation has this link.
        RuleRefused: ``reentry_barred``: somebody of the same controller left meanwhile (S0-3.4).
    """
    invitation = invitation_locked(tenant_id, invitation_by_secret(tenant_id, secret).number)
    on = day_of(now)
    open_required(invitation, on)
    comer = Comer(invitation.entity_name, invitation.provider_id, invitation.controller_ref)
    reentry_required(tenant_id, comer, on)
    person = applicant_add(
        tenant_id, accepting.username, accepting.password, invitation.provider_id
    )
    actor = person.user.get_username()
    invitation_settle(invitation, ACCEPTED, now)
    invitation_note(invitation, ACCEPTED, now, actor=actor)
    return _application_open(invitation, actor, accepting.name.strip(), now)


def _application_open(invitation: Invitation, actor: str, name: str, now: datetime) -> Application:
    tenant_id = invitation.tenant_id
    number = number_next(Application, tenant_id, "R")
    application = Application.objects.create(
        id=uuid7_for(now, tenant_id, "application", number),
        tenant_id=tenant_id,
        number=number,
        invitation=invitation,
        provider_id=invitation.provider_id,
        name=name[:200] or invitation.entity_name,
        entity_name=invitation.entity_name,
        controller_ref=invitation.controller_ref,
        service_category=invitation.service_category,
        applicant=actor,
        applied_at=now,
        since_at=now,
    )
    pack, on = pack_of_application(application), day_of(now)
    Evidence.objects.bulk_create(
        Evidence(application=application, tenant_id=tenant_id, requirement=each, changed_at=now)
        for each in requirements(pack, on)
    )
    application_note(application, "applied", now, actor=actor)
    due_on = step_clock(pack, PREPARING, on, on).due_on
    applicant_tell(
        application,
        Told(
            "begun",
            Words("入驻申请已开始", "Your application has begun"),
            Words(
                f"申请 {number}：请在 {due_on} 前逐项提交材料，全部备齐后提交初审。",
                f"Application {number}: bring what each requirement asks for by {due_on}, then "
                "hand it in for review.",
            ),
            due_on=due_on,
        ),
        now,
    )
    return application
