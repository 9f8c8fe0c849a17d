"""When jobs are due: slots of the market's calendar."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from earnest.kernel.calendar import day_of, day_start

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Every:
    """Every so many minutes, from the start of each market day on."""

    minutes: int

    def slot(self, now: datetime) -> datetime:
        """Return the slot that an instant lies in: when it began.

        >>> from datetime import UTC
        >>> Every(15).slot(datetime(2025, 9, 1, 4, 29, tzinfo=UTC)).strftime("%H:%M")
        '04:15'
        """
        start = day_start(day_of(now))
        step = timedelta(minutes=self.minutes)
        return start + (now - start) // step * step

    def after(self, slot: datetime) -> datetime:
        """Return when the slot after this one begins."""
        next_day = day_start(day_of(slot)) + _DAY
        return min(slot + timedelta(minutes=self.minutes), next_day)

    def __str__(self) -> str:
        return f"every {self.minutes} minutes"


@dataclass(frozen=True)
class DailyAt:
    """Once a market day, at an hour of Asia/Shanghai."""

    hour: int

    def slot(self, now: datetime) -> datetime:
        """Return the slot that an instant lies in: when it began.

        >>> from datetime import UTC
        >>> DailyAt(2).slot(datetime(2025, 9, 1, 17, 59, tzinfo=UTC)).isoformat()
        '2025-08-31T18:00:00+00:00'
        """
        at = day_start(day_of(now)) + timedelta(hours=self.hour)
        return at if at <= now else at - _DAY

    def after(self, slot: datetime) -> datetime:
        """Return when the slot after this one begins."""
        return slot + _DAY

    def __str__(self) -> str:
        return f"daily at {self.hour:02d}:00"


Schedule = Every | DailyAt
