"""Reads one page of a PDF as lines of text with their places, through PDFium's own functions.

For each line, the places of two characters and the fonts of three are asked for, not those of all: so it is
almost as fast as reading the bare text.
"""

import ctypes
from collections.abc import Iterator
from math import hypot
from typing import Any

import pypdfium2.raw as pdfium

from alonchat_crawl.extract.files.pdf.lines import PdfLine
from alonchat_crawl.extract.files.pdf.unseen import remove_unseen

FONT_NAME_BYTES = 128
FIXED_PITCH, FORCE_BOLD = 1 << 0, 1 << 18  # ISO 32000-1, table 123
BOLD = (b"bold", b"black", b"heavy", b"cmbx")
MONOSPACED = (b"mono", b"courier", b"typewriter", b"consol", b"menlo", b"cmtt", b"inconsolata", b"code")
TINY_POINTS = 1.5
CHARS_MAX = 1_000_000  # of a page; PDFium takes some hundred bytes for each


def page_lines(page: Any, max_chars: int) -> list[PdfLine]:
    """Return a page's visible lines, in the order of its content."""
    remove_unseen(page)
    textpage = pdfium.FPDFText_LoadPage(page)
    if not textpage:
        return []
    try:
        return list(_lines(page, textpage, min(max_chars, CHARS_MAX)))
    finally:
        pdfium.FPDFText_ClosePage(textpage)


def _lines(page: Any, textpage: Any, max_chars: int) -> Iterator[PdfLine]:
    count = min(pdfium.FPDFText_CountChars(textpage), max_chars)
    if count <= 0:
        return
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(textpage, 0, count, buffer)
    raw = bytes(buffer)[: 2 * max(0, written - 1)]
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    box = pdfium.FS_RECTF()
    if pdfium.FPDF_GetPageBoundingBox(page, box):
        width, height = box.right, box.top
    first = 0
    for text in raw.decode("utf-16-le", "replace").split("\n"):
        units = len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2
        line = _line(textpage, text.replace("\r", ""), first)
        first += units + 1
        if line is None or line.size < TINY_POINTS:
            continue
        if line.right > box.left and line.left < width and line.top > box.bottom and line.bottom < height:
            yield line


def _line(textpage: Any, text: str, first: int) -> PdfLine | None:
    """Return a line with its places and fonts; None if it is blank."""
    shown = text.strip()
    if not shown:
        return None
    start = first + len(text) - len(text.lstrip())
    end = start + len(shown) - 1
    place = [pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, index) for index in (start, end)]
    boxes = [pdfium.FS_RECTF(), pdfium.FS_RECTF()]
    for index, box in zip(place, boxes, strict=True):
        if index < 0 or not pdfium.FPDFText_GetLooseCharBox(textpage, index, box):
            return None
    middle = start + len(shown[: len(shown) // 2 + 1].rstrip()) - 1
    place.append(pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, middle))
    fonts = [_font(textpage, index) for index in place]
    return PdfLine(
        text=shown,
        left=boxes[0].left,
        right=boxes[1].right,
        top=boxes[0].top,
        bottom=boxes[0].bottom,
        end=boxes[1].bottom,
        size=_size(textpage, place[2]),  # taken in the middle: a bullet or an initial has its own size
        is_bold=all(bold for bold, _ in fonts),
        is_code=all(code for _, code in fonts),
    )


def _size(textpage: Any, index: int) -> float:
    """Return a character's size as it is drawn: many programs state 1 point and enlarge it."""
    matrix = pdfium.FS_MATRIX()
    size = float(pdfium.FPDFText_GetFontSize(textpage, index))
    return size * hypot(matrix.b, matrix.d) if pdfium.FPDFText_GetMatrix(textpage, index, matrix) else size


def _font(textpage: Any, index: int) -> tuple[bool, bool]:
    """Return whether a character is bold, and whether it is monospaced."""
    name = ctypes.create_string_buffer(FONT_NAME_BYTES)
    flags = ctypes.c_int(0)
    pdfium.FPDFText_GetFontInfo(textpage, index, name, FONT_NAME_BYTES, flags)
    lower = name.value.lower()
    is_code = bool(flags.value & FIXED_PITCH) or any(word in lower for word in MONOSPACED)
    is_bold = bool(flags.value & FORCE_BOLD) or any(word in lower for word in BOLD)
    return is_bold, is_code
