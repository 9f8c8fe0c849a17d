"""Decisions compiled from a pack: typed facts, a governing day, steps in order, an outcome."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from earnest.policy.document import Document, Path
from earnest.policy.editions import Parameter
from earnest.policy.expressions import Reader, Scope
from earnest.policy.fact_forms import FactSpec, compile_fact
from earnest.policy.facts import take
from earnest.policy.facts_exact import ExactFacts
from earnest.policy.kinds import ANY, BOOL, WrongValue, written
from earnest.policy.nodes import Aggregate, Lookup, Node, ParameterValue, Within, walk
from earnest.policy.problems import nearest
from earnest.policy.refusal import Refusal, Refused, no_rule
from earnest.policy.run import Closure, Run
from earnest.policy.shape import Decision as DecisionShape
from earnest.policy.shape import Interpretation, Modality, Words
from earnest.policy.shape import Step as StepShape
from earnest.policy.steps import NOT_APPLICABLE, NOT_MET, StepSpec, StepSuspension
from earnest.policy.suspensions import Suspensions, suspensions_of_clause_of
from earnest.policy.tables import Table
from earnest.policy.windows import Window
from earnest.policy.workdays import WorkCalendar

_EARLIER = "earlier step or parameter"


@dataclass(frozen=True, eq=False)
class DecisionSpec:
    """A question that the rule answers.

    Attributes:
        steps: what must hold for the question to be asked (``applies``), then the steps.
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

    @cached_property
    def program(self) -> tuple[tuple[StepSpec, str, Closure, str, bool], ...]:
        """The steps as they are run: each with its name, closure, own clause, and by_row."""
        return tuple(
            (each, each.name, each.closure, "" if each.clause_of else each.clause, each.by_row)
            for each in self.steps
        )

    @cached_property
    def exact_facts(self) -> ExactFacts:
        """What takes in facts that are plainly right."""
        return ExactFacts(self.facts, self.governed_by)

    @property
    def clause(self) -> str:
        """The clause of the headline's step, as far as it is known before an evaluation."""
        steps = {step.name: step for step in self.steps}
        step = steps[next(iter(self.outcome.values()))]
        while step.cited is None and not step.clause:
            step = steps[step.clause_of]
        return step.clause if step.cited is None else step.cited.clause_on(date.max)


@dataclass(frozen=True)
class Elements:
    """The named things of a pack that a decision may use."""

    parameters: Mapping[str, Parameter]
    tables: Mapping[str, Table]
    interpretations: Mapping[str, Interpretation]
    since: date
    windows: Mapping[str, Window] = field(default_factory=dict)
    calendars: Mapping[str, WorkCalendar] = field(default_factory=dict)
    suspensions: Suspensions = field(default_factory=Suspensions)


def compile_decision(
    document: Document, name: str, shape: DecisionShape, elements: Elements
) -> DecisionSpec:
    """Check and compile a decision; problems go to the document."""
    reader = _DecisionReader(document, ("decisions", name), shape, elements)
    reader.check_governing()
    applies = [
        reader.step(("applies", step), each, NOT_APPLICABLE) for step, each in shape.applies.items()
    ]
    reader.named = []
    steps = [
        reader.step(("steps", step), each, NOT_MET if each.require else "")
        for step, each in shape.steps.items()
    ]
    outcome = reader.outcome()
    return DecisionSpec(
        name, shape.governed_by, reader.facts, (*applies, *steps), outcome,
        _modality(shape, outcome), _clauses([*applies, *steps]), elements.since, shape.title,
    )  # fmt: skip


