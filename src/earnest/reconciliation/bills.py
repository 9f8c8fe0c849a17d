"""The institution's daily statement as a file: the bills of Alipay, and a neutral form.

The fund bill (账务明细) shows each movement of the account, the fee as one of its own; the business
bill (业务明细) shows each trade with its fee beside it. A bank's sheet is the neutral form.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earnest.kernel.errors import BadInput, Problem
from earnest.kernel.hashing import digest
from earnest.payins.sheet import (
    Columns,
    RowWrong,
    SheetRow,
    fen_read,
    instant_read,
    sheet_rows,
    text_read,
)

FUND: Final[Columns] = {
    "key": ("账务流水号",),
    "institution_no": ("业务流水号",),
    "our_no": ("商户订单号",),
    "occurred_at": ("发生时间", "入账时间"),
    "counterparty": ("对方账号", "对方账户"),
    "in": ("收入金额", "收入"),
    "out": ("支出金额", "支出"),
    "balance": ("账户余额",),
    "what": ("业务类型",),
}
BUSINESS: Final[Columns] = {
    "institution_no": ("支付宝交易号",),
    "our_no": ("商户订单号",),
    "what": ("业务类型",),
    "occurred_at": ("完成时间",),
    "counterparty": ("对方账户",),
    "in": ("商家实收",),
    "request_no": ("退款批次号/请求号", "退款批次号"),
    "fee": ("服务费",),
}
NEUTRAL: Final[Columns] = {
    "key": ("line_no", "entry_no"),
    "institution_no": (
        "institution_no", "receipt_no", "回单号", "回单编号", "银行流水号", "交易流水号", "流水号",
    ),
    "our_no": ("our_no", "order_no", "商户订单号", "业务编号", "客户订单号"),
    "request_no": ("request_no", "请求号"),
    "occurred_at": ("occurred_at", "交易时间", "到账时间", "入账日期", "交易日期"),
    "amount": ("amount", "amount_yuan", "金额", "发生额"),
    "in": ("in", "credit", "收入金额", "贷方金额", "贷方发生额"),
    "out": ("out", "debit", "支出金额", "借方金额", "借方发生额"),
    "fee": ("fee", "手续费"),
    "balance": ("balance", "余额", "账户余额"),
    "counterparty": ("counterparty", "payer_name", "对方户名", "付款人名称"),
    "what": ("what", "memo", "摘要", "附言", "用途", "备注"),
}  # fmt: skip
# The first form whose columns are all there counts.
FORMS: Final[tuple[tuple[str, Columns, tuple[str, ...]], ...]] = (
    ("fund", FUND, ("key", "our_no", "in", "out", "occurred_at")),
    ("business", BUSINESS, ("institution_no", "our_no", "in", "fee", "occurred_at")),
    ("neutral", NEUTRAL, ("institution_no", "occurred_at", "amount")),
    ("neutral", NEUTRAL, ("institution_no", "occurred_at", "in", "out")),
)
TEXT_LENGTH_MAX: Final = 200
_REFUND: Final = "退款"
_FEE: Final = "收费"
_NOT_CONTENT: Final = ("line", "key", "balance_fen")


@dataclass(frozen=True)
class BillLine:
    """One movement: see :class:`earnest.reconciliation.models.StatementLine`."""

    line: int
    key: str
    our_no: str
    institution_no: str
    request_no: str
    amount_fen: int
    fee_fen: int
    balance_fen: int | None
    occurred_at: datetime
    counterparty: str
    what: str


@dataclass(frozen=True)
class Bill:
    """A file as it was read: its form, its lines, and the rows at fault."""

    form: str
    lines: list[BillLine]
    bad: list[Problem]

    @property
    def opening_fen(self) -> int | None:
        """What was there before the first line; None where no balances are shown."""
        known = [each for each in self._in_time if each.balance_fen is not None]
        first = known[0] if known else None
        return None if first is None else (first.balance_fen or 0) - first.amount_fen

    @property
    def closing_fen(self) -> int | None:
        """What was there after the last line; None where no balances are shown."""
        known = [each.balance_fen for each in self._in_time if each.balance_fen is not None]
        return known[-1] if known else None

    @property
    def _in_time(self) -> Sequence[BillLine]:
        """The lines in the order of time; files come newest first as well."""
        newest_first = (
            len(self.lines) > 1 and self.lines[0].occurred_at > self.lines[-1].occurred_at
        )
        return self.lines[::-1] if newest_first else self.lines


def bill_read(text: str) -> Bill:
    """Read a file in any of the forms.

    Raises:
        BadInput: ``bill_unknown`` when no form fits.
    """
    for form, columns, needed in FORMS:
        try:
            rows = sheet_rows(text, columns, needed)
        except BadInput as error:
            if error.problem.code != "sheet_without_heading":
                raise
            continue
        return _bill(form, rows)
    raise BadInput(
        "bill_unknown",
        zh="无法识别账单：请用支付宝账务明细或业务明细的 CSV，或含流水号、交易时间、金额三列的表。",
        en="the bill is of no known form: use the CSV of Alipay's fund or business bill, or a "
        "sheet with institution_no, occurred_at and amount",
    )


def _bill(form: str, rows: Sequence[SheetRow]) -> Bill:
    lines: list[BillLine] = []
    bad: list[Problem] = []
    seen: dict[str, int] = {}
    for row in rows:
        try:
            lines.append(_line(form, row, seen))
        except RowWrong as wrong:
            bad.append(wrong.problem(row.line))
    return Bill(form, lines, bad)


def _line(form: str, row: SheetRow, seen: dict[str, int]) -> BillLine:
    """Read a row.

    Raises:
        RowWrong: when something is wrong with it.
    """
    fee_fen = _fen_maybe(row, "fee")
    amount_fen = _moved(form, row, fee_fen)
    if not amount_fen:
        raise RowWrong("amount", "amount_missing", "没有金额", "there is no amount")
    line = BillLine(
        line=row.line,
        key=_own(row, "key", 100),
        our_no=_own(row, "our_no", 64),
        institution_no=_own(row, "institution_no", 128),
        request_no=_own(row, "request_no", 64),
        amount_fen=amount_fen,
        fee_fen=abs(amount_fen) if _is_fee(form, row) else abs(fee_fen),
        balance_fen=fen_read("balance", row.get("balance")) if row.get("balance") else None,
        occurred_at=instant_read("occurred_at", row.get("occurred_at")),
        counterparty=row.get("counterparty")[:TEXT_LENGTH_MAX],
        what=row.get("what")[:TEXT_LENGTH_MAX],
    )
    if not any((line.key, line.our_no, line.institution_no, line.request_no)):
        raise RowWrong(
            "institution_no", "missing", "没有任何编号，无法对账", "there is no number to match by"
        )
    return line if line.key else replace(line, key=_key(line, seen))


def _own(row: SheetRow, name: str, longest: int) -> str:
    """Read a number; spreadsheets are kept from rounding it by a mark in front."""
    return text_read(name, row.get(name).strip("`'"), longest)


def _is_fee(form: str, row: SheetRow) -> bool:
    """Tell whether a movement as a whole is the institution's fee."""
    return form == "fund" and _FEE in row.get("what")


def _fen_maybe(row: SheetRow, name: str) -> int:
    """Read an amount that may be left out."""
    return fen_read(name, row.get(name)) if row.get(name) else 0


def _moved(form: str, row: SheetRow, fee_fen: int) -> int:
    """Return what a line did to our money, the fee taken off."""
    if row.get("amount"):
        return fen_read("amount", row.get("amount")) - abs(fee_fen)
    came, went = abs(_fen_maybe(row, "in")), abs(_fen_maybe(row, "out"))
    if form == "business" and _REFUND in row.get("what"):
        return abs(fee_fen) - came  # a refund gives its fee back
    return came - went - abs(fee_fen)


def _key(line: BillLine, seen: dict[str, int]) -> str:
    """Return what makes a line without a number of its own unique: its content, and its turn."""
    told = {name: value for name, value in vars(line).items() if name not in _NOT_CONTENT}
    content = digest(told)
    seen[content] = seen.get(content, 0) + 1
    return f"{content}-{seen[content]}"
