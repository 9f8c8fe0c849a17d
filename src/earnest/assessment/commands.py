"""The monthly cycle, the daily look, and the settling of waiting decisions."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from earnest.assessment import providers, shops
from earnest.assessment.conduct import settled_at
from earnest.assessment.models import Cycle
from earnest.assessment.notifications import release_notices, shortage_notices
from earnest.assessment.shortages import measures_wanted, shortages_look
from earnest.consequences.commands import decide
from earnest.decisions.commands import (
    NewDecision,
    NewFinding,
    findings_record,
)
from earnest.decisions.precedents import subjects_waiting
from earnest.deposits.accounts import platform_accounts_open, subject_accounts_open
from earnest.deposits.commands import PayIns, pay_ins_post
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
    categories_open,
    providers_taking_part,
    shops_taking_part,
    subjects_all,
)
from earnest.measures.commands import Difference, results_record
from earnest.measures.definition import Figure
from earnest.measures.queries import measure
from earnest.notices.commands import notices_send
from earnest.restrictions.commands import restrictions_release
from earnest.rulebooks.packs import (
    SHOP_DEPOSIT,
    SUPPLY_MARKET,
    pack_of,
    packs_held,
    party_packs,
)
from earnest.rulebooks.switches import settling_days

STATIONS = ("feed", "measures", "findings", "decisions", "upkeep")


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


def month_settled_at(month: Month) -> datetime:
    """Return the instant from which on a month's figures are final, by the supply-market pack."""
    pack = pack_of(SUPPLY_MARKET)
    on = max(month.last_day, pack.in_force_from())
    return settled_at(month, settling_days(pack, on))


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
        pay_ins = _follow_feed(tenant_id, at)
    with _station(summary, "measures", progress):
        figures = _measure(tenant_id, month, at)
        recorded = results_record(tenant_id, figures, at)
        summary.late = recorded.differs
    summary.counts = {"pay_ins": pay_ins.posted, "figures": recorded.new}
    if summary.repeated:
        return summary
    _judge(tenant_id, summary, figures, progress)
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


def _follow_feed(tenant_id: str, at: datetime) -> PayIns:
    parties_follow(tenant_id)
    platform_accounts_open(tenant_id, at)
    subject_accounts_open(tenant_id, subjects_all(tenant_id), at)
    return pay_ins_post(tenant_id, at, at)


def _measure(tenant_id: str, month: Month, at: datetime) -> list[Figure]:
    """Measure the month for the providers taking part, and what each shop sold in it."""
    subjects = [each.provider_id for each in providers_taking_part(tenant_id, month.last_day)]
    figures = providers.month_figures(tenant_id, month, at, subjects)
    figures += measure(
        tenant_id, shops.SALES, month.first_day, month.last_day, by=shops.SHOP, as_of=at
    )
    return figures


def _judge(
    tenant_id: str,
    summary: CycleSummary,
    figures: Sequence[Figure],
    progress: Callable[[str], None] | None,
) -> None:
    month, at = summary.month, summary.as_of
    with _station(summary, "findings", progress):
        supply = party_packs(tenant_id, SUPPLY_MARKET)
        duty_findings = providers.duty_findings(month, figures, supply)
        nps_findings, ladder = providers.nps_judgement(
            tenant_id, month, figures, subjects_waiting(tenant_id, "nps_ladder", "remove")
        )
        summary.counts["findings"] = findings_record(tenant_id, duty_findings + nps_findings, at)
    with _station(summary, "decisions", progress):
        wanted = ladder + providers.notify_decisions(month, duty_findings, supply)
        wanted += _provider_deposits(tenant_id, at)
        adjustment = _shop_adjustment(tenant_id, month, figures, at)
        made = decide(tenant_id, wanted + adjustment.decisions, at)
        summary.counts["decisions"] = len(made)
        refused = shops.refused_findings(month, adjustment.refused)
        summary.counts["findings"] += findings_record(tenant_id, refused, at)
        summary.refused = [_refusal(each) for each in refused]


def _refusal(finding: NewFinding) -> Problem:
    refusal = finding.evaluation.refusal
    if refusal is None:
        raise ValueError(f"{finding.subject_id} was not refused")
    where = f"{finding.subject_kind}:{finding.subject_id}"
    return Problem(refusal.code, where, zh=refusal.zh, en=refusal.en)


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


def _shop_adjustment(
    tenant_id: str, month: Month, figures: Sequence[Figure], at: datetime
) -> shops.Adjustment:
    """Adjust the shops of whom no earlier adjustment waits for people: one after the other."""
    on = day_of(at)
    sales = {
        figure.subject: figure.numerator for figure in figures if figure.measure == shops.SALES
    }
    categories = categories_open(tenant_id, on)
    waiting = subjects_waiting(tenant_id, "required_deposit")
    subjects = [
        (shops.SHOP, each.shop_id)
        for each in shops_taking_part(tenant_id, on)
        if each.shop_id not in waiting
    ]
    required = requirements_on(tenant_id, on, shops.SHOP)
    standing = positions(tenant_id, subjects, on)
    rows = [
        shops.ShopMonth(
            shop_id=subject[1],
            sales_fen=sales.get(subject[1], 0),
            categories=tuple(categories.get(subject[1], ())),
            balance_fen=standing[subject].free_fen,
            required_fen=required[subject].required_fen if subject in required else None,
        )
        for subject in subjects
    ]
    return shops.adjustment_decide(rows, str(month), on, party_packs(tenant_id, SHOP_DEPOSIT))


@packs_held()
def day_run(tenant_id: str, now: datetime) -> DayLook:
    """Look at a day: book cash in, open and close shortages, release, propose measures."""
    return _look(tenant_id, now, _follow_feed(tenant_id, now))


def _look(tenant_id: str, now: datetime, pay_ins: PayIns) -> DayLook:
    with transaction.atomic():
        opened, closed = shortages_look(tenant_id, now)
        notices_send(tenant_id, shortage_notices(opened), now)
        released = restrictions_release(tenant_id, short_subjects(tenant_id), now)
        notices_send(tenant_id, release_notices(released), now)
    decided = decide(tenant_id, measures_wanted(tenant_id, now), now)
    batches_seal(tenant_id, now)
    return DayLook(pay_ins, len(opened), closed, len(released), len(decided))
