"""Dated values and tables in SQL: which edition, which row, which column."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from earnest.policy.cells import Cell, deepest
from earnest.policy.editions import D, Starts
from earnest.policy.refusal import SUSPENDED
from earnest.policy.suspensions import Suspension
from earnest.policy.tables import Table, TableEdition, TableRow

NO_RULE = -1
"""Stands for a row's ordinal where no edition is in force; NULL stands for no row."""

TYPES = {"int": "BIGINT", "bool": "BOOLEAN", "text": "VARCHAR", "date": "DATE"}
"""The type of a value of each kind."""


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def first(*reasons: str | None) -> str | None:
    """Return the first that is not NULL, of those that can be something at all."""
    possible = [reason for reason in reasons if reason is not None]
    if len(possible) <= 1:
        return possible[0] if possible else None
    return f"coalesce({', '.join(possible)})"


def timeline(on: str, editions: Sequence[D], write: Callable[[D | None], str]) -> str:
    """Return the CASE that chooses by a day what ``write`` says of the edition in force.

    ``write`` gets None for days on which nothing is in force.
    """
    spans: list[tuple[date, str]] = []
    for index, edition in enumerate(editions):
        spans.append((edition.since, write(edition)))
        following = editions[index + 1].since if index + 1 < len(editions) else date.max
        if edition.ends is not None and edition.ends < following:
            spans.append((edition.ends, write(None)))
    before = write(None)
    whens = [f"WHEN {on} >= DATE '{start}' THEN {said}" for start, said in reversed(spans)]
    return f"CASE {' '.join(whens)} ELSE {before} END" if whens else before


def always(editions: Sequence[Starts], since: date | None) -> bool:
    """Tell whether something is in force on every day from a day on; None is any day at all."""
    if not editions or since is None or editions[0].since > since:
        return False
    following = [each.since for each in editions[1:]]
    ends = [each.ends for each in editions]
    return ends[-1] is None and all(
        end is None or end >= start for end, start in zip(ends[:-1], following, strict=True)
    )


def row_of(table: Table, on: str, values: Sequence[str]) -> str:
    """Return the deciding row's ordinal: NULL for none, -1 where no edition is in force."""

    def edition_row(edition: TableEdition | None) -> str:
        if edition is None:
            return str(NO_RULE)
        if len(values) == 1 and edition.named[0] and not _truths(edition.named[0]):
            return _looked_up(edition, values[0])
        if len(values) == 1 and any(row.cells[0].low is not None for row in edition.rows):
            return _ranged(edition, values[0])
        whens = [
            f"WHEN {_accepts(edition, row, values)} THEN {row.ordinal}" for row in edition.rows
        ]
        return " ".join(["CASE", *whens, "END"])

    return timeline(on, table.editions, edition_row)


def row_refusal(table: Table, row: str, since: date | None, governing: str) -> str | None:
    """Return the refusal where no row decides; None when that cannot be, from a day on.

    A row whose clause is suspended on the ``governing`` day does not decide either.
    """
    whens = [
        f"WHEN {row} = {each.ordinal} THEN CASE {suspended_when(governing, each.suspensions)} END"
        for each in table.rows
        if each.suspensions
    ]
    if not all(_whole(edition) for edition in table.editions):
        whens.append(f"WHEN {row} IS NULL THEN 'no_row:{table.name}'")
    if not always(table.editions, since):
        whens.append(f"WHEN {row} = {NO_RULE} THEN 'no_rule:{table.name}'")
    return f"CASE {' '.join(whens)} END" if whens else None


def suspended_when(day: str, suspensions: Iterable[Suspension]) -> str:
    """Return the branches of a CASE that refuse a clause on the days on which it is suspended."""
    whens = []
    for each in suspensions:
        until = f" AND {day} < DATE '{each.ends}'" if each.ends is not None else ""
        reason = text_literal(f"{SUSPENDED}:{each.clause}")
        whens.append(f"WHEN {day} >= DATE '{each.since}'{until} THEN {reason}")
    return " ".join(whens)


def column_refusal(table: Table, column: str, value: str) -> str | None:
    """Return the refusal where a row decides and gives no value; None when all rows give one."""
    if not table.lacks(column):
        return None
    return f"CASE WHEN {value} IS NULL THEN {text_literal(f'unset:{table.name}')} END"


def column_of(table: Table, row: str, column: str) -> str:
    """Return a column of the row with this ordinal; NULL for none and where no edition was."""
    rows = [row for edition in table.editions for row in edition.rows]
    outputs = {each.ordinal: each.outputs[column] for each in rows}
    return value_of_row(outputs, row, TYPES[table.outputs[column].name])


def value_of_row(values: Mapping[int, object], row: str, type_name: str) -> str:
    """Return what belongs to the row with this ordinal, given for every ordinal that has any."""
    # A list is looked into in one step, and asks for the row once; places count from 1.
    places = [literal(values.get(ordinal)) for ordinal in range(max(values, default=-1) + 1)]
    return f"([{', '.join(places)}]::{type_name}[])[{row} + 1]"


