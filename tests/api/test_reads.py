"""Reads over HTTP: figures, the orders behind them, decisions, deposits, restrictions, notices."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from earnest.assessment.commands import cycle_run
from earnest.deposits.accounts import (
    clearing_of,
    deposit_of,
    platform_accounts_open,
    subject_accounts_open,
)
from earnest.deposits.models import Requirement, Shortage
from earnest.kernel.calendar import Month
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.measures.commands import results_record
from earnest.measures.queries import measure
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.restrictions.commands import Grant, restrictions_grant
from tests.api.conftest import NOW, Caller, decision_for

P1 = ("provider", "P1")
AUGUST = "from=2025-08-01&to=2025-08-31"


def order(
    order_id: str, hours_to_pick_up: int, provider_id: str = "P1", category_id: str = "home"
) -> list[dict[str, Any]]:
    """Return the events of one order paid on 1 August and picked up some hours later."""
    paid_at = "2025-08-01T10:00:00+08:00"
    picked = 10 + hours_to_pick_up
    picked_at = f"2025-08-{1 + picked // 24:02d}T{picked % 24:02d}:00:00+08:00"
    return [
        {"stream": "order_event", "order_id": order_id, "state": "paid", "paid_at": paid_at,
         "shop_id": "S1", "amount_paid_fen": 10_000},
        {"stream": "order_line", "order_id": order_id, "line_no": "1", "provider_id": provider_id,
         "category_id": category_id, "line_paid_fen": 10_000, "occurred_at": paid_at},
        {"stream": "parcel", "carrier": "sf", "waybill_no": f"W{order_id}", "order_id": order_id,
         "direction": "outbound", "declared_at": paid_at},
        {"stream": "parcel_trace", "carrier": "sf", "waybill_no": f"W{order_id}",
         "node": "picked_up", "node_at": picked_at},
    ]  # fmt: skip


@pytest.fixture
def orders(caller_as: Callable[..., Caller]) -> None:
    """Send three orders of P1, one of them picked up late, and one of P2."""
    rows = [
        *order("A1", 5),
        *order("A2", 48, category_id="food"),
        *order("A3", 49),
        *order("A4", 5, "P2"),
    ]
    answer = caller_as("feed").post("/events", {"events": rows})
    assert answer.status_code == 200, answer.content


@pytest.mark.usefixtures("orders")
@pytest.mark.clause("S0-2.1-ship48-def", "S0-2.1-src0")
def test_a_live_figure_counts_what_was_just_sent(caller_as: Callable[..., Caller]) -> None:
    """Two of a provider's three orders, whatever their category, were picked up in 48 hours."""
    path = f"/measures?live=true&name=shipping48h&subject_kind=provider&subject=P1&{AUGUST}"
    [figure] = caller_as("provider").get(path).json()["items"]
    assert (figure["numerator"], figure["denominator"], figure["state"]) == (2, 3, "final")
    answer = caller_as("provider").get(
        f"/measures/shipping48h/orders?subject_kind=provider&subject=P1&{AUGUST}"
    )
    rows = {row["order_id"]: row["numerator"] for row in answer.json()["items"]}
    assert rows == {"A1": 1, "A2": 1, "A3": 0}
    assert answer.json()["complete"] is True


@pytest.mark.usefixtures("orders")
def test_kept_figures_come_in_pages(market: str, caller_as: Callable[..., Caller]) -> None:
    """What a cycle recorded is listed, limited to the caller's party, one page after another."""
    first, last = date(2025, 8, 1), date(2025, 8, 31)
    figures = measure(
        market, "shipping48h", first, last, by="provider", as_of=NOW, params={"hours": 48}
    )
    results_record(market, figures, NOW)
    auditor = caller_as("auditor")
    page = auditor.get("/measures?name=shipping48h&limit=1").json()
    assert page["live"] is False
    rest = auditor.get(f"/measures?name=shipping48h&limit=1&cursor={page['next_cursor']}").json()
    assert {page["items"][0]["subject"], rest["items"][0]["subject"]} == {"P1", "P2"}
    assert rest["next_cursor"] is None
    own = caller_as("provider").get("/measures?name=shipping48h").json()["items"]
    assert [figure["subject"] for figure in own] == ["P1"]


