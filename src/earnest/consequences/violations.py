"""What found violations do: the rung of requirement 4, points and measures, sampling actions.

The items stand in the decision's own facts, so its receipt tells what it rests on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from earnest.consequences.basis import TOPPED_UP, reason_of
from earnest.consequences.objects import (
    NO_THING,
    OBJECT_MEASURES,
    Objects,
    acts_at_once,
    after,
    objects_begin,
    objects_of,
    objects_words,
)
from earnest.consequences.objects import records_of as _records
from earnest.consequences.protections import protections_replace, replaced_words
from earnest.consequences.replacing import first_period, restricted_since
from earnest.consequences.sanctions import Sanction, sanction_apply
from earnest.consequences.words import thing_words
from earnest.decisions.commands import effect_note
from earnest.decisions.models import Decision
from earnest.deposits.accounts import claim_of
from earnest.deposits.waterfall import COMPENSATION_PAYABLE, Leg, Waterfall, posted_check
from earnest.kernel.calendar import add_months, day_of
from earnest.kernel.money import yuan
from earnest.kernel.words import NOTHING, Words
from earnest.ledger.commands import transfers_post
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.policy import Pack
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import pack_of_receipt
from earnest.tickets.commands import IN_FORCE, NewItem
from earnest.tickets.queries import ticket_locked, ticket_of_decision

__all__ = [
    "OBJECT_MEASURES", "breach_money_apply", "damages_claim", "points_apply",
    "points_measure_apply", "requirement4_apply", "sampling_apply",
]  # fmt: skip
SAMPLING_ACTIONS: Final = (
    ("goods_delisted", "hide_goods"),
    ("goods_banned", "ban_goods"),
    ("brand_removed", "brand_off"),
)
NO_OBJECT: Final = "points"
ONLY_POINTS: Final = "points"
PROPOSED: Final = "proposed_measures"


def requirement4_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Sanction misleading charges by their rung (S0-2.2.7a, S0-2.2.7b).

    Delisted, the service comes back after its month and once the deposit is topped up. Damages
    are owed once the ticket is in force, see :func:`damages_claim`.
    """
    pack, on = _judged_by(decision)
    result = decision.receipt["result"]
    row = pack.table_row("charging_rungs", {"finding": int(result["finding_number"])}, on=on)
    release: list[Condition] = []
    if row["months"]:
        until = add_months(restricted_since(decision, now), int(row["months"]))
        release = [{"kind": "time", "on": until.isoformat()}]
        release += [TOPPED_UP] if row["top_up"] else []
    sanction = Sanction(
        items=_items(decision),
        facts=Words(
            f"认定第 {result['finding_number']} 次违反要求4：{_said(decision).zh}",
            f"finding number {result['finding_number']} of requirement 4: {_said(decision).en}",
        ),
        release=release,
        source=_source(decision),
        also=_damages_words(int(result["damages_fen"]), damages=bool(row["damages"])),
    )
    return _carried_out(tenant_id, decision, sanction, (), now)


def _damages_words(damages_fen: int, *, damages: bool) -> Words:
    if not damages:
        return NOTHING
    if not damages_fen:
        return Words(
            "并须赔偿商家、平台和消费者的损失，金额另行核定",
            "the losses of merchants, platform and consumers are owed too, their amount to be told",
        )
    return Words(
        f"并须赔偿损失 {yuan(damages_fen)} 元，处罚生效后列为应追偿款",
        f"damages of {yuan(damages_fen)} yuan are owed as well, once the ticket is in force",
    )


