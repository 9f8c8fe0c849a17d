"""What changes about rulebooks: drafts on their way, confirmed values, objections.

Who may do it is asked at the edges, where people are known; that two are two persons is held here.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, RuleRefused
from earnest.policy import Reading, load_pack_text
from earnest.rulebooks.announcement import base_hash_now, conditions, submission_check
from earnest.rulebooks.assumptions import AssumedValue, assumed_named
from earnest.rulebooks.drafts import (
    ANNOUNCED,
    APPROVED,
    CONSULTATION,
    DRAFT,
    IN_FORCE,
    OPEN,
    SUPERSEDED,
    WITHDRAWAL,
    WITHDRAWN,
    as_announced,
    draft_found,
    draft_rows,
    importance_of,
    new_acts,
)
from earnest.rulebooks.models import (
    Confirmation,
    Draft,
    DraftStep,
    Objection,
    Publication,
    WhatIfReport,
)
from earnest.rulebooks.packs import edition_keep, edition_of, pack_of


def _rulebook_lock(rulebook: str) -> None:
    """Take the transaction's lock on a rulebook, so that its history is one line."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [rulebook])


def _step(draft: Draft, state: str, actor: str, note: str, now: datetime) -> DraftStep:
    return DraftStep.objects.create(draft=draft, state=state, actor=actor, note=note, at=now)


def _state(draft: Draft, now: datetime) -> str:
    return draft_rows([draft], day_of(now))[0].state


def _must_be_open(draft: Draft, now: datetime) -> None:
    state = _state(draft, now)
    if state not in OPEN:
        raise Conflict(
            "draft_not_open", where=draft.hash,
            zh=f"该草案状态为 {state}，不能再办理；要再改请提交新的草案。",
            en=f"this draft is {state} and goes no further; submit a new draft for another change",
        )  # fmt: skip


@transaction.atomic
def draft_submit(text: str, *, name: str, actor: str, note: str, now: datetime) -> Draft:
    """Take in a changed pack text as a draft; the same text again is the same draft.

    Takes:
        text: the whole pack with the new acts in state draft (with its bases, if it extends any).
        name: how the text is called in problems.
        note: why; an erratum cannot do without.

    Raises:
        PackError: the text does not load, now or as it would be announced.
        BadInput: no act is a draft, amendment and erratum are mixed, or an erratum gives no reason.
        RuleRefused: an amendment reaches back, or changes what is in force before it.
    """
    pack = load_pack_text(text, name, Reading(drafts=True))
    acts = new_acts(pack)
    _rulebook_lock(pack.rulebook)
    known = Draft.objects.filter(hash=pack.hash).first()
    if known is not None:
        return known
    draft = Draft(
        hash=pack.hash,
        rulebook=pack.rulebook,
        text=text,
        base_hash=base_hash_now(pack.rulebook),
        instruments=[act.id for act in acts],
        change=acts[0].change,
        importance=importance_of(acts),
        in_force_on=min(act.in_force for act in acts),
        note=note.strip(),
        submitted_by=actor,
        submitted_at=now,
    )
    submission_check(draft, name, day_of(now))
    draft.save(force_insert=True)
    _step(draft, DRAFT, actor, note.strip(), now)
    return draft


@transaction.atomic
def draft_advance(
    draft_hash: str, *, actor: str, until_on: date, note: str, now: datetime
) -> DraftStep:
    """Open a draft to comment until a day, that day included.

    Raises:
        NotFound: there is no such draft.
        BadInput: the day is past.
        Conflict: it was announced or withdrawn.
    """
    draft = draft_found(draft_hash)
    _rulebook_lock(draft.rulebook)
    _must_be_open(draft, now)
    if until_on < day_of(now):
        raise BadInput(
            "day_past", where=str(until_on),
            zh="征求意见的截止日已过。", en="the last day for comments is past",
        )  # fmt: skip
    return DraftStep.objects.create(
        draft=draft, state=CONSULTATION, actor=actor, note=note.strip(), until_on=until_on, at=now
    )


