"""A market with two providers and shops that bought from them in October 2025."""

from datetime import UTC, date, datetime

from earnest.feed.commands import batches_take
from earnest.kernel.calendar import Month
from earnest.market.models import Provider, Shop
from earnest.surveys.answering import NewAnswer, answer_give
from earnest.surveys.commands import NewCampaign, campaign_draft, campaign_schedule
from earnest.surveys.inviting import respondents_invite
from earnest.surveys.models import LIST, NAMED, Answer, Campaign, Invitation
from earnest.surveys.respondents import Respondent

TENANT = "survey-tests"
MONTH = Month(2025, 10)
OPENS, CLOSES = date(2025, 10, 18), date(2025, 10, 31)
BEFORE = datetime(2025, 10, 10, 4, tzinfo=UTC)
NOW = datetime(2025, 10, 20, 4, tzinfo=UTC)
OVER = datetime(2025, 10, 31, 16, tzinfo=UTC)
"""Midnight of the first of November in Shanghai: the campaign is over."""
ITEMS = ("information", "goods", "shipping", "after_sales", "replies")


def parties(tenant: str = TENANT, shops: int = 8) -> None:
    """Let P1 and P2 take part; S1 belongs to the entity of P1."""
    for number in (1, 2):
        Provider.objects.create(
            tenant_id=tenant,
            provider_id=f"P{number}",
            name=f"服务商 {number}",
            entity_name=f"供货{number}（杭州）有限公司",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 6),
        )
    for number in range(1, shops + 1):
        Shop.objects.create(
            tenant_id=tenant,
            shop_id=f"S{number}",
            name=f"店铺 {number}",
            entity_name="供货1(杭州)有限公司" if number == 1 else f"商家{number}有限公司",
            opened_on=date(2025, 1, 6),
        )


def order(number: int, shop: str, provider: str, paid_at: str, tenant: str = TENANT) -> None:
    """Bring one paid order into the feed."""
    batches_take(
        tenant,
        {
            "order_event": [
                {
                    "order_id": f"O{number}", "state": "paid", "paid_at": paid_at,
                    "occurred_at": paid_at, "shop_id": shop, "amount_paid_fen": 1000,
                }
            ],
            "order_line": [
                {
                    "order_id": f"O{number}", "line_no": "1", "provider_id": provider,
                    "shop_id": shop, "qty": 1, "line_paid_fen": 1000, "occurred_at": paid_at,
                }
            ],
        },
        source="urn:test:shopdesk",
        now=BEFORE,
        origin="test",
    )  # fmt: skip


def charge(number: int, shop: str, provider: str, at: str, tenant: str = TENANT) -> None:
    """Bring one charge for a service into the feed."""
    row = {
        "service_order_id": f"C{number}", "state": "paid", "occurred_at": at,
        "provider_id": provider, "shop_id": shop, "paid_fen": 9900,
    }  # fmt: skip
    batches_take(
        tenant, {"charge_event": [row]}, source="urn:test:shopdesk", now=BEFORE, origin="test"
    )


def listed(names: int = 6, provider: str = "P1", tenant: str = TENANT) -> Campaign:
    """Open a campaign by list: so many respondents are asked about a provider."""
    new = NewCampaign(MONTH, OPENS, CLOSES, asks=LIST, remind_after_days=3)
    campaign = campaign_draft(tenant, new, "chen", BEFORE)
    asked = [Respondent(provider, NAMED, f"merchant-{number}") for number in range(names)]
    respondents_invite(campaign, asked, "chen", BEFORE)
    return campaign_schedule(campaign, "chen", NOW)


def asked_of(campaign: Campaign, provider: str = "P1") -> list[Invitation]:
    """Return the invitations about a provider, by name."""
    return list(campaign.invitations.filter(provider_id=provider).order_by("who"))


def said(*scores: str, overall: str = "8", **more: object) -> NewAnswer:
    """Return an answer: one score for all items, or one for each."""
    given = scores * len(ITEMS) if len(scores) == 1 else scores
    return NewAnswer(dict(zip(ITEMS, given, strict=True)), overall, **more)  # type: ignore[arg-type]


def answered(campaign: Campaign, *answers: NewAnswer, provider: str = "P1") -> list[Answer]:
    """Let the first respondents answer."""
    pairs = zip(asked_of(campaign, provider), answers, strict=False)
    return [answer_give(invitation, each, NOW) for invitation, each in pairs]
