"""Bringing evidence for a requirement, and a reviewer's word on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from earnest.admission.figures import (
    BY_PERSON,
    SHIPPING,
    asked_of,
    figure_status,
    trial_figures,
    trial_window,
)
from earnest.admission.filing import (
    DEPOSIT,
    OPENED,
    PREPARING,
    REVIEW,
    application_locked,
    evidence_note,
    pack_of_application,
    reason_given,
    state_required,
    unknown,
)
from earnest.admission.models import Application, Evidence
from earnest.admission.requirements import (
    ACCEPTED,
    EXPIRED,
    MEASURED,
    SENT_BACK,
    SUBMITTED,
    Requirement,
    counts_on,
)
from earnest.admission.telling import Told, applicant_tell
from earnest.cases.filing import accepted
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, RuleRefused
from earnest.kernel.words import Words

RENEWED_IN = (DEPOSIT, OPENED)
"""States in which what ran out may be brought again, one by one."""
COUNT_MAX = 10**12


@dataclass(frozen=True)
class Brought:
    """What an applicant brings for a requirement.

    Attributes:
        statement: in its own words.
        documents: ids of documents that it uploaded.
        ends_on: last day on which the documents are valid; None where they do not run out.
        figure: how many of how many, for a norm that the feed does not measure.
    """

    statement: str = ""
    documents: Sequence[UUID] = ()
    ends_on: date | None = None
    figure: tuple[int, int] | None = None


@transaction.atomic
def evidence_bring(
    tenant_id: str, number: str, requirement: str, brought: Brought, actor: str, now: datetime
) -> Evidence:
    """Bring what shows that a requirement is met; what was sent back or ran out comes anew.

    Raises:
        BadInput: nothing was brought, a figure is impossible, or the document has run out.
        Conflict: the application is elsewhere, the item is accepted, or the feed measures it.
        NotFound: no such application, requirement or document.
        RuleRefused: ``document_needed`` where the rulebook asks for one.
    """
    application = application_locked(tenant_id, number)
    state_required(application, (PREPARING, *RENEWED_IN))
    row, need = _row(application, requirement)
    _may_bring(application, row)
    on = day_of(now)
    documents = documents_owned(tenant_id, application.subject, brought.documents)
    if brought.ends_on is not None and brought.ends_on < on:
        raise BadInput(
            "document_ended",
            where="ends_on",
            zh="材料的有效期已过；请提供有效的材料。",
            en="the document has run out; bring one that is valid",
        )
    if not brought.statement.strip() and not documents:
        raise BadInput(
            "nothing_brought",
            where=requirement,
            zh="请写明情况或附上文件。",
            en="say how the requirement is met, or add a document",
        )
    _document_check(application, need, len(documents), now)
    if need.kind == MEASURED:
        _figure_enter(application, row, brought.figure, now)
    row.statement, row.documents = brought.statement.strip(), [str(each.id) for each in documents]
    row.ends_on, row.state, row.reason = brought.ends_on, SUBMITTED, ""
    row.changed_at, row.reminded_at = now, None
    row.save()
    evidence_note(row, SUBMITTED, now, actor=actor, note=row.statement)
    return row


@transaction.atomic
def evidence_accept(
    tenant_id: str, number: str, requirement: str, actor: str, now: datetime, *, note: str = ""
) -> Evidence:
    """Accept what was brought for a requirement, as its first reviewer.

    Raises:
        Conflict: the application is elsewhere, or nothing lies before the reviewer.
        NotFound: no such application or requirement.
        RuleRefused: ``figure_not_met`` where the rulebook says that the figure will not do;
            ``evidence_ended`` where the document ran out meanwhile.
    """
    application = application_locked(tenant_id, number)
    state_required(application, (REVIEW, *RENEWED_IN))
    row, need = _row(application, requirement)
    _lies_before(row, (SUBMITTED,))
    if not counts_on(row, day_of(now)):
        raise RuleRefused(
            "evidence_ended",
            where=requirement,
            zh=f"材料有效期至 {row.ends_on}，已过期；请退回补充。",
            en=f"it was valid until {row.ends_on}; send it back",
        )
    _figure_met(application, row, need, now)
    row.state, row.reason, row.changed_at = ACCEPTED, note.strip(), now
    row.save()
    evidence_note(row, ACCEPTED, now, actor=actor, note=note.strip())
    return row


@transaction.atomic
def evidence_send_back(
    tenant_id: str, number: str, requirement: str, reason: str, actor: str, now: datetime
) -> Evidence:
    """Send back what was brought for a requirement, with the reason that the applicant reads.

    Raises:
        BadInput: no reason is given.
        Conflict: the application is elsewhere, or nothing lies before the reviewer.
        NotFound: no such application or requirement.
    """
    note = reason_given(reason, requirement)
    application = application_locked(tenant_id, number)
    state_required(application, (REVIEW, *RENEWED_IN))
    row, need = _row(application, requirement)
    _lies_before(row, (SUBMITTED, ACCEPTED) if application.state == REVIEW else (SUBMITTED,))
    row.state, row.reason, row.changed_at = SENT_BACK, note, now
    row.save()
    evidence_note(row, SENT_BACK, now, actor=actor, note=note)
    if application.state in RENEWED_IN:  # during a review it is told at its end, all at once
        told = Told(
            f"back {requirement}",
            Words(f"材料已退回：{need.title.zh}", f"Sent back: {need.title.en}"),
            Words(f"理由：{note}。请重新提交。", f"Reason: {note}. Bring it again."),
            "warning",
            need.clause,
        )
        applicant_tell(application, told, now)
    return row


def _row(application: Application, requirement: str) -> tuple[Evidence, Requirement]:
    need = asked_of(application).get(requirement)
    row = application.evidence.select_for_update().filter(requirement=requirement).first()
    if need is None or row is None:
        raise unknown("requirement", requirement)
    return row, need


def _may_bring(application: Application, row: Evidence) -> None:
    if row.state == ACCEPTED:
        raise Conflict(
            "evidence_accepted",
            where=row.requirement,
            zh="这一项已通过，无需再提交。",
            en="this is accepted already; nothing more is needed",
        )
    if application.state in RENEWED_IN and row.state not in {EXPIRED, SENT_BACK}:
        raise Conflict(
            "evidence_not_asked",
            where=row.requirement,
            zh="这一项目前不需要补充；只有过期或退回的材料可以重新提交。",
            en="nothing is asked for here; only what ran out or was sent back can be brought again",
        )


def _lies_before(row: Evidence, states: Sequence[str]) -> None:
    if row.state not in states:
        raise Conflict(
            "evidence_not_submitted",
            where=row.requirement,
            zh="这一项没有待审的材料；请刷新页面。",
            en="nothing of this lies before the reviewer; reload the page",
        )


def _document_check(application: Application, need: Requirement, count: int, now: datetime) -> None:
    facts = {
        "brought_on": day_of(now), "requirement": need.name, "documents": count, "measured": False,
    }  # fmt: skip
    pack = pack_of_application(application)
    if not accepted(pack.evaluate("evidence_brought", facts), need.name).result["complete"]:
        raise RuleRefused(
            "document_needed",
            where=need.name,
            zh=f"“{need.title.zh}”须附文件，例如：{need.proof.zh}。",
            en=f"“{need.title.en}” needs a document, for example: {need.proof.en}",
        )


def _figure_enter(
    application: Application, row: Evidence, figure: tuple[int, int] | None, now: datetime
) -> None:
    if row.requirement in trial_figures(application, now, [row.requirement]):
        raise Conflict(
            "figure_measured",
            where=row.requirement,
            zh="系统已有试运行数据，以系统数据为准，请点击“取数”，无需填报。",
            en="the feed has figures of this trial and they count; take those instead",
        )
    if figure is None or not 0 <= figure[0] <= figure[1] <= COUNT_MAX:
        raise BadInput(
            "figure_wrong",
            where=row.requirement,
            zh="请填写达标数与总数；达标数不得大于总数。",
            en="give how many of how many; the first is not larger than the second",
        )
    row.numerator, row.denominator = figure
    row.figure_source = BY_PERSON
    row.window_from, row.window_to = trial_window(pack_of_application(application), day_of(now))


def _figure_met(application: Application, row: Evidence, need: Requirement, now: datetime) -> None:
    if need.kind != MEASURED:
        return
    pack = pack_of_application(application)
    status = figure_status(pack, row, day_of(now))
    unseen = row.requirement == SHIPPING and status != "met"  # no order is no rate
    if status in {"", "breached"} or unseen:
        raise RuleRefused(
            "figure_not_met",
            where=row.requirement,
            zh=f"{need.title.zh}：{row.numerator or 0}/{row.denominator or 0}，"
            f"未达到 {need.clause} 的要求，不能通过；请退回。",
            en=f"{need.title.en}: {row.numerator or 0} of {row.denominator or 0} does not reach "
            f"{need.clause}; send it back",
        )
