"""What providers do besides orders: answer merchants, answer the platform, tell of changes.

Each provider has an ability of its own per duty; the behaviours that ship badly serve badly too. A
few help desks send every message, the others only the sum of each session. Two in five providers
are called through a gateway that sums calls up by the hour. All of it hangs on dice of its own.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from earnest.kernel.calendar import US_PER_DAY, US_PER_HOUR, US_PER_SECOND, Month, day_start_us
from earnest.simulator.behaviours import Behaviour
from earnest.simulator.cast import Era, Provider, Shop
from earnest.simulator.dice import PPM, Dice, draw, draw_between

_TEXT, _WHOLE = pa.string(), pa.int64()
_SCHEMAS = {
    "service_message": [
        ("session_id", _TEXT), ("message_no", _TEXT), ("channel", _TEXT), ("sender_role", _TEXT),
        ("sent_us", _WHOLE), ("is_auto", pa.bool_()), ("topic", _TEXT), ("provider_id", _TEXT),
        ("shop_id", _TEXT),
    ],
    "service_session": [
        ("session_id", _TEXT), ("version", _TEXT), ("channel", _TEXT), ("topic", _TEXT),
        ("first_inquiry_us", _WHOLE), ("first_human_reply_us", _WHOLE),
        ("first_any_reply_us", _WHOLE), ("max_gap_s", _WHOLE), ("inquiries", _WHOLE),
        ("answered", _WHOLE), ("answered_within_s", _WHOLE), ("provider_id", _TEXT),
        ("shop_id", _TEXT),
    ],
    "api_call_agg": [
        ("minute_us", _WHOLE), ("interface", _TEXT), ("direction", _TEXT), ("outcome", _TEXT),
        ("provider_id", _TEXT), ("n", _WHOLE), ("sum_us", _WHOLE), ("sketch", _TEXT),
    ],
    "catalogue_change": [
        ("source_item_id", _TEXT), ("sku_id", _TEXT), ("field", _TEXT), ("change_no", _TEXT),
        ("changed_us", _WHOLE), ("provider_id", _TEXT),
    ],
    "catalogue_publish": [
        ("listing_id", _TEXT), ("sku_id", _TEXT), ("field", _TEXT), ("published_us", _WHOLE),
        ("reflects_change_no", _TEXT), ("channel", _TEXT), ("result", _TEXT),
        ("provider_id", _TEXT),
    ],
}  # fmt: skip
SERVICE_STREAMS = tuple(_SCHEMAS)

_POOR = {Behaviour.FRAUDULENT, Behaviour.DRIFTING, Behaviour.DECLINING}
_TOPICS = ("铺货", "订单", "售后", "对账", "使用教程")
_INTERFACE = "order.push"
_EDGES_MS = (100, 250, 500, 1000, 3000, 10_000)
_FIELDS = ("stock", "price", "on_shelf", "off_shelf", "out_of_stock", "sku_set")
_QUESTION_DRAWS = ["late", "wait", "quick", "never", "day", "second", "topic", "shop"]
_CHANGE_DRAWS = ["item", "field", "day", "second", "stale", "never", "minutes"]
_HOURS = range(9, 19)
_AWAY_FROM = 10
_OUTAGE_HOURS = 4


@dataclass(frozen=True)
class Ability:
    """How well a provider serves in a month; shares in parts per million.

    Attributes:
        late_ppm: of the questions, answered late or never.
        failing_ppm: of the calls, failing by the provider's fault.
        slow_ppm: of the calls, slower than three seconds.
        stale_ppm: of the changes, told a day late or never.
        outage: its interface is away for some hours once.
        by_message: its help desk sends messages, not sums.
        summed_up: its calls come summed up by the hour.
    """

    late_ppm: int
    failing_ppm: int
    slow_ppm: int
    stale_ppm: int
    outage: bool
    by_message: bool
    summed_up: bool


def ability_of(seed: int, provider: Provider, month: Month) -> Ability:
    """Return how well a provider serves in a month."""
    key = ("provider", provider.number)
    poor = provider.part.behaviour in _POOR
    slack = draw(seed, *key, "slack", below=10) == 0 or poor
    shaky = draw(seed, *key, "shaky", below=12) == 0 or provider.part.behaviour in {
        Behaviour.FRAUDULENT,
        Behaviour.DRIFTING,
    }
    lazy = draw(seed, *key, "lazy", below=12) == 0 or poor
    return Ability(
        late_ppm=260_000 if slack else 0,
        failing_ppm=75_000 if shaky else draw_between(seed, *key, "failing", low=500, high=9_000),
        slow_ppm=70_000 if shaky else draw_between(seed, *key, "slow", low=1_000, high=12_000),
        stale_ppm=220_000 if lazy else 0,
        outage=shaky and draw(seed, *key, str(month), "outage", below=4) == 0,
        by_message=provider.number % 10 in {2, 7},
        summed_up=provider.number % 5 in {1, 2},
    )


def service_tables(
    era: Era, month: Month, providers: list[Provider], shops: list[Shop]
) -> dict[str, pa.Table]:
    """Return the events of a month on the streams of service, interfaces and catalogue."""
    rows: dict[str, list[dict[str, Any]]] = {stream: [] for stream in SERVICE_STREAMS}
    merchants = _merchants(shops, month)
    for provider in providers:
        if not provider.trades_in(month):
            continue
        ability = ability_of(era.seed, provider, month)
        for stream, row in _questions(era.seed, month, provider, ability, merchants):
            rows[stream].append(row)
        if ability.summed_up:
            rows["api_call_agg"].extend(_hours(era.seed, month, provider, ability))
        for stream, row in _changes(era.seed, month, provider, ability):
            rows[stream].append(row)
    return {
        stream: pa.Table.from_pylist(rows[stream], schema=pa.schema(columns))
        for stream, columns in _SCHEMAS.items()
    }


def _merchants(shops: list[Shop], month: Month) -> dict[int, list[str]]:
    """Return the shops that each provider serves, by its number."""
    served: dict[int, list[str]] = {}
    for shop in shops:
        if Month.of(shop.opened_on) <= month:
            for number, _ in shop.suppliers:
                served.setdefault(number, []).append(shop.shop_id)
    return served


def _questions(
    seed: int, month: Month, provider: Provider, ability: Ability, merchants: dict[int, list[str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    asking = merchants.get(provider.number, [])
    count = 8 + 3 * min(len(asking), 12) if asking else 0
    key = ("service", provider.number, str(month))
    dice = Dice.rolled(seed, [key], np.array([count]), _QUESTION_DRAWS)
    late = dice.chance("late", ability.late_ppm)
    wait_s = np.where(late, dice.between("wait", 200, 5_400), dice.between("quick", 8, 150))
    never = late & (dice.below("never", 10) == 0)
    day = dice.below("day", month.last_day.day) * US_PER_DAY + day_start_us(month.first_day)
    asked_us = day + dice.between("second", 7 * 3600, 24 * 3600 - 1) * US_PER_SECOND
    # Before eight the desk is closed: its clock starts at eight.
    replied_us = np.maximum(asked_us, day + 8 * US_PER_HOUR) + wait_s * US_PER_SECOND
    topics, shops = dice.below("topic", len(_TOPICS)), dice.below("shop", max(len(asking), 1))
    for index in range(count):
        shared = {
            "session_id": f"V{month.year}{month.number:02d}{provider.number:05d}{index:04d}",
            "channel": "desk",
            "topic": _TOPICS[topics[index]],
            "provider_id": provider.provider_id,
            "shop_id": asking[shops[index]],
        }
        asked, reply = int(asked_us[index]), None if never[index] else int(replied_us[index])
        if ability.by_message:
            for row in _spoken(shared, asked, reply):
                yield "service_message", row
        else:
            yield "service_session", _summed(shared, asked, reply)


def _spoken(
    shared: dict[str, Any], asked_us: int, replied_us: int | None
) -> Iterator[dict[str, Any]]:
    said = [("merchant", asked_us, False), ("provider_bot", asked_us + US_PER_SECOND, True)]
    if replied_us is not None:
        said.append(("provider_agent", replied_us, False))
    for number, (role, at_us, auto) in enumerate(said, 1):
        yield {
            **shared,
            "message_no": str(number),
            "sender_role": role,
            "sent_us": at_us,
            "is_auto": auto,
        }


def _summed(shared: dict[str, Any], asked_us: int, replied_us: int | None) -> dict[str, Any]:
    gap_s = None if replied_us is None else -((asked_us - replied_us) // US_PER_SECOND)
    return {
        **shared,
        "version": "1",
        "first_inquiry_us": asked_us,
        "first_human_reply_us": replied_us,
        "first_any_reply_us": asked_us + US_PER_SECOND,
        "max_gap_s": gap_s,
        "inquiries": 1,
        "answered": int(replied_us is not None),
        "answered_within_s": gap_s,
    }


def _hours(
    seed: int, month: Month, provider: Provider, ability: Ability
) -> Iterator[dict[str, Any]]:
    """Yield the calls of each working hour, successes and failures."""
    key = ("interface", provider.number, str(month))
    days = month.last_day.day
    rolled = Dice.rolled(seed, [key], np.array([days * len(_HOURS)]), ["calls"])
    by_hour = iter(rolled.between("calls", 40, 160).tolist())
    away_on = draw(seed, *key, "away", below=month.last_day.day) if ability.outage else -1
    owed = 0
    for day in range(days):
        day_us = day_start_us(month.first_day + timedelta(days=day))
        for hour, calls in zip(_HOURS, by_hour, strict=False):
            owed += calls * ability.failing_ppm
            failed, owed = divmod(owed, PPM)
            if day == away_on and _AWAY_FROM <= hour < _AWAY_FROM + _OUTAGE_HOURS:
                failed = calls
            shared = {
                "minute_us": day_us + hour * US_PER_HOUR,
                "interface": _INTERFACE,
                "direction": "platform_to_provider",
                "provider_id": provider.provider_id,
            }
            if calls > failed:
                yield {**shared, "outcome": "ok", **_times(calls - failed, ability.slow_ppm)}
            if failed:
                sums = {"n": failed, "sum_us": failed * 10 * US_PER_SECOND}
                yield {**shared, "outcome": "timeout", **sums}


@cache
def _times(calls: int, slow_ppm: int) -> dict[str, Any]:
    """Return how long an hour's answered calls took, the slow ones in the last bucket."""
    slow = (calls * slow_ppm + PPM // 2) // PPM
    fast = calls - slow
    counts = (fast // 2, fast // 4, fast // 8, fast - fast // 2 - fast // 4 - fast // 8, 0, slow)
    spread = [(edge * 1_000, count) for edge, count in zip(_EDGES_MS, counts, strict=True) if count]
    text = ",".join(f"{edge}:{count}" for edge, count in spread)
    return {
        "n": calls,
        "sum_us": sum(edge * count * 7 // 10 for edge, count in spread),
        "sketch": base64.b64encode(text.encode()).decode(),
    }


def _changes(
    seed: int, month: Month, provider: Provider, ability: Ability
) -> Iterator[tuple[str, dict[str, Any]]]:
    key = ("catalogue", provider.number, str(month))
    count = draw_between(seed, *key, "count", low=16, high=30)
    dice = Dice.rolled(seed, [key], np.array([count]), _CHANGE_DRAWS)
    items = (provider.number * 1_000 + dice.below("item", 400)).tolist()
    fields = dice.below("field", len(_FIELDS)).tolist()
    day = dice.below("day", month.last_day.day) * US_PER_DAY + day_start_us(month.first_day)
    changed_us = (day + dice.below("second", 86_400) * US_PER_SECOND).tolist()
    stale = dice.chance("stale", ability.stale_ppm)
    never = stale & (dice.below("never", 3) == 0)
    late_us = np.where(stale, 2 * US_PER_DAY, 0)
    after_us = dice.between("minutes", 2, 600) * 60 * US_PER_SECOND + late_us
    for index, item in enumerate(items):
        shared = {
            "sku_id": f"K{item * 10 + index % 3}",
            "field": _FIELDS[fields[index]],
            "provider_id": provider.provider_id,
        }
        number = f"{month.year}{month.number:02d}-{provider.number}-{index}"
        change = {"source_item_id": f"G{item}", "change_no": number}
        yield "catalogue_change", {**shared, **change, "changed_us": changed_us[index]}
        if never[index]:
            continue
        reported = shared["field"] == "on_shelf" and index % 2 == 0
        yield (
            "catalogue_publish",
            {
                **shared,
                "listing_id": f"L{item}",
                "published_us": changed_us[index] + int(after_us[index]),
                "reflects_change_no": number,
                "channel": "report_24h" if reported else "api",
                "result": "ok",
            },
        )
