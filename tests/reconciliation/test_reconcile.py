"""A day is compared with the books: what agrees, what is open, what a person did about it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from earnest.kernel.errors import BadInput, Conflict, NotAllowed
from earnest.payins.bank_import import bank_receipts_import
from earnest.payins.bank_receipts import bank_receipt_match
from earnest.payins.models import PayOrder
from earnest.payins.orders import NewPayOrder, pay_order_open, pay_order_paid
from earnest.payins.queries import unmatched_fen
from earnest.payouts.commands import part_paid_by_hand, payouts_advance
from earnest.payouts.models import Payout
from earnest.postgres.tenancy import tenant_scope
from earnest.reconciliation.commands import (
    item_assign,
    item_explain,
    reconcile,
    statement_import,
)
from earnest.reconciliation.models import Item, ItemStep, StatementLine
from earnest.reconciliation.queries import days_listed, items_open
from earnest.reconciliation.report import Report
from earnest.reconciliation.returns import bank_receipt_return
from tests.payins.scene import AT, PROVIDER, SHOP, Scene, bank_row, payment_of

pytestmark = pytest.mark.django_db
DAY = date(2025, 9, 8)
NEXT = date(2025, 9, 9)
MORNING = datetime(2025, 9, 9, 2, tzinfo=UTC)
HEAD = "line_no,institution_no,our_no,occurred_at,amount,fee\n"
RAIL = "alipay_trade"


def _paid(scene: Scene, trade_no: str, fen: int = 1_000_000, **changes: object) -> PayOrder:
    new = NewPayOrder(PROVIDER, fen, "deposit", RAIL, "p", client_key=trade_no)
    order = pay_order_open(scene.tenant, new, AT)
    said = payment_of(order, trade_no=trade_no, **changes)
    return pay_order_paid(scene.tenant, said, MORNING)


def _line(order: PayOrder, *, fen: int | None = None, at: str = "2025-09-08 10:05:00") -> str:
    total = order.total_fen if fen is None else fen
    fee = f"{order.fee_fen / 100:.2f}"
    return f"L{order.trade_no},{order.trade_no},{order.number},{at},{total / 100:.2f},{fee}\n"


def _told(scene: Scene, *lines: str, day: date = DAY, rail: str = RAIL) -> None:
    content = (HEAD + "".join(lines)).encode()
    statement_import(scene.tenant, rail, day, content, "finance", MORNING)


def _compared(scene: Scene, day: date = DAY, rail: str = RAIL) -> Report:
    return reconcile(scene.tenant, rail, day, MORNING)


def test_a_day_that_agrees_has_nothing_open_and_both_sides_add_up() -> None:
    """The payer's total less the institution's fee is what our books show."""
    scene = Scene().open()
    order = _paid(scene, "A1")
    _told(scene, _line(order))
    report = _compared(scene)
    assert report.agrees
    assert report.counts["matched"] == 1
    assert (report.institution.in_fen, report.books.in_fen, report.fee_fen) == (
        1_000_000,
        1_000_000,
        10_000,
    )
    assert (report.books.opening_fen, report.books.closing_fen) == (0, 1_000_000)
    assert report.books.adds_up


def test_each_kind_of_difference_is_found_with_an_action() -> None:
    """Received and not booked (ours, a stranger's), left without order, booked and not listed."""
    scene = Scene().open()
    new = NewPayOrder(PROVIDER, 100, "deposit", RAIL, "p")
    unpaid = pay_order_open(scene.tenant, new, AT)
    booked, differing = _paid(scene, "A2"), _paid(scene, "A3")
    _told(
        scene,
        f"L1,A1,{unpaid.number},2025-09-08 10:00:00,1.01,0.01\n",
        "L2,Z1,,2025-09-08 10:00:00,5.00,\n",
        "L3,Z2,,2025-09-08 10:00:00,-7.00,\n",
        _line(differing, fen=differing.total_fen - 1),
    )
    report = _compared(scene)
    found = {each.institution_no: (each.outcome, each.action) for each in report.open_lines}
    assert found == {
        "A1": ("only_institution", "take_order"),
        "Z1": ("only_institution", "find_owner"),
        "Z2": ("only_institution", "money_left"),
        "A2": ("only_books", "wait_a_day"),
        "A3": ("amount_differs", "compare"),
    }
    (line,) = [each for each in report.open_lines if each.institution_no == "A3"]
    assert (line.difference_fen, line.age_days) == (-1, 1)
    assert line.our_no == differing.number
    assert booked.number in {each.our_no for each in report.lines}


def test_a_repeat_changes_nothing_and_takes_up_late_entries() -> None:
    """What was only at the institution is settled when its notice comes late."""
    scene = Scene().open()
    new = NewPayOrder(PROVIDER, 1_000_000, "deposit", RAIL, "p")
    order = pay_order_open(scene.tenant, new, AT)
    _told(scene, f"L1,2025090822001,{order.number},2025-09-08 10:05:00,10100.00,100.00\n")
    first = _compared(scene)
    assert _compared(scene) == first
    assert ItemStep.objects.filter(tenant_id=scene.tenant).count() == 1
    pay_order_paid(scene.tenant, payment_of(order), MORNING)
    assert _compared(scene).agrees
    steps = ItemStep.objects.filter(tenant_id=scene.tenant).order_by("id")
    assert [(each.action, each.outcome) for each in steps] == [
        ("found", "only_institution"),
        ("changed", "matched"),
    ]


def test_the_cut_off_settles_itself_with_the_next_days_statement() -> None:
    """Booked on the 8th, listed on the 9th: open on the first evening, then another day only."""
    scene = Scene().open()
    order = _paid(scene, "A1")
    _told(scene)
    assert [each.outcome for each in _compared(scene).open_lines] == ["only_books"]
    _told(scene, _line(order, at="2025-09-09 00:00:01"), day=NEXT)
    assert _compared(scene, NEXT).counts["day_differs"] == 1
    assert _compared(scene).agrees
    assert Item.objects.get(tenant_id=scene.tenant).days == [DAY, NEXT]


def test_the_same_file_is_recognised_and_a_line_counts_once() -> None:
    """The same bytes give the same statement; another file takes only what is new."""
    scene = Scene().open()
    order, other = _paid(scene, "A1"), _paid(scene, "A2")
    _told(scene, _line(order))
    _told(scene, _line(order))
    _told(scene, _line(order), _line(other))
    assert StatementLine.objects.filter(tenant_id=scene.tenant).count() == 2
    (row,) = days_listed(scene.tenant)
    assert (row.statements, row.lines) == (2, 2)
    assert _compared(scene).agrees


def test_rows_at_fault_are_reported_and_the_day_does_not_pass() -> None:
    """A row of another day and one without amount come back; the others are compared."""
    scene = Scene().open()
    order = _paid(scene, "A1")
    _told(scene, _line(order), "L8,Z,,2025-09-01 10:00:00,1.00,\n", "L9,Z,,2025-09-08,x,\n")
    report = _compared(scene)
    assert [each.code for each in report.bad] == ["not_an_amount", "other_day"]
    assert not report.agrees
    assert not report.open_lines


def test_a_difference_is_given_an_owner_and_explained_and_opens_again_when_it_changes() -> None:
    """A person closes it with a reason; it is never gone; another amount opens it again."""
    scene = Scene().open()
    _told(scene, "L2,Z1,,2025-09-08 10:00:00,5.00,\n")
    _compared(scene)
    item = items_open(scene.tenant).get()
    word = {"actor": "finance", "now": MORNING}
    item_assign(scene.tenant, item.id, owner="li", note="asked Alipay", **word)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="reason_missing"):
        item_explain(scene.tenant, item.id, reason=" ", **word)  # type: ignore[arg-type]
    item_explain(scene.tenant, item.id, reason="their promotion, letter 12", **word)  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="item_not_open"):
        item_explain(scene.tenant, item.id, reason="again", **word)  # type: ignore[arg-type]
    report = _compared(scene)
    assert report.agrees
    assert [(each.state, each.reason) for each in report.lines] == [
        ("explained", "their promotion, letter 12")
    ]
    _told(scene, "L3,Z1,,2025-09-09 10:00:00,1.00,\n", day=NEXT)
    assert [each.state for each in _compared(scene, NEXT).lines] == ["open"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Item.objects.all().delete()


def test_two_items_that_turn_out_to_share_a_number_become_one() -> None:
    """Our side was found by our number, theirs by theirs; a later line names both."""
    scene = Scene().open()
    order = _paid(scene, "A1", fen=500)
    _told(scene, "L1,X9,,2025-09-08 10:00:00,5.00,\n")
    assert len(_compared(scene).open_lines) == 2
    _told(scene, f"L2,X9,{order.number},2025-09-09 00:01:00,1.00,1.00\n", day=NEXT)
    _told(scene, f"L3,X9,{order.number},2025-09-09 00:02:00,0.01,\n", day=NEXT)
    report = _compared(scene, NEXT)
    assert [(each.outcome, each.institution_fen) for each in report.lines] == [
        ("amount_differs", 501)
    ]
    assert Item.objects.filter(tenant_id=scene.tenant, outcome="joined").count() == 1


def test_bank_receipts_are_compared_by_the_banks_number() -> None:
    """A transfer that was imported and matched agrees with the bank's daily sheet."""
    scene = Scene().open()
    bank_receipts_import(scene.tenant, [bank_row()], "finance", MORNING)
    bank_receipt_match(scene.tenant, "B0001", SHOP, purpose="deposit", actor="finance", now=MORNING)
    _told(scene, "1,B0001,,2025-09-08 09:30:00,20000.00,\n", rail="bank")
    report = _compared(scene, rail="bank")
    assert report.agrees
    assert report.books.closing_fen == 2_000_000


@pytest.mark.django_db(transaction=True)
def test_a_return_takes_two_persons_and_agrees_with_the_bank() -> None:
    """Asked for, agreed to by another, paid by hand: our books and the bank's sheet agree."""
    scene = Scene().open()
    rows = [bank_row(payer_account="6222"), bank_row("B2", "1.00")]
    bank_receipts_import(scene.tenant, rows, "finance", MORNING)
    word = {"note": "paid twice", "now": MORNING}
    bank_receipt_return(scene.tenant, "B0001", actor="finance", **word)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match="second_person_needed"):
        bank_receipt_return(scene.tenant, "B0001", actor="finance", **word)  # type: ignore[arg-type]
    back = bank_receipt_return(scene.tenant, "B0001", actor="chief", **word)  # type: ignore[arg-type]
    payout = Payout.objects.get(tenant_id=scene.tenant)
    assert (back.state, back.payout_number) == ("returned", payout.number)
    assert payout.purpose == "overpayment"
    assert scene.suspense == unmatched_fen(scene.tenant) == 100
    with pytest.raises(Conflict):
        bank_receipt_return(scene.tenant, "B0001", actor="chief", **word)  # type: ignore[arg-type]
    payouts_advance(scene.tenant, {}, MORNING)
    part = payout.parts.get()
    for person in ("finance", "chief"):
        part_paid_by_hand(scene.tenant, part.business_no, receipt_no="OUT1", by=person, now=MORNING)
    _told(scene, "1,OUT1,,2025-09-09 10:00:00,-20000.00,\n", rail="bank", day=NEXT)
    report = _compared(scene, NEXT, rail="bank")
    assert [(each.outcome, each.our_no) for each in report.lines] == [("matched", part.business_no)]
    assert (scene.suspense, scene.cash("bank")) == (100, 100)
    assert scene.books_hold()


