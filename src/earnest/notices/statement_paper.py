"""A statement of reasons on paper: a PDF made from the kept statement alone, always the same bytes.

Both languages stand one after the other, the pages are numbered, and the SHA-256 of the statement
is at the foot of each. The Chinese font is one that every reader of PDF brings along; a letter that
it does not have, such as a rare one of a name, stands there by its code point instead of a gap.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from earnest.kernel.calendar import MARKET_ZONE
from earnest.notices.lines import facts_of, sections_of
from earnest.notices.models import Statement

FONT: Final = "STSong-Light"
_INK, _MUTED, _LINE = HexColor("#1f2329"), HexColor("#646a73"), HexColor("#d9dce1")
_MARGIN: Final = 20 * mm
_TITLES: Final = {"zh": "决定理由书", "en": "Statement of reasons"}
_ALIKE: Final = str.maketrans({"\u00a5": "\uffe5", "\u00a0": " "})
"""Letters that the font has in another form only: the yen sign, the space that does not break."""
_GBK_BYTES: Final = 2
"""GB 18030 writes what GBK has in so many bytes at most, and everything else in four."""


def statement_pdf(statement: Statement) -> bytes:
    """Return a statement as PDF; the same statement always gives the same bytes."""
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    paper = BytesIO()
    document = SimpleDocTemplate(
        paper,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=25 * mm,
        title=f"{statement.number} {statement.title_zh}",
        author=str(statement.content["marketplace"]["zh"]),
        subject=statement.content_hash,
        creator="earnest",
        producer="earnest",
        invariant=1,
    )
    story = [*_page(statement, "zh"), PageBreak(), *_page(statement, "en")]

    def foot(canvas: Canvas, _: object) -> None:
        canvas.saveState()
        canvas.setFont(FONT, 8)
        canvas.setFillColor(_MUTED)
        canvas.drawString(_MARGIN, 14 * mm, f"{statement.number} · {canvas.getPageNumber()}")
        canvas.drawString(_MARGIN, 10 * mm, f"SHA-256 {statement.content_hash}")
        canvas.restoreState()

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return paper.getvalue()


def _page(statement: Statement, language: str) -> Sequence[Flowable]:
    content: Mapping[str, Any] = statement.content
    market = content["marketplace"][language]
    heading = Paragraph(written(content["parts"][language]["title"]), _style("title", language))
    kind = f"{market} · {_TITLES[language]} {statement.number}"
    at = f"{statement.sent_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S} (Asia/Shanghai)"
    story: list[Flowable] = [
        Paragraph(written(kind), _style("small", language)),
        heading,
        Paragraph(escape(at), _style("small", language)),
        Spacer(0, 3 * mm),
        _table(facts_of(content, language), language),
        HRFlowable(width="100%", color=_LINE, spaceBefore=6, spaceAfter=6),
    ]
    for name, text in sections_of(content, language):
        story.append(Paragraph(escape(name), _style("head", language)))
        story += [
            Paragraph(written(line), _style("body", language)) for line in text.split("\n") if line
        ]
    return story


def written(text: str) -> str:
    """Return a text as the font can show it, safe for a paragraph: what it lacks by code point.

    >>> written("吉 & 𠮷")
    '吉 &amp; [U+20BB7]'
    """
    known = text.translate(_ALIKE)
    return escape("".join(each if _shown(each) else f"[U+{ord(each):04X}]" for each in known))


def _shown(letter: str) -> bool:
    """Tell whether the font's set, Adobe-GB1, has a letter: those of GBK and of extension A."""
    in_gbk = len(letter.encode("gb18030", "replace")) <= _GBK_BYTES
    return in_gbk or "\u3400" <= letter <= "\u4dbf"


def _table(rows: Sequence[tuple[str, str]], language: str) -> Table:
    cells = [
        [
            Paragraph(escape(name), _style("small", language)),
            Paragraph(written(value), _style("body", language)),
        ]
        for name, value in rows
    ]
    return Table(
        cells,
        colWidths=[38 * mm, A4[0] - 2 * _MARGIN - 38 * mm],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)],
    )


def _style(name: str, language: str) -> ParagraphStyle:
    size = {"title": 16, "head": 11, "body": 10, "small": 9}[name]
    return ParagraphStyle(
        name,
        fontName=FONT,
        fontSize=size,
        leading=size * 1.55,
        textColor=_MUTED if name == "small" else _INK,
        spaceBefore=6 if name == "head" else 0,
        wordWrap="CJK" if language == "zh" else None,
    )
