"""Categories added and closed: a gate on the balance that lets through once the money is there.

Clauses: S3-2.2c, S3-6.1a.
"""

from datetime import datetime

from django.db import transaction

from earnest.cases.checks import Check, check_rows
from earnest.cases.filing import Filing, accepted, case_close, case_get, case_open, entry_add
from earnest.cases.models import Case
from earnest.cases.requirement import required_facts, requirement_anew
from earnest.consequences.commands import decide
from earnest.decisions.commands import NewDecision
from earnest.deposits.queries import position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict, NotFound, RuleRefused
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.openings import categories_ever, category_shut
from earnest.market.queries import shop_get
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for

CATEGORY = "category"
GATE_CLAUSE = "S3-2.2c"
CLOSE_CLAUSE = "S3-6.1a"
SYSTEM = "system"


def category_check(tenant_id: str, shop_id: str, category: str, now: datetime) -> Check:
    """Return what the gate says of a category now: standard, balance, and what to top up first.

    ``amount_fen`` is the top-up needed; 0 where the category may be added.

    Raises:
        NotFound: there is no such shop.
        RuleRefused: the category has no standard.
    """
    shop_get(tenant_id, shop_id)
    on, pack = day_of(now), pack_for(tenant_id, SHOP_DEPOSIT, "shop", shop_id)
    with_it = required_facts(tenant_id, shop_id, now)
    with_it["categories"] = sorted({*with_it["categories"], category})
    where = f"shop:{shop_id}/{category}"
    required = accepted(pack.evaluate("required_deposit", with_it), where)
    balance = position(tenant_id, ("shop", shop_id), on).free_fen
    facts = {
        "asked_on": on,
        "category": category,
        "balance_fen": balance,
        "required_fen": required.result["required_fen"],
    }
    evaluation = accepted(pack.evaluate("category_gate", facts), where)
    top_up = int(str(evaluation.result["top_up_fen"]))
    standard = yuan(int(str(evaluation.result["standard"])))
    allowed = bool(evaluation.result["allowed"])
    figures = Words(
        f"类目标准 {standard} 元，可用余额 {yuan(balance)} 元，须先补缴 {yuan(top_up)} 元",
        f"the category's standard is {standard} yuan, the free balance {yuan(balance)} yuan: "
        f"{yuan(top_up)} yuan to top up first",
    )
    rows = check_rows(evaluation, {"allowed": figures})
    return Check(rows, allowed, top_up, evaluation, dict.fromkeys(facts, "data"))


@transaction.atomic
def category_ask(
    tenant_id: str, shop_id: str, category: str, actor: str, now: datetime, *, note: str = ""
) -> Case:
    """Ask for a category: opened at once where the balance bears it, else open until it does.

    An opened category makes the shop's requirement be computed anew. Where the balance is below
    the standard, the shop is told what to top up first; nobody has to ask again.

    Clause: S3-2.2c.

    Raises:
        Conflict: the category is open already, or is asked for already.
        NotFound: there is no such shop.
        RuleRefused: the category has no standard.
    """
    _must_be_closed(tenant_id, shop_id, category, now)
    check = category_check(tenant_id, shop_id, category, now)
    facts = {"action": "add", **check.facts, "top_up_fen": check.amount_fen}
    case = case_open(tenant_id, Filing(CATEGORY, ("shop", shop_id), facts, actor, note), now)
    if check.allowed:
        _open(tenant_id, case, check, now)
    else:
        notices_send(tenant_id, [_top_up_notice(case, category, check)], now)
    return case


@transaction.atomic
def category_close(
    tenant_id: str, shop_id: str, category: str, actor: str, now: datetime, *, note: str = ""
) -> Case:
    """Close a category of a shop; its requirement is computed anew (S3-6.1a).

    What becomes excess is withdrawn only on its own conditions (S3-6.1x).

    Raises:
        Conflict: the category is not open.
        NotFound: there is no such shop.
    """
    shop_get(tenant_id, shop_id)
    facts = {"action": "close", "category": category, "clause": CLOSE_CLAUSE}
    case = case_open(tenant_id, Filing(CATEGORY, ("shop", shop_id), facts, actor, note), now)
    category_shut(tenant_id, shop_id, category, day_of(now))
    requirement_anew(tenant_id, shop_id, case.number, now)
    case_close(case, "done", now, actor=actor)
    return case


