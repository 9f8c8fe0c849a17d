"""Facts that are all there and all in their exact form, taken in without a detour.

That is what nearly every call looks like, and checking it is most of the work of a decision. What
is not plainly right is left to :mod:`earnest.policy.facts`, which finds out what is wrong with it,
or brings it into form.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from earnest.policy.fact_forms import FactSpec
from earnest.policy.kinds import NUMBER_MAX, Kind
from earnest.policy.nodes import Collection

Reader = Callable[[Any], Any]
"""Gives a value in its inner form, or None when it is not plainly right."""


class ExactFacts:
    """Takes in the facts of one decision, if they are plainly right."""

    def __init__(self, specs: Mapping[str, FactSpec], governed_by: str) -> None:
        self._governed_by = governed_by
        self._readers = [(name, _reader(spec)) for name, spec in specs.items()]
        self._series = [
            name for name, spec in specs.items() if spec.collection and spec.collection.dated
        ]

    def take(self, facts: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the inner form of facts, or None when they are not all plainly right."""
        if len(facts) != len(self._readers):
            return None
        values: dict[str, Any] = {}
        for name, read in self._readers:
            value = read(facts.get(name))
            if value is None:
                return None
            values[name] = value
        for name in self._series:
            if values[name] and values[name][-1][0] > values[self._governed_by]:
                return None
        return values


def _reader(spec: FactSpec) -> Reader:
    collection = spec.collection
    if spec.options:
        return lambda raw: raw if raw in spec.options else None
    if collection is None:
        return _single(spec.kind)
    if collection.form == "each":
        return _list_of(_text)
    if collection.form == "list":
        return _list_of(_single(spec.kind))
    return _series(collection) if collection.form == "series" else _never


def _single(kind: Kind) -> Reader:
    return {"int": _number, "text": _text, "bool": _truth, "date": _day}.get(kind.name, _never)


def _never(_: Any) -> None:
    return None


def _number(raw: Any) -> Any:
    return raw if type(raw) is int and -NUMBER_MAX <= raw <= NUMBER_MAX else None


def _text(raw: Any) -> Any:
    return raw if type(raw) is str else None


def _truth(raw: Any) -> Any:
    return raw if type(raw) is bool else None


def _day(raw: Any) -> Any:
    return raw if type(raw) is date else None


def _list_of(read: Reader) -> Reader:
    def values(raw: Any) -> Any:
        if type(raw) is not list:
            return None
        for each in raw:
            if read(each) is None:
                return None
        return raw.copy()

    return values


def _series(collection: Collection) -> Reader:
    """Read pairs of a day and a value, in order of their days and no day twice."""
    if not collection.single:
        return _series_of_several(collection)
    if collection.fields["value"].name != "int":
        return _never

    def elements(raw: Any) -> Any:
        if type(raw) is not list:
            return None
        before = date.min
        try:
            for at, value in raw:
                if type(at) is not date or at <= before:
                    return None
                if value is not None and not (
                    type(value) is int and -NUMBER_MAX <= value <= NUMBER_MAX
                ):
                    return None
                before = at
        except (TypeError, ValueError):  # no pairs
            return None
        return list(map(tuple, raw))

    return elements


def _series_of_several(collection: Collection) -> Reader:
    read = _named(collection.fields)

    def elements(raw: Any) -> Any:
        if type(raw) is not list:
            return None
        found: list[tuple[date, Any]] = []
        before = date.min
        for each in raw:
            if type(each) not in (list, tuple) or len(each) != 2:
                return None
            at, value = each
            if type(at) is not date or at <= before:
                return None
            before = at
            if value is None:
                found.append((at, None))
            elif read(value) is None:
                return None
            else:
                found.append((at, {"at": at, **value}))
        return found

    return elements


def _named(fields: Mapping[str, Kind]) -> Reader:
    """Read a set of named values, none of which is missing."""
    read_of = {name: _single(kind) for name, kind in fields.items()}

    def element(raw: Any) -> Any:
        if type(raw) is not dict or len(raw) != len(read_of):
            return None
        for name, read in read_of.items():
            if read(raw.get(name)) is None:
                return None
        return raw

    return element
