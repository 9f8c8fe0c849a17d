"""Survey answers: each month, merchants rate each provider on five dimensions, 0 to 10.

A provider's composite of the month is met to the tenth: the scores are dealt out so that their
sum is what the composite asks for, and then swapped in pairs so that opinions differ.
"""

from datetime import timedelta

import numpy as np
import pyarrow as pa

from earnest.kernel.calendar import US_PER_DAY, Month, day_start_us
from earnest.simulator.behaviours import Conduct, Scores
from earnest.simulator.columns import lettered, whole, word, words
from earnest.simulator.dice import Dice, Ints, draw
from earnest.simulator.order_tables import PartyIds

DIMENSIONS = ("商品信息", "商品质量", "发货效率", "售后时效", "客服及时性")
"""Goods information, goods quality, shipping, after-sales, service (S0-2.2.5-3a to 3e)."""

SCORE_MAX = 10
_LEANINGS = ((2, -2, 1, -1, 0), (0, 1, -3, 1, 1), (-1, 0, 2, 1, -2), (1, 2, 0, -3, 0))
_RESPONDENT_ROOM = 1_000
_INVITED_DAY = 18
_ANSWER_DAYS = 9


def _dealt(scores: Scores, leaning: tuple[int, ...], dice: Dice) -> Ints:
    """Return the scores, one row per respondent and one column per dimension."""
    count = scores.respondents
    tenths = np.array([scores.composite_tenths + lean for lean in leaning], dtype=np.int64)
    totals = count * tenths // 10
    dealt: Ints = totals // count + (np.arange(count)[:, np.newaxis] < totals % count)
    # Swapping points between two respondents leaves the sum as it is.
    half = count // 2
    happy, sour = dealt[:half], dealt[half : 2 * half]
    wanted = np.stack([dice.below(name, 4)[:half] for name in DIMENSIONS], axis=1)
    moved = np.minimum(np.minimum(wanted, SCORE_MAX - happy), sour)
    dealt[:half] += moved
    dealt[half : 2 * half] -= moved
    return dealt


def survey_answers(
    seed: int, month: Month, conducts: dict[int, Conduct], ids: PartyIds
) -> pa.Table:
    """Return the answers of a month's campaign, five rows per respondent."""
    asked = [(number, each.scores) for number, each in conducts.items() if each.scores is not None]
    counts = np.array([scores.respondents for _, scores in asked], dtype=np.int64)
    keys = [("survey", number, str(month)) for number, _ in asked]
    dice = Dice.rolled(seed, keys, counts, [*DIMENSIONS, "answered"])
    dealt, begin = [], 0
    for number, scores in asked:
        leaning = _LEANINGS[draw(seed, "provider", number, "leaning", below=len(_LEANINGS))]
        rows = np.arange(begin, begin + scores.respondents)
        dealt.append(_dealt(scores, (0,) * 5 if scores.exact else leaning, dice.rows(rows)))
        begin += scores.respondents
    provider = np.repeat(np.array([number for number, _ in asked], dtype=np.int64), counts)
    place = np.arange(len(provider)) - np.repeat(np.cumsum(counts) - counts, counts)
    invited_us = day_start_us(month.first_day + timedelta(days=_INVITED_DAY - 1)) + US_PER_DAY // 2
    wait_us = dice.between("answered", 3_600_000, _ANSWER_DAYS * 86_400_000) * 1_000
    wide = np.repeat(np.arange(len(provider)), len(DIMENSIONS))
    scores_flat = np.concatenate(dealt).reshape(-1) if dealt else np.zeros(0, dtype=np.int64)
    return pa.table(
        {
            "campaign_id": word(f"NPS-{month}", len(wide)),
            "respondent_id": lettered("R", (provider * _RESPONDENT_ROOM + place)[wide]),
            "provider_id": ids.of_providers(provider[wide]),
            "dimension": words(DIMENSIONS, np.tile(np.arange(len(DIMENSIONS)), len(provider))),
            "score": whole(scores_flat),
            "invited_us": whole(np.full(len(wide), invited_us, dtype=np.int64)),
            "answered_us": whole((invited_us + wait_us)[wide]),
        }
    )
