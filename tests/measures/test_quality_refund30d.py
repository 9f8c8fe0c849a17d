"""The 30-day quality refund rate over hand-made orders."""

from datetime import date
from pathlib import Path

import pytest

from tests.measures.asking import Asked
from tests.measures.scene import Scene, instant

pytestmark = pytest.mark.clause("S0-2.2.1d")


def _signed(scene: Scene, order_id: str, at: str = "2025-08-10 10:00:00") -> None:
    scene.order(order_id, "2025-07-30 10:00:00")
    scene.parcel(order_id, f"W-{order_id}", ("signed", at))


def test_the_first_reason_counts_whatever_comes_later(tmp_path: Path) -> None:
    """A second application for quality after another reason is not a quality refund."""
    scene = Scene()
    _signed(scene, "O1")
    scene.aftersale("A1", "O1", "applied", "2025-08-11 10:00:00", reason_class="no_reason")
    scene.aftersale("A2", "O1", "applied", "2025-08-12 10:00:00", reason_class="quality")
    _signed(scene, "O2")
    scene.aftersale("A3", "O2", "applied", "2025-08-11 10:00:00", reason_class="quality")
    scene.aftersale("A3", "O2", "modified", "2025-08-12 10:00:00", reason_class="price")
    scene.aftersale("A4", "O2", "applied", "2025-08-12 10:00:00", reason_class="price")
    _signed(scene, "O3")
    asked = Asked(scene, tmp_path)
    assert asked.counts("quality_refund30d") == {"P1": (1, 3, 3, 0)}
    assert asked.why("quality_refund30d", "P1") == {
        "O1": "first_reason_other",
        "O2": "first_reason_quality",
        "O3": "no_application",
    }


def test_applications_of_the_same_instant_are_ordered_by_id_and_version(tmp_path: Path) -> None:
    """A tie is broken the same way every time: by the id, and within it by the version."""
    scene = Scene()
    _signed(scene, "O1")
    scene.aftersale("A2", "O1", "applied", "2025-08-11 10:00:00", reason_class="quality")
    scene.aftersale("A1", "O1", "applied", "2025-08-11 10:00:00", reason_class="price")
    _signed(scene, "O2")
    at = "2025-08-11 10:00:00"
    scene.aftersale("A3", "O2", "applied", at, reason_class="price", version="10")
    scene.aftersale("A3", "O2", "applied", at, reason_class="quality", version="9")
    assert Asked(scene, tmp_path).why("quality_refund30d", "P1") == {
        "O1": "first_reason_other",
        "O2": "first_reason_quality",
    }


def test_a_retracted_first_application_gives_way_to_the_next(tmp_path: Path) -> None:
    """What did not occur is not the first reason."""
    scene = Scene()
    _signed(scene, "O1")
    wrong = scene.aftersale("A1", "O1", "applied", "2025-08-11 10:00:00", reason_class="price")
    scene.retract("aftersale_event", wrong)
    scene.aftersale("A2", "O1", "applied", "2025-08-12 10:00:00", reason_class="quality")
    _signed(scene, "O2")
    wrong = scene.aftersale("A3", "O2", "applied", "2025-08-11 10:00:00", reason_class="price")
    scene.correct("aftersale_event", wrong, reason_class="quality")
    assert Asked(scene, tmp_path).counts("quality_refund30d") == {"P1": (2, 2, 2, 0)}


def test_an_order_is_signed_for_when_its_last_parcel_is(tmp_path: Path) -> None:
    """The last first sign-for of all parcels decides; a replaced parcel is not waited for."""
    scene = Scene()
    scene.order("O1", "2025-07-30 10:00:00")
    scene.parcel("O1", "W1", ("signed", "2025-07-31 10:00:00"), ("signed", "2025-09-05 10:00:00"))
    scene.parcel("O1", "W2", ("signed", "2025-08-01 00:00:00"))
    scene.order("O2", "2025-07-30 10:00:00")
    scene.parcel("O2", "W3", ("signed", "2025-08-02 10:00:00"))
    scene.parcel("O2", "W4", ("picked_up", "2025-08-02 10:00:00"))
    scene.order("O3", "2025-07-30 10:00:00")
    scene.parcel("O3", "W5", replaced_by="yto/W6")
    scene.parcel("O3", "W6", ("signed", "2025-08-31 23:59:59.6"))
    scene.order("O4", "2025-07-30 10:00:00")
    scene.parcel("O4", "W7", ("signed", "2025-09-01 00:00:00"))
    asked = Asked(scene, tmp_path)
    assert set(asked.why("quality_refund30d", "P1")) == {"O1", "O3"}


