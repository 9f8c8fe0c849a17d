"""What-ifs in the console: the form, the run beside the request, the report page."""

import fcntl
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from earnest.console.whatif_jobs import INTERRUPTED, RUNNING, Job, job_get
from earnest.console.whatif_page import amount_written, decision_parts
from earnest.kernel.errors import NotFound
from tests.console.market import TENANT, SeededMarket

SignIn = Callable[..., Client]
MONEY = {
    "outcome": "fine_fen", "title": {"zh": "扣罚", "en": "deduction"}, "unit": "CNY",
    "role": "fine", "over": "2025-08..2025-10", "live": 750000, "draft": 1000000,
    "difference": 250000, "more": {"rows": 2, "sum": 300000}, "less": {"rows": 1, "sum": -50000},
}  # fmt: skip
SIDE: dict[str, Any] = {
    "result": {}, "unresolved": None, "clauses": [], "explanation": {"zh": "因为", "en": "because"},
    "shown": {"zh": [["处置", "无"]], "en": [["measure", "none"]]},
}  # fmt: skip
DECISION: dict[str, Any] = {
    "decision": "nps_ladder",
    "title": {"zh": "阶梯", "en": "ladder"},
    "judged": {"rows": 10, "subjects": 4},
    "changed": {"rows": 3, "subjects": 2},
    "effects": [
        {"effect": "newly_fined", "title": {"zh": "将新受罚款", "en": "would be newly fined"},
         "rows": 3, "subjects": 2, "amount": 250000, "unit": "CNY", "over": ""},
        {"effect": "released", "title": {"zh": "将解除", "en": "would be released"},
         "rows": 0, "subjects": 0, "amount": None, "unit": "", "over": ""},
    ],
    "money": [MONEY],
    "pairs": [
        {"outcome": "rung", "title": {"zh": "处置", "en": "measure"}, "unit": "", "pairs": [
            {"live": "none", "draft": "hide", "live_title": {"zh": "无", "en": "none"},
             "draft_title": {"zh": "隐藏", "en": "hide"}, "rows": 10, "subjects": 4},
            {"live": "none", "draft": "delist", "live_title": {"zh": "无", "en": "none"},
             "draft_title": {"zh": "下架", "en": "delist"}, "rows": 1, "subjects": 1},
        ]}
    ],
    "by": [
        {"dimension": "period", "title": {"zh": "月份", "en": "month"}, "groups": [
            {"value": "2025-08", "title": {"zh": "2025-08", "en": "2025-08"}, "judged": 5,
             "changed": 1, "effects": {"newly_fined": 1},
             "money": {"fine_fen": {"live": 1, "draft": 3, "difference": 2}}},
            {"value": "2025-09", "title": {"zh": "2025-09", "en": "2025-09"}, "judged": 5,
             "changed": 2, "effects": {"newly_fined": 2}, "money": {}},
        ]},
        {"dimension": "service_category", "title": {"zh": "类目", "en": "category"}, "groups": []},
    ],
    "top": [
        {"subject_kind": "provider", "subject_id": "P1", "name": "青禾", "period": "2025-09",
         "governing_on": "2025-09-30", "effects": ["newly_fined"], "difference": 250000,
         "unit": "CNY", "source": "stored", "live": SIDE, "draft": SIDE,
         "trace": [{"live": "a", "draft": "b", "same": False}]}
    ],
}  # fmt: skip


def _page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_report_becomes_counters_charts_and_tables() -> None:
    """Money by month with both sides and the difference; old against new, warmer for more."""
    quiet = {**DECISION, "decision": "quiet", "changed": {"rows": 0, "subjects": 0}}
    [part, last] = decision_parts({"decisions": [quiet, DECISION]})
    assert (part.name, last.name) == ("nps_ladder", "quiet")
    assert [(each.effect, each.subjects, each.tone) for each in part.counters] == [
        ("newly_fined", 2, "bad"),
        ("released", 0, "idle"),
    ]
    charts = dict(part.charts)
    money = charts["nps_ladder-period-fine_fen"]
    assert [list(series.values) for series in money.series] == [[1, None], [3, None], [2, None]]
    rows = charts["nps_ladder-period-rows"]
    assert [list(series.values) for series in rows.series] == [[1, 2]]
    [table] = part.pairs
    assert table.news == ("隐藏", "下架")
    [(old, heats)] = table.lines
    assert old == "无"
    assert [heat.level if heat else 0 for heat in heats] == [5, 1]
    assert part.money[0]["difference"] == "2,500.00 元"
    assert part.top[0].effects == ("将新受罚款",)


@pytest.mark.parametrize(
    ("amount", "unit", "written"),
    [
        (250000, "CNY", "2,500.00 元"),
        (1234, "", "1,234"),
        (None, "CNY", "–"),
        (-5, "CNY", "-0.05 元"),
    ],
)
def test_amounts_are_written_in_their_unit(amount: int | None, unit: str, written: str) -> None:
    """Fen are shown as yuan, counts as they are, nothing as a dash."""
    assert amount_written(amount, unit) == written


def test_a_kept_report_is_shown_as_what_would_change(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """The page says that nothing has changed; the draft's page and the list lead to it."""
    client = signed_in("auditor", "en")
    address = f"/what-if/{market.draft_hash}/{market.report_id}/"
    page = _page(client, address)
    assert "would change" in page
    assert "nothing has been changed" in page
    assert address in _page(client, f"/amendments/{market.draft_hash}/")
    assert address in _page(client, "/what-if/")


def test_wrong_months_are_said_at_the_field(market: SeededMarket, signed_in: SignIn) -> None:
    """No month, months in the wrong order and too many of them start nothing."""
    client = signed_in("auditor")
    for first, last in (("2025", "2025-08"), ("2025-10", "2025-08"), ("2020-01", "2025-08")):
        response = client.post(
            "/what-if/", {"draft": market.draft_hash, "first": first, "last": last}
        )
        assert response.status_code == 422
        assert response.context["first"].problem or response.context["last"].problem
    unknown = client.post("/what-if/", {"draft": "0" * 64, "first": "2025-08", "last": "2025-09"})
    assert unknown.status_code == 422
    assert unknown.context["problems"]


def _kept(earnest_home: Path, state: str) -> tuple[Job, Path]:
    folder = earnest_home / "whatif" / TENANT
    folder.mkdir(parents=True, exist_ok=True)
    job = Job(str(uuid4()), TENANT, "0" * 64, "2025-08", "2025-09", "risk", "", state=state)
    path = folder / f"{job.id}.json"
    path.write_text(json.dumps(asdict(job)), encoding="utf-8")
    return job, path


def test_a_run_whose_process_died_reads_as_interrupted(earnest_home: Path) -> None:
    """While its lock is held it runs; once nobody holds it, it was interrupted."""
    job, path = _kept(earnest_home, RUNNING)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert job_get(TENANT, UUID(job.id)).state == RUNNING
    assert job_get(TENANT, UUID(job.id)).state == INTERRUPTED
    with pytest.raises(NotFound):
        job_get("another-market", UUID(job.id))


def test_a_failed_run_says_why(market: SeededMarket, signed_in: SignIn, earnest_home: Path) -> None:
    """The page of a run shows the reason in the reader's language."""
    job, path = _kept(earnest_home, "failed")
    told = {**asdict(job), "draft_hash": market.draft_hash, "zh": "没有考核", "en": "not assessed"}
    path.write_text(json.dumps(told), encoding="utf-8")
    assert "not assessed" in _page(signed_in("auditor", "en"), f"/what-if/runs/{job.id}/")
