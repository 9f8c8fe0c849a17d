"""The console's pages in words, for those who ask where a clause is shown."""

from pathlib import PurePosixPath

Words = tuple[str, str]
"""A name in Chinese and in English."""

_CONSOLE = "console"
RULES_PAGE: Words = ("规则中心", "rules")
DECISION_PAGE: Words = ("处置决定：理由", "decision: why")
_PROVIDER: Words = ("服务商：履约", "provider: duties")
_DEPOSIT: Words = ("保证金", "deposit")
_CASES: Words = ("事项", "cases")
_PAYOUTS: Words = ("付款", "payouts")

_PAGES: dict[str, Words] = {
    "providers": _PROVIDER,
    "provider": _PROVIDER,
    "health": _PROVIDER,
    "duty_now": _PROVIDER,
    "measure_card": _PROVIDER,
    "ladder": ("服务商：评分阶梯", "provider: score ladder"),
    "measure": ("服务商：指标与订单", "provider: measure and orders"),
    "orders": ("服务商：指标与订单", "provider: measure and orders"),
    "deposits": _DEPOSIT,
    "deposit": _DEPOSIT,
    "deposit_chart": ("保证金：图表", "deposit: chart"),
    "position": _DEPOSIT,
    "shops": ("店铺", "shops"),
    "shop": _DEPOSIT,
    "shortages": ("保证金缺口", "shortages"),
    "shortage": ("保证金缺口", "shortages"),
    "restrictions": ("限制措施", "restrictions"),
    "restriction": ("限制措施", "restrictions"),
    "condition": ("限制措施", "restrictions"),
    "decisions": ("处置决定", "decisions"),
    "decision": DECISION_PAGE,
    "explanation": DECISION_PAGE,
    "trace": DECISION_PAGE,
    "findings": ("考核认定", "findings"),
    "queue": ("待审决定", "waiting decisions"),
    "workbench": ("工作台", "workbench"),
    "inbox": ("消息中心", "inbox"),
    "statement": ("决定理由书", "statements of reasons"),
    "statements": ("决定理由书", "statements of reasons"),
    "notice": ("消息中心", "inbox"),
    "notices": ("消息中心", "inbox"),
    "deposit_life": ("保证金：全程记录", "deposit: life"),
    "deposit_page": _DEPOSIT,
    "deposit_checks": ("保证金：预检", "deposit: pre-check"),
    "case": _CASES,
    "cases": _CASES,
    "case_page": _CASES,
    "case_acts": _CASES,
    "filings": ("事项：填报", "cases: filing"),
    "finance": ("财务总览", "finance"),
    "claims": ("追偿款", "claims"),
    "holds": ("扣留", "holds"),
    "raises": ("保证金提高", "raises"),
    "recoveries": ("追偿", "recoveries"),
    "payouts": _PAYOUTS,
    "payout": _PAYOUTS,
    "payee": ("收款账户", "account for payouts"),
    "receipts": ("到账", "receipts"),
    "receipt": ("到账", "receipts"),
    "pay": ("在线缴存", "pay online"),
    "pay_order": ("在线缴存", "pay online"),
    "reconciliation": ("对账", "reconciliation"),
    "reconciliations": ("对账", "reconciliation"),
    "adjustment": ("每月调整", "monthly adjustment"),
    "records": RULES_PAGE,
    "rules": RULES_PAGE,
}


_JUDGED: dict[str, Words] = {
    "assessment/duties.py": _PROVIDER,
    "assessment/duty_lines.py": _PROVIDER,
    "assessment/alerts.py": _PROVIDER,
    "assessment/providers.py": _PROVIDER,
    "assessment/shops.py": _DEPOSIT,
}
"""Where what the monthly assessment finds of a party is shown."""


def screen_of(place: str) -> Words | None:
    """Return the page that shows what a place in the program says; None when none does.

    A new file of the console is called by its name.

    Takes:
        place: a file or a function in it, e.g. ``console/views/deposits.py::shop``.
    """
    path = PurePosixPath(place.partition("::")[0])
    if path.parts[0] != _CONSOLE:
        return _JUDGED.get(str(path))
    said = path.stem.replace("_", " ")
    return _PAGES.get(path.stem, (said, said))
