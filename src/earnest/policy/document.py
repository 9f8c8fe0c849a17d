"""A pack's text as plain data, with the line and column at which every value stands.

YAML 1.2, one document, no anchors, no tags, no floats, no key twice. Every problem is kept, so
that a writer sees all of them at once.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from earnest.kernel.errors import Problem
from earnest.policy.composing import Section, compose_all
from earnest.policy.problems import PackError
from earnest.policy.yaml_words import yaml_words

Path = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"^-?(0|[1-9]\d*)$")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, eq=False)
class Source:
    """One file: how it is called in problems, and its lines."""

    name: str
    lines: list[str]


class Mark(NamedTuple):
    """A place in a file; line and column count from 0."""

    source: Source
    line: int
    column: int


@dataclass
class Marks:
    """Where each value and each key of some data stands, and what could not be read."""

    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    silent: set[Path] = field(default_factory=set)

    def take(self, other: "Marks", place: Path, path: Path, data: Any) -> None:
        """Take over the marks of the data that stands at a place of other data, as a path."""
        for below in _paths(data):
            there, here = place + below, path + below
            if there in other.values:
                self.values[here] = other.values[there]
            if there in other.keys:
                self.keys[here] = other.keys[there]
            if there in other.silent:
                self.silent.add(here)


class Document:
    """The data of a pack and where each part of it stands.

    Attributes:
        name: how the file is called in problems.
        data: mappings, lists, text, int, bool, date and None.
        problems: what is wrong so far; other modules add to it.
        marks: where everything stands.
        sources: the files that the data comes from, the pack's own first.
        bases: the rulebooks that this one takes over, the nearest first.
    """

    def __init__(self, text: str, name: str) -> None:
        source = Source(name, text.splitlines())
        self.name = name
        self.problems: list[Problem] = []
        self.marks = Marks()
        self.sources = [source]
        self.bases: list[str] = []
        self._lines_above = 0
        try:
            sections = _compose(text, name)
            self.data: Any = self._read(sections[0].node, (), sections)
        except RecursionError:
            raise _no_yaml(name, "嵌套过深", "nested too deep") from None

    def beside(self, base: "Document") -> "Document":
        """Return an empty document for the merged data of this one and of its base."""
        merged = copy(self)
        merged.data = {}
        merged.marks = Marks()
        merged.problems = [*self.problems, *base.problems]
        merged.sources = [*self.sources, *base.sources]
        merged.bases = list(base.bases)
        return merged

    def add(self, path: Path, code: str, zh: str, en: str) -> None:
        """Note a problem with the value at a path, unless it is in a part left out."""
        if not self.left_out(path):
            self._note(self._place(self.marks.values, path), code, zh, en)

    def add_key(self, path: Path, code: str, zh: str, en: str) -> None:
        """Note a problem with the key that ends a path."""
        if not self.left_out(path):
            self._note(self._place(self.marks.keys, path), code, zh, en)

    def add_within(
        self, path: Path, part: tuple[str, int], code: str, texts: tuple[str, str]
    ) -> None:
        """Note a problem at an offset inside the text of the value at a path.

        Takes: ``part`` is (the whole text, the offset in characters).
        """
        if self.left_out(path):
            return
        mark = self._place(self.marks.values, path)
        text, offset = part
        lines = mark.source.lines
        line = lines[mark.line] if mark.line < len(lines) else ""
        # Only a text that stands on one line as it is has offsets that can be pointed at.
        for quote in (0, 1):
            if line[mark.column + quote :].startswith(text):
                self._note(mark._replace(column=mark.column + quote + offset), code, *texts)
                return
        self._note(mark, code, *texts)

    def leave_out(self, path: Path) -> None:
        """Say nothing more about the value at a path and what is in it."""
        self.marks.silent.add(path)

    def left_out(self, path: Path) -> bool:
        """Tell whether a path lies in a part that was left out or could not be read."""
        silent = self.marks.silent
        return bool(silent) and any(path[:depth] in silent for depth in range(len(path) + 1))

    def at(self, path: Path) -> Any:
        """Return the data at a path."""
        value = self.data
        for part in path:
            value = value[part]
        return value

    def line_of(self, path: Path) -> int:
        """Return the line, counted from 1, at which the value at a path stands."""
        return self._place(self.marks.values, path).line + 1

    def place_of(self, path: Path) -> str:
        """Return the file, line and column at which the value at a path stands."""
        return _where(self._place(self.marks.values, path))

    def refuse_if_wrong(self) -> None:
        """Raise :class:`PackError` with every problem noted, in the order of the files."""
        if self.problems:
            names = [source.name for source in self.sources]
            raise PackError(sorted(self.problems, key=lambda each: _position(each, names)))

    def _place(self, marks: dict[Path, Mark], path: Path) -> Mark:
        if path in marks:
            return marks[path]
        while path and path not in self.marks.values:
            path = path[:-1]
        return self.marks.values.get(path, Mark(self.sources[0], 0, 0))

    def _note(self, mark: Mark, code: str, zh: str, en: str) -> None:
        problem = Problem(code=code, where=_where(mark), zh=zh, en=en)
        if problem not in self.problems:
            self.problems.append(problem)

    def _mark(self, node: Node) -> Mark:
        line = self._lines_above + node.start_mark.line
        return Mark(self.sources[0], line, node.start_mark.column)

    def _read(self, node: Node, path: Path, sections: Sequence[Section] = ()) -> Any:
        """Read the value at a path; the outermost mapping comes in sections."""
        if sections:
            self._lines_above = sections[0].line
        self.marks.values[path] = self._mark(node)
        if node.anchor is not None:
            self._unread(
                path, "anchor", "规则包里不用锚点与引用", "anchors and aliases are not used here"
            )
            return None
        if isinstance(node, MappingNode):
            return dict(self._pairs(sections or [Section(node, self._lines_above)], path))
        if isinstance(node, SequenceNode):
            return [self._read(each, (*path, index)) for index, each in enumerate(node.value)]
        assert isinstance(node, ScalarNode)  # noqa: S101 - YAML has no fourth kind of node
        return self._scalar(node, path)

    def _pairs(self, sections: Sequence[Section], path: Path) -> Iterator[tuple[str, Any]]:
        first_line: dict[str, int] = {}
        for key, value in self._entries(sections):
            name, mark = str(key.value), self._mark(key)
            if "：" in name and key.style is None:
                self._note(
                    mark,
                    "wide_colon",
                    f"{name!r}：键之后的 ： 应写作 : 和一个空格",
                    f"{name!r}: after a key ： must be : and a space",
                )
                continue
            if name in first_line:
                self._note(
                    mark,
                    "duplicate_key",
                    f"键 {name!r} 重复，第 {first_line[name]} 行已有；请删去一个",
                    f"key {name!r} is given twice, first on line {first_line[name]}; remove one",
                )
                continue
            first_line[name] = mark.line + 1
            self.marks.keys[(*path, name)] = mark
            yield name, self._read(value, (*path, name))

    def _entries(self, sections: Sequence[Section]) -> Iterator[tuple[Any, Any]]:
        for section in sections:
            self._lines_above = section.line
            yield from section.node.value

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
            f'{text!r} 不是整数、日期、真假或文本；小数金额请加引号，如 "0.5"；'
            "score 以十分之一分计，4.8 写 48",
            f"{text!r} is no whole number, day, true/false or text; "
            'write an amount with decimals in quotes, like "0.5"; '
            "a score counts tenths: for 4.8 write 48",
        )
        return None

    def _unread(self, path: Path, code: str, zh: str, en: str) -> None:
        """Note that the value at a path cannot be read; nothing more is said about it."""
        self.add(path, code, zh, en)
        self.leave_out(path)


def _compose(text: str, name: str) -> list[Section]:
    if text.lstrip("\ufeff").startswith("%"):
        raise _no_yaml(
            f"{name}:1:1", "请删去以 % 开头的指令", "remove the directive, the line with %"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # anchors are refused below, whatever is said of them
            documents = list(compose_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        said = " ".join(str(error.problem or error.context).split())
        lines = text.splitlines()
        line = lines[mark.line] if mark and mark.line < len(lines) else ""
        raise _no_yaml(place, *yaml_words(said, line)) from None
    except YAMLError as error:
        said = " ".join(str(error).split())
        raise _no_yaml(name, *yaml_words(said, "")) from None
    if len(documents) != 1 or not isinstance(documents[0][0].node, MappingNode):
        problem = Problem(
            "yaml", f"{name}:1:1", "一个文件写一部规则，最外层是键和值",
            "a file holds one rulebook, written as keys and values",
        )  # fmt: skip
        raise PackError([problem])
    return documents[0]


def _no_yaml(place: str, zh: str, en: str) -> PackError:
    return PackError([Problem("yaml", place, f"不是有效的 YAML：{zh}", f"not valid YAML: {en}")])


def _where(mark: Mark) -> str:
    return f"{mark.source.name}:{mark.line + 1}:{mark.column + 1}"


def _position(problem: Problem, names: list[str]) -> tuple[int, int, int]:
    name, line, column = problem.where.rsplit(":", 2)
    return names.index(name), int(line), int(column)


def _paths(data: Any) -> Iterator[Path]:
    """Go through the paths of everything in some data, its own (the empty one) first."""
    yield ()
    parts: Any = ()
    if isinstance(data, dict):
        parts = data.items()
    elif isinstance(data, list):
        parts = enumerate(data)
    for name, each in parts:
        for below in _paths(each):
            yield (name, *below)
