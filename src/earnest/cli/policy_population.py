"""``earnest policy eval --set``: a decision for every row of a file, by SQL."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from earnest.cli.output import progress_console
from earnest.kernel.errors import BadInput, Problem
from earnest.kernel.money import yuan
from earnest.policy import Pack, PackError
from earnest.policy.facts import FactSpec
from earnest.policy.kinds import CURRENCIES
from earnest.policy.problems import nearest
from earnest.policy.sql_tables import quoted, text_literal

Connection = duckdb.DuckDBPyConnection
SUBJECT = "subject"
ROWS_AT_ONCE = 50_000
PROBLEMS_MAX = 20
VALUES_MAX = 12
_WHOLE = re.compile(r"^-?\d+$", re.ASCII)
_TRUTHS = {"true": True, "false": False}


def population_evaluate(
    pack: Pack, decision: str, file: Path, options: tuple[date | None, Path | None]
) -> list[dict[str, Any]]:
    """Take a decision for every row of a file and return a summary of the answers.

    Takes: a ``.parquet``, ``.csv`` or ``.json`` file with a column for each fact, as
    ``Pack.facts_table`` says, and perhaps ``subject``; the governing day for all, or None for
    each one's own; the file to write all answers to, or None.

    Raises:
        NotFound: there is no such decision.
        PackError: the columns or their values are not the facts; every one is named.
    """
    on, out = options
    statement = pack.facts_table(decision)
    population = _Population(pack, decision, file, on)
    with duckdb.connect() as connection:
        connection.execute(statement)
        population.load(connection)
        connection.execute(f"CREATE TABLE answers AS {pack.sql(decision)}")
        if out is not None:
            _write(connection, out)
        return _summary(connection, pack, decision)


class _Population:
    """The rows of a file, checked against the facts of a decision."""

    def __init__(self, pack: Pack, decision: str, file: Path, on: date | None) -> None:
        spec = pack.decisions[decision]
        self._file = file
        self._facts = spec.facts
        self._on = (spec.governed_by, on) if on is not None else None
        self._types: dict[str, str] = {}
        self._problems: list[Problem] = []

    def load(self, connection: Connection) -> None:
        """Fill the table ``facts``."""
        described = connection.execute("DESCRIBE facts").fetchall()
        self._types = {str(row[0]): str(row[1]) for row in described}
        form = self._file.suffix.lower()
        if not self._file.is_file():
            raise BadInput(
                "unreadable", where=str(self._file), zh="没有这个文件", en="no such file"
            )
        if form == ".parquet":
            self._load_parquet(connection)
        elif form in (".csv", ".json"):
            self._load_rows(connection, self._csv() if form == ".csv" else self._json())
        else:
            raise BadInput(
                "population_format", where=str(self._file),
                zh="文件名请以 .parquet、.csv 或 .json 结尾",
                en="let the file's name end in .parquet, .csv or .json",
            )  # fmt: skip

    def _wanted(self) -> dict[str, FactSpec]:
        """Return the facts that the file must have: not the day that is given for all."""
        given = self._on[0] if self._on else ""
        return {name: spec for name, spec in self._facts.items() if name != given}

    def _note(self, where: str, zh: str, en: str) -> None:
        self._problems.append(Problem("population", f"{self._file}: {where}", zh, en))

    def _refuse_if_wrong(self) -> None:
        if self._problems:
            raise PackError(self._problems)

    def _check_columns(self, columns: Sequence[str]) -> None:
        """Refuse a file without a column that is needed; say which others are passed over."""
        for name, spec in self._wanted().items():
            if name not in columns:
                zh, en = nearest(name, columns)
                held = f"{spec}, {self._types[name]}"
                self._note(
                    f"column {name}",
                    f"缺少这一列（{held}）{zh}",
                    f"this column is missing ({held}){en}",
                )
        self._refuse_if_wrong()
        beyond = [each for each in columns if each not in self._facts and each != SUBJECT]
        if beyond:
            progress_console.print(
                f"columns that are no facts are passed over: {', '.join(beyond)}"
            )

    def _load_parquet(self, connection: Connection) -> None:
        source = f"read_parquet({text_literal(str(self._file))})"
        try:
            found = connection.execute(f"DESCRIBE FROM {source}").fetchall()
        except duckdb.Error as error:
            raise BadInput(
                "unreadable", where=str(self._file),
                zh="不是有效的 Parquet 文件", en=f"not valid Parquet: {error}",
            ) from None  # fmt: skip
        columns = {str(row[0]): str(row[1]) for row in found}
        self._check_columns(list(columns))
        wanted = self._types
        for name, spec in self._wanted().items():
            if not _castable(columns[name], wanted[name]):
                self._note(
                    f"column {name}",
                    f"类型是 {columns[name]}，应为 {wanted[name]}（{spec}）",
                    f"it holds {columns[name]} and must hold {wanted[name]} ({spec})",
                )
        self._refuse_if_wrong()
        subject = f"CAST({quoted(SUBJECT)} AS VARCHAR)" if SUBJECT in columns else _NUMBERED
        taken = [f"{subject} AS {quoted(SUBJECT)}"]
        for name in self._facts:
            value = quoted(name)
            if self._on is not None and name == self._on[0]:
                value = f"DATE '{self._on[1]}'"
            taken.append(f"CAST({value} AS {wanted[name]})")
        connection.execute(f"INSERT INTO facts SELECT {', '.join(taken)} FROM {source}")  # noqa: S608 - checked names

    def _load_rows(self, connection: Connection, rows: Iterator[Mapping[str, Any]]) -> None:
        schema = connection.table("facts").to_arrow_table().schema
        batch: list[dict[str, Any]] = []
        for number, row in enumerate(rows, 1):
            if number == 1:
                self._check_columns(list(row))
            batch.append(self._row(number, row))
            if len(batch) == ROWS_AT_ONCE or len(self._problems) >= PROBLEMS_MAX:
                self._refuse_if_wrong()
                _insert(connection, batch, schema)
                batch = []
        self._refuse_if_wrong()
        _insert(connection, batch, schema)

    def _row(self, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {SUBJECT: str(row.get(SUBJECT) or number)}
        for name, spec in self._wanted().items():
            try:
                values[name] = _value(spec, row.get(name))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                self._note(
                    f"row {number}, column {name}",
                    f"{row.get(name)!r} 不是 {spec}",
                    f"{row.get(name)!r} is not {spec} ({error})",
                )
        if self._on is not None:
            values[self._on[0]] = self._on[1]
        return values

    def _csv(self) -> Iterator[Mapping[str, Any]]:
        with self._file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            empty = True
            for row in reader:
                empty = False
                yield {
                    name: _from_text(self._facts.get(name), text)
                    for name, text in row.items()
                    if name
                }
            if empty:
                self._check_columns(list(reader.fieldnames or ()))

    def _json(self) -> Iterator[Mapping[str, Any]]:
        try:
            rows = json.loads(self._file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput(
                "facts_file", where=str(self._file),
                zh=f"不是有效的 JSON：{error}", en=f"not valid JSON: {error}",
            ) from None  # fmt: skip
        if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
            raise BadInput(
                "facts_file", where=str(self._file),
                zh="应是由对象组成的列表", en="it must be a list of objects",
            )  # fmt: skip
        columns = dict.fromkeys(name for row in rows for name in row)
        yield from ({**columns, **row} for row in rows)


_NUMBERED = "CAST(row_number() OVER () AS VARCHAR)"


def _castable(given: str, wanted: str) -> bool:
    """Tell whether a column's type holds what is wanted without a number being rounded."""
    if any(each in given for each in ("FLOAT", "DOUBLE", "REAL", "DECIMAL")):
        return False
    if wanted in ("BIGINT", "BOOLEAN", "DATE"):
        whole = (
            ("INT" in given and "INTERVAL" not in given) if wanted == "BIGINT" else given == wanted
        )
        return whole and "[" not in given and "STRUCT" not in given
    return given.count("[]") == wanted.count("[]") and ("STRUCT" in given) == ("STRUCT" in wanted)


