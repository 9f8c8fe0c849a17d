"""``earnest payin``: online payment orders; ``earnest receipts``: cash matched by hand."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from earnest.cli.amounts import YUAN
from earnest.cli.options import SUBJECT, edge_now, tenant
from earnest.cli.output import emit, progress_console, reading
from earnest.connectors.collecting import client_configured, collector_of, payment_ask
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict
from earnest.market.queries import decider_named
from earnest.payins.bank_import import COLUMNS, NEEDED, bank_receipts_import
from earnest.payins.bank_receipts import bank_receipt_match, bank_receipt_unmatch
from earnest.payins.booking import PURPOSES
from earnest.payins.fees import ONLINE_RAILS
from earnest.payins.models import BankReceipt, PayOrder
from earnest.payins.orders import NewPayOrder, pay_order_open, pay_order_paid
from earnest.payins.payments import SANDBOX, sandbox_payment
from earnest.payins.queries import BANK, bank_receipt_get, bank_receipts, pay_order_get, pay_orders
from earnest.payins.sheet import sheet_rows, sheet_text
from earnest.payins.suggestions import bank_receipt_suggest
from earnest.reconciliation.returns import bank_receipt_return

ORDER_STATES = ("open", "paid", "expired", "closed")
RECEIPT_STATES = ("unmatched", "matched", "return_asked", "returned")
BY = click.option("--by", required=True, help="The person who does it; one who may decide.")
RAIL = click.option("--rail", default=BANK, show_default=True, help="Where it came in.")


def _clock() -> datetime:
    return datetime.now(UTC)


@click.group()
def payin() -> None:
    """Payments that parties make online: ordered, paid at the institution, booked once."""


@payin.command("order")
@click.argument("subject", type=SUBJECT)
@click.argument("amount", type=YUAN)
@click.option("--purpose", type=click.Choice(PURPOSES), default="deposit", show_default=True)
@click.option("--rail", type=click.Choice(ONLINE_RAILS), default=ONLINE_RAILS[0], show_default=True)
@click.option("--key", default="", help="Your own key: the same key gives the same order.")
@click.option("--by", default="", help="Who asked for it.")
@reading
def order(
    *,
    subject: tuple[str, str],
    amount: int,
    purpose: str,
    rail: str,
    key: str,
    by: str,
    output_format: str,
) -> None:
    """Open an order over AMOUNT yuan and show its fee and total, in fen."""
    new = NewPayOrder(
        subject=subject,
        amount_fen=amount,
        purpose=purpose,
        rail=rail,
        actor=by,
        client_key=key,
        collector=collector_of(client_configured(os.environ, _clock)),
    )
    emit([_order_row(pay_order_open(tenant(), new, edge_now()))], output_format)


@payin.command("paid")
@click.argument("number")
@reading
def paid(*, number: str, output_format: str) -> None:
    """Ask the institution what became of an order; without one, complete it (sandbox)."""
    found = pay_order_get(tenant(), number)
    if found.app_id == SANDBOX.app_id:
        payment = sandbox_payment(found, edge_now())
        pay_order_paid(tenant(), payment, edge_now(), source="sandbox")
        outcome = "booked (sandbox)"
    else:
        client = client_configured(os.environ, _clock)
        if client is None:
            raise Conflict(
                "institution_not_configured",
                where=number,
                zh="这是真实收款订单，但支付机构没有配置，无法查询。",
                en="this is a real order, and no institution is configured to ask",
            )
        outcome = payment_ask(client, tenant(), number, edge_now())
    found.refresh_from_db()
    emit([{"outcome": outcome, **_order_row(found)}], output_format)


@payin.command("list")
@click.option("--subject", type=SUBJECT, help="Only of this subject.")
@click.option("--state", type=click.Choice(ORDER_STATES), help="Only these.")
@reading
def orders_list(*, subject: tuple[str, str] | None, state: str | None, output_format: str) -> None:
    """List payment orders, amounts in fen."""
    found = pay_orders(tenant(), subject=subject or ("", ""), state=state or "")
    emit([_order_row(each) for each in found], output_format)


def _order_row(order: PayOrder) -> dict[str, Any]:
    return {
        "number": order.number,
        "subject": f"{order.subject_kind}:{order.subject_id}",
        "purpose": order.purpose,
        "rail": order.rail,
        "amount_fen": order.amount_fen,
        "fee_fen": order.fee_fen,
        "total_fen": order.total_fen,
        "state": order.state,
        "trade_no": order.trade_no,
        "paid_at": order.paid_at,
        "sandbox": "yes" if order.app_id == SANDBOX.app_id else "",
    }


@click.group()
def receipts() -> None:
    """Cash without a number of ours: bank transfers, matched to their owner by a person."""


@receipts.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@BY
@reading
def receipts_import(*, path: Path, by: str, output_format: str) -> None:
    """Take in a bank's sheet (CSV); rows at fault are listed, the others are in. Status 1 then."""
    rows = sheet_rows(sheet_text(path.read_bytes()), COLUMNS, NEEDED)
    done = bank_receipts_import(tenant(), rows, decider_named(tenant(), by), edge_now())
    progress_console.print(
        f"{len(done.new)} new, {len(done.repeated)} known before, {len(done.bad)} at fault"
    )
    emit([each.as_dict() for each in done.bad], output_format)
    if done.bad:
        sys.exit(1)


