"""The surroundings of every test: a data folder, a database, a browser, a record of clauses.

The server is started by the first test that asks for the database. Django connects as the tables'
owner, so that it can make its test database; ``as_app_role`` steps down to the working role.
"""

import gc
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import psycopg
import pytest
import pytest_django

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_HOME = Path(tempfile.mkdtemp(prefix="earnest-test-"))
_HOME.chmod(0o755)  # the server's user has to pass through when the tests run as root
# Parallel workers inherit what is set below, so the first process says what was really given.
_GIVEN_DATABASE = os.environ.setdefault(
    "EARNEST_TESTS_DATABASE_URL", os.environ.get("DATABASE_URL", "")
)

os.environ["EARNEST_HOME"] = str(_HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "earnest.settings"
# Playwright keeps an event loop in the tests' thread; the tests themselves are not asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
os.environ.pop("EARNEST_DB_ROLE", None)
if not _GIVEN_DATABASE:
    from earnest.postgres.roles import OWNER
    from earnest.postgres.server import place_of

    # The socket's place is known before the server runs: tests without a database never start it.
    os.environ["DATABASE_URL"] = place_of(_HOME).address.url(OWNER)

django.setup()
# A parallel worker must not load the settings before its own conftest has set its own folder.
del os.environ["DJANGO_SETTINGS_MODULE"]

from django.conf import settings as django_settings  # noqa: E402 - the settings must be loaded first
from django.core.management import call_command  # noqa: E402 - the same
from django.db import connection, connections  # noqa: E402 - the settings must be loaded first
from django.db.backends.base.operations import BaseDatabaseOperations  # noqa: E402 - the same

from earnest.postgres.roles import APP, roles_grant  # noqa: E402
from earnest.postgres.server import SUPERUSER, Server, running_server  # noqa: E402

# Hashing is slow by design, and nobody guesses the passwords of people in tests.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

TESTS = Path(__file__).resolve().parent
RESULTS = TESTS.parent / "test-results"
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TRUNCATE_GUARDS = """
    SELECT tgrelid::regclass::text, quote_ident(tgname),
           CASE tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
                          ELSE 'ENABLE' END
    FROM pg_trigger WHERE tgtype & 32 <> 0 AND NOT tgisinternal AND tgenabled <> 'D'
"""
# They come first, the slowest in front: whoever is done early still finds short ones to do.
SLOW_FILES = (
    "console/test_provider_life_browser.py",
    "work/test_kills.py",
    "console/test_access.py",
    "console/test_rulebooks_browser.py",
    "road/test_road.py",
    "whatif/test_history.py",
    "console/test_amendments.py",
    "console/test_browser.py",
    "console/test_deposit_browser.py",
    "api/test_openapi.py",
    "ledger/test_crashes.py",
    "ledger/test_laws.py",
    "measures/test_oracle.py",
    "feed/test_placement.py",
    "house/test_rules.py",
    "cli/test_policy_population.py",
)
_PROVEN: dict[str, list[str]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--long``: the tests that take minutes."""
    parser.addoption("--long", action="store_true", help="run the tests marked long as well")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out long tests unless asked for, and browser tests where there is no browser."""
    kept, left_out = [], []
    for item in items:
        long = item.get_closest_marker("long") and not config.getoption("--long")
        blind = item.get_closest_marker("browser") and not _browser_wanted()
        (left_out if long or blind else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
    places = {str(TESTS / name): place for place, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: places.get(str(item.path), len(places)))


def pytest_collection_finish() -> None:
    """Keep what was loaded and collected out of every later search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Write the clauses that a test names on its report, which travels to where results are."""
    report: pytest.TestReport = yield
    if report.when == "call" and report.passed:
        clauses = [clause for marker in item.iter_markers("clause") for clause in marker.args]
        report.user_properties.extend(("clause", clause) for clause in clauses)
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the clauses that a passing test has proven."""
    for name, clause in report.user_properties:
        if name == "clause" and report.when == "call":
            _PROVEN.setdefault(str(clause), []).append(report.nodeid)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Write ``test-results/clauses.json`` and say loudly when the browser tests did not run."""
    if _PROVEN:
        RESULTS.mkdir(exist_ok=True)
        proven = {clause: sorted(tests) for clause, tests in _PROVEN.items()}
        text = json.dumps(proven, ensure_ascii=False, indent=1, sort_keys=True)
        (RESULTS / "clauses.json").write_text(text + "\n", encoding="utf-8")
        terminalreporter.write_line(f"{len(proven)} clauses proven: test-results/clauses.json")
    if not _browser_wanted():
        terminalreporter.write_line(
            "NO CHROMIUM FOUND: the browser tests were NOT run. Install chromium, or set "
            "EARNEST_REQUIRE_BROWSER=1 to make this a failure.",
            red=True,
            bold=True,
        )


def pytest_unconfigure() -> None:
    """Remove the tests' data folder; the server has been stopped by then."""
    gc.unfreeze()
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture
def earnest_home() -> Path:
    """Return the data folder that the settings name."""
    return _HOME


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server | None]:
    """Run the embedded server for the tests; None when ``DATABASE_URL`` names another."""
    if _GIVEN_DATABASE:
        yield None
        return
    # The tests' data may be lost with the machine, so they need not wait for the disk; and
    # statistics are gathered when a test asks for them, not when a clock does.
    quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
    with running_server(_HOME, settings=quick) as server:
        with psycopg.connect(server.address.url(SUPERUSER, "postgres")) as superuser:
            # So that tests can show that the guards hold even for who may switch triggers off.
            superuser.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")
        yield server


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_server: Server | None, monkeypatch_session: pytest.MonkeyPatch
) -> None:
    """Start the server before pytest-django makes its test database; let a flush pass the guards.

    A transactional test is cleaned up by TRUNCATE, which the tables' triggers forbid to everyone:
    only the owner of a table can switch them off, for that one transaction. The patch is on the
    class, since a browser's event loop gives its thread another connection.
    """
    operations = type(connection.ops)
    plain = operations.sql_flush

    def flush_past_guards(
        ops: BaseDatabaseOperations, style: object, tables: list[str], **options: object
    ) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(TRUNCATE_GUARDS)
            guards = cursor.fetchall()
        off = [f"ALTER TABLE {table} DISABLE TRIGGER {name};" for table, name, _ in guards]
        on = [f"ALTER TABLE {table} {how} TRIGGER {name};" for table, name, how in guards]
        return [*off, *plain(ops, style, tables, **options), *on] if tables else []

    monkeypatch_session.setattr(operations, "sql_flush", flush_past_guards)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Drop the test database of a given server only: the embedded one goes with its folder."""
    return not _GIVEN_DATABASE


@pytest.fixture(scope="session")
def monkeypatch_session() -> Iterator[pytest.MonkeyPatch]:
    """Patch for the length of the session."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def flushed_afterwards(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """Empty the database after a module whose tests commit: other modules must not find it."""
    yield
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def as_app_role(db: None) -> Iterator[None]:
    """Do the test's work as the working role, with exactly the rights it has in real life.

    It sees the rows of the tenant that ``tenant_scope`` names, and without one none.
    """
    connection.check_constraints()  # no table is altered while rows wait for their keys' checks
    roles_grant(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP}")
    yield
    # Inside a test's transaction the roll-back takes the role back; it may be broken by now.
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def _browser_wanted() -> bool:
    """Tell whether browser tests run: where a browser is, and where one is required."""
    return _browser_path() is not None or os.environ.get("EARNEST_REQUIRE_BROWSER") == "1"


def _browser_path() -> str | None:
    """Return the Chromium found on PATH."""
    return next((path for name in BROWSER_NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Run one Chromium for all browser tests."""
    from playwright.sync_api import sync_playwright

    path = _browser_path()
    assert path, "EARNEST_REQUIRE_BROWSER=1, but no chromium or google-chrome is on PATH"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield chromium
        # The browser's event loop gave this thread a connection of its own.
        connections.close_all()
        chromium.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """Open a fresh window: Chinese, Shanghai time, nothing remembered."""
    context = browser.new_context(
        locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900}
    )
    yield context.new_page()
    context.close()
