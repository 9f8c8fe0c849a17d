"""The measured duties of a provider: what each counts, over which days, and how it is judged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from earnest.assessment.conduct import Window, month_window, trailing_window
from earnest.kernel.calendar import US_PER_DAY, US_PER_HOUR, Month
from earnest.kernel.errors import RuleRefused
from earnest.measures.definition import Figure
from earnest.measures.queries import measure_named
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.switches import chosen, measure_parameter

PROVIDER: Final = "provider"
MILLION: Final = 1_000_000
_US_PER_MINUTE: Final = US_PER_HOUR // 60
_SAMPLE: Final = "duty_sample"
_LIMITS: Final = "duty_limits"
_CLOCKS: Final = "after_sales_"

FactsOf = Callable[[Figure, Pack | None], dict[str, Any]]


@dataclass(frozen=True)
class Duty:
    """A measured duty: the figure, the pack's decision and clause, and the names of its facts.

    Attributes:
        numerator, denominator: the decision's facts that a figure's two numbers become.
        kind: which after-sales clock it is; empty for other duties.
        more: further facts that a figure gives, or other ones in place of the two numbers.
        verdict: the outcome that says yes or no, where the decision has none named ``status``.
        silence: nothing told of a provider is good, as long as the stream tells of others.
    """

    measure: str
    decision: str
    clause: str
    numerator: str = ""
    denominator: str = ""
    kind: str = ""
    more: FactsOf | None = None
    verdict: str = ""
    silence: bool = False

    def facts(self, on: date, figure: Figure, pack: Pack | None = None) -> dict[str, Any]:
        """Return the facts that the decision takes for a figure.

        Takes:
            pack: the pack that judges; without it the facts are read as by its defaults.
        """
        facts: dict[str, Any] = {"assessed_on": on}
        if self.numerator:
            facts |= {self.numerator: figure.numerator, self.denominator: figure.denominator}
        if self.more:
            facts |= self.more(figure, pack)
        return {**facts, "kind": self.kind} if self.kind else facts

    @property
    def name(self) -> str:
        """The name under which the pack's tables know it."""
        return self.measure.removeprefix(_CLOCKS)


def _clock(kind: str, clause: str) -> Duty:
    return Duty(
        measure=f"{_CLOCKS}{kind}",
        decision="after_sales_clock",
        clause=clause,
        numerator="on_time",
        denominator="due",
        kind=kind,
    )


def _number(figure: Figure, name: str) -> int:
    value = figure.dimensions.get(name, 0)
    return value if isinstance(value, int) else 0


def _reach(figure: Figure, pack: Pack | None) -> dict[str, Any]:
    """Return what the stability of interfaces is judged by (S0-2.2.2a)."""
    days = 0
    if pack is not None:
        days = pack.parameter("availability_window_days", on=figure.window_to)
    return {
        "availability_ppm": lowest_mean_ppm(figure, days),
        "outage_minutes": _number(figure, "longest_outage_us") // _US_PER_MINUTE,
        "shops_affected": _number(figure, "shops_affected"),
    }


def lowest_mean_ppm(figure: Figure, days: int) -> int:
    """Return the lowest mean of the daily availability over so many days in a row, cut off.

    A day without a call is in no mean. A window shorter than the run is one run; so is any window
    when ``days`` is 0.
    """
    met, seen = figure.dimensions.get("day_met", {}), figure.dimensions.get("day_of", {})
    if not isinstance(met, dict) or not isinstance(seen, dict) or not seen:
        return figure.numerator * MILLION // figure.denominator if figure.denominator else 0
    span = (figure.window_to - figure.window_from).days + 1
    length = min(days or span, span)
    dates = [str(figure.window_from + timedelta(days=index)) for index in range(span)]
    rates = [Fraction(met[day], seen[day]) if seen.get(day) else None for day in dates]
    means: set[Fraction] = set()
    total, counted = Fraction(0), 0
    for index, rate in enumerate(rates):
        if rate is not None:
            total, counted = total + rate, counted + 1
        gone = rates[index - length] if index >= length else None
        if gone is not None:
            total, counted = total - gone, counted - 1
        if counted and index >= length - 1:
            means.add(total / counted)
    return int(min(means) * MILLION) if means else 0


def _complaints(figure: Figure, _pack: Pack | None) -> dict[str, Any]:
    """Return what slackness in service is judged by (S0-2.2.3b); sanctions are added later."""
    return {
        "interventions": _number(figure, "interventions"),
        "oldest_complaint_days": _number(figure, "longest_unhandled_us") // US_PER_DAY,
        "oldest_feedback_days": _number(figure, "longest_unanswered_us") // US_PER_DAY,
        "open_sanctions": [],
    }


SHIPPING: Final = Duty("shipping48h", "shipping48h", "S0-2.1-ship48", "picked", "paid")
QUALITY: Final = Duty("quality_refund30d", "quality_refund", "S0-2.2.1e", "quality", "signed")
COMPLAINTS: Final = Duty(
    "complaints",
    "service_complaints",
    "S0-2.2.3b",
    more=_complaints,
    verdict="attentive",
    silence=True,
)
DUTIES: Final = (
    SHIPPING,
    QUALITY,
    _clock("refund_unshipped", "S0-2.1-as1"),
    _clock("refund_shipped", "S0-2.1-as2"),
    _clock("return_stage1", "S0-2.1-as3"),
    _clock("return_stage2", "S0-2.1-as4"),
    Duty("reply3min", "reply_rate", "S0-2.1-cs3", "answered_in_time", "asked"),
    Duty("catalogue_sync", "sync_rate", "S0-2.2.1f", "told_in_time", "changes"),
    Duty("catalogue_report24h", "report_rate", "S0-2.2.1g", "reported", "listed"),
    Duty("interface_success", "interface_success", "S0-2.2.2a", "succeeded", "called"),
    Duty("interface_latency", "interface_speed", "S0-2.2.2a", "quick", "timed"),
    Duty(
        "interface_availability",
        "interface_stability",
        "S0-2.2.2a",
        more=_reach,
        verdict="stable",
    ),
    COMPLAINTS,
)
"""Every measured duty, in the order of the pages."""


