"""``earnest demo``: a seeded market, loaded, assessed month by month, and served."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import click
import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from earnest.api.commands import token_create
from earnest.assessment.adjustment import shortfalls_announced
from earnest.assessment.commands import cycle_run, month_settled_at
from earnest.assessment.queries import cycles
from earnest.cli.demo_deposits import DepositStory
from earnest.cli.demo_governance import PARTIES, GovernanceStory, governance_figures, jobs_run
from earnest.cli.demo_newcomers import people
from earnest.cli.options import tenant
from earnest.cli.output import progress_console
from earnest.cli.serve import HOST, PORT, address_tell, port_free, serve_until_stopped
from earnest.consequences.commands import decision_settle
from earnest.decisions.commands import standing_order_give
from earnest.decisions.models import Decision
from earnest.decisions.queries import DecisionFilter, decisions, finding_counts
from earnest.decisions.replay import decisions_replay
from earnest.deposits.queries import positions, shortages_open
from earnest.feed.commands import batches_take
from earnest.feed.queries import stream_status
from earnest.kernel.calendar import Month, day_of, day_start
from earnest.kernel.money import yuan
from earnest.ledger.queries import balances_listed, verify
from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.market.queries import market_now
from earnest.market.taking_part import subjects_all
from earnest.restrictions.queries import restrictions_active
from earnest.rulebooks.commands import value_confirm
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET
from earnest.rulebooks.queries import confirmations
from earnest.simulator import SIZES, Market, reactions, simulate
from earnest.simulator.deposit_story import SHOP as STORY_SHOP

PASSWORD = "earnest-demo"  # noqa: S105 - the demo's own, printed, and its server listens on loopback
SOURCE = "urn:earnest:src:simulator:demo"
SEED = 20250811
PEOPLE = (
    ("risk", "risk", ("", "")),
    ("reviewer", "risk", ("", "")),
    ("finance", "finance", ("", "")),
    ("admin", "admin", ("", "")),
    ("rule", "rule", ("", "")),
    ("service", "service", ("", "")),
    ("auditor", "auditor", ("", "")),
    ("provider", "provider", ("provider", "P0002")),
    ("merchant", "merchant", ("shop", "S0001")),
    ("merchant-s9001", "merchant", STORY_SHOP),
)
ORDERS: tuple[tuple[str, str, list[str], str], ...] = (
    (SUPPLY_MARKET, "nps_ladder", ["hide", "delist"], "前两级处罚自动执行；清退须两人复核"),
    (SUPPLY_MARKET, "notify_provider", ["notify"], "未达标通知自动发出"),
    (SUPPLY_MARKET, "provider_deposit", ["set"], "按服务类目核定服务商保证金"),
    (SHOP_DEPOSIT, "required_deposit", ["set", "raise"], "每月按上月销售额上调；下调由人确认"),
)
CONFIRMED_IN = (SUPPLY_MARKET, SHOP_DEPOSIT)
ORDERS_FROM = Month(2020, 9).first_day
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
LOOKS_AFTER_DAYS = (5, 12, 20)
ENDS_AFTER_DAYS = LOOKS_AFTER_DAYS[-1] + 2
MONTHS_LEFT_TO_PEOPLE = 1
REFUSED_OF = 6
ROWS_AT_ONCE = 300_000  # a publication's fixed cost is paid once for so many events


@dataclass(frozen=True)
class Demo:
    """The market of the demo and the marketplace that it plays in."""

    tenant_id: str
    market: Market


class Story(Protocol):
    """What some parties do beside the simulated market."""

    def play(self, until: datetime) -> None:
        """Do what is due by an instant and was not done yet."""


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=progress_console,
    )


def people_add(tenant_id: str) -> None:
    """Open the marketplace with a sign-in for each role and the standing orders."""
    marketplace_open(tenant_id, name_zh="示例货源市场", name_en="Sample supply market")
    for username, role, subject in PEOPLE:
        person_add(tenant_id, username, PASSWORD, role=role, subject=subject)
    _samples_confirm(tenant_id)
    for rulebook, decision, outcomes, note in ORDERS:
        standing_order_give(
            tenant_id,
            rulebook=rulebook,
            decision=decision,
            outcomes=outcomes,
            note=note,
            ordered_by="risk",
            approved_by="admin",
            from_on=ORDERS_FROM,
        )


def _samples_confirm(tenant_id: str) -> None:
    """Let the demo's operators confirm the sample values, so that its money can move."""
    for row in confirmations(tenant_id):
        if row.rulebook in CONFIRMED_IN and not row.confirmed:
            value_confirm(
                tenant_id,
                rulebook=row.rulebook,
                element=row.element,
                on=row.since,
                confirmed_by="risk",
                approved_by="admin",
                note="演示用示例值",
                now=day_start(ORDERS_FROM),
            )


