"""Commands about who takes part: ``earnest person`` and ``earnest capabilities``."""

import click

from earnest.cli.options import SUBJECT, tenant
from earnest.cli.output import emit, reading
from earnest.market.commands import person_add
from earnest.market.roles import PERMISSIONS
from earnest.restrictions.queries import capabilities_restricted

CAPABILITIES = (
    "visibility", "new_order", "renewal", "running_use", "interface_calls", "publishing",
    "sales", "withdrawal",
)  # fmt: skip


@click.command()
@click.argument("username")
@click.option("--role", type=click.Choice(sorted(PERMISSIONS)), required=True)
@click.option("--subject", type=SUBJECT, help="The party a provider's or merchant's person is of.")
@click.password_option()
def person(username: str, role: str, subject: tuple[str, str] | None, password: str) -> None:
    """Give a person a sign-in with a role, or change both."""
    person_add(tenant(), username, password, role=role, subject=subject or ("", ""))
    click.echo(f"{username}: {role}", err=True)


@click.command()
@click.argument("subject", type=SUBJECT)
@reading
def capabilities(subject: tuple[str, str], output_format: str) -> None:
    """Say what a provider or shop may do now."""
    restricted = capabilities_restricted(tenant(), *subject)
    rows = [{"capability": each, "allowed": each not in restricted} for each in CAPABILITIES]
    emit(rows, output_format)
