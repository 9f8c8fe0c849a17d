"""One month, one appeal: a figure is disputed once, whichever tickets name it."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection

from earnest.appeals.appealing import Appealable, appealable
from earnest.appeals.filing import appeal_withdraw
from earnest.appeals.models import Appeal
from earnest.consequences.sanctions import tickets_look
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import NotAllowed
from earnest.tickets.models import Ticket, TicketItem
from tests.appeals.scene import (
    AUGUST,
    LOW,
    P1,
    SEPTEMBER,
    YUAN,
    filed,
    heard,
    money,
    month_judge,
    sound,
    tenant_new,
    ticket_of,
    window_over,
)

pytestmark = pytest.mark.django_db


def _two_tickets(tenant: str, *, appealed_first: bool) -> tuple[Ticket, Ticket, Appeal | None]:
    """Judge two low months; the first is appealed against before the second is judged, or not."""
    hidden = month_judge(tenant, AUGUST, LOW)
    appeal = filed(tenant, ticket_of(hidden), AUGUST) if appealed_first else None
    delisted = month_judge(tenant, SEPTEMBER, LOW)
    return ticket_of(hidden), ticket_of(delisted), appeal


def _row(ticket: Ticket, month: Month) -> Appealable:
    name = f"nps_composite {month.last_day.isoformat()}"
    rows = appealable(ticket, day_of(ticket.told_at))
    return next(each for each in rows if each.item.about == name)


@pytest.mark.clause("S0-2.2.6", "S0-2.2.5-5b")
def test_a_month_under_appeal_is_not_appealed_against_on_the_next_ticket() -> None:
    """The refusal names it, nothing is used up, and the next ticket's money waits for it."""
    tenant = tenant_new()
    _, second, appeal = _two_tickets(tenant, appealed_first=True)
    assert appeal is not None
    row = _row(second, AUGUST)
    assert (row.refusal.code, row.earlier, row.left) == ("fact_under_appeal", appeal.number, 1)
    with pytest.raises(NotAllowed, match=appeal.number):
        filed(tenant, second, AUGUST)
    assert Appeal.objects.filter(tenant_id=tenant).count() == 1
    assert _row(second, SEPTEMBER).refusal is None
    assert second.number not in tickets_look(tenant, second.told_at + timedelta(days=20)).enforced
    heard(appeal, second.told_at + timedelta(days=21), verdict="upheld")
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)
    assert tickets_look(tenant, second.told_at + timedelta(days=22)).enforced == (second.number,)
    assert money(tenant) == (2_500 * YUAN, 0, 7_500 * YUAN)
    sound(tenant)


@pytest.mark.clause("S0-2.2.6")
def test_what_was_decided_of_a_month_counts_on_every_ticket() -> None:
    """It stands: neither ticket may be appealed against for it again, in either order."""
    tenant = tenant_new()
    first, second, _ = _two_tickets(tenant, appealed_first=False)
    appeal = heard(filed(tenant, second, AUGUST), second.told_at + timedelta(days=1),
                   verdict="upheld")  # fmt: skip
    row = _row(first, AUGUST)
    assert row.refusal.code == "fact_decided"
    assert appeal.number in row.refusal.zh
    assert appeal.number in row.refusal.en
    assert row.earlier == appeal.number
    sound(tenant)


def test_an_upheld_appeal_settles_the_month_everywhere() -> None:
    """Both tickets that name it fall with it; nothing of it is left to appeal against."""
    tenant = tenant_new()
    first, second, _ = _two_tickets(tenant, appealed_first=False)
    heard(filed(tenant, first, AUGUST), second.told_at)
    states = dict(Ticket.objects.filter(tenant_id=tenant).values_list("number", "state"))
    assert (states[first.number], states[second.number]) == ("reversed", "reversed")
    (instead,) = set(states) - {first.number, second.number}
    names = Ticket.objects.get(tenant_id=tenant, number=instead).items.values_list("about")
    assert list(names) == [("nps_composite 2025-09-30",)]
    sound(tenant)


def test_what_was_withdrawn_settles_nothing_elsewhere() -> None:
    """The chance on its own ticket is used; on the next ticket the month may be disputed."""
    tenant = tenant_new()
    first, second, appeal = _two_tickets(tenant, appealed_first=True)
    appeal_withdraw(tenant, appeal.number, P1, actor="p1", now=second.told_at)
    assert _row(first, AUGUST).left == 0
    assert _row(second, AUGUST).refusal is None
    assert filed(tenant, second, AUGUST).state == "filed"
    window_over(tenant, second.told_at)
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)


def test_appeals_from_before_figures_were_marked_are_marked_by_the_migration() -> None:
    """Every ticket that names the figure is marked, and none that does not."""
    tenant = tenant_new()
    first, second, _ = _two_tickets(tenant, appealed_first=True)
    rows = TicketItem.objects.filter(tenant_id=tenant)
    rows.update(under_appeal=False)
    with connection.cursor() as cursor:
        cursor.execute(import_module("earnest.appeals.migrations.0002_figures_marked").MARK)
    marked = rows.filter(under_appeal=True).values_list("ticket__number", "about")
    assert set(marked) == {(each.number, "nps_composite 2025-08-31") for each in (first, second)}
