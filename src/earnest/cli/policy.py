"""``earnest policy``: check a pack file, take a decision with it, show what it holds."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from earnest.cli.output import emit, reading
from earnest.kernel.errors import BadInput
from earnest.policy import Evaluation, Pack, PackError, load_pack


@click.group()
def policy() -> None:
    """Check, evaluate and show policy packs (规则包)."""


@policy.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@reading
@click.pass_context
def check(context: click.Context, file: Path, output_format: str) -> None:
    """List every problem in a pack as file:line:column; status 1 when there is any."""
    try:
        pack = load_pack(file)
    except PackError as error:
        emit([problem.as_dict() for problem in error.problems], output_format)
        context.exit(1)
    emit([_summary(pack)], output_format)


@policy.command("eval")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("decision")
@click.option(
    "--facts",
    "facts_file",
    type=click.File(encoding="utf-8"),
    required=True,
    help="A JSON object of facts, or a list of them; - reads standard input.",
)
@click.option("--trace", "with_trace", is_flag=True, help="Also tell every value used, and why.")
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The governing day, instead of the one among the facts.",
)
@reading
@click.pass_context
def evaluate(context: click.Context, /, **options: Any) -> None:
    """Take DECISION of the pack FILE for the given facts; status 1 when it is refused."""
    pack = load_pack(options["file"])
    subjects = _subjects(options["facts_file"])
    on: datetime | None = options["on"]
    rows: list[dict[str, Any]] = []
    refused = False
    for facts in subjects:
        evaluation = _take(pack, options["decision"], facts, on.date() if on else None)
        refused = refused or evaluation.refusal is not None
        rows.append(_answer(evaluation, full=options["output_format"] == "json"))
        if options["with_trace"]:
            rows[-1] |= _reasons(evaluation, full=options["output_format"] == "json")
    emit(rows, options["output_format"])
    context.exit(1 if refused else 0)


@policy.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@reading
def show(file: Path, output_format: str) -> None:
    """List what a pack holds: clauses, choices, parameters, tables and decisions."""
    emit(_contents(load_pack(file)), output_format)


def _subjects(file: Any) -> list[Mapping[str, Any]]:
    try:
        data = json.load(file)
    except ValueError as error:
        raise BadInput(
            "facts_file", where=str(file.name),
            zh=f"事实文件不是有效的 JSON：{error}", en=f"the facts are not valid JSON: {error}",
        ) from None  # fmt: skip
    subjects = data if isinstance(data, list) else [data]
    if not all(isinstance(each, dict) for each in subjects):
        raise BadInput(
            "facts_file", where=str(file.name),
            zh="事实应是一个 JSON 对象，或由对象组成的列表",
            en="the facts must be a JSON object, or a list of objects",
        )  # fmt: skip
    return subjects


def _take(pack: Pack, decision: str, facts: Mapping[str, Any], on: date | None) -> Evaluation:
    if on is None:
        return pack.evaluate(decision, facts)
    spec = pack.decisions.get(decision)
    governing = {spec.governed_by: on} if spec is not None else {}
    return pack.evaluate(decision, {**facts, **governing})


def _answer(evaluation: Evaluation, *, full: bool) -> dict[str, Any]:
    refusal = evaluation.refusal
    answer: dict[str, Any] = {
        "decision": evaluation.decision,
        "governing_on": evaluation.governing_on,
    }
    if full:
        answer["result"] = evaluation.receipt().result
        answer["refusal"] = refusal.as_dict() if refusal else None
    else:
        answer |= evaluation.result
        answer["refusal"] = refusal.en if refusal else None
    answer["modality"] = evaluation.modality
    answer["clauses"] = list(evaluation.clauses) if full else " ".join(evaluation.clauses)
    answer["assumed"] = list(evaluation.assumed) if full else " ".join(evaluation.assumed)
    return answer


def _reasons(evaluation: Evaluation, *, full: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "trace": evaluation.trace if full else "\n".join(evaluation.trace_lines())
    }
    return told | {"zh": evaluation.explain("zh"), "en": evaluation.explain("en")}


def _summary(pack: Pack) -> dict[str, Any]:
    return {
        "rulebook": pack.rulebook,
        "hash": pack.hash,
        "clauses": len(pack.clauses),
        "interpretations": len(pack.interpretations),
        "parameters": len(pack.parameters),
        "tables": len(pack.tables),
        "decisions": len(pack.decisions),
        "cases": len(pack.cases),
        "problems": 0,
    }


def _contents(pack: Pack) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def add(section: str, name: str, words: tuple[str, str], detail: str) -> None:
        zh, en = words
        rows.append({"section": section, "name": name, "zh": zh, "en": en, "detail": detail})

    for act in pack.instruments:
        add("instrument", act.id, _words(act.title), f"{act.state}, in force {act.in_force}")
    for name, clause in pack.clauses.items():
        add(
            "clause", name, (clause.zh, clause.en), f"{clause.status} {' '.join(clause.by)}".strip()
        )
    for name, choice in pack.interpretations.items():
        chosen = choice.options.get(choice.choice)
        zh, en = _words(chosen) if chosen else (choice.choice, choice.choice)
        add("interpretation", name, (zh, en), choice.choice if chosen else "")
    for name, parameter in pack.parameters.items():
        for value in parameter.values:
            detail = f"{value.value} {parameter.kind} from {value.since}, {value.clause}"
            add("parameter", name, _words(parameter.title), detail + _assumed(value.assumed))
    for name, table in pack.tables.items():
        for edition in table.editions:
            detail = f"{len(edition.rows)} rows from {edition.since}"
            assumed = edition.rows[0].assumed
            add("table", name, _words(table.title), detail + _assumed(assumed))
    for name, spec in pack.decisions.items():
        detail = f"{spec.modality}: {', '.join(spec.facts)} -> {', '.join(spec.outcome)}"
        add("decision", name, _words(spec.title), detail)
    return rows


def _words(words: Any) -> tuple[str, str]:
    return (words.zh, words.get("en")) if words is not None else ("", "")


def _assumed(assumed: bool) -> str:  # noqa: FBT001 - one flag of one row
    return ", assumed" if assumed else ""
