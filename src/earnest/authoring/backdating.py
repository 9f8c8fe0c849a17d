"""A draft as if it had been in force earlier, so that history can be tried under it.

A draft may not reach back, so judging the past by it as it is changes nothing. For a trial, and for
nothing else, its acts and their values are moved back in time, all by as many days.
"""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from earnest.authoring.source import Edit, Item, Source, apply, scalar
from earnest.policy import Pack, Reading, load_pack_text
from earnest.policy.document import Path

DATED = (("parameters", "values"), ("tables", "editions"))


def as_if_from(pack: Pack, acts: Collection[str], on: date) -> Pack:
    """Return a pack in which the earliest of these acts is in force from a day on.

    Values that other acts set from that day on give way. The golden cases are left out: they tell
    what the rule was. An act that is in force by that day stays as it is.
    """
    source = Source(pack.text, pack.rulebook)
    back = min(act.in_force for act in pack.instruments if act.id in acts) - on
    if back <= timedelta():
        return pack
    edits = [
        *_acts_moved(source, acts, back),
        *_values_moved(source, acts, back),
        *_suspensions_moved(source, acts, back),
    ]
    if ("cases",) in source and source.children(("cases",)):
        edits.append(source.replaced(("cases",), "[]"))
    text = source.edited(edits)
    return load_pack_text(text, pack.rulebook).read_as(Reading(drafts=True))


def _acts_moved(source: Source, acts: Collection[str], back: timedelta) -> Iterator[Edit]:
    for index, act in enumerate(source.value(("instruments",))):
        if act["id"] not in acts:
            continue
        in_force = act["in_force"] - back
        published = min(act["published"], in_force)
        yield source.replaced(("instruments", index, "in_force"), scalar(in_force))
        yield source.replaced(("instruments", index, "published"), scalar(published))


def _values_moved(source: Source, acts: Collection[str], back: timedelta) -> Iterator[Edit]:
    for section, dated in DATED:
        for name in source.value((section,)) if (section,) in source else ():
            path: Path = (section, name, dated)
            if path not in source:
                continue
            values = source.value(path)
            moved = [each["from"] - back for each in values if each["instrument"] in acts]
            if not moved:
                continue
            items: list[Item] = [
                (index, _moved(source, (*path, index), back))
                if each["instrument"] in acts
                else (index, source.slice((*path, index)))
                for index, each in enumerate(values)
                if each["instrument"] in acts or each["from"] < min(moved)
            ]
            yield source.rewritten(path, items)


def _moved(source: Source, path: Path, back: timedelta) -> str:
    """Return a dated item's text with its days moved back."""
    start, _ = source.span(path)
    edits = [
        Edit(edit.start - start, edit.end - start, edit.text)
        for key in ("from", "ends")
        if (*path, key) in source
        for edit in [
            source.replaced((*path, key), scalar(source.value((*path, key)) - back)),
        ]
    ]
    return apply(source.slice(path), edits)


def _suspensions_moved(source: Source, acts: Collection[str], back: timedelta) -> Iterator[Edit]:
    path: Path = ("suspensions",)
    for index, each in enumerate(source.value(path) if path in source else ()):
        if each["instrument"] in acts:
            yield source.replaced((*path, index, "from"), scalar(each["from"] - back))
