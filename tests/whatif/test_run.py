"""History judged again under a draft: hand-made sums on a small market."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from earnest.kernel.calendar import Month
from earnest.kernel.errors import BadInput, NotFound
from earnest.policy import load_pack_text
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, pack_of
from earnest.whatif.commands import run
from earnest.whatif.report import Report
from tests.whatif.drafts import amended, edition, parameter, published
from tests.whatif.market import AUGUST, OCTOBER, SEPTEMBER, TENANT

pytestmark = pytest.mark.django_db

SEPTEMBER_FIRST = date(2025, 9, 1)


def _effects(report: Report, decision: str) -> dict[str, tuple[int, int, int | None]]:
    """Return the effects that would occur: rows, parties and amount by name."""
    (change,) = [each.change for each in report.decisions if each.decision == decision]
    return {
        each.effect: (each.rows, each.parties, each.amount) for each in change.effects if each.rows
    }


def _floor(value: int, since: date = SEPTEMBER_FIRST) -> Any:
    return amended(pack_of(SUPPLY_MARKET), since, parameter("nps_floor", since, value))


def _digests() -> dict[str, str]:
    """Return a digest of the rows of every table."""
    tables = sorted(model._meta.db_table for model in apps.get_models())
    found: dict[str, str] = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"SELECT md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM {table} t"
            )
            found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.parametrize("rulebook", [SUPPLY_MARKET, SHOP_DEPOSIT])
def test_an_empty_draft_changes_nothing(market: None, rulebook: str) -> None:
    """The same text, and a text with an act that sets no value, give zero differences."""
    live = pack_of(rulebook)
    for draft in (load_pack_text(live.text), amended(live, SEPTEMBER_FIRST)):
        report = run(TENANT, draft, AUGUST, OCTOBER)
        assert report.basis.rows > 0
        assert report.changed == (0, 0)
        for each in report.decisions:
            assert all(effect.rows == 0 for effect in each.change.effects)
            assert all(money.live == money.draft for money in each.change.money)
            assert all(pairs == () for pairs in each.change.pairs.values())
            assert each.top == ()


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b")
def test_a_raised_floor_fines_exactly_those_below_it(market: None) -> None:
    """7.5 from September: P2 (7.2, 7.2) pays 2,500 and 5,000, P4 (7.2 once) pays 2,500.

    August stays judged by 7.0 even within the run, and P1 and P3 fare as they did.
    """
    report = run(TENANT, _floor(75), AUGUST, OCTOBER)
    assert _effects(report, "nps_ladder") == {
        "newly_fined": (3, 2, 1_000_000),
        "newly_restricted": (3, 2, None),
    }
    (ladder,) = [each for each in report.decisions if each.decision == "nps_ladder"]
    (fine,) = ladder.change.money
    assert (fine.live, fine.draft) == (1_750_000, 2_750_000)
    assert (fine.more_rows, fine.more_sum, fine.less_rows) == (3, 1_000_000, 0)
    assert fine.quantiles == (250_000, 250_000, 500_000, 500_000)
    found = {(each.live, each.draft, each.rows) for each in ladder.change.pairs["rung"]}
    assert found == {("none", "hide", 2), ("none", "delist", 1)}
    assert [(each.subject, each.top.period, each.top.difference) for each in ladder.top] == [
        (("provider", "P2"), "2025-10", 500_000),
        (("provider", "P4"), "2025-09", 250_000),
    ]
    months = {each.value: (each.changed, each.money) for each in ladder.change.by["period"]}
    assert months["2025-08"] == (0, {"fine_fen": (250_000, 250_000)})
    assert months["2025-09"] == (2, {"fine_fen": (500_000, 1_000_000)})
    (category,) = ladder.change.by["service_category"]
    assert (category.value, category.judged, category.changed) == ("supply_tool", 12, 3)


@pytest.mark.clause("S0-4", "S3-7.1a")
def test_a_draft_changes_nothing_before_its_date(market: None) -> None:
    """Each row is judged at its own day: a draft in force from 31 October spares all but October.

    One day later it spares everything.
    """
    last = date(2025, 10, 31)
    report = run(TENANT, _floor(100, last), AUGUST, OCTOBER)
    (ladder,) = [each for each in report.decisions if each.decision == "nps_ladder"]
    changed = {each.value: each.changed for each in ladder.change.by["period"]}
    assert changed == {"2025-08": 0, "2025-09": 0, "2025-10": 3}
    assert run(TENANT, _floor(100, date(2025, 11, 1)), AUGUST, OCTOBER).changed == (0, 0)


def test_nothing_that_is_stored_changes(market: None) -> None:
    """No row of any table is another one after a what-if, however much would change."""
    before = _digests()
    assert run(TENANT, _floor(100), AUGUST, OCTOBER).changed[0] > 0
    assert _digests() == before


def test_the_facts_are_those_that_were_judged_whatever_the_draft(market: None) -> None:
    """A draft that counts a month with fewer answers is told so; no fact is counted anew."""
    draft = amended(
        pack_of(SUPPLY_MARKET),
        SEPTEMBER_FIRST,
        parameter("nps_min_answers", SEPTEMBER_FIRST, 1_000),
    )
    report = run(TENANT, draft, AUGUST, OCTOBER)
    assert report.changed == (0, 0)
    assert [each.about for each in report.beyond] == ["parameter:nps_min_answers"]


@pytest.mark.clause("S3-3.1a")
def test_a_lowered_tier_ends_a_shortage(market: None) -> None:
    """With 10,000 for the top tier S1 (10,000 there, 30,000 required) is short no more.

    What must be held is counted at the last month: once, not once a month.
    """
    draft = amended(
        pack_of(SHOP_DEPOSIT),
        SEPTEMBER_FIRST,
        edition("sales_tier", SEPTEMBER_FIRST, lambda rows: [*rows[:-1], _row(rows[-1], 10_000)]),
    )
    report = run(TENANT, draft, AUGUST, OCTOBER)
    assert _effects(report, "required_deposit") == {"no_longer_short": (1, 1, -2_000_000)}
    (deposits,) = [each for each in report.decisions if each.decision == "required_deposit"]
    required = deposits.change.money[0]
    assert (required.money.outcome, required.live, required.draft) == (
        "required_fen", 4_000_000, 2_000_000,
    )  # fmt: skip
    assert (deposits.change.changed, deposits.change.changed_parties) == (2, 1)
    tiers = {each.value: each.changed for each in deposits.change.by["sales_tier"]}
    assert tiers.pop(">= 500000") == 2
    assert set(tiers.values()) == {0}


def _row(row: dict[str, Any], amount: int) -> dict[str, Any]:
    return {**row, "then": [amount, *row["then"][1:]]}


@pytest.mark.clause("S3-5.1c")
def test_more_days_of_grace_release_a_shop(market: None) -> None:
    """S1 was limited on day 17 of 7 days' grace; with 60 days it would only have had a notice."""
    draft = amended(
        pack_of(SHOP_DEPOSIT),
        SEPTEMBER_FIRST,
        parameter("shortage_grace_days", SEPTEMBER_FIRST, 60),
    )
    report = run(TENANT, draft, AUGUST, OCTOBER)
    assert _effects(report, "shortage_measures") == {"released": (1, 1, None)}


