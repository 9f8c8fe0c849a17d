"""Tables of what goes out: endpoints and their secrets, mail addresses, deliveries, attempts."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from earnest.postgres.guards import append_only, kept_for_ever

WAITING, SENT, FAILED, DROPPED = "waiting", "sent", "failed", "dropped"
ACTIVE, DISABLED = "active", "disabled"
WEBHOOK, MAIL = "webhook", "mail"
MEMBER = "member"


class Endpoint(models.Model):
    """An address that wants to hear what happens, by signed webhooks.

    Attributes:
        subject_kind, subject_id: the party whose it is and of which it hears; both empty for an
            operator's, which hears of everybody.
        event_types: what it wants to hear of; empty for everything that it may.
        created_at: by the marketplace's clock; what happened before is not told.
        attempted_at: when it was tried last, so that the one that waits longest is next.
        failures: tries that failed since the last that did not.
        failing_since: when the first of them was.
        rests_until: until then nothing is sent, whatever is due.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=500)
    note = models.CharField(max_length=200, blank=True)
    event_types = ArrayField(models.CharField(max_length=40), default=list)
    state = models.CharField(max_length=10, default=ACTIVE)
    disabled_because = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    attempted_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)

    class Meta:
        """One endpoint of a party per address; another address is another endpoint."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "subject_kind", "subject_id", "url"], name="endpoint_once"
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="whose_stays",
                fields=["tenant_id", "subject_kind", "subject_id", "url", "created_at"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.url} {self.state}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id); empty for an operator's."""
        return (self.subject_kind, self.subject_id)


class EndpointSecret(models.Model):
    """A secret that an endpoint's messages are signed with; no page and no list reads it.

    Attributes:
        sealed: the secret, encrypted with a key that stands outside the database; wiped when it
            has expired.
        expires_at: until then a secret that was rotated away signs along; null for the present one.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="secrets")
    tenant_id = models.CharField(max_length=40)
    sealed = models.TextField(blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        """One present secret per endpoint."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint"], condition=Q(expires_at=None), name="endpoint_secret_once"
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="expiry_only", exclude=["sealed", "expires_at"]),
        ]

    def __str__(self) -> str:
        return f"secret of {self.endpoint_id} made {self.made_at:%Y-%m-%d}"


class MailAddress(models.Model):
    """A mail address of a party; nothing but the link that verifies it goes there before it is.

    An operator's own has the kind ``member`` and the name of the person: what goes there is one
    mail a day about what waits.

    Attributes:
        language: ``zh`` or ``en``; the language in which mail is written to it.
        bounced_at: set when the mail server said that there is no such mailbox; nothing is sent
            until it is verified again.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    address = models.CharField(max_length=254)
    language = models.CharField(max_length=2)
    digest = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=150)
    verified_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        """An address stands once in a party's book."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "subject_kind", "subject_id", "address"],
                condition=Q(removed_at=None),
                name="mail_address_once",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="whose_stays",
                fields=["tenant_id", "subject_kind", "subject_id", "address", "added_at"],
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return (self.subject_kind, self.subject_id)


class Watermark(models.Model):
    """Up to which instant of the marketplace a source of events has been looked at."""

    tenant_id = models.CharField(max_length=40)
    source = models.CharField(max_length=40)
    looked_to = models.DateTimeField()

    class Meta:
        """One per source."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "source"], name="watermark_once")
        ]

    def __str__(self) -> str:
        return f"{self.source} to {self.looked_to:%Y-%m-%d %H:%M}"


class Delivery(models.Model):
    """One event on its way to one endpoint or one mail address.

    Attributes:
        event: the type of what happened, such as ``notice.sent``.
        about: the natural key of what happened; with the destination it makes the row unique.
        body: exactly the bytes that are sent, every time.
        occurred_at, made_at: by the marketplace's clock; all other times are the real clock's.
        state: ``waiting``, then ``sent``, ``failed`` (given up) or ``dropped`` (nobody to send to).
        tries: how often sending was tried to its end.
        turn: how often a sender took it up; an answer of an earlier turn moves nothing.
        next_try_at: not before then; null when it may go at once.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    channel = models.CharField(max_length=10)
    endpoint = models.ForeignKey(
        Endpoint, null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    address = models.ForeignKey(
        MailAddress, null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    event = models.CharField(max_length=40)
    about = models.CharField(max_length=120)
    body = models.BinaryField()
    occurred_at = models.DateTimeField()
    made_at = models.DateTimeField()
    state = models.CharField(max_length=10, default=WAITING)
    tries = models.IntegerField(default=0)
    turn = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        """Each event goes to each destination once; that it waits is found by an index."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "event", "about"], name="webhook_once"),
            models.UniqueConstraint(fields=["address", "event", "about"], name="mail_once"),
            models.CheckConstraint(
                condition=Q(channel=WEBHOOK, endpoint__isnull=False, address=None)
                | Q(channel=MAIL, endpoint=None, address__isnull=False),
                name="delivery_one_destination",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["endpoint", "next_try_at"],
                condition=Q(state=WAITING),
                name="delivery_waiting",
            ),
            models.Index(fields=["tenant_id", "-made_at"], name="delivery_newest"),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="content_stays",
                exclude=["state", "tries", "turn", "next_try_at", "sent_at"],
            ),
            pgtrigger.FSM(
                name="delivery_moves",
                field="state",
                transitions=[
                    (WAITING, SENT),
                    (WAITING, FAILED),
                    (WAITING, DROPPED),
                    (FAILED, WAITING),
                    (DROPPED, WAITING),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.about} {self.state}"


class Attempt(models.Model):
    """One try to send, as it went.

    Attributes:
        n: counts the attempts of a delivery.
        outcome: ``sent``, ``refused`` (an answer other than 2xx), ``no_answer``, ``not_allowed``
            (the address is one that nothing is sent to), ``late`` (of an earlier turn).
        status: the HTTP status or the mail server's code; null where there was none.
        said: the beginning of what was answered, or what went wrong.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    tenant_id = models.CharField(max_length=40)
    n = models.IntegerField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    status = models.IntegerField(null=True)
    milliseconds = models.IntegerField()
    said = models.TextField(blank=True)

    class Meta:
        """History."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["delivery", "n"], name="delivery_attempt_once")
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.n} {self.outcome}"