def duty_window(duty: Duty, month: Month, pack: Pack) -> Window | None:
    """Return the days that a duty is measured over in a month, as far as the rule was in force."""
    if month.last_day < pack.in_force_from():
        return None
    if duty is QUALITY:
        days = pack.parameter("quality_window_days", on=month.last_day)
        return trailing_window(month, days, pack.in_force_from())
    return month_window(month, pack.in_force_from())


def duty_parameters(duty: Duty, pack: Pack, on: date) -> dict[str, int] | None:
    """Return what a duty's measure needs from the pack; None where the pack leaves one unset."""
    wanted = measure_named(duty.measure).parameters
    try:
        return {each.name: measure_parameter(pack, each.pack_parameter, on) for each in wanted}
    except RuleRefused:
        return None


class Judge:
    """Holds figures of duties against the packs of their providers.

    What is equal is evaluated once: most providers of a month have nothing to count in some duty.
    """

    def __init__(self, sanctioned: Mapping[str, Sequence[date]]) -> None:
        """Take the days on which sanctions began that still stand, by provider."""
        self._sanctioned = sanctioned
        self._evaluated: dict[tuple[Pack, str, str], Evaluation] = {}
        self._fewest: dict[tuple[Pack, str, date], int] = {}

    def judged(self, duty: Duty, pack: Pack, figure: Figure) -> tuple[Figure, str, Evaluation]:
        """Return the figure as it was judged, the finding's status, and the evaluation.

        Too small a sample, nothing to count, and a verdict that hangs on reasons nobody knows are
        all ``not_assessable``; what the rule refuses is ``refused``.
        """
        seen = as_chosen(figure, pack) if duty is SHIPPING else figure
        on = figure.window_to
        if self._too_few(duty, pack, seen):
            sample = {"assessed_on": on, "duty": duty.name, "sample": seen.denominator}
            return seen, "not_assessable", self._evaluate(pack, _SAMPLE, sample)
        facts = duty.facts(on, seen, pack)
        if duty is COMPLAINTS:
            days = self._sanctioned.get(figure.subject, ())
            facts["open_sanctions"] = [{"sanctioned_on": day} for day in days]
        evaluation = self._evaluate(pack, duty.decision, facts)
        return seen, self._status(duty, pack, seen, evaluation), evaluation

    def _too_few(self, duty: Duty, pack: Pack, figure: Figure) -> bool:
        if _SAMPLE not in pack.decisions:
            return False
        if duty.silence:
            return not figure.dimensions
        if figure.denominator == 0:
            return bool(duty.verdict)
        return figure.denominator < self._fewest_of(duty, pack, figure.window_to)

    def _fewest_of(self, duty: Duty, pack: Pack, on: date) -> int:
        key = pack, duty.name, on
        if key not in self._fewest:
            row = pack.table_row(_LIMITS, {"duty": duty.name}, on=on)
            self._fewest[key] = int(row["fewest"])
        return self._fewest[key]

    def _status(self, duty: Duty, pack: Pack, figure: Figure, evaluation: Evaluation) -> str:
        if evaluation.refusal:
            return "refused"
        if duty.verdict:
            return "met" if evaluation.result[duty.verdict] else "breached"
        status = str(evaluation.result["status"])
        maybe = _number(figure, "maybe_quality") if duty is QUALITY else 0
        if status == "met" and maybe:
            worst = replace(figure, numerator=figure.numerator + maybe)
            facts = duty.facts(figure.window_to, worst, pack)
            if self._evaluate(pack, duty.decision, facts).result["status"] != "met":
                return "not_assessable"
        return status

    def _evaluate(self, pack: Pack, decision: str, facts: Mapping[str, Any]) -> Evaluation:
        key = pack, decision, repr(sorted(facts.items()))
        if key not in self._evaluated:
            self._evaluated[key] = pack.evaluate(decision, facts)
        return self._evaluated[key]


def as_chosen(figure: Figure, pack: Pack) -> Figure:
    """Return the shipping figure in the terms that the pack chose (S0-2.1-ship48-def).

    By default a pick-up counts and all paid orders are in; then the figure is as it was.
    """
    by_mark = chosen(pack, "shipping_event") == "seller_mark"
    if not by_mark and chosen(pack, "shipping_denominator") == "all_paid":
        return figure
    kept = _number(figure, "adjusted_denominator")
    excluded = _number(figure, "excluded_unmarked") if by_mark else figure.denominator - kept
    evaluation = pack.evaluate(
        "shipping_rate",
        {
            "assessed_on": figure.window_to,
            "picked": figure.numerator,
            "marked": _number(figure, "marked"),
            "paid": figure.denominator,
            "excluded": excluded,
        },
    )
    if evaluation.refusal:
        return figure
    shipped, out_of = evaluation.result["shipped"], evaluation.result["out_of"]
    return replace(figure, numerator=int(str(shipped)), denominator=int(str(out_of)))


def duties_of(pack: Pack) -> Iterable[Duty]:
    """Yield the duties that a pack knows how to judge; an earlier edition knows fewer."""
    return (duty for duty in DUTIES if duty.decision in pack.decisions)
