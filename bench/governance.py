"""``./run bench governance``: providers governed for 14 months, from stored events to notices.

A market is simulated and taken into the feed first, in a process of its own. Then one process does
what the marketplace does in 14 months: every month all measures of every provider, its findings,
its rung of the ladder, decisions with their receipts, tickets and statements of reasons; and in
between the daily looks that take the money of tickets nobody appealed against, book what parties
pay, open shortages and let restrictions end. Two persons approve what waits for them. In the end
every decision is replayed and the books are checked. Server and data folder are gone afterwards.
"""

import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from earnest.kernel.calendar import Month, day_start
from earnest.postgres.prepare import database, database_migrate
from earnest.simulator import Market, simulate
from earnest.simulator.sizes import Size
from road import as_columns, machine, results_save

if TYPE_CHECKING:
    from datetime import datetime

Answer = TypeVar("Answer")
SEED = 20250811
FIRST = Month(2025, 2)
MONTHS = 14
SIZES = (500, 5_000)
SHORT = (20, 40)
ORDERS_OF_A_PROVIDER = 100
SHOPS_OF_TEN_PROVIDERS = 5
ONE_OF = {"survey_answer": 4, "api_call_agg": 10}
LOOKS_AFTER_DAYS = (9, 18)
SOURCE = "urn:earnest:src:simulator:bench"
APPROVERS = ("risk", "finance")
KIBIBYTES_PER_MEGABYTE = 1024
RESULTS = Path(__file__).resolve().parent / "results" / "governance.md"


@dataclass
class Governed:
    """What 14 months of one market took; times in seconds.

    Attributes:
        stations: seconds by station, over all months.
        processor: seconds of processor time of the process that governed, all its threads.
        memory_mb: peak of the process that governed, without the database server's.
        base_mb: of it, what the process had taken before the first month.
    """

    providers: int
    shops: int
    events: int
    making: float
    stations: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    processor: float = 0.0
    base_mb: int = 0
    memory_mb: int = 0

    @property
    def total(self) -> float:
        """Seconds of all months together."""
        return sum(self.stations.values())

    @property
    def subject_months(self) -> int:
        """Providers and shops times months: what there was to judge."""
        return (self.providers + self.shops) * MONTHS

    def as_row(self) -> dict[str, str]:
        """Return the figures as they are printed."""
        return {
            "providers": f"{self.providers:,}",
            "shops": f"{self.shops:,}",
            "stored events": f"{self.events:,}",
            **{name: f"{count:,}" for name, count in self.counts.items()},
            f"{MONTHS} months, s": f"{self.total:.1f}",
            "s per 1,000 subjects and month": f"{self.total * 1_000 / self.subject_months:.2f}",
            "of it processor time of the process, s": f"{self.processor:.1f}",
            "subjects judged per second": f"{self.subject_months / self.total:,.0f}",
            "peak memory, MB": f"{self.memory_mb:,}",
            "of it before the first month, MB": f"{self.base_mb:,}",
            "market made and taken in before, s": f"{self.making:.1f}",
        }

    def station_row(self) -> dict[str, str]:
        """Return each station's seconds and share."""
        return {
            name: f"{seconds:.1f} s ({seconds * 100 / self.total:.0f} %)"
            for name, seconds in self.stations.items()
        }


