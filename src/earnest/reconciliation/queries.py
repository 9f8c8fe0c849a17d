"""What can be asked about the reconciliation: days, items and their story."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, QuerySet

from earnest.kernel.errors import NotFound
from earnest.reconciliation.models import Item, ItemStep, Statement, StatementLine


@dataclass(frozen=True)
class DayRow:
    """A day of a rail in the list of days: statements, their lines, and what of it is open."""

    rail: str
    day: date
    statements: int
    lines: int
    bad: int
    items: int
    open: int
    explained: int


def item_get(tenant_id: str, item_id: UUID, *, locked: bool = False) -> Item:
    """Return an item; locked, for the rest of the transaction.

    Raises:
        NotFound: ``unknown_item``.
    """
    rows = Item.objects.select_for_update() if locked else Item.objects
    item = rows.filter(tenant_id=tenant_id, id=item_id).first()
    if item is None:
        raise NotFound(
            "unknown_item",
            where=str(item_id),
            zh="没有这个对账项；请检查编号。",
            en="there is no such item of the reconciliation; check its id",
        )
    return item


def items_open(tenant_id: str, rail: str = "") -> QuerySet[Item]:
    """Return what is open (at a rail), the oldest first."""
    rows = Item.objects.filter(tenant_id=tenant_id, state="open")
    return (rows.filter(rail=rail) if rail else rows).order_by("first_on", "rail", "id")


def item_steps(item: Item) -> QuerySet[ItemStep]:
    """Return what happened to an item, oldest first."""
    return item.steps.order_by("id")


def days_listed(tenant_id: str, rail: str = "", limit: int = 60) -> list[DayRow]:
    """Return the days that a statement was imported for, the newest first."""
    statements = Statement.objects.filter(tenant_id=tenant_id)
    if rail:
        statements = statements.filter(rail=rail)
    found: dict[tuple[str, date], list[Statement]] = {}
    for each in statements.order_by("-day", "rail")[: limit * 2]:
        found.setdefault((each.rail, each.day), []).append(each)
    lines = {
        (row["rail"], row["day"]): row["n"]
        for row in StatementLine.objects.filter(tenant_id=tenant_id)
        .values("rail", "day")
        .annotate(n=Count("id"))
    }
    rows = []
    for (of_rail, day), files in list(found.items())[:limit]:
        items = Item.objects.filter(tenant_id=tenant_id, rail=of_rail, days__contains=[day])
        states = list(items.exclude(outcome="joined").values_list("state", flat=True))
        rows.append(
            DayRow(
                rail=of_rail,
                day=day,
                statements=len(files),
                lines=lines.get((of_rail, day), 0),
                bad=sum(len(each.bad) for each in files),
                items=len(states),
                open=states.count("open"),
                explained=states.count("explained"),
            )
        )
    return rows
