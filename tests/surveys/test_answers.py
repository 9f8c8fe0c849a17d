"""Answers: one per respondent, corrected before the end, and what the feed makes of them."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.measures.commands import results_record
from earnest.measures.definition import Figure
from earnest.measures.queries import measure
from earnest.postgres.tenancy import stranger_scope, tenant_now, tenant_scope
from earnest.surveys.answering import BulkAnswer, answer_give, answers_take, corrections_left
from earnest.surveys.commands import campaign_close
from earnest.surveys.feeding import Fed, answers_feed
from earnest.surveys.finality import scores_final_at
from earnest.surveys.inviting import (
    invitation_exclude,
    invitation_readmit,
    link_renew,
    links_of,
)
from earnest.surveys.links import invitation_of_link, link_again, secret_hash
from earnest.surveys.models import Answer
from earnest.surveys.results import result_of
from tests.surveys.scene import (
    ITEMS,
    MONTH,
    NOW,
    OVER,
    TENANT,
    answered,
    asked_of,
    listed,
    said,
)

Figures = dict[str, tuple[int, int, int]]


def counted() -> Figures:
    """Return what the measure counts of the month."""
    found = measure(
        TENANT, "nps_composite", MONTH.first_day, MONTH.last_day, by="provider", as_of=OVER
    )
    return {each.subject: (each.numerator, each.denominator, each.sample) for each in found}


@pytest.mark.clause(
    "S0-2.2.5-3a", "S0-2.2.5-3b", "S0-2.2.5-3c", "S0-2.2.5-3d", "S0-2.2.5-3e", "S0-2.2.5-4"
)
def test_answers_reach_the_measure_once(market: str) -> None:
    """Fed twice, the answers count once; room and measure say the very same numbers."""
    campaign = listed()
    answered(campaign, said("7"), said("5", "6", "7.5", "8", "9"))
    assert answers_feed(market, NOW) == Fed(steps=6, answers=2)
    assert answers_feed(market, NOW) == Fed()
    Answer.objects.update(fed_at=None)
    assert answers_feed(market, NOW).answers == 2
    assert counted() == {"P1": (705, 10, 2)}
    result = result_of(campaign, "P1")
    assert result is not None
    assert result.figure == (705, 10, 2)
    assert result.items["shipping"].mean_text == "7.25"


@pytest.mark.clause("S0-2.2.5-5a")
@pytest.mark.parametrize(
    ("last", "text", "below"), [("7", "7.00", False), ("6.9", "6.99", True), ("7.1", "7.00", False)]
)
def test_exactly_seven_is_not_below(market: str, last: str, text: str, below: bool) -> None:
    """Of 25 scores one differs by a tenth: 7.00 meets the mark, 6.996 does not."""
    campaign = listed()
    answers = [said("7")] * 4 + [said("7", "7", "7", "7", last)]
    answered(campaign, *answers)
    result = result_of(campaign, "P1")
    assert result is not None
    assert (result.composite_text, result.below) == (text, below)


@pytest.mark.clause("S0-2.2.5-2")
def test_too_few_answers_are_never_below(market: str) -> None:
    """Four of five: whatever they say, the month is not assessed by them."""
    campaign = listed()
    answered(campaign, *[said("1")] * 4)
    result = result_of(campaign, "P1")
    assert result is not None
    assert (result.enough, result.below, result.minimum) == (False, False, 5)


SCORE = st.integers(0, 100).map(lambda tenths: f"{tenths // 10}.{tenths % 10}")
SHEETS = st.lists(st.lists(SCORE, min_size=5, max_size=5), min_size=1, max_size=6)


@pytest.mark.clause("S0-2.2.5-4", "S0-2.2.5-3a", "S0-2.2.5-3e")
@given(sheets=SHEETS, left_out=st.integers(0, 5))
@hypothesis_settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_room_measure_and_plain_fractions_agree(
    market: str, sheets: list[list[str]], left_out: int
) -> None:
    """Whatever is answered and whoever is left out, the three sums are the same."""
    campaign = listed()
    before = counted().get("P1", (0, 0, 0))
    answers = answered(campaign, *[said(*sheet) for sheet in sheets])
    if left_out < len(answers):
        invitation_exclude(answers[left_out].invitation, "pressure", "", "chen", NOW)
    answers_feed(market, NOW)
    kept = [sheet for at, sheet in enumerate(sheets) if at != left_out]
    points = [Fraction(score) for sheet in kept for score in sheet]
    result = result_of(campaign, "P1")
    after = counted()["P1"]
    assert result is not None
    assert result.figure == tuple(now - then for now, then in zip(after, before, strict=True))
    assert result.figure == (sum(points) * 10, len(points), len(kept))


def test_a_correction_replaces_and_the_same_again_does_nothing(market: str) -> None:
    """The last version counts; a double click adds none."""
    campaign = listed()
    (first,) = answered(campaign, said("2"))
    assert answered(campaign, said("2")) == [first]
    (second,) = answered(campaign, said("9", comment="换了客服\x07"))
    assert (second.version, second.comment) == (2, "换了客服")
    answers_feed(market, NOW)
    assert counted() == {"P1": (450, 5, 1)}


def test_an_answer_is_corrected_a_few_times_only(market: str) -> None:
    """Three times, however the operator counted it meanwhile; then the last version stays."""
    campaign = listed()
    invitation = asked_of(campaign)[0]
    for points in ("5", "6", "6", "7"):
        answer_give(invitation, said(points), NOW)
    invitation_exclude(invitation, "pressure", "", "chen", NOW)
    invitation_readmit(invitation, "", "chen", NOW)
    assert corrections_left(invitation) == 1
    answer_give(invitation, said("8"), NOW)
    with pytest.raises(Conflict, match="corrections_spent"):
        answer_give(invitation, said("9"), NOW)
    answer_give(invitation, said("8"), NOW)
    last = invitation.answers.order_by("-version")[0]
    assert last.scores["goods"][0] == 80


def test_an_answer_on_the_sight_of_an_older_version_is_refused(market: str) -> None:
    """Two windows with the same empty form: the second does not silently replace the first."""
    invitation = asked_of(listed())[0]
    answer_give(invitation, said("2", version=0), NOW)
    with pytest.raises(Conflict) as refused:
        answer_give(invitation, said("9", version=0), NOW)
    assert refused.value.problem.code == "answered_meanwhile"
    answer_give(invitation, said("9", version=1), NOW)
    assert [each.version for each in invitation.answers.order_by("version")] == [1, 2]


@pytest.mark.parametrize(
    ("scores", "overall"),
    [
        (("10.1", "7", "7", "7", "7"), "7"),
        (("7.55", "7", "7", "7", "7"), "7"),
        (("-1", "7", "7", "7", "7"), "7"),
        (("", "7", "7", "7", "7"), "7"),
        (("７", "7", "7", "7", "7"), "7"),
        (("7", "7", "7", "7", "7"), "11"),
        (("7", "7", "7", "7", "7"), "7.5"),
    ],
)
def test_what_is_no_score_is_refused_whole(
    market: str, scores: tuple[str, ...], overall: str
) -> None:
    """0 to 10 with at most one decimal; the overall question takes whole numbers only."""
    invitation = asked_of(listed())[0]
    with pytest.raises(BadInput):
        answer_give(invitation, said(*scores, overall=overall), NOW)
    assert not Answer.objects.exists()
    invitation.refresh_from_db()
    assert invitation.answered_at is None


def test_nothing_is_taken_before_and_after(market: str) -> None:
    """By time or by hand: after the end no link takes an answer, and none is corrected."""
    campaign = listed()
    invitation = asked_of(campaign)[0]
    answer_give(invitation, said("7"), NOW)
    with pytest.raises(Conflict):
        answer_give(invitation, said("9"), OVER)
    campaign_close(campaign, NOW, actor="chen")
    with pytest.raises(Conflict):
        answer_give(invitation, said("9"), NOW)
    assert counted() == {"P1": (350, 5, 1)}


def test_an_excluded_answer_counts_no_more_and_can_be_readmitted(market: str) -> None:
    """After the end as well, until the scores are final, and the feed hears each step once."""
    campaign = listed()
    answered(campaign, *[said("7")] * 2)
    campaign_close(campaign, NOW, actor="chen")
    invitation = asked_of(campaign)[0]
    invitation_exclude(invitation, "pressure", "商家投诉被要求打高分", "li", OVER)
    assert answers_feed(market, OVER) == Fed(1, 1)
    assert counted() == {"P1": (350, 5, 1)}
    with pytest.raises(Conflict):
        invitation_exclude(invitation, "pressure", "", "li", OVER)
    invitation_readmit(invitation, "查无此事", "wang", OVER)
    assert answers_feed(market, OVER) == Fed(1, 1)
    assert counted() == {"P1": (700, 10, 2)}
    result = result_of(campaign, "P1")
    assert result is not None
    assert result.figure == (700, 10, 2)


@pytest.mark.clause("S0-2.2.5-4", "S0-2.2.5-scope")
def test_once_the_scores_are_final_nobody_is_left_out_or_counted_again(market: str) -> None:
    """What decisions rest on stays as it is; what the feed has, the page has, at the last moment.

    The same holds for a provider whose month was assessed before its time.
    """
    campaign = listed()
    answered(campaign, *[said("7")] * 2)
    campaign_close(campaign, OVER, actor="chen")
    first, second = asked_of(campaign)[:2]
    final_at = scores_final_at(campaign)
    assert final_at > OVER
    invitation_exclude(first, "pressure", "", "li", final_at - timedelta(seconds=1))
    answers_feed(market, final_at)
    before = counted()["P1"]
    with pytest.raises(Conflict, match="scores_final"):
        invitation_exclude(second, "pressure", "", "li", final_at)
    with pytest.raises(Conflict, match="scores_final"):
        invitation_readmit(first, "", "li", final_at)
    assert answers_feed(market, final_at) == Fed()
    result = result_of(campaign, "P1")
    assert result is not None
    assert counted()["P1"] == before == result.figure == (350, 5, 1)
    results_record(market, [_assessed(before)], OVER)
    with pytest.raises(Conflict, match="appeals against the month"):
        invitation_readmit(first, "", "li", OVER)


def _assessed(figure: tuple[int, int, int]) -> Figure:
    return Figure(
        subject_kind="provider", subject="P1", measure="nps_composite", numerator=figure[0],
        denominator=figure[1], sample=figure[2], pending=0, window_from=MONTH.first_day,
        window_to=MONTH.last_day, cutoff_at=OVER, state="final", dimensions={}, formula_hash="",
    )  # fmt: skip


def test_who_is_left_out_cannot_answer(market: str) -> None:
    """And a reason is needed, in words where it is another one."""
    invitation = asked_of(listed())[0]
    for reason, note in (("mood", ""), ("other", " ")):
        with pytest.raises(BadInput):
            invitation_exclude(invitation, reason, note, "chen", NOW)
    invitation_exclude(invitation, "own_staff", "", "chen", NOW)
    with pytest.raises(Conflict):
        answer_give(invitation, said("7"), NOW)


def test_a_link_opens_one_invitation_and_cannot_be_guessed(market: str, as_app_role: None) -> None:
    """A stranger's session sees nothing; the right secret opens its tenant, any other nothing."""
    with tenant_scope(TENANT):
        links = links_of(listed(2))
    one, two = links
    assert one.secret != two.secret
    assert len(one.secret) == 43
    assert one.invitation.secret_sha256 == secret_hash(one.secret) != one.secret
    for wrong in (
        "",
        "x" * 43,
        one.secret[:-1],
        one.secret + "A",
        str(one.invitation.id),
        "\ud800",
    ):
        with stranger_scope(), pytest.raises(NotFound):
            invitation_of_link(wrong)
    with stranger_scope():
        assert invitation_of_link(one.secret).id == one.invitation.id
        assert tenant_now() == TENANT


