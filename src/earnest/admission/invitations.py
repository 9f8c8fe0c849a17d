"""Inviting: by whom, for whom, why, for how long; and taking an invitation back (S0-1.3-invite)."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from earnest.admission.filing import invitation_locked, invitation_note, reason_given
from earnest.admission.models import Invitation
from earnest.cases.filing import accepted
from earnest.cases.reentry import reentry_required
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.market.admitting import provider_reserve
from earnest.market.reentry import Comer
from earnest.policy import Evaluation
from earnest.postgres.numbering import number_next
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of

OPEN, ACCEPTED, REVOKED, EXPIRED = "open", "accepted", "revoked", "expired"
STATES = (OPEN, ACCEPTED, REVOKED, EXPIRED)
REASONS = (
    "integration", "business", "joined_systems", "supply_capability", "category_gap", "recommended",
)  # fmt: skip
BY_PACK, BY_INVITER = "pack", "inviter"
NAME_MAX, ID_MAX = 200, 64
_UNSET = "unset"


@dataclass(frozen=True)
class NewInvitation:
    """Whom to invite, and why.

    Attributes:
        entity_name: of the certified entity.
        contact: who is written to: a person with a mail address or a telephone number.
        service_category: a row of the pack's table ``service_deposits``.
        criteria: what the invitation rests on, in words.
        reasons: the same as codes of ``REASONS``, at least one.
        actor: who invites.
        controller_ref: who controls the entity, where known.
        provider_id: the id that it will have; empty for the invitation's own number.
        ends_on: the last day of the invitation; needed as long as the pack sets no life.
    """

    entity_name: str
    contact: str
    service_category: str
    criteria: str
    reasons: Sequence[str]
    actor: str
    controller_ref: str = ""
    provider_id: str = ""
    ends_on: date | None = None


@dataclass(frozen=True)
class Invited:
    """An invitation and its secret, which is not kept: it is shown once."""

    invitation: Invitation
    secret: str


def service_choices() -> list[str]:
    """Return the service categories that a provider may come in for, by the pack."""
    rows = pack_of(SUPPLY_MARKET).tables["service_deposits"].rows
    return list(dict.fromkeys(str(value) for row in rows for value in row.cells[0].values))


def secret_hash(secret: str) -> str:
    """Return the hash by which a secret link is found."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def invitation_make(tenant_id: str, new: NewInvitation, now: datetime) -> Invited:
    """Invite somebody; its provider id is kept from now on.

    Raises:
        BadInput: a field is missing or wrong.
        Conflict: the entity has an open invitation, or the id was given before.
        RuleRefused: ``reentry_barred`` (S0-3.4); ``unset:invitation_days`` where neither the pack
            nor the inviter says how long it lives.
    """
    _fields_check(new)
    on = day_of(now)
    ends_on, life_from = _life(new.ends_on, on)
    number = number_next(Invitation, tenant_id, "I")
    provider_id = new.provider_id.strip() or f"SP{number[1:]}"
    entity = new.entity_name.strip()
    comer = Comer(entity, provider_id, new.controller_ref.strip())
    reentry_required(tenant_id, comer, on)
    _not_invited(tenant_id, entity, on)
    provider_reserve(tenant_id, provider_id, entity, entity, now)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        id=uuid7_for(now, tenant_id, "invitation", number),
        tenant_id=tenant_id,
        number=number,
        entity_name=entity,
        contact=new.contact.strip(),
        controller_ref=new.controller_ref.strip(),
        service_category=new.service_category,
        provider_id=provider_id,
        criteria=new.criteria.strip(),
        reasons=list(dict.fromkeys(new.reasons)),
        ends_on=ends_on,
        life_from=life_from,
        invited_by=new.actor,
        invited_at=now,
        secret_sha256=secret_hash(secret),
    )
    invitation_note(invitation, "invited", now, actor=new.actor, note=invitation.criteria)
    return Invited(invitation, secret)


@transaction.atomic
def invitation_renew_link(tenant_id: str, number: str, actor: str, now: datetime) -> Invited:
    """Make a new secret link of an open invitation; the one before leads nowhere from now on.

    Raises:
        Conflict: it is not open any more.
        NotFound: there is none.
    """
    invitation = invitation_locked(tenant_id, number)
    open_required(invitation, day_of(now))
    secret = secrets.token_urlsafe(32)
    invitation.secret_sha256 = secret_hash(secret)
    invitation.save(update_fields=["secret_sha256"])
    invitation_note(invitation, "link_renewed", now, actor=actor)
    return Invited(invitation, secret)


@transaction.atomic
def invitation_revoke(
    tenant_id: str, number: str, reason: str, actor: str, now: datetime
) -> Invitation:
    """Take an open invitation back; its link leads nowhere from now on.

    Raises:
        BadInput: no reason is given.
        Conflict: it is not open any more.
        NotFound: there is none.
    """
    note = reason_given(reason, number)
    invitation = invitation_locked(tenant_id, number)
    open_required(invitation, day_of(now))
    invitation_settle(invitation, REVOKED, now)
    invitation_note(invitation, REVOKED, now, actor=actor, note=note)
    return invitation


