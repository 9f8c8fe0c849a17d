"""A small market, loaded and assessed once for the whole folder, as the demo does it."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from earnest.cli.demo import SEED, Demo, market_load, month_play, people_add
from earnest.kernel.calendar import Month
from earnest.simulator import SIZES, simulate

TENANT = "road"
FIRST, MONTHS = Month(2025, 6), 6


@pytest.fixture(scope="module")
def road(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Demo]:
    """June to November 2025 of the small market, played month by month."""
    demo = Demo(TENANT, simulate(SEED, SIZES["small"], FIRST, MONTHS))
    with django_db_blocker.unblock():
        people_add(TENANT)
        market_load(demo, lambda _: None)
        for month in demo.market.months:
            month_play(demo, month)
        yield demo
        # What was committed here must not be found by the tests of other folders.
        call_command("flush", interactive=False, verbosity=0)
