"""The embedded PostgreSQL server: one per data folder, shared by every process that uses it.

:func:`ensure_server` starts the server of a data folder or joins the one that runs, and returns a
:class:`Server`. Each user of a server holds a shared lock on ``users.lock``; who leaves and can
take that lock alone was the last one, and stops the server. A killed process loses its lock with
its life, so nothing is ever counted wrong; a killed server is found dead and started again.

The folder ``EARNEST_HOME/postgres`` holds ``data``, the locks, the log and, when its path is short
enough, the socket. It is closed (0700): the folder's mode is what keeps strangers from the socket,
for the server trusts whoever reaches it. There is no TCP port.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

from earnest.kernel.errors import WorldFailed
from earnest.postgres.binaries import (
    ENVIRONMENT,
    SHARED_PLACE,
    Account,
    account_for,
    binaries_for,
    major_version,
)
from earnest.postgres.roles import database_create

DATABASE = "earnest"
SUPERUSER = "postgres"
_READY_SECONDS_MAX = 60
_STOP_SECONDS_MAX = 30
_POLL_SECONDS = 0.02
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_MAX = 107
_BUILTIN_LOCALE_SINCE = 17


@dataclass(frozen=True)
class DatabaseAddress:
    """Where a server listens: the folder of its socket."""

    socket_folder: Path

    def url(self, user: str, database: str = DATABASE) -> str:
        """Return the postgresql:// address for a role and a database."""
        folder = quote(str(self.socket_folder), safe="")
        return f"postgresql://{quote(user)}@/{quote(database)}?host={folder}"


@dataclass(frozen=True)
class Place:
    """The folders of one server.

    Attributes:
        folder: closed folder, owned by the server's user.
        account: the user that the server runs as.
    """

    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "data"

    @property
    def name(self) -> str:
        """The name that the server and its children show in the list of processes."""
        return f"earnest-{_digest(self.folder)}"

    @property
    def address(self) -> DatabaseAddress:
        """The socket's folder: this one, or one in the temp folder when the path is too long."""
        if len(os.fsencode(self.folder / _SOCKET_NAME)) <= _SOCKET_PATH_MAX:
            return DatabaseAddress(self.folder)
        return DatabaseAddress(Path(tempfile.gettempdir()) / self.name)


@dataclass
class Server:
    """One process's use of a running server; :meth:`leave` gives it up."""

    place: Place
    started_here: bool
    _users: IO[bytes]
    _process: subprocess.Popen[bytes] | None = None
    _owner_pid: int = field(default_factory=os.getpid)

    @property
    def address(self) -> DatabaseAddress:
        """Where the server listens."""
        return self.place.address

    def leave(self) -> None:
        """Stop using the server, and stop it when nobody else uses it. Twice does no harm."""
        atexit.unregister(self.leave)
        if self._users.closed or os.getpid() != self._owner_pid:
            return  # a forked child shares the lock but does not own the use
        if not self.place.folder.exists():
            self._users.close()
            return  # the data folder was removed, and a server stops by itself then
        with _locked(self.place.folder / "start.lock"):
            self._users.close()
            if alone := _lock_alone(self.place.folder / "users.lock"):
                with alone:
                    _stop(self.place)
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0.1)
            # Others still use the server: it outlives us by design, so Popen need not warn.
            self._process.returncode = self._process.returncode or 0


def ensure_server(home: Path, *, settings: tuple[str, ...] = ()) -> Server:
    """Start the server of a data folder, or join the one that runs.

    Takes the data folder ``EARNEST_HOME`` and PostgreSQL settings (``"fsync=off"``) that count
    only when this call starts the server. The use ends with ``leave()`` or with the process.

    Errors: WorldFailed, codes ``postgres_*``, with the end of the server's log.
    """
    place = place_of(home)
    with _locked(place.folder / "start.lock"):
        users = (place.folder / "users.lock").open("ab")
        fcntl.flock(users, fcntl.LOCK_SH)
        process = None
        try:
            if not _is_ready(place):
                process = _start(place, settings)
            # Asked at every joining: whoever started the server may have been killed before this.
            database_create(place.address.url(SUPERUSER, "postgres"), DATABASE)
        except BaseException:
            users.close()
            if process is not None:
                _stop(place)
            raise
    server = Server(place, process is not None, users, process)
    atexit.register(server.leave)
    return server


