"""Signing text, serial numbers, and reading answers whose strings hold anything."""

import hashlib
import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.connectors.alipay.config import config_read
from earnest.connectors.alipay.envelope import (
    Garbled,
    reply_read,
    request_fields,
    top_members,
    value_end,
    values_read,
)
from earnest.connectors.alipay.signing import (
    certificate_sn,
    serial_text_digest,
    signature_holds,
    signing_text,
)
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import BadInput
from earnest.simulator.institution_seals import serial_of
from tests.payouts.scene import NOW, seals

TRANSFER = "alipay.fund.trans.uni.transfer"
PUBLISHED_CONTENT = (
    '{"out_biz_no":"EARN-REFUND-0001","trans_amount":"2500.00","product_code":'
    '"TRANS_ACCOUNT_NO_PWD","biz_scene":"DIRECT_TRANSFER","order_title":"保证金退回",'
    '"payee_info":{"identity":"2088000000000001","identity_type":"ALIPAY_USER_ID"}}'
)
PUBLISHED_DIGEST = "c7ca787232ca5d47cbfb1924e7e6441fb5e000bc7852a5b2d8df655fda8fb50c"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_the_published_signing_text(config):
    """The text that is signed is the published one, byte for byte."""
    fields = {
        "app_id": "2021000000000001",
        "method": TRANSFER,
        "charset": "utf-8",
        "format": "JSON",
        "sign_type": "RSA2",
        "timestamp": "2025-07-19 10:00:00",
        "version": "1.0",
        "biz_content": PUBLISHED_CONTENT,
        "notify_url": "",
    }
    text = signing_text(fields)
    assert hashlib.sha256(text.encode()).hexdigest() == PUBLISHED_DIGEST
    at = datetime(2025, 7, 19, 10, tzinfo=MARKET_ZONE)
    made = request_fields(config, TRANSFER, PUBLISHED_CONTENT, at, {"notify_url": ""})
    for name in ("app_cert_sn", "alipay_root_cert_sn"):
        assert made.pop(name)
    assert signing_text(made) == text


def test_the_published_serial_number():
    """A certificate's serial number is the published one; so is that of a real certificate."""
    issuer = "CN=Root,OU=Test OU,O=Test Org,C=CN"
    assert serial_text_digest(issuer, 42) == "a712eccdfd8a2405ef01a0502ee27b83"
    for each in (seals().root, seals().application):
        assert certificate_sn(each) == serial_of(each)


def test_a_request_is_signed_by_our_key_over_everything(config):
    """The signature holds over all fields, and over no other content."""
    fields = request_fields(config, TRANSFER, "{}", NOW)
    key = seals().application_key.public_key()
    assert signature_holds(key, signing_text(fields).encode(), fields["sign"])
    assert seals().request_holds(fields)
    assert not seals().request_holds({**fields, "biz_content": "{ }"})
    assert not signature_holds(key, signing_text(fields).encode(), "no base64!")


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(min_size=1), JSON_VALUES, max_size=5), st.booleans())
def test_members_are_cut_out_as_they_came(content, ascii_only):
    """Whatever stands in the strings, each member is cut out with its own bytes."""
    written = {
        key: json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass")
        for key, value in content.items()
    }
    body = b" { " + b" ,\n".join(
        json.dumps(key).encode() + b" : " + value for key, value in written.items()
    )
    assert top_members(body + b"} ") == written


@settings(deadline=None)
@given(st.text('{}[]":,\\ 1a', max_size=24).map(str.encode) | st.binary(max_size=24))
def test_garbage_is_called_garbled(body):
    """Any bytes are either an object, cut as another reader reads it, or refused."""
    with suppress(ValueError):
        members = top_members(body)
        with suppress(ValueError):
            assert json.loads(body) == {key: json.loads(each) for key, each in members.items()}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a"', b'{"a":', b'{"a":}', b'{"a":"x}', b'{"a":[}', b"[]", b'{"a":1}x',
     b'{"a":1,"a":2}', b'{"a":1,}', b'{"a" 1}', b'{"a":"\n"}'],
)  # fmt: skip
def test_what_is_no_object_is_garbled(body):
    """Broken, cut off, doubled or followed by more: refused."""
    with pytest.raises(Garbled):
        top_members(body)


def test_a_value_ends_where_its_brackets_close():
    """Brackets inside strings, also behind escaped quotes, close nothing."""
    body = rb'{"a":"}\"]}"}]'
    assert value_end(body, 0) == len(body) - 1
    assert values_read(b'{"a":1.10}') == {"a": "1.10"}


