"""Texts of the pages of statements of reasons, in Chinese and English."""

from typing import Final

STATEMENTS: Final[dict[str, tuple[str, str]]] = {
    "menu.statements": ("决定理由书", "Statements of reasons"),
    "statement.title": ("决定理由书", "Statement of reasons"),
    "statement.search": ("编号、处罚单或主体", "Number, ticket or party"),
    "statement.month": ("送达月份", "Month sent"),
    "statement.kind": ("类别", "Kind"),
    "statement.pdf": ("下载 PDF", "PDF"),
    "statement.json": ("下载 JSON", "JSON"),
    "statement.kept": (
        "以上内容为送达时的原文，送达后不再改动。校验值（SHA-256）：",
        "The above is what was sent; it never changes. SHA-256: ",
    ),
    "statement.decision": ("查看决定", "See the decision"),
    "statement.until": ("申诉截止", "appeal until"),
    "statement.open": ("决定理由书", "Statement of reasons"),
    "statement_party.provider": ("服务商", "Provider"),
    "statement_party.shop": ("店铺", "Shop"),
    "statement_column.number": ("编号", "Number"),
    "statement_column.sent_at": ("送达时间", "Sent at"),
    "statement_column.subject": ("主体", "Party"),
    "statement_column.kind": ("类别", "Kind"),
    "statement_column.title": ("决定", "Decision"),
    "statement_column.clause": ("依据条款", "Clause"),
    "statement_column.ticket": ("处罚单", "Ticket"),
    "statement_column.appeal_until": ("申诉截止日", "Appeal until"),
    "statement_column.hash": ("校验值", "SHA-256"),
}