@contextlib.contextmanager
def running_server(home: Path, *, settings: tuple[str, ...] = ()) -> Iterator[Server]:
    """Use the server of a data folder for the length of a ``with`` block."""
    server = ensure_server(home, settings=settings)
    try:
        yield server
    finally:
        server.leave()


def place_of(home: Path) -> Place:
    """Return the server's folder for a data folder, making it when it is missing.

    It is ``home/postgres``. When we are root and the server's user cannot get there, it is a new
    folder below ``/var/tmp``, and ``home/postgres.place`` tells which: a data folder that was
    removed or copied starts with a new database, one that was moved keeps its own.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home / "postgres.lock"):
        inside = home / "postgres"
        folder = _noted_folder(home) or inside
        account = account_for(folder)
        if account.dropped and folder == inside and not account.reaches(home):
            folder = SHARED_PLACE / f"earnest-{secrets.token_hex(8)}"
            print(
                f"earnest: the database's user (uid {account.uid}) cannot enter {home}; "
                f"the database is kept in {folder}",
                file=sys.stderr,
            )
        if folder != inside:
            (home / "postgres.place").write_text(f"{folder}\n{home}\n")
        _make_closed(folder, account)
    return Place(folder, account)


def _noted_folder(home: Path) -> Path | None:
    """Return the folder outside that this data folder noted, unless the note is a copy."""
    note = home / "postgres.place"
    if not note.exists():
        return None
    folder, first_home = note.read_text().splitlines()
    copied = first_home != str(home) and Path(first_home, note.name).exists()
    return None if copied else Path(folder)


def server_pid(place: Place) -> int | None:
    """Return the process id of the server that runs on this place, or None."""
    lines = _pid_file_lines(place)
    if not lines or not lines[0].isdigit():
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(int(lines[0]))
        # A zombie keeps its number; after a restart of the machine the number is someone else's.
        if process.status() != psutil.STATUS_ZOMBIE and str(place.data) in process.cmdline():
            return int(lines[0])
    return None


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _make_closed(folder: Path, account: Account) -> None:
    """Make a folder that only the server's user enters, or check that it is one."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if account.dropped:
            os.chown(folder, account.uid, account.gid)
    status = folder.lstat()
    if status.st_uid != account.uid or status.st_mode & 0o077 or folder.is_symlink():
        raise WorldFailed(
            "postgres_folder_not_closed",
            where=str(folder),
            zh=f"该目录应属于 uid {account.uid} 且权限为 0700；请改正或删除。",
            en=f"This folder must belong to uid {account.uid} with mode 0700: mend or remove it.",
        )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock under which servers start and stop."""
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_alone(path: Path) -> IO[bytes] | None:
    """Return the users' lock held by us alone, or None when others use the server."""
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _pid_file_lines(place: Place) -> list[str]:
    try:
        return (place.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_ready(place: Place) -> bool:
    """Tell whether a live server answers; wait for one that is still starting."""
    give_up = time.monotonic() + _READY_SECONDS_MAX
    while server_pid(place) is not None:
        lines = _pid_file_lines(place)
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return True
        if time.monotonic() > give_up:
            raise _failed("postgres_not_ready", place)
        time.sleep(_POLL_SECONDS)
    return False


def _start(place: Place, settings: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """Start the server, making its data folder at first, and wait until it is ready."""
    binaries = binaries_for(place.account)
    if not (place.data / "PG_VERSION").exists():
        _initialise(place, binaries, synced="fsync=off" not in settings)
    _clear_dead_server(place)
    socket_folder = place.address.socket_folder
    _make_closed(socket_folder, place.account)
    command = [str(binaries / "postgres"), "-D", str(place.data), "-k", str(socket_folder)]
    for setting in (
        "listen_addresses=",
        "unix_socket_permissions=0700",
        f"cluster_name={place.name}",
        "timezone=UTC",
        "log_checkpoints=off",
        "jit=off",  # our statements are short: compiling one took longer than any of them
        *settings,
    ):
        command += ["-c", setting]
    drop = place.account.dropped
    with (place.folder / "server.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program and arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            user=place.account.uid if drop else None,
            group=place.account.gid if drop else None,
            extra_groups=[] if drop else None,
        )
    give_up = time.monotonic() + _READY_SECONDS_MAX
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise _failed("postgres_stopped_at_start", place)
        lines = _pid_file_lines(place)
        if lines[:1] == [str(process.pid)] and lines[7:8] and lines[7].strip() == "ready":
            return process
        time.sleep(_POLL_SECONDS)
    process.kill()
    process.wait()
    raise _failed("postgres_not_ready", place)


def _initialise(place: Place, binaries: Path, *, synced: bool) -> None:
    """Make the data folder; it appears whole or not at all, so that a kill leaves no half."""
    fresh = place.folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    locale: tuple[str, ...] = ("--locale=C.UTF-8",)
    if major_version(binaries, place.account) >= _BUILTIN_LOCALE_SINCE:
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    options = ("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", *locale)
    if not synced:
        options += ("--no-sync",)
    done = place.account.run(binaries / "initdb", "-D", fresh, *options)
    if done.returncode:
        raise WorldFailed(
            "postgres_initdb_failed",
            where=str(place.folder),
            zh=f"建立数据库目录失败：{done.stderr.strip()}",
            en=f"The database folder could not be made: {done.stderr.strip()}",
        )
    fresh.rename(place.data)


def _clear_dead_server(place: Place) -> None:
    """End what a killed server left: children that still write, then its two lock files.

    They are PostgreSQL's own guard against two servers on one folder, so they go only when neither
    the server nor a child of it is alive. A zombie would keep them valid for ever.
    """
    ask_until = time.monotonic() + 5
    while left := _children_left(place):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(
                    signal.SIGQUIT if time.monotonic() < ask_until else signal.SIGKILL
                )
        time.sleep(_POLL_SECONDS)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    (place.address.socket_folder / f"{_SOCKET_NAME}.lock").unlink(missing_ok=True)


def _children_left(place: Place) -> list[psutil.Process]:
    title = f"postgres: {place.name}:"
    left = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if words and words[0].startswith(title) and process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
    return left


def _stop(place: Place) -> None:
    """Stop the server at once but cleanly: open transactions are rolled back."""
    give_up = time.monotonic() + _STOP_SECONDS_MAX
    pid = server_pid(place)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    while server_pid(place) is not None:
        if time.monotonic() > give_up:
            raise _failed("postgres_does_not_stop", place)
        time.sleep(_POLL_SECONDS)
    if place.address.socket_folder != place.folder:
        with contextlib.suppress(OSError):
            place.address.socket_folder.rmdir()


def _failed(code: str, place: Place) -> WorldFailed:
    """Return the error that carries the end of the server's log."""
    log = place.folder / "server.log"
    with contextlib.suppress(FileNotFoundError):
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        return WorldFailed(
            code,
            where=str(log),
            zh=f"内置数据库启动或停止失败。日志末尾：\n{tail}",
            en=f"The embedded database did not start or stop. The end of its log:\n{tail}",
        )
    return WorldFailed(
        code,
        where=str(log),
        zh="内置数据库没有启动，也没有留下日志。",
        en="The embedded database did not start and left no log.",
    )
