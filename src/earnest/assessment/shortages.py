"""Deposits that fall short: opened and closed, and what may be done against each, day by day.

Two things run side by side, each with its own cause: the staircase by natural days since the notice
(S3-5.1c to 5.1e, 5.2b), and the band by the part of the requirement that is held (S3-5.1a, 5.1b,
5.2a). Proceeds that come later fill the deposit up as long as it is short, whatever step it is on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from earnest.assessment.bands import bands_ease, bands_standing
from earnest.assessment.providers import PROVIDER
from earnest.assessment.shops import SHOP
from earnest.decisions.commands import IN_EFFECT, NewDecision
from earnest.decisions.precedents import outcomes_since
from earnest.deposits.commands import shortages_review
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position, positions, shortages_open
from earnest.kernel.calendar import day_of
from earnest.market.taking_part import subjects_all
from earnest.policy import Evaluation
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, PartyPacks, party_packs

TRANSFER = "transfer_from_proceeds"
SHORTAGE_CLAUSES = {
    TRANSFER: "S3-5.1e",
    "limit_sales": "S3-5.1c",
    "limit_withdrawal": "S3-5.1d",
    "end_service": "S3-5.2b",
}
BAND_CLAUSES = {
    "close_listing": "S3-5.1b",
    "close_cart": "S3-5.1a",
    "suspend_service": "S3-5.2a",
}
PROPOSED = ("shortage_measures", "shortage_transfer")
MONEY_OR_END = {TRANSFER, "end_service"}
Standing = dict[tuple[str, str], Position]


def shortages_look(tenant_id: str, now: datetime) -> tuple[list[tuple[Shortage, Position]], int]:
    """Open and close shortages, each party with the days of grace of the pack that judges it.

    A shop whose deposit has risen into a milder band gets back at once what the stricter one took.
    """
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
    bands_ease(tenant_id, _open_at_shops(tenant_id), now)
    opened = [each for review in reviews for each in review.opened]
    return opened, sum(len(review.closed) for review in reviews)


def measures_wanted(tenant_id: str, now: datetime) -> list[NewDecision]:
    """Propose measures against open shop shortages, each measure once until it is settled."""
    on = day_of(now)
    open_rows = _open_at_shops(tenant_id)
    standing = positions(tenant_id, [(SHOP, row.subject_id) for row in open_rows], on)
    packs = party_packs(tenant_id, SHOP_DEPOSIT)
    since = {row.subject_id: row.opened_at for row in open_rows}
    before = outcomes_since(tenant_id, SHOP, since, *PROPOSED)
    bands_before = bands_standing(tenant_id, since)
    steps = shortage_decisions(open_rows, standing, on, packs)
    steps = [each for each in steps if not _proposed(each, before)]
    filled = {each.subject_id for each in steps if each.outcome == TRANSFER}
    fills = [
        each
        for each in transfer_decisions(open_rows, standing, on, packs)
        if each.subject_id not in filled and not _proposed(each, before)
    ]
    bands = [
        each
        for each in band_decisions(open_rows, standing, on, packs)
        if each.outcome != bands_before.get(each.subject_id)
    ]
    return steps + fills + bands


def _open_at_shops(tenant_id: str) -> list[Shortage]:
    return [row for row in shortages_open(tenant_id) if row.subject_kind == SHOP]


def _proposed(wanted: NewDecision, before: Mapping[str, Sequence[tuple[str, str]]]) -> bool:
    """Tell whether a measure was proposed since the shortage opened.

    A transfer is proposed again once the last one is in effect; one that waits, or was refused,
    stands for all.
    """
    states = [
        state for outcome, state in before.get(wanted.subject_id, ()) if outcome == wanted.outcome
    ]
    if wanted.outcome == TRANSFER:
        return any(state != IN_EFFECT for state in states)
    return bool(states)


def shortage_decisions(
    shortages: Iterable[Shortage], positions: Standing, on: date, packs: PartyPacks
) -> list[NewDecision]:
    """Compute the step of the staircase against each open shortage on a day (S3-5.1, S3-5.2)."""
    decisions: list[NewDecision] = []
    for shortage in shortages:
        at = positions[shortage.subject_kind, shortage.subject_id]
        facts = _facts(shortage, at, on) | {"proceeds_fen": at.proceeds_fen}
        evaluation = packs.of(SHOP, shortage.subject_id).evaluate("shortage_measures", facts)
        if evaluation.refusal is not None:
            continue
        measure = str(evaluation.result["measure"])
        if measure in SHORTAGE_CLAUSES:
            money = int(str(evaluation.result["transfer_fen"]))
            decisions.append(_decision(shortage, on, measure, money, evaluation))
    return decisions


def transfer_decisions(
    shortages: Iterable[Shortage], positions: Standing, on: date, packs: PartyPacks
) -> list[NewDecision]:
    """Compute what proceeds may fill up on a day, from the end of the grace on (S3-5.1e).

    Also on a later step and after the service has ended: proceeds of earlier orders still come in.
    """
    decisions: list[NewDecision] = []
    for shortage in shortages:
        at = positions[shortage.subject_kind, shortage.subject_id]
        if at.proceeds_fen <= 0:
            continue
        facts = _facts(shortage, at, on) | {"proceeds_fen": at.proceeds_fen}
        evaluation = packs.of(SHOP, shortage.subject_id).evaluate("shortage_transfer", facts)
        money = int(str(evaluation.result.get("transfer_fen", 0)))
        if money > 0:
            decisions.append(_decision(shortage, on, TRANSFER, money, evaluation))
    return decisions


def band_decisions(
    shortages: Sequence[Shortage], positions: Standing, on: date, packs: PartyPacks
) -> list[NewDecision]:
    """Compute the band that each short deposit is in on a day (S3-5.1a, S3-5.1b, S3-5.2a)."""
    decisions: list[NewDecision] = []
    for shortage in shortages:
        at = positions[shortage.subject_kind, shortage.subject_id]
        facts = _facts(shortage, at, on)
        evaluation = packs.of(SHOP, shortage.subject_id).evaluate("shortage_band", facts)
        measure = str(evaluation.result.get("measure", "none"))
        if measure in BAND_CLAUSES:
            decisions.append(_decision(shortage, on, measure, 0, evaluation))
    return decisions


def _facts(shortage: Shortage, at: Position, on: date) -> dict[str, date | int]:
    return {
        "assessed_on": on,
        "required_fen": at.required_fen,
        "balance_fen": at.free_fen,
        "days_short": max(0, (on - day_of(shortage.opened_at)).days),
    }


def _decision(
    shortage: Shortage, on: date, measure: str, money_fen: int, evaluation: Evaluation
) -> NewDecision:
    return NewDecision(
        subject_kind=SHOP,
        subject_id=shortage.subject_id,
        period=on.isoformat(),
        clause=(SHORTAGE_CLAUSES | BAND_CLAUSES)[measure],
        outcome=measure,
        money_fen=money_fen,
        approvals_needed=2 if measure in MONEY_OR_END else 1,
        evaluation=evaluation,
    )
