"""The monthly cycle, the daily look, and the settling of waiting decisions."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from earnest.assessment import providers, shops
from earnest.assessment.conduct import settled_at
from earnest.assessment.effects import decisions_apply
from earnest.assessment.models import Cycle
from earnest.assessment.notifications import release_notices, shortage_notices
from earnest.assessment.switches import settling_days
from earnest.decisions.commands import (
    IN_EFFECT,
    NewDecision,
    NewFinding,
    decisions_record,
    findings_record,
    verdict_give,
)
from earnest.decisions.models import Decision
from earnest.decisions.precedents import outcomes_since, subjects_waiting
from earnest.deposits.accounts import platform_accounts_open, subject_accounts_open
from earnest.deposits.commands import PayIns, pay_ins_post, shortages_review
from earnest.deposits.models import Shortage
from earnest.deposits.queries import (
    Position,
    positions,
    requirements_on,
    short_subjects,
    shortages_open,
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


@transaction.atomic
def decide(tenant_id: str, wanted: Sequence[NewDecision], at: datetime) -> list[Decision]:
    """Record decisions and let those in effect have their effect, all or nothing."""
    made = decisions_record(tenant_id, wanted, at, day_of(at))
    decisions_apply(tenant_id, [each for each in made if each.state == IN_EFFECT], at)
    return made


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
        opened, closed = _shortages_review(tenant_id, now)
        notices_send(tenant_id, shortage_notices(opened), now)
        released = restrictions_release(tenant_id, short_subjects(tenant_id), now)
        notices_send(tenant_id, release_notices(released), now)
    decided = decide(tenant_id, _shortage_decisions(tenant_id, now), now)
    batches_seal(tenant_id, now)
    return DayLook(pay_ins, len(opened), closed, len(released), len(decided))


def _shortages_review(tenant_id: str, now: datetime) -> tuple[list[tuple[Shortage, Position]], int]:
    """Open and close shortages, each party with the days of grace of the pack that judges it."""
    books = {
        shops.SHOP: (party_packs(tenant_id, SHOP_DEPOSIT), "shortage_grace_days"),
        providers.PROVIDER: (party_packs(tenant_id, SUPPLY_MARKET), "top_up_grace_days"),
    }
    on = day_of(now)
    graced: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for subject in subjects_all(tenant_id):
        packs, name = books[subject[0]]
        pack = packs.of(*subject)
        days = pack.parameter(name, on=max(on, pack.in_force_from()))
        graced.setdefault((subject[0], days), []).append(subject)
    reviews = [
        shortages_review(tenant_id, subjects, {kind: days}, now)
        for (kind, days), subjects in graced.items()
    ]
    opened = [each for review in reviews for each in review.opened]
    return opened, sum(len(review.closed) for review in reviews)


def _shortage_decisions(tenant_id: str, now: datetime) -> list[NewDecision]:
    """Propose measures against open shop shortages, each measure once until it is settled."""
    on = day_of(now)
    open_rows = [row for row in shortages_open(tenant_id) if row.subject_kind == shops.SHOP]
    standing = positions(tenant_id, [(shops.SHOP, row.subject_id) for row in open_rows], on)
    packs = party_packs(tenant_id, SHOP_DEPOSIT)
    wanted = shops.shortage_decisions(open_rows, standing, on, packs)
    since = {row.subject_id: row for row in open_rows}
    return [each for each in wanted if not _proposed(tenant_id, each, since[each.subject_id])]


def _proposed(tenant_id: str, wanted: NewDecision, shortage: Shortage) -> bool:
    before = outcomes_since(
        tenant_id, (shops.SHOP, wanted.subject_id), "shortage_measures", shortage.opened_at
    )
    states = [state for outcome, state in before if outcome == wanted.outcome]
    if wanted.outcome == "transfer_from_proceeds":
        return any(state != IN_EFFECT for state in states)
    return bool(states)


@transaction.atomic
def decision_settle(
    tenant_id: str, decision_id: UUID, *, verdict: str, actor: str, reason: str, now: datetime
) -> Decision:
    """Take one person's word on a waiting decision; with the last approval it takes effect.

    Raises:
        BadInput, Conflict, NotAllowed, NotFound: see :func:`verdict_give`.
    """
    decision, enough = verdict_give(
        tenant_id, decision_id, verdict=verdict, actor=actor, reason=reason, now=now
    )
    if enough:
        decisions_apply(tenant_id, [decision], now)
    return decision
