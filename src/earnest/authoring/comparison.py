"""Two packs side by side: an amendment clause by clause, whatever state its act is in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import zip_longest
from typing import Any

from earnest.authoring.opened import expressions, opened
from earnest.policy import Pack
from earnest.policy.cells import ANYTHING
from earnest.policy.shape import (
    Book,
    DatedValue,
    Decision,
    Edition,
    Parameter,
    Row,
    Shape,
    Table,
    Words,
)

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class Change:
    """One difference between two packs.

    Attributes:
        section: ``instruments clauses interpretations parameters tables windows calendars
            suspensions decisions texts cases``, or ``book``.
        name: the element.
        clause: the clause on which it rests; empty where it rests on none.
        kind: ``added``, ``removed`` or ``changed``.
        field: what of the element; a row's cells, a column, a step.
        old, new: as written in the packs; empty where there is nothing.
        from_on: the day from which the new one holds; None where it is not dated.
        act: the act that makes it; empty where none is named.
    """

    section: str
    name: str
    clause: str
    kind: str
    field: str
    old: str
    new: str
    from_on: date | None = None
    act: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def compare(old: Pack, new: Pack) -> list[Change]:
    """Return every difference between two packs, in the order of the new one's clauses."""
    before = opened(old.text, old.rulebook).book
    after = opened(new.text, new.rulebook).book
    changes = [
        *_book(before, after),
        *_acts(before, after),
        *_named("clauses", before.clauses, after.clauses),
        *_named("interpretations", before.interpretations, after.interpretations),
        *_parameters(before, after),
        *_tables(before, after),
        *_named("windows", before.windows, after.windows),
        *_named("calendars", before.calendars, after.calendars),
        *_suspensions(before, after),
        *_decisions(before, after),
        *_named("texts", before.texts, after.texts),
        *_cases(before, after),
    ]
    order = {clause: place for place, clause in enumerate({**after.clauses, **before.clauses})}
    # Sorting is stable: within a clause the order of the sections stays.
    return sorted(changes, key=lambda each: order.get(each.clause, len(order)))


def said(value: Any) -> str:
    """Return a part of a pack as text for a reader.

    >>> said(True), said(["a", "b"]), said(None)
    ('true', 'a, b', '')
    >>> said({"listed": [], "orders": [{"kind": "late", "days": None}]})
    'listed: [], orders: [{kind: late, days: null}]'
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Words):
        return " / ".join(text for text in (value.zh, value.en) if text)
    if isinstance(value, Shape):
        held = _fields(value).items()
        return said({name: each for name, each in held if each not in (None, "", [], {})})
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_within(each)}" for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_within(each) for each in value)
    return str(value)


def _within(value: Any) -> str:
    """Return a part of a larger part: in brackets where it has parts itself."""
    if value is None:
        return "null"
    if isinstance(value, Words) or not isinstance(value, Shape | Mapping | list | tuple):
        return said(value)
    return f"[{said(value)}]" if isinstance(value, list | tuple) else f"{{{said(value)}}}"


def _fields(shape: Shape) -> dict[str, Any]:
    """Return a shape's values by the keys that a pack writes."""
    names = type(shape).model_fields
    return {field.alias or name: getattr(shape, name) for name, field in names.items()}


def _clause_of(section: str, name: str, shape: Any) -> str:
    if section == "clauses":
        return name
    cited = getattr(shape, "clause", "")
    return cited if isinstance(cited, str) else next(iter(cited), "")


def _book(before: Book, after: Book) -> Iterator[Change]:
    for field in ("rulebook", "title", "exhaustive"):
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield Change("book", after.rulebook, "", CHANGED, field, said(old), said(new))


