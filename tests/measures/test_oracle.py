"""DuckDB against the plain Python oracle, over markets made up around the edges."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.measures.asking import HOURS, Asked
from tests.measures.made_up import made_up
from tests.measures.scene import instant

ORDERS = 150
AS_OFS = (
    "2025-08-31 12:00:00",
    "2025-09-01 00:00:00",
    "2025-09-02 23:59:59.999999",
    "2025-12-01 00:00:00",
)
seeds = st.integers(0, 2**32 - 1)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.clause(
    "S0-2.1-ship48-def", "S0-2.2.1d", "S0-2.1-as1", "S0-2.1-as2", "S0-2.1-as3", "S0-2.1-as4"
)
@settings(unhurried, max_examples=3)
@given(seed=seeds)
def test_the_engine_counts_what_the_oracle_counts(seed: int) -> None:
    """Every measure, by every kind of subject, at instants before, on and after the edges."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(made_up(seed, ORDERS), Path(folder))
        for by in ("provider", "shop", "category", "all"):
            at = instant(AS_OFS[(seed + len(by)) % len(AS_OFS)])
            for name in (*HOURS, "quality_refund30d"):
                assert asked.counts(name, by, as_of=at) == asked.oracle(name, by, as_of=at), name
        for by in ("provider", "all"):
            assert asked.counts("nps_composite", by) == asked.oracle("nps_composite", by)


@settings(unhurried, max_examples=2)
@given(seed=seeds)
def test_a_figure_is_the_sum_of_its_contributions(seed: int) -> None:
    """Drill-down and figure cannot disagree, nor one subject's figure with the list's."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(made_up(seed, ORDERS), Path(folder))
        at = instant("2025-09-02 00:00:00")
        for name in (*HOURS, "quality_refund30d", "nps_composite"):
            for figure in asked.figures(name, as_of=at):
                rows = asked.contributions(name, "provider", figure.subject, as_of=at)
                for column in ("numerator", "denominator", "sample", "pending"):
                    assert sum(row[column] for row in rows) == getattr(figure, column)
                [alone] = asked.figures(name, as_of=at, subjects=[figure.subject])
                assert alone == figure
