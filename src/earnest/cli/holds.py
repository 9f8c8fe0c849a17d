"""``earnest hold``: deposits kept back while a loss is not known."""

from datetime import date
from typing import Any

import click

from earnest.cases import holds as cases
from earnest.cases.holds import OUTCOMES, HoldFiling, HoldSettling, HoldStanding
from earnest.cli.amounts import YUAN
from earnest.cli.options import DAY, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.deposits.holds import HoldLook
from earnest.deposits.models import DepositHold
from earnest.market.queries import decider_named


def _row(found: HoldStanding) -> dict[str, Any]:
    case, hold = found.case, found.hold
    return {
        "number": case.number,
        "subject": f"{case.subject_kind}:{case.subject_id}",
        "state": found.state,
        "reason": case.facts["reason"],
        "owner": hold.owner if hold else case.facts["owner"],
        "placed_fen": hold.placed_fen if hold else 0,
        "remaining_fen": found.remaining_fen,
        "estimate_fen": _estimate(hold) if hold else case.facts["estimate_fen"] or None,
        "review_on": hold.review_on if hold else case.facts["review_on"],
        "ends_at": hold.ends_at if hold else None,
        "decision": found.decisions[-1].id if found.decisions else None,
    }


def _estimate(hold: DepositHold) -> int | None:
    last = hold.reviews.order_by("-id").first()
    return last.estimate_fen if last else None


def _show(number: str, output_format: str) -> None:
    emit([_row(cases.hold_standing(tenant(), number))], output_format)


@click.group()
def hold() -> None:
    """Deposits kept back while a loss is not known: ask, review, settle, release, list."""


@hold.command("ask")
@click.argument("subject", type=SUBJECT)
@click.option("--reason", required=True, help="Why, for the shop to read.")
@click.option("--owner", required=True, help="Who sees to it and is reminded of the review.")
@click.option("--review-on", type=DAY, required=True, help="When it is looked at again.")
@click.option("--estimate", "estimate_fen", type=YUAN, help="The loss; left out: all is held.")
@click.option("--note", default="", help="For the approver.")
@click.option("--evidence", multiple=True, help="Id of a proof; may be given several times.")
@click.option("--as", "actor", required=True, help="Who asks: a person who may decide.")
@reading
def hold_ask(
    *,
    subject: tuple[str, str],
    reason: str,
    owner: str,
    review_on: date,
    estimate_fen: int | None,
    note: str,
    evidence: tuple[str, ...],
    actor: str,
    output_format: str,
) -> None:
    """Ask to hold a part of the deposit of SUBJECT, or all that is free of it."""
    filing = HoldFiling(
        subject=subject,
        reason=reason,
        owner=decider_named(tenant(), owner),
        review_on=review_on,
        estimate_fen=estimate_fen,
        actor=decider_named(tenant(), actor),
        note=note,
        evidence=evidence,
    )
    _show(cases.hold_ask(tenant(), filing, edge_now()).number, output_format)


@hold.command("review")
@click.argument("number")
@click.option("--estimate", "estimate_fen", type=YUAN, help="The loss; left out: still unknown.")
@click.option("--owner", required=True, help="Who owns it from now on.")
@click.option("--next-on", type=DAY, required=True, help="When it is looked at again.")
@click.option("--note", required=True, help="What the review found.")
@click.option("--as", "actor", required=True, help="Who reviews: a person who may decide.")
@reading
def hold_review(
    *,
    number: str,
    estimate_fen: int | None,
    owner: str,
    next_on: date,
    note: str,
    actor: str,
    output_format: str,
) -> None:
    """Keep a look at hold NUMBER: its estimate of now, its owner, and the next day."""
    look = HoldLook(
        estimate_fen=estimate_fen,
        note=note,
        actor=decider_named(tenant(), actor),
        owner=decider_named(tenant(), owner),
        next_on=next_on,
    )
    cases.hold_review_add(tenant(), number, look, edge_now())
    _show(number, output_format)


@hold.command("settle")
@click.argument("number")
@click.option(
    "--loss", "loss_fen", type=YUAN, required=True, help="What the loss turned out to be."
)
@click.option(
    "--for", "beneficiary", type=click.Choice(sorted(OUTCOMES)), required=True, help="Paid to whom."
)
@click.option("--note", required=True, help="How the loss was found.")
@click.option("--evidence", multiple=True, help="Id of a proof; may be given several times.")
@click.option("--as", "actor", required=True, help="Who asks: a person who may decide.")
@reading
def hold_settle(
    *,
    number: str,
    loss_fen: int,
    beneficiary: str,
    note: str,
    evidence: tuple[str, ...],
    actor: str,
    output_format: str,
) -> None:
    """Ask to settle hold NUMBER to the loss; it waits for two approvals."""
    who = decider_named(tenant(), actor)
    settling = HoldSettling(loss_fen, beneficiary, who, note, evidence)
    cases.hold_settle_ask(tenant(), number, settling, edge_now())
    _show(number, output_format)


@hold.command("release")
@click.argument("number")
@click.option("--note", required=True, help="Why there is no loss.")
@click.option("--as", "actor", required=True, help="Who asks: a person who may decide.")
@reading
def hold_release(*, number: str, note: str, actor: str, output_format: str) -> None:
    """Ask to release hold NUMBER; it waits for one approval."""
    who = decider_named(tenant(), actor)
    cases.hold_release(tenant(), number, actor=who, note=note, now=edge_now())
    _show(number, output_format)


@hold.command("list")
@click.option("--subject", type=SUBJECT, help="Only of this shop.")
@click.option("--open", "only_open", is_flag=True, help="Only those that hold something now.")
@reading
def hold_list(*, subject: tuple[str, str] | None, only_open: bool, output_format: str) -> None:
    """List holds, the newest first."""
    found = cases.hold_standings(tenant(), subject=subject)
    emit([_row(each) for each in found if each.remaining_fen or not only_open], output_format)
