"""Providers that leave of their own wish: conditions, two persons, refund (S0-3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.cases.checks import Check, CheckRow, check_rows
from earnest.cases.exit_facts import DATA, ENTERED
from earnest.cases.filing import Filing, accepted, case_open
from earnest.cases.models import Case
from earnest.cases.withdrawals import account_words
from earnest.consequences.commands import decide
from earnest.consequences.exits import decisions_waiting, payment_back, recoveries_open_fen
from earnest.decisions.commands import NewDecision
from earnest.decisions.precedents import subjects_waiting
from earnest.deposits.queries import position
from earnest.feed.queries import completeness
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict, RuleRefused
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.closing_facts import Dispute, provider_disputes
from earnest.market.queries import Subject, provider_get
from earnest.policy import Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for
from earnest.tickets.queries import charges_to_come_fen, tickets_appealed

EXIT = "exit"
DECISION = "exit_conditions"
CLAUSE = "S0-3.3"
PERSONS = 2
DISPUTES = "case_event"
"""The stream of the feed that tells of disputes."""


@dataclass(frozen=True)
class ProviderExitFiling:
    """What a provider that leaves is judged by, as far as no data tells it.

    Attributes:
        actor: who asks.
        on_sale: services that are still on sale.
        running: subscriptions that still run.
        disputes: disputes of which the feed does not tell; used where it tells of none at all.
        reason: why it leaves; may be empty.
        matters_open: violations under review, which other rooms know of.
    """

    actor: str
    on_sale: int
    running: int
    disputes: Sequence[Dispute] = ()
    reason: str = ""
    matters_open: int = 0


def provider_exit_check(
    tenant_id: str, provider_id: str, filing: ProviderExitFiling, now: datetime
) -> Check:
    """Return each condition of a provider's exit as a row, and what would be refunded.

    Whoever owes pays first: a claim is a red row and is not set off here (S0-3.3). The last row is
    not of the rule: what goes back needs an account that may be paid to, or a payment to reverse.

    Raises:
        NotFound: there is no such provider.
        RuleRefused: the rule was not in force.
    """
    provider_get(tenant_id, provider_id)
    subject, on = ("provider", provider_id), day_of(now)
    at = position(tenant_id, subject, on)
    told = provider_disputes(tenant_id, provider_id, now)
    disputes = list(filing.disputes) if told is None else told
    recovering = recoveries_open_fen(tenant_id, subject)
    coming = charges_to_come_fen(tenant_id, subject)
    appealed = tickets_appealed(tenant_id, subject)
    contested = sum(each.last_open_on >= on for each in disputes)
    contested += appealed + filing.matters_open + decisions_waiting(tenant_id, subject)
    facts = {
        "applied_on": on,
        "on_sale": filing.on_sale,
        "running": filing.running,
        "claims_open": contested,
        "debts_open": sum(fen > 0 for fen in (at.claim_fen, recovering, at.held_fen, coming)),
        "disputes": [vars(each) for each in disputes],
    }
    pack = pack_for(tenant_id, SUPPLY_MARKET, *subject)
    evaluation = accepted(pack.evaluate(DECISION, facts), ":".join(subject))
    counted = int(str(evaluation.result["disputes_in_month"]))
    figures = {
        "nothing_on_sale": Words(f"在售服务 {filing.on_sale}", f"{filing.on_sale} on sale"),
        "nothing_running": Words(f"未到期订购 {filing.running}", f"{filing.running} running"),
        "nothing_claimed": Words(
            f"未结纠纷、申诉、审核中的违规与待批决定共 {contested} 件",
            f"{contested} dispute(s), appeal(s), violation(s) or decision(s) under way",
        ),
        "nothing_owed": Words(
            f"欠款 {yuan(at.claim_fen)} 元，追偿中 {yuan(recovering)} 元，"
            f"扣留中 {yuan(at.held_fen)} 元，处罚待扣 {yuan(coming)} 元",
            f"{yuan(at.claim_fen)} yuan owed, {yuan(recovering)} being recovered, "
            f"{yuan(at.held_fen)} held, {yuan(coming)} of tickets still to be taken",
        ),
        "quiet_month": _quiet_words(tenant_id, counted, now),
    }
    payable = _payable_row(tenant_id, subject, pack, at.free_fen)
    allowed = bool(evaluation.result["allowed"]) and payable.holds
    sources = dict.fromkeys(facts, DATA) | dict.fromkeys(("on_sale", "running"), ENTERED)
    sources["disputes"] = ENTERED if told is None else DATA
    amount = at.free_fen if allowed else 0
    rows = (*check_rows(evaluation, figures), payable)
    return Check(rows, allowed, amount, evaluation, sources)


def _payable_row(tenant_id: str, subject: Subject, pack: Pack, amount_fen: int) -> CheckRow:
    """Say where the deposit goes back to; the two who approve must not be the first to ask."""
    if amount_fen <= 0:
        holds, said = True, Words("没有余款需要退还", "there is nothing to pay back")
    elif number := payment_back(tenant_id, subject, pack, amount_fen):
        holds, said = True, Words(f"按原路退回 {number}", f"by the original route, {number}")
    else:
        holds, said = account_words(tenant_id, subject)
    return CheckRow(
        name="account_named",
        holds=holds,
        title_zh="有可收款的账户",
        title_en="an account that may be paid to",
        zh=said.zh,
        en=said.en,
        clause=CLAUSE,
    )


def _quiet_words(tenant_id: str, counted: int, now: datetime) -> Words:
    """Say how many disputes count, and how far the feed tells of any: the month is quiet so far."""
    marks = [each.latest_event_at for each in completeness(tenant_id, [DISPUTES])]
    days = [min(day_of(each), day_of(now)) for each in marks if each is not None]
    zh, en = f"一个月内纠纷 {counted} 件", f"{counted} dispute(s) in the month"
    if not days:
        return Words(
            f"{zh}（数据源没有纠纷数据，须由审核人员核实）",
            f"{en} (the feed has no disputes at all: a reviewer has to look)",
        )
    return Words(f"{zh}（数据截至 {max(days)}）", f"{en} (as told until {max(days)})")


@transaction.atomic
def provider_exit_ask(
    tenant_id: str, provider_id: str, filing: ProviderExitFiling, now: datetime
) -> Case:
    """Ask to leave the market; with two approvals the provider is out and its deposit paid back.

    Raises:
        Conflict: it has left, or its exit waits already.
        NotFound: there is no such provider.
        RuleRefused: ``exit_not_allowed``, with the conditions that do not hold.
    """
    provider = provider_get(tenant_id, provider_id)
    if provider.left_on is not None or provider_id in subjects_waiting(tenant_id, DECISION):
        raise Conflict(
            "provider_leaving",
            where=f"provider:{provider_id}",
            zh="该服务商已经退出，或退出申请正在审批。",
            en="the provider has left, or its exit waits for approval already",
        )
    check = provider_exit_check(tenant_id, provider_id, filing, now)
    if not check.allowed:
        missing = [row for row in check.rows if not row.holds]
        raise RuleRefused(
            "exit_not_allowed",
            where=f"provider:{provider_id}",
            zh="尚不能退出，未满足：" + "；".join(f"{row.title_zh}：{row.zh}" for row in missing),
            en="it cannot leave yet, not met: "
            + "; ".join(f"{row.title_en}: {row.en}" for row in missing),
        )
    subject = ("provider", provider_id)
    known = {**check.facts, "clause": CLAUSE}
    asked = Filing(EXIT, subject, known, filing.actor, filing.reason.strip())
    case = case_open(tenant_id, asked, now)
    wanted = NewDecision(
        *subject, case.number, CLAUSE, "refund_and_leave", check.amount_fen, PERSONS,
        check.evaluation,
    )  # fmt: skip
    decide(tenant_id, [wanted], now)
    return case