@pytest.mark.usefixtures("orders")
@pytest.mark.clause("S0-2.2.1a")
def test_every_month_is_held_against_the_rule_anew(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """Two cycles leave findings of both months, the one without orders as not assessable."""
    for month in ("2025-08", "2025-09"):
        cycle_run(market, Month.parse(month), now=NOW + timedelta(days=40))
    provider = caller_as("provider")
    statuses = {}
    for month in ("2025-08", "2025-09"):
        [found] = provider.get(f"/findings?measure=shipping48h&month={month}").json()["items"]
        statuses[month] = (found["numerator"], found["denominator"], found["status"])
    assert statuses == {"2025-08": (2, 3, "breached"), "2025-09": (0, 0, "not_assessable")}


def test_a_decision_shows_its_whole_basis(market: str, caller_as: Callable[..., Caller]) -> None:
    """Receipt, trace, explanation in two languages and place in the chain are all there."""
    decision = decision_for(market, P1)
    shown = caller_as("provider").get(f"/decisions/{decision}").json()
    assert shown["receipt"]["pack_hash"]
    assert shown["trace"]
    assert "S0-2.2.1b" in shown["explanation"]["en"]
    assert "S0-2.2.1b" in shown["explanation"]["zh"]
    assert len(shown["chain_hash"]) == 64
    assert (shown["state"], shown["money_fen"]) == ("waiting", 0)


def test_decisions_are_filtered_and_paged(market: str, caller_as: Callable[..., Caller]) -> None:
    """Pages follow each other without gap or repeat, newest first; filters narrow."""
    made = [decision_for(market, P1, f"2025-0{month}") for month in (5, 6, 7)]
    auditor = caller_as("auditor")
    first = auditor.get("/decisions?limit=2").json()
    second = auditor.get(f"/decisions?limit=2&cursor={first['next_cursor']}").json()
    seen = [item["id"] for item in first["items"] + second["items"]]
    assert seen == [str(decision) for decision in reversed(made)]
    assert second["next_cursor"] is None
    assert len(auditor.get("/decisions?month=2025-06").json()["items"]) == 1
    assert len(auditor.get("/decisions?state=refused").json()["items"]) == 0


def test_approving_takes_reason_and_person(market: str, caller_as: Callable[..., Caller]) -> None:
    """An approval stands under the caller's name; what is settled cannot be settled again."""
    decision = decision_for(market, P1)
    shown = caller_as("risk", "li.risk").post(
        f"/decisions/{decision}/approve", {"reason": "figures checked"}
    )
    assert shown.status_code == 200, shown.content
    assert shown.json()["state"] == "in_effect"
    [word] = shown.json()["approvals"]
    assert (word["actor"], word["reason"]) == ("li.risk", "figures checked")
    assert caller_as("provider").get(f"/decisions/{decision}").json()["approvals"] == []
    again = caller_as("finance").post(f"/decisions/{decision}/approve", {"reason": "too"})
    assert (again.status_code, again.json()["code"]) == (409, "decision_settled")


def test_two_tokens_of_one_name_are_one_voice(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """A second token of the same name cannot be the second person."""
    decision = decision_for(market, P1, approvals_needed=2)
    for role, status in (("risk", 200), ("finance", 403)):
        caller = caller_as(role, "li.risk")
        answer = caller.post(f"/decisions/{decision}/approve", {"reason": "checked"})
        assert answer.status_code == status
    assert answer.json()["code"] == "second_person_needed"
    assert caller.get(f"/decisions/{decision}").json()["state"] == "waiting"


def deposit_booked(market: str, decision: UUID) -> None:
    """Give P1 a requirement of 10,000 yuan, 6,000 of cash, and an open shortage."""
    platform_accounts_open(market, NOW)
    subject_accounts_open(market, [P1], NOW)
    subject = {"tenant_id": market, "subject_kind": "provider", "subject_id": "P1"}
    Requirement.objects.create(
        id=uuid7_for(NOW, "requirement"),
        required_fen=1_000_000,
        previous_fen=0,
        from_on=date(2025, 8, 1),
        clause="S0-1.1-basis",
        decision_id=decision,
        **subject,
    )
    Shortage.objects.create(
        id=uuid7_for(NOW, "shortage"),
        opened_at=NOW,
        due_on=date(2025, 9, 12),
        clause="S0-1.1-basis",
        decision_id=decision,
        **subject,
    )
    reason = Reason("S0-1.1-basis", "kuaishou-supply-market", None, "receipt 1")
    for number, amount_fen in enumerate((400_000, 200_000)):
        [outcome] = transfers_post(
            market,
            [
                Transfer(
                    id=uuid7_for(NOW, "pay-in", str(number)),
                    group_id=None,
                    debit=clearing_of("bank"),
                    credit=deposit_of(P1),
                    amount_fen=amount_fen,
                    effective_at=NOW - timedelta(days=2 - number),
                    reason=reason,
                )
            ],
            NOW,
        )
        assert outcome.status == "posted", outcome.code


def test_a_deposit_shows_requirement_balance_and_clock(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """Required, held, free and short add up; the shortage has its day; the ledger its balance."""
    deposit_booked(market, decision_for(market, P1))
    provider = caller_as("provider")
    shown = provider.get("/deposits/provider/P1").json()
    assert (shown["required_fen"], shown["posted_fen"]) == (1_000_000, 600_000)
    assert (shown["free_fen"], shown["shortage_fen"]) == (600_000, 400_000)
    assert (shown["shortage"]["due_on"], shown["shortage"]["days_left"]) == ("2025-09-12", 7)
    assert shown["requirement"]["computation"]
    assert shown["requirement"]["explanation"]["zh"]
    first = provider.get("/deposits/provider/P1/ledger?limit=1").json()
    second = provider.get(
        f"/deposits/provider/P1/ledger?limit=1&cursor={first['next_cursor']}"
    ).json()
    lines = first["items"] + second["items"]
    assert [(line["amount_fen"], line["balance_fen"]) for line in lines] == [
        (200_000, 600_000),
        (400_000, 400_000),
    ]
    assert {line["clause"] for line in lines} == {"S0-1.1-basis"}


def test_a_party_without_deposit_has_nothing_required(caller_as: Callable[..., Caller]) -> None:
    """Nothing required, nothing held and an empty statement are an answer, not an error."""
    auditor = caller_as("auditor")
    shown = auditor.get("/deposits/shop/S2").json()
    assert (shown["required_fen"], shown["requirement"], shown["shortage"]) == (0, None, None)
    assert auditor.get("/deposits/shop/S2/ledger").json()["items"] == []


def test_a_capability_is_free_unless_something_forbids_it(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """A hidden service may not be shown but may run on; the answer names the clause."""
    decision = decision_for(market, P1)
    grant = Grant(
        subject_kind="provider",
        subject_id="P1",
        measure="hide",
        capabilities=["visibility"],
        rulebook="kuaishou-supply-market",
        clause="S0-2.2.5-5a",
        decision_id=decision,
        release=[{"kind": "time", "on": "2025-10-05"}, {"kind": "topped_up"}],
    )
    restrictions_grant(market, [grant], NOW)
    shown = caller_as("provider").get("/capabilities/provider/P1").json()["capabilities"]
    forbidden = [each for each in shown if not each["allowed"]]
    assert len(shown) == 8
    assert [(each["capability"], each["clauses"]) for each in forbidden] == [
        ("visibility", ["S0-2.2.5-5a"])
    ]
    [listed] = caller_as("auditor").get("/restrictions?subject=P1").json()["items"]
    assert {(each["kind"], each["met"]) for each in listed["release"]} == {
        ("time", False),
        ("topped_up", True),
    }
    assert caller_as("merchant").get("/restrictions").json()["items"] == []


def test_notices_are_read_in_pages(market: str, caller_as: Callable[..., Caller]) -> None:
    """A party reads its own inbox, newest first; an operator names the party."""
    for day in range(3):
        notice = NewNotice(
            subject_kind="provider",
            subject_id="P1",
            about=f"notice {day}",
            kind="finding",
            severity="info",
            clause="S0-2.2.1b",
            decision_id=None,
            zh=Message(f"第 {day} 条", "内容"),
            en=Message(f"number {day}", "text"),
        )
        notices_send(market, [notice], NOW + timedelta(days=day))
    provider = caller_as("provider")
    first = provider.get("/notices?limit=2").json()
    second = provider.get(f"/notices?limit=2&cursor={first['next_cursor']}").json()
    titles = [item["title_en"] for item in first["items"] + second["items"]]
    assert titles == ["number 2", "number 1", "number 0"]
    named = caller_as("service").get("/notices?subject_kind=provider&subject=P1").json()
    assert len(named["items"]) == 3
    assert caller_as("merchant").get("/notices").json()["items"] == []
