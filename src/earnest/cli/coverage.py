"""``earnest coverage``: which clauses of the rules are built, where, and which tests prove it.

For each clause of the rulebooks: its status in the pack (encoded, human, definition, external,
missing_in_source), the pack's elements that carry it, the program files and screens that cite its
id, and the tests marked with it. It reads the checkout's own files; nothing is run.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from earnest.cli import REPOSITORY
from earnest.cli.output import emit, reading
from earnest.kernel.errors import NotFound
from earnest.policy import load_pack

CLAUSE_ID = re.compile(r"\bS\d+-\d+(?:\.\w+)*(?:-\w+)*")
CITING_SUFFIXES = {".py", ".sql", ".html"}
SCREENS = "console"
NOTHING_TO_BUILD = {
    "definition": "stated only",
    "external": "in another text",
    "missing_in_source": "open in the source",
}
INTRODUCTION = """# Clause coverage

Written by `./run earnest coverage --write docs/clauses.md`; do not edit by hand.

*Status* is what the rulebook's pack says of the clause: `encoded` (a value or a decision carries
it), `human` (a person judges), `definition`, `external` (it refers to another text),
`missing_in_source` (the source leaves it open). *State* is what the checkout shows: `proven` (a
test names the clause), `unproven` (encoded, or cited by code, but no test names it), `not built
yet`, or, where nothing is to be computed, `stated only`, `in another text`, `open in the source`.
A clause that is proven in one respect may ask for more than what is built."""


@dataclass
class ClauseCoverage:
    """What there is for one clause.

    Attributes:
        by: the pack's elements that carry it.
        code: program files that cite it.
        screens: the console's files among them.
        tests: tests marked with it, as file::function.
    """

    rulebook: str
    clause: str
    status: str
    zh: str
    en: str
    by: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    screens: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Proven by a test, built but not proven, or what is the matter with it."""
        if self.tests:
            return "proven"
        if self.status == "encoded" or self.code:
            return "unproven"
        return NOTHING_TO_BUILD.get(self.status, "not built yet")

    @property
    def lost(self) -> bool:
        """Whether the pack says it is encoded and no test proves it."""
        return self.status == "encoded" and not self.tests


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


def tests_by_clause(folder: Path) -> dict[str, list[str]]:
    """Return the tests below a folder by the clauses they are marked with."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for clause, place in clauses_marked(ast.parse(path.read_text(encoding="utf-8"))):
            name = path.relative_to(folder.parent).as_posix() + (f"::{place}" if place else "")
            places = found.setdefault(clause, [])
            if name not in places:
                places.append(name)
    return found


def files_by_clause(folder: Path) -> dict[str, list[str]]:
    """Return the program files below a folder by the clause ids they cite."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in CITING_SUFFIXES and "migrations" not in path.parts:
            for clause in sorted(set(CLAUSE_ID.findall(path.read_text(encoding="utf-8")))):
                found.setdefault(clause, []).append(path.relative_to(folder).as_posix())
    return found


def coverage_of(repository: Path) -> list[ClauseCoverage]:
    """Return what there is for each clause of each rulebook, in the order of the rulebooks.

    Raises:
        NotFound: when the program runs without its source and tests beside it.
    """
    source, tests_folder = repository / "src" / "earnest", repository / "tests"
    if not (source.is_dir() and tests_folder.is_dir()):
        raise NotFound(
            "no_checkout",
            where=repository.name,
            zh="这里没有源代码和测试；请在代码仓库中运行。",
            en="there is no source and no tests here; run it in a checkout",
        )
    tests, files = tests_by_clause(tests_folder), files_by_clause(source)
    packs = [load_pack(path) for path in sorted((repository / "packs").glob("*.yaml"))]
    return [
        ClauseCoverage(
            rulebook=pack.rulebook,
            clause=name,
            status=clause.status,
            zh=clause.zh,
            en=clause.en,
            by=list(clause.by),
            code=files.get(name, []),
            screens=[path for path in files.get(name, []) if path.startswith(SCREENS)],
            tests=tests.get(name, []),
        )
        for pack in packs
        for name, clause in pack.clauses.items()
    ]


def _row(found: ClauseCoverage) -> dict[str, Any]:
    return {
        "clause": found.clause,
        "status": found.status,
        "state": found.state,
        "by": ", ".join(found.by),
        "code": ", ".join(found.code),
        "tests": len(found.tests),
        "screens": ", ".join(found.screens),
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _counted(rows: list[ClauseCoverage]) -> list[str]:
    lines = ["| status in the rulebook | state | clauses |", "|---|---|---:|"]
    counts = Counter((row.status, row.state) for row in rows)
    lines += [
        f"| {status} | {state} | {count} |" for (status, state), count in sorted(counts.items())
    ]
    return lines


def coverage_page(rows: list[ClauseCoverage]) -> str:
    """Return the report as a Markdown page."""
    lines = [*INTRODUCTION.splitlines()]
    for rulebook in dict.fromkeys(row.rulebook for row in rows):
        own = [row for row in rows if row.rulebook == rulebook]
        lines += ["", f"## {rulebook}", "", *_counted(own), ""]
        lines += [
            "| clause | what it asks | status | state | carried by | code | tests | screens |"
        ]
        lines += ["|---|---|---|---|---|---|---:|---|"]
        for row in own:
            cells = (
                row.clause, row.en or row.zh, row.status, row.state, ", ".join(row.by),
                ", ".join(row.code), str(len(row.tests)), ", ".join(row.screens),
            )  # fmt: skip
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


@click.command()
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the report as a Markdown page to this file.",
)
@reading
def coverage(write: Path | None, output_format: str) -> None:
    """Show for each clause of the rules what carries it and which tests prove it.

    Exit status 1 when a clause that a rulebook calls encoded is named by no test.
    """
    rows = coverage_of(REPOSITORY)
    emit([_row(row) for row in rows], output_format)
    if write is not None:
        write.write_text(coverage_page(rows), encoding="utf-8")
    if lost := [row.clause for row in rows if row.lost]:
        click.echo(f"encoded, but no test names them: {', '.join(lost)}", err=True)
        click.get_current_context().exit(1)
