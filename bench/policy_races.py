"""The races of ``./run bench policy``: over a population, over one subject, and with other engines.

Whatever is raced must say the same, field by field; otherwise the benchmark ends.
"""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import duckdb

from earnest.policy import Pack, load_pack
from earnest.whatif.comparison import PopulationChange, compare_population
from policy_clock import Runner, Timing, race, race_of_calls
from policy_facts import as_facts, one_provider, one_shop, providers_sql, shops_sql
from policy_plain import (
    Facts,
    Result,
    deposit,
    deposit_by_lists,
    deposit_by_rows,
    deposit_with_reasons,
    ladder,
    ladder_by_lists,
    ladder_by_rows,
    ladder_with_reasons,
)
from policy_rivals import (
    CEL,
    ZEN,
    cel_deposit,
    cel_ladder,
    provider_form,
    shop_form,
    zen_deposit,
    zen_judge,
    zen_ladder,
)

FOLDER = Path(__file__).resolve().parent
MILLION = 1_000_000
GENERATED = "SQL generated from the pack"
BY_LISTS = "hand-written SQL over the lists"
BY_ROWS = "hand-written SQL, unnested and grouped"
WHAT_IF = "what-if: both editions, differences added up"
PLAIN = "plain Python function"
PLAIN_REASONS = "plain Python function that also says why"
INTERPRETER = "interpreter, facts checked, trace kept"
INTERPRETER_TRACE = "interpreter, trace read as plain data"
ZEN_TRACE = f"{ZEN}, with its trace"
SQL_LIMIT = 2.0
ONE_LIMIT = 10.0
WHAT_IF_LIMIT = 3.0


@dataclass(frozen=True)
class Rule:
    """One of the two rules, in every form that it is raced in."""

    name: str
    subjects: str
    facts_sql: Callable[[int, int], str]
    one: Facts
    plain: Callable[[Facts], Result]
    with_reasons: Callable[[Facts], tuple[Result, Any]]
    by_hand: Mapping[str, Callable[[str], str]]
    form: Callable[[Facts], Facts]
    zen: Callable[[], Any]
    cel: Callable[[], Callable[[Facts], Result]]


RULES = (
    Rule(
        name="deposit",
        subjects="shops",
        facts_sql=shops_sql,
        one=one_shop(),
        plain=deposit,
        with_reasons=deposit_with_reasons,
        by_hand={BY_LISTS: deposit_by_lists, BY_ROWS: deposit_by_rows},
        form=shop_form,
        zen=zen_deposit,
        cel=cel_deposit,
    ),
    Rule(
        name="ladder",
        subjects="providers",
        facts_sql=providers_sql,
        one=one_provider(),
        plain=ladder,
        with_reasons=ladder_with_reasons,
        by_hand={BY_LISTS: ladder_by_lists, BY_ROWS: ladder_by_rows},
        form=provider_form,
        zen=zen_ladder,
        cel=cel_ladder,
    ),
)


@dataclass(frozen=True)
class Target:
    """What a race is about: how many times as long one takes as the other, and at most."""

    what: str
    factor: float
    limit: float | None = None

    @property
    def verdict(self) -> str:
        """Say whether it is reached."""
        if self.limit is None:
            return ""
        return "reached" if self.factor <= self.limit else "MISSED"


@dataclass
class Race:
    """One race: what ran and how long each took, in ``unit`` (``s``, or ``us`` per subject)."""

    title: str
    unit: str
    timings: dict[str, Timing]
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def compare(self, over: str, under: str, limit: float | None = None) -> None:
        """Note how many times as long the first takes as the second: the median over the turns.

        The two of one turn ran one after the other, so other work on the machine slows both.
        """
        turns = zip(self.timings[over].seconds, self.timings[under].seconds, strict=True)
        factor = statistics.median(first / second for first, second in turns)
        self.targets.append(Target(f"{over} : {under}", factor, limit))


def packs() -> tuple[Pack, Pack]:
    """Return the rulebook of the benchmark, and its draft."""
    return load_pack(FOLDER / "policy_pack.yaml"), load_pack(FOLDER / "policy_draft.yaml")


def stop_unless_equal(what: str, left: object, right: object) -> None:
    """End the benchmark when two that are raced do not say the same."""
    if left != right:
        raise click.ClickException(f"{what}: {left!r} is not {right!r}")


def tables_compare(connection: duckdb.DuckDBPyConnection, left: str, right: str) -> None:
    """End the benchmark unless two answers are equal, field by field and subject by subject."""
    columns = [row[0] for row in connection.execute(f"DESCRIBE {right}").fetchall()]
    fields = [name for name in columns if name not in ("subject", "unresolved")]
    differing = ", ".join(f'count(*) FILTER (a."{f}" IS DISTINCT FROM b."{f}")' for f in fields)
    found = connection.execute(
        f"SELECT count(*) - (SELECT count(*) FROM {left}), count(b.unresolved), {differing} "
        f"FROM {left} AS a FULL JOIN {right} AS b USING (subject)"
    ).fetchone()
    stop_unless_equal(f"{left} against {right}, differences in {fields}", set(found or ()), {0})


