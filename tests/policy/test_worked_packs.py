"""Two small packs: golden cases on both back ends, traces, amendments, refusals."""

from datetime import date
from pathlib import Path

import pytest

from earnest.policy import Pack, load_pack, load_pack_text
from tests.policy.population import both_agree

DATA = Path(__file__).parent / "data"
BOOKS = ("provider_market", "shop_deposit")


@pytest.fixture
def market() -> Pack:
    """Return the small pack for providers."""
    return load_pack(DATA / "provider_market.yaml")


@pytest.fixture
def deposit() -> Pack:
    """Return the small pack for shops."""
    return load_pack(DATA / "shop_deposit.yaml")


@pytest.mark.parametrize("book", BOOKS)
def test_golden_cases_hold_on_both_back_ends(book: str) -> None:
    """Every case of a pack gives its outcome, from the interpreter and from the query."""
    pack = load_pack(DATA / f"{book}.yaml")
    assert pack.cases
    for case in pack.cases:
        [evaluation] = both_agree(pack, case.decision, [case.facts])
        steps = {each["name"]: each["value"] for each in evaluation.trace if "won" in each}
        for name, wanted in case.outcome.items():
            said = wanted.isoformat() if isinstance(wanted, date) else wanted
            assert steps[name] == said


def test_trace_cites_row_edition_clause_and_winner(deposit: Pack) -> None:
    """The trace names each row, parameter and step with clause, act and the winning argument."""
    evaluation = deposit.evaluate("required_deposit", deposit.cases[0].facts)
    assert evaluation.trace_lines() == [
        "row category_standard@2020-08-12#1 = 1000000, clause 2.1, SD1, assumed",
        "step general = 1000000, clause 2.2, chose apparel, I-11",
        "row sales_tier@2020-08-12#2 = 3000000, clause 3.1, SD1, assumed",
        "step tier = 3000000, clause 3.1",
        "param floor = 1000000, clause 3.1, SD1, 2020-08-12",
        "step standard = 3000000, clause 2.2, chose tier, I-12",
        "step special = 0, clause 2.2, I-11",
        "step required = 3000000, clause 3.3",
        "step shortfall = 2000000, clause 5.1, chose required - held_fen",
    ]
    assert evaluation.assumed == ("category_standard", "sales_tier")
    assert evaluation.instruments == ("SD1",)


def test_each_edition_decides_from_its_own_day(deposit: Pack) -> None:
    """The announced edition decides on its first day and not on the day before."""
    facts = {"gmv_fen": 100_000_000, "categories": ["food"], "raises_fen": 0, "held_fen": 0}
    days = [date(2026, 1, 14), date(2026, 1, 15)]
    before, after = both_agree(
        deposit, "required_deposit", [{**facts, "adjusted_on": day} for day in days]
    )
    assert (before.result["required"], after.result["required"]) == (5_000_000, 6_000_000)
    assert after.instruments == ("SD1", "SD2")


def test_each_month_is_judged_by_the_floor_of_its_own_month() -> None:
    """7.2 in three months breaks the run only where the floor of that month is above it."""
    text = (DATA / "provider_market.yaml").read_text()
    second = (
        "{from: 2025-10-01, value: 75, clause: 2.2/nps/a, instrument: PM2}]}"  # the floor rises
    )
    text = text.replace(
        "nps_floor:   {unit: tenths, values: [{from: 2025-07-19, value: 70,     "
        'clause: "2.2/nps/a", instrument: PM1}]}',
        "nps_floor:   {unit: tenths, values: [{from: 2025-07-19, value: 70,     "
        f'clause: "2.2/nps/a", instrument: PM1}}, {second}',
    ).replace(
        "clauses:  ",
        "  - {id: PM2, published: 2025-09-01, in_force: 2025-10-01, state: announced}\nclauses:  ",
        1,
    )
    pack = load_pack_text(text, "amended")
    months = [[date(2025, month, 28), 72] for month in (8, 9, 10)]
    [evaluation] = both_agree(pack, "nps", [{"assessed_on": date(2025, 10, 31), "months": months}])
    assert evaluation.result["streak"] == 1
    assert [line for line in evaluation.trace_lines() if line.startswith("element")] == [
        "element months[2025-08-28] = False, clause 2.2/nps/a, PM1, 2025-07-19",
        "element months[2025-09-28] = False, clause 2.2/nps/a, PM1, 2025-07-19",
        "element months[2025-10-28] = True, clause 2.2/nps/a, PM2, 2025-10-01",
    ]


def test_refusals_say_what_is_missing(deposit: Pack, market: Pack) -> None:
    """No edition, no row, no fact: refused with the reason, in both languages, on both sides."""
    facts = {
        "adjusted_on": date(2025, 1, 1), "gmv_fen": 0, "categories": ["pets"],
        "raises_fen": 0, "held_fen": 0,
    }  # fmt: skip
    unknown, early, missing = both_agree(
        deposit,
        "required_deposit",
        [
            facts,
            {**facts, "adjusted_on": date(2019, 1, 1), "categories": []},
            {name: value for name, value in facts.items() if name != "gmv_fen"},
        ],
    )
    assert unknown.refusal is not None
    assert early.refusal is not None
    assert missing.refusal is not None
    assert unknown.refusal.en == (
        "category_standard: no row for 'pets' in the edition in force on 2025-01-01"
    )
    assert unknown.refusal.zh == "category_standard：2025-01-01 生效的版本里没有 'pets' 一行"
    assert unknown.refusal.clause == "2.2"
    assert unknown.result == {}
    assert early.refusal.en == "required_deposit: no rule in force on 2019-01-01"
    assert missing.refusal.key == "missing_fact:gmv_fen"
    [late, twice] = both_agree(
        market,
        "nps",
        [
            {"assessed_on": date(2025, 8, 31), "months": [[date(2025, 9, 1), 50]]},
            {"assessed_on": date(2025, 8, 31), "months": [[date(2025, 8, 1), 50]] * 2},
        ],
    )
    assert late.refusal is not None
    assert late.refusal.en == "months: 2025-09-01 lies after the governing day 2025-08-31"
    assert twice.refusal is not None
    assert twice.refusal.key == "duplicate_element:months"


def test_parameters_and_rows_are_read_by_day(deposit: Pack, market: Pack) -> None:
    """A caller reads a number or a row as of a day, money in fen."""
    assert market.parameter("nps_floor", on=date(2025, 7, 19)) == 70
    row = deposit.table_row("category_standard", {"category": "food"}, on=date(2021, 1, 1))
    assert row == {"amount": 2_000_000, "special": False}
    assert deposit.in_force_from() == date(2020, 8, 12)
