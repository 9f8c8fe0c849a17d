"""Admission: invitations, applications, the evidence for each requirement, and every step."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import StringConstraints

from earnest.admission.clocks import clock_of, clocks_of
from earnest.admission.deposits import application_open
from earnest.admission.evidence import (
    Brought,
    evidence_accept,
    evidence_bring,
    evidence_send_back,
)
from earnest.admission.figures import trial_take
from earnest.admission.invitations import (
    NewInvitation,
    invitation_make,
    invitation_revoke,
    state_on,
)
from earnest.admission.models import Application, Invitation
from earnest.admission.queries import (
    EvidenceShown,
    application_get,
    applications_found,
    evidence_shown,
    invitation_get,
    invitations_found,
)
from earnest.admission.reviewing import (
    application_hand_in,
    application_recommend,
    application_return,
    application_settle,
    application_withdraw,
)
from earnest.api.access import Caller, caller_of, caller_who_may, missing, now_for
from earnest.api.admission_shapes import (
    ApplicationFull,
    ApplicationOut,
    ApplicationPage,
    EvidenceIn,
    InvitationIn,
    InvitationOut,
    JudgementIn,
    ReasonIn,
    StepIn,
)
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, Text
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotAllowed, NotFound
from earnest.market.roles import ACT_FOR_PARTY, APPLY, DECIDE, REVIEW, SEE_ALL, SEE_OWN, may

router = Router(tags=["admission"])

Number = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9]*$")]
NumberPath = Annotated[Number, Path(description="number of the invitation or application")]
RequirementPath = Annotated[Text, Path(description="name of the requirement")]
State = Literal["preparing", "review", "approval", "deposit", "opened", "refused", "withdrawn"]
OWN_STEPS = ("hand_in", "withdraw")


@router.get(
    "/admission/invitations",
    response={200: list[InvitationOut], ERRORS: ProblemOut},
    summary="List invitations",
)
def invitations_list(
    request: HttpRequest,
    state: Literal["open", "accepted", "revoked", "expired"] | None = None,
    limit: Limit = 100,
) -> list[dict[str, Any]]:
    """List invitations, the newest first."""
    caller = caller_who_may(request, SEE_ALL)
    on = day_of(now_for(caller))
    found = invitations_found(caller.tenant_id, state=state or "", on=on)[:limit]
    return [_invitation_out(each, on) for each in found]


@router.post(
    "/admission/invitations",
    response={200: InvitationOut, ERRORS: ProblemOut},
    summary="Invite a provider",
)
def invitation_create(request: HttpRequest, body: InvitationIn) -> dict[str, Any]:
    """Invite somebody; the answer holds the secret of its link, this once."""
    caller = caller_who_may(request, REVIEW)
    now = now_for(caller)
    made = invitation_make(caller.tenant_id, NewInvitation(**body.dict(), actor=caller.name), now)
    return _invitation_out(made.invitation, day_of(now)) | {"secret": made.secret}


@router.post(
    "/admission/invitations/{number}/revoke",
    response={200: InvitationOut, ERRORS: ProblemOut},
    summary="Revoke an invitation",
)
def invitation_take_back(
    request: HttpRequest, number: NumberPath, body: ReasonIn
) -> dict[str, Any]:
    """Take an open invitation back, with the reason."""
    caller = caller_who_may(request, REVIEW)
    now = now_for(caller)
    invitation_get(caller.tenant_id, number)
    found = invitation_revoke(caller.tenant_id, number, body.reason, caller.name, now)
    return _invitation_out(found, day_of(now))


@router.get(
    "/admission/applications",
    response={200: ApplicationPage, ERRORS: ProblemOut},
    summary="List applications",
)
def applications_list(
    request: HttpRequest,
    state: State | None = None,
    cursor: Annotated[Number | None, Query(description="next_cursor of the page before")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List applications, the newest first; an applicant sees its own."""
    caller = _reader(request)
    found = applications_found(caller.tenant_id, state=state or "")
    if not caller.sees_all:
        is_provider = caller.own[0] == "provider"
        found = found.filter(provider_id=caller.own[1]) if is_provider else found.none()
    if cursor:
        found = found.filter(number__lt=cursor)
    rows = list(found[: limit + 1])
    clocks = clocks_of(caller.tenant_id, rows, now_for(caller))
    return {
        "items": [_out(each, clocks.get(each.number)) for each in rows[:limit]],
        "next_cursor": rows[limit - 1].number if rows[limit:] else None,
    }


