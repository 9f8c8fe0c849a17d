"""A book and the books it extends: one text, and the merged data with every place kept.

The text is a stream of YAML documents with a line ``---`` between them, the book's own first, so
that it can be read, hashed and replayed without any other file.
"""

import re
from collections.abc import Mapping
from os.path import normpath
from pathlib import Path as FilePath
from pathlib import PurePath
from typing import Any

from earnest.kernel.errors import BadInput, Problem
from earnest.policy.document import Document, Path
from earnest.policy.problems import PackError, nearest

_BETWEEN = re.compile(r"^---[ \t]*(#.*)?\r?$")
_NOTHING = re.compile(r"^[ \t\ufeff]*(#.*)?\r?$")
_FACT_FORMS = frozenset({"each", "series", "one_of", "list", "records"})
_OWN = ("rulebook", "extends", "cases")
"""What a book never takes over."""


def gather(path: str | FilePath) -> str:
    """Return a pack file's text and, behind it, the texts of the books that it extends.

    A file that holds them already is returned as it is.

    Raises:
        BadInput: the file cannot be read.
        PackError: a book that it extends cannot be found, or extends it in turn.
    """
    here, name = FilePath(path), str(path)
    text = _read(here)
    if len(_parts(text)) > 1:
        return text
    texts, known = [text], {here.resolve()}
    while (found := _extended(text, name)) is not None:
        base, place = found
        here, name = here.parent / base, _beside(name, base)
        if here.resolve() in known:
            problem = Problem(
                "extends_circle", place,
                f"{base} 又继承到了本文件；请去掉其中一处 extends",
                f"{base} is extended in a circle; take one 'extends' away",
            )  # fmt: skip
            raise PackError([problem])
        known.add(here.resolve())
        try:
            text = _read(here)
        except BadInput as error:
            raise PackError([_missing(place, base, name)]) from error
        texts.append(_unmarked(text))
    ended = [each if each.endswith("\n") else each + "\n" for each in texts]
    return "---\n".join(ended) if len(texts) > 1 else texts[0]


def read_bundle(text: str, name: str) -> Document:
    """Read a stream and merge each book into the one that it extends.

    Raises:
        PackError: a part is no YAML, or a book that is extended does not follow.
    """
    parts = _parts(text)
    chain = [Document(parts[0], name)]
    while base := _base(chain[-1]):
        last = chain[-1]
        if len(chain) == len(parts):
            last.problems.append(
                _missing(last.place_of(("extends",)), base, _beside(last.name, base))
            )
            last.refuse_if_wrong()
        chain.append(Document(parts[len(chain)], _beside(last.name, base)))
    if len(chain) < len(parts):
        problem = Problem(
            "yaml", f"{name}:1:1",
            "一个文件写一部规则，最外层是键和值；其后只能是它用 extends 继承的规则",
            "a file holds one rulebook, written as keys and values; only books that it extends "
            "may follow it",
        )  # fmt: skip
        raise PackError([problem])
    merged = chain.pop()
    while chain:
        merged = _Merge(chain.pop(), merged).document()
    return merged


def _read(path: FilePath) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            "unreadable", where=str(path),
            zh="无法读取规则包文件；请检查路径，并用 UTF-8 保存",
            en=f"the pack cannot be read; check the path and save it as UTF-8 ({error})",
        ) from error  # fmt: skip


def _parts(text: str) -> list[str]:
    """Cut a stream at its lines ``---``; a marker above the first part stays with it."""
    parts: list[list[str]] = [[]]
    for line in text.split("\n"):
        if _BETWEEN.match(line) and not all(map(_NOTHING.match, parts[0])):
            parts.append([])
        else:
            parts[-1].append(line)
    return ["\n".join(lines) for lines in parts]


def _unmarked(text: str) -> str:
    """Return a base's text without the marker it may start with; its lines keep their place."""
    lines = text.removeprefix("\ufeff").split("\n")
    first = next((i for i, line in enumerate(lines) if not _NOTHING.match(line)), None)
    if first is not None and _BETWEEN.match(lines[first]):
        lines[first] = ""
    return "\n".join(lines)


def _extended(text: str, name: str) -> tuple[str, str] | None:
    """Return the file that a text extends and where it says so; what is wrong is told later."""
    if "extends" not in text:
        return None
    try:
        document = Document(text, name)
    except PackError:
        return None
    base = _base(document)
    return (base, document.place_of(("extends",))) if base else None


def _base(document: Document) -> str:
    base = document.data.get("extends")
    return base if isinstance(base, str) else ""


def _beside(name: str, base: str) -> str:
    """Return how the file is called that stands under a relative path beside another."""
    return PurePath(normpath(PurePath(name).parent / base)).as_posix()


