"""``earnest deposits``: where each subject's deposit stands."""

import click

from earnest.cli.options import SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.deposits.queries import positions, shortages_open
from earnest.kernel.calendar import day_of
from earnest.market.taking_part import subjects_all


@click.command()
@click.option("--subject", type=SUBJECT, help="Only this subject.")
@click.option("--short", is_flag=True, help="Only subjects below what they must hold.")
@reading
def deposits(*, subject: tuple[str, str] | None, short: bool, output_format: str) -> None:
    """List required, held and missing deposits, in fen."""
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
