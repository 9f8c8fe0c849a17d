"""The drill-down of every duty besides orders: what a finding rests on, row by row, in words."""

from typing import Any

import pytest

from earnest.assessment.providers import duty_findings, month_figures
from earnest.decisions.commands import findings_record
from earnest.feed.commands import batches_take
from earnest.kernel.calendar import Month
from earnest.measures.commands import results_record
from earnest.rulebooks.packs import SUPPLY_MARKET, party_packs
from tests.console.market import TENANT, SeededMarket, settled
from tests.console.test_pages import SignIn

SEPTEMBER = Month(2025, 9)
AT = "2025-09-05T10:0{}:00+08:00"
DUTIES = {
    "reply3min": ("V1", "超时回复", "answered late"),
    "catalogue_sync": ("G1", "一直未告知", "not told of"),
    "catalogue_report24h": ("G1", "一直未告知", "not told of"),
    "interface_success": ("order.push", "调用失败", "failed"),
    "interface_latency": ("order.push", "耗时超限", "over the limit"),
    "interface_availability": ("order.push", "可用", "reachable"),
    "complaints": ("C1", "超时回复", "answered late"),
}
"""By measure: what its first row is about, and why it counted, in both languages."""


@pytest.fixture
def judged(market: SeededMarket) -> SeededMarket:
    """Tell the feed of one case of each duty, and hold September against them."""
    p1 = {"provider_id": "P1"}
    calls: dict[str, Any] = {
        **p1, "minute": AT.format(0), "interface": "order.push",
        "direction": "platform_to_provider", "sum_us": 36_000_000,
    }  # fmt: skip
    batches_take(
        TENANT,
        {
            "service_message": [
                {**p1, "session_id": "V1", "message_no": str(number), "sender_role": role,
                 "sent_at": AT.format(minute)}
                for number, role, minute in ((1, "merchant", 0), (2, "provider_agent", 4))
            ],
            "catalogue_change": [
                {**p1, "source_item_id": "G1", "field": "on_shelf", "change_no": "1",
                 "changed_at": AT.format(0)}
            ],
            "api_call_agg": [
                {**calls, "outcome": "ok", "n": 9}, {**calls, "outcome": "timeout", "n": 1},
            ],
            "case_event": [
                {**p1, "case_id": "C1", "seq": "1", "case_kind": "complaint", "action": "opened",
                 "occurred_at": AT.format(0)}
            ],
        },
        source="urn:earnest:src:test:duties",
        now=settled(SEPTEMBER),
        origin="test",
    )  # fmt: skip
    at = settled(SEPTEMBER)
    figures = [
        each for each in month_figures(TENANT, SEPTEMBER, at, ["P1"]) if each.measure in DUTIES
    ]
    results_record(TENANT, figures, at)
    findings = duty_findings(SEPTEMBER, figures, party_packs(TENANT, SUPPLY_MARKET))
    findings_record(TENANT, findings, at)
    return market


@pytest.mark.clause("S0-2.1-cs3", "S0-2.2.1f", "S0-2.2.1g", "S0-2.2.2a", "S0-2.2.3b")
@pytest.mark.parametrize("name", DUTIES)
def test_a_duty_shows_what_it_rests_on(judged: SeededMarket, signed_in: SignIn, name: str) -> None:
    """The page and the export name the case and why it counted, and the definition is told."""
    entity, zh, en = DUTIES[name]
    address = f"/providers/P1/measures/{name}/2025-09/"
    for language, why in (("zh-hans", zh), ("en", en)):
        response = signed_in("provider", language).get(address)
        assert response.status_code == 200
        assert entity in {cell.value for row in response.context["rows"] for cell in row}
        assert why in response.content.decode()
    lines = signed_in("provider").get(f"{address}orders.csv").streaming_content
    assert zh in b"".join(lines).decode()
