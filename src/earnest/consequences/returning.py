"""A provider that is back because its removal was reversed: its deposit is asked for again.

Winding down ends with the deposit paid back, and from then on nothing is required. Who comes back
after that holds the deposit of its service category again, as on admission: it is told how much by
when, and is frozen until it is there. What runs goes on (S0-1.1-basis).
"""

from datetime import datetime
from typing import Final

from django.db import transaction

from earnest.consequences.basis import TOPPED_UP, restrict
from earnest.consequences.commands import decide, decision_settle
from earnest.decisions.commands import WAITING, NewDecision, Undoing, effect_note, verdict_give
from earnest.decisions.models import Decision
from earnest.deposits.commands import shortages_review
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position, position, requirements_on
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import RuleRefused
from earnest.kernel.money import yuan
from earnest.market.queries import Subject, provider_get
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for

DEPOSIT: Final = "provider_deposit"
REFUND: Final = "exit_conditions"
ON_ADMISSION: Final = "admission"
GATE: Final = "freeze"
GRACE_DAYS: Final = "top_up_grace_days"


def deposit_asked_again(
    tenant_id: str, subject: Subject, undoing: Undoing, now: datetime
) -> Decision | None:
    """Ask a provider that is back for its deposit, where it was paid back; once per reversal.

    A refund that still waits for people is refused, so that nothing is paid back any more. Whoever
    reversed the removal says so; where that is not enough, the requirement waits for a person, and
    the provider stays frozen meanwhile.

    Returns:
        The decision that sets the deposit; None where one is required all the time.
    """
    _refunds_refused(tenant_id, subject, undoing, now)
    standing = requirements_on(tenant_id, day_of(now), subject[0], {subject[1]}).get(subject)
    if standing is None or standing.required_fen:
        return None
    pack, on = pack_for(tenant_id, SUPPLY_MARKET, *subject), day_of(now)
    facts = {
        "assessed_on": max(on, pack.in_force_from()),
        "category": provider_get(tenant_id, subject[1]).service_category,
        "balance_fen": position(tenant_id, subject, on).free_fen,
    }
    evaluation = pack.evaluate(DEPOSIT, facts)
    if evaluation.refusal is not None:
        return None
    clause = evaluation.clauses[0]
    wanted = NewDecision(*subject, undoing.reference, clause, "set", 0, 1, evaluation)
    for decision in decide(tenant_id, [wanted], now):
        _approved(decision, undoing, now)
        decision.refresh_from_db()
        _gate_shut(decision, undoing, now)
        return decision
    return None


def returns_unset(tenant_id: str) -> set[Subject]:
    """Return the providers whose deposit on coming back waits for a person: none has it yet."""
    rows = Decision.objects.filter(tenant_id=tenant_id, decision=DEPOSIT, state=WAITING)
    asked = rows.exclude(period=ON_ADMISSION).values_list("subject_kind", "subject_id")
    return set(asked)


def _refunds_refused(tenant_id: str, subject: Subject, undoing: Undoing, now: datetime) -> None:
    for decision in Decision.objects.filter(
        tenant_id=tenant_id, decision=REFUND, subject_kind=subject[0], subject_id=subject[1],
        state=WAITING,
    ):  # fmt: skip
        verdict_give(
            tenant_id, decision.id, verdict="refuse", actor=undoing.actor, reason=undoing.note,
            now=now,
        )  # fmt: skip


def _approved(decision: Decision, undoing: Undoing, now: datetime) -> None:
    """Let the word of whoever reversed the removal count for the deposit that follows from it."""
    if decision.state != WAITING:
        return
    reason = (
        f"清退已撤销（{undoing.reference}），恢复入驻须重新缴存 / "
        f"the removal was reversed ({undoing.reference}), so the deposit is due again"
    )
    try:
        with transaction.atomic():
            decision_settle(
                decision.tenant_id, decision.id, verdict="approve", actor=undoing.actor,
                reason=reason, now=now,
            )  # fmt: skip
    except RuleRefused:  # it rests on a sample that nobody has confirmed: a person has to
        return


def _gate_shut(decision: Decision, undoing: Undoing, now: datetime) -> None:
    """Freeze whoever does not hold its deposit yet, and say how much is to be paid in by when."""
    tenant_id, subject, on = decision.tenant_id, decision.subject, day_of(now)
    at = position(tenant_id, subject, on)
    if decision.state != WAITING and not at.shortage_fen:
        return
    _, grants = restrict(tenant_id, decision, [TOPPED_UP], now, measure=GATE)
    pack = pack_for(tenant_id, SUPPLY_MARKET, *subject)
    days = int(pack.parameter(GRACE_DAYS, on=max(on, pack.in_force_from())))
    review = shortages_review(tenant_id, [subject], {subject[0]: days}, now)
    sent = notices_send(
        tenant_id, [_notice(row, standing, undoing) for row, standing in review.opened], now
    )
    told = [*decision.effect.get("notices", []), *(str(each) for each in sent)]
    effect_note(decision, decision.effect | {"restrictions": grants, "notices": told})


def _notice(row: Shortage, at: Position, undoing: Undoing) -> NewNotice:
    required, free, missing = yuan(at.required_fen), yuan(at.free_fen), yuan(at.shortage_fen)
    return NewNotice(
        *(row.subject_kind, row.subject_id),
        about=f"shortage {row.id}",
        kind="shortage",
        severity="warning",
        clause=row.clause,
        decision_id=row.decision_id,
        zh=Message(
            f"恢复入驻：请于 {row.due_on} 前缴存保证金 {missing} 元",
            f"清退已撤销（{undoing.reference}），您恢复服务商资格；收尾时保证金已退还，须重新缴存。"
            f"应缴 {required} 元，可用余额 {free} 元，缺口 {missing} 元，"
            f"请在 {row.due_on}（含当日）前补足。补足前服务冻结：不展示、不接新订购与续订，"
            "已订购的商家照常使用；补足后自动解除。",
        ),
        en=Message(
            f"You are back: pay in {missing} yuan of deposit by {row.due_on}",
            f"Your removal was reversed ({undoing.reference}) and you take part again; the deposit "
            f"was paid back when you wound down, so it is due anew. Required {required} yuan, free "
            f"balance {free} yuan, missing {missing} yuan: please pay in by {row.due_on} (that day "
            "included). Until then the service is frozen: not shown, no new orders and no "
            "renewals; merchants go on using what they have. It ends by itself once you have paid.",
        ),
        due_on=row.due_on,
    )
