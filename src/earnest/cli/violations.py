"""``earnest violation``: reports of violations, and what became of them."""

import json
from datetime import date
from typing import Any

import click

from earnest.cli.amounts import YUAN
from earnest.cli.options import DAY, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.kernel.calendar import day_of
from earnest.market.queries import reviewer_named
from earnest.violations.due import violations_look
from earnest.violations.kinds import kinds_of, pack_of_subject
from earnest.violations.models import STATES, Violation
from earnest.violations.protection_queries import (
    ProtectionShown,
    protections_open,
    protections_shown,
)
from earnest.violations.protections import Protecting, protection_lift, protection_put
from earnest.violations.queries import (
    ViolationFilter,
    decisions_shown,
    violation_get,
    violations_found,
)
from earnest.violations.queue import queue
from earnest.violations.reports import SOURCES, THINGS, Report, ReportItem, violation_report


def _row(violation: Violation) -> dict[str, Any]:
    return {
        "number": violation.number,
        "subject": f"{violation.subject_kind}:{violation.subject_id}",
        "state": violation.state,
        "source": violation.source,
        "kinds": ", ".join(each.kind for each in violation.items.order_by("position")),
        "claimed_by": violation.claimed_by,
        "reported_at": violation.reported_at,
        "settled_at": violation.settled_at,
    }


@click.group("violation")
def violation() -> None:
    """Reports of violations: report, list, queue, show, protect, lift, protections, kinds, look."""


@violation.command("report")
@click.argument("subject", type=SUBJECT)
@click.option("--kind", required=True, help="One of the rulebook's kinds; `kinds` lists them.")
@click.option("--on", "happened_on", type=DAY, required=True, help="The day of the conduct.")
@click.option("--source", type=click.Choice(SOURCES), default="report", show_default=True)
@click.option("--clause", default="", help="What it breaks; left out: the kind's own.")
@click.option(
    "--thing", nargs=2, type=(click.Choice(THINGS), str), help="What it is about: listing L7."
)
@click.option("--loss", "loss_fen", type=YUAN, help="The damage done.")
@click.option("--note", required=True, help="What happened.")
@click.option("--about", default="", help="Makes it unique: the same again adds nothing.")
@click.option("--as", "actor", required=True, help="Who reports: a person who may review.")
@reading
def violation_report_(
    *,
    subject: tuple[str, str],
    kind: str,
    happened_on: date,
    source: str,
    clause: str,
    thing: tuple[str, str] | None,
    loss_fen: int | None,
    note: str,
    about: str,
    actor: str,
    output_format: str,
) -> None:
    """Report SUBJECT for one thing; it waits in the review queue."""
    facts: dict[str, Any] = dict([thing]) if thing else {}
    facts |= {"loss_fen": loss_fen} if loss_fen else {}
    item = ReportItem(kind, clause, happened_on, facts)
    report = Report(subject, source, [item], reviewer_named(tenant(), actor), note, about)
    emit([_row(violation_report(tenant(), report, edge_now()))], output_format)


@violation.command("list")
@click.option("--state", type=click.Choice(["open", *STATES]), default=None)
@click.option("--source", type=click.Choice(SOURCES), default=None)
@click.option("--subject", "subject_id", default="", help="Part of the provider's id.")
@reading
def violation_list(
    *, state: str | None, source: str | None, subject_id: str, output_format: str
) -> None:
    """List violations, the newest first."""
    narrowed = ViolationFilter(state or "", source or "", "", subject_id)
    emit([_row(each) for each in violations_found(tenant(), narrowed)], output_format)


@violation.command("queue")
@reading
def violation_queue(*, output_format: str) -> None:
    """List what is open, the most urgent first, with the parts of its priority."""
    rows = [
        {
            "priority": each.priority.score,
            **_row(each.violation),
            "due_on": each.due_on,
            "overdue": each.overdue,
            **{part.name: part.points for part in each.priority.parts},
        }
        for each in queue(tenant(), edge_now())
    ]
    emit(rows, output_format)


