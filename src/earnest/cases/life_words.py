"""What happened to a deposit in words, in Chinese and English, for its life on screen and on file.

A movement is said by the account it is on, by what the ledger did, and by who is on the other side.
"""

import re

from earnest.consequences.words import OUTCOMES, PERIODS
from earnest.decisions.models import Decision
from earnest.kernel.words import Words
from earnest.ledger.records import StatementLine
from earnest.rulebooks.packs import packs

KINDS: dict[str, Words] = {
    "movement": Words("资金变动", "money"),
    "requirement": Words("应缴变更", "requirement"),
    "shortage": Words("缺口", "shortage"),
    "decision": Words("决定", "decision"),
    "case": Words("事项", "case"),
    "restriction": Words("限制措施", "restriction"),
    "notice": Words("通知", "notice"),
    "payout": Words("付款", "payout"),
    "receipt": Words("收款", "receipt"),
}
ACCOUNTS: dict[str, Words] = {
    "deposit": Words("保证金", "deposit"),
    "settlement": Words("货款", "proceeds"),
    "claim": Words("应追偿款", "claim"),
}
COUNTERPARTS: dict[str, Words] = {
    "clearing": Words("机构账户", "an institution"),
    "penalty_income": Words("违约金收入", "penalty income"),
    "compensation_payable": Words("应付赔付", "compensation"),
    "advance": Words("平台垫付", "the platform's advance"),
    "suspense": Words("待认领款", "unmatched receipts"),
    **ACCOUNTS,
}
LEDGER_KINDS: dict[str, Words] = {
    "post": Words("入账", "posted"),
    "hold": Words("扣留", "held"),
    "capture": Words("自扣留款支出", "taken from a hold"),
    "void": Words("解除扣留", "hold released"),
    "expire": Words("扣留到期解除", "hold expired"),
    "up_to": Words("按可用额支出", "taken as far as it goes"),
    "remainder": Words("不足部分", "what was left to take"),
    "freeze": Words("冻结账户", "account frozen"),
    "unfreeze": Words("解除冻结", "account unfrozen"),
    "reverse": Words("冲正", "reversed"),
}
_IN: dict[tuple[str, str], Words] = {
    ("deposit", "clearing"): Words("缴存保证金", "deposit paid in"),
    ("deposit", "settlement"): Words("货款划转补缴", "filled up from sales proceeds"),
    ("deposit", "suspense"): Words("待认领款转入", "from unmatched receipts"),
    ("settlement", "clearing"): Words("货款入账", "sales proceeds come in"),
    ("claim", "settlement"): Words("以货款抵扣应追偿款", "claim set off from proceeds"),
    ("claim", "deposit"): Words("以保证金抵扣应追偿款", "claim set off from the deposit"),
    ("claim", "clearing"): Words("清偿应追偿款", "claim paid back"),
    ("claim", "suspense"): Words("以待认领款清偿", "claim paid from unmatched receipts"),
}
_OUT: dict[tuple[str, str], Words] = {
    ("deposit", "penalty_income"): Words("扣划：违约金", "deducted: penalty"),
    ("deposit", "compensation_payable"): Words("扣划：赔付", "deducted: compensation"),
    ("deposit", "claim"): Words("抵扣应追偿款", "set off against the claim"),
    ("deposit", "clearing"): Words("退还付出", "paid out"),
    ("deposit", "advance"): Words("偿还平台垫付", "repays the platform's advance"),
    ("settlement", "deposit"): Words("划转补缴保证金", "fills up the deposit"),
    ("settlement", "claim"): Words("抵扣应追偿款", "set off against the claim"),
    ("settlement", "compensation_payable"): Words("自货款赔付", "compensation from proceeds"),
    ("settlement", "penalty_income"): Words("自货款扣违约金", "penalty from proceeds"),
    ("settlement", "clearing"): Words("货款付出", "proceeds paid out"),
    ("claim", "penalty_income"): Words("违约金不足，记为应追偿款", "penalty owed as a claim"),
    ("claim", "compensation_payable"): Words(
        "赔付不足，记为应追偿款", "compensation owed as a claim"
    ),
    ("claim", "advance"): Words("平台垫付，记为应追偿款", "advanced by the platform, owed"),
}
CASES: dict[str, Words] = {
    "deduction": Words("扣划与赔付", "deduction"),
    "hold": Words("扣留", "hold"),
    "raise": Words("提高保证金", "raise"),
    "category": Words("新增类目", "new category"),
    "withdrawal": Words("提取超额", "withdrawal of excess"),
    "exit": Words("退店退还", "exit and refund"),
    "discretion": Words("未规定情形", "case not covered"),
    "harm": Words("清退后侵害权益", "harm after removal"),
}
STATES: dict[str, Words] = {
    "waiting": Words("待审", "waiting"),
    "in_effect": Words("已生效", "in effect"),
    "refused": Words("已驳回", "refused"),
    "reversed": Words("已撤销", "reversed"),
}


