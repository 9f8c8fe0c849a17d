"""What lies between two texts of a rulebook, clause by clause, and what a check says of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from earnest.authoring.comparison import Change, compare
from earnest.authoring.lint import lint
from earnest.authoring.page_words import Reader
from earnest.console.problems import sentence
from earnest.console.rulebook_page import label_of
from earnest.console.texts import language, text, word
from earnest.policy import Pack
from earnest.policy.editions import in_force
from earnest.rulebooks.packs import PLATFORM_RULES, packs


@dataclass(frozen=True)
class ChangeRow:
    """One difference as a reader sees it."""

    kind: str
    label: str
    field: str
    old: str
    new: str
    from_on: date | None


@dataclass(frozen=True)
class ClauseChanges:
    """The differences under one clause; ``clause`` is empty for those tied to none."""

    clause: str
    words: str
    rows: tuple[ChangeRow, ...]


@dataclass(frozen=True)
class SaidRemark:
    """A remark of the check, for a reader."""

    severity: str
    where: str
    sentence: str


def changes_between(old: Pack | None, new: Pack) -> list[ClauseChanges]:
    """Return the differences by clause, in the book's order; nothing to compare with a new book."""
    if old is None:
        return []
    grouped: dict[str, list[Change]] = {}
    for change in compare(old, new):
        grouped.setdefault(change.clause or "", []).append(change)
    order = [*(name for name in new.clauses if name in grouped), *grouped]
    return [_section(new, old, name, grouped[name]) for name in dict.fromkeys(order)]


def _section(new: Pack, old: Pack, clause: str, changes: Iterable[Change]) -> ClauseChanges:
    known = new.clauses.get(clause) or old.clauses.get(clause)
    words = getattr(known, language()) if known else text("compare.no_clause")
    return ClauseChanges(clause, words, tuple(_row(old, new, each) for each in changes))


def _row(old: Pack, new: Pack, change: Change) -> ChangeRow:
    before, after = change.old, change.new
    if change.section == "parameters" and change.from_on is not None:
        before = _value_on(old, change.name, change.from_on) if before else ""
        after = _value_on(new, change.name, change.from_on) if after else ""
    elif change.section == "instruments" and not change.field:
        before, after = _act_said(old, change.name), _act_said(new, change.name)
    return ChangeRow(
        change.kind,
        f"{word('change_section', change.section)} {_label(new, old, change)}",
        change.field if change.field != "value" else "",
        before,
        after,
        change.from_on,
    )


def _label(new: Pack, old: Pack, change: Change) -> str:
    for pack in (new, old):
        for elements in (pack.parameters, pack.tables, pack.decisions):
            if change.name in elements:
                return label_of(pack, change.name, elements[change.name].title)
    return label_of(new, change.name) if change.section not in {"texts", "clauses"} else change.name


def _value_on(pack: Pack, name: str, on: date) -> str:
    """Return a parameter's value on a day as a reader sees it, with what must be known of it."""
    parameter = pack.parameters[name]
    dated = in_force(parameter.values, on)
    if dated is None:
        return ""
    if dated.unset:
        return text("rules.unset")
    said = Reader(pack, on, language()).value(dated.value, parameter.kind)
    return f"{said} · {text('trace.assumed')}" if dated.assumed else said


def _act_said(pack: Pack, name: str) -> str:
    act = next((each for each in pack.instruments if each.id == name), None)
    if act is None:
        return ""
    title = act.title.get(language()) if act.title else act.id
    return f"{title} · {text('rules.from_day', day=act.in_force)}"


def remarks_on(pack: Pack, today: date) -> list[SaidRemark]:
    """Return what the check says of a pack's text, the gravest first."""
    gravity = {"error": 0, "warning": 1, "info": 2}
    found = lint(pack.text, law=packs().get(PLATFORM_RULES), today=today, name=pack.rulebook)
    return [
        SaidRemark(each.severity, each.problem.where, sentence(each.problem))
        for each in sorted(found, key=lambda one: gravity[one.severity])
    ]
