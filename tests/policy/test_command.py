"""The commands ``policy check``, ``policy eval`` and ``policy show``."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from earnest.cli.policy import policy
from earnest.kernel.errors import BadInput

DATA = Path(__file__).parent / "data"
PACK = str(Path(__file__).parents[2] / "packs" / "kuaishou-shop-deposit.yaml")
FACTS = {
    "adjusted_on": "2025-09-01", "sales_fen": 55_000_000, "categories": ["apparel"],
    "raises_fen": 0, "balance_fen": 1_000_000,
}  # fmt: skip


def run(*arguments: str, facts: Any = None) -> Result:
    """Run the command; facts go to its standard input."""
    given = facts if isinstance(facts, str) else json.dumps(facts)
    return CliRunner().invoke(policy, list(arguments), input=given)


def test_check_lists_every_problem_and_fails() -> None:
    """Status 1 and a row per problem with its place; status 0 and a summary without."""
    wrong = run("check", str(DATA / "broken.yaml"), "--format", "json")
    rows = json.loads(wrong.stdout)
    assert wrong.exit_code == 1
    assert len(rows) > 40
    assert rows[0]["where"].endswith("broken.yaml:5:47")
    right = run("check", PACK, "--format", "json")
    [summary] = json.loads(right.stdout)
    assert right.exit_code == 0
    assert (summary["clauses"], summary["problems"]) == (60, 0)


def test_eval_answers_with_result_trace_and_reasons() -> None:
    """JSON holds result, clauses, trace and the paragraph in both languages."""
    done = run(
        "eval", PACK, "required_deposit", "--facts", "-", "--trace", "--format", "json", facts=FACTS
    )
    [row] = json.loads(done.stdout)
    assert done.exit_code == 0
    assert row["result"]["required_fen"] == 3_000_000
    assert row["clauses"][0] == "S3-3.1a"
    assert row["assumed"] == ["category_standard", "sales_tier"]
    assert row["trace"][0]["entry"] == "row"
    assert row["zh"].startswith("店铺应缴保证金")
    table = run("eval", PACK, "required_deposit", "--facts", "-", "--trace", facts=[FACTS, FACTS])
    assert table.stdout.count("3000000") >= 2


def test_eval_at_another_day_and_refused() -> None:
    """``--on`` replaces the governing day; a refusal is told and gives status 1."""
    early = run(
        "eval", PACK, "required_deposit", "--facts", "-", "--on", "2019-01-01",
        "--format", "json", facts=FACTS,
    )  # fmt: skip
    [row] = json.loads(early.stdout)
    assert early.exit_code == 1
    assert row["governing_on"] == "2019-01-01"
    assert row["refusal"]["code"] == "no_rule"


@pytest.mark.parametrize("facts", ["{", "7", "[7]"])
def test_facts_that_are_no_objects_are_bad_input(facts: str) -> None:
    """What is not a JSON object, or a list of them, is told as bad input."""
    done = run("eval", PACK, "required_deposit", "--facts", "-", facts=facts)
    assert isinstance(done.exception, BadInput)


def test_show_lists_what_a_pack_holds() -> None:
    """Clauses, choices, parameters, tables and decisions, one row each, in both languages."""
    rows = json.loads(run("show", PACK, "--format", "json").stdout)
    sections = {row["section"] for row in rows}
    assert sections == {
        "instrument", "clause", "interpretation", "parameter", "table", "decision",
    }  # fmt: skip
    [tier] = [row for row in rows if row["name"] == "sales_tier"]
    assert tier["detail"] == "4 rows from 2020-08-12, assumed"
