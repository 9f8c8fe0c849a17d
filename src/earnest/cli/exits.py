"""``earnest exit``: shops and providers that leave, and the refund of their deposits."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

import click

from earnest.cases import exits as cases
from earnest.cases.exit_facts import ExitFacts
from earnest.cases.provider_exits import (
    ProviderExitFiling,
    provider_exit_ask,
    provider_exit_check,
)
from earnest.cli.case_rows import case_row, cases_listed
from earnest.cli.checks import check_printed
from earnest.cli.options import DAY, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.market.queries import decider_named
from earnest.violations.queries import matters_open

COUNT = click.IntRange(min=0)


def _facts(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of what a person tells, passed on as ``facts``."""

    @click.option("--goods-on-sale", type=COUNT, help="Goods still listed.")
    @click.option("--orders-open", type=COUNT, help="Orders not complete, where no data tells.")
    @click.option("--last-completed-on", type=DAY, help="Day of the last complete order.")
    @click.option("--disputes-open", type=COUNT, help="Disputes not closed, where no data tells.")
    @wraps(command)
    def with_facts(
        *,
        goods_on_sale: int | None,
        orders_open: int | None,
        last_completed_on: date | None,
        disputes_open: int | None,
        **rest: Any,
    ) -> None:
        facts = ExitFacts(goods_on_sale, orders_open, last_completed_on, disputes_open)
        command(facts=facts, **rest)

    return with_facts


@click.group("exit")
def exit_() -> None:
    """Parties that leave: check, ask, tell, withdraw, list; provider for providers."""


@exit_.command("check")
@click.argument("shop_id")
@_facts
@reading
def check(*, shop_id: str, facts: ExitFacts, output_format: str) -> None:
    """Show each condition of the exit of shop SHOP_ID, and what would be refunded."""
    told = facts if facts.told() else None
    emit(check_printed(cases.exit_check(tenant(), shop_id, told, edge_now())), output_format)


@exit_.command("ask")
@click.argument("shop_id")
@click.option("--reason", default="", help="Why it leaves.")
@click.option("--objection", default="", help="The act that it objected to and leaves for.")
@click.option("--as", "actor", required=True, help="Who asks: a person who may decide.")
@_facts
@reading
def ask(
    *,
    shop_id: str,
    reason: str,
    objection: str,
    actor: str,
    facts: ExitFacts,
    output_format: str,
) -> None:
    """Apply for closing shop SHOP_ID: the notice begins today."""
    filing = cases.ExitFiling(decider_named(tenant(), actor), reason, objection, facts)
    emit([case_row(cases.exit_ask(tenant(), shop_id, filing, edge_now()))], output_format)


@exit_.command("tell")
@click.argument("number")
@click.option("--note", required=True, help="How it was found.")
@click.option("--as", "actor", required=True, help="Who found it: a person who may decide.")
@_facts
@reading
def tell(*, number: str, note: str, actor: str, facts: ExitFacts, output_format: str) -> None:
    """Enter for exit NUMBER what no data tells."""
    who = decider_named(tenant(), actor)
    case = cases.exit_tell(tenant(), number, facts, who, note, edge_now())
    emit([case_row(case)], output_format)


@exit_.command("withdraw")
@click.argument("number")
@click.option("--reason", required=True, help="Why.")
@click.option("--as", "actor", required=True, help="Who: a person who may decide.")
@reading
def withdraw(*, number: str, reason: str, actor: str, output_format: str) -> None:
    """Take exit NUMBER back, as long as it is not in effect."""
    who = decider_named(tenant(), actor)
    case = cases.exit_withdraw(tenant(), number, who, reason, edge_now())
    emit([case_row(case)], output_format)


@exit_.command("provider")
@click.argument("provider_id")
@click.option("--on-sale", type=COUNT, required=True, help="Services still on sale.")
@click.option("--running", type=COUNT, required=True, help="Subscriptions that still run.")
@click.option("--reason", default="", help="Why it leaves.")
@click.option("--ask", "asked", is_flag=True, help="Ask for it, and do not only check.")
@click.option("--as", "actor", required=True, help="Who: a person who may decide.")
@reading
def provider(
    *,
    provider_id: str,
    on_sale: int,
    running: int,
    reason: str,
    asked: bool,
    actor: str,
    output_format: str,
) -> None:
    """Check or ask for the exit of provider PROVIDER_ID, at once and without a departure.

    `earnest departure` is the way that a provider itself takes: checked by a reviewer, with the
    days of its merchants.
    """
    who = decider_named(tenant(), actor)
    under_review = matters_open(tenant(), ("provider", provider_id))
    filing = ProviderExitFiling(who, on_sale, running, reason=reason, matters_open=under_review)
    if asked:
        case = provider_exit_ask(tenant(), provider_id, filing, edge_now())
        emit([case_row(case)], output_format)
        return
    found = provider_exit_check(tenant(), provider_id, filing, edge_now())
    emit(check_printed(found), output_format)


@exit_.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those under way.")
@reading
def list_(*, only_open: bool, output_format: str) -> None:
    """List exits, the newest first."""
    found = cases_listed(tenant(), cases.EXIT, only_open=only_open)
    emit([case_row(each) for each in found], output_format)
