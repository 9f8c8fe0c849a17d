"""Overturning unwinds in cascade: the three-month chain of S0-2.2.5, to the fen."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from earnest.appeals.cascade import Overturning, cascade
from earnest.appeals.deciding import Verdict, appeal_confirm, appeal_propose
from earnest.appeals.hearing import appeal_claim
from earnest.decisions.models import Decision
from earnest.deposits.accounts import settlement_of
from earnest.deposits.claims import claims_set_off
from earnest.deposits.queries import position
from earnest.kernel.errors import Conflict
from earnest.ledger.commands import transfers_post
from earnest.ledger.models import LedgerTransfer
from earnest.ledger.records import Reason, Transfer
from earnest.measures.set_aside import Correction
from earnest.notices.models import Notice
from earnest.restrictions.models import Restriction
from earnest.rulebooks.packs import SUPPLY_MARKET
from tests.appeals.scene import (
    AUGUST,
    CONFIRMER,
    HEARER,
    LOW,
    OCTOBER,
    P1,
    SEPTEMBER,
    YUAN,
    chain,
    day_after,
    filed,
    heard,
    money,
    month_judge,
    paid_in,
    proceeds,
    restricted,
    sound,
    standing,
    takes_part,
    tenant_new,
    ticket_of,
    window_over,
)

pytestmark = pytest.mark.django_db
CHAIN = (AUGUST, SEPTEMBER, OCTOBER)


def _counts(tenant: str) -> tuple[int, ...]:
    tables = (Decision, LedgerTransfer, Notice, Restriction)
    return tuple(table.objects.filter(tenant_id=tenant).count() for table in tables)


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c")
def test_three_low_months_take_everything_and_end_in_removal() -> None:
    """2,500 and hidden, 5,000 and delisted, 10,000 and removed: 2,500 are left, 7,500 are owed."""
    tenant = tenant_new()
    chain(tenant, *CHAIN)
    assert standing(tenant) == [
        ("2025-08", "hide", 2_500 * YUAN),
        ("2025-09", "delist", 5_000 * YUAN),
        ("2025-10", "remove", 10_000 * YUAN),
    ]
    assert money(tenant) == (0, 7_500 * YUAN, 17_500 * YUAN)
    assert not takes_part(tenant)
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c", "S0-2.2.6")
def test_three_months_overturned_undo_three_months_of_penalties() -> None:
    """All months fall: the deposit is whole again, nothing is owed, the provider takes part."""
    tenant = tenant_new()
    decisions = [month_judge(tenant, each, LOW) for each in CHAIN[:2]]
    window_over(tenant, decisions[1].made_at)
    removal = month_judge(tenant, OCTOBER, LOW)
    appeal = filed(tenant, ticket_of(removal), *CHAIN)
    heard(appeal, day_after(removal, 5))
    assert money(tenant) == (10_000 * YUAN, 0, 0)
    assert standing(tenant) == []
    assert takes_part(tenant)
    assert restricted(tenant) == set()
    rows = appeal.outcome["rows"]
    assert [(row["period"], row["change"]) for row in rows] == [
        ("2025-08", "reversed"), ("2025-09", "reversed"), ("2025-10", "reversed"),
    ]  # fmt: skip
    assert appeal.outcome["before"]["taking_part"] is False
    assert appeal.outcome["after"]["deposit_fen"] == 10_000 * YUAN
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c")
def test_the_first_month_overturned_moves_the_others_down_a_rung() -> None:
    """Month 2 is hide 2,500 and month 3 delist 5,000: 7,500 in all, the rest comes back."""
    tenant = tenant_new()
    decisions = chain(tenant, AUGUST, SEPTEMBER)
    removal = month_judge(tenant, OCTOBER, LOW)
    appeal = heard(filed(tenant, ticket_of(removal), AUGUST), day_after(removal, 5))
    assert standing(tenant) == [
        ("2025-09/2", "hide", 2_500 * YUAN),
        ("2025-10/2", "delist", 5_000 * YUAN),
    ]
    # The hide's fine had been due and is taken at once; the removal's had not, so its own waits.
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)
    assert takes_part(tenant)
    for each in decisions:
        each.refresh_from_db()
    assert [each.state for each in decisions] == ["reversed", "reversed"]
    assert [row["change"] for row in appeal.outcome["rows"]] == ["reversed", "replaced", "replaced"]
    window_over(tenant, day_after(removal, 5))
    assert money(tenant) == (2_500 * YUAN, 0, 7_500 * YUAN)
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5b")
def test_the_middle_month_overturned_is_a_gap_that_pauses_the_run() -> None:
    """Read as paused, month 3 is the second low month in a row: delist 5,000."""
    tenant = tenant_new()
    chain(tenant, AUGUST, SEPTEMBER)
    removal = month_judge(tenant, OCTOBER, LOW)
    heard(filed(tenant, ticket_of(removal), SEPTEMBER), day_after(removal, 5))
    assert standing(tenant) == [
        ("2025-08", "hide", 2_500 * YUAN),
        ("2025-10/2", "delist", 5_000 * YUAN),
    ]
    window_over(tenant, day_after(removal, 5))
    assert money(tenant) == (2_500 * YUAN, 0, 7_500 * YUAN)
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5c")
def test_a_month_corrected_to_the_mark_ends_the_run() -> None:
    """September is 7.0 without the false answers: October is the first low month again."""
    tenant = tenant_new()
    chain(tenant, AUGUST, SEPTEMBER)
    removal = month_judge(tenant, OCTOBER, LOW)
    ticket = ticket_of(removal)
    appeal = filed(tenant, ticket, SEPTEMBER)
    place = appeal.items.get().position
    heard(appeal, day_after(removal, 5), {place: Correction(560, 8, 8)})
    assert standing(tenant) == [
        ("2025-08", "hide", 2_500 * YUAN),
        ("2025-10/2", "hide", 2_500 * YUAN),
    ]
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-2")
def test_a_month_corrected_to_too_few_answers_is_not_assessed() -> None:
    """Four genuine answers are left of ten: the month leads to nothing at all."""
    tenant = tenant_new()
    (hidden,) = (month_judge(tenant, AUGUST, LOW),)
    appeal = filed(tenant, ticket_of(hidden), AUGUST)
    heard(appeal, day_after(hidden, 2), {1: Correction(4 * 60, 4, 4)})
    assert standing(tenant) == []
    assert restricted(tenant) == set()
    assert money(tenant) == (10_000 * YUAN, 0, 0)
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5a")
def test_a_month_corrected_and_still_below_changes_nothing() -> None:
    """6.8 instead of 6.9 is below the mark as well: the sanction stays and its fine is taken."""
    tenant = tenant_new()
    hidden = month_judge(tenant, AUGUST, LOW)
    appeal = filed(tenant, ticket_of(hidden), AUGUST)
    heard(appeal, day_after(hidden, 2), {1: Correction(680, 10, 10)})
    assert standing(tenant) == [("2025-08", "hide", 2_500 * YUAN)]
    assert [row["change"] for row in appeal.outcome["rows"]] == ["stays"]
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)
    assert ticket_of(hidden).state == "in_force"
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5c", "S3-5.3d")
def test_what_was_paid_of_a_claim_goes_back_to_the_deposit() -> None:
    """7,500 were owed and 3,000 of it set off: all of it comes back, nothing is owed."""
    tenant = tenant_new()
    decisions = chain(tenant, *CHAIN[:2])
    removal = month_judge(tenant, OCTOBER, LOW)
    appeal = filed(tenant, ticket_of(removal), *CHAIN)
    heard_first = day_after(removal, 1)
    heard(appeal, heard_first, verdict="upheld")
    assert money(tenant) == (0, 7_500 * YUAN, 17_500 * YUAN)
    paid_in(tenant, 3_000 * YUAN, account=settlement_of(P1))
    assert claims_set_off(tenant, P1, heard_first) is not None
    assert money(tenant) == (0, 4_500 * YUAN, 17_500 * YUAN)
    overturning = Overturning(
        ticket_of(removal), {1: None, 2: None, 3: None}, "A000099", "证据成立", (HEARER, CONFIRMER)
    )
    assert len(cascade(tenant, overturning, heard_first)) == len(decisions) + 1
    assert money(tenant) == (13_000 * YUAN, 0, 0)
    assert proceeds(tenant) == 0
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5a", "S3-6.1x")
def test_what_was_topped_up_in_between_becomes_excess() -> None:
    """Fined 2,500 and topped up again; overturned, 2,500 are above what must be held."""
    tenant = tenant_new()
    (hidden,) = chain(tenant, AUGUST)
    paid_in(tenant, 2_500 * YUAN, at=day_after(hidden, 9))
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    at = day_after(delisted, 3)
    heard(filed(tenant, ticket_of(delisted), AUGUST, SEPTEMBER), at)
    assert money(tenant) == (12_500 * YUAN, 0, 0)
    assert position(tenant, P1, at.date()).excess_fen == 2_500 * YUAN
    sound(tenant)


def test_repeating_a_cascade_changes_nothing() -> None:
    """The same items overturned once more: no decision, no transfer, no notice is new."""
    tenant = tenant_new()
    chain(tenant, AUGUST)
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    ticket, at = ticket_of(delisted), day_after(delisted, 3)
    appeal = heard(filed(tenant, ticket, AUGUST), at)
    counted = _counts(tenant)
    again = Overturning(ticket, {2: None}, appeal.number, "again", (HEARER, CONFIRMER))
    assert {each.change for each in cascade(tenant, again, at + timedelta(days=1))} <= {"stays"}
    assert _counts(tenant) == counted


def test_a_cascade_that_the_ledger_refuses_leaves_nothing_half_done() -> None:
    """The platform's income is frozen, so nothing can go back: everything stays as it was."""
    tenant = tenant_new()
    chain(tenant, AUGUST)
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    appeal, at = filed(tenant, ticket_of(delisted), AUGUST), day_after(delisted, 3)
    freeze = Transfer(
        id=uuid4(), debit="penalty_income", kind="freeze", effective_at=at,
        reason=Reason("S3-4.2c", SUPPLY_MARKET, None, "test"),
    )  # fmt: skip
    assert transfers_post(tenant, [freeze], at)[0].status == "posted"
    before = _counts(tenant), standing(tenant), money(tenant), restricted(tenant)
    appeal_claim(tenant, appeal.number, actor=HEARER, now=at)
    verdict = Verdict(2, "overturned", "属实")
    appeal_propose(tenant, appeal.number, [verdict], actor=HEARER, now=at)
    with pytest.raises(Conflict), transaction.atomic():
        appeal_confirm(tenant, appeal.number, agrees=True, actor=CONFIRMER, reason="x", now=at)
    assert (_counts(tenant), standing(tenant), money(tenant), restricted(tenant)) == before
    appeal.refresh_from_db()
    assert appeal.state == "proposed"


