"""``earnest token``: the keys of the HTTP API."""

from uuid import UUID

import click

from earnest.api.commands import token_create, token_revoke
from earnest.api.queries import tokens_of
from earnest.cli.options import SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.market.roles import PERMISSIONS


@click.group()
def token() -> None:
    """Make, list and revoke the tokens of the HTTP API."""


@token.command("create")
@click.option("--role", required=True, type=click.Choice(sorted(PERMISSIONS)))
@click.option("--name", required=True, help="The system or person it speaks for.")
@click.option("--subject", type=SUBJECT, help="The party of a provider's or merchant's token.")
@reading
def token_create_command(
    *, role: str, name: str, subject: tuple[str, str] | None, output_format: str
) -> None:
    """Make a token and print its secret: it is shown this once and cannot be shown again."""
    made = token_create(tenant(), name, role=role, subject=subject or ("", ""), now=edge_now())
    emit([{"id": made.id, "name": name, "role": role, "secret": made.secret}], output_format)


@token.command("list")
@reading
def token_list_command(*, output_format: str) -> None:
    """List the tokens, without their secrets."""
    emit(tokens_of(tenant()), output_format)


@token.command("revoke")
@click.argument("token_id", type=click.UUID, metavar="ID")
def token_revoke_command(token_id: UUID) -> None:
    """Revoke a token: its next call is refused."""
    was_good = token_revoke(tenant(), token_id, now=edge_now())
    click.echo("revoked" if was_good else "was revoked before", err=True)
