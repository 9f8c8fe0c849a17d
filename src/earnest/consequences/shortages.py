"""What is done against a deposit that is short: filled up from proceeds, or rights taken away.

An approval may come days after the proposal. What is done then is held against the deposit as it
is then: topped up meanwhile, nothing is done; in another band meanwhile, another decision says so.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from earnest.consequences.basis import TOPPED_UP, reason_of, restrict
from earnest.consequences.reasons import Consequence, decision_notice
from earnest.consequences.replacing import first_period
from earnest.consequences.shop_tickets import (
    MEASURE,
    ShopMeasure,
    appealable,
    numbered,
    shop_ticket,
)
from earnest.consequences.words import OUTCOMES, capabilities_words, conditions_words
from earnest.decisions.commands import IN_EFFECT
from earnest.decisions.models import Decision
from earnest.deposits.commands import top_up_from_proceeds
from earnest.deposits.queries import Position, position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import RuleRefused
from earnest.kernel.money import yuan
from earnest.kernel.words import NOTHING, Words
from earnest.notices.commands import notices_send
from earnest.policy import Pack
from earnest.restrictions.ending import restrictions_end
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import pack_of_receipt
from earnest.tickets.commands import NewItem

BAND = "shortage_band"
MOOT: dict[str, Words] = {
    "topped_up": Words(
        "批准前已补足，未采取任何措施", "topped up before the approval: nothing is done"
    ),
    "band_moved": Words(
        "批准前余额比例已变，未采取任何措施；如适用另一档，另行决定",
        "the part held has changed before the approval: nothing is done; where another band "
        "applies, that is a decision of its own",
    ),
}


def shortage_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Do what was approved against a shortage: fill up from proceeds, or restrict (S3-5.1, 5.2).

    Nothing is done any more where the deposit was topped up since.
    """
    at = position(tenant_id, decision.subject, day_of(now))
    if not at.shortage_fen:
        return _nothing_done(tenant_id, decision, "topped_up", now)
    if decision.outcome == "transfer_from_proceeds":
        return _fill_up(tenant_id, decision, at, now)
    conditions: list[Condition] = [] if decision.outcome == "end_service" else [TOPPED_UP]
    capabilities, grants = restrict(tenant_id, decision, conditions, now)
    done = _Done(capabilities_words(capabilities), conditions_words(conditions))
    return {"restrictions": grants} | _tell(decision, at, done, now)


