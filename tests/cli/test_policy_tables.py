"""The commands ``policy table-out`` and ``table-in``."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from earnest.cli.policy import policy
from earnest.kernel.errors import BadInput, Conflict
from earnest.policy import load_pack
from tests.authoring.books import STALL


def run(*arguments: object) -> Result:
    """Run a policy command."""
    return CliRunner().invoke(policy, [str(each) for each in arguments])


@pytest.fixture
def stall(tmp_path: Path) -> Path:
    """A pack in a file of its own."""
    path = tmp_path / "stall.yaml"
    path.write_text(STALL, encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_table_goes_out_and_comes_back(stall: Path, form: str) -> None:
    """The new pack is the old one, byte for byte."""
    sheet, new = stall.with_suffix(f".{form}"), stall.with_name("new.yaml")
    assert run("table-out", stall, "sales_tier", "--to", sheet).exit_code == 0
    done = run("table-in", stall, "sales_tier", sheet, "--to", new)
    assert done.exit_code == 0
    assert "nothing differs" in done.stderr
    assert new.read_bytes() == stall.read_bytes()


def test_cases_that_differ_are_told_and_the_pack_is_written(stall: Path) -> None:
    """Status 1, and the new pack is there to be looked at."""
    sheet, new = stall.with_suffix(".csv"), stall.with_name("new.yaml")
    sheet.write_text("sales,amount,clause,id\n< 5000,500,1,\n>= 5000,7,1,\n", encoding="utf-8")
    done = run("table-in", stall, "sales_tier", sheet, "--to", new)
    assert done.exit_code == 1
    assert "the case differs" in done.stderr
    assert "then: [7]" in new.read_text(encoding="utf-8")


def test_a_wrong_sheet_is_told_whole_and_nothing_is_written(stall: Path) -> None:
    """Every cell by row and column, in both languages, with status 2."""
    sheet, new = stall.with_suffix(".csv"), stall.with_name("new.yaml")
    sheet.write_text("sales,amount,clause,id\n<< 5,x,,\n", encoding="utf-8")
    done = run("table-in", stall, "sales_tier", sheet, "--to", new)
    assert done.exit_code == 2
    assert [part in done.stderr for part in ("column sales", "column amount", "column clause")]
    assert "请写条款号" in done.stderr
    assert not new.exists()


def test_nothing_is_written_over_by_accident(stall: Path) -> None:
    """A file that is there stays unless ``--overwrite`` says otherwise; its name tells its form."""
    sheet = stall.with_suffix(".csv")
    sheet.write_text("mine", encoding="utf-8")
    kept = run("table-out", stall, "goods", "--to", sheet)
    assert isinstance(kept.exception, Conflict)
    assert sheet.read_text(encoding="utf-8") == "mine"
    assert run("table-out", stall, "goods", "--to", sheet, "--overwrite").exit_code == 0
    assert isinstance(run("table-out", stall, "goods", "--to", "x.ods").exception, BadInput)
    gone = run("table-in", stall, "goods", stall.with_name("no.csv"), "--to", "y.yaml")
    assert isinstance(gone.exception, BadInput)


def test_of_a_pack_with_a_base_only_its_own_file_is_written(stall: Path) -> None:
    """A new edition goes into the file that extends; the base is not copied into it."""
    child = stall.with_name("child.yaml")
    child.write_text(
        "rulebook: child\nextends: stall.yaml\n"
        "instruments: [{id: C1, published: 2025-03-01, in_force: 2025-04-01, state: in_force}]\n"
        "tables:\n  sales_tier:\n    editions:\n"
        "      - {from: 2025-04-01, instrument: C1, rows: [{when: any, then: [1], clause: '1'}]}\n",
        encoding="utf-8",
    )
    sheet, new = stall.with_suffix(".csv"), stall.with_name("new.yaml")
    sheet.write_text("sales,amount,clause,id\n< 5,0,1,\n>= 5,2,1,\n", encoding="utf-8")
    given = ("sales_tier", sheet, "--from", "2025-05-01", "--instrument", "C1", "--to", new)
    assert run("table-in", child, *given).exit_code == 0
    text = new.read_text(encoding="utf-8")
    assert text.startswith(child.read_text(encoding="utf-8")[:-1])
    assert "rulebook: stall" not in text
    assert len(load_pack(new).tables["sales_tier"].editions) == 2


def test_a_new_edition_is_written_even_when_cases_differ(stall: Path) -> None:
    """Status 1 as without a day; places name the file that was written."""
    sheet, new = stall.with_suffix(".csv"), stall.with_name("new.yaml")
    sheet.write_text("sales,amount,clause,id\nany,7,1,\n", encoding="utf-8")
    given = ("--from", "2025-02-15", "--instrument", "M1", "--to", new)
    done = run("table-in", stall, "sales_tier", sheet, *given)
    assert done.exit_code == 1
    assert f"{new}:" in done.stderr
    assert "2025-02-15" in new.read_text(encoding="utf-8")
    early = stall.with_name("early.yaml")
    given = ("--from", "2025-01-15", "--instrument", "M1", "--to", early)
    done = run("table-in", stall, "sales_tier", sheet, *given)
    assert (done.exit_code, early.exists()) == (2, False)
    assert done.stderr.startswith(f"{stall}:")


def test_a_failing_case_locks_no_tool(stall: Path) -> None:
    """One line of warning; what was asked for is done all the same."""
    stall.write_text(STALL.replace("{required_fen: 99950}", "{required_fen: 1}"), encoding="utf-8")
    sheet = stall.with_suffix(".csv")
    done = run("table-out", stall, "sales_tier", "--to", sheet)
    assert done.exit_code == 0
    assert sheet.exists()
    warning = done.stderr.splitlines()[0]
    assert warning.startswith(f"{stall}: warning: golden cases do not hold (line ")
    for command in (("show", stall), ("diff", stall, stall), ("eval", stall, "--case", 1)):
        shown = run(*command)
        assert (shown.exit_code, shown.stderr.count("warning")) == (0, 2 - (command[0] != "diff"))
    assert run("lint", stall).exit_code == 1
    assert run("mutate", stall).exit_code == 2
