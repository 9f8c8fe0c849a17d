"""The duties of the month that runs: counted to date, with what the present pace leads to.

What is counted is the window that the month will be judged by, as far as it has come, so that
headroom speaks of today. The pace is that of the last days whose cases are all due: an assumption,
told wherever it is used, and nobody is judged by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from earnest.assessment.conduct import Window, settled_at
from earnest.assessment.duties import (
    DUTIES,
    PROVIDER,
    Duty,
    Judge,
    duties_of,
    duty_parameters,
    duty_window,
)
from earnest.assessment.duty_lines import Counted, Line, Lines, counted, lines_of
from earnest.assessment.providers import sanctions_standing
from earnest.feed.queries import live_files
from earnest.kernel.calendar import Month, day_of
from earnest.measures.definition import Figure
from earnest.measures.headroom import Pace, days_to_breach, days_to_recover, projected
from earnest.measures.queries import measure, measure_named
from earnest.policy import Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, party_packs
from earnest.rulebooks.switches import settling_days

PACE_DAYS: Final = 7


@dataclass(frozen=True)
class Outlook:
    """What follows if things go on as in the last days.

    Attributes:
        pace: what came in during ``window``.
        days_left: days until the period ends.
        breach_in: days until the line is broken; None where this pace never breaks it.
        recover_in: days that bring the missing faultless cases; None where none are or none can.
        ends_met: whether the line would hold at the period's end.
        ends_at: the rate at the period's end, as numerator and denominator.
    """

    pace: Pace
    window: Window
    days_left: int
    breach_in: int | None
    recover_in: int | None
    ends_met: bool
    ends_at: tuple[int, int]


@dataclass(frozen=True)
class Running:
    """A duty of one provider in a month that is not assessed yet.

    Attributes:
        month: the month.
        final_at: from when on its figures are final.
        outlook: None where nothing came in of late, or the duty has no line.
    """

    provider_id: str
    duty: Duty
    month: Month
    what: Counted
    lines: Lines
    final_at: datetime
    outlook: Outlook | None


@dataclass(frozen=True)
class Asked:
    """Whose duties are asked for, as known at an instant."""

    tenant_id: str
    subjects: Sequence[str]
    now: datetime


def duty_of(measure_name: str) -> Duty | None:
    """Return the duty that a measure counts; None for figures that are no duty of their own."""
    return next((duty for duty in DUTIES if duty.measure == measure_name), None)


def running_of(
    asked: Asked, month: Month | None = None, duties: Sequence[Duty] | None = None
) -> Iterator[Running]:
    """Yield the duties of a month to date, for each provider asked for.

    Each is counted by the windows and hours of the pack that judges the provider, as a cycle does.
    A duty whose window has not begun, or whose time nobody has set, is left out.

    Takes:
        month: the month of ``now`` when left out; an earlier one has no outlook.
        duties: only these; all that the pack knows when left out.
    """
    chosen = month or Month.of(day_of(asked.now))
    packs = party_packs(asked.tenant_id, SUPPLY_MARKET)
    judge = Judge(sanctions_standing(asked.tenant_id, asked.now))
    judged: dict[Pack, list[str]] = {}
    for subject in asked.subjects:
        judged.setdefault(packs.of(PROVIDER, subject), []).append(subject)
    for pack, several in judged.items():
        some = Asked(asked.tenant_id, several, asked.now)
        for duty in duties_of(pack):
            if duties is None or duty in duties:
                yield from _of_duty(some, chosen, duty, _Rule(pack, judge))


@dataclass(frozen=True)
class _Rule:
    """By which pack, and with what is known of standing sanctions."""

    pack: Pack
    judge: Judge


def _of_duty(asked: Asked, month: Month, duty: Duty, rule: _Rule) -> Iterator[Running]:
    pack, today = rule.pack, day_of(asked.now)
    window = duty_window(duty, month, pack)
    if window is None or window.first > today:
        return
    to_date = Window(window.first, min(window.last, today))
    params = duty_parameters(duty, pack, to_date.last)
    if params is None:
        return
    recent = _recent(asked, duty, params) if Month.of(today) == month else None
    figures = _figures(asked, duty, to_date, params)
    paces = _figures(asked, duty, recent, params) if recent else {}
    final_at = settled_at(month, settling_days(pack, window.last))
    for subject in asked.subjects:
        what, lines = _held(duty, rule, figures[subject])
        outlook = None
        if recent is not None:
            of_late = counted(paces[subject])
            outlook = _outlook(what, lines, of_late, (window.last - today).days)
        yield Running(subject, duty, month, what, lines, final_at, outlook)


def _held(duty: Duty, rule: _Rule, figure: Figure) -> tuple[Counted, Lines]:
    """Return a figure as the pack counts it, and where it stands between its lines."""
    seen, status, evaluation = rule.judge.judged(duty, rule.pack, figure)
    found = evaluation.result.get("target_ppm")
    if found is None and not duty.verdict:  # its sample is too small for its own decision
        facts = duty.facts(figure.window_to, seen, rule.pack)
        found = rule.pack.evaluate(duty.decision, facts).result.get("target_ppm")
    target = int(str(found)) if found is not None else None
    what = counted(seen)
    return what, lines_of(rule.pack, what, Line(target, status, figure.window_to))


def _recent(asked: Asked, duty: Duty, params: Mapping[str, int]) -> Window:
    """Return the last days whose cases are all due by now."""
    ripe = timedelta(microseconds=measure_named(duty.measure).maturation_us(params))
    last = day_of(asked.now - ripe) - timedelta(days=1)
    return Window(last - timedelta(days=PACE_DAYS - 1), last)


def _figures(
    asked: Asked, duty: Duty, window: Window, params: Mapping[str, int]
) -> dict[str, Figure]:
    """Count a duty over a window for every subject; one with nothing to count has 0 of 0."""
    found = measure(
        asked.tenant_id, duty.measure, window.first, window.last,
        by=PROVIDER, as_of=asked.now, params=params, subjects=asked.subjects,
    )  # fmt: skip
    counted_of = {figure.subject: figure for figure in found}
    definition = measure_named(duty.measure)
    # Where silence is good, nothing told of a provider is a result once anything is told at all.
    told = duty.silence and any(live_files(asked.tenant_id, each) for each in definition.tables)
    names = (*definition.dimensions, *definition.largest) if told else ()
    nothing = {
        subject: _nothing(duty.measure, (subject, window), names, asked.now)
        for subject in asked.subjects
        if subject not in counted_of
    }
    return counted_of | nothing


def _nothing(
    name: str, whose: tuple[str, Window], dimensions: Sequence[str], as_of: datetime
) -> Figure:
    """Return the figure of a provider with nothing to count."""
    subject, window = whose
    return Figure(
        subject_kind=PROVIDER, subject=subject, measure=name,
        numerator=0, denominator=0, sample=0, pending=0,
        window_from=window.first, window_to=window.last, cutoff_at=as_of,
        state="not_assessable", dimensions=dict.fromkeys(dimensions, 0), formula_hash="",
    )  # fmt: skip


def _outlook(what: Counted, lines: Lines, of_late: Counted, days_left: int) -> Outlook | None:
    at, recent = lines.against(what), lines.against(of_late)
    if at is None or recent is None or lines.left is None:
        return None
    counts = lines.limit is not None  # a count grows; no case in order takes anything from it
    if not counts and recent.total == 0:
        return None
    pace = Pace(PACE_DAYS, recent.bad, 0 if counts else recent.total)
    end = projected(at, pace, days_left)
    numerator = end.bad if at.bad == what.numerator else end.total - end.bad
    return Outlook(
        pace=pace,
        window=of_late.window,
        days_left=days_left,
        breach_in=days_to_breach(at, pace),
        recover_in=days_to_recover(lines.left.missing, pace),
        ends_met=end.slack >= 0,
        ends_at=(numerator, end.total),
    )
