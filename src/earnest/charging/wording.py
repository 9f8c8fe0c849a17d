"""Two texts held side by side: alike once written alike, else with the differing words marked."""

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

_WORDS: Final = re.compile(r"[a-z]+|\d+(?:\.\d+)?%?|[^\W_]", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """A run of a text that stands on both sides, or on this one only."""

    text: str
    same: bool


def normal(text: str) -> str:
    """Return a text without what writing alone makes different: width, case, space, marks.

    >>> normal("批量铺货，１分钟 100 件！") == normal("批量铺货 1分钟100件")
    True
    """
    return "".join(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


def side_by_side(here: str, there: str) -> tuple[list[Span], list[Span]]:
    """Return both texts as they were written, cut into runs that are alike and runs that differ.

    >>> side_by_side("永久免费", "永久 收费")[0]
    [Span(text='永久', same=True), Span(text='免', same=False), Span(text='费', same=True)]

    Decimals and percentages are words of their own: 9.9 is not 99.
    """
    if normal(here) == normal(there):
        return _alike(here), _alike(there)
    left, right = _pieces(here), _pieces(there)
    matcher = SequenceMatcher(
        None, [key for key, _ in left], [key for key, _ in right], autojunk=False
    )
    runs_left: list[Span] = []
    runs_right: list[Span] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        _run_add(runs_left, left[a:b], same=tag == "equal")
        _run_add(runs_right, right[c:d], same=tag == "equal")
    return runs_left, runs_right


def _alike(text: str) -> list[Span]:
    return [Span(text, same=True)] if text else []


def _pieces(text: str) -> list[tuple[str, str]]:
    """Return the words of a text, each as it counts and as it is written with what follows it."""
    starts = [found.start() for found in _WORDS.finditer(text)]
    if not starts:
        return [("", text)] if text else []
    cuts = [0, *starts[1:], len(text)]
    written = [text[a:b] for a, b in pairwise(cuts)]
    return [(normal(each), each) for each in written]


def _run_add(runs: list[Span], pieces: list[tuple[str, str]], *, same: bool) -> None:
    text = "".join(written for _, written in pieces)
    if text:
        runs.append(Span(text, same))
