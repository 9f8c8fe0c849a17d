"""The 48-hour shipping rate over hand-made orders."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.measures.asking import Asked
from tests.measures.scene import Scene, instant

pytestmark = pytest.mark.clause("S0-2.1-ship48-def")


def test_pick_up_exactly_at_48_hours_is_in_time_and_a_microsecond_later_is_not(
    tmp_path: Path,
) -> None:
    """The deadline itself still counts; one microsecond after it does not."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00")
    scene.parcel("O1", "W1", ("picked_up", "2025-08-07 10:00:00"))
    scene.order("O2", "2025-08-05 10:00:00")
    scene.parcel("O2", "W2", ("picked_up", "2025-08-07 10:00:00.000001"))
    asked = Asked(scene, tmp_path)
    assert asked.counts("shipping48h") == {"P1": (1, 2, 2, 0)}
    assert asked.why("shipping48h", "P1") == {"O1": "picked_up_in_time", "O2": "picked_up_late"}


def test_the_window_ends_with_the_month_in_shanghai(tmp_path: Path) -> None:
    """23:59:59.6 on the last day is in the month; midnight is in the next, in Shanghai's time."""
    scene = Scene()
    scene.order("before", "2025-07-31 23:59:59.999999")
    scene.order("first", "2025-08-01 00:00:00")
    scene.order("last", "2025-08-31 23:59:59.6")
    scene.order("after", "2025-09-01 00:00:00")
    asked = Asked(scene, tmp_path)
    assert set(asked.why("shipping48h", "P1")) == {"first", "last"}
    assert asked.counts("shipping48h") == {"P1": (0, 2, 2, 0)}


def test_a_young_order_is_pending_even_when_it_was_picked_up(tmp_path: Path) -> None:
    """Before its deadline an order is neither hit nor miss, and its subject cannot be judged."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00")
    scene.parcel("O1", "W1", ("picked_up", "2025-08-05 12:00:00"))
    asked = Asked(scene, tmp_path)
    early = {"as_of": instant("2025-08-07 09:59:59.999999")}
    assert asked.counts("shipping48h", **early) == {"P1": (0, 0, 0, 1)}
    assert [each.state for each in asked.figures("shipping48h", **early)] == ["not_assessable"]
    assert asked.counts("shipping48h", as_of=instant("2025-08-07 10:00:00")) == {"P1": (1, 1, 1, 0)}


def test_a_figure_is_final_48_and_24_hours_after_the_window(tmp_path: Path) -> None:
    """Late scans have a day to come in after the last deadline."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00")
    asked = Asked(scene, tmp_path)
    states = [
        asked.figures("shipping48h", as_of=instant(at))[0].state
        for at in ("2025-09-03 23:59:59.999999", "2025-09-04 00:00:00")
    ]
    assert states == ["provisional", "final"]


def test_orders_never_shipped_or_closed_stay_in_the_denominator(tmp_path: Path) -> None:
    """The rule excludes nothing; the adjusted rate beside it leaves out closed orders."""
    scene = Scene()
    scene.order("shipped", "2025-08-05 10:00:00")
    scene.parcel("shipped", "W1", ("picked_up", "2025-08-05 11:00:00"))
    scene.order("never", "2025-08-05 10:00:00")
    scene.order("closed", "2025-08-05 10:00:00")
    scene.closed("closed", "2025-08-06 10:00:00")
    scene.order("closed_late", "2025-08-05 10:00:00")
    scene.closed("closed_late", "2025-08-07 10:00:00.000001")
    [figure] = Asked(scene, tmp_path).figures("shipping48h")
    assert (figure.numerator, figure.denominator) == (1, 4)
    assert figure.dimensions["adjusted_denominator"] == 3
    assert figure.dimensions["without_trace"] == 3


