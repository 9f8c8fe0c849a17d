"""Where a provider stands: lines, the month to date, the month that closes, appeals, alerts."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import transaction

from earnest.api.duties import DutyOut, duty_out
from earnest.assessment.alerts import alerts_send, near_the_line
from earnest.assessment.conduct import Window
from earnest.assessment.duties import DUTIES
from earnest.assessment.duty_lines import Counted, Line, Lines, lines_of
from earnest.assessment.duty_words import assumption_words, headroom_words, outlook_words
from earnest.assessment.models import DutyAlert
from earnest.assessment.running import Running
from earnest.assessment.standing import DutyStanding, running_duty, standing_of
from earnest.cli.duties import duties
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import BadInput
from earnest.market.commands import clock_set, marketplace_open
from earnest.measures.headroom import Headroom
from earnest.measures.set_aside import Correction, FigureName, figure_set_aside
from earnest.notices.models import Notice
from earnest.rulebooks.packs import SUPPLY_MARKET, packs_shipped
from tests.assessment.duty_scene import TENANT, at, scene_seed

MONTH_END = date(2025, 8, 31)


@pytest.fixture(scope="module")
def _seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        scene_seed()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def market(_seeded: None, db: None) -> None:
    """P1 pays 20 orders from 2 October on, one each twelve hours; the first three are late."""


def _lines(numerator: int, denominator: int, target: int, measure: str) -> Lines:
    window = Window(date(2025, 8, 1), MONTH_END)
    what = Counted(
        measure, numerator, denominator, denominator, 0, window, at(1, month=9), "final", {}
    )
    status = "met" if denominator else "not_assessable"
    return lines_of(packs_shipped()[SUPPLY_MARKET], what, Line(target, status, MONTH_END))


@pytest.mark.clause("S0-2.1-ship48", "S0-2.2.1a")
def test_the_alert_comes_before_the_limit() -> None:
    """Of the 3 % that may be late, four fifths are ample; beyond that is near, beyond 3 % over."""
    levels = [_lines(n, 1000, 970_000, "shipping48h").level for n in (976, 975, 970, 969)]
    assert levels == ["ample", "alert", "alert", "breached"]
    assert _lines(976, 1000, 970_000, "shipping48h").alert_ppm == 976_000
    assert _lines(4, 1000, 5_000, "quality_refund30d").alert_ppm == 4_000
    assert _lines(5, 1000, 5_000, "quality_refund30d").level == "alert"


@pytest.mark.clause("S0-2.1-as1", "S0-2.1-as2", "S0-2.1-as3", "S0-2.1-as4")
def test_where_each_request_binds_there_is_no_room_to_be_near() -> None:
    """All in time is ample with nothing to spare, one late is over, none is not assessable."""
    name = "after_sales_return_stage1"
    assert _lines(9, 9, 1_000_000, name).level == "ample"
    assert _lines(9, 9, 1_000_000, name).left == Headroom(0, 0)
    assert _lines(8, 9, 1_000_000, name).level == "breached"
    assert _lines(0, 0, 1_000_000, name).level == "not_assessable"
    assert _lines(0, 0, 1_000_000, name).left is None


def test_every_duty_has_an_alert_level_and_fewest_cases() -> None:
    """The pack's table knows each duty that a cycle measures."""
    pack = packs_shipped()[SUPPLY_MARKET]
    for duty in DUTIES:
        key = duty.measure.removeprefix("after_sales_")
        row = pack.table_row("duty_limits", {"duty": key}, on=MONTH_END)
        assert 0 < row["alert_used"] < 1_000_000
        assert row["fewest"] >= 1


def _shipping(now: datetime) -> DutyStanding:
    found = {each.measure: each for each in standing_of(TENANT, "P1", now)}
    return found["shipping48h"]


