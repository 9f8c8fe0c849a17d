"""Who takes part in the market on a day, for the rooms that assess everybody."""

from datetime import date

from django.db.models import Q

from earnest.market.models import Provider, Shop, ShopCategory


def providers_taking_part(tenant_id: str, on: date) -> list[Provider]:
    """Return the providers admitted by a day and not gone by it, by id."""
    return list(
        Provider.objects.filter(
            Q(left_on=None) | Q(left_on__gt=on), tenant_id=tenant_id, admitted_on__lte=on
        ).order_by("provider_id")
    )


def shops_taking_part(tenant_id: str, on: date) -> list[Shop]:
    """Return the shops open on a day, by id."""
    return list(
        Shop.objects.filter(
            Q(closed_on=None) | Q(closed_on__gt=on), tenant_id=tenant_id, opened_on__lte=on
        ).order_by("shop_id")
    )


def categories_open(tenant_id: str, on: date) -> dict[str, list[str]]:
    """Return the categories each shop has open on a day, sorted."""
    rows = ShopCategory.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=on), tenant_id=tenant_id, opened_on__lte=on
    ).values_list("shop_id", "category_id")
    found: dict[str, set[str]] = {}
    for shop_id, category_id in rows:
        found.setdefault(shop_id, set()).add(category_id)
    return {shop_id: sorted(categories) for shop_id, categories in found.items()}


def subjects_all(tenant_id: str) -> list[tuple[str, str]]:
    """Return every provider and shop that ever took part, as (kind, id)."""
    providers = Provider.objects.filter(tenant_id=tenant_id).values_list("provider_id", flat=True)
    shops = Shop.objects.filter(tenant_id=tenant_id).values_list("shop_id", flat=True)
    return [("provider", each) for each in sorted(providers)] + [
        ("shop", each) for each in sorted(shops)
    ]