def test_a_pick_up_before_payment_does_not_count_but_is_shown(tmp_path: Path) -> None:
    """A scan before the payment proves nothing; a second scan after it does."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00")
    scene.parcel("O1", "W1", ("picked_up", "2025-08-05 09:59:59.999999"))
    scene.order("O2", "2025-08-05 10:00:00")
    scene.parcel(
        "O2", "W2", ("picked_up", "2025-08-05 09:00:00"), ("picked_up", "2025-08-05 10:00:00")
    )
    asked = Asked(scene, tmp_path)
    [figure] = asked.figures("shipping48h")
    assert (figure.numerator, figure.denominator) == (1, 2)
    assert figure.dimensions["picked_before_paid"] == 2
    assert asked.why("shipping48h", "P1")["O1"] == "picked_up_before_payment"


def test_the_first_of_several_parcels_decides(tmp_path: Path) -> None:
    """One parcel in time is enough; a returned parcel's pick-up is none."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00")
    scene.parcel("O1", "W1", ("picked_up", "2025-08-09 10:00:00"))
    scene.parcel("O1", "W2", ("picked_up", "2025-08-06 10:00:00"))
    scene.order("O2", "2025-08-05 10:00:00")
    scene.parcel("O2", "W3", ("picked_up", "2025-08-06 10:00:00"), direction="return")
    assert Asked(scene, tmp_path).counts("shipping48h") == {"P1": (1, 2, 2, 0)}


def test_an_order_of_two_providers_counts_once_for_the_shop(tmp_path: Path) -> None:
    """Each provider answers for the parcels of its own lines; the order counts once for others."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00", lines=(("P1", "C1", 500), ("P2", "C1", 700)))
    scene.parcel("O1", "W1", ("picked_up", "2025-08-05 11:00:00"), line_no="2")
    asked = Asked(scene, tmp_path)
    assert asked.counts("shipping48h") == {"P1": (0, 1, 1, 0), "P2": (1, 1, 1, 0)}
    for by, subject in (("shop", "S1"), ("category", "C1"), ("all", "all")):
        assert asked.counts("shipping48h", by) == {subject: (1, 1, 1, 0)}


def test_a_retracted_scan_is_gone_and_a_corrected_one_replaced(tmp_path: Path) -> None:
    """Corrections are events of their own; what they name no longer stands."""
    scene = Scene()
    for order, waybill in (("O1", "W1"), ("O2", "W2"), ("O3", "W3")):
        scene.order(order, "2025-08-05 10:00:00")
        scene.parcel(order, waybill)
    scan = scene.scan("W1", "picked_up", "2025-08-05 11:00:00")
    scene.retract("parcel_trace", scan)
    scan = scene.scan("W2", "picked_up", "2025-08-05 11:00:00")
    scene.correct("parcel_trace", scan, node_us="2025-08-08 11:00:00")
    scan = scene.scan("W3", "picked_up", "2025-08-05 11:00:00")
    wrong = scene.retract("parcel_trace", scan)
    scene.correct("parcel_trace", wrong)
    asked = Asked(scene, tmp_path)
    assert asked.why("shipping48h", "P1") == {
        "O1": "no_trace",
        "O2": "picked_up_late",
        "O3": "picked_up_in_time",
    }


def test_the_payment_told_first_stands_until_it_is_corrected(tmp_path: Path) -> None:
    """A later version of the paid state does not move the payment; a correction does."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00", version="9")
    scene.order("O1", "2025-08-06 10:00:00", version="10")
    scene.parcel("O1", "W1", ("picked_up", "2025-08-07 10:00:00"))
    paid = scene.order("O2", "2025-08-05 10:00:00")
    scene.correct("order_event", paid, paid_us="2025-08-05 10:00:01")
    scene.parcel("O2", "W2", ("picked_up", "2025-08-07 10:00:01"))
    asked = Asked(scene, tmp_path)
    assert asked.why("shipping48h", "P1") == {
        "O1": "picked_up_in_time",
        "O2": "picked_up_in_time",
    }


