"""``earnest policy``: packs written, checked, read, compared, and decided by."""

from copy import copy
from typing import Any

import click

from earnest.cli.policy_eval import evaluate
from earnest.cli.policy_lint import lint_command, mutate, schema
from earnest.cli.policy_reading import diff, show
from earnest.cli.policy_tables import table_in_command, table_out_command
from earnest.policy import PackError


class _Commands(click.Group):
    """Tells every problem of a pack or sheet, not only the first."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a pack that cannot be used gives status 2."""
        try:
            return super().invoke(ctx)
        except PackError as error:
            for problem in error.problems:
                click.echo(f"{problem}\n    {problem.zh}", err=True)
            ctx.exit(2)


@click.group(cls=_Commands)
def policy() -> None:
    """Write, check, read and evaluate policy packs (规则包)."""


COMMANDS = (
    evaluate, lint_command, mutate, schema, diff, show, table_in_command, table_out_command,
)  # fmt: skip
for _command in COMMANDS:
    policy.add_command(_command)

_check = copy(lint_command)  # what lint was called before
_check.hidden = True
policy.add_command(_check, "check")
