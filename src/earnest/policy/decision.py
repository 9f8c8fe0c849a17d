"""Decisions compiled from a pack: typed facts, a governing day, steps in order, an outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from earnest.policy.document import Document, Path
from earnest.policy.editions import Parameter
from earnest.policy.expressions import Reader, Scope
from earnest.policy.facts import FactSpec, compile_fact, take
from earnest.policy.interpreter import Closure, Run, compile_node
from earnest.policy.nodes import Choice, Lookup, Node, ParameterValue, walk
from earnest.policy.problems import nearest
from earnest.policy.refusal import Refusal, Refused, no_rule
from earnest.policy.shape import Decision as DecisionShape
from earnest.policy.shape import Interpretation, Modality, Words
from earnest.policy.shape import Step as StepShape
from earnest.policy.tables import Table


@dataclass(frozen=True, eq=False, slots=True)
class StepSpec:
    """One step, checked and compiled.

    Attributes:
        by_row: the step's value is a table's: its clause is that of the row.
    """

    name: str
    node: Node
    closure: Closure
    clause: str
    clause_of: str
    by_row: bool
    interpretation: tuple[str, ...]
    modality: Modality | None
    title: Words | None


@dataclass(frozen=True, eq=False)
class DecisionSpec:
    """A question that the rule answers.

    Attributes:
        outcome: names of the result, the headline first, each with the step that gives it.
        clauses: every clause that an answer may cite.
        since: the first day on which any of the book was in force; earlier days are refused.
        modality: ``must`` decides by itself; ``may`` is an option that somebody has to choose.
    """

    name: str
    governed_by: str
    facts: dict[str, FactSpec]
    steps: tuple[StepSpec, ...]
    outcome: dict[str, str]
    modality: Modality
    clauses: tuple[str, ...]
    since: date
    title: Words | None = None


@dataclass(frozen=True)
class Elements:
    """The named things of a pack that a decision may use."""

    parameters: Mapping[str, Parameter]
    tables: Mapping[str, Table]
    interpretations: Mapping[str, Interpretation]
    since: date


def compile_decision(
    document: Document, name: str, shape: DecisionShape, elements: Elements
) -> DecisionSpec:
    """Check and compile a decision; problems go to the document."""
    path: Path = ("decisions", name)
    facts = {
        fact: compile_fact(document, (*path, "facts", fact), raw, elements.tables)
        for fact, raw in shape.facts.items()
    }
    scope = Scope(
        values={fact: spec.kind for fact, spec in facts.items() if spec.collection is None},
        parameters=dict(elements.parameters),
        choices={each: it.choice for each, it in elements.interpretations.items() if it.options},
        collections={
            fact: spec.collection for fact, spec in facts.items() if spec.collection is not None
        },
        tables=dict(elements.tables),
    )
    if scope.values.get(shape.governed_by) is None or facts[shape.governed_by].kind.name != "date":
        days = [fact for fact, spec in facts.items() if spec.kind.name == "date"]
        zh, en = nearest(shape.governed_by, days)
        document.add(
            (*path, "governed_by"),
            "governed_by",
            f"{name}：governed_by 应是一个 date 事实{zh}",
            f"{name}: governed_by must name a fact of kind date{en}",
        )
    steps: list[StepSpec] = []
    for step, step_shape in shape.steps.items():
        place = (*path, "steps", step)
        _check_step(document, place, step_shape, (steps, elements.interpretations, facts))
        steps.append(_compile_step(document, place, step_shape, scope))
        scope.values[step] = steps[-1].node.kind
    outcome = dict(shape.outcome) or {step: step for step in shape.steps}
    for index, (called, each) in enumerate(outcome.items()):
        if each not in shape.steps:
            zh, en = nearest(each, shape.steps)
            listed = isinstance(document.at((*path, "outcome")), list)
            document.add(
                (*path, "outcome", index if listed else called),
                "unknown_name",
                f"{name}：没有步骤 {each!r}{zh}",
                f"{name}: no step {each!r}{en}",
            )
    return DecisionSpec(
        name, shape.governed_by, facts, tuple(steps), outcome, _modality(shape, outcome),
        _clauses(steps), elements.since, shape.title,
    )  # fmt: skip


def _modality(shape: DecisionShape, outcome: Mapping[str, str]) -> Modality:
    for name in outcome.values():
        step = shape.steps.get(name)
        if step is not None and step.modality is not None:
            return step.modality
    return shape.modality


def _clauses(steps: list[StepSpec]) -> tuple[str, ...]:
    cited: dict[str, None] = {}
    for step in steps:
        for node in walk(step.node):
            if isinstance(node, Lookup):
                cited.update(dict.fromkeys(node.table.clauses))
            elif isinstance(node, ParameterValue):
                cited.update(dict.fromkeys(each.clause for each in node.parameter.values))
        if step.clause:
            cited[step.clause] = None
    return tuple(cited)


def _check_step(
    document: Document,
    path: Path,
    shape: StepShape,
    known: tuple[list[StepSpec], Mapping[str, Interpretation], Mapping[str, FactSpec]],
) -> None:
    steps, interpretations, facts = known
    name = str(path[-1])
    earlier = [step.name for step in steps]
    if name in facts:
        document.add_key(
            path, "duplicate_name", f"{name!r} 已是事实", f"{name!r} is already a fact"
        )
    if shape.clause_of and shape.clause_of not in earlier:
        zh, en = nearest(shape.clause_of, earlier)
        document.add(
            (*path, "clause_of"),
            "unknown_name",
            f"{name}：前面没有步骤 {shape.clause_of!r}{zh}",
            f"{name}: no earlier step {shape.clause_of!r}{en}",
        )
    if not shape.clause and not shape.clause_of:
        document.add(path, "no_clause", f"{name}：请写 clause（条款号）", f"{name}: cite a clause")
    for index, each in enumerate(shape.interpretation):
        if each not in interpretations:
            zh, en = nearest(each, interpretations)
            document.add(
                (*path, "interpretation", index),
                "unknown_name",
                f"{name}：没有解释 {each!r}{zh}",
                f"{name}: no interpretation {each!r}{en}",
            )


def _compile_step(document: Document, path: Path, shape: StepShape, scope: Scope) -> StepSpec:
    name = str(path[-1])

    def report(offset: int, code: str, zh: str, en: str) -> None:
        texts = (f"{name}：{zh}", f"{name}: {en}")
        document.add_within((*path, "expr"), (shape.expr, offset), code, texts)

    node = Reader(shape.expr, scope, report).read()
    return StepSpec(
        name, node, compile_node(node), shape.clause, shape.clause_of, _by_row(node),
        tuple(shape.interpretation), shape.modality, shape.title,
    )  # fmt: skip


def _by_row(node: Node) -> bool:
    """Tell whether the value of an expression is that of a table's row, or may be."""
    if isinstance(node, Choice):
        return _by_row(node.yes) or _by_row(node.no)
    return isinstance(node, Lookup)


