"""Deposits that fall short: opened and closed, and what may be done against each, day by day."""

from collections.abc import Iterable
from datetime import date, datetime

from earnest.assessment.providers import PROVIDER
from earnest.assessment.shops import SHOP
from earnest.decisions.commands import IN_EFFECT, NewDecision
from earnest.decisions.precedents import outcomes_since
from earnest.deposits.commands import shortages_review
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position, positions, shortages_open
from earnest.kernel.calendar import day_of
from earnest.market.taking_part import subjects_all
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, PartyPacks, party_packs

SHORTAGE_CLAUSES = {
    "transfer_from_proceeds": "S3-5.1e",
    "limit_sales": "S3-5.1c",
    "limit_withdrawal": "S3-5.1d",
    "end_service": "S3-5.2b",
}
MONEY_OR_END = {"transfer_from_proceeds", "end_service"}


def shortages_look(tenant_id: str, now: datetime) -> tuple[list[tuple[Shortage, Position]], int]:
    """Open and close shortages, each party with the days of grace of the pack that judges it."""
    books = {
        SHOP: (party_packs(tenant_id, SHOP_DEPOSIT), "shortage_grace_days"),
        PROVIDER: (party_packs(tenant_id, SUPPLY_MARKET), "top_up_grace_days"),
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


def measures_wanted(tenant_id: str, now: datetime) -> list[NewDecision]:
    """Propose measures against open shop shortages, each measure once until it is settled."""
    on = day_of(now)
    open_rows = [row for row in shortages_open(tenant_id) if row.subject_kind == SHOP]
    standing = positions(tenant_id, [(SHOP, row.subject_id) for row in open_rows], on)
    packs = party_packs(tenant_id, SHOP_DEPOSIT)
    wanted = shortage_decisions(open_rows, standing, on, packs)
    since = {row.subject_id: row for row in open_rows}
    return [each for each in wanted if not _proposed(tenant_id, each, since[each.subject_id])]


def _proposed(tenant_id: str, wanted: NewDecision, shortage: Shortage) -> bool:
    before = outcomes_since(
        tenant_id, (SHOP, wanted.subject_id), "shortage_measures", shortage.opened_at
    )
    states = [state for outcome, state in before if outcome == wanted.outcome]
    if wanted.outcome == "transfer_from_proceeds":
        return any(state != IN_EFFECT for state in states)
    return bool(states)


def shortage_decisions(
    shortages: Iterable[Shortage],
    positions: dict[tuple[str, str], Position],
    on: date,
    packs: PartyPacks,
) -> list[NewDecision]:
    """Compute what may be done against each open shortage on a day (S3-5.1, S3-5.2)."""
    decisions: list[NewDecision] = []
    for shortage in shortages:
        at = positions[(shortage.subject_kind, shortage.subject_id)]
        facts = {
            "assessed_on": on,
            "required_fen": at.required_fen,
            "balance_fen": at.free_fen,
            "days_short": max(0, (on - day_of(shortage.opened_at)).days),
            "proceeds_fen": at.proceeds_fen,
        }
        evaluation = packs.of(SHOP, shortage.subject_id).evaluate("shortage_measures", facts)
        if evaluation.refusal is not None:
            continue
        measure = str(evaluation.result["measure"])
        if measure in SHORTAGE_CLAUSES:
            decisions.append(
                NewDecision(
                    subject_kind=SHOP,
                    subject_id=shortage.subject_id,
                    period=on.isoformat(),
                    clause=SHORTAGE_CLAUSES[measure],
                    outcome=measure,
                    money_fen=int(str(evaluation.result["transfer_fen"])),
                    approvals_needed=2 if measure in MONEY_OR_END else 1,
                    evaluation=evaluation,
                )
            )
    return decisions
