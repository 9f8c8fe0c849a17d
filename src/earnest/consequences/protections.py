"""Protective measures while a violation is looked into: in force at once, and never a sanction.

A protective measure has a decision of its own, made under the number of the violation, and so its
own grants. It ends with its cause: what it takes away is given back, or a sanction takes its place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from earnest.consequences.basis import restrict
from earnest.consequences.reasons import ended_notice
from earnest.consequences.replacing import first_period
from earnest.consequences.words import OUTCOMES, capabilities_words, thing_words
from earnest.decisions.commands import IN_EFFECT
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict
from earnest.kernel.words import Words
from earnest.notices.commands import NewNotice, notices_send
from earnest.notices.reasoned import Told, reasoned_notice
from earnest.notices.statement import statement
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.ending import restrictions_end
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import restrictions_of_decisions
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import evaluation_of, pack_of_receipt

PROTECTION: Final = "protection"
GOODS: Final = "goods_listing"
GOODS_MEASURES: Final = frozenset({"hide_goods", "ban_goods"})
REPLACED: Final = "replaced"
NOT_A_SANCTION: Final = Words(
    "这是审核期间的保护措施，不是处罚：不计违规分，不计次数",
    "this protects while the report is looked into and is no sanction: it gives no points and "
    "counts as no finding",
)


def last_day(decision: Decision) -> date:
    """Return the last day of a protective measure."""
    return date.fromisoformat(str(decision.receipt["result"]["last_on"]))


def item_of(decision: Decision) -> dict[str, Any]:
    """Return the item of the violation that a protective measure is about."""
    (item,) = decision.receipt["facts"]["items"]
    return dict(item)


def violation_of(decision: Decision) -> str:
    """Return the number of the violation that a decision was made under."""
    return first_period(decision.period).partition(".")[0]


def protection_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Put a protective measure in force until its last day, and tell the party why (S0-2.2.6).

    Raises:
        Conflict: it was agreed to after its last day.
    """
    until = last_day(decision)
    if day_of(now) > until:
        raise Conflict(
            "protection_too_late",
            where=decision.period,
            zh=f"该保护措施的最后一日 {until} 已过，请驳回；仍有必要的，由审核人另行提出。",
            en=f"its last day, {until}, is over: refuse it; a reviewer may propose another",
        )
    release: list[Condition] = [{"kind": "time", "on": (until + timedelta(days=1)).isoformat()}]
    if decision.outcome in GOODS_MEASURES:
        grants = _goods_restricted(decision, release, now)
        measure, goods = OUTCOMES[decision.outcome], thing_words(str(item_of(decision)["thing"]))
        limited = Words(f"{measure.zh}：{goods.zh}", f"{measure.en}: {goods.en}")
    else:
        capabilities, grants = restrict(tenant_id, decision, release, now)
        limited = capabilities_words(capabilities)
    sent = notices_send(tenant_id, [_notice(decision, limited, until)], now)
    return {"restrictions": grants, "notices": [str(each) for each in sent]}


def _goods_restricted(decision: Decision, release: Sequence[Condition], now: datetime) -> list[str]:
    grant = Grant(
        subject_kind=decision.subject_kind,
        subject_id=decision.subject_id,
        measure=decision.outcome,
        capabilities=[GOODS],
        rulebook=decision.rulebook,
        clause=decision.clause,
        decision_id=decision.id,
        release=release,
        object_ref=str(item_of(decision)["thing"]),
    )
    return [str(each) for each in restrictions_grant(decision.tenant_id, [grant], now)]


