"""Online payment orders: fee shown, credited once and only for what was asked, whatever arrives."""

from datetime import timedelta

import pytest

from earnest.kernel.calendar import Month
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.ledger.commands import month_close
from earnest.ledger.queries import statement
from earnest.market.commands import clock_set
from earnest.payins.fees import pay_quote
from earnest.payins.models import CashReceipt, PayNotice, PayOrder
from earnest.payins.orders import (
    NewPayOrder,
    pay_order_open,
    pay_order_paid,
    pay_orders_expire,
    payment_noticed,
)
from earnest.payins.payments import Collector, sandbox_payment
from tests.payins.scene import AT, PROVIDER, SHOP, Scene, payment_of

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=10)


def _order(scene: Scene, **changes: object) -> PayOrder:
    asked = {
        "subject": SHOP,
        "amount_fen": 2_000_000,
        "purpose": "deposit",
        "rail": "alipay_trade",
        "actor": "merchant",
    }
    return pay_order_open(scene.tenant, NewPayOrder(**asked | changes), AT)  # type: ignore[arg-type]


@pytest.mark.clause("S3-2.1a")
def test_a_shop_sees_what_it_lacks_and_pays_no_fee() -> None:
    """A shop that pays 20,000 yuan sees a fee of 0 with its clause, and pays 20,000."""
    scene = Scene().open()
    quote = pay_quote(scene.tenant, SHOP, 2_000_000, purpose="deposit", rail="alipay_trade", now=AT)
    assert (quote.fee_fen, quote.total_fen, quote.position.shortage_fen) == (0, 2_000_000, 0)
    assert quote.fee.clause == "S3-2.1a"
    assert quote.fee.assumed == ("channel_fee",)


@pytest.mark.clause("S3-1.2")
def test_the_deposit_bears_no_interest_and_the_quote_says_so() -> None:
    """The interest shown with a payment is that of the rulebook: none."""
    scene = Scene().open()
    quote = pay_quote(scene.tenant, SHOP, 10**9, purpose="deposit", rail="alipay_trade", now=AT)
    assert quote.interest_fen == 0
    assert (
        pay_quote(
            scene.tenant, PROVIDER, 100, purpose="deposit", rail="alipay_trade", now=AT
        ).interest_fen
        is None
    )


@pytest.mark.clause("S0-1.1-basis")
def test_a_provider_pays_one_per_cent_on_top_which_is_not_credited() -> None:
    """10,000 yuan cost 10,100; the deposit and the books get 10,000."""
    scene = Scene().open()
    order = _order(scene, subject=PROVIDER, amount_fen=1_000_000)
    assert (order.fee_fen, order.total_fen) == (10_000, 1_010_000)
    pay_order_paid(scene.tenant, payment_of(order), LATER)
    assert scene.deposit(PROVIDER) == 1_000_000
    assert scene.cash("alipay_trade") == 1_000_000
    assert scene.books_hold()


@pytest.mark.clause("S3-2.1a")
def test_a_payment_is_credited_once_with_its_receipt_number() -> None:
    """A notice and its duplicate credit the deposit once; the receipt names the institution's."""
    scene = Scene().open()
    order = _order(scene)
    outcomes = [
        payment_noticed(scene.tenant, payment_of(order), LATER, source="notice") for _ in "12"
    ]
    assert outcomes == ["booked", "repeated"]
    assert scene.deposit() == 2_000_000
    receipt = CashReceipt.objects.get(tenant_id=scene.tenant)
    order.refresh_from_db()
    assert (receipt.receipt_no, receipt.our_no) == (order.trade_no, order.number)
    assert receipt.transfer_id == order.transfer_id
    (line,) = statement(scene.tenant, "deposit:shop:S0001", 10)
    assert order.trade_no in line.note
    assert line.clause == "S3-2.1a"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "WAIT_BUYER_PAY"}, "payment_not_made"),
        ({"app_id": "2021000000000009"}, "payment_not_ours"),
        ({"seller_id": "2088000000000009"}, "payment_not_ours"),
        ({"total_fen": 1_999_999}, "payment_amount_differs"),
        ({"total_fen": 2_000_001}, "payment_amount_differs"),
        ({"total_fen": None}, "payment_amount_differs"),
        ({"trade_no": ""}, "trade_no_missing"),
    ],
)
def test_a_payment_that_is_not_the_orders_books_nothing(
    changes: dict[str, object], code: str
) -> None:
    """Another status, application, payee, amount or no receipt number: a code, and no entry."""
    scene = Scene().open()
    order = _order(scene)
    with pytest.raises((Conflict, BadInput)) as raised:
        pay_order_paid(scene.tenant, payment_of(order, **changes), LATER)
    assert raised.value.problem.code == code
    order.refresh_from_db()
    assert (order.state, scene.deposit(), scene.cash("alipay_trade")) == ("open", 0, 0)