def test_who_cannot_be_judged_is_told_apart(market: None) -> None:
    """A category that no table knows stays undecided, and a draft that names it decides it."""
    draft = amended(
        pack_of(SHOP_DEPOSIT),
        SEPTEMBER_FIRST,
        edition(
            "category_standard",
            SEPTEMBER_FIRST,
            lambda rows: [*rows, {**rows[0], "when": "moonstone"}],
        ),
    )
    report = run(TENANT, draft, AUGUST, OCTOBER)
    assert _effects(report, "required_deposit") == {"newly_resolved": (3, 1, None)}
    (deposits,) = [each for each in report.decisions if each.decision == "required_deposit"]
    assert deposits.change.pairs["required_fen"][0].live is None
    assert deposits.top[0].both.live.refusal is not None
    assert deposits.top[0].both.draft.result["required_fen"] == 1_000_000


@pytest.mark.clause("S0-2.2.5-5c")
def test_who_would_be_removed_is_not_judged_again(market: None) -> None:
    """With 9.5 from August everybody falls: a third month removes, and nobody is fined after it.

    P1 is removed in October on both sides; P2, P3 and P4 would be removed in October too.
    """
    report = run(TENANT, _floor(95, date(2025, 8, 1)), AUGUST, OCTOBER)
    effects = _effects(report, "nps_ladder")
    assert effects["newly_removed"] == (3, 3, None)
    assert effects["newly_fined"] == (9, 3, 3 * (250_000 + 500_000 + 1_000_000))
    quick = amended(
        pack_of(SUPPLY_MARKET),
        date(2025, 8, 1),
        parameter("nps_floor", date(2025, 8, 1), 95),
        edition("nps_rungs", date(2025, 8, 1), _at_once),
    )
    effects = _effects(run(TENANT, quick, AUGUST, OCTOBER), "nps_ladder")
    assert effects["newly_removed"] == (4, 4, None)
    assert effects["already_gone"] == (8, 4, None)
    assert effects["newly_fined"] == (3, 3, 3_000_000)


