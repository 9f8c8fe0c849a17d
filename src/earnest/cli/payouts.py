"""``earnest payouts``: money that goes out, and whose account it may go to."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from earnest.cli.options import SUBJECT, edge_now, tenant
from earnest.cli.output import emit, progress_console, reading
from earnest.connectors.alipay.client import AlipayClient
from earnest.connectors.alipay.config import PREFIX, config_read
from earnest.connectors.alipay.rails import AlipayRail, AlipayRefundRail
from earnest.market.queries import decider_named
from earnest.payouts import queries
from earnest.payouts.commands import part_paid_by_hand, payee_verify, payouts_advance
from earnest.payouts.models import Payout, PayoutPart
from earnest.payouts.rails import BANK, ORIGINAL_ROUTE, TRANSFER, Rail

STATES = ("open", "paid", "partly_paid", "failed", "returned")


@click.group()
def payouts() -> None:
    """Refunds, withdrawals and compensation: what goes out, and what became of it."""


@payouts.command("list")
@click.option("--subject", type=SUBJECT, help="Only of this subject.")
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@click.option("--owed", is_flag=True, help="Only those of which the payee lacks something.")
@reading
def list_(
    *, subject: tuple[str, str] | None, state: str | None, owed: bool, output_format: str
) -> None:
    """List payouts, amounts in fen."""
    if owed:
        found = queries.payouts_owed(tenant(), subject=subject)
        rows = [
            {
                **_payout_row(each.payout),
                "paid_fen": each.paid_fen,
                "open_fen": each.open_fen,
                "unpaid_fen": each.unpaid_fen,
                "next_try_at": each.next_try_at,
                "attention": ", ".join(each.attention),
            }
            for each in found
            if state in (None, each.payout.state)
        ]
    else:
        listed = queries.payouts(tenant(), state=state or "", subject=subject)
        rows = [_payout_row(each) for each in listed]
    emit(rows, output_format)


@payouts.command()
@click.argument("number")
@click.option("--attempts", is_flag=True, help="What was heard of each part, one row each time.")
@reading
def show(*, number: str, attempts: bool, output_format: str) -> None:
    """Show the parts of a payout, amounts in fen."""
    parts = queries.parts_of(queries.payout_get(tenant(), number))
    rows = [_part_row(part) for part in parts]
    if attempts:
        rows = [
            {
                "part": part.ordinal,
                "n": each.n,
                "at": each.at,
                "kind": each.kind,
                "outcome": each.outcome,
                "answer": each.answer,
            }
            for part in parts
            for each in queries.attempts_of(part)
        ]
    emit(rows, output_format)


@payouts.command()
@reading
def advance(output_format: str) -> None:
    """Send what is due and ask about what is unknown; safe to repeat and to run twice at once."""
    rails = rails_configured(os.environ)
    if not rails:
        progress_console.print(
            f"Alipay is not configured ({PREFIX}*): only parts carried out by hand are looked at"
        )
    run = payouts_advance(tenant(), rails, edge_now())
    emit(
        [
            {"outcome": outcome, "business_no": number}
            for outcome, numbers in vars(run).items()
            for number in numbers
        ],
        output_format,
    )


@payouts.command("verify-payee")
@click.argument("subject", type=SUBJECT)
@click.option("--rail", type=click.Choice([TRANSFER, BANK]), default=TRANSFER, show_default=True)
@click.option("--identity", required=True, help="The user id or account number there.")
@click.option("--name", required=True, help="The account's real name, as it was verified.")
@click.option("--by", required=True, help="The person who verified it.")
def verify_payee(subject: tuple[str, str], rail: str, identity: str, name: str, by: str) -> None:
    """Record that an account is the certified entity's own, so that it may be paid to."""
    person = decider_named(tenant(), by)
    payee = payee_verify(
        tenant(), subject, rail=rail, identity=identity, name=name, by=person, now=edge_now()
    )
    click.echo(f"{':'.join(subject)}: {payee.rail} {payee.identity} {payee.name}", err=True)


@payouts.command("paid-by-hand")
@click.argument("business_no")
@click.option("--receipt", required=True, help="The number of the bank's receipt.")
@click.option("--by", required=True, help="The person who says so.")
def paid_by_hand(business_no: str, receipt: str, by: str) -> None:
    """Say that the bank paid a part; it is booked when a second person says the same number."""
    person = decider_named(tenant(), by)
    part = part_paid_by_hand(tenant(), business_no, receipt_no=receipt, by=person, now=edge_now())
    booked = part.state == "succeeded"
    click.echo(f"{business_no}: {'booked' if booked else 'waits for a second person'}", err=True)


def rails_configured(environment: Mapping[str, str]) -> dict[str, Rail]:
    """Return the rails that the environment configures; none when it says nothing of Alipay.

    Raises:
        BadInput: when it says something, but not all that is needed.
    """
    if not any(name.startswith(PREFIX) and value for name, value in environment.items()):
        return {}
    client = AlipayClient(config_read(environment, clock=lambda: datetime.now(UTC)))
    trade_of = partial(queries.destination_of, tenant())
    return {TRANSFER: AlipayRail(client), ORIGINAL_ROUTE: AlipayRefundRail(client, trade_of)}


def _payout_row(payout: Payout) -> dict[str, Any]:
    return {
        "number": payout.number,
        "subject": f"{payout.subject_kind}:{payout.subject_id}",
        "purpose": payout.purpose,
        "amount_fen": payout.amount_fen,
        "state": payout.state,
        "route": payout.route,
        "from_account": payout.from_account,
        "clause": payout.clause,
        "decision_id": payout.decision_id,
        "requested_at": payout.requested_at,
        "requested_by": payout.requested_by,
        "reissue_of": payout.reissue_of.number if payout.reissue_of else None,
    }


def _part_row(part: PayoutPart) -> dict[str, Any]:
    return {
        "part": part.ordinal,
        "business_no": part.business_no,
        "amount_fen": part.amount_fen,
        "state": part.state,
        "rail": part.rail,
        "destination": part.destination,
        "payee_name": part.payee_name,
        "institution_ref": part.institution_ref,
        "next_try_at": part.next_try_at,
        "failure_code": part.failure_code,
        "zh": part.failure_zh,
        "en": part.failure_en,
        "transfer_id": part.transfer_id,
    }
