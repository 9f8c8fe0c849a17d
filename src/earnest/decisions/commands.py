"""What is recorded of judgement: findings, decisions in one chain, people's words, orders."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from earnest.decisions.gate import editions_keep, money_must_be_confirmed, moves_money
from earnest.decisions.models import Approval, Decision, Finding, Reversal, StandingOrder
from earnest.kernel.calendar import day_start
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from earnest.kernel.hashing import digest
from earnest.kernel.ids import uuid7_for
from earnest.policy import Evaluation, Receipt
from earnest.postgres.bulk import columns_of, rows_insert
from earnest.rulebooks.packs import pack_of
from earnest.rulebooks.queries import confirmed_keys, unconfirmed_in

WAITING, IN_EFFECT, REFUSED, REVERSED = "waiting", "in_effect", "refused", "reversed"
PROPOSED: Final = "proposed"
GENESIS = "0" * 64

_EFFECTS_NOTE = """
    UPDATE decisions_decision d SET effect = n.effect
    FROM json_to_recordset(%s::json) AS n(id uuid, effect jsonb) WHERE d.id = n.id
"""


@dataclass(frozen=True)
class NewFinding:
    """A figure and what the rule says of it, ready to be recorded."""

    subject_kind: str
    subject_id: str
    period: str
    clause: str
    measure: str
    numerator: int
    denominator: int
    sample: int
    window_from: date
    window_to: date
    status: str
    evaluation: Evaluation


@dataclass(frozen=True)
class NewDecision:
    """An outcome of a policy decision, ready to be recorded.

    Attributes:
        outcome: the choice in one word; a standing order is looked up by it.
        money_fen: what it takes or moves.
        approvals_needed: persons needed where no standing order covers the outcome.
    """

    subject_kind: str
    subject_id: str
    period: str
    clause: str
    outcome: str
    money_fen: int
    approvals_needed: int
    evaluation: Evaluation


def _tenant_lock(tenant_id: str, what: str) -> None:
    """Take the transaction's lock on one thing of one tenant, so that its order is one line."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{what}:{tenant_id}"]
        )


@transaction.atomic
def findings_record(tenant_id: str, findings: Sequence[NewFinding], now: datetime) -> int:
    """Record findings that are not recorded yet; return how many were new."""
    _tenant_lock(tenant_id, "findings")
    receipts = [each.evaluation.receipt() for each in findings]
    editions_keep(receipts, now)
    rows = (
        _finding_row(tenant_id, each, receipt, now)
        for each, receipt in zip(findings, receipts, strict=True)
    )
    return rows_insert(Finding, rows, ignore_conflicts=True)


def _finding_row(
    tenant_id: str, new: NewFinding, receipt: Receipt, now: datetime
) -> dict[str, Any]:
    key = (new.subject_kind, new.subject_id, new.period, new.clause, new.measure)
    return {
        "id": uuid7_for(now, tenant_id, "finding", *key),
        "tenant_id": tenant_id,
        "rulebook": receipt.rulebook,
        "decision": receipt.decision,
        "subject_kind": new.subject_kind,
        "subject_id": new.subject_id,
        "period": new.period,
        "clause": new.clause,
        "measure": new.measure,
        "numerator": new.numerator,
        "denominator": new.denominator,
        "sample": new.sample,
        "window_from": new.window_from,
        "window_to": new.window_to,
        "status": new.status,
        "governing_on": new.evaluation.governing_on,
        "receipt": receipt.as_dict(),
        "made_at": now,
    }


def orders_in_force(tenant_id: str, on: date) -> dict[tuple[str, str, str], StandingOrder]:
    """Return the standing orders of a day by rulebook, decision and outcome, the newest holding."""
    return {
        (order.rulebook, order.decision, outcome): order
        for order in StandingOrder.objects.filter(tenant_id=tenant_id, from_on__lte=on).order_by(
            "from_on", "id"
        )
        if order.until_on is None or on <= order.until_on
        for outcome in order.outcomes
    }


def standing_order_give(
    tenant_id: str,
    *,
    rulebook: str,
    decision: str,
    outcomes: Sequence[str],
    note: str,
    ordered_by: str,
    approved_by: str,
    from_on: date,
) -> StandingOrder:
    """Record that outcomes of a decision take effect without a person each time.

    Raises:
        NotAllowed: when the same person orders and approves.
        BadInput: when the rulebook has no such decision.
    """
    if ordered_by == approved_by:
        raise NotAllowed(
            "second_person_needed",
            where=decision,
            zh="长期指令须由另一人批准，不能由下令人自己批准。",
            en="a standing order must be approved by a second person",
        )
    if decision not in pack_of(rulebook).decisions:
        raise BadInput(
            "unknown_decision",
            where=f"{rulebook}/{decision}",
            zh=f"规则包“{rulebook}”没有“{decision}”这个判定。",
            en=f"the rulebook {rulebook!r} has no decision {decision!r}",
        )
    order, _ = StandingOrder.objects.get_or_create(
        id=uuid7_for(day_start(from_on), tenant_id, "order", rulebook, decision, *outcomes),
        defaults={
            "tenant_id": tenant_id,
            "rulebook": rulebook,
            "decision": decision,
            "outcomes": list(outcomes),
            "note": note,
            "ordered_by": ordered_by,
            "approved_by": approved_by,
            "from_on": from_on,
        },
    )
    return order


