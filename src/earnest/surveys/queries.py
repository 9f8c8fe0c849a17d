"""What can be asked about campaigns, invitations, answers and plans."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from earnest.kernel.errors import NotFound
from earnest.kernel.hashing import sha256_hex
from earnest.surveys.models import (
    CLOSED,
    DRAFT,
    OPEN,
    SCHEDULED,
    SHOP,
    WITHDRAWN,
    Answer,
    Campaign,
    ImprovementPlan,
    Invitation,
)

STATES: Final = (DRAFT, SCHEDULED, OPEN, CLOSED, WITHDRAWN)
WAITING, ANSWERED, EXPIRED, LEFT_OUT = "waiting", "answered", "expired", "left_out"
INVITATION_STATES: Final = (WAITING, ANSWERED, EXPIRED, LEFT_OUT)


def campaigns(tenant_id: str, *, state: str = "", month: str = "") -> QuerySet[Campaign]:
    """Return campaigns, the newest first, narrowed by state and month."""
    found = Campaign.objects.filter(tenant_id=tenant_id).order_by("-number")
    if state:
        found = found.filter(state=state)
    return found.filter(month=month) if month else found


def campaign_get(tenant_id: str, number: str) -> Campaign:
    """Return a campaign by its number.

    Raises:
        NotFound: there is none.
    """
    found = Campaign.objects.filter(tenant_id=tenant_id, number=number).first()
    if found is None:
        raise NotFound(
            "unknown_campaign",
            where=number,
            zh=f"没有编号为 {number} 的调查。",
            en=f"there is no campaign {number!r}",
        )
    return found


def campaigns_about(tenant_id: str, provider_id: str) -> QuerySet[Campaign]:
    """Return the campaigns that asked about a provider, once they are closed, newest first."""
    return (
        Campaign.objects.filter(
            tenant_id=tenant_id, state=CLOSED, invitations__provider_id=provider_id
        )
        .distinct()
        .order_by("-month", "-number")
    )


def invitation_state(invitation: Invitation, campaign: Campaign) -> str:
    """Return the state of an invitation in one word."""
    if invitation.excluded:
        return LEFT_OUT
    if invitation.answered_at is not None:
        return ANSWERED
    return EXPIRED if campaign.state in (CLOSED, WITHDRAWN) else WAITING


def invitations(
    campaign: Campaign, *, state: str = "", provider_id: str = "", who: str = ""
) -> QuerySet[Invitation]:
    """Return the invitations of a campaign by provider and respondent, narrowed."""
    found = campaign.invitations.order_by("provider_id", "who_kind", "who")
    over = campaign.state in (CLOSED, WITHDRAWN)
    conditions = {
        LEFT_OUT: ~Q(excluded=""),
        ANSWERED: Q(excluded="", answered_at__isnull=False),
        WAITING: Q(excluded="", answered_at=None) if not over else Q(pk__in=()),
        EXPIRED: Q(excluded="", answered_at=None) if over else Q(pk__in=()),
    }
    if state:
        found = found.filter(conditions[state])
    if provider_id:
        found = found.filter(provider_id=provider_id)
    return found.filter(who__icontains=who) if who else found


def invitation_get(tenant_id: str, invitation_id: UUID) -> Invitation:
    """Return one invitation with its campaign.

    Raises:
        NotFound: there is none.
    """
    found = (
        Invitation.objects.filter(tenant_id=tenant_id, id=invitation_id)
        .select_related("campaign")
        .first()
    )
    if found is None:
        raise NotFound(
            "unknown_invitation",
            where=str(invitation_id),
            zh="没有这份邀请，或您无权查看。",
            en="there is no such invitation, or it is not yours to see",
        )
    return found


def invitations_for_shop(tenant_id: str, shop_id: str) -> list[Invitation]:
    """Return what a shop is asked in open campaigns, those without an answer first."""
    found = Invitation.objects.filter(
        tenant_id=tenant_id, who_kind=SHOP, who=shop_id, excluded="", campaign__state=OPEN
    ).select_related("campaign")
    return sorted(found, key=lambda each: (each.answered_at is not None, each.provider_id))


def answer_last(invitation: Invitation) -> Answer | None:
    """Return the version of an answer that counts; nothing where there is no answer."""
    return invitation.answers.order_by("-version").first()


def answers_last(campaign: Campaign, provider_id: str = "") -> list[Answer]:
    """Return the last version of each answer of a campaign, with its invitation."""
    rows = Answer.objects.filter(invitation__campaign=campaign)
    if provider_id:
        rows = rows.filter(invitation__provider_id=provider_id)
    last = rows.order_by("invitation_id", "-version").distinct("invitation_id")
    return list(last.select_related("invitation"))


@dataclass(frozen=True)
class Comment:
    """A comment; ``who`` is empty where the reader may not know."""

    provider_id: str
    text: str
    who: str = ""


def comments_of(campaign: Campaign, provider_id: str = "", *, named: bool) -> list[Comment]:
    """Return the comments of answers that count.

    Takes:
        named: for operators. Without it nothing leads to a person: no names, and an order that
            tells nothing of who came when.
    """
    answers = [
        each for each in answers_last(campaign, provider_id) if each.comment and not each.excluded
    ]
    found = [
        Comment(each.invitation.provider_id, each.comment, each.invitation.who if named else "")
        for each in answers
    ]
    if named:
        return sorted(found, key=lambda each: (each.provider_id, each.who))
    return sorted(found, key=lambda each: sha256_hex(f"{campaign.id}{each.text}"))


def plans(
    tenant_id: str, *, provider_id: str = "", state: str = "", months: Iterable[str] = ()
) -> QuerySet[ImprovementPlan]:
    """Return plans of improvement, the newest month first, narrowed."""
    found = ImprovementPlan.objects.filter(tenant_id=tenant_id).order_by("-month", "provider_id")
    if provider_id:
        found = found.filter(provider_id=provider_id)
    if state:
        found = found.filter(state=state)
    wanted = list(months)
    return found.filter(month__in=wanted) if wanted else found


def plan_get(tenant_id: str, provider_id: str, month: str) -> ImprovementPlan:
    """Return the plan of a provider for a month below the mark.

    Raises:
        NotFound: none was asked for.
    """
    found = plans(tenant_id, provider_id=provider_id, months=[month]).first()
    if found is None:
        raise NotFound(
            "unknown_plan",
            where=f"{provider_id} {month}",
            zh=f"{provider_id} 在 {month} 没有需要提交的改进计划。",
            en=f"no improvement plan of {provider_id} is asked for in {month}",
        )
    return found
