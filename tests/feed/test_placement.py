"""Events of an order lie together under its payment's day, whatever the order of arrival."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.feed.commands import batches_take, events_take
from earnest.feed.queries import event_files, order_fact_files, rejections, stream_status
from earnest.feed.schema import ARRIVAL
from earnest.feed.streams import ORDER_STREAMS
from tests.feed.conftest import NOW, SOURCE, TENANT, Take

_tenants = itertools.count()


def order(order_id: str, state: str, at: str) -> dict[str, Any]:
    """Return an order event of shop S1."""
    return {"order_id": order_id, "state": state, "occurred_at": at, "shop_id": "S1"}


def line(order_id: str, provider_id: str = "P1") -> dict[str, Any]:
    """Return an order's line."""
    return {
        "order_id": order_id,
        "line_no": provider_id,
        "provider_id": provider_id,
        "line_paid_fen": 500,
        "occurred_at": "2025-08-01T00:00:00Z",
    }


def parcel(order_id: str, waybill_no: str) -> dict[str, Any]:
    """Return an outbound parcel."""
    return {
        "carrier": "c",
        "waybill_no": waybill_no,
        "direction": "outbound",
        "order_id": order_id,
        "occurred_at": "2025-08-01T00:00:00Z",
    }


def trace(waybill_no: str, node: str, at: str) -> dict[str, Any]:
    """Return a node of a parcel's trace."""
    return {"carrier": "c", "waybill_no": waybill_no, "node": node, "node_at": at}


def applied(order_id: str) -> dict[str, Any]:
    """Return a buyer's request."""
    return {
        "aftersale_id": f"R-{order_id}",
        "order_id": order_id,
        "action": "applied",
        "reason_class": "quality",
        "applied_at": "2025-08-09T00:00:00Z",
    }


STORY: list[tuple[str, dict[str, Any]]] = [
    ("order_event", order("A1", "created", "2025-07-31T15:00:00Z")),
    ("order_event", order("A1", "paid", "2025-08-01T15:59:59.999999Z")),
    ("order_event", order("A2", "paid", "2025-08-01T16:00:00Z")),
    ("order_event", order("A3", "created", "2025-08-05T00:00:00Z")),
    ("order_line", line("A1")),
    ("order_line", line("A2")),
    ("order_line", line("A2", "P2")),
    ("order_line", line("A9")),
    ("parcel", parcel("A1", "W1")),
    ("parcel", parcel("A2", "W1")),  # two orders in one parcel, on two days
    ("parcel", parcel("A2", "W2")),
    ("parcel", parcel("A4", "W4")),
    ("parcel_trace", trace("W1", "picked_up", "2025-08-02T10:00:00Z")),
    ("parcel_trace", trace("W1", "signed", "2025-08-04T10:00:00Z")),
    ("parcel_trace", trace("W2", "picked_up", "2025-08-01T10:00:00Z")),  # before the payment
    ("parcel_trace", trace("W2", "signed", "2025-08-05T10:00:00Z")),
    ("parcel_trace", trace("W4", "picked_up", "2025-08-02T10:00:00Z")),
    ("parcel_trace", trace("W9", "picked_up", "2025-08-02T10:00:00Z")),
    ("aftersale_event", applied("A1")),
    ("aftersale_event", applied("A8")),
]


def state_of(tenant_id: str) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return all that a feed holds, with storage days, arrival left out."""
    held: dict[str, Counter[tuple[Any, ...]]] = {}
    with duckdb.connect() as con:
        for stream in ORDER_STREAMS:
            rows: Counter[tuple[Any, ...]] = Counter()
            for path in event_files(tenant_id, stream):
                relation = con.read_parquet(path)
                names = [n for n in relation.columns if n not in ARRIVAL | {"tenant_id"}]
                kept = relation.select(*names).fetchall()
                rows.update((Path(path).parent.name, *map(str, row)) for row in kept)
            held[stream] = rows
        facts = order_fact_files(tenant_id)
        found = con.read_parquet(facts).fetchall() if facts else []
    held["order_facts"] = Counter(tuple(row) for row in found)
    held["rejections"] = Counter(
        (each.stream, each.code, each.field) for each in rejections(tenant_id)
    )
    return held


def days_of(stream: str) -> list[str]:
    """Return the storage days of a stream's files."""
    return sorted({Path(path).parent.name for path in event_files(TENANT, stream)})


