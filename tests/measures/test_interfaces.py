"""Interfaces: share of calls that succeed, share within the time limit, minutes reachable."""

import base64
from pathlib import Path

import pytest

from tests.measures.asking import Asked
from tests.measures.scene import us
from tests.measures.service import Service

pytestmark = pytest.mark.clause("S0-2.2.2a")
AT = "2025-08-05 10:00:00"
MINUTE = 60_000_000


@pytest.mark.parametrize(
    ("outcome", "direction", "attributed", "why", "counted"),
    [
        ("ok", "platform_to_provider", None, "succeeded", (1, 1)),
        ("ok", "provider_to_platform", None, "succeeded", (1, 1)),
        ("biz_error", "platform_to_provider", "unknown", "business_answer", (1, 1)),
        ("biz_error", "platform_to_provider", "provider", "failed", (0, 1)),
        ("server_error", "platform_to_provider", None, "failed", (0, 1)),
        ("timeout", "platform_to_provider", "unknown", "failed", (0, 1)),
        ("network", "platform_to_provider", "third_party", "not_the_providers", (0, 0)),
        ("client_error", "platform_to_provider", None, "callers_error", (0, 0)),
        ("client_error", "platform_to_provider", "provider", "failed", (0, 1)),
        ("throttled", "platform_to_provider", None, "throttled", (0, 0)),
        ("throttled", "platform_to_provider", "provider", "failed", (0, 1)),
        ("client_error", "provider_to_platform", None, "failed", (0, 1)),
        ("server_error", "provider_to_platform", None, "not_the_providers", (0, 0)),
        ("server_error", None, None, "not_the_providers", (0, 0)),
        (None, "platform_to_provider", None, "outcome_unknown", (0, 0)),
    ],
)
def test_a_failure_counts_against_the_one_who_caused_it(
    tmp_path: Path,
    outcome: str,
    direction: str,
    attributed: str | None,
    why: str,
    counted: tuple[int, int],
) -> None:
    """The source's word decides; without it the outcome and the direction do."""
    scene = Service()
    scene.call(AT, outcome, direction=direction, attributable_to=attributed)
    asked = Asked(scene, tmp_path)
    [row] = asked.contributions("interface_success", "provider", "P1")
    assert (row["why"], (row["numerator"], row["denominator"])) == (why, counted)
    [reach] = asked.figures("interface_availability") or [None]
    assert (reach is None) is (counted == (0, 0))
    if reach:
        assert reach.numerator == counted[0]


def test_a_minute_is_counted_from_one_source(tmp_path: Path) -> None:
    """Where a minute of an interface is summed up its single calls do not count again."""
    scene = Service()
    scene.calls(AT, "ok", 90)
    scene.calls(AT, "server_error", 10)
    scene.call("2025-08-05 10:00:59.999999", "server_error")
    scene.call("2025-08-05 10:01:00", "ok")
    scene.call("2025-08-05 10:00:00", "ok", interface="item.push")
    asked = Asked(scene, tmp_path)
    assert asked.counts("interface_success") == {"P1": (92, 102, 102, 0)}
    assert asked.counts("interface_latency") == {"P1": (92, 92, 92, 0)}
    assert asked.counts("interface_availability") == {"P1": (3, 3, 3, 0)}


def test_the_time_limit_itself_is_within_it(tmp_path: Path) -> None:
    """Three seconds are within a limit of three seconds; a microsecond more is not."""
    scene = Service()
    scene.call(AT, "ok", duration_us=3_000_000)
    scene.call(AT, "ok", duration_us=3_000_001)
    scene.call(AT, "ok", duration_us=None)
    scene.call(AT, "ok", direction="provider_to_platform", duration_us=9_000_000)
    scene.call(AT, "timeout", duration_us=9_000_000)
    [figure] = Asked(scene, tmp_path).figures("interface_latency")
    assert (figure.numerator, figure.denominator) == (1, 2)
    assert (figure.dimensions["no_duration"], figure.dimensions["not_the_providers"]) == (1, 1)


