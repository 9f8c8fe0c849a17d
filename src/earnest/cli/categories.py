"""``earnest category``: categories that shops add and close."""

import click

from earnest.cases import categories as cases
from earnest.cli.case_rows import case_row, cases_listed
from earnest.cli.checks import check_printed
from earnest.cli.options import edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.market.queries import decider_named


@click.group()
def category() -> None:
    """Categories of shops: check, add, close, withdraw, list."""


@category.command("check")
@click.argument("shop_id")
@click.argument("name")
@reading
def check(*, shop_id: str, name: str, output_format: str) -> None:
    """Show what the gate says of category NAME for shop SHOP_ID, and what to top up first."""
    emit(check_printed(cases.category_check(tenant(), shop_id, name, edge_now())), output_format)


@category.command("add")
@click.argument("shop_id")
@click.argument("name")
@click.option("--note", default="", help="A word on it.")
@click.option("--as", "actor", required=True, help="Who asks: a person who may decide.")
@reading
def add(*, shop_id: str, name: str, note: str, actor: str, output_format: str) -> None:
    """Add category NAME to shop SHOP_ID; it opens once the balance bears it."""
    who = decider_named(tenant(), actor)
    case = cases.category_ask(tenant(), shop_id, name, who, edge_now(), note=note)
    emit([case_row(case)], output_format)


@category.command("close")
@click.argument("shop_id")
@click.argument("name")
@click.option("--note", default="", help="A word on it.")
@click.option("--as", "actor", required=True, help="Who asks: a person who may decide.")
@reading
def close(*, shop_id: str, name: str, note: str, actor: str, output_format: str) -> None:
    """Close category NAME of shop SHOP_ID; what must be held is computed anew."""
    who = decider_named(tenant(), actor)
    case = cases.category_close(tenant(), shop_id, name, who, edge_now(), note=note)
    emit([case_row(case)], output_format)


@category.command("withdraw")
@click.argument("number")
@click.option("--reason", required=True, help="Why.")
@click.option("--as", "actor", required=True, help="Who: a person who may decide.")
@reading
def withdraw(*, number: str, reason: str, actor: str, output_format: str) -> None:
    """Take application NUMBER back while it waits for a top-up."""
    who = decider_named(tenant(), actor)
    case = cases.category_withdraw(tenant(), number, who, reason, edge_now())
    emit([case_row(case)], output_format)


@category.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that wait for a top-up.")
@reading
def list_(*, only_open: bool, output_format: str) -> None:
    """List what was asked for, the newest first."""
    rows = [
        case_row(each)
        | {
            "category": each.facts["category"],
            "action": each.facts["action"],
            "top_up_fen": each.facts.get("top_up_fen"),
        }
        for each in cases_listed(tenant(), cases.CATEGORY, only_open=only_open)
    ]
    emit(rows, output_format)
