"""``earnest reconcile``: the institution's statement of a day against the books."""

import sys
from datetime import date
from pathlib import Path
from uuid import UUID

import click

from earnest.cli.options import DAY, edge_now, tenant
from earnest.cli.output import emit, progress_console, reading
from earnest.deposits.accounts import RAILS
from earnest.kernel.money import yuan
from earnest.market.queries import decider_named
from earnest.reconciliation.commands import (
    item_assign,
    item_explain,
    statement_import,
)
from earnest.reconciliation.commands import reconcile as reconcile_day
from earnest.reconciliation.report import Report, Side, report_of

RAIL = click.argument("rail", type=click.Choice(RAILS))
ON = click.option("--day", type=DAY, required=True, help="The institution's day.")
BY = click.option("--by", required=True, help="The person who does it; one who may decide.")


@click.group()
def reconcile() -> None:
    """Hold the institution's daily statement against the books."""


@reconcile.command("import")
@RAIL
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@ON
@BY
@reading
def import_(*, rail: str, path: Path, day: date, by: str, output_format: str) -> None:
    """Take in a statement: a bill of Alipay, a bank's sheet. Rows at fault give status 1."""
    actor = decider_named(tenant(), by)
    taken = statement_import(tenant(), rail, day, path.read_bytes(), actor, edge_now())
    progress_console.print(
        f"{taken.form}: {taken.lines_new} new, {taken.lines_repeated} known before, "
        f"{len(taken.bad)} at fault"
    )
    emit(taken.bad, output_format)
    if taken.bad:
        sys.exit(1)


@reconcile.command("run")
@RAIL
@ON
@reading
def run(*, rail: str, day: date, output_format: str) -> None:
    """Compare a day and show what is open; a repeat takes up late entries. Status 1 if any is."""
    _show(reconcile_day(tenant(), rail, day, edge_now()), output_format, only_open=True)


@reconcile.command("report")
@RAIL
@ON
@click.option("--open", "only_open", is_flag=True, help="Only what is open.")
@reading
def report(*, rail: str, day: date, only_open: bool, output_format: str) -> None:
    """Show a day as it stands, amounts in fen. Status 1 if anything is open."""
    _show(report_of(tenant(), rail, day, edge_now()), output_format, only_open=only_open)


@reconcile.command("explain")
@click.argument("item", type=click.UUID)
@click.option("--reason", required=True, help="What explains the difference.")
@BY
def explain(*, item: UUID, reason: str, by: str) -> None:
    """Close an open difference with a reason; it is kept."""
    actor = decider_named(tenant(), by)
    item_explain(tenant(), item, reason=reason, actor=actor, now=edge_now())


@reconcile.command("assign")
@click.argument("item", type=click.UUID)
@click.option("--owner", required=True, help="Who looks after it.")
@click.option("--note", default="", help="What is being done.")
@BY
def assign(*, item: UUID, owner: str, note: str, by: str) -> None:
    """Say who looks after an open difference."""
    actor = decider_named(tenant(), by)
    item_assign(tenant(), item, owner=owner, note=note, actor=actor, now=edge_now())


def _side(name: str, side: Side) -> str:
    known = side.opening_fen is not None and side.closing_fen is not None
    opening = yuan(side.opening_fen or 0) if known else "?"
    closing = yuan(side.closing_fen or 0) if known else "?"
    moved = f"+ {yuan(side.in_fen)} - {yuan(side.out_fen)}"
    wrong = " DOES NOT ADD UP" if side.adds_up is False else ""
    return f"{name}: {opening} {moved} = {closing} ({side.movements}){wrong}"


def _show(found: Report, output_format: str, *, only_open: bool) -> None:
    progress_console.print(_side("institution", found.institution))
    progress_console.print(_side("books", found.books))
    if found.fee_fen:
        progress_console.print(f"the institution's fees: {yuan(found.fee_fen)}")
    progress_console.print(", ".join(f"{name} {n}" for name, n in found.counts.items()))
    for problem in found.bad:
        progress_console.print(f"row at fault {problem}")
    emit([each for each in found.rows() if not only_open or each["state"] == "open"], output_format)
    if not found.agrees:
        sys.exit(1)
