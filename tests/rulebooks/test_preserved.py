"""No amendment that passes its tests changes anything dated before it."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.authoring.amending import NewEdition, NewRow, edition_added, value_added
from earnest.policy import Pack, PackError, Reading, load_pack_text
from earnest.rulebooks.drafts import as_announced
from earnest.rulebooks.preserved import Amending, not_preserved
from earnest.rulebooks.trial import facts_before, trial_run
from tests.rulebooks import books
from tests.rulebooks.books import ACT, CHANGED_ON, FEE, OPENED_ON

BASE = as_announced(books.TEXT, ["H1"], OPENED_ON, "base")
AMENDING = Amending(frozenset({"H2"}), CHANGED_ON)
FACTS = st.fixed_dictionaries(
    {
        "landed_on": st.dates(date(2025, 1, 30), CHANGED_ON - timedelta(days=1)),
        "value_fen": st.sampled_from([0, 1, 2_199_999, 2_200_000, 3_000_000, 3_000_200, 10**9]),
        "kind": st.sampled_from(["grain", "oil", "coal"]),
    }
)
NUMBERS = re.compile(r"(?<![\w-])\d+(?![\w-])")


def _announced(text: str) -> Pack:
    return as_announced(text, ["H2"], ACT.published, "draft")


def _with_value(amount: int) -> str:
    return value_added(books.with_act(BASE.text), "base_fee", replace(FEE, value=amount))


def _with_rows(amount: int) -> str:
    rows = [NewRow([kind], [amount], "H-3") for kind in ("grain", "oil", "coal")]
    return edition_added(books.with_act(BASE.text), "cargo", NewEdition(CHANGED_ON, "H2", rows))


def _decided(pack: Pack, facts: dict[str, Any]) -> object:
    evaluation = pack.evaluate("fee", facts)
    return evaluation.result, evaluation.refusal and evaluation.refusal.key


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([_with_value, _with_rows]), st.integers(0, 500), FACTS)
def test_what_an_amendment_adds_decides_nothing_before_it(
    adding: Any, amount: int, facts: dict[str, Any]
) -> None:
    """Whatever it adds, earlier facts come out as before, announced or with drafts deciding."""
    text = adding(amount)
    new = _announced(text)
    assert not_preserved(BASE, new, AMENDING) == []
    assert _decided(new, facts) == _decided(BASE, facts)
    drafted = load_pack_text(text, "draft", Reading(drafts=True))
    assert _decided(drafted, facts) == _decided(BASE, facts)


@settings(max_examples=80, deadline=None)
@given(st.data(), st.lists(FACTS, min_size=5, max_size=5))
def test_any_number_changed_on_the_way_is_found_or_harmless(
    data: st.DataObject, several: list[dict[str, Any]]
) -> None:
    """Change one number anywhere in an amendment: refused, or nothing earlier changes."""
    text = _with_value(120)
    place = data.draw(st.sampled_from(list(NUMBERS.finditer(text))))
    number = int(place[0]) + data.draw(st.sampled_from([-1, 1, 10]))
    try:
        new = _announced(text[: place.start()] + str(max(number, 0)) + text[place.end() :])
    except PackError:
        return  # it does not even load
    trial = trial_run(BASE, new, AMENDING)
    if not_preserved(BASE, new, AMENDING) or trial.unlike or trial.untried:
        return
    for facts in several:
        assert _decided(new, facts) == _decided(BASE, facts)


def test_the_trial_s_facts_are_the_same_every_time_and_all_earlier() -> None:
    """The sample is seeded, has every case that is early enough, and no day from the act's on."""
    first, again = (list(facts_before(BASE, CHANGED_ON)) for _ in range(2))
    assert first == again
    early = [(case.decision, case.facts) for case in BASE.cases]
    assert first[: len(early)] == early
    assert len(first) > 100
    assert all(facts["landed_on"] < CHANGED_ON for _, facts in first)


def test_a_step_changed_for_every_day_is_found_by_the_trial() -> None:
    """A fee that leaves its base out is decided otherwise, and the trial says for what."""
    text = books.with_act(BASE.text).replace("base_fee + cargo(kind)", "0 * base_fee + cargo(kind)")
    text = text[: text.index("cases:")] + "cases: []\n"
    trial = trial_run(BASE, _announced(text), AMENDING)
    assert trial.unlike
    assert trial.unlike[0].decision == "fee"
    assert (trial.unlike[0].before, trial.unlike[0].after) == ("fee_fen 15000", "fee_fen 5000")
