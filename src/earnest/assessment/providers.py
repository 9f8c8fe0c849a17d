"""A provider's month: its duties held against the clauses, and the deposit it must hold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Min, Q

from earnest.assessment.conduct import Window, month_window
from earnest.assessment.duties import (
    DUTIES,
    PROVIDER,
    Duty,
    Judge,
    duties_of,
    duty_parameters,
    duty_window,
)
from earnest.decisions.commands import NewDecision, NewFinding
from earnest.feed.queries import live_files
from earnest.kernel.calendar import Month, day_of
from earnest.measures.definition import Figure
from earnest.measures.engine import engine_shared
from earnest.measures.queries import measure, measure_named
from earnest.policy import Evaluation, Pack
from earnest.restrictions.models import Restriction
from earnest.rulebooks.packs import SUPPLY_MARKET, PartyPacks, party_packs

__all__ = [
    "ADMISSION",
    "DUTIES",
    "NOTIFY_CLAUSE",
    "NPS",
    "PROVIDER",
    "Duty",
    "deposit_decisions",
    "duty_findings",
    "duty_window",
    "figure_finding",
    "month_figures",
    "notify_decisions",
    "sanctions_standing",
]

NPS = "nps_composite"
NOTIFY_CLAUSE = "S0-2.2.1b"
ADMISSION = "admission"


def month_figures(
    tenant_id: str, month: Month, as_of: datetime, subjects: Sequence[str]
) -> list[Figure]:
    """Measure every duty and the NPS composite of the providers for a month.

    A provider with nothing to count still has a figure, 0 of 0: not assessable is a result. Each
    is measured by the windows and hours of the pack that judges it; a duty whose time that pack
    leaves unset is not counted.
    """
    packs = party_packs(tenant_id, SUPPLY_MARKET)
    judged: dict[Pack, list[str]] = {}
    for subject in subjects:
        judged.setdefault(packs.of(PROVIDER, subject), []).append(subject)
    with engine_shared():
        return [
            figure
            for pack, several in judged.items()
            for figure in _figures_by(pack, month, Wanted(tenant_id, as_of, several))
        ]


def _figures_by(pack: Pack, month: Month, wanted: "Wanted") -> Iterator[Figure]:
    """Yield what is measured of the providers that one pack judges."""
    for duty in duties_of(pack):
        window = duty_window(duty, month, pack)
        if window is not None:
            params = duty_parameters(duty, pack, window.last)
            told = duty.silence and _told(wanted.tenant_id, duty.measure)
            yield from _of_all(wanted, duty.measure, window, params, told=told)
    window = month_window(month, pack.in_force_from())
    if window is not None:
        yield from _of_all(wanted, NPS, window, {})


@dataclass(frozen=True)
class Wanted:
    """Whose figures are wanted, as known at an instant."""

    tenant_id: str
    as_of: datetime
    subjects: Sequence[str]


def _told(tenant_id: str, name: str) -> bool:
    """Tell whether anything at all was ever told on a measure's streams."""
    return any(live_files(tenant_id, stream) for stream in measure_named(name).tables)


def _of_all(
    wanted: Wanted,
    name: str,
    window: Window,
    params: dict[str, int] | None,
    *,
    told: bool = False,
) -> Iterator[Figure]:
    """Yield the figure of every provider wanted.

    Takes:
        params: of the measure; None where it cannot be counted.
        told: a provider of whom nothing was told has nothing against it, which is a result.
    """
    definition = measure_named(name)
    counted = [] if params is None else measure(
        wanted.tenant_id, name, window.first, window.last,
        by=PROVIDER, as_of=wanted.as_of, params=params,
    )  # fmt: skip
    found = {figure.subject: figure for figure in counted}
    own = (*definition.dimensions, *definition.largest)
    for subject in wanted.subjects:
        yield found.get(subject) or Figure(
            subject_kind=PROVIDER,
            subject=subject,
            measure=name,
            numerator=0,
            denominator=0,
            sample=0,
            pending=0,
            window_from=window.first,
            window_to=window.last,
            cutoff_at=wanted.as_of,
            state="not_assessable",
            dimensions=dict.fromkeys(own, 0) if told else {},
            formula_hash="",
        )