def test_a_removal_that_waits_for_its_people_is_refused_and_judged_anew() -> None:
    """Nobody approved it yet: no person's word covers what takes its place, so that waits too."""
    tenant = tenant_new()
    chain(tenant, AUGUST)
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    removal = month_judge(tenant, OCTOBER, LOW, approve=False)
    assert removal.state == "waiting"
    heard(filed(tenant, ticket_of(delisted), AUGUST), day_after(delisted, 6))
    removal.refresh_from_db()
    assert removal.state == "refused"
    again = Decision.objects.get(tenant_id=tenant, period="2025-10/2")
    assert (again.outcome, again.money_fen) == ("delist", 5_000 * YUAN)
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5b")
def test_time_served_under_the_old_rung_counts() -> None:
    """Delisted on 18 October, it is hidden instead from that day on: over on 18 November."""
    tenant = tenant_new()
    chain(tenant, AUGUST)
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    at = day_after(delisted, 6)
    heard(filed(tenant, ticket_of(delisted), AUGUST), at)
    hidden = Decision.objects.get(tenant_id=tenant, period="2025-09/2")
    rows = Restriction.objects.filter(tenant_id=tenant, decision_id=hidden.id)
    assert {row.release[0]["on"] for row in rows} == {"2025-11-18"}
    assert restricted(tenant) == {"visibility"}
