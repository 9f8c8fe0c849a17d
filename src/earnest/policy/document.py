"""A pack's text as plain data, with the line and column at which every value stands.

YAML 1.2, one document, no anchors, no tags, no floats, no key twice. Every problem is kept, so
that a writer sees all of them at once.
"""

import re
import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from earnest.kernel.errors import Problem
from earnest.policy.problems import PackError

Path = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"^-?(0|[1-9]\d*)$")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


class Document:
    """The data of a pack file and where each part of it stands.

    Attributes:
        name: how the file is called in problems.
        data: mappings, lists, text, int, bool, date and None.
        problems: what is wrong so far; other modules add to it.
    """

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self._lines = text.splitlines()
        self._values: dict[Path, tuple[int, int]] = {}
        self._keys: dict[Path, tuple[int, int]] = {}
        self._unreadable: set[Path] = set()
        try:
            self.data: Any = self._read(_compose(text, name), ())
        except RecursionError:
            raise _no_yaml(name, "嵌套过深", "nested too deep") from None

    def add(self, path: Path, code: str, zh: str, en: str) -> None:
        """Note a problem with the value at a path, unless it could not be read at all."""
        if path in self._unreadable:
            return
        self._note(self._place(self._values, path), code, zh, en)

    def add_key(self, path: Path, code: str, zh: str, en: str) -> None:
        """Note a problem with the key that ends a path."""
        self._note(self._place(self._keys, path), code, zh, en)

    def add_within(
        self, path: Path, part: tuple[str, int], code: str, texts: tuple[str, str]
    ) -> None:
        """Note a problem at an offset inside the text of the value at a path.

        Takes: ``part`` is (the whole text, the offset in characters).
        """
        line, column = self._place(self._values, path)
        text, offset = part
        source = self._lines[line] if line < len(self._lines) else ""
        # Only a text that stands on one line as it is has offsets that can be pointed at.
        for quote in (0, 1):
            if source[column + quote :].startswith(text):
                self._note((line, column + quote + offset), code, *texts)
                return
        self._note((line, column), code, *texts)

    def at(self, path: Path) -> Any:
        """Return the data at a path."""
        value = self.data
        for part in path:
            value = value[part]
        return value

    def line_of(self, path: Path) -> int:
        """Return the line, counted from 1, at which the value at a path stands."""
        return self._place(self._values, path)[0] + 1

    def place_of(self, path: Path) -> str:
        """Return the file, line and column at which the value at a path stands."""
        line, column = self._place(self._values, path)
        return f"{self.name}:{line + 1}:{column + 1}"

    def refuse_if_wrong(self) -> None:
        """Raise :class:`PackError` with every problem noted, in the order of the file."""
        if self.problems:
            raise PackError(sorted(self.problems, key=_position))

    def _place(self, marks: dict[Path, tuple[int, int]], path: Path) -> tuple[int, int]:
        if path in marks:
            return marks[path]
        while path and path not in self._values:
            path = path[:-1]
        return self._values.get(path, (0, 0))

    def _note(self, mark: tuple[int, int], code: str, zh: str, en: str) -> None:
        where = f"{self.name}:{mark[0] + 1}:{mark[1] + 1}"
        problem = Problem(code=code, where=where, zh=zh, en=en)
        if problem not in self.problems:
            self.problems.append(problem)

    def _read(self, node: Node, path: Path) -> Any:
        self._values[path] = (node.start_mark.line, node.start_mark.column)
        if node.anchor is not None:
            self._unread(
                path, "anchor", "规则包里不用锚点与引用", "anchors and aliases are not used here"
            )
            return None
        if isinstance(node, MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, SequenceNode):
            return [self._read(each, (*path, index)) for index, each in enumerate(node.value)]
        assert isinstance(node, ScalarNode)  # noqa: S101 - YAML has no fourth kind of node
        return self._scalar(node, path)

    def _pairs(self, node: MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        first_line: dict[str, int] = {}
        for key, value in node.value:
            name, mark = str(key.value), key.start_mark
            if name in first_line:
                self._note(
                    (mark.line, mark.column),
                    "duplicate_key",
                    f"键 {name!r} 重复，第 {first_line[name]} 行已有；请删去一个",
                    f"key {name!r} is given twice, first on line {first_line[name]}; remove one",
                )
                continue
            first_line[name] = mark.line + 1
            self._keys[(*path, name)] = (mark.line, mark.column)
            yield name, self._read(value, (*path, name))

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        text, tag = node.value, str(node.tag).removeprefix(_TAG)
        if tag == "str":
            return text
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        if tag == "int" and _WHOLE.match(text):
            return int(text)
        if tag == "timestamp" and _DAY.match(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                self._unread(path, "date", f"没有 {text} 这一天", f"there is no day {text}")
                return None
        self._unread(
            path,
            "scalar",
            f'{text!r} 不是整数、日期、真假或文本；小数金额请加引号，如 "0.5"',
            f"{text!r} is no whole number, day, true/false or text; "
            'write an amount with decimals in quotes, like "0.5"',
        )
        return None

    def _unread(self, path: Path, code: str, zh: str, en: str) -> None:
        """Note that the value at a path cannot be read; nothing more is said about it."""
        self.add(path, code, zh, en)
        self._unreadable.add(path)


def _compose(text: str, name: str) -> Node:
    if text.lstrip("\ufeff").startswith("%"):
        raise _no_yaml(
            f"{name}:1:1", "请删去以 % 开头的指令", "remove the directive, the line with %"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # anchors are refused below, whatever is said of them
            nodes = list(YAML(typ="safe", pure=True).compose_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        said = " ".join(str(error.problem or error.context).split())
        raise _no_yaml(place, said, said) from None
    except YAMLError as error:
        said = " ".join(str(error).split())
        raise _no_yaml(name, said, said) from None
    if len(nodes) != 1 or not isinstance(nodes[0], MappingNode):
        problem = Problem(
            "yaml", f"{name}:1:1", "一个文件写一部规则，最外层是键和值",
            "a file holds one rulebook, written as keys and values",
        )  # fmt: skip
        raise PackError([problem])
    return nodes[0]


def _no_yaml(place: str, zh: str, en: str) -> PackError:
    return PackError([Problem("yaml", place, f"不是有效的 YAML：{zh}", f"not valid YAML: {en}")])


def _position(problem: Problem) -> tuple[int, int]:
    _, line, column = problem.where.rsplit(":", 2)
    return int(line), int(column)
