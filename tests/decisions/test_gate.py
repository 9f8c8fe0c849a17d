"""No money on a value that the source lost and nobody confirmed; no decision on a draft."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from earnest.decisions.commands import (
    NewDecision,
    NewFinding,
    decisions_record,
    findings_record,
    standing_order_give,
    verdict_give,
)
from earnest.decisions.errata import decisions_differing
from earnest.decisions.models import Decision
from earnest.decisions.queries import unconfirmed_of
from earnest.decisions.replay import decisions_replay
from earnest.kernel.errors import BadInput, EarnestError, NotFound, RuleRefused
from earnest.policy import Pack, Reading, load_pack_text
from earnest.rulebooks.commands import objection_file, value_confirm, value_unconfirm
from earnest.rulebooks.packs import pack_for, pack_of
from earnest.rulebooks.queries import draft_pack
from tests.rulebooks import books
from tests.rulebooks.books import BOOK, CHANGED_ON, TENANT

AT = datetime(2025, 4, 1, 4, tzinfo=UTC)
ON = date(2025, 4, 1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def harbour(db: None) -> None:
    """Publish the harbour's book."""
    books.opened()


def _refused(error: type[EarnestError], code: str) -> "pytest.RaisesExc[EarnestError]":
    return pytest.raises(error, match=rf"\[{code}\]")


def _fee(
    subject: str, outcome: str = "charge", money_fen: int = 15_000, **other: Any
) -> NewDecision:
    pack: Pack = other.get("pack") or pack_of(BOOK)
    facts = {"landed_on": other.get("on", ON), "value_fen": 0, "kind": "oil"}
    evaluation = pack.evaluate("fee", facts)
    return NewDecision("shop", subject, "2025-04", "H-1", outcome, money_fen, 1, evaluation)


def _record(*decisions: NewDecision) -> list[Decision]:
    return decisions_record(TENANT, decisions, AT, ON)


def _order(outcome: str) -> None:
    standing_order_give(
        TENANT, rulebook=BOOK, decision="fee", outcomes=[outcome], note="at once",
        ordered_by="risk", approved_by="admin", from_on=date(2025, 2, 1),
    )  # fmt: skip


def _confirm(*elements: str) -> None:
    for element in elements:
        value_confirm(
            TENANT, rulebook=BOOK, element=element, confirmed_by="risk", note="ours", now=AT
        )


def _approve(decision: Decision) -> bool:
    words = {"verdict": "approve", "actor": "risk", "reason": "checked", "now": AT}
    return verdict_give(TENANT, decision.id, **words)[1]  # type: ignore[arg-type]  # the words have the types


@pytest.mark.parametrize(
    ("outcome", "money_fen"),
    [("charge", 15_000), ("set", 0), ("raise", 0), ("lower", 0), ("transfer_from_proceeds", 1)],
)
def test_money_waits_until_every_sample_value_is_confirmed(outcome: str, money_fen: int) -> None:
    """Neither a standing order nor people let it take effect while one value is open."""
    _order(outcome)
    _confirm("cargo")
    (waiting,) = _record(_fee("S1", outcome, money_fen))
    assert waiting.state == "waiting"
    with _refused(RuleRefused, "assumed_unconfirmed") as refused:
        _approve(waiting)
    assert f"earnest confirm give {BOOK} rate --from 2025-02-01" in str(refused.value)
    assert "cargo" not in str(refused.value)
    assert [each.element for each in unconfirmed_of(waiting)] == ["rate"]
    assert waiting.approvals.count() == 0
    _confirm("rate")
    assert _approve(waiting)
    assert _record(_fee("S2", outcome, money_fen))[0].state == "in_effect"


def test_money_for_which_nobody_is_needed_waits_too() -> None:
    """An outcome that would take effect by itself waits for one person while a value is open."""
    wanted = _fee("S1", "set", 0)
    at_once = NewDecision(**{**vars(wanted), "approvals_needed": 0})
    (waiting,) = _record(at_once)
    assert (waiting.state, waiting.approvals_needed) == ("waiting", 1)


def test_a_refusal_needs_no_confirmed_value() -> None:
    """To refuse what waits is always possible."""
    (waiting,) = _record(_fee("S1"))
    settled, in_effect = verdict_give(
        TENANT, waiting.id, verdict="refuse", actor="risk", reason="wrong ship", now=AT
    )
    assert (settled.state, in_effect) == ("refused", False)


def test_an_outcome_without_money_is_for_people_to_decide() -> None:
    """It waits as long as values are open, and a person may approve it all the same."""
    _order("notify")
    (waiting,) = _record(_fee("S1", "notify", 0))
    assert waiting.state == "waiting"
    assert _approve(waiting)


def test_a_confirmation_taken_back_stops_what_still_waits() -> None:
    """What is confirmed is asked for at the moment of the approval."""
    _confirm("cargo", "rate")
    (waiting,) = _record(_fee("S1"))
    value_unconfirm(
        TENANT, rulebook=BOOK, element="rate", confirmed_by="risk", note="a doubt", now=AT
    )
    with _refused(RuleRefused, "assumed_unconfirmed"):
        _approve(waiting)


