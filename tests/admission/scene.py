"""An invitation and its application, brought as far as a test wants it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from earnest.admission.accepting import Accepting, invitation_accept
from earnest.admission.deposits import application_open, deposit_standing
from earnest.admission.evidence import Brought, evidence_accept, evidence_bring
from earnest.admission.figures import NORMS, asked_of
from earnest.admission.invitations import Invited, NewInvitation, invitation_make
from earnest.admission.models import Application
from earnest.admission.queries import application_get
from earnest.admission.reviewing import (
    application_hand_in,
    application_recommend,
    application_settle,
)
from earnest.documents.commands import NewDocument, document_add
from earnest.market.commands import marketplace_open
from earnest.payins.orders import NewPayOrder, pay_order_open, pay_order_paid
from earnest.payins.payments import sandbox_payment

TENANT = "main"
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
TODAY = date(2026, 3, 2)
PASSWORD = "correct-horse-battery"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
ENTITY = "杭州好货供应链有限公司"
FIGURE = (98, 100)


@dataclass
class Scene:
    """A marketplace, in which ``service`` reviews, ``risk`` approves and ``finance`` opens."""

    now: datetime = NOW

    def __post_init__(self) -> None:
        marketplace_open(TENANT, name_zh="市场", name_en="Market")

    def later(self, **span: int) -> datetime:
        """Let time pass and return the new present."""
        self.now += timedelta(**span)
        return self.now

    def invite(self, entity: str = ENTITY, **changes: object) -> Invited:
        """Invite an entity for thirty days."""
        given: dict[str, object] = {
            "entity_name": entity,
            "contact": "wang@example.com",
            "service_category": "supply_tool",
            "criteria": "对接过两家头部平台",
            "reasons": ("integration", "category_gap"),
            "actor": "service",
            "ends_on": self.now.date() + timedelta(days=30),
        }
        return invitation_make(TENANT, NewInvitation(**(given | changes)), self.now)

    def accept(self, invited: Invited, username: str = "applicant") -> Application:
        """Accept an invitation by its link."""
        accepting = Accepting(username, PASSWORD, "好货通")
        return invitation_accept(TENANT, invited.secret, accepting, self.now)

    def document(self, application: Application, content: bytes = PDF) -> UUID:
        """Upload a paper of the applicant."""
        new = NewDocument(application.subject, "paper.pdf", content, application.applicant)
        return document_add(TENANT, new, self.now).id

    def bring(self, application: Application, requirement: str, **changes: object) -> None:
        """Bring a paper, words and where it is asked for a figure."""
        given: dict[str, object] = {
            "statement": "见附件",
            "documents": (self.document(application),),
            "figure": self.figure(requirement),
        }
        brought = Brought(**(given | changes))
        evidence_bring(
            TENANT, application.number, requirement, brought, application.applicant, self.now
        )

    def figure(self, requirement: str) -> tuple[int, int] | None:
        """Return a figure that will do: all in time, and of orders two fewer."""
        if requirement not in NORMS:
            return None
        return FIGURE if requirement == "ship48" else (100, 100)

    def bring_all(self, application: Application, *, without: tuple[str, ...] = ()) -> None:
        """Bring everything but one of the two ways to show supply capability, and hand it in."""
        for name in asked_of(application):
            if name not in {"supply_platform", *without}:
                self.bring(application, name)
        if not without:
            application_hand_in(TENANT, application.number, application.applicant, self.now)

    def accept_all(self, application: Application, *, without: tuple[str, ...] = ()) -> None:
        """Accept everything that was brought."""
        for row in application.evidence.filter(state="submitted").order_by("id"):
            if row.requirement not in without:
                evidence_accept(TENANT, application.number, row.requirement, "service", self.now)

    def recommend(self, application: Application, *, admit: bool = True) -> Application:
        """Recommend as first reviewer."""
        return application_recommend(
            TENANT, application.number, admit=admit, reason="逐项核对", actor="service",
            now=self.now,
        )  # fmt: skip

    def approve(self, application: Application, actor: str = "risk") -> Application:
        """Approve as second person."""
        return application_settle(
            TENANT, application.number, verdict="approve", reason="同意", actor=actor, now=self.now
        )

    def pay(self, application: Application, amount_fen: int | None = None) -> None:
        """Pay what is missing, or some amount."""
        due = deposit_standing(application, self.now).shortage_fen
        new = NewPayOrder(
            application.subject, amount_fen or due, "deposit", "alipay_trade", "applicant"
        )
        order = pay_order_open(TENANT, new, self.now)
        pay_order_paid(TENANT, sandbox_payment(order, self.now), self.now, source="sandbox")

    def open(self, application: Application) -> Application:
        """Open as finance."""
        return application_open(TENANT, application.number, "finance", self.now)

    def approved(self, **changes: object) -> Application:
        """Bring an application to its deposit."""
        application = self.accept(self.invite(**changes))
        self.bring_all(application)
        self.accept_all(application)
        self.recommend(application)
        self.approve(application)
        return self.fresh(application)

    @staticmethod
    def fresh(application: Application) -> Application:
        """Return an application as it is stored now."""
        return application_get(TENANT, application.number)
