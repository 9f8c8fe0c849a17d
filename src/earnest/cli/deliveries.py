"""``earnest webhook`` and ``earnest mail``: who is told what happens, and what arrived."""

from datetime import UTC, datetime
from uuid import UUID

import click

from earnest.cli.options import SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.deliveries.commands import (
    NewEndpoint,
    delivery_again,
    endpoint_add,
    endpoint_disable,
    endpoint_enable,
    endpoint_rotate,
    endpoint_test,
)
from earnest.deliveries.happenings import EVENT_TYPES, INSIDE
from earnest.deliveries.mailboxes import (
    LANGUAGES,
    NewMailAddress,
    mail_address_add,
    mail_address_link_again,
    mail_address_remove,
)
from earnest.deliveries.models import DROPPED, FAILED, MAIL, SENT, WAITING, WEBHOOK
from earnest.deliveries.queries import (
    OPERATORS,
    DeliveryFilter,
    attempts_of,
    deliveries_found,
    delivery_get,
    endpoint_counts,
    endpoints,
    mail_addresses,
)

STATES = (WAITING, SENT, FAILED, DROPPED)
ROWS_MAX = 1_000
CLI = "command line"


@click.group()
def webhook() -> None:
    """Tell other systems what happens, by signed webhooks."""


@webhook.command("add")
@click.argument("url")
@click.option("--subject", type=SUBJECT, help="The party whose it is; left out: the operator's.")
@click.option("--event", "events", multiple=True, help="Only this type; may be given again.")
@click.option("--note", default="", help="What it is for.")
@reading
def webhook_add(
    *,
    url: str,
    subject: tuple[str, str] | None,
    events: tuple[str, ...],
    note: str,
    output_format: str,
) -> None:
    """Add an endpoint and print its secret: it is shown this once and cannot be shown again."""
    new = NewEndpoint(url, subject or OPERATORS, CLI, events, note)
    made = endpoint_add(tenant(), new, edge_now())
    emit([{"id": made.endpoint.id, "url": url, "secret": made.secret}], output_format)


@webhook.command("list")
@reading
def webhook_list(*, output_format: str) -> None:
    """List the endpoints, and how the deliveries to each of them stand."""
    found = endpoints(tenant())
    counts = endpoint_counts(found)
    rows = []
    for each in found:
        stands = counts.get(each.id)
        rows.append(
            {
                "id": each.id,
                "owner": ":".join(each.subject) if each.subject_kind else "operator",
                "url": each.url,
                "state": each.state,
                "because": each.disabled_because,
                "events": each.event_types or "all",
                "waiting": stands.waiting if stands else 0,
                "sent": stands.sent if stands else 0,
                "failed": stands.failed if stands else 0,
                "failing_since": each.failing_since,
            }
        )
    emit(rows, output_format)


@webhook.command("events")
@reading
def webhook_events(*, output_format: str) -> None:
    """List the types of events, and whether parties are told of them."""
    rows = [
        {"event": name, "says": words.en, "for_parties": name not in INSIDE}
        for name, words in EVENT_TYPES.items()
    ]
    emit(rows, output_format)


@webhook.command("test")
@click.argument("endpoint_id", type=click.UUID, metavar="ID")
def webhook_test(endpoint_id: UUID) -> None:
    """Put a ping on its way; the worker sends it within a minute."""
    delivery = endpoint_test(tenant(), endpoint_id, edge_now())
    click.echo(f"ping {delivery.id} waits for the worker (`earnest work`)", err=True)


@webhook.command("rotate")
@click.argument("endpoint_id", type=click.UUID, metavar="ID")
@reading
def webhook_rotate(*, endpoint_id: UUID, output_format: str) -> None:
    """Make a new secret and print it; the old one signs along for a day."""
    secret = endpoint_rotate(tenant(), endpoint_id, CLI, datetime.now(UTC))
    emit([{"id": endpoint_id, "secret": secret}], output_format)


@webhook.command("disable")
@click.argument("endpoint_id", type=click.UUID, metavar="ID")
def webhook_disable(endpoint_id: UUID) -> None:
    """Send nothing more there, and drop what waits."""
    was_active = endpoint_disable(tenant(), endpoint_id, "asked", edge_now())
    click.echo("disabled" if was_active else "was disabled before", err=True)


