"""Commands about the books: ``earnest verify`` and ``earnest ledger``."""

import re

import click

from earnest.cli.options import tenant
from earnest.cli.output import emit, reading
from earnest.ledger.chart import CHART
from earnest.ledger.queries import STATEMENT_MAX, balances_listed, seal_head, statement
from earnest.ledger.queries import verify as books_verify

_HEAD = re.compile(r"(\d+):([0-9a-f]{64})")


def _head(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> tuple[int, str] | None:
    if text is None:
        return None
    match = _HEAD.fullmatch(text)
    if match is None:
        raise click.BadParameter("write it as `earnest ledger head` prints it: NUMBER:HASH")
    return int(match[1]), match[2]


@click.command()
@click.option(
    "--head",
    callback=_head,
    metavar="NUMBER:HASH",
    help="A head that was kept elsewhere: the chain must still contain it.",
)
@click.pass_context
@reading
def verify(context: click.Context, *, head: tuple[int, str] | None, output_format: str) -> None:
    """Prove the books from their rows; exit 0 when all of it holds, 1 when something differs."""
    checks = books_verify(tenant(), head)
    rows = [{"name": each.name, "holds": each.ok, "detail": each.detail} for each in checks]
    emit(rows, output_format)
    if not all(each.ok for each in checks):
        context.exit(1)


@click.group()
def ledger() -> None:
    """Statements and balances of accounts, and the head of the seal chain."""


@ledger.command("statement")
@click.argument("account")
@click.option("--limit", type=click.IntRange(1, STATEMENT_MAX), default=100, show_default=True)
@click.option("--before", type=click.IntRange(min=1), help="Only entries before this number.")
@reading
def account_statement(account: str, *, limit: int, before: int | None, output_format: str) -> None:
    """List the entries of ACCOUNT, such as deposit:shop:S0001, the newest first."""
    rows = [
        {
            "seq": line.seq,
            "recorded_at": line.at,
            "effective_at": line.effective_at,
            "amount_fen": line.amount_fen,
            "balance_fen": line.balance_fen,
            "counter_account": line.counter_account,
            "clause": line.clause,
            "note": line.note,
            "transfer_id": line.transfer_id,
            "decision_id": line.decision_id,
        }
        for line in statement(tenant(), account, limit, before)
    ]
    emit(rows, output_format)


@ledger.command()
@click.option("--kind", help=f"Only of this kind: {', '.join(CHART)}.")
@reading
def balances(*, kind: str | None, output_format: str) -> None:
    """List every account with what it holds, in fen; credit is +, debit is -."""
    rows = [
        {
            "account": row.code,
            "kind": row.kind,
            "subject": f"{row.subject_kind}:{row.subject_id}".rstrip(":"),
            "posted_fen": row.posted_fen,
            "held_fen": row.held_fen,
            "free_fen": row.free_fen,
            "entries": row.seq,
        }
        for row in balances_listed(tenant(), kind)
    ]
    emit(rows, output_format)


@ledger.command("head")
@reading
def chain_head(*, output_format: str) -> None:
    """Show the last link of the seal chain, to be kept outside the database."""
    head = seal_head(tenant())
    rows = []
    if head is not None:
        rows.append({"head": f"{head.number}:{head.hash}", "sealed_at": head.sealed_at})
    emit(rows, output_format)
