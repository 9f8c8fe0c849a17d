"""``earnest measure``: count a measure over a window, down to the orders behind a figure."""

from datetime import date, datetime
from typing import Any, Final

import click

from earnest.cli.options import DAY, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.kernel.errors import BadInput
from earnest.kernel.money import percent, yuan
from earnest.measures import Figure, Measure
from earnest.measures.definition import ALL, BY_CODES
from earnest.measures.queries import contributions, measure_named
from earnest.measures.queries import measure as figures_of
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.rulebooks.switches import measure_parameter

ORDERS_MAX: Final = 1_000_000


class InstantType(click.ParamType[datetime]):
    """An instant written in ISO 8601 with its zone."""

    name = "INSTANT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read the instant or say how to write it."""
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an instant; write 2025-09-08T00:00:00+08:00", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} has no zone; write it as in {value}+08:00", param, ctx)
        return instant


@click.command()
@click.argument("name")
@click.option("--from", "first", type=DAY, required=True, help="First market day.")
@click.option("--to", "last", type=DAY, required=True, help="Last market day, included.")
@click.option("--by", type=click.Choice(sorted(BY_CODES)), default="provider", show_default=True)
@click.option("--as-of", type=InstantType(), help="See only what happened by then (default: now).")
@click.option("--subject", help="Only this provider, shop or category.")
@click.option("--orders", is_flag=True, help="Print the orders that a subject's figure counts.")
@reading
def measure(
    name: str,
    *,
    first: date,
    last: date,
    by: str,
    as_of: datetime | None,
    subject: str | None,
    orders: bool,
    output_format: str,
) -> None:
    """Count measure NAME over a window of market days; the hours come from the rulebook."""
    definition = measure_named(name)
    asked: dict[str, Any] = {
        "as_of": as_of or edge_now(),
        "params": parameters_on(definition, last),
    }
    if orders:
        rows = contributions(
            tenant(),
            name,
            first,
            last,
            subject_kind=by,
            subject=_one_subject(by, subject),
            limit=ORDERS_MAX,
            **asked,
        )
        if output_format == "table":
            left_out = {"counted", "sample", *definition.dimensions}
            rows = [{key: row[key] for key in row if key not in left_out} for row in rows]
    else:
        figures = figures_of(
            tenant(), name, first, last, by=by, subjects=[subject] if subject else None, **asked
        )
        rows = [_row(definition, figure, output_format) for figure in figures]
    emit(rows, output_format)


def parameters_on(definition: Measure, last: date) -> dict[str, int]:
    """Return a measure's parameters from the rulebook in force on a window's last day.

    Windows from before the rulebook are counted with its first edition: counting judges nobody.
    """
    pack = pack_of(SUPPLY_MARKET)
    on = max(last, pack.in_force_from())
    return {
        each.name: measure_parameter(pack, each.pack_parameter, on)
        for each in definition.parameters
    }


def _one_subject(by: str, subject: str | None) -> str:
    if subject:
        return subject
    if by == ALL:
        return ALL
    raise BadInput(
        "subject_missing",
        where="--subject",
        zh="--orders 需要用 --subject 指明一个主体，或用 --by all",
        en="--orders needs one subject: give --subject, or --by all",
    )


def _row(definition: Measure, figure: Figure, output_format: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "subject": figure.subject,
        "measure": figure.measure,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "rate": rate_text(definition, figure),
        "sample": figure.sample,
        "pending": figure.pending,
        "window_from": figure.window_from,
        "window_to": figure.window_to,
        "state": figure.state,
        "cutoff_at": figure.cutoff_at,
    }
    if output_format != "table":  # a table has no room for them
        row |= {"subject_kind": figure.subject_kind, "dimensions": figure.dimensions}
    return row


def rate_text(definition: Measure, figure: Figure) -> str:
    """Write a figure for reading: a percentage, a score out of ten, or an amount in yuan."""
    if definition.unit == "fen":
        return yuan(figure.numerator)
    if definition.unit == "tenths":
        if figure.denominator == 0:
            return "-"
        whole, cents = divmod(figure.numerator * 10 // figure.denominator, 100)
        return f"{whole}.{cents:02d}"
    return percent(figure.numerator, figure.denominator)
