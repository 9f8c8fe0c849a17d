"""One evaluation: facts taken or refused, receipts to the byte, nothing changed on the way."""

import copy
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from earnest.kernel.errors import BadInput, NotFound, RuleRefused
from earnest.kernel.hashing import canonical_json, digest
from earnest.policy import ENGINE_VERSION, Pack, Receipt, load_pack, load_pack_text, replay
from tests.policy.population import both_agree

DATA = Path(__file__).parent / "data"
PACKS = Path(__file__).parents[2] / "packs"
FACTS: dict[str, Any] = {
    "adjusted_on": date(2021, 3, 5),
    "gmv_fen": 55_000_000,
    "categories": ["apparel"],
    "raises_fen": 0,
    "held_fen": 1_000_000,
}


@pytest.fixture
def pack() -> Pack:
    """Return the small pack for shops."""
    return load_pack(DATA / "shop_deposit.yaml")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gmv_fen", 1.0, "fact gmv_fen must be CNY: 1.0 is not a whole number"),
        ("gmv_fen", True, "fact gmv_fen must be CNY: True is not a whole number"),
        ("gmv_fen", "1", "fact gmv_fen must be CNY: '1' is not a whole number"),
        ("adjusted_on", "tomorrow!!", "fact adjusted_on must be date: 'tomorrow!!' is not a day"),
        ("adjusted_on", 20210305, "fact adjusted_on must be date: 20210305 is not a day"),
        (
            "adjusted_on",
            datetime(2021, 3, 5),  # noqa: DTZ001 - an instant without zone is what is refused
            "is not a day written YYYY-MM-DD",
        ),
        ("categories", "apparel", "must be each category_standard: 'apparel' is not a list"),
        ("categories", [None], "must be each category_standard: None is not text"),
        ("gvm_fen", 1, "the decision has no fact 'gvm_fen'; did you mean 'gmv_fen'?"),
    ],
)
def test_a_wrong_fact_is_bad_input(pack: Pack, name: str, value: Any, said: str) -> None:
    """A fact of the wrong type or an unknown one stops the call and says what is wanted."""
    with pytest.raises(BadInput) as caught:
        pack.evaluate("required_deposit", {**FACTS, name: value})
    assert said in str(caught.value)
    assert caught.value.problem.zh


@pytest.mark.parametrize(
    "months",
    [7, [7], [["2025-08-31"]], [["2025-08-31", "6.9"]], [{"at": "2025-08-31", "score": 69}]],
)
def test_a_wrong_series_is_bad_input(months: Any) -> None:
    """A series is a list of days with their value, and nothing else."""
    market = load_pack(DATA / "provider_market.yaml")
    with pytest.raises(BadInput, match="fact months must be series of value"):
        market.evaluate("nps", {"assessed_on": "2025-08-31", "months": months})


def test_a_series_is_taken_in_any_order_and_either_form() -> None:
    """Pairs or mappings, days as text or as dates, in any order: one and the same facts."""
    market = load_pack(PACKS / "kuaishou-supply-market.yaml")
    low = {"points": 69, "answers": 1}
    pairs = [["2025-09-30", low], ["2025-08-31", None]]
    mappings = [{"at": date(2025, 8, 31), "value": None}, {"at": date(2025, 9, 30), "value": low}]
    unanswered = [
        [date(2025, 8, 31), {"points": None, "answers": 0}], (date(2025, 9, 30), low)
    ]  # fmt: skip
    receipts = {
        market.evaluate("nps_ladder", {"assessed_on": "2025-09-30", "months": months})
        .receipt()
        .as_json()
        for months in (pairs, mappings, unanswered)
    }
    assert len(receipts) == 1


def test_a_number_beyond_all_amounts_is_refused_not_computed(pack: Pack) -> None:
    """Beyond ten trillion yuan both back ends refuse alike, so that no sum can overflow."""
    edges = [10**15, 10**15 + 1, -(10**15) - 1, 2**63 - 1]
    found = both_agree(pack, "required_deposit", [{**FACTS, "gmv_fen": each} for each in edges])
    keys = [each.refusal.key if each.refusal else None for each in found]
    assert keys == [None, *["out_of_range:gmv_fen"] * 3]
    assert all(replay(each.receipt().as_dict(), pack) == [] for each in found)


