"""An amendment as edits of a pack's text: everything else in it stays byte for byte.

Each function gives the whole new text, and it loads: its dates, tables and golden cases hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from earnest.authoring.source import Edit, Item, Source, flow, scalar, source_of
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.policy.document import Path
from earnest.policy.pack import load_pack_text
from earnest.policy.problems import nearest

BEFORE_ANNOUNCED = ("draft", "consultation")


@dataclass(frozen=True)
class NewValue:
    """A parameter's value from a day on, as a pack writes it (money in yuan, ``"999.50"``).

    Attributes:
        unset: no value: the operator must choose before anything that needs it is decided.
    """

    since: date
    value: Any
    clause: str
    instrument: str
    assumed: bool = False
    unset: bool = False


@dataclass(frozen=True)
class NewRow:
    """A row of a table: one cell for each input, one value for each output."""

    when: Sequence[Any]
    then: Sequence[Any]
    clause: str
    id: str = ""

    def as_text(self) -> str:
        """Return it as a pack writes it, on one line."""
        when = self.when[0] if len(self.when) == 1 else list(self.when)
        pairs = [("when", when), ("then", list(self.then)), ("clause", self.clause)]
        return flow([*pairs, ("id", self.id)] if self.id else pairs)


@dataclass(frozen=True)
class NewEdition:
    """Rows of a table from a day on."""

    since: date
    instrument: str
    rows: Sequence[NewRow]
    assumed: bool = False


@dataclass(frozen=True)
class NewInstrument:
    """An act that is going to change the book."""

    id: str
    published: date
    in_force: date
    state: str = "draft"
    change: str = "amendment"
    importance: str = "ordinary"
    clause: str = ""
    title: Mapping[str, str] | None = None


def value_added(text: str, parameter: str, new: NewValue, name: str = "pack") -> str:
    """Return the pack's text with one more value of a parameter, in its place by date.

    Raises:
        NotFound: the pack's own file has no such parameter.
        Conflict: a value starts on that day already.
        PackError: the pack would not load.
    """
    source = source_of(text, name)
    path: Path = ("parameters", parameter, "values")
    _known(source, "parameters", parameter)
    pairs: list[tuple[str, Any]] = [("from", new.since)]
    pairs.append(("unset", True) if new.unset else ("value", new.value))
    pairs += [("clause", new.clause), ("instrument", new.instrument)]
    if new.assumed:
        pairs.append(("assumed", True))
    return _loaded(source, [_dated(source, path, new.since, flow(pairs))])


def edition_added(
    text: str, table: str, new: NewEdition, name: str = "pack", *, check_cases: bool = True
) -> str:
    """Return the pack's text with one more edition of a table, in its place by date.

    Without ``check_cases`` golden cases may differ afterwards.

    Raises:
        NotFound: the pack's own file has no such table.
        Conflict: an edition starts on that day already.
        PackError: the pack would not load.
    """
    source = source_of(text, name)
    _known(source, "tables", table)
    head: list[tuple[str, Any]] = [("from", new.since), ("instrument", new.instrument)]
    if new.assumed:
        head.append(("assumed", True))
    path: Path = ("tables", table, "editions")
    if source.slice(path).startswith("["):
        rows = ", ".join(row.as_text() for row in new.rows)
        written = flow(head)[:-1] + f", rows: [{rows}]}}"
    else:
        lines = [f"{key}: {scalar(value)}" for key, value in head]
        written = "\n".join([*lines, "rows:", *(f"  - {row.as_text()}" for row in new.rows)])
    edit = _dated(source, path, new.since, written)
    return _loaded(source, [edit], check_cases=check_cases)


def instrument_added(text: str, new: NewInstrument, name: str = "pack") -> str:
    """Return the pack's text with one more act, after those that it has.

    Raises:
        Conflict: an act has that id already.
        PackError: the pack would not load.
    """
    source = source_of(text, name)
    path: Path = ("instruments",)
    acts = source.value(path)
    if any(act["id"] == new.id for act in acts):
        raise Conflict(
            "instrument_exists", where=new.id,
            zh=f"已有文件 {new.id!r}；请另取编号",
            en=f"there is an instrument {new.id!r} already; give this one another id",
        )  # fmt: skip
    pairs: list[tuple[str, Any]] = [
        ("id", new.id), ("published", new.published), ("in_force", new.in_force),
        ("state", new.state),
    ]  # fmt: skip
    if new.change != "amendment":
        pairs.append(("change", new.change))
    if new.importance != "ordinary":
        pairs.append(("importance", new.importance))
    if new.clause:
        pairs.append(("clause", new.clause))
    if new.title:
        pairs.append(("title", dict(new.title)))
    kept = [(index, source.slice((*path, index))) for index in range(len(acts))]
    return _loaded(source, [source.rewritten(path, [*kept, (None, flow(pairs))])])


def announced(text: str, instrument: str, published: date, name: str = "pack") -> str:
    """Return the pack's text with a draft act announced on a day; its values decide from then on.

    Raises:
        NotFound: there is no such act in the pack's own file.
        Conflict: the act is no draft (any more).
        PackError: the pack would not load: retroactive, or a golden case that does not hold.
    """
    source = source_of(text, name)
    acts = {act["id"]: index for index, act in enumerate(source.value(("instruments",)))}
    if instrument not in acts:
        zh, en = nearest(instrument, acts)
        raise NotFound(
            "unknown_instrument", where=instrument,
            zh=f"没有文件 {instrument!r}{zh}", en=f"there is no instrument {instrument!r}{en}",
        )  # fmt: skip
    path: Path = ("instruments", acts[instrument])
    state = source.value((*path, "state"))
    if state not in BEFORE_ANNOUNCED:
        raise Conflict(
            "not_a_draft", where=instrument,
            zh=f"文件 {instrument} 的状态是 {state}，只有草案可以公布",
            en=f"instrument {instrument} is {state}; only a draft can be announced",
        )  # fmt: skip
    edits = [
        source.replaced((*path, "state"), "announced"),
        source.replaced((*path, "published"), scalar(published)),
    ]
    return _loaded(source, edits)


def _dated(source: Source, path: Path, since: date, written: str) -> Edit:
    """Return the edit that puts a dated item into a list that is in order of its dates."""
    items: list[Item] = []
    place = 0
    for index in range(source.children(path)):
        start = source.value((*path, index, "from"))
        if start == since:
            raise Conflict(
                "date_taken", where=f"{source.name}:{source.line_of((*path, index))}",
                zh=f"{path[1]} 自 {since} 起已有规定；请换一天，或修改那一版",
                en=f"{path[1]} starts anew on {since} already; take another day or edit that one",
            )  # fmt: skip
        place = index + 1 if start < since else place
        items.append((index, source.slice((*path, index))))
    items.insert(place, (None, written))
    return source.rewritten(path, items)


def _known(source: Source, section: str, element: str) -> None:
    if (section, element) in source:
        return
    known = source.value((section,)) if (section,) in source else {}
    zh, en = nearest(element, known)
    raise NotFound(
        "unknown_element", where=f"{source.name}: {section}",
        zh=f"本文件的 {section} 里没有 {element!r}{zh}",
        en=f"this file has no {element!r} among its {section}{en}",
    )  # fmt: skip


def _loaded(source: Source, edits: list[Edit], *, check_cases: bool = True) -> str:
    """Return the edited text, if it loads."""
    text = source.edited(edits)
    if text == source.text:
        raise BadInput(
            "nothing_changed", where=source.name, zh="没有任何改动", en="nothing would change"
        )
    load_pack_text(text, source.name, check_cases=check_cases)
    return text
