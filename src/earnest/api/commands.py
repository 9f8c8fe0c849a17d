"""What changes about API tokens: they are made, used and revoked."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from earnest.api.models import ApiToken
from earnest.kernel.errors import BadInput, NotFound
from earnest.kernel.ids import uuid7_for
from earnest.market.roles import PARTY_ROLES, PERMISSIONS

SECRET_PREFIX = "earnest_"  # noqa: S105 - marks our secrets for scanners, is none itself


@dataclass(frozen=True)
class NewToken:
    """A token that was just made; the only time that its secret is at hand."""

    id: UUID
    secret: str


def secret_hash(secret: str) -> str:
    """Return the hash under which a secret is kept; the secret has 256 random bits, so no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _role_check(role: str, subject: tuple[str, str]) -> None:
    if role not in PERMISSIONS:
        raise BadInput(
            "unknown_role",
            where=role,
            zh=f"没有“{role}”这个角色；可用：{'、'.join(sorted(PERMISSIONS))}。",
            en=f"there is no role {role!r}; choose one of {', '.join(sorted(PERMISSIONS))}",
        )
    kind = PARTY_ROLES.get(role, "")
    if kind and (subject[0] != kind or not subject[1]):
        raise BadInput(
            "party_missing",
            where=role,
            zh=f"角色“{role}”必须指明所属主体，写作 {kind}:编号。",
            en=f"the role {role!r} needs the party it belongs to, written {kind}:ID",
        )
    if not kind and subject != ("", ""):
        raise BadInput(
            "party_not_wanted",
            where=role,
            zh=f"角色“{role}”不属于某个主体；去掉主体，或改用 {'、'.join(PARTY_ROLES)}。",
            en=f"the role {role!r} belongs to no party; leave the party out, or choose one of"
            f" {', '.join(PARTY_ROLES)}",
        )


def token_create(
    tenant_id: str, name: str, *, role: str, subject: tuple[str, str] = ("", ""), now: datetime
) -> NewToken:
    """Make a token and return it with its secret, which is not kept and cannot be shown again.

    Raises:
        BadInput: no name, an unknown role, or a party where none belongs or none where one does.
    """
    if not name.strip():
        raise BadInput(
            "name_missing",
            where="name",
            zh="请给令牌写上使用它的系统或人的名字。",
            en="give the name of the system or person that the token speaks for",
        )
    _role_check(role, subject)
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        id=uuid7_for(now, tenant_id, secret_hash(secret)),
        tenant_id=tenant_id,
        name=name.strip(),
        role=role,
        subject_kind=subject[0],
        subject_id=subject[1],
        secret_sha256=secret_hash(secret),
        created_at=now,
    )
    return NewToken(token.id, secret)


def token_revoke(tenant_id: str, token_id: UUID, *, now: datetime) -> bool:
    """Revoke a token, from the next call on; return whether it was still good.

    Raises:
        NotFound: no token has this id.
    """
    tokens = ApiToken.objects.filter(tenant_id=tenant_id, id=token_id)
    if tokens.filter(revoked_at=None).update(revoked_at=now):
        return True
    if not tokens.exists():
        raise NotFound(
            "unknown_token",
            where=str(token_id),
            zh="没有这个令牌；用 earnest token list 查看现有令牌。",
            en="there is no such token; `earnest token list` shows those there are",
        )
    return False


def token_used(token: ApiToken, on: date) -> None:
    """Remember the day of a token's last use; writes once a day."""
    if token.last_used_on != on:
        ApiToken.objects.filter(id=token.id).update(last_used_on=on)
