"""How values, names, bases and the elements of facts are told: what every sentence is made of."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from earnest.policy import explain_words as words
from earnest.policy.editions import in_force
from earnest.policy.fact_forms import FactSpec
from earnest.policy.kinds import BOOL, TEXT, WORDS, Kind
from earnest.policy.nodes import Aggregate, Collection, ParameterValue, walk
from earnest.policy.trace import Entry
from earnest.policy.wording import show_value

if TYPE_CHECKING:
    from earnest.policy.evaluation import Evaluation
    from earnest.policy.pack import Pack


class ElementTeller:
    """Tells single values and the elements of facts in one language."""

    def __init__(self, pack: "Pack", evaluation: "Evaluation", language: str) -> None:
        self._pack = pack
        self._evaluation = evaluation
        self._language = language
        spec = evaluation.spec
        self._steps = {step.name: step for step in spec.steps}
        self._kinds: dict[str, Kind] = {step.name: step.node.kind for step in spec.steps}
        self._kinds |= {name: fact.kind for name, fact in spec.facts.items()}
        self._kinds |= {name: each.kind for name, each in pack.parameters.items()}
        self._titles = {step.name: step.title for step in spec.steps if step.title}
        self._titles |= {name: each.title for name, each in _titled(pack) if each.title}
        self._told_params = {
            (each["name"], each["edition"]) for each in evaluation.trace if each["entry"] == "param"
        }
        self._passed_over: set[tuple[str, date]] = set()

    def titled(self, name: str) -> bool:
        """Tell whether a name has words for readers."""
        return name in self._titles or name in self._pack.texts

    def name(self, name: str) -> str:
        """Return how a name is called: its title, its entry under ``texts``, or itself."""
        called = self._titles.get(name) or self._pack.texts.get(name)
        return called.get(self._language) if called else name

    def listed(self, texts: Iterable[str]) -> str:
        """Join what stands beside each other."""
        return words.COMMA[self._language].join(texts)

    def aside(self, texts: Sequence[str]) -> str:
        """Put what is said besides in brackets; parts may have commas, so semicolons part them."""
        said = words.SEMICOLON[self._language].join(texts)
        return words.ASIDE[self._language].format(said) if said else ""

    def value(self, value: Any, kind: Kind) -> str:
        """Tell a value."""
        return show_value(value, kind, self._language, self._pack.texts)

    def pair(self, name: str, value: Any) -> str:
        """Tell a named value."""
        return f"{self.name(name)} {self.value(value, self._kinds.get(name, TEXT))}"

    def basis(self, entry: Entry) -> str:
        """Tell clause, act, what is a sample and what was chosen, in brackets."""
        parts = [entry["clause"]] if entry["clause"] else []
        if entry["instrument"]:
            said = words.SINCE[self._language].format(act=entry["instrument"], day=entry["edition"])
            parts.append(said)
        if entry.get("assumed"):
            parts.append(words.ASSUMED[self._language])
        parts += [self._choice(each) for each in entry.get("interpretation", ())]
        return self.aside(parts)

    def fields(self, spec: FactSpec, element: Any) -> str:
        """Tell an element of a fact with its day."""
        collection = spec.collection
        if collection is None or collection.form != "series":
            return self._named(spec.name, element)
        at, value = element
        if value is None:
            return f"{at} {words.NOT_ASSESSED[self._language]}"
        if not isinstance(value, dict):
            return f"{at} {self.value(value, collection.fields.get('value', TEXT))}"
        said = self._named(spec.name, value)
        return f"{at}{words.COLON[self._language]}{said}"

    def element(self, entry: Entry) -> str:
        """Tell an element that a function looked at."""
        fact = entry["name"]
        said = self._named(fact, entry["element"])
        name = str(entry["on"])
        if self._collection(fact).form == "records":
            called = words.ELEMENT_NAME[self._language].format(entry["number"])
            name = f"{self.name(fact)}{words.ASIDE[self._language].format(called)}"
        told = self.listed((said, self._counted(entry)))
        return f"{name}{words.COLON[self._language]}{told}{self._judged_by(entry)}"

    def passed_over(self, step: str) -> list[str]:
        """Tell the elements on whose day nothing of what the step uses was in force."""
        told = []
        for node in walk(self._steps[step].node):
            if not isinstance(node, Aggregate) or node.since is None:
                continue
            name, since = node.collection.name, node.since
            days = _days(node.collection, self._evaluation.facts[name])
            early = [each for each in days if each < since.isoformat()]
            if not early or (name, since) in self._passed_over:
                continue
            self._passed_over.add((name, since))
            form = words.EARLIER[self._language][len(early) > 1]
            said = form.format(len(early)) + self.aside([self.listed(dict.fromkeys(early[-3:]))])
            if self._language == "en" or not said.endswith("）"):
                said = said.strip()
            told.append(
                words.PASSED_OVER[self._language].format(
                    name=self.name(name), told=said, since=since
                )
            )
        return told

    def _collection(self, fact: str) -> Collection:
        collection = self._evaluation.spec.facts[fact].collection
        assert collection is not None  # noqa: S101 - only what has elements is told by them
        return collection

    def _named(self, fact: str, values: dict[str, Any]) -> str:
        collection = self._collection(fact)
        return self.listed(
            f"{self.name(fact if collection.single else key)} "
            f"{self.value(value, collection.fields.get(key, TEXT))}"
            for key, value in values.items()
        )

    def _counted(self, entry: Entry) -> str:
        label = f"{entry['name']}_counts"
        if "number" not in entry and label in self._pack.texts:
            return f"{self.name(label)} {self.value(entry['value'], BOOL)}"
        said = words.COUNTS[self._language][entry["value"]]
        if "taken" in entry:
            said += " " + self.value(entry["taken"], WORDS.get(entry["unit"], TEXT))
        if "group" in entry:
            group = self.value(entry["group"], TEXT)
            said = self.listed((said, words.GROUP[self._language].format(group)))
        return said

    def _judged_by(self, entry: Entry) -> str:
        """Tell the values by whose rule an element with its own day was judged."""
        if not entry["on"]:
            return ""  # judged by the governing day, like all else: told where they are used
        used = self._values_of(entry)
        if not used:
            return self.basis(entry)
        if len(used) == 1:
            return self.basis(used[0])
        told = (self.pair(each["name"], each["value"]) + self.basis(each) for each in used)
        return words.BY[self._language].format(self.listed(told))

    def _values_of(self, entry: Entry) -> list[Entry]:
        """Return the parameters that the element's step uses, as they were on the element's day."""
        day, found = date.fromisoformat(entry["on"]), {}
        for node in self._aggregates(entry):
            asked = (node.condition, node.counted, node.value, node.group)
            parts = [part for part in asked if part is not None]
            for inner in (inner for part in parts for inner in walk(part)):
                if not isinstance(inner, ParameterValue):
                    continue
                dated = in_force(inner.parameter.values, day)
                if dated is None or (dated.name, dated.since.isoformat()) not in self._told_params:
                    continue
                found[dated.name] = {
                    "name": dated.name, "value": dated.value, "clause": dated.clause,
                    "instrument": dated.instrument, "edition": dated.since.isoformat(),
                }  # fmt: skip
        return list(found.values())

    def _aggregates(self, entry: Entry) -> list[Aggregate]:
        """Return the functions over elements that an entry can come from."""
        trace = self._evaluation.trace
        place = next(place for place, each in enumerate(trace) if each is entry)
        step = next((each["name"] for each in trace[place:] if each["entry"] == "step"), None)
        if step is None:
            return []
        return [
            node
            for node in walk(self._steps[step].node)
            if isinstance(node, Aggregate) and node.collection.name == entry["name"]
        ]

    def _choice(self, name: str) -> str:
        """Say what was chosen where the text leaves it open."""
        interpretation = self._pack.interpretations[name]
        option = interpretation.options.get(interpretation.choice)
        said = option.get(self._language) if option else interpretation.choice
        return words.CHOICE[self._language].format(said)


def _days(collection: Collection, elements: Sequence[Any]) -> list[str]:
    """Return the days of a fact's elements that can be judged."""
    if collection.form == "series":
        return [at for at, value in elements if value is not None]
    return [each[collection.at] for each in elements]


def _titled(pack: "Pack") -> list[tuple[str, Any]]:
    named: tuple[dict[str, Any], ...] = (
        pack.parameters, pack.tables, pack.decisions, pack.windows, pack.calendars,
    )  # fmt: skip
    return [pair for each in named for pair in each.items()]
