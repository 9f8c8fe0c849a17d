"""Functions over the elements of a fact, compiled to closures."""

from collections.abc import Callable, Iterable, Mapping
from operator import gt, lt
from typing import Any

from earnest.policy.nodes import Aggregate, Clamp, ElementValue, Extreme, Together, walk
from earnest.policy.refusal import no_element
from earnest.policy.row_values import row_values
from earnest.policy.run import Closure, Compile, Run, row_finder
from earnest.policy.tables import TableRow

Elements = Callable[[Run], Iterable[tuple[Any, TableRow | None]]]
"""Goes through elements: sets each in the run; gives what it is called by, and its row."""

Taken = tuple[Any, Any, Any, Any]
"""Of an element that counts: its name, its value, its group, and what to note of it."""


def aggregated(node: Aggregate, compiled: Compile) -> Closure:
    """Compile a function over elements."""
    if node.function == "consecutive":
        return _consecutive(node, compiled)
    taken = _taken(node, compiled)
    if node.function == "sum_of_highest":
        return _sum_of_highest(node, taken)
    if node.function in ("highest", "lowest"):
        return _extreme(node, taken, compiled)
    return _total(node, taken)


def _taken(node: Aggregate, compiled: Compile) -> Callable[[Run], list[Taken]]:
    """Return what finds the elements that count, each with its value."""
    known = row_values(node, compiled)
    if known is not None and not _says_more(node):
        return _taken_of_rows(node, known)
    each_of = _elements(node)
    condition = compiled(node.condition) if node.condition else None
    value = compiled(node.value) if node.value else None
    group = compiled(node.group) if node.group else None
    said = node.value.text if node.value else node.function
    noted = node.collection.form == "records"

    def found(run: Run) -> list[Taken]:
        taken: list[Taken] = []
        for key, row in each_of(run):
            if noted:
                run.dated = None
            if condition is not None and not condition(run):
                continue
            number = 1 if value is None else value(run)
            if row is not None:
                run.notes.append(("row", row, said, number))
            own = group(run) if group is not None else None
            note = (key, run.element_on, run.element, run.dated) if noted else None
            taken.append((key, number, own, note))
        run.element_on = None
        return taken

    return found


def _says_more(node: Aggregate) -> bool:
    """Tell whether evaluating an element notes more than the row that it used."""
    parts = [part for part in (node.condition, node.value) if part is not None]
    return any(isinstance(n, Extreme | Clamp | Together) for part in parts for n in walk(part))


def _taken_of_rows(node: Aggregate, known: Mapping[int, Any]) -> Callable[[Run], list[Taken]]:
    """Find the texts that count, when their row alone says whether and for how much."""
    table, name = node.collection.table, node.collection.name
    assert table is not None  # noqa: S101 - only what stands in a table has rows
    find, said = row_finder(table), node.value.text if node.value else node.function

    def found(run: Run) -> list[Taken]:
        taken: list[Taken] = []
        for key in run.values[name]:
            row = find(run, (key,))
            value = known.get(row.ordinal)
            if value is not None:
                run.notes.append(("row", row, said, value))
                taken.append((key, value, None, None))
        return taken

    return found


def _note(run: Run, node: Aggregate, taken: Taken) -> None:
    """Note a row of values that counted, with what was taken of it."""
    _, value, group, note = taken
    if note is not None:
        kind = node.value.kind if node.value is not None else None
        run.notes.append(("counted", node.collection.name, note, (value, kind), group))


def _total(node: Aggregate, taken: Callable[[Run], list[Taken]]) -> Closure:
    def total(run: Run) -> int:
        counted = 0
        for each in taken(run):
            _note(run, node, each)
            counted += each[1]
        return counted

    return total


def _extreme(node: Aggregate, taken: Callable[[Run], list[Taken]], compiled: Compile) -> Closure:
    default = compiled(node.default) if node.default else None
    better, name = (gt if node.function == "highest" else lt), node.collection.name

    def best(run: Run) -> Any:
        found = taken(run)
        if found:
            winner = found[0]
            for each in found:
                if better(each[1], winner[1]):
                    winner = each
            _note(run, node, winner)
            run.won.append(str(winner[0]))
            return winner[1]
        if default is None:
            raise no_element(name, run.clause)
        return default(run)

    return best


def _sum_of_highest(node: Aggregate, taken: Callable[[Run], list[Taken]]) -> Closure:
    def total(run: Run) -> int:
        best: dict[Any, Taken] = {}
        for each in taken(run):
            group = each[2]
            if group not in best or each[1] > best[group][1]:
                best[group] = each
        for each in best.values():
            _note(run, node, each)
            run.won.append(str(each[0]))
        return sum(each[1] for each in best.values())

    return total


def _consecutive(node: Aggregate, compiled: Compile) -> Closure:
    assert node.condition is not None  # noqa: S101 - the reader demands it
    condition, name, since = compiled(node.condition), node.collection.name, node.since
    counted = compiled(node.counted) if node.counted is not None else None

    def streak(run: Run) -> int:
        note, length = run.notes.append, 0
        for at, element in run.values[name]:
            if element is None or (since is not None and at < since):
                continue
            run.element, run.element_on, run.dated = element, at, None
            if counted is not None and not counted(run):
                continue
            held = condition(run)
            note(("element", name, at, held, element, run.dated))
            length = length + 1 if held else 0
        run.element_on = None
        return length

    return streak


def _elements(node: Aggregate) -> Elements:
    return _FORMS[node.collection.form](node)


def _looked_up(node: Aggregate) -> Elements:
    """Go through texts, each with its row in a table as the element under look."""
    name, table = node.collection.name, node.collection.table
    if table is None:
        return lambda _: ()  # the table is unknown, and that has been said
    find, key_name = row_finder(table), next(iter(table.inputs))
    parts = [part for part in (node.condition, node.value, node.group) if part is not None]
    by_key = any(
        isinstance(inner, ElementValue) and inner.name == key_name
        for part in parts
        for inner in walk(part)
    )

    def elements(run: Run) -> Iterable[tuple[Any, TableRow | None]]:
        for key in run.values[name]:
            row = find(run, (key,))
            run.element = {**row.outputs, key_name: key} if by_key else row.outputs
            yield key, row

    return elements


def _series(node: Aggregate) -> Elements:
    """Go through a series in order of its dates, each under the rule of its own date."""
    name, since = node.collection.name, node.since

    def elements(run: Run) -> Iterable[tuple[Any, TableRow | None]]:
        for at, element in run.values[name]:
            if element is None or (since is not None and at < since):
                continue
            run.element, run.element_on = element, at
            yield at, None

    return elements


def _records(node: Aggregate) -> Elements:
    """Go through rows of values as given; with their own day, each under the rule of that day."""
    name, at, since = node.collection.name, node.collection.at, node.since

    def elements(run: Run) -> Iterable[tuple[Any, TableRow | None]]:
        for number, element in enumerate(run.values[name], start=1):
            on = element[at] if at else None
            if on is not None and since is not None and on < since:
                continue
            run.element, run.element_on = element, on
            yield number, None

    return elements


def _list(node: Aggregate) -> Elements:
    """Go through single values."""
    name = node.collection.name

    def elements(run: Run) -> Iterable[tuple[Any, TableRow | None]]:
        for value in run.values[name]:
            run.element = value
            yield value, None

    return elements


_FORMS: dict[str, Callable[[Aggregate], Elements]] = {
    "each": _looked_up,
    "series": _series,
    "records": _records,
    "list": _list,
}
