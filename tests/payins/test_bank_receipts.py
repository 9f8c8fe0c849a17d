"""Bank transfers: into suspense at once, to their owner by a person, back by entries."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.deposits.commands import NewRequirement, requirements_set, shortages_review
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import BadInput, Conflict, EarnestError, NotAllowed, NotFound
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import month_close
from earnest.ledger.models import LedgerTransfer
from earnest.ledger.queries import statement
from earnest.payins.bank_import import COLUMNS, NEEDED, bank_receipts_import
from earnest.payins.bank_receipts import (
    bank_receipt_match,
    bank_receipt_return_ask,
    bank_receipt_return_settle,
    bank_receipt_unmatch,
)
from earnest.payins.models import BankReceipt, BankReceiptStep
from earnest.payins.orders import NewPayOrder, pay_order_open
from earnest.payins.queries import bank_receipt_get, unmatched_fen
from earnest.payins.sheet import sheet_rows, sheet_text
from earnest.payins.suggestions import bank_receipt_suggest
from tests.payins.scene import AT, ENTITY, OTHER, PROVIDER, SHOP, Scene, bank_row

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


def _taken(scene: Scene, *rows: object) -> None:
    done = bank_receipts_import(scene.tenant, rows or [bank_row()], "finance", LATER)  # type: ignore[arg-type]
    assert not done.bad


def _match(scene: Scene, number: str = "B0001", **changes: object) -> BankReceipt:
    said = {"subject": SHOP, "purpose": "deposit", "actor": "finance", "now": LATER} | changes
    return bank_receipt_match(scene.tenant, number, said.pop("subject"), **said)  # type: ignore[arg-type]


def test_a_chinese_sheet_in_gbk_is_read_past_its_head_comments_and_totals() -> None:
    """Title lines, comments, thousands separators and a total line do not disturb."""
    sheet = (
        "中国工商银行 账户明细\n#导出时间：2025-09-08\n"
        "回单编号,交易时间,贷方发生额（元）,对方户名,对方账号,附言\n"
        'B1,2025/9/8 9:30:00,"20,000.00",杭州晨光商贸有限公司,6222\t,保证金 S0001\n'
        ",,,,,\n合计,,20000.00,,,\n"
    ).replace("2025/9/8 9:30:00", "2025/09/08 09:30:00")
    (row,) = sheet_rows(sheet_text(sheet.encode("gb18030")), COLUMNS, NEEDED)
    assert row.line == 4
    assert row.cells == {
        "receipt_no": "B1",
        "received_at": "2025/09/08 09:30:00",
        "amount": "20,000.00",
        "payer_name": "杭州晨光商贸有限公司",
        "payer_account": "6222",
        "memo": "保证金 S0001",
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"a,b\n1,2\n", "sheet_without_heading"), (b"\xff\xff\xff", "sheet_unreadable")],
)
def test_a_file_that_is_no_sheet_is_refused(content: bytes, code: str) -> None:
    """No heading that we know, or no text at all."""
    with pytest.raises(BadInput) as raised:
        sheet_rows(sheet_text(content), COLUMNS, NEEDED)
    assert raised.value.problem.code == code


def test_good_rows_go_in_and_bad_rows_come_back_with_row_field_and_rule() -> None:
    """One row is booked into suspense; the others name line, field and what is wrong."""
    scene = Scene().open()
    rows = [
        bank_row(),
        bank_row("B2", "0"),
        bank_row("B3", "-5"),
        bank_row("B4", "1.234"),
        bank_row("B5", received_at="yesterday"),
        bank_row("B6", received_at="2025-09-09 09:30:00"),
        bank_row(""),
        bank_row("B7", memo="x" * 501),
        bank_row("B1"),
        bank_row("B0001", "1.00"),
    ]
    done = bank_receipts_import(scene.tenant, rows, "finance", LATER)
    assert done.new == ["B0001", "B1"]
    assert [(each.where, each.code) for each in done.bad] == [
        ("2: amount", "amount_not_positive"),
        ("2: amount", "amount_not_positive"),
        ("2: amount", "not_an_amount"),
        ("2: received_at", "not_a_time"),
        ("2: received_at", "in_future"),
        ("2: receipt_no", "missing"),
        ("2: memo", "too_long"),
        ("2: receipt_no", "receipt_differs"),
    ]
    assert scene.suspense == scene.cash("bank") == 4_000_000
    again = bank_receipts_import(scene.tenant, rows[:1], "another", LATER)
    assert (again.new, again.repeated, scene.suspense) == ([], ["B0001"], 4_000_000)
    assert scene.books_hold()


@pytest.mark.clause("S3-2.1a")
def test_a_match_credits_the_owner_from_the_day_the_cash_came() -> None:
    """The certified entity's own transfer needs no note; the deposit counts from its day."""
    scene = Scene().open()
    _taken(scene)
    receipt = _match(scene, now=LATER + timedelta(days=2))
    assert (receipt.state, receipt.matched_by) == ("matched", "finance")
    assert (scene.deposit(), scene.suspense) == (2_000_000, 0)
    (line,) = statement(scene.tenant, "deposit:shop:S0001", 10)
    assert line.effective_at == receipt.received_at
    assert (line.clause, line.transfer_id) == ("S3-2.1a", receipt.match_ids[0])
    with pytest.raises(Conflict, match="receipt_not_unmatched"):
        _match(scene, subject=OTHER, note="mine")
    assert scene.books_hold()


