"""Reads of API tokens."""

from typing import Any

from earnest.api.commands import secret_hash
from earnest.api.models import ApiToken


def token_of_secret(secret: str) -> ApiToken | None:
    """Return the token that has this secret and is not revoked."""
    return ApiToken.objects.filter(
        secret_sha256=secret_hash(secret), revoked_at__isnull=True
    ).first()


def tokens_of(tenant_id: str) -> list[dict[str, Any]]:
    """Return the tokens of a tenant, oldest first, without anything of their secrets."""
    tokens = ApiToken.objects.filter(tenant_id=tenant_id).order_by("created_at", "id")
    columns = (
        "id", "name", "role", "subject_kind", "subject_id", "created_at", "last_used_on",
        "revoked_at",
    )  # fmt: skip
    return [dict(row) for row in tokens.values(*columns)]