def _chain_head(tenant_id: str) -> tuple[int, str]:
    last = (
        Decision.objects.filter(tenant_id=tenant_id)
        .order_by("-seq")
        .values_list("seq", "chain_hash")
        .first()
    )
    return last or (0, GENESIS)


def chain_hash(previous: str, decision: Decision) -> str:
    """Return the hash that ties a decision to the one before it."""
    return digest(
        [
            previous, decision.seq, str(decision.id), decision.subject_kind, decision.subject_id,
            decision.period, decision.clause, decision.outcome, decision.money_fen,
            decision.receipt,
        ]
    )  # fmt: skip


@transaction.atomic
def decisions_record(
    tenant_id: str, decisions: Iterable[NewDecision], now: datetime, on: date
) -> list[Decision]:
    """Record decisions that are not recorded yet, in one chain, and return the new ones.

    A decision whose outcome a standing order covers is in effect at once; any other waits for
    the persons it needs. An outcome that does nothing (``approvals_needed`` 0) is in effect.
    A standing order covers nothing that rests on an assumed value that nobody has confirmed.

    Raises:
        RuleRefused, NotFound: a decision rests on a draft, or on a text that is no edition.
    """
    _tenant_lock(tenant_id, "decisions")
    new = list(decisions)
    orders = orders_in_force(tenant_id, on)
    known = _known(tenant_id, new)
    receipts = [each.evaluation.receipt() for each in new]
    editions_keep(receipts, now)
    confirmed = confirmed_keys(tenant_id)
    seq, previous = _chain_head(tenant_id)
    rows: list[Decision] = []
    for each, receipt in zip(new, receipts, strict=True):
        rulebook, name = receipt.rulebook, receipt.decision
        key = (rulebook, name, each.subject_kind, each.subject_id, each.period)
        if key in known:
            continue
        known.add(key)
        seq += 1
        row = _row(tenant_id, each, receipt, now)
        open_values = unconfirmed_in(row.receipt, row.trace, confirmed)
        order = None if open_values else orders.get((rulebook, name, each.outcome))
        held = bool(open_values) and moves_money(each.outcome, each.money_fen)
        at_once = order is not None or (each.approvals_needed == 0 and not held)
        row.seq, row.previous_hash, row.standing_order = seq, previous, order
        row.state, row.settled_at = (IN_EFFECT, now) if at_once else (WAITING, None)
        row.approvals_needed = 0 if at_once else max(1, each.approvals_needed)
        row.chain_hash = previous = chain_hash(previous, row)
        rows.append(row)
    rows_insert(Decision, (columns_of(row) for row in rows))
    for row in rows:
        row._state.adding = False  # noqa: SLF001 - Django's public name for it
    return rows


def _known(tenant_id: str, wanted: Sequence[NewDecision]) -> set[tuple[str, str, str, str, str]]:
    """Return the keys that are recorded, of the subjects and periods that are wanted."""
    found = Decision.objects.filter(
        tenant_id=tenant_id,
        subject_kind__in={each.subject_kind for each in wanted},
        subject_id__in={each.subject_id for each in wanted},
        period__in={each.period for each in wanted},
    )
    return set(found.values_list("rulebook", "decision", "subject_kind", "subject_id", "period"))


def _row(tenant_id: str, new: NewDecision, receipt: Receipt, now: datetime) -> Decision:
    """Return a decision's row without its place in the chain and without its state."""
    key = (receipt.rulebook, receipt.decision, new.subject_kind, new.subject_id, new.period)
    return Decision(
        id=uuid7_for(now, tenant_id, "decision", *key),
        tenant_id=tenant_id,
        rulebook=receipt.rulebook,
        decision=receipt.decision,
        subject_kind=new.subject_kind,
        subject_id=new.subject_id,
        period=new.period,
        clause=new.clause,
        modality=new.evaluation.modality,
        outcome=new.outcome,
        money_fen=new.money_fen,
        governing_on=new.evaluation.governing_on,
        made_at=now,
        receipt=receipt.as_dict(),
        trace=new.evaluation.trace,
    )


def decision_locked(tenant_id: str, decision_id: UUID) -> Decision:
    """Return a decision with its row locked for this transaction.

    Raises:
        NotFound: when there is no such decision.
    """
    decision = (
        Decision.objects.select_for_update().filter(tenant_id=tenant_id, id=decision_id).first()
    )
    if decision is None:
        raise NotFound(
            "unknown_decision",
            where=str(decision_id),
            zh="没有这个决定。",
            en="there is no such decision",
        )
    return decision