@pytest.mark.clause("S0-2.1-ship48-def", "S0-2.1-ship48")
@pytest.mark.usefixtures("market")
def test_the_month_to_date_speaks_of_today() -> None:
    """By the 9th eleven orders are due, three of them late, and four are too young to judge."""
    standing = _shipping(at(9))
    running = standing.running
    assert running is not None
    assert running.what.rate == (8, 11)
    assert running.what.pending == 4
    assert running.what.state == "provisional"
    assert running.final_at.astimezone(MARKET_ZONE).date() == date(2025, 11, 8)
    assert standing.level == running.lines.level == "breached"
    assert running.lines.left == Headroom(0, 89)
    assert standing.judged is not None
    assert standing.judged.month == "2025-09"


@pytest.mark.clause("S0-2.1-ship48")
@pytest.mark.usefixtures("market")
def test_the_outlook_counts_days_at_the_pace_that_it_states() -> None:
    """Eight orders came in seven days: 89 missing ones take 78 days, and 22 are left."""
    (running,) = running_duty(TENANT, "P1", "shipping48h", at(9))
    outlook = running.outlook
    assert outlook is not None
    assert (outlook.pace.days, outlook.pace.bad, outlook.pace.total) == (7, 3, 8)
    assert outlook.window == Window(date(2025, 9, 29), date(2025, 10, 5))
    assert (outlook.recover_in, outlook.days_left) == (78, 22)
    assert not outlook.ends_met
    assert "89" in headroom_words(running.what, running.lines).zh
    assert "78 天" in outlook_words(running).zh
    assert "22" in outlook_words(running).en
    assert "2025-09-29" in assumption_words(running).en


@pytest.mark.clause("S0-2.2.5-1")
@pytest.mark.usefixtures("market")
def test_a_month_that_ended_is_shown_until_it_is_assessed() -> None:
    """On 2 November October is provisional; once it is assessed it is the judged month."""
    standing = _shipping(at(2, month=11))
    assert standing.closing is not None
    assert (str(standing.closing.month), standing.closing.what.rate) == ("2025-10", (17, 20))
    assert standing.closing.outlook is None
    later = _shipping(at(20, month=11))
    assert later.closing is None
    assert later.judged is not None
    assert later.judged.month == "2025-10"
    assert [point.month for point in later.trend] == ["2025-08", "2025-09", "2025-10"]


@pytest.mark.clause("S0-2.2.6")
@pytest.mark.usefixtures("market")
def test_what_an_appeal_changed_counts_here_too() -> None:
    """A figure set aside is no breach any more, a corrected one counts as corrected."""
    now = at(20, month=11)
    name = FigureName("shipping48h", "provider", "P1", date(2025, 10, 31))
    figure_set_aside(TENANT, name, reference="A1", note="承运商停运", now=now)
    judged = _shipping(now).judged
    assert judged is not None
    assert (judged.status, judged.what.rate, judged.corrected) == ("set_aside", (0, 0), False)
    correction = Correction(20, 20, 20)
    figure_set_aside(TENANT, name, reference="A2", note="补录", now=at(21, month=11),
                     correction=correction)  # fmt: skip
    judged = _shipping(at(21, month=11)).judged
    assert judged is not None
    assert (judged.status, judged.what.rate, judged.corrected) == ("met", (20, 20), True)


@pytest.mark.clause("S0-2.2.1a", "S0-2.1-ship48")
@pytest.mark.usefixtures("market")
def test_one_warning_a_month_and_duty() -> None:
    """Not in the first days, once from the seventh on, and not again on a later day."""
    assert [each.provider_id for each in near_the_line(TENANT, at(6))] == ["P1"]
    assert alerts_send(TENANT, at(6)) == []
    (alert,) = alerts_send(TENANT, at(9))
    assert (alert.provider_id, alert.measure, alert.level) == ("P1", "shipping48h", "breached")
    assert alerts_send(TENANT, at(9)) == []
    assert alerts_send(TENANT, at(10)) == []
    notice = Notice.objects.get(tenant_id=TENANT, sent_at=at(9))
    assert (notice.severity, notice.clause, notice.due_on) == ("warning", "S0-2.1-ship48", None)
    for words in ("72.72%", "≥ 97%", "≥ 97.6%", "89"):
        assert words in notice.body_zh
        assert words in notice.body_en
    assert DutyAlert.objects.filter(tenant_id=TENANT).count() == 1


