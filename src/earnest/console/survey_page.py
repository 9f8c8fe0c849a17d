"""What the pages of a survey show of a result: the finding in a word, charts, what is measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from earnest.console.charts import Chart, Series
from earnest.console.texts import text, word
from earnest.kernel.calendar import Month
from earnest.kernel.money import percent
from earnest.surveys.items import OVERALL_MAX
from earnest.surveys.mailing import NO_ADDRESS, mail_counts
from earnest.surveys.measured import RETURNS, Measured, measured_beside
from earnest.surveys.models import DROPPED, FAILED, SENT, WAITING, Campaign
from earnest.surveys.results import ItemResult, ProviderResult

TENTHS = 10
MAIL_STATES = (SENT, WAITING, FAILED, DROPPED, NO_ADDRESS)
TONES = ("blue", "green", "amber", "cyan", "grey")


def finding_of(result: ProviderResult | None) -> str:
    """Say a result in a word: met, below or too_few."""
    if result is None or not result.enough:
        return "too_few"
    return "below" if result.below else "met"


@dataclass(frozen=True)
class ItemShown:
    """An item with its mean, its weight, and what is measured of the same."""

    item: ItemResult
    share: str
    measured: list[tuple[str, str, str]]


def items_shown(campaign: Campaign, result: ProviderResult, now: datetime) -> list[ItemShown]:
    """Return the items of a result with the figures that are measured of the same."""
    month = Month.parse(campaign.month)
    beside = measured_beside(campaign.tenant_id, result.provider_id, month, now)
    return [
        ItemShown(
            each,
            percent(each.weights, result.weights, 0),
            [_measured_said(one) for one in beside.get(item, [])],
        )
        for item, each in result.items.items()
    ]


def _measured_said(measured: Measured) -> tuple[str, str, str]:
    name = (
        word("survey_measure", measured.measure)
        if measured.measure == RETURNS
        else word("measure", measured.measure)
    )
    fraction = f"{measured.numerator:,} / {measured.denominator:,}"
    return name, percent(measured.numerator, measured.denominator), fraction


def mails_said(campaign: Campaign) -> list[tuple[str, int]]:
    """Return how the mail with the links stands, state by state; nothing where there is none."""
    counts = mail_counts(campaign)
    if set(counts) <= {NO_ADDRESS}:
        return []
    return [(state, counts[state]) for state in MAIL_STATES if counts[state]]


def spread(result: ProviderResult) -> Chart:
    """Draw how many answers gave each whole point, item by item."""
    return Chart(
        title=text("survey.spread"),
        unit="count",
        labels=[str(point) for point in range(OVERALL_MAX + 1)],
        series=[
            Series(word("survey_item", item), each.distribution, tone=tone)
            for (item, each), tone in zip(result.items.items(), TONES, strict=False)
        ],
    )


def bands(found: Iterable[ProviderResult]) -> Chart:
    """Draw how many providers lie in each whole point, of those with enough answers."""
    counts = [0] * (OVERALL_MAX + 1)
    for each in found:
        if each.enough:
            counts[each.points // (each.weights * TENTHS)] += 1
    return Chart(
        title=text("survey.bands"),
        unit="count",
        labels=[f"{point}–{point + 1}" for point in range(OVERALL_MAX)] + [str(OVERALL_MAX)],
        series=[Series(text("survey.providers"), counts if any(counts) else [])],
    )


def trend(found: Sequence[tuple[Campaign, ProviderResult]]) -> Chart:
    """Draw a provider's composites over its campaigns; too few answers leave a gap."""
    last = found[-1][1] if found else None
    return Chart(
        title=text("survey.trend"),
        unit="hundredths",
        labels=[campaign.month for campaign, _ in found],
        series=[
            Series(
                text("survey.composite"),
                [_hundredths(result) if result.enough else None for _, result in found],
                shape="line",
            )
        ],
        target=last.floor_tenths * 10 if last else None,
        target_name=text("survey.floor"),
    )


def _hundredths(result: ProviderResult) -> int | None:
    return result.points * 10 // result.weights if result.weights else None
