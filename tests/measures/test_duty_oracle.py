"""The texts of the duties against plain Python, over events made up around the edges."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.kernel.calendar import micros_of, window_us
from tests.measures.asking import AUGUST, DUTIES, Asked
from tests.measures.duty_oracle import DAY, HOUR, MINUTE, DutyOracle
from tests.measures.scene import Row, instant, us
from tests.measures.service import Service

AS_OFS = ("2025-08-31 23:00:00", "2025-09-01 00:00:00", "2025-09-05 12:00:00")
NUDGES = (-HOUR, -1, 0, 0, 1, MINUTE)
NOONS = ("2025-08-20 12:00:00",) * 3
EDGES = [
    us(edge) + back * HOUR + nudge
    for edge in ("2025-08-01 00:00:00", "2025-08-31 18:00:00", "2025-09-01 00:00:00", *NOONS)
    for back in (-120, -48, -24, 0)
    for nudge in NUDGES
]
WAITS = [3 * MINUTE + nudge for nudge in (-1, 0, 1)] + [1, MINUTE, DAY, DAY + 1, 2 * DAY, 5 * DAY]
ROLES = ("merchant", "merchant", "provider_agent", "supplier_agent", "provider_bot", "system")
OUTCOMES = ("ok", "ok", "ok", "biz_error", "client_error", "throttled", "timeout", "network")
FIELDS = ("stock", "on_shelf")
seeds = st.integers(0, 2**32 - 1)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _made_up(seed: int) -> Service:
    rng, scene = random.Random(seed), Service()
    for number in range(25):
        _talk(rng, scene, f"V{number}")
    for number in range(60):
        _call(rng, scene, number)
    for number in range(30):
        _change(rng, scene, str(number))
    for number in range(15):
        _complaint(rng, scene, f"C{number}")
    return scene


def _maybe_gone(rng: random.Random, scene: Service, stream: str, row: Row) -> None:
    if rng.random() < 0.08:
        scene.retract(stream, row)


def _talk(rng: random.Random, scene: Service, session: str) -> None:
    at, provider = rng.choice(EDGES), rng.choice(("P1", "P2"))
    if rng.random() < 0.6:
        for _ in range(rng.randint(1, 6)):
            row = scene.says(
                session, rng.choice(ROLES), at, provider=provider, is_auto=rng.random() < 0.2
            )
            _maybe_gone(rng, scene, "service_message", row)
            at += rng.choice(WAITS[:5])
    if rng.random() < 0.6:
        replied = rng.choice((None, at + rng.choice(WAITS)))
        scene.session(session, at, replied, provider_id=provider)


def _call(rng: random.Random, scene: Service, number: int) -> None:
    at = rng.choice(EDGES) + rng.randrange(10) * MINUTE
    shared = {
        "provider_id": rng.choice(("P1", "P2")),
        "interface": rng.choice(("order.push", "item.push")),
        "direction": rng.choice(("platform_to_provider", "provider_to_platform")),
    }
    outcome = rng.choice(OUTCOMES)
    if rng.random() < 0.4:
        spread = [(rng.choice((1, 2_999_999, 3_000_000)), 2), (3_000_001, rng.randint(1, 4))]
        count = sum(calls for _, calls in spread)
        row = scene.calls(at // MINUTE * MINUTE, outcome, count, spread=spread, **shared)
        row["spread"] = spread  # for the oracle; the files have no such column
        _maybe_gone(rng, scene, "api_call_agg", row)
        return
    row = scene.call(
        at,
        outcome,
        duration_us=rng.choice((None, 0, 3_000_000, 3_000_001)),
        attributable_to=rng.choice((None, "unknown", "provider", "platform")),
        call_id=str(number),
        **shared,
    )
    _maybe_gone(rng, scene, "api_call", row)


def _change(rng: random.Random, scene: Service, number: str) -> None:
    at, field, provider = rng.choice(EDGES), rng.choice(FIELDS), rng.choice(("P1", "P2"))
    item = rng.choice(("G1", "G2"))
    row = scene.change(item, field, at, change_no=number, provider_id=provider)
    _maybe_gone(rng, scene, "catalogue_change", row)
    if rng.random() < 0.6:
        row = scene.publish(
            "L1",
            field,
            at + rng.choice((-1, *WAITS)),
            reflects_change_no=number,
            provider_id=provider,
            channel=rng.choice(("api", "report_24h", "manual")),
            result=rng.choice((None, "ok", "denied")),
        )
        _maybe_gone(rng, scene, "catalogue_publish", row)


def _complaint(rng: random.Random, scene: Service, case: str) -> None:
    at, provider = rng.choice(EDGES), rng.choice(("P1", "P2"))
    row = scene.case(case, "opened", at, provider_id=provider)
    _maybe_gone(rng, scene, "case_event", row)
    for action in ("responded", "decided", "reopened", "responded", "closed"):
        if rng.random() < 0.6:
            at += rng.choice(WAITS)
            scene.case(case, action, at, provider_id=provider)


@pytest.mark.clause(
    "S0-2.1-cs3", "S0-2.2.2a", "S0-2.2.2b", "S0-2.2.1f", "S0-2.2.1g", "S0-2.2.3a", "S0-2.2.3b"
)
@settings(unhurried, max_examples=4)
@given(seed=seeds)
def test_the_engine_counts_what_plain_python_counts(seed: int) -> None:
    """Every duty, at instants before, on and after the edges of its clocks."""
    scene = _made_up(seed)
    at = instant(AS_OFS[seed % len(AS_OFS)])
    oracle = DutyOracle(scene.rows, *window_us(*AUGUST), micros_of(at))
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(scene, Path(folder))

        def told(name: str, dimension: str) -> dict[str, int]:
            return {
                figure.subject: figure.dimensions[dimension]
                for figure in asked.figures(name, as_of=at)
                if dimension in figure.dimensions
            }

        for left_out, robots in ((0, 0), (1, 0), (0, 1)):
            hours = {"opens": 9, "closes": 18, "left_out": left_out, "robots": robots}
            figures = asked.figures("reply3min", as_of=at, **hours)
            assert {
                each.subject: (each.numerator, each.denominator, each.sample, each.pending)
                for each in figures
            } == oracle.reply3min(9, 18, left_out=bool(left_out), robots=bool(robots))
        assert asked.counts("interface_success", as_of=at) == oracle.interface_success()
        counts, ranks = oracle.interface_latency(3_000_000)
        assert asked.counts("interface_latency", as_of=at) == counts
        assert told("interface_latency", "p95_us") == ranks
        counts, outages = oracle.interface_availability()
        assert asked.counts("interface_availability", as_of=at) == counts
        assert told("interface_availability", "longest_outage_us") == outages
        for name, within, listings in (
            ("catalogue_sync", DAY, False),
            ("catalogue_report24h", DAY, True),
        ):
            expected = oracle.catalogue_sync(within, listings_only=listings)
            assert asked.counts(name, as_of=at) == expected, name
        counts, opened = oracle.complaints()
        assert asked.counts("complaints", as_of=at) == counts
        assert told("complaints", "interventions") == opened


@settings(unhurried, max_examples=1)
@given(seed=seeds)
def test_a_duty_is_the_sum_of_its_contributions(seed: int) -> None:
    """Drill-down and figure cannot disagree, nor the providers' figures with everybody's."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(_made_up(seed), Path(folder))
        for name in DUTIES:
            figures = asked.figures(name)
            for figure in figures:
                rows = asked.contributions(name, "provider", figure.subject)
                for column in ("numerator", "denominator", "sample", "pending"):
                    assert sum(row[column] for row in rows) == getattr(figure, column), name
                [alone] = asked.figures(name, subjects=[figure.subject])
                assert alone == figure
            for everybody in asked.figures(name, "all"):
                assert everybody.numerator == sum(each.numerator for each in figures), name
                assert everybody.denominator == sum(each.denominator for each in figures), name