def test_a_renewed_link_replaces_the_old_one(market: str) -> None:
    """What was sent to the wrong person stops working."""
    invitation = asked_of(listed(1))[0]
    old = link_again(invitation)
    new = link_renew(invitation, "chen", NOW)
    with stranger_scope():
        assert invitation_of_link(new).id == invitation.id
    with stranger_scope(), pytest.raises(NotFound):
        invitation_of_link(old)


def test_links_are_not_said_anew_under_another_key(
    market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the key was replaced an export says so instead of writing links that do not work."""
    campaign = listed(1)
    secret = links_of(campaign)[0].secret
    monkeypatch.setattr(settings, "SECRET_KEY", "another key of this marketplace")
    with pytest.raises(Conflict):
        links_of(campaign)
    with stranger_scope():
        assert invitation_of_link(secret).campaign == campaign


def test_answers_come_in_bulk_each_by_itself(market: str) -> None:
    """A wrong one does not stop the others, and the same batch again adds nothing."""
    campaign = listed(2)
    code = asked_of(campaign)[0].respondent
    batch = [
        BulkAnswer(code, "P1", said("7")),
        BulkAnswer("merchant-1", "P1", said("8")),
        BulkAnswer("merchant-1", "P2", said("8")),
        BulkAnswer("merchant-1", "P1", said("80")),
    ]
    done = answers_take(market, campaign.number, batch, NOW)
    assert (done.taken, done.repeated) == (2, 0)
    assert [(row, problem.code) for row, problem in done.wrong] == [
        (3, "not_invited"),
        (4, "score_not_read"),
    ]
    again = answers_take(market, campaign.number, batch, NOW + timedelta(minutes=1))
    assert (again.taken, again.repeated, Answer.objects.count()) == (0, 2, 2)


def test_the_classic_score_counts_promoters_and_detractors(market: str) -> None:
    """9 and 10 promote, 0 to 6 detract, 7 and 8 do neither; it touches no composite."""
    campaign = listed()
    overall = ("10", "9", "8", "7", "6", "0")
    answered(campaign, *[said("7", overall=each) for each in overall])
    result = result_of(campaign, "P1")
    assert result is not None
    assert (result.promoters, result.passives, result.detractors) == (2, 2, 2)
    assert result.nps_text == "0"
    assert result.composite_text == "7.00"
    assert sum(result.items[ITEMS[0]].distribution) == result.answers == 6