@webhook.command("enable")
@click.argument("endpoint_id", type=click.UUID, metavar="ID")
def webhook_enable(endpoint_id: UUID) -> None:
    """Send there again, what happens from now on."""
    was_disabled = endpoint_enable(tenant(), endpoint_id)
    click.echo("enabled" if was_disabled else "was enabled before", err=True)


@webhook.command("deliveries")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option("--event", default="", help="Only of this type.")
@click.option("--endpoint", type=click.UUID, help="Only to this endpoint.")
@reading
def webhook_deliveries(
    *, state: str | None, event: str, endpoint: UUID | None, output_format: str
) -> None:
    """List what is on its way and what arrived, the newest first."""
    narrowed = DeliveryFilter(channel=WEBHOOK, state=state or "", event=event, endpoint=endpoint)
    _emit_deliveries(narrowed, output_format)


def _emit_deliveries(narrowed: DeliveryFilter, output_format: str) -> None:
    rows = [
        {
            "id": each.id,
            "event": each.event,
            "subject": f"{each.subject_kind}:{each.subject_id}",
            "to": each.endpoint.url if each.endpoint else str(each.address),
            "state": each.state,
            "tries": each.tries,
            "occurred_at": each.occurred_at,
            "next_try_at": each.next_try_at,
            "sent_at": each.sent_at,
        }
        for each in deliveries_found(tenant(), narrowed)[:ROWS_MAX]
    ]
    emit(rows, output_format)


@webhook.command("attempts")
@click.argument("delivery_id", type=click.UUID, metavar="ID")
@reading
def webhook_attempts(*, delivery_id: UUID, output_format: str) -> None:
    """List what was tried for a delivery, and what was answered."""
    rows = [
        {
            "n": each.n,
            "at": each.at,
            "outcome": each.outcome,
            "status": each.status,
            "milliseconds": each.milliseconds,
            "said": each.said,
        }
        for each in attempts_of(delivery_get(tenant(), delivery_id))
    ]
    emit(rows, output_format)


@webhook.command("again")
@click.argument("delivery_id", type=click.UUID, metavar="ID")
def webhook_again(delivery_id: UUID) -> None:
    """Send once more what was given up or dropped, under the same id; mail too."""
    delivery_again(tenant(), delivery_id)
    click.echo("it waits for the worker", err=True)


@click.group()
def mail() -> None:
    """Send notices to verified mailboxes of parties."""


@mail.command("add")
@click.argument("subject", type=SUBJECT)
@click.argument("address")
@click.option("--language", type=click.Choice(LANGUAGES), default="zh", show_default=True)
@click.option("--digest/--no-digest", default=True, help="The daily mail of other notices.")
@reading
def mail_add(
    *,
    subject: tuple[str, str],
    address: str,
    language: str,
    digest: bool,
    output_format: str,
) -> None:
    """Add a mailbox of a party; it gets a link, and mail once somebody there has followed it."""
    new = NewMailAddress(subject, address, language, CLI, digest)
    row = mail_address_add(tenant(), new, edge_now())
    emit([{"id": row.id, "address": row.address}], output_format)


@mail.command("list")
@click.option("--subject", type=SUBJECT, help="Only of this party.")
@reading
def mail_list(*, subject: tuple[str, str] | None, output_format: str) -> None:
    """List the mailboxes, and whether they take mail."""
    rows = [
        {
            "id": each.id,
            "subject": ":".join(each.subject),
            "address": each.address,
            "language": each.language,
            "digest": each.digest,
            "verified_at": each.verified_at,
            "bounced_at": each.bounced_at,
        }
        for each in mail_addresses(tenant(), subject)
    ]
    emit(rows, output_format)


@mail.command("link")
@click.argument("address_id", type=click.UUID, metavar="ID")
def mail_link(address_id: UUID) -> None:
    """Send the link that verifies a mailbox once more."""
    mail_address_link_again(tenant(), address_id, edge_now())


@mail.command("remove")
@click.argument("address_id", type=click.UUID, metavar="ID")
def mail_remove(address_id: UUID) -> None:
    """Send nothing more to a mailbox."""
    mail_address_remove(tenant(), address_id, edge_now())


@mail.command("deliveries")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@reading
def mail_deliveries(*, state: str | None, output_format: str) -> None:
    """List the mails that are on their way and those that were sent, the newest first."""
    _emit_deliveries(DeliveryFilter(channel=MAIL, state=state or ""), output_format)