@pytest.fixture
def told_in_order(db: None) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return the state after one publication of the whole story."""
    batches: dict[str, list[dict[str, Any]]] = {}
    for stream, row in STORY:
        batches.setdefault(stream, []).append(row)
    batches_take("whole", batches, source=SOURCE, now=NOW, origin="story")
    return state_of("whole")


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=st.permutations(STORY), cuts=st.sets(st.integers(1, len(STORY) - 1), max_size=3))
def test_any_order_of_arrival_ends_in_the_same_state(
    told_in_order: dict[str, Counter[tuple[Any, ...]]],
    story: list[tuple[str, dict[str, Any]]],
    cuts: set[int],
) -> None:
    """Rows shuffled, cut into batches, and told twice give the same files, facts, rejections."""
    tenant_id = f"shuffled-{next(_tenants)}"
    edges = [0, *sorted(cuts), len(story)]
    for first, last in itertools.pairwise(edges):
        batches: dict[str, list[dict[str, Any]]] = {}
        for stream, row in story[first:last]:
            batches.setdefault(stream, []).append(row)
        for _ in range(2):
            batches_take(tenant_id, batches, source=SOURCE, now=NOW, origin=f"part {first}")
    shuffled = state_of(tenant_id)
    for kind, expected in told_in_order.items():
        if kind == "rejections":  # told twice, a row is known by its place in each part
            assert set(shuffled[kind]) == set(expected)
        else:
            assert shuffled[kind] == expected


def test_the_payment_day_of_shanghai_is_the_storage_day(
    told_in_order: dict[str, Counter[tuple[Any, ...]]],
) -> None:
    """15:59:59.999999 UTC is still the day, 16:00 the next; unpaid orders lie on their first."""
    days = {(row[0], row[9]) for row in told_in_order["order_event"]}
    assert {day for day, _ in days} == {"20250801", "20250802", "20250805"}
    waiting = {
        stream: sum(r[0] == "00000000" for r in rows) for stream, rows in told_in_order.items()
    }
    assert waiting["order_line"] == 1
    assert waiting["parcel"] == 1
    assert waiting["parcel_trace"] == 2
    assert waiting["aftersale_event"] == 1


def test_a_shared_parcel_is_traced_on_each_day_of_its_orders(take: Take) -> None:
    """Day by day joins find the trace of a parcel that carries orders of two days."""
    take("order_event", order("A1", "paid", "2025-08-01T00:00:00Z"))
    take("order_event", order("A2", "paid", "2025-08-02T00:00:00Z"))
    take("parcel", parcel("A1", "W1"))
    take("parcel_trace", trace("W1", "picked_up", "2025-08-03T00:00:00Z"))
    assert days_of("parcel_trace") == ["20250801"]
    take("parcel", parcel("A2", "W1"))
    assert days_of("parcel_trace") == ["20250801", "20250802"]
    again = take("parcel_trace", trace("W1", "picked_up", "2025-08-03T00:00:00Z"))
    assert (again.accepted, again.duplicate) == (0, 1)


def test_waiting_events_move_when_their_order_arrives(take: Take) -> None:
    """Lines, parcels, traces and requests told first wait on day 0 and then lie with the order."""
    assert take("order_line", line("A1")).waiting == 1
    assert take("parcel_trace", trace("W1", "picked_up", "2025-08-03T00:00:00Z")).waiting == 1
    assert take("parcel", parcel("A1", "W1")).waiting == 1
    assert take("aftersale_event", applied("A1")).waiting == 1
    assert days_of("order_line") == ["00000000"]
    take("order_event", order("A1", "paid", "2025-08-01T00:00:00Z"))
    status = {each.stream: each for each in stream_status(TENANT)}
    for stream in ORDER_STREAMS:
        assert days_of(stream) == ["20250801"]
        assert (status[stream].events, status[stream].waiting) == (1, 0)
    assert len(order_fact_files(TENANT)) == 1


def test_an_order_moves_to_its_payment_day(take: Take) -> None:
    """Until the payment is known the first event's day serves; then everything moves."""
    take("order_event", order("A1", "created", "2025-07-31T00:00:00Z"))
    take("order_line", line("A1"))
    assert days_of("order_line") == ["20250731"]
    take("order_event", order("A1", "paid", "2025-08-02T00:00:00Z"))
    assert days_of("order_event") == days_of("order_line") == ["20250802"]
    assert [Path(path).parent.name for path in order_fact_files(TENANT)] == ["20250802"]


def test_a_pickup_told_before_its_payment_is_withdrawn_when_that_is_known(take: Take) -> None:
    """A pick-up accepted too early becomes a rejection that names the batch it came in."""
    take("parcel", parcel("A1", "W1"))
    early = trace("W1", "picked_up", "2025-08-01T00:00:00Z")
    take("parcel_trace", early, origin="traces.csv")
    intake = take("order_event", order("A1", "paid", "2025-08-01T01:00:00Z"))
    (withdrawn,) = intake.withdrawn
    assert (withdrawn.origin, withdrawn.row, withdrawn.code) == (
        "traces.csv",
        1,
        "pickup_before_payment",
    )
    assert event_files(TENANT, "parcel_trace") == []
    again = take("parcel_trace", early, origin="traces.csv")
    assert [(each.code, each.known) for each in again.rejected] == [("pickup_before_payment", True)]


def test_tenants_do_not_see_each_other(take: Take) -> None:
    """The same order in another tenant is another order."""
    take("order_event", order("A1", "paid", "2025-08-01T00:00:00Z"))
    other = events_take("other", "order_line", [line("A1")], source=SOURCE, now=NOW, origin="test")
    assert other.waiting == 1
    assert days_of("order_line") == []
