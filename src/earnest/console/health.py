"""The health of a provider as cards: each measure with its line, window, sample and trend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from earnest.console.charts import Chart, Series, ppm
from earnest.console.headroom import direction_of, headroom, line_text, rate_text
from earnest.console.texts import text, word
from earnest.decisions.models import Finding
from earnest.kernel.errors import EarnestError
from earnest.measures.models import MeasureResult
from earnest.rulebooks.packs import pack_of

LADDER_MEASURE = "nps_composite"
TREND_MONTHS = 12
ORDER = (
    "shipping48h",
    "quality_refund30d",
    "after_sales_refund_unshipped",
    "after_sales_refund_shipped",
    "after_sales_return_stage1",
    "after_sales_return_stage2",
)
TONES = {"met": "good", "breached": "bad"}


@dataclass(frozen=True)
class Card:
    """One measure of one subject as the page shows it."""

    measure: str
    status: str
    tone: str
    rate: str
    fraction: str
    sample: int
    line: str
    rulebook: str
    clause: str
    window_from: date
    window_to: date
    state: str
    headroom: str
    adjusted: str
    change: str
    address: str
    drawing: Chart
    chart_name: str


def target_ppm(finding: Finding) -> int | None:
    """Return the line that a finding was judged by, as its receipt records it."""
    found = finding.receipt.get("result", {}).get("target_ppm")
    return int(found) if found is not None else None


def score_text(numerator: int, denominator: int) -> str:
    """Write a score of tenths as points, cut off so that none looks higher than it is.

    >>> score_text(1379, 20), score_text(0, 0)
    ('6.89', '–')
    """
    if denominator == 0:
        return "–"
    hundredths = numerator * 10 // denominator
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def value_text(finding: Finding) -> str:
    """Write what a finding measured: points for the composite score, else a percentage."""
    if finding.measure == LADDER_MEASURE:
        return score_text(finding.numerator, finding.denominator)
    return rate_text(finding.numerator, finding.denominator, direction_of(finding.measure))


def headroom_text(finding: Finding, target: int | None) -> str:
    """Say how many more bad orders would breach, or how many good ones are missing."""
    if target is None or finding.denominator == 0:
        return ""
    direction = direction_of(finding.measure)
    left = headroom(finding.numerator, finding.denominator, target, direction)
    kind = "quality" if direction == "at_most" else "orders"
    if finding.measure.startswith("after_sales"):
        kind = "requests"
    if finding.status == "breached":
        if left.missing is None:
            return text("headroom.none_possible")
        return text(f"headroom.missing.{kind}", n=f"{left.missing:,}")
    if left.spare == 0:
        return text(f"headroom.last.{kind}")
    return text(f"headroom.spare.{kind}", n=f"{left.spare:,}")


def _change(history: Sequence[Finding]) -> str:
    assessed = [one for one in history if one.denominator]
    if len(assessed) < 2:
        return ""
    before, now = assessed[-2], assessed[-1]
    left = now.numerator * before.denominator
    right = before.numerator * now.denominator
    if left == right:
        return "same"
    better = (left > right) is (direction_of(now.measure) == "at_least")
    return "better" if better else "worse"


def trend(history: Sequence[Finding], target: int | None) -> Chart:
    """Draw a measure month by month with its line."""
    recent = history[-TREND_MONTHS:]
    measure = recent[-1].measure
    return Chart(
        title=word("measure", measure),
        unit="ppm",
        labels=[one.period for one in recent],
        series=[
            Series(
                word("measure", measure),
                [ppm(one.numerator, one.denominator) for one in recent],
                shape="line",
            )
        ],
        target=target,
        target_name=text("measure.line"),
    )


def floor_tenths(finding: Finding) -> int | None:
    """Return the mark that the composite score is held against, by the rule of the day."""
    try:
        return int(pack_of(finding.rulebook).parameter("nps_floor", on=finding.window_to))
    except EarnestError:
        return None


def _fraction(finding: Finding) -> str:
    if finding.measure == LADDER_MEASURE:
        return text("ladder.answers", n=f"{finding.sample:,}")
    return f"{finding.numerator:,} / {finding.denominator:,}"


def _line(finding: Finding, target: int | None) -> str:
    if finding.measure == LADDER_MEASURE:
        floor = floor_tenths(finding)
        return "–" if floor is None else f"≥ {floor // 10}.{floor % 10}"
    return "–" if target is None else line_text(target, direction_of(finding.measure))


def adjusted_text(figure: MeasureResult | None) -> str:
    """Write the rate without declared exclusions beside the literal one; it judges nothing."""
    out_of = figure.dimensions.get("adjusted_denominator") if figure else None
    if figure is None or not out_of or out_of == figure.denominator:
        return ""
    rate = rate_text(figure.numerator, out_of, direction_of(figure.measure))
    return text("measure.adjusted", rate=rate, n=f"{figure.numerator:,}", of=f"{out_of:,}")


def card_of(history: Sequence[Finding], figure: MeasureResult | None, address: str) -> Card:
    """Return the card of a measure from its findings, oldest first; the last one is shown.

    Takes:
        figure: the recorded figure behind the last finding.
    """
    finding = history[-1]
    target = target_ppm(finding)
    return Card(
        measure=finding.measure,
        status=finding.status,
        tone=TONES.get(finding.status, "idle"),
        rate=value_text(finding),
        fraction=_fraction(finding),
        sample=finding.sample,
        line=_line(finding, target),
        rulebook=finding.rulebook,
        clause=finding.clause,
        window_from=finding.window_from,
        window_to=finding.window_to,
        state=figure.state if figure else "not_assessable",
        headroom=headroom_text(finding, target),
        adjusted=adjusted_text(figure),
        change=_change(history),
        address=address,
        drawing=trend(history, target),
        chart_name=f"chart-{finding.measure}",
    )


def by_measure(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Group findings by measure, in the order of the page; within one, in their own order."""
    grouped: dict[str, list[Finding]] = {measure: [] for measure in ORDER}
    for finding in findings:
        grouped.setdefault(finding.measure, []).append(finding)
    return {measure: history for measure, history in grouped.items() if history}


def cards_of(
    provider_id: str, findings: Iterable[Finding], figures: Mapping[str, MeasureResult]
) -> list[Card]:
    """Return the cards of a provider's measures; the composite score has its own ladder.

    Takes:
        figures: the newest recorded figure by measure.
    """
    return [
        card_of(
            history,
            figures.get(measure),
            reverse("measure", args=[provider_id, measure, history[-1].period]),
        )
        for measure, history in by_measure(findings).items()
        if measure != LADDER_MEASURE
    ]
