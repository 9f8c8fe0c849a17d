"""``./run bench ledger``: the ledger beside what else writes transfers to PostgreSQL.

A server of its own, with fsync and synchronous commit on, is gone afterwards. All contenders stay
connected and take short turns, round after round, so that what else happens on the machine hits all
of them alike; rates are medians of the rounds, ratios the medians of each round's own ratio.
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import click
import psutil
import psycopg
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from earnest.postgres.binaries import binaries_for
from earnest.postgres.prepare import database, database_migrate
from earnest.postgres.roles import OWNER
from earnest.postgres.server import SUPERUSER, Server, running_server, server_pid
from ledger_plain import tables_make
from ledger_race import FOLDER, Child, Contender, Pgbench, Target, contender_cells
from road import machine, results_save

RESULTS = FOLDER / "results" / "ledger.md"
UNCONCERNED = ("duckdb", "pyarrow", "numpy")
HORDAK = "hordak, transfer_to"
CALLERS = (1, 8, 64)
PROCESSES = {1: (1,), 8: (2,), 64: (1, 2)}
SIZES = (1_000, 8_000)
# The same for all: room for the callers, and no checkpoint in the middle of somebody's turn.
SERVER = (
    "max_connections=250",
    "shared_buffers=1GB",
    "max_wal_size=16GB",
    "checkpoint_timeout=60min",
)
SHOWN = ("server_version", "fsync", "synchronous_commit", "full_page_writes", *(
    setting.partition("=")[0] for setting in SERVER))  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How much is run.

    Attributes:
        rounds: turns of each contender, after one to warm up.
        seconds: of a turn of single callers.
        count: transfers of a turn in batches; ``slow_count`` of those that would take minutes.
    """

    rounds: int = 5
    seconds: int = 2
    count: int = 16_000
    slow_count: int = 8_000


SHORT = Plan(rounds=1, seconds=1, count=8_000, slow_count=8_000)


@dataclass
class Ring:
    """The processes of all contenders, and who takes turns in them."""

    ours: list[Child]
    plain: list[Child]
    hordak: list[Child]
    pgbench: list[str]

    def end(self) -> None:
        """Let every process end."""
        for child in (*self.ours, *self.plain, *self.hordak):
            child.end()


