"""Providers that are on their way in: an id kept, a sign-in of the applicant, the opening (S0-1.3).

Nothing here judges: the room ``admission`` does, and calls this when it has.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from earnest.kernel.errors import BadInput, Conflict
from earnest.market.models import Membership, Provider, ReservedProvider

APPLICANT, PROVIDER = "applicant", "provider"
USERNAME_MIN, USERNAME_MAX = 3, 150
NOT_FOR_PEOPLE = frozenset({"system", "earnest", "feed"})
"""Names under which histories tell what happened by itself."""


@dataclass(frozen=True)
class NewProvider:
    """A provider that is opened.

    Attributes:
        name: as the market shows it.
        entity_name: of the certified entity.
        controller_ref: who controls it, shared by all of one controller; may be empty.
    """

    provider_id: str
    name: str
    entity_name: str
    service_category: str
    controller_ref: str = ""


@transaction.atomic
def provider_reserve(
    tenant_id: str, provider_id: str, name: str, entity_name: str, now: datetime
) -> None:
    """Keep an id for a provider that is invited.

    Raises:
        Conflict: the id was given before, to a provider or to another invitation.
    """
    used = Provider.objects.filter(tenant_id=tenant_id, provider_id=provider_id).exists()
    _, new = ReservedProvider.objects.get_or_create(
        tenant_id=tenant_id,
        provider_id=provider_id,
        defaults={"name": name, "entity_name": entity_name, "reserved_at": now},
    )
    if used or not new:
        raise Conflict(
            "provider_id_used",
            where=provider_id,
            zh="这个服务商编号已被使用；编号不重复使用，请换一个。",
            en="the provider id was given before; ids are given once, choose another",
        )


@transaction.atomic
def applicant_add(tenant_id: str, username: str, password: str, provider_id: str) -> Membership:
    """Give the person who accepted an invitation a sign-in of the role ``applicant``.

    Raises:
        BadInput: the name is too short or not plain, or the password too weak.
        Conflict: somebody has this name; its password is left alone.
    """
    name = User.normalize_username(username.strip())
    if not USERNAME_MIN <= len(name) <= USERNAME_MAX or not name.isprintable() or " " in name:
        raise BadInput(
            "username_wrong",
            where="username",
            zh=f"登录名须为 {USERNAME_MIN} 至 {USERNAME_MAX} 个字符，不含空格。",
            en=f"a sign-in has {USERNAME_MIN} to {USERNAME_MAX} characters and no space",
        )
    try:
        validate_password(password)
    except ValidationError as error:
        raise BadInput(
            "password_weak",
            where="password",
            zh="密码太短，请至少使用八个字符。",
            en="the password is too short, use eight characters or more",
        ) from error
    if name.casefold() in NOT_FOR_PEOPLE:
        raise _taken()
    try:
        with transaction.atomic():
            user = User.objects.create_user(name, password=password)
    except IntegrityError as error:
        raise _taken() from error
    return Membership.objects.create(
        user=user,
        tenant_id=tenant_id,
        role=APPLICANT,
        subject_kind=PROVIDER,
        subject_id=provider_id,
    )


def _taken() -> Conflict:
    return Conflict(
        "username_taken",
        where="username",
        zh="这个登录名已有人使用；请换一个。",
        en="somebody has this sign-in already; choose another name",
    )


@transaction.atomic
def provider_open(tenant_id: str, new: NewProvider, on: date, now: datetime) -> Provider:
    """Let a provider take part from a day on, and its people act for it; once is enough."""
    provider, _ = Provider.objects.get_or_create(
        tenant_id=tenant_id,
        provider_id=new.provider_id,
        defaults={
            "name": new.name,
            "entity_name": new.entity_name,
            "service_category": new.service_category,
            "controller_ref": new.controller_ref,
            "admitted_on": on,
        },
    )
    ReservedProvider.objects.filter(
        tenant_id=tenant_id, provider_id=new.provider_id, freed_at=None
    ).update(freed_at=now)
    Membership.objects.filter(
        tenant_id=tenant_id,
        role=APPLICANT,
        subject_kind=PROVIDER,
        subject_id=new.provider_id,
    ).update(role=PROVIDER)
    return provider
