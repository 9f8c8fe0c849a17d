"""Where the ``policy`` commands find a pack: a file, or a rulebook by its name."""

import os
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

import click

from earnest.cli import REPOSITORY, _django_ready, earnest_home
from earnest.kernel.errors import NotFound
from earnest.policy import Pack, PackError, load_pack
from earnest.policy.problems import nearest

LAW_FILE = "platform-rules-measures.yaml"
language_option = click.option(
    "--language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="The language of the text.",
)


def packs_folder() -> Path:
    """Return the folder of the shipped rulebooks."""
    installed = Path(str(files("earnest"))) / "packs"
    return installed if installed.is_dir() else REPOSITORY / "packs"


def pack_file(path: Path) -> Pack:
    """Return a pack of a file to be looked at, even while golden cases of it do not hold.

    That is said in one line on standard error.

    Raises:
        PackError: the file has other problems.
        BadInput: it cannot be read.
    """
    try:
        return load_pack(path)
    except PackError as error:
        failed = error.problems
        # Cases are run last, on a pack with nothing else wrong: if it loads now, it was they.
        pack = load_pack(path, check_cases=False)
    lines = ", ".join(dict.fromkeys(each.where.rsplit(":", 2)[-2] for each in failed))
    click.echo(
        f"{path}: warning: golden cases do not hold (line {lines}); "
        "policy lint tells how / 例子不符，见 policy lint",
        err=True,
    )
    return pack


def pack_named(context: click.Context, book: str, *, check_cases: bool = True) -> Pack:
    """Return a pack: of a file, or of a rulebook by name, perhaps with ``@`` and a hash.

    A rulebook is taken as it was published on this machine; as it is shipped where nothing was.
    Without ``check_cases`` a file is given out even while its golden cases do not hold.

    Raises:
        NotFound: neither such a file nor such a rulebook.
        PackError: the file is no pack that loads.
    """
    path = Path(book)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return load_pack(path) if check_cases else pack_file(path)
    name, _, pack_hash = book.partition("@")
    if os.environ.get("DATABASE_URL") or (earnest_home() / "postgres").is_dir():
        _django_ready(context, with_database=True)
        from earnest.rulebooks.packs import edition_of, pack_of  # noqa: PLC0415 - needs Django

        return edition_of(pack_hash) if pack_hash else pack_of(name)
    shipped = {
        pack.rulebook: pack for pack in map(load_pack, sorted(packs_folder().glob("*.yaml")))
    }
    for pack in shipped.values():
        if pack.rulebook == name and pack.hash.startswith(pack_hash):
            return pack
    zh, en = nearest(name, shipped)
    known = ", ".join(shipped)
    raise NotFound(
        "unknown_rulebook", where=book,
        zh=f"没有这个文件或规则包{zh}；现有规则包：{known}",
        en=f"there is no such file or rulebook{en}; the rulebooks are {known}",
    )  # fmt: skip


def law_pack(choice: str) -> Pack | None:
    """Return the pack of the law that sets notice periods: the shipped one, a file, or none."""
    if choice == "none":
        return None
    if choice:
        return load_pack(choice)
    shipped = packs_folder() / LAW_FILE
    return load_pack(shipped) if shipped.is_file() else None


def day_of(value: datetime | None) -> date | None:
    """Return the day of a date given as an option; None stays None."""
    return value.date() if value is not None else None