@receipts.command("suggest")
@click.argument("receipt_no")
@RAIL
@reading
def receipts_suggest(*, receipt_no: str, rail: str, output_format: str) -> None:
    """Show whose a receipt may be, and why."""
    receipt = bank_receipt_get(tenant(), receipt_no, rail=rail)
    found = bank_receipt_suggest(receipt, day_of(edge_now()))
    emit(
        [
            {
                "subject": ":".join(each.subject),
                "name": each.name,
                "purpose": each.purpose,
                "reasons": "; ".join(f"{why} {rests_on}" for why, rests_on in each.reasons),
            }
            for each in found
        ],
        output_format,
    )


@receipts.command("match")
@click.argument("receipt_no")
@click.argument("subject", type=SUBJECT)
@click.option("--purpose", type=click.Choice(PURPOSES), default="deposit", show_default=True)
@click.option("--note", default="", help="Why, when the payer is not the certified entity.")
@BY
@RAIL
@reading
def receipts_match(
    *,
    receipt_no: str,
    subject: tuple[str, str],
    purpose: str,
    note: str,
    by: str,
    rail: str,
    output_format: str,
) -> None:
    """Give the cash of a receipt to its owner."""
    matched = bank_receipt_match(
        tenant(),
        receipt_no,
        subject,
        purpose=purpose,
        actor=decider_named(tenant(), by),
        note=note,
        now=edge_now(),
        rail=rail,
    )
    emit([_receipt_row(matched)], output_format)


@receipts.command("unmatch")
@click.argument("receipt_no")
@click.option("--note", required=True, help="Why.")
@BY
@RAIL
@reading
def receipts_unmatch(*, receipt_no: str, note: str, by: str, rail: str, output_format: str) -> None:
    """Take a match back by entries that name the original."""
    actor = decider_named(tenant(), by)
    undone = bank_receipt_unmatch(
        tenant(), receipt_no, actor=actor, note=note, now=edge_now(), rail=rail
    )
    emit([_receipt_row(undone)], output_format)


@receipts.command("return")
@click.argument("receipt_no")
@click.option("--note", required=True, help="Why.")
@click.option("--account", default="", help="Where to, when the receipt names no account.")
@BY
@RAIL
@reading
def receipts_return(
    *, receipt_no: str, note: str, account: str, by: str, rail: str, output_format: str
) -> None:
    """Send a receipt back: the first person asks, the second starts the payout."""
    actor = decider_named(tenant(), by)
    said = bank_receipt_return(
        tenant(),
        receipt_no,
        actor=actor,
        note=note,
        account=account,
        now=edge_now(),
        rail=rail,
    )
    emit([_receipt_row(said)], output_format)


@receipts.command("list")
@click.option("--state", type=click.Choice(RECEIPT_STATES), help="Only these.")
@reading
def receipts_list(*, state: str | None, output_format: str) -> None:
    """List receipts, amounts in fen."""
    emit([_receipt_row(each) for each in bank_receipts(tenant(), state=state or "")], output_format)


def _receipt_row(receipt: BankReceipt) -> dict[str, Any]:
    return {
        "receipt_no": receipt.receipt_no,
        "rail": receipt.rail,
        "received_at": receipt.received_at,
        "payer_name": receipt.payer_name,
        "amount_fen": receipt.amount_fen,
        "memo": receipt.memo,
        "state": receipt.state,
        "subject": f"{receipt.subject_kind}:{receipt.subject_id}".strip(":"),
        "purpose": receipt.purpose,
        "matched_by": receipt.matched_by,
        "payout": receipt.payout_number,
    }
