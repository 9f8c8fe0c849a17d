"""Categories and shops opened and closed here, by a case, and not told by the feed."""

from datetime import date

from django.db import transaction
from django.db.models import Q

from earnest.kernel.errors import Conflict
from earnest.market.models import Shop, ShopCategory


@transaction.atomic
def category_open(tenant_id: str, shop_id: str, category: str, on: date) -> ShopCategory:
    """Open a category of a shop from a day on; one that is open stays as it is (S3-2.2c)."""
    standing = ShopCategory.objects.filter(
        tenant_id=tenant_id, shop_id=shop_id, category_id=category, closed_on=None
    ).first()
    if standing is not None:
        return standing
    row, created = ShopCategory.objects.get_or_create(
        tenant_id=tenant_id, shop_id=shop_id, category_id=category, opened_on=on
    )
    if not created:  # closed and opened again on one day
        row.closed_on = None
        row.save(update_fields=["closed_on"])
    return row


@transaction.atomic
def category_shut(tenant_id: str, shop_id: str, category: str, on: date) -> None:
    """Close an open category of a shop from a day on (S3-6.1a).

    Raises:
        Conflict: it is not open.
    """
    closed = ShopCategory.objects.filter(
        tenant_id=tenant_id, shop_id=shop_id, category_id=category, closed_on=None
    ).update(closed_on=on)
    if not closed:
        raise Conflict(
            "category_not_open",
            where=f"shop:{shop_id}/{category}",
            zh="这个类目没有开通，无需关闭；请核对类目。",
            en="this category is not open, so it cannot be closed; check its name",
        )


@transaction.atomic
def shop_shut(tenant_id: str, shop_id: str, on: date) -> None:
    """Close a shop with all its categories from a day on; a closed one stays as it is (S3-6.2a)."""
    Shop.objects.filter(tenant_id=tenant_id, shop_id=shop_id, closed_on=None).update(closed_on=on)
    ShopCategory.objects.filter(tenant_id=tenant_id, shop_id=shop_id, closed_on=None).update(
        closed_on=on
    )


def categories_ever(tenant_id: str, shop_id: str, on: date) -> dict[str, bool]:
    """Return every category that a shop had opened by a day, and whether it is open on it."""
    rows = ShopCategory.objects.filter(
        Q(opened_on__lte=on), tenant_id=tenant_id, shop_id=shop_id
    ).values_list("category_id", "closed_on")
    found: dict[str, bool] = {}
    for category, closed_on in rows:
        is_open = closed_on is None or closed_on > on
        found[category] = found.get(category, False) or is_open
    return found
