"""A pack: one rulebook as checked, immutable data that answers decisions.

Reading a pack reports every problem at once, each with file, line and column.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from earnest.kernel.errors import BadInput, NotFound, RuleRefused
from earnest.kernel.hashing import sha256_hex
from earnest.policy.cases import check_cases
from earnest.policy.citations import check_citations
from earnest.policy.clauses import Clause, compile_clauses
from earnest.policy.decision import DecisionSpec, Elements, compile_decision
from earnest.policy.document import Document
from earnest.policy.editions import (
    Calendar,
    Parameter,
    compile_instruments,
    compile_parameter,
    in_force,
)
from earnest.policy.evaluation import Evaluation
from earnest.policy.problems import nearest
from earnest.policy.refusal import Refused, no_row, no_rule, unset
from earnest.policy.shape import Book, Case, Instrument, Interpretation, Words, read_book
from earnest.policy.sql import facts_table, write_sql
from earnest.policy.tables import Table, compile_table


class Pack:
    """One rulebook, ready to decide. Made by :func:`load_pack`; never changed afterwards.

    Attributes:
        rulebook: its name, e.g. ``kuaishou-shop-deposit``.
        title: its title in zh and en.
        text: the file's text; ``hash`` is the SHA-256 of it.
        instruments: the acts, oldest first.
        clauses: every sentence of the rule, in our own words, by id.
        interpretations: the choices that the text leaves open, by name.
        parameters, tables, decisions: the named elements.
        texts: names of things for readers.
        cases: the golden cases.
    """

    def __init__(self, text: str, document: Document, book: Book) -> None:
        calendar = compile_instruments(document, book.instruments)
        self.text = text
        self.hash = sha256_hex(text)
        self.rulebook = book.rulebook
        words = book.title or Words(zh=book.rulebook, en=book.rulebook)
        self.title: dict[str, str] = {"zh": words.zh, "en": words.get("en")}
        self.instruments: tuple[Instrument, ...] = tuple(book.instruments)
        self.clauses: dict[str, Clause] = compile_clauses(book.clauses)
        self.interpretations: dict[str, Interpretation] = book.interpretations
        self.texts: dict[str, Words] = book.texts
        self.cases: tuple[Case, ...] = tuple(book.cases)
        self._since = calendar.since
        self.parameters, self.tables, self.decisions = _elements(document, calendar, book)

    def evaluate(self, decision: str, facts: Mapping[str, Any]) -> Evaluation:
        """Take a decision for one subject.

        A rule that gives no answer (no edition, no row, a missing fact) is a refusal in the
        evaluation, not an exception.

        Raises:
            NotFound: there is no such decision.
            BadInput: a fact is not declared, or has the wrong type.
        """
        return Evaluation(self, self._spec(decision), facts)

    def sql(self, decision: str, facts: str = "facts") -> str:
        """Return the DuckDB SQL that takes a decision for every row of a table of facts.

        The table has a column ``subject`` and one column per fact: BIGINT, VARCHAR, BOOLEAN, DATE;
        ``each`` is VARCHAR[]; a series is STRUCT("at" DATE, value ...)[]. The answer has
        ``subject``, ``governing_on``, the outcome, and ``unresolved``: NULL, or the refusal's key.

        Raises:
            NotFound: there is no such decision.
        """
        return write_sql(self._spec(decision), facts)

    def facts_table(self, decision: str, table: str = "facts") -> str:
        """Return the statement that makes an empty table of facts, as :meth:`sql` reads it.

        Raises:
            NotFound: there is no such decision.
        """
        return facts_table(self._spec(decision), table)

    def parameter(self, name: str, *, on: date) -> Any:
        """Return a parameter's value on a day, in its unit (money in fen).

        Raises:
            NotFound: there is no such parameter.
            RuleRefused: none was in force on that day, or it is unset.
        """
        parameter = _named("parameter", name, self.parameters)
        dated = in_force(parameter.values, on)
        if dated is None:
            raise _refuse(no_rule(name, on, ""))
        if dated.unset:
            raise _refuse(unset(name, on, dated.clause))
        return dated.value

    def table_row(self, name: str, inputs: Mapping[str, Any], *, on: date) -> dict[str, Any]:
        """Return the outputs of the row that decides the inputs on a day.

        Raises:
            NotFound: there is no such table.
            BadInput: the inputs are not those of the table.
            RuleRefused: no edition in force on that day, or no row for the inputs.
        """
        table = _named("table", name, self.tables)
        if set(inputs) != set(table.inputs):
            wanted = ", ".join(table.inputs)
            raise BadInput(
                "table_inputs", where=name,
                zh=f"表 {name} 的输入是 {wanted}", en=f"table {name} takes {wanted}",
            )  # fmt: skip
        edition = in_force(table.editions, on)
        if edition is None:
            raise _refuse(no_rule(name, on, ""))
        values = tuple(inputs[each] for each in table.inputs)
        row = edition.find(values)
        if row is None:
            raise _refuse(no_row(name, values, on, ""))
        return dict(row.outputs)

    def in_force_from(self) -> date:
        """Return the first day on which any of the book was in force."""
        return self._since

    def _spec(self, decision: str) -> DecisionSpec:
        spec: DecisionSpec = _named("decision", decision, self.decisions)
        return spec


def load_pack(path: str | FilePath) -> Pack:
    """Read a pack file.

    Raises:
        BadInput: the file cannot be read.
        PackError: with every problem in it, as file:line:column.
    """
    try:
        text = FilePath(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            "unreadable", where=str(path),
            zh="无法读取规则包文件；请检查路径，并用 UTF-8 保存",
            en=f"the pack cannot be read; check the path and save it as UTF-8 ({error})",
        ) from error  # fmt: skip
    return load_pack_text(text, str(path))


@lru_cache(maxsize=64)
def load_pack_text(text: str, name: str = "pack") -> Pack:
    """Read a pack from its text; ``name`` stands in front of line and column in problems.

    Raises:
        PackError: with every problem in it.
    """
    document = Document(text, name)
    book = read_book(document)
    if book is None:
        document.refuse_if_wrong()
        raise AssertionError(name)
    pack = Pack(text, document, book)
    check_citations(document, book, pack)
    check_cases(document, pack)
    document.refuse_if_wrong()
    return pack


def _elements(
    document: Document, calendar: Calendar, book: Book
) -> tuple[dict[str, Parameter], dict[str, Table], dict[str, DecisionSpec]]:
    parameters = {
        name: compile_parameter(calendar, name, shape) for name, shape in book.parameters.items()
    }
    tables = {name: compile_table(calendar, name, shape) for name, shape in book.tables.items()}
    elements = Elements(parameters, tables, book.interpretations, calendar.since)
    decisions = {
        name: compile_decision(document, name, shape, elements)
        for name, shape in book.decisions.items()
    }
    return parameters, tables, decisions


def _named(kind: str, name: str, known: Mapping[str, Any]) -> Any:
    if name in known:
        return known[name]
    zh, en = nearest(name, known)
    raise NotFound(
        f"unknown_{kind}", where=name,
        zh=f"规则包里没有 {name!r}{zh}", en=f"the pack has no {kind} {name!r}{en}",
    )  # fmt: skip


def _refuse(refused: Refused) -> RuleRefused:
    refusal = refused.refusal
    return RuleRefused(refusal.code, where=refusal.name, zh=refusal.zh, en=refusal.en)
