"""A trace told as a paragraph in zh or en: what, from which facts, by which clause."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from earnest.kernel.money import yuan
from earnest.policy.editions import Parameter
from earnest.policy.kinds import BOOL, TEXT, Kind
from earnest.policy.trace import Entry

if TYPE_CHECKING:
    from earnest.policy.evaluation import Evaluation
    from earnest.policy.pack import Pack

_UNITS = {
    "months": {"zh": "{} 个月", "en": "{} month(s)"},
    "days": {"zh": "{} 天", "en": "{} day(s)"},
    "hours": {"zh": "{} 小时", "en": "{} hour(s)"},
    "minutes": {"zh": "{} 分钟", "en": "{} minute(s)"},
    "CNY": {"zh": "{} 元", "en": "{} yuan"},
}
_TRUTH = {"zh": ("否", "是"), "en": ("no", "yes")}
_CHOSE = {"zh": "，取其中的“{}”", "en": ", of which “{}” decides"}
_ASSUMED = {"zh": "样例值，待运营方确认", "en": "sample value, to be confirmed by the operator"}
_FORM = {
    "zh": "{title}：{outcome}。判定日 {on}。事实：{facts}。理由：{reasons}。",
    "en": "{title}: {outcome}. Governing day {on}. Facts: {facts}. Reasons: {reasons}.",
}
_REFUSED = {
    "zh": "{title}：不作判定，{why}。",
    "en": "{title}: not decided: {why}.",
}
_ROW = {"zh": "{name}第 {row} 行（{when}）", "en": "{name}, row {row} ({when})"}
_SINCE = {"zh": "{act}，{day} 起", "en": "{act}, from {day}"}
_CHOICE = {"zh": "采用的解释：{}", "en": "read as: {}"}
_JOIN = {"zh": ("、", "；", "：", "（{}）"), "en": (", ", "; ", ": ", " ({})")}


def show_value(value: Any, kind: Kind, language: str, labels: Mapping[str, Any]) -> str:
    """Write a value for a reader: money in yuan, a rate in percent, a score with its tenth."""
    if value is None:
        return "-"
    if kind.name == "bool" or isinstance(value, bool):
        return _TRUTH[language][bool(value)]
    if kind.unit == "CNY":
        return _UNITS["CNY"][language].format(yuan(value))
    if kind.unit == "ppm":
        whole, rest = divmod(value, 10_000)
        return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") + "%"
    if kind.unit == "tenths":
        return f"{'-' if value < 0 else ''}{abs(value) // 10}.{abs(value) % 10}"
    if kind.unit in _UNITS:
        return _UNITS[kind.unit][language].format(value)
    if isinstance(value, str) and value in labels:
        return str(labels[value].get(language))
    return str(value)


def explain(pack: "Pack", evaluation: "Evaluation", language: str) -> str:
    """Return the paragraph; ``language`` is ``zh`` or ``en``.

    Raises:
        KeyError: another language is asked for.
    """
    teller = _Teller(pack, evaluation, language)
    title = teller.name(evaluation.decision)
    if evaluation.refusal is not None:
        why = evaluation.refusal.en if language == "en" else evaluation.refusal.zh
        return _REFUSED[language].format(title=title, why=why)
    comma, semicolon, _, _ = _JOIN[language]
    return _FORM[language].format(
        title=title,
        on=evaluation.governing_on,
        outcome=comma.join(teller.outcome()),
        facts=comma.join(teller.facts()),
        reasons=semicolon.join(teller.reasons()),
    )


class _Teller:
    def __init__(self, pack: "Pack", evaluation: "Evaluation", language: str) -> None:
        self._pack = pack
        self._evaluation = evaluation
        self._language = language
        self._comma, _, self._colon, self._aside = _JOIN[language]
        spec = evaluation.spec
        self._kinds: dict[str, Kind] = {step.name: step.node.kind for step in spec.steps}
        self._kinds |= {name: fact.kind for name, fact in spec.facts.items()}
        self._kinds |= {name: each.kind for name, each in pack.parameters.items()}
        self._titles = {step.name: step.title for step in spec.steps if step.title}
        self._titles |= {name: each.title for name, each in _titled(pack) if each.title}

    def name(self, name: str) -> str:
        """Return how a name is called: its title, its entry under ``texts``, or itself."""
        words = self._titles.get(name) or self._pack.texts.get(name)
        return words.get(self._language) if words else name

    def outcome(self) -> list[str]:
        steps = self._evaluation.spec.outcome
        return [self._pair(steps[name], each) for name, each in self._evaluation.result.items()]

    def facts(self) -> list[str]:
        told = []
        for name, spec in self._evaluation.spec.facts.items():
            value = self._evaluation.facts[name]
            if spec.collection is None:
                told.append(self._pair(name, value))
            elif spec.collection.table is not None:
                said = self._comma.join(self._value(each, TEXT) for each in value)
                told.append(f"{self.name(name)}{self._colon}{said or '-'}")
        return told

    def reasons(self) -> list[str]:
        told: list[str] = []
        entries = self._evaluation.trace
        for before, entry in zip([None, *entries], entries, strict=False):
            if before is not None and _repeats(before, entry):
                told[-1] = self._step(entry, self._row_name(before))
            else:
                told.append(self._tell(entry))
        return told

    def _tell(self, entry: Entry) -> str:
        match entry["entry"]:
            case "param":
                return self._pair(entry["name"], entry["value"]) + self._basis(entry)
            case "row":
                return self._row(entry)
            case "element":
                return self._element(entry)
            case _:
                return self._step(entry)

    def _pair(self, name: str, value: Any) -> str:
        return f"{self.name(name)} {self._value(value, self._kinds.get(name, TEXT))}"

    def _value(self, value: Any, kind: Kind) -> str:
        return show_value(value, kind, self._language, self._pack.texts)

    def _basis(self, entry: Entry) -> str:
        parts = [entry["clause"]] if entry["clause"] else []
        if entry["instrument"]:
            said = _SINCE[self._language].format(act=entry["instrument"], day=entry["edition"])
            parts.append(said)
        if entry.get("assumed"):
            parts.append(_ASSUMED[self._language])
        parts += [self._choice(each) for each in entry.get("interpretation", ())]
        return self._aside.format(self._comma.join(parts)) if parts else ""

    def _choice(self, name: str) -> str:
        """Say what was chosen where the text leaves it open."""
        interpretation = self._pack.interpretations[name]
        option = interpretation.options.get(interpretation.choice)
        said = option.get(self._language) if option else interpretation.choice
        return _CHOICE[self._language].format(said)

    def _row(self, entry: Entry) -> str:
        table = self._pack.tables[entry["name"]]
        kind = table.outputs.get(entry["column"], Kind("int"))
        value = self._value(entry["value"], kind)
        return f"{self._row_name(entry)}{self._colon}{value}{self._basis(entry)}"

    def _row_name(self, entry: Entry) -> str:
        name = self.name(entry["name"])
        when = self._comma.join(self._value(cell, TEXT) for cell in entry["when"])
        return _ROW[self._language].format(name=name, row=entry["row"], when=when)

    def _element(self, entry: Entry) -> str:
        collection = self._evaluation.spec.facts[entry["name"]].collection
        fields = collection.fields if collection else {}
        said = self._comma.join(
            f"{self.name(key)} {self._value(value, fields.get(key, TEXT))}"
            for key, value in entry["element"].items()
        )
        held = self._value(entry["value"], BOOL)
        label = self.name(f"{entry['name']}_counts")
        return f"{entry['on']}{self._colon}{said}{self._comma}{label} {held}{self._basis(entry)}"

    def _step(self, entry: Entry, by_row: str = "") -> str:
        # Only what has a name is worth telling; the text of a sum says nothing to a reader.
        named = [each for each in entry["won"] if each in self._titles or each in self._pack.texts]
        won = "".join(_CHOSE[self._language].format(self.name(each)) for each in named)
        row = self._comma + by_row if by_row else ""
        return self._pair(entry["name"], entry["value"]) + row + won + self._basis(entry)


def _titled(pack: "Pack") -> list[tuple[str, Any]]:
    parameters: list[tuple[str, Parameter]] = list(pack.parameters.items())
    return [*parameters, *pack.tables.items(), *pack.decisions.items()]


def _repeats(before: Entry, entry: Entry) -> bool:
    """Tell whether a step only says again the value of the row right before it."""
    if before["entry"] != "row" or entry["entry"] != "step":
        return False
    return all(entry[each] == before[each] for each in ("edition", "value"))
