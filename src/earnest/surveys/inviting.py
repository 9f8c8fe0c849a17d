"""Inviting respondents, leaving some out for a reason, and the links that they are sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from earnest.kernel.calendar import Month
from earnest.kernel.errors import BadInput, Conflict
from earnest.kernel.ids import uuid7_for
from earnest.surveys.finality import scores_open_check
from earnest.surveys.links import link_again, link_secret, pseudonym, secret_hash
from earnest.surveys.models import (
    CLOSED,
    EXCLUDED,
    INVITED,
    MARKET,
    OPEN,
    READMITTED,
    RENEWED,
    WITHDRAWN,
    Answer,
    Campaign,
    Invitation,
    InvitationStep,
)
from earnest.surveys.respondents import Respondent, respondents_found
from earnest.surveys.telling import invited_tell

REASONS: Final = ("own_staff", "related", "pressure", "no_dealings", "duplicate", "other")
"""Why an answer does not count; ``related`` is a shop of the provider's own entity."""
BY_ITSELF: Final = "earnest"
_AT_ONCE = 1000


@transaction.atomic
def newcomers_invite(campaign: Campaign, now: datetime) -> int:
    """Invite the merchants that dealt with a provider by now and were not asked yet; how many.

    A campaign that asks by a list invites nobody by itself.
    """
    if campaign.asks != MARKET:
        return 0
    month = Month.parse(campaign.month)
    found = respondents_found(campaign.tenant_id, month, campaign.provider_ids, now)
    return len(respondents_invite(campaign, found, BY_ITSELF, now))


@transaction.atomic
def respondents_invite(
    campaign: Campaign, respondents: Iterable[Respondent], actor: str, now: datetime
) -> list[Invitation]:
    """Invite respondents who were not asked yet; return the new invitations.

    Nobody is asked twice about one provider in a campaign. Those with a reason not to count are
    kept with it and are not asked. Who was invited before takes the address that is given now; a
    link that was mailed already goes there only when it is renewed.

    Raises:
        Conflict: the campaign is closed or withdrawn.
    """
    held = Campaign.objects.select_for_update().get(id=campaign.id)
    if held.state in (CLOSED, WITHDRAWN):
        raise Conflict(
            "campaign_closed",
            where=campaign.number,
            zh="该调查已结束，不能再邀请。",
            en="the campaign is over; nobody can be invited any more",
        )
    known = {
        (each.provider_id, *each.who_pair): each
        for each in Invitation.objects.filter(campaign=campaign)
    }
    rows: dict[tuple[str, str, str], Invitation] = {}
    moved = []
    for each in respondents:
        key = (each.provider_id, each.who_kind, each.who)
        if key not in known and key not in rows:
            rows[key] = _invitation(held, each, now)
        elif each.address and key in known and known[key].address != each.address:
            known[key].address = each.address
            moved.append(known[key])
    Invitation.objects.bulk_update(moved, ["address"], batch_size=_AT_ONCE)
    made = Invitation.objects.bulk_create(rows.values(), batch_size=_AT_ONCE)
    InvitationStep.objects.bulk_create(
        [_step(one, EXCLUDED if one.excluded else INVITED, one.excluded, actor, now)
         for one in made],
        batch_size=_AT_ONCE,
    )  # fmt: skip
    if held.state == OPEN:
        invited_tell(held, made, now)
    return made


def _invitation(campaign: Campaign, respondent: Respondent, now: datetime) -> Invitation:
    tenant_id, who_kind, who = campaign.tenant_id, respondent.who_kind, respondent.who
    key = (campaign.number, respondent.provider_id, who_kind, who)
    invitation_id = uuid7_for(now, tenant_id, "invitation", *key)
    return Invitation(
        id=invitation_id,
        campaign=campaign,
        tenant_id=tenant_id,
        provider_id=respondent.provider_id,
        respondent=pseudonym(tenant_id, campaign.number, who_kind, who),
        who_kind=who_kind,
        who=who,
        secret_sha256=secret_hash(link_secret(invitation_id, 1)),
        invited_at=now,
        excluded=respondent.excluded,
        address=respondent.address,
    )