def categories_waiting(tenant_id: str) -> list[Case]:
    """Return the cases of categories that wait for a top-up, the oldest first."""
    rows = Case.objects.filter(tenant_id=tenant_id, kind=CATEGORY, closed_at=None)
    return list(rows.order_by("number"))


def categories_look(tenant_id: str, now: datetime) -> int:
    """Ask the gate again for every category that waits; open those that pass, return how many.

    The gate is asked as of this day, and by the shop's balance as it is now.
    """
    return sum(_look(tenant_id, case, now) for case in categories_waiting(tenant_id))


@transaction.atomic
def _look(tenant_id: str, case: Case, now: datetime) -> bool:
    if shop_get(tenant_id, case.subject_id).closed_on is not None:
        case_close(case, "withdrawn", now, actor=SYSTEM, note="the shop is closed")
        return False
    try:
        check = category_check(tenant_id, case.subject_id, case.facts["category"], now)
    except RuleRefused:  # a category that the rule no longer knows keeps waiting for a person
        return False
    if not check.allowed:
        return False
    _open(tenant_id, case, check, now)
    return True


@transaction.atomic
def category_withdraw(tenant_id: str, number: str, actor: str, reason: str, now: datetime) -> Case:
    """Take back what was asked for while it waits for a top-up.

    Raises:
        Conflict: the case is closed.
        NotFound: there is no such case.
    """
    case = case_get(tenant_id, number)
    if case.kind != CATEGORY:
        raise NotFound(
            "unknown_category_case",
            where=number,
            zh="这个编号不是类目申请；请用 earnest category list 核对。",
            en="this number is no application for a category; earnest category list shows them",
        )
    case_close(case, "withdrawn", now, actor=actor, note=reason)
    return case


def _open(tenant_id: str, case: Case, check: Check, now: datetime) -> None:
    wanted = NewDecision(
        "shop", case.subject_id, case.number, GATE_CLAUSE, "open_category", 0, 0, check.evaluation
    )
    decide(tenant_id, [wanted], now)
    requirement_anew(tenant_id, case.subject_id, case.number, now)
    entry_add(case, "opened_category", now, actor=SYSTEM)
    case_close(case, "done", now, actor=SYSTEM)


def _must_be_closed(tenant_id: str, shop_id: str, category: str, now: datetime) -> None:
    if shop_get(tenant_id, shop_id).closed_on is not None:
        raise Conflict(
            "shop_closed",
            where=f"shop:{shop_id}",
            zh="店铺已经关闭，不能新增类目。",
            en="the shop is closed and adds no category",
        )
    waiting = any(
        (each.subject_id, each.facts["category"]) == (shop_id, category)
        for each in categories_waiting(tenant_id)
    )
    if waiting or categories_ever(tenant_id, shop_id, day_of(now)).get(category):
        raise Conflict(
            "category_asked",
            where=f"shop:{shop_id}/{category}",
            zh="这个类目已经开通，或已有等待补缴的申请，无需重复申请。",
            en="this category is open, or asked for already and waits for a top-up",
        )


def _top_up_notice(case: Case, category: str, check: Check) -> NewNotice:
    pack_text = check.rows[0]
    return NewNotice(
        subject_kind="shop",
        subject_id=case.subject_id,
        about=f"case {case.number} top-up",
        kind="requirement",
        severity="warning",
        clause=GATE_CLAUSE,
        decision_id=None,
        zh=Message(
            f"新增类目前请先补缴 {yuan(check.amount_fen)} 元",
            f"申请新增类目 {category}：{pack_text.zh}。依据 {GATE_CLAUSE}。"
            "款项到账后自动开通，无需再次申请；开通后应缴保证金重新核定。",
        ),
        en=Message(
            f"Top up {yuan(check.amount_fen)} yuan before the category is added",
            f"You asked for the category {category}: {pack_text.en}. Basis: {GATE_CLAUSE}. It "
            "opens by itself once the money is there; what must be held is then computed anew.",
        ),
    )
