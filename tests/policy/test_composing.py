"""A text read section by section gives what reading it whole gives."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from earnest.policy.composing import compose_all

FOLDER = Path(__file__).parent / "data"
TEXT = (FOLDER / "broken_days.yaml").read_text("utf-8")
SIGNS = st.sampled_from(
    ["\n", "a: 1\n", "\nb: [", "]", '"', "'", "#", " ", ":", "- x\n", "---\n", "%", "&a ", "*a",
     "|\n", ">-\n", "? ", "{", "\r\n", "\r", "\u2028", "\ufeff", "\t", "é", "!x "]
)  # fmt: skip


def _marks(node: Node) -> Any:
    if isinstance(node, ScalarNode):
        below: Any = (node.value, node.style)
    elif isinstance(node, MappingNode):
        below = [(_marks(key), _marks(value)) for key, value in node.value]
    else:
        below = [_marks(each) for each in node.value]
    start = (node.start_mark.line, node.start_mark.column, node.start_mark.index)
    # Where a block ends nobody asks: the parser ends it only where the next thing begins.
    plain = isinstance(node, ScalarNode) or getattr(node, "flow_style", False)
    return (str(node.tag), node.anchor, start, plain and node.end_mark.index, below)


def _whole(text: str) -> Any:
    """Return what reading a text at once gives: the outermost entries, or what is wrong."""
    try:
        nodes = list(YAML(typ="safe", pure=True).compose_all(text))
    except (YAMLError, AssertionError) as error:
        return str(error)
    return [_entries(node) for node in nodes]


def _in_sections(text: str) -> Any:
    try:
        documents = list(compose_all(text))
    except (YAMLError, AssertionError) as error:
        return str(error)
    return [
        [entry for section in sections for entry in _entries(section.placed(section.node))]
        for sections in documents
    ]


def _entries(node: Node) -> list[Any]:
    if not isinstance(node, MappingNode):
        return [_marks(node)]
    return [(_marks(key), _marks(value)) for key, value in node.value]


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.yaml")))
def test_a_file_has_the_same_nodes_at_the_same_places(name: str) -> None:
    """Twice, since the second time every section comes from what was kept."""
    text = (FOLDER / name).read_text("utf-8")
    whole = _whole(text)
    assert _in_sections(text) == whole
    assert _in_sections("\n" + text) == _whole("\n" + text) != whole
    assert _in_sections(text) == whole


@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.ReusedAnchorWarning")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TEXT)), SIGNS, st.integers(0, 5)), max_size=3))
@example([(0, "\ufeff", 0)])
@example([(0, "&a ", 0), (len(TEXT), "b: *a", 0)])
def test_a_broken_file_is_read_and_refused_alike(edits: list[tuple[int, str, int]]) -> None:
    """Whatever is put into a file, or taken out of it."""
    text = TEXT
    for place, sign, gone in edits:
        text = text[:place] + sign + text[place + gone :]
    assert _in_sections(text) == _whole(text)


def test_an_amended_text_is_read_where_it_changed() -> None:
    """Sections that stayed are the very same nodes, further down."""
    (before,) = compose_all(TEXT)
    (after,) = compose_all(TEXT.replace("\n", "\n# why\n", 1))
    assert [each.node for each in before][1:] == [each.node for each in after][1:]
    assert {each.line - old.line for each, old in zip(after[1:], before[1:], strict=True)} == {1}
