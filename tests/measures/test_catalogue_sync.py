"""Changes of goods: told in time, told late, still stale; and new listings within 24 hours."""

from pathlib import Path

import pytest

from earnest.kernel.calendar import US_PER_DAY, US_PER_HOUR
from tests.measures.asking import Asked
from tests.measures.scene import instant, us
from tests.measures.service import Service

pytestmark = pytest.mark.clause("S0-2.2.1f", "S0-2.2.1g")
NAME = "catalogue_sync"
AT = "2025-08-05 10:00:00"


def test_a_change_told_of_at_the_limit_is_in_time(tmp_path: Path) -> None:
    """Freshness is publication minus change; the limit itself is in time."""
    scene = Service()
    for item, published in (("G1", us(AT) + US_PER_DAY), ("G2", us(AT) + US_PER_DAY + 1)):
        scene.change(item, "stock", AT, change_no=item)
        scene.publish("L1", "stock", published, reflects_change_no=item)
    asked = Asked(scene, tmp_path)
    assert asked.counts(NAME) == {"P1": (1, 2, 2, 0)}
    assert asked.why(NAME, "P1") == {"G1": "told_in_time", "G2": "told_late"}
    [figure] = asked.figures(NAME)
    assert figure.dimensions["p95_us"] == US_PER_DAY + 1


def test_a_change_nobody_tells_of_stays_stale_and_grows_older(tmp_path: Path) -> None:
    """Unmatched is not missing: it is a miss once due, and its age is told as of the instant."""
    scene = Service()
    scene.change("G1", "off_shelf", AT, change_no="1")
    asked = Asked(scene, tmp_path)
    [young] = asked.figures(NAME, as_of=instant("2025-08-06 09:59:59"))
    assert (young.denominator, young.pending) == (0, 1)
    for days in (2, 20):
        [figure] = asked.figures(NAME, as_of=instant(f"2025-08-{5 + days:02d} 10:00:00"))
        assert (figure.numerator, figure.denominator) == (0, 1)
        assert figure.dimensions["still_stale"] == 1
        assert figure.dimensions["oldest_stale_us"] == days * US_PER_DAY


def test_telling_of_a_later_change_tells_of_the_earlier_ones(tmp_path: Path) -> None:
    """Of three changes of a stock, publishing the last one makes all three known."""
    scene = Service()
    for number in (1, 2, 3):
        scene.change("G1", "stock", us(AT) + number * US_PER_HOUR, change_no=str(number))
    scene.change("G1", "price", AT, change_no="4")
    scene.change("G1", "stock", AT, change_no="5", sku_id="K2")
    scene.publish("L1", "stock", us(AT) + 4 * US_PER_HOUR, reflects_change_no="3")
    [figure] = Asked(scene, tmp_path).figures(NAME)
    assert (figure.numerator, figure.denominator) == (3, 5)
    assert figure.dimensions["field_met"] == {"price": 0, "stock": 3}
    assert figure.dimensions["field_of"] == {"price": 1, "stock": 4}


def test_without_numbers_the_item_itself_is_matched(tmp_path: Path) -> None:
    """A publication under the item's own id tells of what was changed before it, not after."""
    scene = Service()
    scene.change("G1", "title", AT)
    scene.change("G1", "title", us(AT) + 2 * US_PER_HOUR)
    scene.publish("G1", "title", us(AT) + US_PER_HOUR)
    scene.publish("G1", "title", AT, provider_id="P2")
    asked = Asked(scene, tmp_path)
    assert [row["why"] for row in asked.contributions(NAME, "provider", "P1")] == [
        "told_in_time",
        "still_stale",
    ]


def test_a_refused_publication_tells_nothing(tmp_path: Path) -> None:
    """Only what the platform took counts; told by hand is shown."""
    scene = Service()
    scene.change("G1", "stock", AT, change_no="1")
    scene.publish("L1", "stock", us(AT) + 1, reflects_change_no="1", result="denied")
    scene.change("G2", "stock", AT, change_no="2")
    scene.publish("L2", "stock", us(AT) + 1, reflects_change_no="2", channel="manual", result="ok")
    asked = Asked(scene, tmp_path)
    assert asked.why(NAME, "P1") == {"G1": "telling_refused", "G2": "told_in_time"}
    [figure] = asked.figures(NAME)
    assert figure.dimensions["told_by_hand"] == 1


@pytest.mark.parametrize(
    ("channel", "after", "numerator"),
    [
        ("report_24h", US_PER_DAY, 1),
        ("api", US_PER_DAY, 1),
        ("report_24h", US_PER_DAY + 1, 0),
        ("manual", 1, 0),
    ],
)
def test_a_new_listing_is_reported_by_a_system_within_24_hours(
    tmp_path: Path, channel: str, after: int, numerator: int
) -> None:
    """Only goods put on the shelf count, and a report typed by hand is none."""
    scene = Service()
    scene.change("G1", "on_shelf", AT, change_no="1")
    scene.change("G1", "price", AT, change_no="2")
    scene.publish("L1", "on_shelf", us(AT) + after, reflects_change_no="1", channel=channel)
    assert Asked(scene, tmp_path).counts("catalogue_report24h") == {"P1": (numerator, 1, 1, 0)}


def test_a_retracted_change_is_not_waited_for(tmp_path: Path) -> None:
    """A change that did not happen asks for nothing."""
    scene = Service()
    scene.retract("catalogue_change", scene.change("G1", "stock", AT, change_no="1"))
    assert Asked(scene, tmp_path).counts(NAME) == {}
