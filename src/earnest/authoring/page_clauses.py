"""The clauses of a rulebook's page: each with its words and the values that it sets."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from earnest.authoring.page_words import A_DAY, Grid, Part, Reader
from earnest.policy.editions import DatedValue, Parameter
from earnest.policy.tables import Table, TableEdition
from earnest.policy.windows import Window

_STATUS = {
    "human": {"zh": "由人判断", "en": "judged by people"},
    "definition": {"zh": "定义", "en": "definition"},
    "external": {"zh": "见其他规则", "en": "in another text"},
    "missing_in_source": {"zh": "原文空白", "en": "blank in the text"},
}
_SUSPENDED = {"zh": "暂停适用，自 {}", "en": "suspended since {}"}
_NOT_YET = {"zh": "尚未生效，自 {} 起", "en": "not yet, from {}"}
_NO_LONGER = {"zh": "自 {} 起不再有效", "en": "no longer in force since {}"}
_SAMPLE = {"zh": "样例值", "en": "sample value"}
_UNSET = {"zh": "未定，须由运营方选定", "en": "open: the operator must choose"}
_FROM = {"zh": "{day} 起：{value}", "en": "from {day}: {value}"}
_FROM_ROWS = {"zh": "{name}：{day} 起有新版", "en": "{name}: another edition from {day}"}
_NOTHING = {"zh": "现无规定", "en": "nothing in force"}
_UNTIL = {"zh": "至 {}", "en": "until {}"}
_CLAUSE = {"zh": "条款", "en": "clause"}
_COLON = {"zh": "：", "en": ": "}
_SEMICOLON = {"zh": "；", "en": "; "}
_DAYS = {"zh": "{} 至 {}", "en": "{} to {}"}


def clause_parts(reader: Reader) -> list[Part]:
    """Return every clause in order; those only cited and not listed come last."""
    holdings = _Holdings(reader)
    listed = [_listed(reader, name, holdings) for name in reader.pack.clauses]
    rest = [
        Part(name=name, clause=name, heading=name, lines=lines, grids=grids)
        for name, (lines, grids) in holdings.left().items()
    ]
    return listed + rest


def _listed(reader: Reader, name: str, holdings: "_Holdings") -> Part:
    clause = reader.pack.clauses[name]
    marks: list[str] = []
    if clause.status in _STATUS:
        marks.append(_STATUS[clause.status][reader.language])
    if clause.since is not None and reader.on < clause.since:
        marks.append(_NOT_YET[reader.language].format(clause.since))
    if clause.ends is not None and reader.on >= clause.ends:
        marks.append(_NO_LONGER[reader.language].format(clause.ends))
    if (suspended := reader.pack.suspensions.on(name, reader.on)) is not None:
        marks.append(_SUSPENDED[reader.language].format(suspended.since))
    lines, grids = holdings.take(name)
    words = clause.en if reader.language == "en" else clause.zh
    part = Part(name=name, clause=name, heading=name, words=words, marks=tuple(marks))
    return replace(part, lines=lines, grids=grids)


Held = tuple[tuple[str, ...], tuple[Grid, ...]]


class _Holdings:
    """The values of a pack by the clause under which they are shown, each once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._language = reader.language
        self._lines: dict[str, list[str]] = {}
        self._grids: dict[str, list[Grid]] = {}
        pack = reader.pack
        for name, parameter in pack.parameters.items():
            for cited, line in self._parameter(name, parameter):
                self._lines.setdefault(self._home(name, cited), []).append(line)
        for name, window in pack.windows.items():
            home = self._home(name, window.spans[0].clause if window.spans else "")
            self._lines.setdefault(home, []).append(self._window(name, window))
        for name, table in pack.tables.items():
            self._table(name, table)

    def take(self, clause: str) -> Held:
        """Return what is shown under a clause, and show it no more."""
        return tuple(self._lines.pop(clause, ())), tuple(self._grids.pop(clause, ()))

    def left(self) -> dict[str, Held]:
        """Return what no listed clause has shown, by the clause cited."""
        return {name: self.take(name) for name in [*{**self._lines, **self._grids}]}

    def _home(self, name: str, cited: str) -> str:
        """Return the clause under which an element is shown: the one cited, else its claimant's."""
        clauses = self._reader.pack.clauses
        if cited in clauses or not clauses:
            return cited
        return next((clause for clause, each in clauses.items() if name in each.by), cited)

    def _parameter(self, name: str, parameter: Parameter) -> Iterator[tuple[str, str]]:
        """Say the value in force, and those that start later, with the clause cited first."""
        reader = self._reader
        now = reader.in_force(parameter.values)
        later = [each for each in parameter.values if self._comes(each.since, each.instrument)]
        said = self._value(now, parameter) if now is not None else _NOTHING[self._language]
        parts = [said] + [
            _FROM[self._language].format(day=each.since, value=self._value(each, parameter))
            for each in later
        ]
        if now is not None or later:
            told = _SEMICOLON[self._language].join(parts)
            yield (now or later[0]).clause, f"{reader.name(name)}{_COLON[self._language]}{told}"

    def _comes(self, since: date, instrument: str) -> bool:
        """Tell whether something starts after the day and was known by then."""
        return since > self._reader.on and instrument not in self._reader.published_later

    def _unknown(self, since: date, instrument: str) -> bool:
        """Tell whether something starts after the day by an act that was published later."""
        return since > self._reader.on and instrument in self._reader.published_later

    def _value(self, dated: DatedValue, parameter: Parameter) -> str:
        if dated.unset:
            return _UNSET[self._language]
        aside = []
        if dated.assumed:
            aside.append(_SAMPLE[self._language])
        if dated.ends is not None:
            aside.append(_UNTIL[self._language].format(dated.ends - A_DAY))
        return self._reader.value(dated.value, parameter.kind) + self._reader.aside(aside)

    def _window(self, name: str, window: Window) -> str:
        known = [each for each in window.spans if not self._unknown(each.first, each.instrument)]
        spans = [_DAYS[self._language].format(each.first, each.last) for each in known]
        said = self._reader.comma(spans) or _NOTHING[self._language]
        return f"{self._reader.name(name)}{_COLON[self._language]}{said}"

    def _table(self, name: str, table: Table) -> None:
        now = self._reader.in_force(table.editions)
        later = [
            each for each in table.editions if self._comes(each.since, each.rows[0].instrument)
        ]
        if now is None and not later:
            return
        home = self._home(name, (now or later[0]).rows[0].clause)
        if now is not None:
            self._grids.setdefault(home, []).append(self._grid(name, table, now))
        for each in later:
            said = _FROM_ROWS[self._language].format(name=self._reader.name(name), day=each.since)
            self._lines.setdefault(home, []).append(said)
            if now is None:
                self._grids.setdefault(home, []).append(self._grid(name, table, each))

    def _grid(self, name: str, table: Table, edition: TableEdition) -> Grid:
        reader = self._reader
        names = [reader.name(each) for each in (*table.inputs, *table.outputs)]
        rows = []
        for row in edition.rows:
            cells = [
                reader.cell(cell, kind)
                for cell, kind in zip(row.cells, table.inputs.values(), strict=True)
            ]
            values = [reader.value(row.outputs[each], kind) for each, kind in table.outputs.items()]
            rows.append((*cells, *values, row.clause))
        aside = []
        if edition.rows[0].assumed:
            aside.append(_SAMPLE[self._language])
        if edition.since > reader.on:
            aside.append(_FROM[self._language].format(day=edition.since, value="").rstrip("：: "))
        title = reader.name(name) + reader.aside(aside)
        return Grid(title, (*names, _CLAUSE[self._language]), tuple(rows))