def test_a_payer_of_another_name_needs_a_note_that_the_entry_keeps() -> None:
    """Width and spaces make no difference; another name does, and the reason is kept."""
    scene = Scene().open()
    wide = ENTITY.replace("有限", " 有限")
    _taken(scene, bank_row(payer_name="王五"), bank_row("B2", payer_name=wide))
    with pytest.raises(BadInput, match="note_needed"):
        _match(scene)
    _match(scene, note="owner's private account, letter of 8 September")
    _match(scene, "B2")
    noted = [line.note for line in statement(scene.tenant, "deposit:shop:S0001", 10)]
    assert "letter of 8 September" in noted[1]


@pytest.mark.clause("S3-5.3a")
def test_a_transfer_for_a_debt_pays_it_and_the_rest_is_deposit() -> None:
    """20,000 yuan for a debt of 5,000 leave 15,000 in the deposit, and can be taken back."""
    scene = Scene().open()
    scene.owes(SHOP, 500_000)
    _taken(scene)
    receipt = _match(scene, purpose="recovery")
    assert (scene.holds("claim:shop:S0001"), scene.deposit()) == (0, 1_500_000)
    originals = list(receipt.match_ids)
    bank_receipt_unmatch(scene.tenant, "B0001", actor="chief", note="wrong shop", now=LATER)
    assert (scene.holds("claim:shop:S0001"), scene.deposit()) == (-500_000, 0)
    mirrors = LedgerTransfer.objects.filter(tenant_id=scene.tenant, kind="reverse")
    assert {each.pending_id for each in mirrors} == set(originals)
    assert scene.suspense == 2_000_000
    assert scene.books_hold()


def test_an_unmatched_receipt_is_matched_to_its_true_owner() -> None:
    """Matched, taken back, matched to another shop; every step stays written."""
    scene = Scene().open()
    _taken(scene)
    _match(scene)
    bank_receipt_unmatch(scene.tenant, "B0001", actor="chief", note="wrong shop", now=LATER)
    _match(scene, subject=OTHER, note="letter")
    assert (scene.deposit(), scene.deposit(OTHER), scene.suspense) == (0, 2_000_000, 0)
    steps = BankReceiptStep.objects.filter(tenant_id=scene.tenant).order_by("id")
    assert [each.action for each in steps] == ["imported", "matched", "unmatched", "matched"]
    assert scene.books_hold()


def test_a_match_whose_money_was_used_cannot_be_taken_back() -> None:
    """The deposit would go below zero: refused, and nothing changes."""
    scene = Scene().open()
    _taken(scene)
    _match(scene)
    scene.spends(SHOP, 1)
    with pytest.raises(Conflict, match="transfer_refused"):
        bank_receipt_unmatch(scene.tenant, "B0001", actor="chief", note="wrong", now=LATER)
    assert bank_receipt_get(scene.tenant, "B0001").state == "matched"
    assert scene.deposit() == 1_999_999


def test_a_return_needs_two_persons_and_can_be_withdrawn() -> None:
    """Who asked cannot agree; who asked can withdraw; only what is unmatched goes back."""
    scene = Scene().open()
    _taken(scene)
    word = {"actor": "finance", "now": LATER}
    bank_receipt_return_ask(scene.tenant, "B0001", note="paid twice", **word)  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="receipt_not_unmatched"):
        _match(scene)
    with pytest.raises(NotAllowed, match="second_person_needed"):
        bank_receipt_return_settle(scene.tenant, "B0001", payout_number="P1", **word)  # type: ignore[arg-type]
    back = bank_receipt_return_settle(scene.tenant, "B0001", payout_number="", **word)  # type: ignore[arg-type]
    assert back.state == "unmatched"
    with pytest.raises(BadInput, match="note_needed"):
        bank_receipt_return_ask(scene.tenant, "B0001", note=" ", **word)  # type: ignore[arg-type]