def damages_claim(tenant_id: str, decision: Decision, now: datetime) -> bool:
    """Book the damages of a second finding as a claim, once; tell whether that was new (S0-2.2.7b).

    Call it with the decision's row locked. Nothing is owed while the ticket is not in force: it
    may have been appealed against or reversed since somebody looked.

    Raises:
        Conflict: the ledger refuses.
    """
    damages_fen = int(decision.receipt["result"].get("damages_fen") or 0)
    if not damages_fen or "damages_fen" in decision.effect:
        return False
    ticket = ticket_of_decision(tenant_id, decision.id)
    if ticket is None or ticket_locked(tenant_id, ticket.number).state != IN_FORCE:
        return False
    wanted = Waterfall(
        key=(tenant_id, "violation-damages", str(decision.id)),
        credit=COMPENSATION_PAYABLE,
        amount_fen=damages_fen,
        effective_at=now,
        reason=reason_of(decision),
        whole=True,
    ).transfers([Leg("claim", claim_of(decision.subject), decision.clause)])
    posted_check(transfers_post(tenant_id, wanted, now), ":".join(decision.subject))
    sent = notices_send(tenant_id, [_damages_notice(decision, damages_fen)], now)
    effect = dict(decision.effect)
    effect["damages_fen"] = damages_fen
    effect["transfers"] = [*effect.get("transfers", []), *(str(each.id) for each in wanted)]
    effect["notices"] = [*effect.get("notices", []), *(str(each) for each in sent)]
    effect_note(decision, effect)
    return True


def _damages_notice(decision: Decision, damages_fen: int) -> NewNotice:
    return NewNotice(
        *decision.subject,
        about=f"damages {decision.id}",
        kind="payment",
        severity="serious",
        clause=decision.clause,
        decision_id=decision.id,
        zh=Message(
            f"须赔偿损失 {yuan(damages_fen)} 元",
            f"依据 {decision.clause}，{decision.period} 认定的损失 {yuan(damages_fen)} 元已列为"
            "应追偿款，明细见决定说明。",
        ),
        en=Message(
            f"Damages of {yuan(damages_fen)} yuan are owed",
            f"Under {decision.clause} the losses found in {decision.period}, "
            f"{yuan(damages_fen)} yuan, are owed as a claim; the statement of reasons has them.",
        ),
    )


def points_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Give violation points, and the measure of the kind (S0-2.2.6)."""
    pack, on = _judged_by(decision)
    rows = _kind_rows(decision, pack, on)
    days = _measure_days(decision, pack, on, rows)
    facts = decision.receipt["facts"]
    now_tenths, total = int(facts["points_now"]), int(decision.receipt["result"]["points_total"])
    sanction = Sanction(
        items=_items(decision),
        facts=_said(decision),
        release=after(restricted_since(decision, now), days),
        source=_source(decision),
        correct_until=_correct_until(rows, now),
        measure=NO_OBJECT if decision.outcome in OBJECT_MEASURES else decision.outcome,
        also=Words(
            f"记 {_tenths(now_tenths)} 分，累计 {_tenths(total)} 分",
            f"{_tenths(now_tenths)} points, {_tenths(total)} in all",
        ),
    )
    return _carried_out(
        tenant_id, decision, sanction, objects_of(decision, decision.outcome, days), now
    )


def _measure_days(
    decision: Decision, pack: Pack, on: date, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Return for how many days the measure lasts: the kind's own, or one that was proposed."""
    if decision.outcome in {ONLY_POINTS, rows[0]["measure"]} or PROPOSED not in pack.tables:
        return int(rows[0]["measure_days"])
    proposed = pack.table_row(PROPOSED, {"measure": decision.outcome}, on=on)
    return int(proposed["measure_days"])


def points_measure_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Carry out the measure that a total of points leads to (S0-2.2.6)."""
    result = decision.receipt["result"]
    total = _tenths(int(result["points_total"]))
    said = _said(decision)
    sanction = Sanction(
        items=_items(decision),
        facts=Words(
            f"累计 {total} 分，达到平台设定的上限；本次：{said.zh}",
            f"{total} points in all, which reaches the ceiling that is set; this time: {said.en}",
        ),
        release=after(restricted_since(decision, now), int(result["measure_days"])),
        source=_source(decision),
    )
    return sanction_apply(tenant_id, decision, sanction, now)


def sampling_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Carry out the actions of a sampling finding (S0-2.1-qual2a): goods off, banned, brand off."""
    pack, on = _judged_by(decision)
    rows = _kind_rows(decision, pack, on)
    result = decision.receipt["result"]
    objects: list[Objects] = []
    for step, measure in SAMPLING_ACTIONS:
        if result[step]:
            days = int(rows[0]["measure_days"]) if measure == decision.outcome else 0
            objects += objects_of(decision, measure, days)
    sanction = Sanction(
        items=_items(decision),
        facts=_said(decision),
        source=_source(decision),
        correct_until=_correct_until(rows, now),
        measure=NO_OBJECT if decision.outcome in OBJECT_MEASURES else decision.outcome,
    )
    return _carried_out(tenant_id, decision, sanction, objects, now)


