"""``earnest claims`` and ``earnest recoveries``: what parties owe, and what is still to come."""

from datetime import date

import click

from earnest.cli.options import DAY, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.deposits.claims import claims_ageing, claims_open
from earnest.deposits.recoveries import recoveries as recoveries_found
from earnest.kernel.calendar import day_of


@click.command()
@click.option("--subject", type=SUBJECT, help="Only of this party.")
@click.option("--on", type=DAY, help="As it stood at the end of a day; left out: today.")
@click.option("--ageing", is_flag=True, help="One row a party, by the days since.")
@reading
def claims(
    *, subject: tuple[str, str] | None, on: date | None, ageing: bool, output_format: str
) -> None:
    """List what parties owe, part by part, in fen; what came in paid the oldest part first."""
    day = on or day_of(edge_now())
    if ageing:
        rows = [
            {
                "subject": ":".join(each.subject),
                "owed_fen": each.owed_fen,
                "to_30_days_fen": each.to_30_days_fen,
                "to_60_days_fen": each.to_60_days_fen,
                "to_90_days_fen": each.to_90_days_fen,
                "over_90_days_fen": each.over_90_days_fen,
                "oldest_on": each.oldest_on,
            }
            for each in claims_ageing(tenant(), day)
            if subject in (None, each.subject)
        ]
    else:
        rows = [
            {
                "subject": ":".join(each.subject),
                "since_on": each.since_on,
                "days": (day - each.since_on).days,
                "claimed_fen": each.claimed_fen,
                "owed_fen": each.owed_fen,
                "origin": each.origin,
                "period": each.period,
                "clause": each.clause,
                "decision": each.decision_id,
            }
            for each in claims_open(tenant(), subject=subject, on=day)
        ]
    emit(rows, output_format)


@click.command()
@click.option("--subject", type=SUBJECT, help="Only from this party.")
@click.option(
    "--state", type=click.Choice(["open", "settled", "stopped", "reversed"]), help="Only these."
)
@reading
def recoveries(*, subject: tuple[str, str] | None, state: str | None, output_format: str) -> None:
    """List recoveries, the newest first, with what is still to come of each, in fen."""
    rows = [
        {
            "number": each.case_number,
            "subject": f"{each.subject_kind}:{each.subject_id}",
            "ground": each.ground,
            "beneficiary": each.beneficiary,
            "amount_fen": each.amount_fen,
            "rest_fen": rest_fen,
            "mode": each.mode,
            "advances": each.advances,
            "state": each.state,
            "tries": each.tries,
            "next_try_at": each.next_try_at,
            "opened_at": each.opened_at,
        }
        for each, rest_fen in recoveries_found(tenant(), subject=subject, state=state or "")
    ]
    emit(rows, output_format)
