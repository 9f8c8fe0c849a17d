"""What an exit is judged by: facts from the data where there are any, else what a person entered.

What neither tells counts as not met, and the row says so.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from earnest.cases.models import Case
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput
from earnest.kernel.words import NOTHING, Words
from earnest.market.closing_facts import closing_facts
from earnest.market.models import Shop

DATA, ENTERED, UNKNOWN = "data", "entered", "unknown"
OWN_DISPUTES = ("deduction", "hold")
FACTS = "facts"  # the entry of a case by which a person tells what no data tells
UNKNOWN_COUNT = 1  # any count but none: the condition does not hold


@dataclass(frozen=True)
class ExitFacts:
    """What a person tells where no data does; None where it is left open.

    Attributes:
        goods_on_sale: goods that are still listed.
        orders_open: orders that are not complete.
        last_completed_on: the day on which the last order was complete.
        disputes_open: disputes outside of this system that are not closed.
    """

    goods_on_sale: int | None = None
    orders_open: int | None = None
    last_completed_on: date | None = None
    disputes_open: int | None = None

    def told(self) -> list[str]:
        """Return what was told, each as ``name=value``, for the story of the case."""
        return [f"{name}={value}" for name, value in asdict(self).items() if value is not None]

    @classmethod
    def read(cls, told: Sequence[str]) -> "ExitFacts":
        """Read back what :meth:`told` wrote; a later value of a name takes the earlier's place.

        Raises:
            BadInput: a name that is no such fact, or a value that is not one.
        """
        values: dict[str, Any] = {}
        for each in told:
            name, _, value = each.partition("=")
            try:
                values[name] = date.fromisoformat(value) if name.endswith("_on") else int(value)
            except ValueError as error:
                raise _unread(each) from error
        if not set(values) <= set(cls.__dataclass_fields__):
            raise _unread(", ".join(sorted(values)))
        return cls(**values)


@dataclass(frozen=True)
class Judged:
    """The facts of an exit as the pack takes them, where each is from, and the words for each."""

    values: dict[str, Any]
    sources: dict[str, str]
    words: dict[str, Words]


def entered_of(case: Case) -> ExitFacts:
    """Return what people have told for a case so far; the newest of each counts."""
    rows = case.entries.filter(what=FACTS).order_by("at", "id").values_list("evidence", flat=True)
    return ExitFacts.read([each for told in rows for each in told])


def exit_facts(tenant_id: str, shop: Shop, entered: ExitFacts, now: datetime) -> Judged:
    """Put together what an exit is judged by (S3-6.2b)."""
    data, on = closing_facts(tenant_id, shop.shop_id, now), day_of(now)
    judged = Judged({}, {}, {})
    _count(judged, "goods_on_sale", None, entered.goods_on_sale, Words("在售商品", "goods on sale"))
    _count(
        judged, "orders_open", data.orders_open, entered.orders_open,
        Words("未完成订单", "orders open"),
    )  # fmt: skip
    own = Case.objects.filter(
        tenant_id=tenant_id, subject_kind="shop", subject_id=shop.shop_id, closed_at=None,
        kind__in=OWN_DISPUTES,
    ).count()  # fmt: skip
    _count(
        judged, "disputes_open", data.disputes_open, entered.disputes_open,
        Words("未结纠纷", "disputes open"),
    )  # fmt: skip
    if own:
        judged.values["disputes_open"] += own
        judged.words["disputes_open"] = Words(
            f"{judged.words['disputes_open'].zh}，另有本系统未结事项 {own} 件",
            f"{judged.words['disputes_open'].en}, and {own} open case(s) here",
        )
    last, source = _last_completed(data.last_completed_on, entered, data, shop)
    judged.values["last_completed_on"] = last or on
    judged.sources["last_completed_on"] = source
    judged.words["last_completed_on"] = _last_words(last, source)
    return judged


def _count(judged: Judged, name: str, data: int | None, entered: int | None, called: Words) -> None:
    value, source = (data, DATA) if data is not None else (entered, ENTERED)
    if value is None:
        judged.values[name], judged.sources[name] = UNKNOWN_COUNT, UNKNOWN
        judged.words[name] = Words(
            f"{called.zh}：没有数据，须由人核对后填写",
            f"{called.en}: no data, a person has to check and enter it",
        )
        return
    judged.values[name], judged.sources[name] = value, source
    by = NOTHING if source == DATA else Words("（人工填写）", " (entered by a person)")
    judged.words[name] = Words(f"{called.zh} {value}{by.zh}", f"{called.en}: {value}{by.en}")


def _last_completed(
    told: date | None, entered: ExitFacts, data: Any, shop: Shop
) -> tuple[date | None, str]:
    """Return the day of the last complete order, and where it is from.

    A shop of which the data knows no order at all has been quiet since it opened.
    """
    if told is not None:
        return told, DATA
    if entered.last_completed_on is not None:
        return entered.last_completed_on, ENTERED
    if data.orders_open is not None and not data.had_orders:
        return shop.opened_on, DATA
    return None, UNKNOWN


def _last_words(last: date | None, source: str) -> Words:
    if last is None:
        return Words(
            "末单完成日：没有数据，须由人核对后填写",
            "day of the last complete order: no data, a person has to check and enter it",
        )
    by = Words("（人工填写）", " (entered by a person)") if source == ENTERED else NOTHING
    return Words(f"末单完成于 {last}{by.zh}", f"last order complete on {last}{by.en}")


def _unread(where: str) -> BadInput:
    names = ", ".join(ExitFacts.__dataclass_fields__)
    return BadInput(
        "exit_fact_unread",
        where=where,
        zh=f"看不懂这项事实；可填：{names}，数量写整数，日期写 YYYY-MM-DD。",
        en=f"this fact cannot be read; there are {names}: whole numbers, days as YYYY-MM-DD",
    )