def duty_findings(
    month: Month,
    figures: Iterable[Figure],
    packs: PartyPacks,
    sanctioned: Mapping[str, Sequence[date]] | None = None,
) -> list[NewFinding]:
    """Hold each figure of a duty against its clause.

    Takes:
        sanctioned: the days on which sanctions began that still stand, by provider.
    """
    duties = {duty.measure: duty for duty in DUTIES}
    judge = Judge(sanctioned or {})
    findings: list[NewFinding] = []
    for figure in figures:
        duty = duties.get(figure.measure)
        if duty is None:
            continue
        pack = packs.of(PROVIDER, figure.subject)
        seen, status, evaluation = judge.judged(duty, pack, figure)
        findings.append(figure_finding(month, seen, duty.clause, status, evaluation))
    return findings


def sanctions_standing(tenant_id: str, at: datetime) -> dict[str, list[date]]:
    """Return the days on which sanctions on providers began that stand at an instant.

    One that stands for long was not put right (S0-2.2.3b); each decision counts once.
    """
    rows = Restriction.objects.filter(
        Q(released_at=None) | Q(released_at__gt=at),
        tenant_id=tenant_id,
        subject_kind=PROVIDER,
        starts_at__lte=at,
    )
    begun = rows.values("subject_id", "decision_id").annotate(began_at=Min("starts_at"))
    standing: dict[str, list[date]] = {}
    for row in begun.order_by("subject_id", "began_at", "decision_id"):
        standing.setdefault(row["subject_id"], []).append(day_of(row["began_at"]))
    return standing


def figure_finding(
    month: Month, figure: Figure, clause: str, status: str, evaluation: Evaluation
) -> NewFinding:
    """Return the finding that holds a figure of a month against a clause."""
    return NewFinding(
        subject_kind=figure.subject_kind,
        subject_id=figure.subject,
        period=str(month),
        clause=clause,
        measure=figure.measure,
        numerator=figure.numerator,
        denominator=figure.denominator,
        sample=figure.sample,
        window_from=figure.window_from,
        window_to=figure.window_to,
        status=status,
        evaluation=evaluation,
    )


def notify_decisions(
    month: Month, findings: Iterable[NewFinding], packs: PartyPacks
) -> list[NewDecision]:
    """Decide which providers are told of duties that they did not meet (S0-2.2.1b)."""
    breached: dict[str, int] = {}
    for finding in findings:
        if finding.status == "breached":
            breached[finding.subject_id] = breached.get(finding.subject_id, 0) + 1
    decisions: list[NewDecision] = []
    for provider_id, count in sorted(breached.items()):
        evaluation = packs.of(PROVIDER, provider_id).evaluate(
            "notify_provider", {"assessed_on": month.last_day, "breached": count}
        )
        if evaluation.refusal is None and evaluation.result["notify"]:
            decisions.append(
                NewDecision(
                    PROVIDER, provider_id, str(month), NOTIFY_CLAUSE, "notify", 0, 1, evaluation
                )
            )
    return decisions


def deposit_decisions(
    categories: dict[str, str], balances: dict[str, int], on: date, packs: PartyPacks
) -> list[NewDecision]:
    """Compute the deposit that providers without one must hold, by service category.

    Takes:
        categories: service category by provider id.
        balances: free deposit in fen by provider id.
    """
    decisions: list[NewDecision] = []
    for provider_id, category in sorted(categories.items()):
        pack = packs.of(PROVIDER, provider_id)
        evaluation = pack.evaluate(
            "provider_deposit",
            {
                "assessed_on": max(on, pack.in_force_from()),
                "category": category,
                "balance_fen": balances[provider_id],
            },
        )
        if evaluation.refusal is None:
            decisions.append(
                NewDecision(
                    PROVIDER, provider_id, ADMISSION, evaluation.clauses[0], "set", 0, 1, evaluation
                )
            )
    return decisions
