"""``earnest raise``: amounts on top of what a shop must hold, each for a cause."""

from datetime import date
from typing import Any
from uuid import UUID

import click

from earnest.cases.raises import (
    GROUND_CLAUSES,
    RaiseFiling,
    RaiseReview,
    raise_ask,
    raise_review,
)
from earnest.cli.amounts import YUAN
from earnest.cli.case_rows import case_row
from earnest.cli.options import DAY, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.deposits.models import Raise
from earnest.deposits.raises import raises_in_force, raises_of
from earnest.market.queries import decider_named


def _row(row: Raise) -> dict[str, Any]:
    return {
        "id": row.id,
        "subject": f"{row.subject_kind}:{row.subject_id}",
        "ground": row.ground,
        "clause": row.clause,
        "amount_fen": row.amount_fen,
        "from_on": row.from_on,
        "review_on": row.review_on,
        "released_on": row.released_on,
        "reason": row.reason,
    }


@click.group("raise")
def raise_() -> None:
    """Raises of a deposit for a cause: ask, review, list."""


@raise_.command("ask")
@click.argument("subject", type=SUBJECT)
@click.option("--ground", type=click.Choice(sorted(GROUND_CLAUSES)), required=True, help="Why.")
@click.option("--loss", "losses", type=YUAN, multiple=True, help="A loss; may be given often.")
@click.option("--set", "set_fen", type=YUAN, default=0, help="An amount in place of the losses.")
@click.option("--review-on", type=DAY, required=True, help="When it is looked at again.")
@click.option("--reason", required=True, help="Why, for the shop to read.")
@click.option("--evidence", multiple=True, help="Id of a proof; may be given several times.")
@click.option("--as", "actor", required=True, help="Who asks: a person who may decide.")
@reading
def ask(
    *,
    subject: tuple[str, str],
    ground: str,
    losses: tuple[int, ...],
    set_fen: int,
    review_on: date,
    reason: str,
    evidence: tuple[str, ...],
    actor: str,
    output_format: str,
) -> None:
    """Ask for a raise of the deposit of SUBJECT; it waits for two approvals."""
    filing = RaiseFiling(
        subject=subject,
        ground=ground,
        losses_fen=losses,
        set_fen=set_fen,
        review_on=review_on,
        reason=reason,
        actor=decider_named(tenant(), actor),
        evidence=evidence,
    )
    emit([case_row(raise_ask(tenant(), filing, edge_now()))], output_format)


@raise_.command("review")
@click.argument("raise_id", type=click.UUID)
@click.option("--ended/--stays", "cause_ended", required=True, help="Whether its cause is over.")
@click.option("--next-on", type=DAY, help="When to look again, where it stays.")
@click.option("--reason", required=True, help="Why it stays or goes.")
@click.option("--as", "actor", required=True, help="Who looked: a person who may decide.")
@reading
def review(
    *,
    raise_id: UUID,
    cause_ended: bool,
    next_on: date | None,
    reason: str,
    actor: str,
    output_format: str,
) -> None:
    """Look at raise RAISE_ID again: let it stay, or ask for its release."""
    said = RaiseReview(cause_ended, reason, decider_named(tenant(), actor), next_on)
    emit([case_row(raise_review(tenant(), raise_id, said, edge_now()))], output_format)


@raise_.command("list")
@click.option("--subject", type=SUBJECT, help="All of this shop, also those released.")
@reading
def list_(*, subject: tuple[str, str] | None, output_format: str) -> None:
    """List the raises in force, the one to be looked at first in front."""
    found = raises_of(tenant(), subject) if subject else raises_in_force(tenant())
    emit([_row(each) for each in found], output_format)
