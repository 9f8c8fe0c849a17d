"""The decisions of a rulebook's page, told in words: what is asked, and how it is answered."""

from earnest.authoring.opened import expressions
from earnest.authoring.page_words import Part, Reader
from earnest.authoring.telling import Teller
from earnest.policy.shape import Decision, Step, Words

_MODALITY = {
    "must": {"zh": "必须执行", "en": "must be done"},
    "may": {
        "zh": "可以执行，由人或常设指令决定",
        "en": "may be done; a person or a standing order decides",
    },
}
_GOVERNED = {"zh": "按 {} 当日有效的规则判定", "en": "judged by the rule in force on: {}"}
_FROM_FACTS = {"zh": "依据的事实：{}", "en": "from the facts: {}"}
_APPLIES = {"zh": "适用条件", "en": "applies when"}
_REQUIRED = {"zh": "必须成立", "en": "must hold"}
_OWN_DAY = {"zh": "按 {} 当日的规则", "en": "by the rule of: {}"}
_RESULT = {"zh": "结果：{}", "en": "result: {}"}


def decision_parts(reader: Reader) -> list[Part]:
    """Return every decision with its facts, steps and result."""
    return [_decision(reader, name, each) for name, each in reader.pack.book.decisions.items()]


def _decision(reader: Reader, name: str, decision: Decision) -> Part:
    language = reader.language
    steps = [(step, shape.title) for (_, step), shape in expressions(decision)]
    titled = {step: title for step, title in steps if title is not None}
    heading = decision.title.get(language) if decision.title else reader.name(name)
    governing = reader.name(decision.governed_by)
    facts = reader.comma(reader.name(fact) for fact in decision.facts)
    lines = [_GOVERNED[language].format(governing), _FROM_FACTS[language].format(facts)]
    teller = reader.teller(name, titled)
    lines += [_step(reader, teller, key, shape) for key, shape in expressions(decision)]
    outcome = [*decision.outcome.values()] or [*decision.steps]
    result = reader.comma(_called(reader, step, titled) for step in outcome)
    lines.append(_RESULT[language].format(result))
    modality = reader.pack.decisions[name].modality
    return Part(
        name=name, heading=heading, clause=reader.pack.decisions[name].clause,
        lines=tuple(lines), marks=(_MODALITY[modality][language],),
    )  # fmt: skip


def _called(reader: Reader, step: str, titles: dict[str, Words]) -> str:
    return titles[step].get(reader.language) if step in titles else reader.name(step)


def _step(reader: Reader, teller: Teller, key: tuple[str, str], step: Step) -> str:
    section, name = key
    said = teller.tell(step.expr)
    aside = []
    if section == "applies":
        aside.append(_APPLIES[reader.language])
    if step.require:
        aside.append(_REQUIRED[reader.language])
    if step.governed_by:
        aside.append(_OWN_DAY[reader.language].format(reader.name(step.governed_by)))
    if step.clause:
        aside.append(step.clause)
    called = teller.name(name)
    return (called if said == called else f"{called} = {said}") + reader.aside(aside)
