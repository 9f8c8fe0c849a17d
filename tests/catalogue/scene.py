"""A market with two providers whose goods are sold, signed for, refunded, and looked at."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from earnest.catalogue.models import Sample, SamplingRound
from earnest.catalogue.results import LabResult, sample_result, sample_send, sample_take
from earnest.catalogue.sampling import SamplingAsked, sampling_plan
from earnest.documents.commands import NewDocument, document_add
from earnest.feed.commands import events_take
from earnest.market.models import Provider

NOW = datetime(2025, 9, 25, 4, tzinfo=UTC)
TODAY = date(2025, 9, 25)
P1, P2 = ("provider", "P1"), ("provider", "P2")
SOURCE = "urn:earnest:src:test:goods"


def market_new() -> str:
    """Return a fresh tenant with the providers P1 and P2."""
    tenant = f"t{uuid4().hex[:12]}"
    for provider_id in ("P1", "P2"):
        Provider.objects.create(
            tenant_id=tenant,
            provider_id=provider_id,
            name="货源一号",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 1),
        )
    return tenant


def fed(tenant: str, stream: str, *rows: dict[str, Any], now: datetime = NOW) -> None:
    """Let the feed tell something."""
    intake = events_take(tenant, stream, list(rows), source=SOURCE, now=now, origin="test")
    assert not intake.rejected, intake.rejected


def sold(tenant: str, orders: Iterable[dict[str, Any]], now: datetime = NOW) -> None:
    """Let orders be paid, sent and signed for; with ``refund`` asked back for that reason.

    Each needs ``order`` and ``item``; ``provider``, ``day`` and ``e_waybill`` have defaults.
    """
    streams: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in ("order_event", "order_line", "parcel", "parcel_trace", "aftersale_event")
    }
    for each in orders:
        order, day = each["order"], each.get("day", "2025-09-10")
        at = f"{day}T10:00:00+08:00"
        provider = each.get("provider", "P1")
        streams["order_event"].append(
            {"order_id": order, "state": "paid", "paid_at": at, "shop_id": "S1",
             "amount_paid_fen": 1000}
        )  # fmt: skip
        streams["order_line"].append(
            {"order_id": order, "line_no": "1", "item_id": each["item"],
             "source_item_id": each.get("source"), "provider_id": provider,
             "line_paid_fen": 1000, "occurred_at": at}
        )  # fmt: skip
        streams["parcel"].append(
            {"carrier": "zto", "waybill_no": f"W{order}", "direction": "outbound",
             "order_id": order, "declared_at": f"{day}T12:00:00+08:00",
             "e_waybill": each.get("e_waybill", True)}
        )  # fmt: skip
        for node, hour in (("picked_up", 15), ("signed", 20)):
            streams["parcel_trace"].append(
                {"carrier": "zto", "waybill_no": f"W{order}", "node": node,
                 "node_at": f"{day}T{hour}:00:00+08:00"}
            )  # fmt: skip
        if each.get("refund"):
            streams["aftersale_event"].append(
                {"aftersale_id": f"A{order}", "order_id": order, "action": "applied",
                 "aftersale_type": "refund_only", "reason_class": each["refund"],
                 "applied_at": f"{day}T22:00:00+08:00"}
            )  # fmt: skip
    for stream, rows in streams.items():
        if rows:
            fed(tenant, stream, *rows, now=now)


def round_of(tenant: str, *, items: int = 60, seed: str = "2025-09") -> SamplingRound:
    """Sell so many goods and plan a sampling of them."""
    sold(tenant, [{"order": f"O{n}", "item": f"I{n:03d}"} for n in range(items)])
    return sampling_plan(tenant, SamplingAsked("P1", seed, "service"), NOW)


def paper(tenant: str, content: bytes = b"lab report", subject: tuple[str, str] = P1) -> UUID:
    """Keep a document about a provider."""
    return document_add(tenant, NewDocument(subject, "report.txt", content, "service"), NOW).id


def found(
    tenant: str, row: SamplingRound, result: str = "labels", *, place: int = 1,
    until: date | None = date(2025, 10, 2),
) -> Sample:  # fmt: skip
    """Take a sample of a round to the lab and record what it says."""
    sample_take(tenant, row.number, place, "service", NOW)
    sample_send(tenant, row.number, place, "国家质检中心", "service", NOW)
    said = LabResult(result, "service", paper(tenant), "标签缺项", until)
    return sample_result(tenant, row.number, place, said, NOW)
