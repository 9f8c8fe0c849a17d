"""``earnest amendment``, ``confirm`` and ``objection``: how rulebooks change, and who agreed."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from earnest.cli.options import DAY, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.decisions.errata import decisions_differing
from earnest.kernel.calendar import day_of
from earnest.market.queries import amender_named, decider_named
from earnest.policy import Reading, load_pack
from earnest.rulebooks.commands import (
    draft_advance,
    draft_announce,
    draft_approve,
    draft_submit,
    draft_withdraw,
    objection_file,
    value_confirm,
    value_unconfirm,
)
from earnest.rulebooks.drafts import ERRATUM, OPEN, DraftRow
from earnest.rulebooks.models import Confirmation, Objection
from earnest.rulebooks.queries import (
    announcement_tests,
    confirmations,
    draft_get,
    drafts,
    objections,
)

actor_option = click.option(
    "--as", "actor", required=True, help="Who does it: a person who may amend rules."
)
decider_option = click.option(
    "--as", "actor", required=True, help="Who does it: a person who may decide."
)
SHORT = 12


def _row(draft: DraftRow) -> dict[str, object]:
    return {
        "hash": draft.hash[:SHORT],
        "rulebook": draft.rulebook,
        "change": draft.change,
        "acts": ", ".join(draft.instruments),
        "state": draft.state,
        "in_force_on": draft.in_force_on,
        "published_on": draft.published_on,
        "submitted_by": draft.submitted_by,
        "approved_by": ", ".join(draft.approvals),
    }


def _emit_draft(draft_hash: str, output_format: str) -> None:
    emit([_row(draft_get(draft_hash, day_of(edge_now())))], output_format)


@click.group()
def amendment() -> None:
    """Bring changes of rulebooks on their way: draft, consultation, announced, in force."""


@amendment.command("submit")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@actor_option
@click.option("--note", default="", help="Why; an erratum needs it.")
@reading
def amendment_submit(file: Path, actor: str, note: str, output_format: str) -> None:
    """Take in a pack FILE whose new acts stand in state draft."""
    pack = load_pack(file, Reading(drafts=True))
    draft = draft_submit(
        pack.text,
        name=str(file),
        actor=amender_named(tenant(), actor),
        note=note,
        now=edge_now(),
    )
    _emit_draft(draft.hash, output_format)


@amendment.command("list")
@click.option("--rulebook", default="", help="Only of this rulebook.")
@reading
def amendment_list(rulebook: str, output_format: str) -> None:
    """List the drafts, the newest first."""
    emit([_row(each) for each in drafts(day_of(edge_now()), rulebook=rulebook)], output_format)


@amendment.command("show")
@click.argument("draft_hash")
@reading
def amendment_show(draft_hash: str, output_format: str) -> None:
    """Show a draft: what was done with it, and what is still missing before it is announced."""
    draft = draft_get(draft_hash, day_of(edge_now()))
    rows: list[dict[str, Any]] = [
        {"what": name, "met": None, "said": value}
        for name, value in (_row(draft) | {"hash": draft.hash, "note": draft.note}).items()
    ]
    rows += [
        {"what": f"{step.state} by {step.actor}", "met": None, "said": f"{step.at} {step.note}"}
        for step in draft.steps
    ]
    if draft.state in OPEN:
        rows += [
            {"what": each.name, "met": each.met, "said": f"{each.en} · {each.zh}"}
            for each in announcement_tests(draft.hash, edge_now())
        ]
    emit(rows, output_format)


@amendment.command("consult")
@click.argument("draft_hash")
@click.option("--until", "until_on", type=DAY, required=True, help="The last day for comments.")
@actor_option
@click.option("--note", default="", help="Where comments go.")
@reading
def amendment_consult(
    draft_hash: str, *, until_on: date, actor: str, note: str, output_format: str
) -> None:
    """Open a draft to comment until a day."""
    draft_advance(
        draft_hash,
        actor=amender_named(tenant(), actor),
        until_on=until_on,
        note=note,
        now=edge_now(),
    )
    _emit_draft(draft_hash, output_format)


@amendment.command("approve")
@click.argument("draft_hash")
@actor_option
@click.option("--note", default="", help="What was looked at.")
@reading
def amendment_approve(draft_hash: str, actor: str, note: str, output_format: str) -> None:
    """Agree to a draft, so that another person may announce it."""
    draft_approve(draft_hash, actor=amender_named(tenant(), actor), note=note, now=edge_now())
    _emit_draft(draft_hash, output_format)


@amendment.command("announce")
@click.argument("draft_hash")
@actor_option
@click.option("--note", default="", help="How it was made public.")
@reading
def amendment_announce(draft_hash: str, actor: str, note: str, output_format: str) -> None:
    """Publish a draft today; its values decide from their own dates on."""
    draft_announce(draft_hash, actor=amender_named(tenant(), actor), note=note, now=edge_now())
    draft = draft_get(draft_hash, day_of(edge_now()))
    row = _row(draft) | {"edition": draft.edition_hash}
    if draft.change == ERRATUM:
        differing = decisions_differing(tenant(), draft.hash)
        row["decisions_differing"] = [str(each.decision_id) for each in differing]
    emit([row], output_format)


@amendment.command("withdraw")
@click.argument("draft_hash")
@actor_option
@click.option("--note", required=True, help="Why.")
@reading
def amendment_withdraw(draft_hash: str, actor: str, note: str, output_format: str) -> None:
    """Take a draft back, as long as it is not in force."""
    draft_withdraw(draft_hash, actor=amender_named(tenant(), actor), note=note, now=edge_now())
    _emit_draft(draft_hash, output_format)


@amendment.command("errata")
@click.argument("draft_hash")
@reading
def amendment_errata(draft_hash: str, output_format: str) -> None:
    """List the recorded decisions that an erratum would have decided otherwise."""
    rows = [
        {
            "decision_id": each.decision_id,
            "subject": f"{each.subject_kind}:{each.subject_id}",
            "period": each.period,
            "decision": each.decision,
            "old": each.old_refusal or each.old,
            "new": each.new_refusal or each.new,
        }
        for each in decisions_differing(tenant(), draft_hash)
    ]
    emit(rows, output_format)


@click.group()
def confirm() -> None:
    """Confirm the sample values that a rulebook assumes; no money moves on one before."""


def _said(each: Confirmation) -> dict[str, object]:
    return {
        "rulebook": each.rulebook,
        "element": each.element,
        "from": each.edition_from,
        "confirmed": each.confirmed,
        "by": each.confirmed_by,
        "approved_by": each.approved_by,
        "at": each.at,
        "note": each.note,
    }


@confirm.command("list")
@reading
def confirm_list(output_format: str) -> None:
    """List every assumed value of the rulebooks, confirmed or not."""
    rows = [
        {
            "rulebook": each.rulebook,
            "element": each.element,
            "from": each.since,
            "kind": each.kind,
            "confirmed": each.confirmed,
            "by": each.confirmed_by,
            "approved_by": each.approved_by,
            "value": each.value,
        }
        for each in confirmations(tenant())
    ]
    emit(rows, output_format)


@confirm.command("give")
@click.argument("rulebook")
@click.argument("element")
@decider_option
@click.option("--approved-by", default="", help="A second person, where your house asks for one.")
@click.option("--from", "since", type=DAY, help="The value in force on this day; all if left out.")
@click.option("--note", required=True, help="By what you know that it is right.")
@reading
def confirm_give(
    rulebook: str,
    element: str,
    *,
    actor: str,
    approved_by: str,
    since: date | None,
    note: str,
    output_format: str,
) -> None:
    """Confirm an assumed parameter or table of a rulebook."""
    given = value_confirm(
        tenant(),
        rulebook=rulebook,
        element=element,
        on=since,
        confirmed_by=decider_named(tenant(), actor),
        approved_by=decider_named(tenant(), approved_by) if approved_by else "",
        note=note,
        now=edge_now(),
    )
    emit([_said(each) for each in given], output_format)


@confirm.command("withdraw")
@click.argument("rulebook")
@click.argument("element")
@decider_option
@click.option("--from", "since", type=DAY, help="The value in force on this day; all if left out.")
@click.option("--note", required=True, help="Why.")
@reading
def confirm_withdraw(
    rulebook: str,
    element: str,
    *,
    actor: str,
    since: date | None,
    note: str,
    output_format: str,
) -> None:
    """Take a confirmation back: no money moves on the value from now on."""
    taken = value_unconfirm(
        tenant(),
        rulebook=rulebook,
        element=element,
        on=since,
        confirmed_by=decider_named(tenant(), actor),
        note=note,
        now=edge_now(),
    )
    emit([_said(each) for each in taken], output_format)


@click.group()
def objection() -> None:
    """File that a party does not accept an announced act and leaves."""


def _filed(each: Objection) -> dict[str, object]:
    return {
        "subject": f"{each.subject_kind}:{each.subject_id}",
        "rulebook": each.rulebook,
        "act": each.instrument,
        "objected_on": each.objected_on,
        "filed_by": each.filed_by,
        "note": each.note,
    }


@objection.command("file")
@click.argument("rulebook")
@click.argument("act")
@click.argument("subject", type=SUBJECT)
@click.option("--note", default="", help="What the party said.")
@actor_option
@reading
def objection_file_(
    rulebook: str,
    act: str,
    *,
    subject: tuple[str, str],
    note: str,
    actor: str,
    output_format: str,
) -> None:
    """File the objection of a SUBJECT to an ACT, before it is in force."""
    filed = objection_file(
        tenant(),
        rulebook=rulebook,
        instrument=act,
        subject_kind=subject[0],
        subject_id=subject[1],
        note=note,
        now=edge_now(),
        filed_by=amender_named(tenant(), actor),
    )
    emit([_filed(filed)], output_format)


@objection.command("list")
@click.option("--rulebook", default="", help="Only to acts of this rulebook.")
@reading
def objection_list(rulebook: str, output_format: str) -> None:
    """List the objections, the newest first."""
    emit([_filed(each) for each in objections(tenant(), rulebook=rulebook)], output_format)
