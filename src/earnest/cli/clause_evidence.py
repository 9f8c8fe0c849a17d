"""What a checkout's own files show of a clause: tests, golden cases, code and screens.

Everything is read from the files (Python's by ``ast``); the golden cases of the rulebooks are the
only thing that is run, since a case proves every clause that its answer rests on.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from earnest.cli.clause_screens import DECISION_PAGE, RULES_PAGE, Words, screen_of
from earnest.policy import Pack
from earnest.policy.nodes import Aggregate, Lookup, Node, ParameterValue, walk

CITING_SUFFIXES = {".py", ".sql", ".html"}
KNOWS_NO_RULE = ("policy", "authoring", "cli")
"""Folders whose strings that happen to be an element's name say nothing about the rule."""

ASKING = ("evaluate", "sql", "parameter", "table_row")
"""The methods of a pack that take the name of an element."""


@dataclass
class Evidence:
    """What the files of a checkout show, by clause or by name.

    Attributes:
        tests: tests marked with a clause, as ``tests/file.py::function``.
        naming: tests in which a name stands as a text, e.g. the name of an interpretation.
        cited: places in the program that cite a clause, as ``assessment/shops.py::function``.
        mentioned: places in the program that ask for an element of a rulebook by name.
    """

    tests: dict[str, list[str]] = field(default_factory=dict)
    naming: dict[str, list[str]] = field(default_factory=dict)
    cited: dict[str, list[str]] = field(default_factory=dict)
    mentioned: dict[str, list[str]] = field(default_factory=dict)


def evidence_of(source: Path, tests: Path, packs: Iterable[Pack]) -> Evidence:
    """Read a checkout's source and tests for what they say of these rulebooks."""
    books = list(packs)
    clauses = [clause for pack in books for clause in pack.clauses]
    elements = {
        name for pack in books for name in (*pack.decisions, *pack.parameters, *pack.tables)
    }
    choices = {name for pack in books for name in pack.interpretations}
    found = Evidence(tests=tests_by_clause(tests), naming=tests_naming(tests, choices))
    pattern = _any_of(clauses)
    for path in sorted(source.rglob("*")):
        if path.suffix not in CITING_SUFFIXES or "migrations" in path.parts:
            continue
        text, name = path.read_text(encoding="utf-8"), path.relative_to(source).as_posix()
        tree = ast.parse(text) if path.suffix == ".py" else None
        if name.split("/")[0] not in KNOWS_NO_RULE:
            _cite(found.cited, pattern, text, name, tree)
            if tree is not None:
                _mention(found.mentioned, elements, name, tree)
    return found


def clauses_marked(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (clause, place) of each ``pytest.mark.clause("...")`` in a parsed test file.

    The place is the function that carries the mark; a mark of the whole file has an empty one.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                yield from ((clause, node.name) for clause in _clauses_named(decorator))
        elif isinstance(node, ast.Assign) and _names(node.targets) == ["pytestmark"]:
            yield from ((clause, "") for clause in _clauses_named(node.value))


def tests_by_clause(folder: Path) -> dict[str, list[str]]:
    """Return the tests below a folder by the clauses they are marked with."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for clause, place in clauses_marked(ast.parse(path.read_text(encoding="utf-8"))):
            _add(found, clause, _test_name(folder, path, place))
    return found


def tests_naming(folder: Path, names: Iterable[str]) -> dict[str, list[str]]:
    """Return the tests below a folder by the names that stand in them as a text of their own.

    A text in a constant of the file counts for every test that uses the constant.
    """
    wanted, found = set(names), dict[str, list[str]]()
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            name: _texts(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for name in _names(node.targets)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                said = _texts(node).union(*(constants[name] for name in used & set(constants)))
                for name in sorted(wanted & said):
                    _add(found, name, _test_name(folder, path, node.name))
    return found


def cases_by_clause(pack: Pack) -> dict[str, int]:
    """Count a pack's golden cases by the clauses that they name or that their answer rests on."""
    found: dict[str, int] = {}
    for case in pack.cases:
        evaluation = pack.evaluate(case.decision, case.facts)
        for clause in {*case.clause, *evaluation.clauses}:
            found[clause] = found.get(clause, 0) + 1
    return found


def deciders(pack: Pack) -> dict[str, list[str]]:
    """Return the steps, as ``decision.step``, by the clauses on whose authority they decide."""
    found: dict[str, list[str]] = {}
    for name, spec in pack.decisions.items():
        for step in spec.steps:
            clauses = {step.clause} | {each for node in walk(step.node) for each in _cited_by(node)}
            for clause in sorted(clauses - {""}):
                _add(found, clause, f"{name}.{step.name}")
    return found


def screens_of(places: Iterable[str], *, decided: bool) -> list[Words]:
    """Return the console's pages on which a clause is shown, the rule centre last.

    Takes:
        places: the places in the program that cite the clause or ask for one of its elements.
        decided: whether the program takes a decision on its authority, and so explains it.
    """
    pages = filter(None, map(screen_of, places))
    why = [DECISION_PAGE] if decided else []
    return list(dict.fromkeys([*pages, *why, RULES_PAGE]))


def _cited_by(node: Node) -> Iterator[str]:
    """Go through the clauses of what a part of an expression reads."""
    if isinstance(node, Lookup):
        yield from node.table.clauses
    elif isinstance(node, Aggregate) and node.collection.table is not None:
        yield from node.collection.table.clauses
    elif isinstance(node, ParameterValue):
        yield from (each.clause for each in node.parameter.values)


def _any_of(clauses: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for whole clause ids: ``S0-4`` is not in ``S0-4.1`` or ``S0-4-x``."""
    ids = "|".join(re.escape(each) for each in sorted(clauses, key=len, reverse=True))
    return re.compile(rf"(?<![\w.-])(?:{ids})(?!\w|[.-]\w)")


def _cite(
    found: dict[str, list[str]], pattern: re.Pattern[str], text: str, name: str,
    tree: ast.Module | None,
) -> None:  # fmt: skip
    for number, line in enumerate(text.splitlines(), start=1):
        for clause in pattern.findall(line):
            place = _function_at(tree, number) if tree is not None else ""
            _add(found, clause, f"{name}::{place}" if place else name)


def _mention(found: dict[str, list[str]], elements: set[str], name: str, tree: ast.Module) -> None:
    """Note where elements are asked for by name; a plain word counts only in a pack's call."""
    asked = {
        id(argument)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ASKING
        for argument in call.args
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or node.value not in elements:
            continue
        said = str(node.value)
        if id(node) in asked or not said.isalpha():
            place = _function_at(tree, node.lineno)
            _add(found, said, f"{name}::{place}" if place else name)


def _function_at(tree: ast.Module, line: int) -> str:
    """Return the outermost function or class that a line lies in, decorators included."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first <= line <= (node.end_lineno or node.lineno):
                return node.name
    return ""


def _texts(node: ast.AST) -> set[str]:
    constants = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
    return {each for each in constants if isinstance(each, str)}


def _test_name(folder: Path, path: Path, place: str) -> str:
    return path.relative_to(folder.parent).as_posix() + (f"::{place}" if place else "")


def _names(targets: Iterable[ast.expr]) -> list[str]:
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _clauses_named(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr == "clause":
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def _add(found: dict[str, list[str]], key: str, place: str) -> None:
    places = found.setdefault(key, [])
    if place not in places:
        places.append(place)
