"""RSA2 signatures and serial numbers of certificates, as Alipay computes them."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509.oid import NameOID

from earnest.kernel.errors import BadInput

KEY_BITS_MIN = 2048
_ISSUER_PARTS = (
    ("CN", NameOID.COMMON_NAME),
    ("OU", NameOID.ORGANIZATIONAL_UNIT_NAME),
    ("O", NameOID.ORGANIZATION_NAME),
    ("C", NameOID.COUNTRY_NAME),
)
_RSA_SIGNED = "1.2.840.113549.1.1."  # every RSA signature algorithm has an id below this one


def signing_text(fields: Mapping[str, str]) -> str:
    """Return the text that is signed: ``k=v`` by key, without ``sign`` and without empty values.

    >>> signing_text({"b": "2", "a": "1", "empty": "", "sign": "x"})
    'a=1&b=2'
    """
    return "&".join(f"{k}={fields[k]}" for k in sorted(fields) if k != "sign" and fields[k])


def sign(key: RSAPrivateKey, text: str) -> str:
    """Return the base64 of the RSA2 signature (PKCS #1 v1.5 over SHA-256) of a text in UTF-8."""
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def signature_holds(key: RSAPublicKey, signed: bytes, signature: str) -> bool:
    """Tell whether a base64 signature is the key's own over these bytes."""
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, signed, padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def serial_text_digest(issuer: str, serial: int) -> str:
    """Return a certificate's serial number as Alipay writes it: MD5 of issuer and number.

    >>> serial_text_digest("CN=Root,OU=Test OU,O=Test Org,C=CN", 42)
    'a712eccdfd8a2405ef01a0502ee27b83'
    """
    return hashlib.md5(f"{issuer}{serial}".encode(), usedforsecurity=False).hexdigest()


def certificate_sn(certificate: x509.Certificate) -> str:
    """Return the serial number by which Alipay names a certificate."""
    parts = []
    for word, oid in _ISSUER_PARTS:
        if found := certificate.issuer.get_attributes_for_oid(oid):
            parts.append(f"{word}={found[0].value!s}")
    return serial_text_digest(",".join(parts), certificate.serial_number)


def root_sn(certificates: list[x509.Certificate]) -> str:
    """Return the serial number of a root file: those signed with RSA, joined by ``_``."""
    return "_".join(
        certificate_sn(each)
        for each in certificates
        if each.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNED)
    )


def certificates_read(path: Path) -> list[x509.Certificate]:
    """Read all certificates of a PEM file, in order.

    Raises:
        BadInput: when the file is missing or holds no certificate.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _unreadable(path, "证书", "certificate") from error


def private_key_read(path: Path) -> RSAPrivateKey:
    """Read a private key: PEM, or the bare base64 that Alipay's key tool writes.

    Raises:
        BadInput: when the file is missing, is no RSA key, or the key is shorter than 2048 bits.
    """
    try:
        content = path.read_bytes()
        if b"-----BEGIN" in content:
            key = serialization.load_pem_private_key(content, password=None)
        else:
            key = serialization.load_der_private_key(base64.b64decode(content), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable(path, "私钥", "private key") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise _unreadable(path, "RSA 私钥（至少 2048 位）", "RSA private key of 2048 bits or more")
    return key


def public_key_of(certificate: x509.Certificate) -> RSAPublicKey:
    """Return a certificate's RSA key.

    Raises:
        BadInput: when the certificate is for another kind of key.
    """
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise BadInput(
            "alipay_certificate_not_rsa",
            zh="支付宝公钥证书不是 RSA 证书；请下载 RSA2 的证书。",
            en="Alipay's certificate is not for RSA; download the one for RSA2.",
        )
    return key


def _unreadable(path: Path, zh: str, en: str) -> BadInput:
    """Name the file, never what is in it."""
    return BadInput(
        "alipay_file_unreadable",
        where=str(path),
        zh=f"无法从该文件读取{zh}；请检查路径和内容。",
        en=f"no {en} can be read from this file; check path and content",
    )
