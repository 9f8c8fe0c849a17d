"""Commands about judgement: findings, decisions, the queue, restrictions, notices, replay."""

from typing import Any
from uuid import UUID

import click

from earnest.cli.options import MONTH, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, progress_console, reading
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Decision
from earnest.decisions.queries import DecisionFilter
from earnest.decisions.queries import decisions as decisions_found
from earnest.decisions.queries import findings as findings_found
from earnest.decisions.replay import decisions_replay
from earnest.deposits.queries import short_subjects
from earnest.kernel.calendar import Month
from earnest.market.queries import decider_named
from earnest.notices.queries import inbox
from earnest.restrictions.queries import restrictions_active
from earnest.restrictions.release import condition_code


def _narrowed(subject: tuple[str, str] | None, month: Month | None, **other: str) -> DecisionFilter:
    kind, subject_id = subject or ("", "")
    return DecisionFilter(
        subject_kind=kind, subject_id=subject_id, month=str(month) if month else "", **other
    )


def _decision_row(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "subject": f"{decision.subject_kind}:{decision.subject_id}",
        "period": decision.period,
        "decision": decision.decision,
        "outcome": decision.outcome,
        "clause": decision.clause,
        "modality": decision.modality,
        "money_fen": decision.money_fen,
        "state": decision.state,
        "made_at": decision.made_at,
    }


@click.command()
@click.option("--subject", type=SUBJECT, help="Only of this subject.")
@click.option("--month", type=MONTH, help="Only of this month.")
@click.option("--state", type=click.Choice(["waiting", "in_effect", "refused"]), help="Only these.")
@reading
def decisions(
    subject: tuple[str, str] | None, month: Month | None, state: str | None, output_format: str
) -> None:
    """List decisions, the newest first."""
    narrowed = _narrowed(subject, month, state=state or "")
    emit([_decision_row(each) for each in decisions_found(tenant(), narrowed)], output_format)


@click.command()
@click.option("--subject", type=SUBJECT, help="Only of this subject.")
@click.option("--month", type=MONTH, help="Only of this month.")
@reading
def findings(subject: tuple[str, str] | None, month: Month | None, output_format: str) -> None:
    """List findings: each measure held against its clause."""
    rows = [
        {
            "subject": f"{each.subject_kind}:{each.subject_id}",
            "measure": each.measure,
            "period": each.period,
            "numerator": each.numerator,
            "denominator": each.denominator,
            "sample": each.sample,
            "window_from": each.window_from,
            "window_to": each.window_to,
            "clause": each.clause,
            "status": each.status,
        }
        for each in findings_found(tenant(), _narrowed(subject, month))
    ]
    emit(rows, output_format)


@click.command()
@reading
def queue(output_format: str) -> None:
    """List the decisions that wait for people, with the persons still needed."""
    rows = [
        _decision_row(each)
        | {"approvals": each.approvals.count(), "approvals_needed": each.approvals_needed}
        for each in decisions_found(tenant(), DecisionFilter(state="waiting"))
    ]
    emit(rows, output_format)


@click.command()
@click.argument("decision_id", type=click.UUID)
@click.argument("verdict", type=click.Choice(["approve", "refuse"]))
@click.option("--as", "actor", required=True, help="Who gives the word: a person who may decide.")
@click.option("--reason", required=True, help="Why.")
@reading
def settle(decision_id: UUID, verdict: str, actor: str, reason: str, output_format: str) -> None:
    """Approve or refuse a waiting decision; with the last approval it takes effect."""
    settled = decision_settle(
        tenant(),
        decision_id,
        verdict=verdict,
        actor=decider_named(tenant(), actor),
        reason=reason,
        now=edge_now(),
    )
    emit([_decision_row(settled)], output_format)


@click.command()
@click.option("--subject", type=SUBJECT, help="Only of this subject.")
@reading
def restrictions(subject: tuple[str, str] | None, output_format: str) -> None:
    """List the restrictions in force, with what is still missing for each to end."""
    now = edge_now()
    active = restrictions_active(tenant(), short_subjects(tenant()), now, subject=subject)
    rows = [
        {
            "subject": f"{each.subject_kind}:{each.subject_id}",
            "measure": each.measure,
            "capabilities": ", ".join(each.capabilities),
            "clause": each.clause,
            "starts_at": each.starts_at,
            "ends_when": ", ".join(
                f"{'met' if met else 'open'}: {condition_code(condition)}"
                for condition, met in each.conditions
            ),
            "decision": each.decision_id,
        }
        for each in active
    ]
    emit(rows, output_format)


@click.command()
@click.argument("subject", type=SUBJECT)
@reading
def notices(subject: tuple[str, str], output_format: str) -> None:
    """List the notices in a party's inbox, the newest first."""
    rows = [
        {
            "sent_at": each.sent_at,
            "kind": each.kind,
            "severity": each.severity,
            "clause": each.clause,
            "title_zh": each.title_zh,
            "title_en": each.title_en,
            "due_on": each.due_on,
            "body_zh": each.body_zh,
            "body_en": each.body_en,
        }
        for each in inbox(tenant(), *subject)
    ]
    emit(rows, output_format)


@click.command()
@reading
def replay(output_format: str) -> None:
    """Derive every finding and decision again from its receipt; exit 1 when one differs."""
    with progress_console.status("replaying") as status:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            if done % 500 == 0:
                status.update(f"replaying: {done:,}")

        replayed = decisions_replay(tenant(), advance)
    emit([vars(each) for each in replayed.differences], output_format)
    progress_console.print(
        f"{replayed.findings:,} findings and {replayed.decisions:,} decisions derived again: "
        f"{len(replayed.differences)} differences"
    )
    if replayed.differences:
        click.get_current_context().exit(1)
