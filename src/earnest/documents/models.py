"""The table of documents: what was handed in as proof, byte for byte."""

from typing import ClassVar

from django.db import models

from earnest.postgres.guards import append_only


class Document(models.Model):
    """A file that somebody handed in about a party.

    ``sha256`` is that of the content; ``media_type`` was found from the bytes, never taken from
    the sender; ``name`` is the sender's without folders and control characters.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=80)
    size_bytes = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()

    class Meta:
        """The same content about the same party is one document."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "subject_kind", "subject_id", "sha256"],
                name="document_once",
            )
        ]
        triggers: ClassVar = [append_only()]

    @property
    def subject(self) -> tuple[str, str]:
        """The party it is about, as (kind, id)."""
        return (self.subject_kind, self.subject_id)

    def __str__(self) -> str:
        return f"{self.name} {self.sha256[:12]}"