def test_a_transfer_of_a_closed_month_counts_from_today_in_both_steps() -> None:
    """Import and match after the closing count from then, and say when the cash came."""
    scene = Scene().open()
    later = AT + timedelta(days=40)
    month_close(scene.tenant, Month(2025, 9), "finance", later)
    bank_receipts_import(scene.tenant, [bank_row()], "finance", later)
    _match(scene, now=later)
    (line,) = statement(scene.tenant, "deposit:shop:S0001", 10)
    assert (line.effective_at, "in a closed month" in line.note) == (later, True)
    assert scene.books_hold()


def test_suggestions_say_why_the_likeliest_first() -> None:
    """An order's number beats a name, a name beats a shortage of the same amount."""
    scene = Scene().open()
    new = NewPayOrder(PROVIDER, 2_000_000, "deposit", "alipay_trade", "p")
    order = pay_order_open(scene.tenant, new, AT)
    required = NewRequirement(
        "shop", OTHER[1], 2_000_000, "S3-3.1a", uuid7_for(AT, scene.tenant, "decision")
    )
    requirements_set(scene.tenant, [required], AT)
    shortages_review(scene.tenant, [OTHER], {"shop": 7, "provider": 7}, AT)
    _taken(scene, bank_row(memo=f"保证金 {order.number} S0001"))
    found = bank_receipt_suggest(bank_receipt_get(scene.tenant, "B0001"), day_of(LATER))
    assert [(each.subject, [why for why, _ in each.reasons]) for each in found] == [
        (SHOP, ["certified_name", "memo"]),
        (PROVIDER, ["order"]),
        (OTHER, ["shortage"]),
    ]


def test_nothing_is_suggested_for_a_stranger() -> None:
    """A payer nobody knows, with an amount nobody lacks."""
    scene = Scene().open()
    _taken(scene, bank_row(payer_name="王五", memo="货款"))
    assert bank_receipt_suggest(bank_receipt_get(scene.tenant, "B0001"), day_of(LATER)) == []


def test_another_tenants_receipt_is_not_found() -> None:
    """A receipt is seen in its own tenant only."""
    _taken(Scene().open())
    with pytest.raises(NotFound):
        _match(Scene().open())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["import", "match", "recovery", "other", "unmatch", "ask", "refuse", "spend"]
        ),
        st.integers(0, 3),
    ),
    max_size=14,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_in_any_order_suspense_is_the_sum_of_what_is_unmatched(
    steps: list[tuple[str, int]],
) -> None:
    """Import, match, unmatch, return in any order: suspense never differs, and the books hold."""
    scene = Scene().open()
    scene.owes(SHOP, 150)
    for at, (what, which) in enumerate(steps):
        _one(scene, what, f"B{which}", which, LATER + timedelta(seconds=at))
        assert scene.suspense == unmatched_fen(scene.tenant)
    known = BankReceipt.objects.filter(tenant_id=scene.tenant)
    assert scene.cash("bank") == sum(each.amount_fen for each in known)
    assert scene.books_hold()


def _one(scene: Scene, what: str, number: str, which: int, now: object) -> None:
    word = {"actor": "a", "note": "n", "now": now}
    try:
        match what:
            case "import":
                row = bank_row(number, f"{which + 1}.00")
                bank_receipts_import(scene.tenant, [row], "a", now)  # type: ignore[arg-type]
            case "match" | "recovery":
                purpose = "recovery" if what == "recovery" else "deposit"
                _match(scene, number, purpose=purpose, now=now)
            case "other":
                _match(scene, number, subject=OTHER, note="n", now=now)
            case "unmatch":
                bank_receipt_unmatch(scene.tenant, number, **word)  # type: ignore[arg-type]
            case "ask":
                bank_receipt_return_ask(scene.tenant, number, **word)  # type: ignore[arg-type]
            case "refuse":
                bank_receipt_return_settle(scene.tenant, number, payout_number="", **word)  # type: ignore[arg-type]
            case _ if scene.deposit() >= 100:
                scene.spends(SHOP, 100)
    except EarnestError:
        return