def _from_text(spec: FactSpec | None, text: str | None) -> Any:
    """Return the value that a CSV cell stands for; an empty cell is a missing fact."""
    if spec is None or text is None or text == "":
        return text or None
    if spec.collection is not None:
        return json.loads(text) if text[:1] in "[{" else text
    if spec.kind.name == "int" and _WHOLE.match(text.strip()):
        return int(text)
    if spec.kind.name == "bool":
        return _TRUTHS.get(text.strip().lower(), text)
    return text


def _value(spec: FactSpec, raw: Any) -> Any:
    """Return a fact as the table holds it.

    Raises:
        ValueError: it is not of that kind.
    """
    collection = spec.collection
    if raw is None:
        return None
    if collection is None:
        return _single(spec.kind.name, raw)
    if not isinstance(raw, list):
        raise ValueError(f"{raw!r} is not a list")  # noqa: TRY004 - all wrong values are told alike
    if collection.form == "each":
        return [_single("text", each) for each in raw]
    if collection.form == "list":
        return [_single(spec.kind.name, each) for each in raw]
    kinds = {name: kind.name for name, kind in collection.fields.items()}
    if collection.form == "records":
        return [{name: _single(kind, each[name]) for name, kind in kinds.items()} for each in raw]
    return [_element(each, kinds, single=collection.single) for each in raw]


