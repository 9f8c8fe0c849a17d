"""``earnest goods``: notices of goods that fail, inspections, findings, screening, figures."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from earnest.catalogue.daily import goods_look
from earnest.catalogue.figures import e_waybill_share, takedowns_on_time
from earnest.catalogue.findings import KINDS, THINGS, NewFinding, finding_add
from earnest.catalogue.goods import goods_failing
from earnest.catalogue.models import PASSED, Sample, SamplingRound
from earnest.catalogue.queries import goods_notices_found, notice_standings, samplings_found
from earnest.catalogue.results import (
    FINDINGS,
    LabResult,
    retest_ask,
    retest_settle,
    sample_drop,
    sample_result,
    sample_send,
    sample_take,
)
from earnest.catalogue.sampling import (
    SamplingAsked,
    sampling_get,
    sampling_plan,
    sampling_replay,
)
from earnest.catalogue.screening import text_screen
from earnest.catalogue.takedowns import (
    REASONS,
    NewGoodsNotice,
    TakenDown,
    goods_notice_get,
    goods_notice_send,
    goods_taken_down,
)
from earnest.cli.options import DAY, MONTH, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.documents.commands import NewDocument, document_add
from earnest.kernel.calendar import Month, day_of
from earnest.market.queries import reviewer_named


@click.group("goods")
def goods() -> None:
    """Goods of providers: notices, inspections, findings, figures."""


@goods.command("look")
@reading
def look(*, output_format: str) -> None:
    """Do the daily look: findings of the feed, samples that stand, goods that are still up."""
    done = goods_look(tenant(), edge_now())
    for each in done.problems:
        click.echo(str(each), err=True)
    emit([done.counts()], output_format)


@goods.command("failing")
@click.option("--provider", default="", help="Only those of this provider.")
@reading
def failing(*, provider: str, output_format: str) -> None:
    """List goods with more quality refunds than the rulebook allows."""
    now = edge_now()
    found = goods_failing(tenant(), day_of(now), now, [provider] if provider else ())
    emit(
        [
            {
                "provider": each.goods.provider_id,
                "item": each.goods.item_id,
                "quality": each.goods.quality,
                "signed": each.goods.signed,
                "target_ppm": each.target_ppm,
                "few": each.few,
            }
            for each in found
        ],
        output_format,
    )


@goods.command("notices")
@click.option("--provider", default="", help="Only those of this provider.")
@reading
def notices(*, provider: str, output_format: str) -> None:
    """List notices of goods to be taken down, the newest first."""
    rows = list(goods_notices_found(tenant(), provider_id=provider))
    standings = notice_standings(rows, day_of(edge_now()))
    emit(
        [
            {
                "number": row.number,
                "provider": row.provider_id,
                "reason": row.reason,
                "told_on": row.told_on,
                "due_on": row.due_on,
                "goods": standings[row.number].goods,
                "off": standings[row.number].off,
                "late": standings[row.number].late,
                "state": standings[row.number].state(),
            }
            for row in rows
        ],
        output_format,
    )


@goods.command("tell")
@click.argument("provider")
@click.argument("items", nargs=-1, required=True)
@click.option("--reason", type=click.Choice(list(REASONS)), required=True, help="Why they fail.")
@click.option("--note", default="", help="For the provider to read.")
@click.option("--as", "actor", required=True, help="Who tells.")
@reading
def tell(
    *, provider: str, items: tuple[str, ...], reason: str, note: str, actor: str, output_format: str
) -> None:
    """Tell PROVIDER to take ITEMS down by the rulebook's day."""
    wanted: dict[str, dict[str, Any]] = {item: {} for item in items}
    new = NewGoodsNotice(provider, reason, wanted, reviewer_named(tenant(), actor), note)
    row = goods_notice_send(tenant(), new, edge_now())
    emit([{"number": row.number, "due_on": row.due_on, "goods": row.goods.count()}], output_format)