@transaction.atomic
def verdict_give(
    tenant_id: str, decision_id: UUID, *, verdict: str, actor: str, reason: str, now: datetime
) -> tuple[Decision, bool]:
    """Record one person's word on a waiting decision; tell whether it now takes effect.

    One refusal ends the matter; approvals add up to the persons needed, each a different one.

    Raises:
        BadInput: no reason, or a verdict other than approve and refuse.
        Conflict: the decision does not wait any more.
        NotAllowed: this person has spoken on it before.
        RuleRefused: an approval of money that rests on an assumed value nobody has confirmed.
    """
    _check_word(verdict, reason, decision_id)
    decision = decision_locked(tenant_id, decision_id)
    if decision.state != WAITING:
        raise Conflict(
            "decision_settled", where=str(decision_id),
            zh="这个决定已经处理完毕，不能再次处理；请刷新页面。",
            en="this decision is settled already; reload the page",
        )  # fmt: skip
    said = dict(decision.approvals.values_list("actor", "verdict"))
    if actor in said:
        raise NotAllowed(
            "second_person_needed", where=str(decision_id),
            zh="您已表态；涉及资金或清退的决定须由另一人复核。",
            en="you have spoken on this decision; another person has to agree",
        )  # fmt: skip
    if verdict == "approve":
        money_must_be_confirmed(decision)
    Approval.objects.create(
        decision=decision, tenant_id=tenant_id, actor=actor, verdict=verdict,
        reason=reason.strip(), at=now,
    )  # fmt: skip
    if verdict == "refuse":
        decision.state, decision.settled_at = REFUSED, now
        decision.save(update_fields=["state", "settled_at"])
        return decision, False
    agreed = 1 + sum(each == "approve" for each in said.values())
    enough = agreed >= decision.approvals_needed
    if enough:
        decision.state, decision.settled_at = IN_EFFECT, now
        decision.save(update_fields=["state", "settled_at"])
    return decision, enough


def proposal_note(decision: Decision, actor: str, reason: str, now: datetime) -> None:
    """Note who proposed a waiting decision without a right to decide.

    The word does not count as an approval. It keeps this person from being one of those who agree,
    also where it may decide later on.
    """
    Approval.objects.get_or_create(
        decision=decision,
        actor=actor,
        defaults={
            "tenant_id": decision.tenant_id, "verdict": PROPOSED, "reason": reason.strip(),
            "at": now,
        },
    )  # fmt: skip


def _check_word(verdict: str, reason: str, decision_id: UUID) -> None:
    if verdict not in {"approve", "refuse"}:
        raise BadInput(
            "unknown_verdict", where=verdict,
            zh="只能选择同意（approve）或驳回（refuse）。",
            en="the verdict is approve or refuse",
        )  # fmt: skip
    if not reason.strip():
        raise BadInput(
            "reason_missing", where=str(decision_id),
            zh="请写明理由：同意或驳回都必须有理由。",
            en="write a reason: an approval or a refusal needs one",
        )  # fmt: skip


@dataclass(frozen=True)
class Undoing:
    """Why a decision is reversed.

    Attributes:
        because: ``appeal`` or ``rested_on``.
        reference: number of the appeal behind it.
        actor: who decided so.
        note: the reason, which must not be empty.
    """

    because: str
    reference: str
    actor: str
    note: str


def reversal_record(
    decision: Decision, undoing: Undoing, effect: dict[str, Any], now: datetime
) -> Reversal:
    """Note that a decision in effect is reversed; call it with the decision's row locked.

    Raises:
        Conflict: the decision is not in effect.
        BadInput: no reason is given.
    """
    if decision.state != IN_EFFECT:
        raise Conflict(
            "decision_not_in_effect", where=str(decision.id),
            zh="该决定未在生效中，无法撤销；请刷新页面查看其状态。",
            en="the decision is not in effect, so there is nothing to reverse; reload the page",
        )  # fmt: skip
    if not undoing.note.strip():
        raise BadInput(
            "reason_missing", where=str(decision.id),
            zh="请写明撤销的理由。", en="write the reason why it is reversed",
        )  # fmt: skip
    decision.state = REVERSED
    decision.save(update_fields=["state"])
    return Reversal.objects.create(
        decision=decision, tenant_id=decision.tenant_id, because=undoing.because,
        reference=undoing.reference, actor=undoing.actor, note=undoing.note.strip(),
        effect=effect, at=now,
    )  # fmt: skip


def effect_note(decision: Decision, effect: dict[str, Any]) -> None:
    """Write on a decision what took effect: ids of grants, transfers and notices."""
    decision.effect = effect
    decision.save(update_fields=["effect"])


def effects_note(effects: Sequence[tuple[Decision, dict[str, Any]]]) -> None:
    """Write on many decisions what took effect, in one statement."""
    if not effects:
        return
    for decision, effect in effects:
        decision.effect = effect
    rows = [{"id": str(decision.id), "effect": effect} for decision, effect in effects]
    with connection.cursor() as cursor:
        cursor.execute(_EFFECTS_NOTE, [json.dumps(rows, ensure_ascii=False)])