def market_load(demo: Demo, advance: Callable[[int], None]) -> None:
    """Bring the whole market's events into the feed, some months at a time; again adds nothing."""
    gathered: dict[str, list[pa.Table]] = {}
    months = rows = 0
    for month, tables in demo.market:
        for stream, table in tables.items():
            gathered.setdefault(stream, []).append(table)
            rows += table.num_rows
        months += 1
        if rows >= ROWS_AT_ONCE or month == demo.market.months[-1]:
            together = {stream: pa.concat_tables(each) for stream, each in gathered.items()}
            _take(demo.tenant_id, together, day_start(month.plus(1).first_day))
            advance(months)
            gathered, months, rows = {}, 0, 0


def _take(tenant_id: str, tables: dict[str, pa.Table], now: datetime) -> None:
    """Take events in; those that the feed rejects (the fraudulent ones) are listed by it."""
    batches_take(tenant_id, tables, source=SOURCE, now=now, origin="simulator")


def month_play(demo: Demo, month: Month, stories: Sequence[Story] = ()) -> None:
    """Assess one month, then let the parties pay, the days pass and the staff decide.

    What lies before the marketplace's clock was played by an earlier start and is left alone.

    Takes:
        stories: what goes on between the looks.
    """
    at, reached = month_settled_at(month), market_now(demo.tenant_id, BEFORE_ALL)
    if at >= reached:
        _advance(demo.tenant_id, stories, at)
        cycle_run(demo.tenant_id, month, now=at)
        _parties_answer(demo, month, at, shortfalls_announced(demo.tenant_id, day_of(at)))
    for now in (at + timedelta(days=days) for days in LOOKS_AFTER_DAYS):
        if now < reached:
            continue
        _advance(demo.tenant_id, stories, now)
        jobs_run(demo.tenant_id, now)
        _parties_answer(demo, month, now, {})
        if month.plus(MONTHS_LEFT_TO_PEOPLE) < demo.market.months[-1]:
            _staff_decide(demo.tenant_id, now)


def _advance(tenant_id: str, stories: Sequence[Story], now: datetime) -> None:
    """Set the marketplace's clock forward, and let the stories come up to it."""
    clock_set(tenant_id, now)
    for story in stories:
        story.play(now)


def _parties_answer(
    demo: Demo, month: Month, at: datetime, announced: dict[tuple[str, str], int]
) -> None:
    """Let the parties pay in for the shortages that were opened at an instant.

    Takes:
        announced: amounts in fen that adjustments will require, by subject.
    """
    rows = [row for row in shortages_open(demo.tenant_id) if row.opened_at == at]
    on = day_of(at)
    standing = positions(demo.tenant_id, [(row.subject_kind, row.subject_id) for row in rows], on)
    missing = {subject: each.shortage_fen for subject, each in standing.items()} | announced
    notices: list[dict[str, Any]] = [
        {"subject_kind": kind, "subject": subject_id, "shortfall_fen": fen, "on": on}
        for (kind, subject_id), fen in missing.items()
        if (kind, subject_id) != STORY_SHOP
    ]
    table = reactions(demo.market, month, notices)
    if table.num_rows:
        _take(demo.tenant_id, {"money_event": table}, at + timedelta(days=LOOKS_AFTER_DAYS[-1]))


def _staff_decide(tenant_id: str, now: datetime) -> None:
    """Let the demo's staff settle what waits: mostly approve, refuse one in a few."""
    for decision in list(decisions(tenant_id, DecisionFilter(state="waiting"))):
        if decision.subject_id in {STORY_SHOP[1], *PARTIES}:
            continue  # the people of their stories decide, in their time
        if decision.outcome != "remove" and decision.seq % REFUSED_OF == 0:
            _settle(decision, "refuse", "risk", "商家已提交付款计划，暂缓执行", now)
            continue
        _settle(decision, "approve", "risk", "已核对事实与计算，同意执行", now)
        if decision.approvals_needed > 1:
            _settle(decision, "approve", "finance", "已复核金额与依据", now)


def _settle(decision: Decision, verdict: str, actor: str, reason: str, now: datetime) -> None:
    decision_settle(
        decision.tenant_id, decision.id, verdict=verdict, actor=actor, reason=reason, now=now
    )


def demo_ends_at(demo: Demo) -> datetime:
    """Return the instant at which the demo's clock stands in the end."""
    return month_settled_at(demo.market.months[-1]) + timedelta(days=ENDS_AFTER_DAYS)


def demo_play(demo: Demo) -> None:
    """Load the market and play its months, from where an earlier start left off."""
    reached, ends_at = market_now(demo.tenant_id, BEFORE_ALL), demo_ends_at(demo)
    if reached >= ends_at:
        return
    months = [month for month in demo.market.months if _last_look(month) >= reached]
    stories = (
        DepositStory(demo.tenant_id, demo.market.months),
        GovernanceStory(demo.tenant_id, demo.market, PASSWORD),
    )
    with _progress() as progress:
        if not cycles(demo.tenant_id):
            loading = progress.add_task("loading events", total=len(demo.market.months))
            market_load(demo, lambda months: progress.advance(loading, months))
        assessing = progress.add_task("assessing months", total=len(months))
        for month in months:
            progress.update(assessing, description=f"assessing {month}")
            month_play(demo, month, stories)
            progress.advance(assessing)
    for story in stories:
        story.play(ends_at)
    jobs_run(demo.tenant_id, ends_at, slow=True)
    clock_set(demo.tenant_id, ends_at)


