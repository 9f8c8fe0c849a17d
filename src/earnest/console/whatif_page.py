"""A what-if report as its page shows it: counters, charts, old against new, top subjects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earnest.console.charts import Chart, Series, Unit
from earnest.console.texts import language, text
from earnest.kernel.money import yuan
from earnest.policy.explain import show_value
from earnest.policy.kinds import WORDS, Kind

HEATS = 5
AMOUNTS_DRAWN = 1
ROLES = ("fine", "moved", "required", "short", "excess", "amount")
HEADLINES = (
    "newly_fined", "newly_restricted", "newly_removed", "released", "newly_short",
    "no_longer_short", "newly_breached", "newly_unresolved",
)  # fmt: skip
WORSE = frozenset(
    {
        "newly_fined", "fined_more", "newly_restricted", "newly_removed", "newly_breached",
        "newly_notified", "newly_short", "short_more", "newly_unresolved", "excess_shrinks",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Counter:
    """An effect with how many rows and subjects it would touch, and its amount."""

    effect: str
    title: str
    rows: int
    subjects: int
    amount: str
    tone: str


@dataclass(frozen=True)
class Heat:
    """How often an old outcome would become a new one."""

    rows: int
    subjects: int
    level: int


@dataclass(frozen=True)
class PairTable:
    """Old outcomes down, new ones across."""

    title: str
    news: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Heat | None, ...]], ...]


@dataclass(frozen=True)
class Subject:
    """A subject for which much would change, with both explanations side by side."""

    kind: str
    id: str
    name: str
    period: str
    difference: str
    effects: tuple[str, ...]
    live: Mapping[str, Any]
    draft: Mapping[str, Any]
    trace: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class DecisionPart:
    """What would change of one decision."""

    name: str
    title: str
    judged: Mapping[str, int]
    changed: Mapping[str, int]
    counters: tuple[Counter, ...]
    money: tuple[Mapping[str, Any], ...]
    charts: tuple[tuple[str, Chart], ...]
    pairs: tuple[PairTable, ...]
    top: tuple[Subject, ...]


def amount_written(amount: int | None, unit: str) -> str:
    """Write an amount in its unit; money with its sign, nothing as a dash."""
    if amount is None:
        return "–"
    if unit in {"", "count", "int"}:
        return f"{amount:,}"
    if unit == "CNY":
        return f"{yuan(amount)} {text('unit.yuan')}"
    return show_value(amount, WORDS.get(unit, Kind("int")), language(), {})


def _words(of: Any) -> str:
    return str(of.get(language()) or of.get("zh") or "") if isinstance(of, Mapping) else str(of)


def decision_parts(report: Mapping[str, Any]) -> list[DecisionPart]:
    """Return a report's decisions, those that would change first."""
    parts = [_part(each) for each in report["decisions"]]
    return sorted(parts, key=lambda part: -part.changed["rows"])


def _part(decision: Mapping[str, Any]) -> DecisionPart:
    return DecisionPart(
        name=decision["decision"],
        title=_words(decision["title"]),
        judged=decision["judged"],
        changed=decision["changed"],
        counters=tuple(map(_counter, decision["effects"])),
        money=tuple(map(_money, _moving(decision))),
        charts=tuple(_charts(decision)),
        pairs=tuple(_pair_table(each) for each in decision["pairs"] if each["pairs"]),
        top=tuple(_subject(each, decision) for each in decision["top"]),
    )


def _counter(effect: Mapping[str, Any]) -> Counter:
    name = effect["effect"]
    tone = "idle" if not effect["rows"] else "bad" if name in WORSE else "good"
    amount = amount_written(effect["amount"], effect["unit"]) if effect["amount"] else ""
    return Counter(name, _words(effect["title"]), effect["rows"], effect["subjects"], amount, tone)


def _money(money: Mapping[str, Any]) -> Mapping[str, Any]:
    unit = money["unit"]
    return {
        "title": _words(money["title"]),
        "over": money["over"],
        "live": amount_written(money["live"], unit),
        "draft": amount_written(money["draft"], unit),
        "difference": amount_written(money["difference"], unit),
        "more": money["more"]["rows"],
        "more_sum": amount_written(money["more"]["sum"], unit),
        "less": money["less"]["rows"],
        "less_sum": amount_written(money["less"]["sum"], unit),
    }


def _unit_of(unit: str) -> Unit:
    return "yuan" if unit not in {"", "count", "int", "JPY", "VND", "KRW"} else "count"


