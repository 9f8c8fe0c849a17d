"""The command line as a newcomer meets it: real processes, a data folder, exit statuses."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from earnest.cli import COMMANDS
from earnest.postgres.server import ensure_server

PAID = "2025-08-0{day}T10:00:00+08:00"


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its stdout as JSON."""
        read: list[dict[str, Any]] = json.loads(self.out)
        return read


@dataclass(frozen=True)
class Line:
    """A command line with its own data folder."""

    home: Path

    def __call__(self, *words: str) -> Said:
        """Run a command."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "EARNEST_DB_ROLE", "DJANGO_SETTINGS_MODULE"}
        } | {"EARNEST_HOME": str(self.home), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, "-m", "earnest", *words],
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A command line whose server stays up between its commands."""
    home = tmp_path_factory.mktemp("home")
    server = ensure_server(home)
    yield Line(home)
    server.leave()


def _paid(number: int, **other: object) -> dict[str, object]:
    return {
        "order_id": f"O{number}",
        "state": "paid",
        "source_version": "1",
        "paid_at": PAID.format(day=number),
        "shop_id": "S1",
        "amount_paid_fen": 1000,
        **other,
    }


@pytest.fixture(scope="module")
def imported(line: Line) -> Said:
    """Three good orders and two bad ones, brought in from NDJSON."""
    rows = [
        _paid(1),
        _paid(2, amount_paid_fen=-5),
        _paid(3, paid_at="2025-08-03T10:00:00"),
        _paid(4),
        _paid(5),
    ]
    path = line.home / "order_event.ndjson"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return line("import", "feed", str(path), "--format", "json")


def test_every_command_answers_help() -> None:
    """Each command of the table is there and says what it is for."""
    for name, entry in COMMANDS.items():
        command = getattr(importlib.import_module(f"earnest.cli.{entry.module}"), entry.attribute)
        helped = command.get_help(click.Context(command, info_name=name))
        assert f"Usage: {name}" in helped
        assert len(helped.splitlines()) > 3, name


def test_good_rows_go_in_and_bad_rows_come_back(line: Line, imported: Said) -> None:
    """Rows are taken one by one: status 1, three accepted, two told with row, field and code."""
    assert imported.status == 1, imported.err
    (row,) = [each for each in imported.rows if each["stream"] == "order_event"]
    assert (row["accepted"], row["rejected"]) == (3, 2)
    told = line("feed", "rejections", "--format", "json")
    assert {(each["row"], each["field"], each["code"]) for each in told.rows} == {
        (2, "amount_paid_fen", "negative_amount"),
        (3, "paid_at", "time_without_zone"),
    }


def test_the_same_file_again_adds_nothing(line: Line, imported: Said) -> None:
    """A second import finds duplicates only."""
    assert imported.status == 1
    again = line("import", "feed", str(line.home / "order_event.ndjson"), "--format", "json")
    (row,) = [each for each in again.rows if each["stream"] == "order_event"]
    assert (row["accepted"], row["duplicate"]) == (0, 3)


@pytest.mark.clause("S0-2.1-ship48-def")
def test_a_measure_prints_its_parts(line: Line, imported: Said) -> None:
    """JSON is a list of objects with subject, numerator, denominator, sample, window and state."""
    assert imported.rows
    said = line(
        "measure", "shipping48h", "--from", "2025-08-01", "--to", "2025-08-31", "--by", "shop",
        "--format", "json",
    )  # fmt: skip
    assert said.status == 0, said.err
    (row,) = said.rows
    assert (
        row
        | {
            "subject": "S1",
            "measure": "shipping48h",
            "numerator": 0,
            "denominator": 3,
            "sample": 3,
            "window_from": "2025-08-01",
            "window_to": "2025-08-31",
            "state": "final",
        }
        == row
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["measure", "shiping48h", "--from", "2025-08-01", "--to", "2025-08-31"], "shipping48h"),
        (["cycle", "--month", "2025-13"], "YYYY-MM"),
        (["capabilities", "P1"], "provider:ID"),
        (["nonsense"], "nonsense"),
        (["import", "feed", "no-such-file.ndjson"], "no-such-file"),
    ],
)
def test_wrong_use_says_what_to_do(line: Line, words: list[str], told: str) -> None:
    """Wrong words leave with status 2, an empty stdout and a hint."""
    said = line(*words)
    assert (said.status, said.out) == (2, "")
    assert told in said.err


def test_replay_and_verify_of_a_fresh_market_hold(line: Line) -> None:
    """With nothing judged yet there is no difference, and the books hold."""
    replayed = line("replay", "--format", "json")
    assert (replayed.status, replayed.rows) == (0, [])
    verified = line("verify", "--format", "json")
    assert verified.status == 0, verified.err
    assert all(row["holds"] for row in verified.rows)
