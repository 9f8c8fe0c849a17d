"""``earnest measure`` over a feed with two orders."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from earnest.cli.measure import measure
from earnest.feed.commands import batches_take
from earnest.kernel.errors import BadInput, NotFound
from earnest.measures import MEASURES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("earnest_home")]

OLD = ("--from", "2018-07-01", "--to", "2018-07-31", "--as-of", "2018-09-01T00:00:00+08:00")


def _run(*words: str) -> Result:
    return CliRunner().invoke(measure, words)


@pytest.fixture
def two_orders() -> None:
    """Put two orders of one shop, from before any rulebook, into the feed."""
    batches_take(
        "main",
        {
            "order_event": [
                {
                    "order_id": order,
                    "state": "paid",
                    "paid_at": f"2018-07-{day:02d}T23:59:59+08:00",
                    "shop_id": "=S1",
                    "provider_id": "P1",
                    "amount_paid_fen": 123456,
                }
                for order, day in (("O1", 1), ("O2", 31))
            ],
        },
        source="urn:earnest:src:test:1",
        now=datetime(2025, 1, 1, tzinfo=UTC),
        origin="test",
    )


@pytest.mark.usefixtures("two_orders")
def test_figures_are_printed_in_three_forms() -> None:
    """JSON is a list of objects; the hours come from the rulebook's first edition."""
    [row] = json.loads(_run("shipping48h", *OLD, "--format", "json").stdout)
    assert {name: row[name] for name in ("subject", "numerator", "denominator", "rate")} == {
        "subject": "P1",
        "numerator": 0,
        "denominator": 2,
        "rate": "0.00%",
    }
    assert (row["window_from"], row["window_to"], row["state"]) == (
        "2018-07-01",
        "2018-07-31",
        "final",
    )
    table = _run("sales_month", *OLD, "--by", "shop").stdout
    assert "2,469.12" in table
    comma = _run("sales_month", *OLD, "--by", "shop", "--format", "csv").stdout
    assert "'=S1" in comma


@pytest.mark.usefixtures("two_orders")
def test_the_orders_behind_a_figure_are_printed() -> None:
    """One row per order with its reason and its instants."""
    words = (*OLD, "--orders", "--subject", "P1", "--format", "json")
    rows = json.loads(_run("shipping48h", *words).stdout)
    assert [(row["order_id"], row["why"]) for row in rows] == [
        ("O1", "no_trace"),
        ("O2", "no_trace"),
    ]
    assert rows[0]["due_at"] == "2018-07-03T15:59:59+00:00"
    assert (
        len(
            json.loads(
                _run("shipping48h", *OLD, "--orders", "--by", "all", "--format", "json").stdout
            )
        )
        == 2
    )


def test_wrong_use_is_told() -> None:
    """An unknown measure, no subject, a time without zone, a word that is no instant."""
    unknown = _run("shiping48", *OLD).exception
    assert isinstance(unknown, NotFound)
    assert "shipping48h" in unknown.problem.en
    assert isinstance(_run("shipping48h", *OLD, "--orders").exception, BadInput)
    for wrong in ("2018-09-01", "2018-09-01T00:00:00", "soon"):
        result = _run("shipping48h", *OLD[:4], "--as-of", wrong)
        assert result.exit_code == 2
    assert _run("shipping48h", *OLD, "--format", "json").stdout == "[]\n"


@pytest.mark.usefixtures("two_orders")
@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_can_be_asked_for(name: str) -> None:
    """Each takes what it needs from the rulebook; without events of its own there is no figure."""
    words = (name, *OLD, "--by", MEASURES[name].by[0], "--format", "json")
    result = _run(*words)
    assert result.exception is None
    assert {row["measure"] for row in json.loads(result.stdout)} <= {name}
