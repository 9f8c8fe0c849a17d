"""Taking in a document: looked at, hashed, kept once and never changed."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.documents.media_types import media_type_of
from earnest.documents.models import Document
from earnest.kernel.errors import BadInput
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import Subject

SIZE_MAX_MB = 10
SIZE_MAX_BYTES = SIZE_MAX_MB * 1024 * 1024
NAME_MAX = 120
_UNNAMED = "document"


@dataclass(frozen=True)
class NewDocument:
    """A file as it arrives.

    Attributes:
        subject: the party it is about, as (kind, id).
        name: the sender's name for it; folders and control characters are dropped.
        content: the bytes.
        actor: who hands it in.
    """

    subject: Subject
    name: str
    content: bytes
    actor: str


@transaction.atomic
def document_add(tenant_id: str, new: NewDocument, now: datetime) -> Document:
    """Keep a document; the same content about the same party is the document kept before.

    Raises:
        BadInput: it is empty, larger than ten megabytes, or of no kind that is taken.
    """
    name = name_clean(new.name)
    _check_size(name, len(new.content))
    media_type = media_type_of(new.content, name)
    sha256 = hashlib.sha256(new.content).hexdigest()
    kind, subject_id = new.subject
    row = Document(
        id=uuid7_for(now, tenant_id, "document", kind, subject_id, sha256),
        tenant_id=tenant_id,
        subject_kind=kind,
        subject_id=subject_id,
        name=name,
        media_type=media_type,
        size_bytes=len(new.content),
        sha256=sha256,
        content=new.content,
        added_by=new.actor,
        added_at=now,
    )
    Document.objects.bulk_create([row], ignore_conflicts=True)
    return Document.objects.defer("content").get(
        tenant_id=tenant_id, subject_kind=kind, subject_id=subject_id, sha256=sha256
    )


def name_clean(name: str) -> str:
    r"""Return a file name that is safe to show and to send: one line, no folders, not too long.

    >>> name_clean("C:\\papers\\licence.pdf")
    'licence.pdf'
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(each for each in last if unicodedata.category(each)[0] != "C" and each != '"')
    stem, dot, ending = seen.strip(" .").rpartition(".")
    if not dot:
        return seen.strip(" .")[:NAME_MAX] or _UNNAMED
    return f"{stem[: NAME_MAX - len(ending) - 1] or _UNNAMED}.{ending}"[:NAME_MAX]


def _check_size(name: str, size_bytes: int) -> None:
    if not size_bytes:
        raise BadInput(
            "document_empty",
            where=name,
            zh="文件是空的；请检查后重新上传。",
            en="the file is empty; look at it and upload it again",
        )
    if size_bytes > SIZE_MAX_BYTES:
        raise BadInput(
            "document_too_large",
            where=name,
            zh=f"文件超过 {SIZE_MAX_MB} MB；请压缩或拆分后再上传。",
            en=f"the file is larger than {SIZE_MAX_MB} MB; make it smaller or split it",
        )