def test_a_notice_at_fault_is_written_down_and_the_right_one_is_booked_after_it() -> None:
    """A wrong amount is kept as evidence; the true notice that follows is booked."""
    scene = Scene().open()
    order = _order(scene)
    said = [payment_of(order, total_fen=1), payment_of(order)]
    outcomes = [payment_noticed(scene.tenant, each, LATER, source="notice") for each in said]
    kept = PayNotice.objects.filter(tenant_id=scene.tenant).order_by("id")
    assert outcomes == ["payment_amount_differs", "booked"]
    assert [each.outcome for each in kept] == outcomes


def test_a_second_trade_for_a_paid_order_books_nothing() -> None:
    """Two different trades cannot both pay one order."""
    scene = Scene().open()
    order = _order(scene)
    pay_order_paid(scene.tenant, payment_of(order), LATER)
    with pytest.raises(Conflict, match="pay_order_paid_otherwise"):
        pay_order_paid(scene.tenant, payment_of(order, trade_no="another"), LATER)
    assert scene.deposit() == 2_000_000


def test_a_late_payment_of_an_expired_order_is_booked() -> None:
    """The money came, so it is credited, however late the notice is."""
    scene = Scene().open()
    order = _order(scene)
    late = AT + timedelta(days=3)
    assert pay_orders_expire(scene.tenant, late) == 1
    assert pay_order_paid(scene.tenant, payment_of(order, paid_at=late), late).state == "paid"
    assert scene.deposit() == 2_000_000


def test_a_notice_of_a_closed_month_counts_from_today_and_says_so() -> None:
    """A payment of August that is heard of after the closing of August counts from then."""
    scene = Scene().open()
    order = _order(scene)
    month_close(scene.tenant, Month(2025, 9), "finance", AT + timedelta(days=30))
    heard = AT + timedelta(days=31)
    pay_order_paid(scene.tenant, payment_of(order), heard)
    (line,) = statement(scene.tenant, "deposit:shop:S0001", 10)
    assert line.effective_at == heard
    assert "received 2025-09-08 in a closed month" in line.note
    assert scene.books_hold()


@pytest.mark.clause("S3-5.3a")
def test_a_debt_is_paid_first_and_the_rest_becomes_deposit() -> None:
    """A payment of 500 yuan for a debt that has sunk to 300 pays it and credits 200."""
    scene = Scene().open()
    scene.owes(SHOP, 50_000)
    order = _order(scene, amount_fen=50_000, purpose="recovery")
    other = _order(scene, amount_fen=20_000, purpose="recovery")
    pay_order_paid(scene.tenant, payment_of(other, trade_no="t2"), LATER)
    pay_order_paid(scene.tenant, payment_of(order), LATER)
    assert scene.holds("claim:shop:S0001") == 0
    assert (scene.deposit(), scene.suspense) == (20_000, 0)
    assert scene.cash("alipay_trade") == 70_000
    assert scene.books_hold()


