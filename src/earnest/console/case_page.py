"""One case as its page shows it: what was filed, what was decided, and what that did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from earnest.cases.life import LifeRow
from earnest.cases.life_sources import entry_words, life, note_words
from earnest.cases.models import Case, CaseEntry
from earnest.cases.queries import decisions_of_case
from earnest.console.reading import Line, explanation, result_read, samples_awaited, trace_read
from earnest.console.texts import TEXTS, language, text
from earnest.decisions.models import Approval, Decision
from earnest.kernel.errors import NotFound
from earnest.kernel.money import yuan
from earnest.rulebooks.packs import packs as packs_now

UNSAID = "–"
FACTS_ORDER = {
    key.partition(".")[2]: place
    for place, key in enumerate(key for key in TEXTS if key.startswith("case_fact."))
}
FAMILIES = {"mode": "recovery_mode", "kind": "basis", "measure": "outcome"}
"""The words that a fact's values are said by, where they are not called like the fact."""


@dataclass(frozen=True)
class CaseDecision:
    """A decision of a case with why it came out so, its steps and the words said on it."""

    decision: Decision
    explanation: str
    results: list[Line]
    steps: list[Line]
    approvals: list[Approval]
    samples: list[Any]


@dataclass(frozen=True)
class CaseStep:
    """One step of a case's story; ``actor`` is empty for those who may not know who inside."""

    entry: CaseEntry
    said: str
    note: str
    actor: str


def facts_filed(case: Case) -> list[Line]:
    """Return what was filed, each with the name that the rulebook or this console gives it."""
    return facts_lines(case.facts)


def facts_lines(facts: Mapping[str, Any]) -> list[Line]:
    """Return facts with the names that the rulebook or this console gives them."""
    names = sorted(facts, key=lambda name: (FACTS_ORDER.get(name, len(FACTS_ORDER)), name))
    return [
        Line(name, _label(name), _value(name, facts[name]))
        for name in names
        if facts[name] not in ("", None, [])
    ]


def _label(name: str) -> str:
    key = f"case_fact.{name}"
    if key in TEXTS:
        return text(key)
    for pack in packs_now().values():
        words = pack.texts.get(name)
        if words is not None:
            return words.get(language())
    return name


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return text("case.yes") if value else text("case.no")
    if isinstance(value, int) and name.endswith("_fen"):
        return yuan(value)
    if isinstance(value, Mapping):
        return text("reading.comma").join(
            f"{_plain_label(key)} {_value(key, each)}" for key, each in value.items()
        )
    if isinstance(value, list):
        return "\n".join(_value(name, each) for each in value)
    return _coded(name, value)


def _plain_label(name: str) -> str:
    key = f"case_fact.{name}"
    return text(key) if key in TEXTS else name


def _coded(name: str, value: Any) -> str:
    for family in (FAMILIES.get(name, name), "category"):
        key = f"{family}.{value}"
        if key in TEXTS:
            return text(key)
    for pack in packs_now().values():
        words = pack.texts.get(str(value))
        if words is not None:
            return words.get(language())
    return UNSAID if value is None else str(value)


def decisions_shown(case: Case, *, inside: bool) -> list[CaseDecision]:
    """Return the decisions of a case; only operators see who inside agreed to them."""
    return [
        CaseDecision(
            decision=each,
            explanation=explanation(each.receipt),
            results=results_of(each),
            steps=steps_of(each),
            approvals=sorted(each.approvals.all(), key=lambda one: one.at) if inside else [],
            samples=samples_awaited(each),
        )
        for each in decisions_of_case(case)
    ]


def results_of(decision: Decision) -> list[Line]:
    """Return what a decision came to, in the pack's words; empty where its edition is not kept."""
    return _read(decision, results=True)


def steps_of(decision: Decision) -> list[Line]:
    """Return how a decision was worked out; empty where its edition is not kept."""
    return _read(decision, results=False)


def _read(decision: Decision, *, results: bool) -> list[Line]:
    try:
        if results:
            return result_read(decision.receipt)
        return trace_read(decision.receipt, decision.trace)
    except NotFound:  # the edition is not kept: the numbers of the receipt still stand
        return []


def story(case: Case, *, inside: bool) -> list[CaseStep]:
    """Return the steps of a case, oldest first."""
    steps = []
    for entry in case.entries.order_by("at", "id"):
        said, note = entry_words(entry.what), note_words(entry.note)
        own = entry.actor == case.opened_by and not inside
        steps.append(
            CaseStep(
                entry,
                said.said(language()),
                note.said(language()),
                entry.actor if inside or own else "",
            )
        )
    return steps


def done_by(case: Case, decided: list[CaseDecision]) -> list[LifeRow]:
    """Return what a case's decisions did, out of the deposit's life: money, rights, notices."""
    own = {str(each.decision.id) for each in decided}
    if not own:
        return []
    rows = life(case.tenant_id, (case.subject_kind, case.subject_id))
    kinds = {"movement", "requirement", "restriction", "notice", "payout"}
    return [row for row in rows if row.kind in kinds and row.ref in own]
