"""A trace told as a paragraph in zh or en: what, from which facts, by which clause."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from earnest.policy import explain_words as words
from earnest.policy.explain_elements import ElementTeller
from earnest.policy.fact_forms import FactSpec
from earnest.policy.kinds import TEXT, Kind
from earnest.policy.nodes import Aggregate, walk
from earnest.policy.trace import Entry
from earnest.policy.wording import show_value

if TYPE_CHECKING:
    from earnest.policy.evaluation import Evaluation
    from earnest.policy.pack import Pack

__all__ = ["explain", "show_value"]

ROWS_TOLD = 6
"""So many rows of a fact are told one by one; of the others only their number."""
LATEST_TOLD = 3
"""So many of the latest elements of a series are told."""
ONE_PARAGRAPH = 8
"""More reasons than these stand each on a line of its own."""
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def explain(pack: "Pack", evaluation: "Evaluation", language: str) -> str:
    """Return the paragraph; ``language`` is ``zh`` or ``en``. Many reasons have a line each.

    Raises:
        KeyError: another language is asked for.
    """
    teller = _Teller(pack, evaluation, language)
    title = teller.title()
    refusal = evaluation.refusal
    if refusal is not None:
        why = refusal.en if language == "en" else refusal.zh
        if refusal.code in ("not_met", "not_applicable"):
            why += words.ASIDE[language].format(refusal.clause)
        return words.REFUSED[language].format(title=title, why=why)
    reasons = teller.reasons()
    comma, semicolon = words.COMMA[language], words.SEMICOLON[language]
    if len(reasons) > ONE_PARAGRAPH:
        reasons[0], semicolon = f"\n{reasons[0]}", f"{semicolon.rstrip()}\n"
    told = words.FORM[language].format(
        title=title,
        on=evaluation.governing_on,
        outcome=comma.join(teller.outcome()),
        facts=comma.join(teller.facts()),
        reasons=semicolon.join(reasons),
    )
    return told.replace(" \n", "\n")


class _Teller(ElementTeller):
    """Tells facts and reasons in one language; what elements it tells, see the base."""

    def __init__(self, pack: "Pack", evaluation: "Evaluation", language: str) -> None:
        super().__init__(pack, evaluation, language)
        self._rows = _columns_used(evaluation.trace)
        self._keys = {
            key
            for name, fact in evaluation.spec.facts.items()
            if fact.collection is not None and fact.collection.form == "each"
            for key in evaluation.facts.get(name, ())
        }

    def title(self) -> str:
        """Return the decision's title as the start of a sentence."""
        said = self.name(self._evaluation.decision)
        return said if said == self._evaluation.decision else said[:1].upper() + said[1:]

    def outcome(self) -> list[str]:
        steps = self._evaluation.spec.outcome
        return [self.pair(steps[name], each) for name, each in self._evaluation.result.items()]

    def facts(self) -> list[str]:
        told = []
        for name, spec in self._evaluation.spec.facts.items():
            value, form = self._evaluation.facts[name], spec.collection and spec.collection.form
            if form is None:
                told.append(self.pair(name, value))
            elif form in ("each", "list"):
                said = self.listed([self.value(each, spec.kind) for each in value])
                told.append(f"{self.name(name)}{words.COLON[self._language]}{said or '-'}")
            elif form == "series":
                told.append(self._latest(spec, value))
            else:
                told.append(self._elements(spec, value))
        return told

    def reasons(self) -> list[str]:
        """Tell the trace; a row that several entries name, or a suspended step, is told once."""
        told: list[str] = []
        entries = self._evaluation.trace
        befores, afters = [None, *entries][:-1], [*entries, None][1:]
        for before, entry, after in zip(befores, entries, afters, strict=True):
            if entry["entry"] == "row":
                told += self._row(entry, after)
            elif entry["entry"] == "step":
                told += self._of_step(entry, before)
            else:
                told.append(self._tell(entry))
        return told

    def _tell(self, entry: Entry) -> str:
        match entry["entry"]:
            case "param":
                return self.pair(entry["name"], entry["value"]) + self.basis(entry)
            case "element":
                return self.element(entry)
            case "window":
                said = {key: entry[key] for key in ("first", "last")}
                day, name = entry["on"], self.name(entry["name"])
                form = words.WITHIN[self._language]
                return form.format(day=day, name=name, **said) + self._act(entry)
            case _:
                return self._suspension(entry)

    def _of_step(self, entry: Entry, before: Entry | None) -> list[str]:
        if before is not None and before["entry"] == "suspension":
            return []  # told with its suspension
        told = self.passed_over(entry["name"])
        if before is None or not _repeats(before, entry):
            return [*told, self._step(entry)]
        if len(self._rows[_row_of(before)]) == 1:
            return [*told, self._step(entry, self._row_name(before))]
        says_more = entry["won"] or entry["interpretation"]
        return [*told, self._step(entry)] if says_more else told

    def _act(self, entry: Entry) -> str:
        """Name the clause and the act, where the days are told already."""
        return self.aside([entry["clause"], entry["instrument"]])

    def _row(self, entry: Entry, after: Entry | None) -> list[str]:
        """Tell a row where it is first used, with every column of it that is used anywhere."""
        used = self._rows[_row_of(entry)]
        if entry is not used[0][0]:
            return []
        if len(used) == 1 and after is not None and _repeats(entry, after):
            return []  # told with the step that it gives
        said = self.listed([each for pair in used if (each := self._column(*pair))])
        said = said and f"{words.COLON[self._language]}{said}"
        return [f"{self._row_name(entry)}{said}{self.basis(entry)}"]

    def _column(self, entry: Entry, step: str) -> str:
        """Tell a column with its value; where a step is nothing else, by the step's name."""
        table, column = self._pack.tables[entry["name"]], entry["column"]
        kind = table.outputs.get(column) or self._taken_kind(entry)
        if kind is None:
            return words.COUNTS[self._language][True]
        value = self.value(entry["value"], kind)
        called = step or column
        plain = column not in table.outputs or len(table.outputs) == 1
        if self.name(called) == called and plain:
            return value
        return f"{self.name(called)} {value}"

    def _taken_kind(self, entry: Entry) -> Kind | None:
        """Return the kind of what was taken of a row by an expression; None where it is counted."""
        for step in self._evaluation.spec.steps:
            for node in walk(step.node):
                value = node.value if isinstance(node, Aggregate) else None
                if value is not None and value.text == entry["column"]:
                    return value.kind
        return None

    def _row_name(self, entry: Entry) -> str:
        name = self.name(entry["name"])
        if self._language == "zh" and name[-1:].isascii():
            name += " "
        when = self.listed([self._cell(cell) for cell in entry["when"]])
        return words.ROW[self._language].format(name=name, row=entry["row"], when=when)

    def _cell(self, text: str) -> str:
        if text in words.CELLS and text not in self._pack.texts:
            return words.CELLS[text][self._language]
        return self.value(text, TEXT)

    def _latest(self, spec: FactSpec, values: Sequence[Any]) -> str:
        """Tell a series in short: how many elements it has, and the latest ones."""
        latest = values[-LATEST_TOLD:]
        single = spec.collection is not None and spec.collection.single
        said = self.listed([self.fields(spec, each) for each in latest])
        if not single:
            said = "".join(self.aside([self.fields(spec, each)]) for each in latest).strip()
        form = words.LATEST[self._language]
        told = form.format(count=len(latest), told=said)
        if len(values) <= LATEST_TOLD:
            told = f"{words.COLON[self._language]}{said}" if said else ""
        name = self.name(spec.name)
        return words.ELEMENTS[self._language].format(name=name, count=len(values), told=told)

    def _elements(self, spec: FactSpec, values: Sequence[Any]) -> str:
        """Tell the rows of a fact, the first ones one by one."""
        aside, more = words.ASIDE[self._language], len(values) - ROWS_TOLD
        said = [aside.format(self.fields(spec, each)) for each in values[:ROWS_TOLD]]
        rest = words.MORE[self._language].format(more) if more > 0 else ""
        told = words.COLON[self._language] + "".join(said).strip() + rest if said else ""
        name = self.name(spec.name)
        return words.ELEMENTS[self._language].format(name=name, count=len(values), told=told)

    def _suspension(self, entry: Entry) -> str:
        until = words.UNTIL[self._language].format(entry["ends"]) if entry["ends"] else ""
        return words.SUSPENDED[self._language].format(
            value=self.pair(entry["name"], entry["value"]), since=entry["edition"], until=until
        ) + self._act(entry)

    def _step(self, entry: Entry, by_row: str = "") -> str:
        said = self.pair(entry["name"], entry["value"])
        if by_row:
            said += words.COMMA[self._language] + by_row
        winners = self._winners(entry["won"])
        if winners:
            said += words.CHOSE[self._language][len(winners) > 1].format(self._quoted(winners))
        for key, form in (("unmet", words.UNMET), ("met", words.MET)):
            if key in entry:
                said += form[self._language].format(
                    self._quoted([self._readable(each) for each in entry[key]])
                )
        return said + self.basis(entry)

    def _quoted(self, texts: Sequence[str]) -> str:
        return self.listed([words.QUOTED.format(each) for each in dict.fromkeys(texts)])

    def _readable(self, text: str) -> str:
        """Return a condition with its names as readers know them."""
        return _NAME.sub(lambda match: self.name(match[0]), text)

    def _winners(self, won: Sequence[str]) -> list[str]:
        """Return what can be said of the values chosen: names, titles of tables, elements."""
        # Only what has a name is worth telling; the text of a sum says nothing to a reader.
        told = []
        for each in won:
            table = each.split("(")[0]
            if self.titled(each) or each in self._keys:
                told.append(self.name(each))
            elif table in self._pack.tables and self.titled(table) and each.count("(") == 1:
                told.append(self.name(table))
        return list(dict.fromkeys(told))


def _row_of(entry: Entry) -> tuple[str, str, int]:
    return entry["name"], entry["edition"], entry["row"]


def _columns_used(trace: Sequence[Entry]) -> dict[tuple[str, str, int], list[tuple[Entry, str]]]:
    """Return, of each row, the entries that name it, each with the step that is its value."""
    used: dict[tuple[str, str, int], list[tuple[Entry, str]]] = {}
    for entry, after in zip(trace, [*trace, None][1:], strict=True):
        if entry["entry"] == "row":
            step = after["name"] if after is not None and _repeats(entry, after) else ""
            used.setdefault(_row_of(entry), []).append((entry, step))
    return used


def _repeats(before: Entry, entry: Entry) -> bool:
    """Tell whether a step only says again the value of the row right before it."""
    if before["entry"] != "row" or entry["entry"] != "step":
        return False
    return all(entry[each] == before[each] for each in ("edition", "value"))
