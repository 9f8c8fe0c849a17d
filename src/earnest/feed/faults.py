"""What can be wrong with a row that arrives, in words: what is wrong and what to do about it."""

from difflib import get_close_matches
from typing import Final

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "unknown_stream": (
        "这一行的 type 不属于数据流 {detail}；请改为 earnest.{detail}，或送到对应的数据流",
        (
            "the row's type does not belong to stream {detail}; write earnest.{detail} or send it"
            " to its own stream"
        ),
    ),
    "unknown_field": (
        "没有字段 {field}{detail}；请更正字段名或去掉它",
        "there is no field {field}{detail}; correct its name or leave it out",
    ),
    "wrong_type": (
        "{field} 的值不能读作 {detail}",
        "the value of {field} cannot be read as {detail}",
    ),
    "missing_key": (
        "缺少必填字段 {field}；请补上后重新发送这一行",
        "the required field {field} is missing; fill it in and send the row again",
    ),
    "time_without_zone": (
        "{field} 没有时区；请写成 2025-08-01T10:00:00+08:00 这样的形式",
        "{field} has no zone; write it like 2025-08-01T10:00:00+08:00",
    ),
    "time_out_of_range": (
        "{field} 不在 1992 年至 2199 年之间；整数形式的时间须是微秒，不是秒或毫秒",
        (
            "{field} is not between 1992 and 2199; a time given as a number must be in"
            " microseconds, not seconds or milliseconds"
        ),
    ),
    "time_in_future": (
        "{field} 晚于收到的时间；请检查来源的时钟",
        "{field} lies after the time of arrival; check the clock of the source",
    ),
    "negative_amount": (
        "{field} 为负数；请只发送不小于零的数，退款另用售后事件表示",
        "{field} is negative; send zero or more and report refunds as after-sales events",
    ),
    "amount_too_large": (
        "{field} 过大；金额单位是分，单笔不超过一千亿元",
        "{field} is too large; amounts are in fen, at most 100 billion yuan each",
    ),
    "score_out_of_range": (
        "{field} 不在 0 到 10 之间",
        "{field} is not between 0 and 10",
    ),
    "text_too_long": (
        "{field} 超过 1000 个字符；请缩短",
        "{field} is longer than 1,000 characters; shorten it",
    ),
    "unknown_enum_value": (
        "{field} 的值不在允许的取值之内：{detail}；来源自己的代码请放在 {field}_raw",
        "the value of {field} is not one of: {detail}; put the source's own code into {field}_raw",
    ),
    "unknown_category": (
        "类目 {field} 不在类目表中；请先登记该类目，或更正编号",
        "the category in {field} is not in the list of categories; register it or correct its id",
    ),
    "given_twice": (
        "{field} 以两种写法给出（{detail}）；请只保留一种",
        "{field} is given in two spellings ({detail}); keep one of them",
    ),
    "pickup_before_payment": (
        "揽收时间早于该运单订单的支付时间；请核对两个时间，该揽收未被采用，订单仍按已支付计",
        (
            "the pick-up is earlier than the payment of the parcel's order; check both times; the"
            " pick-up was not taken, the order still counts as paid"
        ),
    ),
    "duplicate_other_content": (
        (
            "同一来源已有主键相同但内容不同的事件；如要更正，请以 kind=correction 并写明"
            " corrects_event_id 发送"
        ),
        (
            "the same source already gave this key with other content; to correct it, send it with"
            " kind=correction and its corrects_event_id"
        ),
    ),
    "no_stream": (
        "这一行没有写明数据流；请用 --stream、文件名或 type 字段（如 earnest.order_event）写明",
        (
            "the row names no stream; name it with --stream, the file's name or a field type"
            " such as earnest.order_event"
        ),
    ),
    "broken_line": (
        "这一行无法读出：{detail}；请修好后重新导入，其余各行已处理",
        "the line cannot be read: {detail}; mend it and import again, the other lines were handled",
    ),
}

FAULT_CODES: Final = tuple(_TEXTS)
"""Every code that a row can be rejected with."""

KIND_WORDS: Final[dict[str, tuple[str, str]]] = {
    "text": ("文本（不含控制字符）", "text without control characters"),
    "int": ("整数", "a whole number"),
    "fen": ("整数分，例如 12.50 元写作 1250", "whole fen: 12.50 yuan is written 1250"),
    "bool": ("true 或 false", "true or false"),
    "instant": (
        "带时区的时间，例如 2025-08-01T10:00:00+08:00（小数秒最多六位）",
        "a time with zone such as 2025-08-01T10:00:00+08:00 (at most six decimals of a second)",
    ),
    "day": ("日期，例如 2025-08-01", "a day such as 2025-08-01"),
    "enum": ("文本", "text"),
    "score": ("0 到 10 的分数，最多一位小数", "a score of 0 to 10 with at most one decimal"),
    "int_list": ("整数列表，例如 [1, 2]", "a list of whole numbers such as [1, 2]"),
    "currency": ("三个大写字母的币种代码，例如 CNY", "a currency of three capitals such as CNY"),
}


def fault_texts(code: str, field: str = "", detail: str | tuple[str, str] = "") -> tuple[str, str]:
    """Return the Chinese and the English sentence for a fault.

    Args:
        code: the stable name of the fault.
        field: the field at fault, by its neutral name.
        detail: what the sentence needs besides; a pair when it differs by language.
    """
    zh, en = _TEXTS[code]
    zh_detail, en_detail = (detail, detail) if isinstance(detail, str) else detail
    return zh.format(field=field, detail=zh_detail), en.format(field=field, detail=en_detail)


def nearest_name(name: str, known: list[str]) -> tuple[str, str]:
    """Return a hint at the known name that looks most like this one, in zh and en."""
    near = get_close_matches(name, known, n=1)
    return (f"，是否指 {near[0]}", f" (did you mean {near[0]}?)") if near else ("", "")
