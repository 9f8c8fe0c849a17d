"""What a merchant is shown of its deposit: how much, why, what is there, what it owes beyond."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest

from earnest.decisions.commands import NewDecision, decisions_record
from earnest.deposits.accounts import (
    clearing_of,
    deposit_of,
    platform_accounts_open,
    subject_accounts_open,
)
from earnest.deposits.commands import NewRequirement, deduction_post, requirements_set
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of
from tests.api.conftest import NOW, Caller

S1 = ("shop", "S1")


def requirement_decided(
    market: str, sales_yuan: int, *categories: str, raises_yuan: int = 0
) -> None:
    """Decide and set the required deposit of S1 on a balance of 10,000 yuan."""
    facts = {
        "adjusted_on": date(2025, 9, 5),
        "sales_fen": sales_yuan * 100,
        "categories": list(categories),
        "raises_fen": raises_yuan * 100,
        "balance_fen": 1_000_000,
    }
    evaluation = pack_of(SHOP_DEPOSIT).evaluate("required_deposit", facts)
    required_fen = evaluation.result["required_fen"]
    assert isinstance(required_fen, int)
    new = NewDecision(
        *S1, "2025-08", "S3-3.1a", "raise", 0, approvals_needed=0, evaluation=evaluation
    )
    [decision] = decisions_record(market, [new], NOW, date(2025, 9, 5))
    requirements_set(market, [NewRequirement(*S1, required_fen, "S3-3.1a", decision.id)], NOW)


def deposit_paid(market: str, amount_fen: int) -> None:
    """Open the accounts of S1 and book cash into its deposit."""
    platform_accounts_open(market, NOW)
    subject_accounts_open(market, [S1], NOW)
    transfer = Transfer(
        id=uuid7_for(NOW, "pay-in"),
        group_id=None,
        debit=clearing_of("bank"),
        credit=deposit_of(S1),
        amount_fen=amount_fen,
        effective_at=NOW - timedelta(days=1),
        reason=Reason("S3-2.1a", SHOP_DEPOSIT, None, "receipt 1"),
    )
    [outcome] = transfers_post(market, [transfer], NOW)
    assert outcome.status == "posted", outcome.code


@pytest.mark.clause("S3-2.1a", "S3-3.1c", "S3-5.1")
def test_the_merchant_sees_how_much_and_why(market: str, caller_as: Callable[..., Caller]) -> None:
    """550,000 yuan of sales on a balance of 10,000: 30,000 required, 20,000 short, step by step."""
    deposit_paid(market, 1_000_000)
    requirement_decided(market, 550_000)
    shown = caller_as("merchant").get("/deposits/shop/S1").json()
    assert (shown["required_fen"], shown["posted_fen"]) == (3_000_000, 1_000_000)
    assert shown["shortage_fen"] == 2_000_000
    steps = {step["name"]: step["value"] for step in shown["requirement"]["computation"]}
    assert steps["required_fen"] == 3_000_000
    assert "S3-3.1a" in shown["requirement"]["explanation"]["zh"]


@pytest.mark.clause("S3-2.1b", "S3-2.1c", "S3-2.2a")
@pytest.mark.parametrize(
    ("sales_yuan", "categories", "raises_yuan", "required_yuan"),
    [
        (0, ["books"], 0, 10_000),
        (0, ["food"], 0, 20_000),
        (550_000, ["food"], 0, 30_000),
        (550_000, ["food", "jewelry"], 0, 80_000),
        (550_000, ["food", "jewelry"], 1_000_000_000, 1_000_080_000),
    ],
)
def test_the_amount_follows_what_the_shop_does(
    market: str,
    caller_as: Callable[..., Caller],
    sales_yuan: int,
    categories: list[str],
    raises_yuan: int,
    required_yuan: int,
) -> None:
    """Sales, categories and raises each move the amount, and no cap stops it."""
    requirement_decided(market, sales_yuan, *categories, raises_yuan=raises_yuan)
    shown = caller_as("merchant").get("/deposits/shop/S1").json()
    assert shown["required_fen"] == required_yuan * 100


@pytest.mark.clause("S3-5.3a", "S3-4.2b")
def test_what_the_deposit_does_not_cover_is_owed(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """A deduction beyond the balance empties the deposit, and the rest stands as a claim."""
    deposit_paid(market, 600_000)
    reason = Reason("S3-4.2a", SHOP_DEPOSIT, UUID(int=7), "penalty")
    deduction_post(market, S1, 1_000_000, reason, NOW)
    merchant = caller_as("merchant")
    shown = merchant.get("/deposits/shop/S1").json()
    assert (shown["posted_fen"], shown["claim_fen"]) == (0, 400_000)
    [line] = merchant.get("/deposits/shop/S1/ledger?account=claim").json()["items"]
    assert (line["amount_fen"], line["clause"]) == (-400_000, "S3-4.2a")


@pytest.mark.clause("S3-3.3a", "S3-3.3b", "S3-3.3c", "S3-3.3d", "S3-3.3x")
@pytest.mark.parametrize("ground", ["violation", "reopened", "investigation", "dispute"])
def test_each_ground_for_a_raise_raises_what_is_shown(
    market: str, caller_as: Callable[..., Caller], ground: str
) -> None:
    """Losses of 3,000 yuan on any ground of the rule raise 10,000 to 13,000."""
    facts = {
        "raised_on": date(2025, 9, 5), "ground": ground, "losses_fen": 300_000, "set_fen": 0,
    }  # fmt: skip
    raised = pack_of(SHOP_DEPOSIT).evaluate("deposit_raise", facts)
    assert raised.result == {"raise_fen": 300_000, "ground_known": True}
    requirement_decided(market, 0, "home", raises_yuan=3_000)
    shown = caller_as("merchant").get("/deposits/shop/S1").json()
    assert shown["required_fen"] == 1_300_000


@pytest.mark.parametrize(
    ("measure", "forbidden"),
    [
        pytest.param("close_cart", {"new_order", "sales"}, marks=pytest.mark.clause("S3-5.1a")),
        pytest.param("close_listing", {"publishing"}, marks=pytest.mark.clause("S3-5.1b")),
        pytest.param("limit_sales", {"sales"}, marks=pytest.mark.clause("S3-5.1c")),
        pytest.param("limit_withdrawal", {"withdrawal"}, marks=pytest.mark.clause("S3-5.1d")),
    ],
)
def test_a_measure_against_a_shortage_stops_what_the_rulebook_says(
    market: str, caller_as: Callable[..., Caller], measure: str, forbidden: set[str]
) -> None:
    """Asked over the API, a shop under the measure may do all but what the measure stops."""
    row = pack_of(SHOP_DEPOSIT).table_row(
        "restriction_effects", {"measure": measure}, on=date(2025, 9, 5)
    )
    grant = Grant(
        subject_kind="shop",
        subject_id="S1",
        measure=measure,
        capabilities=[name for name, stopped in row.items() if stopped is True],
        rulebook=SHOP_DEPOSIT,
        clause="S3-5.1",
        decision_id=UUID(int=7),
        release=[{"kind": "topped_up"}],
    )
    restrictions_grant(market, [grant], NOW)
    shown = caller_as("merchant").get("/capabilities/shop/S1").json()["capabilities"]
    assert {each["capability"] for each in shown if not each["allowed"]} == forbidden
