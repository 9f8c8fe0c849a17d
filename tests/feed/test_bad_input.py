"""Bad rows: each gets a code, its field, its row and what to do; the good rows go in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from earnest.feed.commands import events_take
from earnest.feed.queries import rejections, stream_status
from earnest.kernel.errors import BadInput
from tests.feed.conftest import NOW, SOURCE, TENANT, Take

PAID = {"order_id": "A1", "state": "paid", "paid_at": "2025-08-01T10:00:00+08:00"}
ANSWER = {
    "campaign_id": "C1",
    "respondent_id": "R1",
    "provider_id": "P1",
    "dimension": "overall",
    "answered_at": "2025-08-01T10:00:00+08:00",
}
DAY = {"day": "2025-08-01", "shop_id": "S1", "basis": "paid", "gross_fen": 1}

CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("order_event", {**PAID, "paid_at": "2025-08-01T10:00:00"}, "time_without_zone", "paid_at"),
    ("order_event", {**PAID, "paid_at": "2025-08-01"}, "wrong_type", "paid_at"),
    ("order_event", {**PAID, "paid_at": "2025-02-30T10:00:00Z"}, "wrong_type", "paid_at"),
    ("order_event", {**PAID, "paid_at": "2025-08-01T24:00:00Z"}, "wrong_type", "paid_at"),
    ("order_event", {**PAID, "paid_at": 1754013600}, "wrong_type", "paid_at"),
    (
        "order_event",
        {"order_id": "A1", "state": "paid", "paid_us": 1754013600},
        "time_out_of_range",
        "paid_at",
    ),
    ("order_event", {**PAID, "amount_paid_fen": -1}, "negative_amount", "amount_paid_fen"),
    ("order_event", {**PAID, "amount_paid_fen": 12.5}, "wrong_type", "amount_paid_fen"),
    ("order_event", {**PAID, "amount_paid_fen": 100.0}, "wrong_type", "amount_paid_fen"),
    ("order_event", {**PAID, "amount_paid_fen": "１２"}, "wrong_type", "amount_paid_fen"),
    ("order_event", {**PAID, "amount_paid_fen": "￥12"}, "wrong_type", "amount_paid_fen"),
    ("order_event", {**PAID, "amount_paid_fen": "1e3"}, "wrong_type", "amount_paid_fen"),
    ("order_event", {**PAID, "amount_paid_fen": 10**14}, "amount_too_large", "amount_paid_fen"),
    ("order_event", {**PAID, "amount_paid_fen": 10**40}, "amount_too_large", "amount_paid_fen"),
    ("order_event", {**PAID, "amount_paid_fen": "9" * 30}, "amount_too_large", "amount_paid_fen"),
    ("order_event", {**PAID, "state": "payed"}, "unknown_enum_value", "state"),
    ("order_event", {**PAID, "order_id": " "}, "missing_key", "order_id"),
    ("order_event", {"order_id": "A1", "state": "closed"}, "missing_key", "occurred_at"),
    ("order_event", {**PAID, "ordr_kind": "main"}, "unknown_field", "ordr_kind"),
    ("order_event", {**PAID, "event_id": "x"}, "unknown_field", "event_id"),
    ("order_event", {**PAID, "paid_us": 1754013600000000}, "given_twice", "paid_at"),
    ("order_event", {**PAID, "order_id": "A\x001"}, "wrong_type", "order_id"),
    ("order_event", {**PAID, "order_id": "\ud800"}, "wrong_type", "order_id"),
    ("order_event", {**PAID, "order_id": "x" * 1001}, "text_too_long", "order_id"),
    ("order_event", {**PAID, "presale": "perhaps"}, "wrong_type", "presale"),
    ("order_event", {**PAID, "hold_codes": [1, "a"]}, "wrong_type", "hold_codes"),
    ("order_event", {**PAID, "currency": "yuan"}, "wrong_type", "currency"),
    ("order_event", {**PAID, "type": "earnest.parcel.v1"}, "unknown_stream", "type"),
    ("order_event", {**PAID, "kind": "retraction"}, "missing_key", "corrects_event_id"),
    ("survey_answer", {**ANSWER, "score": "6.95"}, "wrong_type", "score"),
    ("survey_answer", {**ANSWER, "score": 10.1}, "score_out_of_range", "score"),
    ("survey_answer", {**ANSWER, "score": -1}, "score_out_of_range", "score"),
    ("survey_answer", {**ANSWER, "score_tenths": 101}, "score_out_of_range", "score"),
    ("survey_answer", {**ANSWER}, "missing_key", "score"),
    ("sales_fact", {**DAY, "day": "2025-02-30"}, "wrong_type", "day"),
    ("sales_fact", {**DAY, "day": "01/08/2025"}, "wrong_type", "day"),
    ("sales_fact", {**DAY, "day": 20251301}, "wrong_type", "day"),
]


@pytest.mark.parametrize(("stream", "row", "code", "field"), CASES)
def test_a_bad_row_is_rejected_with_its_place_and_reason(
    take: Take, stream: str, row: dict[str, Any], code: str, field: str
) -> None:
    """One fault gives one rejection: row, field, code, both languages; nothing goes in."""
    intake = take(stream, row)
    assert [(each.row, each.field, each.code) for each in intake.rejected] == [(1, field, code)]
    told = intake.rejected[0]
    assert field in told.zh
    assert field in told.en
    assert told.original
    assert (intake.accepted, intake.rejected_rows) == (0, 1)


def test_good_rows_go_in_beside_bad_ones(take: Take) -> None:
    """A fault costs its own row only, and a row may have several."""
    intake = take(
        "order_event",
        {**PAID, "order_id": "A1"},
        {**PAID, "order_id": "A2", "state": "?", "amount_paid_fen": -5},
        {**PAID, "order_id": "A3"},
    )
    assert intake.accepted == 2
    assert [(each.row, each.code) for each in intake.rejected] == [
        (2, "unknown_enum_value"),
        (2, "negative_amount"),
    ]


def test_an_unknown_stream_is_refused_as_a_whole(take: Take) -> None:
    """A stream nobody has heard of is wrong use, not a bad row; the known ones are named."""
    with pytest.raises(BadInput, match="unknown_stream") as caught:
        take("orders", PAID)
    assert "order_event" in caught.value.problem.zh


def test_an_unknown_category_is_rejected_only_against_a_list(take: Take) -> None:
    """Categories are free text until the caller gives the list of those that exist."""
    line = {
        "order_id": "A1",
        "line_no": "1",
        "provider_id": "P1",
        "category_id": "hats",
        "occurred_at": "2025-08-01T10:00:00Z",
    }
    refused = take("order_line", line, categories=frozenset({"shoes"}))
    assert [each.code for each in refused.rejected] == ["unknown_category"]
    assert take("order_line", line, categories=frozenset({"shoes", "hats"})).accepted == 1


def test_the_future_is_refused_beyond_the_tolerance(take: Take) -> None:
    """A clock that runs ahead is caught when the caller says how far it may."""
    ahead = {**PAID, "paid_at": (NOW + timedelta(hours=2)).isoformat()}
    refused = take("order_event", ahead, future_tolerance=timedelta(hours=1))
    assert [each.code for each in refused.rejected] == ["time_in_future"]
    assert take("order_event", ahead, future_tolerance=timedelta(hours=3)).accepted == 1


def test_a_pickup_before_the_known_payment_is_rejected(take: Take) -> None:
    """The pick-up is not taken; the paid order and the later sign-for stay."""
    take("order_event", PAID)
    parcel = {"carrier": "c", "waybill_no": "W1", "direction": "outbound", "order_id": "A1"}
    take("parcel", {**parcel, "declared_at": "2025-08-01T11:00:00+08:00"})
    trace = {"carrier": "c", "waybill_no": "W1"}
    intake = take(
        "parcel_trace",
        {**trace, "node": "picked_up", "node_at": "2025-08-01T09:59:59.999999+08:00"},
        {**trace, "node": "picked_up", "node_at": "2025-08-01T10:00:00+08:00"},
        {**trace, "node": "signed", "node_at": "2025-08-03T10:00:00+08:00"},
    )
    assert [(each.row, each.field, each.code) for each in intake.rejected] == [
        (1, "node_at", "pickup_before_payment")
    ]
    assert intake.accepted == 2


def test_rejected_rows_are_kept_once_however_often_they_come(take: Take) -> None:
    """Nothing is lost: the row stands in the feed as it came; the second time it is known."""
    first = take("order_event", {**PAID, "state": "?"})
    again = take("order_event", {**PAID, "state": "?"})
    assert [each.known for each in first.rejected + again.rejected] == [False, True]
    kept = rejections(TENANT)
    assert [(each.row, each.code, each.origin) for each in kept] == [
        (1, "unknown_enum_value", "test")
    ]
    assert '"state": "?"' in kept[0].original
    assert rejections(TENANT, batch_id=first.batch_id) == kept
    assert rejections(TENANT, batch_id=again.batch_id) == []
    assert rejections(TENANT, stream="parcel") == []


def test_typed_columns_are_checked_like_text(db: None) -> None:
    """Parquet types: a float for money and a time without zone are refused row by row."""
    naive = [datetime(2025, 8, 1, 10), None]  # noqa: DTZ001 - the missing zone is the point
    table = pa.table(
        {
            "order_id": pa.array(["A1", "A2"]).dictionary_encode(),
            "state": ["paid", "created"],
            "paid_at": pa.array(naive, pa.timestamp("us")),
            "occurred_at": pa.array([datetime(2025, 8, 1, 10, tzinfo=UTC)] * 2),
            "amount_paid_fen": [1.0, None],
        }
    )
    intake = events_take(
        TENANT, "order_event", table, source=SOURCE, now=NOW, origin="typed.parquet"
    )
    assert {(each.row, each.field, each.code) for each in intake.rejected} == {
        (1, "paid_at", "time_without_zone"),
        (1, "amount_paid_fen", "wrong_type"),
    }
    assert intake.accepted == 1
    assert "2025-08-01T10:00:00" in intake.rejected[0].original


def test_an_empty_batch_and_an_empty_row_are_no_accident(take: Take) -> None:
    """No rows make an empty answer; a row without fields lacks its key."""
    assert take("order_event").accepted == 0
    codes = {each.code for each in take("order_event", {}).rejected}
    assert codes == {"missing_key"}
    status = {each.stream: each for each in stream_status(TENANT)}
    assert (status["order_event"].events, status["order_event"].first_at) == (0, None)


@pytest.mark.parametrize("source", ["", "x" * 201, "a\nb"])
def test_a_source_that_is_none_is_refused(take: Take, source: str) -> None:
    """The source identifies events for ever, so it is checked before anything is taken."""
    with pytest.raises(BadInput, match="bad_source"):
        take("order_event", PAID, source=source)


@pytest.mark.parametrize("tenant_id", ["../x", "", "a/b", "x" * 41])
def test_a_tenant_that_is_no_folder_is_refused(db: None, tenant_id: str) -> None:
    """No file is ever written outside the tenant's folder."""
    with pytest.raises(BadInput, match="bad_tenant"):
        events_take(tenant_id, "order_event", [PAID], source=SOURCE, now=NOW, origin="x")
