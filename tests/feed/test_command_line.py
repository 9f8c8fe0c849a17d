"""``earnest import`` and ``earnest feed``: output for people and programs, and exit statuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from earnest.cli.feed import feed, import_
from earnest.feed.reference import reference_markdown


def run(*words: str) -> Result:
    """Run a command of either group."""
    group = import_ if words[0] == "import" else feed
    return CliRunner().invoke(group, list(words[1:]))


def objects(result: Result) -> list[dict[str, Any]]:
    """Return the JSON list on stdout."""
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.mark.django_db
def test_an_import_tells_what_became_of_each_row(tmp_path: Path) -> None:
    """Totals on stdout, faults with file, row and field on stderr, status 1; repeats are fine."""
    path = tmp_path / "order_event.csv"
    path.write_text(
        "order_id,state,paid_at\nA1,paid,2025-08-01T10:00:00+08:00\nA2,paid,2025-08-01T10:00:00\n",
        encoding="utf-8",
    )
    result = run("import", "feed", str(path), "--format", "json")
    assert result.exit_code == 1
    assert "order_event.csv:3 paid_at" in result.stderr
    (row,) = objects(result)
    assert (row["accepted"], row["rejected"], row["rejected_before"]) == (1, 1, 0)
    path.write_text("order_id,state,paid_at\nA1,paid,2025-08-01T10:00:00+08:00\n")
    again = run("import", "feed", str(path))
    assert again.exit_code == 0
    assert "order_event" in again.stdout


@pytest.mark.django_db
def test_the_feed_shows_what_it_holds(tmp_path: Path) -> None:
    """Status, sources, files and rejections are lists of objects."""
    path = tmp_path / "rows.ndjson"
    good = {"order_id": "A1", "line_no": "1", "provider_id": "P1"}
    rows = [{**good, "occurred_at": "2025-08-01T10:00:00+08:00"}, {**good, "line_no": "2"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert run("import", "feed", str(path), "--stream", "order_line").exit_code == 1
    status = {row["stream"]: row for row in objects(run("feed", "status", "--format", "json"))}
    assert (status["order_line"]["events"], status["order_line"]["waiting"]) == (1, 1)
    assert status["parcel"]["events"] == 0
    (source,) = objects(run("feed", "sources", "--format", "json"))
    assert (source["source"], source["batches"]) == ("urn:earnest:src:files", 1)
    (file,) = objects(run("feed", "files", "--stream", "order_line", "--format", "json"))
    assert (file["day"], file["rows"]) == (0, 1)
    assert objects(run("feed", "sweep", "--format", "json")) == [{"files_removed": 0}]
    (rejected,) = objects(run("feed", "rejections", "--stream", "order_line", "--format", "json"))
    assert (rejected["row"], rejected["field"], rejected["code"]) == (
        2,
        "occurred_at",
        "missing_key",
    )


def test_the_streams_are_listed() -> None:
    """As rows, and as the page for integrators."""
    rows = objects(run("feed", "streams", "--format", "json"))
    assert {"stream", "column", "holds", "given"} <= set(rows[0])
    assert run("feed", "streams", "--markdown").stdout.strip() == reference_markdown()


def test_wrong_use_is_told() -> None:
    """A missing file or an unknown stream is a matter of the command: status 2."""
    assert run("import", "feed", "no-such-file.csv").exit_code == 2
    assert run("feed", "files", "--stream", "orders").exit_code == 2
