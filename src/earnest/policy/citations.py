"""Checks across a book: names used once, claims that point at something, clauses that exist."""

import re
from collections.abc import Iterator
from keyword import iskeyword
from typing import TYPE_CHECKING

from earnest.policy.document import Document, Path
from earnest.policy.problems import nearest
from earnest.policy.shape import Book

if TYPE_CHECKING:
    from earnest.policy.pack import Pack

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_RESERVED = ("subject", "governing_on", "unresolved")  # columns of the generated query


def check_citations(document: Document, book: Book, pack: "Pack") -> None:
    """Note every name given twice, claim of nothing, and clause cited that is not listed.

    Clauses cited are held against the list only in a book that says ``exhaustive: true``.
    """
    _check_names(document, book)
    elements = [
        *book.parameters, *book.tables, *book.windows, *book.calendars,
        *book.decisions, *book.interpretations, *book.texts,
    ]  # fmt: skip
    for decision in book.decisions.values():
        elements += [*decision.applies, *decision.steps]
    for name, clause in book.clauses.items():
        for index, element in enumerate(clause.by):
            if element not in elements:
                zh, en = nearest(element, elements)
                document.add(
                    ("clauses", name, "by", index),
                    "unknown_name",
                    f"条款 {name}：没有名为 {element!r} 的要素{zh}",
                    f"clause {name}: no element {element!r}{en}",
                )
        if book.exhaustive and clause.status == "encoded" and not clause.by:
            document.add(
                ("clauses", name),
                "unclaimed",
                f"条款 {name} 标为 encoded，请在 by 写明由哪个要素实现",
                f"clause {name} is marked encoded: say in 'by' which element does it",
            )
    for name, interpretation in book.interpretations.items():
        if interpretation.options and interpretation.choice not in interpretation.options:
            zh, en = nearest(interpretation.choice, interpretation.options)
            document.add(
                ("interpretations", name, "choice"),
                "unknown_name",
                f"{name}：没有选项 {interpretation.choice!r}{zh}",
                f"{name}: no option {interpretation.choice!r}{en}",
            )
    if book.exhaustive:
        for path, clause_id in _cited(book):
            if clause_id and clause_id not in pack.clauses:
                zh, en = nearest(clause_id, pack.clauses)
                document.add(
                    path,
                    "unknown_clause",
                    f"条款清单里没有 {clause_id!r}{zh}",
                    f"clause {clause_id!r} is not in the list of clauses{en}",
                )


def elements_by_clause(book: Book) -> dict[str, list[str]]:
    """Return, for each clause, the elements that claim or cite it.

    They are names of parameters, tables, windows, interpretations and of whatever the clause says
    under ``by``; a step is ``decision.step``.
    """
    found = {name: list(clause.by) for name, clause in book.clauses.items()}
    for path, clause in _cited(book):
        element = _element_at(path)
        if clause and element:
            found.setdefault(clause, []).append(element)
    for name, decision in book.decisions.items():
        for step, shape in decision.steps.items():
            earlier = decision.steps.get(shape.clause_of)
            parameter = book.parameters.get(shape.clause_of)
            cited = [earlier.clause] if earlier is not None else []
            cited += [each.clause for each in parameter.values] if parameter is not None else []
            for clause in filter(None, cited):
                found.setdefault(clause, []).append(f"{name}.{step}")
    return {clause: list(dict.fromkeys(elements)) for clause, elements in found.items()}


def _element_at(path: Path) -> str:
    match path:
        case ("parameters" | "tables" | "windows" | "interpretations", str(name), *_):
            return name
        case ("decisions", name, "applies" | "steps", step, *_):
            return f"{name}.{step}"
        case _:
            return ""


def _check_names(document: Document, book: Book) -> None:
    """A name stands for one thing: no parameter, table, window and calendar share one."""
    taken: dict[str, str] = {}
    sections = {
        "parameters": list(book.parameters), "tables": list(book.tables),
        "windows": list(book.windows), "calendars": list(book.calendars),
    }  # fmt: skip
    for section, names in sections.items():
        for name in names:
            _check_name(document, (section, name))
            if name in taken:
                document.add_key(
                    (section, name),
                    "duplicate_name",
                    f"{name!r} 已用于 {taken[name]}",
                    f"{name!r} is already used in {taken[name]}",
                )
            taken[name] = section
    for table, form in book.tables.items():
        for name in form.inputs:
            _check_name(document, ("tables", table, "inputs", name))
        for name in form.outputs:
            _check_name(document, ("tables", table, "outputs", name))
    for decision, shape in book.decisions.items():
        _check_name(document, ("decisions", decision))
        for name in shape.outcome:
            _check_name(document, ("decisions", decision, "outcome", name))
        members = {"facts": shape.facts, "applies": shape.applies, "steps": shape.steps}
        for section, each in members.items():
            for name in each:
                path: Path = ("decisions", decision, section, name)
                _check_name(document, path)
                if name in taken:
                    document.add_key(
                        path,
                        "duplicate_name",
                        f"{name!r} 已用于 {taken[name]}",
                        f"{name!r} is already used in {taken[name]}",
                    )


def _check_name(document: Document, path: Path) -> None:
    name = str(path[-1])
    if not _NAME.match(name) or iskeyword(name) or name in _RESERVED:
        document.add_key(
            path,
            "name",
            f"{name!r} 不能作名字：请用小写字母、数字和下划线，且不用保留字",
            f"{name!r} is no name: use small letters, digits and underscores, and no reserved word",
        )


def _cited(book: Book) -> Iterator[tuple[Path, str]]:
    """Go through every clause cited in a book, with the place where it is."""
    for index, act in enumerate(book.instruments):
        yield ("instruments", index, "clause"), act.clause
    for name, interpretation in book.interpretations.items():
        for clause in interpretation.clause:
            yield ("interpretations", name, "clause"), clause
    for index, case in enumerate(book.cases):
        for clause in case.clause:
            yield ("cases", index, "clause"), clause
    for index, suspension in enumerate(book.suspensions):
        yield ("suspensions", index, "clause"), suspension.clause
    yield from _cited_by_values(book)
    yield from _cited_by_steps(book)


def _cited_by_values(book: Book) -> Iterator[tuple[Path, str]]:
    for name, parameter in book.parameters.items():
        for index, value in enumerate(parameter.values):
            yield ("parameters", name, "values", index, "clause"), value.clause
    for name, window in book.windows.items():
        for index, span in enumerate(window.days):
            yield ("windows", name, "days", index, "clause"), span.clause
    for name, table in book.tables.items():
        for index, edition in enumerate(table.editions):
            for number, row in enumerate(edition.rows):
                yield ("tables", name, "editions", index, "rows", number, "clause"), row.clause


def _cited_by_steps(book: Book) -> Iterator[tuple[Path, str]]:
    for name, decision in book.decisions.items():
        for section, steps in (("applies", decision.applies), ("steps", decision.steps)):
            for step, shape in steps.items():
                yield ("decisions", name, section, step, "clause"), shape.clause