@contextmanager
def _clocked(governed: Governed, station: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    governed.stations[station] = governed.stations.get(station, 0) + time.perf_counter() - began


def _tell(what: str) -> None:
    """Say how far it is: a large market takes many minutes."""
    click.echo(f"  {what}", err=True)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIBIBYTES_PER_MEGABYTE


def _django_ready() -> None:
    import django  # noqa: PLC0415 - the settings read the address that is known only now

    django.setup()


def _tenant(providers: int) -> str:
    return f"bench{providers}"


def _market(providers: int) -> Market:
    shops = max(30, providers * SHOPS_OF_TEN_PROVIDERS // 10)
    size = Size("bench", providers, shops, providers * ORDERS_OF_A_PROVIDER)
    return simulate(SEED, size, FIRST, MONTHS)


def _thinned(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Keep every nth row of the streams that would be most of the events by themselves."""
    return {stream: _every(table, ONE_OF.get(stream, 1)) for stream, table in tables.items()}


def _every(table: pa.Table, step: int) -> pa.Table:
    return table if step == 1 else table.take(pa.array(range(0, table.num_rows, step), pa.int64()))


def market_made(providers: int) -> tuple[int, float]:
    """Make a market and take its events in; return their number and the seconds."""
    _django_ready()
    from django.contrib.auth.models import User  # noqa: PLC0415 - same

    from earnest.cli.demo import people_add  # noqa: PLC0415 - after Django is set up
    from earnest.feed.commands import batches_take  # noqa: PLC0415 - same
    from earnest.postgres.tenancy import tenant_scope  # noqa: PLC0415 - same

    began, events, tenant_id = time.perf_counter(), 0, _tenant(providers)
    with tenant_scope(tenant_id):
        people_add(tenant_id)
        for month, tables in _market(providers):
            _tell(f"{month} made, {events:,} events so far, {time.perf_counter() - began:.0f} s")
            arrived, kept = day_start(month.plus(1).first_day), _thinned(tables)
            batches_take(tenant_id, kept, source=SOURCE, now=arrived, origin="simulator")
            events += sum(table.num_rows for table in kept.values())
        User.objects.all().delete()  # the next market has people of the same names
    return events, time.perf_counter() - began


def market_governed(providers: int, events: int, making: float) -> Governed:
    """Govern a market that was made for all its months. Runs alone in its process."""
    _django_ready()
    from earnest.postgres.tenancy import tenant_scope  # noqa: PLC0415 - after Django is set up

    market, tenant_id = _market(providers), _tenant(providers)
    governed = Governed(providers, market.size.shops, events, making)
    governed.base_mb = _peak_mb()
    with tenant_scope(tenant_id):
        before = time.process_time()
        for month in market.months:
            _month(tenant_id, month, governed)
            _tell(f"{month} governed, {governed.total:.0f} s so far, {_peak_mb():,} MB at most")
        governed.processor = time.process_time() - before
        governed.memory_mb = _peak_mb()
        _count(tenant_id, governed)
        _tell("every decision is replayed, and the books are checked")
        _prove(tenant_id)
    return governed


def _month(tenant_id: str, month: Month, governed: Governed) -> None:
    from earnest.assessment.commands import cycle_run, month_settled_at  # noqa: PLC0415 - same
    from earnest.cases.daily import deposits_look  # noqa: PLC0415 - same

    at = month_settled_at(month)
    cycle = cycle_run(tenant_id, month, now=at)
    for station, seconds in cycle.stations.items():
        name = f"month: {station}"
        governed.stations[name] = governed.stations.get(name, 0) + seconds
    for days in LOOKS_AFTER_DAYS:
        now = at + timedelta(days=days)
        with _clocked(governed, "approvals by two persons"):
            _approve(tenant_id, now)
        with _clocked(governed, "daily looks"):
            deposits_look(tenant_id, now)


def _approve(tenant_id: str, now: "datetime") -> None:
    from earnest.consequences.commands import decision_settle  # noqa: PLC0415 - Django is set up
    from earnest.decisions.queries import DecisionFilter, decisions  # noqa: PLC0415 - same

    for decision in list(decisions(tenant_id, DecisionFilter(state="waiting"))):
        for actor in APPROVERS[: decision.approvals_needed]:
            decision_settle(
                tenant_id, decision.id, verdict="approve", actor=actor, reason="benchmark", now=now
            )


def _count(tenant_id: str, governed: Governed) -> None:
    from earnest.decisions.models import Decision, Finding  # noqa: PLC0415 - Django is set up
    from earnest.measures.models import MeasureResult  # noqa: PLC0415 - same
    from earnest.notices.models import Notice  # noqa: PLC0415 - same
    from earnest.tickets.models import Ticket  # noqa: PLC0415 - same

    tables: dict[str, Any] = {
        "figures": MeasureResult,
        "findings": Finding,
        "decisions": Decision,
        "tickets": Ticket,
        "notices": Notice,
    }
    for name, table in tables.items():
        governed.counts[name] = table.objects.filter(tenant_id=tenant_id).count()


def _prove(tenant_id: str) -> None:
    """Stop when a decision does not replay to the same bytes, or the books do not hold."""
    from earnest.decisions.replay import decisions_replay  # noqa: PLC0415 - Django is set up
    from earnest.ledger.queries import verify  # noqa: PLC0415 - same

    differences = decisions_replay(tenant_id).differences
    broken = [check.name for check in verify(tenant_id) if not check.ok]
    if differences or broken:
        raise RuntimeError(f"{len(differences)} differences on replay, broken: {broken}")


def _alone(function: Callable[..., Answer], *arguments: object) -> Answer:
    """Run a function in a process of its own, so that its peak of memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def results_print(markets: list[Governed]) -> None:
    """Print the figures for people."""
    for title, rows in (
        ("governance", [each.as_row() for each in markets]),
        ("by station", [each.station_row() for each in markets]),
    ):
        table = Table(title=title, show_header=False)
        for cells in as_columns(rows):
            table.add_row(*cells)
        Console(width=None if Console().is_terminal else 120).print(table)
    for line in _growth(markets):
        Console().print(line, highlight=False)


def _growth(markets: list[Governed]) -> list[str]:
    """Say how the time grows from one market to the next; 1.00 is exactly linear."""
    lines: list[str] = []
    for small, large in pairwise(markets):
        subjects, took = large.subject_months / small.subject_months, large.total / small.total
        lines.append(
            f"{small.providers:,} to {large.providers:,} providers, {subjects:.1f} times the "
            f"subjects: {took:.1f} times the time ({took / subjects:.2f} per subject, 1.00 is "
            "linear)"
        )
    return lines


def results_write(markets: list[Governed], load: float) -> None:
    """Write the figures and the machine beside the benchmark."""
    columns = "".join(f" {each.providers:,} providers |" for each in markets)
    lines = [
        "# Governance, measured",
        "",
        f"`./run bench governance`: {MONTHS} months of a simulated market, from stored events to",
        "figures, findings, decisions, tickets and notices, with the daily looks in between. Every",
        "decision replayed to the same bytes and all checks of the books held, or there would be",
        "no figures. Memory is the working process's alone, without the database server's.",
    ]
    for title, rows in (
        ("What it took", [each.as_row() for each in markets]),
        ("By station", [each.station_row() for each in markets]),
    ):
        lines += ["", f"## {title}", "", f"| |{columns}", "|---|" + "---:|" * len(markets)]
        lines += ["| " + " | ".join(cells) + " |" for cells in as_columns(rows)]
    if growth := _growth(markets):
        lines += ["", "## Growth", "", *(f"- {line}" for line in growth)]
    results_save(RESULTS, lines, machine(load))


@click.command()
@click.option(
    "--providers",
    multiple=True,
    type=click.IntRange(10, 100_000),
    default=SIZES,
    show_default=True,
    help="Providers of a market; give it several times for several markets, small ones first.",
)
@click.option("--short", is_flag=True, help=f"Only {SHORT[0]} and {SHORT[1]} providers.")
def main(*, providers: tuple[int, ...], short: bool) -> None:
    """Measure the governance of providers and write bench/results/governance.md."""
    load = os.getloadavg()[0]
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "earnest.settings"
    markets: list[Governed] = []
    with tempfile.TemporaryDirectory(prefix="earnest-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the server's own user has to pass through when this runs as root
        with database(home):
            _django_ready()
            database_migrate()
            for each in SHORT if short else providers:
                click.echo(f"{each:,} providers: the market is made", err=True)
                events, making = _alone(market_made, each)
                click.echo(f"{each:,} providers: {MONTHS} months are governed", err=True)
                markets.append(_alone(market_governed, each, events, making))
                results_print(markets[-1:])
                if not short:
                    results_write(markets, load)
    results_print(markets)


if __name__ == "__main__":
    main()
