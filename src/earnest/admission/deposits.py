"""The deposit gate: what must be held before a provider opens, and who opens it (S0-1.1-basis)."""

from datetime import datetime

from django.db import transaction

from earnest.admission.clocks import covered, step_clock
from earnest.admission.completeness import lacking_check
from earnest.admission.filing import (
    DEPOSIT,
    OPENED,
    SYSTEM,
    application_locked,
    application_move,
    application_note,
    decision_of,
    pack_of_application,
    state_required,
)
from earnest.admission.models import Application
from earnest.admission.requirements import ACCEPTED
from earnest.admission.telling import Told, applicant_tell
from earnest.cases.filing import accepted
from earnest.consequences.commands import decide, decision_settle
from earnest.decisions.commands import IN_EFFECT, WAITING, NewDecision
from earnest.deposits.accounts import subject_accounts_open
from earnest.deposits.queries import Position, position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import RuleRefused
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.admitting import NewProvider, provider_open

ADMISSION_PERIOD = "admission"
"""The period of the decision that sets a provider's first deposit, as the monthly cycle has it."""
PERSONS = 2


def deposit_standing(application: Application, now: datetime) -> Position:
    """Return what must be held, and what is, of an application."""
    return position(application.tenant_id, application.subject, day_of(now))


def deposit_require(application: Application, now: datetime) -> None:
    """Set the deposit that the service category asks for; whoever approved the admission says so.

    The monthly cycle sets deposits of providers that have none: it finds this one and goes on.

    Raises:
        RuleRefused: the rulebook has no deposit for the category.
    """
    tenant_id, subject, on = application.tenant_id, application.subject, day_of(now)
    pack = pack_of_application(application)
    subject_accounts_open(tenant_id, [subject], now)
    facts = {
        "assessed_on": max(on, pack.in_force_from()),
        "category": application.service_category,
        "balance_fen": position(tenant_id, subject, on).free_fen,
    }
    evaluation = accepted(pack.evaluate("provider_deposit", facts), application.number)
    wanted = NewDecision(*subject, ADMISSION_PERIOD, evaluation.clauses[0], "set", 0, 1, evaluation)
    for each in decide(tenant_id, [wanted], now):
        if each.state == WAITING:
            approver, reason = _approver(application)
            decision_settle(
                tenant_id, each.id, verdict="approve", actor=approver, reason=reason, now=now
            )
    _deposit_tell(application, now)


def _approver(application: Application) -> tuple[str, str]:
    """Return who approved the admission last, and why; the word covers the deposit too."""
    decision = decision_of(application)
    last = decision.approvals.order_by("-id").first() if decision else None
    return (last.actor, last.reason) if last else (SYSTEM, "standing order")


def _deposit_tell(application: Application, now: datetime) -> None:
    at, on = deposit_standing(application, now), day_of(now)
    due_on = step_clock(pack_of_application(application), DEPOSIT, on, on).due_on
    amount = yuan(at.shortage_fen)
    told = Told(
        f"deposit {application.round}",
        Words(f"请缴纳保证金 {amount} 元", f"Pay the deposit of {amount} yuan"),
        Words(
            f"申请 {application.number} 已通过审核。请在 {due_on} 前缴足保证金 {amount} 元，"
            "到账并经财务确认后开通。",
            f"Application {application.number} is approved. Pay the deposit of {amount} yuan by "
            f"{due_on}; the service opens once finance has confirmed it.",
        ),
        clause="S0-1.1-basis",
        due_on=due_on,
    )
    applicant_tell(application, told, now)


@transaction.atomic
def application_open(tenant_id: str, number: str, actor: str, now: datetime) -> Application:
    """Open a provider: every requirement accepted, two persons agreed, the deposit there.

    From now on it is a provider like any other: its people act for it, and it is assessed.

    Raises:
        Conflict: the application does not wait for its deposit.
        NotFound: there is none.
        RuleRefused: ``evidence_lacking``, ``two_persons_needed`` or ``deposit_short``.
    """
    application = application_locked(tenant_id, number)
    state_required(application, (DEPOSIT,))
    opening_required(application, now)
    new = NewProvider(
        application.provider_id,
        application.name,
        application.entity_name,
        application.service_category,
        application.controller_ref,
    )
    provider = provider_open(tenant_id, new, day_of(now), now)
    application_move(application, OPENED, now)
    application_note(application, OPENED, now, actor=actor)
    told = Told(
        OPENED,
        Words("服务商已开通", "Your service is open"),
        Words(
            f"{provider.name}（{provider.provider_id}）自 {provider.admitted_on} 起入驻货源市场，"
            "可以提供服务，并自本月起接受考核。",
            f"{provider.name} ({provider.provider_id}) takes part in the supply market from "
            f"{provider.admitted_on} on and is assessed from this month on.",
        ),
    )
    applicant_tell(application, told, now)
    return application


def opening_required(application: Application, now: datetime) -> None:
    """Let an application open only when nothing is missing.

    Raises:
        RuleRefused: ``evidence_lacking``, ``two_persons_needed`` or ``deposit_short``.
    """
    lacking_check(application, (ACCEPTED,), now)
    if not two_agreed(application):
        raise RuleRefused(
            "two_persons_needed",
            where=application.number,
            zh="准入须由两人审核同意，不能开通。",
            en="two persons have to agree before it opens",
        )
    at = deposit_standing(application, now)
    if not covered(at):
        raise RuleRefused(
            "deposit_short",
            where=application.number,
            zh=f"应缴保证金 {yuan(at.required_fen)} 元，可用 {yuan(at.free_fen)} 元，"
            f"尚缺 {yuan(at.shortage_fen)} 元，不能开通。",
            en=f"{yuan(at.required_fen)} yuan are required and {yuan(at.free_fen)} are there; "
            f"{yuan(at.shortage_fen)} yuan are missing",
        )


def two_agreed(application: Application) -> bool:
    """Tell whether two persons agreed; a standing order was itself given by two."""
    decision = decision_of(application)
    if decision is None or decision.state != IN_EFFECT:
        return False
    said = decision.approvals.filter(verdict="approve").values_list("actor", flat=True)
    return decision.standing_order_id is not None or len(set(said)) >= PERSONS
