"""``earnest deduction``: filed with its amount, reviewed by another person, followed to its end."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from earnest.cases import deductions as cases
from earnest.cases.deduction_basis import AMOUNT, FAKES, LOSS, ORDERS, Basis, basis_read
from earnest.cases.deduction_payments import DeductionPayment
from earnest.cases.deduction_payments import deduction_paid as cases_paid
from earnest.cases.deductions import STATES, Deduction, DeductionFiling
from earnest.cli.amounts import JSON_FILE, YUAN, json_read
from earnest.cli.options import DAY, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.deposits.accounts import RAILS
from earnest.deposits.recoveries import PARTIAL, UNSPLIT
from earnest.kernel.calendar import day_start
from earnest.kernel.errors import BadInput
from earnest.market.queries import decider_named


def _row(found: Deduction) -> dict[str, Any]:
    case, recovery = found.case, found.recovery
    return {
        "number": case.number,
        "subject": f"{case.subject_kind}:{case.subject_id}",
        "ground": case.facts["ground"],
        "breached_on": case.facts["breached_on"],
        "state": found.state,
        "amount_fen": found.amount_fen,
        "rest_fen": found.rest_fen,
        "beneficiary": recovery.beneficiary if recovery else "",
        "mode": case.facts["mode"],
        "advances": case.facts["advances"],
        "next_try_at": recovery.next_try_at if recovery else None,
        "filed_by": case.opened_by,
        "filed_at": case.opened_at,
        "decision": found.decision.id if found.decision else None,
    }


@click.group()
def deduction() -> None:
    """Deductions from deposits: file, review, list, show, paid, stop."""


def _basis(files: dict[str, Path | None], amount_fen: int | None) -> Basis:
    given = {kind: path for kind, path in files.items() if path is not None}
    if len(given) + (amount_fen is not None) != 1:
        raise click.UsageError("give one of --orders, --fakes, --loss, --amount")
    if amount_fen is not None:
        return basis_read(AMOUNT, amount_fen)
    ((kind, path),) = given.items()
    try:
        return basis_read(kind, json_read(path))
    except BadInput as error:
        problem = error.problem
        if problem.code != "deduction_basis_wrong":
            raise
        where = f"{path}: {problem.where}"
        raise BadInput(problem.code, where=where, zh=problem.zh, en=problem.en) from error


@deduction.command("file")
@click.argument("subject", type=SUBJECT)
@click.option("--ground", required=True, help="Ground of S3-4.1, such as unfit_goods.")
@click.option("--breached-on", type=DAY, required=True, help="Day of the breach.")
@click.option("--orders", type=JSON_FILE, help='Orders not kept: [{"paid_fen", "failure"}].')
@click.option("--fakes", type=JSON_FILE, help='Fakes sold: [{"paid_fen", "ordered_on"}].')
@click.option(
    "--loss",
    type=JSON_FILE,
    help='The platform\'s loss: {"damages_fen", "court_fen", "lawyers_fen", "penalty_fen"}.',
)
@click.option("--amount", "amount_fen", type=YUAN, help="A bare amount in yuan; needs --note.")
@click.option("--unsplit", is_flag=True, help="Take all of it at once, or nothing yet.")
@click.option("--advance", is_flag=True, help="The platform pays first what is missing.")
@click.option("--note", default="", help="What happened.")
@click.option("--evidence", multiple=True, help="Id of a proof; may be given several times.")
@click.option("--as", "actor", required=True, help="Who files it: a person who may decide.")
@reading
def deduction_file(
    *,
    subject: tuple[str, str],
    ground: str,
    breached_on: date,
    orders: Path | None,
    fakes: Path | None,
    loss: Path | None,
    amount_fen: int | None,
    unsplit: bool,
    advance: bool,
    note: str,
    evidence: tuple[str, ...],
    actor: str,
    output_format: str,
) -> None:
    """File a deduction from the deposit of SUBJECT; another person reviews it."""
    filing = DeductionFiling(
        subject=subject,
        ground=ground,
        breached_on=breached_on,
        basis=_basis({ORDERS: orders, FAKES: fakes, LOSS: loss}, amount_fen),
        mode=UNSPLIT if unsplit else PARTIAL,
        advances=advance,
        actor=decider_named(tenant(), actor),
        note=note,
        evidence=evidence,
    )
    case = cases.deduction_file(tenant(), filing, edge_now())
    emit([_row(cases.deduction_get(tenant(), case.number))], output_format)


@deduction.command("review")
@click.argument("number")
@click.argument("verdict", type=click.Choice(["confirm", "refuse"]))
@click.option("--note", required=True, help="What the review found, and why.")
@click.option("--as", "actor", required=True, help="Who reviews: not who filed it.")
@reading
def deduction_review(
    *, number: str, verdict: str, note: str, actor: str, output_format: str
) -> None:
    """Confirm or refuse the ground of deduction NUMBER; confirmed it waits for two approvals."""
    cases.deduction_review(
        tenant(),
        number,
        confirmed=verdict == "confirm",
        actor=decider_named(tenant(), actor),
        note=note,
        now=edge_now(),
    )
    emit([_row(cases.deduction_get(tenant(), number))], output_format)


@deduction.command("list")
@click.option("--subject", type=SUBJECT, help="Only of this shop.")
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@reading
def deduction_list(
    *, subject: tuple[str, str] | None, state: str | None, output_format: str
) -> None:
    """List deductions, the newest first."""
    found = cases.deductions(tenant(), subject=subject)
    emit([_row(each) for each in found if state in (None, each.state)], output_format)


@deduction.command("show")
@click.argument("number")
@reading
def deduction_show(*, number: str, output_format: str) -> None:
    """Show what deduction NUMBER took from where, step by step."""
    found = cases.deduction_get(tenant(), number)
    steps = found.recovery.steps.order_by("id") if found.recovery else []
    rows = [
        {
            "number": number,
            "at": step.at,
            "source": step.source,
            "amount_fen": step.amount_fen,
            "transfer_id": step.transfer_id,
        }
        for step in steps
    ]
    rest = {
        "number": number,
        "at": None,
        "source": f"rest ({found.state})",
        "amount_fen": found.rest_fen,
        "transfer_id": None,
    }
    emit([*rows, rest], output_format)


@deduction.command("paid")
@click.argument("number")
@click.option("--amount", "amount_fen", type=YUAN, required=True, help="What came, in yuan.")
@click.option("--rail", type=click.Choice(RAILS), required=True, help="What it came in by.")
@click.option("--receipt", required=True, help="The institution's number of the receipt.")
@click.option("--on", "received_on", type=DAY, help="When it came; left out: now.")
@click.option("--as", "actor", required=True, help="Who matched it: a person who may decide.")
@reading
def deduction_paid(
    *,
    number: str,
    amount_fen: int,
    rail: str,
    receipt: str,
    received_on: date | None,
    actor: str,
    output_format: str,
) -> None:
    """Book what the merchant paid itself for deduction NUMBER."""
    who, now = decider_named(tenant(), actor), edge_now()
    received_at = day_start(received_on) if received_on else now
    paid = DeductionPayment(rail, receipt, amount_fen, received_at, who)
    done = cases_paid(tenant(), number, paid, now)
    row = {
        "number": number,
        "for_recovery_fen": done.for_recovery_fen,
        "for_claim_fen": done.for_claim_fen,
        "to_deposit_fen": done.to_deposit_fen,
        "rest_fen": done.progress.rest_fen,
    }
    emit([row], output_format)


@deduction.command("stop")
@click.argument("number")
@click.option("--note", required=True, help="Why nothing more is taken.")
@click.option("--as", "actor", required=True, help="Who stops it: a person who may decide.")
@reading
def deduction_stop(*, number: str, note: str, actor: str, output_format: str) -> None:
    """Take no more of what is still to come of deduction NUMBER."""
    who = decider_named(tenant(), actor)
    cases.deduction_stop(tenant(), number, actor=who, note=note, now=edge_now())
    emit([_row(cases.deduction_get(tenant(), number))], output_format)
