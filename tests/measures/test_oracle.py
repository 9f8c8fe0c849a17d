"""DuckDB against the plain Python oracle, over markets that hypothesis makes up around the edges."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.kernel.calendar import US_PER_HOUR
from tests.measures.asking import HOURS, Asked
from tests.measures.scene import Row, Scene, instant, us

MONTH_START, MONTH_END = us("2025-08-01 00:00:00"), us("2025-09-01 00:00:00")
NUDGES = (-US_PER_HOUR, -400_000, -1, 0, 1, US_PER_HOUR)
PAYMENTS = [
    edge + back * 24 * US_PER_HOUR + nudge
    for edge in (MONTH_START, MONTH_END)
    for back in (-2, 0)
    for nudge in NUDGES
] + [us("2025-08-15 12:00:00")]
DELAYS = [hours * US_PER_HOUR + nudge for hours in (0, 24, 36, 48, 240) for nudge in NUDGES]
AS_OFS = ("2025-08-31 12:00:00", "2025-09-01 00:00:00", "2025-09-03 00:00:00", "2025-12-01 00:00:00")

delays = st.sampled_from(DELAYS)
providers = st.sampled_from(["P1", "P2"])
lines = st.lists(
    st.tuples(providers, st.sampled_from(["C1", "C2"]), st.sampled_from([0, 100, 250])),
    max_size=3,
)
line_numbers = st.sampled_from([None, None, "1", "2", "9"])
actors = st.sampled_from([None, "buyer", "merchant", "provider", "system", "bot"])


def _maybe_taken_back(draw: st.DrawFn, scene: Scene, stream: str, row: Row) -> None:
    match draw(st.sampled_from(["stands"] * 6 + ["retracted", "corrected"])):
        case "retracted":
            scene.retract(stream, row)
        case "corrected":
            time = "node_us" if stream == "parcel_trace" else "occurred_us"
            moved = row[time] + draw(st.sampled_from(NUDGES))
            changes: Row = {time: moved}
            if row.get("applied_us") is not None:
                changes["applied_us"] = moved
            scene.correct(stream, row, **changes)


def _parcels(draw: st.DrawFn, scene: Scene, order_id: str, paid: int) -> None:
    for number in range(draw(st.integers(0, 2))):
        direction = draw(st.sampled_from(["outbound", "outbound", "return"]))
        waybill = f"W-{order_id}-{number}"
        scene.parcel(
            order_id,
            waybill,
            direction=direction,
            line_no=draw(line_numbers) if direction == "outbound" else None,
            replaced_by=draw(st.sampled_from([None, None, None, "yto/other"])),
        )
        for node in draw(st.lists(st.sampled_from(["picked_up", "signed", "in_transit"]), max_size=3)):
            scan = scene.scan(waybill, node, paid + draw(delays))
            _maybe_taken_back(draw, scene, "parcel_trace", scan)


def _requests(draw: st.DrawFn, scene: Scene, order_id: str, paid: int) -> None:
    for number in range(draw(st.integers(0, 2))):
        request = f"A-{order_id}-{number}"
        applied = paid + draw(delays)
        more: dict[str, Any] = {
            "aftersale_type": draw(
                st.sampled_from(["refund_only", "return_refund", "return_refund", "exchange"])
            ),
            "reason_class": draw(st.sampled_from(["quality", "price", None])),
            "shipped_at_apply": draw(st.sampled_from([None, True, False])),
            "line_no": draw(line_numbers),
        }
        row = scene.aftersale(request, order_id, "applied", applied, actor="buyer", **more)
        _maybe_taken_back(draw, scene, "aftersale_event", row)
        actions = ["agreed", "refused", "refunded", "return_signed", "inspected", "closed"]
        for action in draw(st.lists(st.sampled_from(actions), max_size=3)):
            step = scene.aftersale(
                request, order_id, action, applied + draw(delays), actor=draw(actors), **more
            )
            _maybe_taken_back(draw, scene, "aftersale_event", step)


@st.composite
def markets(draw: st.DrawFn) -> Scene:
    """Draw a market of up to eight orders and twelve answers whose times sit on the edges."""
    scene = Scene()
    for number in range(draw(st.integers(0, 8))):
        order_id, paid = f"O{number}", draw(st.sampled_from(PAYMENTS))
        shop = draw(st.sampled_from(["S1", "S2"]))
        scene.order(order_id, paid, shop=shop, lines=tuple(draw(lines)))
        if draw(st.booleans()):
            scene.closed(order_id, paid + draw(delays))
        _parcels(draw, scene, order_id, paid)
        _requests(draw, scene, order_id, paid)
    for number in range(draw(st.integers(0, 12))):
        answer = scene.answer(
            draw(st.sampled_from(["R1", "R2", "R3"])),
            draw(providers),
            draw(st.sampled_from([0, 69, 70, 100])),
            draw(st.sampled_from(["2025-08-01 00:00:00", "2025-08-31 23:59:59.6", "2025-09-01 00:00:00"])),
            dimension=draw(st.sampled_from(["商品信息", "商品质量", "overall"])),
            version=str(number),
            excluded_reason=draw(st.sampled_from([None, None, "own staff"])),
        )
        if draw(st.sampled_from([False, False, True])):
            scene.retract("survey_answer", answer)
    return scene


@pytest.mark.clause(
    "S0-2.1-ship48-def", "S0-2.2.1d", "S0-2.1-as1", "S0-2.1-as2", "S0-2.1-as3", "S0-2.1-as4"
)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scene=markets(), as_of=st.sampled_from(AS_OFS), by=st.sampled_from(["provider", "shop", "category", "all"]))
def test_the_engine_counts_what_the_oracle_counts(scene: Scene, as_of: str, by: str) -> None:
    """Every measure, by every kind of subject, at instants before, on and after the edges."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(scene, Path(folder))
        at = instant(as_of)
        for name in (*HOURS, "quality_refund30d"):
            counted = asked.counts(name, by, as_of=at)
            assert counted == asked.oracle(name, by, as_of=at), name
        by_survey = "all" if by == "all" else "provider"
        assert asked.counts("nps_composite", by_survey, as_of=at) == asked.oracle(
            "nps_composite", by_survey, as_of=at
        )


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scene=markets())
def test_a_figure_is_the_sum_of_its_contributions(scene: Scene) -> None:
    """Drill-down and figure cannot disagree, nor one subject's figure with the list's."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(scene, Path(folder))
        at = instant("2025-09-01 00:00:00") + timedelta(days=1)
        for name in (*HOURS, "quality_refund30d", "nps_composite"):
            for figure in asked.figures(name, as_of=at):
                rows = asked.contributions(name, "provider", figure.subject, as_of=at)
                for column in ("numerator", "denominator", "sample", "pending"):
                    assert sum(row[column] for row in rows) == getattr(figure, column)
                [alone] = asked.figures(name, as_of=at, subjects=[figure.subject])
                assert alone == figure
