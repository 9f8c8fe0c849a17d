"""The monthly cycle, the daily look, and the settling of waiting decisions."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from earnest.assessment import providers
from earnest.assessment.adjustment import adjusted_shortages_open, shops_adjust
from earnest.assessment.held_months import held_months_judge
from earnest.assessment.models import Cycle
from earnest.assessment.notifications import release_notices, shortage_notices
from earnest.assessment.nps_ladder import nps_judgement
from earnest.assessment.shortages import measures_wanted, shortages_look
from earnest.consequences.commands import decide
from earnest.consequences.returning import returns_unset
from earnest.consequences.sanctions import tickets_look
from earnest.decisions.commands import (
    NewDecision,
    findings_record,
)
from earnest.decisions.precedents import subjects_waiting
from earnest.deposits.accounts import platform_accounts_open, subject_accounts_open
from earnest.deposits.claims import owing_subjects
from earnest.deposits.queries import (
    positions,
    requirements_on,
    short_subjects,
)
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import BadInput, Problem
from earnest.ledger.commands import batches_seal
from earnest.market.commands import parties_follow
from earnest.market.taking_part import (
    providers_taking_part,
    subjects_all,
)
from earnest.measures.commands import Difference, results_record
from earnest.measures.definition import Figure
from earnest.notices.commands import notices_send
from earnest.payins.receipts import PayIns, pay_ins_post
from earnest.restrictions.commands import restrictions_release
from earnest.rulebooks.packs import (
    SUPPLY_MARKET,
    pack_of,
    packs_held,
    party_packs,
)
from earnest.rulebooks.switches import month_final_at
from earnest.surveys.feeding import answers_feed
from earnest.tickets.queries import subjects_to_be_charged

OPENED_AT_ONCE = 20_000


@dataclass
class CycleSummary:
    """What a cycle did, and how long each station took.

    Attributes:
        counts: what was new, by name; all zero when nothing changed.
        refused: the subjects that the rule could not judge, and why.
        late: figures that differ from those the month was judged by; nothing is rewritten.
        stations: seconds by station.
    """

    month: Month
    as_of: datetime
    repeated: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    refused: list[Problem] = field(default_factory=list)
    late: list[Difference] = field(default_factory=list)
    stations: dict[str, float] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything was new."""
        return any(self.counts.values())


@dataclass
class DayLook:
    """What a look at a day did."""

    pay_ins: PayIns
    shortages_opened: int
    shortages_closed: int
    released: int
    decided: int
    enforced: int
    problems: tuple[Problem, ...] = ()


def month_settled_at(month: Month) -> datetime:
    """Return the instant from which on a month's figures are final, by the supply-market pack."""
    return month_final_at(pack_of(SUPPLY_MARKET), month)


