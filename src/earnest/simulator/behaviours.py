"""How providers behave: eight named behaviours, and what each does in a given month.

Delays and shares here are what the parties of this made-up world do. They are chosen around the
limits of the rulebooks so that these are exercised, but they are not the limits: those stand in
the packs alone.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from earnest.kernel.calendar import Month
from earnest.simulator.dice import draw_between


class Behaviour(StrEnum):
    """The names under which providers' behaviours are documented."""

    STEADY = "steady"
    DRIFTING = "drifting_into_breach"
    FESTIVAL = "festival_spike"
    SEASONAL = "seasonal"
    FRAUDULENT = "fraudulent"
    RECOVERING = "recovering"
    DECLINING = "declining"
    NEW = "new"


class Payer(StrEnum):
    """How a party answers a notice that its deposit is short."""

    FAST = "fast"
    SLOW = "slow"
    NEVER = "never"


@dataclass(frozen=True)
class Description:
    """A behaviour in words."""

    zh: str
    en: str


DESCRIPTIONS = {
    Behaviour.STEADY: Description(
        "平稳：发货及时，品质退款少，评分好，欠缴会很快补足。",
        "ships in time, few quality refunds, good scores, tops up within days.",
    ),
    Behaviour.DRIFTING: Description(
        "逐月变差：发货率每月下降约千分之三，2025 年 9 月起低于标准，补缴缓慢。",
        "ships later month by month, below the norm from about 2025-09, tops up slowly.",
    ),
    Behaviour.FESTIVAL: Description(
        "大促迟发：平时良好，6·18 与 11·11 前后几天订单暴涨、发货迟。",
        "good in ordinary weeks, late in the days of the June and November festivals.",
    ),
    Behaviour.SEASONAL: Description(
        "季节性：冬季生意多，冬季发货略慢但不违约。",
        "busy in winter, a little slower then, yet within the norm.",
    ),
    Behaviour.FRAUDULENT: Description(
        "弄虚作假：付款前就有揽收记录，实物晚发，品质退款多，评分低，从不补缴。",
        "pick-up scans before the payment, real parcels late, many quality refunds, low scores, "
        "never tops up.",
    ),
    Behaviour.RECOVERING: Description(
        "改过：一两个月评分低于 7，之后回升，补缴很快。",
        "scores below 7 for a month or two, then good again; tops up fast.",
    ),
    Behaviour.DECLINING: Description(
        "下滑：连续三个月评分低于 7，只补缴第一次，之后离场。",
        "scores below 7 for three months running, tops up the first time only, then leaves.",
    ),
    Behaviour.NEW: Description(
        "新入驻：最近两三个月才开通，订单与答卷都太少，无法评定。",
        "opened in the last months; too few orders and answers to be assessed.",
    ),
}


@dataclass(frozen=True)
class Scores:
    """A month's survey of one provider: the composite in tenths, and how many answered."""

    composite_tenths: int
    respondents: int
    exact: bool = False  # every dimension at the composite, for the cases made to the point


@dataclass(frozen=True)
class Conduct:
    """What one provider does in one month; shares in parts per million.

    Attributes:
        late_ppm: of its parcels, picked up too late or never.
        spike_late_ppm: the same on the days of a festival.
        quality_ppm: of its signed orders, first refund asked for because of quality.
        slow_service_ppm: of its after-sales requests, handled days late.
        early_scan_ppm: of its parcels, with a faked pick-up scan before the payment.
        scores: the month's survey; None when nobody was asked.
    """

    late_ppm: int
    spike_late_ppm: int
    quality_ppm: int
    slow_service_ppm: int
    early_scan_ppm: int
    scores: Scores | None


