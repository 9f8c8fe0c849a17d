"""The four after-sales clocks over hand-made requests."""

from pathlib import Path
from typing import Any

import pytest

from tests.measures.asking import Asked
from tests.measures.scene import Scene, instant

UNSHIPPED = "after_sales_refund_unshipped"
SHIPPED = "after_sales_refund_shipped"
STAGE_1 = "after_sales_return_stage1"
STAGE_2 = "after_sales_return_stage2"
APPLIED = "2025-08-10 10:00:00"


def _request(scene: Scene, number: int, *steps: tuple[str, str, str], **more: Any) -> None:
    """Add an order and a request for it, then steps of (action, actor, time)."""
    scene.order(f"O{number}", "2025-08-01 10:00:00")
    scene.aftersale(f"A{number}", f"O{number}", "applied", APPLIED, actor="buyer", **more)
    for action, actor, at in steps:
        scene.aftersale(f"A{number}", f"O{number}", action, at, actor=actor, version="2")


@pytest.mark.clause("S0-2.1-as1", "S0-2.1-as2", "S0-2.1-as3")
@pytest.mark.parametrize(
    ("name", "more", "edge", "late"),
    [
        (
            UNSHIPPED,
            {"shipped_at_apply": False},
            "2025-08-11 10:00:00",
            "2025-08-11 10:00:00.000001",
        ),
        (SHIPPED, {"shipped_at_apply": True}, "2025-08-11 22:00:00", "2025-08-11 22:00:00.000001"),
        (
            STAGE_1,
            {"aftersale_type": "return_refund"},
            "2025-08-11 22:00:00",
            "2025-08-11 22:00:00.000001",
        ),
    ],
)
def test_handling_at_the_deadline_is_in_time(
    name: str, more: dict[str, Any], edge: str, late: str, tmp_path: Path
) -> None:
    """The deadline itself counts, a microsecond later does not, nor does a buyer's own step."""
    scene = Scene()
    _request(scene, 1, ("agreed", "merchant", edge), **more)
    _request(scene, 2, ("refused", "provider", late), **more)
    _request(scene, 3, ("refunded", "buyer", edge), **more)
    _request(scene, 4, **more)
    asked = Asked(scene, tmp_path)
    assert asked.counts(name) == {"P1": (1, 4, 4, 0)}
    assert asked.why(name, "P1") == {
        "A1": "handled_in_time",
        "A2": "handled_late",
        "A3": "not_handled",
        "A4": "not_handled",
    }
    others = {UNSHIPPED, SHIPPED, STAGE_1, STAGE_2} - {name}
    assert all(asked.counts(other) == {} for other in others)


@pytest.mark.clause("S0-2.1-as4")
def test_the_carriers_record_of_the_return_starts_the_second_stage(tmp_path: Path) -> None:
    """The clock runs from the sign-for in the trace; the request's own word only stands in."""
    scene = Scene()
    more = {"aftersale_type": "return_refund"}
    signed, told = "2025-08-20 10:00:00", "2025-08-25 10:00:00"
    _request(scene, 1, ("return_signed", "merchant", told), **more)
    scene.parcel("O1", "R1", ("signed", signed), direction="return")
    scene.aftersale("A1", "O1", "inspected", "2025-08-22 10:00:00", version="3", actor="merchant")
    _request(scene, 2, ("return_signed", "merchant", told), **more)
    scene.aftersale("A2", "O2", "refused", "2025-08-27 10:00:00.000001", version="3")
    _request(scene, 3, ("refunded", "platform", "2025-08-15 10:00:00"), **more)
    scene.parcel("O3", "R3", ("signed", signed), direction="return")
    _request(scene, 4, ("refused", "merchant", "2025-08-11 10:00:00"), **more)
    scene.parcel("O4", "R4", ("signed", signed), direction="return")
    _request(scene, 5, **more)
    asked = Asked(scene, tmp_path)
    assert asked.why(STAGE_2, "P1") == {
        "A1": "handled_in_time",
        "A2": "handled_late",
        "A3": "handled_in_time",
        "A4": "not_handled",
    }
    assert asked.counts(STAGE_2) == {"P1": (2, 4, 4, 0)}


