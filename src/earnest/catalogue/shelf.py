"""What the feed tells of goods going on and off the shelf."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

from earnest.feed.queries import event_files
from earnest.kernel.calendar import day_of, instant_of, micros_of
from earnest.measures.engine import opened, rows

_SQL: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
OffShelf = dict[tuple[str, str], datetime]
"""When goods went off, by provider (empty where the source names none) and id."""


def goods_off(tenant_id: str, since: datetime, as_of: datetime) -> OffShelf:
    """Return the goods whose last word since an instant is that they went off the shelf."""
    first = day_of(since)
    files = {
        stream: [Path(each) for each in event_files(tenant_id, stream, first, day_of(as_of))]
        for stream in ("catalogue_change", "catalogue_publish")
    }
    bound = {"since_us": micros_of(since), "as_of_us": micros_of(as_of)}
    with opened(files) as engine:
        found = rows(engine, _SQL, bound)
    return {
        (row["provider_id"], row["item_id"]): instant_of(row["at_us"])
        for row in found
        if row["field"] == "off_shelf"
    }


def off_since(off: OffShelf, provider_id: str, item_id: str, told_at: datetime) -> date | None:
    """Return the day on which goods went off after their provider was told, if they did."""
    at = off.get((provider_id, item_id)) or off.get(("", item_id))
    return day_of(at) if at is not None and at >= told_at else None
