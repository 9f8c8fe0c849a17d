"""The sentences of a rule, in our own words, and what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    """

    id: str
    zh: str
    en: str
    status: ClauseStatus
    by: tuple[str, ...]
    note: str


def compile_clauses(shapes: Mapping[str, ClauseShape]) -> dict[str, Clause]:
    """Return the clauses of a book by id."""
    return {
        name: Clause(name, each.zh, each.en or each.zh, each.status, tuple(each.by), each.note)
        for name, each in shapes.items()
    }
