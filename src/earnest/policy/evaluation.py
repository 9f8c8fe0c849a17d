"""The answer to a decision for one subject: result or refusal, trace, receipt, explanation."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from earnest.kernel.hashing import digest
from earnest.policy import trace as tracing
from earnest.policy.decision import DecisionSpec, judge
from earnest.policy.explain import explain
from earnest.policy.facts import plain
from earnest.policy.receipts import ENGINE_VERSION, Receipt
from earnest.policy.refusal import Refusal
from earnest.policy.shape import Words

if TYPE_CHECKING:
    from earnest.policy.pack import Pack

_TRIAL = {
    "zh": "（试算：含草案，不作判定依据）",
    "en": "(A trial that takes drafts in; no decision.) ",
}


class Evaluation:
    """One decision taken for one subject. Made by :meth:`earnest.policy.Pack.evaluate`.

    Attributes:
        result: the outcome's values (money in fen, days as dates); empty when refused.
        refusal: why there is no answer, or None.
        governing_on: the day whose rule was applied; None when that fact is missing.
    """

    def __init__(self, pack: "Pack", spec: DecisionSpec, facts: Mapping[str, Any]) -> None:
        judgement = judge(spec, facts)
        self._pack = pack
        self._judgement = judgement
        self.spec = spec
        self.refusal: Refusal | None = judgement.refusal
        self.governing_on: date | None = judgement.facts.get(spec.governed_by)
        self.result: dict[str, Any] = (
            {}
            if judgement.refusal
            else {name: judgement.values[step] for name, step in spec.outcome.items()}
        )

    @property
    def decision(self) -> str:
        """The decision's name."""
        return self.spec.name

    @property
    def modality(self) -> str:
        """``must``, or ``may``: an option that somebody has to choose."""
        return self.spec.modality

    @cached_property
    def optional(self) -> tuple[str, ...]:
        """The names of the result that hold, or are not zero, and are options of a must decision.

        Empty when the decision as a whole is an option: see :attr:`modality`.
        """
        if self.modality == "may":
            return ()
        options = {step.name for step in self.spec.steps if step.modality == "may"}
        return tuple(
            name
            for name, step in self.spec.outcome.items()
            if step in options and self.result.get(name)
        )

    @cached_property
    def trace(self) -> list[tracing.Entry]:
        """Every parameter, row, element, window and step used, as plain data in order."""
        return tracing.entries(self._judgement.notes)

    @cached_property
    def tests(self) -> list[dict[str, Any]]:
        """Every step that is true or false, in order, for the green and red rows of a gate.

        Each is a mapping of ``step``, ``value``, the ``clause`` it applies and its ``title`` in
        ``zh`` and ``en``. Steps after one that refused are not in it.
        """
        values, clauses = self._judgement.values, self._judgement.clauses
        found = []
        for step in self.spec.steps:
            if step.node.kind.name == "bool" and step.name in clauses:
                called = step.title or self._pack.texts.get(step.name) or Words(zh=step.name)
                title = {"zh": called.zh, "en": called.get("en")}
                found.append(
                    {"step": step.name, "clause": clauses[step.name],
                     "value": values[step.name], "title": title}
                )  # fmt: skip
        return found

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The facts in their one plain form."""
        return plain(self.spec.facts, self._judgement.facts)

    @property
    def clause(self) -> str:
        """The clause that decided the headline (the first name of the outcome)."""
        if self.refusal is not None:
            return self.refusal.clause or self.spec.clause
        return self._judgement.clauses[next(iter(self.spec.outcome.values()))]

    @cached_property
    def clauses(self) -> tuple[str, ...]:
        """Every clause cited, the deciding one first."""
        cited = [self.clause, *(entry["clause"] for entry in self.trace)]
        return tuple(dict.fromkeys(clause for clause in cited if clause))

    @cached_property
    def instruments(self) -> tuple[str, ...]:
        """The acts whose values were used, in order of use."""
        used = (entry["instrument"] for entry in self.trace)
        return tuple(dict.fromkeys(act for act in used if act))

    @cached_property
    def assumed(self) -> tuple[str, ...]:
        """The parameters and tables used whose values the source lost and we assume."""
        used = (each for each in self.trace if each["entry"] in ("param", "row"))
        return tuple(dict.fromkeys(each["name"] for each in used if each["assumed"]))

    def trace_lines(self) -> list[str]:
        """Return the trace as one line of text per entry."""
        return [tracing.line(entry) for entry in self.trace]

    def explain(self, language: str) -> str:
        """Return a paragraph in ``zh`` or ``en`` that says why, with values and clauses."""
        trial = _TRIAL[language] if self._pack.reading.drafts else ""
        return trial + explain(self._pack, self, language)

    def receipt(self) -> Receipt:
        """Return the proof from which the decision can be taken again; always the same one."""
        return self._receipt

    @cached_property
    def _receipt(self) -> Receipt:
        result = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in self.result.items()
        }
        return Receipt(
            pack_hash=self._pack.hash,
            engine_version=ENGINE_VERSION,
            rulebook=self._pack.rulebook,
            decision=self.decision,
            governing_on=self.governing_on.isoformat() if self.governing_on else None,
            instruments=list(self.instruments),
            facts=self.facts,
            facts_hash=digest(self.facts),
            result=result,
            result_hash=digest(result),
            clauses=list(self.clauses),
            modality=self.modality,
            assumed=list(self.assumed),
            refusal=self.refusal.as_dict() if self.refusal else None,
            trace_hash=digest(self.trace),
            reading=self._pack.reading.as_dict(),
        )
