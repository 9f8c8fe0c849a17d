"""What to write instead of what people bring into expressions from other languages."""

import re
from collections.abc import Callable

from earnest.policy.kinds import number_hint

Hint = tuple[int, str, str]
"""The offset of what is wrong, and what to write instead, in zh and en."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_DAY = re.compile(r"\b\d{4}-\d{1,2}-\d{1,2}\b", re.ASCII)
_WORD = re.compile(r"&&|\|\||且|并且|或者|或|非")
_MEANT = {
    **dict.fromkeys(("&&", "且", "并且"), "and"),
    **dict.fromkeys(("||", "或", "或者"), "or"),
    "非": "not",
}
_WIDE = re.compile("[，（）；＝＞＜]")
_NARROW = dict(zip("，（）；＝＞＜", ",(),=><", strict=True))
_GROUPED = re.compile(r"\d{1,3}(?:[,，]\d{3})+(?!\d)|\d+(?:\.\d+)?\s?[千万亿]", re.ASCII)
_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
_BANG = re.compile(r"!(?!=)")
_ARROW = re.compile(r"=<|=>|≤|≥|<>|≠")
_ORDER = {"=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=", "<>": "!=", "≠": "!="}


def foreign(text: str) -> Hint | None:
    """Return what is certainly meant in another way, whether or not it can be read."""
    plain = _unquoted(text)
    if match := _DAY.search(plain):
        return (
            match.start(),
            f"算式里不写日期 {match[0]}：请设一个 unit: date 的参数，再用它的名字",
            f"{match[0]} is no day here: make the day a parameter with unit: date, and name it",
        )
    return _replaced(_WORD, _MEANT.__getitem__, plain) or _number(plain)


def unreadable(text: str) -> Hint | None:
    """Return what is probably wrong in a text that is no expression."""
    plain = _unquoted(text)
    return (
        _replaced(_WIDE, _NARROW.__getitem__, plain)
        or _replaced(_ARROW, _ORDER.__getitem__, plain)
        or _replaced(_EQUALS, lambda _: "==", plain)
        or _replaced(_BANG, lambda _: "not", plain)
    )


def _replaced(pattern: re.Pattern[str], meant: Callable[[str], str], text: str) -> Hint | None:
    match = pattern.search(text)
    if match is None:
        return None
    wrong, right = match[0], meant(match[0])
    verb = "use" if right == "==" else "write"
    return match.start(), f"{wrong} 不能用；请写 {right}", f"no {wrong} here: {verb} {right}"


def _number(text: str) -> Hint | None:
    for match in _GROUPED.finditer(text):
        # A comma also parts arguments: only three digits with a zero in front cannot be one.
        before = text[: match.start()].rstrip()
        zh, en = number_hint(match[0])
        if match[0][-1] in "千万亿" or not _is_argument(match[0], before):
            said = match[0]
            return match.start(), f"{said} 的写法不对{zh}", f"{said} is no number here{en}"
    return None


def _is_argument(number: str, before: str) -> bool:
    """Tell whether digits with commas can be arguments of a function or a list of values."""
    parts = re.split("[,，]", number)[1:]
    return before.count("(") > before.count(")") and not any(each[0] == "0" for each in parts)


def _unquoted(text: str) -> str:
    """Return a text with what stands in quotes blanked, as long as before."""
    return _QUOTED.sub(lambda match: " " * len(match[0]), text)