def _named(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Compare elements by name and their values by key."""
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        clause = _clause_of(section, name, new if new is not None else old)
        if old is None or new is None:
            kind = ADDED if old is None else REMOVED
            yield Change(section, name, clause, kind, "", said(old), said(new))
            continue
        if isinstance(new, Words):
            old, new = {"": old}, {"": new}
        else:
            old, new = _fields(old), _fields(new)
        for field in new:
            if old[field] != new[field]:
                yield Change(
                    section, name, clause, CHANGED, field, said(old[field]), said(new[field])
                )


def _acts(before: Book, after: Book) -> Iterator[Change]:
    olds = {act.id: act for act in before.instruments}
    news = {act.id: act for act in after.instruments}
    for change in _named("instruments", olds, news):
        act = news.get(change.name) or olds[change.name]
        yield replace(change, from_on=act.in_force, act=act.id)


def _parameters(before: Book, after: Book) -> Iterator[Change]:
    for name in {**before.parameters, **after.parameters}:
        old, new = before.parameters.get(name), after.parameters.get(name)
        if new is None or old is None:
            shape = new or old
            assert shape is not None  # noqa: S101 - it is in one of the two
            for value in shape.values:
                pair = (None, value) if old is None else (value, None)
                yield _value_change(name, (shape, shape), pair)
            continue
        for field in ("unit", "title"):
            was, now = getattr(old, field), getattr(new, field)
            if was != now:
                clause = new.values[0].clause
                yield Change("parameters", name, clause, CHANGED, field, said(was), said(now))
        yield from _values(name, old, new)


def _values(name: str, old: Parameter, new: Parameter) -> Iterator[Change]:
    olds = {value.since: value for value in old.values}
    news = {value.since: value for value in new.values}
    for since in sorted({**olds, **news}):
        was, now = olds.get(since), news.get(since)
        if was == now:
            continue
        if was is None and now is not None:
            # A new value stands beside the one that it takes over from.
            earlier = [value for value in old.values if value.since < since]
            was = earlier[-1] if earlier else None
        yield _value_change(name, (old, new), (was, now))


def _value_change(
    name: str,
    shapes: tuple[Parameter, Parameter],
    pair: tuple[DatedValue | None, DatedValue | None],
) -> Change:
    """Return a value's change, each side in the unit that its own book gives it."""
    old, new = shapes
    was, now = pair
    held = now or was
    assert held is not None  # noqa: S101 - a change has one side at least
    kind = CHANGED if was and now else ADDED if now else REMOVED
    return Change(
        "parameters", name, held.clause, kind, "value",
        _amount(was, old.unit), _amount(now, new.unit), held.since, held.instrument,
    )  # fmt: skip


def _amount(value: DatedValue | None, unit: str) -> str:
    if value is None:
        return ""
    marks = [mark for mark in ("assumed", "unset") if getattr(value, mark)]
    if value.ends is not None:
        marks.append(f"ends {value.ends}")
    amount = "" if value.unset else f"{said(value.value)} {unit}"
    return f"{amount} ({', '.join(marks)})".strip() if marks else amount


def _tables(before: Book, after: Book) -> Iterator[Change]:
    for name in {**before.tables, **after.tables}:
        old, new = before.tables.get(name), after.tables.get(name)
        for field in ("inputs", "outputs", "title"):
            was, now = getattr(old, field, None), getattr(new, field, None)
            if was != now and (old is None) == (new is None):
                shape = new or old
                clause = shape.editions[0].rows[0].clause if shape else ""
                yield Change("tables", name, clause, CHANGED, field, said(was), said(now))
        yield from _editions(name, old, new)


def _editions(name: str, old: Table | None, new: Table | None) -> Iterator[Change]:
    olds = {each.since: each for each in old.editions} if old else {}
    news = {each.since: each for each in new.editions} if new else {}
    for since in sorted({**olds, **news}):
        was, now = olds.get(since), news.get(since)
        if was == now:
            continue
        if was is None and now is not None:
            # Its rows are told against those of the edition that it takes over from.
            earlier = [each for day, each in olds.items() if day < since]
            was = earlier[-1] if earlier else None
            rows = list(_rows((name, old or new, new or old), was, now))
            same = f" (rows as from {was.since})" if was and not rows else ""
            cited = now.rows[0].clause
            text = f"{since}{same}"
            yield Change("tables", name, cited, ADDED, "edition", "", text, since, now.instrument)
            yield from rows
            continue
        if was is not None and now is None:
            cited, act = was.rows[0].clause, was.instrument
            yield Change("tables", name, cited, REMOVED, "edition", said(since), "", since, act)
        yield from _rows((name, old or new, new or old), was, now)


def _rows(
    table: tuple[str, Table | None, Table | None], was: Edition | None, now: Edition | None
) -> Iterator[Change]:
    """Compare two editions row by row; a row is known by its cells."""
    name, old_shape, new_shape = table
    held = now or was
    assert held is not None and old_shape is not None and new_shape is not None  # noqa: S101, PT018 - one side is there
    olds = {_when(row, old_shape): row for row in was.rows} if was else {}
    news = {_when(row, new_shape): row for row in now.rows} if now else {}
    if was and now and (was.assumed, was.ends) != (now.assumed, now.ends):
        yield Change(
            "tables", name, now.rows[0].clause, CHANGED, "assumed, ends",
            _edition_marks(was), _edition_marks(now), now.since, now.instrument,
        )  # fmt: skip
    for gone, come in _moved((olds, old_shape), (news, new_shape)):
        moved = news.pop(come)
        del olds[gone]
        yield Change(
            "tables", name, moved.clause, CHANGED, f"-> {_then(moved, new_shape)}", gone, come,
            held.since, held.instrument,
        )  # fmt: skip
    for cells in {**olds, **news}:
        old, new = olds.get(cells), news.get(cells)
        row = new or old
        assert row is not None  # noqa: S101 - it is in one of the two
        dated = (held.since, held.instrument)
        if old is None or new is None:
            kind = ADDED if old is None else REMOVED
            texts = _then(old, old_shape), _then(new, new_shape)
            yield Change("tables", name, row.clause, kind, cells, *texts, *dated)
        elif (old.then, old.clause, old.id) != (new.then, new.clause, new.id):
            texts = _then(old, old_shape), _then(new, new_shape)
            if texts[0] == texts[1]:
                texts = f"{old.clause} {old.id}".strip(), f"{new.clause} {new.id}".strip()
            yield Change("tables", name, new.clause, CHANGED, cells, *texts, *dated)


def _moved(
    old: tuple[dict[str, Row], Table], new: tuple[dict[str, Row], Table]
) -> list[tuple[str, str]]:
    """Pair rows that give the same for other cells: an edge that moved, not two other rows."""
    olds, old_shape = old
    news, new_shape = new
    gone = [cells for cells in olds if cells not in news]
    pairs: list[tuple[str, str]] = []
    for come in (cells for cells in news if cells not in olds):
        gives = _then(news[come], new_shape)
        same = next((each for each in gone if _then(olds[each], old_shape) == gives), None)
        if same is not None:
            gone.remove(same)
            pairs.append((same, come))
    return pairs


def _edition_marks(edition: Edition) -> str:
    return f"{said(edition.assumed)}, {said(edition.ends) or '-'}"


def _when(row: Row, table: Table) -> str:
    match row.when:
        case dict(cells):
            return ", ".join(said(cells.get(name, ANYTHING)) for name in table.inputs)
        case list(cells):
            return ", ".join(said(cell) for cell in cells)
        case cell:
            return said(cell)


def _then(row: Row | None, table: Table) -> str:
    if row is None:
        return ""
    if len(row.then) == 1:
        return said(row.then[0])
    return ", ".join(
        f"{name}: {said(value)}" for name, value in zip_longest(table.outputs, row.then)
    )


def _suspensions(before: Book, after: Book) -> Iterator[Change]:
    olds = {f"{each.clause} {each.since}": each for each in before.suspensions}
    news = {f"{each.clause} {each.since}": each for each in after.suspensions}
    for change in _named("suspensions", olds, news):
        held = news.get(change.name) or olds[change.name]
        yield replace(change, name=held.clause, from_on=held.since, act=held.instrument)


def _decisions(before: Book, after: Book) -> Iterator[Change]:
    for name in {**before.decisions, **after.decisions}:
        old, new = before.decisions.get(name), after.decisions.get(name)
        if old is None or new is None:
            shape = new or old
            assert shape is not None  # noqa: S101 - it is in one of the two
            kind = ADDED if old is None else REMOVED
            title = said(shape.title)
            texts = ("", title) if old is None else (title, "")
            clause = next((step.clause for _, step in expressions(shape) if step.clause), "")
            yield Change("decisions", name, clause, kind, "", *texts)
            continue
        for field in ("governed_by", "modality", "title", "outcome"):
            was, now = getattr(old, field), getattr(new, field)
            if was != now:
                yield Change("decisions", name, "", CHANGED, field, said(was), said(now))
        for fact in {**old.facts, **new.facts}:
            was, now = said(old.facts.get(fact)), said(new.facts.get(fact))
            if was != now:
                kind = ADDED if not was else REMOVED if not now else CHANGED
                yield Change("decisions", name, "", kind, f"facts.{fact}", was, now)
        yield from _steps(name, old, new)


def _steps(name: str, old: Decision, new: Decision) -> Iterator[Change]:
    olds, news = dict(expressions(old)), dict(expressions(new))
    for key in {**olds, **news}:
        was, now = olds.get(key), news.get(key)
        step = ".".join(key)
        clause = _clause_of("decisions", name, now or was)
        if was is None or now is None:
            kind = ADDED if was is None else REMOVED
            texts = (was.expr if was else "", now.expr if now else "")
            yield Change("decisions", name, clause, kind, step, *texts)
            continue
        for change in _named("decisions", {name: was}, {name: now}):
            yield replace(change, field=f"{step}.{change.field}")


def _cases(before: Book, after: Book) -> Iterator[Change]:
    olds = {said(case): case for case in before.cases}
    news = {said(case): case for case in after.cases}
    for text in {**olds, **news}:
        if text in olds and text in news:
            continue
        kind = ADDED if text in news else REMOVED
        case = news.get(text) or olds[text]
        texts = ("", text) if kind == ADDED else (text, "")
        yield Change("cases", case.decision, _clause_of("cases", "", case), kind, case.text, *texts)
