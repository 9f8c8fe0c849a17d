"""Documents are typed by their bytes, kept once, cleaned of bad names, and never changed."""

import io
import zipfile
from datetime import UTC, datetime
from uuid import UUID

import openpyxl
import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from earnest.documents.commands import (
    NAME_MAX,
    SIZE_MAX_BYTES,
    NewDocument,
    document_add,
    name_clean,
)
from earnest.documents.media_types import media_type_of, text_of
from earnest.documents.models import Document
from earnest.documents.queries import (
    document_content,
    document_get,
    documents_owned,
)
from earnest.kernel.errors import BadInput, NotFound

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
P1, P2 = ("provider", "P1"), ("provider", "P2")
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00"


def _sheet() -> bytes:
    written = io.BytesIO()
    openpyxl.Workbook().save(written)
    return written.getvalue()


def _archive(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return written.getvalue()


def _add(
    content: bytes = PDF, name: str = "licence.pdf", subject: tuple[str, str] = P1
) -> Document:
    return document_add("t", NewDocument(subject, name, content, "ann"), NOW)


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (PDF, "x.exe", "application/pdf"),
        (PNG, "x", "image/png"),
        (JPEG, "x.png", "image/jpeg"),
        (WEBP, "x", "image/webp"),
        ("订单,数量\n1,2\n".encode(), "x.CSV", "text/csv"),
        ("订单".encode("gb18030"), "x.csv", "text/csv"),
        (b"a note\n", "x.pdf", "text/plain"),
    ],
)
def test_the_bytes_say_what_a_file_is(content: bytes, name: str, found: str) -> None:
    """The ending of its name changes nothing, but that text is CSV where it says so."""
    assert media_type_of(content, name) == found


def test_a_workbook_is_taken_without_macros_only() -> None:
    """A workbook is an archive with a workbook in it, and no program."""
    assert media_type_of(_sheet(), "x.xlsx").endswith("spreadsheetml.sheet")
    parts = ("[Content_Types].xml", "xl/workbook.xml")
    for wrong in (_archive("a.txt"), _archive(*parts, "xl/vbaProject.bin"), b"PK\x03\x04rubbish"):
        with pytest.raises(BadInput, match="file_type_not_taken"):
            media_type_of(wrong, "x.xlsx")


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"\x7fELF\x02\x01\x01\x00",
        b"\x00\x01\x02\x03",
        b"GIF89a\x01\x00\x01\x00",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    """Programs, web pages and unknown bytes are not taken under any name."""
    for name in ("x.pdf", "x.png", "x.txt", "x.csv"):
        with pytest.raises(BadInput, match="file_type_not_taken"):
            media_type_of(content, name)


@given(st.binary(max_size=64), st.text(max_size=20))
def test_no_bytes_break_the_look(content: bytes, name: str) -> None:
    """Whatever arrives is one of the kinds, or a problem that says so."""
    try:
        found = media_type_of(content, name)
    except BadInput:
        return
    assert found.startswith(("application/pdf", "image/", "text/", "application/vnd.openxml"))


@given(st.text(max_size=300))
def test_a_name_is_one_safe_line(name: str) -> None:
    """No folder, no control character, no quote, and never empty or too long."""
    clean = name_clean(name)
    assert 0 < len(clean) <= NAME_MAX
    assert not set(clean) & set('/\\"\r\n\0')


def test_a_name_keeps_its_last_part() -> None:
    """Folders of either kind of machine are dropped, and a long name keeps its ending."""
    assert name_clean("../../etc/证明.pdf") == "证明.pdf"
    assert name_clean("C:\\papers\\a.png") == "a.png"
    assert name_clean("x" * 500 + ".xlsx").endswith("x.xlsx")
    assert name_clean("..") == "document"


@pytest.mark.django_db
def test_the_same_content_is_one_document() -> None:
    """Twice about a party is once; about another party it is another document."""
    first, again, other = _add(), _add(name="other.pdf"), _add(subject=P2)
    assert first.id == again.id != other.id
    assert (again.name, document_content(first)) == ("licence.pdf", PDF)
    assert len(first.sha256) == 64
    assert Document.objects.count() == 2


@pytest.mark.django_db
def test_what_is_empty_or_too_large_is_refused() -> None:
    """Ten megabytes go, one byte more does not, and nothing is left behind."""
    for content, code in ((b"", "document_empty"), (b"a" * (SIZE_MAX_BYTES + 1), "too_large")):
        with pytest.raises(BadInput, match=code):
            _add(content)
    assert not Document.objects.exists()
    assert _add(b"a" * SIZE_MAX_BYTES, "large.txt").size_bytes == SIZE_MAX_BYTES


@pytest.mark.django_db
def test_a_document_never_changes() -> None:
    """The database itself refuses to change or drop one."""
    document = _add()
    for attempt in (
        lambda: Document.objects.filter(id=document.id).update(name="x"),
        lambda: Document.objects.filter(id=document.id).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


@pytest.mark.django_db
def test_another_s_document_is_like_none() -> None:
    """Who names a document of another party hears that there is none."""
    document = _add()
    assert documents_owned("t", P1, [document.id, document.id]) == [document]
    for subject, wanted in ((P2, document.id), (P1, UUID(int=1))):
        with pytest.raises(NotFound):
            documents_owned("t", subject, [wanted])
    with pytest.raises(NotFound):
        document_get("another", document.id)


def test_older_chinese_text_is_read() -> None:
    """Text of older office software is read, and a mark in front of UTF-8 is dropped."""
    assert text_of("证明".encode("gb18030")) == text_of("证明".encode("utf-8-sig")) == "证明"