@dataclass(frozen=True)
class Part:
    """The part a provider plays: its behaviour, when its bad time starts, and scripted scores.

    Attributes:
        behaviour: what it does.
        turn: the first month of its low scores (recovering, declining); None otherwise.
        low_months: how many months they last.
        script: composites in tenths for single months that must be met exactly.
        unasked: months in which too few answered.
        payer: how it answers a shortage.
    """

    behaviour: Behaviour
    turn: Month | None = None
    low_months: int = 0
    script: dict[Month, int] = field(default_factory=dict)
    unasked: frozenset[Month] = frozenset()
    payer: Payer = Payer.FAST


_FEW_RESPONDENTS = 3
_RESPONDENTS = (20, 30, 40, 50, 60)
_BAD_SCORES = (65, 67, 72, 66, 71, 68)


def _service_scores(seed: int, provider: int, part: Part, month: Month) -> Scores | None:
    """Return the month's survey; composites of one decimal, as the rule's floor is written."""
    key = ("provider", provider, str(month))
    respondents = _RESPONDENTS[draw_between(seed, *key, "respondents", low=0, high=4)]
    if part.behaviour is Behaviour.NEW:
        return Scores(draw_between(seed, *key, "composite", low=72, high=88), _FEW_RESPONDENTS)
    if month in part.unasked:
        return Scores(66, _FEW_RESPONDENTS)
    if month in part.script:
        return Scores(part.script[month], respondents, exact=True)
    usual = draw_between(seed, "provider", provider, "composite", low=77, high=88)
    composite = usual + draw_between(seed, *key, "composite", low=-2, high=2)
    if part.turn is not None and part.turn <= month:
        age = (month.year - part.turn.year) * 12 + month.number - part.turn.number
        if age < part.low_months:
            composite = 68 - 3 * age - draw_between(seed, *key, "low", low=0, high=2)
        elif part.behaviour is Behaviour.DECLINING:
            return None  # delisted: nobody is asked about it any more
    elif part.behaviour is Behaviour.FRAUDULENT and month >= Month(2025, 8):
        composite = _BAD_SCORES[(month.year * 12 + month.number - 1) % len(_BAD_SCORES)]
    elif part.behaviour is Behaviour.DRIFTING:
        composite = max(72, composite - 4)
    return Scores(composite, respondents)


def conduct_of(seed: int, provider: int, part: Part, month: Month) -> Conduct:
    """Return what the provider with this number does in this month."""
    late_ppm = draw_between(seed, "provider", provider, "late", low=5_000, high=23_000)
    quality_ppm = draw_between(seed, "provider", provider, "quality", low=1_500, high=4_300)
    careless = draw_between(seed, "provider", provider, "careless", low=0, high=9)
    spike_late_ppm, early_scan_ppm = late_ppm, 0
    slow_service_ppm = 110_000 if careless == 0 else 0
    if part.behaviour is Behaviour.DRIFTING:
        drifted = month.year * 12 + month.number - (2025 * 12 + 1)
        late_ppm = spike_late_ppm = 8_000 + 3_000 * max(0, drifted)
        slow_service_ppm = 150_000
    elif part.behaviour is Behaviour.FESTIVAL:
        late_ppm, spike_late_ppm = 10_000, 120_000
    elif part.behaviour is Behaviour.SEASONAL:
        late_ppm = spike_late_ppm = 21_000 if month.number in {12, 1, 2} else 7_000
    elif part.behaviour is Behaviour.FRAUDULENT:
        late_ppm = spike_late_ppm = 25_000
        early_scan_ppm, quality_ppm, slow_service_ppm = 120_000, 15_000, 300_000
    elif part.behaviour is Behaviour.DECLINING:
        late_ppm = spike_late_ppm = 24_000
        quality_ppm, slow_service_ppm = 8_000, 200_000
    return Conduct(
        late_ppm=late_ppm,
        spike_late_ppm=spike_late_ppm,
        quality_ppm=quality_ppm,
        slow_service_ppm=slow_service_ppm,
        early_scan_ppm=early_scan_ppm,
        scores=_service_scores(seed, provider, part, month),
    )
