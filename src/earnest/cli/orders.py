"""``earnest order``: standing orders, which let outcomes take effect without a person each time."""

from datetime import date

import click

from earnest.cli.options import DAY, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.decisions.commands import standing_order_give
from earnest.decisions.models import StandingOrder
from earnest.decisions.queries import standing_orders
from earnest.kernel.calendar import day_of
from earnest.market.queries import decider_named


def _row(order: StandingOrder) -> dict[str, object]:
    return {
        "id": order.id,
        "rulebook": order.rulebook,
        "decision": order.decision,
        "outcomes": order.outcomes,
        "from_on": order.from_on,
        "until_on": order.until_on,
        "ordered_by": order.ordered_by,
        "approved_by": order.approved_by,
        "note": order.note,
    }


@click.group()
def order() -> None:
    """Give and list standing orders."""


@order.command("list")
@reading
def order_list(output_format: str) -> None:
    """List the standing orders, the oldest first."""
    emit([_row(each) for each in standing_orders(tenant())], output_format)


@order.command("give")
@click.argument("rulebook")
@click.argument("decision")
@click.option("--outcome", "outcomes", multiple=True, required=True, help="May be repeated.")
@click.option("--by", "ordered_by", required=True, help="Who orders.")
@click.option("--approved-by", required=True, help="Who approves: another person.")
@click.option("--note", required=True, help="Why.")
@click.option("--from", "from_on", type=DAY, help="From this day on; today when left out.")
@reading
def order_give(
    rulebook: str,
    decision: str,
    *,
    outcomes: tuple[str, ...],
    ordered_by: str,
    approved_by: str,
    note: str,
    from_on: date | None,
    output_format: str,
) -> None:
    """Let outcomes of a decision of a rulebook take effect by themselves."""
    given = standing_order_give(
        tenant(),
        rulebook=rulebook,
        decision=decision,
        outcomes=outcomes,
        note=note,
        ordered_by=decider_named(tenant(), ordered_by),
        approved_by=decider_named(tenant(), approved_by),
        from_on=from_on or day_of(edge_now()),
    )
    emit([_row(given)], output_format)
