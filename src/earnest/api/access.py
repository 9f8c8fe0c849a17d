"""Who is calling, what they may do, and whose data they see.

A caller comes with a token (``Authorization: Bearer ...``) or with the console's session cookie,
then with the CSRF token on every call that changes something. What a role may do stands in
``market.roles``; this module asks it, one condition per function. Someone else's data is answered
exactly like data that does not exist, so ids cannot be probed. The caller's tenant is told to the
database, which shows no other's rows; the console's middleware takes it back after the answer.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from earnest.api.commands import secret_hash, token_used
from earnest.api.problems import TooManyTries
from earnest.api.queries import token_of_secret
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotAllowed, NotFound
from earnest.market.queries import market_now, membership_of, party_names
from earnest.market.roles import SEE_ALL, SEE_OWN, may, sees
from earnest.market.sign_in_tries import address_of, counted_for_address, try_begin
from earnest.postgres.tenancy import person_known, tenant_known, token_known


@dataclass(frozen=True)
class Caller:
    """Who calls: the tenant, the name that acts are recorded under, the role and the own party."""

    tenant_id: str
    name: str
    role: str
    own: tuple[str, str]

    @property
    def sees_all(self) -> bool:
        """Whether the caller is an operator, who sees every party."""
        return may(self.role, SEE_ALL)


class TokenCaller(HttpBearer):
    """A caller with an API token."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """Return the caller of a token that is known and not revoked.

        Unknown ones are counted for the address that they come from. A good one is served also
        where others guess: of 256 random bits none is found by trying.

        Raises:
            TooManyTries: unknown tokens keep coming from there.
        """
        token_known(secret_hash(token))
        found = token_of_secret(token)
        if found is None:
            wait = try_begin(counted_for_address(address_of(request.META)), _clock())
            if wait is not None:
                raise TooManyTries(wait)
            return None
        tenant_known(found.tenant_id)
        token_used(found, day_of(_clock()))
        return Caller(
            found.tenant_id, found.name, found.role, (found.subject_kind, found.subject_id)
        )


class SessionCaller(APIKeyCookie):
    """A person signed in to the console, on the console's own pages."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Caller | None:
        """Return the signed-in person; calls that change something need the CSRF token.

        Raises:
            NotAllowed: the CSRF token is missing or wrong.
        """
        if request.headers.get("Authorization") or not request.user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise NotAllowed(
                "csrf_failed",
                zh="缺少或不正确的 CSRF 令牌；请刷新页面后重试，程序请改用 API 令牌。",
                en="the CSRF token is missing or wrong; reload the page, or use an API token",
            )
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:  # noqa: ARG002 - ninja's signature
        """Return the signed-in person, if somebody gave it a role here."""
        person_known(request.user.pk)
        member = membership_of(request.user)
        if member is None:
            return None
        tenant_known(member.tenant_id)
        own = (member.subject_kind, member.subject_id)
        return Caller(member.tenant_id, request.user.get_username(), member.role, own)


def _clock() -> datetime:
    return datetime.now(UTC)


def now_for(caller: Caller) -> datetime:
    """Return the present instant of the caller's market: the only clock of the API."""
    return market_now(caller.tenant_id, _clock())


def caller_of(request: HttpRequest) -> Caller:
    """Return who is calling, as authentication found it."""
    caller = getattr(request, "auth", None)
    if not isinstance(caller, Caller):
        raise TypeError("an operation without authentication asked who is calling")
    return caller


def caller_who_may(request: HttpRequest, permission: str) -> Caller:
    """Return the caller if the role carries the permission.

    Raises:
        NotAllowed: it does not.
    """
    caller = caller_of(request)
    if not may(caller.role, permission):
        raise NotAllowed(
            "not_allowed",
            where=caller.role,
            zh=f"角色“{caller.role}”没有这项权限（{permission}）。",
            en=f"the role {caller.role!r} does not carry this permission ({permission})",
        )
    return caller


def reader_of(request: HttpRequest) -> Caller:
    """Return the caller if the role reads anything at all: everything, or its own party's.

    Raises:
        NotAllowed: it only sends events.
    """
    caller = caller_of(request)
    return caller if caller.sees_all else caller_who_may(request, SEE_OWN)


def missing(what: str) -> NotFound:
    """Return the one answer for what does not exist and for what the caller may not see."""
    return NotFound(
        "not_found",
        where=what,
        zh="没有找到；请检查编号，或确认它属于您。",
        en="not found; check the id, or whether it is yours to see",
    )


def subject_seen(caller: Caller, subject: tuple[str, str]) -> tuple[str, str]:
    """Return the subject if the caller sees it.

    Raises:
        NotFound: another party's.
    """
    if not sees(caller.role, caller.own, subject):
        raise missing("subject")
    return subject


def scope_of(caller: Caller, kind: str | None, subject: str | None) -> tuple[str, str]:
    """Return the subject to which a list is limited; empty parts do not limit.

    Operators are limited by what they ask for; a party's people always by their own party.

    Raises:
        NotFound: a party's person asked for another party.
    """
    if caller.sees_all:
        return kind or "", subject or ""
    return subject_seen(caller, (kind or caller.own[0], subject or caller.own[1]))


def party_seen(caller: Caller, subject: tuple[str, str]) -> tuple[str, str]:
    """Return a party that exists and that the caller sees.

    Raises:
        NotFound: there is no such party, or it is another's; both read the same.
    """
    seen = subject_seen(caller, subject)
    if seen not in party_names(caller.tenant_id, [seen]):
        raise missing("subject")
    return seen
