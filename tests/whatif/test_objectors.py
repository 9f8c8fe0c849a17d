"""A party that objected to an act is judged without it on both sides."""

from datetime import date

import pytest

from earnest.rulebooks.models import Objection
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.whatif.commands import run
from tests.whatif.drafts import AT, amended, parameter, published
from tests.whatif.market import AUGUST, OCTOBER, TENANT

pytestmark = pytest.mark.django_db


@pytest.mark.clause("S3-7.2b")
def test_an_objector_is_judged_by_its_own_reading_on_both_sides(market: None) -> None:
    """SD1 in force asks 7.5 from September, the draft SD2 asks 8.0 from October.

    P2 (7.2 each month) objected to SD1: it is fined nothing now, and under the draft October would
    be its first bad month, 2,500. Bound by SD1 it would be fined now, and 5,000 then.
    """
    first, second = date(2025, 9, 1), date(2025, 10, 1)
    live = amended(
        pack_of(SUPPLY_MARKET),
        first,
        parameter("nps_floor", first, 75, "SD1"),
        state="announced",
        act="SD1",
    )
    published(live)
    draft = amended(live, second, parameter("nps_floor", second, 80))
    bound = run(TENANT, draft, AUGUST, OCTOBER, decisions=["nps_ladder"])
    assert bound.basis.objectors == 0
    assert bound.changed == (0, 0)
    Objection.objects.create(
        tenant_id=TENANT, rulebook=SUPPLY_MARKET, instrument="SD1", subject_kind="provider",
        subject_id="P2", objected_on=AT.date(), note="leaves", at=AT,
    )  # fmt: skip
    report = run(TENANT, draft, AUGUST, OCTOBER, decisions=["nps_ladder"])
    (ladder,) = report.decisions
    assert report.basis.objectors == 1
    (top,) = ladder.top
    assert (top.subject, top.top.period, top.top.difference) == (
        ("provider", "P2"), "2025-10", 250_000,
    )  # fmt: skip
    assert top.both.live.result["rung"] == "none"
    assert top.both.draft.result["rung"] == "hide"
    assert "SD1" not in top.both.draft.instruments