def _answer(content: bytes, *, signed: bytes | None = None, name: str = "") -> bytes:
    name = name or TRANSFER.replace(".", "_") + "_response"
    sign = seals().signed(content if signed is None else signed)
    sn = serial_of(seals().institution)
    return b'{"%b":%b,"alipay_cert_sn":"%b","sign":"%b"}' % (
        name.encode(), content, sn.encode(), sign.encode(),
    )  # fmt: skip


def test_an_answer_is_trusted_by_its_own_bytes(config):
    """Spaces, order and braces in its words do not matter: the bytes that came are what counts."""
    content = '{ "code":"10000" ,"sub_msg":"{\\"}\\u4f60好}"}'.encode()
    reply = reply_read(config, TRANSFER, _answer(content))
    assert (reply.trusted, reply.code) == (True, "10000")
    reply = reply_read(config, TRANSFER, _answer(b'{"code":"20000"}', name="error_response"))
    assert (reply.trusted, reply.code) == (True, "20000")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (_answer(b'{"code":"10000"}', signed=b'{"code":"10000" }'), "signature_wrong"),
        (_answer(b'{"code":"10000"}').replace(b'"sign"', b'"sing"'), "signature_wrong"),
        (_answer(b'{"code":"10000"}').replace(b"_sn", b"_no"), "signature_wrong"),
        (_answer(b'{"code":"10000"}', name="another_response"), "garbled"),
        (_answer(b'{"code":"1","code":"10000"}'), "garbled"),
        (_answer(b"[]"), "garbled"),
        (b"<html>", "garbled"),
        (b"", "garbled"),
        (_answer(b'{"a":"\xff"}'), "garbled"),
    ],
)
def test_an_answer_that_is_not_proven_is_not_trusted(config, body, problem):
    """Unsigned, wrongly signed, of another method or broken: no word of it counts."""
    reply = reply_read(config, TRANSFER, body)
    assert (reply.trusted, reply.problem, reply.code) == (False, problem, "")


def _files(folder: Path) -> dict[str, str]:
    named = {}
    for name, content in seals().files().items():
        (folder / name).write_bytes(content)
        named[name] = str(folder / name)
    return {**named, "app_id": "2021", "seller_id": "2088"}


def test_the_configuration_comes_from_environment_or_file(tmp_path, config):
    """Both give the same; the environment goes before the file; keys are not shown."""
    named = _files(tmp_path)
    (tmp_path / "alipay.json").write_text(json.dumps({**named, "gateway": "https://a.test"}))
    by_file = config_read(
        {"EARNEST_ALIPAY_CONFIG": str(tmp_path / "alipay.json"), "EARNEST_ALIPAY_APP_ID": "7"},
        config.clock,
    )
    assert (by_file.app_id, by_file.gateway) == ("7", "https://a.test")
    by_environment = config_read(
        {f"EARNEST_ALIPAY_{name.upper()}": value for name, value in named.items()}, config.clock
    )
    assert by_environment.app_cert_sn == by_file.app_cert_sn == config.app_cert_sn
    assert by_environment.root_cert_sn == config.root_cert_sn
    assert set(by_environment.alipay_keys) == set(config.alipay_keys)
    assert "Key" not in repr(by_environment)


def test_a_bare_key_of_the_key_tool_is_read(tmp_path, config):
    """A private key without PEM head, as Alipay's tool writes it, is the same key."""
    named = _files(tmp_path)
    lines = (tmp_path / "private_key_file").read_text().splitlines()
    (tmp_path / "private_key_file").write_text("".join(lines[1:-1]))
    environment = {f"EARNEST_ALIPAY_{name.upper()}": value for name, value in named.items()}
    read = config_read(environment, config.clock).private_key
    assert read.private_numbers() == seals().application_key.private_numbers()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"EARNEST_ALIPAY_APP_ID": ""}, "alipay_not_configured"),
        ({"EARNEST_ALIPAY_PRIVATE_KEY_FILE": "/nowhere"}, "alipay_file_unreadable"),
        ({"EARNEST_ALIPAY_CONFIG": "/nowhere"}, "alipay_config_unreadable"),
    ],
)
def test_a_configuration_that_is_not_whole_is_refused(tmp_path, config, change, code):
    """What is missing is named, and no content of a file is shown."""
    named = _files(tmp_path)
    environment = {f"EARNEST_ALIPAY_{name.upper()}": value for name, value in named.items()}
    with pytest.raises(BadInput, match=code):
        config_read({**environment, **change}, config.clock)


def test_a_file_with_a_wrong_key_is_refused(tmp_path, config):
    """A certificate where the key should be is named by its path only."""
    named = _files(tmp_path)
    named["private_key_file"] = named["app_certificate_file"]
    environment = {f"EARNEST_ALIPAY_{name.upper()}": value for name, value in named.items()}
    with pytest.raises(BadInput, match="alipay_file_unreadable"):
        config_read(environment, config.clock)
