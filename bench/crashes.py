"""``./run bench crashes``: the server is killed while clients post, and nothing is lost or doubled.

An embedded server of its own, with everything that makes a commit durable left on. Clients post all
kinds of transfers without a pause; again and again every process of the server gets SIGKILL at a
random instant, and is started again. Clients that got no answer send the same transfers once more.
In the end the books are held against what the clients were told, and proven from their rows.
"""

import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click
import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from earnest.postgres.prepare import database, database_migrate
from earnest.postgres.server import Server, ensure_server, server_pid
from road import machine, results_save

if TYPE_CHECKING:
    from crashes_clients import Client, Told

TENANT = "main"
CLIENTS = 4
SEED = 20250901
UP_SECONDS = (0.05, 0.6)  # how long the server works between two crashes, once it answers
PATIENCE_SECONDS = 120
RESULTS = Path(__file__).resolve().parent / "results" / "crashes.md"
ABOUT = """\
# Crashes survived

`./run bench crashes`: every process of the database server is killed at a random instant, again and
again, while clients post, hold, capture, void, reverse, freeze and take waterfalls. `fsync`,
`synchronous_commit` and `full_page_writes` are on. A client keeps its ids before the first try;
when no answer comes it sends the same again, and after that also what was answered last before the
crash. In the end each account is held against the sum of all answers. A killed process is not a
power cut: what the operating system has taken is still written."""
console = Console(stderr=True)