def band_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Restrict by the part of the requirement that is held, in place of the band before (S3-5.1).

    Only the grant of an earlier band ends with it; what other causes restrict stays. Where the
    deposit has moved into another band since, nothing is done: that band has its own decision.
    """
    at = position(tenant_id, decision.subject, day_of(now))
    if band_now(pack_of_receipt(decision.receipt), decision, at, day_of(now)) != decision.outcome:
        return _nothing_done(tenant_id, decision, "band_moved", now)
    replaced = restrictions_end(
        tenant_id, _bands_before(tenant_id, decision), f"replaced by {decision.outcome}", now
    )
    capabilities, grants = restrict(tenant_id, decision, [TOPPED_UP], now)
    done = capabilities_words(capabilities)
    measures = sorted({row.measure for row in replaced} - {decision.outcome})
    if measures:
        zh = "、".join(OUTCOMES[each].zh for each in measures)
        en = ", ".join(OUTCOMES[each].en for each in measures)
        done = Words(f"{done.zh}；取代此前的“{zh}”", f"{done.en}; in place of: {en}")
    told = _tell(decision, at, _Done(done, conditions_words([TOPPED_UP])), now)
    return {"restrictions": grants, "replaced": [str(row.id) for row in replaced]} | told


def _nothing_done(
    tenant_id: str, decision: Decision, because: str, now: datetime
) -> dict[str, Any]:
    """Tell the shop that a decision that was approved too late takes nothing."""
    facts = decision.receipt["facts"]
    short = int(facts["required_fen"]) - int(facts["balance_fen"])
    consequence = Consequence(
        kind="finding",
        severity="info",
        facts=Words(
            f"{facts['assessed_on']} 缺口 {yuan(short)} 元",
            f"{yuan(short)} yuan were short on {facts['assessed_on']}",
        ),
        effect=MOOT[because],
    )
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {"done": "nothing", "because": because, "notices": [str(each) for each in sent]}


def band_now(pack: Pack, decision: Decision, at: Position, on: date) -> str:
    """Return the band that a deposit is in now, by the pack that made a decision on it."""
    facts = decision.receipt["facts"]
    days = (on - date.fromisoformat(facts["assessed_on"])).days
    evaluation = pack.evaluate(
        BAND,
        {
            "assessed_on": on,
            "required_fen": at.required_fen,
            "balance_fen": at.free_fen,
            "days_short": int(facts["days_short"]) + days,
        },
    )
    return "none" if evaluation.refusal is not None else str(evaluation.result["measure"])


def _bands_before(tenant_id: str, decision: Decision) -> list[Any]:
    return list(
        Decision.objects.filter(
            tenant_id=tenant_id,
            subject_kind=decision.subject_kind,
            subject_id=decision.subject_id,
            decision=BAND,
            state=IN_EFFECT,
        )
        .exclude(id=decision.id)
        .values_list("id", flat=True)
    )


def _fill_up(tenant_id: str, decision: Decision, at: Position, now: datetime) -> dict[str, Any]:
    """Move proceeds into the deposit, no more than was approved and no more than is missing."""
    wanted = min(decision.money_fen, at.shortage_fen)
    moved = top_up_from_proceeds(tenant_id, decision.subject, wanted, reason_of(decision), now)
    done = Words(
        f"自货款划转 {yuan(moved.taken_fen)} 元补足保证金",
        f"{yuan(moved.taken_fen)} yuan moved from sales proceeds into the deposit",
    )
    return {
        "transfers": [str(each) for each in moved.transfer_ids],
        "taken_fen": moved.taken_fen,
        "asked_fen": decision.money_fen,
    } | _tell(decision, at, _Done(done, moved_fen=moved.taken_fen), now)


@dataclass(frozen=True)
class _Done:
    """What was done in words, how it ends, and what it moved from proceeds, in fen."""

    words: Words
    release: Words = NOTHING
    moved_fen: int = 0


def _tell(decision: Decision, at: Position, done: _Done, now: datetime) -> dict[str, Any]:
    """Tell of a step: the gap, what is done, how it ends, how to appeal, and what comes next.

    Returns what that adds to the effect: the numbers of its notices and of its ticket.
    """
    days, following = int(decision.receipt["facts"]["days_short"]), _next_step(decision)
    step, due_on = following or (NOTHING, None)
    facts = Words(
        f"应缴 {yuan(at.required_fen)} 元，可用余额 {yuan(at.free_fen)} 元，"
        f"缺口 {yuan(at.shortage_fen)} 元；自通知次日起已 {days} 个自然日",
        f"required {yuan(at.required_fen)} yuan, free balance {yuan(at.free_fen)} yuan, "
        f"{yuan(at.shortage_fen)} yuan short, on natural day {days} from the day after the "
        "notice",
    )
    item = NewItem(
        kind="shortage",
        about=f"{decision.decision} {first_period(decision.period)}",
        clause=decision.clause,
        words=facts,
        facts={"required_fen": at.required_fen, "free_fen": at.free_fen, "days_short": days},
    )
    measure = ShopMeasure(item, MEASURE, money_fen=done.moved_fen, taken_fen=done.moved_fen)
    ticket = shop_ticket(decision, measure, now)
    consequence = Consequence(
        kind="sanction",
        severity="serious",
        facts=facts,
        effect=Words(done.words.zh + step.zh, done.words.en + step.en),
        release=done.release,
        due_on=due_on,
    )
    notice = decision_notice(decision, appealable(consequence, ticket))
    sent = notices_send(decision.tenant_id, [notice], now)
    return {"notices": [str(each) for each in sent]} | numbered(ticket)


def _next_step(decision: Decision) -> tuple[Words, date] | None:
    """Return what the staircase does next and from when; nothing behind its last step."""
    facts, pack = decision.receipt["facts"], pack_of_receipt(decision.receipt)
    on = date.fromisoformat(facts["assessed_on"])
    return next_step(pack, on, int(facts["days_short"]), done=decision.outcome)


def next_step(
    pack: Pack, on: date, days_short: int, *, done: str = ""
) -> tuple[Words, date] | None:
    """Return the next step of the staircase and the day it may come, for a shortage not topped up.

    Takes:
        days_short: natural days from the day after the notice, on that day.
        done: a measure that is in force already and is no next step.
    """
    overdue = days_short - pack.parameter("shortage_grace_days", on=on)
    after, measure = overdue, done
    try:
        while measure == done or after == overdue:
            row = pack.table_row("shortage_staircase", {"overdue": after}, on=on)
            if row["last_day"] < after:  # the last step: nothing follows
                return None
            after = row["last_day"] + 1
            measure = pack.table_row("shortage_staircase", {"overdue": after}, on=on)["measure"]
    except RuleRefused:
        return None
    from_on, words = on + timedelta(days=after - overdue), OUTCOMES[measure]
    step = Words(
        f"；仍未补足的，{from_on} 起可{words.zh}",
        f"; while it stays short, from {from_on} on the marketplace may {words.en}",
    )
    return step, from_on
