"""``earnest coverage``: what became of each clause of the rules, and what proves it.

For each clause of the rulebooks: its status, the pack's elements that claim it, the policy steps
and program functions that decide it, the tests and golden cases that prove it, the screens that
show it, and its state in plain words. It reads the checkout's own files. The law's own book is
listed too, but is not counted among the rules' clauses.
"""

from pathlib import Path
from typing import Any

import click

from earnest.cli import REPOSITORY
from earnest.cli.clause_page import coverage_page
from earnest.cli.clause_rows import ClauseCoverage, coverage_of, lost_since
from earnest.cli.output import emit, reading

RECORD = Path("docs") / "clauses.md"
"""The page that says which clauses were proven when it was written."""


def _shown(row: ClauseCoverage, language: str) -> dict[str, Any]:
    return {
        "clause": row.clause,
        "asks": row.en if language == "en" else row.zh,
        "status": row.status,
        "state": row.said(language),
        "accounted": row.accounted,
        "by": row.by,
        "steps": row.steps,
        "code": row.code,
        "tests": row.tests,
        "cases": row.cases,
        "screens": [screen[language == "en"] for screen in row.screens],
    }


def _table_row(row: ClauseCoverage, language: str) -> dict[str, Any]:
    """Return the row as a terminal shows it: names of elements, counts of proofs."""
    shown = _shown(row, language)
    del shown["asks"], shown["accounted"], shown["steps"]
    joined = ("by", "code", "screens")
    return {**shown, **{key: ", ".join(shown[key]) for key in joined}, "tests": len(row.tests)}


def _complaints(rows: list[ClauseCoverage], record: Path) -> list[str]:
    """Say what keeps a clause from being accounted for, each time with its name."""
    unproven = [row.clause for row in rows if row.state == "unproven"]
    silent = [row.clause for row in rows if row.state == "no_reason"]
    recorded = record.read_text(encoding="utf-8") if record.is_file() else ""
    lost = lost_since(recorded, rows)
    said = []
    if unproven:
        said.append(f"encoded, but no test and no case proves them: {', '.join(unproven)}")
    if silent:
        said.append(f"not encoded, and no note says why: {', '.join(silent)}")
    if lost:
        said.append(f"proven when {record.name} was written, and no longer: {', '.join(lost)}")
    return said


@click.command()
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="en", show_default=True,
    help="The language of what each clause asks and of its state.",
)  # fmt: skip
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the report as a Markdown page to this file.",
)
@reading
def coverage(language: str, write: Path | None, output_format: str) -> None:
    """Show for each clause of the rules what claims it, decides it, proves it and shows it.

    Exit status 1 when a clause that a rulebook calls encoded has no proof, when one that is not
    encoded gives no reason, or when one that docs/clauses.md calls proven no longer is.
    """
    found = coverage_of(REPOSITORY)
    rows = found.rows
    as_shown = _table_row if output_format == "table" else _shown
    emit([as_shown(row, language) for row in rows], output_format)
    complaints = _complaints(rows, REPOSITORY / RECORD)
    if write is not None:
        write.write_text(coverage_page(found, language), encoding="utf-8")
    accounted = sum(row.accounted for row in found.counted)
    click.echo(f"{accounted} of {len(found.counted)} clauses of the rules accounted for", err=True)
    for said in complaints:
        click.echo(said, err=True)
    if complaints:
        click.get_current_context().exit(1)
