"""The facts of the past: rebuilt just as they were judged, on a market that was really played."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from earnest.assessment.queries import cycles
from earnest.cli.demo import SEED, Demo, market_load, month_play, people_add
from earnest.decisions.models import Decision, Finding
from earnest.kernel.calendar import Month
from earnest.kernel.hashing import digest
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, pack_of
from earnest.simulator import SIZES, simulate
from earnest.whatif.commands import run
from earnest.whatif.history import REBUILT, Past, judged, provider_notices, shop_months

pytestmark = pytest.mark.django_db

TENANT = "whatif-history"
FIRST, MONTHS = Month(2025, 7), 3
LAST = FIRST.plus(MONTHS - 1)


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Play July to September 2025 of the small market, with its payments, fines and transfers."""
    demo = Demo(TENANT, simulate(SEED, SIZES["small"], FIRST, MONTHS))
    with django_db_blocker.unblock():
        people_add(TENANT)
        market_load(demo, lambda _: None)
        for month in demo.market.months:
            month_play(demo, month)
        yield
        call_command("flush", interactive=False, verbosity=0)


def _past(rulebook: str) -> Past:
    assessed = tuple((Month.parse(each.month), each.as_of) for each in cycles(TENANT))
    return Past(TENANT, rulebook, assessed, FIRST.first_day, LAST.last_day)


def test_a_rebuilt_requirement_has_the_facts_of_its_receipt(played: None) -> None:
    """Wherever a shop's adjustment left a receipt, its rebuilt facts are the same to the byte."""
    rebuilt = {
        (each.subject_id, each.period): digest(each.facts)
        for each in shop_months(_past(SHOP_DEPOSIT))
    }
    rows = Decision.objects.filter(tenant_id=TENANT, decision="required_deposit")
    kept = {(row.subject_id, row.period): row.receipt["facts_hash"] for row in rows}
    assert len(kept) >= 30
    assert {period for _, period in kept} > {str(FIRST)}
    assert {key: rebuilt[key] for key in kept} == kept


def test_a_rebuilt_notice_has_the_facts_of_its_receipt(played: None) -> None:
    """Wherever a provider was told of duties not met, the rebuilt count is the receipt's."""
    rebuilt = {
        (each.subject_id, each.period): digest(each.facts)
        for each in provider_notices(_past(SUPPLY_MARKET))
    }
    rows = Decision.objects.filter(tenant_id=TENANT, decision="notify_provider")
    kept = {(row.subject_id, row.period): row.receipt["facts_hash"] for row in rows}
    assert kept
    assert {key: rebuilt[key] for key in kept} == kept


def test_every_shop_is_judged_in_every_month_it_took_part(played: None) -> None:
    """A shop whose requirement stayed left no receipt, and is judged all the same; nobody twice."""
    rows = list(judged(_past(SHOP_DEPOSIT), "required_deposit"))
    keys = [(each.party, each.period) for each in rows]
    assert len(set(keys)) == len(keys)
    assert {each.period for each in rows} == {str(FIRST.plus(n)) for n in range(MONTHS)}
    assert sum(each.source == REBUILT for each in rows) > len(rows) // 2


@pytest.mark.parametrize("rulebook", [SUPPLY_MARKET, SHOP_DEPOSIT])
def test_an_empty_draft_changes_nothing_on_a_played_market(played: None, rulebook: str) -> None:
    """The edition in force as its own draft: every finding and decision kept, zero differences."""
    report = run(TENANT, pack_of(rulebook), FIRST, LAST)
    assert report.changed == (0, 0)
    assert report.not_compared == ()
    decided = {each.decision for each in report.decisions}
    for model in (Finding, Decision):
        names = model.objects.filter(tenant_id=TENANT, rulebook=rulebook)
        assert set(names.values_list("decision", flat=True)) <= decided


def test_the_live_side_says_what_was_decided(played: None) -> None:
    """The ladder's live outcomes are those of the decisions that were made of the same months."""
    report = run(TENANT, pack_of(SUPPLY_MARKET), FIRST, LAST, decisions=["nps_ladder"])
    (ladder,) = report.decisions
    taken = Decision.objects.filter(tenant_id=TENANT, decision="nps_ladder")
    assert ladder.change.money[0].live == sum(taken.values_list("money_fen", flat=True))
