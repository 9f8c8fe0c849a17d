"""The nodes of a YAML text, with the marks of where they stand; a section is read only once.

Reading YAML is most of the work of loading a pack, and an amended pack differs from the one before
it in a few lines. So a text is cut at the keys of its outermost mapping, and the sections are kept
by their text. A text that cannot be cut so, or that is not valid, is read whole: nodes, marks and
errors are always those of reading it whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import StreamMark, YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

_SECTIONS_KEPT = 64
_KEY = re.compile(r"^(?=[A-Za-z_]\w*:(?:\s|$))", re.MULTILINE | re.ASCII)
# Only blank lines and comments may stand above the first key.
_NOTHING = re.compile(r"(?:[ ]*(?:#[^\n]*)?(?:\n|$))*")
# What has a say beyond its section, and line ends that are not counted here.
_WHOLE = re.compile(r"^(?:---|\.\.\.|%)|^\ufeff|\r(?!\n)|[\x85\u2028\u2029]", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """Some entries of a document's outermost mapping, or a whole document.

    Attributes:
        node: what was read; it is shared, and its marks count from the section's start.
        line, index: the lines and the characters above the section.
    """

    node: Node
    line: int = 0
    index: int = 0

    def placed(self, node: Node) -> Node:
        """Return a node of this section with marks that count from the start of the text."""
        start, end = (
            StreamMark(mark.name, mark.index + self.index, mark.line + self.line, mark.column)
            for mark in (node.start_mark, node.end_mark)
        )
        if isinstance(node, ScalarNode):
            return ScalarNode(node.ctag, node.value, start, end, node.style, anchor=node.anchor)
        assert isinstance(node, CollectionNode)  # noqa: S101 - YAML has no fourth kind of node
        value = [
            tuple(map(self.placed, each)) if isinstance(each, tuple) else self.placed(each)
            for each in node.value
        ]
        return type(node)(node.ctag, value, start, end, node.flow_style, anchor=node.anchor)


def compose_all(text: str) -> Iterator[list[Section]]:
    """Yield each document of a text, as YAML 1.2 reads it: in sections, or as the only one.

    Raises:
        YAMLError: the text is not valid YAML.
    """
    if sections := _sections(text):
        yield sections
    else:
        for node in YAML(typ="safe", pure=True).compose_all(text):
            yield [Section(node)]


def _sections(text: str) -> list[Section]:
    """Return the sections of a text that is one block mapping; none if it must be read whole."""
    starts = [match.start() for match in _KEY.finditer(text)]
    if not starts or not _NOTHING.fullmatch(text, 0, starts[0]) or _WHOLE.search(text):
        return []
    sections: list[Section] = []
    line = text.count("\n", 0, starts[0])
    try:
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            sections.append(Section(_read(text[start:end]), line, start))
            line += text.count("\n", start, end)
    except YAMLError:
        return []
    return sections


@lru_cache(maxsize=_SECTIONS_KEPT)
def _read(text: str) -> MappingNode:
    [node] = YAML(typ="safe", pure=True).compose_all(text)
    if not isinstance(node, MappingNode):
        raise YAMLError
    return node
