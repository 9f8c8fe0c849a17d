"""The whole road on a small market: events in, judged decisions and moved money out."""

import itertools
from datetime import date, timedelta

import pytest

from earnest.assessment.commands import cycle_run, month_settled_at
from earnest.cli.demo import Demo, market_load
from earnest.decisions.models import Decision, Finding
from earnest.decisions.replay import decisions_replay
from earnest.deposits.queries import requirement_history
from earnest.feed.queries import stream_status
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import BadInput
from earnest.ledger.queries import statement, verify
from earnest.notices.models import Notice
from earnest.notices.statement import HEADINGS
from earnest.restrictions.models import Restriction
from earnest.tickets.queries import ticket_get
from tests.road.conftest import TENANT

pytestmark = pytest.mark.django_db
APPEAL_DAYS = timedelta(days=7)


def _ladder(provider: str) -> list[tuple[str, str, int, str]]:
    rows = Decision.objects.filter(tenant_id=TENANT, decision="nps_ladder", subject_id=provider)
    return [(row.period, row.outcome, row.money_fen, row.clause) for row in rows.order_by("period")]


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c")
def test_three_bad_months_climb_the_ladder(road: Demo) -> None:
    """6.9, 6.9, 6.9: 2,500 and hidden, 5,000 and delisted, 10,000 and removed."""
    assert _ladder("P0002")[:3] == [
        ("2025-08", "hide", 250_000, "S0-2.2.5-5a"),
        ("2025-09", "delist", 500_000, "S0-2.2.5-5b"),
        ("2025-10", "remove", 1_000_000, "S0-2.2.5-5c"),
    ]


@pytest.mark.clause("S0-2.2.5-5a")
def test_a_good_month_between_starts_the_ladder_again(road: Demo) -> None:
    """6.9, 7.0, 6.9 is rung one twice; exactly 7 is not below."""
    assert _ladder("P0006") == [
        ("2025-08", "hide", 250_000, "S0-2.2.5-5a"),
        ("2025-10", "hide", 250_000, "S0-2.2.5-5a"),
    ]
    assert _ladder("P0005") == []


@pytest.mark.clause("S0-4", "S3-7.1a")
def test_nothing_before_the_rule_is_judged_by_it(road: Demo) -> None:
    """June has no finding under a rule in force from 19 July, and July begins on that day."""
    findings = Finding.objects.filter(tenant_id=TENANT)
    assert not findings.filter(period="2025-06").exists()
    assert set(findings.filter(period="2025-07").values_list("window_from", flat=True)) == {
        date(2025, 7, 19)
    }


@pytest.mark.clause("S3-3.1a", "S3-3.1c", "S3-5.1")
def test_the_rules_own_example_comes_out(road: Demo) -> None:
    """550,000 yuan last month on a deposit of 10,000: required 30,000, 20,000 to top up."""
    decision = Decision.objects.get(
        tenant_id=TENANT, decision="required_deposit", subject_id="S0001", period="2025-08"
    )
    assert decision.receipt["facts"]["sales_fen"] == 55_000_000
    assert decision.receipt["facts"]["balance_fen"] == 1_000_000
    assert decision.receipt["result"]["required_fen"] == 3_000_000
    assert decision.receipt["result"]["shortfall_fen"] == 2_000_000
    (raised,) = [
        row
        for row in requirement_history(TENANT, ("shop", "S0001"))
        if row.decision_id == decision.id
    ]
    assert (raised.previous_fen, raised.required_fen) == (1_000_000, 3_000_000)
    assert raised.from_on == date(2025, 9, 15)
    notice = Notice.objects.get(tenant_id=TENANT, decision_id=decision.id, kind="requirement")
    assert notice.due_on == date(2025, 9, 22)
    assert "20,000.00" in notice.body_zh
    assert "20,000.00" in notice.body_en