@packs_held()
def cycle_run(
    tenant_id: str,
    month: Month,
    *,
    now: datetime,
    as_of: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> CycleSummary:
    """Assess all providers and shops for a month: measures, findings, decisions, effects.

    A month that was assessed before is measured again and compared, and nothing else changes.

    Raises:
        BadInput: when the month's figures are not final yet.
    """
    at = as_of or month_settled_at(month)
    if at > now:
        raise BadInput(
            "month_not_settled",
            where=str(month),
            zh=f"{month} 的数据要到 {at:%Y-%m-%d %H:%M} (UTC) 才最终确定，请届时再运行。",
            en=f"the figures of {month} are final from {at:%Y-%m-%d %H:%M} UTC on; run it then",
        )
    summary = CycleSummary(month, at)
    summary.repeated = Cycle.objects.filter(tenant_id=tenant_id, month=str(month)).exists()
    with _station(summary, "feed", progress):
        answers_feed(tenant_id, now)
        pay_ins = feed_follow(tenant_id, at)
    with _station(summary, "measures", progress):
        figures = _measure(tenant_id, month, at)
        recorded = results_record(tenant_id, figures, at)
        summary.late = recorded.differs
    summary.counts = {"pay_ins": pay_ins.posted, "figures": recorded.new}
    if not summary.repeated:
        _judge(tenant_id, summary, figures, progress)
    with _station(summary, "adjustment", progress):
        _adjust(tenant_id, summary)
    if summary.repeated:
        return summary
    with _station(summary, "upkeep", progress):
        look = _look(tenant_id, at, pay_ins)
        summary.counts |= {
            "shortages": look.shortages_opened,
            "releases": look.released,
        }
        summary.counts["decisions"] += look.decided
    Cycle.objects.create(
        tenant_id=tenant_id, month=str(month), as_of=at, counts=dict(summary.counts)
    )
    return summary


@contextmanager
def _station(
    summary: CycleSummary, name: str, progress: Callable[[str], None] | None
) -> Iterator[None]:
    if progress:
        progress(name)
    began = time.perf_counter()
    yield
    summary.stations[name] = summary.stations.get(name, 0.0) + time.perf_counter() - began


def feed_follow(tenant_id: str, at: datetime) -> PayIns:
    """Bring parties and accounts up to what the feed tells, and book the cash that came in."""
    parties_follow(tenant_id)
    platform_accounts_open(tenant_id, at)
    subjects = subjects_all(tenant_id)
    for start in range(0, len(subjects), OPENED_AT_ONCE):
        subject_accounts_open(tenant_id, subjects[start : start + OPENED_AT_ONCE], at)
    return pay_ins_post(tenant_id, at, at)


def _measure(tenant_id: str, month: Month, at: datetime) -> list[Figure]:
    """Measure the month for the providers taking part."""
    subjects = [each.provider_id for each in providers_taking_part(tenant_id, month.last_day)]
    return providers.month_figures(tenant_id, month, at, subjects)


def _judge(
    tenant_id: str,
    summary: CycleSummary,
    figures: Sequence[Figure],
    progress: Callable[[str], None] | None,
) -> None:
    month, at = summary.month, summary.as_of
    with _station(summary, "findings", progress):
        held = held_months_judge(tenant_id, at)  # they come before the month: it may be held too
        supply = party_packs(tenant_id, SUPPLY_MARKET)
        sanctioned = providers.sanctions_standing(tenant_id, at)
        duty_findings = providers.duty_findings(month, figures, supply, sanctioned)
        nps_findings, ladder = nps_judgement(
            tenant_id, month, figures, subjects_waiting(tenant_id, "nps_ladder", "remove")
        )
        summary.counts["findings"] = findings_record(tenant_id, duty_findings + nps_findings, at)
    with _station(summary, "decisions", progress):
        wanted = ladder + providers.notify_decisions(month, duty_findings, supply)
        wanted += _provider_deposits(tenant_id, at)
        summary.counts["decisions"] = len(held) + len(decide(tenant_id, wanted, at))


def _adjust(tenant_id: str, summary: CycleSummary) -> None:
    """Adjust the shops; of a repeated month only the figures are compared."""
    adjusted = shops_adjust(tenant_id, summary.month, summary.as_of, on=day_of(summary.as_of))
    summary.late += adjusted.late
    summary.refused = adjusted.refused
    summary.counts["figures"] += adjusted.shops
    if not summary.repeated:
        summary.counts["decisions"] += sum(adjusted.decided.values())
        summary.counts["findings"] += len(adjusted.refused)


def _provider_deposits(tenant_id: str, at: datetime) -> list[NewDecision]:
    on = day_of(at)
    have = requirements_on(tenant_id, on, providers.PROVIDER)
    categories = {
        each.provider_id: each.service_category
        for each in providers_taking_part(tenant_id, on)
        if (providers.PROVIDER, each.provider_id) not in have
    }
    standing = positions(tenant_id, [(providers.PROVIDER, each) for each in categories], on)
    balances = {subject[1]: at.free_fen for subject, at in standing.items()}
    packs = party_packs(tenant_id, SUPPLY_MARKET)
    return providers.deposit_decisions(categories, balances, on, packs)


@packs_held()
def day_run(tenant_id: str, now: datetime, pay_ins: PayIns | None = None) -> DayLook:
    """Look at a day: book cash in, judge held months, open and close shortages, release, propose.

    Takes:
        pay_ins: what :func:`feed_follow` gave, where it was called for this look already.
    """
    return _look(tenant_id, now, pay_ins or feed_follow(tenant_id, now))


def _look(tenant_id: str, now: datetime, pay_ins: PayIns) -> DayLook:
    of_the_day = adjusted_shortages_open(tenant_id, now)
    held = held_months_judge(tenant_id, now)
    enforced = tickets_look(tenant_id, now)
    with transaction.atomic():
        opened, closed = shortages_look(tenant_id, now)
        notices_send(tenant_id, shortage_notices(opened), now)
        owing = owing_subjects(tenant_id)
        # Whose fine is still to come has not topped up yet: hiding does not end before it.
        short = short_subjects(tenant_id) | subjects_to_be_charged(tenant_id)
        short |= returns_unset(tenant_id)
        released = restrictions_release(tenant_id, short, now, owing=owing)
        notices_send(tenant_id, release_notices(released), now)
    decided = decide(tenant_id, measures_wanted(tenant_id, now), now)
    batches_seal(tenant_id, now)
    return DayLook(
        pay_ins=pay_ins,
        shortages_opened=of_the_day + len(opened),
        shortages_closed=closed,
        released=len(released),
        decided=len(held) + len(decided),
        enforced=len(enforced.enforced),
        problems=enforced.problems,
    )
