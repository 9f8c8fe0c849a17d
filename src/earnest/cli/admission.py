"""``earnest invite`` and ``earnest admission``: providers on their way in."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from earnest.admission.clocks import Clock, clock_of, clocks_of
from earnest.admission.deposits import application_open
from earnest.admission.due import admission_look
from earnest.admission.evidence import evidence_accept, evidence_send_back
from earnest.admission.figures import trial_take
from earnest.admission.filing import STATES
from earnest.admission.invitations import (
    REASONS,
    NewInvitation,
    invitation_make,
    invitation_renew_link,
    invitation_revoke,
    service_choices,
    state_on,
)
from earnest.admission.invitations import STATES as INVITATION_STATES
from earnest.admission.models import Application, Invitation
from earnest.admission.queries import (
    application_get,
    applications_found,
    evidence_shown,
    invitations_found,
)
from earnest.admission.reviewing import (
    application_recommend,
    application_return,
    application_settle,
)
from earnest.cases.reentry import reentry_rows
from earnest.cli.options import DAY, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.documents.queries import document_content, document_get
from earnest.kernel.calendar import day_of
from earnest.market.queries import decider_named, reviewer_named
from earnest.market.reentry import Comer

AS_REVIEWER = click.option("--as", "actor", required=True, help="A person who may review.")
AS_DECIDER = click.option("--as", "actor", required=True, help="A person who may decide.")
REASON = click.option("--reason", required=True, help="Why, for the applicant to read.")


def _invitation_row(row: Invitation, on: date, **more: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "entity": row.entity_name,
        "contact": row.contact,
        "category": row.service_category,
        "provider_id": row.provider_id,
        "state": state_on(row, on),
        "ends_on": row.ends_on,
        "invited_by": row.invited_by,
        **more,
    }


def _row(row: Application, clock: Clock | None) -> dict[str, Any]:
    return {
        "number": row.number,
        "provider_id": row.provider_id,
        "entity": row.entity_name,
        "state": row.state,
        "ball": clock.ball if clock else "",
        "waited_days": clock.waited_days if clock else None,
        "due_on": clock.due_on if clock else None,
        "overdue": clock.overdue if clock else None,
        "round": row.round,
    }


def _printed(number: str, output_format: str) -> None:
    row = application_get(tenant(), number)
    emit([_row(row, clock_of(row, edge_now()))], output_format)


@click.group("invite")
def invite() -> None:
    """Invitations: make, new link, revoke, list; check whether the bar stands."""


@invite.command("make")
@click.argument("entity_name")
@click.option("--contact", required=True, help="A person with mail or telephone.")
@click.option("--category", required=True, help="Service category, a row of service_deposits.")
@click.option("--criteria", required=True, help="What the invitation rests on, in words.")
@click.option("--for", "reasons", type=click.Choice(REASONS), multiple=True, required=True)
@click.option("--until", "ends_on", type=DAY, help="Last day; needed while the pack sets none.")
@click.option("--controller", default="", help="Who controls the entity.")
@click.option("--provider-id", default="", help="Id to keep for it; else one of ours.")
@AS_REVIEWER
@reading
def make(*, output_format: str, category: str, controller: str, actor: str, **given: Any) -> None:
    """Invite ENTITY_NAME; its secret is printed once."""
    now = edge_now()
    new = NewInvitation(
        **given,
        service_category=category,
        controller_ref=controller,
        actor=reviewer_named(tenant(), actor),
    )
    made = invitation_make(tenant(), new, now)
    address = f"/invited/{tenant()}/{made.secret}/"
    emit([_invitation_row(made.invitation, day_of(now), address=address)], output_format)


@invite.command("link")
@click.argument("number")
@AS_REVIEWER
@reading
def link(*, number: str, actor: str, output_format: str) -> None:
    """Make a new link for invitation NUMBER; the one before leads nowhere."""
    now = edge_now()
    made = invitation_renew_link(tenant(), number, reviewer_named(tenant(), actor), now)
    address = f"/invited/{tenant()}/{made.secret}/"
    emit([_invitation_row(made.invitation, day_of(now), address=address)], output_format)


@invite.command("revoke")
@click.argument("number")
@REASON
@AS_REVIEWER
@reading
def revoke(*, number: str, reason: str, actor: str, output_format: str) -> None:
    """Take invitation NUMBER back."""
    now = edge_now()
    row = invitation_revoke(tenant(), number, reason, reviewer_named(tenant(), actor), now)
    emit([_invitation_row(row, day_of(now))], output_format)


@invite.command("list")
@click.option("--state", type=click.Choice(INVITATION_STATES), default=None)
@reading
def list_invitations(*, state: str | None, output_format: str) -> None:
    """List invitations, the newest first."""
    on = day_of(edge_now())
    found = invitations_found(tenant(), state=state or "", on=on)
    emit([_invitation_row(each, on) for each in found], output_format)


@invite.command("bar")
@click.argument("entity_name")
@click.option("--provider-id", default="", help="An id that it had.")
@click.option("--controller", default="", help="Who controls it.")
@reading
def bar(*, entity_name: str, provider_id: str, controller: str, output_format: str) -> None:
    """Show who of ENTITY_NAME's controller left, and whether the bar on re-entry stands."""
    comer = Comer(entity_name, provider_id, controller)
    rows = [
        {
            "provider_id": each.departure.provider_id,
            "because": each.departure.because,
            "left_on": each.departure.left_on,
            "left_by": each.left_by,
            "opens_on": each.opens_on,
            "barred": each.barred,
        }
        for each in reentry_rows(tenant(), comer, day_of(edge_now()))
    ]
    emit(rows, output_format)


