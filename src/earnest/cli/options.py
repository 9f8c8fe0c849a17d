"""Options that several commands take: months, days, subjects."""

from datetime import UTC, date, datetime

import click
from django.conf import settings

from earnest.kernel.calendar import Month
from earnest.market.queries import market_now


class MonthType(click.ParamType[Month]):
    """A month written YYYY-MM."""

    name = "YYYY-MM"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Month:
        """Read the month or say how to write it."""
        if isinstance(value, Month):
            return value
        try:
            return Month.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DayType(click.ParamType[date]):
    """A day of the market's calendar written YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """Read the day or say how to write it."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a day written YYYY-MM-DD", param, ctx)


class SubjectType(click.ParamType[tuple[str, str]]):
    """A subject written kind:id, as provider:P0001 or shop:S0001."""

    name = "KIND:ID"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Read the subject or say how to write it."""
        if isinstance(value, tuple):
            return value
        kind, _, subject_id = str(value).partition(":")
        if kind not in {"provider", "shop"} or not subject_id:
            self.fail(f"{value!r} is not a subject: write provider:ID or shop:ID", param, ctx)
        return (kind, subject_id)


MONTH, DAY, SUBJECT = MonthType(), DayType(), SubjectType()


def tenant() -> str:
    """Return the tenant that this command line works for."""
    return str(settings.TENANT)


def edge_now() -> datetime:
    """Return now: the marketplace's simulated clock where it has one, else the real time."""
    return market_now(tenant(), datetime.now(UTC))
