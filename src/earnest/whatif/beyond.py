"""What a draft changes that no judgement of the past can show, because none of them uses it."""

from collections.abc import Iterable, Iterator
from typing import Any

from earnest.policy import DecisionSpec, Pack
from earnest.policy.editions import Parameter
from earnest.policy.nodes import Collection, walk
from earnest.policy.tables import Table


def changed_elements(live: Pack, draft: Pack) -> Iterator[tuple[str, str]]:
    """Yield each parameter, table and interpretation that differs, as (kind, name)."""
    for name in _names(live.parameters, draft.parameters):
        if _values(live.parameters.get(name)) != _values(draft.parameters.get(name)):
            yield "parameter", name
    for name in _names(live.tables, draft.tables):
        if _rows(live.tables.get(name)) != _rows(draft.tables.get(name)):
            yield "table", name
    for name in _names(live.interpretations, draft.interpretations):
        ours, theirs = live.interpretations.get(name), draft.interpretations.get(name)
        if (ours and ours.choice) != (theirs and theirs.choice):
            yield "interpretation", name


def _names(ours: Iterable[str], theirs: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*ours, *theirs)))


def _values(parameter: Parameter | None) -> list[Any]:
    return [(e.since, e.ends, e.value, e.unset) for e in parameter.values] if parameter else []


def _rows(table: Table | None) -> list[Any]:
    if table is None:
        return []
    return [
        (edition.since, edition.ends, [(row.cells, row.outputs) for row in edition.rows])
        for edition in table.editions
    ]


def definition_changed(live: Pack, draft: Pack, decision: str) -> bool:
    """Tell whether a decision is worked out in another way, or stands in one rulebook only."""
    ours, theirs = live.decisions.get(decision), draft.decisions.get(decision)
    return (_definition(ours) if ours else None) != (_definition(theirs) if theirs else None)


def _definition(spec: DecisionSpec) -> Any:
    steps = [(step.name, step.node.text, step.governed_by, step.clause) for step in spec.steps]
    facts = [(name, str(fact)) for name, fact in spec.facts.items()]
    return steps, facts, spec.outcome, spec.governed_by, spec.modality


def elements_used(pack: Pack, decisions: Iterable[str]) -> set[tuple[str, str]]:
    """Return every parameter, table and interpretation that decisions use, as (kind, name)."""
    used: set[tuple[str, str]] = set()
    for name in decisions:
        if name in pack.decisions:
            used |= _used(pack.decisions[name])
    return used


def _used(spec: DecisionSpec) -> set[tuple[str, str]]:
    collections = [fact.collection for fact in spec.facts.values()]
    found = {("table", each.table.name) for each in collections if each and each.table}
    for step in spec.steps:
        found |= {("interpretation", each) for each in step.interpretation}
        for node in walk(step.node):
            for value in vars(node).values():
                if isinstance(value, Parameter):
                    found.add(("parameter", value.name))
                elif isinstance(value, Table):
                    found.add(("table", value.name))
                elif isinstance(value, Collection) and value.table is not None:
                    found.add(("table", value.table.name))
    return found
