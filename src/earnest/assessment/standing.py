"""Where a provider stands in its duties: what was judged, what runs, and how far the line is.

Written over findings, recorded figures and the duties' definitions: a duty that is added to them
appears here by itself. The composite score has a ladder of its own and is not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from earnest.assessment.conduct import Window, settled_at
from earnest.assessment.duties import DUTIES, PROVIDER
from earnest.assessment.duty_lines import Counted, Line, Lines, counted, lines_of
from earnest.assessment.providers import NPS
from earnest.assessment.running import Asked, Running, duty_of, running_of
from earnest.decisions.models import Finding
from earnest.decisions.queries import findings_of
from earnest.feed.queries import StreamStatus, stream_status
from earnest.feed.streams import ORDER_STREAMS
from earnest.kernel.calendar import Month, day_of
from earnest.measures import MEASURES
from earnest.measures.headroom import Direction, direction_of
from earnest.measures.models import MeasureResult
from earnest.measures.peers import Peers, peers_of
from earnest.measures.recorded import results
from earnest.measures.set_aside import set_asides
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for, pack_of
from earnest.rulebooks.switches import settling_days

TREND_MONTHS: Final = 12


@dataclass(frozen=True)
class Judged:
    """A duty in the newest month that was assessed.

    Attributes:
        status: met, breached, not_assessable, refused; ``set_aside`` after an appeal.
        corrected: an appeal replaced the figure by another.
        what: what was counted; after an appeal, what counts instead.
    """

    month: str
    status: str
    rulebook: str
    clause: str
    what: Counted
    lines: Lines
    corrected: bool


@dataclass(frozen=True)
class Point:
    """A month of the trend."""

    month: str
    numerator: int
    denominator: int
    status: str


@dataclass(frozen=True)
class Fresh:
    """How far the feed has told us about what a duty counts.

    Attributes:
        told_at: the earliest of the last batches of its streams; None where nothing ever came.
        stream: whose batch that was.
    """

    told_at: datetime | None
    stream: str


@dataclass(frozen=True)
class DutyStanding:
    """One duty of one provider.

    Attributes:
        judged: the newest assessed month; None before the first.
        closing: the month that ended and is not assessed yet, provisional.
        running: the month to date; None where it was not asked for or has nothing to say.
        peers: the others in the judged month; None where they are too few.
        trend: the assessed months, oldest first.
    """

    provider_id: str
    measure: str
    clause: str
    direction: Direction
    judged: Judged | None
    closing: Running | None
    running: Running | None
    peers: Peers | None
    trend: tuple[Point, ...]
    fresh: Fresh

    @property
    def level(self) -> str:
        """Where the duty stands now: the month to date, else what was judged last."""
        for each in (self.running, self.closing, self.judged):
            if each is not None and each.lines.level != "not_assessable":
                return each.lines.level
        return "not_assessable"


def standing_of(
    tenant_id: str, provider_id: str, now: datetime, *, with_running: bool = True
) -> list[DutyStanding]:
    """Return where a provider stands in each duty, in the order of the duties.

    Takes:
        with_running: also count the month to date, which reads the feed's files.
    """
    findings = [
        each
        for each in findings_of(tenant_id, PROVIDER, provider_id)
        if each.measure != NPS and each.made_at <= now
    ]
    running: dict[str, Running] = {}
    closing: dict[str, Running] = {}
    if with_running:
        asked = Asked(tenant_id, [provider_id], now)
        running = {each.duty.measure: each for each in running_of(asked)}
        before = closing_month(tenant_id, provider_id, now)
        if before is not None:
            closing = {each.duty.measure: each for each in running_of(asked, before)}
    streams = stream_status(tenant_id)
    history = _by_measure(findings)
    return [
        _standing(
            provider_id, name, history.get(name, []),
            (closing.get(name), running.get(name)), streams,
        )
        for name in duty_names(history)
    ]  # fmt: skip


def running_duty(
    tenant_id: str, provider_id: str, measure_name: str, now: datetime
) -> list[Running]:
    """Return one duty of a provider in the month to date, and in the month that closes, if any.

    Either is left out where there is nothing to count; both where there is no such duty.
    """
    duty = duty_of(measure_name)
    if duty is None:
        return []
    asked = Asked(tenant_id, [provider_id], now)
    closing = closing_month(tenant_id, provider_id, now)
    months = [None, closing] if closing else [None]
    return [each for month in months for each in running_of(asked, month, [duty])]


def duty_names(history: dict[str, list[Finding]]) -> list[str]:
    """Return the measures of the duties in their order, then of what else was found."""
    known = [duty.measure for duty in DUTIES]
    return known + sorted(set(history) - set(known))


def closing_month(tenant_id: str, provider_id: str, now: datetime) -> Month | None:
    """Return the month before the present one while it is not assessed yet."""
    month = Month.of(day_of(now)).plus(-1)
    pack = pack_for(tenant_id, SUPPLY_MARKET, PROVIDER, provider_id)
    if month.last_day < pack.in_force_from():
        return None
    if now >= settled_at(month, settling_days(pack, month.last_day)):
        return None
    judged = Finding.objects.filter(
        tenant_id=tenant_id,
        subject_kind=PROVIDER,
        subject_id=provider_id,
        period=str(month),
        made_at__lte=now,
    )
    return None if judged.exists() else month


def _standing(
    provider_id: str,
    name: str,
    history: Sequence[Finding],
    unjudged: tuple[Running | None, Running | None],
    streams: Sequence[StreamStatus],
) -> DutyStanding:
    duty = duty_of(name)
    newest = history[-1] if history else None
    closing, running = unjudged
    return DutyStanding(
        provider_id=provider_id,
        measure=name,
        clause=newest.clause if newest else duty.clause if duty else "",
        direction=direction_of(name),
        judged=judged_of(newest) if newest else None,
        closing=closing,
        running=running,
        peers=_peers(newest) if newest else None,
        trend=tuple(
            Point(each.period, each.numerator, each.denominator, each.status)
            for each in history[-TREND_MONTHS:]
        ),
        fresh=fresh_of(name, streams),
    )


def _by_measure(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.measure, []).append(finding)
    return grouped


def _figures_of(finding: Finding) -> QuerySet[MeasureResult]:
    """Return the recorded figures of everybody in a finding's window."""
    return results(
        finding.tenant_id,
        measure=finding.measure,
        subject_kind=PROVIDER,
        first=finding.window_to,
        last=finding.window_to,
    )


