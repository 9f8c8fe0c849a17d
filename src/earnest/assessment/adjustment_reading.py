"""When a month's adjustment is computed, and what the shops are judged by, portion by portion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from time import perf_counter

from django.db.models import Q

from earnest.assessment import shops
from earnest.assessment.conduct import settled_at
from earnest.assessment.shops import SALES, SHOP, ShopMonth
from earnest.decisions.precedents import subjects_waiting
from earnest.deposits.accounts import deposit_of
from earnest.deposits.models import Requirement
from earnest.deposits.raises import raises_fen
from earnest.kernel.calendar import Month, day_of, day_start
from earnest.ledger.queries import balances_of
from earnest.market.models import Shop, ShopCategory
from earnest.measures.commands import Difference
from earnest.measures.definition import Figure
from earnest.measures.queries import measure, results
from earnest.policy import Pack
from earnest.rulebooks.packs import (
    SHOP_DEPOSIT,
    SUPPLY_MARKET,
    pack_of,
)
from earnest.rulebooks.switches import settling_days

REQUIRED = "required_deposit"
DAYS = "adjustment_days"
MEASURED_AT_ONCE = 100_000
ADJUSTED_AT_ONCE = 10_000


@dataclass(frozen=True)
class Schedule:
    """When a month's adjustment is computed and from when it holds.

    Attributes:
        run_on: the first day on which it may be computed.
        applies_on: the day from which it holds when it is computed on the day that was asked for.
    """

    run_on: date
    applies_on: date


def schedule_of(pack: Pack, month: Month, on: date) -> Schedule:
    """Return the days of a month's adjustment that is computed on a day (S3-3.1a).

    One that is computed late gives as many days of notice as one in time. An edition of the
    rulebook that sets no days lets the adjustment hold at once.
    """
    first = month.plus(1).first_day
    if DAYS not in pack.decisions:
        return Schedule(first, on)
    asked_on = max(on, pack.in_force_from())
    for number in range(1, 32):
        facts = {"asked_on": asked_on, "day": number}
        if pack.evaluate(DAYS, facts).result.get("due"):
            break
    day = (on - first).days + 1
    given = pack.evaluate(DAYS, {"asked_on": asked_on, "day": max(number, day)})
    notice = timedelta(days=int(str(given.result["applies_in"])))
    run_on = first + timedelta(days=number - 1)
    return Schedule(run_on, max(run_on, on) + notice)


def final_at(month: Month) -> datetime:
    """Return the instant from which on a month may be adjusted: settled, and its run day here."""
    supply = pack_of(SUPPLY_MARKET)
    on = max(month.last_day, supply.in_force_from())
    settled = settled_at(month, settling_days(supply, on))
    run_on = schedule_of(pack_of(SHOP_DEPOSIT), month, day_of(settled)).run_on
    return max(settled, day_start(run_on))


@dataclass(frozen=True)
class Asked:
    """Which month of whom is looked at, as known when, and from when it would hold."""

    tenant_id: str
    month: Month
    at: datetime
    applies_on: date
    shops_on: date


@dataclass(frozen=True)
class Portion:
    """Some shops of a month, read together.

    Attributes:
        rows: what each shop that is to be judged is judged by.
        figures: its sales by its id.
        waiting: the shops of whom an earlier adjustment waits for people.
        late: of shops that were judged before, sales that came out otherwise.
        done: how many were judged before.
    """

    rows: list[ShopMonth]
    figures: list[Figure]
    waiting: list[ShopMonth]
    late: list[Difference]
    done: int


class Clock:
    """Adds up the seconds of each station."""

    def __init__(self, stations: dict[str, float]) -> None:
        self._stations, self._last = stations, perf_counter()

    def note(self, station: str) -> None:
        """Count the time since the last call for a station."""
        now = perf_counter()
        self._stations[station] = self._stations.get(station, 0.0) + now - self._last
        self._last = now


def portions(asked: Asked, clock: Clock) -> Iterator[Portion]:
    """Read the shops that take part, portion by portion, with all that they are judged by."""
    waiting = subjects_waiting(asked.tenant_id, REQUIRED)
    ids = Shop.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=asked.shops_on),
        tenant_id=asked.tenant_id,
        opened_on__lte=asked.shops_on,
    ).order_by("shop_id")
    listed = iter(list(ids.values_list("shop_id", flat=True)))
    clock.note("read the shops")
    while measured := list(islice(listed, MEASURED_AT_ONCE)):
        sales = _sales(asked, measured)
        clock.note("measure the sales")
        for start in range(0, len(measured), ADJUSTED_AT_ONCE):
            some = measured[start : start + ADJUSTED_AT_ONCE]
            portion = _portion(asked, some, sales, waiting)
            clock.note("read the shops")
            yield portion


def _sales(asked: Asked, ids: Sequence[str]) -> dict[str, Figure]:
    month = asked.month
    figures = measure(
        asked.tenant_id, SALES, month.first_day, month.last_day, by=SHOP, as_of=asked.at,
        subjects=ids,
    )  # fmt: skip
    return {figure.subject: figure for figure in figures}


def _portion(
    asked: Asked, ids: Sequence[str], sales: dict[str, Figure], waiting: set[str]
) -> Portion:
    recorded = _recorded(asked, ids)
    fresh = [each for each in ids if each not in recorded]
    rows = _shop_months(asked, fresh, sales)
    return Portion(
        rows=[row for row in rows if row.shop_id not in waiting],
        figures=[sales.get(each) or _nothing_sold(asked, each) for each in fresh],
        waiting=[row for row in rows if row.shop_id in waiting],
        late=[
            difference
            for shop_id, stands in recorded.items()
            for difference in _late(asked, sales.get(shop_id), shop_id, stands)
        ],
        done=len(recorded),
    )


def _recorded(asked: Asked, ids: Sequence[str]) -> dict[str, dict[str, int | str]]:
    """Return the sales that shops were judged by before."""
    last = asked.month.last_day
    found = results(asked.tenant_id, measure=SALES, subject_kind=SHOP, first=last, last=last)
    wanted = set(ids)
    rows = found.filter(subject__range=(ids[0], ids[-1]), window_from=asked.month.first_day)
    return {
        subject: {"numerator": numerator, "sample": sample}
        for subject, numerator, sample in rows.values_list("subject", "numerator", "sample")
        if subject in wanted
    }


def _late(
    asked: Asked, figure: Figure | None, shop_id: str, stands: dict[str, int | str]
) -> Iterator[Difference]:
    now = {"numerator": figure.numerator, "sample": figure.sample} if figure else None
    found: dict[str, int | str] = {**(now or {"numerator": 0, "sample": 0})}
    if found != stands:
        month = asked.month
        yield Difference(SALES, SHOP, shop_id, "", month.first_day, month.last_day, stands, found)


def _nothing_sold(asked: Asked, shop_id: str) -> Figure:
    """Return the figure of a shop without a sale: it is judged by it like any other."""
    return Figure(
        subject_kind=SHOP,
        subject=shop_id,
        measure=SALES,
        numerator=0,
        denominator=1,
        sample=0,
        pending=0,
        window_from=asked.month.first_day,
        window_to=asked.month.last_day,
        cutoff_at=asked.at,
        state="final",
        dimensions={},
        formula_hash=shops.SALES_FORMULA,
    )


def _shop_months(asked: Asked, ids: Sequence[str], sales: dict[str, Figure]) -> list[ShopMonth]:
    if not ids:
        return []
    tenant_id, on = asked.tenant_id, day_of(asked.at)
    categories = _categories(tenant_id, ids, on)
    required = _required(tenant_id, ids, asked.applies_on)
    held = balances_of(tenant_id, [deposit_of((SHOP, each)) for each in ids])
    raised = raises_fen(tenant_id, [(SHOP, each) for each in ids], on)
    return [
        ShopMonth(
            shop_id=each,
            sales_fen=sales[each].numerator if each in sales else 0,
            categories=tuple(sorted(categories.get(each, ()))),
            balance_fen=at.free_fen if (at := held.get(deposit_of((SHOP, each)))) else 0,
            required_fen=required.get(each),
            raises_fen=raised[SHOP, each],
        )
        for each in ids
    ]


def _categories(tenant_id: str, ids: Sequence[str], on: date) -> dict[str, set[str]]:
    rows = ShopCategory.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=on),
        tenant_id=tenant_id,
        shop_id__range=(ids[0], ids[-1]),
        opened_on__lte=on,
    )
    found: dict[str, set[str]] = {}
    for shop_id, category_id in rows.values_list("shop_id", "category_id"):
        found.setdefault(shop_id, set()).add(category_id)
    return found


def _required(tenant_id: str, ids: Sequence[str], on: date) -> dict[str, int]:
    rows = (
        Requirement.objects.filter(
            tenant_id=tenant_id,
            subject_kind=SHOP,
            subject_id__range=(ids[0], ids[-1]),
            from_on__lte=on,
        )
        .order_by("subject_id", "-from_on", "-id")
        .distinct("subject_id")
    )
    return dict(rows.values_list("subject_id", "required_fen"))
