"""Filing an appeal: against items of a ticket, within its time, with grounds and evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from earnest.appeals.appealing import Appealable, appealable
from earnest.appeals.course import appeal_close, appeal_step, ticket_resume
from earnest.appeals.models import FILED, OPEN_STATES, WITHDRAWN, Appeal, AppealItem
from earnest.appeals.queries import (
    appeal_locked,
    decided_by_hand,
    figures_of,
    pack_of_ticket,
    unknown_appeal,
)
from earnest.appeals.telling import filed_notice
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import Subject
from earnest.notices.commands import notices_send
from earnest.postgres.numbering import number_next
from earnest.tickets.commands import APPEALED, facts_dispute, step_add, ticket_move
from earnest.tickets.models import Ticket
from earnest.tickets.queries import ticket_locked, unknown_ticket

GROUNDS: Final = (
    "facts_wrong",
    "figure_wrong",
    "not_our_conduct",
    "rule_misapplied",
    "disproportionate",
    "other",
)
SAID_MAX: Final = 4000
DOCUMENTS_MAX: Final = 20
COURSE: Final = "appeal_course"


@dataclass(frozen=True)
class Disputed:
    """One item that is disputed: its place on the ticket, a ground of :data:`GROUNDS`, and why."""

    position: int
    ground: str
    said: str
    documents: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class NewAppeal:
    """An appeal to be filed.

    Attributes:
        ticket: number of the ticket.
        actor: the party's person.
        by_person: whether it wants to be heard by a person; that is always done.
    """

    subject: Subject
    ticket: str
    items: Sequence[Disputed]
    actor: str
    by_person: bool = True


@transaction.atomic
def appeal_file(tenant_id: str, new: NewAppeal, now: datetime) -> Appeal:
    """File an appeal: the ticket is under appeal, and the money that waits goes on waiting.

    What is restricted stays so unless the hearer suspends it.

    Clause: S0-2.2.6.

    Raises:
        NotFound: the ticket or a document is not the party's.
        Conflict: the time is over, or the ticket does not stand any more.
        BadInput: no item, an unknown one, a wrong ground, an empty or overlong statement.
        NotAllowed: an item has no appeal left, is under appeal, or its figure is or was disputed
            on another ticket.
    """
    # The number first: one appeal is filed at a time, so that no figure is disputed twice at once.
    number = number_next(Appeal, tenant_id, "A")
    ticket = own_ticket(tenant_id, new.ticket, new.subject)
    offered = {each.item.position: each for each in appealable(ticket, day_of(now))}
    _check(tenant_id, new, offered)
    appeal = _recorded(ticket, new, number, now)
    appeal_step(appeal, "filed", now, actor=new.actor)
    facts_dispute(tenant_id, new.subject, figures_of(appeal), disputed=True)
    if ticket.state == APPEALED:
        step_add(ticket, "appeal_added", now, actor=new.actor, note=appeal.number)
    else:
        ticket_move(ticket, APPEALED, now, actor=new.actor, note=appeal.number)
    notices_send(tenant_id, [filed_notice(appeal)], now)
    return appeal


def _recorded(ticket: Ticket, new: NewAppeal, number: str, now: datetime) -> Appeal:
    """Keep an appeal and its items under its number."""
    tenant_id = ticket.tenant_id
    course = pack_of_ticket(ticket).evaluate(COURSE, {"filed_on": day_of(now)})
    appeal = Appeal.objects.create(
        id=uuid7_for(now, tenant_id, "appeal", number),
        tenant_id=tenant_id,
        number=number,
        ticket=ticket,
        subject_kind=ticket.subject_kind,
        subject_id=ticket.subject_id,
        filed_by=new.actor,
        filed_at=now,
        by_person=new.by_person,
        automatic=not decided_by_hand(ticket),
        expected_on=course.result["expected_on"],
        state=FILED,
    )
    AppealItem.objects.bulk_create(
        AppealItem(
            appeal=appeal,
            ticket=ticket,
            tenant_id=tenant_id,
            position=each.position,
            ground=each.ground,
            said=each.said.strip(),
            documents=[str(one) for one in each.documents],
        )
        for each in sorted(new.items, key=lambda each: each.position)
    )
    return appeal


def own_ticket(tenant_id: str, number: str, subject: Subject) -> Ticket:
    """Return a party's own ticket, locked; another's is answered like one that is not there.

    Raises:
        NotFound: it is not there, or not the party's.
    """
    ticket = ticket_locked(tenant_id, number)
    if ticket.subject != subject:
        raise unknown_ticket(number)
    return ticket


def _check(tenant_id: str, new: NewAppeal, offered: Mapping[int, Appealable]) -> None:
    positions = [each.position for each in new.items]
    if not positions or len(set(positions)) < len(positions):
        raise BadInput(
            "items_wrong", where="items",
            zh="请至少选择一项，每项只选一次。", en="choose at least one item, each of them once",
        )  # fmt: skip
    for each in new.items:
        where = f"items.{each.position}"
        found = offered.get(each.position)
        if found is None:
            raise BadInput(
                "unknown_item", where=where,
                zh=f"处罚单没有第 {each.position} 项。",
                en=f"the ticket has no item {each.position}",
            )  # fmt: skip
        if found.refusal is not None:
            refused = found.refusal
            late = refused.code in {"appeal_late", "ticket_settled"}
            raise (Conflict if late else NotAllowed)(
                refused.code, where=refused.where, zh=refused.zh, en=refused.en
            )
        _check_said(where, each)
        documents_owned(tenant_id, new.subject, each.documents)


def _check_said(where: str, each: Disputed) -> None:
    if each.ground not in GROUNDS:
        raise BadInput(
            "unknown_ground", where=f"{where}.ground",
            zh="请选择申诉理由类别。", en=f"the ground is one of {', '.join(GROUNDS)}",
        )  # fmt: skip
    if not 1 <= len(each.said.strip()) <= SAID_MAX:
        raise BadInput(
            "said_wrong", where=f"{where}.said",
            zh=f"请写明异议内容，最多 {SAID_MAX} 字。",
            en=f"say what is wrong with it, in at most {SAID_MAX} characters",
        )  # fmt: skip
    if len(each.documents) > DOCUMENTS_MAX:
        raise BadInput(
            "documents_too_many", where=f"{where}.documents",
            zh=f"每项最多附 {DOCUMENTS_MAX} 份文件。",
            en=f"at most {DOCUMENTS_MAX} documents for an item",
        )  # fmt: skip


@transaction.atomic
def appeal_withdraw(
    tenant_id: str, number: str, subject: Subject, *, actor: str, now: datetime
) -> Appeal:
    """Withdraw an appeal that nobody has proposed a decision on; its chances are used up.

    Raises:
        NotFound: it is not there, or not the party's.
        Conflict: it is decided, or a decision is proposed.
    """
    appeal = appeal_locked(tenant_id, number)
    if appeal.subject != subject:
        raise unknown_appeal(number)
    if appeal.state not in OPEN_STATES or appeal.proposed_at is not None:
        raise Conflict(
            "appeal_moved_on", where=number,
            zh="该申诉已作出结论或正在复核，不能撤回。",
            en="the appeal is decided, or about to be; it cannot be withdrawn",
        )  # fmt: skip
    appeal_close(appeal, WITHDRAWN, now)
    appeal_step(appeal, "withdrawn", now, actor=actor)
    ticket_resume(appeal, now, actor=actor)
    return appeal
