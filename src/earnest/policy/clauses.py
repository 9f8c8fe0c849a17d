"""The sentences of a rule, in our own words, and what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from earnest.policy.shape import Clause as ClauseShape
from earnest.policy.shape import ClauseStatus


@dataclass(frozen=True)
class Clause:
    """A sentence of the rule.

    Attributes:
        id: our id of it, e.g. ``S0-2.2.5-5b``.
        zh: what it says, in our own words.
        en: the same in English; the Chinese text where there is none.
        status: ``encoded``, ``human``, ``definition``, ``external`` or ``missing_in_source``.
        by: the elements of the pack that do what it says.
        note: a remark for the writers of the pack.
        since: from which day it stands in the book; None when the pack does not say.
        ends: the first day on which it no longer does; None when it stands.
    """

    id: str
    zh: str
    en: str
    status: ClauseStatus
    by: tuple[str, ...]
    note: str
    since: date | None = None
    ends: date | None = None


def compile_clauses(shapes: Mapping[str, ClauseShape]) -> dict[str, Clause]:
    """Return the clauses of a book by id."""
    return {name: _clause(name, each) for name, each in shapes.items()}


def _clause(name: str, shape: ClauseShape) -> Clause:
    english = shape.en or shape.zh
    by = tuple(shape.by)
    return Clause(
        name, shape.zh, english, shape.status, by, shape.note, shape.since, shape.ends
    )  # fmt: skip
