"""Steps of a decision, compiled: what each computes, by the rule of which day, and what it stops.

A step is an expression; around it may stand another governing day, a suspension of its clause, and
a gate that refuses the whole decision.
"""

from dataclasses import dataclass

from earnest.policy.bounds import bound
from earnest.policy.editions import Parameter
from earnest.policy.interpreter import compile_node
from earnest.policy.kinds import NUMBER_MAX
from earnest.policy.nodes import Node, by_row
from earnest.policy.refusal import SUSPENDED, Refusal, Refused, beyond, suspended
from earnest.policy.run import Closure, Run
from earnest.policy.shape import Modality, Words
from earnest.policy.shape import Step as StepShape
from earnest.policy.suspensions import Suspension, Suspensions

NOT_MET = "not_met"
NOT_APPLICABLE = "not_applicable"

_GATES = {
    NOT_MET: ("不满足“{}”", "“{}” is not met"),
    NOT_APPLICABLE: ("不适用：“{}”不成立", "not applicable: “{}” does not hold"),
}


@dataclass(frozen=True)
class StepSuspension:
    """What happens to a step while its clause, or that of a value it uses, is suspended.

    Attributes:
        own: when the step's own clause does not apply.
        suspensions: those of the whole book, for what the step uses.
        value: the step's value on such days; None when the decision is refused.
    """

    own: tuple[Suspension, ...]
    suspensions: Suspensions
    value: object


class StepSpec:
    """One step, checked and compiled.

    Attributes:
        node: its expression; ``closure`` is it compiled for the interpreter.
        clause: the clause that it applies; empty when it is that of the step ``clause_of``.
        cited: the parameter whose clause it applies instead; None for none.
        governed_by: the fact or earlier step whose day chooses the rule; empty for the decision's.
        gate: the code with which the decision is refused when the step is false; empty for none.
        suspension: what happens while the clause is suspended; None when it never is.
        by_row: the step's value is a table's: its clause is that of the row.
        wide: the value could lie beyond what a number may be, and is held against that.
    """

    __slots__ = ("by_row", "cited", "clause", "clause_of", "closure", "gate", "governed_by",
                 "interpretation", "modality", "name", "node", "refusal", "suspension", "title",
                 "wide")  # fmt: skip

    def __init__(
        self, name: str, node: Node, shape: StepShape, gate: str, *,
        suspension: StepSuspension | None = None, cited: Parameter | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.node = node
        self.clause = shape.clause
        self.clause_of = shape.clause_of
        self.interpretation: tuple[str, ...] = tuple(shape.interpretation)
        self.modality: Modality | None = shape.modality
        self.title: Words | None = shape.title
        self.governed_by = shape.governed_by
        self.refusal: Words | None = shape.refusal
        self.gate = gate
        self.suspension = suspension
        self.cited = cited
        self.by_row = by_row(node)
        self.wide = bound(node) > NUMBER_MAX
        self.closure = _closure(self)

    def refused(self, clause: str) -> Refused:
        """Return the refusal of the decision by this step, which did not hold."""
        zh, en = _GATES[self.gate]
        called = self.title or Words(zh=self.name)
        said = self.refusal or Words(zh=zh.format(called.zh), en=en.format(called.get("en")))
        return Refused(Refusal(self.gate, self.name, clause, said.zh, said.get("en")))


def _closure(step: StepSpec) -> Closure:
    closure = compile_node(step.node)
    if step.wide:
        closure = _in_range(closure, step.name)
    if step.suspension is not None:
        closure = _unless_suspended(closure, step.name, step.suspension)
    if step.governed_by:
        closure = _governed(closure, step.governed_by)
    return closure


def _in_range(closure: Closure, name: str) -> Closure:
    def value(run: Run) -> object:
        found = closure(run)
        if -NUMBER_MAX <= found <= NUMBER_MAX:
            return found
        raise beyond(name, run.clause)

    return value


def _unless_suspended(closure: Closure, name: str, suspension: StepSuspension) -> Closure:
    own, value = suspension.own, suspension.value

    def applied(run: Run) -> object:
        act = next((each for each in own if each.holds(run.on)), None)
        if act is not None:
            raise suspended(act.clause, run.on)
        return closure(run)

    def found(run: Run) -> object:
        noted = len(run.notes)
        try:
            return applied(run)
        except Refused as refused:
            act = suspension.suspensions.on(refused.refusal.name, run.on)
            if refused.refusal.code != SUSPENDED or act is None:
                raise
        run.forget(noted)
        run.notes.append(("suspended", name, act, value))
        return value

    return applied if value is None else found


def _governed(closure: Closure, name: str) -> Closure:
    def value(run: Run) -> object:
        before, run.on = run.on, run.values[name]
        found = closure(run)
        run.on = before
        return found

    return value