def _element(raw: Any, kinds: Mapping[str, str], *, single: bool) -> dict[str, Any]:
    at, value = (raw["at"], raw["value"]) if isinstance(raw, dict) else raw
    fields = {"value": value} if single else value or dict.fromkeys(kinds)
    return {
        "at": _single("date", at),
        **{name: _single(kind, fields[name]) for name, kind in kinds.items()},
    }


def _single(kind: str, raw: Any) -> Any:
    """Return a single value of a kind."""
    if raw is None:
        return None
    if kind == "date" and isinstance(raw, str):
        return date.fromisoformat(raw)
    wanted = {"int": int, "bool": bool, "text": str, "date": date}[kind]
    if not isinstance(raw, wanted) or (wanted is int and isinstance(raw, bool)):
        raise ValueError(f"a value of kind {kind} is needed")
    return raw


def _insert(connection: Connection, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    if rows:
        batch = pa.Table.from_pylist(rows, schema=schema)
        connection.register("batch", batch)
        connection.execute("INSERT INTO facts SELECT * FROM batch")
        connection.unregister("batch")


def _write(connection: Connection, out: Path) -> None:
    form = {".parquet": "PARQUET", ".csv": "CSV, HEADER"}.get(out.suffix.lower())
    if form is None:
        raise BadInput(
            "answers_format", where=str(out),
            zh="结果文件名请以 .parquet 或 .csv 结尾",
            en="let the name of the result end in .parquet or .csv",
        )  # fmt: skip
    connection.execute(f"COPY answers TO {text_literal(str(out))} (FORMAT {form})")
    progress_console.print(f"{out}: written")


def _summary(connection: Connection, pack: Pack, decision: str) -> list[dict[str, Any]]:
    """Return counts, refusals by reason, sums of money and what the other outcomes were."""
    rows: list[dict[str, Any]] = []

    def add(what: str, value: Any, note: str = "") -> None:
        rows.append({"what": what, "value": value, "note": note})

    [(subjects, decided)] = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE unresolved IS NULL) FROM answers"
    ).fetchall()
    add("subjects", subjects)
    add("decided", decided)
    refusals = connection.execute(
        "SELECT unresolved, count(*) FROM answers WHERE unresolved IS NOT NULL "
        "GROUP BY ALL ORDER BY count(*) DESC, unresolved"
    ).fetchall()
    for reason, count in refusals:
        add(f"refused: {reason}", count)
    spec = pack.decisions[decision]
    kinds = {step.name: step.node.kind for step in spec.steps}
    for name, step in spec.outcome.items():
        kind, column = kinds[step], quoted(name)
        if kind.unit in CURRENCIES:
            query = f"SELECT CAST(coalesce(sum({column}), 0) AS HUGEINT) FROM answers"  # noqa: S608 - a checked name
            [(total,)] = connection.execute(query).fetchall()
            note = f"{yuan(total)} {kind.unit}" if CURRENCIES[kind.unit] else str(kind.unit)
            add(f"sum of {name}", int(total), note)
        elif kind.name in ("text", "bool"):
            query = f"SELECT {column} FROM answers WHERE unresolved IS NULL"  # noqa: S608 - a checked name
            for value, count in _counted(connection, query):
                add(f"{name}: {value}", count)
    return rows


def _counted(connection: Connection, query: str) -> list[tuple[str, int]]:
    """Return the commonest values of a query's column with their counts."""
    counts = connection.execute(
        f"SELECT lower(CAST(v AS VARCHAR)), count(*) FROM ({query}) AS t(v) "  # noqa: S608 - our own query
        "GROUP BY ALL ORDER BY count(*) DESC, 1"
    ).fetchall()
    if len(counts) <= VALUES_MAX:
        return counts
    rest = Counter({"others": sum(count for _, count in counts[VALUES_MAX:])})
    return [*counts[:VALUES_MAX], *rest.items()]