@router.get(
    "/admission/applications/{number}",
    response={200: ApplicationFull, ERRORS: ProblemOut},
    summary="Show an application",
)
def application_show(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Show an application: whose turn it is, every requirement, and its story."""
    caller = _reader(request)
    return _full(caller, _seen(caller, number))


@router.post(
    "/admission/applications/{number}/evidence/{requirement}",
    response={200: ApplicationFull, ERRORS: ProblemOut},
    summary="Bring evidence",
)
def evidence_hand_in(
    request: HttpRequest, number: NumberPath, requirement: RequirementPath, body: EvidenceIn
) -> dict[str, Any]:
    """Bring what shows that a requirement is met, as the applicant."""
    caller = _own_side(request)
    application = _seen(caller, number)
    figure = None
    if body.numerator is not None and body.denominator is not None:
        figure = (body.numerator, body.denominator)
    brought = Brought(body.statement, body.documents, body.ends_on, figure)
    evidence_bring(caller.tenant_id, number, requirement, brought, caller.name, now_for(caller))
    return _full(caller, application)


@router.post(
    "/admission/applications/{number}/evidence/{requirement}/judge",
    response={200: ApplicationFull, ERRORS: ProblemOut},
    summary="Accept or send back evidence",
)
def evidence_word(
    request: HttpRequest, number: NumberPath, requirement: RequirementPath, body: JudgementIn
) -> dict[str, Any]:
    """Say a first reviewer's word on one requirement."""
    caller = caller_who_may(request, REVIEW)
    application, now = _seen(caller, number), now_for(caller)
    by = (caller.tenant_id, number, requirement)
    if body.verdict == "accept":
        evidence_accept(*by, caller.name, now, note=body.reason)
    else:
        evidence_send_back(*by, body.reason, caller.name, now)
    return _full(caller, application)


@router.post(
    "/admission/applications/{number}/steps",
    response={200: ApplicationFull, ERRORS: ProblemOut},
    summary="Take a step with an application",
)
def application_step(request: HttpRequest, number: NumberPath, body: StepIn) -> dict[str, Any]:
    """Take a step; the applicant hands in and withdraws, the rest is for operators by role."""
    permission, act = STEPS[body.step]
    caller = _own_side(request) if body.step in OWN_STEPS else caller_who_may(request, permission)
    _seen(caller, number)
    act(caller, number, body.reason)
    return _full(caller, application_get(caller.tenant_id, number))


def _hand_in(caller: Caller, number: str, _reason: str) -> object:
    return application_hand_in(caller.tenant_id, number, caller.name, now_for(caller))


def _withdraw(caller: Caller, number: str, reason: str) -> object:
    return application_withdraw(caller.tenant_id, number, reason, caller.name, now_for(caller))


def _trial(caller: Caller, number: str, _reason: str) -> object:
    return trial_take(caller.tenant_id, number, caller.name, now_for(caller))


def _return(caller: Caller, number: str, reason: str) -> object:
    return application_return(caller.tenant_id, number, reason, caller.name, now_for(caller))


def _open(caller: Caller, number: str, _reason: str) -> object:
    return application_open(caller.tenant_id, number, caller.name, now_for(caller))


def _recommend(*, admit: bool) -> Callable[[Caller, str, str], object]:
    def act(caller: Caller, number: str, reason: str) -> object:
        return application_recommend(
            caller.tenant_id, number, admit=admit, reason=reason, actor=caller.name,
            now=now_for(caller),
        )  # fmt: skip

    return act


def _settle(verdict: Literal["approve", "send_back", "refuse"]) -> Callable[..., object]:
    def act(caller: Caller, number: str, reason: str) -> object:
        return application_settle(
            caller.tenant_id, number, verdict=verdict, reason=reason, actor=caller.name,
            now=now_for(caller),
        )  # fmt: skip

    return act


STEPS: dict[str, tuple[str, Callable[[Caller, str, str], object]]] = {
    "hand_in": (APPLY, _hand_in),
    "withdraw": (APPLY, _withdraw),
    "trial": (REVIEW, _trial),
    "return": (REVIEW, _return),
    "recommend_admit": (REVIEW, _recommend(admit=True)),
    "recommend_refuse": (REVIEW, _recommend(admit=False)),
    "approve": (DECIDE, _settle("approve")),
    "send_back": (DECIDE, _settle("send_back")),
    "refuse": (DECIDE, _settle("refuse")),
    "open": (DECIDE, _open),
}


def _reader(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    if caller.sees_all or may(caller.role, APPLY):
        return caller
    return caller_who_may(request, SEE_OWN)


def _own_side(request: HttpRequest) -> Caller:
    """Return a caller that acts for its own party, before it is open or after."""
    caller = caller_of(request)
    if not (may(caller.role, APPLY) or may(caller.role, ACT_FOR_PARTY)):
        raise NotAllowed(
            "not_allowed",
            where=caller.role,
            zh=f"角色“{caller.role}”不能代申请方操作。",
            en=f"the role {caller.role!r} does not act for an applicant",
        )
    return caller


def _seen(caller: Caller, number: str) -> Application:
    try:
        found = application_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    if not caller.sees_all and caller.own != found.subject:
        raise missing("number")
    return found


def _invitation_out(row: Invitation, on: date) -> dict[str, Any]:
    names = set(InvitationOut.model_fields) - {"state", "secret"}
    return {**{name: getattr(row, name) for name in names}, "state": state_on(row, on)}


def _out(row: Application, clock: object) -> dict[str, Any]:
    names = set(ApplicationOut.model_fields) - {"clock"}
    return {**{name: getattr(row, name) for name in names}, "clock": clock}


def _full(caller: Caller, application: Application) -> dict[str, Any]:
    now = now_for(caller)
    return {
        **_out(application, clock_of(application, now)),
        "evidence": [_evidence_out(each) for each in evidence_shown(application, day_of(now))],
        "story": [
            {
                "what": each.what,
                "note": each.note,
                "actor": each.actor if caller.sees_all else "",
                "at": each.at,
            }
            for each in application.entries.order_by("at", "id")
        ],
    }


def _evidence_out(shown: EvidenceShown) -> dict[str, Any]:
    need, row = shown.need, shown.row
    plain = ("statement", "numerator", "denominator", "figure_source", "ends_on", "reason")
    return {
        **{name: getattr(row, name) for name in plain},
        "requirement": need.name,
        "clause": need.clause,
        "kind": need.kind,
        "group": need.group,
        "title": need.title,
        "state": shown.state,
        "documents": [each.id for each in shown.documents],
        "figure": shown.figure,
    }
