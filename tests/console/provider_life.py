"""The market in which one provider's whole life is played, and what happens to it between pages."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from earnest.admission.evidence import Brought, evidence_accept, evidence_bring
from earnest.admission.figures import NORMS
from earnest.admission.models import Application
from earnest.assessment.commands import cycle_run, month_settled_at
from earnest.cases.daily import deposits_look
from earnest.decisions.commands import standing_order_give
from earnest.departure.daily import departures_look
from earnest.deposits.accounts import platform_accounts_open
from earnest.documents.commands import NewDocument, document_add
from earnest.feed.commands import events_take
from earnest.kernel.calendar import MARKET_ZONE, Month
from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.payouts.commands import payee_verify
from earnest.rulebooks.commands import value_confirm
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET
from earnest.rulebooks.queries import confirmations
from tests.console.market import PASSWORD

TENANT = "main"
ENTITY = "杭州好货供应链有限公司"
BEGINS = datetime(2025, 9, 1, 2, tzinfo=UTC)
MONTHS = (Month(2025, 10), Month(2025, 11), Month(2025, 12))
STAFF = ("risk", "finance", "admin", "service")
ITEMS = ("information", "goods", "shipping", "after_sales", "replies")
RESPONDENTS = 8
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def market_open() -> None:
    """Open the market: staff, confirmed samples, and a standing order for hiding and delisting.

    The order was given by two persons who take no part in the play, so that those who play may
    hear an appeal.
    """
    marketplace_open(TENANT, name_zh="示例货源市场", name_en="Sample supply market")
    clock_set(TENANT, BEGINS)
    platform_accounts_open(TENANT, BEGINS)
    for name in STAFF:
        person_add(TENANT, name, PASSWORD, role=name)
    for row in confirmations(TENANT):
        value_confirm(
            TENANT, rulebook=row.rulebook, element=row.element, on=row.since, confirmed_by="risk",
            approved_by="finance", note="示例值", now=datetime(2020, 9, 1, tzinfo=UTC),
        )  # fmt: skip
    standing_order_give(
        TENANT, rulebook=SUPPLY_MARKET, decision="nps_ladder", outcomes=["hide", "delist"],
        note="前两级自动执行", ordered_by="head-of-risk", approved_by="head-of-finance",
        from_on=date(2025, 7, 19),
    )  # fmt: skip
    assert SHOP_DEPOSIT


def evidence_brought(application: Application, requirements: Iterable[str]) -> None:
    """Bring a paper for each requirement, and the figure that it asks for, as its form does."""
    for requirement in requirements:
        paper = NewDocument(application.subject, "证明.pdf", PDF, application.applicant)
        document = document_add(TENANT, paper, BEGINS).id
        figure = (100, 100) if requirement in NORMS else None
        brought = Brought(statement="见附件", documents=(document,), figure=figure)
        evidence_bring(
            TENANT, application.number, requirement, brought, application.applicant, BEGINS
        )


def evidence_accepted(application: Application, requirements: Iterable[str]) -> None:
    """Accept what was brought, as the reviewer's form does."""
    for requirement in requirements:
        evidence_accept(TENANT, application.number, requirement, "service", BEGINS)


def month_answered(provider_id: str, month: Month) -> None:
    """Let eight merchants answer the survey of a month: 6 points on everything."""
    at = datetime(month.year, month.number, 25, 12, tzinfo=MARKET_ZONE)
    rows: list[dict[str, Any]] = [
        {
            "campaign_id": f"C{month}", "respondent_id": f"R{number}", "provider_id": provider_id,
            "dimension": item, "score": "6.0", "answered_at": at.isoformat(),
            "occurred_at": at.isoformat(),
        }
        for number in range(RESPONDENTS)
        for item in ITEMS
    ]  # fmt: skip
    intake = events_take(
        TENANT, "survey_answer", rows, source="urn:earnest:src:test:life", now=at, origin="test"
    )
    assert not intake.rejected


def month_assessed(provider_id: str, month: Month) -> datetime:
    """Answer and assess a month; the market's clock stands at its assessment then."""
    month_answered(provider_id, month)
    now = month_settled_at(month)
    clock_set(TENANT, now)
    cycle_run(TENANT, month, now=now)
    return now


def days_pass(now: datetime, days: int) -> datetime:
    """Let days pass, with the looks that the worker takes."""
    later = now + timedelta(days=days)
    clock_set(TENANT, later)
    deposits_look(TENANT, later)
    departures_look(TENANT, later)
    return later


def account_verified(provider_id: str, now: datetime) -> None:
    """Have an account in the entity's name verified by finance."""
    payee_verify(
        TENANT, ("provider", provider_id), rail="alipay_transfer", identity="2088000000000001",
        name=ENTITY, by="finance", now=now,
    )  # fmt: skip
