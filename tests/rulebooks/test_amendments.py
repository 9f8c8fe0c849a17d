"""Amendments: append-only, published by two persons, and never reaching back."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from earnest.kernel.errors import BadInput, Conflict, EarnestError, NotFound, RuleRefused
from earnest.policy import PackError
from earnest.rulebooks.commands import (
    draft_advance,
    draft_announce,
    draft_approve,
    draft_submit,
    draft_withdraw,
    report_keep,
)
from earnest.rulebooks.models import Draft, DraftStep, PackEdition, Publication
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of, packs, packs_held, packs_shipped
from earnest.rulebooks.queries import (
    announcement_tests,
    base_pack,
    draft_get,
    draft_pack,
    drafts,
    edition_on,
    editions,
    reports,
)
from tests.rulebooks import books
from tests.rulebooks.books import BOOK, CHANGED_ON, OPENED_ON, at

ANNOUNCED_ON = date(2025, 4, 1)
LANDING = {"value_fen": 0, "kind": "oil"}

pytestmark = pytest.mark.usefixtures("harbour")


def _refused(error: type[EarnestError], code: str) -> "pytest.RaisesExc[EarnestError]":
    return pytest.raises(error, match=rf"\[{code}\]")


def _fee(day: date) -> object:
    return pack_of(BOOK).evaluate("fee", {"landed_on": day, **LANDING}).result.get("fee_fen")


def _unmet(draft: Draft, on: date, actor: str = "admin") -> set[str]:
    return {
        each.name for each in announcement_tests(draft.hash, at(on), actor=actor) if not each.met
    }


def test_a_draft_decides_nothing_until_it_is_announced_and_then_only_from_its_day() -> None:
    """Submitted, the old fee holds on every day; announced, the new one holds from its day on."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    assert _fee(CHANGED_ON) == 15_000
    books.announced(draft, ANNOUNCED_ON)
    assert [_fee(CHANGED_ON - timedelta(days=1)), _fee(CHANGED_ON)] == [15_000, 17_000]


def test_a_draft_says_how_far_it_is_by_the_day_alone() -> None:
    """draft, consultation, announced; in force and superseded come with the day, by no job."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    assert draft_get(draft.hash, ANNOUNCED_ON).state == "draft"
    draft_advance(
        draft.hash, actor="rule", until_on=date(2025, 4, 4), note="by post", now=at(ANNOUNCED_ON)
    )
    assert draft_get(draft.hash, ANNOUNCED_ON).state == "consultation"
    assert _unmet(draft, date(2025, 4, 4)) >= {"consultation"}
    books.announced(draft, date(2025, 4, 5))
    assert draft_get(draft.hash, CHANGED_ON - timedelta(days=1)).state == "announced"
    assert draft_get(draft.hash, CHANGED_ON).state == "in_force"
    later = date(2025, 8, 1)
    text = books.with_act(books.text_now(), id="H3", in_force=later, published=later)
    books.announced(books.submitted(text, date(2025, 7, 1)), date(2025, 7, 1))
    assert draft_get(draft.hash, later - timedelta(days=1)).state == "in_force"
    assert draft_get(draft.hash, later).state == "superseded"
    assert [each.rulebook for each in drafts(later, rulebook=BOOK)] == [BOOK] * 3


def test_an_announcement_needs_everything_and_says_what_is_missing() -> None:
    """Without approval and what-if report nothing is published, and both are named."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    assert _unmet(draft, ANNOUNCED_ON) == {"two_people", "report"}
    with _refused(RuleRefused, "not_ready") as refused:
        draft_announce(draft.hash, actor="admin", note="", now=at(ANNOUNCED_ON))
    assert "what-if report" in str(refused.value)
    assert "must approve it first" in str(refused.value)
    report_keep(draft.hash, {"differences": 0}, now=at(ANNOUNCED_ON), made_by="rule")
    draft_approve(draft.hash, actor="risk", note="", now=at(ANNOUNCED_ON))
    assert _unmet(draft, ANNOUNCED_ON) == set()
    assert [each.report for each in reports(draft.hash)] == [{"differences": 0}]


