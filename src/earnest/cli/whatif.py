"""``earnest whatif``: what a draft of a rulebook would change, over history or a file of facts."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from django.apps import apps

from earnest.authoring.backdating import as_if_from
from earnest.cli import _django_ready
from earnest.cli.output import emit, progress_console, reading
from earnest.cli.policy_packs import language_option
from earnest.cli.whatif_tables import figures, report_print
from earnest.kernel.calendar import Month
from earnest.kernel.errors import BadInput
from earnest.policy import Pack, Reading, load_pack
from earnest.policy.editions import DECIDING_STATES

if TYPE_CHECKING:
    from earnest.whatif.report import Report

TOP: Final = 20
TRACES: Final = 2


@click.command()
@click.argument("draft", type=click.Path(path_type=Path))
@click.option("--from", "first", metavar="YYYY-MM", help="First month to judge again.")
@click.option("--to", "last", metavar="YYYY-MM", help="Last month, included.")
@click.option(
    "--as-if",
    "as_if",
    is_flag=True,
    help="Take the draft to hold from the first month on, instead of its own day.",
)
@click.option("--subject", metavar="KIND:ID", help="Only this provider or shop.")
@click.option("--decision", "decisions", multiple=True, help="Only this decision; may be repeated.")
@click.option("--top", default=TOP, show_default=True, help="Subjects to list per decision.")
@click.option(
    "--traces",
    default=TRACES,
    show_default=True,
    help="Subjects to explain with both traces, in a table; JSON explains all that are listed.",
)
@language_option
@click.option("--out", type=click.Path(path_type=Path), help="Also write the report here as JSON.")
@click.option("--keep", is_flag=True, help="Store the report with the draft: announcing needs it.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="With --facts: the rulebook to compare with, as a file.",
)
@click.option(
    "--facts",
    "facts_file",
    type=click.Path(path_type=Path),
    help="Judge this Parquet file of facts instead of history; needs no database.",
)
@reading
@click.pass_context
def whatif(context: click.Context, /, draft: Path, **options: Any) -> None:
    """Judge history again under DRAFT and say what would change; nothing is changed.

    Values of the draft's acts decide from their dates on, announced or not; a draft for the future
    changes nothing in the past, unless --as-if takes it to hold from the first month on. Without a
    history, give --against LIVE.yaml --facts FACTS.parquet --decision NAME.
    """
    drafted = load_pack(draft, Reading(drafts=True))
    if options["facts_file"] is not None or options["against"] is not None:
        report = _on_facts(drafted, options)
    else:
        if not apps.ready:  # it is when another program has set Django up
            _django_ready(context, with_database=True)
        report = _on_history(drafted, options)
    plain = report.as_dict()
    if options["as_if"]:
        plain["as_if_from"] = _month(options["first"], "--from").first_day.isoformat()
    if options["out"] is not None:
        text = json.dumps(plain, ensure_ascii=False, indent=1)
        options["out"].write_text(text + "\n", encoding="utf-8")
    if options["keep"]:
        _keep(drafted, plain, options)
    if options["output_format"] == "json":
        emit([plain], "json")
    elif options["output_format"] == "csv":
        emit(figures(plain, options["language"]), "csv")
    else:
        report_print(plain, options["language"], options["traces"])


def _on_facts(draft: Pack, options: dict[str, Any]) -> "Report":
    """Judge a file of facts by two rulebooks."""
    from earnest.whatif.given import run_on_facts  # noqa: PLC0415 - only this way needs DuckDB

    if None in (options["facts_file"], options["against"]) or len(options["decisions"]) != 1:
        raise BadInput(
            "facts_incomplete",
            where="--facts",
            zh="用事实文件试算时，--against、--facts 和一个 --decision 须同时给出。",
            en="with a file of facts, give --against, --facts and one --decision together",
        )
    taken = [name for name in ("first", "last", "subject", "as_if") if options[name]]
    if taken or options["keep"]:
        raise BadInput(
            "facts_without_history",
            where="--facts",
            zh="--from、--to、--as-if、--subject 和 --keep 只用于历史，不能与 --facts 同用。",
            en="--from, --to, --as-if, --subject and --keep are about history; leave them out with "
            "--facts",
        )
    with progress_console.status(f"judging {options['facts_file']}"):
        return run_on_facts(
            load_pack(options["against"]),
            draft,
            options["decisions"][0],
            options["facts_file"],
            top=options["top"],
        )


def _on_history(draft: Pack, options: dict[str, Any]) -> "Report":
    """Judge the months of a period again."""
    from earnest.cli.options import SUBJECT, tenant  # noqa: PLC0415 - needs Django, set up by now
    from earnest.whatif.commands import run  # noqa: PLC0415 - the same

    subject, first = options["subject"], _month(options["first"], "--from")
    if options["as_if"]:
        drafted = [act.id for act in draft.instruments if act.state not in DECIDING_STATES]
        draft = as_if_from(draft, drafted, first.first_day) if drafted else draft
    with progress_console.status("reading history") as status:
        return run(
            tenant(),
            draft,
            first,
            _month(options["last"], "--to"),
            decisions=options["decisions"],
            subject=SUBJECT.convert(subject, None, None) if subject else None,
            top=options["top"],
            progress=lambda decision: status.update(f"judging again · {decision}"),
        )


def _month(text: str | None, option: str) -> Month:
    try:
        return Month.parse(text or "")
    except ValueError:
        raise BadInput(
            "month_missing",
            where=option,
            zh=f"请用 {option} 给出月份，写作 YYYY-MM。",
            en=f"give a month with {option}, written YYYY-MM" + (f", not {text!r}" if text else ""),
        ) from None


def _keep(draft: Pack, plain: dict[str, Any], options: dict[str, Any]) -> None:
    """Store a whole report with the draft that was submitted."""
    from earnest.cli.options import edge_now  # noqa: PLC0415 - needs Django, set up by now
    from earnest.rulebooks.commands import report_keep  # noqa: PLC0415 - the same

    if options["subject"] or options["decisions"]:
        raise BadInput(
            "report_partial",
            where="--keep",
            zh="只看部分主体或判定的报告不能代表草案，不能保存；请去掉 --subject 和 --decision。",
            en="a report on a part cannot stand for the draft; leave out --subject and --decision",
        )
    report_keep(draft.hash, plain, now=edge_now())
    progress_console.print(f"kept with draft {draft.hash[:12]}")
