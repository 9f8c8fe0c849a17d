"""The rules of the house, each a function from a file to complaints: `path:line: what to do`.

The limits are ratchets: today's longest file and function may not be outgrown. The words that are
looked for are spelled in pieces, so that this file does not complain about itself.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

CODE_SUFFIXES = {".py", ".sql", ".js", ".css", ".html", ".sh", ""}
TEXT_SUFFIXES = CODE_SUFFIXES | {".md", ".yaml", ".toml", ".json", ".txt", ".po", ".svg", ".in"}

# Where a program meets the world, and only there, the clock may be read.
CLOCK_READERS = ("src/earnest/cli/", "src/earnest/api/", "src/earnest/console/")
CLOCK_READERS += ("src/earnest/postgres/", "bench/", "tests/", "frontend/")
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("timezone", "now"),
    ("time", "time"),
    ("time", "time_ns"),
}
CLOCK_FIELDS = {"auto_now", "auto_now_add"}

MARKERS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|break" + r"point\(\)")
MACHINE_PATHS = re.compile(r"/(?:wo" + r"rk|ro" + r"ot|ho" + r"me)/")
REGISTRIES = re.compile(
    r"py" + r"pi\.org|pythonho" + r"sted\.org|registry\.npm" + r"js\.org|registry\.yarn" + r"pkg"
)


@dataclass(frozen=True)
class Source:
    """One file of the project.

    Attributes:
        path: from the project's top, with slashes.
        text: its content.
    """

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module | None:
        """The parsed program, or None when it is not Python."""
        return ast.parse(self.text, self.path) if self.path.endswith(".py") else None

    @property
    def generated(self) -> bool:
        """Written by a tool: a lock, or a migration."""
        return "/migrations/" in self.path or self.path.endswith("package-lock.json")


Rule = Callable[[Source], Iterator[str]]


def file_is_short(source: Source) -> Iterator[str]:
    """Code files have at most 500 lines."""
    if Path(source.path).suffix in CODE_SUFFIXES and len(source.lines) > FILE_LINES_MAX:
        yield (
            f"{source.path}: {len(source.lines)} lines, at most {FILE_LINES_MAX}: "
            "give one of its nouns a file of its own"
        )


def functions_are_short(source: Source) -> Iterator[str]:
    """Functions have at most 70 lines, docstring included."""
    if source.tree is None or source.generated:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield (
                    f"{source.path}:{node.lineno}: {node.name} has {length} lines, at most "
                    f"{FUNCTION_LINES_MAX}: keep the flow here and move the leaves out"
                )


def no_leftover_markers(source: Source) -> Iterator[str]:
    """Nothing is left to be done later in a comment."""
    for number, line in enumerate(source.lines, 1):
        if found := MARKERS.search(line):
            yield f"{source.path}:{number}: {found[0]}: do it now or open an issue"


def rooms_do_not_read_the_clock(source: Source) -> Iterator[str]:
    """Inside the rooms `now` and `as_of` are arguments, or a replay would differ."""
    if source.tree is None or source.path.startswith(CLOCK_READERS):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if (name, node.attr) in CLOCKS:
                yield (
                    f"{source.path}:{node.lineno}: {name}.{node.attr} reads the clock: "
                    "take `now` as an argument"
                )
        elif isinstance(node, ast.keyword) and node.arg in CLOCK_FIELDS and not source.generated:
            yield (
                f"{source.path}:{node.value.lineno}: {node.arg} reads the clock: "
                "let the command set the column from its `now`"
            )


def markdown_has_one_title(source: Source) -> Iterator[str]:
    """A page has exactly one top title."""
    if not source.path.endswith(".md"):
        return
    fenced, titles = False, 0
    for line in source.lines:
        fenced ^= line.lstrip().startswith("```")
        titles += not fenced and line.startswith("# ")
    if titles != 1:
        yield f"{source.path}: {titles} top titles, exactly one is needed: one line `# Title`"


def no_machine_in_the_tree(source: Source) -> Iterator[str]:
    """The tree knows neither the machine it was written on nor a registry's address."""
    for number, line in enumerate(source.lines, 1):
        if found := MACHINE_PATHS.search(line):
            yield f"{source.path}:{number}: machine path {found[0]}: use a path from the project"
        if found := REGISTRIES.search(line):
            yield f"{source.path}:{number}: registry address {found[0]}: leave it to the client"


