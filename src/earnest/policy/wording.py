"""Values as a reader sees them, in zh or en: money in major units, a rate in percent."""

from collections.abc import Mapping
from typing import Any

from earnest.kernel.money import yuan
from earnest.policy.kinds import CURRENCIES, Kind

_UNITS = {
    "months": {"zh": "{} 个月", "en": "{} months"},
    "days": {"zh": "{} 天", "en": "{} days"},
    "hours": {"zh": "{} 小时", "en": "{} hours"},
    "minutes": {"zh": "{} 分钟", "en": "{} minutes"},
    "CNY": {"zh": "{} 元", "en": "{} yuan"},
    "USD": {"zh": "{} 美元", "en": "{} USD"},
    "EUR": {"zh": "{} 欧元", "en": "{} EUR"},
    "GBP": {"zh": "{} 英镑", "en": "{} GBP"},
    "HKD": {"zh": "{} 港元", "en": "{} HKD"},
    "SGD": {"zh": "{} 新加坡元", "en": "{} SGD"},
    "MYR": {"zh": "{} 林吉特", "en": "{} MYR"},
    "THB": {"zh": "{} 泰铢", "en": "{} THB"},
    "PHP": {"zh": "{} 菲律宾比索", "en": "{} PHP"},
    "IDR": {"zh": "{} 印尼卢比", "en": "{} IDR"},
    "JPY": {"zh": "{} 日元", "en": "{} JPY"},
    "VND": {"zh": "{} 越南盾", "en": "{} VND"},
    "KRW": {"zh": "{} 韩元", "en": "{} KRW"},
}
_TRUTH = {"zh": ("否", "是"), "en": ("no", "yes")}


def show_value(value: Any, kind: Kind, language: str, labels: Mapping[str, Any]) -> str:
    """Write a value for a reader: money in major units, a rate in percent, a score with tenths.

    ``labels`` are the pack's words for texts.
    """
    if value is None:
        return "-"
    if kind.name == "bool" or isinstance(value, bool):
        return _TRUTH[language][bool(value)]
    if kind.unit in CURRENCIES:
        amount = yuan(value) if CURRENCIES[kind.unit] else f"{value:,}"
        return _UNITS[kind.unit][language].format(amount)
    if kind.unit == "ppm":
        whole, rest = divmod(abs(value), 10_000)
        sign = "-" if value < 0 else ""
        return f"{sign}{whole}.{rest:04d}".rstrip("0").rstrip(".") + "%"
    if kind.unit == "tenths":
        return f"{'-' if value < 0 else ''}{abs(value) // 10}.{abs(value) % 10}"
    if kind.unit in _UNITS:
        said = _UNITS[kind.unit][language].format(value)
        return said.removesuffix("s") if value == 1 and language == "en" else said
    if isinstance(value, str) and value in labels:
        return str(labels[value].get(language))
    return str(value)
