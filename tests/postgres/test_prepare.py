"""The database of a command: embedded by default, or the one that ``DATABASE_URL`` names."""

import os
import signal
import subprocess
import sys

import psycopg
import pytest

from earnest.kernel.errors import WorldFailed
from earnest.postgres.prepare import database
from earnest.postgres.roles import roles_grant
from earnest.postgres.server import SUPERUSER, ensure_server, server_pid
from tests.postgres.test_server import QUICK

WORKING_PROCESS = """
import signal
import sys
from pathlib import Path
from earnest.postgres.prepare import database
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job is born deaf to it
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and one under nohup to this
with database(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def own_server(home):
    """Run a server with two logins that earnest did not make: one mighty, one not."""
    server = ensure_server(home, settings=QUICK)
    with psycopg.connect(server.address.url(SUPERUSER), autocommit=True) as superuser:
        superuser.execute("DROP OWNED BY earnest_app; REVOKE earnest_app FROM earnest_owner")
        superuser.execute("DROP ROLE earnest_app")
        superuser.execute("DROP ROLE IF EXISTS mighty, humble")
        superuser.execute("CREATE ROLE mighty LOGIN CREATEROLE; CREATE ROLE humble LOGIN")
    yield server
    server.leave()


def current_user(url: str) -> str:
    """Return the role that a connection works as, with the role option that Django would set."""
    role = os.environ["EARNEST_DB_ROLE"]
    options = f"-c role={role}" if role else ""
    with psycopg.connect(url, options=options) as connection:
        return connection.execute("SELECT current_user::text").fetchone()[0]


@pytest.mark.parametrize(("role", "expected"), [("app", "earnest_app"), ("owner", "earnest_owner")])
def test_the_embedded_database_is_reached_by_role(home, monkeypatch, role, expected):
    """Without DATABASE_URL the embedded server runs; afterwards the environment is as before."""
    monkeypatch.delenv("DATABASE_URL")
    before = dict(os.environ)
    with database(home, role=role) as url:
        assert os.environ["DATABASE_URL"] == url
        assert os.environ["EARNEST_HOME"] == str(home)
        assert current_user(url) == expected
    assert dict(os.environ) == before


def test_a_given_database_gets_the_working_role(own_server, monkeypatch, capsys):
    """On a server of your own the working role is made and taken, where you may make it."""
    monkeypatch.setenv("DATABASE_URL", own_server.address.url("mighty"))
    for _ in range(2):
        with database(own_server.place.folder) as url:
            assert current_user(url) == "earnest_app"
    with database(own_server.place.folder, role="owner") as url:
        assert current_user(url) == "mighty"
    assert capsys.readouterr().err == ""


def test_a_missing_right_is_said_aloud(own_server, monkeypatch, capsys):
    """Where the role may not be made the work goes on, and standard error says so."""
    monkeypatch.setenv("DATABASE_URL", own_server.address.url("humble"))
    with database(own_server.place.folder) as url:
        assert current_user(url) == "humble"
        with psycopg.connect(url) as connection:
            roles_grant(connection)
    assert "WARNING: the role guard is OFF" in capsys.readouterr().err


def test_an_unreachable_database_is_named(home, monkeypatch):
    """A wrong DATABASE_URL is refused in words, not with a trace."""
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@/none?host={home}")
    with pytest.raises(WorldFailed, match="The database that DATABASE_URL names cannot be"):
        database(home).__enter__()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_the_server_too(home, number):
    """SIGTERM, a closed terminal and Ctrl-C stop the server in order; it is not orphaned."""
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    with subprocess.Popen(
        [sys.executable, "-c", WORKING_PROCESS, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        watcher = ensure_server(home)
        pid = server_pid(watcher.place)
        process.send_signal(number)
        assert process.wait(timeout=60) != 0
        assert server_pid(watcher.place) == pid
        watcher.leave()
    assert server_pid(watcher.place) is None
