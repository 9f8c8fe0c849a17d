"""The demo's story of one deposit, from the first payment to the refund, by the real commands.

Every step has its instant and looks first whether it was done, so that a demo that was stopped goes
on where it was. Money comes in and goes out through the Alipay connector, against an institution
that is simulated in this process and once lets an answer get lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import httpx

from earnest.cases.deduction_basis import basis_read
from earnest.cases.deductions import DeductionFiling, deduction_file, deduction_review
from earnest.cases.exit_facts import ExitFacts
from earnest.cases.exits import ExitFiling, exit_ask
from earnest.cases.holds import HoldFiling, HoldSettling, hold_ask, hold_review_add, hold_settle_ask
from earnest.cases.models import Case
from earnest.cases.raises import RaiseFiling, RaiseReview, raise_ask, raise_review
from earnest.connectors.alipay.client import AlipayClient
from earnest.connectors.alipay.config import AlipayConfig
from earnest.connectors.alipay.notify import notification_read
from earnest.connectors.alipay.rails import AlipayRail, AlipayRefundRail
from earnest.connectors.alipay.signing import certificate_sn, public_key_of, root_sn
from earnest.connectors.alipay.trade import TradeOrder, page_pay_url
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Approval, Decision
from earnest.decisions.queries import DecisionFilter, decisions
from earnest.deposits.holds import HoldLook
from earnest.deposits.raises import raises_of
from earnest.feed.commands import batches_take
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.money import FEN_PER_YUAN
from earnest.payins.bank_import import bank_receipts_import
from earnest.payins.bank_receipts import bank_receipt_match
from earnest.payins.models import BankReceipt
from earnest.payins.orders import NewPayOrder, pay_order_open, pay_order_paid
from earnest.payins.payments import Collector, Payment
from earnest.payins.sheet import SheetRow
from earnest.payouts.advancing import payouts_advance
from earnest.payouts.commands import payee_verify
from earnest.payouts.models import PayoutPart
from earnest.payouts.queries import destination_of
from earnest.payouts.rails import Rail
from earnest.reconciliation.commands import reconcile, statement_import
from earnest.simulator.deposit_story import (
    ENTITY_NAME,
    MONTHS,
    SHOP,
    at,
    proceeds_event,
    story_events,
)
from earnest.simulator.institution import APP_ID, SELLER_ID, Institution
from earnest.simulator.institution_seals import Seals

SOURCE = "urn:earnest:src:simulator:deposit-story"
IDENTITY = "2088000000009001"
FILER, REVIEWER, APPROVERS = "service", "risk", ("finance", "admin")
NOTIFY_URL = "https://console.invalid/api/v1/notices/alipay"  # the simulated institution hands over

Step = Callable[[datetime], None]


def _yuan(amount: int) -> int:
    return amount * FEN_PER_YUAN


@dataclass
class DepositStory:
    """The story in one marketplace, over the last months of those that are played."""

    tenant_id: str
    months: Sequence[Month]
    seals: Seals = field(default_factory=Seals.made)

    def __post_init__(self) -> None:
        """Open the institution and lay out the steps."""
        self.months = tuple(self.months)[-MONTHS:]
        self.institution = Institution(self.seals, {IDENTITY: ENTITY_NAME})
        self._now = at(self.months[0], 1, 0)
        self.config = _config(self.seals, lambda: self._now)
        client = AlipayClient(self.config, httpx.Client(transport=self.institution.transport()))
        self.rails: dict[str, Rail] = {
            "alipay_transfer": AlipayRail(client),
            "alipay_trade": AlipayRefundRail(client, lambda no: destination_of(self.tenant_id, no)),
        }
        self._steps = sorted(self._told() + self._done(), key=lambda step: step[0])

    def play(self, until: datetime) -> None:
        """Do every step up to an instant that has not been played by this object."""
        while self._steps and self._steps[0][0] <= until:
            now, step = self._steps.pop(0)
            self._now = now
            step(now)

    def staff_approves(self, now: datetime) -> None:
        """Let two of the staff agree to what waits about the shop."""
        waiting = decisions(self.tenant_id, DecisionFilter(state="waiting"))
        for decision in sorted(waiting, key=lambda each: each.seq):
            if (decision.subject_kind, decision.subject_id) == SHOP:
                self._agree(decision, now)

    def _agree(self, decision: Decision, now: datetime) -> None:
        spoken = set(Approval.objects.filter(decision=decision).values_list("actor", flat=True))
        missing = [each for each in APPROVERS if each not in spoken]
        for actor in missing[: decision.approvals_needed - len(spoken)]:
            decision_settle(
                self.tenant_id, decision.id, verdict="approve", actor=actor,
                reason="已核对事实、依据与计算", now=now,
            )  # fmt: skip

    def _told(self) -> list[tuple[datetime, Step]]:
        """Return the steps in which the feed tells something."""
        _, b, c, d, *_ = self.months
        events = story_events(self.months)
        return [
            (at(b, 1, 0), lambda now: self._take(events, now)),
            (at(c, 10), lambda now: self._proceeds("PROCEEDS-1", _yuan(9_000), now)),
            (at(d, 10), lambda now: self._proceeds("PROCEEDS-2", _yuan(5_000), now)),
        ]

    def _done(self) -> list[tuple[datetime, Step]]:
        """Return the steps in which people do something, month by month."""
        a, _, c, d, e, f = self.months
        g = f.plus(1)
        return [
            (at(a, 3), lambda now: self._pay("first", _yuan(10_000), now)),
            (at(c, 17), lambda now: self._bank_transfer("BANK-9001-1", _yuan(15_000), now)),
            (at(c, 28, 12), self.staff_approves),
            (at(d, 2), self._deduction_file),
            (at(d, 3), self._deduction_review),
            (at(d, 3, 15), self.staff_approves),
            (at(d, 14), self.staff_approves),
            (at(d, 19), lambda now: self._pay("top-up", _yuan(27_000), now)),
            (at(e, 4), self._hold_ask),
            (at(e, 4, 15), self.staff_approves),
            (at(e, 20), self._hold_review),
            (at(e, 27), self._hold_settle),
            (at(e, 27, 15), self.staff_approves),
            (at(e, 29), lambda now: self._pay("after the hold", _yuan(2_500), now)),
            (at(f, 5), self._raise_ask),
            (at(f, 5, 15), self.staff_approves),
            (at(f, 6), lambda now: self._pay("for the raise", _yuan(5_000), now)),
            (at(f, 21), self._raise_release),
            (at(f, 21, 15), self.staff_approves),
            (at(f, 24), self._exit_ask),
            (at(g, 14), self.staff_approves),
            (at(g, 28, 9), self.staff_approves),
            (at(g, 28, 11), self._pay_out_lost),
            (at(g, 28, 13), self._pay_out),
            (at(g, 29, 9), self._reconcile),
        ]

    def _take(self, rows: dict[str, list[dict[str, object]]], now: datetime) -> None:
        later = max(now, at(self.months[3], 28))  # all of it is told at once
        batches_take(self.tenant_id, rows, source=SOURCE, now=later, origin="simulator")

    def _proceeds(self, ref: str, amount_fen: int, now: datetime) -> None:
        rows = proceeds_event(ref, amount_fen, now)
        batches_take(self.tenant_id, rows, source=SOURCE, now=now, origin="simulator")

    def _pay(self, key: str, amount_fen: int, now: datetime) -> None:
        """Pay in online: order, signed page, the institution's notice, booked."""
        wanted = NewPayOrder(
            SHOP, amount_fen, "deposit", "alipay_trade", "merchant-s9001", key,
            Collector(APP_ID, SELLER_ID),
        )  # fmt: skip
        order = pay_order_open(self.tenant_id, wanted, now)
        if order.state != "open":
            return
        asked = TradeOrder(order.number, order.total_fen, "保证金缴存", NOTIFY_URL, "")
        self.institution.pay(page_pay_url(self.config, asked, now), now)
        notice = self.institution.notices.pop()
        told = notification_read(self.config, notice.body, notice.content_type)
        payment = Payment(
            told.out_trade_no, told.trade_no, told.total_fen, told.status, told.app_id,
            told.seller_id, told.gmt_payment,
        )  # fmt: skip
        pay_order_paid(self.tenant_id, payment, now)

    def _bank_transfer(self, receipt_no: str, amount_fen: int, now: datetime) -> None:
        """Pay in by bank without a word whom it is for; finance finds the owner."""
        cells = {
            "receipt_no": receipt_no,
            "amount": str(amount_fen // FEN_PER_YUAN),
            "received_at": now.isoformat(),
            "payer_name": ENTITY_NAME,
            "payer_account": "6222 **** 9001",
            "memo": "保证金",
        }
        if BankReceipt.objects.filter(tenant_id=self.tenant_id, receipt_no=receipt_no).exists():
            return
        bank_receipts_import(self.tenant_id, [SheetRow(2, cells)], "finance", now)
        bank_receipt_match(
            self.tenant_id, receipt_no, SHOP, purpose="deposit", actor="finance", now=now,
            note="付款户名与认证主体一致，金额为缺口的一部分",
        )  # fmt: skip

    def _case(self, kind: str) -> Case | None:
        return Case.objects.filter(tenant_id=self.tenant_id, kind=kind, subject_id=SHOP[1]).first()

    def _deduction_file(self, now: datetime) -> None:
        """File four fakes of 900 yuan, promised tenfold: 36,000 yuan."""
        if self._case("deduction"):
            return
        breached_on = at(self.months[2], 20).date()
        fakes = [{"paid_fen": _yuan(900), "ordered_on": breached_on.isoformat()}] * 4
        deduction_file(
            self.tenant_id,
            DeductionFiling(
                subject=SHOP,
                ground="unfit_goods",
                breached_on=breached_on,
                basis=basis_read("fakes", fakes),
                mode="partial",
                advances=True,
                actor=FILER,
                note="抽检四单均被鉴定机构认定为假货",
                evidence=("鉴定报告 2025-117",),
            ),
            now,
        )

    def _deduction_review(self, now: datetime) -> None:
        case = self._case("deduction")
        if case and not _decided(case):
            deduction_review(
                self.tenant_id, case.number, confirmed=True, actor=REVIEWER,
                note="鉴定报告与四张订单快照相符", now=now,
            )  # fmt: skip

    def _hold_ask(self, now: datetime) -> None:
        if self._case("hold"):
            return
        hold_ask(
            self.tenant_id,
            HoldFiling(
                subject=SHOP,
                reason="消费者起诉，赔偿数额待法院确定",
                owner="risk",
                review_on=day_of(now) + timedelta(days=20),
                estimate_fen=_yuan(8_000),
                actor=FILER,
                evidence=("立案通知书",),
            ),
            now,
        )

    def _hold_review(self, now: datetime) -> None:
        case = self._case("hold")
        if case and not case.entries.filter(at__gte=now).exists():
            look = HoldLook(
                _yuan(5_000), "对方减少诉讼请求", "risk", "risk", day_of(now) + timedelta(days=20)
            )
            hold_review_add(self.tenant_id, case.number, look, now)

    def _hold_settle(self, now: datetime) -> None:
        case = self._case("hold")
        if case and not _decided(case, "hold_settled"):
            settling = HoldSettling(_yuan(2_500), "consumer", FILER, "判决确定赔偿额", ("判决书",))
            hold_settle_ask(self.tenant_id, case.number, settling, now)

    def _raise_ask(self, now: datetime) -> None:
        if self._case("raise"):
            return
        raise_ask(
            self.tenant_id,
            RaiseFiling(
                subject=SHOP,
                ground="dispute",
                losses_fen=(_yuan(3_000), _yuan(2_000)),
                set_fen=0,
                review_on=day_of(now) + timedelta(days=15),
                reason="两起消费者纠纷未结，按预计损失合计提高",
                actor=FILER,
            ),
            now,
        )

    def _raise_release(self, now: datetime) -> None:
        for row in raises_of(self.tenant_id, SHOP):
            if row.released_on is None:
                review = RaiseReview(cause_ended=True, reason="两起纠纷均已和解", actor=FILER)
                raise_review(self.tenant_id, row.id, review, now)

    def _exit_ask(self, now: datetime) -> None:
        """Apply for closing, with an account in the certified name."""
        if self._case("exit"):
            return
        payee_verify(
            self.tenant_id, SHOP, rail="alipay_transfer", identity=IDENTITY, name=ENTITY_NAME,
            by="finance", now=now,
        )  # fmt: skip
        facts = ExitFacts(goods_on_sale=0, disputes_open=0)
        exit_ask(
            self.tenant_id, SHOP[1], ExitFiling("merchant-s9001", "停止经营", facts=facts), now
        )

    def _pay_out_lost(self, now: datetime) -> None:
        """Send the refund; it is done, but the answer gets lost on the way."""
        self.institution.plays.append("time_out_after")
        payouts_advance(self.tenant_id, self.rails, now)

    def _pay_out(self, now: datetime) -> None:
        """Ask what became of it."""
        payouts_advance(self.tenant_id, self.rails, now)

    def _reconcile(self, now: datetime) -> None:
        """Hold the books against the statement of the day of the refund."""
        paid = self.institution.transfers.values()
        if not paid:
            return
        day = day_of(now) - timedelta(days=1)
        rail = "alipay_transfer"
        content = _statement(self.tenant_id, day)
        statement_import(self.tenant_id, rail, day, content.encode(), "finance", now)
        reconcile(self.tenant_id, rail, day, now)


def _decided(case: Case, decision: str = "") -> bool:
    found = Decision.objects.filter(tenant_id=case.tenant_id, period=case.number)
    return (found.filter(decision=decision) if decision else found).exists()


def _statement(tenant_id: str, day: date) -> str:
    """Return what the institution's sheet says of a day: the refunds that it paid."""
    heading = "institution_no,our_no,occurred_at,amount,counterparty"
    lines = [
        f"{part.institution_ref},{part.business_no},{day.isoformat()} 11:00:00,"
        f"-{part.amount_fen // FEN_PER_YUAN}.{part.amount_fen % FEN_PER_YUAN:02d},{ENTITY_NAME}"
        for part in PayoutPart.objects.filter(tenant_id=tenant_id, state="succeeded")
    ]
    return "\n".join([heading, *lines]) + "\n"


def _config(seals: Seals, clock: Callable[[], datetime]) -> AlipayConfig:
    return AlipayConfig(
        app_id=APP_ID,
        seller_id=SELLER_ID,
        private_key=seals.application_key,
        app_cert_sn=certificate_sn(seals.application),
        root_cert_sn=root_sn([seals.root]),
        alipay_keys={certificate_sn(seals.institution): public_key_of(seals.institution)},
        clock=clock,
        gateway="https://institution.invalid/gateway.do",
    )
