"""A rulebook as a readable document: what is in force on a day, clause by clause.

:func:`rulebook_sections` gives the document as data for any screen; :func:`rulebook_page` writes
it as Markdown.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from earnest.authoring.page_clauses import clause_parts
from earnest.authoring.page_decisions import decision_parts
from earnest.authoring.page_words import Grid, Part, Reader
from earnest.authoring.telling import Language
from earnest.policy import Pack
from earnest.policy.editions import DECIDING_STATES
from earnest.policy.shape import Instrument

__all__ = ["Grid", "Part", "Section", "rulebook_page", "rulebook_sections"]

_TITLES = {
    "acts": {"zh": "规则文件", "en": "Acts"},
    "clauses": {"zh": "条款与现行数值", "en": "Clauses and the values in force"},
    "decisions": {"zh": "规则如何判定", "en": "How the rule decides"},
    "calendars": {"zh": "工作日历", "en": "Working days"},
    "choices": {"zh": "原文未定之处所作的选择", "en": "Choices made where the text leaves it open"},
    "open": {"zh": "原文留白", "en": "What the text leaves open"},
    "suspended": {"zh": "暂停适用的条款", "en": "Suspended clauses"},
}
_STATES = {
    "draft": {"zh": "草案", "en": "draft"},
    "consultation": {"zh": "征求意见", "en": "in consultation"},
    "announced": {"zh": "已公布", "en": "announced"},
    "in_force": {"zh": "生效", "en": "in force"},
    "superseded": {"zh": "已被替代", "en": "superseded"},
    "withdrawn": {"zh": "已撤回", "en": "withdrawn"},
}
_ACTS = {
    "zh": ("编号", "名称", "公布日", "生效日", "状态"),
    "en": ("id", "title", "published", "in force", "state"),
}
_NOT_YET = {
    "zh": "{on} 尚未生效，自 {since} 起适用。",
    "en": "Not in force on {on}; it applies from {since}.",
}
_NEVER = {"zh": "尚无任何文件公布。", "en": "No act has been announced yet."}
_AS_OF = {"zh": "{on} 有效的规则。", "en": "The rule in force on {on}."}
_MONEY = {"zh": "金额以{}计。", "en": " Money is in {}."}
_PUBLISHED_LATER = {"zh": "此后公布：{}", "en": "published later: {}"}
_UNSET = {
    "zh": "须由运营方选定，选定前不作判定",
    "en": "the operator must choose; nothing is decided before",
}
_SAMPLE = {"zh": "样例值，原文没有", "en": "a sample value, not in the text"}
_KNOWN = {"zh": "自 {first} 至 {last}", "en": "known from {first} to {last}"}
_DAYS = {
    "closed": {"zh": "休息：{}", "en": "closed: {}"},
    "opened": {"zh": "上班：{}", "en": "worked all the same: {}"},
}
_WEEKEND = {"zh": "每周休息：{}", "en": "off every week: {}"}
_NO_WEEKEND = {"zh": "每周无固定休息日", "en": "no day of the week is off"}
_WEEK = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_NOT_TAKEN = {"zh": "其他读法：{}", "en": "other readings: {}"}
_FROM_TO = {"zh": "自 {since} 起{until}（{act}）", "en": "from {since}{until} ({act})"}
_UNTIL = {"zh": "，至 {} 恢复", "en": " until {}, when it applies again"}


@dataclass(frozen=True)
class Section:
    """A chapter of the document.

    Attributes:
        key: ``title acts clauses decisions calendars choices open suspended``.
        title: the chapter's heading; of the first one, the rulebook's title.
        parts: its paragraphs, each with lines and tables.
    """

    key: str
    title: str
    parts: tuple[Part, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return asdict(self)


def rulebook_sections(pack: Pack, on: date, language: Language) -> list[Section]:
    """Return the rulebook as it stands on a day; chapters with nothing in them are left out."""
    reader = Reader(pack, on, language)
    parts = {
        "acts": _acts(reader),
        "clauses": clause_parts(reader),
        "decisions": decision_parts(reader),
        "calendars": _calendars(reader),
        "choices": _choices(reader),
        "open": _open(reader),
        "suspended": _suspended(reader),
    }
    first = Section("title", pack.title[language], (Part(words=_as_of(reader)),))
    rest = [
        Section(key, _TITLES[key][language], tuple(found)) for key, found in parts.items() if found
    ]
    return [first, *rest]


def rulebook_page(pack: Pack, on: date, language: Language) -> str:
    """Return the rulebook as it stands on a day as one Markdown page."""
    first, *rest = rulebook_sections(pack, on, language)
    lines = [f"# {_escaped(first.title)}", ""]
    for part in first.parts:
        lines += [_escaped(part.words), ""]
    for section in rest:
        lines += [f"## {_escaped(section.title)}", ""]
        for part in section.parts:
            lines += _markdown(part)
    return "\n".join(lines).rstrip() + "\n"


def _markdown(part: Part) -> list[str]:
    lines: list[str] = []
    if part.heading:
        marks = "".join(f" *{_escaped(mark)}*" for mark in part.marks)
        words = f" {_escaped(part.words)}" if part.words else ""
        lines += [f"**{_escaped(part.heading)}**{words}{marks}", ""]
    elif part.words:
        lines += [_escaped(part.words), ""]
    lines += [f"- {_escaped(line)}" for line in part.lines]
    lines += [""] if part.lines else []
    for grid in part.grids:
        lines += [_escaped(grid.title), ""] if grid.title else []
        lines.append("| " + " | ".join(map(_cell, grid.header)) + " |")
        lines.append("|" + "---|" * len(grid.header))
        lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in grid.rows]
        lines.append("")
    return lines


def _escaped(text: str) -> str:
    """Keep a text from being read as Markdown."""
    for sign in "\\`*_<>":
        text = text.replace(sign, "\\" + sign)
    return text


def _cell(text: str) -> str:
    return _escaped(text).replace("|", "\\|").replace("\n", " ")


def _as_of(reader: Reader) -> str:
    language, on = reader.language, reader.on
    since = reader.pack.in_force_from()
    if since == date.max:
        return _NEVER[language]
    form = _NOT_YET if on < since else _AS_OF
    money = _MONEY[language].format(reader.comma(reader.currencies)) if reader.currencies else ""
    return form[language].format(on=on, since=since) + money


def _acts(reader: Reader) -> list[Part]:
    """Return the acts published by the day, and one line for those that came later."""
    language = reader.language
    rows: list[tuple[str, ...]] = []
    later: list[str] = []
    for act in reader.pack.instruments:
        if act.id in reader.published_later:
            later.append(f"{act.id} ({act.published})")
            continue
        title = act.title.get(language) if act.title else ""
        state = _STATES[_state_on(reader, act)][language]
        rows.append((act.id, title, str(act.published), str(act.in_force), state))
    grids = (Grid("", _ACTS[language], tuple(rows)),) if rows else ()
    lines = (_PUBLISHED_LATER[language].format(reader.comma(later)),) if later else ()
    return [Part(lines=lines, grids=grids)]


def _state_on(reader: Reader, act: Instrument) -> str:
    """Return an act's state as it was on the day, as far as the book can tell."""
    if act.state not in DECIDING_STATES:
        return act.state
    if reader.on < act.in_force:
        return "announced"
    replaced = act.state == "superseded" and any(
        act.in_force < each.in_force <= reader.on
        for each in reader.pack.instruments
        if each.state in DECIDING_STATES and each.id not in reader.published_later
    )
    return "superseded" if replaced else "in_force"


