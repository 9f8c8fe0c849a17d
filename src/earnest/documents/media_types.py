"""What a file is, found from its bytes; what is none of the kinds below is not taken.

Files are shown to other people, so the sender's word for the kind and the name's ending count for
nothing: only text is told from CSV by its name, because their bytes are alike.
"""

import io
import zipfile

import puremagic

from earnest.kernel.errors import BadInput

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
WEBP = "image/webp"
TEXT = "text/plain"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IMAGES = frozenset({PNG, JPEG, WEBP})
TAKEN = "PDF, PNG, JPEG, WebP, TXT, CSV, XLSX"

_SIGNED = IMAGES | {PDF}
_MARKUP = frozenset({"text/html", "image/svg+xml", "application/xml", "text/xml"})
_SHEET_PARTS = frozenset({"[Content_Types].xml", "xl/workbook.xml"})
_LEAST_CONTROL, _ALLOWED_CONTROLS = " ", "\t\r\n"


def media_type_of(content: bytes, name: str) -> str:
    """Return the media type of a file.

    Raises:
        BadInput: it is of no kind that is taken.
    """
    guessed = _guessed(content)
    for media_type in guessed:
        if media_type in _SIGNED:
            return media_type
    if _is_sheet(content):
        return XLSX
    if _is_text(content) and not _MARKUP.intersection(guessed):
        return CSV if name.lower().endswith(".csv") else TEXT
    raise BadInput(
        "file_type_not_taken",
        where=name,
        zh=f"文件内容不是可接受的类型（{TAKEN}）；类型按内容识别，改扩展名无效，请转换格式后再上传。",
        en=f"the content is none of {TAKEN}; the kind is read from the bytes, so renaming does "
        "not help: convert the file and upload it again",
    )


def text_of(content: bytes) -> str:
    """Return text as read: UTF-8, else GB 18030, in which older office software writes Chinese."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _guessed(content: bytes) -> list[str]:
    try:
        return [match.mime_type for match in puremagic.magic_string(content)]
    except (puremagic.PureError, ValueError):  # it knows no such start, or there is nothing
        return []


def _is_sheet(content: bytes) -> bool:
    """Tell whether it is a workbook without macros, by the parts that the archive lists."""
    if not content.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return parts >= _SHEET_PARTS and not any(part.endswith("vbaProject.bin") for part in parts)


def _is_text(content: bytes) -> bool:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return all(each >= _LEAST_CONTROL or each in _ALLOWED_CONTROLS for each in text)
    return False
