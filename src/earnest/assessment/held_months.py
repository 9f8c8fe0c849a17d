"""Months that are held behind a removal, and judged in order once the removal comes to nothing.

While a removal waits for its second person its provider climbs no further: a month below the mark
that is assessed meanwhile gets its finding, and no rung. Approved, the removal ends the ladder.
Refused, or reversed after an appeal, it leaves these months to be judged as if nobody had proposed
it: one after the other, each by the edition and the months of its own finding, less what appeals
have set aside since. A refusal spares the provider the rung of its own month; it takes no month out
of the run. So the next low month is a removal again, for people to decide anew, and the months
after that one are held once more.

Clauses: S0-2.2.5-5a, S0-2.2.5-5b, S0-2.2.5-5c.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from earnest.assessment.nps_ladder import DECISION, Instead, ladder_decision, ladder_rejudged
from earnest.assessment.providers import NPS, PROVIDER
from earnest.consequences.commands import decide
from earnest.consequences.replacing import first_period
from earnest.decisions.commands import IN_EFFECT, REFUSED, REVERSED, WAITING
from earnest.decisions.models import Decision, Finding
from earnest.market.models import Provider
from earnest.measures.set_aside import set_asides

REMOVE: Final = "remove"
BREACHED: Final = "breached"
OVER: Final = frozenset({REFUSED, REVERSED})


def months_held(tenant_id: str, subjects: Iterable[str] | None = None) -> dict[str, list[Finding]]:
    """Return the months below the mark without a rung behind a removal, by provider, in order.

    Also those behind a removal that came to nothing, until they are judged.

    Takes:
        subjects: only these providers, where given.
    """
    ladder = Decision.objects.filter(tenant_id=tenant_id, decision=DECISION, subject_kind=PROVIDER)
    removals = ladder.filter(outcome=REMOVE, state__in=(WAITING, *OVER))
    if subjects is not None:
        removals = removals.filter(subject_id__in=list(subjects))
    first: dict[str, str] = {}
    for provider_id, period in removals.values_list("subject_id", "period"):
        month = first_period(period)
        first[provider_id] = min(month, first.get(provider_id, month))
    if not first:
        return {}
    judged = {
        (provider_id, first_period(period))
        for provider_id, period in ladder.filter(subject_id__in=first).values_list(
            "subject_id", "period"
        )
    }
    found: dict[str, list[Finding]] = {}
    for row in _low_months(tenant_id, first):
        if row.period > first[row.subject_id] and (row.subject_id, row.period) not in judged:
            found.setdefault(row.subject_id, []).append(row)
    return found


def _low_months(tenant_id: str, subjects: Iterable[str]) -> Iterable[Finding]:
    return Finding.objects.filter(
        tenant_id=tenant_id,
        subject_kind=PROVIDER,
        subject_id__in=list(subjects),
        measure=NPS,
        status=BREACHED,
    ).order_by("subject_id", "period")


def held_months_judge(tenant_id: str, now: datetime) -> list[Decision]:
    """Judge what was held behind removals that came to nothing, and return what was decided.

    Each month once, in order; a removal among them holds the months after it. Of a provider that is
    not in the market any more nothing is judged. Doing it again at once does nothing.
    """
    held = months_held(tenant_id)
    if not held:
        return []
    removals = Decision.objects.filter(
        tenant_id=tenant_id, decision=DECISION, outcome=REMOVE, state__in=(WAITING, IN_EFFECT)
    )
    stopped = set(removals.values_list("subject_id", flat=True))
    here = Provider.objects.filter(tenant_id=tenant_id, left_on=None, provider_id__in=held)
    made: list[Decision] = []
    for provider_id in here.order_by("provider_id").values_list("provider_id", flat=True):
        if provider_id not in stopped:
            instead = set_asides(tenant_id, NPS, [provider_id])
            made += _in_order(tenant_id, held[provider_id], instead, now)
    return made


def _in_order(
    tenant_id: str, findings: Sequence[Finding], instead: Instead, now: datetime
) -> list[Decision]:
    """Judge months of one provider until a removal is proposed."""
    made: list[Decision] = []
    for finding in findings:
        evaluation = ladder_rejudged(finding, instead)
        if evaluation is None:
            continue
        wanted = ladder_decision(finding.subject_id, finding.period, evaluation)
        made += decide(tenant_id, [wanted], now)
        if wanted.outcome == REMOVE:
            break
    return made
