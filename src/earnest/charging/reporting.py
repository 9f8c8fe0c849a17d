"""Differences become violation reports: one for what belongs together, with both sides (S0-2.2.4).

What belongs together is one provider, one plan and one month of charges, or one pair of offers:
it is one fact, so it is one report of one day, with an item for each kind of difference in it.
"""

from collections import defaultdict
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from earnest.charging.models import Difference
from earnest.kernel.hashing import digest
from earnest.violations.reports import Report, ReportItem, violation_report

LINES_TOLD: Final = 20
"""So many charges stand in the report itself; all of them stand on the page of the difference."""


@transaction.atomic
def differences_report(tenant_id: str, now: datetime) -> int:
    """Report what is not reported yet; return how many reports were made.

    A kind that shows up in a month after its report was made becomes a report of its own.
    """
    open_rows = Difference.objects.select_for_update().filter(
        tenant_id=tenant_id, violation_id=None
    )
    groups: dict[tuple[str, str, str], list[Difference]] = defaultdict(list)
    for row in open_rows.order_by("provider_id", "plan_code", "key", "kind"):
        groups[row.provider_id, row.plan_code, row.key].append(row)
    for (provider_id, plan_code, key), rows in groups.items():
        kinds = [row.kind for row in rows]
        happened_on = min(row.happened_on for row in rows)
        about = digest([provider_id, plan_code, key, kinds])[:40]
        violation = violation_report(
            tenant_id,
            Report(
                subject=("provider", provider_id),
                source="measure",
                items=tuple(_item(row, happened_on) for row in rows),
                actor="system",
                note=plan_code,
                about=f"charging:{about}",
            ),
            now,
        )
        Difference.objects.filter(id__in=[row.id for row in rows]).update(violation_id=violation.id)
    return len(groups)


def _item(row: Difference, happened_on: date) -> ReportItem:
    sides = (row.one_side, row.other_side)
    facts = _offer_facts(row) if row.lines.count() == 0 else _charge_facts(row)
    return ReportItem(
        kind=row.kind,
        clause=row.clause,
        happened_on=happened_on,
        facts={
            "comparison": str(row.id),
            "plan_code": row.plan_code,
            **{name: value for name, value in facts.items() if value not in (None, "")},
        },
        documents=tuple(UUID(side["document"]) for side in sides if side.get("document")),
    )


def _charge_facts(row: Difference) -> dict[str, Any]:
    lines = list(row.lines.order_by("charged_on", "service_order_id"))
    paid_fen = sum(line.paid_fen for line in lines)
    return {
        "charge": f"{row.plan_code} {row.month}"[:80],
        "filed_plan": row.one_side.get("plan", ""),
        "filed_price_fen": lines[0].expected_fen,
        "charged_price_fen": lines[0].price_fen,
        "channel": lines[0].channel,
        "charges": len(lines),
        "paid_fen": paid_fen,
        "stake_fen": paid_fen,
        "service_orders": [line.service_order_id for line in lines[:LINES_TOLD]],
    }


def _offer_facts(row: Difference) -> dict[str, Any]:
    here, there = row.one_side, row.other_side
    return {
        "function": f"{here['app']} {row.plan_code}"[:80],
        "wording_here": here["wording"],
        "wording_there": there["wording"],
        "price_here_fen": here["price_fen"],
        "price_there_fen": there["price_fen"],
    }
