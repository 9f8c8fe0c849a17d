"""Taking turns for ``./run bench ledger``: processes of contenders, and what a turn cost."""

import contextlib
import json
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

FOLDER = Path(__file__).resolve().parent
MICROSECONDS = 1_000_000


class Child:
    """A contender's process, see ``ledger_child.py``."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(FOLDER / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **words: Any) -> None:
        """Send a line; the answer is to be fetched with :meth:`answer`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, float]:
        """Wait for the answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"a contender ended: {self._process.args}"
            raise RuntimeError(message)
        found: dict[str, float] = json.loads(line)
        return found

    def run(self, **words: Any) -> dict[str, float]:
        """Prepare a piece of work and do it."""
        self.ask(do="prepare", **words)
        self.answer()
        self.ask(do="go")
        return self.answer()

    def end(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@dataclass(frozen=True)
class Turn:
    """What one turn gave: transfers a second, and processor time for each of them.

    Attributes:
        server_us: of all of the server's processes; ``client_us``: of the contender's own.
    """

    rate: float
    server_us: float
    client_us: float | None

    @property
    def both_us(self) -> float:
        """Processor time on both sides; of pgbench only the server's is known."""
        return self.server_us + (self.client_us or 0)


@dataclass
class Contender:
    """Something that takes turns.

    Attributes:
        work: what each of the children is asked to prepare; all are started together.
    """

    name: str
    how: str
    work: list[tuple[Child, dict[str, Any]]]
    turns: list[Turn] = field(default_factory=list)

    def turn(self, server: psutil.Process) -> Turn:
        """Take one turn; everything is prepared before the clock starts."""
        for child, words in self.work:
            child.ask(do="prepare", **words)
        for child, _ in self.work:
            child.answer()
        before = server_seconds(server)
        for child, _ in self.work:
            child.ask(do="go")
        answers = [child.answer() for child, _ in self.work]
        spent = server_seconds(server) - before
        transfers = sum(answer["transfers"] for answer in answers)
        return Turn(
            sum(answer["transfers"] / answer["seconds"] for answer in answers),
            spent * MICROSECONDS / transfers,
            sum(answer["client_cpu"] for answer in answers) * MICROSECONDS / transfers,
        )


@dataclass
class Pgbench(Contender):
    """pgbench's own simple-update: one UPDATE, one SELECT, one INSERT a transaction."""

    command: list[str] = field(default_factory=list)

    def turn(self, server: psutil.Process) -> Turn:
        """Run it once."""
        before = server_seconds(server)
        done = subprocess.run(self.command, capture_output=True, text=True, check=True)
        spent = server_seconds(server) - before
        transactions = re.search(r"actually processed: (\d+)", done.stdout)
        rate = re.search(r"tps = ([\d.]+)", done.stdout)
        assert transactions is not None
        assert rate is not None
        return Turn(float(rate[1]), spent * MICROSECONDS / int(transactions[1]), None)


def server_seconds(server: psutil.Process) -> float:
    """Return the processor time of the server and all its processes, living and gone."""
    total = 0.0
    for process in server.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended: counted with those gone, below
            times = process.cpu_times()
            total += times.user + times.system
    times = server.cpu_times()
    total += times.user + times.system + times.children_user + times.children_system
    return total


@dataclass(frozen=True)
class Target:
    """How many times as fast one contender is as another, turn by turn.

    Attributes:
        least: what is to be reached; None where it is only told.
    """

    what: str
    ours: Contender
    theirs: list[Contender]
    least: float | None = None

    @property
    def ratios(self) -> list[float]:
        """In each round, against the fastest of theirs."""
        return [
            turn.rate / max(other.turns[place].rate for other in self.theirs)
            for place, turn in enumerate(self.ours.turns)
        ]

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.ratios)

    @property
    def cheaper(self) -> float:
        """How many times as much processor time theirs takes, the cheapest of them."""
        return statistics.median(
            min(other.turns[place].both_us for other in self.theirs) / turn.both_us
            for place, turn in enumerate(self.ours.turns)
        )

    def cells(self) -> list[str]:
        """Return it as a line of the table."""
        verdict = ""
        if self.least is not None:
            verdict = "reached" if self.ratio >= self.least else "MISSED"
        return [
            self.what,
            f"{self.ratio:.2f}",
            f"{min(self.ratios):.2f} - {max(self.ratios):.2f}",
            "" if self.least is None else f"{self.least:g}",
            verdict,
            f"{self.cheaper:.2f}",
        ]


def contender_cells(contender: Contender) -> list[str]:
    """Return a contender as a line of the table: medians, with the slowest and fastest turn."""
    rates = [turn.rate for turn in contender.turns]
    clients = [turn.client_us for turn in contender.turns if turn.client_us is not None]
    return [
        contender.name,
        contender.how,
        f"{statistics.median(rates):,.0f}",
        f"{min(rates):,.0f} - {max(rates):,.0f}",
        f"{statistics.median(turn.server_us for turn in contender.turns):,.1f}",
        f"{statistics.median(clients):,.1f}" if clients else "-",
    ]
