"""Dated values and tables in SQL: which edition, which row, which column."""

from collections.abc import Callable, Sequence
from datetime import date

from earnest.policy.cells import Cell
from earnest.policy.editions import D
from earnest.policy.tables import Table, TableEdition, TableRow

NO_RULE = -1
"""Stands for a row's ordinal where no edition is in force; NULL stands for no row."""


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


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


def row_of(table: Table, on: str, values: Sequence[str]) -> str:
    """Return the deciding row's ordinal: NULL for none, -1 where no edition is in force."""

    def edition_row(edition: TableEdition | None) -> str:
        if edition is None:
            return str(NO_RULE)
        return " ".join(
            [
                "CASE",
                *(
                    f"WHEN {_accepts(edition, row, values)} THEN {row.ordinal}"
                    for row in edition.rows
                ),
                "END",
            ]
        )

    return timeline(on, table.editions, edition_row)


def row_refusal(table: Table, row: str) -> str:
    """Return the refusal where no row decides."""
    return (
        f"CASE WHEN {row} IS NULL THEN 'no_row:{table.name}' "
        f"WHEN {row} = {NO_RULE} THEN 'no_rule:{table.name}' END"
    )


def column_of(table: Table, row: str, column: str) -> str:
    """Return a column of the row with this ordinal."""
    whens = [
        f"WHEN {each.ordinal} THEN {literal(each.outputs[column])}"
        for edition in table.editions
        for each in edition.rows
    ]
    return f"CASE {row} {' '.join(whens)} END" if whens else "NULL"


def _accepts(edition: TableEdition, row: TableRow, values: Sequence[str]) -> str:
    tests = [
        test
        for cell, value, named in zip(row.cells, values, edition.named, strict=True)
        for test in _tests(cell, value, named)
    ]
    return " AND ".join(tests) or "TRUE"


def _tests(cell: Cell, value: str, named: frozenset[object]) -> list[str]:
    if cell.anything or (cell.otherwise and not named):
        return [f"{value} IS NOT NULL"]
    if cell.otherwise:
        texts = ", ".join(sorted(text_literal(str(each)) for each in named))
        return [f"{value} NOT IN ({texts})"]
    if isinstance(cell.exact, bool):
        return [value if cell.exact else f"NOT {value}"]
    if cell.exact is not None:
        return [f"{value} = {text_literal(cell.exact)}"]
    low = [f"{value} >= {cell.low}"] if cell.low is not None else []
    high = [f"{value} < {cell.high}"] if cell.high is not None else []
    return low + high


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