def _moving(decision: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the amounts that would differ, the one that matters most first."""
    moving = [each for each in decision["money"] if each["more"]["rows"] or each["less"]["rows"]]
    weight = {role: place for place, role in enumerate(ROLES)}
    return sorted(moving, key=lambda each: weight.get(each["role"], len(ROLES)))


def _charts(decision: Mapping[str, Any]) -> list[tuple[str, Chart]]:
    """Return the charts of a decision, each with a name that is unique on the page.

    Each dimension shows the amounts that matter most, and what would differ how often.
    """
    charts: list[tuple[str, Chart]] = []
    for each in decision["by"]:
        if not any(group["changed"] for group in each["groups"]):
            continue
        labels = [_words(group["title"]) for group in each["groups"]]
        place = f"{decision['decision']}-{each['dimension']}"
        charts += [
            (f"{place}-{money['outcome']}", _money_chart(each, money, labels))
            for money in _moving(decision)
            if any(_differs(group, money["outcome"]) for group in each["groups"])
        ][:AMOUNTS_DRAWN]
        charts.append((f"{place}-rows", _count_chart(decision, each, labels)))
    return charts


def _differs(group: Mapping[str, Any], outcome: str) -> bool:
    return bool(group["money"].get(outcome, {}).get("difference"))


def _money_chart(by: Mapping[str, Any], money: Mapping[str, Any], labels: Sequence[str]) -> Chart:
    def row(key: str) -> list[int | None]:
        return [group["money"].get(money["outcome"], {}).get(key) for group in by["groups"]]

    return Chart(
        title=text("whatif.money_by", what=_words(money["title"]), by=_words(by["title"])),
        unit=_unit_of(money["unit"]),
        labels=labels,
        series=[
            Series(text("whatif.live"), row("live"), tone="grey"),
            Series(text("whatif.draft"), row("draft"), tone="blue"),
            Series(text("whatif.difference"), row("difference"), shape="line", tone="red"),
        ],
    )


def _count_chart(
    decision: Mapping[str, Any], by: Mapping[str, Any], labels: Sequence[str]
) -> Chart:
    """Draw how many rows each effect would touch in each group; only effects that occur."""
    tones = ("orange", "red", "purple", "cyan", "green", "pink", "blue", "amber", "grey")
    occurring = [each for each in decision["effects"] if each["rows"]]
    return Chart(
        title=text("whatif.rows_by", by=_words(by["title"])),
        unit="count",
        labels=labels,
        series=[
            Series(
                _words(each["title"]),
                [group["effects"].get(each["effect"], 0) for group in by["groups"]],
                tone=tones[place % len(tones)],
            )
            for place, each in enumerate(occurring)
        ]
        or [Series(text("whatif.changed"), [group["changed"] for group in by["groups"]])],
    )


def _pair_table(pair: Mapping[str, Any]) -> PairTable:
    """Lay old -> new out as a table whose cells are warmer the more rows they hold."""
    found = pair["pairs"]
    most = max(each["rows"] for each in found)
    olds = dict.fromkeys(_pair_word(each, "live", pair["unit"]) for each in found)
    news = dict.fromkeys(_pair_word(each, "draft", pair["unit"]) for each in found)
    heats = {
        (_pair_word(each, "live", pair["unit"]), _pair_word(each, "draft", pair["unit"])): Heat(
            each["rows"], each["subjects"], -(-each["rows"] * HEATS // most)
        )
        for each in found
    }
    lines = tuple((old, tuple(heats.get((old, new)) for new in news)) for old in olds)
    return PairTable(_words(pair["title"]), tuple(news), lines)


def _pair_word(pair: Mapping[str, Any], side: str, unit: str) -> str:
    value = pair[side]
    if isinstance(value, int) and not isinstance(value, bool) and unit:
        return amount_written(value, unit)
    return _words(pair[f"{side}_title"])


def _subject(top: Mapping[str, Any], decision: Mapping[str, Any]) -> Subject:
    titles = {each["effect"]: _words(each["title"]) for each in decision["effects"]}
    return Subject(
        kind=top["subject_kind"],
        id=top["subject_id"],
        name=top["name"],
        period=top["period"],
        difference=amount_written(top["difference"], top["unit"]),
        effects=tuple(titles.get(each, each) for each in top["effects"]),
        live=_side(top["live"]),
        draft=_side(top["draft"]),
        trace=top["trace"],
    )


def _side(side: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "shown": side["shown"].get(language(), []),
        "explanation": _words(side["explanation"]),
        "unresolved": side["unresolved"],
        "clauses": side["clauses"],
    }
