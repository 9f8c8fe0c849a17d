"""The ladder of the composite score: where a provider stands, month by month."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.urls import reverse

from earnest.assessment.nps_ladder import Instead, ladder_rejudged
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
    """One month's score: below the mark, met it, was not assessed, or was set aside on appeal.

    ``held`` tells that it is below the mark and judged once a removal before it is decided.
    """

    period: str
    score: str
    state: str
    answers: int
    held: bool = False


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


@dataclass(frozen=True)
class Since:
    """What became of recorded months since they were assessed.

    Attributes:
        instead: what appeals set aside or corrected; see ``measures.set_aside.set_asides``.
        held: the months that wait for a removal before them to be decided.
    """

    instead: Instead = field(default_factory=dict)
    held: Collection[str] = ()


def _stands(recent: Sequence[Finding], instead: Instead) -> tuple[str, int]:
    """Return the rung and the run of the last month that counts, as it counts now."""
    for one in reversed(recent):
        if one.status not in {"met", "breached"} or _gone(one, instead):
            continue
        if not instead:
            result = one.receipt["result"]
            return str(result.get("rung", "none")), int(result.get("streak") or 0)
        now = ladder_rejudged(one, instead)
        return (
            ("none", 0)
            if now is None
            else (str(now.result["rung"]), int(str(now.result["streak"])))
        )
    return "none", 0


def _gone(finding: Finding, instead: Instead) -> bool:
    key = (finding.subject_id, finding.window_to)
    return key in instead and instead[key] is None


def _month(finding: Finding, since: Since) -> LadderMonth:
    key = (finding.subject_id, finding.window_to)
    held = finding.period in since.held
    if key not in since.instead:
        score = score_text(finding.numerator, finding.denominator)
        return LadderMonth(finding.period, score, finding.status, finding.sample, held)
    now = since.instead[key]
    if now is None:
        return LadderMonth(finding.period, "–", "set_aside", 0)
    floor = floor_tenths(finding)
    low = floor is not None and now.numerator < floor * now.denominator
    score = score_text(now.numerator, now.denominator)
    return LadderMonth(finding.period, score, "breached" if low else "met", now.sample, held)


def _hundredths(finding: Finding, instead: Instead) -> int | None:
    """Return a month's score as it counts now, in hundredths of a point."""
    now = instead.get((finding.subject_id, finding.window_to), finding)
    return now.numerator * 10 // now.denominator if now and now.denominator else None


def ladder_of(
    history: Sequence[Finding], decisions: Sequence[Decision], since: Since | None = None
) -> Ladder | None:
    """Return the ladder from the findings of the composite score, oldest first; none without any.

    Takes:
        decisions: the provider's decisions, newest first.
        since: what became of the months since; left out, nothing did.
    """
    if not history:
        return None
    recent, later = history[-TREND_MONTHS:], since or Since()
    rung, streak = _stands(recent, later.instead)
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
        months=[_month(one, later) for one in recent],
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
                    [_hundredths(one, later.instead) for one in recent],
                    shape="line",
                )
            ],
            target=floor * 10 if floor is not None else None,
            target_name=text("measure.line"),
        ),
    )
