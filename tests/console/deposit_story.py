"""One shop's deposit from its first payment to its refund, on top of the console's small market.

S1 paid 10,000 and must hold 30,000. It tops up; a deduction of 40,000 with the platform's advance
takes 30,000 and leaves a claim of 10,000; proceeds of 12,000 pay it; it tops up again; 5,000 are
held and settled to 2,000; it leaves, and the rest is on its way back.
"""

from datetime import datetime, timedelta
from uuid import uuid5

from earnest.cases.closing import cases_close_ended
from earnest.cases.deduction_basis import basis_read
from earnest.cases.deductions import DeductionFiling, deduction_file, deduction_review
from earnest.cases.exit_facts import ExitFacts
from earnest.cases.exits import ExitFiling, exit_ask, exit_check, exit_tell, exits_look
from earnest.cases.filing import case_get
from earnest.cases.holds import (
    HoldFiling,
    HoldSettling,
    hold_ask,
    hold_review_add,
    hold_settle_ask,
)
from earnest.cases.queries import decisions_of_case
from earnest.consequences.commands import decision_settle
from earnest.deposits.accounts import clearing_of, deposit_of, settlement_of
from earnest.deposits.claims import claims_look
from earnest.deposits.commands import shortages_review
from earnest.deposits.holds import HoldLook
from earnest.kernel.calendar import day_of
from earnest.ledger.commands import batches_seal, transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.market.commands import clock_set
from earnest.market.models import Shop
from earnest.payouts.commands import part_paid_by_hand, payee_verify, payouts_advance
from earnest.payouts.models import Payout
from earnest.payouts.queries import payout_get
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.console.market import _IDS, NOW, PASSWORD, SUBJECTS, TENANT

__all__ = ["ENTITY", "PASSWORD", "deducted", "story", "story_after", "topped_up"]

S1 = ("shop", "S1")
ENTITY = "晨雾服饰有限公司"
TOPPED_UP = NOW + timedelta(hours=1)
DEDUCTED = NOW + timedelta(days=1)
SET_OFF = NOW + timedelta(days=3)
HELD = NOW + timedelta(days=5)
SETTLED = NOW + timedelta(days=15)
LEAVING = NOW + timedelta(days=16)
REFUNDED = LEAVING + timedelta(days=40)


def paid_in(account: str, amount_fen: int, at: datetime, receipt: str) -> None:
    """Book cash into an account of a subject."""
    transfer = Transfer(
        id=uuid5(_IDS, f"story {receipt}"),
        debit=clearing_of("bank"),
        credit=account,
        amount_fen=amount_fen,
        effective_at=at,
        reason=Reason("S3-2.1a", SHOP_DEPOSIT, None, f"receipt {receipt}"),
    )
    (outcome,) = transfers_post(TENANT, [transfer], at)
    assert outcome.status == "posted", outcome.code


def approved(number: str, at: datetime) -> None:
    """Let two persons approve whatever of a case waits."""
    for decision in decisions_of_case(case_get(TENANT, number)):
        for actor in ("risk", "admin"):
            decision.refresh_from_db()
            if decision.state == "waiting":
                decision_settle(
                    TENANT, decision.id, verdict="approve", actor=actor, reason="核对无误", now=at
                )


def topped_up() -> None:
    """S1 pays what is missing, and its shortage closes."""
    Shop.objects.filter(tenant_id=TENANT, shop_id="S1").update(entity_name=ENTITY)
    paid_in(deposit_of(S1), 2_000_000, TOPPED_UP, "R-top-up")
    shortages_review(TENANT, SUBJECTS, {"shop": 7, "provider": 7}, TOPPED_UP)


def deducted() -> str:
    """A deduction of 40,000 is filed, reviewed and approved: 30,000 taken, 10,000 advanced."""
    filing = DeductionFiling(
        subject=S1,
        ground="unfit_goods",
        breached_on=day_of(NOW),
        basis=basis_read("amount", 4_000_000),
        mode="partial",
        advances=True,
        actor="finance",
        note="消费者投诉成立，赔付金额见附件",
        evidence=["E-1"],
    )
    case = deduction_file(TENANT, filing, DEDUCTED)
    reviewed(case.number)
    return case.number


