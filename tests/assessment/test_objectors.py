"""Parties that objected to an act are judged without it, beside all others."""

from datetime import UTC, date, datetime

import pytest

from earnest.assessment.providers import duty_findings
from earnest.assessment.shops import ShopMonth, adjustment_decide
from earnest.assessment.shortages import shortage_decisions
from earnest.authoring.amending import NewInstrument, NewValue, instrument_added, value_added
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position
from earnest.kernel.calendar import Month
from earnest.measures.definition import Figure
from earnest.policy import Pack
from earnest.rulebooks.drafts import as_announced
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, PartyPacks, packs_shipped

FROM = date(2026, 1, 15)
ON = date(2026, 2, 9)
ACT = NewInstrument("NEW", date(2026, 1, 5), FROM)
MONTH = Month(2026, 1)


def _amended(rulebook: str, parameter: str, value: int, clause: str) -> Pack:
    text = instrument_added(packs_shipped()[rulebook].text, ACT)
    text = value_added(text, parameter, NewValue(FROM, value, clause, "NEW"))
    return as_announced(text, ["NEW"], ACT.published, rulebook)


@pytest.mark.clause("S3-3.2b")
def test_an_objecting_shop_keeps_the_requirement_of_before() -> None:
    """The act doubles the base deposit; the shop that objected to it stays where it was."""
    packs = PartyPacks(
        _amended(SHOP_DEPOSIT, "base_deposit", 20_000, "S3-3.1c"), {("shop", "S2"): ("NEW",)}
    )
    shops = [ShopMonth(f"S{n}", 0, ("apparel",), 1_000_000, 1_000_000) for n in (1, 2, 3)]
    decisions = adjustment_decide(shops, "2026-01", ON, packs).decisions
    assert [(each.subject_id, each.outcome) for each in decisions] == [
        ("S1", "raise"),
        ("S3", "raise"),
    ]
    objecting = [ShopMonth("S2", 0, ("apparel",), 0, None)]
    (made,) = adjustment_decide(objecting, "2026-01", ON, packs).decisions
    assert made.evaluation.result["required_fen"] == 1_000_000
    assert made.evaluation.receipt().reading == {"without": ["NEW"]}


@pytest.mark.clause("S3-3.2b")
def test_an_objecting_shop_keeps_its_days_of_grace() -> None:
    """The act gives twenty days; on the eighth day only the shop that objected is overdue."""
    packs = PartyPacks(
        _amended(SHOP_DEPOSIT, "shortage_grace_days", 20, "S3-5.2b"), {("shop", "S2"): ("NEW",)}
    )
    opened_at = datetime(2026, 2, 1, 4, tzinfo=UTC)
    shortages = [
        Shortage(subject_kind="shop", subject_id=shop, opened_at=opened_at) for shop in ("S1", "S2")
    ]
    standing = {
        ("shop", shop): Position(
            subject_kind="shop",
            subject_id=shop,
            required_fen=2_000_000,
            posted_fen=0,
            held_fen=0,
            proceeds_fen=500_000,
            claim_fen=0,
        )
        for shop in ("S1", "S2")
    }
    decisions = shortage_decisions(shortages, standing, ON, packs)
    assert [(each.subject_id, each.outcome) for each in decisions] == [
        ("S2", "transfer_from_proceeds")
    ]


def test_an_objecting_provider_is_held_to_the_line_of_before() -> None:
    """97.5 percent shipped in time is enough for who objected to a line of 98."""
    packs = PartyPacks(
        _amended(SUPPLY_MARKET, "ship48_target", 980_000, "S0-2.1-ship48"),
        {("provider", "P2"): ("NEW",)},
    )
    figures = [
        Figure(
            subject_kind="provider", subject=provider, measure="shipping48h", numerator=975,
            denominator=1000, sample=1000, pending=0, window_from=MONTH.first_day,
            window_to=MONTH.last_day, cutoff_at=datetime(2026, 2, 9, tzinfo=UTC), state="final",
            dimensions={}, formula_hash="0" * 64,
        )
        for provider in ("P1", "P2")
    ]  # fmt: skip
    statuses = {each.subject_id: each.status for each in duty_findings(MONTH, figures, packs)}
    assert statuses == {"P1": "breached", "P2": "met"}
