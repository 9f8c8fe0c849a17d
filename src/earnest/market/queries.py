"""What can be asked about who takes part in a marketplace."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q, QuerySet

from earnest.kernel.errors import NotAllowed, NotFound
from earnest.market.models import Marketplace, Membership, Provider, Shop, ShopCategory
from earnest.market.roles import AMEND, DECIDE, REVIEW, may

Subject = tuple[str, str]  # (kind, id): ("provider", "P001") or ("shop", "S0001")


@dataclass(frozen=True)
class PartyCounts:
    """How many parties take part now."""

    providers: int
    shops: int


def marketplace_get(tenant_id: str) -> Marketplace | None:
    """Return the marketplace, or nothing when it was never opened."""
    return Marketplace.objects.filter(tenant_id=tenant_id).first()


def market_now(tenant_id: str, real_now: datetime) -> datetime:
    """Return the marketplace's present: its simulated time where one is set, else the real one."""
    marketplace = marketplace_get(tenant_id)
    return (marketplace.clock_at if marketplace else None) or real_now


def membership_of(user: AbstractBaseUser | AnonymousUser) -> Membership | None:
    """Return what a signed-in person is here; nothing for strangers and for people without role."""
    if not user.is_authenticated:
        return None
    return Membership.objects.filter(user_id=user.pk).first()


def _unknown(kind_zh: str, kind_en: str, subject_id: str) -> NotFound:
    return NotFound(
        f"unknown_{kind_en}",
        where=subject_id,
        zh=f"没有这个{kind_zh}，或您无权查看。请检查编号。",
        en=f"there is no such {kind_en}, or it is not yours to see; check the id",
    )


def provider_get(tenant_id: str, provider_id: str) -> Provider:
    """Return one provider.

    Raises:
        NotFound: no provider has this id.
    """
    provider = Provider.objects.filter(tenant_id=tenant_id, provider_id=provider_id).first()
    if provider is None:
        raise _unknown("服务商", "provider", provider_id)
    return provider


def shop_get(tenant_id: str, shop_id: str) -> Shop:
    """Return one shop.

    Raises:
        NotFound: no shop has this id.
    """
    shop = Shop.objects.filter(tenant_id=tenant_id, shop_id=shop_id).first()
    if shop is None:
        raise _unknown("店铺", "shop", shop_id)
    return shop


def providers(
    tenant_id: str, *, search: str = "", category: str = "", left: bool | None = None
) -> QuerySet[Provider]:
    """Return providers by id, narrowed by a part of id or name, service category, still here."""
    found = Provider.objects.filter(tenant_id=tenant_id).order_by("provider_id")
    if search:
        found = found.filter(
            Q(provider_id__icontains=search)
            | Q(name__icontains=search)
            | Q(entity_name__icontains=search)
        )
    if category:
        found = found.filter(service_category=category)
    if left is not None:
        found = found.filter(left_on__isnull=not left)
    return found


def service_categories(tenant_id: str) -> list[str]:
    """Return the service categories that providers of this market have, in order."""
    return list(
        Provider.objects.filter(tenant_id=tenant_id)
        .exclude(service_category="")
        .order_by("service_category")
        .values_list("service_category", flat=True)
        .distinct()
    )


def shops(tenant_id: str, *, search: str = "", category: str = "") -> QuerySet[Shop]:
    """Return shops by id, narrowed by a part of id or name and by a category now open."""
    found = Shop.objects.filter(tenant_id=tenant_id).order_by("shop_id")
    if search:
        found = found.filter(
            Q(shop_id__icontains=search)
            | Q(name__icontains=search)
            | Q(entity_name__icontains=search)
        )
    if category:
        open_in = ShopCategory.objects.filter(
            tenant_id=tenant_id, category_id=category, closed_on=None
        )
        found = found.filter(shop_id__in=open_in.values("shop_id"))
    return found


def open_categories(tenant_id: str, shop_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the categories that each of the shops has open now."""
    found: dict[str, list[str]] = {}
    rows = ShopCategory.objects.filter(
        tenant_id=tenant_id, shop_id__in=list(shop_ids), closed_on=None
    )
    for shop_id, category_id in rows.order_by("category_id").values_list("shop_id", "category_id"):
        found.setdefault(shop_id, []).append(category_id)
    return found


def categories_in_use(tenant_id: str) -> list[str]:
    """Return the shop categories that anyone has open now, in order."""
    return list(
        ShopCategory.objects.filter(tenant_id=tenant_id, closed_on=None)
        .order_by("category_id")
        .values_list("category_id", flat=True)
        .distinct()
    )


def party_names(tenant_id: str, subjects: Iterable[Subject]) -> dict[Subject, str]:
    """Return the names of parties, in at most two queries; unknown ones are left out."""
    wanted: dict[str, set[str]] = {}
    for kind, subject_id in subjects:
        wanted.setdefault(kind, set()).add(subject_id)
    names: dict[Subject, str] = {}
    if ids := wanted.get("provider"):
        rows = Provider.objects.filter(tenant_id=tenant_id, provider_id__in=ids)
        for subject_id, name in rows.values_list("provider_id", "name"):
            names["provider", subject_id] = name
    if ids := wanted.get("shop"):
        rows_of_shops = Shop.objects.filter(tenant_id=tenant_id, shop_id__in=ids)
        for subject_id, name in rows_of_shops.values_list("shop_id", "name"):
            names["shop", subject_id] = name
    return names


def party_counts(tenant_id: str) -> PartyCounts:
    """Count the providers and shops that have not left."""
    return PartyCounts(
        providers=Provider.objects.filter(tenant_id=tenant_id, left_on=None).count(),
        shops=Shop.objects.filter(tenant_id=tenant_id, closed_on=None).count(),
    )


def decider_named(tenant_id: str, username: str) -> str:
    """Return the name of a person who may decide.

    Raises:
        NotAllowed: when there is no such person here, or its role may not decide.
    """
    if not _person_may(tenant_id, username, DECIDE):
        raise NotAllowed(
            "not_a_decider",
            where=username,
            zh=f"“{username}”不是这里有审批权限的人员；请用 earnest person 登记其角色。",
            en=f"{username!r} is nobody who may decide here; earnest person gives a role",
        )
    return username


def amender_named(tenant_id: str, username: str) -> str:
    """Return the name of a person who may bring amendments of rulebooks on their way.

    Raises:
        NotAllowed: when there is no such person here, or its role may not.
    """
    if not _person_may(tenant_id, username, AMEND):
        raise NotAllowed(
            "not_an_amender",
            where=username,
            zh=f"“{username}”不是这里可以修改规则的人员；请用 earnest person 登记其角色。",
            en=f"{username!r} is nobody who may amend rules here; earnest person gives a role",
        )
    return username


def reviewer_named(tenant_id: str, username: str) -> str:
    """Return the name of a person who may review.

    Raises:
        NotAllowed: when there is no such person here, or its role may not.
    """
    if not _person_may(tenant_id, username, REVIEW):
        raise NotAllowed(
            "not_a_reviewer",
            where=username,
            zh=f"“{username}”不是这里有审核权限的人员；请用 earnest person 登记其角色。",
            en=f"{username!r} is nobody who may review here; earnest person gives a role",
        )
    return username


def _person_may(tenant_id: str, username: str, permission: str) -> bool:
    found = Membership.objects.filter(tenant_id=tenant_id, user__username=username).first()
    return found is not None and may(found.role, permission)
