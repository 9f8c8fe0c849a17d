"""The measured duties of a month: counted, held against their clauses, told to the provider."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from earnest.assessment.duties import DUTIES, PROVIDER, lowest_mean_ppm
from earnest.assessment.providers import (
    duty_findings,
    month_figures,
    notify_decisions,
    sanctions_standing,
)
from earnest.decisions.commands import NewFinding
from earnest.feed.commands import batches_take
from earnest.kernel.calendar import Month, day_start
from earnest.measures import MEASURES, Figure
from earnest.measures.commands import results_record
from earnest.measures.models import MeasureResult
from earnest.policy import Pack, Reading, load_pack_text
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.models import Restriction
from earnest.rulebooks.packs import SUPPLY_MARKET, PartyPacks, packs_shipped

MONTH = Month(2025, 8)
SETTLED = day_start(date(2025, 9, 8))
SOURCE = "urn:earnest:src:test:duties"
PACK = packs_shipped()[SUPPLY_MARKET]


def _figure(measure: str, counts: tuple[int, int], **dimensions: Any) -> Figure:
    return Figure(
        subject_kind=PROVIDER,
        subject="P1",
        measure=measure,
        numerator=counts[0],
        denominator=counts[1],
        sample=counts[1],
        pending=0,
        window_from=MONTH.first_day,
        window_to=MONTH.last_day,
        cutoff_at=SETTLED,
        state="final",
        dimensions=dimensions,
        formula_hash="0" * 64,
    )


def _judged(figure: Figure, pack: Pack = PACK, sanctioned: Sequence[date] = ()) -> NewFinding:
    packs = PartyPacks(pack, {})
    [finding] = duty_findings(MONTH, [figure], packs, {"P1": sanctioned})
    return finding


@pytest.mark.parametrize(
    ("measure", "clause", "at_the_line", "below"),
    [
        ("reply3min", "S0-2.1-cs3", (20, 20), (19, 20)),
        ("catalogue_sync", "S0-2.2.1f", (95, 100), (94, 100)),
        ("catalogue_report24h", "S0-2.2.1g", (95, 100), (949_999, 1_000_000)),
        ("interface_success", "S0-2.2.2a", (95, 100), (94, 100)),
        ("interface_latency", "S0-2.2.2a", (19, 20), (18, 20)),
    ],
)
@pytest.mark.clause("S0-2.1-cs3", "S0-2.2.1f", "S0-2.2.1g", "S0-2.2.2a", "S0-2.2.1a", "S0-2.1-src0")
def test_a_share_is_held_against_its_clause(
    measure: str, clause: str, at_the_line: tuple[int, int], below: tuple[int, int]
) -> None:
    """The line itself is met, less is not, and nothing to count cannot be assessed."""
    for counts, status in ((at_the_line, "met"), (below, "breached"), ((0, 0), "not_assessable")):
        finding = _judged(_figure(measure, counts))
        assert (finding.clause, finding.status) == (clause, status)
        assert finding.evaluation.result["target_ppm"] >= 950_000


def _days(*rates: tuple[int, int]) -> dict[str, dict[str, int]]:
    days = [str(MONTH.first_day + timedelta(days=index)) for index in range(len(rates))]
    return {
        "day_met": {day: met for day, (met, _) in zip(days, rates, strict=True)},
        "day_of": {day: seen for day, (_, seen) in zip(days, rates, strict=True) if seen},
    }


def test_the_worst_seven_days_of_a_month_decide() -> None:
    """A mean of daily rates, not of calls; days without a call are in no mean."""
    bad_week = [(1, 10)] + [(10, 10)] * 6
    figure = _figure("interface_availability", (1, 1), **_days(*bad_week, *[(999, 999)] * 24))
    assert lowest_mean_ppm(figure, 7) == (100_000 + 6 * 1_000_000) // 7
    silent = [(1, 2)] + [(0, 0)] * 30
    assert (
        lowest_mean_ppm(_figure("interface_availability", (1, 2), **_days(*silent)), 7) == 500_000
    )
    assert lowest_mean_ppm(figure, 0) == ((100_000 + 30 * 1_000_000) // 31)
    short = replace(figure, window_to=MONTH.first_day + timedelta(days=1))
    assert lowest_mean_ppm(short, 7) == 550_000


@pytest.mark.clause("S0-2.2.2a", "S0-2.2.2b")
@pytest.mark.parametrize(
    ("rates", "outage_minutes", "shops", "status"),
    [
        ([(9, 10)] * 31, 179, 299, "met"),
        ([(899, 1000)] * 31, 0, 0, "breached"),
        ([(10, 10)] * 31, 180, 0, "breached"),
        ([(10, 10)] * 31, 0, 300, "breached"),
    ],
)
def test_availability_is_judged_by_band_outage_and_shops(
    rates: list[tuple[int, int]], outage_minutes: int, shops: int, status: str
) -> None:
    """Below 90 % over seven days, three hours away, or three hundred shops: any one is enough."""
    figure = _figure(
        "interface_availability",
        (1, 1),
        **_days(*rates),
        longest_outage_us=outage_minutes * 60_000_000 + 59_999_999,
        shops_affected=shops,
    )
    assert _judged(figure).status == status
    assert _judged(_figure("interface_availability", (0, 0))).status == "not_assessable"


@pytest.mark.clause("S0-2.2.3b")
@pytest.mark.parametrize(
    ("interventions", "unhandled_days", "unanswered_days", "sanctioned", "status"),
    [
        (5, 4, 1, (), "met"),
        (6, 0, 0, (), "breached"),
        (1, 5, 0, (), "breached"),
        (1, 0, 2, (), "breached"),
        (0, 0, 0, (date(2025, 7, 31),), "met"),
        (0, 0, 0, (date(2025, 7, 30),), "breached"),
    ],
)
def test_slackness_is_judged_by_number_wait_and_cure(
    interventions: int,
    unhandled_days: int,
    unanswered_days: int,
    sanctioned: tuple[date, ...],
    status: str,
) -> None:
    """More than five, five days unhandled, two unanswered, or a sanction of over a month."""
    day = 86_400_000_000
    figure = _figure(
        "complaints",
        (0, 0),
        interventions=interventions,
        longest_unhandled_us=(unhandled_days + 1) * day - 1,
        longest_unanswered_us=(unanswered_days + 1) * day - 1,
    )
    assert _judged(figure, sanctioned=sanctioned).status == status


def test_no_word_of_complaints_at_all_is_no_verdict() -> None:
    """Where the source tells of no complaint of anybody, nobody is called attentive."""
    finding = _judged(_figure("complaints", (0, 0)))
    assert (finding.status, finding.evaluation.decision) == ("not_assessable", "duty_sample")


@pytest.mark.clause("S0-2.2.1a")
def test_too_small_a_sample_is_not_assessable_where_the_operator_says_so() -> None:
    """The guard is off as shipped; switched on, the receipt tells the sample that was wanted."""
    assert _judged(_figure("reply3min", (0, 1))).status == "breached"
    text, _, _ = PACK.text.partition("\ncases:")
    row = '- {when: reply3min,              then: ["80%", 1], clause: S0-2.1-cs3}'
    assert text.count(row) == 1
    guarded = load_pack_text(text.replace(row, row.replace("1]", "20]")), SUPPLY_MARKET)
    few = _judged(_figure("reply3min", (0, 19)), guarded)
    assert (few.status, few.evaluation.decision) == ("not_assessable", "duty_sample")
    assert few.evaluation.result["least"] == 20
    assert _judged(_figure("reply3min", (0, 20)), guarded).status == "breached"


@pytest.mark.clause("S0-2.2.1d", "S0-2.2.1e")
def test_unknown_reasons_are_not_silently_met() -> None:
    """Five of a thousand are met; one more that may be quality leaves it open."""
    assert _judged(_figure("quality_refund30d", (5, 1000))).status == "met"
    assert _judged(_figure("quality_refund30d", (5, 1000), maybe_quality=1)).status == (
        "not_assessable"
    )
    assert _judged(_figure("quality_refund30d", (4, 1000), maybe_quality=1)).status == "met"
    assert _judged(_figure("quality_refund30d", (6, 1000), maybe_quality=9)).status == "breached"


@pytest.mark.clause("S0-2.1-ship48-def", "S0-2.1-ship48")
@pytest.mark.parametrize(
    ("choices", "counted", "status"),
    [
        ({}, (96, 100), "breached"),
        ({"shipping_event": "seller_mark"}, (99, 100), "met"),
        ({"shipping_denominator": "declared_exclusions"}, (96, 97), "met"),
        (
            {"shipping_event": "seller_mark", "shipping_denominator": "declared_exclusions"},
            (99, 99),
            "met",
        ),
    ],
)
def test_the_monthly_judgement_follows_the_operators_terms(
    choices: dict[str, str], counted: tuple[int, int], status: str
) -> None:
    """What counts as shipped, and who is left out, as the pack chooses; by default all paid."""
    pack = PACK.read_as(Reading(choices=tuple(choices.items())))
    figure = _figure(
        "shipping48h", (96, 100), adjusted_denominator=97, marked=99, excluded_unmarked=1
    )
    finding = _judged(figure, pack)
    assert ((finding.numerator, finding.denominator), finding.status) == (counted, status)
    assert finding.evaluation.decision == "shipping48h"


def test_every_duty_has_a_measure_and_an_alert_level() -> None:
    """Each measure is known, each decision is the pack's, and each has its row of limits."""
    for duty in DUTIES:
        assert duty.measure in MEASURES
        assert duty.decision in PACK.decisions
        row = PACK.table_row("duty_limits", {"duty": duty.name}, on=MONTH.last_day)
        assert row["fewest"] == 1