def test_nobody_publishes_alone() -> None:
    """Who approved may not announce without another's approval; nobody approves twice."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    report_keep(draft.hash, {}, now=at(ANNOUNCED_ON))
    draft_approve(draft.hash, actor="admin", note="", now=at(ANNOUNCED_ON))
    with _refused(RuleRefused, "not_ready"):
        draft_announce(draft.hash, actor="admin", note="", now=at(ANNOUNCED_ON))
    with _refused(Conflict, "approved_already"):
        draft_approve(draft.hash, actor="admin", note="", now=at(ANNOUNCED_ON))
    published = draft_announce(draft.hash, actor="risk", note="", now=at(ANNOUNCED_ON))
    assert (published.announced_by, published.approved_by) == ("risk", "admin")
    assert published.published_on == ANNOUNCED_ON


def test_the_database_keeps_two_persons_and_every_row() -> None:
    """Not even our own code publishes alone, or changes what was submitted."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    with pytest.raises(DatabaseError), transaction.atomic():
        Publication.objects.create(
            rulebook=BOOK, edition_hash="a" * 64, draft=draft, change="amendment",
            published_on=ANNOUNCED_ON, in_force_on=CHANGED_ON,
            announced_by="rule", approved_by="rule", at=at(ANNOUNCED_ON),
        )  # fmt: skip
    for rows in (Draft.objects, DraftStep.objects, Publication.objects, PackEdition.objects):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.all().delete()


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("value: 100,", "value: 90,"),
        ("from: 2025-02-01, value: 5000", "from: 2025-02-02, value: 5000"),
        ("then: [10]", "then: [11]"),
        ("unit: ppm", "unit: count"),
        ("in_force: 2025-02-01", "in_force: 2025-01-20"),
    ],
)
def test_an_amendment_changes_nothing_that_holds_before_it(was: str, becomes: str) -> None:
    """A value, a row, a unit or a date of an act in force is not touched by an amendment."""
    text = books.amended(books.text_now())
    cases = text.index("cases:")
    changed = text[:cases].replace(was, becomes, 1) + "cases: []\n"
    with _refused(RuleRefused, "not_only_added"):
        books.submitted(changed, ANNOUNCED_ON)


def test_an_old_act_gets_no_new_values() -> None:
    """What an amendment adds is set by its own act: it cannot slip a value under an older one."""
    text = books.amended(books.text_now(), instrument="H1")
    with _refused(RuleRefused, "not_only_added"):
        books.submitted(text, ANNOUNCED_ON)


def test_an_amendment_may_end_a_value_from_its_day_on() -> None:
    """An end is given to what held before, on the amendment's day and not earlier."""
    text = books.with_act(books.text_now())
    value = "value: 5000, clause: H-2, instrument: H1"
    late = text.replace(value, f"{value}, ends: 2025-05-01")
    assert books.submitted(late, ANNOUNCED_ON).change == "amendment"
    early = text.replace(value, f"{value}, ends: 2025-04-30")
    with _refused(RuleRefused, "not_only_added"):
        books.submitted(early, ANNOUNCED_ON)


@pytest.mark.parametrize(
    ("expression", "met"),
    [("crew > 4", False), ("crew >= 4", True), ("crew > 3 or crew < 0", False)],
)
def test_a_changed_step_is_tried_on_what_was_decided_before(expression: str, met: bool) -> None:
    """Steps know no day: the base's cases and many facts near them must come out alike."""
    text = (
        books.amended(books.text_now())
        .replace("crew > 3", expression)
        .replace("crew: 4", "crew: 5")
    )
    draft = books.submitted(text, ANNOUNCED_ON)
    assert ("differential" not in _unmet(draft, ANNOUNCED_ON)) is met


def test_a_step_that_no_case_tries_cannot_be_changed() -> None:
    """Where nothing shows what was decided before, the trial proves nothing, and says so."""
    line = "  - {decision: crewed, in: {landed_on: 2025-03-01, crew: 4}, out: {allowed: true}}\n"
    draft = books.submitted(books.with_act(books.text_now()).replace(line, ""), ANNOUNCED_ON)
    books.announced(draft, ANNOUNCED_ON)
    on = date(2025, 6, 1)
    text = books.with_act(books.text_now(), id="H3", in_force=on).replace("crew > 3", "crew > 2")
    assert "differential" in _unmet(books.submitted(text, ANNOUNCED_ON), ANNOUNCED_ON)


