"""Reviews and hearings of ``./run bench worker``, which nobody but passing time moves on.

Of every provider one report that nobody settles, one that is asked about and not answered, one
that is claimed and left lying, and one appeal whose question nobody answers and whose outcome is
not told in time. They are written ahead, for the days to come, like everything of this market.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.appeals.hearing import appeal_claim, question_ask
from earnest.appeals.models import AppealStep
from earnest.kernel.calendar import day_of, day_start
from earnest.notices.models import Notice
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.violations.evidence import party_ask
from earnest.violations.kinds import review_number
from earnest.violations.models import ViolationEntry
from earnest.violations.queue import violation_claim
from earnest.violations.reports import Report, ReportItem, violation_report

MORNING = timedelta(hours=10)
KIND = "slack_service"
REVIEWER, HEARER, MERCHANT = "reviewer", "hearer", "merchant"
BY_TIME = ("escalated", "turn_lapsed", "claim_ran_out", "lapsed", "late")
"""The steps of violations and appeals that time alone makes."""
Pair = tuple[int, int]
Subject = tuple[str, str]


@dataclass
class Reviews:
    """What time has to move on, by number.

    Attributes:
        reported: every violation; nobody settles any, so that all of them are escalated.
        asked: of them, those whose party has the word and says nothing.
        claimed: of them, those whose reviewer went away.
        heard: appeals with a question and without an outcome.
    """

    reported: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)


def reviews_open(tenant_id: str, provider: Subject, on: date, due: Reviews) -> None:
    """Report a provider three times, so that something of each is over when a day begins."""
    reported = day_start(on) - timedelta(days=review_number("review_days", on) + 1) + MORNING
    asked = day_start(on) - timedelta(days=review_number("answer_days", on) + 1) + MORNING
    claimed = day_start(on) - timedelta(minutes=review_number("claim_minutes", on) // 2)
    left = _reported(tenant_id, provider, reported)
    question = _reported(tenant_id, provider, asked)
    violation_claim(tenant_id, question, REVIEWER, asked)
    party_ask(tenant_id, question, "What happened?", REVIEWER, asked)
    held = _reported(tenant_id, provider, claimed)
    violation_claim(tenant_id, held, REVIEWER, claimed)
    due.reported += [left, question, held]
    due.asked.append(question)
    due.claimed.append(held)


def _reported(tenant_id: str, provider: Subject, at: datetime) -> str:
    item = ReportItem(KIND, "", day_of(at) - timedelta(days=1), {})
    report = Report(provider, "report", [item], MERCHANT, "nobody answers")
    return violation_report(tenant_id, report, at).number


def appealed_at(on: date) -> datetime:
    """Return when an appeal is filed whose outcome is late when a day begins."""
    days = int(pack_of(SUPPLY_MARKET).parameter("hearing_days", on=on))
    return day_start(on) - timedelta(days=days + 1) + MORNING


def hearing_open(tenant_id: str, provider: Subject, ticket: str, on: date, due: Reviews) -> None:
    """Appeal against a ticket; a question is asked that nobody answers before a day begins."""
    disputed = [Disputed(1, "facts_wrong", "it was not so")]
    new = NewAppeal(provider, ticket, disputed, MERCHANT)
    appeal = appeal_file(tenant_id, new, appealed_at(on))
    asked = day_start(on) - timedelta(days=review_number("answer_days", on) + 1) + MORNING
    appeal_claim(tenant_id, appeal.number, actor=HEARER, now=asked)
    question_ask(tenant_id, appeal.number, "What was it like?", actor=HEARER, now=asked)
    due.heard.append(appeal.number)


def reviews_effects(tenant_id: str, due: Reviews) -> dict[str, Pair]:
    """Count what time did to reviews and hearings: how often, and how often it should have."""

    def entries(what: str, numbers: list[str]) -> Pair:
        rows = ViolationEntry.objects.filter(tenant_id=tenant_id, what=what)
        return rows.filter(violation__number__in=numbers).count(), len(numbers)

    def steps(what: str) -> Pair:
        rows = AppealStep.objects.filter(tenant_id=tenant_id, what=what)
        return rows.filter(appeal__number__in=due.heard).count(), len(due.heard)

    return {
        "overdue reviews that were escalated": entries("escalated", due.reported),
        "evidence turns that lapsed": entries("turn_lapsed", due.asked),
        "claims that ran out": entries("claim_ran_out", due.claimed),
        "questions of hearings that lapsed": steps("lapsed"),
        "late appeals that were escalated": steps("late"),
        "notices about lapses and late appeals": (
            _notices(tenant_id, due),
            len(due.asked) + 2 * len(due.heard),
        ),
    }


def _notices(tenant_id: str, due: Reviews) -> int:
    titles = [f"The day to answer on {number} has passed" for number in due.asked]
    for number in due.heard:
        titles += [f"Appeal {number}: not answered in time", f"Appeal {number} is late"]
    return Notice.objects.filter(tenant_id=tenant_id, title_en__in=titles).count()