def test_a_second_run_of_a_month_changes_nothing(road: Demo) -> None:
    """Assessing August again finds the same figures and adds nothing."""
    before = (Decision.objects.count(), Finding.objects.count(), Notice.objects.count())
    summary = cycle_run(TENANT, Month(2025, 8), now=month_settled_at(Month(2025, 12)))
    assert summary.repeated
    assert not summary.changed
    assert summary.late == []
    assert before == (Decision.objects.count(), Finding.objects.count(), Notice.objects.count())


def test_a_month_that_is_not_settled_is_refused(road: Demo) -> None:
    """A month is not assessed before its figures are final."""
    month = Month(2025, 12)
    with pytest.raises(BadInput, match="month_not_settled"):
        cycle_run(TENANT, month, now=month_settled_at(month) - timedelta(seconds=1))


def test_loading_again_adds_nothing(road: Demo) -> None:
    """Every event of the market taken in again is a duplicate."""
    before = {row.stream: (row.events, row.rejected) for row in stream_status(TENANT)}
    market_load(road, lambda _: None)
    assert {row.stream: (row.events, row.rejected) for row in stream_status(TENANT)} == before


def test_everything_replays_and_the_books_hold(road: Demo) -> None:
    """Every finding and decision derives again, and every check of the books holds."""
    replayed = decisions_replay(TENANT)
    assert replayed.differences == []
    assert replayed.findings > 100
    assert replayed.decisions > 40
    assert [check.name for check in verify(TENANT) if not check.ok] == []


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b")
def test_a_sanction_carries_its_reasons_in_both_languages(road: Demo) -> None:
    """The notice of a fine names decision, basis, facts, calculation, effect and objection."""
    notice = Notice.objects.get(
        tenant_id=TENANT, subject_id="P0002", kind="sanction", title_zh__contains="2025-08"
    )
    for language, body in (("zh", notice.body_zh), ("en", notice.body_en)):
        assert [heading for heading in HEADINGS[language] if heading not in body] == []
        assert "2,500.00" in body
        assert "S0-2.2.5-5a" in body


@pytest.mark.clause("S0-2.2.5-5a")
def test_a_hidden_service_returns_after_a_month_and_a_top_up(road: Demo) -> None:
    """A provider that paid its top-up is shown again, no earlier than a month after."""
    rows = Restriction.objects.filter(
        tenant_id=TENANT, measure="hide", released_at__isnull=False, subject_id="P0006"
    )
    assert rows
    for row in rows:
        (time,) = [each for each in row.release if each["kind"] == "time"]
        assert row.released_at is not None
        assert day_of(row.released_at) >= date.fromisoformat(time["on"])


@pytest.mark.clause("S0-2.2.5-5b", "S0-2.2.6")
def test_a_fine_nobody_appeals_against_is_taken_when_the_time_is_over(road: Demo) -> None:
    """Told on the day of judgement with a ticket, taken at the first look after its last day."""
    delisted = Decision.objects.get(
        tenant_id=TENANT, decision="nps_ladder", outcome="delist", subject_id="P0002"
    )
    ticket = ticket_get(TENANT, delisted.effect["ticket"])
    assert delisted.effect["taken_fen"] + delisted.effect["claim_fen"] == 500_000
    assert ticket.state == "in_force"
    assert ticket.settled_at is not None
    assert day_of(ticket.settled_at) > ticket.appeal_until == day_of(ticket.told_at) + APPEAL_DAYS
    taken = Notice.objects.get(tenant_id=TENANT, decision_id=delisted.id, kind="payment")
    assert taken.sent_at == ticket.settled_at


def test_every_line_of_a_statement_names_its_clause(road: Demo) -> None:
    """Each movement of a deposit cites a clause, and balances run on without a gap."""
    lines = statement(TENANT, "deposit:provider:P0002", 100)
    assert lines
    assert all(line.clause for line in lines)
    for newer, older in itertools.pairwise(lines):
        assert newer.balance_fen == older.balance_fen + newer.amount_fen
        assert newer.seq == older.seq + 1
