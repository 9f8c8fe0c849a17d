"""``earnest survey``: campaigns that ask merchants about providers."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from earnest.cli.options import DAY, MONTH, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.kernel.calendar import Month
from earnest.surveys import commands as campaigns
from earnest.surveys.commands import NewCampaign, last_day
from earnest.surveys.inviting import (
    REASONS,
    invitation_exclude,
    links_of,
    respondents_invite,
)
from earnest.surveys.models import CORRECTIONS, LIST, MARKET, Campaign
from earnest.surveys.queries import campaign_get, invitation_get, plans
from earnest.surveys.queries import campaigns as campaigns_found
from earnest.surveys.respondents import respondents_read
from earnest.surveys.results import ProviderResult, results_of


def _row(campaign: Campaign) -> dict[str, Any]:
    return {
        "number": campaign.number,
        "month": campaign.month,
        "state": campaign.state,
        "asks": campaign.asks,
        "opens_at": campaign.opens_at,
        "last_day": last_day(campaign),
        "invited": campaign.invitations.count(),
        "answered": campaign.invitations.filter(answered_at__isnull=False).count(),
    }


def _result(result: ProviderResult) -> dict[str, Any]:
    return {
        "provider": result.provider_id,
        "asked": result.asked,
        "excluded": result.excluded,
        "answers": result.answers,
        "minimum": result.minimum,
        "points": result.points,
        "weights": result.weights,
        "composite": result.composite_text,
        "floor_tenths": result.floor_tenths,
        "enough": result.enough,
        "below": result.below,
        "nps": result.nps_text,
    }


def _get(number: str) -> Campaign:
    return campaign_get(tenant(), number)


ACTOR = click.option("--as", "actor", required=True, help="Who does it.")


@click.group()
def survey() -> None:
    """Campaigns: draft, confirm, invite, links, leave-out, close, withdraw, list, show, plans."""


@survey.command("draft")
@click.option("--month", type=MONTH, required=True, help="The month that is assessed.")
@click.option("--opens", type=DAY, required=True, help="The first day, of that month.")
@click.option("--closes", type=DAY, required=True, help="The last day, of that month.")
@click.option("--asks", type=click.Choice([MARKET, LIST]), default=MARKET, show_default=True)
@click.option("--provider", "providers", multiple=True, help="Only about these; may be repeated.")
@click.option("--remind", type=int, default=3, show_default=True, help="Days; 0 for never.")
@click.option(
    "--corrections", type=int, default=CORRECTIONS, show_default=True, help="Of an answer."
)
@ACTOR
@reading
def draft(
    *,
    month: Month,
    opens: date,
    closes: date,
    asks: str,
    providers: tuple[str, ...],
    remind: int,
    corrections: int,
    actor: str,
    output_format: str,
) -> None:
    """Draft a campaign; nobody is asked before it is confirmed."""
    new = NewCampaign(
        month, opens, closes, asks=asks, provider_ids=providers, remind_after_days=remind,
        corrections_max=corrections,
    )  # fmt: skip
    emit([_row(campaigns.campaign_draft(tenant(), new, actor, edge_now()))], output_format)


@survey.command("confirm")
@click.argument("number")
@ACTOR
@reading
def confirm(*, number: str, actor: str, output_format: str) -> None:
    """Confirm draft NUMBER: it opens on its first day, or now."""
    emit([_row(campaigns.campaign_schedule(_get(number), actor, edge_now()))], output_format)


@survey.command("withdraw")
@click.argument("number")
@ACTOR
@reading
def withdraw(*, number: str, actor: str, output_format: str) -> None:
    """Withdraw campaign NUMBER, which has not opened."""
    emit([_row(campaigns.campaign_withdraw(_get(number), actor, edge_now()))], output_format)


@survey.command("close")
@click.argument("number")
@ACTOR
@reading
def close(*, number: str, actor: str, output_format: str) -> None:
    """Close campaign NUMBER now; by itself it closes after its last day."""
    campaign = campaigns.campaign_close(_get(number), edge_now(), actor=actor)
    emit([_row(campaign)], output_format)


@survey.command("invite")
@click.argument("number")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@ACTOR
@reading
def invite(*, number: str, file: Path, actor: str, output_format: str) -> None:
    """Invite whom FILE names: a CSV: respondent, provider_id, and perhaps address."""
    campaign = _get(number)
    found = respondents_read(tenant(), Month.parse(campaign.month), file.read_bytes())
    made = respondents_invite(campaign, found, actor, edge_now())
    emit([{"number": number, "given": len(found), "invited": len(made)}], output_format)


@survey.command("links")
@click.argument("number")
@click.option("--base", required=True, help="Address of the console, as https://earnest.example.")
@click.option("--all", "everybody", is_flag=True, help="Those that were answered as well.")
@reading
def links(*, number: str, base: str, everybody: bool, output_format: str) -> None:
    """Print the secret links of campaign NUMBER, to be sent to the respondents."""
    rows = [
        {
            "respondent": each.invitation.who,
            "provider": each.invitation.provider_id,
            "invitation": each.invitation.id,
            "reminders": each.invitation.reminders,
            "link": f"{base.rstrip('/')}/survey/{each.secret}/",
        }
        for each in links_of(_get(number), unanswered=not everybody)
    ]
    emit(rows, output_format)


@survey.command("leave-out")
@click.argument("invitation", type=click.UUID)
@click.option("--reason", type=click.Choice(REASONS), required=True)
@click.option("--note", default="", help="What it rests on.")
@ACTOR
@reading
def leave_out(*, invitation: UUID, reason: str, note: str, actor: str, output_format: str) -> None:
    """Let the answer to INVITATION not count, for a reason."""
    held = invitation_get(tenant(), invitation)
    held = invitation_exclude(held, reason, note, actor, edge_now())
    emit([{"invitation": held.id, "excluded": held.excluded}], output_format)


@survey.command("list")
@reading
def list_(*, output_format: str) -> None:
    """List campaigns, the newest first."""
    emit([_row(each) for each in campaigns_found(tenant())], output_format)


@survey.command("show")
@click.argument("number")
@reading
def show(*, number: str, output_format: str) -> None:
    """Show what campaign NUMBER found, provider by provider."""
    emit([_result(each) for each in results_of(_get(number))], output_format)


@survey.command("plans")
@reading
def plans_(*, output_format: str) -> None:
    """List improvement plans, the newest month first."""
    rows = [
        {
            "provider": each.provider_id,
            "month": each.month,
            "state": each.state,
            "file_until_on": each.file_until_on,
            "items": each.items,
        }
        for each in plans(tenant())
    ]
    emit(rows, output_format)
