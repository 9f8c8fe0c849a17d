"""``earnest policy table-out`` and ``table-in``: decision tables in a spreadsheet."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from earnest.authoring.spreadsheet import table_in, table_out
from earnest.cli.policy_packs import day_of, pack_file
from earnest.kernel.errors import BadInput, Conflict
from earnest.policy import Pack, PackError, load_pack_text

FORMATS = {".csv": "csv", ".xlsx": "xlsx"}
DAY = click.DateTime(["%Y-%m-%d"])
target_option = click.option(
    "--to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write.",
)
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Write over a file that is there already."
)


@click.command("table-out")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("table")
@click.option("--from", "since", type=DAY, help="The edition from this day; the latest without.")
@target_option
@overwrite_option
def table_out_command(**options: Any) -> None:
    """Write a decision table to a spreadsheet.

    One edition of TABLE of the pack FILE becomes a CSV or XLSX sheet.
    """
    target: Path = options["target"]
    form = FORMATS.get(target.suffix.lower())
    if form is None:
        raise BadInput(
            "sheet_format", where=str(target),
            zh="文件名请以 .csv 或 .xlsx 结尾", en="let the file's name end in .csv or .xlsx",
        )  # fmt: skip
    _free(target, overwrite=options["overwrite"])
    pack = pack_file(options["file"])
    data = table_out(
        pack, options["table"], day_of(options["since"]), "xlsx" if form == "xlsx" else "csv"
    )
    target.write_bytes(data)
    click.echo(f"{target}: written", err=True)


@click.command("table-in")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("table")
@click.argument("sheet", type=click.Path(path_type=Path))
@click.option("--from", "since", type=DAY, help="The edition from this day; the latest without.")
@click.option("--instrument", default="", help="The act that makes a new edition from that day.")
@target_option
@overwrite_option
@click.pass_context
def table_in_command(context: click.Context, /, **options: Any) -> None:
    """Take a spreadsheet back into a pack.

    The rows of SHEET replace those of TABLE, and the new pack is written to another file. Only
    rows that differ are changed, the rest stays byte for byte. Status 1 when the new pack's own
    cases do not hold: it is written all the same, to be looked at.
    """
    target: Path = options["target"]
    _free(target, overwrite=options["overwrite"])
    file: Path = options["file"]
    pack = pack_file(file)
    since: datetime | None = options["since"]
    sheet: Path = options["sheet"]
    text = table_in(
        pack, options["table"], (_bytes(sheet), sheet.name), day_of(since), options["instrument"]
    )
    target.write_bytes(_own_part(file, pack, text).encode("utf-8"))
    click.echo(f"{target}: written" + (" (nothing differs)" if text == pack.text else ""), err=True)
    try:
        load_pack_text(text, str(target))
    except PackError as error:
        for problem in error.problems:
            click.echo(f"{problem}\n    {problem.zh}", err=True)
        context.exit(1)


def _own_part(file: Path, pack: Pack, text: str) -> str:
    """Return the part of an edited text that belongs into the pack's own file."""
    own = file.read_bytes().decode("utf-8")
    if pack.text == own:
        return text
    bases = len(pack.text) - len(own if own.endswith("\n") else own + "\n")
    return text[: len(text) - bases]


def _free(target: Path, *, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise Conflict(
            "file_exists", where=str(target),
            zh="文件已存在；请另取名字，或加 --overwrite",
            en="the file is there already; take another name, or say --overwrite",
        )  # fmt: skip


def _bytes(sheet: Path) -> bytes:
    try:
        return sheet.read_bytes()
    except OSError as error:
        raise BadInput(
            "unreadable",
            where=str(sheet),
            zh="无法读取表格文件",
            en=f"the sheet cannot be read: {error}",
        ) from None
