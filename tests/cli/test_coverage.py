"""The report on clauses: read from a checkout's files, honest about what is missing."""

import ast
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from earnest.cli import REPOSITORY, clause_evidence
from earnest.cli import coverage as command_module
from earnest.cli.clause_evidence import clauses_marked, deciders, evidence_of
from earnest.cli.clause_page import AMBIGUITIES, coverage_page
from earnest.cli.clause_rows import LAW, STATES, Coverage, coverage_of, lost_since
from earnest.cli.clause_screens import screen_of
from earnest.cli.coverage import RECORD, coverage
from earnest.kernel.errors import NotFound
from earnest.policy import load_pack

TESTED = '''
"""Tests of a pretended checkout."""
import pytest

pytestmark = pytest.mark.clause("S0-4")


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b")
def test_ladder():
    choice = "effective_date"
'''
CITING = '''"""The rungs (S0-2.2.5-5c)."""


def fine(pack, day):
    """Say the amount of a rung (S0-2.2.5-5a), of which S0-2.2.5-5 is no clause."""
    return pack.table_row("nps_rungs", {"run": 1}, on=day)
'''
SAYING = 'WORDS = {"hold": "the deposit is held"}\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout with the real rulebooks, three source files and one test file."""
    shutil.copytree(REPOSITORY / "packs", tmp_path / "packs")
    for name, text in {
        "src/earnest/console/ladder.py": CITING,
        "src/earnest/ledger/words.py": SAYING,
        "src/earnest/measures/rate.sql": "-- S0-2.1-ship48-def\nSELECT 1;\n",
        "tests/test_ladder.py": TESTED,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture(scope="module")
def present() -> Coverage:
    """Return what this very checkout shows."""
    return coverage_of(REPOSITORY)


def _run(checkout: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
    monkeypatch.setattr(command_module, "REPOSITORY", checkout)
    return CliRunner().invoke(coverage, options)


def _spoil(checkout: Path, old: str, new: str) -> None:
    pack = checkout / "packs/kuaishou-supply-market.yaml"
    text = pack.read_text()
    assert old in text
    pack.write_text(text.replace(old, new))


def test_marks_are_read_without_running() -> None:
    """Marks of functions and of whole files are found in the text of a test file."""
    assert set(clauses_marked(ast.parse(TESTED))) == {
        ("S0-4", ""),
        ("S0-2.2.5-5a", "test_ladder"),
        ("S0-2.2.5-5b", "test_ladder"),
    }


def test_each_clause_shows_what_there_is(checkout: Path) -> None:
    """Who claims, decides, proves and shows a clause comes from the files of the checkout."""
    rows = {row.clause: row for row in coverage_of(checkout).rows}
    hide = rows["S0-2.2.5-5a"]
    assert hide.state == "proven"
    assert hide.tests == ["tests/test_ladder.py::test_ladder"]
    assert "nps_ladder" in hide.by
    assert "nps_ladder.rung" in hide.steps
    assert ("服务商：评分阶梯", "provider: score ladder") in hide.screens
    assert rows["S0-2.2.5-5c"].screens[0] == ("服务商：评分阶梯", "provider: score ladder")
    assert rows["S0-2.1-ship48-def"].code == ["measures/rate.sql"]
    assert rows["S0-2.1-ship48"].code == []
    assert rows["S3-4.2c"].code == []  # a word that is also a decision's name says nothing
    assert rows["S0-2.1-exp1"].cases > 1
    assert rows["S0-3.1"].said("zh") == "见其他文本: 见服务市场管理规范 400160"
    assert rows["S0-3.1"].said("en").startswith("in another text: see the")


def test_a_step_that_reads_a_table_decides_the_clauses_of_its_rows() -> None:
    """Steps are found by their own clause, by those of rows, and by those of parameters."""
    pack = load_pack(REPOSITORY / "packs/kuaishou-supply-market.yaml")
    found = deciders(pack)
    assert "nps_ladder.rung" in found["S0-2.2.5-5c"]
    assert "after_sales_clock.hours" in found["S0-2.1-as4"]
    assert "exit_conditions.quiet_month" in found["S0-3.3"]


def test_places_are_functions_and_switches_are_known_by_their_tests(checkout: Path) -> None:
    """A place is the function that cites; a switch's tests are those that name it."""
    packs = [load_pack(path) for path in sorted((checkout / "packs").glob("*.yaml"))]
    found = evidence_of(checkout / "src/earnest", checkout / "tests", packs)
    assert found.cited["S0-2.2.5-5a"] == ["console/ladder.py::fine"]
    assert found.cited["S0-2.2.5-5c"] == ["console/ladder.py"]
    assert found.mentioned == {"nps_rungs": ["console/ladder.py::fine"]}
    assert found.naming == {"effective_date": ["tests/test_ladder.py::test_ladder"]}


@pytest.mark.parametrize(
    ("place", "page"),
    [
        ("console/views/deposits.py::shop", "deposit"),
        ("console/new_page.py", "new page"),
        ("assessment/providers.py::duty_findings", "provider: duties"),
    ],
)
def test_pages_are_told_in_words(place: str, page: str) -> None:
    """A file of the console is a page by name; what the assessment finds is on a party's page."""
    found = screen_of(place)
    assert found is not None
    assert found[1] == page
    assert screen_of("ledger/checks.py") is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_names_every_clause_once(checkout: Path, language: str) -> None:
    """The Markdown page has one title, one row per clause and one per open question."""
    found = coverage_of(checkout)
    lines = coverage_page(found, language).splitlines()
    assert sum(line.startswith("# ") for line in lines) == 1
    for row in found.rows:
        [line] = [each for each in lines if each.startswith(f"| {row.clause} |")]
        assert (row.en if language == "en" else row.zh) in line
        assert STATES[row.state][language == "en"] in line
    numbers = [line.split(" ")[1] for line in lines if line.startswith("| ") and "`: " in line]
    assert {int(number) for number in numbers} == set(range(1, 18))


def test_an_encoded_clause_without_proof_fails_the_command(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command exits 1 and names encoded clauses that no test and no case proves."""
    _spoil(checkout, "clause: S0-2.2.3b,", "clause: S0-2.2.3a,")
    _spoil(checkout, "\n        clause: S0-2.2.3b", "\n        clause: S0-2.2.3a")
    _spoil(checkout, "clause: S0-2.2.3b}", "clause: S0-2.2.3a}")
    outcome = _run(checkout, monkeypatch, "--format", "json")
    assert outcome.exit_code == 1
    assert "133 of 134" in outcome.stderr
    assert "no test and no case proves them: S0-2.2.3b\n" in outcome.stderr
    assert len(json.loads(outcome.stdout)) == len(coverage_of(checkout).rows)


def test_a_clause_that_is_not_encoded_says_why(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a note, a clause left to people or to another text is not accounted for."""
    note = "服务是否到位由人评定 / a person judges the service given"
    _spoil(checkout, f'note: "{note}"', 'note: ""')
    outcome = _run(checkout, monkeypatch, "--language", "zh")
    assert outcome.exit_code == 1
    assert "no note says why: S0-2.2.3a\n" in outcome.stderr
    assert "未写明原因" in outcome.stdout


def test_a_clause_that_lost_its_proof_fails_with_its_name(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the recorded page calls proven and nothing proves any more is told by name."""
    record = checkout / RECORD
    record.parent.mkdir()
    test = checkout / "tests/test_ladder.py"
    test.write_text(TESTED.replace('"S0-4"', '"S0-2.2.3a"'))
    assert _run(checkout, monkeypatch, "--write", str(record)).exit_code == 0
    assert _run(checkout, monkeypatch).exit_code == 0
    test.write_text(TESTED)
    outcome = _run(checkout, monkeypatch)
    assert outcome.exit_code == 1
    assert "and no longer: S0-2.2.3a\n" in outcome.stderr


def test_without_a_checkout_it_says_so(tmp_path: Path) -> None:
    """An installed package has no tests beside it: the command says where to run."""
    with pytest.raises(NotFound):
        coverage_of(tmp_path)


def test_every_clause_of_the_two_rules_is_accounted_for(present: Coverage) -> None:
    """134 clauses, each proven, or left to people, to other texts or open with a reason."""
    assert len(present.counted) == 134
    assert [row.clause for row in present.counted if not row.accounted] == []
    assert {row.rulebook for row in present.rows} - {row.rulebook for row in present.counted} == (
        set(LAW)
    )


def test_no_clause_has_lost_its_proof(present: Coverage) -> None:
    """What docs/clauses.md records as proven still is, and the record lists every clause."""
    for record in (RECORD, Path("docs/clauses.zh.md")):
        page = (REPOSITORY / record).read_text(encoding="utf-8")
        assert lost_since(page, present.rows) == []
        assert [row.clause for row in present.rows if f"| {row.clause} |" not in page] == []


def test_every_open_question_has_its_switch_and_its_test(present: Coverage) -> None:
    """Each of the 17 is a choice with options, and a test names it."""
    assert [number for number, _ in AMBIGUITIES] == list(range(1, 18))
    for _, names in AMBIGUITIES:
        for name in names:
            [switch] = [p.interpretations[name] for p in present.packs if name in p.interpretations]
            assert len(switch.options) > 1
            assert present.switches[name]


def test_every_clause_named_here_exists(present: Coverage) -> None:
    """Tests name only clauses that a rulebook has."""
    named = set(clause_evidence.tests_by_clause(REPOSITORY / "tests"))
    assert named <= {row.clause for row in present.rows}