@pytest.mark.clause("S0-2.1-as4")
def test_a_named_return_parcel_is_the_one_that_counts(tmp_path: Path) -> None:
    """Another return of the same order does not start this request's clock."""
    scene = Scene()
    _request(scene, 1, aftersale_type="return_refund", return_parcel="yto/R2")
    scene.parcel("O1", "R1", ("signed", "2025-08-12 10:00:00"), direction="return")
    scene.parcel("O1", "R2", ("signed", "2025-08-30 10:00:00"), direction="return")
    asked = Asked(scene, tmp_path)
    assert asked.counts(STAGE_2) == {}
    scene_end = {"window": (instant("2025-09-01 00:00:00").date(),) * 2}
    assert asked.counts(STAGE_2, **scene_end) == {"P1": (0, 1, 1, 0)}


@pytest.mark.clause("S0-2.1-as1", "S0-2.1-as2")
def test_shipped_at_the_request_is_taken_from_the_scans_when_untold(tmp_path: Path) -> None:
    """A pick-up at the very instant of the request means shipped."""
    scene = Scene()
    for number, at in ((1, APPLIED), (2, "2025-08-10 10:00:00.000001")):
        _request(scene, number)
        scene.parcel(f"O{number}", f"W{number}", ("picked_up", at))
    _request(scene, 3, shipped_at_apply=True)
    asked = Asked(scene, tmp_path)
    assert set(asked.why(SHIPPED, "P1")) == {"A1", "A3"}
    assert set(asked.why(UNSHIPPED, "P1")) == {"A2"}


@pytest.mark.clause("S0-2.1-as1")
def test_requests_count_in_the_window_their_deadline_falls_in(tmp_path: Path) -> None:
    """Applied on 31 July and due on 1 August is August's; not yet due is pending."""
    scene = Scene()
    for number, at in ((1, "2025-07-31 00:00:00"), (2, "2025-07-30 23:59:59.999999")):
        scene.order(f"O{number}", "2025-07-20 10:00:00")
        scene.aftersale(f"A{number}", f"O{number}", "applied", at, shipped_at_apply=False)
    asked = Asked(scene, tmp_path)
    assert set(asked.why(UNSHIPPED, "P1")) == {"A1"}
    early = instant("2025-07-31 23:59:59.999999")
    assert asked.counts(UNSHIPPED, as_of=early) == {"P1": (0, 0, 0, 1)}
    assert asked.counts(UNSHIPPED, as_of=instant("2025-07-30 23:59:59.999999")) == {}


@pytest.mark.clause("S0-2.1-as1")
def test_a_request_withdrawn_before_its_deadline_is_left_out(tmp_path: Path) -> None:
    """Nothing is left to handle once the buyer took it back; after the deadline it is a miss."""
    scene = Scene()
    _request(scene, 1, ("closed", "buyer", "2025-08-11 10:00:00"), shipped_at_apply=False)
    _request(scene, 2, ("closed", "buyer", "2025-08-11 10:00:00.000001"), shipped_at_apply=False)
    _request(scene, 3, ("closed", "system", "2025-08-10 11:00:00"), shipped_at_apply=False)
    asked = Asked(scene, tmp_path)
    [figure] = asked.figures(UNSHIPPED)
    assert (figure.numerator, figure.denominator, figure.dimensions) == (0, 2, {"withdrawn": 1})
    assert asked.why(UNSHIPPED, "P1")["A1"] == "withdrawn_by_buyer"


@pytest.mark.clause("S0-2.1-as3")
def test_a_request_has_one_provider(tmp_path: Path) -> None:
    """It is the named line's provider, else the order's first; never both."""
    scene = Scene()
    scene.order("O1", "2025-08-01 10:00:00", lines=(("P1", "C1", 500), ("P2", "C2", 700)))
    scene.aftersale("A1", "O1", "applied", APPLIED, aftersale_type="return_refund", line_no="2")
    scene.aftersale("A2", "O1", "applied", APPLIED, aftersale_type="return_refund")
    asked = Asked(scene, tmp_path)
    assert asked.counts(STAGE_1) == {"P1": (0, 1, 1, 0), "P2": (0, 1, 1, 0)}
    assert asked.counts(STAGE_1, "category") == {"C1": (0, 1, 1, 0), "C2": (0, 1, 1, 0)}
    assert asked.counts(STAGE_1, "all") == {"all": (0, 2, 2, 0)}
