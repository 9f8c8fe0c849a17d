"""How this installation speaks to Alipay: its own numbers, keys and certificates.

Certificate mode only: transfers need it. Keys never stand in the configuration itself, only the
paths of their files, and a printed configuration shows none.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from earnest.connectors.alipay.signing import (
    certificate_sn,
    certificates_read,
    private_key_read,
    public_key_of,
    root_sn,
)
from earnest.kernel.errors import BadInput

GATEWAY = "https://openapi.alipay.com/gateway.do"
TIMEOUT_SECONDS = 15
PREFIX = "EARNEST_ALIPAY_"
REQUIRED = (
    "app_id",
    "seller_id",
    "private_key_file",
    "app_certificate_file",
    "alipay_certificate_file",
    "root_certificate_file",
)


@dataclass(frozen=True)
class AlipayConfig:
    """Numbers, keys and certificates.

    Attributes:
        app_id: the number of our application.
        seller_id: our own merchant number at Alipay (2088...); notices must name it.
        private_key: signs what we send.
        app_cert_sn: serial number of our application's certificate.
        root_cert_sn: serial number of Alipay's root file.
        alipay_keys: Alipay's public keys by the serial number of their certificates.
        clock: gives the present for the time stamp of an envelope; the edge passes it in.
        gateway: where requests go; the sandbox and the simulator have other addresses.
        timeout_seconds: how long to wait for an answer. After that it is unknown, not failed.
    """

    app_id: str
    seller_id: str
    private_key: RSAPrivateKey = field(repr=False)
    app_cert_sn: str
    root_cert_sn: str
    alipay_keys: Mapping[str, RSAPublicKey] = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
    gateway: str = GATEWAY
    timeout_seconds: int = TIMEOUT_SECONDS


def config_read(environment: Mapping[str, str], clock: Callable[[], datetime]) -> AlipayConfig:
    """Read the configuration from the environment, or from the JSON file that it names.

    ``EARNEST_ALIPAY_CONFIG`` names a file with the keys ``app_id``, ``seller_id``,
    ``private_key_file``, ``app_certificate_file``, ``alipay_certificate_file``,
    ``root_certificate_file`` and perhaps ``gateway``. ``EARNEST_ALIPAY_APP_ID`` and so on go
    before what the file says.

    Raises:
        BadInput: when a value is missing or a file cannot be read.
    """
    values = _file_values(environment.get(f"{PREFIX}CONFIG", ""))
    for name in (*REQUIRED, "gateway"):
        if given := environment.get(PREFIX + name.upper()):
            values[name] = given
    if missing := [name for name in REQUIRED if not values.get(name)]:
        raise BadInput(
            "alipay_not_configured",
            where=", ".join(PREFIX + name.upper() for name in missing),
            zh="支付宝渠道尚未配置完整；请设置这些环境变量，或写入配置文件。",
            en="the Alipay rail is not configured; set these variables or put them in the file",
        )
    alipay = certificates_read(Path(values["alipay_certificate_file"]))
    application = certificates_read(Path(values["app_certificate_file"]))
    return AlipayConfig(
        app_id=values["app_id"],
        seller_id=values["seller_id"],
        private_key=private_key_read(Path(values["private_key_file"])),
        app_cert_sn=certificate_sn(application[0]),
        root_cert_sn=root_sn(certificates_read(Path(values["root_certificate_file"]))),
        alipay_keys={certificate_sn(each): public_key_of(each) for each in alipay},
        clock=clock,
        gateway=values.get("gateway") or GATEWAY,
    )


def _file_values(path: str) -> dict[str, str]:
    if not path:
        return {}
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _no_object(path) from error
    if not isinstance(values, dict):
        raise _no_object(path)
    return {str(key): str(value) for key, value in values.items()}


def _no_object(path: str) -> BadInput:
    return BadInput(
        "alipay_config_unreadable",
        where=path,
        zh="配置文件无法读取；它应当是一个 JSON 对象。",
        en="the configuration file cannot be read; it must be one JSON object",
    )
