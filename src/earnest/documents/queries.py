"""What can be asked about documents; the bytes come only when they are asked for."""

from collections.abc import Iterable
from uuid import UUID

from earnest.documents.models import Document
from earnest.kernel.errors import NotFound
from earnest.market.queries import Subject


def document_get(tenant_id: str, document_id: UUID) -> Document:
    """Return a document without its bytes.

    Raises:
        NotFound: there is none.
    """
    found = Document.objects.defer("content").filter(tenant_id=tenant_id, id=document_id).first()
    if found is None:
        raise _unknown(document_id)
    return found


def document_content(document: Document) -> bytes:
    """Return the bytes of a document, as they were handed in."""
    return bytes(
        Document.objects.values_list("content", flat=True).get(
            tenant_id=document.tenant_id, id=document.id
        )
    )


def documents_by_id(tenant_id: str, ids: Iterable[UUID]) -> dict[UUID, Document]:
    """Return documents without their bytes, by id; unknown ids are left out."""
    found = Document.objects.defer("content").filter(tenant_id=tenant_id, id__in=set(ids))
    return {each.id: each for each in found}


def documents_owned(tenant_id: str, subject: Subject, ids: Iterable[UUID]) -> list[Document]:
    """Return documents that are about this very party.

    Raises:
        NotFound: one of them is not there, or is about another party.
    """
    wanted = list(dict.fromkeys(ids))
    found = documents_by_id(tenant_id, wanted)
    for each in wanted:
        if each not in found or found[each].subject != subject:
            raise _unknown(each)
    return [found[each] for each in wanted]


def _unknown(document_id: UUID) -> NotFound:
    return NotFound(
        "unknown_document",
        where=str(document_id),
        zh="没有这份文件，或您无权查看。请检查编号。",
        en="there is no such document, or it is not yours to see; check the id",
    )
