"""Shops that leave: asked for, thirty days of notice, every condition green, refund (S3-6.2).

A shop that objected to a change of the rule leaves by the rule without that change (S3-3.2b).
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from earnest.cases.checks import Check, check_rows
from earnest.cases.exit_facts import DATA, FACTS, ExitFacts, Judged, entered_of, exit_facts
from earnest.cases.filing import Filing, accepted, case_close, case_get, case_open, entry_add
from earnest.cases.models import Case
from earnest.cases.queries import decisions_of_case
from earnest.cases.withdrawals import account_words
from earnest.consequences.commands import decide, decision_settle
from earnest.consequences.exits import recoveries_open_fen
from earnest.decisions.commands import IN_EFFECT, WAITING, NewDecision
from earnest.deposits.queries import Position, position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict, NotFound
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.models import Shop
from earnest.market.queries import shop_get
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.policy import Pack
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for
from earnest.rulebooks.queries import objections

EXIT = "exit"
REFUND_CLAUSE = "S3-6.2x"
OBJECTION_CLAUSE = "S3-3.2b"
PERSONS = 2


@dataclass(frozen=True)
class ExitFiling:
    """What a shop asks for that wants to close.

    Attributes:
        actor: who asks.
        reason: why, in its own words; may be empty.
        objection: the act that it objected to and leaves for; empty where it leaves for itself.
        facts: what a person tells where no data does.
    """

    actor: str
    reason: str = ""
    objection: str = ""
    facts: ExitFacts = field(default_factory=ExitFacts)


def exit_check(tenant_id: str, shop_id: str, facts: ExitFacts | None, now: datetime) -> Check:
    """Return each condition of a shop's exit as a row, and what would be refunded now.

    Takes:
        facts: what to take where no data tells; None for what was entered in its open exit.

    Raises:
        NotFound: there is no such shop.
        RuleRefused: the rule was not in force.
    """
    shop = shop_get(tenant_id, shop_id)
    case = exit_open(tenant_id, ("shop", shop_id))
    entered = facts or (entered_of(case) if case else ExitFacts())
    began = date.fromisoformat(case.facts["notice_began_on"]) if case else None
    return _judged(tenant_id, shop, entered, began, now)


@transaction.atomic
def exit_ask(tenant_id: str, shop_id: str, filing: ExitFiling, now: datetime) -> Case:
    """Apply for closing: the notice begins, and everything is checked each day from then on.

    Clauses: S3-6.2a; S3-3.2b for a shop that objected.

    Raises:
        Conflict: the shop is closed, or is leaving already.
        NotFound: there is no such shop, or it did not object to that act.
    """
    shop, on = shop_get(tenant_id, shop_id), day_of(now)
    if shop.closed_on is not None:
        raise _conflict("shop_closed", shop_id, "店铺已经关闭。", "the shop is closed already")
    if exit_open(tenant_id, ("shop", shop_id)):
        raise _conflict(
            "exit_open", shop_id, "该店铺的退店申请正在办理。", "the shop is leaving already"
        )
    if filing.objection:
        _must_have_objected(tenant_id, shop_id, filing.objection)
    known = {
        "closing_applied": True,
        "notice_began_on": on,
        "objection": filing.objection,
        "clause": OBJECTION_CLAUSE if filing.objection else REFUND_CLAUSE,
    }
    asked = Filing(EXIT, ("shop", shop_id), known, filing.actor, filing.reason.strip())
    case = case_open(tenant_id, asked, now)
    if filing.facts.told():
        entry_add(
            case, FACTS, now, actor=filing.actor, note=filing.reason,
            evidence=filing.facts.told(),
        )  # fmt: skip
    pack = pack_for(tenant_id, SHOP_DEPOSIT, "shop", shop_id)
    ends_on = on + timedelta(days=pack.parameter("exit_notice_days", on=on))
    notices_send(tenant_id, [_begun_notice(case, ends_on)], now)
    return case


@transaction.atomic
def exit_tell(
    tenant_id: str, number: str, facts: ExitFacts, actor: str, note: str, now: datetime
) -> Case:
    """Enter what a person found of a shop that leaves, where no data tells it.

    Raises:
        Conflict: the case is closed.
        NotFound: there is no such exit.
    """
    case = _exit_get(tenant_id, number)
    if case.closed_at is not None:
        raise _conflict("case_closed", number, "该事项已经办结。", "the case is closed")
    entry_add(case, FACTS, now, actor=actor, note=note, evidence=facts.told())
    return case


@transaction.atomic
def exit_withdraw(tenant_id: str, number: str, actor: str, reason: str, now: datetime) -> Case:
    """Take an exit back, as long as it is not in effect; a waiting refund ends with it.

    Raises:
        BadInput: no reason.
        Conflict: it is in effect, or closed otherwise.
        NotFound: there is no such exit.
    """
    case = _exit_get(tenant_id, number)
    for decision in decisions_of_case(case):
        if decision.state == IN_EFFECT:
            raise _conflict("exit_done", number, "退店已经生效。", "the exit is in effect already")
        if decision.state == WAITING:
            decision_settle(
                tenant_id, decision.id, verdict="refuse", actor=actor, reason=reason, now=now
            )
    case_close(case, "withdrawn", now, actor=actor, note=reason)
    return case


def exit_open(tenant_id: str, subject: tuple[str, str]) -> Case | None:
    """Return the open exit of a subject; nothing where it does not leave."""
    return Case.objects.filter(
        tenant_id=tenant_id, kind=EXIT, subject_kind=subject[0], subject_id=subject[1],
        closed_at=None,
    ).first()  # fmt: skip


def exits_look(tenant_id: str, now: datetime) -> int:
    """Judge every shop that leaves; where all is green two persons are asked. Return how many.

    Nothing is asked before the notice is over, and nothing twice.
    """
    rows = Case.objects.filter(
        tenant_id=tenant_id, kind=EXIT, subject_kind="shop", closed_at=None
    ).order_by("number")
    return sum(_look(tenant_id, case, now) for case in rows)


@transaction.atomic
def _look(tenant_id: str, case: Case, now: datetime) -> bool:
    if decisions_of_case(case):
        return False
    check = exit_check(tenant_id, case.subject_id, None, now)
    if not check.allowed:
        return False
    wanted = NewDecision(
        "shop", case.subject_id, case.number, case.facts["clause"], "refund_and_close",
        check.amount_fen, PERSONS, check.evaluation,
    )  # fmt: skip
    decide(tenant_id, [wanted], now)
    entry_add(case, "proposed", now, actor="system")
    return True


def _judged(
    tenant_id: str, shop: Shop, entered: ExitFacts, began: date | None, now: datetime
) -> Check:
    subject, on = ("shop", shop.shop_id), day_of(now)
    pack = pack_for(tenant_id, SHOP_DEPOSIT, *subject)
    at, told = position(tenant_id, subject, on), exit_facts(tenant_id, shop, entered, now)
    verified, account = account_words(tenant_id, subject)
    recoveries = recoveries_open_fen(tenant_id, subject)
    facts = {
        "asked_on": on,
        "closing_applied": began is not None,
        "notice_began_on": began or on,
        "account_verified": verified,
        "held_fen": at.held_fen,
        "balance_fen": at.free_fen,
        "deductions_fen": at.claim_fen + recoveries,
        **told.values,
    }
    evaluation = accepted(pack.evaluate("exit_refund", facts), f"shop:{shop.shop_id}")
    figures = _figures(pack, facts, told, at) | {"account_named": account}
    sources = dict.fromkeys(facts, DATA) | told.sources
    return Check(
        rows=check_rows(evaluation, figures),
        allowed=bool(evaluation.result["allowed"]),
        amount_fen=int(str(evaluation.result["refund_fen"])),
        evaluation=evaluation,
        sources=sources,
    )


def _figures(pack: Pack, facts: dict[str, Any], told: Judged, at: Position) -> dict[str, Words]:
    on, began = facts["asked_on"], facts["notice_began_on"]
    days = pack.parameter("exit_notice_days", on=on)
    quiet = pack.parameter("exit_quiet_days", on=on)
    last = told.words["last_completed_on"]
    applied = facts["closing_applied"]
    return {
        "closing_asked": Words("已申请关闭", "closing was applied for")
        if applied
        else Words("尚未申请关闭", "closing was not applied for"),
        "notice_complete": Words(
            f"{began} 起公示，满 {days} 天为 {began + timedelta(days=days)}",
            f"notice since {began}, {days} days are over on {began + timedelta(days=days)}",
        )
        if applied
        else Words(f"申请后公示 {days} 天", f"{days} days of notice after the application"),
        "nothing_on_sale": told.words["goods_on_sale"],
        "orders_complete": told.words["orders_open"],
        "quiet_since_last": Words(f"{last.zh}，须超过 {quiet} 天", f"{last.en}, over {quiet} days"),
        "no_disputes": told.words["disputes_open"],
        "nothing_held": Words(f"扣留中 {yuan(at.held_fen)} 元", f"{yuan(at.held_fen)} yuan held"),
    }


def _must_have_objected(tenant_id: str, shop_id: str, instrument: str) -> None:
    found = any(
        (each.instrument, each.subject_kind, each.subject_id) == (instrument, "shop", shop_id)
        for each in objections(tenant_id, rulebook=SHOP_DEPOSIT)
    )
    if not found:
        raise NotFound(
            "unknown_objection",
            where=f"shop:{shop_id} {instrument}",
            zh="该店铺没有对这份文件提出异议；请核对文件编号，或按一般退店申请。",
            en="the shop did not object to this act; check the act, or leave without naming one",
        )


def _exit_get(tenant_id: str, number: str) -> Case:
    case = case_get(tenant_id, number)
    if case.kind != EXIT:
        raise NotFound(
            "unknown_exit",
            where=number,
            zh="这个编号不是退店申请；请用 earnest exit list 核对。",
            en="this number is no exit; earnest exit list shows them",
        )
    return case


def _begun_notice(case: Case, ends_on: date) -> NewNotice:
    return NewNotice(
        subject_kind="shop",
        subject_id=case.subject_id,
        about=f"case {case.number} notice",
        kind="requirement",
        severity="info",
        clause=case.facts["clause"],
        decision_id=None,
        zh=Message(
            f"退店申请 {case.number} 已受理，公示至 {ends_on}",
            f"依据 {case.facts['clause']}。公示期内请下架全部商品、完成订单、了结纠纷，"
            f"并核验与主体同名的收款账户。{ends_on} 起各项条件全部满足时，由两人审批后退还"
            "余款。生效前可以撤回。",
        ),
        en=Message(
            f"Your exit {case.number} has begun; the notice runs until {ends_on}",
            f"Basis: {case.facts['clause']}. Until then take all goods off sale, complete every "
            "order, settle disputes and have an account in the entity's name verified. From "
            f"{ends_on} on, once every condition holds, two persons approve and the rest is paid "
            "back. You may take it back as long as it is not in effect.",
        ),
        due_on=ends_on,
    )


def _conflict(code: str, where: str, zh: str, en: str) -> Conflict:
    return Conflict(code, where=where, zh=zh, en=en)
