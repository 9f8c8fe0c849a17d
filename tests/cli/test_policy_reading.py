"""The commands ``policy show`` and ``diff``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from earnest.cli.policy import policy
from earnest.kernel.errors import NotFound
from tests.authoring.books import SHIPPED, STALL, changed

DEPOSIT = str(SHIPPED["kuaishou-shop-deposit"])


def run(*arguments: object) -> Result:
    """Run a policy command."""
    return CliRunner().invoke(policy, [str(each) for each in arguments])


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nothing was published yet."""
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("EARNEST_HOME", str(tmp_path))


def test_a_rulebook_is_shown_as_text_markdown_and_json() -> None:
    """The same document in three forms, in the language and as of the day asked for."""
    text = run("show", DEPOSIT, "--on", "2025-01-01", "--language", "en")
    assert text.exit_code == 0
    assert "The rule in force on 2025-01-01." in text.stdout
    markdown = run("show", DEPOSIT, "--on", "2019-01-01", "--format", "md")
    assert markdown.stdout.startswith("# 企业店铺保证金\n")
    assert "2019-01-01 尚未生效" in markdown.stdout
    sections = json.loads(run("show", DEPOSIT, "--format", "json").stdout)
    assert [each["key"] for each in sections][:3] == ["title", "acts", "clauses"]


@pytest.mark.usefixtures("no_database")
def test_a_rulebook_is_found_by_its_name() -> None:
    """The shipped one where nothing was published; a name that is not known is told its nearest."""
    named = run("show", "kuaishou-shop-deposit", "--on", "2025-01-01", "--format", "md")
    assert named.stdout == run("show", DEPOSIT, "--on", "2025-01-01", "--format", "md").stdout
    wrong = run("show", "kuaishou-shop-deposits")
    assert isinstance(wrong.exception, NotFound)
    assert "did you mean 'kuaishou-shop-deposit'?" in str(wrong.exception)


def test_differences_are_listed_clause_by_clause(tmp_path: Path) -> None:
    """Old and new with day and act; no differences are said so; ``--exit-code`` tells a script."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(STALL, encoding="utf-8")
    later = ', {from: 2025-10-01, value: "3%", clause: "2", instrument: M2}]'
    new.write_text(
        changed(('clause: "2", instrument: M1}]', 'clause: "2", instrument: M1}' + later)),
        encoding="utf-8",
    )
    done = run("diff", old, new, "--format", "json", "--language", "en")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == [
        {
            "clause": "2", "section": "parameters", "name": "late_max", "change": "changed",
            "field": "value", "old": "4% ppm", "new": "3% ppm", "from": "2025-10-01", "act": "M2",
        }
    ]  # fmt: skip
    assert "参数" in run("diff", old, new).stdout
    assert run("diff", old, new, "--exit-code").exit_code == 1
    same = run("diff", old, old, "--exit-code", "--language", "en")
    assert (same.exit_code, same.stdout) == (0, "no differences\n")
