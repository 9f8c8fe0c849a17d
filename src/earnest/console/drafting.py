"""A change that a person typed, as a draft: the book's text with one more act and its values."""

from dataclasses import dataclass
from datetime import date

from earnest.authoring.amending import (
    NewEdition,
    NewInstrument,
    NewValue,
    edition_added,
    instrument_added,
    value_added,
)
from earnest.console.forms import ActForm, Field, act_form_from, day_typed, typed
from earnest.console.table_editor import TableEditor, as_yaml
from earnest.console.texts import text
from earnest.kernel.errors import Conflict
from earnest.policy import Pack
from earnest.policy.editions import Parameter
from earnest.policy.kinds import written
from earnest.policy.shape import Instrument
from earnest.rulebooks.packs import pack_of
from earnest.rulebooks.queries import draft_get, draft_pack


@dataclass
class Ground:
    """What a change is made to: a book as it counts now, or a draft that it is added to."""

    pack: Pack
    act: Instrument | None = None

    @property
    def on_top(self) -> str:
        """The hash of the draft that the change is added to; empty for a book as it counts."""
        return self.pack.hash if self.act else ""


def ground_of(rulebook: str, on_top: str, today: date) -> Ground:
    """Return what a change is made to.

    Raises:
        NotFound: no such rulebook or draft.
        Conflict: the draft has been announced or withdrawn: another draft is needed.
    """
    if not on_top:
        return Ground(pack_of(rulebook))
    row = draft_get(on_top, today)
    if row.state not in {"draft", "consultation"}:
        raise Conflict(
            "not_a_draft",
            where=row.hash[:12],
            zh="这份修订已公布或已撤回，不能再添加；请另起一份草案。",
            en="this amendment has been announced or withdrawn; start another draft",
        )
    pack = draft_pack(row.hash)
    act = next(each for each in pack.instruments if each.id == row.instruments[-1])
    return Ground(pack, act)


def act_of(ground: Ground, act: ActForm) -> NewInstrument | Instrument:
    """Return the act that makes the change: the draft's own, or the one that was typed."""
    if ground.act is not None:
        return ground.act
    published, in_force = day_typed(act.published.value), day_typed(act.in_force.value)
    assert published is not None and in_force is not None  # noqa: S101, PT018 - checked before
    return NewInstrument(
        id=act.act.value,
        published=published,
        in_force=in_force,
        importance=act.importance.value,
        title={"zh": act.title_zh.value, "en": act.title_en.value or act.title_zh.value},
    )


def _with_act(ground: Ground, act: NewInstrument | Instrument) -> str:
    if isinstance(act, NewInstrument):
        return instrument_added(ground.pack.text, act, ground.pack.rulebook)
    return ground.pack.text


@dataclass
class ValueForm:
    """A parameter's next value as it was typed, and the act that sets it."""

    parameter: Parameter
    value: Field
    clause: Field
    act: ActForm

    @property
    def wrong(self) -> bool:
        """Whether a check found something."""
        return bool(self.value.problem or self.clause.problem) or self.act.wrong

    def check(self, ground: Ground) -> None:
        """Say at each field what is wrong with it."""
        self.act.check(ground.pack)
        kind = self.parameter.kind
        try:
            written(kind, as_yaml(kind, self.value.value))
        except ValueError:
            self.value.problem = text(f"editor.wrong_output.{kind.name}")
        if self.clause.value not in ground.pack.clauses:
            self.clause.problem = text("editor.unknown_clause")

    def text(self, ground: Ground) -> str:
        """Return the draft's whole text; only after a check that found nothing wrong.

        Raises:
            EarnestError: the pack would not load with it.
        """
        act = act_of(ground, self.act)
        new = NewValue(
            since=act.in_force,
            value=as_yaml(self.parameter.kind, self.value.value),
            clause=self.clause.value,
            instrument=act.id,
        )
        rulebook = ground.pack.rulebook
        return value_added(_with_act(ground, act), self.parameter.name, new, rulebook)


def value_form_from(parameter: Parameter, form: dict[str, str]) -> ValueForm:
    """Return a parameter's next value as it was typed."""
    return ValueForm(
        parameter,
        Field("value", typed(form, "value")),
        Field("clause", typed(form, "clause")),
        act_form_from(form),
    )


def table_text(ground: Ground, editor: TableEditor, act_form: ActForm) -> str:
    """Return the draft's whole text with a table's next rows; only after a check.

    Raises:
        EarnestError: the pack would not load with them.
    """
    act = act_of(ground, act_form)
    new = NewEdition(since=act.in_force, instrument=act.id, rows=editor.as_rows())
    rulebook = ground.pack.rulebook
    return edition_added(_with_act(ground, act), editor.table.name, new, rulebook)
