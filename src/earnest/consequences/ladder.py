"""The rungs of the NPS ladder, and the word to a provider whose duties were not met."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from earnest.consequences.basis import TOPPED_UP
from earnest.consequences.reasons import Consequence, decision_notice
from earnest.consequences.replacing import restricted_since
from earnest.consequences.sanctions import Sanction, sanction_apply
from earnest.decisions.models import Decision
from earnest.kernel.calendar import Month, add_months
from earnest.kernel.words import Words
from earnest.notices.commands import notices_send
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import pack_of_receipt
from earnest.rulebooks.switches import hidden_until, hiding_waits_for_both
from earnest.tickets.commands import NewItem
from earnest.tickets.queries import FIGURE

APPLICATION: Condition = {"kind": "application"}
NPS: Final = "nps_composite"


def _ladder_release(decision: Decision, now: datetime) -> list[Condition]:
    """Return how a rung of the NPS ladder ends: S0-2.2.5-5a and 5b by time and top-up, 5c never.

    Hiding goes by the choices of the pack that judged: how long its month is, and whether the
    month or the top-up alone is enough.
    """
    from_on = restricted_since(decision, now)
    months = int(decision.receipt["result"]["months"])
    if decision.outcome == "hide":
        pack, on = pack_of_receipt(decision.receipt), decision.governing_on or from_on
        month_over = _reached(hidden_until(pack, from_on, months, on=on))
        both = [month_over, TOPPED_UP]
        return both if hiding_waits_for_both(pack) else [{"kind": "any_of", "conditions": both}]
    if decision.outcome == "delist":
        return [_reached(add_months(from_on, months)), TOPPED_UP, APPLICATION]
    return []


def _reached(on: date) -> Condition:
    return {"kind": "time", "on": on.isoformat()}


def ladder_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Sanction a provider by its rung of the NPS ladder (S0-2.2.5-5a, 5b, 5c)."""
    streak = int(decision.receipt["result"]["streak"])
    sanction = Sanction(
        items=ladder_items(decision),
        release=_ladder_release(decision, now),
        facts=Words(
            f"截至 {decision.period}，综合得分连续 {streak} 个月低于标准",
            f"the composite score was below the mark for {streak} assessed month(s) in a row, "
            f"up to {decision.period}",
        ),
    )
    return sanction_apply(tenant_id, decision, sanction, now)


def ladder_items(decision: Decision) -> list[NewItem]:
    """Return the months that a rung rests on, the newest first: each may be appealed against."""
    streak = int(decision.receipt["result"]["streak"])
    months = [
        (date.fromisoformat(str(at)), given)
        for at, given in decision.receipt["facts"]["months"]
        if given is not None
    ]
    return [
        _month_item(decision, last_day, given) for last_day, given in reversed(months[-streak:])
    ]


def _month_item(decision: Decision, last_day: date, given: dict[str, int]) -> NewItem:
    month, points, answers = Month.of(last_day), given["points"], given["answers"]
    hundredths = points * 10 // answers
    score = f"{hundredths // 100}.{hundredths % 100:02d}"
    return NewItem(
        kind=FIGURE,
        about=f"{NPS} {last_day.isoformat()}",
        clause=decision.clause,
        words=Words(
            f"{month} 综合得分 {score}（{answers} 项打分）",
            f"composite score of {month}: {score} ({answers} scores)",
        ),
        facts={"month": str(month), **given},
    )


def notify_apply(
    tenant_id: str, decisions: Sequence[Decision], now: datetime
) -> list[dict[str, Any]]:
    """Tell each provider of the duties it did not meet in a month (S0-2.2.1b).

    Returns what took effect by each decision, in their order.
    """
    told = [decision_notice(each, _not_met(each)) for each in decisions]
    return [{"notices": [str(each)]} for each in notices_send(tenant_id, told, now)]


def _not_met(decision: Decision) -> Consequence:
    breached = decision.receipt["facts"]["breached"]
    return Consequence(
        kind="finding",
        severity="warning",
        facts=Words(
            f"{decision.period} 有 {breached} 项要求未达标，明细见“履约健康”页",
            f"{breached} duty(ies) not met in {decision.period}; the health page shows each",
        ),
        effect=Words("请尽快整改；不达标的货品请及时下架", "put it right; delist goods that fail"),
    )
