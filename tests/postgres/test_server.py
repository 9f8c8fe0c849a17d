"""The embedded server's life: started, shared, killed, started again, stopped by the last user."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest

from earnest.kernel.errors import WorldFailed
from earnest.postgres.roles import OWNER
from earnest.postgres.server import (
    Server,
    ensure_server,
    place_of,
    running_server,
    server_pid,
)

WHEEL = ""
SYSTEM = sorted(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin"))

QUICK = ("fsync=off",)  # these folders may be lost with the machine
quick_server = partial(running_server, settings=QUICK)

USER_PROCESS = """
import sys
from pathlib import Path
from earnest.postgres.server import ensure_server
server = ensure_server(Path(sys.argv[1]), settings=("fsync=off",))
print(server.started_here, flush=True)
sys.stdin.read()
"""


def user_process(home: Path) -> subprocess.Popen[str]:
    """Start another process that uses the server until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", USER_PROCESS, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(server: Server, statement: str) -> list[tuple[object, ...]]:
    """Run one statement as the owner and return its rows."""
    with psycopg.connect(server.address.url(OWNER), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def kill_hard(pid: int) -> None:
    """Kill a server as a power cut does: no word of goodbye."""
    process = psutil.Process(pid)
    process.send_signal(signal.SIGKILL)


def test_a_second_user_joins_and_the_last_one_out_stops_it(home):
    """Two users share one server; it lives while either uses it and no longer."""
    first, second = ensure_server(home, settings=QUICK), ensure_server(home, settings=QUICK)
    assert (first.started_here, second.started_here) == (True, False)
    pid = server_pid(first.place)
    first.leave()
    assert server_pid(second.place) == pid
    assert ask(second, "SELECT 1") == [(1,)]
    second.leave()
    second.leave()
    assert server_pid(second.place) is None


def test_the_server_outlives_the_process_that_started_it(home):
    """A process that started the server may end first; the other one stops it."""
    with user_process(home) as starter:
        assert starter.stdout.readline() == "True\n"
        server = ensure_server(home, settings=QUICK)
        starter.communicate()
    assert not server.started_here
    assert ask(server, "SELECT 1") == [(1,)]
    server.leave()
    assert server_pid(server.place) is None


def test_a_killed_user_is_not_counted(home):
    """After kill -9 of its only user the server is joined and stopped by the next one."""
    with user_process(home) as victim:
        assert victim.stdout.readline() == "True\n"
        victim.kill()
    with quick_server(home) as server:
        assert not server.started_here
    assert server_pid(server.place) is None


def test_a_killed_server_starts_again_with_what_was_committed(home):
    """After kill -9 of the server, committed rows are there and open transactions are not."""
    first = ensure_server(home, settings=QUICK)
    ask(first, "CREATE TABLE kept AS SELECT 7 AS value")
    open_transaction = psycopg.connect(first.address.url(OWNER))
    open_transaction.execute("INSERT INTO kept VALUES (8)")
    kill_hard(server_pid(first.place))
    second = ensure_server(home, settings=QUICK)
    assert second.started_here
    assert ask(second, "SELECT value FROM kept") == [(7,)]
    open_transaction.close()
    first.leave()
    second.leave()


def test_a_recycled_process_number_is_not_taken_for_the_server(home):
    """A pid file that names some other live process does not keep the server from starting."""
    with quick_server(home) as server:
        pid_file = server.place.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with quick_server(home) as server:
        assert server.started_here
        assert ask(server, "SELECT 1") == [(1,)]


def test_a_start_that_was_cut_off_is_made_anew(empty_home):
    """Half a data folder, left by a kill during the first start, is thrown away."""
    place = place_of(empty_home)
    (place.folder / "data.new").mkdir()
    (place.folder / "data.new" / "PG_VERSION").write_text("18\n")
    with quick_server(empty_home) as server:
        assert ask(server, "SELECT 1") == [(1,)]


def test_two_folders_have_two_servers(empty_home):
    """A second copy in another folder does not see the first one's tables."""
    with quick_server(empty_home / "one") as one, quick_server(empty_home / "two") as two:
        ask(one, "CREATE TABLE mine (id int)")
        assert ask(two, "SELECT to_regclass('mine')") == [(None,)]
        assert server_pid(one.place) != server_pid(two.place)


def test_a_long_path_moves_the_socket_to_the_temporary_folder(empty_home):
    """A socket's path may have 107 bytes; a longer data folder still works and cleans up."""
    deep = empty_home / ("很长的目录名" * 8)
    with quick_server(deep) as server:
        assert server.address.socket_folder.parent == Path(tempfile.gettempdir())
        assert ask(server, "SELECT 1") == [(1,)]
    assert not server.address.socket_folder.exists()


@pytest.fixture
def closed(empty_home, monkeypatch) -> Path:
    """Return a folder that only we may enter, beside one that stands in for the shared place."""
    shared = empty_home / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    monkeypatch.setattr("earnest.postgres.server.SHARED_PLACE", shared)
    folder = empty_home / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_a_closed_home_is_not_opened(closed, capsys):
    """Where root's server user may not pass, the data stands elsewhere; the parents stay shut."""
    with quick_server(closed / "data") as server:
        assert ask(server, "SELECT 1") == [(1,)]
        again = place_of(closed / "data")
    assert closed.stat().st_mode & 0o777 == 0o700
    assert again.folder == server.place.folder
    if os.geteuid() == 0:
        assert server.place.folder.parent == closed.parent / "shared"
        assert f"the database is kept in {server.place.folder}\n" in capsys.readouterr().err
    else:
        assert server.place.folder == closed / "data" / "postgres"


def test_a_database_elsewhere_follows_its_data_folder(closed):
    """A moved data folder keeps its database; a copied or a new one has its own."""
    outside = os.geteuid() == 0
    first = place_of(closed / "data").folder
    (closed / "data").rename(closed / "moved")
    moved = place_of(closed / "moved").folder
    shutil.copytree(closed / "moved", closed / "copied")
    copied = place_of(closed / "copied").folder
    shutil.rmtree(closed / "moved")
    anew = place_of(closed / "moved").folder
    assert (moved == first) == outside
    assert len({moved, copied, anew}) == (3 if outside else 2)


@pytest.mark.parametrize("binaries", [WHEEL, *SYSTEM])
def test_any_postgresql_from_15_on_will_do(empty_home, monkeypatch, binaries):
    """The wheel's programs and those of the system make the same roles and a UTF-8 database."""
    monkeypatch.setenv("EARNEST_POSTGRES_BIN", binaries)
    with quick_server(empty_home) as server:
        assert ask(server, "SHOW server_encoding") == [("UTF8",)]
        assert ask(server, "SELECT current_user::text, pg_has_role('earnest_app', 'MEMBER')") == [
            (OWNER, True)
        ]
        assert ask(server, "SHOW listen_addresses") == [("",)]


def test_a_folder_without_programs_is_named(empty_home, monkeypatch):
    """A wrong EARNEST_POSTGRES_BIN is refused with the folder and the way out."""
    monkeypatch.setenv("EARNEST_POSTGRES_BIN", str(empty_home))
    with pytest.raises(WorldFailed) as refused:
        ensure_server(empty_home / "data")
    assert str(refused.value) == (
        f"{empty_home}: No postgres and initdb in this folder: name the programs of PostgreSQL 15 "
        "or later with EARNEST_POSTGRES_BIN, or set DATABASE_URL. [postgres_programs_missing]"
    )


def test_a_server_that_dies_at_start_shows_its_log(empty_home):
    """A setting that PostgreSQL refuses comes back as an error with the server's own words."""
    with pytest.raises(WorldFailed, match="no_such_setting") as refused:
        ensure_server(empty_home, settings=("fsync=off", "no_such_setting=1"))
    assert refused.value.problem.code == "postgres_stopped_at_start"
    with quick_server(empty_home) as server:
        assert ask(server, "SELECT 1") == [(1,)]
