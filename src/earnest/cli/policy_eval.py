"""``earnest policy eval``: a decision for one subject, several, or a whole population."""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from earnest.authoring.telling import Language
from earnest.cli.output import emit, reading
from earnest.cli.policy_answers import (
    Answer,
    answer_full,
    answer_record,
    answer_row,
    answer_told,
)
from earnest.cli.policy_packs import day_of, pack_named
from earnest.cli.policy_population import population_evaluate
from earnest.kernel.errors import BadInput, EarnestError, NotFound
from earnest.policy import Evaluation, Pack, Reading
from earnest.policy.editions import DRAFT_STATES
from earnest.policy.shape import Case


@click.command("eval")
@click.argument("file")
@click.argument("decision", default="")
@click.option(
    "--facts",
    "facts_file",
    type=click.File(encoding="utf-8"),
    help="A JSON object of facts, or a list of them, perhaps each with its subject; - reads "
    "standard input.",
)
@click.option(
    "--case",
    "case_number",
    type=click.IntRange(min=1),
    help="The facts of the pack's golden case of this number, or of DECISION's.",
)
@click.option(
    "--set",
    "population",
    type=click.Path(path_type=Path),
    help="A population as PARQUET, CSV or JSON, one row each, taken by SQL; prints a summary.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --set: also write every answer to this .parquet or .csv.",
)
@click.option("--trace", "with_trace", is_flag=True, help="Also tell every value used, and why.")
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The governing day, instead of the one among the facts.",
)
@click.option(
    "--choose",
    multiple=True,
    metavar="NAME=OPTION",
    help="Another option where the text leaves a choice; may be given several times.",
)
@click.option("--drafts", is_flag=True, help="Let values of drafts decide too, as a trial.")
@click.option(
    "--language",
    type=click.Choice(["zh", "en"]),
    help="The language of the answer; that of LANG without. JSON has both.",
)
@reading
@click.pass_context
def evaluate(context: click.Context, /, **options: Any) -> None:
    """Take a decision for given facts.

    FILE is a pack file or the name of a rulebook; give --facts, --case or --set. One subject is
    told as a list, several as one row each. Status 1 when a decision is refused or a case differs,
    2 when facts are wrong: the others are answered all the same. In --format json an answer has
    subject (where there is one), decision, governing_on, result, refusal, modality, optional,
    clauses, assumed, choices, why (zh and en), and with --trace the trace. Money is in whole
    minor units.
    """
    sources = options["facts_file"], options["population"], options["case_number"]
    if sum(each is not None for each in sources) != 1:
        raise click.UsageError("give one of --facts FACTS.json, --case NUMBER and --set POPULATION")
    if not options["decision"] and options["case_number"] is None:
        raise click.UsageError("name the DECISION")
    choices = tuple(_choice(each) for each in options["choose"])
    pack = pack_named(context, options["file"], check_cases=False)
    drafts = options["drafts"] or (options["case_number"] is not None and _drafted(pack))
    pack = pack.read_as(Reading(drafts=drafts, choices=choices))
    if options["population"] is not None:
        given = day_of(options["on"]), options["out"]
        rows = population_evaluate(pack, options["decision"], options["population"], given)
        emit(rows, options["output_format"])
        return
    status, answers = _answers(pack, options)
    _tell(pack, answers, options)
    context.exit(status)


def _answers(pack: Pack, options: Mapping[str, Any]) -> tuple[int, list[Answer]]:
    """Return the answers, and the status that says whether all of them were given."""
    if options["case_number"] is not None:
        answer, held = _case_answer(pack, options)
        return (0 if held else 1), [answer]
    answers: list[Answer] = []
    status = 0
    subjects = _subjects(options["facts_file"])
    for place, facts in enumerate(subjects, 1):
        try:
            answer = _answer(pack, options, facts, str(place) if len(subjects) > 1 else "")
        except EarnestError as error:
            if len(subjects) == 1 or isinstance(error, NotFound):
                raise
            problem = error.problem
            where = f"{options['facts_file'].name}, item {place}"
            click.echo(f"{where}: {problem}\n    {problem.zh}", err=True)
            status = 2
            continue
        status = max(status, 1 if answer.evaluation.refusal is not None else 0)
        answers.append(answer)
    return status, answers


