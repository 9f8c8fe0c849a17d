"""Commands about the books: ``earnest verify`` and ``earnest ledger``."""

import re

import click

from earnest.cli.options import MONTH, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.kernel.calendar import Month
from earnest.ledger.chart import CHART
from earnest.ledger.commands import month_close
from earnest.ledger.queries import STATEMENT_MAX, balances_listed, seal_head, statement
from earnest.ledger.queries import verify as books_verify
from earnest.market.queries import decider_named
from earnest.work.commands import quick_verify

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
@click.option(
    "--quick",
    is_flag=True,
    help="Only what the worker looks at every few minutes; raises and resolves alerts.",
)
@click.pass_context
@reading
def verify(
    context: click.Context, *, head: tuple[int, str] | None, quick: bool, output_format: str
) -> None:
    """Prove the books from their rows; exit 0 when all of it holds, 1 when something differs."""
    if quick and head is not None:
        raise click.UsageError("--head is part of the full proof: leave --quick out")
    checks = quick_verify(tenant(), edge_now()) if quick else books_verify(tenant(), head)
    rows = [
        {"name": each.name, "holds": each.ok, "detail": each.detail, "detail_zh": each.detail_zh}
        for each in checks
    ]
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
            "kind": line.kind,
            "amount_fen": line.amount_fen,
            "held_delta_fen": line.held_delta_fen,
            "balance_fen": line.balance_fen,
            "held_fen": line.held_fen,
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


@ledger.command("close")
@click.option("--month", type=MONTH, required=True, help="The month; all before it close with it.")
@click.option("--by", required=True, help="The person who closes it.")
@reading
def close_month(*, month: Month, by: str, output_format: str) -> None:
    """Close a month of the books for ever: what is posted later counts from later."""
    closing = month_close(tenant(), month, decider_named(tenant(), by), edge_now())
    row = {"month": str(closing.month), "by": closing.closed_by, "at": closing.closed_at}
    emit([row], output_format)


@ledger.command("head")
@reading
def chain_head(*, output_format: str) -> None:
    """Show the last link of the seal chain, to be kept outside the database."""
    head = seal_head(tenant())
    rows = []
    if head is not None:
        rows.append({"head": f"{head.number}:{head.hash}", "sealed_at": head.sealed_at})
    emit(rows, output_format)
