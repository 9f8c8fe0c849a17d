"""A market by its seed: every month's events, the same however often they are asked for."""

from collections.abc import Iterator
from functools import cached_property

import pyarrow as pa

from earnest.kernel.calendar import Month
from earnest.simulator.behaviours import Conduct, conduct_of
from earnest.simulator.cast import Era, Provider, Shop, cast
from earnest.simulator.dice import Dice
from earnest.simulator.journey import JOURNEY_DRAWS, journeys_of
from earnest.simulator.order_tables import (
    PartyIds,
    aftersale_events,
    order_events,
    order_lines,
    parcel_traces,
    parcels,
)
from earnest.simulator.parties import case_events, provider_events, shop_events
from earnest.simulator.payments import deposits_of, money_events, proceeds_of
from earnest.simulator.requests import REQUEST_DRAWS, requests_of
from earnest.simulator.sales import sales_facts
from earnest.simulator.services import SERVICE_STREAMS, service_tables
from earnest.simulator.sizes import Size
from earnest.simulator.surveys import survey_answers
from earnest.simulator.trade import Lines, lines_of

SIMULATED_STREAMS = (
    "provider_event",
    "shop_event",
    "order_event",
    "order_line",
    "parcel",
    "parcel_trace",
    "aftersale_event",
    "survey_answer",
    "sales_fact",
    "money_event",
    "case_event",
    *SERVICE_STREAMS,
)
"""The streams a market gives, parties first."""

DEMO_FIRST = Month(2025, 1)
DEMO_MONTHS = 14


class Market:
    """Providers, shops and what they do, month by month.

    A month's tables hold the whole story of what began in it: the parcels and refunds of its
    orders stand with them, though some of it happens in the months after. At most one month is in
    memory at a time; every month can be asked for by itself and in any order.
    """

    def __init__(self, era: Era, size: Size) -> None:
        self.era = era
        self.size = size
        self.providers, self.shops = cast(era, size)
        self._ids = PartyIds(
            [each.provider_id for each in self.providers], [each.shop_id for each in self.shops]
        )

    @property
    def months(self) -> list[Month]:
        """The months of the market, in order."""
        return [self.era.first.plus(index) for index in range(self.era.months)]

    @cached_property
    def providers_by_id(self) -> dict[str, Provider]:
        """The providers by id."""
        return {each.provider_id: each for each in self.providers}

    @cached_property
    def shops_by_id(self) -> dict[str, Shop]:
        """The shops by id."""
        return {each.shop_id: each for each in self.shops}

    def conducts(self, month: Month) -> dict[int, Conduct]:
        """Return what each provider that trades in a month does in it, by provider number."""
        return {
            each.number: conduct_of(self.era.seed, each.number, each.part, month)
            for each in self.providers
            if each.trades_in(month)
        }

    def month_tables(self, month: Month) -> dict[str, pa.Table]:
        """Return the events of a month, one table per stream, in the columns of the feed."""
        conducts = self.conducts(month)
        lines = lines_of(self.era, self.size, (self.providers, self.shops), month)
        payments = [
            *deposits_of(self.era, month, self.providers, self.shops),
            *proceeds_of(month, lines, self.shops),
        ]
        return {
            "provider_event": provider_events(self.era, month, self.providers),
            "shop_event": shop_events(self.era, month, self.shops),
            **self._order_tables(lines, conducts),
            "survey_answer": survey_answers(self.era.seed, month, conducts, self._ids),
            "sales_fact": sales_facts(lines, self._ids),
            "money_event": money_events(payments),
            "case_event": case_events(self.era, month, self.providers),
            **service_tables(self.era, month, self.providers, self.shops),
        }

    def _order_tables(self, lines: Lines, conducts: dict[int, Conduct]) -> dict[str, pa.Table]:
        dice = self._line_dice(lines)
        journeys = journeys_of(lines, conducts, dice)
        requests = requests_of(lines, journeys, conducts, dice)
        return {
            "order_event": order_events(lines, requests, self._ids),
            "order_line": order_lines(lines, self._ids),
            "parcel": parcels(lines, journeys, requests, self._ids),
            "parcel_trace": parcel_traces(lines, journeys, requests),
            "aftersale_event": aftersale_events(lines, requests, self._ids),
        }

    def _line_dice(self, lines: Lines) -> Dice:
        """Roll the dice of the lines, each shop's from its own stream."""
        counts = lines.rows_by_shop(len(self.shops))
        keys = [("lines", shop.number, str(lines.month)) for shop in self.shops]
        return Dice.rolled(self.era.seed, keys, counts, [*JOURNEY_DRAWS, *REQUEST_DRAWS])

    def __iter__(self) -> Iterator[tuple[Month, dict[str, pa.Table]]]:
        """Yield each month with its tables, in order."""
        for month in self.months:
            yield month, self.month_tables(month)


def simulate(seed: int, size: Size, first: Month = DEMO_FIRST, months: int = DEMO_MONTHS) -> Market:
    """Return the market of a seed; nothing is computed before a month is asked for.

    The same seed, size and months give the same bytes in every process.
    """
    return Market(Era(seed, first, months), size)
