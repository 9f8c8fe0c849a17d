"""What can be asked about notices."""

from uuid import UUID

from django.db.models import QuerySet

from earnest.kernel.errors import NotFound
from earnest.notices.models import Notice


def inbox(
    tenant_id: str, subject_kind: str, subject_id: str, *, unread: bool = False, kind: str = ""
) -> QuerySet[Notice]:
    """Return a party's notices, newest first, narrowed to unread ones or to one kind."""
    found = Notice.objects.filter(
        tenant_id=tenant_id, subject_kind=subject_kind, subject_id=subject_id
    ).order_by("-sent_at", "-id")
    if unread:
        found = found.filter(read_at=None)
    if kind:
        found = found.filter(kind=kind)
    return found


def unread_count(tenant_id: str, subject_kind: str, subject_id: str) -> int:
    """Count the notices that a party has not read."""
    return inbox(tenant_id, subject_kind, subject_id, unread=True).count()


def notice_get(tenant_id: str, notice_id: UUID) -> Notice:
    """Return one notice.

    Raises:
        NotFound: no notice of this tenant has this id.
    """
    notice = Notice.objects.filter(tenant_id=tenant_id, id=notice_id).first()
    if notice is None:
        raise NotFound(
            "unknown_notice",
            where=str(notice_id),
            zh="没有这条通知，或您无权查看。",
            en="there is no such notice, or it is not yours to see",
        )
    return notice


def notices_of_decision(tenant_id: str, decision_id: UUID) -> list[Notice]:
    """Return the notices that a decision sent, oldest first."""
    return list(
        Notice.objects.filter(tenant_id=tenant_id, decision_id=decision_id).order_by("sent_at")
    )
