"""A pack: one rulebook as checked, immutable data that answers decisions.

Reading a pack reports every problem at once, each with file, line and column.
"""

from collections.abc import Mapping
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path as FilePath
from typing import Any

from earnest.kernel.errors import BadInput, NotFound, RuleRefused
from earnest.kernel.hashing import sha256_hex
from earnest.policy.book import read_book
from earnest.policy.bundle import gather, read_bundle
from earnest.policy.cases import check_cases
from earnest.policy.citations import check_citations, elements_by_clause
from earnest.policy.clauses import Clause, compile_clauses
from earnest.policy.decision import DecisionSpec, Elements, compile_decision
from earnest.policy.document import Document
from earnest.policy.editions import (
    DRAFT_STATES,
    Parameter,
    compile_instruments,
    compile_parameter,
    in_force,
)
from earnest.policy.evaluation import Evaluation
from earnest.policy.problems import nearest
from earnest.policy.reading import DEFAULT, Reading
from earnest.policy.refusal import Refused, no_row, no_rule, unset
from earnest.policy.shape import Book, Case, Instrument, Interpretation, Words
from earnest.policy.sql import facts_table, write_sql
from earnest.policy.suspensions import Suspensions, compile_suspensions
from earnest.policy.tables import Table, compile_table
from earnest.policy.windows import Window, compile_windows
from earnest.policy.workdays import WorkCalendar, compile_calendars


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
        windows, calendars: named days, and which days are worked.
        suspensions: the clauses that do not apply for a time.
        reading: how the text is read.
        bases: the rulebooks that it extends, the nearest first.
        document, book: the text as data with its places, and in its shape.
        texts: names of things for readers.
        cases: the golden cases.
        cases_hold: they were run and hold; False when nobody has asked.
    """

    def __init__(
        self,
        text: str,
        document: Document,
        book: Book,
        reading: Reading = DEFAULT,
        *,
        cases_hold: bool = True,
    ) -> None:
        calendar = compile_instruments(document, book.instruments, reading)
        self.document = document
        self.book = book
        self.reading = reading
        self.cases_hold = cases_hold
        self.bases: tuple[str, ...] = tuple(document.bases)
        self.text = text
        self.hash = sha256_hex(text)
        self.rulebook = book.rulebook
        words = book.title or Words(zh=book.rulebook, en=book.rulebook)
        self.title: dict[str, str] = {"zh": words.zh, "en": words.get("en")}
        self.instruments: tuple[Instrument, ...] = tuple(book.instruments)
        self.clauses: dict[str, Clause] = compile_clauses(book.clauses)
        self.interpretations: dict[str, Interpretation] = reading.chosen(book.interpretations)
        self.texts: dict[str, Words] = book.texts
        self.cases: tuple[Case, ...] = tuple(book.cases)
        self._since = calendar.since
        self.suspensions: Suspensions = compile_suspensions(calendar, book.suspensions)
        calendar.suspensions = self.suspensions
        self.parameters: dict[str, Parameter] = {
            name: compile_parameter(calendar, name, each) for name, each in book.parameters.items()
        }
        self.tables: dict[str, Table] = {
            name: compile_table(calendar, name, each) for name, each in book.tables.items()
        }
        self.windows: dict[str, Window] = compile_windows(calendar, book.windows)
        self.calendars: dict[str, WorkCalendar] = compile_calendars(document, book.calendars)
        elements = Elements(
            self.parameters, self.tables, self.interpretations, self._since,
            self.windows, self.calendars, self.suspensions,
        )  # fmt: skip
        self.decisions: dict[str, DecisionSpec] = {
            name: compile_decision(document, name, each, elements)
            for name, each in book.decisions.items()
        }

    def read_as(self, reading: Reading) -> "Pack":
        """Return the same text in another reading.

        Raises:
            BadInput: the reading names an act, a choice or an option that the text does not have.
        """
        reading = reading.checked(self.instruments, self.book.interpretations)
        if reading == self.reading:
            return self
        return _load(self.text, self.document.name, reading, self.cases_hold)

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

    def elements_of(self, clause: str) -> list[str]:
        """Return the names of the elements that claim or cite a clause; steps as decision.step."""
        return list(self._elements_by_clause.get(clause, ()))

    @cached_property
    def _elements_by_clause(self) -> dict[str, list[str]]:
        return elements_by_clause(self.book)

    def in_force_from(self) -> date:
        """Return the first day on which any of the book was in force."""
        return self._since

    def _spec(self, decision: str) -> DecisionSpec:
        spec: DecisionSpec = _named("decision", decision, self.decisions)
        return spec


def load_pack(
    path: str | FilePath, reading: Reading = DEFAULT, *, check_cases: bool = True
) -> Pack:
    """Read a pack file.

    Takes: ``check_cases=False`` reads a pack without running its golden cases, for tools that
    show, compare or trace one whose cases fail.

    Raises:
        BadInput: the file cannot be read, or the reading does not fit it.
        PackError: with every problem in it, as file:line:column.
    """
    return load_pack_text(gather(path), str(path), reading, check_cases=check_cases)


def load_pack_text(
    text: str, name: str = "pack", reading: Reading = DEFAULT, *, check_cases: bool = True
) -> Pack:
    """Read a pack from its text; ``name`` stands in front of line and column in problems.

    Raises:
        PackError: with every problem in it.
        BadInput: the reading does not fit the text.
    """
    return _load(text, name, DEFAULT, check_cases).read_as(reading)


@lru_cache(maxsize=64)
def _load(text: str, name: str, reading: Reading, with_cases: bool) -> Pack:  # noqa: FBT001 - part of the key
    if not reading.is_default:
        plain = _load(text, name, DEFAULT, with_cases)
        # The checks were made; the golden cases hold for what the text itself says.
        return Pack(text, plain.document, plain.book, reading, cases_hold=with_cases)
    document = read_bundle(text, name)
    book = read_book(document)
    pack = Pack(text, document, book, cases_hold=with_cases)
    check_citations(document, book, pack)
    if with_cases:
        _check_cases(document, pack)
    document.refuse_if_wrong()
    return pack


def _check_cases(document: Document, pack: Pack) -> None:
    # A draft's own golden cases show what it is going to do, so they are held with drafts deciding;
    # on earlier days that is what the text itself says.
    drafted = any(act.state in DRAFT_STATES for act in pack.instruments)
    read = Pack(pack.text, document, pack.book, Reading(drafts=True)) if drafted else pack
    check_cases(document, read)


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
