"""A sample from the shelf to the lab and back: found, tested again on request, standing or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from earnest.catalogue.models import (
    AT_LAB,
    CHOSEN,
    DROPPED,
    FOUND,
    PASSED,
    RETEST,
    STANDS,
    TAKEN,
    WITHDRAWN,
    Sample,
    SampleStep,
)
from earnest.catalogue.sampling import sample_locked, sample_not
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, RuleRefused
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.rulebooks.packs import SUPPLY_MARKET, edition_keep, pack_for
from earnest.violations.reports import Report, ReportItem, violation_report

FINDINGS: Final = (
    "counterfeit", "customs", "labels", "composition_mismatch", "composition_faked", "safety",
    "linked_to_inferior",
)  # fmt: skip
"""The seven findings that count (S0-2.1-qual2f)."""

FINDING_CLAUSE: Final = "S0-2.1-qual2f"
RETEST_CLAUSE: Final = "S0-2.1-qual2"


@dataclass(frozen=True)
class LabResult:
    """What the lab says of a sample.

    Attributes:
        result: ``passed``, or one of ``FINDINGS``.
        report_id: the lab's report, kept as a document about the provider.
        note: in a few words.
        retest_until: last day to ask for a re-test; needed for a finding while the rulebook leaves
            the time open, and of no effect where it sets one.
    """

    result: str
    actor: str
    report_id: UUID | None
    note: str = ""
    retest_until: date | None = None


@transaction.atomic
def sample_take(
    tenant_id: str, number: str, place: int, actor: str, now: datetime, note: str = ""
) -> Sample:
    """Note that a sample was taken (bought, or drawn from stock).

    Raises:
        Conflict: it was taken already, or dropped.
        NotFound: no such round or sample.
    """
    return _moved(sample_locked(tenant_id, number, place), CHOSEN, TAKEN, actor, now, note)


@transaction.atomic
def sample_drop(
    tenant_id: str, number: str, place: int, actor: str, now: datetime, note: str
) -> Sample:
    """Give a sample up, with the reason why it could not be taken.

    Raises:
        BadInput: no reason.
        Conflict: it is at the lab already.
    """
    sample = sample_locked(tenant_id, number, place)
    if not note.strip():
        raise _reason_missing(sample)
    if sample.state not in {CHOSEN, TAKEN}:
        raise sample_not(sample)
    return _moved(sample, sample.state, DROPPED, actor, now, note)


@transaction.atomic
def sample_send(
    tenant_id: str, number: str, place: int, lab: str, actor: str, now: datetime
) -> Sample:
    """Note that a sample was sent to a lab.

    Raises:
        BadInput: the lab is not named.
        Conflict: it was not taken, or was sent already.
    """
    sample = sample_locked(tenant_id, number, place)
    if not lab.strip() or len(lab) > 120:
        raise BadInput(
            "lab_missing", where="lab", zh="请填写检测机构（最多 120 字）。",
            en="name the lab, in at most 120 characters",
        )  # fmt: skip
    sample.lab = lab.strip()
    return _moved(sample, TAKEN, AT_LAB, actor, now, lab)


@transaction.atomic
def sample_result(
    tenant_id: str, number: str, place: int, said: LabResult, now: datetime
) -> Sample:
    """Record what the lab says. A finding is told to the provider, who may ask for a re-test.

    Clauses: S0-2.1-qual1, S0-2.1-qual2, S0-2.1-qual2f.

    Raises:
        BadInput: unknown result, no report, or no day for a re-test while the rulebook has none.
        Conflict: the sample is not at the lab.
        NotFound: the report is no document about the provider.
    """
    sample = sample_locked(tenant_id, number, place)
    if said.result not in {PASSED, *FINDINGS}:
        raise BadInput(
            "unknown_result", where=said.result,
            zh="结论只能是合格，或规则列举的七种问题之一。",
            en=f"the result is passed, or one of {', '.join(FINDINGS)}",
        )  # fmt: skip
    if said.report_id is None:
        raise BadInput(
            "report_missing", where="report",
            zh="请附检测报告：没有报告不能作出结论。",
            en="hand in the lab's report: there is no result without one",
        )  # fmt: skip
    documents_owned(tenant_id, sample.round.subject, [said.report_id])
    sample.result, sample.report_id, sample.found_on = said.result, said.report_id, day_of(now)
    if said.result == PASSED:
        return _moved(sample, AT_LAB, PASSED, said.actor, now, said.note, [said.report_id])
    sample.retest_until, receipt = _retest_days(sample, said, now)
    moved = _moved(
        sample, AT_LAB, FOUND, said.actor, now, said.note, [said.report_id], receipt=receipt
    )
    _found_told(moved, now)
    return moved


@transaction.atomic
def retest_ask(
    tenant_id: str, number: str, place: int, actor: str, reason: str, now: datetime
) -> Sample:
    """Ask for a re-test of a finding, as its provider.

    Clause: S0-2.1-qual2.

    Raises:
        BadInput: no reason.
        Conflict: there is no finding, or a re-test was asked for already.
        RuleRefused: the last day has passed.
    """
    sample = sample_locked(tenant_id, number, place)
    if sample.state != FOUND:
        raise sample_not(sample)
    if not reason.strip():
        raise _reason_missing(sample)
    if sample.retest_until is not None and day_of(now) > sample.retest_until:
        raise RuleRefused(
            "retest_too_late",
            where=sample.item_id,
            zh=f"申请复检的期限已于 {sample.retest_until} 届满（{RETEST_CLAUSE}）。",
            en=f"a re-test could be asked for until {sample.retest_until} ({RETEST_CLAUSE})",
        )
    return _moved(sample, FOUND, RETEST, actor, now, reason)


@transaction.atomic
def retest_settle(
    tenant_id: str, number: str, place: int, said: LabResult, now: datetime
) -> Sample:
    """Record what the re-test says: passed lets the finding fall, a finding lets it stand.

    Clauses: S0-2.1-qual2, S0-2.1-qual2a.

    Raises:
        BadInput: unknown result or no report.
        Conflict: no re-test was asked for.
        NotFound: the report is no document about the provider.
    """
    sample = sample_locked(tenant_id, number, place)
    if sample.state != RETEST:
        raise sample_not(sample)
    if said.result not in {PASSED, *FINDINGS} or said.report_id is None:
        raise BadInput(
            "unknown_result", where=said.result,
            zh="请选择复检结论并附复检报告。", en="give the result of the re-test and its report",
        )  # fmt: skip
    documents_owned(tenant_id, sample.round.subject, [said.report_id])
    sample.report_id = said.report_id
    if said.result == PASSED:
        moved = _moved(sample, RETEST, WITHDRAWN, said.actor, now, said.note, [said.report_id])
        _withdrawn_told(moved, now)
        return moved
    sample.result = said.result
    return finding_stands(sample, RETEST, said.actor, now, said.note)


def finding_stands(
    sample: Sample, before: str, actor: str, now: datetime, note: str = ""
) -> Sample:
    """Let a finding stand, and report it: a reviewer finds what follows from it.

    Clauses: S0-2.1-qual2a, S0-2.1-qual2f.
    """
    row = sample.round
    documents = (sample.report_id,) if sample.report_id else ()
    item = ReportItem(
        kind=sample.result,
        clause=FINDING_CLAUSE,
        happened_on=sample.found_on or day_of(now),
        facts={
            "item_id": sample.item_id[:80],
            "sampling": row.number,
            "sample": sample.place,
            "lab": sample.lab,
            "sold": sample.sold,
        },
        documents=documents,
        note=note,
    )
    report = Report(
        subject=row.subject,
        source="inspection",
        items=(item,),
        actor=actor,
        note=f"{row.number} {sample.item_id}",
        about=f"sampling:{row.number}:{sample.place}",
    )
    sample.violation_id = violation_report(row.tenant_id, report, now).id
    return _moved(sample, before, STANDS, actor, now, note, documents)


def _retest_days(sample: Sample, said: LabResult, now: datetime) -> tuple[date, dict[str, Any]]:
    """Return the last day for a re-test: the rulebook's, else the one that a person gave."""
    on = day_of(now)
    pack = pack_for(sample.tenant_id, SUPPLY_MARKET, *sample.round.subject)
    evaluation = pack.evaluate("retest_request", {"found_on": on, "asked_on": on})
    edition_keep(pack, now)
    receipt = evaluation.receipt().as_dict()
    if evaluation.refusal is None:
        ends_on: date = evaluation.result["ends_on"]
        return ends_on, receipt
    if said.retest_until is None or said.retest_until < on:
        raise BadInput(
            "retest_day_needed",
            where="retest_until",
            zh="规则未设复检期限（retest_days），请填写可申请复检的最后一天，不早于今天。",
            en="the rulebook leaves the time for a re-test open (retest_days): give the last day, "
            "not before today",
        )
    return said.retest_until, receipt