def _answer(pack: Pack, options: Mapping[str, Any], facts: Any, place: str) -> Answer:
    if not isinstance(facts, dict):
        raise BadInput(
            "facts_file", where="" if place else str(options["facts_file"].name),
            zh="事实应是一个 JSON 对象，或由对象组成的列表",
            en="the facts must be a JSON object, or a list of objects",
        )  # fmt: skip
    given = {name: value for name, value in facts.items() if name != "subject"}
    evaluation = _take(pack, options["decision"], given, day_of(options["on"]))
    return Answer(evaluation, str(facts.get("subject", place)))


def _case_answer(pack: Pack, options: Mapping[str, Any]) -> tuple[Answer, bool]:
    """Return the answer for a golden case, and whether it is the one that the case asks for."""
    decision, number = options["decision"], options["case_number"]
    cases = list(_cases(pack, decision))
    if number > len(cases):
        said = f" {decision}" if decision else ""
        raise NotFound(
            "unknown_case", where=f"case {number}",
            zh=f"{decision or '规则包'}只有 {len(cases)} 个例子",
            en=f"there are {len(cases)} case(s){said}; give a number from 1 on",
        )  # fmt: skip
    case = cases[number - 1]
    evaluation = _take(pack, case.decision, case.facts, day_of(options["on"]))
    found = _differences(evaluation, case)
    verdict = f"case {number}: " + ("holds" if not found else f"differs: {'; '.join(found)}")
    return Answer(evaluation, verdict=verdict), not found


def _differences(evaluation: Evaluation, case: Case) -> list[str]:
    """Return how an answer is another one than a golden case asks for."""
    key = evaluation.refusal.key if evaluation.refusal else ""
    if key or case.refused:
        said = f"expected {case.refused or 'a decision'}, got {key or 'a decision'}"
        return [] if key == case.refused else [said]
    steps = {each["name"]: each["value"] for each in evaluation.trace if each["entry"] == "step"}
    values = steps | evaluation.receipt().result
    wanted = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in case.outcome.items()
    }
    return [
        f"{name}: expected {value!r}, got {values.get(name)!r}"
        for name, value in wanted.items()
        if name not in values or values[name] != value
    ]


def _cases(pack: Pack, decision: str) -> Iterator[Case]:
    return (each for each in pack.cases if decision in ("", each.decision))


def _drafted(pack: Pack) -> bool:
    """Tell whether the pack's cases are held with drafts deciding."""
    return any(act.state in DRAFT_STATES for act in pack.instruments)


def _tell(pack: Pack, answers: list[Answer], options: Mapping[str, Any]) -> None:
    """Print the answers in the form asked for."""
    output_format, with_trace = options["output_format"], options["with_trace"]
    language = _language(options["language"])
    if output_format == "json":
        emit([answer_full(each, pack, with_trace=with_trace) for each in answers], output_format)
    elif output_format == "csv":
        rows = [answer_record(each, language, with_trace=with_trace) for each in answers]
        emit(rows, output_format)
    elif len(answers) != 1 and not with_trace:
        emit([answer_row(each) for each in answers], output_format)
    else:
        for place, each in enumerate(answers):
            click.echo("" if not place else "\n", nl=False)
            answer_told(each, pack, language, with_trace=with_trace)


def _language(choice: str | None) -> Language:
    """Return the language asked for, or that of the machine."""
    asked = choice or os.environ.get("LANG", "")[:2]
    return "zh" if asked == "zh" else "en"


def _choice(text: str) -> tuple[str, str]:
    name, equals, option = text.partition("=")
    if not (name and equals and option):
        raise click.UsageError(f"--choose {text!r}: write it as name=option")
    return name, option


def _subjects(file: Any) -> list[Any]:
    try:
        data = json.load(file)
    except ValueError as error:
        raise BadInput(
            "facts_file", where=str(file.name),
            zh=f"事实文件不是有效的 JSON：{error}", en=f"the facts are not valid JSON: {error}",
        ) from None  # fmt: skip
    return data if isinstance(data, list) else [data]


def _take(pack: Pack, decision: str, facts: Mapping[str, Any], on: date | None) -> Evaluation:
    if on is None:
        return pack.evaluate(decision, facts)
    spec = pack.decisions.get(decision)
    governing = {spec.governed_by: on} if spec is not None else {}
    return pack.evaluate(decision, {**facts, **governing})
