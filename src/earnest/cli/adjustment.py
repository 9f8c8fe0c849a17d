"""``earnest adjustment``: the monthly adjustment of the shops' deposits (S3-3.1)."""

from collections.abc import Iterable

import click

from earnest.assessment.adjustment import Adjusted, Preview, adjustment_run
from earnest.assessment.adjustment import preview as preview_made
from earnest.assessment.adjustment_lines import OUTCOMES, Line, month_steps, result_lines
from earnest.cli.options import MONTH, SUBJECT, edge_now, tenant
from earnest.cli.output import emit, progress_console, reading
from earnest.kernel.calendar import Month
from earnest.kernel.money import yuan


def _row(line: Line) -> dict[str, object]:
    return {
        "shop": line.shop_id,
        "outcome": line.outcome,
        "state": line.state,
        "before_fen": line.before_fen,
        "after_fen": line.after_fen,
        "sales_fen": line.sales_fen,
        "categories": ", ".join(line.categories),
        "general_fen": line.why.get("general"),
        "tier_fen": line.why.get("tier"),
        "special_fen": line.why.get("special"),
        "raises_fen": line.raises_fen,
        "balance_fen": line.balance_fen,
        "pay_in_fen": line.pay_in_fen,
        "excess_fen": line.excess_fen,
        "applies_on": line.applies_on,
        "decision": line.decision_id,
        "refusal": line.refusal.en if line.refusal else None,
    }


def _shops_only(subject: tuple[str, str] | None) -> str:
    if subject is None:
        return ""
    kind, subject_id = subject
    if kind != "shop":
        raise click.BadParameter("the adjustment is of shops: write shop:ID")
    return subject_id


@click.group()
def adjustment() -> None:
    """Adjust what shops must hold by what they sold in a month."""


@adjustment.command()
@click.option("--month", type=MONTH, required=True, help="The month whose sales count.")
@click.option("--subject", type=SUBJECT, help="Only this shop, as shop:ID.")
@reading
def preview(month: Month, subject: tuple[str, str] | None, output_format: str) -> None:
    """Show what the adjustment would do now, shop by shop; nothing is recorded."""
    shop_id = _shops_only(subject)
    found = preview_made(tenant(), month, edge_now())
    emit([_row(line) for line in found.lines if shop_id in ("", line.shop_id)], output_format)
    _preview_told(found)


def _preview_told(found: Preview) -> None:
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in found.outcomes().items())
    final = "final" if found.final else "as known now, not final"
    paid, above = yuan(found.pay_in_fen), yuan(found.excess_fen)
    said = [
        f"{found.month} ({final}), holds from {found.applies_on}: {found.shops:,} shops: {counts}",
        f"required {yuan(found.before_fen)} -> {yuan(found.after_fen)} yuan",
        f"to pay in {paid}, above it {above}; {found.people:,} would wait for people",
    ]
    if found.adjusted:
        said.append(f"{found.adjusted:,} shops were adjusted for this month already: show them")
    steps = [
        (before or 0, after, count)
        for (before, after), count in found.steps.most_common()
        if before != after
    ]
    _steps_told(said, steps)


def _steps_told(said: list[str], steps: Iterable[tuple[int, int, int]]) -> None:
    for line in [
        *said,
        *(f"  {yuan(before)} -> {yuan(after)}: {count:,} shops" for before, after, count in steps),
    ]:
        progress_console.print(line, highlight=False)


@adjustment.command()
@click.option("--month", type=MONTH, required=True, help="The month whose sales count.")
@reading
def run(month: Month, output_format: str) -> None:
    """Adjust the shops for a month and tell each; a repeat changes nothing."""
    with progress_console.status(f"{month}") as status:
        done = 0

        def advance(shops: int) -> None:
            nonlocal done
            done += shops
            status.update(f"{month} · {done:,} shops")

        adjusted = adjustment_run(tenant(), month, now=edge_now(), progress=advance)
    emit([_summary(adjusted)], output_format)
    for problem in adjusted.refused:
        progress_console.print(f"not judged: {problem}\n            {problem.zh}")
    if not adjusted.shops:
        progress_console.print(f"{month}: nothing changed")
    if adjusted.late:
        progress_console.print(
            f"{month}: the sales of {len(adjusted.late):,} shops differ from those that were "
            "judged (late or corrected events); the decisions stand as they were made"
        )


def _summary(adjusted: Adjusted) -> dict[str, object]:
    decided = {name: adjusted.decided.get(name, 0) for name in ("set", "raise", "lower")}
    return {
        "month": str(adjusted.month),
        "applies_on": adjusted.applies_on,
        "shops": adjusted.shops,
        **decided,
        "people": adjusted.people,
        "refused": len(adjusted.refused),
        "late_figures": len(adjusted.late),
        "seconds": f"{sum(adjusted.stations.values()):.2f}",
    }


@adjustment.command()
@click.option("--month", type=MONTH, required=True, help="The month whose sales count.")
@click.option("--subject", type=SUBJECT, help="Only this shop, as shop:ID.")
@click.option("--outcome", type=click.Choice(OUTCOMES[:4]), default=None, help="Only this outcome.")
@reading
def show(
    month: Month, subject: tuple[str, str] | None, outcome: str | None, output_format: str
) -> None:
    """Show what the adjustment of a month did, shop by shop, before and after."""
    found = result_lines(tenant(), month, outcome=outcome or "", shop_id=_shops_only(subject))
    emit([_row(line) for line in found], output_format)
    if subject is None:
        steps = month_steps(tenant(), str(month))
        _steps_told([], [(each.before_fen, each.after_fen, each.shops) for each in steps])
