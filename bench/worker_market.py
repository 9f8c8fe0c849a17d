"""The market of ``./run bench worker``: every day a few things of each kind become due."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from earnest.consequences.sanctions import Sanction, sanction_apply
from earnest.decisions.commands import effect_note
from earnest.decisions.models import Decision
from earnest.deliveries.commands import NewEndpoint, endpoint_add
from earnest.deposits.accounts import deposit_of, platform_accounts_open, subject_accounts_open
from earnest.deposits.models import Requirement
from earnest.kernel.calendar import day_of, day_start
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.ledger.commands import batches_seal, transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.market.commands import clock_set, marketplace_open
from earnest.market.models import Provider, Shop
from earnest.market.queries import market_now
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, pack_of
from earnest.tickets.commands import NewItem
from worker_reviews import Reviews, appealed_at, hearing_open, reviews_open

START = datetime(2025, 11, 20, 2, tzinfo=UTC)
"""The marketplace's first instant: 10:00 in Shanghai."""
DEPOSIT_FEN, HELD_FEN, FINE_FEN, APPEALED_FEN = 1_000_000, 50_000, 12_300, 4_500
CASH = "clearing/bank"
BOUGHT = "S0-2.2.1b"
_IDS = UUID("5d0b1c4e-0a51-4f0e-9d0c-000000000000")
Subject = tuple[str, str]


@dataclass
class Due:
    """What has to be done, by what it is about.

    Attributes:
        short: shops whose deposit falls short on some day.
        tickets: decisions with a fine, by the ticket's number.
        restrictions: ids of what ends when its day has come.
        holds: ids of the ledger's holds that expire.
        reviews: violations and appeals that time alone moves on.
    """

    short: list[Subject] = field(default_factory=list)
    tickets: dict[str, UUID] = field(default_factory=dict)
    restrictions: list[UUID] = field(default_factory=list)
    holds: list[UUID] = field(default_factory=list)
    reviews: Reviews = field(default_factory=Reviews)


def clock_move(tenant_id: str, by: timedelta) -> None:
    """Let the marketplace's time pass."""
    clock_set(tenant_id, market_now(tenant_id, START) + by)


