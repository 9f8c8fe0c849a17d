"""``./run bench worker``: the worker is killed again and again, and everything due is done once.

A market with a little due every day: deposits that fall short, fines whose appeal window ends,
restrictions and holds whose time has come, reviews and appeals that nobody settles in time, turns
and claims that run out, deadlines to be reminded of; and an endpoint that wants to hear of all of
it. A worker (``earnest work`` without its sleep) gets SIGKILL at a random instant after the clock
has moved on, another one takes its place. In the end each effect is counted by what it is about,
and the receiver's post is held against the tables.
"""

import json
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from earnest.postgres.prepare import database, database_migrate
from road import machine, results_save

if TYPE_CHECKING:
    from worker_proof import Receiver

TENANT = "main"
SEED = 20251120
HOURS_PER_KILL = 6
EACH_DAY = 6
WORK_SECONDS = (0.0, 3.0, 0.3)
"""How long a worker works, once the clock has moved, before it is killed: from, to, most often."""
POST_SECONDS_MAX = 120
"""How long to wait for a message when the worker is to be killed in the middle of sending one."""
HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "worker.md"
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["worker_child"])
ABOUT = """\
# The worker killed

`./run bench worker`: a worker is killed by SIGKILL at a random instant after something has become
due, another one takes its place, and so on; the marketplace's clock moves six hours between two
kills. Deposits fall short, fines come due, restrictions and holds end, reviews and appeals that
nobody settles in time are escalated, turns to answer lapse, claims run out, deadlines are reminded
of, and a receiver on the same machine is told of everything. In the end every effect is counted by
what it is about. A message may arrive more than once, always under the same id and with the same
bytes: that is what a receiver knows a repeat by."""
console = Console(stderr=True)


