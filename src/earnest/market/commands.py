"""What changes about who takes part: marketplaces, people, and the parties the feed tells of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import duckdb
from django.contrib.auth.models import User
from django.db import transaction

from earnest.feed.queries import event_files
from earnest.kernel.calendar import day_of, instant_of
from earnest.kernel.errors import BadInput, Conflict
from earnest.market.models import (
    Marketplace,
    Membership,
    Provider,
    ReservedProvider,
    Shop,
    ShopCategory,
)
from earnest.market.roles import PARTY_ROLES, PERMISSIONS
from earnest.market.sign_in_tries import tries_forget

PROVIDER_EVENTS = """
SELECT provider_id, action, at_us, name, entity_name, service_category, controller_ref
FROM read_parquet($files) ORDER BY at_us, provider_id, action
"""
SHOP_EVENTS = """
SELECT shop_id, action, at_us, category_id, name, entity_name, subject_type
FROM read_parquet($files) ORDER BY at_us, shop_id, action, category_id
"""


def marketplace_open(tenant_id: str, *, name_zh: str, name_en: str) -> Marketplace:
    """Open a marketplace, or return the one that is open under this id."""
    marketplace, _ = Marketplace.objects.get_or_create(
        tenant_id=tenant_id, defaults={"name_zh": name_zh, "name_en": name_en}
    )
    return marketplace


def clock_set(tenant_id: str, at: datetime | None) -> None:
    """Set the simulated time of a marketplace, or take it away."""
    Marketplace.objects.filter(tenant_id=tenant_id).update(clock_at=at)


@transaction.atomic
def person_add(
    tenant_id: str, username: str, password: str, *, role: str, subject: tuple[str, str] = ("", "")
) -> Membership:
    """Give a person a sign-in with a role; a party's person also gets the party.

    Raises:
        BadInput: unknown role, or a party role without its party.
        Conflict: the name is that of a person of another marketplace.
    """
    if role not in PERMISSIONS:
        raise BadInput(
            "unknown_role",
            where=username,
            zh=f"没有“{role}”这个角色；可用：{'、'.join(sorted(PERMISSIONS))}。",
            en=f"there is no role {role!r}; choose one of {', '.join(sorted(PERMISSIONS))}",
        )
    if role in PARTY_ROLES and (subject[0] != PARTY_ROLES[role] or not subject[1]):
        raise BadInput(
            "party_missing",
            where=username,
            zh=f"角色“{role}”必须指明所属主体（{PARTY_ROLES[role]}）。",
            en=f"the role {role!r} needs the {PARTY_ROLES[role]} it belongs to",
        )
    user, is_new = User.objects.get_or_create(username=username)
    if not is_new and not Membership.objects.filter(user=user, tenant_id=tenant_id).exists():
        raise Conflict(
            "username_taken",
            where=username,
            zh="这个登录名已被另一个市场使用；请换一个。",
            en="the sign-in belongs to a person of another marketplace; choose another name",
        )
    user.set_password(password)
    user.save()
    tries_forget(username)
    membership, _ = Membership.objects.update_or_create(
        user=user,
        defaults={
            "tenant_id": tenant_id,
            "role": role,
            "subject_kind": subject[0],
            "subject_id": subject[1],
        },
    )
    return membership


def _rows(query: str, files: Sequence[str]) -> Iterable[dict[str, Any]]:
    if not files:
        return []
    with duckdb.connect() as connection:
        result = connection.execute(query, {"files": list(files)})
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _day(micros: int) -> date:
    return day_of(instant_of(micros))


def _providers_follow(tenant_id: str) -> int:
    known = {
        provider.provider_id: provider
        for provider in Provider.objects.filter(tenant_id=tenant_id).select_for_update()
    }
    # Who was invited here takes part from its opening on, and not when the feed says so.
    reserved = set(
        ReservedProvider.objects.filter(tenant_id=tenant_id).values_list("provider_id", flat=True)
    )
    new: list[Provider] = []
    left: list[Provider] = []
    for row in _rows(PROVIDER_EVENTS, event_files(tenant_id, "provider_event")):
        provider_id = row["provider_id"]
        if row["action"] == "admitted" and provider_id not in known and provider_id not in reserved:
            known[provider_id] = Provider(
                tenant_id=tenant_id,
                provider_id=provider_id,
                name=row["name"] or provider_id,
                entity_name=row["entity_name"] or "",
                service_category=row["service_category"] or "",
                controller_ref=row["controller_ref"] or "",
                admitted_on=_day(row["at_us"]),
            )
            new.append(known[provider_id])
        elif row["action"] in {"removed", "exited"} and provider_id in known:
            provider = known[provider_id]
            if provider.left_on is None:
                provider.left_on = _day(row["at_us"])
                left.append(provider)
    already_stored = [provider for provider in left if provider.pk]
    Provider.objects.bulk_create(new)
    Provider.objects.bulk_update(already_stored, ["left_on"])
    return len(new) + len(left)


def _shops_follow(tenant_id: str, events: Iterable[Mapping[str, Any]]) -> int:
    known = {shop.shop_id: shop for shop in Shop.objects.filter(tenant_id=tenant_id)}
    new: list[Shop] = []
    closed: list[Shop] = []
    for row in events:
        shop = known.get(row["shop_id"])
        if row["action"] == "opened" and shop is None:
            shop = Shop(
                tenant_id=tenant_id,
                shop_id=row["shop_id"],
                name=row["name"] or row["shop_id"],
                entity_name=row["entity_name"] or "",
                subject_type=row["subject_type"] or "enterprise",
                opened_on=_day(row["at_us"]),
            )
            known[shop.shop_id] = shop
            new.append(shop)
        elif row["action"] == "closed" and shop is not None and shop.closed_on is None:
            shop.closed_on = _day(row["at_us"])
            closed.append(shop)
    already_stored = [shop for shop in closed if shop.pk]
    Shop.objects.bulk_create(new)
    Shop.objects.bulk_update(already_stored, ["closed_on"])
    return len(new) + len(closed)


def _categories_follow(tenant_id: str, events: Iterable[Mapping[str, Any]]) -> int:
    """Replay the opening and closing of categories and write what is new or newly closed."""
    open_spans: dict[tuple[str, str], ShopCategory] = {}
    spans: dict[tuple[str, str, date], ShopCategory] = {
        (span.shop_id, span.category_id, span.opened_on): span
        for span in ShopCategory.objects.filter(tenant_id=tenant_id)
    }
    new: list[ShopCategory] = []
    closed: list[ShopCategory] = []
    for row in events:
        key, day = (row["shop_id"], row["category_id"]), _day(row["at_us"])
        if row["action"] == "category_opened" and key not in open_spans:
            span = spans.get((*key, day))
            if span is None:
                span = ShopCategory(
                    tenant_id=tenant_id, shop_id=key[0], category_id=key[1], opened_on=day
                )
                new.append(span)
            open_spans[key] = span
        elif row["action"] == "category_closed" and key in open_spans:
            span = open_spans.pop(key)
            if span.closed_on is None:
                span.closed_on = day
                closed.append(span)
    already_stored = [span for span in closed if span.pk]
    ShopCategory.objects.bulk_create(new)
    ShopCategory.objects.bulk_update(already_stored, ["closed_on"])
    return len(new) + len(closed)


@transaction.atomic
def parties_follow(tenant_id: str) -> int:
    """Bring providers, shops and their categories up to what the feed tells; return the changes."""
    changed = _providers_follow(tenant_id)
    events = list(_rows(SHOP_EVENTS, event_files(tenant_id, "shop_event")))
    return changed + _shops_follow(tenant_id, events) + _categories_follow(tenant_id, events)


def provider_leave(tenant_id: str, provider_id: str, on: date) -> None:
    """Record that a provider has left the market, by removal or by its own wish."""
    Provider.objects.filter(tenant_id=tenant_id, provider_id=provider_id, left_on=None).update(
        left_on=on
    )


def provider_return(tenant_id: str, provider_id: str) -> None:
    """Let a provider take part again whose removal was reversed, as if it had never left."""
    Provider.objects.filter(tenant_id=tenant_id, provider_id=provider_id).update(left_on=None)
