"""``earnest charging``: plans for paid functions, offers seen, and what differs."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from earnest.charging.base_functions import NewBaseFunction, base_function_mark, base_functions
from earnest.charging.daily import charging_look
from earnest.charging.models import STATES, ChargingPlan
from earnest.charging.offers import SIDES, NewOffer, offer_see
from earnest.charging.plans import PlanDraft, plan_draft, plan_file, plan_get, plan_withdraw
from earnest.charging.queries import (
    PlanFilter,
    ball_with,
    charges_of,
    differences_found,
    plan_standing,
    plans_found,
)
from earnest.charging.review import (
    CHECKS,
    RECOMMENDED,
    PlanReview,
    PlanSettling,
    plan_review,
    plan_settle,
    plan_take,
)
from earnest.cli.amounts import YUAN
from earnest.cli.options import DAY, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput
from earnest.market.queries import decider_named, reviewer_named


def _row(plan: ChargingPlan) -> dict[str, Any]:
    return {
        "number": plan.number,
        "provider": plan.provider_id,
        "app": plan.app,
        "plan_code": plan.plan_code,
        "version": plan.version,
        "price_fen": plan.price_fen,
        "period": plan.period,
        "standing": plan_standing(plan, day_of(edge_now())),
        "ball": ball_with(plan),
        "effective_on": plan.effective_on,
        "ended_on": plan.ended_on,
    }


@click.group("charging")
def charging() -> None:
    """Plans for paid functions: file, review, settle, list; and what differs from them."""


@charging.command("list")
@click.option("--provider", default="", help="Only those of this provider.")
@click.option("--state", type=click.Choice(["to_do", *STATES]), default=None, help="Only these.")
@reading
def list_(*, provider: str, state: str | None, output_format: str) -> None:
    """List plans, the newest first."""
    found = plans_found(tenant(), PlanFilter(state or "", provider))
    emit([_row(each) for each in found], output_format)


@charging.command("file")
@click.argument("provider")
@click.argument("plan_file_path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "actor", required=True, help="Who files it, of the provider's people.")
@reading
def file(*, provider: str, plan_file_path: Path, actor: str, output_format: str) -> None:
    """File a plan of PROVIDER that is written in a JSON file, with prices in fen."""
    now = edge_now()
    draft = _draft_of(plan_file_path)
    plan = plan_draft(tenant(), provider, draft, actor, now)
    emit([_row(plan_file(tenant(), plan.number, actor, now))], output_format)


def _draft_of(path: Path) -> PlanDraft:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        given["wanted_on"] = date.fromisoformat(given["wanted_on"])
        return PlanDraft(**given)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            "plan_file_wrong",
            where=str(path),
            zh=f"方案文件须为 JSON 对象，字段见 docs/charging.md：{error}。",
            en=f"the plan is a JSON object, its fields are in docs/charging.md: {error}",
        ) from None


@charging.command("review")
@click.argument("number")
@click.argument("verdict", type=click.Choice(RECOMMENDED))
@click.option("--check", "checks", multiple=True, type=click.Choice(sorted(CHECKS)), help="Holds.")
@click.option("--note", default="", help="Why; the provider reads it.")
@click.option("--as", "actor", required=True, help="Who reviews: a person who may.")
@reading
def review(
    *, number: str, verdict: str, checks: tuple[str, ...], note: str, actor: str, output_format: str
) -> None:
    """Take plan NUMBER if nobody has, and say what should become of it."""
    now, reviewer = edge_now(), reviewer_named(tenant(), actor)
    if plan_get(tenant(), number).state == "filed":
        plan_take(tenant(), number, reviewer, now)
    said = PlanReview(verdict, note, reviewer, dict.fromkeys(checks, True))
    emit([_row(plan_review(tenant(), number, said, now))], output_format)


@charging.command("settle")
@click.argument("number")
@click.option("--agree/--disagree", "agrees", required=True, help="With the first person.")
@click.option("--effective-on", type=DAY, help="From when an approved plan counts.")
@click.option("--note", default="", help="Why.")
@click.option("--as", "actor", required=True, help="Who settles: a person who may decide.")
@reading
def settle(
    *, number: str, agrees: bool, effective_on: date | None, note: str, actor: str,
    output_format: str,
) -> None:  # fmt: skip
    """Settle the reviewed plan NUMBER as a second person."""
    said = PlanSettling(agrees, note, decider_named(tenant(), actor), effective_on)
    emit([_row(plan_settle(tenant(), number, said, edge_now()))], output_format)


@charging.command("withdraw")
@click.argument("number")
@click.option("--reason", required=True, help="Why.")
@click.option("--as", "actor", required=True, help="Who withdraws, of the provider's people.")
@reading
def withdraw(*, number: str, reason: str, actor: str, output_format: str) -> None:
    """Take plan NUMBER back; an approved one counts to the end of today."""
    emit([_row(plan_withdraw(tenant(), number, actor, reason, edge_now()))], output_format)


@charging.command("base")
@click.argument("plan_code", default="")
@click.option("--name", default="", help="What the function is called; with it, it is marked.")
@click.option("--provider", default="", help="Whose; without it the function binds everybody.")
@click.option("--as", "actor", default="", help="Who marks it: a person who may decide.")
@reading
def base(*, plan_code: str, name: str, provider: str, actor: str, output_format: str) -> None:
    """Mark PLAN_CODE as a base function, which stays free; without it, list them."""
    if plan_code:
        new = NewBaseFunction(plan_code, name, decider_named(tenant(), actor), provider_id=provider)
        base_function_mark(tenant(), new, edge_now())
    rows = base_functions(tenant(), provider)
    emit(
        [
            {
                "plan_code": row.plan_code,
                "name": row.name_zh,
                "provider": row.provider_id or "*",
                "from_on": row.from_on,
                "until_on": row.until_on,
            }
            for row in rows
        ],
        output_format,
    )


@charging.command("offer")
@click.argument("provider")
@click.argument("app")
@click.argument("plan_code")
@click.option("--side", type=click.Choice(SIDES), required=True, help="Where it was seen.")
@click.option("--wording", required=True, help="As it stands there.")
@click.option("--price", type=YUAN, help="In yuan; left out where none is shown.")
@click.option("--as", "actor", required=True, help="Who saw it.")
@reading
def offer(
    *, provider: str, app: str, plan_code: str, side: str, wording: str, price: int | None,
    actor: str, output_format: str,
) -> None:  # fmt: skip
    """Keep an offer that was seen, and compare it with the other platform's."""
    now = edge_now()
    who = reviewer_named(tenant(), actor)
    seen = NewOffer(provider, app, plan_code, side, wording, price, now, who)
    row, found = offer_see(tenant(), seen, now)
    emit(
        [{"offer": row.id, "side": row.side, "differences": [each.kind for each in found]}],
        output_format,
    )


@charging.command("differences")
@click.option("--provider", default="", help="Only those of this provider.")
@click.option("--look/--no-look", default=False, help="Compare the charges first.")
@reading
def differences(*, provider: str, look: bool, output_format: str) -> None:
    """List what differs from what is filed; with --look after a fresh comparison."""
    if look:
        done = charging_look(tenant(), edge_now())
        click.echo(f"{done.counts()}", err=True)
        for each in done.problems:
            click.echo(str(each), err=True)
    rows = list(differences_found(tenant(), provider_id=provider))
    counted = charges_of(rows)
    emit(
        [
            {
                "id": row.id,
                "provider": row.provider_id,
                "plan_code": row.plan_code,
                "month": row.month,
                "kind": row.kind,
                "clause": row.clause,
                "charges": counted.get(row.id, (0, 0))[0],
                "paid_fen": counted.get(row.id, (0, 0))[1],
                "violation": row.violation_id,
            }
            for row in rows
        ],
        output_format,
    )
