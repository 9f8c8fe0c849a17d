"""Opening and closing a case, and the steps of its story in between."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from earnest.cases.models import Case, CaseEntry
from earnest.kernel.errors import Conflict, NotFound, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.policy import Evaluation
from earnest.policy.refusal import Refusal
from earnest.postgres.numbering import number_next


@dataclass(frozen=True)
class Filing:
    """What a person asks for: the kind of case, about whom, the facts, a word, and who asks."""

    kind: str
    subject: tuple[str, str]
    facts: dict[str, Any]
    actor: str
    note: str = ""
    evidence: Sequence[str] = field(default_factory=tuple)


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


@transaction.atomic
def case_open(tenant_id: str, filing: Filing, now: datetime) -> Case:
    """Open a case under the next number, with its first entry."""
    number = number_next(Case, tenant_id, "C")
    case = Case.objects.create(
        id=uuid7_for(now, tenant_id, "case", number),
        tenant_id=tenant_id,
        number=number,
        kind=filing.kind,
        subject_kind=filing.subject[0],
        subject_id=filing.subject[1],
        facts=_plain(filing.facts),
        note=filing.note,
        opened_by=filing.actor,
        opened_at=now,
    )
    entry_add(case, "opened", now, actor=filing.actor, note=filing.note, evidence=filing.evidence)
    return case


def entry_add(
    case: Case,
    what: str,
    now: datetime,
    *,
    actor: str,
    note: str = "",
    evidence: Sequence[str] = (),
) -> CaseEntry:
    """Add one step to the story of a case."""
    return CaseEntry.objects.create(
        case=case,
        tenant_id=case.tenant_id,
        what=what,
        note=note,
        evidence=list(evidence),
        actor=actor,
        at=now,
    )


@transaction.atomic
def case_close(case: Case, closed_as: str, now: datetime, *, actor: str, note: str = "") -> None:
    """Close a case as done, refused or withdrawn.

    Raises:
        Conflict: the case is closed already.
    """
    changed = Case.objects.filter(id=case.id, closed_at=None).update(
        closed_at=now, closed_as=closed_as
    )
    if not changed:
        raise Conflict(
            "case_closed",
            where=case.number,
            zh="该事项已经办结，不能再改；如需处理请另开一项。",
            en="the case is closed; open another one",
        )
    case.refresh_from_db()
    entry_add(case, closed_as, now, actor=actor, note=note)


def case_get(tenant_id: str, number: str) -> Case:
    """Return a case by its number.

    Raises:
        NotFound: there is none.
    """
    case = Case.objects.filter(tenant_id=tenant_id, number=number).first()
    if case is None:
        raise NotFound(
            "unknown_case",
            where=number,
            zh=f"没有编号为 {number} 的事项。",
            en=f"there is no case {number!r}",
        )
    return case


class PackRefused(RuleRefused):
    """A pack refuses to judge facts.

    Attributes:
        name: the step or fact that it is about, so that a form can say it at its field.
    """

    def __init__(self, refusal: Refusal, where: str) -> None:
        super().__init__(refusal.code, where=where, zh=refusal.zh, en=refusal.en)
        self.name = refusal.name


def accepted(evaluation: Evaluation, where: str) -> Evaluation:
    """Return an evaluation that came to a result.

    Raises:
        PackRefused: the rule refuses to judge these facts, with its own words.
    """
    refusal = evaluation.refusal
    if refusal is None:
        return evaluation
    raise PackRefused(refusal, where)
