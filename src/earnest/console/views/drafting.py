"""New drafts: a value's next edition, a table's next rows, or a whole file; all end in a draft."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from earnest.authoring.sheets import read_sheet
from earnest.authoring.spreadsheet import table_out
from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.drafting import Ground, ground_of, table_text, value_form_from
from earnest.console.forms import IMPORTANCES, ActForm, act_form_from, typed
from earnest.console.lists import field
from earnest.console.problems import Said, all_said
from earnest.console.rulebook_page import label_of
from earnest.console.table_editor import TableEditor, editor_from, editor_of, written_out
from earnest.console.texts import language, text
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, EarnestError, NotFound
from earnest.market.roles import AMEND
from earnest.policy import Pack
from earnest.policy.explain import show_value
from earnest.rulebooks.commands import draft_submit
from earnest.rulebooks.packs import packs

UPLOAD_BYTES_MAX = 2 * 1024 * 1024
NOTICE_DAYS = 15
"""How far ahead a new act's day is proposed: what the law asks for an important change."""


@dataclass(frozen=True)
class Known:
    """A parameter's value so far, for the form's side."""

    since: date
    value: str
    instrument: str


def _today(request: VisitorRequest) -> date:
    return day_of(present(request.visitor.tenant_id))


def _asked(request: VisitorRequest, name: str) -> str:
    """Return a field of the form or, where it is not there, of the address."""
    return typed(request.POST, name) or field(request, name)


def _ground(request: VisitorRequest) -> Ground:
    return ground_of(_asked(request, "rulebook"), _asked(request, "on_top"), _today(request))


def _act_proposed(ground: Ground, today: date) -> ActForm:
    """Return the act's fields for a new form, its days as the law would have them."""
    act = ActForm(on_top=ground.on_top)
    act.published.value = str(today)
    act.in_force.value = str(today + timedelta(days=NOTICE_DAYS))
    return act


def _submitted(request: VisitorRequest, pack_text: str, name: str, note: str) -> HttpResponse:
    draft = draft_submit(
        pack_text,
        name=name,
        actor=request.visitor.name,
        note=note,
        now=present(request.visitor.tenant_id),
    )
    messages.success(request, text("draft.done"))
    return HttpResponseRedirect(reverse("amendment", args=[draft.hash]))


def _element_missing(name: str) -> NotFound:
    return NotFound(
        "unknown_element",
        where=name,
        zh="规则里没有这一项；请从列表中选择。",
        en="the rulebook has no such element; choose one from the list",
    )


@require_GET
@needs(AMEND)
def draft_new(request: VisitorRequest) -> HttpResponse:
    """Offer the three ways to a draft, for each rulebook or on top of a draft."""
    on_top = field(request, "on_top")
    grounds = [_ground(request)] if on_top else [Ground(pack) for pack in packs().values()]
    shown = {
        "grounds": [
            {
                "ground": ground,
                "parameters": _labelled(ground.pack, "parameters"),
                "tables": _labelled(ground.pack, "tables"),
            }
            for ground in grounds
        ]
    }
    return render(request, "console/draft_new.html", shown)


def _labelled(pack: Pack, section: str) -> list[tuple[str, str]]:
    elements = pack.parameters if section == "parameters" else pack.tables
    return [(name, label_of(pack, name, each.title)) for name, each in elements.items()]


@require_http_methods(["GET", "POST"])
@needs(AMEND)
def draft_value(request: VisitorRequest) -> HttpResponse:
    """Take a parameter's next value: in its unit, from a day, by an act, for a reason."""
    ground = _ground(request)
    parameter = ground.pack.parameters.get(_asked(request, "parameter"))
    if parameter is None:
        raise _element_missing(_asked(request, "parameter"))
    form = value_form_from(parameter, request.POST.dict())
    problems: list[Said] = []
    if request.method == "POST":
        form.act.on_top = ground.on_top
        form.check(ground)
        if not form.wrong:
            try:
                return _submitted(
                    request, form.text(ground), ground.pack.rulebook, form.act.reason.value
                )
            except EarnestError as error:
                problems = all_said(error)
    else:
        form.act = _act_proposed(ground, _today(request))
        form.clause.value = parameter.values[-1].clause if parameter.values else ""
    shown = _shown(ground, form.act, problems) | {
        "form": form,
        "parameter": parameter,
        "label": label_of(ground.pack, parameter.name, parameter.title),
        "known": [
            Known(
                each.since,
                "" if each.unset else show_value(each.value, parameter.kind, language(), {}),
                each.instrument,
            )
            for each in parameter.values
        ],
        "example": written_out(parameter.kind, parameter.values[-1].value)
        if parameter.values
        else "",
    }
    return render(request, "console/draft_value.html", shown, status=_status(request, shown))


