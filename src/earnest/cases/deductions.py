"""Deductions: filed with their ground and amount, reviewed by another person, then decided (S3-4).

Nothing is taken before a review has found one of the grounds a to h. A review that confirms it
records three decisions under the number of the case: the finding, the amount and the recovery; the
last one waits for two persons, and its effect begins to take the money.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from earnest.cases.deduction_basis import (
    AMOUNT,
    Basis,
    amount_due,
    amount_evaluated,
    basis_kept,
)
from earnest.cases.filing import Filing, accepted, case_close, case_get, case_open, entry_add
from earnest.cases.models import Case
from earnest.consequences.commands import decide
from earnest.consequences.recoveries import OUTCOME_MODES
from earnest.decisions.commands import NewDecision
from earnest.decisions.models import Decision
from earnest.deposits.models import Recovery
from earnest.deposits.queries import position
from earnest.deposits.recoveries import MODES, recovery_get, recovery_stop
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed
from earnest.market.queries import Subject, shop_get
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for

DEDUCTION: Final = "deduction"
PERSONS: Final = 2
OUTCOME_OF: Final = {mode: outcome for outcome, mode in OUTCOME_MODES.items()}
FILED, REFUSED, WAITING, OPEN, SETTLED, STOPPED, REVERSED = (
    "filed", "refused", "waiting", "open", "settled", "stopped", "reversed",
)  # fmt: skip
STATES: Final = (FILED, WAITING, OPEN, SETTLED, STOPPED, REFUSED, REVERSED)


@dataclass(frozen=True)
class DeductionFiling:
    """What is asked for: an amount to be taken from a shop for a breach.

    Attributes:
        subject: the shop, as ("shop", id).
        ground: one of the table ``deduction_grounds``, such as ``unfit_goods``.
        breached_on: the day of the breach; its edition of the rule judges.
        basis: what the amount is computed from, see :func:`basis_read`.
        mode: ``partial`` takes what is there and tries again; ``unsplit`` waits for all of it.
        advances: whether the platform pays at once what the deposit does not cover (S3-5.3b).
        actor: who asks; another person reviews.
        note: what happened, for the reviewer; needed where the basis is a bare amount.
        evidence: ids of what proves it.
    """

    subject: Subject
    ground: str
    breached_on: date
    basis: Basis
    mode: str
    advances: bool
    actor: str
    note: str = ""
    evidence: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Deduction:
    """Where a deduction stands. Amounts are fen.

    Attributes:
        state: filed (waits for its review), waiting (for approvals), open (being recovered),
            settled, stopped, refused by reviewer or approvers, or reversed after an appeal.
        amount_fen: what is due, as the review computed it; before it, as computed on filing.
        recovery: how far it has come; None before it took effect.
        rest_fen: what is still to come; nothing of what was reversed.
    """

    case: Case
    state: str
    amount_fen: int
    decision: Decision | None
    recovery: Recovery | None
    rest_fen: int


@transaction.atomic
def deduction_file(tenant_id: str, filing: DeductionFiling, now: datetime) -> Case:
    """Ask for a deduction. Nobody's money moves before its review and two approvals.

    The amount is computed once, so that what the pack refuses is known at once.

    Clauses: S3-4.1 to S3-4.1h, S3-4.2a.

    Raises:
        BadInput: no shop, an unknown mode, a breach still to come, or a bare amount without a note.
        NotFound: there is no such shop.
        RuleRefused: the pack knows no such ground or failure, or no rule of that day.
    """
    where = ":".join(filing.subject)
    _filing_check(tenant_id, filing, day_of(now), where)
    pack = pack_for(tenant_id, SHOP_DEPOSIT, *filing.subject)
    facts: dict[str, Any] = {
        "ground": filing.ground,
        "breached_on": filing.breached_on,
        "basis": filing.basis.as_dict(),
        "mode": filing.mode,
        "advances": filing.advances,
    }
    accepted(_found(pack, filing.ground, filing.breached_on), where)
    amount = _amount(pack, filing.basis, filing.breached_on, day_of(now))
    facts["amount_fen"] = amount_due(filing.basis, amount and accepted(amount, where))
    if not facts["amount_fen"]:
        raise _bad("nothing_due", where, "应扣金额为零。", "nothing is due")
    return case_open(
        tenant_id,
        Filing(DEDUCTION, filing.subject, facts, filing.actor, filing.note, filing.evidence),
        now,
    )


def _filing_check(tenant_id: str, filing: DeductionFiling, on: date, where: str) -> None:
    if filing.subject[0] != "shop":
        raise _bad(
            "not_a_shop", where,
            "本规则只适用于店铺；服务商的罚没依其处罚阶梯。",
            "this rule is for shops; providers are fined by their ladder",
        )  # fmt: skip
    shop_get(tenant_id, filing.subject[1])
    if filing.mode not in MODES:
        raise _bad(
            "unknown_mode", filing.mode,
            f"扣划方式只能是 {'、'.join(MODES)}。", f"the mode is one of {', '.join(MODES)}",
        )  # fmt: skip
    if filing.breached_on > on:
        raise _bad(
            "breach_to_come", str(filing.breached_on),
            "违反日不能晚于今天。", "the day of the breach is not after today",
        )  # fmt: skip
    if filing.basis.kind == AMOUNT and not filing.note.strip():
        raise _bad(
            "note_missing", "note",
            "直接填写金额的，须写明金额由何而来。",
            "an amount that is not computed needs a note of where it comes from",
        )  # fmt: skip


def _bad(code: str, where: str, zh: str, en: str) -> BadInput:
    return BadInput(code, where=where, zh=zh, en=en)


def _found(pack: Pack, ground: str, breached_on: date) -> Evaluation:
    facts = {"breached_on": breached_on, "ground": ground, "is_reviewed": True}
    return pack.evaluate("deduction_ground", facts)


def _amount(pack: Pack, basis: Basis, breached_on: date, found_on: date) -> Evaluation | None:
    if basis.kind == AMOUNT:
        return None
    return amount_evaluated(pack, basis, breached_on, found_on)


@transaction.atomic
def deduction_review(
    tenant_id: str, number: str, *, confirmed: bool, actor: str, note: str, now: datetime
) -> Case:
    """Confirm the ground of a deduction or refuse it (S3-4.1); another person than who filed it.

    Confirmed, the finding, the amount and the recovery with its split as of now are recorded, and
    the recovery waits for two persons. Refused, the case is closed.

    Raises:
        BadInput: no note, or the case is no deduction.
        Conflict: it was reviewed before.
        NotAllowed: this person filed it.
        NotFound: there is no such case.
        RuleRefused: the pack refuses to judge the facts.
    """
    case = _locked(tenant_id, number)
    if not note.strip():
        raise _bad(
            "reason_missing", number, "请写明审核意见。", "write what the review found, and why"
        )
    if case.closed_at is not None or case.entries.filter(what="confirmed").exists():
        raise Conflict(
            "case_reviewed",
            where=number,
            zh="该事项已经审核，不能再次审核。",
            en="the case was reviewed already",
        )
    if actor == case.opened_by:
        raise NotAllowed(
            "second_person_needed",
            where=number,
            zh="提出扣划的人不能审核它；请由另一人审核。",
            en="who files a deduction does not review it; another person has to",
        )
    if not confirmed:
        case_close(case, REFUSED, now, actor=actor, note=note.strip())
        return case
    entry_add(case, "confirmed", now, actor=actor, note=note.strip())
    decide(tenant_id, _decisions(tenant_id, case, day_of(now)), now)
    return case


def _locked(tenant_id: str, number: str) -> Case:
    case = Case.objects.select_for_update().get(id=case_get(tenant_id, number).id)
    if case.kind != DEDUCTION:
        raise _bad("not_a_deduction", number, "该事项不是扣划。", "this case is no deduction")
    return case


def _decisions(tenant_id: str, case: Case, on: date) -> list[NewDecision]:
    """Return the finding, the amount where it is computed, and the recovery of a case."""
    subject = (case.subject_kind, case.subject_id)
    pack = pack_for(tenant_id, SHOP_DEPOSIT, *subject)
    breached_on = date.fromisoformat(case.facts["breached_on"])
    basis = basis_kept(case.facts["basis"])
    found = accepted(_found(pack, case.facts["ground"], breached_on), case.number)
    amount = _amount(pack, basis, breached_on, on)
    due_fen = amount_due(basis, amount and accepted(amount, case.number))
    at = position(tenant_id, subject, on)
    split = {
        "breached_on": breached_on,
        "amount_fen": due_fen,
        "balance_fen": at.free_fen,
        "paid_by_merchant_fen": 0,
        "is_slow": case.facts["advances"],
        "proceeds_fen": at.proceeds_fen,
    }
    recovery = accepted(pack.evaluate("recovery", split), case.number)
    made = [NewDecision(*subject, case.number, found.clause, "found", 0, 0, found)]
    if amount is not None:
        made.append(NewDecision(*subject, case.number, amount.clause, "assessed", 0, 0, amount))
    # The ground is the clause of what is taken for others; the platform takes its loss by S3-4.2a.
    clause = recovery.clause if found.result["beneficiary"] == "platform" else found.clause
    outcome = OUTCOME_OF[case.facts["mode"]]
    made.append(NewDecision(*subject, case.number, clause, outcome, due_fen, PERSONS, recovery))
    return made


@transaction.atomic
def deduction_stop(tenant_id: str, number: str, *, actor: str, note: str, now: datetime) -> Case:
    """Stop taking what is still to come of a deduction, and close its case.

    Raises:
        BadInput: no note, or the case is no deduction.
        Conflict: its recovery has ended.
        NotFound: there is no such case, or nothing is recovered for it.
    """
    case = _locked(tenant_id, number)
    recovery_stop(tenant_id, recovery_get(tenant_id, number).id, note.strip(), now)
    case_close(case, "withdrawn", now, actor=actor, note=note.strip())
    return case


def deduction_get(tenant_id: str, number: str) -> Deduction:
    """Return where a deduction stands.

    Raises:
        BadInput: the case is no deduction.
        NotFound: there is no such case.
    """
    case = case_get(tenant_id, number)
    if case.kind != DEDUCTION:
        raise _bad("not_a_deduction", number, "该事项不是扣划。", "this case is no deduction")
    return _standings([case])[0]


def deductions(tenant_id: str, *, subject: Subject | None = None) -> list[Deduction]:
    """Return the deductions of one shop or of all, the newest first."""
    rows = Case.objects.filter(tenant_id=tenant_id, kind=DEDUCTION)
    if subject is not None:
        rows = rows.filter(subject_kind=subject[0], subject_id=subject[1])
    return _standings(list(rows.order_by("-number")))


def _standings(cases: Sequence[Case]) -> list[Deduction]:
    numbers = [case.number for case in cases]
    tenants = {case.tenant_id for case in cases}
    decided = {
        row.period: row
        for row in Decision.objects.filter(
            tenant_id__in=tenants, decision="recovery", period__in=numbers
        )
    }
    begun = {
        row.case_number: row
        for row in Recovery.objects.filter(
            tenant_id__in=tenants, case_number__in=numbers
        ).prefetch_related("steps")
    }
    return [_standing(case, decided.get(case.number), begun.get(case.number)) for case in cases]


def _standing(case: Case, decision: Decision | None, recovery: Recovery | None) -> Deduction:
    amount_fen = decision.money_fen if decision else int(case.facts["amount_fen"])
    if recovery is not None:
        taken_fen = sum(step.amount_fen for step in recovery.steps.all())
        rest_fen = 0 if recovery.state == REVERSED else amount_fen - taken_fen
        return Deduction(case, recovery.state, amount_fen, decision, recovery, rest_fen)
    if decision is not None:
        state = REFUSED if decision.state == "refused" else WAITING
    else:
        state = REFUSED if case.closed_at else FILED
    return Deduction(case, state, amount_fen, decision, None, amount_fen)