def _step(
    invitation: Invitation, what: str, reason: str, actor: str, now: datetime, note: str = ""
) -> InvitationStep:
    return InvitationStep(
        invitation=invitation,
        tenant_id=invitation.tenant_id,
        what=what,
        reason=reason,
        note=note,
        actor=actor,
        at=now,
    )


@transaction.atomic
def invitation_exclude(
    invitation: Invitation, reason: str, note: str, actor: str, now: datetime
) -> Invitation:
    """Leave a respondent out for a reason: an answer given before does not count any more.

    This may be done after the campaign has closed as well, until the month's scores are final.

    Raises:
        BadInput: no known reason, or ``other`` without a note.
        Conflict: it is left out already, or the scores are final (``scores_final``).
    """
    if reason not in REASONS:
        raise BadInput(
            "unknown_reason",
            where=reason,
            zh=f"排除原因须为：{'、'.join(REASONS)}。",
            en=f"the reason is one of {', '.join(REASONS)}",
        )
    if reason == "other" and not note.strip():
        raise BadInput(
            "note_missing",
            where="note",
            zh="选择“其他”时请写明原因。",
            en="say why, where the reason is another one",
        )
    return _counted_anew(invitation, reason, note, actor, now)


@transaction.atomic
def invitation_readmit(invitation: Invitation, note: str, actor: str, now: datetime) -> Invitation:
    """Let a respondent count again who was left out by mistake, until the scores are final.

    Raises:
        Conflict: the respondent is not left out, or the scores are final (``scores_final``).
    """
    return _counted_anew(invitation, "", note, actor, now)


def _counted_anew(
    invitation: Invitation, reason: str, note: str, actor: str, now: datetime
) -> Invitation:
    held = Invitation.objects.select_for_update().get(id=invitation.id)
    scores_open_check(held.campaign, held.provider_id, now)
    if bool(held.excluded) == bool(reason):
        raise Conflict(
            "invitation_as_wished",
            where=held.respondent,
            zh="该受访人已是所要的状态；请刷新后查看。",
            en="the respondent is in this state already; load the page again",
        )
    held.excluded = reason
    held.save(update_fields=["excluded"])
    _step(held, EXCLUDED if reason else READMITTED, reason, actor, now, note).save()
    last = held.answers.order_by("-version").first()
    if last is not None:
        Answer.objects.create(
            invitation=held,
            tenant_id=held.tenant_id,
            version=last.version + 1,
            scores=last.scores,
            overall=last.overall,
            comment=last.comment,
            channel=last.channel,
            excluded=reason,
            answered_at=last.answered_at,
            recorded_at=now,
        )
    return held


@transaction.atomic
def link_renew(invitation: Invitation, actor: str, now: datetime) -> str:
    """Give an invitation another link, say because the first went astray; return its secret.

    The link before does not work any more.
    """
    held = Invitation.objects.select_for_update().get(id=invitation.id)
    held.link_no += 1
    secret = link_secret(held.id, held.link_no)
    held.secret_sha256 = secret_hash(secret)
    held.save(update_fields=["link_no", "secret_sha256"])
    _step(held, RENEWED, "", actor, now).save()
    return secret


@dataclass(frozen=True)
class Link:
    """An invitation with the secret of its link, for the operator to send."""

    invitation: Invitation
    secret: str


def links_of(campaign: Campaign, *, unanswered: bool = True) -> list[Link]:
    """Return the links of a campaign in order of respondent, without those left out.

    Takes:
        unanswered: only those without an answer.

    Raises:
        Conflict: the marketplace's key has changed since; see :func:`links.link_again`.
    """
    rows = campaign.invitations.filter(excluded="")
    if unanswered:
        rows = rows.filter(answered_at=None)
    return [
        Link(each, link_again(each)) for each in rows.order_by("who_kind", "who", "provider_id")
    ]


def steps_of(invitations: Sequence[Invitation]) -> dict[object, list[InvitationStep]]:
    """Return what happened to invitations, by id, oldest first."""
    found: dict[object, list[InvitationStep]] = {each.id: [] for each in invitations}
    rows = InvitationStep.objects.filter(invitation__in=list(found)).order_by("id")
    for row in rows:
        found[row.invitation_id].append(row)
    return found
