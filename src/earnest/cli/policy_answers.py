"""How ``earnest policy eval`` tells its answers: a list for one subject, a row for each of several.

Programs read JSON, which has everything in both languages; a table shows what a person asks first.
"""

from dataclasses import dataclass
from typing import Any

import click
from rich.cells import cell_len

from earnest.authoring.telling import Language
from earnest.policy import Evaluation, Pack
from earnest.policy.explain import show_value
from earnest.policy.kinds import CURRENCIES, TEXT

_SCALED = (*CURRENCIES, "ppm", "tenths")
_HEADS = {
    "zh": {
        "refused": "拒绝", "modality": "效力", "optional": "可选措施",
        "clauses": "条款", "assumed": "样例值", "tests": "条件", "trace": "依据",
        "must": "必须", "may": "可以",
    },
    "en": {
        "refused": "refused", "modality": "modality", "optional": "options",
        "clauses": "clauses", "assumed": "samples", "tests": "tests", "trace": "trace",
        "must": "must", "may": "may",
    },
}  # fmt: skip
_SIGNS = {True: ("✔", "green"), False: ("✘", "red")}


@dataclass(frozen=True)
class Answer:
    """An evaluation, and the subject that it is for.

    Attributes:
        subject: as given, or the place among several; empty for a single one.
        verdict: how a golden case compares; empty for other facts.
    """

    evaluation: Evaluation
    subject: str = ""
    verdict: str = ""


def answer_told(answer: Answer, pack: Pack, language: Language, *, with_trace: bool) -> None:
    """Print one answer as a list: outcome, what it rests on, tests, trace, and why."""
    evaluation, heads = answer.evaluation, _HEADS[language]
    pairs = _outcome(evaluation, pack, language)
    if evaluation.refusal is not None:
        refusal = evaluation.refusal
        words = refusal.zh if language == "zh" else refusal.en
        pairs.append((heads["refused"], f"{refusal.key}  {words}"))
    pairs.append((heads["modality"], heads[evaluation.modality]))
    if evaluation.optional:
        pairs.append((heads["optional"], " ".join(evaluation.optional)))
    pairs.append((heads["clauses"], " ".join(evaluation.clauses)))
    if evaluation.assumed:
        pairs.append((heads["assumed"], " ".join(evaluation.assumed)))
    title = " ".join(filter(None, (answer.subject, evaluation.decision)))
    day = f"  {evaluation.governing_on}" if evaluation.governing_on else ""
    click.secho(f"{title}{day}", bold=True)
    width = max(cell_len(name) for name, _ in pairs)
    for name, said in pairs:
        click.echo(f"  {name}{' ' * (width - cell_len(name))}  {said}")
    if evaluation.tests:
        click.echo(f"{heads['tests']}")
        for test in evaluation.tests:
            sign, colour = _SIGNS[bool(test["value"])]
            clause = f"  ({test['clause']})" if test["clause"] else ""
            click.secho(f"  {sign} {test['title'][language]}{clause}", fg=colour)
    if with_trace:
        click.echo(f"{heads['trace']}")
        for line in evaluation.trace_lines():
            click.echo(f"  {line}")
    click.echo(f"\n{evaluation.explain(language)}")
    if answer.verdict:
        click.echo(answer.verdict)


def answer_row(answer: Answer) -> dict[str, Any]:
    """Return an answer as a row beside others: its outcome, or the key of its refusal."""
    refusal = answer.evaluation.refusal
    row = {"subject": answer.subject, **answer.evaluation.result}
    row["refusal"] = refusal.key if refusal else None
    return row | ({"case": answer.verdict} if answer.verdict else {})


def answer_record(answer: Answer, language: Language, *, with_trace: bool) -> dict[str, Any]:
    """Return an answer as a line of CSV, with everything in one language."""
    evaluation = answer.evaluation
    row = _subject(answer) | {
        "decision": evaluation.decision,
        "governing_on": evaluation.governing_on,
        **evaluation.result,
        "refusal": evaluation.refusal.key if evaluation.refusal else None,
        "modality": evaluation.modality,
        "optional": " ".join(evaluation.optional),
        "clauses": " ".join(evaluation.clauses),
        "assumed": " ".join(evaluation.assumed),
    }
    if with_trace:
        row["trace"] = "\n".join(evaluation.trace_lines())
        row["why"] = evaluation.explain(language)
    return row | ({"case": answer.verdict} if answer.verdict else {})


def answer_full(answer: Answer, pack: Pack, *, with_trace: bool) -> dict[str, Any]:
    """Return an answer in its documented form for programs."""
    evaluation = answer.evaluation
    refusal = evaluation.refusal
    used = [each for entry in evaluation.trace for each in entry.get("interpretation", ())]
    why = {language: evaluation.explain(language) for language in ("zh", "en")}
    told = _subject(answer) | {
        "decision": evaluation.decision,
        "governing_on": evaluation.governing_on,
        "result": evaluation.receipt().result,
        "refusal": refusal.as_dict() if refusal else None,
        "modality": evaluation.modality,
        "optional": list(evaluation.optional),
        "clauses": list(evaluation.clauses),
        "assumed": list(evaluation.assumed),
        "choices": {name: pack.interpretations[name].choice for name in dict.fromkeys(used)},
        "why": why,
    }
    if with_trace:
        told |= {"trace": evaluation.trace, **why}
    return told | ({"case": answer.verdict} if answer.verdict else {})


def _subject(answer: Answer) -> dict[str, Any]:
    return {"subject": answer.subject} if answer.subject else {}


def _outcome(evaluation: Evaluation, pack: Pack, language: Language) -> list[tuple[str, str]]:
    """Return the outcome's names and values as read; beside them what a program gets."""
    spec = evaluation.spec
    kinds = {step.name: step.node.kind for step in spec.steps}
    pairs = []
    for name, value in evaluation.result.items():
        kind = kinds.get(spec.outcome[name], TEXT)
        said = show_value(value, kind, language, pack.texts)
        raw = f"  [{value}]" if kind.unit in _SCALED and value is not None else ""
        pairs.append((name, f"{said}{raw}"))
    return pairs
