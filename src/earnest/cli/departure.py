"""``earnest departure``: providers that leave, by their own wish or by removal."""

from datetime import date
from typing import Any

import click

from earnest.cli.checks import check_printed
from earnest.cli.options import DAY, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.departure.daily import departures_look
from earnest.departure.exits import Standing, exit_begin, exit_check_confirm, exit_withdraw
from earnest.departure.models import Departure
from earnest.departure.queries import departure_get, departures_listed, exit_precheck
from earnest.departure.removals import group_removal_ask, same_hands
from earnest.departure.turns import Turn, turn_of
from earnest.departure.winding_down import (
    handover_settle,
    merchants_read,
    plan_file,
    plan_review,
)
from earnest.kernel.calendar import day_of
from earnest.market.queries import decider_named, reviewer_named

COUNT = click.IntRange(min=0)
ON_SALE = click.option("--on-sale", type=COUNT, required=True, help="Services still on sale.")
RUNNING = click.option("--running", type=COUNT, required=True, help="Subscriptions still running.")
ENDS_ON = click.option("--ends-on", type=DAY, help="Last day of the longest subscription.")
REVIEWER = click.option("--as", "actor", required=True, help="A person who may review.")


@click.group()
def departure() -> None:
    """Providers that leave: check, begin, review, wind down, list."""


def _rows(*rows: Departure) -> list[dict[str, Any]]:
    on = day_of(edge_now())
    return [_row(each, turn_of(each, on)) for each in rows]


def _row(row: Departure, turn: Turn | None) -> dict[str, Any]:
    return {
        "number": row.number,
        "provider": row.provider_id,
        "way": row.way,
        "state": row.state,
        "begun_on": row.begun_on,
        "serve_until": row.serve_until,
        "plan": row.plan_state,
        "turn": f"{turn.who}: {turn.what}" if turn else "",
        "due_on": turn.due_on if turn else None,
        "case": row.case_number,
    }


@departure.command("list")
@click.option("--provider", "provider_id", default="", help="Only of this provider.")
@click.option("--state", default="", help="Only in this state.")
@reading
def departure_list(*, provider_id: str, state: str, output_format: str) -> None:
    """List departures, newest first."""
    found = departures_listed(tenant(), provider_id=provider_id, state=state)
    emit(_rows(*found.prefetch_related("handovers")), output_format)


@departure.command("show")
@click.argument("number")
@reading
def show(*, number: str, output_format: str) -> None:
    """Show the story of departure NUMBER."""
    row = departure_get(tenant(), number)
    emit(
        [
            {"at": each.at, "what": each.what, "by": each.actor, "note": each.note}
            for each in row.steps.all()
        ],
        output_format,
    )


@departure.command("check")
@click.argument("provider_id")
@ON_SALE
@RUNNING
@reading
def check(*, provider_id: str, on_sale: int, running: int, output_format: str) -> None:
    """Show each condition of the exit of PROVIDER_ID, green or red."""
    found = exit_precheck(tenant(), provider_id, on_sale=on_sale, running=running, now=edge_now())
    emit(check_printed(found), output_format)


@departure.command("begin")
@click.argument("provider_id")
@ON_SALE
@RUNNING
@ENDS_ON
@click.option("--reason", default="", help="Why it leaves.")
@click.option("--by", "actor", required=True, help="Who applied for the provider.")
@reading
def begin(
    *,
    provider_id: str,
    on_sale: int,
    running: int,
    ends_on: date | None,
    reason: str,
    actor: str,
    output_format: str,
) -> None:
    """Enter the application of PROVIDER_ID to leave, as it came in."""
    standing = Standing(on_sale, running, ends_on)
    row = exit_begin(tenant(), provider_id, standing, actor=actor, reason=reason, now=edge_now())
    emit(_rows(row), output_format)