def market_open(tenant_id: str, url: str, days: int, each_day: int) -> Due:
    """Open a market in which so many things of each kind become due on each of some days."""
    marketplace_open(tenant_id, name_zh="压力市场", name_en="Market under fire")
    clock_set(tenant_id, START)
    endpoint_add(tenant_id, NewEndpoint(url, ("", ""), "bench"), START)
    shops = [("shop", f"S{n:05}") for n in range(days * each_day)]
    providers = [("provider", f"P{n:05}") for n in range(days * each_day)]
    _parties(tenant_id, shops, providers)
    due = Due()
    for number, (shop, provider) in enumerate(zip(shops, providers, strict=True)):
        on = day_of(START) + timedelta(days=1 + number // each_day)
        _falls_short(tenant_id, shop, on, number)
        due.short.append(shop)
        due.holds.append(_held(tenant_id, shop, on))
        decision = _decided(tenant_id, provider, number)
        due.restrictions += _restricted(tenant_id, provider, decision.id, on)
        _fined(tenant_id, provider, number, due)
        reviews_open(tenant_id, provider, on, due.reviews)
        appealed, _ = _ticket(tenant_id, provider, number, APPEALED_FEN, appealed_at(on))
        hearing_open(tenant_id, provider, appealed, on, due.reviews)
    batches_seal(tenant_id, START)
    return due


def _parties(tenant_id: str, shops: list[Subject], providers: list[Subject]) -> None:
    Shop.objects.bulk_create(
        Shop(tenant_id=tenant_id, shop_id=id_, name=id_, opened_on=date(2025, 1, 1))
        for _, id_ in shops
    )
    Provider.objects.bulk_create(
        Provider(
            tenant_id=tenant_id,
            provider_id=id_,
            name=id_,
            service_category="supply_tool",
            admitted_on=date(2025, 1, 1),
        )
        for _, id_ in providers
    )
    everybody = [*shops, *providers]
    platform_accounts_open(tenant_id, START)
    subject_accounts_open(tenant_id, everybody, START)
    _post(
        tenant_id,
        [_transfer(("pay-in", *each), CASH, deposit_of(each), DEPOSIT_FEN) for each in everybody],
    )


def _transfer(key: tuple[str, ...], debit: str, credit: str, fen: int, **more: Any) -> Transfer:
    return Transfer(
        id=uuid5(_IDS, " ".join(key)),
        debit=debit,
        credit=credit,
        amount_fen=fen,
        effective_at=START,
        reason=Reason("S3-2.1a", SHOP_DEPOSIT, more.pop("decision_id", None), "for the run"),
        **more,
    )


def _post(tenant_id: str, transfers: list[Transfer]) -> None:
    outcomes = transfers_post(tenant_id, transfers, START)
    wrong = [each for each in outcomes if each.status != "posted"]
    if wrong:
        raise RuntimeError(f"the market could not be set up: {wrong[0]}")


def _decided(tenant_id: str, subject: Subject, number: int, money_fen: int = 0) -> Decision:
    """Record a decision in effect about a provider, with the receipt of a real evaluation."""
    on = day_of(START)
    evaluation = pack_of(SUPPLY_MARKET).evaluate(
        "notify_provider", {"assessed_on": on, "breached": 1}
    )
    seq = Decision.objects.filter(tenant_id=tenant_id).count() + 1
    return Decision.objects.create(
        id=uuid7_for(START, tenant_id, "decision", str(seq)),
        tenant_id=tenant_id,
        seq=seq,
        rulebook=SUPPLY_MARKET,
        decision="notify_provider",
        subject_kind=subject[0],
        subject_id=subject[1],
        period=f"{number}-{money_fen}",
        clause=BOUGHT,
        modality="may",
        outcome="notify",
        money_fen=money_fen,
        governing_on=on,
        made_at=START,
        state="in_effect",
        settled_at=START,
        approvals_needed=0,
        receipt=evaluation.receipt().as_dict(),
        trace={},
        previous_hash="",
        chain_hash="",
    )


def _falls_short(tenant_id: str, shop: Subject, on: date, number: int) -> None:
    """Let a shop have to hold more than it has from a day on."""
    decision = _decided(tenant_id, shop, number)
    for from_on, fen in ((day_of(START), DEPOSIT_FEN // 2), (on, 2 * DEPOSIT_FEN)):
        Requirement.objects.create(
            id=uuid7_for(START, tenant_id, "requirement", *shop, str(from_on)),
            tenant_id=tenant_id,
            subject_kind=shop[0],
            subject_id=shop[1],
            required_fen=fen,
            previous_fen=0,
            from_on=from_on,
            clause="S3-3.1c",
            decision_id=decision.id,
        )


def _held(tenant_id: str, shop: Subject, on: date) -> UUID:
    """Hold a part of a deposit until a day."""
    hold = _transfer(
        ("hold", *shop), deposit_of(shop), CASH, HELD_FEN, kind="hold", expires_at=day_start(on)
    )
    _post(tenant_id, [hold])
    return hold.id


def _restricted(tenant_id: str, provider: Subject, decision: UUID, on: date) -> list[UUID]:
    """Hide a provider until a day."""
    grant = Grant(
        *provider,
        measure="hide",
        capabilities=("visibility",),
        rulebook=SUPPLY_MARKET,
        clause="S0-2.2.3-1",
        decision_id=decision,
        release=({"kind": "time", "on": on.isoformat()},),
    )
    return restrictions_grant(tenant_id, [grant], START)


def _fined(tenant_id: str, provider: Subject, number: int, due: Due) -> None:
    """Fine a provider; the money is due when the days to appeal are over, days apart."""
    told = START - timedelta(days=6) + timedelta(hours=3 * (number % 40))
    ticket, decision_id = _ticket(tenant_id, provider, number, FINE_FEN, told)
    due.tickets[ticket] = decision_id


def _ticket(
    tenant_id: str, provider: Subject, number: int, money_fen: int, told: datetime
) -> tuple[str, UUID]:
    """Tell a provider of a fine; return the number of its ticket and the id of its decision."""
    decision = _decided(tenant_id, provider, number, money_fen)
    item = NewItem("other", f"run {number}", BOUGHT, Words("示例", "a sample"))
    sanction = Sanction([item], facts=Words("示例事实", "sample facts"), measure="none")
    effect = sanction_apply(tenant_id, decision, sanction, told)
    effect_note(decision, effect)
    return str(effect["ticket"]), decision.id
