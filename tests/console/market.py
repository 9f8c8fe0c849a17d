"""A small market for the console's tests: two providers, two shops, three assessed months.

P1 is late with its orders and below the mark of the composite score from August to October: it is
hidden, then delisted. P2 is healthy. S1 sells for 550,000 yuan and must hold 30,000; its deposit
is 10,000. S2 is in order. Four decisions wait: P1's third rung (two persons) and its three notices.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

from django.conf import settings

from earnest.assessment import providers as provider_month
from earnest.assessment.models import Cycle
from earnest.assessment.nps_ladder import nps_judgement
from earnest.assessment.shops import ShopMonth, adjustment_decide
from earnest.authoring.amending import NewInstrument, NewValue, instrument_added, value_added
from earnest.consequences.commands import decide
from earnest.consequences.sanctions import tickets_look
from earnest.console.whatif_jobs import Job, report_made
from earnest.decisions.commands import findings_record, standing_order_give
from earnest.decisions.models import Decision
from earnest.deposits.accounts import (
    clearing_of,
    deposit_of,
    platform_accounts_open,
    subject_accounts_open,
)
from earnest.deposits.commands import shortages_review
from earnest.feed.commands import batches_take
from earnest.kernel.calendar import MARKET_ZONE, Month, day_of
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.market.models import Provider, Shop, ShopCategory
from earnest.measures.commands import results_record
from earnest.measures.definition import Figure
from earnest.notices.models import Notice
from earnest.rulebooks.commands import draft_submit, value_confirm
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, pack_of, party_packs
from earnest.rulebooks.queries import confirmations
from tests.scenes import kept

TENANT = "console-tests"
PASSWORD = "correct-horse-battery"
AUGUST, SEPTEMBER, OCTOBER = Month(2025, 8), Month(2025, 9), Month(2025, 10)
NOW = datetime(2025, 11, 20, 2, 0, tzinfo=UTC)
SUBJECTS = (("provider", "P1"), ("provider", "P2"), ("shop", "S1"), ("shop", "S2"))
PEOPLE = {
    "rule": ("rule", ("", "")),
    "risk": ("risk", ("", "")),
    "finance": ("finance", ("", "")),
    "service": ("service", ("", "")),
    "auditor": ("auditor", ("", "")),
    "admin": ("admin", ("", "")),
    "feed": ("feed", ("", "")),
    "provider": ("provider", ("provider", "P1")),
    "merchant": ("merchant", ("shop", "S1")),
}
ORDERS, LATE = 20, 3
_IDS = UUID("6f1c2b8e-3a58-4f0e-9d0c-000000000000")

# The web server's middleware looks for this folder when the application is loaded.
Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class SeededMarket:
    """The ids that tests ask for."""

    tenant_id: str
    removal: Decision
    notification: Decision
    delisting: Decision
    requirement: Decision
    provider_notice: Notice
    shop_notice: Notice
    draft_hash: str
    report_id: int


def settled(month: Month) -> datetime:
    """Return the instant at which a month is assessed here."""
    return datetime(*month.plus(1).first_day.timetuple()[:3], 8, tzinfo=MARKET_ZONE) + timedelta(
        days=7
    )


@kept
def seed() -> SeededMarket:
    """Fill the database."""
    _parties()
    _money()
    for month in (AUGUST, SEPTEMBER, OCTOBER):
        _assess(month)
    _shops()
    shortages_review(TENANT, SUBJECTS, {"shop": 7, "provider": 7}, settled(OCTOBER))
    for month in (AUGUST, SEPTEMBER, OCTOBER):
        Cycle.objects.create(tenant_id=TENANT, month=str(month), as_of=settled(month), counts={})
    _orders()
    draft_hash = draft_made()
    return SeededMarket(
        tenant_id=TENANT,
        removal=Decision.objects.get(tenant_id=TENANT, outcome="remove"),
        notification=Decision.objects.get(
            tenant_id=TENANT, decision="notify_provider", subject_id="P1", period="2025-10"
        ),
        delisting=Decision.objects.get(tenant_id=TENANT, outcome="delist"),
        requirement=Decision.objects.get(tenant_id=TENANT, outcome="raise", subject_id="S1"),
        provider_notice=Notice.objects.filter(tenant_id=TENANT, subject_id="P1")[0],
        shop_notice=Notice.objects.filter(tenant_id=TENANT, subject_id="S1")[0],
        draft_hash=draft_hash,
        report_id=_report_made(draft_hash),
    )


def draft_made(act: str = "SD2", days: int = 10, base_yuan: int = 12_000) -> str:
    """Submit a draft: more days to top up and a larger base deposit from 2026 on; its hash."""
    book, from_on = pack_of(SHOP_DEPOSIT), date(2026, 1, 1)
    title = {"zh": "延长补缴宽限期", "en": "More days to top up"}
    instrument = NewInstrument(act, day_of(NOW), from_on, importance="important", title=title)
    value = NewValue(from_on, days, "S3-5.2b", act)
    text = value_added(instrument_added(book.text, instrument), "shortage_grace_days", value)
    text = value_added(text, "base_deposit", NewValue(from_on, base_yuan, "S3-3.1c", act))
    return draft_submit(text, name=act, actor="rule", note="商家反映时间不足", now=NOW).hash


def _report_made(draft_hash: str) -> int:
    job = Job(
        id="", tenant_id=TENANT, draft_hash=draft_hash, first=str(AUGUST), last=str(OCTOBER),
        asked_by="auditor", asked_at="", as_if_from=str(AUGUST.first_day),
    )  # fmt: skip
    return int(report_made(job, NOW).pk)


def _parties() -> None:
    marketplace_open(TENANT, name_zh="测试市场", name_en="Test market")
    clock_set(TENANT, NOW)
    for number, name in ((1, "青禾货源"), (2, "北岸云仓")):
        Provider.objects.create(
            tenant_id=TENANT,
            provider_id=f"P{number}",
            name=name,
            entity_name=f"{name}科技有限公司",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 6),
        )
    for number, name in ((1, "晨雾服饰"), (2, "石桥美妆")):
        Shop.objects.create(
            tenant_id=TENANT, shop_id=f"S{number}", name=name, opened_on=date(2025, 2, 1)
        )
        ShopCategory.objects.create(
            tenant_id=TENANT,
            shop_id=f"S{number}",
            category_id="apparel",
            opened_on=date(2025, 2, 1),
        )
    for username, (role, subject) in PEOPLE.items():
        person_add(TENANT, username, PASSWORD, role=role, subject=subject)
    for row in confirmations(TENANT):
        value_confirm(
            TENANT,
            rulebook=row.rulebook,
            element=row.element,
            on=row.since,
            confirmed_by="risk",
            note="测试用示例值",
            now=datetime(2020, 9, 1, tzinfo=UTC),
        )
    for rulebook, decision, outcomes in (
        (SUPPLY_MARKET, "nps_ladder", ["hide", "delist"]),
        (SUPPLY_MARKET, "provider_deposit", ["set"]),
        (SHOP_DEPOSIT, "required_deposit", ["set", "raise", "lower"]),
    ):
        standing_order_give(
            TENANT,
            rulebook=rulebook,
            decision=decision,
            outcomes=outcomes,
            note="测试用长期指令",
            ordered_by="risk",
            approved_by="admin",
            from_on=date(2020, 9, 1),
        )


def _money() -> None:
    at = datetime(2025, 7, 1, 2, 0, tzinfo=UTC)
    platform_accounts_open(TENANT, at)
    subject_accounts_open(TENANT, SUBJECTS, at)
    outcomes = transfers_post(
        TENANT,
        [
            Transfer(
                id=uuid5(_IDS, f"pay-in {kind} {subject_id}"),
                debit=clearing_of("bank"),
                credit=deposit_of((kind, subject_id)),
                amount_fen=1_000_000,
                effective_at=at,
                reason=Reason("S3-2.1a", SHOP_DEPOSIT, None, f"receipt R-{subject_id}"),
            )
            for kind, subject_id in SUBJECTS
        ],
        at,
    )
    assert all(each.status == "posted" for each in outcomes)


def _figure(
    measure: str, month: Month, subject: str, counts: tuple[int, int], sample: int
) -> Figure:
    numerator, denominator = counts
    return Figure(
        subject_kind="provider",
        subject=subject,
        measure=measure,
        numerator=numerator,
        denominator=denominator,
        sample=sample,
        pending=0,
        window_from=month.first_day,
        window_to=month.last_day,
        cutoff_at=settled(month),
        state="final" if denominator else "not_assessable",
        dimensions={"adjusted_denominator": denominator - 1} if measure == "shipping48h" else {},
        formula_hash="0" * 64,
    )


def _assess(month: Month) -> None:
    at = settled(month)
    figures: list[Figure] = []
    for subject, good in (("P1", False), ("P2", True)):
        figures += [
            _figure(
                "shipping48h",
                month,
                subject,
                (ORDERS, ORDERS) if good else (ORDERS - LATE, ORDERS),
                ORDERS,
            ),
            _figure("quality_refund30d", month, subject, (2, 1000) if good else (6, 1000), 1000),
            _figure("after_sales_refund_unshipped", month, subject, (9, 9), 9),
            _figure("after_sales_return_stage1", month, subject, (0, 0), 0),
            _figure("nps_composite", month, subject, (4200, 50) if good else (3449, 50), 10),
        ]
    results_record(TENANT, figures, at)
    packs = party_packs(TENANT, SUPPLY_MARKET)
    duties = provider_month.duty_findings(month, figures, packs)
    scores, ladder = nps_judgement(TENANT, month, figures, set())
    findings_record(TENANT, duties + scores, at)
    wanted = ladder + provider_month.notify_decisions(month, duties, packs)
    if month == AUGUST:
        wanted += provider_month.deposit_decisions(
            {"P1": "supply_tool", "P2": "supply_tool"},
            {"P1": 1_000_000, "P2": 1_000_000},
            at.date(),
            packs,
        )
    decide(TENANT, wanted, at)
    tickets_look(TENANT, at + timedelta(days=8))  # nobody has appealed: the fine is taken


def _shops() -> None:
    for month, sales, required in (
        (AUGUST, 4_000_000, (None, None)),
        (OCTOBER, 55_000_000, (1_000_000, 1_000_000)),
    ):
        at = settled(month)
        rows = [
            ShopMonth("S1", sales, ("apparel",), 1_000_000, required[0]),
            ShopMonth("S2", 3_000_000, ("apparel",), 1_000_000, required[1]),
        ]
        results_record(
            TENANT,
            [
                Figure(
                    subject_kind="shop",
                    subject=row.shop_id,
                    measure="sales_month",
                    numerator=row.sales_fen,
                    denominator=1,
                    sample=10,
                    pending=0,
                    window_from=month.first_day,
                    window_to=month.last_day,
                    cutoff_at=at,
                    state="final",
                    dimensions={},
                    formula_hash="0" * 64,
                )
                for row in rows
            ],
            at,
        )
        packs = party_packs(TENANT, SHOP_DEPOSIT)
        decide(TENANT, adjustment_decide(rows, str(month), at.date(), packs).decisions, at)


def _orders() -> None:
    """Bring P1's orders of October into the feed: three of twenty are picked up late."""
    events: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("order_event", "order_line", "parcel", "parcel_trace")
    }
    for number in range(ORDERS):
        paid = datetime(2025, 10, 2, 9, tzinfo=MARKET_ZONE) + timedelta(hours=12 * number)
        picked = paid + timedelta(hours=60 if number < LATE else 20)
        order_id, waybill = f"O{number:04d}", f"W{number:04d}"
        events["order_event"].append(
            {
                "order_id": order_id,
                "state": "paid",
                "source_version": "1",
                "occurred_at": paid.isoformat(),
                "paid_at": paid.isoformat(),
                "shop_id": "S1",
                "amount_paid_fen": 9_900,
            }
        )
        events["order_line"].append(
            {
                "order_id": order_id,
                "line_no": "1",
                "version": "1",
                "occurred_at": paid.isoformat(),
                "provider_id": "P1",
                "category_id": "apparel",
                "qty": 1,
                "line_paid_fen": 9_900,
            }
        )
        events["parcel"].append(
            {
                "carrier": "yto",
                "waybill_no": waybill,
                "direction": "outbound",
                "order_id": order_id,
                "occurred_at": paid.isoformat(),
            }
        )
        events["parcel_trace"].append(
            {
                "carrier": "yto",
                "waybill_no": waybill,
                "node": "picked_up",
                "node_at": picked.isoformat(),
                "occurred_at": picked.isoformat(),
            }
        )
    taken = batches_take(
        TENANT, events, source="urn:earnest:src:test:console", now=settled(OCTOBER), origin="test"
    )
    assert not [each for intake in taken.values() for each in intake.rejected]
