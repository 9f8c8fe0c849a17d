"""The ladder of the composite score: months below the mark in a row, and what they lead to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from earnest.assessment.nps_months import Delistings, delistings, month_counts, month_values
from earnest.assessment.providers import NPS, PROVIDER, figure_finding
from earnest.decisions.commands import NewDecision, NewFinding
from earnest.decisions.models import Decision, Finding
from earnest.kernel.calendar import Month
from earnest.measures.definition import Figure
from earnest.measures.models import MeasureResult
from earnest.measures.recorded import figures_recorded
from earnest.measures.set_aside import Correction, set_asides
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of_receipt, party_packs

DECISION: Final = "nps_ladder"
NPS_CLAUSES: Final = {
    "none": "S0-2.2.5-5a",
    "hide": "S0-2.2.5-5a",
    "delist": "S0-2.2.5-5b",
    "remove": "S0-2.2.5-5c",
}
LADDER_MONTHS: Final = 24
PERSONS: Final = 2

Instead = Mapping[tuple[str, date], Correction | None]


@dataclass(frozen=True)
class MonthScore:
    """A month's composite as it counts: points in tenths, of so many answers."""

    window_to: date
    points: int
    answers: int
    sample: int


def _score(figure: Figure | MeasureResult, instead: Instead) -> MonthScore:
    """Return what a recorded month counts as, after what appeals set aside or corrected."""
    key = (figure.subject, figure.window_to)
    if key not in instead:
        return MonthScore(figure.window_to, figure.numerator, figure.denominator, figure.sample)
    return _instead(figure.window_to, instead[key])


def _instead(at: date, correction: Correction | None) -> MonthScore:
    if correction is None:
        return MonthScore(at, 0, 0, 0)
    return MonthScore(at, correction.numerator, correction.denominator, correction.sample)


def _recorded_months(tenant_id: str, first: Month, last: Month) -> dict[str, list[MeasureResult]]:
    """Return the recorded NPS figures of some months, by provider, oldest first."""
    figures = figures_recorded(
        tenant_id,
        NPS,
        subject_kind=PROVIDER,
        first=first.first_day,
        last=last.last_day,
    )
    by_provider: dict[str, list[MeasureResult]] = {}
    for figure in figures:
        by_provider.setdefault(figure.subject, []).append(figure)
    return by_provider


def nps_judgement(
    tenant_id: str, month: Month, figures: Iterable[Figure], removal_waits: set[str]
) -> tuple[list[NewFinding], list[NewDecision]]:
    """Hold the NPS composites against the floor and climb the ladder (S0-2.2.5-5a to 5c).

    A month with too few answers, or for most of which the provider was delisted, is not assessed
    and leads to nothing; a provider whose removal waits for its second person climbs no further:
    see :mod:`earnest.assessment.held_months`.
    """
    packs = party_packs(tenant_id, SUPPLY_MARKET)
    before = _recorded_months(tenant_id, month.plus(-LADDER_MONTHS), month.plus(-1))
    instead, off = set_asides(tenant_id, NPS), delistings(tenant_id, month.last_day)
    findings: list[NewFinding] = []
    decisions: list[NewDecision] = []
    for figure in figures:
        pack = packs.of(PROVIDER, figure.subject)
        if figure.measure != NPS or month.last_day < pack.in_force_from():
            continue
        scores = [_score(each, instead) for each in before.get(figure.subject, [])]
        scores.append(_score(figure, {}))
        judged = _judged(pack, figure.subject, scores, off)
        clause = NPS_CLAUSES["none"]
        findings.append(figure_finding(month, figure, clause, judged.status, judged.evaluation))
        if judged.status == "breached" and figure.subject not in removal_waits:
            decisions.append(ladder_decision(figure.subject, str(month), judged.evaluation))
    return findings, decisions


def ladder_rejudged(judged: Decision | Finding, instead: Instead) -> Evaluation | None:
    """Judge a recorded rung or month anew, by the edition and the months it was judged by (D1).

    Only the months that appeals set aside or corrected are others: one that is set aside is a month
    without assessment, and a corrected one needs as many answers as any. None where the judged
    month leads to nothing any more.

    Takes:
        instead: see :func:`earnest.measures.set_aside.set_asides`.
    """
    pack, facts = pack_of_receipt(judged.receipt), dict(judged.receipt["facts"])
    facts["months"] = [
        _counted_now(pack, judged.subject_id, (date.fromisoformat(str(at)), given), instead)
        for at, given in facts["months"]
    ]
    if facts["months"][-1][1] is None:
        return None
    evaluation = pack.evaluate(DECISION, facts)
    if evaluation.refusal or evaluation.result["rung"] == "none":
        return None
    return evaluation


def _counted_now(
    pack: Pack, provider_id: str, month: tuple[date, dict[str, int] | None], instead: Instead
) -> list[Any]:
    """Return the element of a receipt's series as it counts now; a gap stays a gap."""
    at, given = month
    if given is None or (provider_id, at) not in instead:
        return [at, given]
    now = instead[provider_id, at]
    if now is None or not now.denominator or month_counts(pack, at, now.sample, 0):
        return [at, None]
    return [at, {"points": now.numerator, "answers": now.denominator}]


@dataclass(frozen=True)
class _Judged:
    status: str
    evaluation: Evaluation


def _judged(pack: Pack, provider_id: str, scores: Sequence[MonthScore], off: Delistings) -> _Judged:
    """Evaluate the ladder over months, the last of which is judged."""
    values = month_values(pack, provider_id, scores, off)
    facts = {"assessed_on": scores[-1].window_to, "months": [each.entry for each in values]}
    evaluation = pack.evaluate(DECISION, facts)
    if evaluation.refusal:
        return _Judged("refused", evaluation)
    if values[-1].value is None:
        return _Judged("not_assessable", evaluation)
    rung = str(evaluation.result["rung"])
    return _Judged("met" if rung == "none" else "breached", evaluation)


def ladder_decision(provider_id: str, period: str, evaluation: Evaluation) -> NewDecision:
    """Return the decision that a rung leads to (S0-2.2.5-5a to 5c)."""
    rung = str(evaluation.result["rung"])
    return NewDecision(
        subject_kind=PROVIDER,
        subject_id=provider_id,
        period=period,
        clause=NPS_CLAUSES[rung],
        outcome=rung,
        money_fen=int(str(evaluation.result["fine_fen"])),
        approvals_needed=PERSONS,
        evaluation=evaluation,
    )