def _at(day: int, time: str) -> str:
    return f"2025-08-{day:02d}T{time}+08:00"


@pytest.fixture
def told() -> str:
    """Tell the feed of a provider who is late in everything, and of one who only answers."""
    tenant = "duties"
    batches_take(
        tenant,
        {
            "service_message": [
                {
                    "session_id": provider, "message_no": number, "provider_id": provider,
                    "sender_role": role, "sent_at": _at(5, time),
                }
                for provider, reply in (("P1", "10:03:01"), ("P2", "10:03:00"))
                for number, role, time in (
                    ("1", "merchant", "10:00:00"), ("2", "provider_agent", reply),
                )
            ],
            "api_call_agg": [
                {
                    "minute": _at(5, "10:00:00"), "interface": "order.push", "n": count,
                    "direction": "platform_to_provider", "outcome": outcome, "provider_id": "P1",
                    "sum_us": 5_000_000 * count,
                }
                for outcome, count in (("ok", 90), ("timeout", 10))
            ],
            "catalogue_change": [
                {
                    "source_item_id": "G1", "sku_id": "K1", "field": field, "provider_id": "P1",
                    "changed_at": _at(5, "10:00:00"), "change_no": field,
                }
                for field in ("stock", "on_shelf")
            ],
            "case_event": [
                {
                    "case_id": "C1", "seq": "1", "case_kind": "complaint", "action": "opened",
                    "opened_against": "P1", "provider_id": "P1",
                    "occurred_at": _at(5, "10:00:00"),
                }
            ],
        },
        source=SOURCE,
        now=SETTLED,
        origin="test",
    )  # fmt: skip
    return tenant


