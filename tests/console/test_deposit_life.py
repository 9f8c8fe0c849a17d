"""One shop's deposit from first payment to refund, on screen and in its exports."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from earnest.cases.life_export import CSV_COLUMNS
from earnest.ledger.queries import statement
from earnest.policy import replay
from earnest.rulebooks.packs import edition_of
from tests.console import deposit_story
from tests.console.market import TENANT, SeededMarket, seed

SignIn = Callable[..., Client]
LIFE = "/deposits/shop/S1/life"
_NUMBERS: dict[str, str] = {}


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[SeededMarket]:
    """Seed the market and tell the story once for the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        market = seed()
        _NUMBERS.update(deposit_story.story())
        yield market
        transaction.set_rollback(True)


def _csv(client: Client, address: str) -> list[dict[str, str]]:
    content = b"".join(client.get(address)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


@pytest.mark.clause("S3-1.2", "S3-4.2a", "S3-4.2c", "S3-5.3d", "S3-6.2x")
def test_the_whole_life_stands_in_one_list(market: SeededMarket, signed_in: SignIn) -> None:
    """Payment, adjustment, shortage, deduction, claim, set-off, hold, exit: in order of time."""
    client = signed_in("finance")
    page = client.get(f"{LIFE}/")
    assert page.status_code == 200
    told = [(row["kind"], row["code"], row["account"]) for row in _csv(client, f"{LIFE}.csv")]
    wanted = [
        ("movement", "post", "deposit"),
        ("requirement", "raised", ""),
        ("shortage", "opened", ""),
        ("shortage", "closed", ""),
        ("case", "deduction.opened", ""),
        ("decision", "recovery.deduct", ""),
        ("movement", "up_to", "deposit"),
        ("movement", "remainder", "claim"),
        ("restriction", "limit_withdrawal.granted", ""),
        ("movement", "up_to", "claim"),
        ("movement", "hold", "deposit"),
        ("case", "hold.reviewed", ""),
        ("movement", "capture", "deposit"),
        ("case", "exit.opened", ""),
        ("decision", "exit_refund.refund_and_close", ""),
        ("payout", "exit_refund.requested", ""),
    ]
    places = iter(told)
    assert [each for each in wanted if each not in places] == []


def test_each_row_says_where_the_deposit_stood(market: SeededMarket, signed_in: SignIn) -> None:
    """After the deduction nothing is free of 30,000 required; the hold of 5,000 shows as held."""
    rows = _csv(signed_in("auditor"), f"{LIFE}.csv?account=deposit")
    stood = [
        tuple(int(row[name]) for name in ("amount_fen", "balance_fen", "held_fen", "short_fen"))
        for row in rows
    ]
    assert stood == [
        (1_000_000, 1_000_000, 0, 0),
        (2_000_000, 3_000_000, 0, 0),
        (-3_000_000, 0, 0, 3_000_000),
        (3_000_000, 3_000_000, 0, 0),
        (0, 3_000_000, 500_000, 500_000),
        (-200_000, 2_800_000, 0, 200_000),
        (0, 2_800_000, 2_800_000, 0),
    ]


def test_the_list_is_narrowed_by_kind_and_day(market: SeededMarket, signed_in: SignIn) -> None:
    """Kinds and days narrow page and export alike; nonsense narrows nothing."""
    client = signed_in("service")
    for query in ("kind=movement", "kind=case&first=2025-12-06", "last=2025-11-21", "kind=zz"):
        shown = client.get(f"{LIFE}/?{query}").context["page"].paginator.count
        assert shown == len(_csv(client, f"{LIFE}.csv?{query}")) > 0
    days = {row["on"] for row in _csv(client, f"{LIFE}.csv?first=2025-11-21&last=2025-11-21")}
    assert days == {"2025-11-21"}


def test_a_third_person_can_check_the_export(market: SeededMarket, signed_in: SignIn) -> None:
    """The JSON has every entry by its number, and receipts that replay to the byte."""
    written = json.loads(signed_in("finance").get(f"{LIFE}.json").content)
    lines = statement(TENANT, "deposit:shop:S1", 100)[::-1]
    entries = written["books"]["deposit:shop:S1"]
    assert [each["transfer_id"] for each in entries] == [str(each.transfer_id) for each in lines]
    assert sum(each["amount_fen"] for each in entries) == written["position"]["posted_fen"]
    assert len(written["decisions"]) >= 7
    for decision in written["decisions"]:
        assert replay(decision["receipt"], edition_of(decision["receipt"]["pack_hash"])) == []
        assert decision["chain_hash"]
    moved = {row["id"] for row in written["rows"] if row["kind"] == "movement"}
    assert moved >= {each["transfer_id"] for each in entries}
    (recovery,) = written["recoveries"]
    assert sum(step["amount_fen"] for step in recovery["steps"]) == recovery["amount_fen"]
    assert {each["number"] for each in written["cases"]} == {
        _NUMBERS[kind] for kind in ("deduction", "hold", "exit")
    }


def test_a_party_sees_its_own_life_without_names_from_inside(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """The merchant gets the same rows, but nobody's name who agreed or reviewed; others get 404."""
    merchant = signed_in("merchant")
    assert _csv(merchant, f"{LIFE}.csv") == _csv(signed_in("finance"), f"{LIFE}.csv")
    written = json.loads(merchant.get(f"{LIFE}.json").content)
    assert not any(each["approvals"] for each in written["decisions"])
    assert not any("opened_by" in each for each in written["cases"])
    page = merchant.get(reverse("case", args=[_NUMBERS["deduction"]])).content.decode()
    assert "C000001" in page
    assert "risk" not in page
    assert signed_in("provider").get(f"{LIFE}/").status_code == 404
    assert merchant.get("/deposits/shop/S2/life/").status_code == 404
    assert merchant.get("/deposits/bank/S1/life.csv").status_code == 404


def test_the_columns_of_the_export_are_stable(market: SeededMarket, signed_in: SignIn) -> None:
    """Programs read the export by the names of its columns."""
    content = b"".join(signed_in("finance").get(f"{LIFE}.csv")).decode("utf-8-sig")
    assert content.splitlines()[0].split(",") == list(CSV_COLUMNS)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_of_the_deposit_opens(
    market: SeededMarket, signed_in: SignIn, language: str
) -> None:
    """Each page answers in both languages, and shows the amounts of the story."""
    client = signed_in("finance", language)
    for address, amount in (
        ("/shops/S1/", "28,000.00"),
        (f"{LIFE}/print/", "40,000.00"),
        ("/finance/", "28,000.00"),
        ("/recoveries/?state=all", "40,000.00"),
        (f"/cases/{_NUMBERS['deduction']}/", "40,000.00"),
        (f"/cases/{_NUMBERS['hold']}/", "3,000.00"),
        (f"/cases/{_NUMBERS['exit']}/", "28,000.00"),
        (f"/payouts/{_NUMBERS['payout']}/", "28,000.00"),
        ("/payouts/", "28,000.00"),
        ("/shops/S1/checks/", "0.00"),
        ("/cases/", ""),
        ("/claims/", ""),
        ("/holds/", ""),
        ("/raises/", ""),
    ):
        response = client.get(address)
        assert (address, response.status_code) == (address, 200)
        assert amount in response.content.decode(), address


def test_numbers_of_the_overview_lead_to_their_lists(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """A card's number is that of the rows of the list behind it."""
    client = signed_in("finance")
    for card in client.get("/finance/").context["todo"]:
        page = client.get(card.address).context["page"]
        assert (card.text, int(card.value)) == (card.text, page.paginator.count)


def test_the_steps_of_a_recovery_make_a_whole_bar(market: SeededMarket, signed_in: SignIn) -> None:
    """30,000 of 40,000 came from the deposit and 10,000 were advanced: 750 and 250 of a bar."""
    (row,) = signed_in("finance").get("/shops/S1/").context["deposit"].recoveries
    assert [(bar.amount_fen, bar.left, bar.width) for bar in row.bars] == [
        (3_000_000, 0, 750),
        (1_000_000, 750, 250),
    ]


def test_the_statement_shows_what_is_held(market: SeededMarket, signed_in: SignIn) -> None:
    """Holds and captures stand in the statement with what they set aside and release."""
    lines = signed_in("finance").get("/shops/S1/").context["lines"]
    assert [(line.held_delta_fen, line.held_fen) for line in lines[:3]] == [
        (2_800_000, 2_800_000),
        (-500_000, 0),
        (500_000, 500_000),
    ]
    assert lines[1].what.startswith("自扣留款")


def test_cases_are_listed_and_exported(market: SeededMarket, signed_in: SignIn) -> None:
    """The list narrows by kind and state, and the export has the same rows."""
    client = signed_in("finance")
    for query, count in (("", 3), ("kind=hold", 1), ("state=open", 1), ("subject=S2", 0)):
        assert client.get(f"/cases/?{query}").context["page"].paginator.count == count
        assert len(_csv(client, f"/cases.csv?{query}")) == count
    assert signed_in("merchant").get("/cases/").status_code == 403
