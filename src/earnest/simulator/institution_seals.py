"""Keys, certificates and signatures of the simulated institution.

Written apart from the connector on purpose: two writings of one signature that agree are worth more
than one that agrees with itself.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

_FROM, _TO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
_PARTS = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Seals:
    """Both sides' keys, and certificates that a root of the institution has issued for them."""

    institution_key: rsa.RSAPrivateKey = field(repr=False)
    application_key: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def made(cls) -> "Seals":
        """Make new keys; this takes a moment."""
        pair = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        return cls(*pair)

    @cached_property
    def root(self) -> x509.Certificate:
        """The root's certificate; it shares the institution's key."""
        return self._issued("Simulated Root", self.institution_key, 41)

    @cached_property
    def institution(self) -> x509.Certificate:
        """The certificate by which answers are proven."""
        return self._issued("Simulated Institution", self.institution_key, 42)

    @cached_property
    def application(self) -> x509.Certificate:
        """The certificate of whoever asks."""
        return self._issued("Simulated Application", self.application_key, 43)

    def files(self) -> dict[str, bytes]:
        """Return what an application is given, by the name of its setting."""
        key = self.application_key.private_bytes(
            _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "private_key_file": key,
            "app_certificate_file": self.application.public_bytes(_PEM),
            "alipay_certificate_file": self.institution.public_bytes(_PEM),
            "root_certificate_file": self.root.public_bytes(_PEM),
        }

    def signed(self, content: bytes) -> str:
        """Return the institution's signature over bytes, in base64."""
        raw = self.institution_key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(raw).decode()

    def request_holds(self, fields: Mapping[str, str]) -> bool:
        """Tell whether a request is signed by the application and names the right certificates."""
        text = "&".join(
            f"{key}={value}" for key, value in sorted(fields.items()) if key != "sign" and value
        )
        try:
            self.application_key.public_key().verify(
                base64.b64decode(fields.get("sign", "")),
                text.encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except (InvalidSignature, ValueError):
            return False
        named = (fields.get("app_cert_sn"), fields.get("alipay_root_cert_sn"))
        return named == (serial_of(self.application), serial_of(self.root))

    def _issued(self, name: str, key: rsa.RSAPrivateKey, serial: int) -> x509.Certificate:
        issuer = _name("Simulated Root")
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(_FROM)
            .not_valid_after(_TO)
            .sign(self.institution_key, hashes.SHA256())
        )


def serial_of(certificate: x509.Certificate) -> str:
    """Return the number by which the institution names a certificate."""
    names = certificate.issuer.rfc4514_string()
    return hashlib.md5(
        f"{names}{certificate.serial_number}".encode(), usedforsecurity=False
    ).hexdigest()


def _name(common: str) -> x509.Name:
    words = ("Simulated Unit", "Simulated Finance")
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")]
    for oid, word in zip(reversed(_PARTS), (*reversed(words), common), strict=True):
        parts.append(x509.NameAttribute(oid, word))
    return x509.Name(parts)
