"""The mail addresses of parties: added, verified by the link sent there, removed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import transaction

from earnest.deliveries.happenings import VERIFY, Happened
from earnest.deliveries.letters import verify_letter
from earnest.deliveries.looking import mail_delivery
from earnest.deliveries.models import DROPPED, MEMBER, WAITING, Delivery, MailAddress
from earnest.deliveries.queries import mail_address_get
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.kernel.ids import uuid7_for
from earnest.market.models import Membership
from earnest.market.queries import party_names
from earnest.market.roles import OPERATOR_ROLES

LANGUAGES: Final = ("zh", "en")
LINK_DAYS: Final = 7
ADDRESSES_MAX: Final = 10
ADDRESS_LENGTH_MAX: Final = 254
_SALT: Final = "earnest.deliveries.mailbox"


@dataclass(frozen=True)
class NewMailAddress:
    """A mail address to be added to a party's book, or an operator's own (kind ``member``)."""

    subject: tuple[str, str]
    address: str
    language: str
    actor: str
    digest: bool = True


@transaction.atomic
def mail_address_add(tenant_id: str, new: NewMailAddress, now: datetime) -> MailAddress:
    """Add a mail address and send it the link that verifies it; nothing else before that.

    Raises:
        BadInput: no mail address, or a language that is not written.
        NotFound: there is no such party.
        Conflict: it stands in the book, or the book is full.
    """
    address = _address_checked(new.address)
    if new.language not in LANGUAGES:
        raise BadInput(
            "unknown_language", where=new.language,
            zh="邮件语言请选择 zh 或 en。", en="choose zh or en as the language of mail",
        )  # fmt: skip
    if not _is_known(tenant_id, new.subject):
        raise NotFound(
            "unknown_subject", where=new.subject[1],
            zh="没有这个主体，或您无权查看。", en="there is no such party, or it is not yours",
        )  # fmt: skip
    book = MailAddress.objects.select_for_update().filter(
        tenant_id=tenant_id, subject_kind=new.subject[0], subject_id=new.subject[1],
        removed_at=None,
    )  # fmt: skip
    known = [each.address for each in book]
    if address in known or len(known) >= ADDRESSES_MAX:
        raise Conflict(
            "mail_address_known" if address in known else "mail_addresses_too_many",
            where=address,
            zh=f"这个邮箱已登记，或已达到 {ADDRESSES_MAX} 个的上限。",
            en=f"the mailbox is there already, or there are {ADDRESSES_MAX}, which is the most",
        )
    times = MailAddress.objects.filter(tenant_id=tenant_id, address=address).count()
    row = MailAddress.objects.create(
        id=uuid7_for(now, tenant_id, "mailbox", *new.subject, address, str(times)),
        tenant_id=tenant_id,
        subject_kind=new.subject[0],
        subject_id=new.subject[1],
        address=address,
        language=new.language,
        digest=new.digest,
        added_at=now,
        added_by=new.actor,
    )
    _link_send(row, now)
    return row


def _is_known(tenant_id: str, subject: tuple[str, str]) -> bool:
    if subject[0] != MEMBER:
        return subject in party_names(tenant_id, [subject])
    members = Membership.objects.filter(tenant_id=tenant_id, role__in=OPERATOR_ROLES)
    return members.filter(user__username=subject[1]).exists()


def _address_checked(given: str) -> str:
    """Return a mail address; the part behind the @ in small letters."""
    try:
        validate_email(given.strip())
        MaxLengthValidator(ADDRESS_LENGTH_MAX)(given.strip())
    except ValidationError as error:
        raise BadInput(
            "mail_address_wrong", where=given[:80],
            zh="这不是一个邮箱地址，例如 name@example.com。",
            en="this is no mail address, such as name@example.com",
        ) from error  # fmt: skip
    name, _, host = given.strip().rpartition("@")
    return f"{name}@{host.lower()}"


def _link_send(row: MailAddress, now: datetime) -> None:
    token = signing.dumps([row.tenant_id, str(row.id)], salt=_SALT, compress=True)
    party = party_names(row.tenant_id, [row.subject]).get(row.subject, row.subject_id)
    about = f"verify:{now.isoformat()}"
    happened = Happened(VERIFY, about, row.subject, now, "", "")
    letter = verify_letter(party, token, LINK_DAYS, row.language)
    mail_delivery(row, letter, happened, now).save(force_insert=True)


@transaction.atomic
def mail_address_link_again(tenant_id: str, address_id: UUID, now: datetime) -> None:
    """Send the verifying link once more, also to a mailbox that did not take mail.

    Raises:
        NotFound: there is no such address.
        Conflict: it is verified and takes mail; or a link was sent just now.
    """
    row = mail_address_get(tenant_id, address_id, locked=True)
    links = Delivery.objects.filter(address=row, event=VERIFY)
    if (row.verified_at and not row.bounced_at) or links.filter(
        made_at__gt=now - timedelta(minutes=1)
    ).exists():
        raise Conflict(
            "link_not_needed", where=row.address,
            zh="该邮箱已确认，或确认邮件刚刚发出。",
            en="the mailbox is confirmed, or a link was sent a moment ago",
        )  # fmt: skip
    _link_send(row, now)


def link_read(token: str) -> tuple[str, UUID]:
    """Return the tenant and the mail address that a link is about.

    Raises:
        NotFound: it is not one of ours, or too old.
    """
    try:
        kept: Any = signing.loads(token, salt=_SALT, max_age=timedelta(days=LINK_DAYS))
        return str(kept[0]), UUID(kept[1])
    except (signing.BadSignature, ValueError, TypeError, LookupError) as error:
        raise NotFound(
            "link_unknown",
            zh="链接无效或已过期；请登录后重新发送确认邮件。",
            en="the link is not good any more; sign in and send a new one",
        ) from error


@transaction.atomic
def mail_address_verify(tenant_id: str, address_id: UUID, now: datetime) -> MailAddress:
    """Note that somebody who reads the mailbox wants the mail.

    Raises:
        NotFound: the address was removed meanwhile.
    """
    row = mail_address_get(tenant_id, address_id, locked=True)
    row.verified_at, row.bounced_at = row.verified_at or now, None
    row.save(update_fields=["verified_at", "bounced_at"])
    return row


@transaction.atomic
def mail_address_remove(tenant_id: str, address_id: UUID, now: datetime) -> None:
    """Take a mail address out of the book; what waits for it is dropped.

    Raises:
        NotFound: there is no such address.
    """
    row = mail_address_get(tenant_id, address_id, locked=True)
    row.removed_at = now
    row.save(update_fields=["removed_at"])
    Delivery.objects.filter(address=row, state=WAITING).update(state=DROPPED)
