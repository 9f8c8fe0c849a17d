"""The commands ``policy lint``, ``mutate`` and ``schema``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from earnest.cli.policy import policy
from earnest.kernel.errors import BadInput
from tests.authoring.books import ROOT, SHIPPED, STALL

BROKEN = str(ROOT / "tests" / "policy" / "data" / "broken.yaml")
DEPOSIT = str(SHIPPED["kuaishou-shop-deposit"])


def run(*arguments: str) -> Result:
    """Run a policy command."""
    return CliRunner().invoke(policy, list(arguments))


@pytest.fixture
def stall(tmp_path: Path) -> Path:
    """A sound pack in a file of its own."""
    path = tmp_path / "stall.yaml"
    path.write_text(STALL, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["lint", "check"])
def test_lint_lists_every_problem_and_fails(name: str) -> None:
    """Status 1 and a row per problem with its place; what it was called before still works."""
    done = run(name, BROKEN, "--format", "json")
    rows = json.loads(done.stdout)
    assert done.exit_code == 1
    assert len(rows) > 40
    assert list(rows[0]) == ["severity", "where", "code", "zh", "en"]
    assert rows[0]["where"].endswith("broken.yaml:5:47")


def test_information_is_listed_when_it_is_asked_for(stall: Path) -> None:
    """A sound pack shows nothing but a count; ``--all`` shows what should be known."""
    done = run("lint", DEPOSIT, "--format", "json")
    assert done.exit_code == 0
    assert "(--all lists them)" in done.stderr
    every = run("lint", DEPOSIT, "--all", "--format", "json")
    assert {row["severity"] for row in json.loads(every.stdout)} >= {"info"}
    assert run("lint", str(stall), "--law", "none").exit_code == 0
    assert isinstance(run("lint", "nowhere.yaml").exception, BadInput)


def test_the_law_asks_for_notice(stall: Path) -> None:
    """The shipped law is held against an act unless none is wanted."""
    text = STALL.replace(
        "published: 2025-09-01, in_force: 2025-10-01", "published: 2099-01-01, in_force: 2099-01-03"
    )
    stall.write_text(text, encoding="utf-8")
    done = run("lint", str(stall), "--format", "json")
    assert done.exit_code == 1
    assert [row["code"] for row in json.loads(done.stdout)] == ["short_notice"]
    assert run("lint", str(stall), "--law", "none").exit_code == 0


def test_mutate_lists_the_survivors(stall: Path) -> None:
    """Their place, clause and change, and how many were killed; ``--all`` lists those, too."""
    done = run("mutate", str(stall), "--format", "json")
    every = run("mutate", str(stall), "--format", "json", "--all")
    survivors, mutants = json.loads(done.stdout), json.loads(every.stdout)
    assert done.exit_code == 0
    assert survivors[0]["where"].startswith(f"{stall}:")
    assert [each["survived"] for each in mutants].count(True) == len(survivors)
    killed = len(mutants) - len(survivors)
    assert f"{killed} of {len(mutants)} mutants killed" in done.stderr


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    """Standard output holds the schema alone; ``--out`` writes the same to a file."""
    printed = run("schema")
    target = tmp_path / "pack.schema.json"
    run("schema", "--out", str(target))
    assert json.loads(printed.stdout)["$schema"].endswith("2020-12/schema")
    assert target.read_text(encoding="utf-8") == printed.stdout


def test_a_pack_that_does_not_load_is_told_whole() -> None:
    """Commands that need a sound pack print each of its problems and give status 2."""
    done = run("mutate", BROKEN)
    assert done.exit_code == 2
    assert done.stderr.count("broken.yaml:") > 40
