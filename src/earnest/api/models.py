"""The table of API tokens."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import kept_for_ever


class ApiToken(models.Model):
    """A key with which a program, or a person's script, calls the HTTP API.

    Only the hash of the secret is kept: the secret is shown once, when the token is made.

    Attributes:
        name: the system or person that the token speaks for; decisions name it as their actor, so
            two tokens of one name count as one voice.
        subject_kind: the party of a party role (provider or shop); empty for operators.
        secret_sha256: SHA-256 of the secret, in hexadecimal.
        last_used_on: the market day of the last call with it.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)

    class Meta:
        """Listed by tenant; a token is revoked, never deleted, so that its acts keep a name."""

        indexes: ClassVar = [models.Index(fields=["tenant_id", "created_at"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="use_fields_only", exclude=["revoked_at", "last_used_on"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"
