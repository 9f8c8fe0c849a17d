"""``./run bench adjustment``: the monthly adjustment of very many shops, in one run.

The market is made first, in a process of its own: shops with their categories, deposits that were
paid in through the ledger, the requirements of the month before, and every paid order of the month
as order facts, in the files that the measures read. Then one process does all of the month: it
measures the sales from those orders, judges every shop by the rulebook's SQL, decides each changed
one by the interpreter with its trace, records the decisions in the chain, sets the requirements,
tells every shop, takes in and books what shops pay, opens the shortages of the others on the apply
day, and looks at the month once more. Server and data folder are gone afterwards.
"""

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import click
import psutil
from rich.console import Console
from rich.table import Table

from adjustment_market import APPLY_AT, MONTH, RUN_AT, market_make, payments_take
from earnest.postgres.prepare import database, database_migrate
from road import as_columns, machine, results_save

Answer = TypeVar("Answer")
SIZES = (10_000, 100_000, 1_000_000)
SHORT = (2_000, 20_000)
MEMORY_TARGET_MB = 8_192
KIBIBYTES_PER_MEGABYTE = 1024
RESULTS = Path(__file__).resolve().parent / "results" / "adjustment.md"


@dataclass
class Month:
    """What the month of one market took; times in seconds.

    Attributes:
        orders: paid orders that the sales were measured from.
        changed: decisions; each set a requirement and sent a notice.
        short: shortages that were opened on the apply day, each with its notice.
        memory_mb: peak of the process, which is the run's own.
        base_mb: what the process took before the run began.
        cpu: seconds of processor time that the process took, all its threads.
        server_cpu: the same of the database session that worked for it.
    """

    shops: int
    orders: int
    making: float = 0
    changed: int = 0
    refused: int = 0
    paid: int = 0
    short: int = 0
    stations: dict[str, float] = field(default_factory=dict)
    again: float = 0
    cpu: float = 0
    server_cpu: float = 0
    base_mb: int = 0
    memory_mb: int = 0

    @property
    def total(self) -> float:
        """Seconds of the whole run."""
        return sum(self.stations.values())

    @property
    def busy(self) -> float:
        """Seconds of processor time of the run: other work on the machine is not in it."""
        return self.cpu + self.server_cpu

    def as_row(self) -> dict[str, str]:
        """Return the figures as they are printed."""
        reached = "reached" if self.memory_mb <= MEMORY_TARGET_MB else "MISSED"
        share = f"{self.changed * 100 / self.shops:.1f} %"
        return {
            "shops": f"{self.shops:,}",
            "paid orders": f"{self.orders:,}",
            "changed: decided, recorded, set, told": f"{self.changed:,} ({share})",
            "not judged by the rule": f"{self.refused:,}",
            "payments booked": f"{self.paid:,}",
            "shortages opened and told": f"{self.short:,}",
            "all of it, s": f"{self.total:.1f}",
            "shops per second": f"{self.shops / self.total:,.0f}",
            "changed shops per second": f"{self.changed / self.total:,.0f}",
            "ms per 1,000 shops": f"{self.total * 1_000_000 / self.shops:,.0f}",
            "processor time, working process, s": f"{self.cpu:.1f}",
            "processor time, its database session, s": f"{self.server_cpu:.1f}",
            "the same run again, s": f"{self.again:.1f}",
            "peak memory, MB": f"{self.memory_mb:,}",
            "of it before the run, MB": f"{self.base_mb:,}",
            f"at most {MEMORY_TARGET_MB:,} MB": reached,
            "market made before, s": f"{self.making:.1f}",
        }

    def station_row(self) -> dict[str, str]:
        """Return each station's seconds, share and rate over all shops."""
        return {
            name: f"{seconds:.2f} s ({seconds * 100 / self.total:.0f} %, "
            f"{self.shops / max(seconds, 0.001):,.0f}/s)"
            for name, seconds in self.stations.items()
        }


