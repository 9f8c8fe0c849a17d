"""What can be asked about notices and statements of reasons."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from earnest.kernel.calendar import Month, day_start
from earnest.kernel.errors import NotFound
from earnest.notices.models import Notice, Statement


def inbox(
    tenant_id: str, subject_kind: str, subject_id: str, *, unread: bool = False, kind: str = ""
) -> QuerySet[Notice]:
    """Return a party's notices, newest first, narrowed to unread ones or to one kind.

    Each has ``statement_number``: of the statement of reasons that was sent with it, or None.
    """
    found = _with_statements(tenant_id).filter(subject_kind=subject_kind, subject_id=subject_id)
    found = found.order_by("-sent_at", "-id")
    if unread:
        found = found.filter(read_at=None)
    if kind:
        found = found.filter(kind=kind)
    return found


def _with_statements(tenant_id: str) -> QuerySet[Notice]:
    stated = Statement.objects.filter(tenant_id=tenant_id, notice_id=OuterRef("id"))
    return Notice.objects.filter(tenant_id=tenant_id).annotate(
        statement_number=Subquery(stated.values("number")[:1])
    )


def unread_count(tenant_id: str, subject_kind: str, subject_id: str) -> int:
    """Count the notices that a party has not read."""
    return Notice.objects.filter(
        tenant_id=tenant_id, subject_kind=subject_kind, subject_id=subject_id, read_at=None
    ).count()


def notice_get(tenant_id: str, notice_id: UUID) -> Notice:
    """Return one notice.

    Raises:
        NotFound: no notice of this tenant has this id.
    """
    notice = _with_statements(tenant_id).filter(id=notice_id).first()
    if notice is None:
        raise NotFound(
            "unknown_notice",
            where=str(notice_id),
            zh="没有这条通知，或您无权查看。",
            en="there is no such notice, or it is not yours to see",
        )
    return notice


def notices_of_decision(tenant_id: str, decision_id: UUID) -> list[Notice]:
    """Return the notices that a decision sent, oldest first, each with ``statement_number``."""
    return list(_with_statements(tenant_id).filter(decision_id=decision_id).order_by("sent_at"))


@dataclass(frozen=True)
class StatementFilter:
    """Which statements are asked for; an empty part narrows nothing.

    Attributes:
        month: in which the statement was sent, written YYYY-MM.
        search: part of a number, of a ticket's number or of a party's id.
    """

    subject_kind: str = ""
    subject_id: str = ""
    kind: str = ""
    clause: str = ""
    month: str = ""
    search: str = ""

    def conditions(self) -> Q:
        """Return the conditions on the statements."""
        plain = {
            "subject_kind": self.subject_kind,
            "subject_id": self.subject_id,
            "kind": self.kind,
            "clause": self.clause,
        }
        wanted = Q(**{name: value for name, value in plain.items() if value})
        if self.month:
            month = Month.parse(self.month)
            first, after = day_start(month.first_day), day_start(month.plus(1).first_day)
            wanted &= Q(sent_at__gte=first, sent_at__lt=after)
        if self.search:
            wanted &= (
                Q(number__icontains=self.search)
                | Q(ticket_number__icontains=self.search)
                | Q(subject_id__icontains=self.search)
            )
        return wanted


def statements(tenant_id: str, narrowed: StatementFilter | None = None) -> QuerySet[Statement]:
    """Return statements of reasons, the newest first."""
    chosen = narrowed or StatementFilter()
    return Statement.objects.filter(chosen.conditions(), tenant_id=tenant_id).order_by("-number")


def statement_get(tenant_id: str, number: str) -> Statement:
    """Return one statement of reasons.

    Raises:
        NotFound: no statement of this tenant has this number.
    """
    found = Statement.objects.filter(tenant_id=tenant_id, number=number).first()
    if found is None:
        raise NotFound(
            "unknown_statement",
            where=number,
            zh="没有这份决定理由书，或您无权查看。请检查编号。",
            en="there is no such statement of reasons, or it is not yours to see; check the number",
        )
    return found


def statements_of_decision(tenant_id: str, decision_id: UUID) -> list[Statement]:
    """Return the statements that a decision sent, the oldest first."""
    found = Statement.objects.filter(tenant_id=tenant_id, decision_id=decision_id)
    return list(found.order_by("number"))


def statement_clauses(tenant_id: str) -> list[str]:
    """Return the clauses that statements of this tenant rest on."""
    own = Statement.objects.filter(tenant_id=tenant_id)
    return list(own.order_by("clause").values_list("clause", flat=True).distinct())