def reviewed(number: str) -> None:
    """The deduction is confirmed by another person and approved by two."""
    deduction_review(TENANT, number, confirmed=True, actor="risk", note="证据充分", now=DEDUCTED)
    approved(number, DEDUCTED)
    shortages_review(TENANT, SUBJECTS, {"shop": 7, "provider": 7}, DEDUCTED)


def set_off() -> None:
    """Proceeds of 12,000 come in, and 10,000 of them pay the claim."""
    paid_in(settlement_of(S1), 1_200_000, SET_OFF, "R-proceeds")
    claims_look(TENANT, SET_OFF)


def held_and_settled() -> str:
    """S1 tops up again; 5,000 are held, looked at, and settled to 2,000."""
    paid_in(deposit_of(S1), 3_000_000, HELD, "R-again")
    shortages_review(TENANT, SUBJECTS, {"shop": 7, "provider": 7}, HELD)
    filing = HoldFiling(
        S1, "法院受理消费者诉讼，损失未明", "finance", day_of(HELD) + timedelta(days=7), 500_000,
        "finance",
    )  # fmt: skip
    case = hold_ask(TENANT, filing, HELD)
    approved(case.number, HELD)
    look = HoldLook(
        300_000, "一审判决在即", "finance", "finance", day_of(HELD) + timedelta(days=14)
    )
    hold_review_add(TENANT, case.number, look, HELD + timedelta(days=6))
    hold_settle_ask(
        TENANT, case.number, HoldSettling(200_000, "consumer", "finance", "判决生效"), SETTLED
    )
    approved(case.number, SETTLED)
    return case.number


def left() -> tuple[str, str]:
    """S1 leaves; the rest is on its way back. Return the numbers of case and payout."""
    payee_verify(
        TENANT, S1, rail="bank", identity="6222000011112222", name=ENTITY, by="finance",
        now=LEAVING,
    )  # fmt: skip
    case = exit_ask(TENANT, "S1", ExitFiling("merchant", "不再经营"), LEAVING)
    told = ExitFacts(0, 0, day_of(NOW) - timedelta(days=40), 0)
    exit_tell(TENANT, case.number, told, "risk", "已核对后台", LEAVING)
    shortages_review(TENANT, SUBJECTS, {"shop": 7, "provider": 7}, REFUNDED)
    cases_close_ended(TENANT, REFUNDED)
    red = [row.en for row in exit_check(TENANT, "S1", None, REFUNDED).rows if not row.holds]
    assert not red, red
    assert exits_look(TENANT, REFUNDED) == 1
    approved(case.number, REFUNDED)
    payout = Payout.objects.get(tenant_id=TENANT, subject_id="S1")
    return case.number, payout.number


def paid_out(number: str) -> None:
    """The bank's part is carried out, and two persons say so. Not inside a transaction."""
    payouts_advance(TENANT, {}, REFUNDED + timedelta(minutes=5))
    for part in payout_get(TENANT, number).parts.all():
        for actor in ("finance", "admin"):
            part_paid_by_hand(
                TENANT, part.business_no, receipt_no="BK-20260115", by=actor,
                now=REFUNDED + timedelta(hours=2),
            )  # fmt: skip


def story() -> dict[str, str]:
    """Tell all of it; return the numbers of its cases and of its payout."""
    topped_up()
    deduction = deducted()
    set_off()
    hold = held_and_settled()
    leaving, payout = left()
    clock_set(TENANT, REFUNDED + timedelta(days=1))
    return {"deduction": deduction, "hold": hold, "exit": leaving, "payout": payout}


def story_after(deduction: str) -> dict[str, str]:
    """Tell the rest of it after a deduction was filed, up to the refund. In no transaction."""
    reviewed(deduction)
    set_off()
    hold = held_and_settled()
    leaving, payout = left()
    paid_out(payout)
    clock_set(TENANT, REFUNDED + timedelta(days=1))
    batches_seal(TENANT, REFUNDED + timedelta(days=1))
    return {"hold": hold, "exit": leaving, "payout": payout}
