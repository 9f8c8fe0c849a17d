"""Names for providers and shops: two pleasant words each, made up, of no real company."""

_PLACES = (
    "青禾", "北岸", "云杉", "白鹭", "星野", "南溪", "松果", "晨雾", "海棠", "竹影",
    "麦浪", "石桥", "望舒", "鹿鸣", "橘洲", "霜叶", "砚湖", "桐花", "雁归", "浅川",
    "听雨", "棠梨", "拾光", "山岚",
)  # fmt: skip
_TRADES = ("货源", "云仓", "供应链", "选品仓", "产业带", "好物集")
_FRONTS = (
    "暖阳", "小满", "半夏", "知秋", "初雪", "芒种", "微澜", "豆蔻", "薄荷", "长亭",
    "苏木", "向晚", "清欢", "木槿", "花间", "鲸落", "蒲公英", "橙子", "月半", "十里",
)  # fmt: skip
_SIGNS = ("小铺", "优品店", "生活馆", "严选屋", "旗舰店", "百货", "工坊", "集市")


def _combined(number: int, firsts: tuple[str, ...], seconds: tuple[str, ...]) -> str:
    """Return the number-th combination; after the last one they come again, numbered."""
    turn, index = divmod(number - 1, len(firsts) * len(seconds))
    # Both parts move on together, so that neighbours share neither word.
    first = firsts[index % len(firsts)]
    second = seconds[(index + index // len(firsts)) % len(seconds)]
    return f"{first}{second}" if turn == 0 else f"{first}{second} {turn + 1} 号"


def provider_name(number: int) -> str:
    """Return the name of the provider with this number, from 1 up.

    >>> provider_name(1), provider_name(2)
    ('青禾货源', '北岸云仓')
    """
    return _combined(number, _PLACES, _TRADES)


def shop_name(number: int) -> str:
    """Return the name of the shop with this number, from 1 up.

    >>> shop_name(1)
    '暖阳小铺'
    """
    return _combined(number, _FRONTS, _SIGNS)