def _calendars(reader: Reader) -> list[Part]:
    parts = []
    for name, shape in reader.pack.book.calendars.items():
        title = shape.title.get(reader.language) if shape.title else reader.name(name)
        said = _KNOWN[reader.language].format(first=shape.first, last=shape.last)
        days = (("closed", shape.closed), ("opened", shape.opened))
        lines = [
            _DAYS[key][reader.language].format(reader.comma(map(str, each))) for key, each in days
        ]
        used = [line for line, (_, each) in zip(lines, days, strict=True) if each]
        used.insert(0, _weekend(reader, shape.weekend))
        parts.append(Part(name=name, heading=title, words=said, lines=tuple(used)))
    return parts


def _weekend(reader: Reader, days: list[int]) -> str:
    if not days:
        return _NO_WEEKEND[reader.language]
    named = reader.comma(_WEEK[reader.language][day - 1] for day in sorted(days))
    return _WEEKEND[reader.language].format(named)


def _choices(reader: Reader) -> list[Part]:
    parts = []
    for name, choice in reader.pack.interpretations.items():
        options = {key: words.get(reader.language) for key, words in choice.options.items()}
        question = choice.question.get(reader.language) if choice.question else reader.name(name)
        others = [text for key, text in options.items() if key != choice.choice]
        others += list(choice.alternatives)
        semicolon = "；" if reader.language == "zh" else "; "
        lines = [_NOT_TAKEN[reader.language].format(semicolon.join(others))] if others else []
        parts.append(
            Part(
                name=name, clause=" ".join(choice.clause), heading=question,
                words=options.get(choice.choice, choice.choice), lines=tuple(lines),
                marks=(reader.comma(choice.clause),),
            )
        )  # fmt: skip
    return parts


def _open(reader: Reader) -> list[Part]:
    """Return the clauses that the source left blank, and the values it does not give."""
    language = reader.language
    parts = []
    for name, clause in reader.pack.clauses.items():
        if clause.status == "missing_in_source":
            words = clause.en if language == "en" else clause.zh
            parts.append(Part(name=name, clause=name, heading=name, words=words))
    for name, parameter in reader.pack.parameters.items():
        value = reader.in_force(parameter.values)
        if value is not None and (value.unset or value.assumed):
            said = (_UNSET if value.unset else _SAMPLE)[language]
            parts.append(
                Part(name=name, clause=value.clause, heading=reader.name(name), words=said)
            )
    for name, table in reader.pack.tables.items():
        edition = reader.in_force(table.editions)
        if edition is not None and edition.rows[0].assumed:
            cited, said = edition.rows[0].clause, _SAMPLE[language]
            parts.append(Part(name=name, clause=cited, heading=reader.name(name), words=said))
    return parts


def _suspended(reader: Reader) -> list[Part]:
    parts = []
    for clause in reader.pack.suspensions.by_clause:
        found = reader.pack.suspensions.on(clause, reader.on)
        if found is not None:
            until = _UNTIL[reader.language].format(found.ends) if found.ends else ""
            said = _FROM_TO[reader.language].format(
                since=found.since, until=until, act=found.instrument
            )
            parts.append(Part(name=clause, clause=clause, heading=clause, words=said))
    return parts
