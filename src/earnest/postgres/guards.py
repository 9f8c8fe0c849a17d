"""Triggers that keep history whole, for the tables of every room.

They fire for everybody, our own code and raw SQL included, once per statement. The names are read
when rights are granted: a table with an ``append_only`` trigger gets no right to change rows.
"""

import pgtrigger

_WORDS = "RAISE EXCEPTION 'earnest: rows of % are never touched by %', TG_TABLE_NAME, TG_OP;"


def append_only() -> pgtrigger.Trigger:
    """Return the trigger of a table whose rows are added and never changed or removed."""
    return pgtrigger.Trigger(
        name="append_only",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        func=_WORDS,
    )


def kept_for_ever() -> pgtrigger.Trigger:
    """Return the trigger of a table whose rows may change in some columns but never go."""
    return pgtrigger.Trigger(
        name="kept_for_ever",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Delete | pgtrigger.Truncate,
        func=_WORDS,
    )


def written_once(name: str, stamp: str, *fields: str) -> pgtrigger.Trigger:
    """Return the trigger of columns that are written together once and stand from then on.

    Takes:
        name: of the trigger, unique within its table.
        stamp: the column that is empty until they are written; it stands as well.
        fields: the other columns.
    """
    changed = pgtrigger.Q()
    for field in (stamp, *fields):
        changed |= pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")})
    return pgtrigger.Protect(
        name=name,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(**{f"old__{stamp}__isnull": False}) & changed,
    )
