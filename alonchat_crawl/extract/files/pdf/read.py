"""PDF to Markdown, through PDFium: text in the order in which it was written, as paragraphs and headings.

Nothing is run: this build of PDFium has no JavaScript and no XFA, and forms are not initialised. A file
that only an owner's password protects opens for everybody, and is read.
"""

from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from alonchat_crawl.extract.files.document_writer import FullError, Text
from alonchat_crawl.extract.files.office.ooxml import sane_title
from alonchat_crawl.extract.files.pdf.layout import write_pages
from alonchat_crawl.extract.files.pdf.lines import Entry, Line
from alonchat_crawl.extract.files.pdf.page import lines
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

PAGES_MAX = 10_000
ENTRIES_MAX = 5000  # of the outline
DEEPEST = 15
SLACK = 1.25  # the text may shrink: repeated headers go, lines become paragraphs
LOCKED = frozenset({pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY})


def write_pdf(body: bytes, text: Text) -> None:
    """Write a document; raises GiveUp and FullError."""
    # PDFium keeps the last error until the next, and some failures set none: this one is of another kind.
    pdfium.FPDF_LoadMemDocument(b"", 0, None)
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in LOCKED:
            raise GiveUp(
                Reason.FILE_ENCRYPTED, "It is protected by a password: remove that and send it again."
            ) from error
        raise GiveUp(Reason.FILE_MALFORMED, "It cannot be read as PDF.") from error
    try:
        title = sane_title(document.get_metadata_dict().get("Title", ""))
        pages, whole = _pages(document, round(SLACK * text.left))
        text.title = title
        write_pages(pages, list(_outline(document)), text)
        if not whole:
            text.cut("pages", len(pages), len(document))
            raise FullError
    finally:
        document.close()


def _pages(document: pypdfium2.PdfDocument, max_chars: int) -> tuple[list[list[Line]], bool]:
    """Return each page's lines, and whether those are all pages; broken pages are empty."""
    pages: list[list[Line]] = []
    count = len(document)
    if not count:
        raise GiveUp(Reason.FILE_MALFORMED, "It has no pages.")
    for number in range(min(count, PAGES_MAX)):
        page = pdfium.FPDF_LoadPage(document.raw, number)
        if not page:
            pages.append([])
            continue
        try:
            pages.append(lines(page, max_chars))
        finally:
            pdfium.FPDF_ClosePage(page)
        max_chars -= sum(len(line.text) for line in pages[-1])
        if max_chars <= 0:
            return pages, number + 1 == count
    return pages, count <= PAGES_MAX


def _outline(document: pypdfium2.PdfDocument) -> Iterator[Entry]:
    """Yield the outline's entries; pypdfium2 stops at loops."""
    try:
        for number, bookmark in enumerate(document.get_toc(max_depth=DEEPEST)):
            if number == ENTRIES_MAX:
                return
            target = bookmark.get_dest()
            page = target.get_index() if target is not None else None
            if page is not None:
                yield Entry(bookmark.get_title(), bookmark.level + 1, page)
    except pypdfium2.PdfiumError:  # a broken outline costs headings, not the text
        return
