"""Values with a date from which they hold: choosing the one in force, and checking the dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from earnest.policy.document import Document, Path
from earnest.policy.kinds import WORDS, Kind, kind_hint, written
from earnest.policy.problems import nearest
from earnest.policy.shape import Instrument, Words
from earnest.policy.shape import Parameter as ParameterShape

DECIDING_STATES = ("announced", "in_force", "superseded")
"""States whose values decide from their date on; drafts and withdrawn acts never decide."""


class Starts(Protocol):
    """Anything that holds from a day on, until ``ends`` when that is given."""

    @property
    def since(self) -> date:
        """The first day."""

    @property
    def ends(self) -> date | None:
        """The first day on which it no longer holds."""


D = TypeVar("D", bound=Starts)


def in_force(editions: Sequence[D], on: date) -> D | None:
    """Return the edition in force on a day, or None. Editions are in order of their start.

    An edition lasts until the next one starts or until its own end; nothing falls through to an
    older one.
    """
    for edition in reversed(editions):
        if edition.since <= on:
            return edition if edition.ends is None or on < edition.ends else None
    return None


@dataclass(frozen=True, eq=False, slots=True)
class DatedValue:
    """A parameter's value from a day on, with the clause and the act that set it."""

    name: str
    since: date
    ends: date | None
    value: object
    clause: str
    instrument: str
    assumed: bool
    unset: bool


@dataclass(frozen=True)
class Parameter:
    """A dated value of the rule."""

    name: str
    kind: Kind
    values: tuple[DatedValue, ...]
    title: Words | None = None


@dataclass(frozen=True)
class Start:
    """What the date check needs to know of an edition."""

    since: date
    ends: date | None
    instrument: str
    path: Path


@dataclass
class Calendar:
    """The acts of a book, and the checks that dated things are held against."""

    document: Document
    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    def check(self, name: str, starts: Sequence[Start]) -> None:
        """Note every edition out of order, of an unknown act, or earlier than its act."""
        add = self.document.add
        previous: Start | None = None
        for start in starts:
            act = self.instruments.get(start.instrument)
            if act is None:
                zh, en = nearest(start.instrument, self.instruments)
                add(
                    (*start.path, "instrument"),
                    "unknown_instrument",
                    f"{name}：没有名为 {start.instrument!r} 的文件{zh}",
                    f"{name}: no instrument {start.instrument!r}{en}",
                )
            elif start.since < act.in_force:
                add(
                    (*start.path, "from"),
                    "before_in_force",
                    f"{name}：{start.since} 早于 {act.id} 的生效日 {act.in_force}",
                    f"{name}: {start.since} is before {act.id} is in force ({act.in_force})",
                )
            if previous is not None and start.since <= previous.since:
                add(
                    (*start.path, "from"),
                    "date_order",
                    f"{name}：{start.since} 应晚于上一版的 {previous.since}",
                    f"{name}: {start.since} must come after the edition before it, "
                    f"{previous.since}",
                )
            if start.ends is not None and start.ends <= start.since:
                add(
                    (*start.path, "ends"),
                    "date_order",
                    f"{name}：结束日 {start.ends} 应晚于开始日 {start.since}",
                    f"{name}: the end {start.ends} must come after the start {start.since}",
                )
            previous = start

    @property
    def since(self) -> date:
        """The first day on which an act that decides is in force; the last day of all if none."""
        deciding = [act.in_force for act in self.instruments.values() if self.decides(act.id)]
        return min(deciding, default=date.max)

    def decides(self, instrument: str) -> bool:
        """Tell whether values of this act decide (a draft's do not)."""
        act = self.instruments.get(instrument)
        return act is None or act.state in DECIDING_STATES


def compile_instruments(document: Document, acts: Sequence[Instrument]) -> Calendar:
    """Check the acts of a book: ids once, and none in force before it was published."""
    known: dict[str, Instrument] = {}
    for index, act in enumerate(acts):
        path: Path = ("instruments", index)
        if act.id in known:
            document.add(
                (*path, "id"),
                "duplicate_id",
                f"文件 {act.id!r} 写了两次",
                f"instrument {act.id!r} is given twice",
            )
        if act.in_force < act.published and act.change != "erratum":
            document.add(
                (*path, "in_force"),
                "retroactive",
                f"{act.id}：生效日 {act.in_force} 早于发布日 {act.published}，规则不溯及既往；"
                "若是勘误请写 change: erratum",
                f"{act.id}: in force on {act.in_force}, before it was published on "
                f"{act.published}; a rule does not reach back (an erratum says change: erratum)",
            )
        known[act.id] = act
    return Calendar(document, known)


def compile_parameter(calendar: Calendar, name: str, shape: ParameterShape) -> Parameter:
    """Check a parameter's dates and read its values in its unit."""
    document, path = calendar.document, ("parameters", name)
    kind = WORDS.get(shape.unit)
    if kind is None:
        zh, en = kind_hint(shape.unit)
        document.add(
            (*path, "unit"),
            "unknown_unit",
            f"{name}：没有单位 {shape.unit!r}{zh}",
            f"{name}: no unit {shape.unit!r}{en}",
        )
        kind = Kind("any")
    places: list[Path] = [(*path, "values", index) for index in range(len(shape.values))]
    calendar.check(
        name,
        [
            Start(each.since, each.ends, each.instrument, place)
            for each, place in zip(shape.values, places, strict=True)
        ],
    )
    values: list[DatedValue] = []
    for each, place in zip(shape.values, places, strict=True):
        value: object = None
        if not each.unset:
            try:
                value = written(kind, each.value) if kind.name != "any" else None
            except ValueError as error:
                document.add(
                    (*place, "value"),
                    "value",
                    f"{name}：{each.value!r} 不是以 {shape.unit} 计的值",
                    f"{name}: {error}",
                )
        if calendar.decides(each.instrument):
            values.append(
                DatedValue(
                    name, each.since, each.ends, value,
                    each.clause, each.instrument, each.assumed, each.unset,
                )
            )  # fmt: skip
    return Parameter(name, kind, tuple(values), shape.title)