def test_a_rule_does_not_reach_back() -> None:
    """An in-force day that is past is refused, when it is submitted and when it is announced."""
    text = books.amended(books.text_now())
    with _refused(RuleRefused, "retroactive"):
        books.submitted(text, CHANGED_ON + timedelta(days=1))
    draft = books.submitted(text, CHANGED_ON)
    assert "not_retroactive" not in _unmet(draft, CHANGED_ON)
    assert "not_retroactive" in _unmet(draft, CHANGED_ON + timedelta(days=1))


@pytest.mark.parametrize(
    ("importance", "days", "met"),
    [
        ("ordinary", 6, False),
        ("ordinary", 7, True),
        ("important", 14, False),
        ("important", 15, True),
    ],
)
def test_the_law_s_days_of_notice_are_kept(importance: str, days: int, met: bool) -> None:
    """From the law's own day on a change is public 7 days, an important one 15."""
    on = date(2026, 3, 2)
    text = books.with_act(
        books.text_now(), in_force=on + timedelta(days=days), published=on, importance=importance
    )
    unmet = _unmet(books.submitted(text, on), on)
    assert ("notice" not in unmet) is met
    assert ("consultation" in unmet) is (importance == "important")


def test_before_the_law_no_days_of_notice_are_asked() -> None:
    """An act published on the last day before the law is held to nothing; a day later it is."""
    for on, met in ((date(2026, 1, 31), True), (date(2026, 2, 1), False)):
        text = books.with_act(books.text_now(), id=f"L{on.day}", in_force=on, published=on)
        assert ("notice" not in _unmet(books.submitted(text, on), on)) is met


def test_an_edition_published_meanwhile_sends_a_draft_back() -> None:
    """Two drafts of one edition: once one is announced, the other has to be written anew."""
    first = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    other = books.submitted(books.amended(books.text_now(), value=130), ANNOUNCED_ON)
    books.announced(first, ANNOUNCED_ON)
    assert "base" in _unmet(other, ANNOUNCED_ON)
    assert base_pack(other.hash) is not None
    assert base_pack(other.hash).hash == first.base_hash  # type: ignore[union-attr]  # asserted above


def test_a_draft_is_withdrawn_for_good() -> None:
    """After that nobody approves or announces it, and the same text does not bring it back."""
    text = books.amended(books.text_now())
    draft = books.submitted(text, ANNOUNCED_ON)
    draft_withdraw(draft.hash, actor="rule", note="second thoughts", now=at(ANNOUNCED_ON))
    assert draft_get(draft.hash, CHANGED_ON).state == "withdrawn"
    with _refused(Conflict, "draft_not_open"):
        draft_approve(draft.hash, actor="risk", note="", now=at(ANNOUNCED_ON))
    with _refused(Conflict, "draft_not_open"):
        draft_withdraw(draft.hash, actor="rule", note="", now=at(ANNOUNCED_ON))
    assert draft_get(books.submitted(text, ANNOUNCED_ON).hash, ANNOUNCED_ON).state == "withdrawn"


def test_an_announced_act_is_withdrawn_only_before_its_day() -> None:
    """Until then the edition before it counts again; from its day on it stays."""
    before = pack_of(BOOK).hash
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    books.announced(draft, ANNOUNCED_ON)
    with _refused(RuleRefused, "in_force_already"):
        draft_withdraw(draft.hash, actor="rule", note="", now=at(CHANGED_ON))
    draft_withdraw(draft.hash, actor="rule", note="a flood", now=at(CHANGED_ON - timedelta(days=1)))
    assert pack_of(BOOK).hash == before
    assert [row.state for row in editions(BOOK, CHANGED_ON)] == ["in_force", "withdrawn"]


