"""Papers that the people of the demo hand in: small PDF and text documents, always the same."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Final
from uuid import UUID

from reportlab.lib.pagesizes import A5
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from earnest.documents.commands import NewDocument, document_add
from earnest.market.queries import Subject

FONT: Final = "STSong-Light"
_LEFT, _TOP, _LINE = 40, 540, 22


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """Return a page with a title and some lines; the same words give the same bytes."""
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    written = BytesIO()
    page = Canvas(written, pagesize=A5, invariant=1)
    page.setTitle(title)
    page.setFont(FONT, 16)
    page.drawString(_LEFT, _TOP, title)
    page.setFont(FONT, 11)
    for row, line in enumerate(lines, start=2):
        page.drawString(_LEFT, _TOP - row * _LINE, line)
    page.save()
    return written.getvalue()


def pdf_keep(
    tenant_id: str, subject: Subject, title: str, lines: Sequence[str], by: tuple[str, datetime]
) -> UUID:
    """Keep a PDF about a party; ``by`` is who hands it in, and when."""
    actor, now = by
    new = NewDocument(subject, f"{title}.pdf", pdf(title, lines), actor)
    return document_add(tenant_id, new, now).id


def text_keep(
    tenant_id: str, subject: Subject, title: str, lines: Sequence[str], by: tuple[str, datetime]
) -> UUID:
    """Keep a text about a party; ``by`` is who hands it in, and when."""
    actor, now = by
    content = "\n".join((title, "", *lines, "")).encode()
    return document_add(tenant_id, NewDocument(subject, f"{title}.txt", content, actor), now).id
