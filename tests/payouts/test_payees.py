"""Verified accounts: they are the certified entity's own, by name, for as long as it has it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.kernel.errors import BadInput, RuleRefused
from earnest.market.entity_names import name_normal
from earnest.market.models import Shop
from earnest.payouts.commands import payee_revoke, payee_verify, payout_request
from earnest.payouts.limits import split
from earnest.payouts.models import PayeeAccount
from earnest.payouts.queries import payee_of
from tests.payouts.scene import ENTITY, IDENTITY, NOW, SHOP, later, market_open, wanted

RAIL = "alipay_transfer"


def _verify(tenant: str, name: str = ENTITY, identity: str = IDENTITY) -> PayeeAccount:
    return payee_verify(tenant, SHOP, rail=RAIL, identity=identity, name=name, by="fin", now=NOW)


@pytest.fixture
def tenant(db) -> str:
    """Return a market without any verified account."""
    return market_open("payees")


@pytest.mark.clause("S3-6.2x")
@pytest.mark.parametrize(
    "name",
    [
        "杭州某某(中国)有限公司",
        "杭州某某（中国） 有限公司",
        "杭州某某【中国】有限公司",
        "\u3000杭州某某（中国）有限公司",
    ],
)
def test_width_brackets_and_spaces_make_no_other_name(tenant, name):
    """A name that differs in width, brackets or spaces only is the entity's."""
    assert _verify(tenant, name).entity_name == ENTITY


@pytest.mark.clause("S3-6.2x")
@pytest.mark.parametrize(
    "name",
    [
        "",
        "杭州某某中国有限公司",
        "杭州某某（中国）有限责任公司",
        "张三",
        "杭州某某（中囯）有限公司",
    ],
)
def test_another_name_is_refused(tenant, name):
    """An account of any other name, however near, is not verified."""
    with pytest.raises(RuleRefused, match="payee_name_differs"):
        _verify(tenant, name)
    assert payee_of(tenant, SHOP, RAIL) is None


@settings(deadline=None)
@given(st.text("杭州某某中囯国有限公司abAB019.-&·", max_size=12))
def test_nothing_but_width_brackets_and_spaces_is_changed(name):
    """Letters, digits, case and signs stay as they are, so that names that differ still do."""
    assert name_normal(name) == name
    assert name_normal(f" ［{name}】\t") == name_normal(f"{{{name}）") == f"({name})"
    assert name_normal("ＡＢ＆") == "AB&"


@pytest.mark.parametrize("identity", ["finance@example.com", "13800138000"])
def test_a_login_name_is_no_identity(tenant, identity):
    """Mail addresses and mobile numbers change hands: they are refused."""
    with pytest.raises(BadInput, match="payee_identity_is_login"):
        _verify(tenant, identity=identity)


def test_an_entity_without_a_certified_name_has_no_account(tenant):
    """Nothing can be held against a name that nobody certified."""
    Shop.objects.filter(tenant_id=tenant).update(entity_name=" ")
    with pytest.raises(RuleRefused, match="entity_name_missing"):
        _verify(tenant, "")


def test_a_second_verification_takes_the_place_of_the_first(tenant):
    """One account is good at a time; the same one again is the same row; history stays."""
    first = _verify(tenant)
    assert _verify(tenant).pk == first.pk
    second = _verify(tenant, identity="2088000000000002")
    assert payee_of(tenant, SHOP, RAIL) == second
    again = _verify(tenant)
    assert again.pk != first.pk
    assert PayeeAccount.objects.filter(tenant_id=tenant).count() == 3


@pytest.mark.clause("S3-6.2x")
def test_no_payout_without_a_good_account(tenant):
    """Not verified, revoked, or renamed since: each is refused and says what to do."""
    with pytest.raises(RuleRefused, match="payee_not_verified"):
        payout_request(tenant, wanted(), NOW)
    _verify(tenant)
    Shop.objects.filter(tenant_id=tenant).update(entity_name="新名称有限公司")
    with pytest.raises(RuleRefused, match="payee_entity_changed"):
        payout_request(tenant, wanted(), NOW)
    Shop.objects.filter(tenant_id=tenant).update(entity_name=ENTITY)
    assert payout_request(tenant, wanted(), NOW).payee.identity == IDENTITY
    revoked = payee_revoke(tenant, SHOP, rail=RAIL, by="fin", now=later())
    assert revoked.revoked_by == "fin"
    assert payee_revoke(tenant, SHOP, rail=RAIL, by="fin", now=later()) is None
    with pytest.raises(RuleRefused, match="payee_not_verified"):
        payout_request(tenant, wanted(), NOW)


@settings(deadline=None)
@given(st.integers(100, 10**9), st.data())
def test_parts_are_the_whole(largest_fen, data):
    """Parts sum to the amount, none is above the limit, and none is a tiny rest."""
    amount_fen = data.draw(st.integers(1, largest_fen * 300))
    parts = split(amount_fen, largest_fen)
    assert sum(parts) == amount_fen
    assert max(parts) <= largest_fen
    assert max(parts) - min(parts) <= 1
    assert len(parts) == -(-amount_fen // largest_fen)