def _shown(ground: Ground, act: ActForm, problems: list[Said]) -> dict[str, Any]:
    return {
        "ground": ground,
        "pack": ground.pack,
        "act": act,
        "importances": IMPORTANCES,
        "problems": problems,
    }


def _status(request: VisitorRequest, shown: dict[str, Any]) -> int:
    wrong = bool(shown["problems"]) or shown["form"].wrong
    return 422 if request.method == "POST" and wrong else 200


def _uploaded(request: VisitorRequest, name: str) -> "UploadedFile[bytes]":
    """Return an uploaded file.

    Raises:
        BadInput: none was chosen, or it is too large.
    """
    given = request.FILES.get(name)
    if not isinstance(given, UploadedFile) or not given.size:
        raise BadInput("no_file", where=name, zh="请选择文件。", en="choose a file")
    if given.size > UPLOAD_BYTES_MAX:
        raise BadInput(
            "file_large",
            where=name,
            zh="文件超过 2 MB；规则文件通常只有几十 KB，请检查是否选错。",
            en="the file is larger than 2 MB; a rulebook is some dozens of kB: check the choice",
        )
    return given


def _editor_changed(request: VisitorRequest, editor: TableEditor, press: str) -> list[Said]:
    """Do what a button of the editor says; return what went wrong."""
    if press == "add" and len(editor.rows) < editor.row_count_max:
        editor.row_add()
    elif press.startswith("remove-") and press.removeprefix("remove-").isdecimal():
        editor.row_remove(int(press.removeprefix("remove-")))
    elif press == "upload":
        try:
            given = _uploaded(request, "sheet")
            editor.sheet_take(read_sheet(given.read(), str(given.name)))
        except EarnestError as error:
            return all_said(error)
    if press in {"check", "upload", "save"}:
        editor.check()
    return []


@require_http_methods(["GET", "POST"])
@needs(AMEND)
def draft_table(request: VisitorRequest) -> HttpResponse:
    """Take a table's next rows: edited in the page, or from a CSV or XLSX file."""
    ground, today = _ground(request), _today(request)
    table = ground.pack.tables.get(_asked(request, "table"))
    if table is None:
        raise _element_missing(_asked(request, "table"))
    problems: list[Said] = []
    press = request.POST.get("press", "")
    if request.method == "POST":
        form = request.POST.dict()
        editor, act = editor_from(ground.pack, table, form), act_form_from(form)
        act.on_top = ground.on_top
        problems = _editor_changed(request, editor, press)
        if press == "save":
            act.check(ground.pack)
        if press == "save" and not editor.wrong and not act.wrong:
            try:
                new_text = table_text(ground, editor, act)
                return _submitted(request, new_text, ground.pack.rulebook, act.reason.value)
            except EarnestError as error:
                problems = all_said(error)
    else:
        editor, act = editor_of(ground.pack, table, date.max), _act_proposed(ground, today)
    shown = _shown(ground, act, problems) | {
        "form": editor,
        "editor": editor,
        "table": table,
        "label": label_of(ground.pack, table.name, table.title),
        "checked": press == "check" and not editor.wrong,
    }
    part = request.headers.get("HX-Request") and press != "save"
    template = "console/parts/table_editor.html" if part else "console/draft_table.html"
    return render(request, template, shown, status=_status(request, shown))


SHEET_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_GET
@needs(AMEND)
def table_sheet(request: VisitorRequest, rulebook: str, table: str, form: str) -> HttpResponse:
    """Download a table's latest rows as CSV or XLSX, to be edited and uploaded."""
    ground = ground_of(rulebook, field(request, "on_top"), _today(request))
    if form == "csv":
        data = table_out(ground.pack, table, None, "csv")
    elif form == "xlsx":
        data = table_out(ground.pack, table, None, "xlsx")
    else:
        raise _element_missing(form)
    return HttpResponse(
        data,
        content_type=SHEET_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{table}.{form}"'},
    )


@require_http_methods(["GET", "POST"])
@needs(AMEND)
def draft_file(request: VisitorRequest) -> HttpResponse:
    """Take a whole rulebook file; every problem in it is listed with its line and column."""
    problems: list[Said] = []
    note = typed(request.POST, "reason")
    if request.method == "POST":
        try:
            if not note:
                raise BadInput("no_reason", zh=text("form.empty"), en=text("form.empty"))
            given = _uploaded(request, "pack")
            return _submitted(request, _text_of(given), str(given.name), note)
        except EarnestError as error:
            problems = all_said(error)
    shown = {"problems": problems, "reason": note}
    return render(request, "console/draft_file.html", shown, status=422 if problems else 200)


def _text_of(given: "UploadedFile[bytes]") -> str:
    try:
        return bytes(given.read()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            "not_utf8",
            where=str(given.name),
            zh="文件不是 UTF-8 编码；请另存为 UTF-8 后再上传。",
            en="the file is not UTF-8; save it as UTF-8 and upload it again",
        ) from error