def test_an_announced_act_with_another_on_top_is_not_withdrawn_alone() -> None:
    """The edition on top was written on it: that one goes first."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    books.announced(draft, ANNOUNCED_ON)
    on_top = books.with_act(books.text_now(), id="H3", in_force=date(2025, 6, 1))
    books.announced(books.submitted(on_top, ANNOUNCED_ON), ANNOUNCED_ON)
    with _refused(RuleRefused, "not_the_newest"):
        draft_withdraw(draft.hash, actor="rule", note="", now=at(ANNOUNCED_ON))


def test_every_edition_stays_readable_with_its_days_and_text() -> None:
    """The list has each edition once, and a day of the past has the text of that day."""
    books.announced(books.submitted(books.amended(books.text_now()), ANNOUNCED_ON), ANNOUNCED_ON)
    first, second = editions(BOOK, CHANGED_ON)
    assert (first.published_on, first.state) == (OPENED_ON, "superseded")
    assert (second.published_on, second.in_force_on) == (ANNOUNCED_ON, CHANGED_ON)
    assert edition_on(BOOK, CHANGED_ON - timedelta(days=1)).hash == first.hash
    assert edition_on(BOOK, CHANGED_ON).text == books.text_now()
    assert "H2" not in first.text
    with _refused(NotFound, "no_edition"):
        edition_on(BOOK, date(2025, 1, 31))


def test_a_shipped_book_is_its_own_first_edition() -> None:
    """A rulebook of the packs folder has edition zero without anything being stored."""
    (zero,) = editions(SHOP_DEPOSIT, date(2025, 9, 1))
    assert (zero.number, zero.hash) == (0, packs_shipped()[SHOP_DEPOSIT].hash)
    assert zero.state == "in_force"
    assert pack_of(SHOP_DEPOSIT) is packs_shipped()[SHOP_DEPOSIT]


def test_one_page_sees_one_state_of_the_rulebooks() -> None:
    """Within packs_held() a publication does not change the book; after it the new one counts."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    before = pack_of(BOOK).hash
    with packs_held(), packs_held():
        published = books.announced(draft, ANNOUNCED_ON)
        assert (pack_of(BOOK).hash, packs()[BOOK].hash) == (before, before)
    assert (pack_of(BOOK).hash, packs()[BOOK].hash) == (published.edition_hash,) * 2


def test_what_is_published_differs_from_the_draft_in_state_and_day_only() -> None:
    """The announced text is the draft's, with the act's state and publication day filled in."""
    draft = books.submitted(books.amended(books.text_now()), date(2025, 4, 2))
    books.announced(draft, date(2025, 4, 3))
    was, now = draft.text.splitlines(), books.text_now().splitlines()
    changed = [(a, b) for a, b in zip(was, now, strict=True) if a != b]
    assert len(changed) == 1
    assert "state: announced" in changed[0][1]
    assert "published: 2025-04-03" in changed[0][1]


def test_a_draft_is_found_by_the_beginning_of_its_hash() -> None:
    """Twelve characters are enough; three, or those of nothing, are not."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    assert draft_get(draft.hash[:12], ANNOUNCED_ON).hash == draft.hash
    assert draft_pack(draft.hash).reading.drafts
    for unknown in (draft.hash[:3], "f" * 64):
        with _refused(NotFound, "unknown_draft"):
            draft_get(unknown, ANNOUNCED_ON)


def test_a_text_that_drafts_nothing_or_does_not_load_is_refused() -> None:
    """A draft needs an act in state draft, a text that loads, and one kind of change."""
    words = {"name": "draft.yaml", "actor": "rule", "note": "", "now": at(ANNOUNCED_ON)}
    with _refused(BadInput, "nothing_drafted"):
        draft_submit(books.text_now(), **words)  # type: ignore[arg-type]  # the words have the types
    with pytest.raises(PackError, match=r"draft\.yaml:\d+:\d+"):
        draft_submit(books.amended(books.text_now()).replace("crew > 3", "crow > 3"), **words)  # type: ignore[arg-type]  # the same
    mixed = books.amended(books.with_act(books.text_now(), id="H9", change="erratum"))
    with _refused(BadInput, "mixed_change"):
        draft_submit(mixed, **words)  # type: ignore[arg-type]  # the same


def test_comments_are_not_asked_for_a_past_day() -> None:
    """A consultation ends today at the earliest."""
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    with _refused(BadInput, "day_past"):
        draft_advance(
            draft.hash, actor="rule", until_on=date(2025, 3, 31), note="", now=at(ANNOUNCED_ON)
        )