def breach_money_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Open the ticket of breach money for a sampling finding; it is taken later (S0-2.1-qual2a)."""
    sanction = Sanction(
        items=_items(decision), facts=_said(decision), source=_source(decision), measure=NO_OBJECT
    )
    return sanction_apply(tenant_id, decision, sanction, now)


def _judged_by(decision: Decision) -> tuple[Pack, date]:
    return pack_of_receipt(decision.receipt), decision.governing_on or day_of(decision.made_at)


def _kind_rows(decision: Decision, pack: Pack, on: date) -> list[dict[str, Any]]:
    return [
        pack.table_row("violation_kinds", {"violation": each["violation"]}, on=on)
        for each in _records(decision)
    ]


def _source(decision: Decision) -> str:
    return str(_records(decision)[0]["source"]).removeprefix("by_")


def _correct_until(rows: Sequence[Mapping[str, Any]], now: datetime) -> date | None:
    """Return the last day to put it right: where every item can be, the shortest time of all."""
    if not all(row["correctable"] for row in rows):
        return None
    return day_of(now) + timedelta(days=min(int(row["correct_days"]) for row in rows))


def _items(decision: Decision) -> list[NewItem]:
    pack, _ = _judged_by(decision)
    number = first_period(decision.period).partition(".")[0]
    return [
        NewItem(
            kind="violation",
            about=f"{number}/{each['position']}",
            clause=str(each["clause_id"]),
            words=_item_words(pack, each),
            facts=dict(each),
        )
        for each in _records(decision)
    ]


def _item_words(pack: Pack, item: Mapping[str, Any]) -> Words:
    name = pack.texts.get(str(item["violation"]))
    zh = name.zh if name else str(item["violation"])
    en = name.get("en") if name else str(item["violation"])
    named = thing_words(str(item["thing"])) if item["thing"] != NO_THING else NOTHING
    thing = f"，{named.zh}" if named.zh else ""
    about = f", {named.en}" if named.en else ""
    return Words(
        f"{zh}（{item['clause_id']}，{item['happened_on']}{thing}）：{item['why']}",
        f"{en} ({item['clause_id']}, {item['happened_on']}{about}): {item['why']}",
    )


def _said(decision: Decision) -> Words:
    pack, _ = _judged_by(decision)
    return _joined([_item_words(pack, each) for each in _records(decision)])


def _joined(parts: Sequence[Words]) -> Words:
    return Words("；".join(each.zh for each in parts), "; ".join(each.en for each in parts))


def _tenths(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"


def _carried_out(
    tenant_id: str,
    decision: Decision,
    sanction: Sanction,
    objects: Sequence[Objects],
    now: datetime,
) -> dict[str, Any]:
    """Open the ticket and restrict what is due; what protected meanwhile gives way to it."""
    measures = [sanction.measure or decision.outcome, *(each.measure for each in objects)]
    acts = all(acts_at_once(decision, each, now) for each in measures)
    also = [sanction.also] if sanction.also.zh else []
    also += objects_words(decision, objects, now)
    also += replaced_words(decision) if acts else []
    effect = sanction_apply(tenant_id, decision, replace(sanction, also=_joined(also)), now)
    effect = objects_begin(decision, objects, effect, now)
    if acts:
        protections_replace(decision, now)
    return effect
