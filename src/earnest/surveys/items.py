"""What is asked: the items of the pack's table with their weights, and how a score is written."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from earnest.kernel.errors import BadInput, RuleRefused
from earnest.policy import Pack

TABLE: Final = "survey_items"
OVERALL: Final = "overall"
"""The dimension of the classic question; the composite leaves it out."""
OVERALL_MAX: Final = 10
COMMENT_LENGTH_MAX: Final = 1000
PPM: Final = 1_000_000
_SCORE = re.compile(r"^(?:10(?:\.0)?|[0-9](?:\.[0-9])?)$", re.ASCII)


def survey_items(pack: Pack, on: date) -> dict[str, int]:
    """Return the items asked about on a day, each with its weight in millionths of the whole.

    Clauses: S0-2.2.5-3a to 3e.

    Raises:
        RuleRefused: the rulebook names no items for the day.
    """
    for edition in pack.tables[TABLE].editions if TABLE in pack.tables else ():
        if edition.since <= on and (edition.ends is None or on < edition.ends):
            rows = [(row.cells[0].values, row.outputs["weight"]) for row in edition.rows]
            return {str(item): int(str(weight)) for values, weight in rows for item in values}
    raise RuleRefused(
        "no_survey_items",
        where=f"{pack.rulebook} {on}",
        zh=f"规则包“{pack.rulebook}”在 {on} 没有评分项，不能调查。",
        en=f"the rulebook {pack.rulebook!r} names no items for {on}: nothing can be asked",
    )


def event_weight_ppm(weight_ppm: int, items: int) -> int:
    """Return an item's weight in millionths of the mean weight, as ``survey_answer`` takes it.

    Answers of other sources come without a weight and count one, so one has to be the mean.

    >>> event_weight_ppm(200_000, 5), event_weight_ppm(300_000, 5)
    (1000000, 1500000)
    """
    return weight_ppm * items


def score_tenths(text: str, where: str) -> int:
    """Read a score of 0 to 10 with at most one decimal as tenths.

    Raises:
        BadInput: it is none.

    >>> score_tenths("7.5", "goods"), score_tenths("10", "goods")
    (75, 100)
    """
    if not _SCORE.match(text):
        raise BadInput(
            "score_not_read",
            where=where,
            zh=f"{where}：请给出 0 到 10 的分数，最多一位小数。",
            en=f"{where}: give a score from 0 to 10 with at most one decimal",
        )
    whole, _, decimal = text.partition(".")
    return int(whole) * 10 + int(decimal or 0)


def overall_read(text: str) -> int:
    """Read the answer to the overall question: a whole number from 0 to 10.

    Raises:
        BadInput: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= OVERALL_MAX):
        raise BadInput(
            "overall_not_read",
            where=OVERALL,
            zh="总体推荐意愿请给 0 到 10 的整数。",
            en="give the overall question a whole number from 0 to 10",
        )
    return int(text)


def scores_read(texts: Mapping[str, str], items: Mapping[str, int]) -> dict[str, list[int]]:
    """Read a score for each item, with its weight: ``{"goods": [85, 1000000]}``.

    Raises:
        BadInput: a score is missing or none, or names an item that is not asked about.
    """
    for name in texts:
        if name not in items:
            known = ", ".join(items)
            raise BadInput(
                "unknown_item",
                where=name,
                zh=f"没有评分项 {name}；应为：{known}。",
                en=f"there is no item {name}; they are {known}",
            )
    return {
        item: [score_tenths(texts.get(item, ""), item), event_weight_ppm(weight, len(items))]
        for item, weight in items.items()
    }
