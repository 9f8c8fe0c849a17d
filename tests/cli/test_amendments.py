"""``earnest amendment``, ``confirm`` and ``objection`` as a person types them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from earnest.cli.amendments import amendment, confirm, objection
from earnest.kernel.errors import NotAllowed, RuleRefused
from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.rulebooks.commands import report_keep
from tests.rulebooks import books
from tests.rulebooks.books import BOOK, TENANT, at

ON = date(2025, 4, 1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market(db: None) -> None:
    """Open a marketplace on the day of these tests, with its people and the harbour's book."""
    marketplace_open(TENANT, name_zh="测试", name_en="Test")
    clock_set(TENANT, at(ON))
    for name in ("rule", "risk", "admin", "service"):
        person_add(TENANT, name, "long enough to be one", role=name)
    books.opened()


def _said(command: Any, *words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(command, [*words, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    read: list[dict[str, Any]] = json.loads(result.stdout)
    return read


def _file(folder: Path, text: str) -> str:
    path = folder / "draft.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_an_amendment_goes_from_file_to_edition(tmp_path: Path) -> None:
    """Submitted, opened to comment, approved, announced: each step says how far it is."""
    file = _file(tmp_path, books.amended(books.text_now()))
    (draft,) = _said(amendment, "submit", file, "--as", "rule", "--note", "dearer")
    assert (draft["state"], draft["acts"]) == ("draft", "H2")
    name = draft["hash"]
    (opened,) = _said(amendment, "consult", name, "--until", "2025-04-03", "--as", "rule")
    assert opened["state"] == "consultation"
    clock_set(TENANT, at(date(2025, 4, 4)))
    (approved,) = _said(amendment, "approve", name, "--as", "risk")
    assert approved["approved_by"] == "risk"
    with pytest.raises(RuleRefused, match="what-if report"):
        _said(amendment, "announce", name, "--as", "admin")
    report_keep(name, {"differences": 0}, now=at(ON))
    (announced,) = _said(amendment, "announce", name, "--as", "admin")
    assert (announced["state"], announced["published_on"]) == ("announced", "2025-04-04")
    assert [each["state"] for each in _said(amendment, "list")] == ["announced", "in_force"]
    (gone,) = _said(amendment, "withdraw", name, "--as", "rule", "--note", "a flood")
    assert gone["state"] == "withdrawn"


def test_show_lists_what_is_met_and_what_is_missing(tmp_path: Path) -> None:
    """Every condition stands there with yes or no and its words."""
    file = _file(tmp_path, books.amended(books.text_now()))
    (draft,) = _said(amendment, "submit", file, "--as", "rule")
    rows = {row["what"]: row for row in _said(amendment, "show", draft["hash"])}
    assert rows["state"]["said"] == "draft"
    met = {name: row["met"] for name, row in rows.items() if row["met"] is not None}
    assert met == {
        "open": True,
        "base": True,
        "two_people": False,
        "report": False,
        "not_retroactive": True,
        "cases": True,
        "only_adds": True,
        "differential": True,
    }


def test_only_people_who_may_amend_do(tmp_path: Path) -> None:
    """A stranger, and a person of another role, submit and approve nothing."""
    file = _file(tmp_path, books.amended(books.text_now()))
    for name in ("nobody", "service"):
        with pytest.raises(NotAllowed, match="not_an_amender"):
            _said(amendment, "submit", file, "--as", name)
    (draft,) = _said(amendment, "submit", file, "--as", "rule")
    with pytest.raises(NotAllowed, match="not_an_amender"):
        _said(amendment, "approve", draft["hash"], "--as", "service")


def test_an_erratum_says_which_decisions_it_bears_on(tmp_path: Path) -> None:
    """Announced, it lists them by id; asked again, with old and new."""
    file = _file(tmp_path, books.corrected(books.text_now()))
    clock_set(TENANT, at(date(2025, 6, 1)))
    words = ("submit", file, "--as", "rule", "--note", "a misprint in the tariff")
    (draft,) = _said(amendment, *words)
    _said(amendment, "approve", draft["hash"], "--as", "risk")
    report_keep(draft["hash"], {}, now=at(ON))
    (announced,) = _said(amendment, "announce", draft["hash"], "--as", "admin")
    assert (announced["change"], announced["decisions_differing"]) == ("erratum", [])
    assert _said(amendment, "errata", draft["hash"]) == []


def test_a_sample_value_is_confirmed_and_taken_back() -> None:
    """The list shows who confirmed what; only a person who may decide does."""
    given = _said(confirm, "give", BOOK, "rate", "--as", "risk", "--note", "our tariff")
    assert [(each["element"], each["confirmed"]) for each in given] == [("rate", True)]
    rows = {r["element"]: r for r in _said(confirm, "list") if r["rulebook"] == BOOK}
    assert (rows["rate"]["confirmed"], rows["cargo"]["confirmed"]) == (True, False)
    (taken,) = _said(confirm, "withdraw", BOOK, "rate", "--as", "admin", "--note", "a doubt")
    assert taken["confirmed"] is False
    with pytest.raises(NotAllowed, match="not_a_decider"):
        _said(confirm, "give", BOOK, "rate", "--as", "rule", "--note", "mine")


@pytest.mark.clause("S3-3.2b")
def test_an_objection_is_filed_for_a_party() -> None:
    """Between the act's announcement and its day, by a person who may amend."""
    books.announced(books.submitted(books.amended(books.text_now()), ON), ON)
    words = ("file", BOOK, "H2", "shop:S1", "--as", "rule", "--note", "we leave")
    (filed,) = _said(objection, *words)
    assert (filed["subject"], filed["filed_by"]) == ("shop:S1", "rule")
    assert _said(objection, "list", "--rulebook", BOOK) == [filed]