def test_a_value_that_was_changed_stops_money_until_it_is_confirmed_again() -> None:
    """From the amendment's day on the new sample value is used, and it is open."""
    _order("charge")
    _confirm("cargo", "rate")
    held = "value: 5000, clause: H-2, instrument: H1, assumed: true}"
    added = f"{held}, {{from: 2025-05-01, value: 6000, clause: H-2, instrument: H2, assumed: true}}"
    text = books.with_act(books.text_now()).replace(held, added)
    books.announced(books.submitted(text, ON), ON)
    before, after = _record(_fee("S1"), _fee("S2", on=CHANGED_ON))
    assert (before.state, after.state) == ("in_effect", "waiting")


def test_no_decision_rests_on_a_draft() -> None:
    """Drafts deciding, a choice tried out, or a text that is no edition: nothing is recorded."""
    draft = books.submitted(books.amended(books.text_now()), ON)
    with _refused(RuleRefused, "draft_cited"):
        _record(_fee("S1", pack=draft_pack(draft.hash)))
    with _refused(NotFound, "unknown_pack_edition"):
        _record(_fee("S1", pack=load_pack_text(draft.text, "draft")))
    finding = NewFinding(
        "shop", "S1", "2025-04", "H-1", "fee", 1, 1, 1, ON, ON, "met",
        draft_pack(draft.hash).evaluate("crewed", {"landed_on": ON, "crew": 4}),
    )  # fmt: skip
    with _refused(RuleRefused, "draft_cited"):
        findings_record(TENANT, [finding], AT)
    assert not Decision.objects.exists()


def test_no_decision_rests_on_a_choice_that_is_only_tried() -> None:
    """Another option of an open question is for trying out, whoever asks for it."""
    choice = "{clause: H-2, choice: down, options: {down: {zh: 舍}, up: {zh: 入}}}"
    text = books.with_act(books.text_now())
    text = text.replace("parameters:", f"interpretations:\n  rounding: {choice}\nparameters:", 1)
    up = "share(value_fen, rate, 'up') if rounding == 'up' else share(value_fen, rate)"
    text = text.replace("share(value_fen, rate)", up)
    books.announced(books.submitted(text, ON), ON)
    tried = pack_of(BOOK).read_as(Reading(choices=(("rounding", "up"),)))
    with _refused(RuleRefused, "draft_cited"):
        _record(_fee("S1", pack=tried))
    assert _record(_fee("S1"))


@pytest.mark.clause("S3-3.2b")
def test_a_decision_about_an_objecting_party_is_recorded_and_replayed() -> None:
    """Its receipt says which act was left out, and it comes out the same again."""
    books.announced(books.submitted(books.amended(books.text_now()), ON), ON)
    objection_file(
        TENANT, rulebook=BOOK, instrument="H2", subject_kind="shop", subject_id="S1",
        note="", now=AT,
    )  # fmt: skip
    (made,) = _record(_fee("S1", pack=pack_for(TENANT, BOOK, "shop", "S1"), on=CHANGED_ON))
    assert made.receipt["result"] == {"fee_fen": 15_000}
    assert [each.element for each in unconfirmed_of(made)] == ["cargo", "rate"]
    replayed = decisions_replay(TENANT)
    assert (replayed.decisions, replayed.differences) == (1, [])


def test_an_erratum_lists_what_it_would_have_decided_otherwise_and_touches_nothing() -> None:
    """Each decision that differs stands with its old and new result; none is changed."""
    _confirm("cargo", "rate")
    first, _ = _record(_fee("S1"), _fee("S2", on=date(2025, 1, 31), money_fen=0))
    assert _approve(first)
    on = date(2025, 6, 1)
    draft = books.submitted(books.corrected(books.text_now()), on)
    books.announced(draft, on)
    before = list(Decision.objects.order_by("seq").values())
    (differing,) = decisions_differing(TENANT, draft.hash)
    assert (differing.decision_id, differing.subject_id) == (first.id, "S1")
    assert (differing.old, differing.new) == ({"fee_fen": 15_000}, {"fee_fen": 15_100})
    assert list(Decision.objects.order_by("seq").values()) == before
    assert decisions_replay(TENANT).differences == []


def test_an_erratum_may_be_tried_before_it_is_announced() -> None:
    """What would differ is known while it is a draft; an amendment has nothing to list."""
    _record(_fee("S1"))
    on = date(2025, 6, 1)
    draft = books.submitted(books.corrected(books.text_now()), on)
    assert [each.subject_id for each in decisions_differing(TENANT, draft.hash)] == ["S1"]
    amendment = books.submitted(
        books.with_act(books.text_now(), in_force=on + timedelta(days=9)), on
    )
    with _refused(BadInput, "not_an_erratum"):
        decisions_differing(TENANT, amendment.hash)


def test_an_erratum_says_why() -> None:
    """Without a reason an erratum is not taken in."""
    with _refused(BadInput, "reason_missing"):
        books.submitted(books.corrected(books.text_now()), date(2025, 6, 1), note=" ")
