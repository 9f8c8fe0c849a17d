"""Decisions compiled from a pack: typed facts, a governing day, steps in order, an outcome."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from earnest.policy.document import Document, Path
from earnest.policy.editions import Parameter
from earnest.policy.expressions import Reader, Scope
from earnest.policy.facts import FactSpec, compile_fact, take
from earnest.policy.interpreter import Closure, Run, compile_node
from earnest.policy.nodes import Aggregate, Lookup, Node, ParameterValue, by_row, walk
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

    @property
    def clause(self) -> str:
        """The clause of the headline's step, as far as it is known before an evaluation."""
        steps = {step.name: step for step in self.steps}
        step = steps[next(iter(self.outcome.values()))]
        while not step.clause:
            step = steps[step.clause_of]
        return step.clause


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
    reader = _DecisionReader(document, ("decisions", name), shape, elements)
    reader.check_governing()
    steps = tuple(reader.step(step, each) for step, each in shape.steps.items())
    outcome = reader.outcome()
    return DecisionSpec(
        name, shape.governed_by, reader.facts, steps, outcome, _modality(shape, outcome),
        _clauses(steps), elements.since, shape.title,
    )  # fmt: skip


class _DecisionReader:
    def __init__(
        self, document: Document, path: Path, shape: DecisionShape, elements: Elements
    ) -> None:
        self._document = document
        self._path = path
        self._shape = shape
        self._interpretations = elements.interpretations
        self._steps: list[str] = []
        self.facts = {
            fact: compile_fact(document, (*path, "facts", fact), raw, elements.tables)
            for fact, raw in shape.facts.items()
        }
        collections = {name: fact.collection for name, fact in self.facts.items()}
        choices = {name: each for name, each in elements.interpretations.items() if each.options}
        self._scope = Scope(
            values={n: fact.kind for n, fact in self.facts.items() if fact.collection is None},
            parameters=dict(elements.parameters),
            choices={name: each.choice for name, each in choices.items()},
            collections={name: each for name, each in collections.items() if each is not None},
            tables=dict(elements.tables),
        )

    def check_governing(self) -> None:
        """Note it when ``governed_by`` is not a day among the facts."""
        name = self._path[-1]
        days = [fact for fact, kind in self._scope.values.items() if kind.name == "date"]
        if self._shape.governed_by not in days:
            zh, en = nearest(self._shape.governed_by, days)
            self._document.add(
                (*self._path, "governed_by"),
                "governed_by",
                f"{name}：governed_by 应是一个 date 事实{zh}",
                f"{name}: governed_by must name a fact of kind date{en}",
            )

    def step(self, name: str, shape: StepShape) -> StepSpec:
        """Check and compile a step; later steps may use it by name."""
        path: Path = (*self._path, "steps", name)
        self._check_step(name, path, shape)

        def report(offset: int, code: str, zh: str, en: str) -> None:
            texts = (f"{name}：{zh}", f"{name}: {en}")
            self._document.add_within((*path, "expr"), (shape.expr, offset), code, texts)

        node = Reader(shape.expr, self._scope, report).read()
        self._scope.values[name] = node.kind
        self._steps.append(name)
        return StepSpec(
            name, node, compile_node(node), shape.clause, shape.clause_of, by_row(node),
            tuple(shape.interpretation), shape.modality, shape.title,
        )  # fmt: skip

    def outcome(self) -> dict[str, str]:
        """Return the names of the result, each with its step; all steps when none is named."""
        named = dict(self._shape.outcome) or {step: step for step in self._steps}
        for index, (called, step) in enumerate(named.items()):
            if step not in self._steps:
                place: Path = (*self._path, "outcome")
                listed = isinstance(self._document.at(place), list)
                self._unknown((*place, index if listed else called), "step", step, self._steps)
        return named

    def _check_step(self, name: str, path: Path, shape: StepShape) -> None:
        add = self._document.add
        if name in self.facts:
            self._document.add_key(
                path, "duplicate_name", f"{name!r} 已是事实", f"{name!r} is already a fact"
            )
        if shape.clause_of and shape.clause_of not in self._steps:
            self._unknown((*path, "clause_of"), "earlier step", shape.clause_of, self._steps)
        if not shape.clause and not shape.clause_of:
            add(path, "no_clause", f"{name}：请写 clause（条款号）", f"{name}: cite a clause")
        for index, each in enumerate(shape.interpretation):
            if each not in self._interpretations:
                place: Path = (*path, "interpretation", index)
                self._unknown(place, "interpretation", each, self._interpretations)

    def _unknown(self, path: Path, what: str, name: str, known: Iterable[str]) -> None:
        zh, en = nearest(name, known)
        said = {"step": "步骤", "earlier step": "在前的步骤", "interpretation": "解释"}[what]
        owner = path[-2] if what == "earlier step" else self._path[-1]
        self._document.add(
            path,
            "unknown_name",
            f"{owner}：没有名为 {name!r} 的{said}{zh}",
            f"{owner}: no {what} {name!r}{en}",
        )


def _modality(shape: DecisionShape, outcome: Mapping[str, str]) -> Modality:
    for name in outcome.values():
        step = shape.steps.get(name)
        if step is not None and step.modality is not None:
            return step.modality
    return shape.modality


def _clauses(steps: Sequence[StepSpec]) -> tuple[str, ...]:
    cited: dict[str, None] = {}
    for step in steps:
        for node in walk(step.node):
            if isinstance(node, Lookup):
                cited.update(dict.fromkeys(node.table.clauses))
            elif isinstance(node, Aggregate) and node.collection.table is not None:
                cited.update(dict.fromkeys(node.collection.table.clauses))
            elif isinstance(node, ParameterValue):
                cited.update(dict.fromkeys(each.clause for each in node.parameter.values))
        if step.clause:
            cited[step.clause] = None
    return tuple(cited)


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
            clause = clauses[step.clause_of] if step.clause_of else step.clause
            run.clause, run.won, run.row = clause, [], None
            value = step.closure(run)
            run.values[step.name] = value
            if step.by_row and run.row is not None:
                clause = run.row.clause
            clauses[step.name] = clause
            run.notes.append(("step", step, value, clause, run.won, run.row))
    except Refused as refused:
        refusal = refused.refusal
    return Judgement(facts, run.values, run.notes, clauses, refusal)
