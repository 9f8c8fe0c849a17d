"""``earnest whatif`` on a file of facts, and over the history of a small market."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from django.db import transaction

from earnest.cli.whatif import whatif
from earnest.kernel.errors import BadInput, NotFound
from earnest.market.commands import clock_set
from earnest.rulebooks.models import Draft, WhatIfReport
from earnest.rulebooks.packs import packs_shipped
from tests.whatif.drafts import amended, parameter
from tests.whatif.market import TENANT, seed

SINCE = date(2025, 9, 1)
HISTORY = ("--from", "2025-08", "--to", "2025-10")


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a draft that raises the score floor to 7.5 from September."""
    live = packs_shipped()["kuaishou-supply-market"]
    path = tmp_path_factory.mktemp("drafts") / "floor.yaml"
    path.write_text(amended(live, SINCE, parameter("nps_floor", SINCE, 75)).text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Seed the market for this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def market(seeded: None, db: None, settings: Any) -> None:
    """Let the command line work for the market's tenant."""
    settings.TENANT = TENANT


def _run(*words: str) -> Result:
    done = CliRunner().invoke(whatif, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def _read(done: Result) -> dict[str, Any]:
    (report,) = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


@pytest.mark.django_db
def test_a_table_says_who_would_be_affected(market: None, draft: Path) -> None:
    """In both languages: what would change, the sums, the subjects, why, and the two traces."""
    said = _run(str(draft), *HISTORY, "--language", "en").stdout
    assert "what would change" in said
    assert "would be newly fined" in said
    assert "+10,000.00" in said
    assert "P2" in said
    assert "param nps_floor = 75, clause S0-2.2.5-5a, SD2, 2025-09-01" in said
    said = _run(str(draft), *HISTORY, "--language", "zh", "--traces", "0").stdout
    assert "将新增罚款" in said
    assert "param nps_floor" not in said


@pytest.mark.django_db
def test_json_and_csv_hold_the_same_figures(market: None, draft: Path, tmp_path: Path) -> None:
    """JSON is the report, as --out writes it; CSV is one row a figure."""
    out = tmp_path / "report.json"
    report = _read(_run(str(draft), *HISTORY, "--format", "json", "--out", str(out)))
    assert json.loads(out.read_text(encoding="utf-8")) == report
    assert report["form"] == "earnest.whatif/1"
    (ladder,) = [each for each in report["decisions"] if each["decision"] == "nps_ladder"]
    fined = ladder["effects"][0]
    assert (fined["effect"], fined["rows"], fined["amount"]) == ("newly_fined", 3, 1_000_000)
    text = _run(str(draft), *HISTORY, "--format", "csv", "--language", "en").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    (row,) = [
        each for each in rows
        if each["decision"] == "nps_ladder" and each["name"] == "would be newly fined"
    ]  # fmt: skip
    assert (row["rows"], row["subjects"], row["amount"]) == ("3", "2", "1000000")


@pytest.mark.django_db
def test_a_draft_without_changes_says_so(market: None, tmp_path: Path) -> None:
    """The edition in force as its own draft: nothing would change."""
    path = tmp_path / "same.yaml"
    path.write_text(packs_shipped()["kuaishou-supply-market"].text, encoding="utf-8")
    assert "nothing would change" in _run(str(path), *HISTORY, "--language", "en").stdout


@pytest.mark.django_db
def test_a_draft_for_the_future_is_tried_on_the_past(market: None, tmp_path: Path) -> None:
    """From its own day it changes nothing before; --as-if takes it to hold from the first month."""
    since = date(2026, 6, 1)
    live = packs_shipped()["kuaishou-supply-market"]
    path = tmp_path / "future.yaml"
    path.write_text(amended(live, since, parameter("nps_floor", since, 75)).text, encoding="utf-8")
    assert "nothing would change" in _run(str(path), *HISTORY, "--language", "en").stdout
    tried = _run(str(path), "--as-if", "--from", "2025-09", "--to", "2025-10", "--format", "json")
    assert _read(tried)["as_if_from"] == "2025-09-01"
    assert _read(tried)["changed"]["rows"] > 0


@pytest.mark.django_db
def test_a_report_is_kept_with_its_draft(market: None, draft: Path) -> None:
    """--keep stores the whole report under the draft's hash; a part, or no draft, is refused."""
    now = datetime(2025, 11, 20, tzinfo=UTC)
    clock_set(TENANT, now)
    with pytest.raises(NotFound):
        _run(str(draft), *HISTORY, "--keep")
    live = packs_shipped()["kuaishou-supply-market"]
    text = draft.read_text(encoding="utf-8")
    row = Draft.objects.create(
        hash=amended(live, SINCE, parameter("nps_floor", SINCE, 75)).hash,
        rulebook=live.rulebook, text=text, base_hash=live.hash, instruments=["SD2"],
        change="amendment", importance="ordinary", in_force_on=SINCE, note="floor",
        submitted_by="rule", submitted_at=now,
    )  # fmt: skip
    with pytest.raises(BadInput, match="report_partial"):
        _run(str(draft), *HISTORY, "--keep", "--subject", "provider:P2")
    report = _read(_run(str(draft), *HISTORY, "--keep", "--format", "json"))
    kept = WhatIfReport.objects.get(draft=row)
    assert (kept.report, kept.made_at) == (report, now)


@pytest.mark.django_db
def test_wrong_words_are_told(market: None, draft: Path) -> None:
    """A month left out or misspelt, and facts given by halves or with a history."""
    with pytest.raises(BadInput, match=r"--to.*month_missing"):
        _run(str(draft), "--from", "2025-08")
    with pytest.raises(BadInput, match=r"--from.*2025-13"):
        _run(str(draft), "--from", "2025-13", "--to", "2025-10")
    with pytest.raises(BadInput, match="facts_incomplete"):
        _run(str(draft), "--facts", "facts.parquet")
    facts = ("--against", str(draft), "--facts", "facts.parquet", "--decision", "notify_provider")
    with pytest.raises(BadInput, match="facts_without_history"):
        _run(str(draft), *facts, *HISTORY)


def test_a_file_of_facts_needs_no_database(draft: Path, tmp_path: Path) -> None:
    """Two rulebooks as files and a population: the live one asks 7.0, the draft 7.5."""
    live = tmp_path / "live.yaml"
    live.write_text(packs_shipped()["kuaishou-supply-market"].text, encoding="utf-8")
    facts = tmp_path / "facts.parquet"
    on = date(2025, 10, 31)
    months = [[{"at": on, "points": points, "answers": 10}] for points in (690, 720, 760)]
    kind = pa.list_(
        pa.struct([("at", pa.date32()), ("points", pa.int64()), ("answers", pa.int64())])
    )
    table = pa.table(
        {
            "subject": ["P1", "P2", "P3"],
            "assessed_on": [on] * 3,
            "months": pa.array(months, kind),
        }
    )
    pq.write_table(table, facts)
    report = _read(
        _run(
            str(draft), "--against", str(live), "--facts", str(facts),
            "--decision", "nps_ladder", "--format", "json",
        )
    )  # fmt: skip
    assert report["changed"] == {"rows": 1, "subjects": 1}
    (top,) = report["decisions"][0]["top"]
    assert (top["subject_id"], top["difference"]) == ("P2", 250_000)