def _moved(
    sample: Sample,
    before: str,
    after: str,
    actor: str,
    now: datetime,
    note: str = "",
    documents: Sequence[UUID] = (),
    *,
    receipt: dict[str, Any] | None = None,
) -> Sample:
    if sample.state != before:
        raise sample_not(sample)
    sample.state = after
    sample.save()
    SampleStep.objects.create(
        sample=sample,
        tenant_id=sample.tenant_id,
        what=after,
        note=note.strip(),
        documents=[str(each) for each in documents],
        receipt=receipt or {},
        actor=actor,
        at=now,
    )
    return sample


def _found_told(sample: Sample, now: datetime) -> None:
    pack = pack_for(sample.tenant_id, SUPPLY_MARKET, *sample.round.subject)
    words = pack.texts[sample.result]
    place = f"{sample.round.number}-{sample.place}"
    _told(
        sample,
        "found",
        Message(
            f"抽检发现问题：{sample.item_id}",
            f"抽检 {place}，商品 {sample.item_id}：{words.zh}（{FINDING_CLAUSE}）。"
            f"如有异议，可在 {sample.retest_until} 前（含当日）申请复检；"
            "逾期结论成立并转入违规审核。",
        ),
        Message(
            f"A sample failed: {sample.item_id}",
            f"Sampling {place}, goods {sample.item_id}: {words.get('en')} ({FINDING_CLAUSE}). "
            f"A re-test may be asked for until {sample.retest_until}, that day included; after it "
            "the finding stands and goes to review.",
        ),
        now,
    )