def _at_once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Remove from the first month on."""
    return [rows[0], {**rows[-1], "when": ">= 1"}]


def test_a_party_can_be_looked_at_alone(market: None) -> None:
    """Only the rows of the party asked for are judged."""
    report = run(TENANT, _floor(75), AUGUST, OCTOBER, subject=("provider", "P4"))
    assert report.basis.parties == 1
    assert _effects(report, "nps_ladder")["newly_fined"] == (1, 1, 250_000)


def test_two_explanations_and_two_traces_stand_side_by_side(market: None) -> None:
    """Each side names its floor and its act; what both say alike stands in one row."""
    report = run(TENANT, _floor(75), AUGUST, OCTOBER, decisions=["nps_ladder"])
    plain = report.as_dict()["decisions"][0]["top"][0]
    assert "S0" in plain["live"]["explanation"]["en"]
    assert "SD2" in plain["draft"]["explanation"]["zh"]
    rows = plain["trace"]
    assert any(row["same"] for row in rows)
    assert {"live": None, "same": False} in [
        {name: row[name] for name in ("live", "same")} for row in rows if "SD2" in str(row["draft"])
    ]


def test_the_report_is_whole_numbers_in_one_order(market: None) -> None:
    """Twice the same report gives the same bytes, and no float stands in it."""
    first, again = (
        json.dumps(run(TENANT, _floor(75), AUGUST, OCTOBER).as_dict()) for _ in range(2)
    )
    assert first == again
    assert [each for each in _values(json.loads(first)) if isinstance(each, float)] == []


def _values(plain: Any) -> Iterator[Any]:
    if isinstance(plain, dict):
        for each in plain.values():
            yield from _values(each)
    elif isinstance(plain, list):
        for each in plain:
            yield from _values(each)
    else:
        yield plain


def test_a_decision_with_a_new_fact_is_left_out_and_told(market: None) -> None:
    """The past does not hold the new fact, so the decision is named, and the others are judged."""

    def change(book: dict[str, Any]) -> None:
        book["decisions"]["required_deposit"]["facts"]["staff"] = "count"

    draft = amended(pack_of(SHOP_DEPOSIT), SEPTEMBER_FIRST, change)
    report = run(TENANT, draft, AUGUST, OCTOBER)
    assert [(each.about, each.code) for each in report.not_compared] == [
        ("required_deposit", "new_fact")
    ]
    assert [each.decision for each in report.decisions] == ["shortage_measures"]


def test_a_changed_decision_without_a_past_is_told(market: None) -> None:
    """A draft that works a decision out otherwise, of which no facts were kept, says so."""

    def change(book: dict[str, Any]) -> None:
        book["decisions"]["deposit_raise"]["steps"]["raise_fen"]["expr"] = "set_fen"

    draft = amended(pack_of(SHOP_DEPOSIT), SEPTEMBER_FIRST, change)
    report = run(TENANT, draft, AUGUST, OCTOBER)
    assert ("deposit_raise", "no_history") in [
        (each.about, each.code) for each in report.not_compared
    ]


def test_wrong_words_are_told(market: None) -> None:
    """An empty period, months never assessed, an unknown decision and rulebook: each says so."""
    draft = _floor(75)
    with pytest.raises(BadInput, match="empty_period"):
        run(TENANT, draft, OCTOBER, AUGUST)
    with pytest.raises(BadInput, match=r"2025-08\.\.2025-10.*period_not_assessed"):
        run(TENANT, draft, Month(2024, 1), Month(2024, 12))
    with pytest.raises(NotFound, match="unknown_decision"):
        run(TENANT, draft, AUGUST, OCTOBER, decisions=["nps_ladders"])
    other = load_pack_text(draft.text.replace(SUPPLY_MARKET, "another-book"))
    with pytest.raises(NotFound, match="unknown_rulebook"):
        run(TENANT, other, AUGUST, OCTOBER)
    report = run(TENANT, draft, Month(2025, 7), SEPTEMBER)
    assert (report.months, report.not_assessed) == (("2025-08", "2025-09"), ("2025-07",))


def test_facts_that_do_not_fit_any_more_are_told(market: None) -> None:
    """A fact that was kept as a number, and is a list in the edition in force now."""

    def change(book: dict[str, Any]) -> None:
        decision = book["decisions"]["shortage_measures"]
        decision["facts"]["days_short"] = {"list": "days"}
        decision["steps"]["overdue"]["expr"] = "0 - shortage_grace_days"

    live = amended(pack_of(SHOP_DEPOSIT), date(2025, 8, 1), change, state="announced", act="SD1")
    published(live)
    report = run(TENANT, live, AUGUST, OCTOBER)
    assert [(each.about, each.code) for each in report.not_compared] == [
        ("shortage_measures", "facts_unfit")
    ]