@departure.command("review")
@click.argument("number")
@ON_SALE
@RUNNING
@ENDS_ON
@REVIEWER
@reading
def review(
    *,
    number: str,
    on_sale: int,
    running: int,
    ends_on: date | None,
    actor: str,
    output_format: str,
) -> None:
    """Enter what was found of exit NUMBER; two persons are asked once all is green."""
    who, standing = reviewer_named(tenant(), actor), Standing(on_sale, running, ends_on)
    row = exit_check_confirm(tenant(), number, standing, actor=who, now=edge_now())
    emit(_rows(row), output_format)


@departure.command("withdraw")
@click.argument("number")
@click.option("--reason", required=True, help="Why.")
@click.option("--by", "actor", required=True, help="Who takes it back for the provider.")
@reading
def withdraw(*, number: str, reason: str, actor: str, output_format: str) -> None:
    """Take exit NUMBER back, as long as it is not in effect."""
    row = exit_withdraw(tenant(), number, actor=actor, reason=reason, now=edge_now())
    emit(_rows(row), output_format)


@departure.command("plan")
@click.argument("number")
@click.option("--text", "plan", required=True, help="How it is wound down.")
@click.option("--merchant", "merchants", multiple=True, help='"SHOP YYYY-MM-DD what is arranged".')
@click.option("--by", "actor", required=True, help="Who filed it for the provider.")
@reading
def plan_filed(
    *, number: str, plan: str, merchants: tuple[str, ...], actor: str, output_format: str
) -> None:
    """File the plan for winding down of removal NUMBER."""
    read = merchants_read(merchants)
    row = plan_file(tenant(), number, plan, read, actor=actor, now=edge_now())
    emit(_rows(row), output_format)


@departure.command("judge-plan")
@click.argument("number")
@click.argument("verdict", type=click.Choice(["accept", "send-back"]))
@click.option("--note", default="", help="Why; needed to send it back.")
@REVIEWER
@reading
def plan_judged(*, number: str, verdict: str, note: str, actor: str, output_format: str) -> None:
    """Accept the plan of removal NUMBER, or send it back."""
    who = reviewer_named(tenant(), actor)
    row = plan_review(
        tenant(), number, accepted=verdict == "accept", actor=who, note=note, now=edge_now()
    )
    emit(_rows(row), output_format)


@departure.command("settle")
@click.argument("number")
@click.argument("shop_id")
@click.option("--note", default="", help="How it was settled.")
@REVIEWER
@reading
def settle(*, number: str, shop_id: str, note: str, actor: str, output_format: str) -> None:
    """Note that merchant SHOP_ID of removal NUMBER is not served any more."""
    who = reviewer_named(tenant(), actor)
    done = handover_settle(tenant(), number, shop_id, actor=who, note=note, now=edge_now())
    emit([{"shop": done.shop_id, "settled_at": done.settled_at}], output_format)


@departure.command("hands")
@click.argument("provider_id")
@reading
def hands(*, provider_id: str, output_format: str) -> None:
    """List other accounts of the same entity or controller as PROVIDER_ID."""
    rows = [
        {"provider": each.provider_id, "name": each.name, "because": because}
        for each, because in same_hands(tenant(), provider_id)
    ]
    emit(rows, output_format)


@departure.command("remove-too")
@click.argument("number")
@click.argument("provider_id")
@click.option("--reason", required=True, help="Why it is covered.")
@click.option("--as", "actor", required=True, help="A person who may decide.")
@reading
def remove_too(
    *, number: str, provider_id: str, reason: str, actor: str, output_format: str
) -> None:
    """Propose to remove PROVIDER_ID too, which is in the same hands; two persons decide."""
    who = decider_named(tenant(), actor)
    made = group_removal_ask(
        tenant(), number, provider_id, actor=who, reason=reason, now=edge_now()
    )
    emit([{"decision": made.id, "state": made.state}], output_format)


@departure.command("look")
@reading
def look(*, output_format: str) -> None:
    """Look at every departure now: open removals, move on what has become green."""
    emit([vars(departures_look(tenant(), edge_now()))], output_format)
