"""Filing, reviewing and settling cases in the console: forms, previews, problems, permissions."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from earnest.cases.models import Case
from earnest.console.asking import Asked, fen_typed, form_read
from earnest.console.bars import bars_of
from earnest.decisions.models import Decision
from earnest.deposits.models import DepositHold, HoldReview, Raise
from earnest.ledger.queries import balance_of
from earnest.market.commands import clock_set
from earnest.payouts.models import PayeeAccount
from tests.console import deposit_story
from tests.console.market import TENANT, SeededMarket, seed

SignIn = Callable[..., Client]
FILE = "/deposits/shop/S1/file"
BY_AMOUNT = {
    "ground": "unfit_goods",
    "breached_on": "2025-11-20",
    "amount_due": "40,000.00",
    "mode": "partial",
    "advances": "yes",
    "note": "投诉成立",
    "evidence": "E-1\nE-2",
}


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[SeededMarket]:
    """Seed the market once, with S1's deposit in order: 30,000 paid and required."""
    with django_db_blocker.unblock(), transaction.atomic():
        market = seed()
        deposit_story.topped_up()
        yield market
        transaction.set_rollback(True)


def _problems(response: Any) -> dict[str, str]:
    return {each.name: each.problem for each in response.context["form"].fields if each.problem}


def _filed(client: Client, what: str, **fields: str) -> Case:
    response = client.post(f"{FILE}/{what}/", {**fields, "step": "file"})
    assert response.status_code == 302, _problems(response) or response.context["form"].problem
    return Case.objects.get(tenant_id=TENANT, number=response.headers["Location"].split("/")[2])


def _approved(client: Client, case: Case, *names: str) -> None:
    """Let the deciders approve what of a case waits, as on the queue's page."""
    for name in names:
        for each in Decision.objects.filter(period__startswith=case.number, state="waiting"):
            client.login(username=name, password=deposit_story.PASSWORD)
            client.post(
                f"/decisions/{each.id}/settle/", {"verdict": "approve", "reason": "核对无误"}
            )


def _acted(client: Client, case: Case, act: str, **fields: str) -> Any:
    return client.post(f"/cases/{case.number}/act/{act}/", fields)


def test_problems_are_said_at_their_fields(market: SeededMarket, signed_in: SignIn) -> None:
    """What is missing or not an amount is said at its field, in the reader's language."""
    client = signed_in("finance", "en")
    wrong = {"step": "file", "amount_due": "many", "breached_on": "yesterday", "mode": "x"}
    response = client.post(f"{FILE}/deduction_amount/", wrong)
    assert response.status_code == 422
    assert set(_problems(response)) == {"ground", "breached_on", "amount_due", "mode", "note"}
    assert _problems(response)["amount_due"] == "Write an amount such as 1,200.50"
    assert 'aria-describedby="deduction_amount-amount_due-problem"' in response.content.decode()
    late = client.post(f"{FILE}/deduction_amount/", {**BY_AMOUNT, "breached_on": "2026-01-01"})
    assert "not after today" in _problems(late)["breached_on"]
    assert not Case.objects.filter(tenant_id=TENANT).exists()