def ring_make(server: Server) -> Ring:
    """Make the databases, tables and accounts of all, and start their processes."""
    address = server.address
    with psycopg.connect(address.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        for name in ("rivals", "hordak"):
            connection.execute(f"CREATE DATABASE {name} OWNER {OWNER}")
    rivals, hordak = address.url(OWNER, "rivals"), address.url(OWNER, "hordak")
    tables_make(rivals, address.url(OWNER))
    Child("ledger_hordak.py", hordak, "make").end()
    pgbench = [str(binaries_for(server.place.account) / "pgbench"), "-n"]
    subprocess.run([*pgbench, "-i", "-q", rivals], capture_output=True, check=True)
    # Everyone may have two processes, for one Python process would hold its callers back.
    connections = str(max(CALLERS))
    ring = Ring(
        [Child("ledger_ours.py") for _ in range(2)],
        [Child("ledger_plain.py", rivals, address.url(OWNER), connections) for _ in range(2)],
        [Child("ledger_hordak.py", hordak) for _ in range(2)],
        [*pgbench, "-N", "-M", "prepared", rivals],
    )
    ring.ours[0].run(what="open")
    return ring


def callers_of(
    children: list[Child], what: str, count: int, seconds: int
) -> list[tuple[Child, dict[str, object]]]:
    """Return the work of so many callers, spread over as many of the processes as there are."""
    used = children[:count]
    return [
        (child, {"what": what, "connections": count // len(used), "seconds": seconds})
        for child in used
    ]


def contenders_make(ring: Ring, plan: Plan) -> list[Contender]:
    """Return everything that takes turns."""
    found = []

    def batches(name: str, children: list[Child], what: str, count: int) -> None:
        for size in SIZES:
            work = {"what": what, "size": size, "count": count}
            how = f"batches of {size:,}" + " from 2 sessions" * (len(children) - 1)
            found.append(Contender(name, how, [(child, work) for child in children]))

    for what in ("uniform", "hot", "own reasons", "hold", "capture"):
        batches(f"ledger, {what}", ring.ours[:1], what, plan.count)
    batches("ledger, uniform", ring.ours, "uniform", plan.count)
    batches("COPY", ring.plain[:1], "COPY", plan.count)
    batches("hordak, bulk_create", ring.hordak[:1], "bulk_create", plan.slow_count)
    for count in CALLERS:
        for processes in PROCESSES[count]:
            found += callers_make(ring, plan, count, processes)
    return found


def callers_make(ring: Ring, plan: Plan, count: int, processes: int) -> list[Contender]:
    """Return the single callers of everyone, in so many processes."""
    found = []
    how = f"{count} caller{'s' * (count > 1)}" + " in 2 processes" * (processes - 1)
    for name, what, children in (
        ("ledger, threads", "threads", ring.ours),
        ("ledger, event loop", "event loop", ring.ours),
        ("textbook", "textbook", ring.plain),
        ("hordak, transfer_to", "transfer_to", ring.hordak),
    ):
        if what != "transfer_to" or count < max(CALLERS):
            work = callers_of(children[:processes], what, count, plan.seconds)
            found.append(Contender(name, how, work))
    if processes == max(PROCESSES[count]):
        flags = ["-T", str(plan.seconds), "-c", str(count), "-j", str(processes)]
        command = [*ring.pgbench[:-1], *flags, ring.pgbench[-1]]
        found.append(Pgbench("pgbench -N", f"{count} caller{'s' * (count > 1)}", [], [], command))
    return found


def targets_make(contenders: list[Contender]) -> list[Target]:
    """Return what is compared with what."""

    def named(name: str, how: str = "") -> list[Contender]:
        return [each for each in contenders if each.name == name and how in ("", each.how)]

    found = []
    for size in SIZES:
        how = f"batches of {size:,}"
        (uniform,), (hot,) = named("ledger, uniform", how), named("ledger, hot", how)
        (both,) = named("ledger, uniform", f"{how} from 2 sessions")
        for what, ours, theirs, least in (
            ("textbook, both one session", uniform, named("textbook", "1 caller"), 20),
            ("textbook, both at their best", both, named("textbook"), None),
            ("hordak transfer_to, both one session", uniform, named(HORDAK, "1 caller"), 50),
            ("hordak transfer_to, both at their best", both, named(HORDAK), None),
            ("hordak bulk_create", uniform, named("hordak, bulk_create", how), None),
            ("COPY of the same rows", uniform, named("COPY", how), 0.35),
            ("pgbench -N, both at their best", both, named("pgbench -N"), None),
        ):
            found.append(Target(f"{how} / {what}", ours, theirs, least))
        found.append(Target(f"{how}: one hot account / uniform", hot, [uniform], 1))
        for what in ("own reasons", "hold", "capture"):
            (ours,) = named(f"ledger, {what}", how)
            found.append(Target(f"{how}: {what} / uniform", ours, [uniform]))
    for ours in named("ledger, threads") + named("ledger, event loop"):
        least = 5 if ours.how.startswith(str(max(CALLERS))) else None
        theirs = named("textbook", ours.how)
        found.append(Target(f"{ours.how}: {ours.name} / textbook", ours, theirs, least))
    return found


def rounds_run(ring: Ring, contenders: list[Contender], plan: Plan, server: Server) -> str:
    """Let everyone take turns, and prove the books at the end; give what was proved."""
    process = psutil.Process(server_pid(server.place))
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("rounds", total=(plan.rounds + 1) * len(contenders))
        for place in range(plan.rounds + 1):
            for contender in contenders:
                turn = contender.turn(process)
                if place:  # the first round warms up
                    contender.turns.append(turn)
                progress.advance(task)
    checks = ring.ours[0].run(what="verify")["transfers"]
    ring.plain[0].run(what="verify")
    return f"verify after the last round: all {checks:.0f} checks hold"


ABOUT = (
    "`./run bench ledger`: all contenders on one server, taking turns round after round. Rates",
    "are medians of the rounds; ratios are medians of each round's own ratio, against the fastest",
    "of the rivals in that round. Times are processor time for each transfer: of all of the",
    "server's processes, those in the background included, and of the contender's own; the CPU",
    "of a ratio is both together, theirs divided by ours. When other work keeps the machine busy,",
    "who has many processes gets more of it than who has one: then the CPU tells more than rates.",
    "",
    "- **ledger**: `transfers_post` as the working role, from the caller's values to the commit,",
    "  the making of the `Transfer` objects included. *uniform*: between two of 10,000 deposits;",
    "  *hot*: all out of one deposit; *own reasons*: each transfer names another decision; *hold*,",
    "  *capture*: on deposits chosen at random. *threads*, *event loop*: callers with one transfer",
    "  each through the micro-batcher, a batcher in each process.",
    "- **COPY** writes the same rows (a transfer and two entries) in binary, with the same keys,",
    "  indexes and checks, a commit for each batch. It decides nothing and keeps no balances.",
    "- **textbook**: psycopg, a connection for each caller, both rows locked in order, the balance",
    "  checked, two updates, a transfer and two entries inserted, commit; no ids of the caller, no",
    "  digest.",
    "- **hordak**: `transfer_to`, and `bulk_create` of transactions and legs, which is no function",
    "  of hordak's but what its models allow. It has no limits and keeps no balances.",
    "- **pgbench -N**: the simple-update of PostgreSQL's own benchmark, not a transfer at all.",
)
CONTENDER_HEADS = ("", "", "transfers/s", "slowest - fastest", "server us", "client us")
TARGET_HEADS = ("compared", "times as fast", "rounds", "at least", "", "times the CPU")


def results_print(contenders: list[Contender], targets: list[Target], proved: str) -> None:
    """Print the figures for people."""
    console = Console(width=None if Console().is_terminal else 130)
    for title, heads, lines in (
        ("transfers a second", CONTENDER_HEADS, map(contender_cells, contenders)),
        ("how many times as fast", TARGET_HEADS, (target.cells() for target in targets)),
    ):
        table = Table(*heads, title=title)
        for cells in lines:
            table.add_row(*cells)
        console.print(table)
    console.print(proved)


def measured_on(server: Server, load: float, rounds: int) -> dict[str, str]:
    """Return the machine, the versions, and the server's settings."""
    found = machine(load)
    found["rounds"] = str(rounds)
    found["load after"] = f"{os.getloadavg()[0]:.1f} (the benchmark's own work included)"
    found["django-hordak"] = version("django-hordak")
    with psycopg.connect(server.address.url(OWNER)) as connection:
        for name in SHOWN:
            found[name] = str(connection.execute(f"SHOW {name}").fetchall()[0][0])
    return {name: value for name, value in found.items() if name not in UNCONCERNED}


def results_write(
    contenders: list[Contender], targets: list[Target], told: list[str], machine_: dict[str, str]
) -> None:
    """Write the figures and the machine beside the benchmark."""
    lines = ["# The ledger, measured", "", *told]
    for title, heads, rows in (
        ("Transfers a second", CONTENDER_HEADS, map(contender_cells, contenders)),
        ("How many times as fast", TARGET_HEADS, (target.cells() for target in targets)),
    ):
        lines += ["", f"## {title}", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    results_save(RESULTS, lines, machine_)


@click.command()
@click.option("--short", is_flag=True, help="One short round; shows that it runs, writes nothing.")
@click.option("--rounds", type=click.IntRange(1), default=Plan.rounds, show_default=True)
def main(*, short: bool, rounds: int) -> None:
    """Measure the ledger and its rivals and write bench/results/ledger.md."""
    load, plan = os.getloadavg()[0], SHORT if short else Plan(rounds=rounds)
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "earnest.settings"
    with tempfile.TemporaryDirectory(prefix="earnest-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the server's own user has to pass through when this runs as root
        with running_server(home, settings=SERVER) as server, database(home):
            import django  # noqa: PLC0415 - the settings read the address that is known only now

            django.setup()
            database_migrate()
            ring = ring_make(server)
            try:
                contenders = contenders_make(ring, plan)
                targets = targets_make(contenders)
                proved = rounds_run(ring, contenders, plan, server)
            finally:
                ring.end()
            measured = measured_on(server, load, plan.rounds)
    results_print(contenders, targets, proved)
    if not short:
        results_write(contenders, targets, [*ABOUT, "", f"{proved}."], measured)


if __name__ == "__main__":
    main()
