"""Telling a provider in time: one warning a month for each duty that nears its line."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction

from earnest.assessment.duties import PROVIDER
from earnest.assessment.duty_lines import counted_cases
from earnest.assessment.duty_words import (
    assumption_words,
    cases_of,
    headroom_words,
    outlook_words,
)
from earnest.assessment.models import DutyAlert
from earnest.assessment.running import PACE_DAYS, Asked, Running, running_of
from earnest.consequences.words import MEASURES
from earnest.kernel.calendar import day_of
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.market.taking_part import providers_taking_part
from earnest.measures import MEASURES as DEFINITIONS
from earnest.measures.headroom import direction_of, line_text, rate_text
from earnest.notices.commands import Message, NewNotice, Severity, notices_send

TELLING: Final = ("alert", "breached")


def near_the_line(tenant_id: str, now: datetime) -> list[Running]:
    """Return the duties of all providers that are over their alert level in the month to date."""
    on = day_of(now)
    subjects = [each.provider_id for each in providers_taking_part(tenant_id, on)]
    found = running_of(Asked(tenant_id, subjects, now))
    return [each for each in found if each.lines.level in TELLING]


@transaction.atomic
def alerts_send(tenant_id: str, now: datetime) -> list[DutyAlert]:
    """Warn each provider once a month of every duty that is over its alert level; again sends none.

    In the first days of a window a few cases say little, so nothing is sent yet, unless each single
    case binds. Clause: S0-2.2.1a, and the clause of the duty.
    """
    telling = [each for each in near_the_line(tenant_id, now) if _tells(each)]
    sent = _sent(tenant_id, telling)
    fresh = [each for each in telling if _key(each) not in sent]
    alerts = [_alert(tenant_id, each, now) for each in fresh]
    DutyAlert.objects.bulk_create(alerts, batch_size=500)
    notices_send(tenant_id, [_notice(each) for each in fresh], now)
    return alerts


def _tells(running: Running) -> bool:
    """Tell whether enough days have come, or no later case can make an earlier one good."""
    at, window = running.lines.against(running.what), running.what.window
    if at is not None and (at.allowed_ppm == 0 or running.lines.limit is not None):
        return True
    return (window.last - window.first).days + 1 >= PACE_DAYS


def _key(running: Running) -> tuple[str, str, str]:
    return running.provider_id, running.duty.measure, str(running.month)


def _sent(tenant_id: str, telling: Iterable[Running]) -> set[tuple[str, ...]]:
    months = {str(each.month) for each in telling}
    rows = DutyAlert.objects.filter(tenant_id=tenant_id, month__in=months)
    return set(rows.values_list("provider_id", "measure", "month"))


def _alert(tenant_id: str, running: Running, now: datetime) -> DutyAlert:
    provider_id, measure, month = _key(running)
    return DutyAlert(
        id=uuid7_for(now, tenant_id, "duty-alert", provider_id, measure, month),
        tenant_id=tenant_id,
        provider_id=provider_id,
        measure=measure,
        month=month,
        level=running.lines.level,
        numerator=running.what.numerator,
        denominator=running.what.denominator,
        sent_at=now,
    )


def duty_name(measure: str) -> Words:
    """Return what a duty is called; one without a name of its own goes by its definition."""
    if measure in MEASURES:
        return MEASURES[measure]
    definition = DEFINITIONS.get(measure)
    return Words(definition.zh, definition.en) if definition else Words(measure, measure)


def _notice(running: Running) -> NewNotice:
    measure, month = running.duty.measure, running.month
    name, over = duty_name(measure), running.lines.level == "breached"
    title = (
        Words(
            f"预警：{month} {name.zh}目前未达标",
            f"Warning: {name.en} is below its line so far in {month}",
        )
        if over
        else Words(
            f"预警：{month} {name.zh}接近上限", f"Warning: {name.en} is near its line in {month}"
        )
    )
    return NewNotice(
        subject_kind=PROVIDER,
        subject_id=running.provider_id,
        about=f"alert {month} {measure}",
        kind="finding",
        severity=_severity(running),
        clause=running.duty.clause,
        decision_id=None,
        zh=Message(title.zh, _body(running, "zh")),
        en=Message(title.en, _body(running, "en")),
    )


def _severity(running: Running) -> Severity:
    """A breach, or one that comes before the period ends at the present pace, is a warning."""
    outlook = running.outlook
    soon = (
        outlook is not None
        and outlook.breach_in is not None
        and outlook.breach_in <= outlook.days_left
    )
    return "warning" if running.lines.level == "breached" or soon else "info"


def _body(running: Running, language: str) -> str:
    what, lines = running.what, running.lines
    direction = direction_of(what.measure)
    rate = rate_text(*what.rate, direction)
    if lines.limit is not None:
        rate = cases_of(what.measure).bad(counted_cases(what)).said(language)
    target = line_text(lines.target_ppm, direction) if lines.target_ppm is not None else "–"
    target = f"≤ {lines.limit}" if lines.limit is not None else target
    alert = line_text(lines.alert_ppm, direction) if lines.alert_ppm is not None else "–"
    clause, window = running.duty.clause, what.window
    counted = Words(
        f"{window.first} 至 {window.last}：{rate}（{what.numerator:,} / {what.denominator:,}），"
        f"目标 {target}，预警线 {alert}，依据 {clause}。",
        f"{window.first} to {window.last}: {rate} ({what.numerator:,} of {what.denominator:,}), "
        f"target {target}, alert level {alert}, clause {clause}. ",
    )
    said = [headroom_words(what, lines), outlook_words(running), assumption_words(running)]
    last = Words(
        "这是提醒，不是处罚；本期数据在定稿前仍会变化。",
        "This is a reminder and no sanction; the figures can change until they are final.",
    )
    parts = [each.said(language) for each in said if each.zh]
    if language == "zh":
        return counted.zh + "".join(f"{part}。" for part in parts) + last.zh
    return counted.en + "".join(f"{part[0].upper()}{part[1:]}. " for part in parts) + last.en
