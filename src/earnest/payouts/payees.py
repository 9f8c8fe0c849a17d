"""Whose account may be paid to: it must be the certified entity's own, by name.

Clause: S3-6.2x.
"""

from datetime import datetime

from django.db import connection, transaction

from earnest.kernel.errors import BadInput, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.market.entity_names import certified_name, name_normal
from earnest.market.queries import Subject
from earnest.payouts.models import PayeeAccount
from earnest.payouts.rails import BY_HAND

_MOBILE_DIGITS = 11  # of the mainland, beginning with 1


def entity_name_of(tenant_id: str, subject: Subject) -> str:
    """Return the name of the certified entity behind a subject.

    Raises:
        NotFound: when there is no such subject.
        RuleRefused: ``entity_name_missing`` when nobody has certified one.
    """
    name = certified_name(tenant_id, subject)
    if not name_normal(name):
        raise RuleRefused(
            "entity_name_missing",
            where=":".join(subject),
            zh="该主体没有已认证的主体名称，无法核对收款账户；请先完成主体认证。",
            en="the subject has no certified entity name to hold the account against; certify it",
        )
    return name


def payee_good(tenant_id: str, subject: Subject, rail: str = "") -> PayeeAccount:
    """Return the account that may be paid to now; the newest one where no rail is asked for.

    Raises:
        RuleRefused: ``payee_not_verified`` when there is none, ``payee_entity_changed`` when the
            entity has another name since.
    """
    found = PayeeAccount.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1], revoked_at=None
    ).order_by("-verified_at", "-id")
    payee = (found.filter(rail=rail) if rail else found).first()
    if payee is None:
        raise RuleRefused(
            "payee_not_verified",
            where=":".join(subject),
            zh="该主体没有已验证的收款账户；请先验证一个与认证主体同名的账户。",
            en="the subject has no verified account; verify one in the certified entity's name",
        )
    if name_normal(entity_name_of(tenant_id, subject)) != name_normal(payee.entity_name):
        raise RuleRefused(
            "payee_entity_changed",
            where=":".join(subject),
            zh="认证主体名称在账户验证之后已变更；请重新验证收款账户。",
            en="the certified entity was renamed after the account was verified; verify it again",
        )
    return payee


@transaction.atomic
def payee_verify(
    tenant_id: str,
    subject: Subject,
    *,
    rail: str,
    identity: str,
    name: str,
    by: str,
    now: datetime,
) -> PayeeAccount:
    """Record that an account was verified to be the certified entity's, in place of the last one.

    Names are compared without regard to width, brackets and spaces, and to nothing else. The same
    account in the same name again gives what stands.

    Clause: S3-6.2x.

    Raises:
        BadInput: ``payee_identity_missing``, ``payee_identity_is_login``.
        RuleRefused: ``payee_name_differs``, ``entity_name_missing``.
        NotFound: when there is no such subject.
    """
    _identity_check(rail, identity)
    one_at_a_time(tenant_id)
    entity_name = entity_name_of(tenant_id, subject)
    if name_normal(name) != name_normal(entity_name):
        raise RuleRefused(
            "payee_name_differs",
            where=":".join(subject),
            zh=f"收款账户名称“{name}”与认证主体“{entity_name}”不一致；只能退至同名账户（S3-6.2x）。",
            en=f"the account is named {name!r}, the certified entity {entity_name!r}; "
            "money goes to an account of the same name only (S3-6.2x)",
        )
    standing = _payees_standing(tenant_id, subject, rail)
    for payee in standing:
        same_entity = name_normal(payee.entity_name) == name_normal(entity_name)
        if payee.identity == identity and same_entity:
            return payee
        _revoke(payee, by, now)
    return PayeeAccount.objects.create(
        id=uuid7_for(
            now, tenant_id, "payee", *subject, rail, str(_payees_ever(tenant_id, subject))
        ),
        tenant_id=tenant_id,
        subject_kind=subject[0],
        subject_id=subject[1],
        rail=rail,
        identity=identity,
        name=name,
        entity_name=entity_name,
        verified_at=now,
        verified_by=by,
    )


@transaction.atomic
def payee_revoke(
    tenant_id: str, subject: Subject, *, rail: str, by: str, now: datetime
) -> PayeeAccount | None:
    """Take back a verification: nothing more is sent to the account; nothing when there is none.

    What was sent already is not called back.
    """
    one_at_a_time(tenant_id)
    revoked = None
    for payee in _payees_standing(tenant_id, subject, rail):
        revoked = _revoke(payee, by, now)
    return revoked


def _identity_check(rail: str, identity: str) -> None:
    if not identity.strip() or "\0" in identity:
        raise BadInput(
            "payee_identity_missing",
            zh="请给出收款账户在机构的用户号或账号。",
            en="give the account's user id or number at the institution",
        )
    mobile = len(identity) == _MOBILE_DIGITS and identity[0] == "1" and identity.isdecimal()
    if rail not in BY_HAND and ("@" in identity or mobile):
        raise BadInput(
            "payee_identity_is_login",
            where=identity,
            zh="这是登录名（邮箱或手机号），可能换人；请使用机构的用户号。",
            en="this is a login name (mail or mobile), which can change hands; use the user id",
        )


def _payees_standing(tenant_id: str, subject: Subject, rail: str) -> list[PayeeAccount]:
    return list(
        PayeeAccount.objects.select_for_update().filter(
            tenant_id=tenant_id,
            subject_kind=subject[0],
            subject_id=subject[1],
            rail=rail,
            revoked_at=None,
        )
    )


def _payees_ever(tenant_id: str, subject: Subject) -> int:
    return PayeeAccount.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1]
    ).count()


def _revoke(payee: PayeeAccount, by: str, now: datetime) -> PayeeAccount:
    payee.revoked_at, payee.revoked_by = now, by
    payee.save(update_fields=["revoked_at", "revoked_by"])
    return payee


def one_at_a_time(tenant_id: str) -> None:
    """Let one session of a tenant at a time change accounts or ask for payouts."""
    with connection.cursor() as cursor:
        key = f"{tenant_id} payouts"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