@invite.command("categories")
@reading
def categories(*, output_format: str) -> None:
    """List the service categories that a provider may come in for."""
    emit([{"category": each} for each in service_choices()], output_format)


@click.group("admission")
def admission() -> None:
    """Applications: list, show, judge, return, recommend, settle, open, look."""


@admission.command("list")
@click.option("--state", type=click.Choice(STATES), default=None)
@reading
def list_(*, state: str | None, output_format: str) -> None:
    """List applications, the newest first, with whose turn it is."""
    found = list(applications_found(tenant(), state=state or ""))
    clocks = clocks_of(tenant(), found, edge_now())
    emit([_row(each, clocks.get(each.number)) for each in found], output_format)


@admission.command("show")
@click.argument("number")
@reading
def show(*, number: str, output_format: str) -> None:
    """Show every requirement of application NUMBER and where it stands."""
    application = application_get(tenant(), number)
    rows = [
        {
            "requirement": each.need.name,
            "clause": each.need.clause,
            "state": each.state,
            "figure": f"{each.row.numerator}/{each.row.denominator} {each.row.figure_source}"
            if each.row.denominator is not None
            else "",
            "says": each.figure,
            "documents": [str(paper.id) for paper in each.documents],
            "ends_on": each.row.ends_on,
            "reason": each.row.reason,
        }
        for each in evidence_shown(application, day_of(edge_now()))
    ]
    emit(rows, output_format)


@admission.command("judge")
@click.argument("number")
@click.argument("requirement")
@click.option("--accept/--send-back", "accept", required=True, help="The reviewer's word.")
@click.option("--reason", default="", help="Needed to send back.")
@AS_REVIEWER
@reading
def judge(
    *, number: str, requirement: str, accept: bool, reason: str, actor: str, output_format: str
) -> None:
    """Say a first reviewer's word on REQUIREMENT of application NUMBER."""
    by, now = reviewer_named(tenant(), actor), edge_now()
    if accept:
        evidence_accept(tenant(), number, requirement, by, now, note=reason)
    else:
        evidence_send_back(tenant(), number, requirement, reason, by, now)
    _printed(number, output_format)


@admission.command("trial")
@click.argument("number")
@AS_REVIEWER
@reading
def trial(*, number: str, actor: str, output_format: str) -> None:
    """Take the figures of the trial that the feed has."""
    trial_take(tenant(), number, reviewer_named(tenant(), actor), edge_now())
    _printed(number, output_format)


@admission.command("return")
@click.argument("number")
@click.option("--note", default="", help="A word besides the reasons of the items.")
@AS_REVIEWER
@reading
def return_(*, number: str, note: str, actor: str, output_format: str) -> None:
    """Give application NUMBER back for the items that were sent back."""
    application_return(tenant(), number, note, reviewer_named(tenant(), actor), edge_now())
    _printed(number, output_format)


@admission.command("recommend")
@click.argument("number")
@click.option("--admit/--refuse", "admit", required=True, help="What the reviewer recommends.")
@REASON
@AS_REVIEWER
@reading
def recommend(*, number: str, admit: bool, reason: str, actor: str, output_format: str) -> None:
    """Recommend what becomes of application NUMBER; another person decides."""
    by = reviewer_named(tenant(), actor)
    application_recommend(tenant(), number, admit=admit, reason=reason, actor=by, now=edge_now())
    _printed(number, output_format)


@admission.command("settle")
@click.argument("number")
@click.argument("verdict", type=click.Choice(["approve", "send_back", "refuse"]))
@REASON
@AS_DECIDER
@reading
def settle(*, number: str, verdict: Any, reason: str, actor: str, output_format: str) -> None:
    """Decide on application NUMBER as second person: approve, send_back or refuse."""
    by = decider_named(tenant(), actor)
    application_settle(tenant(), number, verdict=verdict, reason=reason, actor=by, now=edge_now())
    _printed(number, output_format)


@admission.command("open")
@click.argument("number")
@AS_DECIDER
@reading
def open_(*, number: str, actor: str, output_format: str) -> None:
    """Open application NUMBER: evidence accepted, two persons agreed, the deposit there."""
    application_open(tenant(), number, decider_named(tenant(), actor), edge_now())
    _printed(number, output_format)


@admission.command("paper")
@click.argument("document_id", type=click.UUID)
@click.argument("to", type=click.Path(path_type=Path, dir_okay=False))
def paper(*, document_id: UUID, to: Path) -> None:
    """Write document DOCUMENT_ID to a file TO look at it."""
    to.write_bytes(document_content(document_get(tenant(), document_id)))


@admission.command("look")
@reading
def look(*, output_format: str) -> None:
    """Do what is due now: invitations and evidence that run out, reminders."""
    emit([vars(admission_look(tenant(), edge_now()))], output_format)