@dataclass(frozen=True, eq=False, slots=True)
class Judgement:
    """What the interpreter found: checked facts, values of steps, notes and clauses."""

    facts: dict[str, Any]
    values: dict[str, Any]
    notes: list[tuple[Any, ...]]
    clauses: dict[str, str]
    refusal: Refusal | None


def judge(spec: DecisionSpec, raw_facts: Mapping[str, Any]) -> Judgement:
    """Take a decision for one subject.

    Raises:
        BadInput: a fact is not declared or has the wrong type.
    """
    facts, refusal = take(spec.facts, raw_facts, spec.governed_by)
    clauses: dict[str, str] = {}
    if refusal is None and facts[spec.governed_by] < spec.since:
        refusal = no_rule(spec.name, facts[spec.governed_by], "").refusal
    if refusal is not None:
        return Judgement(facts, {}, [], clauses, refusal)
    run = Run(dict(facts), facts[spec.governed_by])
    try:
        for step in spec.steps:
            run.clause, run.won, run.row = step.clause, [], None
            value = step.closure(run)
            run.values[step.name] = value
            if step.by_row and run.row is not None:
                clause = run.row.clause
            else:
                clause = clauses[step.clause_of] if step.clause_of else step.clause
            clauses[step.name] = clause
            run.notes.append(("step", step, value, clause, run.won, run.row))
    except Refused as refused:
        refusal = refused.refusal
    return Judgement(facts, run.values, run.notes, clauses, refusal)
