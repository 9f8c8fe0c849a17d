"""``earnest simulate``: a seeded market as Parquet files."""

from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from earnest.cli.output import emit, progress_console, reading
from earnest.kernel.calendar import Month
from earnest.kernel.errors import BadInput
from earnest.simulator import Size
from earnest.simulator import simulate as market_of
from earnest.simulator.files import market_write
from earnest.simulator.market import DEMO_FIRST, DEMO_MONTHS


def _first_month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError:
        raise BadInput(
            "month_unreadable",
            where="--from",
            zh=f"“{text}”不是月份，请写成 2025-01 的样子。",
            en=f"{text!r} is not a month; write it like 2025-01.",
        ) from None


@click.command()
@click.argument("outdir", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Same seed, same bytes.",
)
@click.option(
    "--size", default="demo", show_default=True, help="demo, small, large, or a number of orders."
)
@click.option("--months", type=click.IntRange(1, 120), default=DEMO_MONTHS, show_default=True)
@click.option("--from", "first", default=str(DEMO_FIRST), show_default=True, help="First month.")
@reading
def simulate(
    outdir: Path, *, seed: int, size: str, months: int, first: str, output_format: str
) -> None:
    """Write a seeded market's events to OUTDIR, one Parquet file per stream and month.

    Nothing else in OUTDIR is touched. Bring the files in with `earnest import feed OUTDIR`.
    """
    market = market_of(seed, Size.parse(size), _first_month(first), months)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=progress_console) as bar:
        task = bar.add_task("simulating months", total=months, rows=0)
        written = 0

        def month_done(month: Month, rows: int) -> None:
            nonlocal written
            written += rows
            bar.update(task, advance=1, rows=written, description=f"simulated {month}")

        rows_by_stream = market_write(market, outdir, progress=month_done)
    emit([{"stream": name, "rows": rows} for name, rows in rows_by_stream.items()], output_format)
