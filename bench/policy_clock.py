"""Timings of things that do the same: interleaved, repeated, with their spread."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Runner = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds of one thing over all its repetitions."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of them (p50)."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """The fastest and the slowest."""
        return min(self.seconds), max(self.seconds)

    def scaled(self, factor: float) -> "Timing":
        """Return the same, for so many times the work or the part of it."""
        return Timing(tuple(each * factor for each in self.seconds))


def race(
    runners: Mapping[str, Runner], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Timing]:
    """Run each in turn, ``repeats`` rounds of it, after one round that does not count.

    Taking turns spreads whatever else the machine does evenly over all of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in runners}
    for run in runners.values():
        run()
    for _ in range(repeats):
        for name, run in runners.items():
            began = clock()
            run()
            taken[name].append(clock() - began)
    return {name: Timing(tuple(seconds)) for name, seconds in taken.items()}


def race_of_calls(runners: Mapping[str, Runner], calls: int, repeats: int) -> dict[str, Timing]:
    """Race things too short for the clock: each turn is ``calls`` calls, the time is of one.

    It is processor time: nothing here waits, and a turn in which the machine did something else
    would say nothing.
    """

    def many(run: Runner) -> Runner:
        def turn() -> None:
            for _ in range(calls):
                run()

        return turn

    turns = {name: many(run) for name, run in runners.items()}
    timings = race(turns, repeats, time.process_time)
    return {name: timing.scaled(1 / calls) for name, timing in timings.items()}
