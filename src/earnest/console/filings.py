"""What a person may file about a deposit: what a form asks, who may send it, what it calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from earnest.cases.categories import category_ask, category_close
from earnest.cases.deduction_basis import LOSS_PARTS, Basis, basis_read
from earnest.cases.deductions import DeductionFiling, deduction_file, deduction_review
from earnest.cases.discretion import DiscretionFiling, discretion_ask
from earnest.cases.exits import ExitFiling, exit_ask
from earnest.cases.holds import HoldFiling, hold_ask
from earnest.cases.models import Case
from earnest.cases.raises import GROUND_CLAUSES, RaiseFiling, RaiseReview, raise_ask, raise_review
from earnest.cases.removals import HarmFiling, harm_file
from earnest.cases.withdrawals import withdrawal_ask
from earnest.console.asking import Asked
from earnest.deposits.recoveries import MODES
from earnest.market.queries import Subject, open_categories
from earnest.market.roles import ACT_FOR_PARTY, DECIDE
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of
from earnest.rulebooks.queries import objections

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Filer:
    """Who files, about whom, when; ``of`` names what it is about where that is not the subject."""

    tenant_id: str
    subject: Subject
    actor: str
    now: datetime
    of: str = ""


@dataclass(frozen=True)
class Filable:
    """A form that makes a case.

    Attributes:
        permission: of the role that may send it: an operator's, or the party's own.
        asked: the fields, for a subject.
        file: makes the case.
        at: the field that an error is about, by the error's code.
        subject_kind: whose deposits it is for.
        rehearse: what is done on top of a rehearsal, so that the preview shows the decisions.
    """

    permission: str
    asked: Callable[[str, Subject], Sequence[Asked]]
    file: Callable[[Filer, Values], Case]
    at: Mapping[str, str]
    rehearse: Callable[[Filer, Case], object] | None = None
    subject_kind: str = "shop"


REASON = Asked("reason", "long")
NOTE = Asked("note", "long", required=False)
EVIDENCE = Asked("evidence", "names", required=False)


def _same(*asked: Asked) -> Callable[[str, Subject], Sequence[Asked]]:
    return lambda _tenant_id, _subject: asked


def _raise_file(filer: Filer, values: Values) -> Case:
    filing = RaiseFiling(
        filer.subject,
        values["raise_ground"],
        values["losses"],
        values["set"] or 0,
        values["review_on"],
        values["reason"],
        filer.actor,
        values["evidence"],
    )
    return raise_ask(filer.tenant_id, filing, filer.now)


def _raise_review(filer: Filer, values: Values) -> Case:
    review = RaiseReview(values["cause_ended"], values["reason"], filer.actor, values["next_on"])
    return raise_review(filer.tenant_id, UUID(filer.of), review, filer.now)


def _category_of(*, opened: bool) -> Callable[[str, Subject], Sequence[Asked]]:
    """Ask for one of the categories that a shop has, or has not yet."""

    def asked(tenant_id: str, subject: Subject) -> Sequence[Asked]:
        choices = set(open_categories(tenant_id, [subject[1]]).get(subject[1], []))
        if not opened:
            choices = set(_table_words("category_standard")) - choices
        return (Asked("category", "choice", choices=sorted(choices), words="category"), NOTE)

    return asked


def _shop_asks(act: Callable[..., Case], field: str) -> Callable[[Filer, Values], Case]:
    """Call what a shop asks for with one field of the form, and a note."""

    def file(filer: Filer, values: Values) -> Case:
        shop_id, note = filer.subject[1], values["note"]
        return act(filer.tenant_id, shop_id, values[field], filer.actor, filer.now, note=note)

    return file


def _objections(tenant_id: str, subject: Subject) -> Sequence[Asked]:
    acts = [
        each.instrument
        for each in objections(tenant_id, rulebook=SHOP_DEPOSIT)
        if (each.subject_kind, each.subject_id) == subject
    ]
    asked = (Asked("exit_reason", "long", required=False),)
    if not acts:
        return asked
    return (*asked, Asked("objection", "choice", required=False, choices=acts, words="instrument"))


def _exit_file(filer: Filer, values: Values) -> Case:
    filing = ExitFiling(filer.actor, values["exit_reason"], values.get("objection", ""))
    return exit_ask(filer.tenant_id, filer.subject[1], filing, filer.now)


def _table_words(table: str) -> list[str]:
    rows = pack_of(SHOP_DEPOSIT).tables[table].rows
    return list(dict.fromkeys(str(value) for row in rows for value in row.cells[0].values))


def _deduction_asked(*basis: Asked) -> Callable[[str, Subject], Sequence[Asked]]:
    def asked(_tenant_id: str, _subject: Subject) -> Sequence[Asked]:
        grounds = _table_words("deduction_grounds")
        failures = ", ".join(_table_words("compensation_rates"))
        return (
            Asked("ground", "choice", choices=grounds, words="ground"),
            Asked("breached_on", "day"),
            *(replace(each, more=failures) if each.name == "orders" else each for each in basis),
            Asked("mode", "choice", choices=MODES, words="recovery_mode", value="partial"),
            Asked("advances", "yes"),
            Asked("note", "long"),
            EVIDENCE,
        )

    return asked


def _basis(kind: str, values: Values) -> Basis:
    if kind == "orders":
        given: object = [{"paid_fen": fen, "failure": failure} for fen, failure in values["orders"]]
    elif kind == "fakes":
        given = [{"paid_fen": fen, "ordered_on": day} for fen, day in values["fakes"]]
    elif kind == "loss":
        given = {name: values[name.removesuffix("_fen")] or 0 for name in LOSS_PARTS}
    else:
        given = values["amount_due"]
    return basis_read(kind, given)


def _deduction_file(kind: str) -> Callable[[Filer, Values], Case]:
    def filed(filer: Filer, values: Values) -> Case:
        filing = DeductionFiling(
            subject=filer.subject,
            ground=values["ground"],
            breached_on=values["breached_on"],
            basis=_basis(kind, values),
            mode=values["mode"],
            advances=values["advances"],
            actor=filer.actor,
            note=values["note"],
            evidence=values["evidence"],
        )
        return deduction_file(filer.tenant_id, filing, filer.now)

    return filed


def _deduction_rehearse(filer: Filer, case: Case) -> object:
    """Let another person confirm it, so that the preview shows finding, amount and recovery."""
    return deduction_review(
        filer.tenant_id,
        case.number,
        confirmed=True,
        actor=f"{filer.actor} / 2",
        note="preview",
        now=filer.now,
    )


def _deduction(kind: str, *basis: Asked) -> Filable:
    field = {"orders": "orders", "fakes": "fakes", "loss": "damages"}.get(kind, "amount_due")
    at = {
        "breach_to_come": "breached_on",
        "note_missing": "note",
        "nothing_due": field,
        "deduction_basis_wrong": field,
        "unknown_mode": "mode",
    }
    return Filable(DECIDE, _deduction_asked(*basis), _deduction_file(kind), at, _deduction_rehearse)


def _hold_file(filer: Filer, values: Values) -> Case:
    filing = HoldFiling(
        subject=filer.subject,
        reason=values["reason"],
        owner=values["owner"],
        review_on=values["review_on"],
        estimate_fen=values["estimate"],
        actor=filer.actor,
        evidence=values["evidence"],
    )
    return hold_ask(filer.tenant_id, filing, filer.now)


def _discretion_asked(_tenant_id: str, _subject: Subject) -> Sequence[Asked]:
    measures = _table_words("restriction_effects")
    return (
        Asked("measure", "choice", choices=measures, words="outcome"),
        REASON,
        Asked("decided_by", "text"),
        EVIDENCE,
    )


def _discretion_file(filer: Filer, values: Values) -> Case:
    filing = DiscretionFiling(
        filer.subject[1],
        values["measure"],
        values["reason"],
        values["decided_by"],
        filer.actor,
        values["evidence"],
    )
    return discretion_ask(filer.tenant_id, filing, filer.now)


def _harm_file(filer: Filer, values: Values) -> Case:
    filing = HarmFiling(
        filer.subject[1], values["loss"] or 0, values["reason"], filer.actor, values["evidence"]
    )
    return harm_file(filer.tenant_id, filing, filer.now)


FILABLE: dict[str, Filable] = {
    "deduction_orders": _deduction("orders", Asked("orders", "pairs")),
    "deduction_fakes": _deduction("fakes", Asked("fakes", "pairs")),
    "deduction_loss": _deduction(
        "loss",
        Asked("damages", "yuan", required=False),
        Asked("court", "yuan", required=False),
        Asked("lawyers", "yuan", required=False),
        Asked("penalty", "yuan", required=False),
    ),
    "deduction_amount": _deduction("amount", Asked("amount_due", "yuan")),
    "hold": Filable(
        DECIDE,
        _same(
            REASON,
            Asked("owner", "text"),
            Asked("review_on", "day"),
            Asked("estimate", "yuan", required=False),
            EVIDENCE,
        ),
        _hold_file,
        {
            "estimate_wrong": "estimate",
            "not_met:reason_given": "reason",
            "not_met:owner_named": "owner",
            "not_met:review_set": "review_on",
        },
    ),
    "raise": Filable(
        DECIDE,
        _same(
            Asked("raise_ground", "choice", choices=tuple(GROUND_CLAUSES), words="raise_ground"),
            Asked("losses", "yuans", required=False),
            Asked("set", "yuan", required=False),
            Asked("review_on", "day"),
            REASON,
            EVIDENCE,
        ),
        _raise_file,
        {
            "raise_of_nothing": "losses",
            "not_met:review_set": "review_on",
            "not_met:reason_given": "reason",
            "not_met:set_within_bound": "set",
        },
    ),
    "raise_review": Filable(
        DECIDE,
        _same(Asked("cause_ended", "yes"), Asked("next_on", "day", required=False), REASON),
        _raise_review,
        {"review_not_later": "next_on", "reason_missing": "reason"},
    ),
    "category": Filable(
        ACT_FOR_PARTY,
        _category_of(opened=False),
        _shop_asks(category_ask, "category"),
        {"category_asked": "category"},
    ),
    "category_close": Filable(
        ACT_FOR_PARTY, _category_of(opened=True), _shop_asks(category_close, "category"), {}
    ),
    "withdrawal": Filable(
        ACT_FOR_PARTY,
        _same(Asked("amount", "yuan", required=False), NOTE),
        _shop_asks(withdrawal_ask, "amount"),
        {"more_than_excess": "amount"},
    ),
    "discretion": Filable(
        DECIDE,
        _discretion_asked,
        _discretion_file,
        {"measure_restricts_nothing": "measure"},
    ),
    "harm": Filable(
        DECIDE,
        _same(Asked("loss", "yuan", required=False), REASON, EVIDENCE),
        _harm_file,
        {"reason_missing": "reason"},
        subject_kind="provider",
    ),
    "exit": Filable(ACT_FOR_PARTY, _objections, _exit_file, {}),
}
