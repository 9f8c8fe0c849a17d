"""``earnest withdrawal``: excess of a shop's deposit that is paid out."""

import click

from earnest.cases import withdrawals as cases
from earnest.cli.amounts import YUAN
from earnest.cli.case_rows import case_row, cases_listed
from earnest.cli.checks import check_printed
from earnest.cli.options import edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.market.queries import decider_named


@click.group()
def withdrawal() -> None:
    """Withdrawals of excess: check, ask, list."""


@withdrawal.command("check")
@click.argument("shop_id")
@reading
def check(*, shop_id: str, output_format: str) -> None:
    """Show each condition for shop SHOP_ID, and how much may be withdrawn now."""
    emit(check_printed(cases.withdrawal_check(tenant(), shop_id, edge_now())), output_format)


@withdrawal.command("ask")
@click.argument("shop_id")
@click.option("--amount", "amount_fen", type=YUAN, help="How much; left out: all that may be.")
@click.option("--note", default="", help="A word on it.")
@click.option("--as", "actor", required=True, help="Who asks: a person who may decide.")
@reading
def ask(*, shop_id: str, amount_fen: int | None, note: str, actor: str, output_format: str) -> None:
    """Ask for the excess of shop SHOP_ID; it waits for two approvals."""
    who = decider_named(tenant(), actor)
    case = cases.withdrawal_ask(tenant(), shop_id, amount_fen, who, edge_now(), note=note)
    emit([case_row(case)], output_format)


@withdrawal.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that wait for people.")
@reading
def list_(*, only_open: bool, output_format: str) -> None:
    """List withdrawals, the newest first."""
    found = cases_listed(tenant(), cases.WITHDRAWAL, only_open=only_open)
    emit([case_row(each) for each in found], output_format)