def test_a_return_without_an_account_asks_for_one() -> None:
    """Money is not sent to nowhere; nothing changes until the account is given."""
    scene = Scene().open()
    bank_receipts_import(scene.tenant, [bank_row()], "finance", MORNING)
    word = {"note": "paid twice", "now": MORNING}
    bank_receipt_return(scene.tenant, "B0001", actor="finance", **word)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="payer_account_missing"):
        bank_receipt_return(scene.tenant, "B0001", actor="chief", **word)  # type: ignore[arg-type]
    said = bank_receipt_return(
        scene.tenant,
        "B0001",
        actor="chief",
        account="6222",
        **word,  # type: ignore[arg-type]
    )
    assert said.state == "returned"


def test_a_statement_of_the_other_bill_of_a_day_is_refused() -> None:
    """The fund and the business bill tell of the same money: one of them."""
    scene = Scene().open()
    _told(scene)
    fund = "账务流水号,业务流水号,商户订单号,发生时间,收入金额（+元）,支出金额（-元）\n"
    with pytest.raises(Conflict, match="statement_form_differs"):
        statement_import(scene.tenant, RAIL, DAY, fund.encode(), "finance", MORNING)


@pytest.mark.parametrize(
    ("rail", "day", "code"),
    [("cash_box", DAY, "rail_unknown"), (RAIL, DAY + timedelta(days=9), "day_not_over")],
)
def test_a_statement_of_nowhere_or_of_tomorrow_is_refused(rail: str, day: date, code: str) -> None:
    """Unknown rails and days ahead have no statement."""
    with pytest.raises(BadInput) as raised:
        statement_import(Scene().open().tenant, rail, day, HEAD.encode(), "finance", MORNING)
    assert raised.value.problem.code == code


def test_a_day_without_its_statement_is_not_compared() -> None:
    """A missing file is said to be missing, and not that all is at fault."""
    with pytest.raises(Conflict, match="statement_missing"):
        _compared(Scene().open())


@pytest.mark.usefixtures("as_app_role")
def test_all_of_it_works_with_the_rights_of_daily_work() -> None:
    """Pay, match, compare and explain as the working role; another tenant sees nothing of it."""
    scene = Scene()
    with tenant_scope(scene.tenant):
        order = _paid(scene.open(), "A1")
        bank_receipts_import(scene.tenant, [bank_row()], "finance", MORNING)
        bank_receipt_match(
            scene.tenant, "B0001", SHOP, purpose="deposit", actor="finance", now=MORNING
        )
        _told(scene, _line(order), "L2,Z1,,2025-09-08 10:00:00,5.00,\n")
        (line,) = _compared(scene).open_lines
        item_explain(scene.tenant, line.id, reason="letter", actor="finance", now=MORNING)
        assert _compared(scene).agrees
        with pytest.raises(DatabaseError), transaction.atomic():
            StatementLine.objects.update(amount_fen=0)
    with tenant_scope("another"):
        assert not Item.objects.exists()
        assert not PayOrder.objects.exists()
