"""Floor 19: the command line.

Commands are imported when they are called, since most need the database and Django, and starting
those for ``--help`` or for a pure command would make a person wait.
"""

import importlib
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import click

from earnest import __version__
from earnest.kernel.errors import EarnestError

REPOSITORY = Path(__file__).resolve().parents[3]


class Entry(NamedTuple):
    """Where a command is written, what it is for, and whether it works on the database."""

    module: str
    attribute: str
    short_help: str
    database: bool = True


COMMANDS: dict[str, Entry] = {
    "adjustment": Entry(
        "adjustment", "adjustment", "What shops must hold by a month's sales: preview, run, show."
    ),
    "admission": Entry("admission", "admission", "Applications of providers on their way in."),
    "amendment": Entry("amendments", "amendment", "Changes of rulebooks on their way."),
    "appeal": Entry("appeals", "appeal", "Appeals against tickets: file, list, show, decide."),
    "capabilities": Entry("market", "capabilities", "What a provider or shop may do now."),
    "category": Entry("categories", "category", "Categories that shops add and close."),
    "charging": Entry(
        "charging", "charging", "Plans for paid functions, and what differs from them."
    ),
    "claims": Entry("claims", "claims", "What parties owe beyond their deposit."),
    "confirm": Entry("amendments", "confirm", "Confirm sample values that money rests on."),
    "coverage": Entry(
        "coverage", "coverage", "Which clauses are encoded, decided and proven.", database=False
    ),
    "cycle": Entry("cycle", "cycle", "Assess a month: measures, findings, decisions, effects."),
    "day": Entry("cycle", "day", "Look at a day: cash in, shortages, releases."),
    "deadlines": Entry("deadlines", "deadlines", "What is due by when, and whom it binds."),
    "decisions": Entry("decisions", "decisions", "List decisions."),
    "deduction": Entry("deductions", "deduction", "Deductions: filed, reviewed, recovered."),
    "demo": Entry("demo", "demo", "A seeded market, assessed and served."),
    "departure": Entry("departure", "departure", "Providers that leave or were removed."),
    "deposits": Entry("deposits", "deposits", "Where deposits stand, and the life of one."),
    "duties": Entry("duties", "duties", "Where providers stand, and who is near a line."),
    "exit": Entry("exits", "exit_", "Parties that leave, and their refunds."),
    "feed": Entry("feed", "feed", "What the feed holds, and what it rejected."),
    "findings": Entry("decisions", "findings", "List findings."),
    "goods": Entry("catalogue", "goods", "Goods: notices, inspections, findings, figures."),
    "hold": Entry("holds", "hold", "Deposits kept back while a loss is not known."),
    "import": Entry("feed", "import_", "Bring events in from files."),
    "invite": Entry("admission", "invite", "Invitations to come in, and the bar on re-entry."),
    "ledger": Entry("ledger", "ledger", "Statements and balances of accounts."),
    "mail": Entry("deliveries", "mail", "Mail addresses of parties, and what went to them."),
    "measure": Entry("measure", "measure", "Count a measure over a window."),
    "migrate": Entry("serve", "migrate", "Bring the database up to date."),
    "notices": Entry("decisions", "notices", "List the notices of a party."),
    "objection": Entry("amendments", "objection", "Parties that do not accept an act."),
    "order": Entry("orders", "order", "Give and list standing orders."),
    "payouts": Entry("payouts", "payouts", "Money that goes out, and what became of it."),
    "payin": Entry("payins", "payin", "Payments that parties make online."),
    "person": Entry("market", "person", "Give a person a sign-in and a role."),
    "policy": Entry("policy", "policy", "Write, check and evaluate rulebooks.", database=False),
    "queue": Entry("decisions", "queue", "Decisions that wait for people."),
    "raise": Entry("raises", "raise_", "Raises of a deposit for a cause."),
    "recoveries": Entry("claims", "recoveries", "Amounts being taken from deposits."),
    "receipts": Entry("payins", "receipts", "Bank transfers, matched by a person."),
    "reconcile": Entry("reconcile", "reconcile", "The institution's statement against the books."),
    "replay": Entry("decisions", "replay", "Derive every decision again and compare."),
    "restrictions": Entry("decisions", "restrictions", "List restrictions in force."),
    "serve": Entry("serve", "serve", "Serve the console and the API."),
    "settle": Entry("decisions", "settle", "Approve or refuse a waiting decision."),
    "simulate": Entry("simulate", "simulate", "Write a seeded market's events.", database=False),
    "survey": Entry("surveys", "survey", "Surveys of merchants: campaigns, links, answers."),
    "statement": Entry("statements", "statement", "A statement of reasons as it was sent."),
    "statements": Entry("statements", "statements", "List statements of reasons."),
    "ticket": Entry("appeals", "ticket", "Sanctions as their parties see them."),
    "token": Entry("token", "token", "Make and revoke API tokens."),
    "verify": Entry("ledger", "verify", "Check the books."),
    "violation": Entry(
        "violations", "violation", "Reports of violations: queue, finding, what followed."
    ),
    "webhook": Entry("deliveries", "webhook", "Endpoints that are told what happens."),
    "whatif": Entry("whatif", "whatif", "What a draft of a rulebook would change.", database=False),
    "withdrawal": Entry("withdrawals", "withdrawal", "Excess of a deposit that is paid out."),
    "work": Entry("work", "work", "Do what is due: the worker, its jobs and alerts."),
}


def earnest_home() -> Path:
    """Return the data folder: ``EARNEST_HOME``, else ``.earnest`` in the checkout."""
    return Path(os.environ.get("EARNEST_HOME") or REPOSITORY / ".earnest").resolve()


class Commands(click.Group):
    """The commands by name, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, with its database running and Django ready where it needs them."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if entry.database:
            _django_ready(ctx, with_database="--help" not in sys.argv)
        module = importlib.import_module(f"earnest.cli.{entry.module}")
        command = getattr(module, entry.attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.{entry.attribute} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].short_help) for name in sorted(COMMANDS)])


def _django_ready(ctx: click.Context, *, with_database: bool) -> None:
    """Start the database for the length of this command and set Django up on it."""
    import django  # noqa: PLC0415 - only commands that need it pay for it

    from earnest.postgres.prepare import database, database_migrate  # noqa: PLC0415 - the same

    home = earnest_home()
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "earnest.settings")
    if not with_database:
        django.setup()
        return
    stack = ctx.with_resource(ExitStack())
    stack.enter_context(database(home))
    django.setup()
    database_migrate()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="earnest")
def earnest() -> None:
    """Keep a marketplace honest: measure, judge, hold deposits, and prove every step."""


def main() -> None:
    """Run the command line and leave with its status: 0 holds, 1 differs, 2 wrong use."""
    try:
        status = earnest.main(standalone_mode=False)
    except EarnestError as error:
        problem = error.problem
        place = f"{problem.where}: " if problem.where else ""
        click.echo(
            f"earnest: {place}{problem.en} [{problem.code}]\n         {problem.zh}", err=True
        )
        sys.exit(error.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        click.echo("earnest: stopped", err=True)
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)
