"""Who is asking, and what they may see: checked by every page before it reads anything."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from earnest.kernel.errors import NotFound
from earnest.market.queries import Subject, membership_of
from earnest.market.roles import SEE_ALL, may, sees

Rest = ParamSpec("Rest")
Page = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Visitor:
    """The signed-in person: name, marketplace, role and, for a party's people, the party."""

    name: str
    tenant_id: str
    role: str
    subject: Subject

    def may(self, permission: str) -> bool:
        """Tell whether the role carries a permission."""
        return may(self.role, permission)

    @property
    def is_operator(self) -> bool:
        """Whether this person sees all parties."""
        return self.may(SEE_ALL)

    def sees(self, subject: Subject) -> bool:
        """Tell whether this person sees a party."""
        return sees(self.role, self.subject, subject)


class VisitorRequest(HttpRequest):
    """A request whose visitor has been checked."""

    visitor: Visitor


def visitor_of(request: HttpRequest) -> Visitor | None:
    """Return the person behind a request; nothing for strangers and people without a role."""
    known = getattr(request, "visitor", None)
    if isinstance(known, Visitor):
        return known
    membership = membership_of(request.user)
    if membership is None:
        return None
    visitor = Visitor(
        name=request.user.get_username(),
        tenant_id=membership.tenant_id,
        role=membership.role,
        subject=(membership.subject_kind, membership.subject_id),
    )
    cast("Any", request).visitor = visitor
    return visitor


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    address = f"{reverse('sign_in')}?{urlencode({'next': request.get_full_path()})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def needs(
    *permissions: str,
) -> Callable[[Callable[Concatenate[VisitorRequest, Rest], HttpResponseBase]], Page]:
    """Let a page be seen by people whose role carries any of the permissions.

    A stranger is sent to the sign-in page; a role without permission gets the 403 page.
    """

    def guarded(page: Callable[Concatenate[VisitorRequest, Rest], HttpResponseBase]) -> Page:
        @wraps(page)
        def checked(
            request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            visitor = visitor_of(request)
            if visitor is None or not any(map(visitor.may, permissions)):
                raise PermissionDenied
            return page(cast("VisitorRequest", request), *args, **kwargs)

        return checked

    return guarded


def own_or_not_found(visitor: Visitor, subject: Subject) -> None:
    """Answer for another's party exactly as for one that does not exist.

    Raises:
        NotFound: the party is not this person's to see.
    """
    if not visitor.sees(subject):
        raise NotFound(
            "unknown_subject",
            where=subject[1],
            zh="没有这个页面，或您无权查看。请检查编号。",
            en="there is no such page, or it is not yours to see; check the id",
        )
