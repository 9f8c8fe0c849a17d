"""Assumed values: what the source lost and somebody has to confirm before money rests on it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from earnest.kernel.errors import NotFound
from earnest.kernel.hashing import digest
from earnest.policy import Pack

Key = tuple[str, str, date, str]
"""(rulebook, element, first day, digest of the value): what a confirmation binds to."""


@dataclass(frozen=True)
class AssumedValue:
    """One assumed parameter value, or the assumed rows of a table, from a day on.

    Attributes:
        kind: ``parameter`` or ``table``.
        value: the value, or the rows as [cells, outputs], as plain data (money in minor units).
        digest: the SHA-256 of the value.
    """

    rulebook: str
    element: str
    kind: str
    since: date
    digest: str
    value: Any = field(compare=False)
    title: Mapping[str, str] = field(compare=False)

    @property
    def key(self) -> Key:
        """What a confirmation binds to."""
        return (self.rulebook, self.element, self.since, self.digest)


@lru_cache(maxsize=64)
def assumed_values(pack: Pack) -> tuple[AssumedValue, ...]:
    """Return every assumed value of a pack, by name and day."""
    found = [*_parameters(pack), *_tables(pack)]
    return tuple(sorted(found, key=lambda each: (each.element, each.since)))


def assumed_in_use(pack: Pack, trace: Iterable[Mapping[str, Any]]) -> list[AssumedValue]:
    """Return the assumed values that an evaluation's trace says it used."""
    used = {
        (entry["name"], entry["edition"])
        for entry in trace
        if entry["entry"] in ("param", "row") and entry["assumed"]
    }
    if not used:
        return []
    return [each for each in assumed_values(pack) if (each.element, each.since.isoformat()) in used]


def assumed_on(pack: Pack, names: Iterable[str], on: date) -> list[AssumedValue]:
    """Return the assumed values of these parameters and tables that hold on a day."""
    wanted, held = set(names), dict[str, AssumedValue]()
    for each in assumed_values(pack):
        if each.element in wanted and each.since <= on:
            held[each.element] = each  # in order of days: the last one stands
    return list(held.values())


def assumed_named(pack: Pack, element: str, on: date | None) -> list[AssumedValue]:
    """Return the assumed values of one element: that of a day, or with None all of them.

    Raises:
        NotFound: the pack assumes nothing of that name.
    """
    found = (
        [each for each in assumed_values(pack) if each.element == element]
        if on is None
        else assumed_on(pack, [element], on)
    )
    if not found:
        names = ", ".join(dict.fromkeys(each.element for each in assumed_values(pack)))
        raise NotFound(
            "not_assumed", where=f"{pack.rulebook}/{element}",
            zh=f"没有名为 {element!r} 的待确认值；现有：{names or '无'}",
            en=f"no assumed value is called {element!r}; there are {names or 'none'}",
        )  # fmt: skip
    return found


def _parameters(pack: Pack) -> Iterator[AssumedValue]:
    for name, parameter in pack.parameters.items():
        for dated in parameter.values:
            if dated.assumed:
                yield _assumed(pack, name, "parameter", dated.since, _plain(dated.value))


def _tables(pack: Pack) -> Iterator[AssumedValue]:
    for name, table in pack.tables.items():
        for edition in table.editions:
            if any(row.assumed for row in edition.rows):
                rows = [
                    [
                        [cell.text for cell in row.cells],
                        [_plain(each) for each in row.outputs.values()],
                    ]
                    for row in edition.rows
                ]
                yield _assumed(pack, name, "table", edition.since, rows)


def _assumed(pack: Pack, name: str, kind: str, since: date, value: Any) -> AssumedValue:
    element = pack.parameters[name] if kind == "parameter" else pack.tables[name]
    words = element.title
    title = {"zh": words.zh, "en": words.get("en")} if words else {"zh": name, "en": name}
    return AssumedValue(pack.rulebook, name, kind, since, digest(value), value, title)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def listed(values: Sequence[AssumedValue]) -> str:
    """Say values by name and day, for an error."""
    return ", ".join(f"{each.element} (from {each.since})" for each in values)
