"""PDF by ReportLab: contents, outline, page numbers, tables that go on over pages, graphs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus.flowables import HRFlowable
from reportlab.platypus.tableofcontents import TableOfContents

from kfmap import __version__
from kfmap.reports.document import Entry, Report, Section, SignOff
from kfmap.reports.html import SIGN_HERE
from kfmap.reports.pdf_fonts import TEXT, load_fonts, markup, shown
from kfmap.reports.pdf_graph import GraphFlowable
from kfmap.reports.pdf_styles import MARGIN, STYLES
from kfmap.reports.pdf_table import build_pairs, build_table

_RULE = HexColor("#c8cccf")


def render_pdf(report: Report) -> bytes:
    """Return the PDF, with its fonts inside; it holds no date and no random identifiers."""
    load_fonts()
    data = io.BytesIO()
    _Document(data, report).multiBuild(list(_story(report)), canvasmaker=_NumberedCanvas)
    return data.getvalue()


class _Document(BaseDocTemplate):
    """Pages with the title above; headings go into the outline and the contents."""

    def __init__(self, data: io.BytesIO, report: Report) -> None:
        super().__init__(
            data,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=MARGIN + 6 * mm,
            bottomMargin=MARGIN + 4 * mm,
            title=shown(report.title),
            author="kfmap",
            creator=f"kfmap {__version__}",
            subject=shown(report.kind),
            invariant=1,
            lang="en",
        )
        self._head = shown(report.title)
        frame = Frame(self.leftMargin, self.bottomMargin, self.width, self.height, 0, 0, 0, 0)
        self.addPageTemplates([PageTemplate("page", [frame], onPage=self._draw_head)])

    def _draw_head(self, canvas: Canvas, document: Any) -> None:
        canvas.saveState()
        canvas.setFont(TEXT, 8)
        canvas.setFillColor(HexColor("#565e65"))
        canvas.drawString(MARGIN, A4[1] - MARGIN, self._head[:100])
        canvas.setStrokeColor(_RULE)
        canvas.line(MARGIN, A4[1] - MARGIN - 2 * mm, A4[0] - MARGIN, A4[1] - MARGIN - 2 * mm)
        canvas.restoreState()

    def afterFlowable(self, flowable: Any) -> None:
        """Enter headings into contents and outline; ReportLab calls this after every piece."""
        if isinstance(flowable, _Heading):
            text = flowable.getPlainText()
            self.canv.bookmarkPage(flowable.name)
            self.canv.addOutlineEntry(text, flowable.name, 0, closed=False)
            self.notify("TOCEntry", (0, escape(text), self.page, flowable.name))


class _NumberedCanvas(Canvas):
    """Writes "page 2 of 5" when all pages are known."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:
        """Keep the page for later."""
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]  # as Canvas.showPage; the stubs lack it

    def save(self) -> None:
        """Number the pages, then write them."""
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont(TEXT, 8)
            self.setFillColor(HexColor("#565e65"))
            self.drawString(MARGIN, MARGIN, f"kfmap {__version__}")
            self.drawRightString(A4[0] - MARGIN, MARGIN, f"page {number} of {len(self._pages)}")
            super().showPage()
        super().save()


def _story(report: Report) -> Iterator[Any]:
    yield Paragraph(markup(report.title), STYLES["title"])
    for line in report.lead:
        yield Paragraph(markup(line), STYLES["lead"])
    yield Spacer(1, 4 * mm)
    yield Paragraph("Contents", STYLES["heading"])
    contents = TableOfContents(dotsMinLevel=0)
    contents.levelStyles = [STYLES["contents"]]
    yield contents
    for at, section in enumerate(report.sections, 1):
        yield from _section(f"part-{at}", section)
    yield from _sign_off(report)
    yield _Heading("provenance", "Provenance")
    yield build_pairs(report.provenance)


class _Heading(Paragraph):
    """A heading that contents and outline lead to, by its name."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(markup(text), STYLES["heading"])
        self.name = name


def _section(name: str, section: Section) -> Iterator[Any]:
    if section.graphs:
        yield PageBreak()
    yield _Heading(name, section.title)
    for text in section.paragraphs:
        yield Paragraph(markup(text), STYLES["text"])
    for entry in section.entries:
        yield KeepTogether(list(_entry(entry)))
    for table in section.tables:
        yield from build_table(table)
    for graph in section.graphs:
        yield GraphFlowable(graph)


def _entry(entry: Entry) -> Iterator[Any]:
    yield Paragraph(markup(entry.headline), STYLES["entry"])
    for text in entry.texts:
        yield Paragraph(markup(text), STYLES["text"])
    for line in entry.code:
        yield Paragraph(markup(line), STYLES["code"])


def _sign_off(report: Report) -> Iterator[Any]:
    if not (report.sign_offs or report.signable):
        return
    yield _Heading("sign-off", "Sign-off")
    for item in report.sign_offs:
        yield KeepTogether(list(_signed(item)))
    if not report.sign_offs:
        yield Paragraph("Nobody has decided yet.", STYLES["text"])
        for word in SIGN_HERE:
            line = HRFlowable(width="70%", color=_RULE, spaceBefore=9 * mm, hAlign="LEFT")
            yield KeepTogether([line, Paragraph(word, STYLES["small"])])


def _signed(item: SignOff) -> Iterator[Any]:
    yield Paragraph(markup(f"{item.author}: {item.decision}"), STYLES["entry"])
    yield build_pairs(item.details)
    for line in re.split(r"[\r\n]+", item.text):
        if line:
            yield Paragraph(markup(line), STYLES["text"])
