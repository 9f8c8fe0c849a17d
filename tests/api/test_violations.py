"""Violations by API: reported once, seen by operators, and by their party once it was told."""

from collections.abc import Callable
from datetime import timedelta

from earnest.kernel.calendar import day_of
from earnest.violations.evidence import party_ask
from earnest.violations.models import Violation
from earnest.violations.protections import Protecting, protection_put
from earnest.violations.queue import violation_claim
from tests.api.conftest import NOW, Caller

REPORT = {
    "provider_id": "P1",
    "source": "screening",
    "about": "rule 7 listing L7",
    "note": "hit",
    "items": [
        {"kind": "exaggeration", "happened_on": "2025-08-01", "facts": {"listing": "L7"}},
    ],
}


def test_a_report_sent_twice_is_one_violation(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """The same ``about`` again answers the same number and adds nothing."""
    feed = caller_as("feed")
    first = feed.post("/violations", REPORT).json()
    again = feed.post("/violations", {**REPORT, "note": "another"}).json()
    assert first["number"] == again["number"] == "V000001"
    seen = caller_as("service").get("/violations/V000001").json()
    assert seen["items"][0]["clause"] == "S0-2.1-info2d"
    assert Violation.objects.filter(tenant_id=market).count() == 1


def test_a_sender_hears_number_and_state_and_nothing_of_the_review(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """Repeating a known ``about`` tells a feed no note, reviewer, question or item; admin all."""
    caller_as("service").post("/violations", {**REPORT, "note": "from a colleague"})
    violation_claim(market, "V000001", "ann", NOW)
    feed, admin = caller_as("feed"), caller_as("admin")
    claimed, full = (each.post("/violations", REPORT).json() for each in (feed, admin))
    assert (claimed["number"], claimed["state"]) == ("V000001", "in_review")
    assert (full["note"], full["claimed_by"]) == ("from a colleague", "ann")
    party_ask(market, "V000001", "is it so?", "ann", NOW)
    asked, full = (each.post("/violations", REPORT).json() for each in (feed, admin))
    assert (asked["number"], asked["state"]) == ("V000001", "asked")
    assert full["turns"][0]["question"] == "is it so?"
    told = ("note", "claimed_by", "source", "items", "turns", "decisions", "tickets")
    assert [each for each in told if claimed[each] or asked[each]] == []


def test_a_wrong_item_is_named(market: str, caller_as: Callable[..., Caller]) -> None:
    """An unknown kind is told with its row; nothing is kept."""
    wrong = {**REPORT, "items": [{"kind": "exagerration", "happened_on": "2025-08-01"}]}
    answer = caller_as("service").post("/violations", wrong)
    assert answer.status_code == 404
    assert answer.json()["where"] == "items.1.kind"
    assert "exaggeration" in answer.json()["en"]
    assert not Violation.objects.filter(tenant_id=market).exists()


def test_a_party_reads_its_own_once_it_was_told(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """Before it was asked there is nothing; then no source, no note, and no open verdict."""
    caller_as("feed").post("/violations", REPORT)
    provider, service = caller_as("provider"), caller_as("service")
    assert provider.get("/violations").json()["items"] == []
    assert provider.get("/violations/V000001").status_code == 404
    assert service.get("/violations/V000001").json()["note"] == "hit"
    violation_claim(market, "V000001", "ann", NOW)
    party_ask(market, "V000001", "is it so?", "ann", NOW)
    (row,) = provider.get("/violations").json()["items"]
    assert (row["number"], row["state"], row["source"], row["note"]) == (
        "V000001", "asked", "", "",
    )  # fmt: skip
    full = provider.get("/violations/V000001").json()
    assert full["turns"][0]["question"] == "is it so?"
    assert full["items"][0]["verdict"] == "open"


def test_a_party_reads_what_protects_meanwhile(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """Measure, goods, reason and last day; who put it is not told."""
    caller_as("feed").post("/violations", REPORT)
    violation_claim(market, "V000001", "ann", NOW)
    protection_put(market, "V000001", Protecting(1, "hide_goods", "misleads"), "ann", NOW)
    full = caller_as("provider").get("/violations/V000001").json()
    (row,) = full["protections"]
    assert (row["measure"], row["state"], row["things"], row["reason"]) == (
        "hide_goods", "in_force", ["listing L7"], "misleads",
    )  # fmt: skip
    assert row["last_on"] == str(day_of(NOW) + timedelta(days=7))
    assert "put_by" not in row
