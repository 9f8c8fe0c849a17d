"""``earnest deposits``: where each subject's deposit stands, and the life of one of them."""

import json
from datetime import date

import click

from earnest.cases.life import LifeFilter, life_narrowed
from earnest.cases.life_export import life_export
from earnest.cases.life_sources import life as life_of
from earnest.cases.life_words import KINDS
from earnest.cli.options import DAY, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.deposits.queries import positions, shortages_open
from earnest.kernel.calendar import day_of
from earnest.market.taking_part import subjects_all


@click.group(invoke_without_command=True)
@click.option("--subject", type=SUBJECT, help="Only this subject.")
@click.option("--short", is_flag=True, help="Only subjects below what they must hold.")
@click.pass_context
@reading
def deposits(
    context: click.Context, *, subject: tuple[str, str] | None, short: bool, output_format: str
) -> None:
    """List required, held and missing deposits, in fen."""
    if context.invoked_subcommand is not None:
        return
    on = day_of(edge_now())
    due = {(row.subject_kind, row.subject_id): row.due_on for row in shortages_open(tenant())}
    subjects = [subject] if subject else subjects_all(tenant())
    rows = [
        {
            "subject": ":".join(each),
            "required_fen": at.required_fen,
            "held_fen": at.held_fen,
            "balance_fen": at.posted_fen,
            "shortage_fen": at.shortage_fen,
            "excess_fen": at.excess_fen,
            "due_on": due.get(each),
            "claim_fen": at.claim_fen,
            "proceeds_fen": at.proceeds_fen,
        }
        for each, at in positions(tenant(), subjects, on).items()
        if at.shortage_fen or not short
    ]
    emit(rows, output_format)


@deposits.command()
@click.argument("subject", type=SUBJECT)
@click.option("--kind", "kinds", type=click.Choice(list(KINDS)), multiple=True, help="Only these.")
@click.option("--from", "first", type=DAY, help="Only from this day on.")
@click.option("--to", "last", type=DAY, help="Only up to this day.")
@click.option("--whole", is_flag=True, help="As JSON with all that it rests on, for others.")
@reading
def life(
    subject: tuple[str, str],
    *,
    kinds: tuple[str, ...],
    first: date | None,
    last: date | None,
    whole: bool,
    output_format: str,
) -> None:
    """List everything that ever happened to SUBJECT's deposit, oldest first."""
    wanted = LifeFilter(frozenset(kinds), first=first, last=last)
    rows = life_narrowed(life_of(tenant(), subject), wanted)
    if whole:
        written = life_export(tenant(), subject, rows, edge_now(), inside=True)
        click.echo(json.dumps(written, ensure_ascii=False, indent=1))
        return
    if output_format == "table":
        emit([row.in_brief() for row in rows], output_format)
    else:
        emit([row.as_dict() for row in rows], output_format)