@dataclass
class Findings:
    """What came of it; transfers are counted, not batches.

    Attributes:
        lost: told as posted, and not in the books; or told otherwise after a crash than before it.
        doubled: accounts whose balance is not what the answers add up to, and transfers in the
            books that nobody was told of.
        checks, held: the checks of ``earnest verify``, and how many of them hold.
        head_kept: whether the chain still contains the head that a client saw last.
        back_seconds: the longest time from a kill to the next answer.
    """

    crashes: int
    posted: int
    refused: int
    unanswered: int
    had_posted: int
    resent: int
    lost: int
    doubled: int
    checks: int
    held: int
    head_kept: bool
    back_seconds: float
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing was lost or doubled and everything holds."""
        return self.head_kept and (self.lost, self.doubled, self.held) == (0, 0, self.checks)


class Killer:
    """Kills the server under the clients, and starts it again."""

    def __init__(self, home: Path, clients: "list[Client]") -> None:
        self.back_seconds = 0.0
        self._home = home
        self._clients = clients
        self._chance = random.Random(SEED)
        self._server: Server = ensure_server(home)

    def crash(self) -> None:
        """Let the server work for a moment, kill all of it, start it, wait until it answers."""
        time.sleep(self._chance.uniform(*UP_SECONDS))
        postmaster = psutil.Process(server_pid(self._server.place) or 0)
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            _kill(process)
        began = time.monotonic()
        psutil.wait_procs(processes[1:], timeout=PATIENCE_SECONDS)
        dead, self._server = self._server, ensure_server(self._home)
        dead.leave()
        self._wait_for_answers()
        self.back_seconds = max(self.back_seconds, time.monotonic() - began)

    def leave(self) -> None:
        """Stop using the server."""
        self._server.leave()

    def _wait_for_answers(self) -> None:
        """Wait until every client has an answer again, so that each crash meets all of them."""
        before = [client.answered for client in self._clients]
        give_up = time.monotonic() + PATIENCE_SECONDS
        while any(
            client.answered == count for client, count in zip(self._clients, before, strict=True)
        ):
            if time.monotonic() > give_up:
                raise click.ClickException("a client got no answer after the server was back")
            time.sleep(0.01)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


@contextmanager
def _own_database() -> Iterator[Path]:
    """Run a server with an empty database for the length of a block; give its data folder."""
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "earnest.settings"
    os.environ["EARNEST_TENANT"] = TENANT
    with tempfile.TemporaryDirectory(prefix="earnest-crashes-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the server's own user has to pass through when this runs as root
        with database(home):
            import django  # noqa: PLC0415 - the settings read the address that is known only now

            django.setup()
            database_migrate()
            yield home


def crashes_run(crashes: int, progress: Progress) -> Findings:
    """Post, kill and post again; hold the books against what the clients were told."""
    began = time.monotonic()
    with _own_database() as home:
        from crashes_clients import ACCOUNTS, Client, Told  # noqa: PLC0415 - Django is set up now
        from earnest.ledger.commands import accounts_open  # noqa: PLC0415 - the same

        accounts_open(TENANT, ACCOUNTS, datetime.now(UTC))
        clients = [Client(TENANT, SEED + number) for number in range(CLIENTS)]
        killer = Killer(home, clients)
        _post_and_kill(clients, killer, crashes, progress)
        told = Told()
        for client in clients:
            told.add(client.told)
        findings = _compared(told, crashes)
        killer.leave()
    findings.back_seconds = killer.back_seconds
    findings.seconds = time.monotonic() - began
    return findings


def _post_and_kill(
    clients: "list[Client]", killer: Killer, crashes: int, progress: Progress
) -> None:
    stop, task = Event(), progress.add_task("crashes", total=crashes)
    with ThreadPoolExecutor(len(clients)) as pool:
        working: list[Future[None]] = [pool.submit(client.work, stop) for client in clients]
        try:
            for _ in range(crashes):
                killer.crash()
                progress.advance(task)
        finally:
            stop.set()
        for each in working:
            each.result()


def _compared(told: "Told", crashes: int) -> Findings:
    """Hold the books against the answers, and prove them from their rows."""
    from django.db import connection  # noqa: PLC0415 - Django is set up now

    from earnest.ledger.commands import batches_seal  # noqa: PLC0415 - the same
    from earnest.ledger.queries import balances_listed, verify  # noqa: PLC0415 - the same

    connection.close()  # the session of before the first crash
    batches_seal(TENANT, datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_transfer WHERE tenant_id = %s", [TENANT])
        booked = {id_ for (id_,) in cursor.fetchall()}
        cursor.execute("SELECT id FROM ledger_refusal WHERE tenant_id = %s", [TENANT])
        refused_there = {id_ for (id_,) in cursor.fetchall()}
    refused = {each for each, outcome in told.outcomes.items() if outcome.status == "refused"}
    posted = told.outcomes.keys() - refused
    differing = [
        row.code
        for row in balances_listed(TENANT)
        if (row.posted_fen, row.held_fen)
        != (told.posted_fen.get(row.code, 0), told.held_fen.get(row.code, 0))
    ]
    checks = verify(TENANT)
    *_, head = verify(TENANT, told.head or (0, ""))
    return Findings(
        crashes=crashes,
        posted=len(posted),
        refused=len(refused),
        unanswered=told.unanswered,
        had_posted=told.had_posted,
        resent=told.resent,
        lost=len(posted - booked) + len(refused - refused_there) + told.forgotten,
        doubled=len(differing) + len(booked - posted),
        checks=len(checks),
        held=sum(each.ok for each in checks),
        head_kept=head.ok,
        back_seconds=0.0,
        seconds=0.0,
    )


def _rows(found: Findings) -> list[tuple[str, str]]:
    return [
        ("crashes: SIGKILL of every process of the server", f"{found.crashes:,}"),
        ("clients that post without a pause", f"{CLIENTS}"),
        ("transfers acknowledged as posted", f"{found.posted:,}"),
        ("transfers acknowledged as refused", f"{found.refused:,}"),
        ("transfers whose answer was lost", f"{found.unanswered:,}"),
        ("of them posted all the same before the crash", f"{found.had_posted:,}"),
        ("transfers sent again under the same ids", f"{found.resent:,}"),
        ("**lost**", f"**{found.lost}**"),
        ("**doubled**", f"**{found.doubled}**"),
        ("checks of `earnest verify` that hold", f"{found.held} of {found.checks}"),
        ("last head of the seal chain kept", "yes" if found.head_kept else "NO"),
        ("longest time from a kill until all clients had an answer", f"{found.back_seconds:.1f} s"),
        ("all of it", f"{found.seconds:.0f} s"),
    ]


def _results_write(found: Findings, load: float) -> None:
    lines = [
        *ABOUT.splitlines(),
        "",
        "| | |",
        "|---|---:|",
        *(f"| {name} | {value} |" for name, value in _rows(found)),
    ]
    results_save(RESULTS, lines, machine(load))
    console.print(f"written: bench/results/{RESULTS.name}")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--crashes", type=click.IntRange(1), default=200, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the findings and write no file.")
def main(*, crashes: int, as_json: bool) -> None:
    """Kill the server while clients post, and write bench/results/crashes.md."""
    load = os.getloadavg()[0]
    with Progress(console=console) as progress:
        found = crashes_run(crashes, progress)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        table = Table("", "", show_header=False)
        for row in _rows(found):
            table.add_row(*(each.replace("**", "") for each in row))
        Console().print(table)
        _results_write(found, load)
    if not found.clean:
        raise click.ClickException("the books are not what the clients were told")


if __name__ == "__main__":
    main()