def _notice(decision: Decision, limited: Words, until: date) -> NewNotice:
    """Say what is protected, why, until when, and how to answer."""
    pack, number, item = (
        pack_of_receipt(decision.receipt),
        violation_of(decision),
        item_of(decision),
    )
    measure, evaluation = OUTCOMES[decision.outcome], evaluation_of(decision.receipt)
    name = pack.texts.get(str(item["violation"]))
    zh, en = (name.zh, name.get("en")) if name else (item["violation"], item["violation"])
    made = reasoned_notice(
        Told(
            subject=decision.subject,
            about=f"decision {decision.id}",
            pack=pack,
            clause=decision.clause,
            decision_id=decision.id,
            title=Words(
                f"审核期间的保护措施：{measure.zh}（{number}）",
                f"Protective measure during a review: {measure.en} ({number})",
            ),
            facts=Words(
                f"涉嫌{zh}（{item['clause_id']}，{item['happened_on']}），尚在审核：{item['why']}",
                f"{en} ({item['clause_id']}, {item['happened_on']}) is being looked into and not "
                f"found yet: {item['why']}",
            ),
            calculation=Words(evaluation.explain("zh"), evaluation.explain("en")),
            effect=Words(
                f"{limited.zh}；{NOT_A_SANCTION.zh}", f"{limited.en}; {NOT_A_SANCTION.en}"
            ),
            release=Words(
                f"最长至 {until}（含当日），届时未作出认定的自动解除；认定不成立的即行解除，"
                "认定成立的由处罚决定取代",
                f"it ends after {until} if nothing is decided by then; at once where the report is "
                "not found; where it is, the sanction takes its place",
            ),
            kind="finding",
            severity="serious",
        )
    )
    return _with_objection(
        made,
        Words(
            f"措施期间可在“违规记录”{number} 页陈述意见并上传证据，审核人可据此提前解除。",
            f"while it lasts, say so on the page of violation {number} and attach your proof; a "
            "reviewer may end it early.",
        ),
    )


def _with_objection(made: NewNotice, objection: Words) -> NewNotice:
    """Return a notice whose statement says how to answer where no ticket is there to appeal."""
    grounds = made.grounds
    if grounds is None:
        return made
    zh = replace(grounds.zh, objection=objection.zh)
    en = replace(grounds.en, objection=objection.en)
    return replace(
        made,
        zh=statement(zh, "zh"),
        en=statement(en, "en"),
        grounds=replace(grounds, zh=zh, en=en),
    )


def protections_of(tenant_id: str, decision_ids: Iterable[object]) -> list[Restriction]:
    """Return what some protective measures restrict now."""
    rows = restrictions_of_decisions(tenant_id, decision_ids)
    return [row for row in rows if row.released_at is None]


def protection_end(
    decision: Decision, because: str, why: Words, now: datetime
) -> list[Restriction]:
    """End a protective measure and tell the party; empty where it was over already.

    Takes:
        because: one word, kept with each row.
        why: the reason in words, up to the list of what is free again.
    """
    ended = restrictions_end(decision.tenant_id, [decision.id], because, now)
    if ended:
        notices_send(decision.tenant_id, [ended_notice(ended, why)], now)
    return ended


def _gives_way(sanction: Decision) -> list[Decision]:
    """Return the protective measures in force for the items that a sanction rests on."""
    positions = {int(each["position"]) for each in sanction.receipt["facts"]["items"]}
    made = Decision.objects.filter(
        tenant_id=sanction.tenant_id,
        subject_kind=sanction.subject_kind,
        subject_id=sanction.subject_id,
        decision=PROTECTION,
        state=IN_EFFECT,
        period__regex=rf"^{violation_of(sanction)}(\.[0-9]+)?$",
    ).order_by("seq")
    own = [each for each in made if int(item_of(each)["position"]) in positions]
    active = {
        row.decision_id for row in protections_of(sanction.tenant_id, [one.id for one in own])
    }
    return [each for each in own if each.id in active]


def replaced_words(sanction: Decision) -> list[Words]:
    """Say which protective measures end as a sanction takes their place."""
    return [
        Words(
            f"审核期间的保护措施（{OUTCOMES[each.outcome].zh}）同时终止，由本决定取代",
            f"the protective measure of the review ({OUTCOMES[each.outcome].en}) ends, and this "
            "takes its place",
        )
        for each in _gives_way(sanction)
    ]


def protections_replace(sanction: Decision, now: datetime) -> None:
    """End the protective measures that a sanction takes the place of, at the same instant.

    The sanction's own notice says so; nothing is free in between.
    """
    ids = [each.id for each in _gives_way(sanction)]
    if ids:
        restrictions_end(sanction.tenant_id, ids, REPLACED, now)
