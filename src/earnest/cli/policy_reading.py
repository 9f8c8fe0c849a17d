"""``earnest policy show`` and ``diff``: a rulebook as a document, and two of them side by side."""

import json
import sys
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.markdown import Markdown

from earnest.authoring.comparison import Change, compare
from earnest.authoring.page import rulebook_page, rulebook_sections
from earnest.cli.output import emit, reading
from earnest.cli.policy_packs import language_option, pack_named

_WIDTH = 100
_KINDS = {
    "zh": {"added": "新增", "removed": "删除", "changed": "变更"},
    "en": {"added": "added", "removed": "removed", "changed": "changed"},
}
_SECTIONS = {
    "book": "全书", "instruments": "规则文件", "clauses": "条款", "interpretations": "解释",
    "parameters": "参数", "tables": "规则表", "windows": "日期窗口", "calendars": "工作日历",
    "suspensions": "暂停", "decisions": "决定", "texts": "名称", "cases": "例子",
}  # fmt: skip
_NONE = {"zh": "没有差异", "en": "no differences"}


@click.command("show")
@click.argument("book")
@click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it is read; today without."
)
@language_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "md", "json"]),
    default="text",
    show_default=True,
    help="Text for reading here, Markdown, or its sections as JSON.",
)
@click.pass_context
def show(context: click.Context, /, **options: Any) -> None:
    """Print a rulebook as a document.

    It tells what is in force on a day, clause by clause. BOOK is a pack file or the name of a
    rulebook.
    """
    pack = pack_named(context, options["book"], check_cases=False)
    on = (options["on"] or datetime.now()).date()  # noqa: DTZ005 - the reader's own day
    language = options["language"]
    if options["output_format"] == "json":
        sections = [each.as_dict() for each in rulebook_sections(pack, on, language)]
        click.echo(json.dumps(sections, ensure_ascii=False, indent=1))
    elif options["output_format"] == "md":
        click.echo(rulebook_page(pack, on, language), nl=False)
    else:
        width = None if sys.stdout.isatty() else _WIDTH
        page = Markdown(rulebook_page(pack, on, language))
        Console(file=sys.stdout, width=width).print(page)


@click.command("diff")
@click.argument("old")
@click.argument("new")
@language_option
@click.option("--exit-code", is_flag=True, help="Status 1 when there are differences.")
@reading
@click.pass_context
def diff(context: click.Context, /, **options: Any) -> None:
    """Compare two rulebooks clause by clause.

    Tells what NEW changes in OLD, from which day and by which act; both are pack files or names of
    rulebooks. Values of drafts are compared too.
    """
    old, new = (pack_named(context, options[each], check_cases=False) for each in ("old", "new"))
    language, output_format = options["language"], options["output_format"]
    changes = compare(old, new)
    if changes or output_format != "table":
        emit([_row(each, language) for each in changes], output_format)
    else:
        click.echo(_NONE[language])
    context.exit(1 if changes and options["exit_code"] else 0)


def _row(change: Change, language: str) -> dict[str, Any]:
    section = _SECTIONS[change.section] if language == "zh" else change.section
    return {
        "clause": change.clause, "section": section, "name": change.name,
        "change": _KINDS[language][change.kind], "field": change.field, "old": change.old,
        "new": change.new, "from": change.from_on, "act": change.act,
    }  # fmt: skip