def _withdrawn_told(sample: Sample, now: datetime) -> None:
    place = f"{sample.round.number}-{sample.place}"
    _told(
        sample,
        "withdrawn",
        Message(
            f"复检合格：{sample.item_id}",
            f"抽检 {place}，商品 {sample.item_id} 复检合格，原结论撤销（{RETEST_CLAUSE}）。",
        ),
        Message(
            f"The re-test was passed: {sample.item_id}",
            f"Sampling {place}, goods {sample.item_id}: the finding is withdrawn "
            f"({RETEST_CLAUSE}).",
        ),
        now,
    )


def _told(sample: Sample, what: str, zh: Message, en: Message, now: datetime) -> None:
    notice = NewNotice(
        subject_kind="provider",
        subject_id=sample.round.provider_id,
        about=f"sample:{sample.round.number}:{sample.place}:{what}",
        kind="finding",
        severity="serious" if what == "found" else "info",
        clause=FINDING_CLAUSE if what == "found" else RETEST_CLAUSE,
        decision_id=None,
        zh=zh,
        en=en,
        due_on=sample.retest_until if what == "found" else None,
    )
    notices_send(sample.tenant_id, [notice], now)


def _reason_missing(sample: Sample) -> BadInput:
    return BadInput("reason_missing", where=sample.item_id, zh="请写明理由。", en="say why")
