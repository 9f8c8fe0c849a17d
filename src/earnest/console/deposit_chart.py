"""A deposit over the months: for a shop beside its sales, for a provider beside its balance."""

from collections.abc import Sequence
from datetime import date

from earnest.console.charts import Chart, Series
from earnest.console.texts import text
from earnest.decisions.models import Decision
from earnest.deposits.accounts import deposit_of
from earnest.deposits.models import Requirement
from earnest.kernel.calendar import Month, day_of, months_between
from earnest.kernel.errors import NotFound
from earnest.ledger.queries import statement
from earnest.measures.queries import results

SALES = "sales_month"
MONTHS_SHOWN = 14
LINES_READ = 1000


def _last_known(changes: Sequence[tuple[str, int]], months: Sequence[str]) -> list[int | None]:
    """Return for each month the value of the last change up to its end; changes oldest first."""
    known = [[value for month, value in changes if month <= each] for each in months]
    return [values[-1] if values else None for values in known]


def shop_chart(
    tenant_id: str, shop_id: str, history: Sequence[Requirement], decided: Sequence[Decision]
) -> Chart:
    """Draw what a shop sold in each month, and the deposit required by it (S3-3.1a).

    Takes:
        history: its requirements, oldest first.
        decided: the decisions that set them, among others.
    """
    found = results(tenant_id, measure=SALES, subject_kind="shop", subject=shop_id)
    sales = {str(Month.of(row.window_to)): row.numerator for row in found}
    months = sorted(sales)[-MONTHS_SHOWN:]
    periods = {each.id: each.period for each in decided}
    changes = [(periods.get(row.decision_id, ""), row.required_fen) for row in history]
    return Chart(
        title=text("chart.sales_tier"),
        unit="yuan",
        labels=months,
        series=[
            Series(text("chart.sales"), [sales[month] for month in months]),
            Series(
                text("chart.required_right"),
                _last_known(changes, months),
                shape="step",
                tone="red",
                right=True,
            ),
        ],
    )


def provider_chart(
    tenant_id: str, provider_id: str, history: Sequence[Requirement], today: date
) -> Chart:
    """Draw a provider's balance at the end of each month, and the deposit required then."""
    try:
        lines = statement(tenant_id, deposit_of(("provider", provider_id)), LINES_READ)[::-1]
    except NotFound:
        lines = []
    balances = [(str(Month.of(day_of(line.effective_at))), line.balance_fen) for line in lines]
    changes = [(str(Month.of(row.from_on)), row.required_fen) for row in history]
    last = Month.of(today)
    months = [str(each) for each in months_between(last.plus(1 - MONTHS_SHOWN), last)]
    return Chart(
        title=text("chart.balance"),
        unit="yuan",
        labels=months,
        series=[
            Series(text("deposit.balance"), _last_known(balances, months)),
            Series(
                text("deposit.required"), _last_known(changes, months), shape="step", tone="red"
            ),
        ],
    )
