"""The forms of violations that have rows: an item to report, and a verdict on every item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from earnest.console.forms import Field, day_typed, typed
from earnest.console.texts import language, text
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError
from earnest.kernel.money import fen_of_yuan
from earnest.violations.finding import VERDICTS, Verdict
from earnest.violations.kinds import Kind, kinds_of, measures_proposable, pack_of_subject
from earnest.violations.models import Violation
from earnest.violations.reports import THINGS, ReportItem

NAMES: Final = (
    "subject", "source", "kind", "happened_on", "thing_kind", "thing", "stake", "loss", "note",
)  # fmt: skip
SOURCES_BY_HAND: Final = ("report", "inspection", "complaint", "screening", "regulator")


@dataclass
class ItemForm:
    """An item as it was typed, and what is wrong with each field.

    Attributes:
        kinds: the kinds of violation that may be chosen, with their words.
    """

    kinds: Sequence[tuple[str, str, str]] = ()
    fields: dict[str, Field] = field(default_factory=lambda: {name: Field(name) for name in NAMES})
    problem: str = ""

    @property
    def wrong(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.problem) or any(each.problem for each in self.fields.values())

    def refused(self, said: str, where: str) -> None:
        """Say what is wrong at the field that it is about, or above the form."""
        name = where.rsplit(".", 1)[-1]
        if name in self.fields:
            self.fields[name].problem = said
        else:
            self.problem = said


def kinds_now(tenant_id: str, now: datetime) -> dict[str, Kind]:
    """Return the kinds of violation of a provider in force now."""
    pack = pack_of_subject(tenant_id, ("provider", ""))
    return kinds_of(pack, max(day_of(now), pack.in_force_from()))


def kinds_offered(kinds: Mapping[str, Kind]) -> list[tuple[str, str, str]]:
    """Return the kinds that may be chosen: name, words and clause."""
    return [(each.name, each.words.said(language()), each.clause) for each in kinds.values()]


def item_form(posted: Mapping[str, str], kinds: Mapping[str, Kind]) -> ItemForm:
    """Return an item as it was typed."""
    form = ItemForm(kinds_offered(kinds))
    for name, each in form.fields.items():
        each.value = typed(posted, name)
    return form


def item_read(form: ItemForm, *, with_report: bool) -> ReportItem | None:
    """Return the item that was typed, or None with what is wrong said at its fields.

    Takes:
        with_report: whether the subject, the source and a word of what happened are asked too.
    """
    needed = ("kind", "happened_on", *(("subject", "source", "note") if with_report else ()))
    for name in needed:
        if not form.fields[name].value:
            form.fields[name].problem = text("form.empty")
    happened_on = day_typed(form.fields["happened_on"].value)
    if happened_on is None:
        form.fields["happened_on"].problem = text("form.not_a_day")
    facts = _facts(form)
    if form.wrong or happened_on is None:
        return None
    return ReportItem(
        form.fields["kind"].value, "", happened_on, facts, (), form.fields["note"].value
    )


def _facts(form: ItemForm) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    thing_kind, thing = form.fields["thing_kind"].value, form.fields["thing"].value
    if thing and thing_kind not in THINGS:
        form.fields["thing_kind"].problem = text("form.choose")
    elif thing:
        facts[thing_kind] = thing
    for name, fact in (("stake", "stake_fen"), ("loss", "loss_fen")):
        if value := form.fields[name].value:
            try:
                facts[fact] = fen_of_yuan(value)
            except (ValueError, EarnestError):
                form.fields[name].problem = text("violation.not_an_amount")
    return facts


@dataclass(frozen=True)
class VerdictRow:
    """A verdict on one item as it was typed."""

    position: int
    verdict: str
    clause: str
    reason: str
    measure: str = ""


def proposable_now(violation: Violation, now: datetime) -> list[str]:
    """Return the measures that a reviewer may propose in place of a kind's own."""
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    return list(measures_proposable(pack, max(day_of(now), pack.in_force_from())))


def verdict_rows(violation: Violation, posted: Mapping[str, str]) -> list[VerdictRow]:
    """Return the verdicts as they were typed, one for each item."""
    items = sorted(violation.items.all(), key=lambda each: each.position)
    return [
        VerdictRow(
            each.position,
            typed(posted, f"verdict-{each.position}"),
            typed(posted, f"clause-{each.position}"),
            typed(posted, f"reason-{each.position}"),
            typed(posted, f"measure-{each.position}"),
        )
        for each in items
    ]


def verdicts_of(rows: Sequence[VerdictRow]) -> list[Verdict]:
    """Return verdicts as the finding takes them."""
    return [
        Verdict(each.position, each.verdict, each.reason, each.clause, each.measure)
        for each in rows
    ]


def check_read(rows: Sequence[VerdictRow]) -> dict[int, str]:
    """Return the verdicts of a second look by position; what was not chosen is left out."""
    return {each.position: each.verdict for each in rows if each.verdict in VERDICTS}
