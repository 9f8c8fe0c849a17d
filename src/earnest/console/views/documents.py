"""Documents, looked at where they are: only by operators and by the party they are about."""

from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from earnest.console.access import Visitor, VisitorRequest, needs
from earnest.documents.media_types import CSV, IMAGES, PDF, TEXT, text_of
from earnest.documents.models import Document
from earnest.documents.queries import document_content, document_get
from earnest.kernel.errors import NotFound
from earnest.market.roles import APPLY, SEE_ALL, SEE_OWN

TEXT_SHOWN_MAX = 200_000
# A file from outside may run nothing, load nothing and send nothing, whatever it says it is.
_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
SANDBOX = f"{_NOTHING}; frame-ancestors 'none'; sandbox"
# Browsers show a PDF in a viewer of their own, which a sandbox would keep from opening.
PDF_POLICY = f"{_NOTHING}; frame-ancestors 'none'; object-src 'self'"


@require_GET
@needs(SEE_ALL, SEE_OWN, APPLY)
def document(request: VisitorRequest, document_id: UUID) -> HttpResponse:
    """Show a document in place, or hand it over as a file where it cannot be shown."""
    found = document_get(request.visitor.tenant_id, document_id)
    if not _sees(request.visitor, found):
        raise NotFound("unknown_document", where="", zh="没有这份文件。", en="no such document")
    content = document_content(found)
    shown_in_place = "download" not in request.GET
    if shown_in_place and found.media_type in {TEXT, CSV}:
        written = text_of(content)
        shown = {
            "document": found,
            "written": written[:TEXT_SHOWN_MAX],
            "cut": len(written) > TEXT_SHOWN_MAX,
        }
        return render(request, "console/document.html", shown)
    inline = shown_in_place and found.media_type in IMAGES | {PDF}
    return HttpResponse(
        content,
        content_type=found.media_type,
        headers={
            "Content-Disposition": _disposition(found.name, inline=inline),
            "Content-Security-Policy": PDF_POLICY if found.media_type == PDF else SANDBOX,
            "X-Content-Type-Options": "nosniff",
        },
    )


def _sees(visitor: Visitor, found: Document) -> bool:
    own = visitor.subject == found.subject
    return visitor.is_operator or (own and (visitor.may(SEE_OWN) or visitor.may(APPLY)))


def _disposition(name: str, *, inline: bool) -> str:
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(name, safe='')}"