@goods.command("down")
@click.argument("number")
@click.argument("items", nargs=-1, required=True)
@click.option("--proof", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File.")
@click.option("--note", default="", help="A word on it.")
@click.option("--as", "actor", required=True, help="Who says so, of the provider's people.")
@reading
def down(
    *, number: str, items: tuple[str, ...], proof: Path | None, note: str, actor: str,
    output_format: str,
) -> None:  # fmt: skip
    """Note that ITEMS of notice NUMBER are off the shelf."""
    row = goods_notice_get(tenant(), number)
    kept = _kept(proof, row.provider_id, actor)
    rows = goods_taken_down(tenant(), number, TakenDown(items, actor, note, kept), edge_now())
    emit([{"item": each.item_id, "off_on": each.off_on} for each in rows], output_format)


@goods.command("plan")
@click.argument("provider")
@click.option("--seed", required=True, help="Any word; the same always chooses the same goods.")
@click.option("--on", type=DAY, help="The day whose window of sales counts; today without it.")
@click.option("--note", default="", help="Why now, and at whose cost.")
@click.option("--as", "actor", required=True, help="Who plans.")
@reading
def plan(
    *, provider: str, seed: str, on: date | None, note: str, actor: str, output_format: str
) -> None:
    """Choose goods of PROVIDER with sales for inspection."""
    asked = SamplingAsked(provider, seed, reviewer_named(tenant(), actor), note, on)
    row = sampling_plan(tenant(), asked, edge_now())
    emit(_samples(row), output_format)


@goods.command("samplings")
@click.argument("number", default="")
@click.option("--replay/--no-replay", default=False, help="Make the choice again and compare.")
@reading
def samplings(*, number: str, replay: bool, output_format: str) -> None:
    """List samplings, or the samples of NUMBER."""
    if not number:
        emit(
            [
                {
                    "number": row.number,
                    "provider": row.provider_id,
                    "assessed_on": row.assessed_on,
                    "eligible": row.eligible,
                    "samples": row.samples.count(),
                    "seed": row.seed,
                }
                for row in samplings_found(tenant())
            ],
            output_format,
        )
        return
    if replay:
        different = sampling_replay(tenant(), number)
        for line in different:
            click.echo(line, err=True)
        if different:
            click.get_current_context().exit(1)
    emit(_samples(sampling_get(tenant(), number)), output_format)


@goods.command("sample")
@click.argument("number")
@click.argument("place", type=int)
@click.argument("act", type=click.Choice(["take", "send", "result", "retest", "settle", "drop"]))
@click.option("--lab", default="", help="With send: where to.")
@click.option(
    "--result", type=click.Choice([PASSED, *FINDINGS]), default=PASSED, help="Lab's word."
)
@click.option(
    "--report", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File."
)
@click.option("--retest-until", type=DAY, help="With a finding: last day to ask for a re-test.")
@click.option("--note", default="", help="Why, or a word on it.")
@click.option("--as", "actor", required=True, help="Who.")
@reading
def sample(
    *, number: str, place: int, act: str, lab: str, result: str, report: Path | None,
    retest_until: date | None, note: str, actor: str, output_format: str,
) -> None:  # fmt: skip
    """Bring sample PLACE of sampling NUMBER one step on."""
    now, at = edge_now(), (tenant(), number, place)
    moved: Sample
    if act != "retest":
        reviewer_named(tenant(), actor)
    if act == "take":
        moved = sample_take(*at, actor, now, note)
    elif act == "send":
        moved = sample_send(*at, lab, actor, now)
    elif act == "drop":
        moved = sample_drop(*at, actor, now, note)
    elif act == "retest":
        moved = retest_ask(*at, actor, note, now)
    else:
        kept = _kept(report, sampling_get(tenant(), number).provider_id, actor)
        said = LabResult(result, actor, kept[0] if kept else None, note, retest_until)
        judge = sample_result if act == "result" else retest_settle
        moved = judge(*at, said, now)
    emit([_sample_row(moved)], output_format)


@goods.command("finding")
@click.argument("provider")
@click.argument("thing", type=click.Choice(THINGS))
@click.argument("thing_id")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option("--on", type=DAY, required=True, help="The day on which it stood there.")
@click.option("--note", default="", help="What is wrong.")
@click.option("--proof", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File.")
@click.option("--as", "actor", required=True, help="Who found it.")
@reading
def finding(
    *, provider: str, thing: str, thing_id: str, kind: str, on: date, note: str,
    proof: Path | None, actor: str, output_format: str,
) -> None:  # fmt: skip
    """Keep what a person found wrong with a THING of PROVIDER, and report it."""
    kept = _kept(proof, provider, reviewer_named(tenant(), actor))
    new = NewFinding(provider, thing, thing_id, kind, on, actor, note, kept)
    row, is_new = finding_add(tenant(), new, edge_now())
    emit([{"id": row.id, "clause": row.clause, "new": is_new}], output_format)


@goods.command("screen")
@click.argument("text")
@reading
def screen(*, text: str, output_format: str) -> None:
    """Say what TEXT hints at; nothing is kept."""
    emit(
        [
            {
                "kind": each.kind,
                "pattern": each.pattern,
                "start": each.start,
                "end": each.end,
                "marked": each.marked,
            }
            for each in text_screen(text)
        ],
        output_format,
    )


@goods.command("figures")
@click.option("--month", type=MONTH, required=True, help="Of the parcels.")
@reading
def figures(*, month: Month, output_format: str) -> None:
    """Return goods taken down in time, and parcels with an e-waybill, by provider."""
    now = edge_now()
    shares = [("takedowns", each) for each in takedowns_on_time(tenant(), day_of(now))]
    shares += [("e_waybill", each) for each in e_waybill_share(tenant(), month, now)]
    emit(
        [
            {
                "figure": name,
                "provider": each.provider_id,
                "month": each.month,
                "counted": each.counted,
                "out_of": each.out_of,
            }
            for name, each in shares
        ],
        output_format,
    )


def _kept(path: Path | None, provider_id: str, actor: str) -> tuple[UUID, ...]:
    if path is None:
        return ()
    new = NewDocument(("provider", provider_id), path.name, path.read_bytes(), actor)
    return (document_add(tenant(), new, edge_now()).id,)


def _samples(row: SamplingRound) -> list[dict[str, Any]]:
    return [_sample_row(each) for each in row.samples.order_by("place")]


def _sample_row(row: Sample) -> dict[str, Any]:
    return {
        "sampling": row.round.number,
        "place": row.place,
        "item": row.item_id,
        "sold": row.sold,
        "last_sold_on": row.last_sold_on,
        "state": row.state,
        "result": row.result,
        "retest_until": row.retest_until,
    }
