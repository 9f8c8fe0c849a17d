"""The health of a provider as cards: each duty with its lines, headroom, peers and trend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from earnest.assessment.alerts import duty_name
from earnest.assessment.duty_lines import Counted, Lines, counted_cases
from earnest.assessment.duty_words import (
    assumption_words,
    cases_of,
    headroom_words,
    outlook_words,
)
from earnest.assessment.running import Running
from earnest.assessment.standing import DutyStanding, Fresh, Judged, Point, exclusions, judged_of
from earnest.console.charts import Chart, Series, ppm
from earnest.console.texts import TEXTS, language, text, word
from earnest.decisions.models import Finding
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import EarnestError
from earnest.measures import MEASURES
from earnest.measures.headroom import direction_of, line_text, rate_text
from earnest.measures.peers import Peers
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of

LADDER_MEASURE = "nps_composite"
TREND_MONTHS = 12
TONES = {
    "met": "good",
    "breached": "bad",
    "ample": "good",
    "alert": "warn",
}


@dataclass(frozen=True)
class Card:
    """One duty of one provider as it was judged last, and where the month to date is fetched.

    ``live`` is the address of what runs now; empty where nothing is counted between cycles.
    """

    measure: str
    name: str
    status: str
    tone: str
    rate: str
    fraction: str
    sample: int
    fewest: int
    line: str
    alert_line: str
    rulebook: str
    clause: str
    month: str
    window_from: date | None
    window_to: date | None
    state: str
    headroom: str
    adjusted: str
    marks: list[str]
    peers: str
    fresh: str
    change: str
    address: str
    live: str
    drawing: Chart
    chart_name: str


@dataclass(frozen=True)
class Live:
    """A duty in a month that is not assessed yet: the month to date, or the one that closes."""

    month: str
    level: str
    tone: str
    rate: str
    fraction: str
    pending: int
    window_from: date
    window_to: date
    final_at: datetime
    headroom: str
    outlook: str
    assumption: str
    marks: list[str]


def name_of(measure: str) -> str:
    """Return what a measure is called on a page."""
    if f"measure.{measure}" in TEXTS:
        return word("measure", measure)
    return duty_name(measure).said(language())


def definition_of(measure: str) -> str:
    """Say what a measure counts."""
    if f"measure_definition.{measure}" in TEXTS:
        return word("measure_definition", measure)
    known = MEASURES.get(measure)
    return (known.zh if language() == "zh" else known.en) if known else ""


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
    return _value(finding.measure, finding.numerator, finding.denominator)


def _value(measure: str, numerator: int, denominator: int) -> str:
    if measure == LADDER_MEASURE:
        return score_text(numerator, denominator)
    return rate_text(numerator, denominator, direction_of(measure))


def _shown(what: Counted, lines: Lines) -> tuple[str, str]:
    """Return the value of a duty and what it is out of; of a limited count the cases come first."""
    rate, fraction = _value(what.measure, *what.rate), _fraction(what)
    if lines.limit is None:
        return rate, fraction
    cases = cases_of(what.measure).bad(counted_cases(what)).said(language())
    return cases, f"{name_of(what.measure)} {rate} ({fraction})"


def _fraction(what: Counted) -> str:
    if what.measure == LADDER_MEASURE:
        return text("ladder.answers", n=f"{what.sample:,}")
    return f"{what.numerator:,} / {what.denominator:,}"


def floor_tenths(finding: Finding) -> int | None:
    """Return the mark that the composite score is held against, by the rule of the day."""
    return _floor(finding.rulebook, finding.window_to)


def _floor(rulebook: str, on: date) -> int | None:
    try:
        return int(pack_of(rulebook).parameter("nps_floor", on=on))
    except EarnestError:
        return None


def _line(judged: Judged) -> str:
    if judged.what.measure == LADDER_MEASURE:
        floor = _floor(judged.rulebook, judged.what.window.last)
        return "–" if floor is None else f"≥ {floor // 10}.{floor % 10}"
    return _line_of(judged.what.measure, judged.lines)


def _line_of(measure: str, lines: Lines) -> str:
    if lines.limit is not None:
        return text("duty.limit", n=lines.limit)
    at_ppm = lines.target_ppm
    return "–" if at_ppm is None else line_text(at_ppm, direction_of(measure))


def _alert_of(measure: str, lines: Lines) -> str:
    at_ppm = lines.alert_ppm
    return "–" if at_ppm is None else line_text(at_ppm, direction_of(measure))


def adjusted_text(what: Counted) -> str:
    """Write the rate without declared exclusions beside the literal one; it judges nothing."""
    out_of = what.dimensions.get("adjusted_denominator")
    if not out_of or out_of == what.denominator:
        return ""
    rate = rate_text(what.numerator, out_of, direction_of(what.measure))
    return text("measure.adjusted", rate=rate, n=f"{what.numerator:,}", of=f"{out_of:,}")


def marks_of(what: Counted) -> list[str]:
    """Name what a figure leaves out or marks, with how many cases and for which reason."""
    return [f"{word('exclusion', name)} {count:,}" for name, count in exclusions(what).items()]


def peers_text(measure: str, peers: Peers | None) -> str:
    """Say what others reached in the same month and in which quarter the party stands."""
    if peers is None:
        return text("duty.peers_few")
    direction = direction_of(measure)
    best, median, worst = (
        rate_text(*rate, direction) for rate in (peers.best, peers.median, peers.worst)
    )
    said = text("duty.peers", n=peers.others, best=best, median=median, worst=worst)
    return f"{said}{text('reading.comma')}{word('duty_band', peers.band)}" if peers.band else said


def fresh_text(fresh: Fresh) -> str:
    """Say how far the feed has told us."""
    if fresh.told_at is None:
        return text("duty.fresh_none")
    told_at = f"{fresh.told_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M}"
    return text("duty.fresh", at=told_at, stream=word("stream", fresh.stream))


def _headroom(what: Counted, lines: Lines) -> str:
    said = headroom_words(what, lines).said(language())
    return said[:1].upper() + said[1:]


def _change(history: Sequence[Point], measure: str) -> str:
    assessed = [one for one in history if one.denominator]
    if len(assessed) < 2:
        return ""
    before, now = assessed[-2], assessed[-1]
    left = now.numerator * before.denominator
    right = before.numerator * now.denominator
    if left == right:
        return "same"
    better = (left > right) is (direction_of(measure) == "at_least")
    return "better" if better else "worse"


def trend(history: Sequence[Point], measure: str, lines: Lines) -> Chart:
    """Draw a measure month by month with its line."""
    recent = history[-TREND_MONTHS:]
    rates = [ppm(one.numerator, one.denominator) for one in recent]
    series = [Series(name_of(measure), rates, shape="line")]
    if lines.alert_ppm is not None and lines.alert_ppm != lines.target_ppm:
        alert = [lines.alert_ppm] * len(recent)
        series.append(Series(text("duty.alert_line"), alert, shape="line", tone="amber"))
    return Chart(
        title=name_of(measure),
        unit="ppm",
        labels=[one.month for one in recent],
        series=series if any(rate is not None for rate in rates) else series[:1],
        target=lines.target_ppm,
        target_name=text("measure.line"),
    )


NO_LINES = Lines("not_assessable")


def card_of(standing: DutyStanding) -> Card:
    """Return the card of a duty; its month to date is fetched by the page when it is shown."""
    judged, name = standing.judged, standing.measure
    lines = judged.lines if judged else NO_LINES
    value, fraction = _shown(judged.what, lines) if judged else ("–", "")
    return Card(
        measure=name,
        name=name_of(name),
        status=judged.status if judged else "not_assessable",
        tone=TONES.get(judged.status if judged else "", "idle"),
        rate=value,
        fraction=fraction,
        sample=judged.what.sample if judged else 0,
        fewest=lines.fewest,
        line=_line(judged) if judged else "–",
        alert_line=_alert_of(name, lines),
        rulebook=judged.rulebook if judged else SUPPLY_MARKET,
        clause=standing.clause,
        month=judged.month if judged else "",
        window_from=judged.what.window.first if judged else None,
        window_to=judged.what.window.last if judged else None,
        state=judged.what.state if judged else "not_assessable",
        headroom=_headroom(judged.what, lines) if judged else "",
        adjusted=adjusted_text(judged.what) if judged else "",
        marks=marks_of(judged.what) if judged else [],
        peers=peers_text(name, standing.peers) if judged else "",
        fresh=fresh_text(standing.fresh),
        change=_change(standing.trend, name),
        address=reverse("measure", args=[standing.provider_id, name, judged.month])
        if judged
        else "",
        live=reverse("duty_now", args=[standing.provider_id, name]),
        drawing=trend(standing.trend, name, lines),
        chart_name=f"chart-{name}",
    )


def card_of_finding(finding: Finding) -> Card:
    """Return the card of one finding for the page of its orders."""
    point = Point(finding.period, finding.numerator, finding.denominator, finding.status)
    return card_of(
        DutyStanding(
            provider_id=finding.subject_id,
            measure=finding.measure,
            clause=finding.clause,
            direction=direction_of(finding.measure),
            judged=judged_of(finding),
            closing=None,
            running=None,
            peers=None,
            trend=(point,),
            fresh=Fresh(None, ""),
        )
    )


def live_of(running: Running) -> Live:
    """Return what the page shows of a month that is not assessed yet."""
    what, lines = running.what, running.lines
    said = [each.said(language()) for each in (outlook_words(running), assumption_words(running))]
    value, fraction = _shown(what, lines)
    outlook, assumption = (each[:1].upper() + each[1:] for each in said)
    return Live(
        month=str(running.month),
        level=lines.level,
        tone=TONES.get(lines.level, "idle"),
        rate=value,
        fraction=fraction,
        pending=what.pending,
        window_from=what.window.first,
        window_to=what.window.last,
        final_at=running.final_at,
        headroom=_headroom(what, lines),
        outlook=outlook,
        assumption=assumption if what.denominator else "",
        marks=marks_of(what),
    )


def by_measure(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Group findings by measure; within one, in their own order."""
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.measure, []).append(finding)
    return grouped