def test_a_waybill_number_used_again_keeps_to_its_own_order(tmp_path: Path) -> None:
    """The scans of an earlier order's parcel do not ship the later order."""
    scene = Scene()
    scene.order("old", "2025-08-01 10:00:00")
    scene.parcel("old", "W1", ("picked_up", "2025-08-01 11:00:00"))
    scene.order("new", "2025-08-25 10:00:00")
    scene.parcel("new", "W1")
    asked = Asked(scene, tmp_path)
    assert asked.why("shipping48h", "P1")["old"] == "picked_up_in_time"
    assert asked.why("shipping48h", "P1")["new"] == "picked_up_before_payment"


def test_a_subject_list_changes_no_figure(tmp_path: Path) -> None:
    """One provider asked alone gets the figure it has among all."""
    scene = Scene()
    for number in range(6):
        scene.order(f"O{number}", "2025-08-05 10:00:00", lines=((f"P{number % 3}", "C1", 100),))
    asked = Asked(scene, tmp_path)
    alone = asked.figures("shipping48h", subjects=["P1"])
    assert alone == [each for each in asked.figures("shipping48h") if each.subject == "P1"]
    assert asked.figures("shipping48h", subjects=[]) == []


def test_exclusions_carry_their_reason_and_leave_only_the_adjusted_rate(tmp_path: Path) -> None:
    """Closed, presale or held: shown under the first of them, only when not picked up in time."""
    scene = Scene()
    paid = "2025-08-05 10:00:00"
    for order in ("plain", "presale", "presale_in_time", "held", "both", "closed_presale"):
        scene.order(order, paid)
    for order in ("presale", "presale_in_time", "both", "closed_presale"):
        scene.add("order_event", order_id=order, state="amended", presale=True, occurred_us=paid)
    for order in ("held", "both"):
        scene.add(
            "order_event", order_id=order, state="amended", source_version="3", hold_codes=[12],
            occurred_us=paid,
        )  # fmt: skip
    scene.closed("closed_presale", "2025-08-06 10:00:00")
    scene.parcel("presale_in_time", "W1", ("picked_up", "2025-08-05 11:00:00"))
    asked = Asked(scene, tmp_path)
    [figure] = asked.figures("shipping48h")
    assert (figure.numerator, figure.denominator) == (1, 6)
    told = {name: figure.dimensions[f"excluded_{name}"] for name in ("closed", "presale", "held")}
    assert told == {"closed": 1, "presale": 2, "held": 1}
    assert figure.dimensions["adjusted_denominator"] == 2
    assert asked.why("shipping48h", "P1") == {
        "plain": "no_trace",
        "presale": "presale",
        "presale_in_time": "picked_up_in_time",
        "held": "held_by_the_platform",
        "both": "presale",
        "closed_presale": "closed_before_deadline",
    }


def test_the_sellers_mark_is_counted_beside_the_pick_up(tmp_path: Path) -> None:
    """A click within 48 hours is marked, in time or not; the literal rate does not look at it."""
    scene = Scene()
    for order, declared in (("O1", "2025-08-07 10:00:00"), ("O2", "2025-08-07 10:00:00.000001")):
        scene.order(order, "2025-08-05 10:00:00")
        scene.parcel(order, f"W-{order}", declared_us=declared)
    [figure] = Asked(scene, tmp_path).figures("shipping48h")
    assert (figure.numerator, figure.dimensions["marked"]) == (0, 1)


def test_facts_of_an_earlier_edition_read_without_the_later_columns(tmp_path: Path) -> None:
    """Files written before a column came in count as if nothing were known of it."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00")
    asked = Asked(scene, tmp_path)
    for path in asked.files["order_facts"]:
        rows = pq.read_table(path)
        later = ("declared_us", "presale", "held", "first_refund_certainty")
        pq.write_table(rows.drop_columns(list(later)), path, store_schema=False)
    assert asked.counts("shipping48h") == {"P1": (0, 1, 1, 0)}
    assert asked.counts("quality_refund30d") == {}
