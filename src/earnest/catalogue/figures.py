"""Figures of goods: notices followed in time, and parcels with the platform's e-waybill."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from earnest.catalogue.models import NoticeGoods
from earnest.feed.queries import event_files, order_fact_files
from earnest.kernel.calendar import Month, micros_of
from earnest.measures.engine import opened, rows

_SQL: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Share:
    """So many of so many, for one provider and month."""

    provider_id: str
    month: str
    counted: int
    out_of: int


def takedowns_on_time(tenant_id: str, on: date, provider_id: str = "") -> list[Share]:
    """Return how many goods came off in time, by provider and the month in which they were due.

    Goods whose day has not come and that are still up are in neither number (S0-2.2.1b).
    """
    found = NoticeGoods.objects.filter(tenant_id=tenant_id)
    if provider_id:
        found = found.filter(notice__provider_id=provider_id)
    kept: Counter[tuple[str, str]] = Counter()
    due: Counter[tuple[str, str]] = Counter()
    for provider, due_on, off_on in found.values_list(
        "notice__provider_id", "notice__due_on", "off_on"
    ):
        if off_on is None and due_on >= on:
            continue
        key = (provider, str(Month.of(due_on)))
        due[key] += 1
        kept[key] += off_on is not None and off_on <= due_on
    return _shares(kept, due)


def e_waybill_share(tenant_id: str, month: Month, as_of: datetime) -> list[Share]:
    """Return how many outbound parcels of a month's orders had an e-waybill, by provider.

    Parcels of which the source does not say it are in neither number (S0-2.1-qual3a).
    """
    first, last = month.first_day, month.last_day
    files = {
        "parcel": [Path(each) for each in event_files(tenant_id, "parcel", first, last)],
        "order_facts": [Path(each) for each in order_fact_files(tenant_id, first, last)],
    }
    with opened(files) as engine:
        found = rows(engine, _SQL, {"as_of_us": micros_of(as_of)})
    return [
        Share(row["provider_id"], str(month), int(row["counted"]), int(row["out_of"]))
        for row in found
    ]


def _shares(kept: Counter[tuple[str, str]], due: Counter[tuple[str, str]]) -> list[Share]:
    keys: Iterable[tuple[str, str]] = sorted(due, key=lambda key: (key[1], key[0]), reverse=True)
    return [
        Share(provider, month, kept[provider, month], due[provider, month])
        for provider, month in keys
    ]
