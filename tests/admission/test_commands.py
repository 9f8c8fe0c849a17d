"""``earnest invite`` and ``earnest admission``: the same steps from the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from earnest.cli.admission import admission, invite
from earnest.kernel.errors import NotAllowed
from earnest.market.commands import person_add
from tests.admission.scene import PASSWORD, PDF, TENANT, Scene


def _run(group: object, *words: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(group, [*words, "--format", "json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_the_way_in_by_commands(scene: Scene, tmp_path: Path) -> None:
    """Invite, list, judge, recommend, settle, and look at what is due."""
    for role in ("service", "risk"):
        person_add(TENANT, role, PASSWORD, role=role)
    [made] = _run(
        invite, "make", "宁波选品", "--contact", "li", "--category", "erp", "--criteria", "x",
        "--for", "business", "--until", "2026-03-20", "--as", "service",
    )  # fmt: skip
    assert str(made["address"]).startswith(f"/invited/{TENANT}/")
    assert _run(invite, "bar", "宁波选品") == []
    assert {"category": "erp"} in _run(invite, "categories")
    _run(invite, "revoke", "I000001", "--reason", "不需要", "--as", "service")
    assert [each["state"] for each in _run(invite, "list")] == ["revoked"]
    application = scene.accept(scene.invite())
    scene.bring_all(application)
    number = application.number
    rows = _run(admission, "show", number)
    assert len(rows) == 22
    paper = str(rows[0]["documents"][0])
    CliRunner().invoke(admission, ["paper", paper, str(tmp_path / "a.pdf")], catch_exceptions=False)
    assert (tmp_path / "a.pdf").read_bytes() == PDF
    for row in rows:
        if row["state"] == "submitted":
            name = str(row["requirement"])
            _run(admission, "judge", number, name, "--accept", "--as", "service")
    _run(admission, "recommend", number, "--admit", "--reason", "好", "--as", "service")
    with pytest.raises(NotAllowed):
        _run(admission, "settle", number, "approve", "--reason", "好", "--as", "service")
    [row] = _run(admission, "settle", number, "approve", "--reason", "好", "--as", "risk")
    assert (row["state"], row["ball"]) == ("deposit", "applicant")
    assert _run(admission, "list", "--state", "deposit")[0]["number"] == number
    assert _run(admission, "look") == [
        {"invitations_expired": 0, "evidence_expired": 0, "followed": 0, "reminded": 0}
    ]
