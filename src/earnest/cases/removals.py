"""Harm done by a provider after its removal, filed and decided by two persons (S0-3.2b)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from earnest.cases.filing import Filing, accepted, case_open
from earnest.cases.models import Case
from earnest.consequences.commands import decide
from earnest.decisions.commands import NewDecision
from earnest.deposits.queries import position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, RuleRefused
from earnest.market.queries import provider_get
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for

HARM = "harm"
CLAUSE = "S0-3.2b"
PERSONS = 2


@dataclass(frozen=True)
class HarmFiling:
    """What was found of a removed provider.

    Attributes:
        provider_id: the provider; it has left the market.
        loss_fen: the losses of those who were harmed, together; 0 where none can be named.
        reason: what it did, found by a person.
        actor: who files it.
        evidence: ids of what proves it.
    """

    provider_id: str
    loss_fen: int
    reason: str
    actor: str
    evidence: Sequence[str] = field(default_factory=tuple)


@transaction.atomic
def harm_file(tenant_id: str, filing: HarmFiling, now: datetime) -> Case:
    """File harm done after a removal; with two approvals the whole deposit is taken.

    Raises:
        BadInput: no reason, or a loss below nothing.
        NotFound: there is no such provider.
        RuleRefused: the provider has not left.
    """
    provider = provider_get(tenant_id, filing.provider_id)
    subject, on = ("provider", provider.provider_id), day_of(now)
    where = ":".join(subject)
    if provider.left_on is None or provider.left_on > on:
        raise RuleRefused(
            "provider_not_removed",
            where=where,
            zh="该服务商尚未清退；在市期间的违规请按相应条款处理。",
            en="the provider has not left; what it does in the market falls under other clauses",
        )
    if not filing.reason.strip() or filing.loss_fen < 0:
        raise BadInput(
            "harm_unfounded",
            where=where,
            zh="须写明侵害事实，损失不得小于零。",
            en="say what harm was done; the loss is 0 or more",
        )
    facts = {
        "harmed_on": on,
        "balance_fen": position(tenant_id, subject, on).free_fen,
        "loss_fen": filing.loss_fen,
    }
    pack = pack_for(tenant_id, SUPPLY_MARKET, *subject)
    evaluation = accepted(pack.evaluate("removal_harm", facts), where)
    known = {**facts, "clause": CLAUSE}
    asked = Filing(HARM, subject, known, filing.actor, filing.reason.strip(), filing.evidence)
    case = case_open(tenant_id, asked, now)
    result = evaluation.result
    money = int(str(result["deduct_fen"])) + int(str(result["damages_owed_fen"]))
    wanted = NewDecision(
        *subject, case.number, CLAUSE, "forfeit_deposit", money, PERSONS, evaluation
    )
    decide(tenant_id, [wanted], now)
    return case
