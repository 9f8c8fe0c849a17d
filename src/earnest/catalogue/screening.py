"""A look over the words of a listing: outside contacts, foreign marks, exaggeration, with places.

Pure: text in, matches out. What it finds is a hint for a reviewer and never a finding by itself.
Clauses: S0-2.1-info2b, S0-2.1-info2d, S0-2.1-qual3b.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

CONTEXT: Final = 20
"""So many letters on either side of a match are shown with it."""


@dataclass(frozen=True)
class Pattern:
    """What is looked for: its name, the kind of violation that it hints at, and how it is written.

    Texts are looked at with full-width letters made narrow and in lower case.
    """

    name: str
    kind: str
    written: re.Pattern[str]


def _pattern(name: str, kind: str, written: str) -> Pattern:
    return Pattern(name, kind, re.compile(written))


PATTERNS: Final = (
    _pattern("mobile", "outside_contacts", r"(?<!\d)1[3-9]\d(?:[ \-.]?\d){8}(?!\d)"),
    _pattern("landline", "outside_contacts", r"(?<!\d)0\d{2,3}[ \-]\d{7,8}(?!\d)"),
    _pattern(
        "chat_account",
        "outside_contacts",
        r"(?:微信|威信|薇信|v信|vx|wx|wechat|qq|扣扣)\s*(?:号|群)?\s*[:：+加是]?\s*[a-z0-9_\-]{5,20}",
    ),
    _pattern("add_us", "outside_contacts", r"(?:加|私聊|联系)(?:我|客服)?(?:微信|vx|v信|qq)"),
    _pattern("link", "outside_contacts", r"(?:https?://|www\.)[^\s,;。、()]+"),
    _pattern(
        "domain",
        "outside_contacts",
        r"(?<![\w@.])[a-z0-9][a-z0-9\-]{1,40}\.(?:com|cn|net|shop|top|vip|xyz|cc)(?![\w])",
    ),
    _pattern("mail", "outside_contacts", r"[\w.\-]{2,40}@[\w\-]{1,40}\.[a-z]{2,10}"),
    _pattern(
        "qr_code",
        "outside_contacts",
        r"扫(?:一扫|码|描|上方|下方)(?:[^,。;\s]{0,6}二维码)?|二维码",
    ),
    _pattern(
        "bank_account",
        "outside_contacts",
        r"(?:账号|帐号|卡号|开户行|对公账户|汇款)\s*[:：]?\s*\d[\d ]{11,25}"
        r"|(?<!\d)62\d{14,17}(?!\d)",
    ),
    _pattern("physical_shop", "outside_contacts", r"(?:门店|实体店|线下店)地址|到店自提|欢迎到店"),
    _pattern(
        "other_platform",
        "foreign_marks",
        r"拼多多|淘宝|天猫|京东|抖音|小红书|唯品会|阿里巴巴|1688(?!\d|\s*[件元个款克米枚只双])|pinduoduo|taobao|tmall",
    ),
    _pattern(
        "superlative",
        "exaggeration",
        r"国家级|世界级|全网(?:最低|第一)|销量第一|第一品牌|最(?:好|佳|优|低价|高级|先进)|顶级|极品|独一无二",
    ),
    _pattern(
        "certain_effect",
        "exaggeration",
        r"100%\s*(?:有效|治愈|纯天然)|根治|包治|永不(?:复发|褪色)|立即见效|无任何副作用|祖传秘方",
    ),
)


@dataclass(frozen=True)
class Match:
    """Where a text hints at something wrong.

    Attributes:
        pattern: its name; ``kind`` of the violation that it hints at.
        start, end: place of the match in the text as it was given.
        marked: the match; ``before`` and ``after`` the words around it.
    """

    pattern: str
    kind: str
    start: int
    end: int
    before: str
    marked: str
    after: str


@dataclass(frozen=True)
class _Hit:
    """A place in the text; ``longest`` is the length of the hit that it is called after."""

    pattern: Pattern
    start: int
    end: int
    longest: int


def text_screen(text: str) -> list[Match]:
    """Return what a text hints at, in the order of the text; overlapping hints of a kind as one.

    >>> [each.marked for each in text_screen("加微信 abc_123 有优惠，全网最低")]
    ['加微信 abc_123', '全网最低']
    """
    folded, places = _folded(text)
    hits: list[_Hit] = []
    for pattern in PATTERNS:
        for hit in pattern.written.finditer(folded):
            start, end = places[hit.start()], places[hit.end() - 1] + 1
            hits.append(_Hit(pattern, start, end, end - start))
    return [
        Match(
            hit.pattern.name,
            hit.pattern.kind,
            hit.start,
            hit.end,
            text[max(0, hit.start - CONTEXT) : hit.start],
            text[hit.start : hit.end],
            text[hit.end : hit.end + CONTEXT],
        )
        for hit in _once(hits)
    ]


def _folded(text: str) -> tuple[str, list[int]]:
    """Return a text narrowed and in lower case, and for each letter its place in the text."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for folded in unicodedata.normalize("NFKC", letter).lower():
            letters.append(folded)
            places.append(place)
    return "".join(letters), places


def _once(hits: list[_Hit]) -> list[_Hit]:
    """Make one hit of those of a kind that overlap; it is called after the longest of them."""
    kept: list[_Hit] = []
    for hit in sorted(hits, key=lambda each: (each.pattern.kind, each.start, -each.end)):
        last = kept[-1] if kept else None
        if last is None or last.pattern.kind != hit.pattern.kind or hit.start >= last.end:
            kept.append(hit)
            continue
        longest = max(last, hit, key=lambda each: each.longest)
        end = max(last.end, hit.end)
        kept[-1] = _Hit(longest.pattern, last.start, end, longest.longest)
    return sorted(kept, key=lambda each: (each.start, each.pattern.name))
