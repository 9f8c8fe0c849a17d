"""Secrets of endpoints: made, kept encrypted, and used to sign.

A signing secret has to be readable by the sender, so it cannot be kept as a hash. It is kept
encrypted (Fernet: AES-128 in CBC mode with HMAC-SHA256) under a key that is derived from the
installation's secret key, which stands outside the database. A copy of the database alone gives no
secret away.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from standardwebhooks import Webhook

from earnest.kernel.errors import RuleRefused

PREFIX = "whsec_"
SECRET_BYTES = 32
_INFO = b"earnest webhook secrets 1"


def secret_new() -> str:
    """Return a fresh secret, written as receivers want it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sealed(secret: str) -> str:
    """Return a secret as it is kept."""
    return _box().encrypt(secret.encode()).decode()


def opened(kept: str) -> str:
    """Return a kept secret as it was.

    Raises:
        RuleRefused: the installation's secret key is another one than when it was kept.
    """
    try:
        return _box().decrypt(kept.encode()).decode()
    except InvalidToken as error:
        raise RuleRefused(
            "secret_unreadable",
            where="EARNEST_SECRET_KEY",
            zh="系统密钥已更换，无法读取签名密钥；请轮换该接收端的密钥。",
            en="the installation's secret key has changed and the signing secret cannot be read; "
            "rotate the endpoint's secret",
        ) from error


def _box() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derived(str(each).encode())) for each in keys])


def _derived(key: bytes) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO)
    return base64.urlsafe_b64encode(hkdf.derive(key))


def signed_headers(
    message_id: str, at: datetime, body: bytes, kept_secrets: Sequence[str]
) -> dict[str, str]:
    """Return the headers of Standard Webhooks 1.0 for a body, signed with each secret.

    Takes:
        at: the real time of this try; receivers refuse what is older than minutes.
        kept_secrets: as they are kept; two while a rotation lasts.
    """
    utc = at.astimezone(UTC)  # the library takes the hands of the clock for UTC's, in any zone
    text = body.decode()
    signatures = [Webhook(opened(each)).sign(message_id, utc, text) for each in kept_secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "earnest-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(utc.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