def target_ppm(finding: Finding) -> int | None:
    """Return the line that a finding was judged by, as its receipt records it."""
    found = finding.receipt.get("result", {}).get("target_ppm")
    return int(found) if found is not None else None


def judged_of(finding: Finding) -> Judged:
    """Return what was judged, or what counts instead since an appeal."""
    what, status, corrected = _counted(finding), finding.status, False
    target, on, pack = target_ppm(finding), finding.window_to, pack_of(finding.rulebook)
    asides = set_asides(finding.tenant_id, finding.measure, [finding.subject_id])
    key = (finding.subject_id, finding.window_to)
    lines = lines_of(pack, what, Line(target, status, on))
    if key in asides:
        instead = asides[key]
        numbers = (instead.numerator, instead.denominator, instead.sample) if instead else (0, 0, 0)
        what = _replaced(what, numbers)
        lines = lines_of(pack, what, Line(target, "met" if instead else "not_assessable", on))
        corrected = instead is not None
        status = "breached" if lines.level == "breached" else "met" if instead else "set_aside"
    return Judged(finding.period, status, finding.rulebook, finding.clause, what, lines, corrected)


def _counted(finding: Finding) -> Counted:
    figure = _figures_of(finding).filter(subject=finding.subject_id).first()
    if figure is not None:
        return counted(figure)
    return Counted(
        measure=finding.measure,
        numerator=finding.numerator,
        denominator=finding.denominator,
        sample=finding.sample,
        pending=0,
        window=Window(finding.window_from, finding.window_to),
        as_of=finding.made_at,
        state="final" if finding.denominator else "not_assessable",
        dimensions={},
    )


def _replaced(what: Counted, numbers: tuple[int, int, int]) -> Counted:
    numerator, denominator, sample = numbers
    return Counted(
        what.measure, numerator, denominator, sample, 0, what.window, what.as_of, what.state, {}
    )


def _peers(finding: Finding) -> Peers | None:
    """Compare a finding with the others of its window: rates only, no names are read."""
    others = (
        _figures_of(finding)
        .exclude(subject=finding.subject_id)
        .exclude(denominator=0)
        .values_list("numerator", "denominator")
    )
    own = (finding.numerator, finding.denominator)
    return peers_of(own, list(others), direction_of(finding.measure))


def fresh_of(measure_name: str, streams: Sequence[StreamStatus]) -> Fresh:
    """Return how far the feed has told us about what a measure counts."""
    definition = MEASURES.get(measure_name)
    read = set(definition.tables) if definition else set()
    wanted = {name for name in read if name in {each.stream for each in streams}}
    if any(name.endswith("_facts") for name in read):
        wanted |= set(ORDER_STREAMS)
    told = [(each.last_batch_at, each.stream) for each in streams if each.stream in wanted]
    known = [(at, stream) for at, stream in told if at is not None]
    return Fresh(*min(known)) if known else Fresh(None, "")


def exclusions(what: Counted) -> dict[str, int]:
    """Return what a figure left out or marks, by the name of its reason; nothing where it is 0.

    ``closed_early`` counts what the adjusted rate leaves out and the literal one keeps.
    """
    definition = MEASURES.get(what.measure)
    known = definition.dimensions if definition else ()
    found = {name: what.dimensions[name] for name in known if name in what.dimensions}
    adjusted = found.pop("adjusted_denominator", None)
    if adjusted is not None:
        found["closed_early"] = what.denominator - adjusted
    return {name: count for name, count in found.items() if count}
