"""Files that a form brings: any form with the part ``upload_field.html`` in it may take them."""

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from earnest.documents.commands import SIZE_MAX_BYTES, SIZE_MAX_MB, NewDocument, document_add
from earnest.documents.models import Document
from earnest.kernel.errors import BadInput
from earnest.market.queries import Subject

FIELD = "files"
FILES_MAX = 10
_MEGABYTE = 1024 * 1024


def documents_uploaded(
    request: HttpRequest, tenant_id: str, subject: Subject, actor: str, now: datetime
) -> list[Document]:
    """Keep the files that came with a form as documents about a party; often there are none.

    Raises:
        BadInput: too many of them, or one that is empty, too large or of no kind that is taken.
    """
    sent = request.FILES.getlist(FIELD)
    if len(sent) > FILES_MAX:
        raise BadInput(
            "too_many_files",
            where=FIELD,
            zh=f"一次最多上传 {FILES_MAX} 个文件。",
            en=f"at most {FILES_MAX} files come at once",
        )
    return [
        document_add(
            tenant_id, NewDocument(subject, each.name or "", file_content(each), actor), now
        )
        for each in sent
    ]


def file_content(sent: "UploadedFile[bytes]") -> bytes:
    """Return the bytes of a file that was sent, unless they are too many to be read at all.

    Raises:
        BadInput: ``document_too_large``.
    """
    if sent.size is not None and sent.size > SIZE_MAX_BYTES:
        raise BadInput(
            "document_too_large",
            where=sent.name or "",
            zh=f"文件有 {sent.size // _MEGABYTE} MB，超过 {SIZE_MAX_MB} MB；请压缩或拆分。",
            en=f"the file has {sent.size // _MEGABYTE} MB, more than {SIZE_MAX_MB}; make it "
            "smaller or split it",
        )
    return bytes(sent.read())