@pytest.mark.clause("S3-4.1d")
def test_a_preview_shows_the_computation_and_keeps_nothing(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """Late orders of 199 and 1,000 yuan: 19.90 and 30 are due; nothing is filed by looking."""
    fields = {
        "ground": "broken_promise",
        "breached_on": "2025-11-20",
        "orders": "199.00 late_shipping\n1,000 late_shipping",
        "mode": "partial",
        "note": "迟发",
    }
    client = signed_in("finance")
    response = client.post(f"{FILE}/deduction_orders/", {**fields, "step": "preview"})
    assert response.status_code == 200
    decided = response.context["preview"].decided
    assert [each.decision.decision for each in decided] == [
        "deduction_ground", "order_compensation", "recovery",
    ]  # fmt: skip
    assert "49.90" in decided[1].explanation
    assert "49.90" in response.content.decode()
    assert not Case.objects.filter(tenant_id=TENANT).exists()
    broken = client.post(f"{FILE}/deduction_orders/", {**fields, "orders": "199 no_such"})
    assert broken.status_code == 422
    lines = client.post(f"{FILE}/deduction_orders/", {**fields, "orders": "12.00 a\nlate_shipping"})
    assert "2" in _problems(lines)["orders"]


@pytest.mark.clause("S3-4.1", "S3-4.2a", "S3-5.3b")
def test_a_deduction_takes_four_eyes_and_two_more(market: SeededMarket, signed_in: SignIn) -> None:
    """Who files may not review; the reviewer confirms; two approve; deposit and claim move."""
    finance = signed_in("finance")
    case = _filed(finance, "deduction_amount", **BY_AMOUNT)
    assert list(case.entries.get().evidence) == ["E-1", "E-2"]
    own = _acted(finance, case, "deduction_review", finding="confirmed", reason="自己审核")
    assert own.status_code == 422
    assert "另一人" in own.content.decode()
    assert not Decision.objects.filter(period=case.number).exists()
    assert (
        _acted(
            signed_in("risk"), case, "deduction_review", finding="confirmed", reason="证据充分"
        ).status_code
        == 302
    )
    _approved(Client(), case, "risk")
    assert balance_of(TENANT, "deposit:shop:S1").posted_fen == 3_000_000
    _approved(Client(), case, "admin")
    assert balance_of(TENANT, "deposit:shop:S1").posted_fen == 0
    shown = signed_in("merchant").get("/shops/S1/")
    assert shown.context["position"].claim_fen == 1_000_000
    assert any("10,000.00" in each for each in shown.context["deposit"].must)


def test_claims_are_listed_by_age(market: SeededMarket, signed_in: SignIn) -> None:
    """The claim of a deduction stands in the list, in its bucket, and in the export."""
    number = deposit_story.deducted()
    clock_set(TENANT, deposit_story.DEDUCTED)
    client = signed_in("auditor")
    shown = client.get("/claims/").context
    assert [(each.subject, each.to_30_days_fen) for each in shown["page"].object_list] == [
        (("shop", "S1"), 1_000_000)
    ]
    assert client.get("/claims/?age=over_90").context["page"].paginator.count == 0
    lines = b"".join(client.get("/claims.csv")).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert f"10000.00,扣划,S3-5.3c,{number}," in lines[1]


@pytest.mark.clause("S3-4.2c")
def test_a_hold_from_filing_to_settling(market: SeededMarket, signed_in: SignIn) -> None:
    """A review day that is too late is refused at its field; then held, reviewed and settled."""
    client = signed_in("finance")
    fields = {"reason": "诉讼", "owner": "finance", "estimate": "5,000"}
    late = client.post(f"{FILE}/hold/", {**fields, "review_on": "2027-01-01", "step": "file"})
    assert set(_problems(late)) == {"review_on"}
    case = _filed(client, "hold", review_on="2025-11-27", **fields)
    _approved(Client(), case, "risk")
    assert balance_of(TENANT, "deposit:shop:S1").held_fen == 500_000
    assert "诉讼" in signed_in("service").get("/holds/").content.decode()
    look = {"owner": "risk", "next_on": "2025-11-30", "note": "仍未判决"}
    assert _acted(client, case, "hold_review", **look).status_code == 302
    looks = HoldReview.objects.filter(hold__case_number=case.number).order_by("at", "id")
    assert [each.estimate_fen for each in looks] == [500_000, None]
    none = _acted(client, case, "hold_settle", loss="0", beneficiary="consumer", note="无")
    assert none.status_code == 422
    settled = {"loss": "2,000", "beneficiary": "consumer", "note": "判决"}
    assert _acted(client, case, "hold_settle", **settled).status_code == 302
    _approved(Client(), case, "risk", "admin")
    assert DepositHold.objects.get(case_number=case.number).closed_by == "settled"
    assert balance_of(TENANT, "deposit:shop:S1").posted_fen == 2_800_000


@pytest.mark.clause("S3-3.3a", "S3-3.3x")
def test_a_raise_is_asked_for_and_reviewed(market: SeededMarket, signed_in: SignIn) -> None:
    """Losses one a line; nothing given is refused at its field; a review may end it."""
    client = signed_in("risk")
    fields = {"raise_ground": "violation", "review_on": "2025-12-20", "reason": "多次违规"}
    nothing = client.post(f"{FILE}/raise/", {**fields, "step": "file"})
    assert set(_problems(nothing)) == {"losses"}
    case = _filed(client, "raise", losses="1,000\n2,000", **fields)
    _approved(Client(), case, "finance", "admin")
    row = Raise.objects.get(tenant_id=TENANT)
    assert row.amount_fen == 300_000
    page = client.get("/raises/").content.decode()
    assert f"?raise={row.id}" in page
    review = {"cause_ended": "yes", "reason": "已整改", "raise": str(row.id)}
    released = _filed(client, "raise_review", **review)
    _approved(Client(), released, "finance")
    row.refresh_from_db()
    assert row.released_on is not None


@pytest.mark.clause("S3-2.2c")
def test_a_merchant_asks_for_a_category(market: SeededMarket, signed_in: SignIn) -> None:
    """A dear category waits for a top-up that the page names; the merchant may take it back."""
    client = signed_in("merchant")
    preview = client.post(f"{FILE}/category/", {"category": "jewelry", "step": "preview"})
    assert preview.context["preview"].state == "open"
    case = _filed(client, "category", category="jewelry")
    shown = client.get("/shops/S1/").context
    assert any("20,000.00" in each for each in shown["deposit"].must)
    assert _acted(client, case, "category_withdraw", reason="不开了").status_code == 302
    case.refresh_from_db()
    assert case.closed_as == "withdrawn"


@pytest.mark.clause("S3-6.1x", "S3-6.2a")
def test_gates_are_green_and_red_rows(market: SeededMarket, signed_in: SignIn) -> None:
    """Each condition has its figures and a word beside its colour; a red gate refuses the form."""
    client = signed_in("merchant")
    shown = client.get("/shops/S1/checks/")
    rows = {row.name: row.holds for row in shown.context["withdrawal"].check.rows}
    assert rows["excess"] is False
    assert {row.holds for row in shown.context["leaving"].check.rows} == {True, False}
    page = shown.content.decode()
    assert "未满足" in page
    assert "S3-6.2b" in page
    refused = client.post(f"{FILE}/withdrawal/", {"step": "file"})
    assert "尚不能提取超额" in refused.context["form"].problem


@pytest.mark.clause("S3-6.2a")
def test_an_exit_is_applied_for_and_taken_back(market: SeededMarket, signed_in: SignIn) -> None:
    """The merchant applies, an operator tells facts, the merchant takes it back."""
    client = signed_in("merchant")
    case = _filed(client, "exit", exit_reason="转型")
    assert client.get("/shops/S1/").context["deposit"].leaving.check is not None
    told = {"goods_on_sale": "0", "note": "已核对"}
    assert _acted(client, case, "exit_tell", **told).status_code == 403
    assert _acted(signed_in("risk"), case, "exit_tell", **told).status_code == 302
    wrong = _acted(signed_in("risk"), case, "exit_tell", goods_on_sale="some", note="x")
    assert wrong.status_code == 422
    assert _acted(client, case, "exit_withdraw", reason="").status_code == 422
    assert _acted(client, case, "exit_withdraw", reason="继续经营").status_code == 302
    case.refresh_from_db()
    assert case.closed_as == "withdrawn"


def test_forms_are_for_the_roles_that_may(market: SeededMarket, signed_in: SignIn) -> None:
    """Operators do not file for a party, a party files no deduction, lookers file nothing."""
    for name, what, status in (
        ("finance", "deduction_amount", 200),
        ("risk", "hold", 200),
        ("merchant", "exit", 200),
        ("merchant", "deduction_amount", 403),
        ("finance", "exit", 403),
        ("auditor", "hold", 403),
        ("provider", "exit", 404),
        ("finance", "nothing", 404),
    ):
        answer = signed_in(name).get(f"{FILE}/{what}/")
        assert (name, what, answer.status_code) == (name, what, status)
    assert signed_in("merchant").get("/deposits/shop/S2/file/exit/").status_code == 404
    assert signed_in("finance").get("/deposits/provider/P1/file/hold/").status_code == 404
    assert signed_in("finance").get("/deposits/provider/P1/file/harm/").status_code == 200


def test_forms_need_their_token(market: SeededMarket, signed_in: SignIn) -> None:
    """A form sent from elsewhere is not carried out."""
    client = Client(enforce_csrf_checks=True)
    client.login(username="finance", password=deposit_story.PASSWORD)
    answer = client.post(f"{FILE}/deduction_amount/", {**BY_AMOUNT, "step": "file"})
    assert answer.status_code == 403
    assert not Case.objects.filter(tenant_id=TENANT).exists()


@pytest.mark.clause("S3-6.2x")
def test_an_account_must_bear_the_entity_s_name(market: SeededMarket, signed_in: SignIn) -> None:
    """Another name, and a login name, are refused at their fields; the right one is kept."""
    client, address = signed_in("finance"), "/deposits/shop/S1/payee/"
    fields = {"rail": "bank", "identity": "6222000011112222", "payee_name": "别家公司"}
    assert set(_problems(client.post(address, fields))) == {"payee_name"}
    login = {
        **fields,
        "identity": "pay@example.com",
        "rail": "alipay_transfer",
        "payee_name": deposit_story.ENTITY,
    }
    assert set(_problems(client.post(address, login))) == {"identity"}
    done = client.post(address, {**fields, "payee_name": deposit_story.ENTITY})
    assert done.status_code == 302
    assert PayeeAccount.objects.get(tenant_id=TENANT).identity == "6222000011112222"
    assert signed_in("auditor").get(address).status_code == 403


def test_amounts_are_read_as_people_write_them() -> None:
    """Separators of both scripts are taken; halves of a fen, signs and words are not."""
    assert [fen_typed(each) for each in ("1,200.50", "1，200", "0.01")] == [120_050, 120_000, 1]
    assert [fen_typed(each) for each in ("-1", "1.005", "ten", "")] == [None] * 4


def test_control_characters_never_get_in() -> None:
    """A form keeps lines where it asks for them, and nothing else that cannot be printed."""
    from django.http import QueryDict

    posted = QueryDict(mutable=True)
    posted.update({"note": "a\x00b\r\nc", "owner": "x\ny"})
    form = form_read("t", (Asked("note", "long"), Asked("owner", "text")), posted)
    assert [each.value for each in form.fields] == ["ab\nc", "xy"]


def test_a_bar_is_whole_or_nothing() -> None:
    """The widths add up to a whole, whatever the amounts are."""
    for amounts in ((1, 1, 1), (7, 0, 2), (10**15, 1, 3)):
        bars = bars_of([(str(each), each, "good") for each in amounts])
        assert sum(bar.width for bar in bars) == 1000
    assert [bar.width for bar in bars_of([("a", 0, "good")])] == [0]