@transaction.atomic
def draft_approve(draft_hash: str, *, actor: str, note: str, now: datetime) -> DraftStep:
    """Record that a person agrees to a draft; another person may then announce it.

    Raises:
        NotFound: there is no such draft.
        Conflict: it was announced or withdrawn, or this person has approved it.
    """
    draft = draft_found(draft_hash)
    _rulebook_lock(draft.rulebook)
    _must_be_open(draft, now)
    if draft.steps.filter(state=APPROVED, actor=actor).exists():
        raise Conflict(
            "approved_already", where=draft.hash,
            zh="您已批准过这个草案。", en="you have approved this draft already",
        )  # fmt: skip
    return _step(draft, APPROVED, actor, note.strip(), now)


@transaction.atomic
def draft_announce(draft_hash: str, *, actor: str, note: str, now: datetime) -> Publication:
    """Publish a draft on this day: its text is the rulebook's edition from now on.

    Its values decide from their own dates on, in every process, without anything being installed.

    Raises:
        NotFound: there is no such draft.
        RuleRefused: code ``not_ready``; every condition that does not hold is listed.
    """
    draft = draft_found(draft_hash)
    _rulebook_lock(draft.rulebook)
    missing = [each for each in conditions(draft, now, actor) if not each.met]
    if missing:
        raise RuleRefused(
            "not_ready", where=draft.hash,
            zh="还不能公布：" + "；".join(each.zh for each in missing),
            en="it cannot be announced yet: " + "; ".join(each.en for each in missing),
        )  # fmt: skip
    on = day_of(now)
    pack = as_announced(draft.text, draft.instruments, on, draft.rulebook)
    if draft.base_hash:
        edition_keep(edition_of(draft.base_hash), now)
    edition_keep(pack, now)
    _step(draft, ANNOUNCED, actor, note.strip(), now)
    approvals = draft.steps.filter(state=APPROVED).exclude(actor=actor).order_by("id")
    return Publication.objects.create(
        rulebook=draft.rulebook,
        edition_hash=pack.hash,
        draft=draft,
        change=draft.change,
        published_on=on,
        in_force_on=draft.in_force_on,
        announced_by=actor,
        approved_by=approvals[0].actor,
        at=now,
    )


@transaction.atomic
def draft_withdraw(draft_hash: str, *, actor: str, note: str, now: datetime) -> DraftStep:
    """Take a draft back; an announced one too, as long as it is not in force.

    Then the edition before it counts again.

    Raises:
        NotFound: there is no such draft.
        RuleRefused: it is in force, or another edition was published on top of it.
        Conflict: it was withdrawn before.
    """
    draft = draft_found(draft_hash)
    _rulebook_lock(draft.rulebook)
    state = _state(draft, now)
    if state in (IN_FORCE, SUPERSEDED):
        raise RuleRefused(
            "in_force_already", where=draft.hash,
            zh="已经生效，不能撤回；要改变请提交新的修订。",
            en="it is in force and cannot be withdrawn; submit another amendment to change it",
        )  # fmt: skip
    if state == ANNOUNCED:
        _announcement_withdraw(draft, actor, now)
    else:
        _must_be_open(draft, now)
    return _step(draft, WITHDRAWN, actor, note.strip(), now)


def _announcement_withdraw(draft: Draft, actor: str, now: datetime) -> None:
    """Let the edition before an announced draft count again."""
    newest = Publication.objects.filter(rulebook=draft.rulebook).order_by("-id").first()
    if newest is None or newest.draft_id != draft.hash:
        raise RuleRefused(
            "not_the_newest", where=draft.hash,
            zh="其后又公布了新版本，不能单独撤回；请先撤回后公布的，或提交新的修订。",
            en="another edition was published on top of it; withdraw that one first, or submit "
            "another amendment",
        )  # fmt: skip
    Publication.objects.create(
        rulebook=draft.rulebook,
        edition_hash=draft.base_hash,
        draft=draft,
        change=WITHDRAWAL,
        published_on=day_of(now),
        in_force_on=draft.in_force_on,
        announced_by=actor,
        approved_by="",
        at=now,
    )


def report_keep(
    draft_hash: str, report: Mapping[str, Any], *, now: datetime, made_by: str = ""
) -> WhatIfReport:
    """Keep what a draft would change over past months; an announcement needs one.

    Takes: ``report`` is plain data for JSON.

    Raises:
        NotFound: there is no such draft.
    """
    draft = draft_found(draft_hash)
    return WhatIfReport.objects.create(
        draft=draft, report=dict(report), made_by=made_by, made_at=now
    )


