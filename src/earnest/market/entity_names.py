"""Names of certified entities, and how two writings of one name are compared."""

from earnest.market.models import ReservedProvider
from earnest.market.queries import Subject, provider_get, shop_get

_OPENING, _CLOSING = "([{（［｛〔【〖", ")]}）］｝〕】〗"
_FULL_WIDTH_FROM, _FULL_WIDTH_TO, _WIDTH_STEP = 0xFF01, 0xFF5E, 0xFEE0
_NARROW = {code: chr(code - _WIDTH_STEP) for code in range(_FULL_WIDTH_FROM, _FULL_WIDTH_TO + 1)}
_BRACKETS = dict.fromkeys(map(ord, _OPENING), "(") | dict.fromkeys(map(ord, _CLOSING), ")")


def name_normal(name: str) -> str:
    """Return a name with one width, one kind of bracket and no spaces; nothing else is changed.

    >>> name_normal("杭州 某某（中国）有限公司") == name_normal("杭州某某(中国)有限公司")
    True
    """
    return "".join(name.translate(_NARROW | _BRACKETS).split())


def certified_name(tenant_id: str, subject: Subject) -> str:
    """Return the certified entity's name of a party; empty where nobody has certified one.

    Of a provider that was invited and is not open yet it is the name that was invited.

    Raises:
        NotFound: when there is no such party.
    """
    if subject[0] == "provider":
        invited = ReservedProvider.objects.filter(
            tenant_id=tenant_id, provider_id=subject[1], freed_at=None
        ).first()
        if invited is not None:
            return invited.entity_name
    get = provider_get if subject[0] == "provider" else shop_get
    return get(tenant_id, subject[1]).entity_name
