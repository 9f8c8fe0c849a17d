"""``policy eval --set``: a population by SQL says what the interpreter says of each subject."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from earnest.cli.policy import policy
from earnest.cli.policy_population import population_evaluate
from earnest.kernel.errors import BadInput, NotFound
from earnest.policy import Pack, PackError, load_pack
from tests.authoring.books import EVERY_FORM, SHIPPED

PACKS = {path.stem: load_pack(path) for path in [*SHIPPED.values(), EVERY_FORM]}
DEPOSIT = str(SHIPPED["kuaishou-shop-deposit"])
FACTS: dict[str, Any] = {
    "subject": "S1", "adjusted_on": "2025-09-01", "sales_fen": 55_000_000,
    "categories": ["apparel"], "raises_fen": 0, "balance_fen": 1_000_000,
}  # fmt: skip


def plain(value: Any) -> Any:
    """Return facts of a case as JSON holds them."""
    return json.loads(json.dumps(value, default=str))


def populations(pack: Pack) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Go through the decisions of a pack with the facts of their golden cases."""
    for name, spec in pack.decisions.items():
        cases = [case.facts for case in pack.cases if case.decision == name]
        cases = [facts for facts in cases if "" not in facts.values()]
        if cases:
            yield name, [{fact: plain(each.get(fact)) for fact in spec.facts} for each in cases]


def answers(pack: Pack, decision: str, file: Path) -> list[dict[str, Any]]:
    """Return what the population command writes, in the order of the subjects."""
    out = file.with_name("answers.parquet")
    population_evaluate(pack, decision, file, (None, out))
    with duckdb.connect() as connection:
        found = connection.execute(f"FROM '{out}' ORDER BY CAST(subject AS INT)")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("name", PACKS)
def test_every_file_form_gives_what_the_interpreter_gives(name: str, tmp_path: Path) -> None:
    """JSON and CSV of the same facts: the same answers, refusals included.

    In CSV an empty cell is a missing fact; an empty text cannot be said there.
    """
    pack = PACKS[name]
    for decision, facts in populations(pack):
        as_json, as_csv = tmp_path / "facts.json", tmp_path / "facts.csv"
        as_json.write_text(json.dumps(facts), encoding="utf-8")
        with as_csv.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(facts[0]))
            writer.writeheader()
            writer.writerows(
                {
                    key: json.dumps(value) if isinstance(value, list | bool) else value
                    for key, value in each.items()
                }
                for each in facts
            )
        found = answers(pack, decision, as_json)
        assert found == answers(pack, decision, as_csv), decision
        for each, row in zip(facts, found, strict=True):
            evaluation = pack.evaluate(decision, each)
            refusal = evaluation.refusal
            assert row["unresolved"] == (refusal.key if refusal else None), decision
            wanted = {name: evaluation.result.get(name) for name in evaluation.spec.outcome}
            assert {name: row[name] for name in wanted} == wanted, decision


def test_parquet_is_read_as_it_is(tmp_path: Path) -> None:
    """Columns in any order, smaller integers and further columns are taken; subjects keep names."""
    file = tmp_path / "facts.parquet"
    duckdb.execute(
        "COPY (SELECT 'x' AS color, 55000000::INTEGER AS sales_fen, DATE '2025-09-01' AS "
        "adjusted_on, ['apparel'] AS categories, 0 AS raises_fen, 1000000 AS balance_fen, "
        f"'S9' AS subject) TO '{file}'"
    )
    out = tmp_path / "answers.csv"
    done = run("--set", file, "--out", out)
    assert done.exit_code == 0
    [row] = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert (row["subject"], row["required_fen"], row["unresolved"]) == ("S9", "3000000", "")


def run(*arguments: object, decision: str = "required_deposit") -> Result:
    """Run ``policy eval`` over the deposit pack."""
    words = ["eval", DEPOSIT, decision, *(str(each) for each in arguments)]
    return CliRunner().invoke(policy, words)


def written(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    """Return a JSON file of rows."""
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    return file


def test_the_summary_counts_and_sums(tmp_path: Path) -> None:
    """Subjects, refusals by reason, and sums of money in whole cents with the amount beside."""
    rows = [FACTS, {**FACTS, "categories": ["pets"]}, {**FACTS, "sales_fen": None}]
    done = run("--set", written(tmp_path, rows), "--format", "json")
    told = {row["what"]: (row["value"], row["note"]) for row in json.loads(done.stdout)}
    assert done.exit_code == 0
    assert told["subjects"] == (3, "")
    assert told["decided"] == (1, "")
    assert told["refused: no_row:category_standard"] == (1, "")
    assert told["refused: missing_fact:sales_fen"] == (1, "")
    assert told["sum of required_fen"] == (3_000_000, "30,000.00 CNY")


def test_a_day_for_all_replaces_the_column(tmp_path: Path) -> None:
    """With ``--on`` the file needs no governing day."""
    rows = [{name: value for name, value in FACTS.items() if name != "adjusted_on"}]
    file = written(tmp_path, rows)
    done = run("--set", file, "--on", "2019-01-01", "--format", "json")
    assert {row["what"] for row in json.loads(done.stdout)} >= {"refused: no_rule:required_deposit"}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"sales_fen": 1.5}, "row 1, column sales_fen"),
        ({"sales_fen": True}, "row 1, column sales_fen"),
        ({"adjusted_on": "1 May"}, "row 1, column adjusted_on"),
        ({"categories": "apparel"}, "row 1, column categories"),
        ({"categories": [7]}, "row 1, column categories"),
    ],
)
def test_a_wrong_value_is_told_with_its_row(
    facts: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """Nothing is rounded or guessed: the row, the column and what is needed are named."""
    done = run("--set", written(tmp_path, [FACTS | facts]))
    assert done.exit_code == 2
    assert said in done.stderr


def test_wrong_columns_are_all_named(tmp_path: Path) -> None:
    """What is missing and what has the wrong type, with what is needed and the nearest name."""
    file = tmp_path / "facts.parquet"
    duckdb.execute(
        "COPY (SELECT 1.5::DOUBLE AS sales_fen, '2025' AS adjusted_on, 'a' AS categories, "
        f"0 AS raises_fen, 1 AS balance_fen) TO '{file}'"
    )
    with pytest.raises(PackError) as caught:
        population_evaluate(PACKS["kuaishou-shop-deposit"], "required_deposit", file, (None, None))
    assert [problem.where.rsplit(" ", 1)[1] for problem in caught.value.problems] == [
        "adjusted_on", "sales_fen", "categories",
    ]  # fmt: skip
    assert all("must hold" in problem.en for problem in caught.value.problems)
    done = run("--set", written(tmp_path, [{"sales": 1}]))
    assert "this column is missing (CNY, BIGINT); did you mean 'sales'?" in done.stderr


def test_what_is_no_population_is_bad_input(tmp_path: Path) -> None:
    """No file, no such form, no rows of objects, no Parquet, no form for the answers."""
    for name, content in (
        ("no.csv", None), ("x.txt", "a"), ("x.json", "{"), ("x.json", "[1]"), ("x.parquet", "no"),
    ):  # fmt: skip
        file = tmp_path / name
        if content is not None:
            file.write_text(content, encoding="utf-8")
        assert isinstance(run("--set", file).exception, BadInput), name
    fine = written(tmp_path, [FACTS])
    assert isinstance(run("--set", fine, "--out", tmp_path / "x.ods").exception, BadInput)
    assert isinstance(run("--set", fine, decision="no").exception, NotFound)
