"""Signing in and out, the reader's language, and the way to everyone's first page."""

import math
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import real_now
from earnest.market.roles import APPLY, OPERATOR_ROLES, PARTY_ROLES, SEE_ALL, SEE_OWN
from earnest.market.sign_in_tries import (
    DEVICE_DAYS,
    Counted,
    address_of,
    counted_for,
    device_cookie,
    try_begin,
    try_succeeded,
)

DEVICE_COOKIE = "earnest_device"
LANGUAGE_COOKIE_DAYS = 365


class SignIn(LoginView):
    """The sign-in page; who tries too often has to wait."""

    template_name = "console/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Look at a name and a password, unless the one before was wrong a moment ago."""
        wait = try_begin(_counted(request), real_now())
        if wait is not None:
            return _wait_page(request, wait)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, and know this browser the next time."""
        try_succeeded(_counted(self.request), real_now())
        response = super().form_valid(form)
        response.set_cookie(
            DEVICE_COOKIE,
            device_cookie(form.get_user().get_username()),
            max_age=DEVICE_DAYS * 24 * 3600,
            path=reverse("sign_in"),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the roles that people can have."""
        return super().get_context_data(**kwargs) | {"roles": (*OPERATOR_ROLES, *PARTY_ROLES)}


def _counted(request: HttpRequest) -> list[Counted]:
    cookie = request.COOKIES.get(DEVICE_COOKIE, "")
    return counted_for(request.POST.get("username", ""), address_of(request.META), cookie)


def _wait_page(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """Say how long to wait: the same for a name that exists and for one that does not."""
    seconds = math.ceil(wait.total_seconds())
    shown = {"minutes": math.ceil(seconds / 60)}
    page = render(request, "console/sign_in_wait.html", shown, status=429)
    page.headers["Retry-After"] = str(seconds)
    return page


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
