"""Signing in and out, the reader's language, and the way to everyone's first page."""

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from earnest.console.access import VisitorRequest, needs
from earnest.market.roles import APPLY, OPERATOR_ROLES, PARTY_ROLES, SEE_ALL, SEE_OWN

LANGUAGE_COOKIE_DAYS = 365


class SignIn(LoginView):
    """The sign-in page."""

    template_name = "console/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the roles that people can have."""
        return super().get_context_data(**kwargs) | {"roles": (*OPERATOR_ROLES, *PARTY_ROLES)}


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect(reverse("sign_in"))


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the reader's language and return to the page."""
    chosen = request.POST.get("language", "")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    response = HttpResponseRedirect(back if safe else "/")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=LANGUAGE_COOKIE_DAYS * 24 * 3600,
            samesite="Lax",
            httponly=True,
        )
    return response


@require_GET
@needs(SEE_ALL, SEE_OWN, APPLY)
def home(request: VisitorRequest) -> HttpResponse:
    """Send everyone to their first page."""
    visitor = request.visitor
    if visitor.is_operator:
        return HttpResponseRedirect(reverse("workbench"))
    if visitor.may(APPLY):
        return HttpResponseRedirect(reverse("own_application"))
    kind, subject_id = visitor.subject
    return HttpResponseRedirect(reverse(kind, args=[subject_id]))
