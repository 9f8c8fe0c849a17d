"""Values with a date from which they hold: choosing the one in force, and checking the dates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol, TypeVar

from earnest.policy.document import Document, Path
from earnest.policy.kinds import WORDS, Kind, WrongValue, kind_hint, written
from earnest.policy.problems import nearest
from earnest.policy.reading import DEFAULT, Reading
from earnest.policy.shape import Instrument, Words
from earnest.policy.shape import Parameter as ParameterShape

if TYPE_CHECKING:
    from earnest.policy.suspensions import Suspension, Suspensions

DECIDING_STATES = ("announced", "in_force", "superseded")
"""States whose values decide from their date on; a withdrawn act never decides."""
DRAFT_STATES = ("draft", "consultation")
"""States whose values decide only in a reading that takes the drafts in."""


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
    """A parameter's value from a day on, with the clause and the act that set it.

    Attributes:
        suspensions: when its clause does not apply.
    """

    name: str
    since: date
    ends: date | None
    value: object
    clause: str
    instrument: str
    assumed: bool
    unset: bool
    suspensions: "tuple[Suspension, ...]" = ()


@dataclass(frozen=True)
class Parameter:
    """A dated value of the rule.

    Attributes:
        values: those that decide in this reading.
        options: every text that it can be, in any reading; empty when that cannot be told.
    """

    name: str
    kind: Kind
    values: tuple[DatedValue, ...]
    title: Words | None = None
    options: tuple[str, ...] = ()

    @property
    def clauses(self) -> tuple[str, ...]:
        """Every clause that a value of it cites, once each."""
        return tuple(dict.fromkeys(each.clause for each in self.values))

    @property
    def suspendable(self) -> bool:
        """Tell whether the clause of a value is ever suspended."""
        return any(each.suspensions for each in self.values)

    def clause_on(self, day: date) -> str:
        """Return the clause of the newest value begun by a day, or else of the first."""
        begun = [each for each in self.values if each.since <= day] or list(self.values[:1])
        return begun[-1].clause if begun else ""


@dataclass(frozen=True)
class Start:
    """What the date check needs to know of an edition."""

    since: date
    ends: date | None
    instrument: str
    path: Path


@dataclass
class Calendar:
    """The acts of a book, and the checks that dated things are held against.

    Attributes:
        whole: every act could be read, so that one that is not here does not exist.
        suspensions: the clauses that do not apply for a time; None before they are read.
    """

    document: Document
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    reading: Reading = DEFAULT
    whole: bool = True
    suspensions: "Suspensions | None" = None

    def check(self, name: str, starts: Sequence[Start]) -> None:
        """Note every edition out of order, of an unknown act, or earlier than its act."""
        previous: Start | None = None
        for start in starts:
            self.check_act(name, start.instrument, start.since, (*start.path, "from"))
            act = self.instruments.get(start.instrument)
            if act is not None and act.state == "withdrawn":
                continue  # it never decides, so its dates are in nobody's way
            if previous is not None and start.since <= previous.since:
                self.document.add(
                    (*start.path, "from"),
                    "date_order",
                    f"{name}：{start.since} 应晚于上一版的 {previous.since}",
                    f"{name}: {start.since} must come after the edition before it, "
                    f"{previous.since}",
                )
            self.check_end(name, start)
            previous = start

    def check_act(self, name: str, instrument: str, since: date, path: Path) -> None:
        """Note it when the act of something is unknown, or in force only after ``since``.

        Takes: ``path`` is the place of the day, beside which stands the ``instrument``.
        """
        act = self.instruments.get(instrument)
        if act is not None and since < act.in_force:
            self.document.add(
                path,
                "before_in_force",
                f"{name}：{since} 早于 {act.id} 的生效日 {act.in_force}",
                f"{name}: {since} is before {act.id} is in force ({act.in_force})",
            )
        if act is None and self.whole:
            zh, en = nearest(instrument, self.instruments)
            self.document.add(
                (*path[:-1], "instrument"),
                "unknown_instrument",
                f"{name}：没有名为 {instrument!r} 的文件{zh}",
                f"{name}: no instrument {instrument!r}{en}",
            )

    def check_end(self, name: str, start: Start) -> None:
        """Note an end that does not come after its start."""
        if start.ends is not None and start.ends <= start.since:
            self.document.add(
                (*start.path, "ends"),
                "date_order",
                f"{name}：结束日 {start.ends} 应晚于开始日 {start.since}",
                f"{name}: the end {start.ends} must come after the start {start.since}",
            )

    def suspended(self, clause: str) -> "tuple[Suspension, ...]":
        """Return when a clause does not apply."""
        return self.suspensions.of(clause) if self.suspensions is not None else ()

    @property
    def since(self) -> date:
        """The first day on which an act that decides is in force; the last day of all if none."""
        deciding = [act.in_force for act in self.instruments.values() if self.decides(act.id)]
        return min(deciding, default=date.max)

    def decides(self, instrument: str) -> bool:
        """Tell whether values of this act decide in this reading."""
        act = self.instruments.get(instrument)
        if act is None:
            return True
        drafted = self.reading.drafts and act.state in DRAFT_STATES
        return instrument not in self.reading.without and (drafted or act.state in DECIDING_STATES)


def compile_instruments(
    document: Document, acts: Sequence[Instrument], reading: Reading = DEFAULT
) -> Calendar:
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
    whole = bool(acts) and all(act.id for act in acts)
    return Calendar(document, known, reading, whole)


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
    written_out: list[object] = []
    for each, place in zip(shape.values, places, strict=True):
        value: object = None
        if not each.unset:
            try:
                value = written(kind, each.value) if kind.name != "any" else None
            except WrongValue as error:
                document.add(
                    (*place, "value"),
                    "value",
                    f"{name}：{error.zh}",
                    f"{name}: {error}",
                )
        written_out.append(value)
        if calendar.decides(each.instrument):
            values.append(
                DatedValue(
                    name, each.since, each.ends, value, each.clause, each.instrument,
                    each.assumed, each.unset, calendar.suspended(each.clause),
                )
            )  # fmt: skip
    return Parameter(name, kind, tuple(values), shape.title, closed_list(written_out))


def closed_list(values: Iterable[object]) -> tuple[str, ...]:
    """Return the texts that something can be, each once; none when one of them is still open."""
    texts = [value if isinstance(value, str) else None for value in values]
    known = [text for text in texts if text is not None]
    return tuple(dict.fromkeys(known)) if len(known) == len(texts) else ()
