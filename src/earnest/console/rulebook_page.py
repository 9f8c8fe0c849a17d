"""A rulebook as its page shows it on a day: chapters, marks for samples and important terms."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from earnest.authoring.page import Part, rulebook_sections
from earnest.authoring.page_words import Reader
from earnest.console.texts import language
from earnest.policy import Clause, Pack
from earnest.policy.editions import DECIDING_STATES, in_force
from earnest.policy.shape import Instrument, Words


@dataclass(frozen=True)
class PartView:
    """A paragraph of the page.

    Attributes:
        anchor: its id on the page; a clause's is its own id.
        status: a clause's status; empty for other paragraphs.
        important: an act of importance ``important`` set something of it: such terms stand out.
        samples: the names of the assumed values it rests on that nobody has confirmed.
    """

    part: Part
    anchor: str
    status: str = ""
    important: bool = False
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page with the paragraphs that a search left."""

    key: str
    title: str
    parts: tuple[PartView, ...]


def label_of(pack: Pack, name: str, title: Words | None = None) -> str:
    """Return what readers call an element of a pack: its title, its entry in ``texts``, or name."""
    words = title or pack.texts.get(name)
    return words.get(language()) if words else name


def chapters_on(pack: Pack, on: date, search: str, unconfirmed: Collection[str]) -> list[Chapter]:
    """Return the chapters as they stand on a day; with a search, the paragraphs with its words."""
    weighty = _important_elements(pack, on)
    wanted = search.casefold().split()
    chapters: list[Chapter] = []
    for section in rulebook_sections(pack, on, language())[1:]:
        views = (
            _view(pack, section.key, part, weighty, unconfirmed)
            for part in section.parts
            if all(each in _all_words(part) for each in wanted)
        )
        chapters.append(Chapter(section.key, section.title, tuple(views)))
    return [each for each in chapters if each.parts]


def _view(
    pack: Pack, key: str, part: Part, weighty: Collection[str], unconfirmed: Collection[str]
) -> PartView:
    clause = pack.clauses.get(part.name) if key == "clauses" else None
    if clause is None:
        return PartView(part, f"{key}-{part.name}")
    return PartView(
        part,
        part.name,
        clause.status,
        any(name in weighty for name in clause.by),
        tuple(name for name in clause.by if name in unconfirmed),
    )


def _all_words(part: Part) -> str:
    said: list[str] = [part.name, part.clause, part.heading, part.words, *part.marks, *part.lines]
    for grid in part.grids:
        said += [grid.title, *(cell for row in grid.rows for cell in row)]
    return " ".join(said).casefold()


def _important_elements(pack: Pack, on: date) -> set[str]:
    """Return the parameters and tables whose value on a day was set by an important act."""
    acts = {act.id for act in pack.instruments if act.importance == "important"}
    set_by = {
        name: value.instrument
        for name, each in pack.parameters.items()
        if (value := in_force(each.values, on)) is not None
    }
    set_by |= {
        name: edition.rows[0].instrument
        for name, each in pack.tables.items()
        if (edition := in_force(each.editions, on)) is not None and edition.rows
    }
    return {name for name, act in set_by.items() if act in acts}


def acts_around(pack: Pack, on: date) -> tuple[Instrument | None, list[Instrument]]:
    """Return the latest act in force on a day, and the announced ones that are still to come."""
    decided = [act for act in pack.instruments if act.state in DECIDING_STATES]
    past = [act for act in decided if act.in_force <= on]
    coming = sorted((act for act in decided if act.in_force > on), key=lambda act: act.in_force)
    return (max(past, key=lambda act: act.in_force) if past else None), coming


def samples_on(pack: Pack, on: date) -> list[str]:
    """Return the names of the parameters and tables whose value on a day is a sample."""
    values = [
        name
        for name, each in pack.parameters.items()
        if (value := in_force(each.values, on)) is not None and value.assumed and not value.unset
    ]
    tables = [
        name
        for name, each in pack.tables.items()
        if (edition := in_force(each.editions, on)) is not None
        and edition.rows
        and edition.rows[0].assumed
    ]
    return values + tables


def status_counts(clauses: Mapping[str, Clause]) -> list[tuple[str, int]]:
    """Return how many clauses have each status, the most frequent first."""
    counted: dict[str, int] = {}
    for clause in clauses.values():
        counted[clause.status] = counted.get(clause.status, 0) + 1
    return sorted(counted.items(), key=lambda each: -each[1])


@dataclass(frozen=True)
class ValueView:
    """A parameter's value, or a table's rows, as a reader sees them on a day."""

    value: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def value_on(pack: Pack, name: str, on: date) -> ValueView:
    """Return a parameter or a table as it stands on a day; empty where nothing is in force."""
    reader = Reader(pack, on, language())
    if name in pack.parameters:
        parameter = pack.parameters[name]
        dated = in_force(parameter.values, on)
        return ValueView(reader.value(dated.value, parameter.kind) if dated else "")
    table = pack.tables[name]
    edition = in_force(table.editions, on)
    rows = tuple(
        (
            *(reader.cell(*pair) for pair in zip(row.cells, table.inputs.values(), strict=True)),
            *(reader.value(row.outputs[each], kind) for each, kind in table.outputs.items()),
        )
        for row in (edition.rows if edition else ())
    )
    header = tuple(reader.name(each) for each in (*table.inputs, *table.outputs))
    return ValueView(header=header, rows=rows)
