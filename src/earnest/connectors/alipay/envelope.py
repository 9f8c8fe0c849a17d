"""The envelope around every request, and the one around every answer.

A request is a form of common fields, the content as compact JSON, and a signature over both. What
must be byte-identical when a request is repeated is the content; time stamp and signature are made
anew for each sending.

An answer is a JSON object whose signature covers the *bytes* of one member. They are cut out by a
scanner that knows strings: writing them anew, or looking for the last brace, breaks on an answer
that is perfectly right.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from earnest.connectors.alipay.config import AlipayConfig
from earnest.connectors.alipay.signing import sign, signature_holds, signing_text
from earnest.connectors.alipay.yuan import stamp_of

OK = "10000"
_SPACE = b" \t\r\n"
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(rb"[-+.0-9A-Za-z]+")


class Garbled(ValueError):
    """An answer that is not what the institution writes; the text says what is wrong with it."""


def compact_json(content: Mapping[str, Any]) -> str:
    """Write a content as Alipay's own kits do: no spaces, Chinese as it is, order kept."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def request_fields(
    config: AlipayConfig,
    method: str,
    content: str,
    now: datetime,
    places: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the signed fields of a request; empty ones are left out.

    Takes:
        places: addresses for the answer, such as ``notify_url``.
    """
    fields = {
        "app_id": config.app_id,
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": stamp_of(now),
        "version": "1.0",
        "app_cert_sn": config.app_cert_sn,
        "alipay_root_cert_sn": config.root_cert_sn,
        "biz_content": content,
        **(places or {}),
    }
    fields = {name: value for name, value in fields.items() if value}
    return {**fields, "sign": sign(config.private_key, signing_text(fields))}


@dataclass(frozen=True)
class Reply:
    """An answer of the institution whose signature holds, or the reason why there is none.

    Attributes:
        trusted: the answer came, is whole, and is signed by the institution.
        code: the answer's code; ``10000`` is yes.
        sub_code: the reason of a no. Decide by it, never by the words beside it.
        content: the signed member as values; amounts stay text.
        problem: when not trusted: ``timed_out``, ``not_reached``, ``http_502``, ``garbled``,
            ``signature_wrong``.
    """

    trusted: bool
    code: str = ""
    sub_code: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def reply_read(config: AlipayConfig, method: str, body: bytes) -> Reply:
    """Read an answer's bytes and prove its signature."""
    try:
        members = top_members(body)
        signed = _signed_member(members, method)
        content = values_read(signed)
        signature = str(_scalar(members, "sign"))
        key = config.alipay_keys.get(str(_scalar(members, "alipay_cert_sn")))
    except ValueError:
        return Reply(trusted=False, problem="garbled")
    if key is None or not signature_holds(key, signed, signature):
        return Reply(trusted=False, problem="signature_wrong")
    return Reply(
        trusted=True,
        code=str(content.get("code", "")),
        sub_code=str(content.get("sub_code", "")),
        content=content,
    )


def top_members(body: bytes) -> dict[str, bytes]:
    """Cut a JSON object into its members, each value as the very bytes that came.

    Raises:
        Garbled: when it is no object, ends early, or names a member twice.

    >>> top_members(b'{"a":{"t":"}{"},"b":"x"}')
    {'a': b'{"t":"}{"}', 'b': b'"x"'}
    """
    at = _expect(body, _past_space(body, 0), b"{")
    members: dict[str, bytes] = {}
    at = _past_space(body, at)
    if body[at : at + 1] == b"}":
        return _ended(body, at + 1, members)
    while True:
        key, at = _string(body, at)
        at = _past_space(body, _expect(body, _past_space(body, at), b":"))
        end = value_end(body, at)
        name = json.loads(key)
        if name in members:
            raise Garbled(f"{name} twice")
        members[name] = body[at:end]
        at = _past_space(body, end)
        if body[at : at + 1] == b"}":
            return _ended(body, at + 1, members)
        at = _past_space(body, _expect(body, at, b","))


def value_end(body: bytes, at: int) -> int:
    """Return where the JSON value that begins at a place ends; strings may hold any bracket.

    Raises:
        Garbled: when it does not end, or its brackets do not match.
    """
    first = body[at : at + 1]
    if first == b'"':
        return _string(body, at)[1]
    if first not in (b"{", b"["):
        found = _SCALAR.match(body, at)
        if found is None:
            raise Garbled(f"no value at byte {at}")
        return found.end()
    awaited: list[bytes] = []
    while at < len(body):
        each = body[at : at + 1]
        if each == b'"':
            at = _string(body, at)[1]
            continue
        if each in (b"{", b"["):
            awaited.append(b"}" if each == b"{" else b"]")
        elif each in (b"}", b"]"):
            if awaited.pop() != each:
                raise Garbled(f"bracket at byte {at}")
            if not awaited:
                return at + 1
        at += 1
    raise Garbled("the answer ends early")


def _signed_member(members: Mapping[str, bytes], method: str) -> bytes:
    """Return the member that the signature covers: the method's answer, or the gateway's no."""
    name = method.replace(".", "_") + "_response"
    signed = members.get(name) or members.get("error_response")
    if signed is None:
        raise Garbled(f"neither {name} nor error_response")
    return signed


def values_read(member: bytes) -> dict[str, Any]:
    """Read a member's values; numbers with a point stay text, so that no amount is a float.

    Raises:
        Garbled: when it is no object or names a key twice.
    """
    content = json.loads(member, parse_float=str, object_pairs_hook=_once)
    if not isinstance(content, dict):
        raise Garbled("the member is no object")
    return content


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Garbled(f"{key} twice")
        found[key] = value
    return found


def _scalar(members: Mapping[str, bytes], name: str) -> object:
    return json.loads(members[name]) if name in members else ""


def _string(body: bytes, at: int) -> tuple[bytes, int]:
    found = _STRING.match(body, at)
    if found is None:
        raise Garbled(f"no string at byte {at}")
    return found[0], found.end()


def _past_space(body: bytes, at: int) -> int:
    while at < len(body) and body[at] in _SPACE:
        at += 1
    return at


def _expect(body: bytes, at: int, wanted: bytes) -> int:
    if body[at : at + 1] != wanted:
        raise Garbled(f"no {wanted!r} at byte {at}")
    return at + 1


def _ended(body: bytes, at: int, members: dict[str, bytes]) -> dict[str, bytes]:
    if _past_space(body, at) != len(body):
        raise Garbled(f"more behind the answer, at byte {at}")
    return members
