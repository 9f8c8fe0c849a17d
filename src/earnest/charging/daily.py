"""The daily look at charges: each held against what is filed, differences reported once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q

from earnest.charging.charges import Charge, charges_between
from earnest.charging.comparing import KINDS, BaseDays, Compared, PlanInForce, charge_compared
from earnest.charging.models import BaseFunction, ChargeLine, ChargingPlan, Difference
from earnest.charging.reporting import differences_report
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import Problem
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import party_names
from earnest.policy import Evaluation
from earnest.rulebooks.packs import SUPPLY_MARKET, edition_keep, pack_for

LOOK_BACK_DAYS: Final = 92
"""So far back charges are looked at again, for what came in late: a quarter of a plan."""

PROBLEMS_MAX: Final = 50
Group = tuple[str, str, str, str]  # provider, plan code, month, kind


@dataclass(frozen=True)
class ChargingLook:
    """What a look at the charges did.

    Attributes:
        charges: how many were looked at.
        lines: charges that differ and were not known yet.
        differences: groups of them that are new: one provider, plan, month and kind each.
        reports: violation reports made of what was not reported yet, offers included.
        problems: charges that cannot be held against anything, and why; at most the first fifty.
    """

    charges: int
    lines: int
    differences: int
    reports: int
    problems: tuple[Problem, ...] = ()

    def counts(self) -> dict[str, int]:
        """Return the numbers by name, for a row of a table."""
        return {
            "charges": self.charges,
            "lines": self.lines,
            "differences": self.differences,
            "reports": self.reports,
            "problems": len(self.problems),
        }


@transaction.atomic
def charging_look(tenant_id: str, now: datetime) -> ChargingLook:
    """Hold the charges of the last quarter against what is filed; again at once does nothing new.

    Clauses: S0-2.1-mr2, S0-2.2.4b, S0-2.2.4d, S0-2.2.4e.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"charging_look:{tenant_id}"]
        )
    today = day_of(now)
    charges = charges_between(tenant_id, today - timedelta(days=LOOK_BACK_DAYS), today, now)
    named, problems = _named(tenant_id, charges)
    groups = _grouped(tenant_id, named)
    lines = differences = 0
    for group, compared in sorted(groups.items()):
        is_new, added = _group_keep(tenant_id, group, compared, now)
        differences += is_new
        lines += added
    reports = differences_report(tenant_id, now)
    return ChargingLook(len(charges), lines, differences, reports, tuple(problems[:PROBLEMS_MAX]))


def plans_in_force(tenant_id: str, providers: Iterable[str]) -> list[PlanInForce]:
    """Return every version that was ever approved, with the days on which it counted."""
    rows = ChargingPlan.objects.filter(
        tenant_id=tenant_id, provider_id__in=list(providers), effective_on__isnull=False
    )
    return [
        PlanInForce(
            row.number, row.provider_id, row.plan_code, row.version, row.price_fen,
            row.price_there_fen, row.effective_on, row.ended_on,
        )
        for row in rows.order_by("number")
        if row.effective_on is not None
    ]  # fmt: skip


def _named(tenant_id: str, charges: Sequence[Charge]) -> tuple[list[Charge], list[Problem]]:
    """Part the charges that name a known provider and a plan from those that do not."""
    wanted = {("provider", each.provider_id) for each in charges if each.provider_id}
    known = party_names(tenant_id, wanted)
    named: list[Charge] = []
    problems: list[Problem] = []
    for charge in charges:
        if not charge.provider_id or ("provider", charge.provider_id) not in known:
            problems.append(_unknown_provider(charge))
        elif not charge.plan_code:
            problems.append(_no_code(charge))
        else:
            named.append(charge)
    return named, problems


def _grouped(tenant_id: str, charges: Sequence[Charge]) -> dict[Group, list[Compared]]:
    providers = {each.provider_id for each in charges}
    plans: dict[tuple[str, str], list[PlanInForce]] = defaultdict(list)
    for plan in plans_in_force(tenant_id, providers):
        plans[plan.provider_id, plan.plan_code].append(plan)
    bases = [
        BaseDays(row.provider_id, row.plan_code, row.from_on, row.until_on)
        for row in BaseFunction.objects.filter(
            Q(provider_id="") | Q(provider_id__in=providers), tenant_id=tenant_id
        )
    ]
    groups: dict[Group, list[Compared]] = defaultdict(list)
    for charge in charges:
        compared = charge_compared(charge, plans[charge.provider_id, charge.plan_code], bases)
        for kind in compared.kinds:
            month = str(Month.of(charge.charged_on))
            groups[charge.provider_id, charge.plan_code, month, kind].append(compared)
    return groups