def test_more_than_is_owed_cannot_be_ordered() -> None:
    """A debt is paid up to what is owed."""
    scene = Scene().open()
    scene.owes(SHOP, 100)
    with pytest.raises(BadInput, match="more_than_owed"):
        _order(scene, amount_fen=101, purpose="recovery")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_fen": 0}, "amount_not_positive"),
        ({"purpose": "present"}, "unknown_purpose"),
        ({"rail": "bank"}, "rail_not_online"),
        ({"client_key": "k" * 65}, "client_key_too_long"),
    ],
)
def test_an_order_that_makes_no_sense_is_not_opened(changes: dict[str, object], code: str) -> None:
    """No amount, an unknown purpose, a rail without cashier, a key too long."""
    scene = Scene().open()
    with pytest.raises(BadInput) as raised:
        _order(scene, **changes)
    assert raised.value.problem.code == code


def test_the_same_client_key_opens_one_order_and_never_another() -> None:
    """A retry gives the order that stands; the key with another amount is refused."""
    scene = Scene().open()
    first = _order(scene, client_key="k1")
    assert _order(scene, client_key="k1").number == first.number
    with pytest.raises(Conflict, match="pay_order_differs"):
        _order(scene, client_key="k1", amount_fen=1)
    assert _order(scene, client_key="k2").number != first.number


def test_asking_twice_without_a_key_gives_the_order_that_waits() -> None:
    """Two clicks open one order; after it is paid, the next click opens another."""
    scene = Scene().open()
    first = _order(scene)
    assert _order(scene).number == first.number
    pay_order_paid(scene.tenant, payment_of(first), LATER)
    assert _order(scene).number != first.number


def test_only_a_sandbox_order_is_paid_by_a_person() -> None:
    """A demo completes its own orders; an order at an institution cannot be completed by hand."""
    scene = Scene().open()
    real = _order(scene, collector=Collector("2021", "2088"))
    with pytest.raises(Conflict, match="not_a_sandbox_order"):
        sandbox_payment(real, LATER)
    demo = _order(scene, amount_fen=100)
    paid = pay_order_paid(scene.tenant, sandbox_payment(demo, LATER), LATER, source="sandbox")
    assert paid.state == "paid"
    assert paid.trade_no.startswith("SANDBOX")


def test_without_an_institution_nothing_is_paid_online_in_a_real_market() -> None:
    """Only where time is simulated may a person complete a payment: nobody credits himself."""
    scene = Scene().open()
    order = _order(scene)
    clock_set(scene.tenant, None)
    with pytest.raises(Conflict, match="institution_not_configured"):
        _order(scene, amount_fen=5)
    with pytest.raises(Conflict, match="institution_not_configured"):
        sandbox_payment(order, LATER)
    assert _order(scene, amount_fen=6, collector=Collector("2021", "2088")).state == "open"


def test_a_notice_of_an_unknown_order_is_not_found() -> None:
    """A number that is none of ours books nothing."""
    scene = Scene().open()
    order = _order(scene)
    with pytest.raises(NotFound):
        payment_noticed(scene.tenant, payment_of(order, number="T0"), LATER, source="notice")


def test_an_unpaid_order_that_the_institution_closed_is_closed_and_a_paid_one_stays() -> None:
    """A closing after the payment (a full refund) does not undo the payment here."""
    scene = Scene().open()
    order, other = _order(scene), _order(scene, amount_fen=5)
    closing = {"status": "TRADE_CLOSED"}
    assert payment_noticed(scene.tenant, payment_of(other, **closing), LATER, source="notice") == (
        "closed"
    )
    pay_order_paid(scene.tenant, payment_of(order), LATER)
    payment_noticed(scene.tenant, payment_of(order, **closing), LATER, source="notice")
    states = PayOrder.objects.filter(tenant_id=scene.tenant).values_list("number", "state")
    assert dict(states) == {order.number: "paid", other.number: "closed"}