@dataclass
class Findings:
    """What came of it.

    Attributes:
        in_the_middle: kills that left a job begun and not done.
        while_sending: kills of a worker whose message was with the receiver, not yet answered.
        effects: what was counted, by name: how many there are, and how many there should be.
        wrong: what was done twice, or not at all, or does not hold.
        received: messages that arrived; ``repeats`` of them had arrived before.
    """

    kills: int
    in_the_middle: int
    while_sending: int
    effects: dict[str, tuple[int, int]]
    received: int
    repeats: int
    checks: int
    held: int
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether everything was done exactly once and everything holds."""
        even = all(found == wanted for found, wanted in self.effects.values())
        return even and not self.wrong and self.held == self.checks


class Worker:
    """A worker in a process of its own, which says when it is ready to work."""

    def __init__(self, *, shuffled: bool = False) -> None:
        from worker_child import work  # noqa: PLC0415 - Django is set up now

        self._pipe, theirs = PROCESSES.Pipe()
        self._process = PROCESSES.Process(
            target=work, args=(theirs,), kwargs={"shuffled": shuffled}
        )
        self._process.start()
        theirs.close()
        self._hears("ready")

    def _hears(self, word: str) -> None:
        try:
            said = self._pipe.recv()
        except EOFError:
            said = ""
        if said != word:
            raise click.ClickException(f"the worker said {said!r} instead of {word!r}")

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()
        self._end()

    def quiet(self) -> None:
        """Let it finish everything that is due, and end in order."""
        self._pipe.send("finish")
        self._hears("done")
        self._end()
        if self._process.exitcode != 0:
            raise click.ClickException("the worker did not end in order")

    def _end(self) -> None:
        self._process.join()
        self._pipe.close()


class Killer:
    """Starts workers and ends them: mostly at random, every third in the middle of a post."""

    def __init__(self, receiver: "Receiver") -> None:
        self.in_the_middle = self.while_sending = 0
        self._receiver = receiver
        self._chance, self._count = random.Random(SEED), 0

    def kill_one(self) -> None:
        """Start a worker, let something become due, and kill it."""
        from worker_market import clock_move  # noqa: PLC0415 - Django is set up now
        from worker_proof import jobs_running  # noqa: PLC0415 - the same

        self._count += 1
        worker = Worker(shuffled=True)
        if self._count % 3:
            clock_move(TENANT, timedelta(hours=HOURS_PER_KILL))
            time.sleep(self._chance.triangular(*WORK_SECONDS))
            worker.kill()
        else:
            with self._receiver.holding() as in_hand:
                clock_move(TENANT, timedelta(hours=HOURS_PER_KILL))
                self.while_sending += _in_hand_soon(in_hand)
                worker.kill()
        self.in_the_middle += jobs_running(TENANT) > 0


def _in_hand_soon(in_hand: Event) -> bool:
    """Wait for a message; the marketplace's minutes pass meanwhile, as they do for a real worker.

    The worker looks for what is to be told once a minute. One whose first job this was has told
    nothing yet of what the other jobs did, and on a clock that stands still it never would.
    """
    from worker_market import clock_move  # noqa: PLC0415 - Django is set up now

    for _ in range(POST_SECONDS_MAX):
        if in_hand.wait(1):
            return True
        clock_move(TENANT, timedelta(minutes=1))
    return False


@contextmanager
def _own_database() -> Iterator[None]:
    """Run a server with an empty database for the length of a block."""
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "earnest.settings"
    os.environ["EARNEST_TENANT"] = TENANT
    os.environ["EARNEST_WEBHOOKS_LOOPBACK"] = "1"
    os.environ["PYTHONPATH"] = str(HERE)  # where the workers' forefather finds their module
    with tempfile.TemporaryDirectory(prefix="earnest-worker-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the server's own user has to pass through when this runs as root
        with database(home):
            import django  # noqa: PLC0415 - the settings read the address that is known only now

            django.setup()
            ensure_running()  # it loads while the tables are made
            database_migrate()
            yield


def worker_run(kills: int, progress: Progress) -> Findings:
    """Let workers work and die; count what they did."""
    began = time.monotonic()
    with _own_database():
        from worker_market import clock_move, market_open  # noqa: PLC0415 - Django is set up now
        from worker_proof import Receiver, proven  # noqa: PLC0415 - the same

        days = kills * HOURS_PER_KILL // 24 + 1
        with Receiver() as receiver:
            due = market_open(TENANT, receiver.url, days, EACH_DAY)
            killer = Killer(receiver)
            task = progress.add_task("kills", total=kills)
            for _ in range(kills):
                killer.kill_one()
                progress.advance(task)
            for days_on in (0, 12):
                clock_move(TENANT, timedelta(days=days_on))
                Worker().quiet()
            proof = proven(TENANT, due, receiver)
    return Findings(
        kills=kills,
        in_the_middle=killer.in_the_middle,
        while_sending=killer.while_sending,
        effects=proof.effects,
        received=proof.received,
        repeats=proof.repeats,
        checks=proof.checks,
        held=proof.held,
        wrong=proof.wrong,
        seconds=time.monotonic() - began,
    )


def _rows(found: Findings) -> list[tuple[str, str]]:
    return [
        ("workers killed by SIGKILL", f"{found.kills:,}"),
        ("of them in the middle of a job", f"{found.in_the_middle:,}"),
        ("of them with a message sent and not answered", f"{found.while_sending:,}"),
        *(
            (f"{name}: done, of what was due", f"**{done:,} of {wanted:,}**")
            for name, (done, wanted) in found.effects.items()
        ),
        ("messages received", f"{found.received:,}"),
        ("of them repeats, same id and same bytes", f"{found.repeats:,}"),
        ("**done twice, or not at all, or broken**", f"**{len(found.wrong)}**"),
        (
            "checks of `earnest verify`, full and quick, that hold",
            f"{found.held} of {found.checks}",
        ),
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
@click.option("--kills", type=click.IntRange(1), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the findings and write no file.")
def main(*, kills: int, as_json: bool) -> None:
    """Kill the worker again and again, and write bench/results/worker.md."""
    load = os.getloadavg()[0]
    with Progress(console=console) as progress:
        found = worker_run(kills, progress)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        table = Table("", "", show_header=False)
        for row in _rows(found):
            table.add_row(*(each.replace("**", "") for each in row))
        Console().print(table)
        _results_write(found, load)
    if not found.clean:
        raise click.ClickException(f"not everything was done once: {found.wrong}")


if __name__ == "__main__":
    main()
