"""One deposit, from the first payment to the refund, by the demo's own story."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from earnest.assessment.commands import cycle_run, month_settled_at
from earnest.cases.daily import deposits_look
from earnest.cases.life import LifeRow
from earnest.cases.life_export import life_export
from earnest.cases.life_sources import life
from earnest.cases.models import Case
from earnest.cli.demo import LOOKS_AFTER_DAYS, people_add
from earnest.cli.demo_deposits import DepositStory
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.models import Recovery, RecoveryStep
from earnest.deposits.queries import position
from earnest.kernel.calendar import Month
from earnest.ledger.queries import verify
from earnest.market.models import Shop
from earnest.notices.models import Notice
from earnest.payouts.models import PayoutAttempt, PayoutPart
from earnest.reconciliation.models import Item
from earnest.simulator.deposit_story import MONTHS, SHOP, at
from earnest.work.invariants import invariants_check

pytestmark = pytest.mark.django_db

TENANT = "story"
FIRST = Month(2025, 8)
END = at(FIRST.plus(MONTHS), 30)


def story_play(tenant_id: str) -> DepositStory:
    """Play the story in a market of this one shop."""
    people_add(tenant_id)
    months = [FIRST.plus(number) for number in range(MONTHS)]
    story = DepositStory(tenant_id, months)
    for month in months:
        settled = month_settled_at(month)
        story.play(settled)
        cycle_run(tenant_id, month, now=settled)
        for days in LOOKS_AFTER_DAYS:
            now = settled + timedelta(days=days)
            story.play(now)
            deposits_look(tenant_id, now)
    story.play(END)
    deposits_look(tenant_id, END)
    return story


@pytest.fixture(scope="module")
def story(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[DepositStory]:
    """The story, played once."""
    with django_db_blocker.unblock():
        yield story_play(TENANT)
        # What was committed here must not be found by the tests of other folders.
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def rows(story: DepositStory) -> list[LifeRow]:
    """Return the life of the deposit."""
    return life(TENANT, SHOP)


def _moved(rows: list[LifeRow], account: str) -> list[int]:
    """Return what moved on an account, in yuan, oldest first."""
    amounts = [row.amount_fen or 0 for row in rows if row.account == account]
    return [fen // 100 for fen in amounts if fen]


@pytest.mark.clause("S3-0-purpose", "S3-3.1c", "S3-5.1e", "S3-5.3d", "S3-6.2x")
def test_every_movement_of_the_deposit_is_there(rows: list[LifeRow]) -> None:
    """Ten thousand come in, thirty are asked for, thirty-six are due, the rest goes back."""
    assert _moved(rows, "deposit") == [
        10_000, 15_000, 5_000, -30_000, 3_000, 27_000, -2_500, 2_500, 5_000, -35_000,
    ]  # fmt: skip
    assert _moved(rows, "settlement") == [9_000, -5_000, -4_000, 5_000, -2_000, -3_000]
    assert _moved(rows, "claim") == [-2_000, 2_000]


@pytest.mark.clause("S3-3.1a", "S3-3.1c", "S3-3.3x")
def test_what_was_required_at_each_time(rows: list[LifeRow]) -> None:
    """By sales 10,000 and 30,000; with the raise 35,000; at last nothing."""
    asked = [row.required_fen // 100 for row in rows if row.kind == "requirement"]
    assert asked[:3] == [10_000, 30_000, 35_000]
    assert asked[-1] == 0
    assert position(TENANT, SHOP, END.date()).posted_fen == 0


@pytest.mark.clause("S3-4.1b", "S3-4.2a", "S3-4.2b", "S3-5.3c")
def test_the_deduction_took_from_each_source_in_turn(story: DepositStory) -> None:
    """36,000: the deposit's 30,000, the proceeds' 4,000, and 2,000 advanced and claimed."""
    recovery = Recovery.objects.get(tenant_id=TENANT)
    steps = RecoveryStep.objects.filter(recovery=recovery).order_by("id")
    taken = [(step.source, step.amount_fen // 100) for step in steps]
    assert taken[:2] == [("deposit", 30_000), ("proceeds", 4_000)]
    assert sum(amount for _, amount in taken) == 36_000
    assert recovery.state == "settled"


@pytest.mark.clause("S3-6.2x")
def test_the_refund_left_once_although_its_answer_was_lost(story: DepositStory) -> None:
    """The institution paid 35,000 once; we asked, and booked it once."""
    part = PayoutPart.objects.get(tenant_id=TENANT)
    assert (part.state, part.amount_fen) == ("succeeded", 3_500_000)
    kinds = PayoutAttempt.objects.filter(part=part).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["submit", "query"]
    assert story.institution.paid_out_fen == 3_500_000
    items = Item.objects.filter(tenant_id=TENANT).values_list("outcome", "state")
    assert set(items) == {("matched", "settled")}


@pytest.mark.clause("S3-6.2a", "S3-6.2b")
def test_the_shop_is_closed_and_so_is_every_case(story: DepositStory) -> None:
    """When all is paid nothing stays open."""
    assert Shop.objects.get(tenant_id=TENANT, shop_id=SHOP[1]).closed_on is not None
    states = Case.objects.filter(tenant_id=TENANT).values_list("kind", "closed_as")
    assert sorted(states) == [
        ("deduction", "done"), ("exit", "done"), ("hold", "done"), ("raise", "done"),
        ("raise", "done"),
    ]  # fmt: skip


def test_each_adverse_decision_was_explained_to_the_shop(story: DepositStory) -> None:
    """Every decision that took something or asked for more has a notice in both languages."""
    adverse = {
        "raise", "deduct", "hold", "settle_consumer", "raise_deposit", "transfer_from_proceeds",
        "limit_sales", "limit_withdrawal", "close_listing", "suspend_service",
    }  # fmt: skip
    decided = Decision.objects.filter(tenant_id=TENANT, outcome__in=adverse, state="in_effect")
    assert {each.outcome for each in decided} == adverse
    for decision in decided:
        told = Notice.objects.filter(tenant_id=TENANT, decision_id=decision.id)
        stated = [each for each in told if decision.clause in each.body_zh]
        assert stated, decision
        assert all(decision.clause in each.body_en for each in stated)
        assert all(each.title_zh and each.title_en for each in told)


def test_the_file_for_a_third_person_is_whole(rows: list[LifeRow]) -> None:
    """The export holds each row, each receipt and the head of the seal chain."""
    written = life_export(TENANT, SHOP, rows, END, inside=True)
    text = str(written)
    for decision in Decision.objects.filter(tenant_id=TENANT, subject_id=SHOP[1]):
        assert str(decision.id) in text
        assert decision.receipt["pack_hash"] in text
    for row in rows:
        assert row.clause or row.kind in {"case", "payout", "receipt", "notice", "shortage"}


def test_the_books_hold_and_everything_can_be_derived_again(story: DepositStory) -> None:
    """All checks of the ledger, all quick invariants, and no difference on replay."""
    assert [each.name for each in verify(TENANT) if not each.ok] == []
    assert [each.name for each in invariants_check(TENANT, END) if not each.ok] == []
    replayed = decisions_replay(TENANT)
    assert not replayed.differences