def _last_look(month: Month) -> datetime:
    return month_settled_at(month) + timedelta(days=LOOKS_AFTER_DAYS[-1])


def _checks(tenant_id: str) -> Iterable[tuple[str, str]]:
    replayed = decisions_replay(tenant_id)
    again = f"{replayed.findings:,} findings, {replayed.decisions:,} decisions"
    yield "replayed from receipts", f"{again}, {len(replayed.differences)} differences"
    checks = verify(tenant_id)
    failed = [check.name for check in checks if not check.ok]
    yield (
        "books",
        f"{len(checks) - len(failed)} of {len(checks)} checks hold"
        + (f"; NOT: {', '.join(failed)}" if failed else ""),
    )


def _figures(tenant_id: str, now: datetime) -> Iterable[tuple[str, str]]:
    subjects = subjects_all(tenant_id)
    providers = sum(kind == "provider" for kind, _ in subjects)
    yield "market", f"{providers} providers, {len(subjects) - providers} shops"
    events = sum(row.events for row in stream_status(tenant_id))
    yield "events in the feed", f"{events:,}"
    yield "events rejected", f"{sum(row.rejected for row in stream_status(tenant_id)):,}"
    yield "months assessed", f"{len(cycles(tenant_id))}"
    yield (
        "findings",
        ", ".join(f"{count:,} {status}" for status, count in finding_counts(tenant_id).items()),
    )
    made = list(decisions(tenant_id))
    outcomes: dict[str, int] = {}
    for decision in made:
        outcomes[decision.outcome] = outcomes.get(decision.outcome, 0) + 1
    yield "decisions", ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
    waiting = sum(decision.state == "waiting" for decision in made)
    yield "waiting for people", f"{waiting}"
    samples = sum(row.confirmed for row in confirmations(tenant_id))
    yield "sample values confirmed", f"{samples} by risk and admin: earnest confirm list"
    active = restrictions_active(tenant_id, set(), now)
    yield "restrictions in force", f"{len(active)}"
    standing = positions(tenant_id, subjects, day_of(now)).values()
    yield "deposits required", f"{yuan(sum(at.required_fen for at in standing))} yuan"
    yield "deposits held", f"{yuan(sum(at.posted_fen for at in standing))} yuan"
    short = [at for at in standing if at.shortage_fen]
    yield (
        "short",
        f"{len(short)} subjects, {yuan(sum(at.shortage_fen for at in short))} yuan",
    )
    penalties = sum(row.posted_fen for row in balances_listed(tenant_id, "penalty_income"))
    yield "penalties taken", f"{yuan(penalties)} yuan"
    yield from governance_figures(tenant_id)


def summary_print(tenant_id: str, now: datetime) -> bool:
    """Print what the demo holds; tell whether replay and books hold."""
    table = Table(title=f"earnest demo · {day_of(now)}", show_header=False)
    rows = [*_figures(tenant_id, now), *_checks(tenant_id)]
    for name, value in rows:
        table.add_row(name, value)
    Console(width=None if Console().is_terminal else 120).print(table)
    return "NOT" not in rows[-1][1] and " 0 differences" in rows[-2][1]


def signs_print(tenant_id: str, port: int | None) -> None:
    """Print the console's address and the sign-ins of each role."""
    table = Table(title="sign-ins", header_style="bold")
    for column in ("user", "password", "sees"):
        table.add_column(column)
    for username, role, (kind, subject_id) in (*PEOPLE, *people()):
        sees = f"{kind} {subject_id}" if kind else f"everything ({role})"
        table.add_row(username, PASSWORD, sees)
    console = Console(width=None if Console().is_terminal else 120)
    console.print(table)
    if port is not None:
        secret = token_create(
            tenant_id, "demo", role="admin", subject=("", ""), now=datetime.now(UTC)
        ).secret
        console.print(f"console   http://{HOST}:{port}/", highlight=False)
        console.print(f"API       http://{HOST}:{port}/api/v1/docs", highlight=False)
        console.print(f"token     {secret}", highlight=False)


@click.command()
@click.option("--exit", "leave", is_flag=True, help="Stop after the summary.")
@click.option("--size", type=click.Choice(sorted(SIZES)), default="demo", show_default=True)
@click.option("--seed", default=SEED, show_default=True, help="Another seed, another market.")
@click.option("--port", default=PORT, show_default=True, help="Taken if free, else another.")
def demo(*, leave: bool, size: str, seed: int, port: int) -> int:
    """Set up a seeded market, assess it month by month, and serve it until Ctrl-C."""
    chosen = port_free(port)
    address_tell(chosen)
    playing = Demo(tenant(), simulate(seed, SIZES[size]))
    people_add(playing.tenant_id)
    demo_play(playing)
    holds = summary_print(playing.tenant_id, demo_ends_at(playing))
    signs_print(playing.tenant_id, None if leave else chosen)
    if leave:
        return 0 if holds else 1
    return serve_until_stopped(chosen)
