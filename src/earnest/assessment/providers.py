"""A provider's month: its duties held against the clauses, and its rung on the NPS ladder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from earnest.assessment.conduct import Window, month_window, trailing_window
from earnest.decisions.commands import NewDecision, NewFinding
from earnest.kernel.calendar import Month
from earnest.measures.definition import Figure
from earnest.measures.models import MeasureResult
from earnest.measures.queries import measure
from earnest.measures.recorded import figures_recorded
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, PartyPacks, party_packs

PROVIDER = "provider"
NPS = "nps_composite"
NPS_CLAUSES = {
    "none": "S0-2.2.5-5a",
    "hide": "S0-2.2.5-5a",
    "delist": "S0-2.2.5-5b",
    "remove": "S0-2.2.5-5c",
}
NOTIFY_CLAUSE = "S0-2.2.1b"
LADDER_MONTHS = 24
ADMISSION = "admission"


@dataclass(frozen=True)
class Duty:
    """A measured duty: the figure, the pack's decision and clause, and the names of its facts.

    Attributes:
        hours: the pack's parameter that gives the measure its hours; empty where it has none.
        kind: which after-sales clock it is; empty for other duties.
    """

    measure: str
    decision: str
    clause: str
    numerator: str
    denominator: str
    hours: str = ""
    kind: str = ""

    def facts(self, on: date, figure: Figure) -> dict[str, Any]:
        """Return the facts that the decision takes for a figure."""
        facts: dict[str, Any] = {
            "assessed_on": on,
            self.numerator: figure.numerator,
            self.denominator: figure.denominator,
        }
        return {**facts, "kind": self.kind} if self.kind else facts


def _clock(kind: str, clause: str) -> Duty:
    return Duty(
        measure=f"after_sales_{kind}",
        decision="after_sales_clock",
        clause=clause,
        numerator="on_time",
        denominator="due",
        hours=f"as_{kind}_hours",
        kind=kind,
    )


QUALITY = Duty("quality_refund30d", "quality_refund", "S0-2.2.1e", "quality", "signed")
DUTIES = (
    Duty("shipping48h", "shipping48h", "S0-2.1-ship48", "picked", "paid", hours="ship48_hours"),
    QUALITY,
    _clock("refund_unshipped", "S0-2.1-as1"),
    _clock("refund_shipped", "S0-2.1-as2"),
    _clock("return_stage1", "S0-2.1-as3"),
    _clock("return_stage2", "S0-2.1-as4"),
)


def _window(duty: Duty, month: Month, pack: Pack) -> Window | None:
    """Return the days that a duty is measured over in a month, as far as the rule was in force."""
    if month.last_day < pack.in_force_from():
        return None
    if duty is QUALITY:
        days = pack.parameter("quality_window_days", on=month.last_day)
        return trailing_window(month, days, pack.in_force_from())
    return month_window(month, pack.in_force_from())


def month_figures(
    tenant_id: str, month: Month, as_of: datetime, subjects: Sequence[str]
) -> list[Figure]:
    """Measure every duty and the NPS composite of the providers for a month.

    A provider with nothing to count still has a figure, 0 of 0: not assessable is a result. Each
    is measured by the windows and hours of the pack that judges it.
    """
    packs = party_packs(tenant_id, SUPPLY_MARKET)
    judged: dict[Pack, list[str]] = {}
    for subject in subjects:
        judged.setdefault(packs.of(PROVIDER, subject), []).append(subject)
    figures: list[Figure] = []
    for pack, several in judged.items():
        wanted = Wanted(tenant_id, as_of, several)
        for duty in DUTIES:
            window = _window(duty, month, pack)
            if window is not None:
                hours = pack.parameter(duty.hours, on=window.last) if duty.hours else None
                params = {} if hours is None else {"hours": hours}
                figures += _of_all(wanted, duty.measure, window, params)
        window = month_window(month, pack.in_force_from())
        if window is not None:
            figures += _of_all(wanted, NPS, window, {})
    return figures


@dataclass(frozen=True)
class Wanted:
    """Whose figures are wanted, as known at an instant."""

    tenant_id: str
    as_of: datetime
    subjects: Sequence[str]


def _of_all(wanted: Wanted, name: str, window: Window, params: dict[str, int]) -> Iterable[Figure]:
    found = {
        figure.subject: figure
        for figure in measure(
            wanted.tenant_id, name, window.first, window.last,
            by=PROVIDER, as_of=wanted.as_of, params=params,
        )
    }  # fmt: skip
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
            dimensions={},
            formula_hash="",
        )


def duty_findings(month: Month, figures: Iterable[Figure], packs: PartyPacks) -> list[NewFinding]:
    """Hold each figure of a duty against its clause."""
    duties = {duty.measure: duty for duty in DUTIES}
    findings: list[NewFinding] = []
    for figure in figures:
        duty = duties.get(figure.measure)
        if duty is None:
            continue
        pack = packs.of(PROVIDER, figure.subject)
        evaluation = pack.evaluate(duty.decision, duty.facts(figure.window_to, figure))
        status = "refused" if evaluation.refusal else str(evaluation.result["status"])
        findings.append(_finding(month, figure, duty.clause, status, evaluation))
    return findings


def _finding(
    month: Month, figure: Figure, clause: str, status: str, evaluation: Evaluation
) -> NewFinding:
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


def _assessable(figure: Figure | MeasureResult, answers_min: int) -> bool:
    return figure.denominator > 0 and figure.sample >= answers_min


def _months_before(tenant_id: str, month: Month) -> dict[str, list[MeasureResult]]:
    """Return the recorded NPS figures of the months before, by provider, oldest first."""
    figures = figures_recorded(
        tenant_id,
        NPS,
        subject_kind=PROVIDER,
        first=month.plus(-LADDER_MONTHS).first_day,
        last=month.plus(-1).last_day,
    )
    by_provider: dict[str, list[MeasureResult]] = {}
    for figure in figures:
        by_provider.setdefault(figure.subject, []).append(figure)
    return by_provider


def _month_entry(figure: Figure | MeasureResult, answers_min: int) -> list[Any]:
    value = (
        {"points": figure.numerator, "answers": figure.denominator}
        if _assessable(figure, answers_min)
        else None
    )
    return [figure.window_to, value]


def nps_judgement(
    tenant_id: str, month: Month, figures: Iterable[Figure], removal_waits: set[str]
) -> tuple[list[NewFinding], list[NewDecision]]:
    """Hold the NPS composites against the floor and climb the ladder (S0-2.2.5-5a to 5c).

    A month with too few answers is not assessed and leads to nothing; a provider whose removal
    waits for its second person climbs no further.
    """
    packs = party_packs(tenant_id, SUPPLY_MARKET)
    before = _months_before(tenant_id, month)
    findings: list[NewFinding] = []
    decisions: list[NewDecision] = []
    for figure in figures:
        pack = packs.of(PROVIDER, figure.subject)
        if figure.measure != NPS or month.last_day < pack.in_force_from():
            continue
        answers_min = pack.parameter("nps_min_answers", on=month.last_day)
        months = [_month_entry(each, answers_min) for each in before.get(figure.subject, [])]
        months.append(_month_entry(figure, answers_min))
        evaluation = pack.evaluate(
            "nps_ladder", {"assessed_on": figure.window_to, "months": months}
        )
        if evaluation.refusal or not _assessable(figure, answers_min):
            status = "refused" if evaluation.refusal else "not_assessable"
            findings.append(_finding(month, figure, NPS_CLAUSES["none"], status, evaluation))
            continue
        rung = str(evaluation.result["rung"])
        status = "met" if rung == "none" else "breached"
        findings.append(_finding(month, figure, NPS_CLAUSES["none"], status, evaluation))
        if rung != "none" and figure.subject not in removal_waits:
            decisions.append(
                NewDecision(
                    subject_kind=PROVIDER,
                    subject_id=figure.subject,
                    period=str(month),
                    clause=NPS_CLAUSES[rung],
                    outcome=rung,
                    money_fen=int(str(evaluation.result["fine_fen"])),
                    approvals_needed=2,
                    evaluation=evaluation,
                )
            )
    return findings, decisions


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