def _group_keep(
    tenant_id: str, group: Group, compared: Sequence[Compared], now: datetime
) -> tuple[bool, int]:
    """Keep a group and its charges that are not kept yet; tell whether it is new, and how many."""
    provider_id, plan_code, month, kind = group
    first = compared[0]
    evaluation = _judged(tenant_id, first, kind)
    if evaluation.refusal is not None:  # before the rule was in force nothing was to be filed
        return False, 0
    row, is_new = Difference.objects.get_or_create(
        tenant_id=tenant_id,
        provider_id=provider_id,
        plan_code=plan_code,
        kind=kind,
        key=f"charges:{month}",
        defaults={
            "id": uuid7_for(now, tenant_id, "charging_difference", *group),
            "clause": KINDS[kind],
            "month": month,
            "happened_on": first.charge.charged_on,
            "one_side": _filed_side(tenant_id, first),
            "other_side": _charged_side(first),
            "receipt": evaluation.receipt().as_dict(),
            "found_at": now,
        },
    )
    if is_new:
        edition_keep(pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id), now)
    known = set(row.lines.values_list("service_order_id", flat=True))
    new = [each for each in compared if each.charge.service_order_id not in known]
    ChargeLine.objects.bulk_create([_line(row, each) for each in new], batch_size=1000)
    return is_new, len(new)


def _judged(tenant_id: str, compared: Compared, kind: str) -> Evaluation:
    """Ask the rulebook about the first charge of a group: what makes it wrong, with a receipt."""
    charge = compared.charge
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", charge.provider_id)
    if kind == "charged_elsewhere":
        seen = ["difference", "free_functions", "gain", "charge_elsewhere"]
        return pack.evaluate("charging_conduct", {"observed_on": charge.charged_on, "seen": seen})
    if kind == "base_charged":
        seen = ["difference", "gain"]
        return pack.evaluate("charging_conduct", {"observed_on": charge.charged_on, "seen": seen})
    facts = {
        "used_on": charge.charged_on,
        "is_filed": _was_filed(tenant_id, charge),
        # Another price than the approved one was never approved.
        "is_approved": False,
    }
    return pack.evaluate("charging_plan", facts)


def _was_filed(tenant_id: str, charge: Charge) -> bool:
    rows = ChargingPlan.objects.filter(
        tenant_id=tenant_id, provider_id=charge.provider_id, plan_code=charge.plan_code
    ).exclude(filed_at=None)
    return any(day_of(row.filed_at) <= charge.charged_on for row in rows if row.filed_at)


def _filed_side(tenant_id: str, compared: Compared) -> dict[str, Any]:
    """Return the filed plan as it counted on the day, or the newest that was filed at all."""
    charge = compared.charge
    rows = ChargingPlan.objects.filter(
        tenant_id=tenant_id, provider_id=charge.provider_id, plan_code=charge.plan_code
    ).exclude(state="draft")
    row = (
        rows.filter(number=compared.plan.number).first()
        if compared.plan
        else rows.order_by("-number").first()
    )
    if row is None:
        return {}
    return {
        "plan": row.number,
        "version": row.version,
        "state": row.state,
        "price_fen": row.price_fen,
        "price_there_fen": row.price_there_fen,
        "wording": row.wording_here,
        "effective_on": _iso(row.effective_on),
        "ended_on": _iso(row.ended_on),
    }


def _charged_side(compared: Compared) -> dict[str, Any]:
    charge = compared.charge
    return {
        "service_order": charge.service_order_id,
        "version": charge.version,
        "price_fen": charge.price_fen,
        "paid_fen": charge.paid_fen,
        "channel": charge.channel,
        "charged_on": charge.charged_on.isoformat(),
        "filed_plan_ref": charge.filed_plan_ref,
        "event_id": charge.event_id,
    }


def _line(row: Difference, compared: Compared) -> ChargeLine:
    charge = compared.charge
    return ChargeLine(
        difference=row,
        tenant_id=row.tenant_id,
        service_order_id=charge.service_order_id,
        charged_on=charge.charged_on,
        version=charge.version,
        price_fen=charge.price_fen,
        paid_fen=charge.paid_fen,
        channel=charge.channel,
        filed_plan_ref=charge.filed_plan_ref,
        event_id=charge.event_id,
        plan_number=compared.plan.number if compared.plan else "",
        expected_fen=compared.expected_fen,
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _unknown_provider(charge: Charge) -> Problem:
    return Problem(
        "charge_provider_unknown",
        charge.service_order_id,
        f"收费记录的服务商“{charge.provider_id}”不在本市场；请核对数据来源。",
        f"the charge's provider {charge.provider_id!r} is not in this market; check the source",
    )


def _no_code(charge: Charge) -> Problem:
    return Problem(
        "charge_without_plan_code",
        charge.service_order_id,
        "收费记录没有功能代码（plan_code），无法比对；请让来源补报。",
        "the charge names no plan_code, so it cannot be compared; let the source send it again",
    )
