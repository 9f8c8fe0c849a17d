"""``earnest duties``: where providers stand in their duties, and who is near a line."""

from typing import Any, Final

import click

from earnest.assessment.alerts import TELLING, duty_name
from earnest.assessment.duty_lines import Lines
from earnest.assessment.duty_words import headroom_words, outlook_words
from earnest.assessment.running import Asked, Running, running_of
from earnest.assessment.standing import DutyStanding, standing_of
from earnest.cli.options import edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput
from earnest.market.queries import provider_get
from earnest.market.taking_part import providers_taking_part
from earnest.measures.headroom import Direction, direction_of, line_text, rate_text

IN_TABLE: Final = (
    "provider", "measure", "level", "rate", "target", "pending", "spare", "missing",
    "breach_in_days", "recover_in_days", "headroom", "judged_month", "status",
)  # fmt: skip


@click.command()
@click.argument("provider_id", required=False)
@click.option("--all", "everybody", is_flag=True, help="Every provider that takes part.")
@click.option("--alert", is_flag=True, help="Only duties over their alert level.")
@reading
def duties(provider_id: str | None, *, everybody: bool, alert: bool, output_format: str) -> None:
    """Show where PROVIDER_ID stands in its duties; with --all, every provider to date.

    The headroom is that of the month that runs, counted until now.
    """
    if everybody == (provider_id is not None):
        raise BadInput(
            "provider_or_all",
            where="earnest duties",
            zh="请给出一个服务商编号，或用 --all 查看全部，两者选一",
            en="name one provider, or give --all for every one: one of the two",
        )
    now = edge_now()
    if provider_id is not None:
        provider_get(tenant(), provider_id)
        rows = [_standing_row(each) for each in standing_of(tenant(), provider_id, now)]
    else:
        subjects = [each.provider_id for each in providers_taking_part(tenant(), day_of(now))]
        rows = [_row(each) for each in running_of(Asked(tenant(), subjects, now))]
    if alert:
        rows = [row for row in rows if row["level"] in TELLING]
    if output_format == "table":  # a table has no room for all of it
        rows = [{name: row.get(name) for name in IN_TABLE if name in row} for row in rows]
    emit(rows, output_format)


def _standing_row(standing: DutyStanding) -> dict[str, Any]:
    judged = standing.judged
    direction = standing.direction
    row = (
        _row(standing.running)
        if standing.running
        else {"provider": standing.provider_id, "measure": standing.measure, "level": ""}
    )
    return row | {
        "level": standing.level,
        "judged_month": judged.month if judged else "",
        "judged": rate_text(*judged.what.rate, direction) if judged else "",
        "status": judged.status if judged else "",
        "told_until": standing.fresh.told_at,
    }


def _row(running: Running) -> dict[str, Any]:
    what, lines, outlook = running.what, running.lines, running.outlook
    direction = direction_of(what.measure)
    said = [headroom_words(what, lines).en, outlook_words(running).en]
    return {
        "provider": running.provider_id,
        "measure": what.measure,
        "duty": duty_name(what.measure).en,
        "level": lines.level,
        "rate": rate_text(*what.rate, direction),
        "numerator": what.numerator,
        "denominator": what.denominator,
        "pending": what.pending,
        "target": _target(lines, direction),
        "alert": "" if lines.alert_ppm is None else line_text(lines.alert_ppm, direction),
        "spare": lines.left.spare if lines.left else None,
        "missing": lines.left.missing if lines.left else None,
        "breach_in_days": outlook.breach_in if outlook else None,
        "recover_in_days": outlook.recover_in if outlook else None,
        "headroom": "; ".join(each for each in said if each),
        "window_from": what.window.first,
        "window_to": what.window.last,
    }


def _target(lines: Lines, direction: Direction) -> str:
    if lines.limit is not None:
        return f"≤ {lines.limit}"
    return "" if lines.target_ppm is None else line_text(lines.target_ppm, direction)