class _DecisionReader:
    def __init__(
        self, document: Document, path: Path, shape: DecisionShape, elements: Elements
    ) -> None:
        self._document = document
        self._path = path
        self._shape = shape
        self._elements = elements
        self._rests_on: dict[str, str | Parameter] = {}
        self.named: list[str] = []
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
            windows=elements.windows,
            calendars=elements.calendars,
            options={
                **{name: tuple(each.options) for name, each in choices.items()},
                **{name: fact.options for name, fact in self.facts.items() if fact.options},
            },
        )

    def check_governing(self) -> None:
        """Note it when ``governed_by`` is not a day among the facts."""
        self._check_day((*self._path, "governed_by"), self._shape.governed_by)

    def step(self, place: tuple[str, str], shape: StepShape, gate: str) -> StepSpec:
        """Check and compile a step; later steps may use it by name."""
        path: Path = (*self._path, *place)
        name = place[1]
        self._check_step(name, path, shape)

        def report(offset: int, code: str, zh: str, en: str) -> None:
            texts = (f"{name}：{zh}", f"{name}: {en}")
            self._document.add_within((*path, "expr"), (shape.expr, offset), code, texts)

        node = Reader(shape.expr, self._scope, report, name).read()
        if gate and not node.kind.fits(BOOL):
            report(
                0,
                "kind",
                f"应是真假，而它是 {node.kind}",
                f"must be true or false, not {node.kind}",
            )
        self._scope.values[name] = node.kind
        self.named.append(name)
        cited = self._elements.parameters.get(shape.clause_of)
        self._rests_on[name] = shape.clause or self._rests_on.get(shape.clause_of, cited) or ""
        suspension = self._suspension(path, shape, node)
        return StepSpec(name, node, shape, gate, suspension=suspension, cited=cited)

    def _suspension(self, path: Path, shape: StepShape, node: Node) -> StepSuspension | None:
        """Return what happens to a step while a clause is suspended; None when none ever is."""
        kind, value = node.kind, None
        if shape.suspended is not None:
            try:
                value = written(kind, shape.suspended) if kind != ANY else None
            except WrongValue as error:
                said = f"{path[-1]}：{error.zh}"
                self._document.add((*path, "suspended"), "value", said, f"{path[-1]}: {error}")
        suspensions, clause = self._elements.suspensions, self._rests_on[str(path[-1])]
        own = (
            suspensions.of(clause) if isinstance(clause, str) else suspensions_of_clause_of(clause)
        )
        if own or (value is not None and _suspendable(node)):
            return StepSuspension(own, suspensions, value)
        return None

    def outcome(self) -> dict[str, str]:
        """Return the names of the result, each with its step; all steps when none is named."""
        named = dict(self._shape.outcome) or {step: step for step in self.named}
        for index, (called, step) in enumerate(named.items()):
            if step not in self.named:
                place: Path = (*self._path, "outcome")
                listed = isinstance(self._document.at(place), list)
                self._unknown((*place, index if listed else called), "step", step, self.named)
        return named

    def _check_day(self, place: Path, named: str) -> None:
        """Note it when what governs is not a day among the facts and the steps so far."""
        days = [name for name, kind in self._scope.values.items() if kind.name in ("date", "any")]
        if named not in days:
            zh, en = nearest(named, days)
            name = place[-2]
            self._document.add(
                place,
                "governed_by",
                f"{name}：governed_by 应是一个 date 事实{zh}",
                f"{name}: governed_by must name a fact of kind date{en}",
            )

    def _check_step(self, name: str, path: Path, shape: StepShape) -> None:
        add = self._document.add
        if name in self.facts:
            self._document.add_key(
                path, "duplicate_name", f"{name!r} 已是事实", f"{name!r} is already a fact"
            )
        elif name in self._scope.values:
            self._document.add_key(
                path, "duplicate_name", f"{name!r} 已是步骤", f"{name!r} is already a step"
            )
        if shape.governed_by:
            self._check_day((*path, "governed_by"), shape.governed_by)
        known = {**self._rests_on, **self._elements.parameters}
        if shape.clause_of and shape.clause_of not in known:
            self._unknown((*path, "clause_of"), _EARLIER, shape.clause_of, known)
        if not shape.clause and not shape.clause_of:
            add(path, "no_clause", f"{name}：请写 clause（条款号）", f"{name}: cite a clause")
        for index, each in enumerate(shape.interpretation):
            if each not in self._elements.interpretations:
                place: Path = (*path, "interpretation", index)
                self._unknown(place, "interpretation", each, self._elements.interpretations)

    def _unknown(self, path: Path, what: str, name: str, known: Iterable[str]) -> None:
        zh, en = nearest(name, known)
        said = {"step": "步骤", _EARLIER: "在前的步骤或参数", "interpretation": "解释"}[what]
        owner = path[-2] if what == _EARLIER else self._path[-1]
        self._document.add(
            path,
            "unknown_name",
            f"{owner}：没有名为 {name!r} 的{said}{zh}",
            f"{owner}: no {what} {name!r}{en}",
        )