def locks_hold_hashes_and_no_addresses(source: Source) -> Iterator[str]:
    """A lock names versions and hashes; where to get them is the client's setting."""
    if source.path.endswith("package-lock.json"):
        for number, line in enumerate(source.lines, 1):
            if '"resolved"' in line:
                yield f"{source.path}:{number}: an address in the lock: leave out `resolved`"
    if not fnmatch(source.path, "requirements/*.txt"):
        return
    for number, line in enumerate(source.lines, 1):
        if line.startswith("-") or re.search(r"https?://", line):
            yield f"{source.path}:{number}: an address or option in the lock: use `./run lock`"
        following = source.lines[number] if number < len(source.lines) else ""
        if "==" in line and not following.lstrip().startswith("--hash="):
            yield f"{source.path}:{number}: a version without a hash: use `./run lock`"


def tests_state_their_claim(source: Source) -> Iterator[str]:
    """Every test's docstring says what it proves."""
    if source.tree is None or not Path(source.path).name.startswith("test_"):
        return
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.FunctionDef)
            and node.name.startswith("test_")
            and not ast.get_docstring(node)
        ):
            yield f"{source.path}:{node.lineno}: {node.name} has no docstring: state the claim"


RULES: tuple[Rule, ...] = (
    file_is_short,
    functions_are_short,
    no_leftover_markers,
    rooms_do_not_read_the_clock,
    markdown_has_one_title,
    no_machine_in_the_tree,
    locks_hold_hashes_and_no_addresses,
    tests_state_their_claim,
)

# Django finds these by their names, nothing imports them.
_FOUND_BY_NAME = {"__init__", "__main__", "apps", "models", "settings", "urls", "wsgi"}
_FOUND_IN_FOLDERS = {"migrations", "templatetags", "commands"}


def modules_are_used(sources: list[Source]) -> Iterator[str]:
    """Every module is imported, or named in a setting, by another one."""
    named: set[str] = set()
    for source in sources:
        if source.tree is not None and source.path.startswith("src/"):
            named |= _modules_named(source.tree)
            if source.path.endswith("/__init__.py"):
                named |= _neighbours_named(source)
    for source in sources:
        path = Path(source.path)
        if not fnmatch(source.path, "src/earnest/*.py") or path.stem in _FOUND_BY_NAME:
            continue
        module = ".".join(path.with_suffix("").parts[1:])
        if module not in named and path.parent.name not in _FOUND_IN_FOLDERS:
            yield f"{source.path}: no other module uses it: use it or remove it"


def _modules_named(tree: ast.Module) -> set[str]:
    """Return the dotted names that a module imports or writes as text."""
    named = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and str(node.value).startswith("earnest."):
            parts = str(node.value).split(".")
            named |= {".".join(parts[: end + 1]) for end in range(len(parts))}
    return named


def _neighbours_named(source: Source) -> set[str]:
    """Return the modules that a folder's `__init__` writes as text, to import them when called."""
    package = ".".join(Path(source.path).parts[1:-1])
    texts = [n.value for n in ast.walk(source.tree or ast.Module()) if isinstance(n, ast.Constant)]
    return {f"{package}.{text}" for text in texts if isinstance(text, str) and text.isidentifier()}


def project_files(top: Path) -> list[Source]:
    """Return the project's text files, as `.gitignore` draws its border; git is not needed."""
    ignored = [line for line in (top / ".gitignore").read_text().splitlines() if line]
    found: list[Source] = []
    folders = [top]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            place = path.relative_to(top).as_posix()
            if path.name == ".git" or path.is_symlink() or _is_ignored(place, ignored):
                continue
            if path.is_dir():
                folders.append(path)
            elif path.suffix in TEXT_SUFFIXES:
                found.append(Source(place, path.read_text(encoding="utf-8")))
    return found


def _is_ignored(place: str, patterns: list[str]) -> bool:
    """Tell whether a path is outside: `/a/b/` is one place, `name` is a name anywhere."""
    name = place.rpartition("/")[2]
    return any(
        place == pattern.strip("/")
        if "/" in pattern.rstrip("/")
        else fnmatch(name, pattern.rstrip("/"))
        for pattern in patterns
    )
