"""Deposits and cases over the API: a life, holds, recoveries, claims, and the cases."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from earnest.cases.deduction_basis import basis_read
from earnest.cases.deductions import DeductionFiling, deduction_file, deduction_review
from earnest.cases.holds import HoldFiling, hold_ask
from earnest.cases.queries import decisions_of_case
from earnest.consequences.commands import decision_settle
from earnest.kernel.calendar import day_of
from earnest.rulebooks.commands import value_confirm
from earnest.rulebooks.queries import confirmations
from tests.api.conftest import NOW, Caller
from tests.api.test_shop_deposit import S1, deposit_paid, requirement_decided

CallerAs = Callable[..., Caller]


@pytest.fixture
def story(market: str) -> str:
    """S1 pays 10,000; 4,000 are held; 15,000 are deducted, 9,000 of them advanced."""
    for row in confirmations(market):
        value_confirm(
            market, rulebook=row.rulebook, element=row.element, on=row.since,
            confirmed_by="risk", note="test", now=NOW,
        )  # fmt: skip
    deposit_paid(market, 1_000_000)
    requirement_decided(market, 0)
    hold = HoldFiling(S1, "court case", "finance", day_of(NOW) + timedelta(7), 400_000, "finance")
    held = hold_ask(market, hold, NOW)
    filing = DeductionFiling(
        S1, "unfit_goods", date(2025, 9, 1), basis_read("amount", 1_500_000), "partial",
        advances=True, actor="finance", note="found",
    )  # fmt: skip
    case = deduction_file(market, filing, NOW)
    deduction_review(market, case.number, confirmed=True, actor="risk", note="right", now=NOW)
    for each in (held, case):
        for decision in decisions_of_case(each):
            for actor in ("risk", "admin"):
                decision.refresh_from_db()
                if decision.state == "waiting":
                    decision_settle(
                        market, decision.id, verdict="approve", actor=actor, reason="x", now=NOW
                    )
    return market


def _get(caller: Caller, path: str) -> Any:
    answer = caller.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.clause("S3-4.2c", "S3-5.3c")
def test_what_happened_and_what_is_left(story: str, caller_as: CallerAs) -> None:
    """Life, holds, recoveries and claims tell the same amounts, to the merchant and to finance."""
    for role in ("merchant", "finance"):
        caller = caller_as(role)
        life = _get(caller, "/deposits/shop/S1/life?kind=movement")
        assert [(row["account"], row["code"], row["amount_fen"]) for row in life] == [
            ("deposit", "post", 1_000_000),
            ("deposit", "hold", 0),
            ("deposit", "up_to", -600_000),
            ("claim", "remainder", -900_000),
        ]
        (hold,) = _get(caller, "/deposits/shop/S1/holds")
        assert (hold["remaining_fen"], hold["reviews"][0]["estimate_fen"]) == (400_000, 400_000)
        (recovery,) = _get(caller, "/deposits/shop/S1/recoveries")
        assert (recovery["state"], recovery["rest_fen"]) == ("settled", 0)
        assert [step["source"] for step in recovery["steps"]] == ["deposit", "advance"]
        (claim,) = _get(caller, "/deposits/shop/S1/claims")
        assert (claim["owed_fen"], claim["origin"]) == (900_000, "recovery")
        assert _get(caller, "/deposits/shop/S1/holds?closed=true") == []


def test_days_narrow_a_life(story: str, caller_as: CallerAs) -> None:
    """Nothing happened before the first payment, and all of it since."""
    caller = caller_as("auditor")
    assert _get(caller, "/deposits/shop/S1/life?last=2025-09-03") == []
    assert len(_get(caller, "/deposits/shop/S1/life?first=2025-09-04")) == len(
        _get(caller, "/deposits/shop/S1/life")
    )


def test_cases_page_and_show(story: str, caller_as: CallerAs) -> None:
    """Cases come newest first, page by page; one tells facts, story and decisions."""
    caller = caller_as("finance")
    first = _get(caller, "/cases?limit=1")
    assert [each["number"] for each in first["items"]] == ["C000002"]
    second = _get(caller, f"/cases?limit=1&cursor={first['next_cursor']}")
    assert [each["number"] for each in second["items"]] == ["C000001"]
    assert second["next_cursor"] is None
    assert _get(caller, "/cases?kind=exit")["items"] == []
    case = _get(caller, "/cases/C000002")
    assert case["facts"]["amount_fen"] == 1_500_000
    assert [each["what"] for each in case["entries"]][:2] == ["opened", "confirmed"]
    assert [each["outcome"] for each in case["decisions"]] == ["found", "deduct"]
    assert case["opened_by"] == "finance"


def test_a_party_sees_its_own_cases_without_names(story: str, caller_as: CallerAs) -> None:
    """The merchant sees the case but nobody's name; another party gets what is not there."""
    case = _get(caller_as("merchant"), "/cases/C000002")
    assert {case["opened_by"], *(each["actor"] for each in case["entries"])} == {""}
    provider = caller_as("provider")
    assert _get(provider, "/cases")["items"] == []
    for path in ("/cases/C000002", "/cases/C999999", "/deposits/shop/S1/life"):
        assert provider.get(path).status_code == 404
    assert caller_as("feed").get("/cases").status_code == 403