def populations(rule: Rule, count: int, repeats: int) -> Race:
    """Race the generated SQL with hand-written SQL over a population, and with the what-if."""
    live, draft = packs()
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE facts AS {rule.facts_sql(0, count)}")
    queries = {
        **{name: write("facts") for name, write in rule.by_hand.items()},
        GENERATED: live.sql(rule.name),
    }
    answers = {name: f"answer{index}" for index, name in enumerate(queries)}

    def runner(name: str) -> Runner:
        statement = f"CREATE OR REPLACE TABLE {answers[name]} AS {queries[name]}"
        return lambda: connection.execute(statement)

    runners = {name: runner(name) for name in queries}
    changes: list[PopulationChange] = []

    def what_if() -> None:
        changes[:] = [compare_population(connection, live, draft, rule.name)]

    if rule.name == "deposit":
        runners[WHAT_IF] = what_if
    timings = race(runners, repeats)
    for name in rule.by_hand:
        tables_compare(connection, answers[name], answers[GENERATED])
    fastest = min(rule.by_hand, key=lambda name: timings[name].median)
    found = Race(f"{rule.name}: {count:,} {rule.subjects} in one query", "s", timings)
    found.compare(GENERATED, fastest, SQL_LIMIT)
    if changes:
        found.compare(WHAT_IF, GENERATED, WHAT_IF_LIMIT)
        found.notes.append(f"The what-if finds {changes[0].changed:,} shops that would change.")
    connection.close()
    return found


def one_subject(rule: Rule, calls: int, repeats: int) -> Race:
    """Race the interpreter with plain Python and the other engines over one subject."""
    live, _ = packs()
    facts, name = rule.one, rule.name
    formed = rule.form(facts)
    engine, by_cel = rule.zen(), rule.cel()
    by_zen, by_zen_trace = zen_judge(engine), zen_judge(engine, trace=True)
    runners: dict[str, Runner] = {
        PLAIN: lambda: rule.plain(facts),
        PLAIN_REASONS: lambda: rule.with_reasons(facts),
        INTERPRETER: lambda: live.evaluate(name, facts),
        INTERPRETER_TRACE: lambda: live.evaluate(name, facts).trace,
        ZEN: lambda: by_zen(formed),
        ZEN_TRACE: lambda: by_zen_trace(formed),
        CEL: lambda: by_cel(formed),
    }
    wanted = rule.plain(facts)
    said = [by_zen(formed), by_zen_trace(formed), by_cel(formed), rule.with_reasons(facts)[0]]
    for each in (*said, live.evaluate(name, facts).result):
        stop_unless_equal(f"{name} of one subject", each, wanted)
    found = Race(f"{name}: one subject", "us", race_of_calls(runners, calls, repeats))
    found.compare(INTERPRETER, PLAIN, ONE_LIMIT)
    found.compare(INTERPRETER_TRACE, PLAIN_REASONS, ONE_LIMIT)
    found.compare(INTERPRETER_TRACE, PLAIN)
    found.compare(ZEN_TRACE, INTERPRETER_TRACE)
    found.compare(CEL, INTERPRETER)
    return found


def one_by_one(rule: Rule, count: int, repeats: int) -> Race:
    """Race everything that judges subjects one by one over the first of the population."""
    live, _ = packs()
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE facts AS {rule.facts_sql(0, count)}")
    population = as_facts(connection, "facts", count)
    connection.close()
    engine, by_cel, name = rule.zen(), rule.cel(), rule.name
    formed = [rule.form(each) for each in population]
    requests = [{"key": "rule", "context": each} for each in formed]

    def zen_batch() -> list[Result]:
        return [each["data"]["result"] for each in engine.evaluate_batch(requests)]

    judges: dict[str, Callable[[], list[Result]]] = {
        PLAIN: lambda: [rule.plain(each) for each in population],
        INTERPRETER: lambda: [live.evaluate(name, each).result for each in population],
        f"{ZEN}, in one batch": zen_batch,
        CEL: lambda: [by_cel(each) for each in formed],
    }
    wanted = judges[PLAIN]()
    for said, judge in judges.items():
        stop_unless_equal(f"{name} by {said}", judge(), wanted)
    timings = race(judges, repeats)
    scaled = {said: timing.scaled(MILLION / count) for said, timing in timings.items()}
    return Race(
        f"{name}: {rule.subjects} one by one, scaled from {count:,} to a million", "s", scaled
    )


def unknown_category() -> list[tuple[str, str]]:
    """Return what each engine says of a shop with a category that nobody has a standard for."""
    live, _ = packs()
    rule = RULES[0]
    facts = {**rule.one, "categories": ["apparel", "pets"]}
    formed, by_zen, by_cel = rule.form(facts), zen_judge(rule.zen()), rule.cel()
    judges: dict[str, Callable[[], object]] = {
        "earnest": lambda: live.evaluate(rule.name, facts).refusal,
        ZEN: lambda: by_zen(formed),
        CEL: lambda: by_cel(formed),
    }
    return [(name, _said(judge)) for name, judge in judges.items()]


def _said(judge: Callable[[], object]) -> str:
    try:
        answer = judge()
    except Exception as error:  # whatever another engine raises is its answer
        return "error: " + " ".join(str(error).split("Stack backtrace")[0].split())[:160]
    return getattr(answer, "key", None) or str(answer)