def _missing(place: str, base: str, name: str) -> Problem:
    return Problem(
        "missing_base", place,
        f"找不到所继承的 {base}（{name}）；路径相对于本文件，文本则须以 --- 一行接在其后",
        f"the book it extends, {base}, is not there ({name}): the path is relative to this file, "
        "and in a text it follows after a line ---",
    )  # fmt: skip


class _Merge:
    """Merges a book into the one that it extends."""

    def __init__(self, child: Document, base: Document) -> None:
        self._child = child
        self._base = base
        self._merged = child.beside(base)

    def document(self) -> Document:
        """Return the merged document; the places in it are those of the files."""
        above, below = self._child.data, self._base.data
        taken = {name: each for name, each in below.items() if name not in _OWN}
        self._merged.data = self._mapping((), above, taken)
        name = below.get("rulebook")
        if isinstance(name, str):
            self._merged.bases.insert(0, name)
        if name is not None and above.get("rulebook") == name:
            self._merged.add(
                ("rulebook",), "same_rulebook",
                f"{name!r} 是所继承规则的名字；请另取一个",
                f"{name!r} is the name of the book that it extends; give it its own",
            )  # fmt: skip
        return self._merged

    def _mapping(self, path: Path, above: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
        self._merged.marks.values[path] = self._child.marks.values[path]
        data: dict[str, Any] = {}
        for name in _order(path, above, below):
            here: Path = (*path, name)
            if name not in above:
                data[name] = self._taken(self._base, here, below[name])
            elif above[name] is None and here not in self._child.marks.silent:
                self._check_removed(here, name, below)
            elif name not in below or not _merges(here, above[name], below[name]):
                data[name] = self._taken(self._child, here, above[name])
            else:
                self._merged.marks.keys[here] = self._child.marks.keys[here]
                join = self._mapping if isinstance(above[name], dict) else self._list
                data[name] = join(here, above[name], below[name])
        return data

    def _list(self, path: Path, above: list[Any], below: list[Any]) -> list[Any]:
        """Return the base's entries followed by the child's; the same entry is replaced."""
        self._merged.marks.values[path] = self._child.marks.values[path]
        data: list[Any] = []
        for index, each in enumerate(below):
            self._placed(self._base, (*path, index), (*path, len(data)), each)
            data.append(each)
        known = [_identity(each) for each in below]
        for index, each in enumerate(above):
            identity = _identity(each)
            place = known.index(identity) if identity in known else len(data)
            self._placed(self._child, (*path, index), (*path, place), each)
            data[place:] = [each, *data[place + 1 :]]
        return data

    def _taken(self, document: Document, path: Path, data: Any) -> Any:
        self._placed(document, path, path, data)
        return data

    def _placed(self, document: Document, place: Path, path: Path, data: Any) -> None:
        self._merged.marks.take(document.marks, place, path, data)

    def _check_removed(self, path: Path, name: str, below: Mapping[str, Any]) -> None:
        if name in below:
            return
        zh, en = nearest(name, below)
        self._merged.marks.keys[path] = self._child.marks.keys[path]
        self._merged.add_key(
            path, "nothing_removed",
            f"所继承的规则里没有 {name!r} 可去掉{zh}", f"the base has no {name!r} to take away{en}",
        )  # fmt: skip


def _merges(path: Path, above: Any, below: Any) -> bool:
    """Tell whether two values are merged; otherwise the child's stands in place of the base's."""
    if path in (("instruments",), ("suspensions",)):
        return isinstance(above, list) and isinstance(below, list)
    if not (isinstance(above, dict) and isinstance(below, dict)):
        return False
    # Two forms of a fact have nothing in common that could be merged.
    return not (path[0] == "decisions" and "facts" in path[2:3] and len(path) == 4) or (
        _FACT_FORMS & set(above) == _FACT_FORMS & set(below)
    )


def _identity(entry: Any) -> object:
    """Return what makes an act or a suspension the same one; unlike all else if it has neither."""
    if not isinstance(entry, dict):
        return object()
    if "id" in entry:
        return entry["id"]
    return (entry.get("clause"), entry.get("from"))


def _order(path: Path, above: Mapping[str, Any], below: Mapping[str, Any]) -> list[str]:
    """Return the names of both: new steps before the next step named that the base has."""
    names = list(below)
    told = list(above)
    stepwise = len(path) == 3 and path[0] == "decisions" and path[2] in ("steps", "applies")
    for place, name in enumerate(told):
        if name not in below:
            following = next((each for each in told[place + 1 :] if each in below), None)
            at = names.index(following) if stepwise and following else len(names)
            names.insert(at, name)
    return names
