"""The institution's files are read as they come; what cannot be read comes back with its row."""

import pytest

from earnest.kernel.errors import BadInput
from earnest.payins.sheet import sheet_text
from earnest.reconciliation.bills import bill_read

FUND = """\
#支付宝账务明细查询
#账号：[20880000000000010156]
#起始日期：[2025年09月08日 00:00:00]   终止日期：[2025年09月09日 00:00:00]
#-----------------------------------------账务明细列表----------------------------------------
账务流水号,业务流水号,商户订单号,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,业务类型
901\t,2025090822001\t,T2509080001\t,2025-09-08 10:05:00,abc***@x.com,10100.00,0.00,15100.00,在线支付
902\t,2025090822001\t,T2509080001\t,2025-09-08 10:05:01,,0.00,-100.00,15000.00,收费
903\t,2025090822009\t,P0001\t,2025-09-08 11:00:00,def***,0.00,-500.00,14500.00,转账
904\t,2025090822010\t,T2\t,2025-09-08 12:00:00,,abc,0.00,14500.00,在线支付
#-----------------------------------------账务明细列表结束------------------------------------
#支出合计：2笔，共600.00元
#收入合计：1笔，共10100.00元
#导出时间：[2025年09月09日 09:00:00]
"""
BUSINESS = """\
#支付宝业务明细查询
支付宝交易号,商户订单号,业务类型,创建时间,完成时间,对方账户,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）,分润
2025090822001,T1,交易,2025-09-08 10:00:00,2025-09-08 10:05:00,a,10100.00,10100.00,,-100.00,0.00
2025090822001,T1,退款,2025-09-08 10:00:00,2025-09-08 15:00:00,a,-1010.00,-1010.00,R1,10.00,0.00
"""


def test_a_fund_bill_in_gbk_is_read_with_its_fees_and_balances() -> None:
    """Comments and totals are passed over, tabs trimmed, one row is at fault."""
    bill = bill_read(sheet_text(FUND.encode("gbk")))
    assert bill.form == "fund"
    assert [(each.key, each.our_no, each.amount_fen, each.fee_fen) for each in bill.lines] == [
        ("901", "T2509080001", 1_010_000, 0),
        ("902", "T2509080001", -10_000, 10_000),
        ("903", "P0001", -50_000, 0),
    ]
    assert [(each.where, each.code) for each in bill.bad] == [("9: in", "not_an_amount")]
    assert (bill.opening_fen, bill.closing_fen) == (500_000, 1_450_000)


def test_a_business_bill_takes_the_fee_off_and_gives_it_back_with_a_refund() -> None:
    """What is left of a trade is what was received less the fee; a refund the other way round."""
    bill = bill_read(BUSINESS)
    assert bill.form == "business"
    assert [(each.amount_fen, each.fee_fen, each.request_no) for each in bill.lines] == [
        (1_000_000, 10_000, ""),
        (-100_000, 1_000, "R1"),
    ]
    assert (bill.opening_fen, bill.closing_fen) == (None, None)


def test_a_banks_sheet_newest_first_is_the_neutral_form() -> None:
    """Debit and credit columns, a running balance from the bottom up, equal lines kept apart."""
    sheet = (
        "交易时间,交易流水号,借方发生额(元),贷方发生额(元),余额,对方户名,摘要\n"
        "2025-09-08 17:00:00,B2,5.00,,195.00,甲,退回\n"
        "2025-09-08 09:30:00,B1,,200.00,200.00,乙,保证金\n"
    )
    bill = bill_read(sheet)
    assert bill.form == "neutral"
    assert [each.amount_fen for each in bill.lines] == [-500, 20_000]
    assert (bill.opening_fen, bill.closing_fen) == (0, 19_500)


def test_equal_lines_without_a_number_of_their_own_stay_two() -> None:
    """Two movements of the same content are two, and reading again gives the same keys."""
    sheet = "institution_no,occurred_at,amount\nX,2025-09-08,1.00\nX,2025-09-08,1.00\n"
    first, second = bill_read(sheet).lines
    assert first.key != second.key
    assert [each.key for each in bill_read(sheet).lines] == [first.key, second.key]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",2025-09-08,1.00", ("2: institution_no", "missing")),
        ("X,2025-09-08,0.00", ("2: amount", "amount_missing")),
        ("X,someday,1.00", ("2: occurred_at", "not_a_time")),
        ("X,2025-09-08,1.005", ("2: amount", "not_an_amount")),
    ],
)
def test_a_row_at_fault_names_line_field_and_rule(row: str, problem: tuple[str, str]) -> None:
    """No number, no amount, no time, too many decimals."""
    (bad,) = bill_read(f"institution_no,occurred_at,amount\n{row}\n").bad
    assert (bad.where, bad.code) == problem


def test_a_file_of_no_known_form_is_refused() -> None:
    """Three columns at least are needed."""
    with pytest.raises(BadInput, match="bill_unknown"):
        bill_read("a,b\n1,2\n")
