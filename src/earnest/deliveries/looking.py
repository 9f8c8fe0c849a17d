"""Looking at what happened, and writing down what has to go where: each once."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from earnest.deliveries.happenings import DIGEST, INSIDE, Happened, Source
from earnest.deliveries.letters import digest_letter, letter_bytes, notice_letter
from earnest.deliveries.models import (
    ACTIVE,
    MAIL,
    WEBHOOK,
    Delivery,
    Endpoint,
    MailAddress,
    Watermark,
)
from earnest.deliveries.sources import SOURCES
from earnest.kernel.calendar import day_of, day_start
from earnest.kernel.ids import uuid7_for
from earnest.notices.models import Notice

OVERLAP: Final = timedelta(hours=1)
"""How far behind its watermark a look begins: a transaction that began before a look may commit
after it, with rows of before. What has a delivery already gets no second one."""

SWEEP: Final = timedelta(days=2)
"""The overlap of the daily look, for what took longer than that to commit."""

ROWS_AT_ONCE = 500
_DAY = timedelta(days=1)


def deliveries_look(
    tenant_id: str,
    now: datetime,
    sources: Sequence[Source] = SOURCES,
    *,
    overlap: timedelta = OVERLAP,
) -> Counter[str]:
    """Write a delivery for everything new that somebody wants to hear of; count them by event.

    What happened before an endpoint or a mail address was there is not told to it. Several may look
    at once, and any may die: a delivery's id follows from what it is about and where it goes.
    """
    made: Counter[str] = Counter()
    for source in sources:
        made += _source_look(tenant_id, source, now, overlap)
    return made


@transaction.atomic
def _source_look(tenant_id: str, source: Source, now: datetime, overlap: timedelta) -> Counter[str]:
    """Look at one source from its watermark on; the watermark moves with what was written."""
    endpoints = list(Endpoint.objects.filter(tenant_id=tenant_id, state=ACTIVE))
    addresses = list(_addresses(tenant_id))
    begun = [each.created_at for each in endpoints] + [_since_when(each) for each in addresses]
    first = Watermark(tenant_id=tenant_id, source=source.name, looked_to=min([*begun, now]))
    Watermark.objects.bulk_create([first], ignore_conflicts=True)
    mark = Watermark.objects.select_for_update().get(tenant_id=tenant_id, source=source.name)
    since = min(mark.looked_to, now) - overlap
    made: Counter[str] = Counter()
    if endpoints or addresses:
        for some in _portions(source.read(tenant_id, since, now)):
            wanted = [
                delivery
                for happened in some
                for delivery in (
                    *_to_endpoints(tenant_id, happened, endpoints, now),
                    *_to_addresses(happened, addresses, now),
                )
            ]
            made.update(each.event for each in _written(wanted))
    mark.looked_to = now
    mark.save(update_fields=["looked_to"])
    return made


def _portions(all_of_them: Iterator[Happened]) -> Iterator[list[Happened]]:
    while some := list(islice(all_of_them, ROWS_AT_ONCE)):
        yield some


def _written(wanted: Sequence[Delivery]) -> list[Delivery]:
    """Write the deliveries that are not there yet; return those."""
    known = set(
        Delivery.objects.filter(id__in=[each.id for each in wanted]).values_list("id", flat=True)
    )
    new = [each for each in wanted if each.id not in known]
    Delivery.objects.bulk_create(new, ignore_conflicts=True)
    return new


def _addresses(tenant_id: str) -> Iterable[MailAddress]:
    return MailAddress.objects.filter(
        tenant_id=tenant_id, removed_at=None, bounced_at=None
    ).exclude(verified_at=None)


def _since_when(address: MailAddress) -> datetime:
    """Return from when on an address is told what happens: from its verification."""
    return address.verified_at or address.added_at


def _to_endpoints(
    tenant_id: str, happened: Happened, endpoints: Iterable[Endpoint], now: datetime
) -> Iterator[Delivery]:
    for each in endpoints:
        if each.created_at <= happened.at and hears(each, happened):
            yield Delivery(
                id=_id(tenant_id, happened, str(each.id)),
                tenant_id=tenant_id,
                channel=WEBHOOK,
                endpoint=each,
                subject_kind=happened.subject[0],
                subject_id=happened.subject[1],
                event=happened.event,
                about=happened.about,
                body=message_bytes(happened),
                occurred_at=happened.at,
                made_at=now,
            )


def hears(endpoint: Endpoint, happened: Happened) -> bool:
    """Tell whether an endpoint is told of an event: wanted, and its own party's or an operator's.

    >>> from datetime import UTC
    >>> at = datetime(2025, 9, 1, tzinfo=UTC)
    >>> one = Happened("decision.made", "decision:1", ("shop", "S1"), at, "S3-5.1", "/")
    >>> hears(Endpoint(), one), hears(Endpoint(subject_kind="shop", subject_id="S1"), one)
    (True, False)
    """
    if endpoint.event_types and happened.event not in endpoint.event_types:
        return False
    if endpoint.subject == ("", ""):
        return True
    return endpoint.subject == happened.subject and happened.event not in INSIDE


def message_bytes(happened: Happened) -> bytes:
    """Return the body of a webhook: small, with ids and a link; receivers ask the API for more."""
    kind, subject_id = happened.subject
    message = {
        "type": happened.event,
        "timestamp": happened.at.isoformat(),
        "data": {
            "subject_kind": kind,
            "subject_id": subject_id,
            "clause": happened.clause,
            "url": f"{settings.PUBLIC_URL}{happened.path}",
            **happened.facts,
        },
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _to_addresses(
    happened: Happened, addresses: Iterable[MailAddress], now: datetime
) -> Iterator[Delivery]:
    if happened.letter is None or not happened.letter.at_once:
        return
    for each in addresses:
        if each.subject == happened.subject and _since_when(each) <= happened.at:
            yield mail_delivery(
                each,
                notice_letter(happened.letter, happened.path, each.language),
                Happened(happened.event, happened.about, happened.subject, happened.at, "", ""),
                now,
            )


def mail_delivery(
    address: MailAddress, letter: tuple[str, str], happened: Happened, now: datetime
) -> Delivery:
    """Return a mail to an address, to be written; its letter is a title and a text."""
    return Delivery(
        id=_id(address.tenant_id, happened, str(address.id)),
        tenant_id=address.tenant_id,
        channel=MAIL,
        address=address,
        subject_kind=address.subject_kind,
        subject_id=address.subject_id,
        event=happened.event,
        about=happened.about,
        body=letter_bytes(*letter),
        occurred_at=happened.at,
        made_at=now,
    )


def deliveries_write(wanted: Sequence[Delivery]) -> int:
    """Write deliveries, those that are there already not again; return how many were new."""
    return len(_written(wanted))


def _id(tenant_id: str, happened: Happened, destination: str) -> UUID:
    key = (destination, happened.event, happened.about)
    return uuid7_for(happened.at, tenant_id, "delivery", *key)


@transaction.atomic
def digests_make(tenant_id: str, now: datetime) -> int:
    """Write the digests of yesterday's notices that were not mailed at once; return how many.

    One mail per address and day; a day without such notices has none.
    """
    today = day_of(now)
    since, until = day_start(today - _DAY), day_start(today)
    wanted = []
    for address in _addresses(tenant_id):
        if not address.digest:
            continue
        notices = list(
            Notice.objects.filter(
                tenant_id=tenant_id,
                subject_kind=address.subject_kind,
                subject_id=address.subject_id,
                severity="info",
                sent_at__gte=max(since, _since_when(address)),
                sent_at__lt=until,
            ).order_by("sent_at", "id")
        )
        if notices:
            about = f"digest:{today - _DAY}"
            happened = Happened(DIGEST, about, address.subject, until, "", "")
            letter = digest_letter(notices, today - _DAY, address.language)
            wanted.append(mail_delivery(address, letter, happened, now))
    return len(_written(wanted))
