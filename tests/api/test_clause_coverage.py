"""The report on clauses: read from a checkout's files, honest about what is missing."""

import ast
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from earnest.cli import REPOSITORY
from earnest.cli import coverage as coverage_module
from earnest.cli.coverage import clauses_marked, coverage, coverage_of, coverage_page
from earnest.kernel.errors import NotFound

TESTED = '''
"""Tests of a pretended checkout."""
import pytest

pytestmark = pytest.mark.clause("S0-4")


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b")
def test_ladder(): ...
'''
CITING = '"""Decides the ladder (S0-2.2.5-5c) and S0-2.1-ship48-def."""\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout with the real rulebooks, one source file and one test file."""
    shutil.copytree(REPOSITORY / "packs", tmp_path / "packs")
    (tmp_path / "src/earnest/console").mkdir(parents=True)
    (tmp_path / "src/earnest/console/ladder.py").write_text(CITING)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_ladder.py").write_text(TESTED)
    return tmp_path


def test_marks_are_read_without_running() -> None:
    """Marks of functions and of whole files are found in the text of a test file."""
    assert set(clauses_marked(ast.parse(TESTED))) == {
        ("S0-4", ""),
        ("S0-2.2.5-5a", "test_ladder"),
        ("S0-2.2.5-5b", "test_ladder"),
    }


def test_each_clause_shows_what_there_is(checkout: Path) -> None:
    """A clause is proven by a test, unproven where only code cites it, else not built yet."""
    rows = {row.clause: row for row in coverage_of(checkout)}
    assert rows["S0-2.2.5-5a"].state == "proven"
    assert rows["S0-2.2.5-5a"].tests == ["tests/test_ladder.py::test_ladder"]
    assert rows["S0-2.2.5-5c"].state == "unproven"
    assert rows["S0-2.2.5-5c"].screens == ["console/ladder.py"]
    assert rows["S0-2.1-ship48-def"].code == ["console/ladder.py"]
    assert rows["S0-2.1-ship48"].code == []
    assert rows["S0-3.2a"].state == "not built yet"


def test_the_page_names_every_clause_once(checkout: Path) -> None:
    """The Markdown page has one title and one row per clause."""
    rows = coverage_of(checkout)
    page = coverage_page(rows)
    assert sum(line.startswith("# ") for line in page.splitlines()) == 1
    for row in rows:
        assert page.count(f"| {row.clause} |") == 1


def test_an_encoded_clause_without_proof_fails_the_command(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command exits 1 and names the encoded clauses that no test names."""
    monkeypatch.setattr(coverage_module, "REPOSITORY", checkout)
    page = checkout / "clauses.md"
    outcome = CliRunner().invoke(coverage, ["--format", "json", "--write", str(page)])
    assert outcome.exit_code == 1
    assert "S0-2.2.5-5c" in outcome.stderr
    assert "S0-2.2.5-5a" not in outcome.stderr
    assert len(json.loads(outcome.stdout)) == len(coverage_of(checkout))
    assert page.read_text().startswith("# Clause coverage")


def test_without_a_checkout_it_says_so(tmp_path: Path) -> None:
    """An installed package has no tests beside it: the command says where to run."""
    with pytest.raises(NotFound):
        coverage_of(tmp_path)


def test_every_clause_named_here_exists() -> None:
    """Tests and code name only clauses that a rulebook has."""
    known = {row.clause for row in coverage_of(REPOSITORY)}
    named = set(coverage_module.tests_by_clause(REPOSITORY / "tests"))
    assert named <= known
