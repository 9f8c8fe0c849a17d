"""The command ``policy eval`` for one subject or several."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from earnest.cli.policy import policy
from earnest.kernel.errors import BadInput, NotFound

PACK = str(Path(__file__).parents[2] / "packs" / "kuaishou-shop-deposit.yaml")
FACTS = {
    "adjusted_on": "2025-09-01", "sales_fen": 55_000_000, "categories": ["apparel"],
    "raises_fen": 0, "balance_fen": 1_000_000,
}  # fmt: skip


def run(*arguments: str, facts: Any = None) -> Result:
    """Run the command; facts go to its standard input."""
    given = facts if isinstance(facts, str) else json.dumps(facts)
    return CliRunner().invoke(policy, list(arguments), input=given)


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


def test_choices_and_drafts_are_another_reading_of_the_text() -> None:
    """``--choose`` takes another option and says so; a wrong one is told with what there is."""
    given = ["eval", PACK, "required_deposit", "--facts", "-", "--format", "json", "--trace"]
    facts = FACTS | {"categories": ["jewelry", "wine"]}
    [plain] = json.loads(run(*given, facts=facts).stdout)
    [summed] = json.loads(
        run(*given, "--choose", "special_combination=add_all", facts=facts).stdout
    )
    assert plain["choices"]["special_combination"] == "add_highest"
    assert summed["choices"]["special_combination"] == "add_all"
    assert summed["result"]["required_fen"] - plain["result"]["required_fen"] == 3_000_000
    [drafts] = json.loads(run(*given, "--drafts", facts=facts).stdout)
    assert drafts["result"] == plain["result"]
    wrong = run(*given, "--choose", "special_combination=most", facts=facts)
    assert isinstance(wrong.exception, BadInput)
    assert run(*given, "--choose", "special_combination", facts=facts).exit_code == 2


def test_an_answer_says_why_in_both_languages() -> None:
    """Without ``--trace`` as well, in the documented form; a refusal says why, too."""
    given = ["eval", PACK, "required_deposit", "--facts", "-", "--format", "json"]
    [row] = json.loads(run(*given, facts=FACTS).stdout)
    assert list(row) == [
        "decision", "governing_on", "result", "refusal", "modality", "optional", "clauses",
        "assumed", "choices", "why",
    ]  # fmt: skip
    assert row["why"]["zh"].startswith("店铺应缴保证金")
    assert "30,000.00" in row["why"]["en"]
    [refused] = json.loads(run(*given, facts={**FACTS, "categories": ["pets"]}).stdout)
    assert "pets" in refused["why"]["en"]


def test_one_subject_is_told_as_a_list_and_several_as_rows() -> None:
    """What people ask first; amounts are written as read, beside what programs get."""
    given = ["eval", PACK, "required_deposit", "--facts", "-"]
    one = run(*given, "--language", "en", facts=FACTS).stdout.splitlines()
    assert one[0] == "required_deposit  2025-09-01"
    assert any(line.split()[:3] == ["required_fen", "30,000.00", "yuan"] for line in one)
    assert not [line for line in one if line == "trace"]
    zh = run(*given, "--language", "zh", "--trace", facts=FACTS).stdout
    assert "\n依据\n  row " in zh
    assert "店铺应缴保证金：" in zh
    several = [{**FACTS, "subject": "shop-7"}, {**FACTS, "categories": ["pets"]}]
    done = run(*given, facts=several)
    assert done.exit_code == 1
    assert [word in done.stdout for word in ("shop-7", "no_row:", "modality")] == [
        True, True, False,
    ]  # fmt: skip


def test_the_language_is_that_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless another is asked for."""
    given = ["eval", PACK, "required_deposit", "--facts", "-"]
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "店铺应缴保证金" in run(*given, facts=FACTS).stdout
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert "店铺应缴保证金" not in run(*given, facts=FACTS).stdout


def test_wrong_facts_of_one_subject_do_not_silence_the_others() -> None:
    """Each is named by its place; the status says that not all were answered."""
    done = run(
        "eval", PACK, "required_deposit", "--facts", "-", "--format", "json",
        facts=[FACTS, 7, {**FACTS, "sales": 1}, {**FACTS, "subject": "last"}],
    )  # fmt: skip
    assert done.exit_code == 2
    assert [row["subject"] for row in json.loads(done.stdout)] == ["1", "last"]
    assert "<stdin>, item 2: " in done.stderr
    assert "<stdin>, item 3: sales: " in done.stderr


def test_a_golden_case_is_taken_by_its_number() -> None:
    """Of the pack, or of one decision; the answer says whether it holds."""
    first = run("eval", PACK, "--case", "1", "--format", "json")
    [row] = json.loads(first.stdout)
    assert (first.exit_code, row["case"]) == (0, "case 1: holds")
    own = run("eval", PACK, "required_deposit", "--case", "1", "--trace")
    assert own.exit_code == 0
    assert own.stdout.startswith("required_deposit")
    moved = run("eval", PACK, "required_deposit", "--case", "1", "--on", "2019-01-01")
    assert moved.exit_code == 1
    assert "differs: expected a decision, got no_rule:" in moved.stdout
    beyond = run("eval", PACK, "--case", "999")
    assert isinstance(beyond.exception, NotFound)


def test_either_facts_or_a_population() -> None:
    """Neither and both are wrong use."""
    assert run("eval", PACK, "required_deposit").exit_code == 2
    both = run("eval", PACK, "required_deposit", "--facts", "-", "--set", "x.csv", facts=FACTS)
    assert both.exit_code == 2