def _modality(shape: DecisionShape, outcome: Mapping[str, str]) -> Modality:
    """Return that of the headline's step, where it says one, or else the decision's."""
    headline = shape.steps.get(next(iter(outcome.values()), ""))
    return (headline.modality if headline is not None else None) or shape.modality


def _suspendable(node: Node) -> bool:
    """Tell whether an expression uses anything whose clause is ever suspended."""
    return any(used.suspendable for used in _used(node))


def _used(node: Node) -> Iterator[Parameter | Table]:
    """Go through the parameters and tables that an expression asks."""
    for part in walk(node):
        if isinstance(part, ParameterValue):
            yield part.parameter
        elif isinstance(part, Lookup):
            yield part.table
        elif isinstance(part, Aggregate) and part.collection.table is not None:
            yield part.collection.table


def _clauses(steps: Sequence[StepSpec]) -> tuple[str, ...]:
    cited: dict[str, None] = {}
    for step in steps:
        for used in _used(step.node):
            cited.update(dict.fromkeys(used.clauses))
        for node in walk(step.node):
            if isinstance(node, Within):
                cited.update(dict.fromkeys(span.clause for span in node.window.spans))
        own = step.cited.clauses if step.cited is not None else (step.clause,)
        cited.update(dict.fromkeys(clause for clause in own if clause))
    return tuple(cited)


@dataclass(eq=False, slots=True)
class Judgement:
    """What the interpreter found: checked facts, values of steps, notes and clauses."""

    facts: dict[str, Any]
    values: dict[str, Any]
    notes: list[tuple[Any, ...]]
    refusal: Refusal | None

    @property
    def clauses(self) -> dict[str, str]:
        """The clause that each step applied."""
        return _clauses_said(self.notes)


def judge(spec: DecisionSpec, raw_facts: Mapping[str, Any]) -> Judgement:
    """Take a decision for one subject.

    Raises:
        BadInput: a fact is not declared or has the wrong type.
    """
    refusal: Refusal | None = None
    facts = spec.exact_facts.take(raw_facts)
    if facts is None:
        facts, refusal = take(spec.facts, raw_facts, spec.governed_by)
    if refusal is None and facts[spec.governed_by] < spec.since:
        refusal = no_rule(spec.name, facts[spec.governed_by], "").refusal
    if refusal is not None:
        return Judgement(facts, {}, [], refusal)
    run = Run(dict(facts), facts[spec.governed_by])
    try:
        _run_steps(spec, run)
    except Refused as refused:
        refusal = refused.refusal
    return Judgement(facts, run.values, run.notes, refusal)


def _run_steps(spec: DecisionSpec, run: Run) -> None:
    """Compute every step in order and note it.

    Raises:
        Refused: a step gives no answer, or it must hold and does not.
    """
    values, note = run.values, run.notes.append
    for step, name, closure, said, by_row in spec.program:
        clause = said or _clause_of(step, run)
        run.clause, run.row = clause, None
        values[name] = value = closure(run)
        row = run.row
        if by_row and row is not None:
            clause = row.clause
        won, told = run.won, run.told
        note(("step", step, value, clause, won or (), row, told or ()))
        if won:
            run.won = []
        if told:
            run.told = []
        if step.gate and not value:
            raise step.refused(clause)


def _clause_of(step: StepSpec, run: Run) -> str:
    """Return the clause of the earlier step or of the parameter that a step names."""
    if step.cited is None:
        return _clauses_said(run.notes)[step.clause_of]
    return step.cited.clause_on(run.values[step.governed_by] if step.governed_by else run.on)


def _clauses_said(notes: Iterable[tuple[Any, ...]]) -> dict[str, str]:
    return {note[1].name: note[3] for note in notes if note[0] == "step"}
