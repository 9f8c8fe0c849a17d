"""What a person typed into a form: kept as typed, with what is wrong said at the field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from earnest.console.texts import text
from earnest.policy import Pack

VALUE_LENGTH_MAX = 500
IMPORTANCES = ("ordinary", "important", "favourable")
ID_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
ID_LENGTH_MAX = 40


@dataclass
class Field:
    """A field of a form: its name, its text as typed, and what is wrong with it."""

    name: str
    value: str = ""
    problem: str = ""


def typed(form: Mapping[str, str], name: str) -> str:
    """Return a field's text, trimmed, cut to length and free of control characters."""
    given = form.get(name, "")[:VALUE_LENGTH_MAX]
    return "".join(letter for letter in given if letter.isprintable()).strip()


def day_typed(value: str) -> date | None:
    """Return the day that was typed as YYYY-MM-DD, or None."""
    try:
        return date.fromisoformat(value) if len(value) == len("2026-01-31") else None
    except ValueError:
        return None


@dataclass
class ActForm:
    """The act that makes a change: its id, its days, how much it weighs, and why it is made."""

    act: Field = field(default_factory=lambda: Field("act"))
    published: Field = field(default_factory=lambda: Field("published"))
    in_force: Field = field(default_factory=lambda: Field("in_force"))
    importance: Field = field(default_factory=lambda: Field("importance", "ordinary"))
    title_zh: Field = field(default_factory=lambda: Field("title_zh"))
    title_en: Field = field(default_factory=lambda: Field("title_en"))
    reason: Field = field(default_factory=lambda: Field("reason"))

    on_top: str = ""
    """The hash of a draft that the change is added to: its act makes this change as well."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, in order."""
        return (
            self.act, self.published, self.in_force, self.importance,
            self.title_zh, self.title_en, self.reason,
        )  # fmt: skip

    @property
    def wrong(self) -> bool:
        """Whether a check found something."""
        return any(each.problem for each in self.fields)

    def check(self, pack: Pack) -> None:
        """Say at each field what is wrong with it, held against the book that it changes."""
        if not self.reason.value:
            self.reason.problem = text("form.empty")
        if self.on_top:
            return
        acts = {each.id for each in pack.instruments}
        if not self.act.value or not set(self.act.value) <= ID_LETTERS:
            self.act.problem = text("act.id_wrong")
        elif self.act.value in acts:
            self.act.problem = text("act.id_taken")
        days = {each.name: day_typed(each.value) for each in (self.published, self.in_force)}
        for each in (self.published, self.in_force):
            if days[each.name] is None:
                each.problem = text("form.not_a_day")
        published, in_force = days["published"], days["in_force"]
        if published and in_force and in_force < published:
            self.in_force.problem = text("act.reaches_back")
        if self.importance.value not in IMPORTANCES:
            self.importance.problem = text("form.choose")
        if not self.title_zh.value:
            self.title_zh.problem = text("form.empty")


def act_form_from(form: Mapping[str, str]) -> ActForm:
    """Return the act as it was typed."""
    act = ActForm()
    for each in act.fields:
        each.value = typed(form, each.name)
    act.act.value = act.act.value[:ID_LENGTH_MAX]
    return act
