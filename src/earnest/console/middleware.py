"""Headers that every console page carries, and pages for the problems that stop one."""

from collections.abc import Callable
from contextlib import nullcontext

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from earnest.console.texts import language
from earnest.kernel.errors import EarnestError, NotFound
from earnest.rulebooks.packs import packs_held

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
READING = ("GET", "HEAD")
OTHERS = ("/api/", "/static/")  # rooms that answer for themselves


class ConsoleMiddleware:
    """Forbids foreign and inline scripts, keeps pages out of caches, and shows our errors."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request and put the headers on.

        The rulebooks are read once for a page. What changes something reads them as they are.
        """
        with packs_held() if request.method in READING else nullcontext():
            response = self.get_response(request)
        if not request.path.startswith(OTHERS):
            response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
            response.headers.setdefault("Cache-Control", "no-store")
            response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Show an error of ours in the reader's language; anything else is Django's to handle."""
        if request.path.startswith(OTHERS) or not isinstance(error, EarnestError):
            return None
        if isinstance(error, NotFound):  # another's thing and none at all look the same
            return render(request, "404.html", status=404)
        problem = error.problem
        shown = {
            "problem": problem,
            "sentence": problem.zh if language() == "zh" else problem.en,
            "status": error.http_status,
        }
        return render(request, "console/problem.html", shown, status=error.http_status)
