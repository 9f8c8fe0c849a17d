"""``earnest policy lint``, ``mutate`` and ``schema``: for people who write packs."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from earnest.authoring.lint import Remark, lint
from earnest.authoring.mutation import Mutant, mutants, mutants_count
from earnest.authoring.schema import pack_schema
from earnest.cli.output import emit, progress_console, reading
from earnest.cli.policy_packs import law_pack
from earnest.policy import load_pack


@click.command("lint")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--law",
    default="",
    metavar="FILE|none",
    help="The pack that sets notice periods; the shipped one unless another is named.",
)
@click.option("--all", "every", is_flag=True, help="Also list what is only for information.")
@reading
@click.pass_context
def lint_command(context: click.Context, /, **options: Any) -> None:
    """List what is wrong or doubtful in a pack.

    Each remark stands with file:line:column. Errors keep the pack from being used or announced,
    warnings deserve an answer. Status 1 when there is an error.
    """
    file, every, output_format = options["file"], options["every"], options["output_format"]
    today = date.today()  # noqa: DTZ011 - the writer's own day
    remarks = lint(file, law=law_pack(options["law"]), today=today)
    shown = [each for each in remarks if every or each.severity != "info"]
    if shown or output_format != "table":
        emit([_row(each) for each in shown], output_format)
    counts = Counter(each.severity for each in remarks)
    told = f"{counts['error']} error(s), {counts['warning']} warning(s), {counts['info']} more"
    hint = "" if every or not counts["info"] else " (--all lists them)"
    click.echo(f"{file}: {told}{hint}", err=True)
    context.exit(1 if counts["error"] else 0)


@click.command("mutate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--all", "every", is_flag=True, help="List the mutants that a case noticed, too.")
@reading
def mutate(**options: Any) -> None:
    """Find numbers that no case holds fast.

    Each number of the pack FILE is changed by one, and its cases are run. A survivor is a number
    that could be wrong without anybody seeing it: write a case at its edge.
    """
    file, every, output_format = options["file"], options["every"], options["output_format"]
    pack = load_pack(file)
    found: list[Mutant] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=progress_console, transient=True) as progress:
        task = progress.add_task("mutants", total=mutants_count(pack))
        for each in mutants(pack, str(file)):
            found.append(each)
            progress.advance(task)
    shown = [each for each in found if every or each.survived]
    if shown or output_format != "table":
        emit([_mutant_row(each, every=every) for each in shown], output_format)
    killed = sum(not each.survived for each in found)
    click.echo(f"{file}: {killed} of {len(found)} mutants killed", err=True)


@click.command("schema")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file instead of standard output.",
)
def schema(out: Path | None) -> None:
    """Print the JSON Schema of a pack.

    Editors check and complete YAML with it. Point yours at it, e.g. by a first line
    "# yaml-language-server: $schema=pack.schema.json".
    """
    text = json.dumps(pack_schema(), ensure_ascii=False, indent=1) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{out}: written", err=True)


def _row(remark: Remark) -> dict[str, Any]:
    problem = remark.problem
    return {
        "severity": remark.severity, "where": problem.where, "code": problem.code,
        "zh": problem.zh, "en": problem.en,
    }  # fmt: skip


def _mutant_row(mutant: Mutant, *, every: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "where": mutant.place, "element": mutant.element, "clause": mutant.clause,
        "change": mutant.what,
    }  # fmt: skip
    return row | {"survived": mutant.survived} if every else row