@pytest.mark.usefixtures("market")
def test_the_api_tells_all_of_it() -> None:
    """Each duty fits the documented shape; the shipping duty has its outlook and assumption."""
    found = {each.measure: DutyOut(**duty_out(each)) for each in standing_of(TENANT, "P1", at(9))}
    assert set(found) == {duty.measure for duty in DUTIES}
    shipping = found["shipping48h"]
    assert shipping.running is not None
    assert shipping.running.outlook is not None
    assert (shipping.level, shipping.running.figure.missing) == ("breached", 89)
    assert shipping.running.outlook.recover_in_days == 78
    assert "2025-09-29" in shipping.running.outlook.assumption.en
    assert shipping.judged is not None
    assert shipping.judged.figure.left_out == {"closed_early": 1}


@pytest.mark.usefixtures("market")
def test_the_command_line_lists_who_is_near_a_line(settings: Any) -> None:
    """With --all --alert only P1's shipping is told; one of a provider and --all is needed."""
    settings.TENANT = TENANT
    marketplace_open(TENANT, name_zh="测试市场", name_en="Test market")
    clock_set(TENANT, at(9))
    run = CliRunner().invoke
    near = json.loads(run(duties, ["--all", "--alert", "--format", "json"]).stdout)
    assert [(row["provider"], row["measure"], row["level"]) for row in near] == [
        ("P1", "shipping48h", "breached")
    ]
    own = json.loads(run(duties, ["P1", "--format", "json"]).stdout)
    assert {row["measure"] for row in own} == {duty.measure for duty in DUTIES}
    for words in ([], ["P1", "--all"]):
        assert isinstance(run(duties, words).exception, BadInput)


def _running(numerator: int, denominator: int) -> Running:
    (running,) = running_duty(TENANT, "P1", "shipping48h", at(9))
    window = running.what.window
    what = Counted(
        "shipping48h", numerator, denominator, denominator, 0, window, at(9), "provisional", {}
    )
    line = Line(970_000, "met" if denominator else "not_assessable", window.last)
    lines = lines_of(packs_shipped()[SUPPLY_MARKET], what, line)
    return Running("P1", running.duty, running.month, what, lines, running.final_at, None)


@pytest.mark.usefixtures("market")
def test_headroom_is_said_for_each_case() -> None:
    """Room for so many, room for none, so many missing, nothing to say without a case."""
    said = {
        rate: headroom_words(_running(*rate).what, _running(*rate).lines).en
        for rate in ((98, 100), (97, 100), (969, 1000), (0, 0))
    }
    assert said[98, 100] == "room for 1 late order; the next one breaks the line"
    assert said[97, 100] == "no room: 1 late order more breaks the line"
    assert said[969, 1000] == "short of the target by 34 orders picked up in time"
    assert said[0, 0] == ""


def _complaints(interventions: int, status: str = "met") -> Lines:
    window = Window(date(2025, 8, 1), MONTH_END)
    dimensions = {"interventions": interventions, "still_open": 0}
    what = Counted("complaints", 0, 9, 9, 0, window, at(1, month=9), "final", dimensions)
    return lines_of(packs_shipped()[SUPPLY_MARKET], what, Line(None, status, MONTH_END))


@pytest.mark.clause("S0-2.2.3b")
def test_a_duty_that_limits_a_count_has_headroom_in_cases() -> None:
    """Of five interventions a month four are ample, the fifth is near, the sixth is over."""
    found = {n: _complaints(n, "met" if n <= 5 else "breached") for n in (0, 4, 5, 6)}
    assert {n: lines.level for n, lines in found.items()} == {
        0: "ample", 4: "ample", 5: "alert", 6: "breached",
    }  # fmt: skip
    assert {n: lines.left for n, lines in found.items()} == {
        0: Headroom(5, 0), 4: Headroom(1, 0), 5: Headroom(0, 0), 6: Headroom(0, None),
    }  # fmt: skip
    for_another_reason = _complaints(0, "breached")
    assert (for_another_reason.level, for_another_reason.left) == ("breached", None)
    assert _complaints(0, "not_assessable").left is None