def _truths(named: Iterable[str | bool]) -> bool:
    return any(isinstance(each, bool) for each in named)


def _whole(edition: TableEdition) -> bool:
    """Tell whether an edition has a row for every value; gaps are refused when it is read.

    Only texts that nobody names can be without a row, where no row takes the rest.
    """
    columns = range(len(edition.named))
    return all(
        not named or _truths(named) or any(not row.cells[place].values for row in edition.rows)
        for place, named in zip(columns, edition.named, strict=True)
    )


def _looked_up(edition: TableEdition, value: str) -> str:
    """Return the row's ordinal by the place of a text among those named."""
    ordinals = {str(text): row.ordinal for row in edition.rows for text in row.cells[0].values}
    texts = ", ".join(text_literal(text) for text in ordinals)
    asked = [value]
    if edition.trees[0]:
        depth = max(text.count("/") for text in ordinals)
        parts = f"string_split({value}, '/')"
        asked += [f"array_to_string(({parts})[1:{each}], '/')" for each in range(depth + 1, 0, -1)]
    place = first(*(f"list_position([{texts}], {each})" for each in asked))
    places = list(ordinals.values())
    start = places[0]
    if places == list(range(start, start + len(places))):
        found = f"{place} + {start - 1}"
    else:
        found = f"([{', '.join(map(str, places))}])[{place}]"
    rest = next((row for row in edition.rows if not row.cells[0].values), None)
    if rest is None:
        return f"({found})"
    return f"coalesce({found}, CASE WHEN {value} IS NOT NULL THEN {rest.ordinal} END)"


def _ranged(edition: TableEdition, value: str) -> str:
    """Return the row's ordinal by the ranges in order: each takes what those before it left."""
    lowest = [row for row in edition.rows if row.cells[0].low is None]
    later = [row for row in edition.rows if row.cells[0].low is not None]
    later.sort(key=lambda row: row.cells[0].low)
    rows = lowest + later
    whens = [f"WHEN {value} < {_bound(row.cells[0].high)} THEN {row.ordinal}" for row in rows[:-1]]
    last = f"WHEN {value} >= {_bound(rows[-1].cells[0].low)} THEN {rows[-1].ordinal}"
    return " ".join(["CASE", *whens, last, "END"])


def _accepts(edition: TableEdition, row: TableRow, values: Sequence[str]) -> str:
    tests = [
        test
        for cell, value, named, tree in zip(
            row.cells, values, edition.named, edition.trees, strict=True
        )
        for test in (_tree_tests if tree else _tests)(cell, value, named)
    ]
    return " AND ".join(tests) or "TRUE"


def _tests(cell: Cell, value: str, named: frozenset[str | bool]) -> list[str]:
    if cell.anything or (cell.otherwise and not named):
        return [f"{value} IS NOT NULL"]
    if cell.otherwise:
        return [f"{value} NOT IN ({_texts(named)})"]
    if isinstance(next(iter(cell.values), None), bool):
        return [value if cell.values[0] else f"NOT {value}"]
    if len(cell.values) > 1:
        return [f"{value} IN ({_texts(cell.values)})"]
    if cell.values:
        return [f"{value} = {text_literal(str(cell.values[0]))}"]
    low = [f"{value} >= {_bound(cell.low)}"] if cell.low is not None else []
    high = [f"{value} < {_bound(cell.high)}"] if cell.high is not None else []
    return low + high


def _tree_tests(cell: Cell, value: str, named: frozenset[str | bool]) -> list[str]:
    """Return what holds of a path whose deepest node named is one of the cell's."""
    if cell.anything or (cell.otherwise and not named):
        return [f"{value} IS NOT NULL"]
    nodes = sorted(str(each) for each in named)
    if cell.otherwise:
        roots = [each for each in nodes if deepest(_above(each), named) is None]
        return [f"NOT {_below(root, value)}" for root in roots]
    branches = []
    for node in cell.values:
        deeper = [each for each in nodes if deepest(_above(each), named) == node]
        outside = [f"NOT {_below(each, value)}" for each in deeper]
        branches.append(" AND ".join([_below(str(node), value), *outside]))
    return branches if len(branches) == 1 else [f"({' OR '.join(branches)})"]


def _above(node: str) -> str:
    return node.rpartition("/")[0]


def _below(node: str, value: str) -> str:
    """Return the test that a path is a node or lies below it."""
    return f"({value} = {text_literal(node)} OR starts_with({value}, {text_literal(node + '/')}))"


def _texts(texts: Iterable[str | bool]) -> str:
    return ", ".join(sorted(text_literal(str(each)) for each in texts))


def _bound(bound: object) -> str:
    return f"DATE '{bound}'" if isinstance(bound, date) else str(bound)


def literal(value: object) -> str:
    """Return a value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        # A BIGINT from the start: DuckDB takes a small literal for 32 bits, and sums overflow.
        return f"{value}::BIGINT"
    return f"DATE '{value}'" if isinstance(value, date) else text_literal(str(value))
