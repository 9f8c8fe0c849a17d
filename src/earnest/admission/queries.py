"""What can be asked about invitations and applications."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from earnest.admission.figures import NORMS, asked_of, figure_status
from earnest.admission.filing import pack_of_application, unknown
from earnest.admission.invitations import EXPIRED as INVITATION_EXPIRED
from earnest.admission.invitations import OPEN, STATES
from earnest.admission.models import Application, Evidence, EvidenceEntry, Invitation
from earnest.admission.requirements import ACCEPTED, EXPIRED, Requirement, counts_on
from earnest.decisions.models import Decision
from earnest.documents.models import Document
from earnest.documents.queries import documents_by_id

NOT_NEEDED = "not_needed"


@dataclass(frozen=True)
class EvidenceShown:
    """A requirement of an application with all that a page shows of it.

    Attributes:
        state: of the evidence; ``not_needed`` where another way of its group was accepted.
        figure: met, breached or not_assessable by the rulebook; empty where nothing is measured.
    """

    need: Requirement
    row: Evidence
    state: str
    figure: str
    documents: tuple[Document, ...]
    entries: tuple[EvidenceEntry, ...]

    @property
    def measured(self) -> bool:
        """Whether it asks for a figure."""
        return self.need.name in NORMS


def invitations_found(
    tenant_id: str, *, state: str = "", search: str = "", on: date
) -> QuerySet[Invitation]:
    """Return invitations, the newest first, by state on a day and part of number, name or id."""
    found = Invitation.objects.filter(tenant_id=tenant_id).order_by("-number")
    if search:
        found = found.filter(
            Q(number__icontains=search)
            | Q(entity_name__icontains=search)
            | Q(provider_id__icontains=search)
            | Q(contact__icontains=search)
        )
    if state == OPEN:
        return found.filter(state=OPEN, ends_on__gte=on)
    if state == INVITATION_EXPIRED:
        return found.filter(Q(state=INVITATION_EXPIRED) | Q(state=OPEN, ends_on__lt=on))
    return found.filter(state=state) if state else found


def invitation_counts(tenant_id: str, on: date) -> dict[str, int]:
    """Count invitations by their state on a day."""
    counts = dict.fromkeys(STATES, 0)
    rows = Invitation.objects.filter(tenant_id=tenant_id)
    counts |= dict(rows.values_list("state").annotate(count=Count("id")))
    over = rows.filter(state=OPEN, ends_on__lt=on).count()
    counts[OPEN] -= over
    counts[INVITATION_EXPIRED] += over
    return counts


def invitation_get(tenant_id: str, number: str) -> Invitation:
    """Return an invitation.

    Raises:
        NotFound: there is none.
    """
    found = Invitation.objects.filter(tenant_id=tenant_id, number=number).first()
    if found is None:
        raise unknown("invitation", number)
    return found


def applications_found(
    tenant_id: str, *, state: str = "", search: str = "", category: str = ""
) -> QuerySet[Application]:
    """Return applications, the newest first, by state, category and part of number, name or id."""
    found = Application.objects.filter(tenant_id=tenant_id).order_by("-number")
    if search:
        found = found.filter(
            Q(number__icontains=search)
            | Q(entity_name__icontains=search)
            | Q(name__icontains=search)
            | Q(provider_id__icontains=search)
        )
    if category:
        found = found.filter(service_category=category)
    return found.filter(state=state) if state else found


def application_counts(tenant_id: str) -> dict[str, int]:
    """Count applications by state."""
    rows = Application.objects.filter(tenant_id=tenant_id)
    return dict(rows.values_list("state").annotate(count=Count("id")))


def application_get(tenant_id: str, number: str) -> Application:
    """Return an application.

    Raises:
        NotFound: there is none.
    """
    rows = Application.objects.select_related("invitation")
    found = rows.filter(tenant_id=tenant_id, number=number).first()
    if found is None:
        raise unknown("application", number)
    return found


def application_of(tenant_id: str, provider_id: str) -> Application:
    """Return the application of a party.

    Raises:
        NotFound: it made none.
    """
    rows = Application.objects.select_related("invitation")
    found = rows.filter(tenant_id=tenant_id, provider_id=provider_id).first()
    if found is None:
        raise unknown("application", provider_id)
    return found


def evidence_shown(application: Application, on: date) -> list[EvidenceShown]:
    """Return every requirement of an application with what lies behind it, in the pack's order."""
    asked, pack = asked_of(application), pack_of_application(application)
    rows = list(application.evidence.prefetch_related("entries").order_by("id"))
    documents = documents_by_id(
        application.tenant_id, (UUID(each) for row in rows for each in row.documents)
    )
    done = _groups_done(rows, asked, on)
    shown = []
    for row in rows:
        need = asked.get(row.requirement)
        if need is None:
            continue
        shown.append(
            EvidenceShown(
                need=need,
                row=row,
                state=_state(row, need, done, on),
                figure=figure_status(pack, row, on),
                documents=tuple(
                    documents[UUID(each)] for each in row.documents if UUID(each) in documents
                ),
                entries=tuple(sorted(row.entries.all(), key=lambda each: (each.at, each.pk))),
            )
        )
    return shown


def decisions_of_application(application: Application) -> list[Decision]:
    """Return the decisions on an application, the first in front, with the words said on them."""
    rows = Decision.objects.filter(
        Q(period__startswith=f"{application.number}-") | Q(decision="provider_deposit"),
        tenant_id=application.tenant_id,
        subject_kind="provider",
        subject_id=application.provider_id,
    )
    return list(rows.prefetch_related("approvals").select_related("standing_order").order_by("seq"))


def _groups_done(rows: Iterable[Evidence], asked: dict[str, Requirement], on: date) -> set[str]:
    return {
        asked[row.requirement].group
        for row in rows
        if row.requirement in asked and row.state == ACCEPTED and counts_on(row, on)
    }


def _state(row: Evidence, need: Requirement, done: set[str], on: date) -> str:
    if row.state in {"accepted", "submitted"} and not counts_on(row, on):
        return EXPIRED
    if row.state != ACCEPTED and need.group != need.name and need.group in done:
        return NOT_NEEDED
    return row.state
