"""PDF to Markdown, through PDFium: text in the order of the file, as headings, paragraphs, lists and code.

No script runs: this build of PDFium has no JavaScript and no XFA, and forms are not initialised. A file with
only an owner's password opens for everybody, so it is read.
"""

from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from alonchat_crawl.extract.files.document_writer import DocumentWriter, FullError
from alonchat_crawl.extract.files.office.ooxml import sane_title
from alonchat_crawl.extract.files.pdf.layout import write_pages
from alonchat_crawl.extract.files.pdf.lines import OutlineEntry, PdfLine
from alonchat_crawl.extract.files.pdf.page import page_lines
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

PAGES_MAX = 10_000
ENTRIES_MAX = 5000  # of the outline
DEEPEST = 15
SLACK = 1.25  # the text may shrink: repeated headers go, lines become paragraphs
LOCKED = frozenset({pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY})


def write_pdf(body: bytes, writer: DocumentWriter) -> None:
    """Write a document; raises GiveUp and FullError."""
    # Some failures set no error, and PDFium keeps the last one. This failure replaces it by a harmless one.
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
        pages, complete = _pages(document, round(SLACK * writer.left))
        writer.title = title
        write_pages(pages, list(_outline(document)), writer)
        if not complete:
            writer.cut("pages", len(pages), len(document))
            raise FullError
    finally:
        document.close()


def _pages(document: pypdfium2.PdfDocument, max_chars: int) -> tuple[list[list[PdfLine]], bool]:
    """Return the lines of each page, and whether all pages were read; a broken page is empty."""
    pages: list[list[PdfLine]] = []
    count = len(document)
    if not count:
        raise GiveUp(Reason.FILE_MALFORMED, "It has no pages.")
    for number in range(min(count, PAGES_MAX)):
        page = pdfium.FPDF_LoadPage(document.raw, number)
        if not page:
            pages.append([])
            continue
        try:
            pages.append(page_lines(page, max_chars))
        finally:
            pdfium.FPDF_ClosePage(page)
        max_chars -= sum(len(line.text) for line in pages[-1])
        if max_chars <= 0:
            return pages, number + 1 == count
    return pages, count <= PAGES_MAX


def _outline(document: pypdfium2.PdfDocument) -> Iterator[OutlineEntry]:
    """Yield the outline's entries; pypdfium2 stops at loops."""
    try:
        for number, bookmark in enumerate(document.get_toc(max_depth=DEEPEST)):
            if number == ENTRIES_MAX:
                return
            target = bookmark.get_dest()
            page = target.get_index() if target is not None else None
            if page is not None:
                yield OutlineEntry(bookmark.get_title(), bookmark.level + 1, page)
    except pypdfium2.PdfiumError:  # a broken outline must not cost the text
        return
