"""Dates of acts: drafts that come too late, and notice shorter than the law asks."""

from datetime import date, timedelta

from earnest.kernel.errors import BadInput
from earnest.policy import Pack
from earnest.policy.document import Document, Path
from earnest.policy.shape import Book, Instrument

NOTICE = {"ordinary": "notice_days_ordinary", "important": "notice_days_important"}
"""The law's parameters, in days, by the importance of an act; a favourable act needs no notice."""

_UNANNOUNCED = ("draft", "consultation")


def dates_remarked(document: Document, book: Book, today: date | None) -> None:
    """Note acts that never decide, and drafts whose day has come before they were announced."""
    for index, act in enumerate(book.instruments):
        path: Path = ("instruments", index)
        if act.state == "withdrawn":
            document.add(
                path, "never_decides",
                f"文件 {act.id} 已撤回，其中的值永不作判定",
                f"instrument {act.id} is withdrawn: its values never decide",
            )  # fmt: skip
        elif today is not None and act.state in _UNANNOUNCED and act.in_force <= today:
            document.add(
                (*path, "in_force"), "late_draft",
                f"草案 {act.id} 的生效日 {act.in_force} 已到，仍未公布；请改定生效日",
                f"draft {act.id} was to be in force on {act.in_force} and is not announced yet; "
                "give it a later day",
            )  # fmt: skip


def notice_remarked(document: Document, book: Book, law: Pack) -> None:
    """Note every act published under the law with fewer days of notice than the law asks.

    Raises:
        BadInput: the law pack has not the parameters of notice.
    """
    if missing := [each for each in NOTICE.values() if each not in law.parameters]:
        raise BadInput(
            "no_law", where=law.rulebook,
            zh=f"法规规则包缺少参数 {'、'.join(missing)}",
            en=f"the law pack has no parameter {', '.join(missing)}",
        )  # fmt: skip
    for index, act in enumerate(book.instruments):
        bound = act.importance in NOTICE and act.change != "erratum" and act.state != "withdrawn"
        if bound and act.published >= law.in_force_from():
            _notice(document, ("instruments", index), act, law)


def _notice(document: Document, path: Path, act: Instrument, law: Pack) -> None:
    name = NOTICE[act.importance]
    wanted: int = law.parameter(name, on=act.published)
    given = (act.in_force - act.published).days
    if given >= wanted:
        return
    [clause] = [
        value.clause
        for value in law.parameters[name].values
        if value.since <= act.published and value.value == wanted
    ][-1:]
    earliest = act.published + timedelta(days=wanted)
    document.add(
        (*path, "in_force"), "short_notice",
        f"{act.id}：公布到生效只有 {given} 天，法规（{clause}）要求 {wanted} 天"
        f"（importance: {act.importance}）；最早 {earliest} 生效。对商家有利的写 favourable，"
        "勘误写 change: erratum",
        f"{act.id}: {given} day(s) from publication to effect, the law ({clause}) asks for "
        f"{wanted} (importance: {act.importance}); the earliest day is {earliest}. An act in "
        "favour of the parties says importance: favourable, an erratum change: erratum",
    )  # fmt: skip
