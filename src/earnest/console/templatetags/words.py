"""How texts, amounts, times, rates and states are written on a page."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from earnest.console.texts import language, text, word
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.money import yuan as yuan_of
from earnest.policy.kinds import Kind
from earnest.policy.shape import Words
from earnest.rulebooks.packs import SUPPLY_MARKET, packs
from earnest.violations.kinds import text_of

register = template.Library()

TONES: dict[str, frozenset[str]] = {
    "good": frozenset(
        {
            "opened",
            "admit",
            "corrected",
            "dismissed",
            "met",
            "ample",
            "for",
            "in_effect",
            "normal",
            "final",
            "adjust",
            "True",
            "passed",
            "none",
            "yes",
            "same",
            "approve",
            "approved",
            "in_force",
            "confirmed",
            "added",
            "done",
            "paid",
            "succeeded",
            "settled",
            "released",
            "sent",
            "verified",
            "active",
            "answered",
            "accepted",
        }
    ),
    "warn": frozenset(
        {
            "deposit",
            "approval",
            "review",
            "preparing",
            "hide_goods",
            "points",
            "freeze_publishing",
            "downweight",
            "appealed",
            "reported",
            "waiting",
            "alert",
            "provisional",
            "pending",
            "warning",
            "short",
            "hide",
            "notify",
            "notice",
            "attention",
            "transfer_from_proceeds",
            "open",
            "consultation",
            "changed",
            "missing_in_source",
            "human",
            "due",
            "partly_paid",
            "submitted",
            "querying",
            "processing",
            "late",
            "hold",
            "raise",
            "filed",
            "in_review",
            "reviewed",
            "sent_back",
            "refuse_admission",
            "coming",
            "retest_asked",
            "at_lab",
            "scheduled",
            "asked",
        }
    ),
    "bad": frozenset(
        {
            "breach_money",
            "freeze",
            "brand_off",
            "ban_goods",
            "found",
            "breached",
            "remove",
            "against",
            "removed",
            "ended",
            "delist",
            "serious",
            "overdue",
            "refuse",
            "limit_sales",
            "limit_withdrawal",
            "end_service",
            "restricted",
            "no",
            "differs",
            "error",
            "unknown",
            "failed",
            "returned",
            "contradicts",
            "not_booked",
            "refused",
            "bounced",
            "disabled",
            "no_answer",
            "not_allowed",
            "deduct",
            "deduct_whole",
            "forfeit_deposit",
            "close_cart",
            "close_listing",
            "suspend_service",
            "False",
            "stands",
            "below",
            "lapsed",
        }
    ),
    "info": frozenset({"info", "may", "must", "announced", "encoded", "movement"}),
}


def tone_of(value: object) -> str:
    """Return the colour family of a state: good, warn, bad, info, or idle for the rest."""
    return next((tone for tone, values in TONES.items() if str(value) in values), "idle")


@register.simple_tag
def t(key: str, **values: object) -> str:
    """Write a text of the catalogue in the reader's language."""
    return text(key, **values)


@register.simple_tag(name="word")
def word_tag(kind: str, value: object) -> str:
    """Write the word for a column's value."""
    return word(kind, value)


@register.simple_tag
def badge(kind: str, value: object) -> SafeString:
    """Write a state as a coloured mark with its word: never the colour alone."""
    return format_html('<span class="mark mark-{}">{}</span>', tone_of(value), word(kind, value))


@register.filter
def yuan(fen: int | None) -> str:
    """Write fen as yuan with thousands separators; nothing known is a dash."""
    return "–" if fen is None else yuan_of(int(fen))


@register.filter
def signed(fen: int) -> str:
    """Write a change in yuan with its sign."""
    return f"+{yuan_of(fen)}" if fen > 0 else yuan_of(fen)


@register.filter
def when(instant: datetime | None) -> str:
    """Write an instant as the market's clock shows it."""
    return f"{instant.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}" if instant else "–"


@register.filter
def day(value: date | str | None) -> str:
    """Write a day of the market's calendar."""
    return str(value) if value else "–"