def account_kind(code: str) -> str:
    """Return the kind of an account by its code, such as ``deposit`` or ``clearing``."""
    return re.split("[:/]", code)[0]


def movement_words(line: StatementLine, account: str) -> Words:
    """Say what a line of a statement is: ``account`` is deposit, settlement or claim."""
    other = account_kind(line.counter_account)
    if line.kind == "hold":
        if other == "clearing":
            return Words("预留待付", "reserved for a payout")
        return LEDGER_KINDS["hold"]
    if line.kind in {"void", "expire", "freeze", "unfreeze"}:
        return LEDGER_KINDS[line.kind]
    known = (_IN if line.amount_fen > 0 else _OUT).get((account, other))
    said = known or _plain_words(line.amount_fen, other)
    if line.kind == "reverse":
        return Words(f"冲正（{said.zh}）", f"reversed ({said.en})")
    if line.kind == "capture":
        return Words(f"自扣留款{said.zh}", f"from what was held: {said.en}")
    return said


def _plain_words(amount_fen: int, other: str) -> Words:
    party = COUNTERPARTS.get(other, Words(other, other))
    if amount_fen > 0:
        return Words(f"自{party.zh}转入", f"in from {party.en}")
    return Words(f"转出至{party.zh}", f"out to {party.en}")


def decision_words(decision: Decision) -> Words:
    """Say what a decision is: its title in the rulebook and its outcome."""
    outcome = OUTCOMES.get(decision.outcome, Words(decision.outcome, decision.outcome))
    pack = packs().get(decision.rulebook)
    titled = pack.decisions.get(decision.decision) if pack else None
    if titled is None or titled.title is None:
        return outcome
    title = titled.title
    return Words(f"{title.zh}：{outcome.zh}", f"{title.en or decision.decision}: {outcome.en}")


def period_words(period: str) -> Words:
    """Say what a decision is about: a month, a day, a case, or on admission."""
    return PERIODS.get(period, Words(period, period))


PART_OUTCOMES: dict[str, Words] = {
    "succeeded": Words("已到账", "paid"),
    "failed": Words("未成功", "failed"),
    "returned": Words("已退汇", "came back"),
    "processing": Words("处理中", "being worked on"),
    "unknown": Words("结果未知，待查询", "outcome unknown, to be asked"),
    "not_found": Words("机构未收到", "not known to the institution"),
    "late": Words("迟到的答复，未采用", "a late answer, not used"),
    "contradicts": Words("答复与已定结果不符", "an answer against what is settled"),
    "not_booked": Words("已付但未能入账", "paid, but not booked"),
    "held_back": Words("未发送", "not sent"),
    "said": Words("一人已登记，待另一人核对", "said by one person, another one has to agree"),
}


_RECEIPT_NOTE = re.compile(r"(?:order (?P<order>[^ ,]+), )?(?:bank )?receipt (?P<receipt>[^ ,]+)")


def movement_note(note: str) -> Words:
    """Say the note of a receipt of cash in words; what people added stands as they wrote it."""
    found = _RECEIPT_NOTE.match(note)
    if found is None:
        return Words(note, note)
    order, receipt, rest = found["order"], found["receipt"], note[found.end() :]
    zh = f"订单 {order}，机构回单 {receipt}" if order else f"回单 {receipt}"
    return Words(f"{zh}{rest}", note)