@transaction.atomic
def value_confirm(
    tenant_id: str,
    *,
    rulebook: str,
    element: str,
    on: date | None = None,
    confirmed_by: str,
    approved_by: str = "",
    note: str,
    now: datetime,
) -> list[Confirmation]:
    """Confirm that an assumed value is right here, so that money may rest on it.

    Takes: ``on`` chooses the value in force on a day; left out, every assumed one of the element.

    Raises:
        NotFound: there is no such rulebook, or no assumed value of that name.
        NotAllowed: the same person confirms and approves.
        BadInput: no note.
    """
    if confirmed_by == approved_by:
        raise NotAllowed(
            "second_person_needed", where=element,
            zh="批准人须是另一人；不需要第二人时请留空。",
            en="the person who approves is another one; leave it empty where none is needed",
        )  # fmt: skip
    values = assumed_named(pack_of(rulebook), element, on)
    return [
        _confirmation(tenant_id, each, confirmed_by, approved_by, _noted(note, element), now)
        for each in values
    ]


@transaction.atomic
def value_unconfirm(
    tenant_id: str,
    *,
    rulebook: str,
    element: str,
    on: date | None = None,
    confirmed_by: str,
    note: str,
    now: datetime,
) -> list[Confirmation]:
    """Take a confirmation back: no money rests on the value from now on.

    Raises:
        NotFound: there is no such rulebook, or no assumed value of that name.
        BadInput: no note.
    """
    values = assumed_named(pack_of(rulebook), element, on)
    return [
        _confirmation(tenant_id, each, confirmed_by, None, _noted(note, element), now)
        for each in values
    ]


def _noted(note: str, where: str) -> str:
    if not note.strip():
        raise BadInput(
            "reason_missing", where=where,
            zh="请写明依据：确认或撤回都必须有说明。",
            en="write a note: a confirmation and its withdrawal need one",
        )  # fmt: skip
    return note.strip()


def _confirmation(
    tenant_id: str,
    value: AssumedValue,
    confirmed_by: str,
    approved_by: str | None,
    note: str,
    now: datetime,
) -> Confirmation:
    """Write one record; ``approved_by`` None takes a confirmation back."""
    return Confirmation.objects.create(
        tenant_id=tenant_id,
        rulebook=value.rulebook,
        element=value.element,
        edition_from=value.since,
        value_digest=value.digest,
        confirmed=approved_by is not None,
        confirmed_by=confirmed_by,
        approved_by=approved_by or "",
        note=note,
        at=now,
    )


@transaction.atomic
def objection_file(
    tenant_id: str,
    *,
    rulebook: str,
    instrument: str,
    subject_kind: str,
    subject_id: str,
    note: str,
    now: datetime,
    filed_by: str = "",
) -> Objection:
    """Record that a party does not accept an act and leaves; the same again is the same objection.

    Takes: ``filed_by`` is who wrote it down for the party; empty when the party itself did.

    Raises:
        NotFound: there is no such rulebook or act.
        RuleRefused: the act is not announced, or in force already.
    """
    pack, on = pack_of(rulebook), day_of(now)
    act = next((each for each in pack.instruments if each.id == instrument), None)
    if act is None:
        raise NotFound(
            "unknown_instrument", where=f"{rulebook}/{instrument}",
            zh=f"规则包里没有文件 {instrument!r}。", en=f"the rulebook has no act {instrument!r}",
        )  # fmt: skip
    if not (act.published <= on < act.in_force and act.state not in OPEN):
        raise RuleRefused(
            "not_between", where=f"{rulebook}/{instrument}",
            zh=f"异议只能在公布后、生效前提出：公布 {act.published}，生效 {act.in_force}。",
            en=f"an objection is filed after an act is published and before it is in force: "
            f"published {act.published}, in force {act.in_force}",
        )  # fmt: skip
    objection, _ = Objection.objects.get_or_create(
        tenant_id=tenant_id,
        rulebook=rulebook,
        instrument=instrument,
        subject_kind=subject_kind,
        subject_id=subject_id,
        defaults={
            "objected_on": on,
            "note": note.strip(),
            "filed_by": filed_by,
            "at": now,
        },
    )
    return objection