@pytest.mark.django_db
@pytest.mark.usefixtures("earnest_home")
@pytest.mark.clause("S0-2.2.1a", "S0-2.2.1b", "S0-2.1-src0")
def test_a_month_counts_every_duty_from_the_feed(told: str) -> None:
    """Breaches are found and told of; without data a duty is not assessable; nothing is split."""
    figures = month_figures(told, MONTH, SETTLED, ["P1", "P2"])
    packs = PartyPacks(PACK, {})
    findings = duty_findings(MONTH, figures, packs, sanctions_standing(told, SETTLED))
    status = {(each.subject_id, each.measure): each.status for each in findings}
    late = {
        "reply3min", "catalogue_sync", "catalogue_report24h", "interface_success",
        "interface_latency", "complaints",
    }  # fmt: skip
    assert {measure for (who, measure), each in status.items() if each == "breached"} == late
    assert status["P1", "interface_availability"] == "met"
    assert status["P2", "reply3min"] == status["P2", "complaints"] == "met"
    assert status["P2", "interface_success"] == status["P1", "shipping48h"] == "not_assessable"
    [notice] = notify_decisions(MONTH, findings, packs)
    assert (notice.subject_id, notice.outcome) == ("P1", "notify")
    recorded = results_record(told, figures, SETTLED)
    assert recorded.new == len(figures) == 2 * (len(DUTIES) + 1)
    assert not MeasureResult.objects.filter(tenant_id=told).exclude(dimension="").exists()


@pytest.mark.django_db
@pytest.mark.clause("S0-2.2.3b")
def test_a_sanction_stands_until_it_is_released() -> None:
    """Each decision counts once, from the day it began; what was released by then does not."""
    tenant = "standing"
    first, second = (
        Grant(
            PROVIDER, "P1", "hide", ("visibility", "new_order"), SUPPLY_MARKET, "S0-2.2.6", each, []
        )
        for each in (uuid4(), uuid4())
    )
    restrictions_grant(tenant, [first], day_start(date(2025, 7, 1)))
    restrictions_grant(tenant, [second], day_start(date(2025, 9, 2)))
    assert sanctions_standing(tenant, day_start(date(2025, 8, 1))) == {"P1": [date(2025, 7, 1)]}
    rows = Restriction.objects.filter(tenant_id=tenant, decision_id=first.decision_id)
    rows.update(released_at=day_start(date(2025, 8, 15)), released_because="topped_up")
    assert sanctions_standing(tenant, day_start(date(2025, 8, 1))) == {"P1": [date(2025, 7, 1)]}
    assert sanctions_standing(tenant, day_start(date(2025, 9, 8))) == {"P1": [date(2025, 9, 2)]}