def test_what_is_asked_for_by_a_wrong_name_is_told(pack: Pack) -> None:
    """An unknown decision, parameter, table or input is named, with the nearest one."""
    day = date(2021, 1, 1)
    with pytest.raises(NotFound, match="no decision 'required'; did you mean 'required_deposit'"):
        pack.evaluate("required", FACTS)
    with pytest.raises(NotFound, match="no decision 'required'"):
        pack.sql("required")
    with pytest.raises(NotFound, match="no parameter 'flor'; did you mean 'floor'"):
        pack.parameter("flor", on=day)
    with pytest.raises(NotFound, match="no table 'sales'; did you mean 'sales_tier'"):
        pack.table_row("sales", {}, on=day)
    with pytest.raises(BadInput, match="table sales_tier takes gmv"):
        pack.table_row("sales_tier", {"sales": 1}, on=day)
    with pytest.raises(RuleRefused, match="floor: no rule in force on 2019-01-01"):
        pack.parameter("floor", on=date(2019, 1, 1))
    with pytest.raises(RuleRefused, match="sales_tier: no rule in force on 2019-01-01"):
        pack.table_row("sales_tier", {"gmv": 1}, on=date(2019, 1, 1))
    with pytest.raises(RuleRefused, match="no row for 'pets'"):
        pack.table_row("category_standard", {"category": "pets"}, on=day)
    every_form = load_pack(DATA / "every_form.yaml")
    with pytest.raises(RuleRefused, match="the operator has not chosen"):
        every_form.parameter("open_value", on=date(2025, 3, 1))


def test_a_receipt_replays_to_the_same_bytes(pack: Pack) -> None:
    """Facts, result and trace are hashed in their one form, and taking it again gives the same."""
    receipt = pack.evaluate("required_deposit", FACTS).receipt()
    stored = json.loads(receipt.as_json())
    assert Receipt.from_dict(stored).as_json() == receipt.as_json()
    assert replay(stored, pack) == []
    assert stored["pack_hash"] == pack.hash
    assert stored["engine_version"] == ENGINE_VERSION
    assert stored["governing_on"] == "2021-03-05"
    assert stored["facts"]["adjusted_on"] == "2021-03-05"
    assert stored["facts_hash"] == digest(stored["facts"])
    assert stored["result_hash"] == digest(stored["result"])
    assert stored["instruments"] == ["SD1"]
    assert canonical_json(stored) == receipt.as_json()


def test_replay_names_what_differs(pack: Pack) -> None:
    """A changed fact, result or pack shows up by name, with both values."""
    receipt = pack.evaluate("required_deposit", FACTS).receipt().as_dict()
    forged = copy.deepcopy(receipt)
    forged["result"]["required"] = 1
    [difference] = replay(forged, pack)
    assert difference.startswith("result: ")
    without_cases = pack.text.split("cases:")[0]
    other = load_pack_text(without_cases.replace("value: 10000", "value: 40000"), "other")
    names = [each.split(":")[0] for each in replay(receipt, other)]
    assert names == ["pack_hash", "result", "result_hash", "trace_hash"]


def test_a_refusal_has_a_receipt_too(pack: Pack) -> None:
    """Not deciding is also proven: no result, the reason, and the same bytes again."""
    facts = {**FACTS, "categories": ["pets"]}
    receipt = pack.evaluate("required_deposit", facts).receipt().as_dict()
    assert receipt["result"] == {}
    assert receipt["refusal"]["code"] == "no_row"
    assert replay(receipt, pack) == []
    explained = pack.evaluate("required_deposit", facts).explain("en")
    assert explained == (
        "required_deposit: not decided: category_standard: no row for 'pets' in the edition in "
        "force on 2021-03-05."
    )


def test_facts_of_the_caller_stay_as_they_are(pack: Pack) -> None:
    """Evaluating changes neither the facts given nor what an earlier evaluation holds."""
    facts = copy.deepcopy(FACTS)
    first = pack.evaluate("required_deposit", facts)
    before = first.receipt().as_json()
    pack.evaluate("required_deposit", {**facts, "gmv_fen": 0})
    facts["categories"].append("jewelry")
    assert first.receipt().as_json() == before
    assert FACTS["categories"] == ["apparel"]


def test_a_draft_decides_nothing() -> None:
    """Values of a draft act are read and checked, and the act in force goes on deciding."""
    every_form = load_pack(DATA / "every_form.yaml")
    assert every_form.parameter("rate", on=date(2026, 3, 1)) == 25_000
    assert every_form.in_force_from() == date(2024, 2, 1)


def test_the_headline_can_make_the_whole_an_option() -> None:
    """An answer is as binding as its headline's step; another step's option stands beside it."""
    text = (DATA / "every_form.yaml").read_text()
    case = load_pack_text(text).cases[0]
    beside = load_pack_text(text.replace("total: added,", "total: added, amount: amount,"))
    first = load_pack_text(text.replace("total: added,", "amount: amount, total: added,"))
    found = [each.evaluate("scalar", case.facts) for each in (load_pack_text(text), beside, first)]
    assert [each.modality for each in found] == ["must", "must", "may"]
    assert [each.optional for each in found] == [(), ("amount",), ()]