@contextmanager
def _clocked(month: Month, station: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    month.stations[station] = month.stations.get(station, 0) + time.perf_counter() - began


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIBIBYTES_PER_MEGABYTE


def _django_ready() -> None:
    import django  # noqa: PLC0415 - the settings read the address that is known only now

    django.setup()


def market_made(shops: int) -> tuple[int, float]:
    """Make a market; return its paid orders and the seconds. Runs alone in its process."""
    _django_ready()
    from earnest.postgres.tenancy import tenant_scope  # noqa: PLC0415 - after Django is set up

    began = time.perf_counter()
    with tenant_scope(_tenant(shops)):
        return market_make(_tenant(shops), shops), time.perf_counter() - began


def _tenant(shops: int) -> str:
    return f"bench{shops}"


def month_run(shops: int, orders: int, making: float) -> Month:
    """Run the month of a market that was made. Runs alone in its process."""
    _django_ready()
    from earnest.postgres.tenancy import tenant_scope  # noqa: PLC0415 - after Django is set up

    month = Month(shops, orders, making)
    month.base_mb = _peak_mb()
    with tenant_scope(_tenant(shops)):
        session = psutil.Process(_session_pid())
        began, server_began = time.process_time(), _cpu(session)
        _stations_run(_tenant(shops), month)
        month.cpu, month.server_cpu = time.process_time() - began, _cpu(session) - server_began
        _repeat(_tenant(shops), month)
    return month


def _session_pid() -> int:
    """Return the process of the server that works for this connection; it runs on this machine."""
    from django.db import connection  # noqa: PLC0415 - after Django is set up

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _repeat(tenant_id: str, month: Month) -> None:
    """Run the month again, which must do nothing, and look whether the first run left anything."""
    from earnest.assessment.adjustment import adjustment_run  # noqa: PLC0415 - Django is set up

    began = time.perf_counter()
    repeated = adjustment_run(tenant_id, MONTH, now=RUN_AT)
    month.again = time.perf_counter() - began
    _check(tenant_id, month, repeated.shops, APPLY_AT.date())


def _stations_run(tenant_id: str, month: Month) -> None:
    from earnest.assessment.adjustment import (  # noqa: PLC0415 - after Django is set up
        adjusted_shortages_open,
        adjustment_run,
    )
    from earnest.payins.receipts import pay_ins_post  # noqa: PLC0415 - same

    adjusted = adjustment_run(tenant_id, MONTH, now=RUN_AT)
    month.stations |= adjusted.stations
    month.changed, month.refused = sum(adjusted.decided.values()), len(adjusted.refused)
    with _clocked(month, "take the payments in"):
        payments_take(tenant_id, RUN_AT + timedelta(days=5))
    with _clocked(month, "book the payments"):
        month.paid = pay_ins_post(tenant_id, APPLY_AT, APPLY_AT).posted
    with _clocked(month, "open shortages and tell"):
        month.short = adjusted_shortages_open(tenant_id, APPLY_AT)
    month.memory_mb = _peak_mb()


def _check(tenant_id: str, month: Month, judged_again: int, on: date) -> None:
    """Stop when the run left anything undone, or the repeat did anything."""
    from earnest.decisions.models import Decision  # noqa: PLC0415 - after Django is set up
    from earnest.deposits.models import Requirement  # noqa: PLC0415 - same
    from earnest.notices.models import Notice  # noqa: PLC0415 - same

    decided = Decision.objects.filter(tenant_id=tenant_id, state="in_effect").exclude(effect={})
    made = Requirement.objects.filter(tenant_id=tenant_id, from_on__gt=MONTH.last_day)
    found = {
        "decisions in effect": (decided.count(), month.changed),
        "requirements set": (made.count(), month.changed),
        "notices": (
            Notice.objects.filter(tenant_id=tenant_id).count(),
            month.changed + month.short,
        ),
        "shops judged by the repeat": (judged_again, 0),
    }
    wrong = {name: pair for name, pair in found.items() if pair[0] != pair[1]}
    if wrong or not month.changed or not month.paid or not month.short:
        raise RuntimeError(f"{on}: the run is not whole: {wrong or month}")


def _alone(function: Callable[..., Answer], *arguments: object) -> Answer:
    """Run a function in a process of its own, so that its peak of memory is its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def results_print(months: list[Month]) -> None:
    """Print the figures for people."""
    for title, rows in (
        ("monthly adjustment", [month.as_row() for month in months]),
        ("by station", [month.station_row() for month in months]),
    ):
        table = Table(title=title, show_header=False)
        for cells in as_columns(rows):
            table.add_row(*cells)
        Console(width=None if Console().is_terminal else 150).print(table)
    for line in _growth(months):
        Console().print(line, highlight=False)


def _growth(months: list[Month]) -> list[str]:
    """Say how the time grows from one market to the next; 1.00 is exactly linear."""
    return [
        f"{small.shops:,} to {large.shops:,} shops, {large.shops / small.shops:.0f} times as many: "
        f"{_times(small, large, small.total, large.total)} by the clock, "
        f"{_times(small, large, small.busy, large.busy)} of processor time"
        for small, large in pairwise(months)
    ]


def _times(small: Month, large: Month, before: float, after: float) -> str:
    per_shop = after / before * small.shops / large.shops
    return f"{after / before:.1f} times ({per_shop:.2f} per shop, 1.00 is linear)"


def results_write(months: list[Month], load: float) -> None:
    """Write the figures and the machine beside the benchmark."""
    columns = "".join(f" {month.shops:,} shops |" for month in months)
    lines = [
        "# The monthly adjustment, measured",
        "",
        "`./run bench adjustment`: a month of all shops in one run, from paid orders (order facts",
        "in the files that the measures read) to notices and shortages. Memory is the peak of the",
        "working process, without the database server's. The server syncs every commit.",
    ]
    for title, rows in (
        ("What it took", [month.as_row() for month in months]),
        ("By station: seconds, share, shops per second", [each.station_row() for each in months]),
    ):
        lines += ["", f"## {title}", "", f"| |{columns}", "|---|" + "---:|" * len(months)]
        lines += ["| " + " | ".join(cells) + " |" for cells in as_columns(rows)]
    lines += ["", "## Growth", "", *(f"- {line}" for line in _growth(months))]
    results_save(RESULTS, lines, machine(load))


@click.command()
@click.option(
    "--shops",
    multiple=True,
    type=click.IntRange(1_000, 10_000_000),
    default=SIZES,
    show_default=True,
    help="Shops of a market; give it several times for several markets, small ones first.",
)
@click.option("--short", is_flag=True, help=f"Only {SHORT[0]:,} and {SHORT[1]:,} shops.")
def main(*, shops: tuple[int, ...], short: bool) -> None:
    """Measure the monthly adjustment and write bench/results/adjustment.md."""
    load = os.getloadavg()[0]
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "earnest.settings"
    months: list[Month] = []
    with tempfile.TemporaryDirectory(prefix="earnest-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the server's own user has to pass through when this runs as root
        with database(home):
            _django_ready()
            database_migrate()
            for each in SHORT if short else shops:
                click.echo(f"{each:,} shops: the market is made", err=True)
                orders, making = _alone(market_made, each)
                click.echo(f"{each:,} shops: the month runs", err=True)
                months.append(_alone(month_run, each, orders, making))
                results_print(months[-1:])
                if not short:
                    results_write(months, load)
    results_print(months)


if __name__ == "__main__":
    main()