@violation.command("show")
@click.argument("number")
@reading
def violation_show(*, number: str, output_format: str) -> None:
    """Show violation NUMBER: its items, what protects meanwhile, and its decisions."""
    found = violation_get(tenant(), number)
    rows: list[dict[str, Any]] = [
        {
            "number": number,
            "what": f"item {each.position}",
            "kind": each.kind,
            "clause": each.found_clause or each.clause,
            "state": each.verdict,
            "money_fen": None,
            "note": each.reason or json.dumps(each.facts, ensure_ascii=False),
        }
        for each in found.items.order_by("position")
    ]
    rows += [
        {
            "number": number,
            "what": f"protection {each.protection.position}",
            "kind": each.protection.measure,
            "clause": each.decision.clause,
            "state": each.state,
            "money_fen": None,
            "note": each.because or f"until {each.protection.last_on}",
        }
        for each in protections_shown(found)
    ]
    rows += [
        {
            "number": number,
            "what": f"decision {each.period}",
            "kind": each.decision,
            "clause": each.clause,
            "state": each.state,
            "money_fen": each.money_fen,
            "note": each.outcome,
        }
        for each in decisions_shown(found)
    ]
    emit(rows, output_format)


def _protection_row(each: ProtectionShown) -> dict[str, Any]:
    row = each.protection
    return {
        "number": row.violation.number,
        "item": row.position,
        "measure": row.measure,
        "state": each.state,
        "last_on": row.last_on,
        "put_by": row.put_by,
        "reason": row.reason,
        "answered_at": row.said_at,
    }


@violation.command("protections")
@reading
def violation_protections(*, output_format: str) -> None:
    """List the protective measures in force or waiting, the one that ends first in front."""
    emit([_protection_row(each) for each in protections_open(tenant())], output_format)


@violation.command("protect")
@click.argument("number")
@click.option("--item", "position", type=int, default=1, show_default=True)
@click.option("--measure", required=True, help="Such as hide_goods; by the rulebook's table.")
@click.option("--reason", required=True, help="Why; the party reads it.")
@click.option("--as", "actor", required=True, help="The reviewer who has claimed it.")
@reading
def violation_protect(
    *, number: str, position: int, measure: str, reason: str, actor: str, output_format: str
) -> None:
    """Put a protective measure in force while violation NUMBER is looked into."""
    wanted = Protecting(position, measure, reason)
    protection_put(tenant(), number, wanted, reviewer_named(tenant(), actor), edge_now())
    shown = protections_shown(violation_get(tenant(), number))
    emit([_protection_row(each) for each in shown], output_format)


@violation.command("lift")
@click.argument("number")
@click.option("--item", "position", type=int, default=1, show_default=True)
@click.option("--reason", required=True)
@click.option("--as", "actor", required=True, help="A person who may review.")
@reading
def violation_lift(
    *, number: str, position: int, reason: str, actor: str, output_format: str
) -> None:
    """End the protective measure of an item of violation NUMBER early."""
    who = reviewer_named(tenant(), actor)
    protection_lift(tenant(), number, position, actor=who, reason=reason, now=edge_now())
    shown = protections_shown(violation_get(tenant(), number))
    emit([_protection_row(each) for each in shown], output_format)


@violation.command("kinds")
@reading
def violation_kinds(*, output_format: str) -> None:
    """List the kinds of violation in force, with clause, points and measure."""
    pack = pack_of_subject(tenant(), ("provider", ""))
    kinds = kinds_of(pack, max(day_of(edge_now()), pack.in_force_from()))
    rows = [
        {
            "kind": each.name,
            "clause": each.clause,
            "regime": each.regime,
            "severity": each.severity,
            "points": each.points_said,
            "measure": each.measure,
            "correct_days": each.correct_days,
            "zh": each.words.zh,
            "en": each.words.en,
        }
        for each in kinds.values()
    ]
    emit(rows, output_format)


@violation.command("look")
@reading
def violation_look(*, output_format: str) -> None:
    """Do what is due: complaints taken in, claims and turns that ran out, decisions followed."""
    emit([violations_look(tenant(), edge_now()).counts()], output_format)
