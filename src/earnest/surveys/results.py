"""What came of a campaign, provider by provider, in whole numbers.

The composite is the weighted mean of the scores over the pack's items, summed just as the measure
``nps_composite`` sums the events; the classic net promoter score is shown beside it and judges
nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from earnest.kernel.calendar import Month
from earnest.policy import Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, PartyPacks, party_packs
from earnest.surveys.items import OVERALL_MAX, PPM
from earnest.surveys.models import Campaign

PROMOTER_FROM, DETRACTOR_TO = 9, 6
"""The classic question: 9 and 10 promote, 0 to 6 detract; a definition of the trade, no rule."""

_LAST = """
WITH last AS (
  SELECT DISTINCT ON (a.invitation_id) i.provider_id, a.scores, a.overall, a.excluded
  FROM surveys_answer a JOIN surveys_invitation i ON i.id = a.invitation_id
  WHERE i.campaign_id = %(campaign)s AND (%(provider)s = '' OR i.provider_id = %(provider)s)
  ORDER BY a.invitation_id, a.version DESC
)
"""
_SCORES = (
    _LAST
    + """
SELECT provider_id, item.key, (item.value ->> 0)::bigint, (item.value ->> 1)::bigint, COUNT(*)
FROM last, jsonb_each(last.scores) AS item WHERE excluded = ''
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
)
_OVERALL = (
    _LAST
    + """
SELECT provider_id, overall, COUNT(*) FROM last WHERE excluded = '' GROUP BY 1, 2 ORDER BY 1, 2
"""
)
_INVITED = """
SELECT provider_id, COUNT(*),
  COUNT(*) FILTER (WHERE excluded <> ''),
  COUNT(*) FILTER (WHERE excluded = '' AND answered_at IS NOT NULL)
FROM surveys_invitation
WHERE campaign_id = %(campaign)s AND (%(provider)s = '' OR provider_id = %(provider)s)
GROUP BY 1 ORDER BY 1
"""