def test_sketches_are_laid_out_exactly_and_merge_by_edge(tmp_path: Path) -> None:
    """Share and 95th percentile come from the buckets of all minutes together."""
    scene = Service()
    scene.calls(AT, "ok", 90, spread=[(100_000, 80), (250_000, 10)])
    scene.calls("2025-08-05 10:01:00", "ok", 10, spread=[(250_000, 5), (4_000_000, 5)])
    [figure] = Asked(scene, tmp_path).figures("interface_latency")
    assert (figure.numerator, figure.denominator) == (95, 100)
    assert (figure.dimensions["p95_us"], figure.dimensions["by_mean"]) == (250_000, 0)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "!",
        base64.b64encode(b"\xff").decode(),
        base64.b64encode(b"100:2,200:x").decode(),
        base64.b64encode(b"100:2").decode(),
        base64.b64encode(b"100:4,200:-1").decode(),
    ],
)
def test_a_sum_without_a_readable_sketch_counts_at_its_mean(
    tmp_path: Path, text: str | None
) -> None:
    """All its calls stand at the mean, cut up, and are shown as such."""
    scene = Service()
    scene.calls(AT, "ok", 3, sum_us=9_000_001, sketch=text)
    [figure] = Asked(scene, tmp_path).figures("interface_latency")
    assert (figure.numerator, figure.denominator) == (0, 3)
    assert (figure.dimensions["p95_us"], figure.dimensions["by_mean"]) == (3_000_001, 3)


@pytest.mark.clause("S0-2.2.2b")
def test_an_outage_lasts_until_the_last_minute_before_a_success(tmp_path: Path) -> None:
    """Minutes without a call between two failures belong to it; one success ends it."""
    scene = Service()
    for minute, outcome in ((0, "ok"), (1, "timeout"), (4, "timeout"), (5, "ok"), (6, "timeout")):
        scene.call(us(AT) + minute * MINUTE, outcome)
    scene.call(us(AT) + 4 * MINUTE, "ok", interface="item.push")
    [figure] = Asked(scene, tmp_path).figures("interface_availability")
    assert (figure.numerator, figure.denominator) == (3, 6)
    assert figure.dimensions["longest_outage_us"] == 4 * MINUTE
    assert figure.dimensions["day_met"] == {"2025-08-05": 3}
    assert figure.dimensions["day_of"] == {"2025-08-05": 6}


def test_a_minute_with_one_success_is_reachable(tmp_path: Path) -> None:
    """Failures beside a success make no minute unreachable; a day begins at midnight here."""
    scene = Service()
    scene.call("2025-08-05 23:59:59", "timeout")
    scene.call("2025-08-05 23:59:00", "ok")
    scene.call("2025-08-06 00:00:00", "timeout")
    [figure] = Asked(scene, tmp_path).figures("interface_availability")
    assert figure.dimensions["day_met"] == {"2025-08-05": 1, "2025-08-06": 0}


def test_each_shop_is_affected_once(tmp_path: Path) -> None:
    """Shops whose calls failed in an unreachable minute, each counted once in the window."""
    scene = Service()
    for minute, shop in ((0, "S1"), (0, "S2"), (1, "S1"), (2, None), (3, "S3")):
        scene.call(us(AT) + minute * MINUTE, "timeout", shop_id=shop)
    scene.call(us(AT) + 3 * MINUTE, "ok", shop_id="S4")
    [figure] = Asked(scene, tmp_path).figures("interface_availability")
    assert figure.dimensions["shops_affected"] == 2


def test_a_retracted_sum_leaves_the_single_calls(tmp_path: Path) -> None:
    """A sum that was taken back no longer hides the calls of its minute."""
    scene = Service()
    scene.retract("api_call_agg", scene.calls(AT, "server_error", 50))
    scene.call(AT, "ok")
    asked = Asked(scene, tmp_path)
    for name in ("interface_success", "interface_latency", "interface_availability"):
        assert asked.counts(name) == {"P1": (1, 1, 1, 0)}, name
