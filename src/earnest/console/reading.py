"""Receipts and traces as rows that a person reads, with the pack's own names and units."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from earnest.console.texts import TEXTS, language, text
from earnest.decisions.commands import WAITING
from earnest.decisions.gate import moves_money
from earnest.decisions.models import Decision
from earnest.decisions.queries import unconfirmed_of
from earnest.kernel.errors import EarnestError
from earnest.policy import Pack
from earnest.policy.decision import DecisionSpec
from earnest.policy.explain import show_value
from earnest.policy.kinds import Kind
from earnest.rulebooks.assumptions import AssumedValue
from earnest.rulebooks.packs import edition_of, evaluation_of

PLAIN = Kind("text")
HASHES = ("pack_hash", "facts_hash", "result_hash", "trace_hash")


@dataclass(frozen=True)
class Line:
    """A named value; ``name`` is the pack's own name, ``label`` what a reader calls it."""

    name: str
    label: str
    value: str
    clause: str = ""
    instrument: str = ""


class _Reader:
    """Knows how one decision of one pack names and writes its values."""

    def __init__(self, pack: Pack, spec: DecisionSpec) -> None:
        self.pack = pack
        self.spec = spec
        self.kinds: dict[str, Kind] = {step.name: step.node.kind for step in spec.steps}
        self.kinds |= {name: fact.kind for name, fact in spec.facts.items()}
        self.kinds |= {name: each.kind for name, each in pack.parameters.items()}

    def label(self, name: str) -> str:
        titles = [step.title for step in self.spec.steps if step.name == name]
        elements = (self.pack.parameters, self.pack.tables, self.pack.decisions)
        titles += [titled[name].title for titled in elements if name in titled]
        words = next((each for each in titles if each), None) or self.pack.texts.get(name)
        return str(words.get(language())) if words else name

    def value(self, value: Any, kind: Kind) -> str:
        if isinstance(value, list):
            return "\n".join(self._element(each, kind) for each in value) or "–"
        return show_value(value, kind, language(), self.pack.texts)

    def _element(self, element: Any, kind: Kind) -> str:
        if isinstance(element, Mapping):
            return text("reading.comma").join(
                f"{self.label(name)} {self._element(each, kind)}" for name, each in element.items()
            )
        if isinstance(element, list):
            return " ".join(self._element(each, kind) for each in element)
        return "–" if element is None else show_value(element, PLAIN, language(), self.pack.texts)

    def named(self, values: Mapping[str, Any], steps: Mapping[str, str]) -> list[Line]:
        """Return values in the pack's order; ``steps`` says what each is called in the pack."""
        return [
            Line(name, self.label(step), self.value(values[name], self.kinds.get(step, PLAIN)))
            for name, step in steps.items()
            if name in values
        ]

    def step(self, entry: Mapping[str, Any]) -> Line:
        name, kind = entry["name"], self.kinds.get(entry["name"], PLAIN)
        label = self.label(name)
        if entry["entry"] == "row":
            kind = self.pack.tables[name].outputs.get(entry["column"], Kind("int"))
            cells = text("reading.comma").join(self._element(each, PLAIN) for each in entry["when"])
            label = f"{label} · {cells}"
        elif entry["entry"] == "element":
            kind = Kind("bool")
            label = f"{label} {entry['on']} · {self._element(entry['element'], PLAIN)}"
        basis = " ".join(filter(None, (entry.get("instrument", ""), entry.get("edition", ""))))
        if entry.get("assumed"):
            basis = f"{basis} · {text('trace.assumed')}"
        return Line(name, label, self.value(entry["value"], kind), entry["clause"], basis)


def _reader(receipt: Mapping[str, Any]) -> _Reader:
    pack = edition_of(str(receipt["pack_hash"]))
    return _Reader(pack, pack.decisions[str(receipt["decision"])])


def movement_text(counter_account: str, amount_fen: int) -> str:
    """Say what a movement of a deposit is, by where the money comes from or goes to."""
    kind = re.split("[:/]", counter_account)[0]
    side = "in" if amount_fen > 0 else "out"
    key = f"ledger.{side}.{kind}"
    return text(key if key in TEXTS else f"ledger.{side}.other")


def facts_read(receipt: Mapping[str, Any]) -> list[Line]:
    """Return the facts of a receipt with the pack's names and units."""
    reader = _reader(receipt)
    return reader.named(receipt["facts"], {name: name for name in reader.spec.facts})


def result_read(receipt: Mapping[str, Any]) -> list[Line]:
    """Return the result of a receipt with the pack's names and units."""
    reader = _reader(receipt)
    return reader.named(receipt["result"], reader.spec.outcome)


def trace_read(receipt: Mapping[str, Any], trace: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Return the calculation step by step, each with the clause and the act it rests on."""
    reader = _reader(receipt)
    return [reader.step(entry) for entry in trace]


def hashes_read(receipt: Mapping[str, Any]) -> list[Line]:
    """Return the proofs of a receipt: what was judged, by which text, with which result."""
    lines = [Line(name, text(f"receipt.{name}"), str(receipt.get(name, "–"))) for name in HASHES]
    lines.append(
        Line("engine_version", text("receipt.engine"), str(receipt.get("engine_version", "–")))
    )
    acts = ", ".join(receipt.get("instruments", []))
    lines.append(Line("instruments", text("receipt.instruments"), acts or "–"))
    return lines


def explanation(receipt: Mapping[str, Any]) -> str:
    """Return why it came out so, as a paragraph; nothing when the edition cannot be read."""
    try:
        return evaluation_of(dict(receipt)).explain(language())
    except EarnestError:
        return ""


def samples_awaited(decision: Decision) -> list[AssumedValue]:
    """Return the assumed values that a waiting decision needs somebody to confirm first."""
    if decision.state != WAITING or not moves_money(decision.outcome, decision.money_fen):
        return []
    return unconfirmed_of(decision)