def invitation_settle(invitation: Invitation, state: str, now: datetime) -> None:
    """Bring an open invitation to its end."""
    invitation.state, invitation.settled_at = state, now
    invitation.save(update_fields=["state", "settled_at"])


def state_on(invitation: Invitation, on: date) -> str:
    """Return the state of an invitation on a day: expired as soon as its last day is over."""
    return EXPIRED if invitation.state == OPEN and invitation.ends_on < on else invitation.state


def open_required(invitation: Invitation, on: date) -> None:
    """Let a step be taken only while an invitation is open.

    Raises:
        Conflict: ``invitation_accepted``, ``invitation_revoked`` or ``invitation_expired``.
    """
    state = state_on(invitation, on)
    if state == OPEN:
        return
    zh = {ACCEPTED: "已被接受", REVOKED: "已撤回", EXPIRED: f"已于 {invitation.ends_on} 到期"}[
        state
    ]
    raise Conflict(
        f"invitation_{state}",
        where=invitation.number,
        zh=f"该邀请{zh}，不能再使用；如需入驻请联系邀请人重新邀请。",
        en=f"the invitation is {state}; ask whoever invited you for a new one",
    )


def _fields_check(new: NewInvitation) -> None:
    empty = [
        name for name in ("entity_name", "contact", "criteria") if not getattr(new, name).strip()
    ]
    if empty:
        raise BadInput(
            "field_missing",
            where=empty[0],
            zh="此项不能为空。",
            en=f"{empty[0]} must not be empty",
        )
    if len(new.entity_name) > NAME_MAX or len(new.contact) > NAME_MAX:
        raise BadInput(
            "field_too_long",
            where="entity_name",
            zh=f"名称与联系方式各不超过 {NAME_MAX} 个字符。",
            en=f"name and contact have at most {NAME_MAX} characters each",
        )
    for name in ("provider_id", "controller_ref"):
        given = getattr(new, name).strip()
        if len(given) > ID_MAX or not all(each.isalnum() or each in "._-" for each in given):
            raise BadInput(
                "id_wrong",
                where=name,
                zh=f"编号只能含字母、数字与 . _ -，最多 {ID_MAX} 个字符。",
                en=f"an id has letters, digits and . _ - only, at most {ID_MAX} of them",
            )
    if new.service_category not in service_choices():
        raise BadInput(
            "unknown_category",
            where="service_category",
            zh=f"没有这个服务类目；可用：{'、'.join(service_choices())}。",
            en=f"there is no such category; choose one of {', '.join(service_choices())}",
        )
    if not new.reasons or not set(new.reasons) <= set(REASONS):
        raise BadInput(
            "invitation_reasons",
            where="reasons",
            zh=f"请至少选择一项邀请依据：{'、'.join(REASONS)}。",
            en=f"give at least one reason of {', '.join(REASONS)}",
        )


def life_is_open(on: date) -> bool:
    """Tell whether the rulebook says nothing of how long an invitation lives: the inviter has to.

    Clause: S0-1.3-invite.
    """
    return _is_open(_life_by_pack(on))


def _life_by_pack(on: date) -> Evaluation:
    return pack_of(SUPPLY_MARKET).evaluate("invitation", {"invited_on": on, "accepted_on": on})


def _is_open(evaluation: Evaluation) -> bool:
    return evaluation.refusal is not None and evaluation.refusal.code == _UNSET


def _life(wanted: date | None, on: date) -> tuple[date, str]:
    """Return the last day of an invitation, and who set it.

    The text names no life. As long as the pack does not either, its clause refuses, and the inviter
    has to say; once the pack says, an inviter may only make it shorter.
    """
    evaluation = _life_by_pack(on)
    if wanted is not None and wanted < on:
        raise BadInput(
            "invitation_ends_before",
            where="ends_on",
            zh="邀请的最后一日不能早于今天。",
            en="the last day of an invitation is today or later",
        )
    if _is_open(evaluation) and wanted is not None:
        return wanted, BY_INVITER
    if _is_open(evaluation):
        raise RuleRefused(
            "invitation_life_unset",
            where="ends_on",
            zh="规则未写明邀请有效期，规则包也未设定（invitation_days）；请写明最后一日。",
            en="neither the text nor the pack (invitation_days) says how long an invitation lives; "
            "give its last day",
        )
    set_by_pack = accepted(evaluation, "invitation").result["ends_on"]
    if not isinstance(set_by_pack, date):
        raise TypeError("the pack's end of an invitation is a day")
    if wanted is not None and wanted > set_by_pack:
        raise BadInput(
            "invitation_too_long",
            where="ends_on",
            zh=f"规则包设定的有效期至 {set_by_pack}，不能更长。",
            en=f"by the pack it lives until {set_by_pack}, and no longer",
        )
    return (wanted, BY_INVITER) if wanted is not None else (set_by_pack, BY_PACK)


def _not_invited(tenant_id: str, entity: str, on: date) -> None:
    standing = Invitation.objects.filter(
        tenant_id=tenant_id, entity_name=entity, state=OPEN, ends_on__gte=on
    ).first()
    if standing is not None:
        raise Conflict(
            "invited_already",
            where=standing.number,
            zh=f"该主体已有有效邀请 {standing.number}；请使用它，或先撤回。",
            en=f"the entity has the open invitation {standing.number}; use it, or revoke it first",
        )
