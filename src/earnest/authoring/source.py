"""A pack's text and where each part of it stands, for edits that leave the rest byte for byte.

Only the first document of a text is edited: in a pack that extends another, that is the pack's
own file; what follows are its bases.
"""

import json
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from earnest.kernel.errors import NotFound
from earnest.policy.composing import Section, compose_all
from earnest.policy.document import Path

Item = tuple[int | None, str]
"""An item of a list: the number of the old item whose place it takes, or None; and its text."""

_TAG = "tag:yaml.org,2002:"
_PLAIN = re.compile(r"^[^\W\d][\w.-]*$")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"}


@dataclass(frozen=True)
class Edit:
    """Characters from ``start`` up to ``end`` become ``text``."""

    start: int
    end: int
    text: str


def scalar(value: Any) -> str:
    """Write a value as YAML: whole number, truth, day, or text (quoted where that is needed).

    >>> scalar("S3-3.1c"), scalar("9"), scalar("< 5000"), scalar(True)
    ('S3-3.1c', '"9"', '"< 5000"', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None:
        return "null"
    text = str(value)
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def flow(pairs: Iterable[tuple[str, Any]]) -> str:
    """Write a mapping on one line: ``{from: 2025-02-01, value: 7}``; lists and mappings inside."""
    return "{" + ", ".join(f"{scalar(key)}: {_flow(value)}" for key, value in pairs) + "}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return flow(value.items())
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return scalar(value)


@lru_cache(maxsize=16)
def source_of(text: str, name: str) -> "Source":
    """Return the source of a pack that loads; the same one for the same text."""
    return Source(text, name)


def files_of(text: str) -> list[dict[str, Any]]:
    """Return the data of each file in the text of a pack that loads: its own, then its bases."""
    return [
        {str(key.value): _plain(value) for section in file for key, value in section.node.value}
        for file in compose_all(text)
    ]


class Source:
    """The text of a pack with the place of every value in its first document."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self._nodes: dict[Path, tuple[Section, Node]] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a pack that loads has no anchors
            sections = next(compose_all(text))
        for section in sections:
            self._index((), section.node, section)

    def __contains__(self, path: Path) -> bool:
        return path in self._nodes

    def value(self, path: Path) -> Any:
        """Return the value at a path as plain data.

        Raises:
            NotFound: nothing stands there in the pack's own file.
        """
        return _plain(self._node(path))

    def children(self, path: Path) -> int:
        """Return how many items or entries the value at a path has."""
        return len(self._node(path).value)

    def line_of(self, path: Path) -> int:
        """Return the line, counted from 1, at which the value at a path starts."""
        return int(self._node(path).start_mark.line) + 1

    def slice(self, path: Path) -> str:
        """Return the text of the value at a path."""
        start, end = self.span(path)
        return self.text[start:end]

    def span(self, path: Path) -> tuple[int, int]:
        """Return where the value at a path starts and ends, without what follows on its line."""
        node = self._node(path)
        return node.start_mark.index, _end(node)

    def replaced(self, path: Path, text: str) -> Edit:
        """Return the edit that writes another text in the place of a value."""
        return Edit(*self.span(path), text)

    def edited(self, edits: Iterable[Edit]) -> str:
        """Return the whole text with the edits made; they must not overlap."""
        return apply(self.text, edits)

    def rewritten(self, path: Path, items: Sequence[Item]) -> Edit:
        """Return the edit that gives a list other items; old ones come in their old order.

        What stands around an item that stays (its line's comment, comment lines after it) stays.
        """
        node = self._node(path)
        return self._flow_list(node, items) if _is_flow(node) else self._block_list(node, items)

    def _block_list(self, node: Node, items: Sequence[Item]) -> Edit:
        spans = [(each.start_mark.index, _end(each)) for each in node.value]
        starts = [self._line_start(start) for start, _ in spans]
        ends = [self._after_line(end) for _, end in spans]
        gaps = [
            self.text[end:start] for end, start in zip(ends, [*starts[1:], ends[-1]], strict=True)
        ]
        indent, newline = " " * node.start_mark.column, self.newline
        parts: list[str] = []
        following = 0
        for index, text in items:
            if index is None:
                if parts and not "".join(parts[-2:]).endswith("\n"):
                    parts.append(newline)  # the text ends without one
                lines = text.split("\n")
                parts.append(f"{indent}- {(newline + indent + '  ').join(lines)}{newline}")
                continue
            parts += gaps[following:index]
            start, end = spans[index]
            tail = self.text[end : ends[index]]
            parts += [self.text[starts[index] : start], text, tail, gaps[index]]
            following = index + 1
        parts += gaps[following:]
        return Edit(starts[0], ends[-1], "".join(parts))

    def _flow_list(self, node: Node, items: Sequence[Item]) -> Edit:
        spans = [(each.start_mark.index, _end(each)) for each in node.value]
        gaps = [self.text[end:start] for (_, end), (start, _) in pairwise(spans)]
        apart = f",{self.newline}{' ' * node.value[0].start_mark.column}"
        opening = self.text[node.start_mark.index : spans[0][0]]
        closing = self.text[spans[-1][1] : node.end_mark.index]
        parts, before = [opening], None
        for number, (index, text) in enumerate(items):
            if number:
                beside = before is not None and index == before + 1
                parts.append(gaps[before] if beside and before is not None else apart)
            parts.append(text)
            before = index
        return Edit(node.start_mark.index, node.end_mark.index, "".join([*parts, closing]))

    @property
    def newline(self) -> str:
        """How lines end in this text."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _after_line(self, index: int) -> int:
        if index and self.text[index - 1] == "\n":
            return index  # a block of text ends with its line
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def _node(self, path: Path) -> Node:
        if path not in self._nodes:
            said = ".".join(str(part) for part in path)
            raise NotFound(
                "not_in_this_file", where=f"{self.name}: {said}",
                zh=f"本文件里没有 {said}；若在被继承的规则包中，请修改那个文件",
                en=f"{said} is not in this file; if a base pack holds it, edit that file",
            )  # fmt: skip
        section, node = self._nodes[path]
        return section.placed(node)

    def _index(self, path: Path, node: Node, section: Section) -> None:
        if path:
            self._nodes[path] = (section, node)
        if isinstance(node, MappingNode):
            for key, value in node.value:
                self._index((*path, str(key.value)), value, section)
        elif isinstance(node, SequenceNode):
            for index, each in enumerate(node.value):
                self._index((*path, index), each, section)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits made; they must not overlap."""
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _is_flow(node: Node) -> bool:
    """Tell whether a value stands within its own signs, and so ends where it says it does."""
    return isinstance(node, ScalarNode) or bool(getattr(node, "flow_style", False))


def _end(node: Node) -> int:
    """Return where a value ends; the parser ends a block only where the next thing begins."""
    if _is_flow(node) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _plain(node: Node) -> Any:
    if isinstance(node, MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_plain(each) for each in node.value]
    text, tag = str(node.value), str(node.tag).removeprefix(_TAG)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag == "int":
        return int(text)
    return date.fromisoformat(text) if tag == "timestamp" and _DAY.match(text) else text
