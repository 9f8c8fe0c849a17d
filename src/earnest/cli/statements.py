"""``earnest statement`` and ``earnest statements``: statements of reasons as they were sent."""

import json
from pathlib import Path
from typing import Any

import click

from earnest.cli.options import MONTH, SUBJECT, tenant
from earnest.cli.output import emit, progress_console, reading
from earnest.kernel.calendar import Month
from earnest.notices.lines import facts_of, sections_of
from earnest.notices.queries import StatementFilter, statement_get
from earnest.notices.queries import statements as statements_found
from earnest.notices.statement_paper import statement_pdf

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@click.argument("number")
@click.option("--pdf", "paper", type=FILE, help="Write it to this file as PDF.")
@click.option("--json", "whole", is_flag=True, help="Print it as JSON, with its SHA-256.")
def statement(number: str, paper: Path | None, *, whole: bool) -> None:
    """Print the statement of reasons NUMBER in both languages, as it was sent."""
    found = statement_get(tenant(), number)
    if paper is not None:
        paper.write_bytes(statement_pdf(found))
        progress_console.print(f"{number} written to {paper}")
        return
    if whole:
        document = {**found.content, "sha256": found.content_hash}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
        return
    for language in ("zh", "en"):
        click.echo(found.title_zh if language == "zh" else found.title_en)
        for name, value in (*facts_of(found.content, language),
                            *sections_of(found.content, language)):  # fmt: skip
            click.echo(f"  {name}: {value}")
        click.echo("")
    click.echo(f"SHA-256 {found.content_hash}")


@click.command()
@click.option("--subject", type=SUBJECT, help="Only of this subject.")
@click.option("--month", type=MONTH, help="Only those sent in this month.")
@reading
def statements(subject: tuple[str, str] | None, month: Month | None, output_format: str) -> None:
    """List statements of reasons, the newest first."""
    kind, subject_id = subject or ("", "")
    narrowed = StatementFilter(
        subject_kind=kind, subject_id=subject_id, month=str(month) if month else ""
    )
    rows: list[dict[str, Any]] = [
        {
            "number": each.number,
            "sent_at": each.sent_at,
            "subject": f"{each.subject_kind}:{each.subject_id}",
            "kind": each.kind,
            "clause": each.clause,
            "title_zh": each.title_zh,
            "title_en": each.title_en,
            "ticket": each.ticket_number,
            "appeal_until": each.appeal_until,
            "sha256": each.content_hash,
        }
        for each in statements_found(tenant(), narrowed).defer("content")
    ]
    emit(rows, output_format)