@register.filter
def counted(number: int | None) -> str:
    """Write a whole number with thousands separators."""
    return "–" if number is None else f"{number:,}"


@register.filter
def in_language(thing: Any, field: str) -> str:
    """Return ``thing.<field>_zh`` or ``_en``; without a field, ``zh`` or ``en`` of it.

    What has no English is shown in Chinese.
    """
    prefix = f"{field}_" if field else ""
    names = (f"{prefix}{language()}", f"{prefix}zh")
    if isinstance(thing, dict):
        return next((str(thing[name]) for name in names if thing.get(name)), "")
    return next((str(getattr(thing, name)) for name in names if getattr(thing, name, "")), "")


@register.filter
def subject_name(names: dict[tuple[str, str], str], thing: Any) -> str:
    """Return the name of the party that a row is about."""
    return names.get((thing.subject_kind, thing.subject_id), "")


@register.filter
def of_subject(names: dict[tuple[str, str], str], subject: tuple[str, str]) -> str:
    """Return the name of a party."""
    return names.get(subject, "")


@register.filter
def address_of(addresses: dict[str, str], name: str) -> str:
    """Return where something can be done; empty where there is no such place."""
    return addresses.get(name, "") if addresses else ""


@register.filter
def of_party(counts: dict[str, int], party_id: str) -> int:
    """Return how many a party has of something."""
    return counts.get(party_id, 0)


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: object) -> str:
    """Write the page's query string with some fields changed; an empty value drops the field."""
    fields: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        fields.pop(name, None)
        if value not in ("", None):
            fields[name] = str(value)
    return f"?{fields.urlencode()}" if fields else "?"


@register.inclusion_tag("console/parts/icon.html")
def icon(name: str) -> dict[str, str]:
    """Draw an icon of our sprite; it is decoration, the word stands beside it."""
    return {"name": name}


@register.inclusion_tag("console/parts/chart.html")
def chart(drawing: Any, name: str, *, small: bool = False) -> dict[str, Any]:
    """Place a chart: its data as JSON, its description as text for those who cannot see it."""
    return {"drawing": drawing, "name": name, "small": small}


@register.inclusion_tag("console/parts/pager.html", takes_context=True)
def pager(context: dict[str, Any], page: Any) -> dict[str, Any]:
    """Place the pager of a list."""
    numbers: Iterable[Any] = page.paginator.get_elided_page_range(page.number, on_each_side=2)
    return {"request": context["request"], "page": page, "numbers": list(numbers)}


@register.simple_tag
def party(kind: str, subject_id: str) -> SafeString:
    """Link to a party's page: a provider's health, a shop's deposit."""
    if kind not in {"provider", "shop"}:
        return format_html("{}", subject_id)
    return format_html('<a href="{}">{}</a>', reverse(kind, args=[subject_id]), subject_id)


@register.filter
def kind_words(kind: str) -> str:
    """Write a kind of violation in the rulebook's words."""
    return text_of(packs()[SUPPLY_MARKET], kind).said(language())


@register.filter
def in_words(words: Words | None) -> str:
    """Write a pack's words in the reader's language; nothing when there are none."""
    return words.get(language()) if words else ""


@register.simple_tag
def book_title(rulebook: str) -> str:
    """Write the title of a rulebook."""
    pack = packs().get(rulebook)
    return pack.title[language()] if pack else rulebook


@register.simple_tag
def unit_hint(kind: Kind) -> str:
    """Write how a value of a kind is written in a pack."""
    return word("unit_word", str(kind))


@register.simple_tag
def clause(rulebook: str, clause_id: str) -> SafeString:
    """Link to a clause in the rule centre; its gist shows on hover."""
    if not clause_id:
        return format_html("{}", "")
    pack = packs().get(rulebook)
    known = pack.clauses.get(clause_id) if pack else None
    gist = (getattr(known, language(), "") or known.zh) if known else ""
    return format_html(
        '<a class="clause" href="{}#{}" title="{}">{}</a>',
        reverse("rulebook", args=[rulebook]),
        clause_id,
        gist,
        clause_id,
    )
