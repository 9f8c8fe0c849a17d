"""Withdrawals of excess: the check as green and red rows, and the request (S3-6.1)."""

from datetime import datetime

from django.db import transaction

from earnest.cases.checks import Check, CheckRow, check_rows
from earnest.cases.filing import Filing, accepted, case_open
from earnest.cases.models import Case
from earnest.consequences.commands import decide
from earnest.consequences.withdrawals import excess_judged, excess_of
from earnest.decisions.commands import NewDecision
from earnest.decisions.precedents import subjects_waiting
from earnest.kernel.errors import BadInput, Conflict, RuleRefused
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.queries import shop_get
from earnest.payouts.payees import payee_good
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for

WITHDRAWAL = "withdrawal"
CLAUSE = "S3-6.1x"
PERSONS = 2
DECISION = "excess_withdrawal"


def withdrawal_check(tenant_id: str, shop_id: str, now: datetime) -> Check:
    """Return each condition of a withdrawal of excess, and how much may be withdrawn now.

    Rows: category_closed (S3-6.1a), no_special_sales (S3-6.1b), excess (S3-6.1x) and
    account_verified (S3-6.2x by analogy: money goes to a verified account only).

    Raises:
        NotFound: there is no such shop.
        RuleRefused: the rule was not in force.
    """
    shop_get(tenant_id, shop_id)
    pack = pack_for(tenant_id, SHOP_DEPOSIT, "shop", shop_id)
    evaluation = accepted(excess_judged(tenant_id, shop_id, pack, now), f"shop:{shop_id}")
    excess = excess_of(tenant_id, shop_id, pack, now)
    sales, month = yuan(excess.sales_fen), excess.month
    if excess.category:
        texts = pack.texts
        zh = texts[excess.category].zh if excess.category in texts else excess.category
        en = texts[excess.category].en if excess.category in texts else excess.category
        closed = Words(
            f"最高特殊类目 {zh}：{'已关闭' if excess.is_closed else '仍开通'}",
            f"highest special category {en}: {'closed' if excess.is_closed else 'still open'}",
        )
        sold = Words(f"{month} {zh} 销售 {sales} 元", f"{en} sold {sales} yuan in {month}")
    else:
        closed = Words("从未开通特殊类目", "no special category was ever open")
        sold = Words(f"{month} 无特殊类目销售", f"no special category sold anything in {month}")
    rows = (
        *check_rows(evaluation, {"category_closed": closed, "no_special_sales": sold}),
        _excess_row(evaluation.facts),
        _account_row(tenant_id, shop_id),
    )
    allowed = all(row.holds for row in rows)
    amount = int(str(evaluation.result["withdrawable_fen"])) if allowed else 0
    return Check(rows, allowed, amount, evaluation, dict.fromkeys(evaluation.facts, "data"))


@transaction.atomic
def withdrawal_ask(
    tenant_id: str,
    shop_id: str,
    amount_fen: int | None,
    actor: str,
    now: datetime,
    *,
    note: str = "",
) -> Case:
    """Ask for excess to be paid out; two persons approve, and the amount is checked again then.

    Takes:
        amount_fen: how much; None for all that may be withdrawn.

    Clauses: S3-6.1a, S3-6.1b, S3-6.1x.

    Raises:
        BadInput: an amount of nothing, or more than may be withdrawn.
        Conflict: another withdrawal of this shop waits for people.
        NotFound: there is no such shop.
        RuleRefused: ``withdrawal_not_allowed``, with the conditions that do not hold.
    """
    check = withdrawal_check(tenant_id, shop_id, now)
    where = f"shop:{shop_id}"
    if not check.allowed:
        raise _not_allowed(check, where)
    if shop_id in subjects_waiting(tenant_id, DECISION):
        raise Conflict(
            "withdrawal_waiting",
            where=where,
            zh="该店铺已有一笔提取等待审批；处理完毕后再申请。",
            en="a withdrawal of this shop waits for approval already; ask again after it",
        )
    amount = check.amount_fen if amount_fen is None else amount_fen
    if not 0 < amount <= check.amount_fen:
        raise BadInput(
            "more_than_excess",
            where=where,
            zh=f"可提取 {yuan(check.amount_fen)} 元；请填写大于零且不超过它的金额。",
            en=f"{yuan(check.amount_fen)} yuan may be withdrawn; give more than 0 and no more",
        )
    facts = {**check.facts, "amount_fen": amount}
    case = case_open(tenant_id, Filing(WITHDRAWAL, ("shop", shop_id), facts, actor, note), now)
    wanted = NewDecision(
        "shop", shop_id, case.number, CLAUSE, "withdraw_excess", amount, PERSONS, check.evaluation
    )
    decide(tenant_id, [wanted], now)
    return case


def _excess_row(facts: dict[str, object]) -> CheckRow:
    balance, required = int(str(facts["balance_fen"])), int(str(facts["required_fen"]))
    return CheckRow(
        name="excess",
        holds=balance > required,
        title_zh="余额高于应缴",
        title_en="more than is required",
        zh=f"可用余额 {yuan(balance)} 元，应缴 {yuan(required)} 元，"
        f"超额 {yuan(max(0, balance - required))} 元",
        en=f"free balance {yuan(balance)} yuan, required {yuan(required)} yuan, excess "
        f"{yuan(max(0, balance - required))} yuan",
        clause=CLAUSE,
    )


def _account_row(tenant_id: str, shop_id: str) -> CheckRow:
    said = account_words(tenant_id, ("shop", shop_id))
    return CheckRow(
        name="account_verified",
        holds=said[0],
        title_zh="收款账户实名一致",
        title_en="account verified in the entity's name",
        zh=said[1].zh,
        en=said[1].en,
        clause="S3-6.2x",
    )


def account_words(tenant_id: str, subject: tuple[str, str]) -> tuple[bool, Words]:
    """Tell whether money can go to a verified account of a subject, and say which or why not."""
    try:
        payee = payee_good(tenant_id, subject)
    except RuleRefused as refused:
        return False, Words(refused.problem.zh, refused.problem.en)
    return True, Words(
        f"{payee.name}，{payee.verified_at:%Y-%m-%d} 核验",
        f"{payee.name}, verified on {payee.verified_at:%Y-%m-%d}",
    )


def _not_allowed(check: Check, where: str) -> RuleRefused:
    missing = [row for row in check.rows if not row.holds]
    zh = "；".join(f"{row.title_zh}（{row.clause}）：{row.zh}" for row in missing)
    en = "; ".join(f"{row.title_en} ({row.clause}): {row.en}" for row in missing)
    return RuleRefused(
        "withdrawal_not_allowed",
        where=where,
        zh=f"尚不能提取超额，未满足：{zh}",
        en=f"excess may not be withdrawn yet, not met: {en}",
    )
