"""What can be asked about departures: lists, the pre-check, the timetable, the bar on return."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from earnest.cases.checks import Check
from earnest.cases.provider_exits import ProviderExitFiling, provider_exit_check
from earnest.departure.models import EXIT, Departure
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.market.queries import provider_get
from earnest.policy import Pack, Refusal
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for
from earnest.violations.queries import matters_open


@dataclass(frozen=True)
class Timetable:
    """The days by which an exit is checked, approved and refunded (S0-3.3)."""

    checked_by: date
    approved_by: date
    refunded_by: date


@dataclass(frozen=True)
class ReturnBar:
    """From when on a provider that left may come back; ``opens_on`` is None where nothing says.

    ``said`` is the rule's own word where it does not tell.
    """

    opens_on: date | None
    said_zh: str = ""
    said_en: str = ""


def departure_get(tenant_id: str, number: str) -> Departure:
    """Return a departure by its number.

    Raises:
        NotFound: there is none.
    """
    return _found(Departure.objects.filter(tenant_id=tenant_id, number=number), number)


def departure_locked(tenant_id: str, number: str) -> Departure:
    """Return a departure with its row locked for this transaction.

    Raises:
        NotFound: there is none.
    """
    rows = Departure.objects.select_for_update().filter(tenant_id=tenant_id, number=number)
    return _found(rows, number)


def _found(rows: QuerySet[Departure], number: str) -> Departure:
    departure = rows.first()
    if departure is None:
        raise NotFound(
            "unknown_departure",
            where=number,
            zh=f"没有编号为 {number} 的退出事项，或您无权查看。",
            en=f"there is no departure {number!r}, or it is not yours to see",
        )
    return departure


def departures_listed(
    tenant_id: str, *, provider_id: str = "", state: str = "", way: str = ""
) -> QuerySet[Departure]:
    """Return departures, newest first, narrowed by provider, state or way."""
    wanted = {"provider_id": provider_id, "state": state, "way": way}
    given = {name: value for name, value in wanted.items() if value}
    return Departure.objects.filter(tenant_id=tenant_id, **given).order_by("-begun_at", "-number")


def departure_open(tenant_id: str, provider_id: str) -> Departure | None:
    """Return the departure of a provider that is under way; None where it does not leave."""
    rows = Departure.objects.filter(tenant_id=tenant_id, provider_id=provider_id, ended_at=None)
    return rows.first()


def exit_precheck(
    tenant_id: str, provider_id: str, *, on_sale: int, running: int, now: datetime
) -> Check:
    """Return each condition of a provider's exit, green or red, with its figures (S0-3.3).

    Takes:
        on_sale: services that are still on sale; no data tells that.
        running: subscriptions that still run; no data tells that either.

    Raises:
        NotFound: there is no such provider.
    """
    filing = ProviderExitFiling(
        actor="",
        on_sale=on_sale,
        running=running,
        matters_open=matters_open(tenant_id, ("provider", provider_id)),
    )
    return provider_exit_check(tenant_id, provider_id, filing, now)


def timetable(tenant_id: str, provider_id: str, applied_on: date) -> Timetable | None:
    """Return by when an exit is dealt with; None where the calendar of working days ends before."""
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id)
    evaluation = pack.evaluate("exit_timetable", {"applied_on": applied_on})
    if evaluation.refusal is not None:
        return None
    days = evaluation.result
    return Timetable(days["checked_by"], days["approved_by"], days["refunded_by"])


def return_bar(tenant_id: str, departure: Departure, now: datetime) -> ReturnBar | None:
    """Return from when on a provider may apply again (S0-3.4); None before it has left."""
    provider = provider_get(tenant_id, departure.provider_id)
    if provider.left_on is None:
        return None
    pack = pack_for(tenant_id, SUPPLY_MARKET, *departure.subject)
    facts = {
        "left_on": provider.left_on,
        "exit_applied_on": departure.begun_on if departure.way == EXIT else provider.left_on,
        "left_by": departure.way,
        "asked_on": day_of(now),
    }
    evaluation = pack.evaluate("reentry_after", facts)
    if evaluation.refusal is not None:
        return _bar_unsaid(pack, evaluation.refusal)
    return ReturnBar(evaluation.result["opens_on"])


def _bar_unsaid(pack: Pack, refusal: Refusal) -> ReturnBar:
    """Say why the rule does not tell, with the title of the value that is missing, not its name."""
    missing = pack.parameters.get(refusal.name)
    title = missing.title if missing is not None else None
    if title is None:
        return ReturnBar(None, refusal.zh, refusal.en)
    zh, en = title.zh, title.get("en")
    return ReturnBar(
        None, refusal.zh.replace(refusal.name, zh), refusal.en.replace(refusal.name, en)
    )
