"""The ladder of the composite score: where a provider stands, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from earnest.console.charts import Chart, Series
from earnest.console.health import TREND_MONTHS, floor_tenths, score_text
from earnest.console.texts import text, word
from earnest.decisions.models import Decision, Finding
from earnest.kernel.errors import EarnestError
from earnest.kernel.money import yuan
from earnest.rulebooks.packs import pack_of

SURVEY = "nps_composite"
RUNGS = (
    ("none", ""),
    ("hide", "S0-2.2.5-5a"),
    ("delist", "S0-2.2.5-5b"),
    ("remove", "S0-2.2.5-5c"),
)


@dataclass(frozen=True)
class Rung:
    """A step of the ladder, what it takes, and whether the provider stands there."""

    name: str
    clause: str
    fine: str
    here: bool


@dataclass(frozen=True)
class LadderMonth:
    """One month's score: below the mark, met it, or was not assessed."""

    period: str
    score: str
    state: str
    answers: int


@dataclass(frozen=True)
class Ladder:
    """The ladder as the page shows it."""

    rulebook: str
    rungs: list[Rung]
    months: list[LadderMonth]
    sentence: str
    address: str
    waiting: bool
    drawing: Chart


def _fine(finding: Finding, run: int) -> str:
    """Say what a run of so many low months takes, by the pack's table."""
    try:
        row = pack_of(finding.rulebook).table_row("nps_rungs", {"run": run}, on=finding.window_to)
    except EarnestError:
        return ""
    return text("ladder.fine", amount=yuan(row["fine"])) if row["fine"] else ""


def _sentence(rung: str, streak: int, floor: int | None) -> str:
    mark = "–" if floor is None else f"{floor // 10}.{floor % 10}"
    if rung == "none":
        return text("ladder.sentence_none", mark=mark)
    if rung == "remove":
        return text("ladder.sentence_last", n=streak, mark=mark)
    names = [name for name, _ in RUNGS]
    following = names[names.index(rung) + 1]
    return text("ladder.sentence", n=streak, mark=mark, next=word("rung", following))


def ladder_of(history: Sequence[Finding], decisions: Sequence[Decision]) -> Ladder | None:
    """Return the ladder from the findings of the composite score, oldest first; none without any.

    Takes:
        decisions: the provider's decisions, newest first.
    """
    if not history:
        return None
    recent = history[-TREND_MONTHS:]
    assessed = [one for one in recent if one.status in {"met", "breached"}]
    result = assessed[-1].receipt["result"] if assessed else {}
    rung, streak = str(result.get("rung", "none")), int(result.get("streak") or 0)
    steps = [one for one in decisions if one.decision == "nps_ladder"]
    if any(one.outcome == "remove" and one.state == "in_effect" for one in steps):
        rung = "remove"
    floor = floor_tenths(recent[-1])
    return Ladder(
        rulebook=recent[-1].rulebook,
        rungs=[
            Rung(name, clause, _fine(recent[-1], run), name == rung)
            for run, (name, clause) in enumerate(RUNGS)
        ],
        months=[
            LadderMonth(
                one.period, score_text(one.numerator, one.denominator), one.status, one.sample
            )
            for one in recent
        ],
        sentence=_sentence(rung, streak, floor),
        address=reverse("measure", args=[recent[-1].subject_id, SURVEY, recent[-1].period]),
        waiting=any(one.state == "waiting" for one in steps),
        drawing=Chart(
            title=word("measure", SURVEY),
            unit="hundredths",
            labels=[one.period for one in recent],
            series=[
                Series(
                    word("measure", SURVEY),
                    [
                        one.numerator * 10 // one.denominator if one.denominator else None
                        for one in recent
                    ],
                    shape="line",
                )
            ],
            target=floor * 10 if floor is not None else None,
            target_name=text("measure.line"),
        ),
    )
