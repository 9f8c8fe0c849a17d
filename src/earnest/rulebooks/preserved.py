"""What an amendment has to leave alone: every value, row and day in force before it.

The words of a pack (clauses, titles, texts, cases) may change; what decides may only be added to,
by the amendment's own acts. Steps are not looked at here: the trial runs them.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from earnest.kernel.errors import Problem
from earnest.policy import Pack


@dataclass(frozen=True)
class _Start:
    """A dated thing as it is compared: its authority, its end, and everything else about it."""

    instrument: str
    ends: date | None
    content: Hashable


Starts = Mapping[tuple[str, date], _Start]
"""Dated things by (element, first day)."""


@dataclass(frozen=True)
class Amending:
    """The new acts of a draft, and the first day of the earliest."""

    acts: frozenset[str]
    since: date


def not_preserved(base: Pack, new: Pack, amending: Amending) -> list[Problem]:
    """Return everything in force before the new acts that the new text would change or remove.

    Takes: ``new`` is the text as it would be announced.
    """
    return [
        *_acts_changed(base, new),
        *_forms_changed(base, new),
        *_starts_changed(_values(base), _values(new), amending),
        *_starts_changed(_editions(base), _editions(new), amending),
        *_starts_changed(_suspensions(base), _suspensions(new), amending),
        *_windows_changed(base, new, amending),
        *_calendars_changed(base, new, amending.since),
    ]


def _problem(code: str, where: str, zh: str, en: str) -> Problem:
    return Problem(code, where, zh=f"{where}：{zh}", en=f"{where}: {en}")


def _acts_changed(base: Pack, new: Pack) -> Iterator[Problem]:
    kept = {act.id: (act.published, act.in_force, act.change) for act in new.instruments}
    for act in base.instruments:
        if act.state in ("draft", "consultation"):
            continue
        if kept.get(act.id) != (act.published, act.in_force, act.change):
            yield _problem(
                "act_changed", act.id,
                "已公布的文件不能删除，其日期也不能改动",
                "a published act is not removed, and its dates stay",
            )  # fmt: skip


def _forms_changed(base: Pack, new: Pack) -> Iterator[Problem]:
    """A parameter keeps its unit, a table its inputs and the outputs that it had."""
    for name, parameter in base.parameters.items():
        if name in new.parameters and new.parameters[name].kind != parameter.kind:
            yield _problem("unit_changed", name, "不能改变单位", "the unit stays")
    for name, table in base.tables.items():
        after = new.tables.get(name)
        if after is not None and (
            list(after.inputs.items()) != list(table.inputs.items())
            or not table.outputs.items() <= after.outputs.items()
        ):
            yield _problem(
                "columns_changed", name, "不能改变已有的列", "the columns that it has stay"
            )


def _starts_changed(before: Starts, after: Starts, amending: Amending) -> Iterator[Problem]:
    for (name, since), start in before.items():
        kept = after.get((name, since))
        if kept is None or (kept.instrument, kept.content) != (start.instrument, start.content):
            what = "removed" if kept is None else "changed"
            zh = "删去" if kept is None else "改动"
            yield _problem(
                f"value_{what}", name,
                f"修订不能{zh} {since} 起的规定；要更正写错的内容请用勘误",
                f"an amendment may not have what holds from {since} on {what}; what was written "
                "wrongly is put right by an erratum",
            )  # fmt: skip
        elif kept.ends != start.ends and (kept.ends is None or kept.ends < amending.since):
            yield _problem(
                "end_changed", name,
                f"{since} 起的规定只能在 {amending.since} 或以后结束",
                f"what holds from {since} on may end on {amending.since} or later only",
            )  # fmt: skip
    for name, since in after.keys() - before.keys():
        if after[name, since].instrument not in amending.acts or since < amending.since:
            yield _problem(
                "added_by_other_act", name,
                f"{since} 起的新规定须由新文件作出，且不早于 {amending.since}",
                f"what is new from {since} on must be set by the new act, from {amending.since}",
            )  # fmt: skip


def _values(pack: Pack) -> Starts:
    return {
        (name, dated.since): _Start(
            dated.instrument, dated.ends, (dated.value, dated.clause, dated.assumed, dated.unset)
        )
        for name, parameter in pack.parameters.items()
        for dated in parameter.values
    }


def _editions(pack: Pack) -> Starts:
    return {
        (name, edition.since): _Start(
            edition.rows[0].instrument,
            edition.ends,
            tuple(
                (tuple(cell.text for cell in row.cells), tuple(row.outputs.items()), row.clause)
                for row in edition.rows
            ),
        )
        for name, table in pack.tables.items()
        for edition in table.editions
    }


def _suspensions(pack: Pack) -> Starts:
    return {
        (clause, each.since): _Start(each.instrument, each.ends, clause)
        for clause, several in pack.suspensions.by_clause.items()
        for each in several
    }


def _windows_changed(base: Pack, new: Pack, amending: Amending) -> Iterator[Problem]:
    for name, window in base.windows.items():
        after = new.windows[name].spans if name in new.windows else ()
        for span in window.spans:
            if span not in after:
                yield _problem(
                    "window_changed", name,
                    f"{span.first} 至 {span.last} 不能改动", f"{span.first} to {span.last} stay",
                )  # fmt: skip
    for name, window in new.windows.items():
        before = base.windows[name].spans if name in base.windows else ()
        for span in window.spans:
            if span not in before and (
                span.instrument not in amending.acts or span.first < amending.since
            ):
                yield _problem(
                    "added_by_other_act", name,
                    f"{span.first} 起的新日期须由新文件作出，且不早于 {amending.since}",
                    f"new days must be set by the new act, from {amending.since} on",
                )  # fmt: skip


def _calendars_changed(base: Pack, new: Pack, since: date) -> Iterator[Problem]:
    for name, calendar in base.calendars.items():
        after = new.calendars.get(name)
        days = [day for day in calendar.days if day < since]
        if after is None or [
            day for day in after.days if calendar.first <= day < min(since, calendar.last)
        ] != [day for day in days if day < calendar.last]:
            yield _problem(
                "calendar_changed", name,
                f"{since} 之前的工作日不能改动", f"working days before {since} stay",
            )  # fmt: skip
