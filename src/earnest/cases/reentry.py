"""The bar on re-entry: whether a comer, or another of its controller, left too short ago (S0-3.4).

How a party left is read from the decisions recorded here, and where they are silent from the feed.
Where neither tells, it is judged as an exit of its own wish, counted from the day it was gone: the
least that the text asks; the row says that it is not known.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from earnest.decisions.commands import IN_EFFECT
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import RuleRefused
from earnest.kernel.words import Words
from earnest.market.reentry import Comer, Departure, departures_of
from earnest.policy import Evaluation, Pack
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of

CLAUSE = "S0-3.4"
REENTRY = "reentry"
"""The capability that the measure `bar` takes away."""
EXIT_OUTCOME, REMOVAL_OUTCOME = "refund_and_leave", "remove"
_BECAUSE = {
    "same_id": Words("同一编号", "the same id"),
    "same_entity": Words("同一认证主体", "the same certified entity"),
    "same_controller": Words("同一实际控制人", "the same controller"),
}


@dataclass(frozen=True)
class Barring:
    """One departure held against the bar.

    Attributes:
        left_by: exit or removal; ``unknown`` where nothing tells.
        applied_on: when the exit was asked for; the day it left where that is not known.
        opens_on: first day of a re-entry; None where the rulebook sets none, or did not apply.
        barred: whether it stands in the way.
        evaluation: what the rulebook said.
        by_sanction: whether a sanction bars it too, whatever the length of the bar.
    """

    departure: Departure
    left_by: Literal["exit", "removal", "unknown"]
    applied_on: date
    opens_on: date | None
    barred: bool
    evaluation: Evaluation
    by_sanction: bool = False

    def said(self) -> Words:
        """Say who left, how and when, and from when a re-entry is open."""
        how = {
            "exit": Words("主动退出", "left of its own wish"),
            "removal": Words("被清退", "was removed"),
            "unknown": Words("离开（方式无记录，按主动退出计）", "left, how is not on record"),
        }[self.left_by]
        who, because = self.departure, _BECAUSE[self.departure.because]
        if self.by_sanction:
            until = Words("已被处以禁入，不得再入驻", "a sanction bars a re-entry")
        else:
            until = self._until()
        return Words(
            f"{who.provider_id} {who.name}（{because.zh}）{who.left_on} {how.zh}，{until.zh}",
            f"{who.provider_id} {who.name} ({because.en}) {how.en} on {who.left_on}, {until.en}",
        )

    def _until(self) -> Words:
        return (
            Words(f"{self.opens_on} 起可再入驻", f"may come back from {self.opens_on} on")
            if self.opens_on
            else Words("限制期尚未设定，不得再入驻", "the length of the bar is not set")
        )


def reentry_rows(tenant_id: str, comer: Comer, on: date) -> list[Barring]:
    """Hold every departure of a comer's group against the bar on a day, the last in front."""
    pack = pack_of(SUPPLY_MARKET)
    departures = [each for each in departures_of(tenant_id, comer) if each.left_on <= on]
    return [_sanctioned(tenant_id, _judged(tenant_id, pack, each, on)) for each in departures]


def reentry_required(tenant_id: str, comer: Comer, on: date) -> None:
    """Let nobody in whom the bar keeps out (S0-3.4).

    Raises:
        RuleRefused: ``reentry_barred``, with who left and from when it is open.
    """
    barred = [each.said() for each in reentry_rows(tenant_id, comer, on) if each.barred]
    if barred:
        raise RuleRefused(
            "reentry_barred",
            where=comer.entity_name or comer.provider_id,
            zh="处于再入驻限制期：" + "；".join(each.zh for each in barred) + "。",
            en="the bar on re-entry stands: " + "; ".join(each.en for each in barred),
        )


def _sanctioned(tenant_id: str, row: Barring) -> Barring:
    """Bar a party that a sanction in effect keeps out (S0-2.2.6)."""
    provider_id = row.departure.provider_id
    if REENTRY not in capabilities_restricted(tenant_id, "provider", provider_id):
        return row
    return replace(row, opens_on=None, barred=True, by_sanction=True)


def _judged(tenant_id: str, pack: Pack, departure: Departure, on: date) -> Barring:
    left_by, applied_on = _how(tenant_id, departure)
    evaluation = pack.evaluate(
        "reentry_after",
        {
            "left_on": departure.left_on,
            "exit_applied_on": applied_on,
            "left_by": "removal" if left_by == "removal" else "exit",
            "asked_on": on,
        },
    )
    if evaluation.refusal is not None:
        # Who left before the rule is not bound by it; a length that nobody set keeps out for good.
        barred = departure.left_on >= pack.in_force_from()
        return Barring(departure, left_by, applied_on, None, barred, evaluation)
    opens_on = evaluation.result["opens_on"]
    return Barring(
        departure,
        left_by,
        applied_on,
        opens_on if isinstance(opens_on, date) else None,
        not evaluation.result["allowed"],
        evaluation,
    )


def _how(
    tenant_id: str, departure: Departure
) -> tuple[Literal["exit", "removal", "unknown"], date]:
    """Return how a provider left and when it asked to, by the last decision that let it go."""
    last = (
        Decision.objects.filter(
            tenant_id=tenant_id,
            subject_kind="provider",
            subject_id=departure.provider_id,
            outcome__in=(EXIT_OUTCOME, REMOVAL_OUTCOME),
            state=IN_EFFECT,
        )
        .order_by("-seq")
        .first()
    )
    if last is None:
        return departure.told_as or "unknown", departure.left_on
    if last.outcome == REMOVAL_OUTCOME:
        return "removal", departure.left_on
    return "exit", _applied_on(last)


def _applied_on(decision: Decision) -> date:
    told = decision.receipt["facts"].get("applied_on")
    if isinstance(told, str):
        return date.fromisoformat(told)
    made_at: datetime = decision.made_at
    return day_of(made_at)
