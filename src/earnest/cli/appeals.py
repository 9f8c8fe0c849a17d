"""``earnest ticket`` and ``earnest appeal``: sanctions, and what parties say against them."""

from typing import Any

import click

from earnest.appeals.appealing import appealable
from earnest.appeals.deciding import (
    Verdict,
    appeal_confirm,
    appeal_preview,
    appeal_propose,
)
from earnest.appeals.filing import GROUNDS, Disputed, NewAppeal, appeal_file
from earnest.appeals.hearing import appeal_claim, appeal_release
from earnest.appeals.models import FILED, PROPOSED, STATES, VERDICTS, Appeal
from earnest.appeals.outcome import row_words
from earnest.appeals.people import stuck_of
from earnest.appeals.queries import AppealFilter, appeal_get, appeals_found
from earnest.cli.options import SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.kernel.calendar import day_of
from earnest.market.queries import decider_named
from earnest.tickets.commands import MOVES
from earnest.tickets.models import Ticket
from earnest.tickets.queries import TicketFilter, ticket_get, tickets_listed


def _ticket_row(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "subject": f"{ticket.subject_kind}:{ticket.subject_id}",
        "decision": ticket.decision,
        "period": ticket.period,
        "outcome": ticket.outcome,
        "money_fen": ticket.money_fen,
        "state": ticket.state,
        "told_at": ticket.told_at,
        "appeal_until": ticket.appeal_until,
    }


@click.group()
def ticket() -> None:
    """Sanctions as their parties see them: list, show."""


@ticket.command("list")
@click.option("--subject", type=SUBJECT, help="Only of this party.")
@click.option("--state", type=click.Choice(sorted(MOVES)), help="Only in this state.")
@reading
def ticket_list(*, subject: tuple[str, str] | None, state: str | None, output_format: str) -> None:
    """List tickets, the newest first."""
    found = tickets_listed(tenant(), TicketFilter(subject=subject, state=state or ""))
    emit([_ticket_row(each) for each in found], output_format)


@ticket.command("show")
@click.argument("number")
@reading
def ticket_show(*, number: str, output_format: str) -> None:
    """Show the items of ticket NUMBER, each with the appeals left for it."""
    found = ticket_get(tenant(), number)
    rows = [
        {
            "number": found.number,
            "state": found.state,
            "appeal_until": found.appeal_until,
            "item": each.item.position,
            "clause": each.item.clause,
            "words": each.item.en,
            "standing": each.item.standing,
            "appeals_left": each.left,
            "refusal": each.refusal.code if each.refusal else "",
        }
        for each in appealable(found, day_of(edge_now()))
    ]
    emit(rows, output_format)


def _appeal_row(found: Appeal) -> dict[str, Any]:
    return {
        "number": found.number,
        "ticket": found.ticket.number,
        "subject": f"{found.subject_kind}:{found.subject_id}",
        "state": found.state,
        "filed_at": found.filed_at,
        "expected_on": found.expected_on,
        "hearer": found.hearer,
        "confirmed_by": found.confirmed_by,
        "late": found.late_at is not None,
        "stuck": stuck.code if (stuck := stuck_of(found)) else "",
    }


@click.group()
def appeal() -> None:
    """Appeals against tickets: file, list, show, release, decide."""


@appeal.command("list")
@click.option("--subject", type=SUBJECT, help="Only of this party.")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@reading
def appeal_list(*, subject: tuple[str, str] | None, state: str | None, output_format: str) -> None:
    """List appeals, the newest first; ``stuck`` says where nobody is left to hear or confirm.

    What to do about those is said below the list.
    """
    found = appeals_found(tenant(), AppealFilter(subject=subject, state=state or ""))
    emit([_appeal_row(each) for each in found], output_format)
    for each in found:
        if problem := stuck_of(each):
            click.echo(f"{each.number}: {problem.en}", err=True)


@appeal.command("show")
@click.argument("number")
@reading
def appeal_show(*, number: str, output_format: str) -> None:
    """Show appeal NUMBER: each disputed item, and what its decision changed or would change."""
    found = appeal_get(tenant(), number)
    rows = [
        {
            **_appeal_row(found),
            "item": each.position,
            "ground": each.ground,
            "said": each.said,
            "verdict": each.verdict,
            "reason": each.reason,
        }
        for each in found.items.all()
    ]
    emit(rows, output_format)
    if found.state == PROPOSED:
        for row in appeal_preview(tenant(), number, edge_now()).rows:
            click.echo(row_words(row).en, err=True)


@appeal.command("file")
@click.argument("ticket_number")
@click.option("--subject", type=SUBJECT, required=True, help="The party that appeals.")
@click.option("--item", "items", type=int, multiple=True, required=True, help="Place of an item.")
@click.option("--ground", type=click.Choice(GROUNDS), required=True, help="Why.")
@click.option("--said", required=True, help="What is wrong with it.")
@click.option("--as", "actor", required=True, help="The party's person.")
@reading
def appeal_file_(
    *,
    ticket_number: str,
    subject: tuple[str, str],
    items: tuple[int, ...],
    ground: str,
    said: str,
    actor: str,
    output_format: str,
) -> None:
    """File an appeal against items of ticket TICKET_NUMBER for its party."""
    disputed = [Disputed(each, ground, said) for each in items]
    new = NewAppeal(subject, ticket_number, disputed, actor)
    emit([_appeal_row(appeal_file(tenant(), new, edge_now()))], output_format)


@appeal.command("release")
@click.argument("number")
@click.option("--as", "actor", required=True, help="Its hearer, or a person who may decide.")
@click.option("--reason", default="", help="Why; needed to take it from its hearer.")
@reading
def appeal_release_(*, number: str, actor: str, reason: str, output_format: str) -> None:
    """Give appeal NUMBER back, for somebody else to hear."""
    found = appeal_release(tenant(), number, actor=actor, reason=reason, now=edge_now())
    emit([_appeal_row(found)], output_format)


@appeal.command("decide")
@click.argument("number")
@click.option(
    "--verdict", type=click.Choice([each for each in VERDICTS if each != "corrected"]),
    help="Of every item; left out by the second person.",
)  # fmt: skip
@click.option("--agree/--send-back", default=True, help="The second person's word.")
@click.option("--reason", required=True, help="Why, for the party to read.")
@click.option("--as", "actor", required=True, help="A person who may decide.")
@reading
def appeal_decide(
    *,
    number: str,
    verdict: str | None,
    agree: bool,
    reason: str,
    actor: str,
    output_format: str,
) -> None:
    """Decide appeal NUMBER: the hearer gives --verdict, then another person agrees.

    Verdicts that differ from item to item, and corrected figures, are given in the console.
    """
    at, who = edge_now(), decider_named(tenant(), actor)
    found = appeal_get(tenant(), number)
    if verdict is None:
        appeal_confirm(tenant(), number, agrees=agree, actor=who, reason=reason, now=at)
    else:
        if found.state == FILED:
            appeal_claim(tenant(), number, actor=who, now=at)
        verdicts = [Verdict(each.position, verdict, reason) for each in found.items.all()]
        appeal_propose(tenant(), number, verdicts, actor=who, now=at)
    emit([_appeal_row(appeal_get(tenant(), number))], output_format)
