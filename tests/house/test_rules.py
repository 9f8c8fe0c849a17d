"""The house keeps its rules, and each rule says what it should when it is broken."""

from pathlib import Path

import pytest

from tests.house import rules
from tests.house.rules import RULES, Rule, Source, modules_are_used, project_files

TOP = Path(__file__).resolve().parents[2]
LATER = "TO" + "DO"
HOME = "/ho" + "me/"
REGISTRY = "py" + "pi.org"


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    """Read every file of the project once."""
    return project_files(TOP)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(sources, rule: Rule):
    """No file of the project breaks the rule."""
    complaints = [complaint for source in sources for complaint in rule(source)]
    assert not complaints, "\n" + "\n".join(complaints)


def test_the_house_has_no_dead_rooms(sources):
    """Every module of the project is used by another one."""
    complaints = list(modules_are_used(sources))
    assert not complaints, "\n" + "\n".join(complaints)


def test_the_walk_sees_the_project_and_only_it(sources):
    """The walk finds code, scripts and pages, and nothing that git ignores."""
    paths = {source.path for source in sources}
    assert {"run", ".ci/run", "README.md", "src/earnest/settings.py"} <= paths
    assert not [p for p in paths if p.startswith((".venv/", ".earnest/")) or "__pycache__" in p]


def test_the_develop_lock_holds_the_runtime_lock():
    """Tests run on the very versions that serve; test after demo changes none of them."""
    pins = {
        name: {
            line.split(" \\")[0]
            for line in (TOP / "requirements" / name).read_text().splitlines()
            if "==" in line
        }
        for name in ("runtime.txt", "develop.txt")
    }
    assert pins["runtime.txt"] <= pins["develop.txt"]


LONG_FUNCTION = "def story():\n" + "    x = 1\n" * rules.FUNCTION_LINES_MAX

BROKEN = [
    (
        rules.file_is_short,
        Source("src/a.py", "x = 1\n" * 501),
        "src/a.py: 501 lines, at most 500: give one of its nouns a file of its own",
    ),
    (
        rules.functions_are_short,
        Source("src/a.py", LONG_FUNCTION),
        "src/a.py:1: story has 71 lines, at most 70: keep the flow here and move the leaves out",
    ),
    (
        rules.no_leftover_markers,
        Source("a.sql", f"SELECT 1;\n-- {LATER} more\n"),
        f"a.sql:2: {LATER}: do it now or open an issue",
    ),
    (
        rules.rooms_do_not_read_the_clock,
        Source("src/earnest/ledger/a.py", "import datetime\nx = datetime.datetime.now()\n"),
        "src/earnest/ledger/a.py:2: datetime.now reads the clock: take `now` as an argument",
    ),
    (
        rules.rooms_do_not_read_the_clock,
        Source("src/m.py", "x = Field(auto_now=True)\n"),
        "src/m.py:1: auto_now reads the clock: let the command set the column from its `now`",
    ),
    (
        rules.markdown_has_one_title,
        Source("a.md", "# One\n```\n# not a title\n```\n# Two\n"),
        "a.md: 2 top titles, exactly one is needed: one line `# Title`",
    ),
    (
        rules.no_machine_in_the_tree,
        Source("a.toml", f'cache = "{HOME}me"\n'),
        f"a.toml:1: machine path {HOME}: use a path from the project",
    ),
    (
        rules.no_machine_in_the_tree,
        Source("a.toml", f'index = "https://{REGISTRY}/simple"\n'),
        f"a.toml:1: registry address {REGISTRY}: leave it to the client",
    ),
    (
        rules.locks_hold_hashes_and_no_addresses,
        Source("requirements/a.txt", "--index-url x\n"),
        "requirements/a.txt:1: an address or option in the lock: use `./run lock`",
    ),
    (
        rules.locks_hold_hashes_and_no_addresses,
        Source("requirements/a.txt", "a==1\n"),
        "requirements/a.txt:1: a version without a hash: use `./run lock`",
    ),
    (
        rules.locks_hold_hashes_and_no_addresses,
        Source("frontend/package-lock.json", '{\n"resolved": ""}\n'),
        "frontend/package-lock.json:2: an address in the lock: leave out `resolved`",
    ),
    (
        rules.tests_state_their_claim,
        Source("tests/test_a.py", "def test_it():\n    assert 1\n"),
        "tests/test_a.py:1: test_it has no docstring: state the claim",
    ),
]


@pytest.mark.parametrize(("rule", "source", "complaint"), BROKEN)
def test_a_broken_rule_is_named_with_its_remedy(rule: Rule, source: Source, complaint: str):
    """Each rule finds its breach once and says where and what to do."""
    assert list(rule(source)) == [complaint]


def test_an_unused_module_is_named():
    """A module that nobody imports is found; one named in a setting or by its folder is not."""
    files = [
        Source("src/earnest/settings.py", 'APPS = ["earnest.used.context.name"]\n'),
        Source("src/earnest/used/context.py", "name = 1\n"),
        Source("src/earnest/used/forgotten.py", "x = 1\n"),
        Source("src/earnest/used/__init__.py", 'LATER = ["called"]\n'),
        Source("src/earnest/used/called.py", "x = 1\n"),
    ]
    assert list(modules_are_used(files)) == [
        "src/earnest/used/forgotten.py: no other module uses it: use it or remove it"
    ]


def test_the_edges_may_read_the_clock():
    """The command line and the screens are where `now` comes from."""
    source = Source("src/earnest/cli/a.py", "from datetime import datetime\nx = datetime.now()\n")
    assert not list(rules.rooms_do_not_read_the_clock(source))
