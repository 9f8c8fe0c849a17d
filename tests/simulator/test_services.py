"""Streams of service, interfaces and catalogue: modest, deterministic, with a few who breach."""

import base64
from collections import defaultdict

import pyarrow as pa
import pytest

from earnest.kernel.calendar import US_PER_DAY, US_PER_HOUR, US_PER_SECOND, Month
from earnest.simulator import SIZES, Market, simulate
from earnest.simulator.services import SERVICE_STREAMS, ability_of
from tests.simulator.conftest import Rows

MINUTES_3 = 180 * US_PER_SECOND
SHANGHAI = 8 * US_PER_HOUR


@pytest.fixture(scope="module")
def demo() -> dict[str, pa.Table]:
    """Return September 2025 of the demo."""
    return simulate(20250811, SIZES["demo"]).month_tables(Month(2025, 9))


def test_the_new_streams_are_a_fifth_of_the_others_at_most(demo: dict[str, pa.Table]) -> None:
    """The demo does not grow by more than that."""
    new = sum(demo[stream].num_rows for stream in SERVICE_STREAMS)
    assert (
        0
        < new * 5
        <= sum(table.num_rows for stream, table in demo.items() if stream not in SERVICE_STREAMS)
    )


def test_a_session_is_told_by_its_messages_or_by_its_sum(rows: Rows) -> None:
    """No session comes both ways, and both ways are there."""
    spoken = {row["session_id"] for row in rows["service_message"]}
    summed = {row["session_id"] for row in rows["service_session"]}
    assert spoken
    assert summed
    assert not spoken & summed


@pytest.mark.clause("S0-2.1-cs3")
def test_most_desks_answer_everything_in_time_and_some_do_not(demo: dict[str, pa.Table]) -> None:
    """Counted by plain Python: the clock of a question before eight starts at eight."""
    late: dict[str, int] = defaultdict(int)
    for row in demo["service_session"].to_pylist():
        asked = row["first_inquiry_us"]
        midnight = (asked + SHANGHAI) // US_PER_DAY * US_PER_DAY - SHANGHAI
        start = max(asked, midnight + 8 * US_PER_HOUR)
        reply = row["first_human_reply_us"]
        late[row["provider_id"]] += reply is None or reply > start + MINUTES_3
    assert 1 <= sum(count > 0 for count in late.values()) * 3 <= len(late)


@pytest.mark.clause("S0-2.2.2a")
def test_sketches_add_up_and_some_interfaces_fail(demo: dict[str, pa.Table]) -> None:
    """A sketch holds as many calls as its row; most providers succeed in 95 % and some do not."""
    calls: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in demo["api_call_agg"].to_pylist():
        calls[row["provider_id"]][0] += row["n"] * (row["outcome"] == "ok")
        calls[row["provider_id"]][1] += row["n"]
        if row["sketch"]:
            text = base64.b64decode(row["sketch"]).decode()
            assert sum(int(each.split(":")[1]) for each in text.split(",")) == row["n"]
    failing = [provider for provider, (ok, all_of) in calls.items() if ok * 100 < 95 * all_of]
    assert 1 <= len(failing) * 3 <= len(calls)


@pytest.mark.clause("S0-2.2.1f")
def test_publications_follow_their_change(rows: Rows) -> None:
    """Each names a change of the same provider and field, at least a minute before it."""
    changes = {row["change_no"]: row for row in rows["catalogue_change"]}
    assert len(changes) == len(rows["catalogue_change"])
    for row in rows["catalogue_publish"]:
        change = changes[row["reflects_change_no"]]
        assert (row["provider_id"], row["field"]) == (change["provider_id"], change["field"])
        assert row["published_us"] > change["changed_us"]
    assert len(rows["catalogue_publish"]) < len(changes)


def test_those_who_ship_badly_serve_badly(market: Market) -> None:
    """The fraudulent and the declining are slack; abilities hang on the seed and the number."""
    for number in (2, 8):
        ability = ability_of(20250719, market.providers[number - 1], Month(2025, 9))
        assert ability.late_ppm > 0
        assert ability == ability_of(20250719, market.providers[number - 1], Month(2025, 9))
