"""A population from a file of facts, judged by two rulebooks: no history and no database needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from earnest.kernel.errors import BadInput
from earnest.policy import Pack
from earnest.whatif.assembly import (
    Asked,
    Readings,
    beyond,
    decision_change,
    parties_count,
    parties_open,
    report_basis,
    why_not,
)
from earnest.whatif.comparison import TOP
from earnest.whatif.effects import quoted
from earnest.whatif.judging import PARTY, PERIOD
from earnest.whatif.report import Report

FACTS: Final = "facts"
WHOM, WHEN = "subject", "period"
INEXACT: Final = ("DOUBLE", "FLOAT", "DECIMAL")


def run_on_facts(live: Pack, draft: Pack, decision: str, path: Path, *, top: int = TOP) -> Report:
    """Judge a Parquet file of facts by two rulebooks.

    Takes:
        path: a column ``subject``, one column a fact of the decision (see ``earnest policy show``),
            optionally ``period`` when a subject stands in it several times; any further column of
            texts is a way to tell the differences apart.

    Raises:
        NotFound: a rulebook has no such decision.
        BadInput: the file cannot be read, lacks a fact or has one of the wrong type, or names a
            subject twice; or the draft's decision takes other facts.
        RuleRefused: SQL and the interpreter disagree on a row.
    """
    readings = Readings(((live, draft),))
    for pack in (live, draft):
        pack.sql(decision)  # says which decision is unknown, and what is near it
    remark = why_not(readings, decision)
    if remark is not None:
        raise BadInput(remark.code, where=decision, zh=remark.zh, en=remark.en)
    with duckdb.connect() as connection:
        parties_open(connection)
        given = _facts_read(connection, live, decision, path)
        asked = Asked(FACTS, given.by, "..".join(given.span), top)
        change = decision_change(connection, readings, decision, asked)
        parties = parties_count(connection)
    return Report(
        live=live,
        draft=draft,
        first=given.span[0] if given.span else "",
        last=given.span[-1] if given.span else "",
        months=given.months,
        not_assessed=(),
        subject="",
        basis=report_basis([change], parties),
        changed=(change.change.changed, parties[1]),
        decisions=(change,),
        beyond=beyond(readings, [decision]),
    )


@dataclass(frozen=True)
class _Given:
    """What a file of facts holds beside the facts: further columns, and its periods in order."""

    by: tuple[str, ...]
    months: tuple[str, ...]

    @property
    def span(self) -> tuple[str, ...]:
        return (self.months[0], self.months[-1]) if self.months else ()


def _facts_read(connection: Any, live: Pack, decision: str, path: Path) -> _Given:
    """Make the table of facts from a file."""
    types = _columns(connection, path)
    wanted = list(live.decisions[decision].facts)
    _refuse_unfit(path, types, wanted)
    periods = WHEN in types and WHEN not in wanted
    own = {WHOM, *wanted, *((WHEN,) if periods else ())}
    by = tuple(
        name
        for name, kind in types.items()
        if name not in own and kind == "VARCHAR" and not name.startswith("@")
    )
    connection.execute(live.facts_table(decision, FACTS))
    more = [quoted(name) for name in by] + ([quoted(PARTY), quoted(PERIOD)] if periods else [])
    for name in more:
        connection.execute(f"ALTER TABLE {FACTS} ADD COLUMN {name} VARCHAR")
    key = "CAST(row_number() OVER () AS VARCHAR)" if periods else WHOM
    taken = [f"{key} AS {WHOM}", *(quoted(name) for name in (*wanted, *by))]
    if periods:
        taken += [f"{WHOM} AS {quoted(PARTY)}", f"CAST({WHEN} AS VARCHAR) AS {quoted(PERIOD)}"]
    try:
        connection.execute(
            f"INSERT INTO {FACTS} BY NAME SELECT {', '.join(taken)} FROM arrived"  # noqa: S608 - quoted
        )
    except duckdb.Error as error:
        raise _unreadable(path, error) from None
    _refuse_repeated(connection, path, f"{PARTY}, {PERIOD}" if periods else WHOM)
    if not periods:
        return _Given(by, ())
    rows = connection.execute(
        f"SELECT DISTINCT {quoted(PERIOD)} FROM {FACTS} ORDER BY 1"  # noqa: S608 - our names
    ).fetchall()
    return _Given(by, tuple(str(row[0]) for row in rows))


def _refuse_unfit(path: Path, types: dict[str, str], wanted: list[str]) -> None:
    missing = [name for name in (WHOM, *wanted) if name not in types]
    if missing:
        raise BadInput(
            "facts_missing",
            where=str(path),
            zh=f"文件缺少列：{'、'.join(missing)}；需要 {WHOM} 和 {'、'.join(wanted)}",
            en=f"the file lacks {', '.join(missing)}; it needs {WHOM} and {', '.join(wanted)}",
        )
    inexact = [name for name in wanted if types[name].startswith(INEXACT)]
    if inexact:
        raise BadInput(
            "facts_inexact",
            where=str(path),
            zh=f"{'、'.join(inexact)} 须为整数；金额请以最小货币单位（分）给出",
            en=f"{', '.join(inexact)} must hold whole numbers; give money in minor units (fen)",
        )


def _refuse_repeated(connection: Any, path: Path, key: str) -> None:
    names = ", ".join(quoted(name) for name in key.split(", "))
    row = connection.execute(
        f"SELECT {names} FROM {FACTS} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"  # noqa: S608 - our names
    ).fetchone()
    if row is not None:
        said = " ".join(str(each) for each in row)
        raise BadInput(
            "subject_repeated",
            where=f"{path}: {said}",
            zh=f"同一主体出现多次：{said}；若分属不同月份，请给出 {WHEN} 列",
            en=f"a subject stands there more than once: {said}; give a column {WHEN} if its rows "
            "are of several months",
        )


def _columns(connection: Any, path: Path) -> dict[str, str]:
    """Open the file as a view and return its columns with their types."""
    try:
        connection.read_parquet(str(path)).create_view("arrived")
        rows = connection.execute("DESCRIBE arrived").fetchall()
    except duckdb.Error as error:
        raise _unreadable(path, error) from None
    return {row[0]: str(row[1]) for row in rows}


def _unreadable(path: Path, error: duckdb.Error) -> BadInput:
    reason = str(error).splitlines()[0]
    return BadInput(
        "facts_file",
        where=str(path),
        zh=f"无法读取事实文件；请给出 Parquet 文件，各列类型须与判定的事实一致（{reason}）",
        en="the facts cannot be read; give a Parquet file whose columns have the types of the "
        f"decision's facts ({reason})",
    )
