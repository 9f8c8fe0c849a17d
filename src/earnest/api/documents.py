"""Documents: handed in as files, looked at by operators and by the party they are about."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Router, Schema, UploadedFile

from earnest.api.access import Caller, caller_of, missing, now_for
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import IdPath, KindPath
from earnest.documents.commands import SIZE_MAX_BYTES, NewDocument, document_add
from earnest.documents.models import Document
from earnest.documents.queries import document_content, document_get
from earnest.kernel.errors import BadInput, NotAllowed, NotFound
from earnest.market.roles import ACT_FOR_PARTY, APPLY, REVIEW, SEE_OWN, may

router = Router(tags=["documents"])


class DocumentOut(Schema):
    """A document: what it is and whose, without its bytes."""

    id: UUID
    subject_kind: str
    subject_id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    added_by: str
    added_at: datetime

    @staticmethod
    def resolve_added_by(document: Document, context: dict[str, HttpRequest]) -> str:
        """Tell a party its own name only: who works for the operator is not its to know."""
        caller = caller_of(context["request"])
        known = caller.sees_all or document.added_by == caller.name
        return document.added_by if known else ""


@router.post(
    "/parties/{subject_kind}/{subject_id}/documents",
    response={200: DocumentOut, ERRORS: ProblemOut},
    summary="Hand in a document",
)
def document_hand_in(
    request: HttpRequest,
    subject_kind: KindPath,
    subject_id: IdPath,
    file: UploadedFile | None = File(None),  # type: ignore[type-arg]  # noqa: B008 - ninja
) -> Document:
    """Keep a file (multipart field ``file``) about a party; the same content is kept once.

    Its kind is read from the bytes: PDF, PNG, JPEG, WebP, text, CSV or XLSX, ten megabytes at most.
    """
    caller = _may_hand_in(caller_of(request), (subject_kind, subject_id))
    if file is None:
        raise BadInput(
            "file_missing",
            where="file",
            zh="请以 multipart 的 file 字段上传文件。",
            en="send the file as the multipart field “file”",
        )
    if file.size is not None and file.size > SIZE_MAX_BYTES:
        raise BadInput(
            "document_too_large",
            where=file.name or "",
            zh="文件超过 10 MB；请压缩或拆分后再上传。",
            en="the file is larger than 10 MB; make it smaller or split it",
        )
    new = NewDocument((subject_kind, subject_id), file.name or "", file.read(), caller.name)
    return document_add(caller.tenant_id, new, now_for(caller))


@router.get(
    "/documents/{document_id}",
    response={200: DocumentOut, ERRORS: ProblemOut},
    summary="Show a document",
)
def document_show(request: HttpRequest, document_id: UUID) -> Document:
    """Show what a document is, without its bytes."""
    return _seen(caller_of(request), document_id)


@router.get(
    "/documents/{document_id}/content",
    response={200: None, ERRORS: ProblemOut},
    summary="Download a document",
)
def document_download(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Return the bytes of a document, as they were handed in."""
    found = _seen(caller_of(request), document_id)
    return HttpResponse(
        document_content(found),
        content_type=found.media_type,
        headers={
            "Content-Disposition": "attachment",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _may_hand_in(caller: Caller, subject: tuple[str, str]) -> Caller:
    """Return the caller if it may hand in papers about a party: an own one, or as a reviewer."""
    if may(caller.role, REVIEW):
        return caller
    if not (may(caller.role, ACT_FOR_PARTY) or may(caller.role, APPLY)):
        raise NotAllowed(
            "not_allowed",
            where=caller.role,
            zh=f"角色“{caller.role}”不能提交文件。",
            en=f"the role {caller.role!r} hands in no documents",
        )
    if caller.own != subject:
        raise missing("subject")
    return caller


def _seen(caller: Caller, document_id: UUID) -> Document:
    if not (caller.sees_all or may(caller.role, SEE_OWN) or may(caller.role, APPLY)):
        raise NotAllowed(
            "not_allowed",
            where=caller.role,
            zh=f"角色“{caller.role}”不能查看文件。",
            en=f"the role {caller.role!r} sees no documents",
        )
    try:
        found = document_get(caller.tenant_id, document_id)
    except NotFound:
        raise missing("document_id") from None
    if not caller.sees_all and caller.own != found.subject:
        raise missing("document_id")
    return found
