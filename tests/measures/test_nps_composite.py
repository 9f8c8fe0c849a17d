"""The survey's composite score over hand-made answers."""

from pathlib import Path

import pytest

from earnest.kernel.errors import BadInput, NotFound
from earnest.measures.queries import asked as question_asked
from tests.measures.asking import AUGUST, LATER, Asked
from tests.measures.scene import Scene, instant

pytestmark = pytest.mark.clause("S0-2.2.5-3a", "S0-2.2.5-3b")


def test_points_are_summed_and_respondents_counted_once(tmp_path: Path) -> None:
    """Five answers of one person are one respondent; `overall` is no dimension of the composite."""
    scene = Scene()
    for dimension in ("商品信息", "商品质量", "发货效率", "售后时效", "客服及时性", "overall"):
        scene.answer("R1", "P1", 70, "2025-08-20 10:00:00", dimension=dimension)
    scene.answer("R2", "P1", 69, "2025-08-31 23:59:59.6")
    scene.answer("R2", "P1", 10, "2025-09-01 00:00:00", dimension="商品质量")
    scene.answer("R2", "P2", 100, "2025-08-20 10:00:00")
    asked = Asked(scene, tmp_path)
    assert asked.counts("nps_composite") == {"P1": (419, 6, 2, 0), "P2": (100, 1, 1, 0)}
    assert asked.counts("nps_composite", "all") == {"all": (519, 7, 2, 0)}


def test_the_last_version_counts_wherever_it_was_given(tmp_path: Path) -> None:
    """Version 10 follows version 9; an answer changed in September leaves August."""
    scene = Scene()
    scene.answer("R1", "P1", 20, "2025-08-20 10:00:00", version="9")
    scene.answer("R1", "P1", 80, "2025-08-21 10:00:00", version="10")
    scene.answer("R2", "P1", 20, "2025-08-20 10:00:00")
    scene.answer("R2", "P1", 90, "2025-09-02 10:00:00", version="2")
    asked = Asked(scene, tmp_path)
    assert asked.counts("nps_composite") == {"P1": (80, 1, 1, 0)}
    before = asked.counts("nps_composite", as_of=instant("2025-09-01 00:00:00"))
    assert before == {"P1": (100, 2, 2, 0)}


def test_excluded_and_retracted_answers_are_left_out(tmp_path: Path) -> None:
    """Only an excluded answer: the provider is listed and cannot be assessed."""
    scene = Scene()
    scene.answer("R1", "P1", 20, "2025-08-20 10:00:00", excluded_reason="own staff")
    wrong = scene.answer("R2", "P2", 20, "2025-08-20 10:00:00")
    scene.retract("survey_answer", wrong)
    wrong = scene.answer("R3", "P3", 20, "2025-08-20 10:00:00")
    scene.correct("survey_answer", wrong, score_tenths=75)
    asked = Asked(scene, tmp_path)
    assert asked.counts("nps_composite") == {"P1": (0, 0, 0, 0), "P3": (75, 1, 1, 0)}
    assert asked.figures("nps_composite")[0].state == "not_assessable"


def test_weights_count_exactly(tmp_path: Path) -> None:
    """With a weight other than one the sums are in millionths, and the mean is exact."""
    scene = Scene()
    scene.answer("R1", "P1", 100, "2025-08-20 10:00:00", weight_ppm=1_500_000)
    scene.answer("R2", "P1", 40, "2025-08-20 10:00:00")
    scene.answer("R3", "P2", 70, "2025-08-20 10:00:00", weight_ppm=1_000_000)
    asked = Asked(scene, tmp_path)
    assert asked.counts("nps_composite") == {
        "P1": (190_000_000, 2_500_000, 2, 0),
        "P2": (70, 1, 1, 0),
    }


def test_a_survey_is_about_a_provider() -> None:
    """Asking by shop, an unknown name, a reversed window, a missing parameter: each is told."""
    first, last = AUGUST
    with pytest.raises(BadInput, match="cannot be taken by shop; choose one of: provider, all"):
        question_asked("nps_composite", first, last, by="shop", as_of=LATER)
    with pytest.raises(NotFound, match="the nearest are: shipping48h"):
        question_asked("shiping48", first, last, by="all", as_of=LATER)
    with pytest.raises(BadInput, match="ends before it begins"):
        question_asked("nps_composite", last, first, by="all", as_of=LATER)
    with pytest.raises(BadInput, match="give the parameter hours"):
        question_asked("shipping48h", first, last, by="all", as_of=LATER)
    with pytest.raises(BadInput, match="has no parameter days"):
        question_asked("shipping48h", first, last, by="all", as_of=LATER, params={"days": 2})
