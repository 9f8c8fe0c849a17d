"""The secret links of invitations, and the pseudonyms of those who answer.

Both are made from the marketplace's key (``settings.SECRET_KEY``) and what they stand for, so that
a link can be said again for a reminder although only the hash of its secret is kept.
"""

import base64
import hashlib
from typing import Final

from django.utils.crypto import constant_time_compare, salted_hmac

from earnest.kernel.errors import Conflict, NotFound
from earnest.postgres.tenancy import tenant_known, token_known
from earnest.surveys.models import Invitation

SECRET_LENGTH: Final = 43
"""Letters of a secret: 256 bits in URL-safe base 64."""
_LINK, _RESPONDENT = "earnest.surveys.link", "earnest.surveys.respondent"
_PSEUDONYM_DIGITS = 16


def link_secret(invitation_id: object, link_no: int) -> str:
    """Return the secret of an invitation's link of a number."""
    made = salted_hmac(_LINK, f"{invitation_id}\x1f{link_no}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def secret_hash(secret: str) -> str:
    """Return the hash under which a secret is kept; it has 256 random bits, so no salt."""
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).hexdigest()


def link_again(invitation: Invitation) -> str:
    """Return the secret of an invitation's present link, as it was first said.

    Raises:
        Conflict: the marketplace's key has changed since the link was made.
    """
    secret = link_secret(invitation.id, invitation.link_no)
    if not constant_time_compare(secret_hash(secret), invitation.secret_sha256):
        raise Conflict(
            "link_key_changed",
            where=str(invitation.id),
            zh="系统密钥更换后，原链接无法再次导出（已发出的仍有效）；请为该受访人更换链接。",
            en="the system's key has changed since, so the link cannot be said again (the one that"
            " was sent still works); renew this respondent's link",
        )
    return secret


def pseudonym(tenant_id: str, campaign: str, who_kind: str, who: str) -> str:
    """Return the name under which events of one campaign know a respondent.

    It is the same for all providers of the campaign; without the marketplace's key it leads back
    to nobody, and from one campaign to the next it changes.
    """
    value = "\x1f".join((tenant_id, campaign, who_kind, who))
    digits = salted_hmac(_RESPONDENT, value, algorithm="sha256").hexdigest()
    return f"R{digits[:_PSEUDONYM_DIGITS].upper()}"


def invitation_of_link(secret: str) -> Invitation:
    """Return the invitation that a link's secret opens, and open its tenant to a stranger.

    For the edges, which do not know yet whose link it is (see :mod:`earnest.postgres.tenancy`).

    Raises:
        NotFound: no link has this secret, or it was renewed since.
    """
    digest = secret_hash(secret)
    token_known(digest)
    found = Invitation.objects.filter(secret_sha256=digest).first()
    if found is None:
        raise NotFound(
            "unknown_link",
            zh="链接无效或已更换；请使用最近一次收到的链接。",
            en="the link is not valid, or was replaced; use the one that you were sent last",
        )
    tenant_known(found.tenant_id)
    return Invitation.objects.select_related("campaign").get(id=found.id)