def test_only_what_happened_by_the_as_of_instant_is_seen(tmp_path: Path) -> None:
    """Neither a later sign-for nor a later application changes an earlier view."""
    scene = Scene()
    _signed(scene, "O1", "2025-08-10 10:00:00")
    scene.aftersale("A1", "O1", "applied", "2025-08-12 10:00:00", reason_class="quality")
    asked = Asked(scene, tmp_path)
    views = {
        "2025-08-10 09:59:59": {},
        "2025-08-10 10:00:00": {"P1": (0, 1, 1, 0)},
        "2025-08-12 09:59:59.999999": {"P1": (0, 1, 1, 0)},
        "2025-08-12 10:00:00": {"P1": (1, 1, 1, 0)},
    }
    for at, expected in views.items():
        assert asked.counts("quality_refund30d", as_of=instant(at)) == expected


def test_a_request_on_one_line_is_its_providers_alone(tmp_path: Path) -> None:
    """With two providers the other's record stays clean; the shop's order counts once."""
    scene = Scene()
    scene.order("O1", "2025-08-01 10:00:00", lines=(("P1", "C1", 500), ("P2", "C2", 700)))
    scene.parcel("O1", "W1", ("signed", "2025-08-03 10:00:00"), line_no="1")
    scene.parcel("O1", "W2", ("signed", "2025-08-04 10:00:00"), line_no="2")
    scene.aftersale(
        "A1", "O1", "applied", "2025-08-05 10:00:00", reason_class="quality", line_no="2"
    )
    asked = Asked(scene, tmp_path)
    assert asked.counts("quality_refund30d") == {"P1": (0, 1, 1, 0), "P2": (1, 1, 1, 0)}
    assert asked.counts("quality_refund30d", "shop") == {"S1": (1, 1, 1, 0)}
    assert asked.counts("quality_refund30d", "all") == {"all": (1, 1, 1, 0)}


def test_an_exchange_is_no_refund_application(tmp_path: Path) -> None:
    """Only requests for money back are refund applications; an unknown class is shown."""
    scene = Scene()
    _signed(scene, "O1")
    at = "2025-08-11 10:00:00"
    scene.aftersale("A1", "O1", "applied", at, aftersale_type="exchange", reason_class="quality")
    _signed(scene, "O2")
    scene.aftersale("A2", "O2", "applied", at)
    [figure] = Asked(scene, tmp_path).figures("quality_refund30d")
    assert (figure.numerator, figure.denominator) == (0, 2)
    told = {name for name, count in figure.dimensions.items() if count}
    assert told == {"applications", "reason_unknown", "reason_uncertain", "maybe_quality"}
    assert figure.dimensions["applications"] == 1


@pytest.mark.clause("S0-2.2.1d")
@pytest.mark.parametrize(
    ("quality", "modified", "reason", "certainty"),
    [
        ("source_s", True, "price", "certain"),
        (None, False, "price", "certain"),
        ("observed", False, "price", "probable"),
        ("derived", True, "price", "uncertain"),
        ("source_s", False, "unknown", "uncertain"),
        ("source_s", False, None, "uncertain"),
    ],
)
def test_a_first_reason_is_as_certain_as_it_was_told(
    tmp_path: Path, quality: str | None, modified: bool, reason: str | None, certainty: str
) -> None:
    """Told as it was given, read later and never changed, or changed since: three degrees."""
    scene = Scene()
    _signed(scene, "O1")
    more = {"time_quality": quality, "reason_class": reason}
    scene.aftersale("A1", "O1", "applied", "2025-08-11 10:00:00", **more)
    if modified:
        scene.aftersale("A1", "O1", "modified", "2025-08-12 10:00:00", version="2")
    [figure] = Asked(scene, tmp_path).figures("quality_refund30d")
    degrees = ("certain", "probable", "uncertain")
    told = {each for each in degrees if figure.dimensions[f"reason_{each}"]}
    assert told == {certainty}
    assert figure.dimensions["maybe_quality"] == int(certainty == "uncertain")


@pytest.mark.clause("S0-2.2.1c")
@pytest.mark.parametrize(("sold_days", "not_shown"), [(0, 0), (21, 0), (20, 1)])
def test_goods_paid_for_before_the_sales_window_are_marked(
    tmp_path: Path, sold_days: int, not_shown: int
) -> None:
    """An order signed for now but paid before the window shows no sale in it by itself."""
    scene = Scene()
    _signed(scene, "O1")
    window = date(2025, 8, 1), date(2025, 8, 19)  # paid for on 30 July, 20 days before its end
    [figure] = Asked(scene, tmp_path).figures(
        "quality_refund30d", window=window, sold_days=sold_days
    )
    assert figure.dimensions["sale_not_shown"] == not_shown
