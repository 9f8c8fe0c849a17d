"""Events sent over HTTP: each row has its answer, and good rows land where files' rows land."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from earnest.api import events
from earnest.api.events import ROWS_MAX
from earnest.feed.files import feed_import
from earnest.feed.queries import completeness, event_files
from tests.api.conftest import BASE, NOW, Caller

PAID = {
    "order_id": "O1",
    "state": "paid",
    "paid_at": "2025-08-01T10:00:00+08:00",
    "amount_paid_fen": 12_500,
}


def paid(order_id: str, /, **changes: object) -> dict[str, Any]:
    """Return a paid order, with some fields changed; None leaves a field out."""
    row = {**PAID, "order_id": order_id, **changes}
    return {name: value for name, value in row.items() if value is not None}


def sent(caller: Caller, *rows: object, **more: object) -> Any:
    """Send rows of order_event unless told otherwise."""
    return caller.post("/events", {"stream": "order_event", "events": list(rows), **more})


@pytest.fixture
def feed_caller(caller_as: Callable[..., Caller]) -> Caller:
    """Return a caller that may send events."""
    return caller_as("feed")


def test_a_good_batch_is_accepted(feed_caller: Caller) -> None:
    """Every row of a good batch is accepted, in the order of the request."""
    answer = sent(feed_caller, paid("G1"), paid("G2"))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["duplicate"], body["rejected"]) == (2, 0, 0)
    assert [(row["row"], row["status"]) for row in body["results"]] == [
        (0, "accepted"),
        (1, "accepted"),
    ]


def test_a_batch_sent_again_is_all_duplicates(feed_caller: Caller) -> None:
    """Sending the same batch twice adds nothing and says so."""
    sent(feed_caller, paid("R1"), paid("R2"))
    again = sent(feed_caller, paid("R1"), paid("R2"), paid("R3")).json()
    assert [row["status"] for row in again["results"]] == ["duplicate", "duplicate", "accepted"]


def test_good_rows_of_a_mixed_batch_land(feed_caller: Caller) -> None:
    """Bad rows are listed with row, field and reason in two languages; the others are in."""
    answer = sent(
        feed_caller,
        paid("M1"),
        paid("M2", amount_paid_fen=-1),
        "not an object",
        paid("M3", stream="no_such_stream"),
        paid("M4"),
    )
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [row["status"] for row in results] == [
        "accepted", "rejected", "rejected", "rejected", "accepted",
    ]  # fmt: skip
    problems = [row["problems"][0] for row in results if row["problems"]]
    assert [(each["code"], each["where"]) for each in problems] == [
        ("negative_amount", "events.1.amount_paid_fen"),
        ("not_an_object", "events.2"),
        ("unknown_stream", "events.3.stream"),
    ]
    assert all(each["zh"] and each["en"] for each in problems)
    assert sent(feed_caller, paid("M1"), paid("M4")).json()["duplicate"] == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_paid_fen": "twelve"}, "wrong_type"),
        ({"amount_paid_fen": 12.5}, "wrong_type"),
        ({"order_id": None}, "missing_key"),
        ({"paid_at": "2025-08-01T10:00:00"}, "time_without_zone"),
        ({"paid_at": "yesterday"}, "wrong_type"),
        ({"amount_paid_fen": -1}, "negative_amount"),
        ({"amount_paid_fen": 10**30}, "amount_too_large"),
        ({"state": "lost"}, "unknown_enum_value"),
        ({"colour": "red"}, "unknown_field"),
        ({"col\x00our": "red"}, "bad_field_name"),
        ({"order_id": "a\x00b"}, "wrong_type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_rows_say_what_is_wrong(
    feed_caller: Caller, changes: dict[str, object], code: str
) -> None:
    """Each kind of bad row has its own code and words that name the field."""
    [row] = sent(feed_caller, paid("B1", **changes)).json()["results"]
    assert row["status"] == "rejected"
    assert code in {problem["code"] for problem in row["problems"]}


def test_the_same_key_with_other_content_is_rejected(feed_caller: Caller) -> None:
    """An event is never changed in place: the second content is refused, the first stays."""
    sent(feed_caller, paid("D1"))
    [row] = sent(feed_caller, paid("D1", amount_paid_fen=1)).json()["results"]
    assert row["problems"][0]["code"] == "duplicate_other_content"
    assert sent(feed_caller, paid("D1")).json()["duplicate"] == 1


@pytest.mark.clause("S0-2.1-ship48-def")
def test_a_pick_up_before_the_payment_is_rejected(feed_caller: Caller) -> None:
    """A pick-up earlier than the payment of its order is not taken as one."""
    parcel = {
        "stream": "parcel", "carrier": "sf", "waybill_no": "W1", "direction": "outbound",
        "order_id": "E1", "declared_at": "2025-08-01T09:00:00+08:00",
    }  # fmt: skip
    scan = {
        "stream": "parcel_trace", "carrier": "sf", "waybill_no": "W1", "node": "picked_up",
        "node_at": "2025-08-01T09:30:00+08:00",
    }  # fmt: skip
    results = sent(feed_caller, paid("E1"), parcel, scan).json()["results"]
    assert [row["status"] for row in results] == ["accepted", "accepted", "rejected"]
    assert results[2]["problems"][0]["code"] == "pickup_before_payment"


def test_http_and_files_fill_one_feed(feed_caller: Caller, market: str, tmp_path: Path) -> None:
    """What was sent over HTTP is a duplicate in a file of the same source, and the reverse."""
    source = "urn:earnest:src:test:both"
    sent(feed_caller, paid("H1"), source=source)
    path = tmp_path / "order_event.ndjson"
    path.write_text("".join(json.dumps(paid(order)) + "\n" for order in ("H1", "H2")))
    intake = feed_import(market, path, source=source, now=NOW).totals["order_event"]
    assert (intake.accepted, intake.duplicate) == (1, 1)
    assert sent(feed_caller, paid("H2"), source=source).json()["duplicate"] == 1
    assert event_files(market, "order_event")
    assert completeness(market)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"stream": "no_such_stream", "events": []}, "unknown_stream"),
        ({"stream": 7, "events": []}, "bad_field"),
        ({"stream": "order_event", "source": "x" * 300, "events": []}, "bad_field"),
        ({"stream": "order_event"}, "events_missing"),
        ({"events": {}}, "events_missing"),
        ([], "events_missing"),
        ({"events": [], "sender": "me"}, "unknown_field"),
        ({"events": [{}] * (ROWS_MAX + 1)}, "too_many_rows"),
        ({"events": [{f"f{n}": 1} for n in range(300)]}, "too_many_fields"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unusable_batch_is_refused_whole(feed_caller: Caller, body: object, code: str) -> None:
    """A batch that is wrong as a whole takes nothing and answers 422 with one problem."""
    answer = feed_caller.post("/events", body)
    assert answer.status_code == 422
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    "body",
    [b" ", b"{", b"\xff\xfe", b'{"events": [NaN]}', b"[" * 100_000, b'{"events": [' + b"9" * 5000],
    ids=["empty", "cut", "no UTF-8", "NaN", "deep", "long number"],
)
def test_what_is_no_json_is_refused(feed_caller: Caller, body: bytes) -> None:
    """Broken JSON of any kind answers 422 and says so."""
    answer = feed_caller.client.post(
        BASE + "/events", body, content_type="application/json", headers=feed_caller.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "not_json")


def test_other_media_types_are_refused(feed_caller: Caller) -> None:
    """Only JSON is read: a form or plain text answers 415."""
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = feed_caller.client.post(
            BASE + "/events", b"{}", content_type=media_type, headers=feed_caller.headers
        )
        assert answer.status_code == 415, media_type


def test_a_body_too_large_is_refused(feed_caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body over the limit answers 413 and is not read to its end."""
    monkeypatch.setattr(events, "BODY_MAX", 100)
    answer = sent(feed_caller, paid("L" * 60), paid("K" * 60))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