@dataclass
class ItemResult:
    """What was said on one item.

    Attributes:
        points: the sum of the scores in tenths, each times its weight.
        weights: the sum of the weights, in millionths of the mean weight.
        tenths: the plain sum of the scores.
        answers: how many there are.
        distribution: how many scores lie in each whole point, 0 to 10.
    """

    item: str
    points: int = 0
    weights: int = 0
    tenths: int = 0
    answers: int = 0
    distribution: list[int] = field(default_factory=lambda: [0] * (OVERALL_MAX + 1))

    def add(self, score_tenths: int, weight_ppm: int, count: int) -> None:
        """Count so many answers of one score and weight."""
        self.points += score_tenths * weight_ppm * count
        self.weights += weight_ppm * count
        self.tenths += score_tenths * count
        self.answers += count
        self.distribution[score_tenths // 10] += count

    @property
    def mean_text(self) -> str:
        """The mean as points with two decimals, cut off."""
        return score_text(self.tenths, self.answers)


@dataclass
class ProviderResult:
    """What a campaign found about one provider.

    Attributes:
        invited: all invitations; ``excluded`` of them do not count.
        answers: the respondents who answered and count.
        items: by item.
        overall: how many gave each whole number to the overall question.
        minimum: the answers that are needed for the month to be assessed.
        floor_tenths: the mark of the month.
        enough: whether there are so many answers (the pack's ``month_assessed``).
    """

    provider_id: str
    minimum: int
    floor_tenths: int
    invited: int = 0
    excluded: int = 0
    answers: int = 0
    items: dict[str, ItemResult] = field(default_factory=dict)
    overall: list[int] = field(default_factory=lambda: [0] * (OVERALL_MAX + 1))
    enough: bool = False

    @property
    def points(self) -> int:
        """The numerator of the composite: tenths times weight."""
        return sum(each.points for each in self.items.values())

    @property
    def weights(self) -> int:
        """The denominator of the composite: the weights."""
        return sum(each.weights for each in self.items.values())

    @property
    def composite_text(self) -> str:
        """The composite as points with two decimals, cut off."""
        return score_text(self.points, self.weights)

    @property
    def below(self) -> bool:
        """Whether the composite is below the mark; never where there are too few answers."""
        return self.enough and self.points < self.floor_tenths * self.weights

    @property
    def floor_text(self) -> str:
        """The mark as points with one decimal."""
        return f"{self.floor_tenths // 10}.{self.floor_tenths % 10}"

    @property
    def asked(self) -> int:
        """The invitations that count."""
        return self.invited - self.excluded

    @property
    def promoters(self) -> int:
        """How many gave 9 or 10 to the overall question."""
        return sum(self.overall[PROMOTER_FROM:])

    @property
    def detractors(self) -> int:
        """How many gave 0 to 6."""
        return sum(self.overall[: DETRACTOR_TO + 1])

    @property
    def passives(self) -> int:
        """How many gave 7 or 8."""
        return sum(self.overall[DETRACTOR_TO + 1 : PROMOTER_FROM])

    @property
    def nps_text(self) -> str:
        """The classic score, -100 to 100: promoters less detractors, in whole per cent."""
        total = sum(self.overall)
        if not total:
            return "–"
        net = (self.promoters - self.detractors) * 100
        cut = abs(net) // total
        return f"{'-' if net < 0 and cut else '+' if net > 0 and cut else ''}{cut}"

    @property
    def figure(self) -> tuple[int, int, int]:
        """Points, answers and respondents in the very numbers of the measure ``nps_composite``.

        Where all weights are one the measure counts scores instead of millionths.
        """
        even = all(each.weights == each.answers * PPM for each in self.items.values())
        by = PPM if even else 1
        return self.points // by, self.weights // by, self.answers


def score_text(numerator: int, denominator: int) -> str:
    """Write a mean of tenths as points with two decimals, cut off so that none looks higher.

    >>> score_text(1379, 20), score_text(699, 10), score_text(0, 0)
    ('6.89', '6.99', '–')
    """
    if denominator == 0:
        return "–"
    hundredths = numerator * 10 // denominator
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def results_of(campaign: Campaign, provider_id: str = "") -> list[ProviderResult]:
    """Return what a campaign found, by provider; of one provider only, where given."""
    packs = party_packs(campaign.tenant_id, SUPPLY_MARKET)
    found: dict[str, ProviderResult] = {}
    for provider, invited, excluded, answers in _rows(_INVITED, campaign, provider_id):
        result = _blank(packs, provider, Month.parse(campaign.month))
        result.invited, result.excluded, result.answers = invited, excluded, answers
        found[provider] = result
    items: dict[tuple[str, str], ItemResult] = {}
    for provider, item, score, weight, count in _rows(_SCORES, campaign, provider_id):
        if (provider, item) not in items:
            items[provider, item] = found[provider].items[item] = ItemResult(item)
        items[provider, item].add(score, weight, count)
    for provider, overall, count in _rows(_OVERALL, campaign, provider_id):
        found[provider].overall[overall] += count
    for provider, result in found.items():
        pack = packs.of("provider", provider)
        result.enough = _enough(pack, Month.parse(campaign.month), result.answers)
        result.items = _ordered(pack, result.items)
    return list(found.values())


def result_of(campaign: Campaign, provider_id: str) -> ProviderResult | None:
    """Return what a campaign found about one provider; nothing where it did not ask about it."""
    return next(iter(results_of(campaign, provider_id)), None)


def _rows(query: str, campaign: Campaign, provider_id: str) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"campaign": campaign.id, "provider": provider_id})
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _blank(packs: PartyPacks, provider_id: str, month: Month) -> ProviderResult:
    pack = packs.of("provider", provider_id)
    on = max(month.last_day, pack.in_force_from())
    return ProviderResult(
        provider_id,
        minimum=int(pack.parameter("nps_min_answers", on=on)),
        floor_tenths=int(pack.parameter("nps_floor", on=on)),
    )


def _enough(pack: Pack, month: Month, answers: int) -> bool:
    """Ask the pack whether so many answers are enough; days of delisting are the month's matter."""
    facts = {
        "assessed_on": max(month.last_day, pack.in_force_from()),
        "answers_given": answers,
        "delisted_days": 0,
        "month_days": month.last_day.day,
    }
    return bool(pack.evaluate("month_assessed", facts).result["enough_answers"])


def _ordered(pack: Pack, items: dict[str, ItemResult]) -> dict[str, ItemResult]:
    """Return items in the order of the pack's table."""
    known = [value for row in pack.tables["survey_items"].rows for value in row.cells[0].values]
    order = defaultdict(lambda: len(known), {str(item): at for at, item in enumerate(known)})
    return dict(sorted(items.items(), key=lambda each: (order[each[0]], each[0])))
