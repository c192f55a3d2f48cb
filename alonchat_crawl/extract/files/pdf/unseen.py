"""Removes text that nobody sees from a PDF's page, before its text is read.

Unseen is text in render mode 3 (neither filled nor stroked) or 7 (only clips), text without opacity, and
white text with nothing drawn below it. The recognised text of a scan is in mode 3 by custom, over the picture
of the page. So it stays if the page has no visible text and pictures cover half of it.
Source: ISO 32000-1, 9.3.6.
"""

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

OBJECTS_MAX = 100_000  # of a page; more is a drawing
FORMS_DEEPEST = 6
UNSEEN_MODES = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})
WHITE_FROM = 250  # of 255, in each of red, green and blue
SCAN_SHARE = 0.5  # of the page: pictures cover at least so much of a scan

Box = tuple[float, float, float, float]  # left, bottom, right, top


class PageObject(NamedTuple):
    """Text, a picture or a drawing on a page."""

    object: Any
    kind: int
    form: Any
    """The form that it is part of; None if it is part of the page itself."""


def remove_unseen(page: Any) -> None:
    """Remove unseen text objects from a loaded page; the file itself is not changed."""
    objects = list(_objects(page))
    texts = [each for each in objects if each.kind == pdfium.FPDF_PAGEOBJ_TEXT]
    clear = [text for text in texts if pdfium.FPDFTextObj_GetTextRenderMode(text.object) in UNSEEN_MODES]
    if clear and len(clear) == len(texts) and _is_scan(page, objects):
        return
    gone = [*clear, *_blank(objects, clear)]
    for each in gone:
        if each.form is None:
            removed = pdfium.FPDFPage_RemoveObject(page, each.object)
        else:
            removed = pdfium.FPDFFormObj_RemoveObject(each.form, each.object)
        if removed:
            pdfium.FPDFPageObj_Destroy(each.object)


def _objects(page: Any) -> Iterator[PageObject]:
    todo: list[tuple[Any, int]] = [(None, 0)]
    seen = 0
    while todo:
        form, depth = todo.pop()
        count = pdfium.FPDFPage_CountObjects(page) if form is None else pdfium.FPDFFormObj_CountObjects(form)
        for index in range(min(count, OBJECTS_MAX - seen)):
            if form is None:
                each = pdfium.FPDFPage_GetObject(page, index)
            else:
                each = pdfium.FPDFFormObj_GetObject(form, index)
            kind = pdfium.FPDFPageObj_GetType(each)
            if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < FORMS_DEEPEST:
                todo.append((each, depth + 1))
            yield PageObject(each, kind, form)
        seen += max(0, count)
        if seen >= OBJECTS_MAX:
            return


def _blank(objects: Sequence[PageObject], clear: Sequence[PageObject]) -> Iterator[PageObject]:
    """Yield texts without opacity, and white ones with nothing below them."""
    known = {id(each) for each in clear}
    drawn: list[tuple[Any, Box]] = []
    for each in objects:
        if each.kind != pdfium.FPDF_PAGEOBJ_TEXT:
            if _covers(each):
                drawn.append((each.form, _bounds(each.object)))
            continue
        if id(each) not in known and _is_blank(each, drawn):
            yield each


def _is_blank(text: PageObject, drawn: Sequence[tuple[Any, Box]]) -> bool:
    colour = _fill(text.object)
    if colour is None:
        return False
    if not colour[3]:
        return True
    if min(colour[:3]) < WHITE_FROM:
        return False
    left, bottom, right, top = _bounds(text.object)
    x, y = (left + right) / 2, (bottom + top) / 2
    # A form has coordinates of its own, so what the page drew may be below the form's text.
    return not any(
        form is not text.form or (box[0] <= x <= box[2] and box[1] <= y <= box[3]) for form, box in drawn
    )


def _covers(each: PageObject) -> bool:
    """Whether white text would be visible on it."""
    if each.kind in {pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING}:
        return True
    if each.kind != pdfium.FPDF_PAGEOBJ_PATH:
        return False
    filled, stroked = ctypes.c_int(0), ctypes.c_int(0)
    pdfium.FPDFPath_GetDrawMode(each.object, filled, stroked)
    if not filled.value:
        return False
    colour = _fill(each.object)
    return colour is None or not all(part >= WHITE_FROM for part in colour[:3])


def _is_scan(page: Any, objects: Sequence[PageObject]) -> bool:
    whole: float = pdfium.FPDF_GetPageWidthF(page) * pdfium.FPDF_GetPageHeightF(page)
    areas = [
        (right - left) * (top - bottom)
        for left, bottom, right, top in (
            _bounds(each.object) for each in objects if each.kind == pdfium.FPDF_PAGEOBJ_IMAGE
        )
    ]
    return sum(areas) >= SCAN_SHARE * whole  # some scanners write a page as stripes


def _bounds(each: Any) -> Box:
    sides = [ctypes.c_float(0) for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(each, *sides)
    left, bottom, right, top = (side.value for side in sides)
    return left, bottom, right, top


def _fill(each: Any) -> tuple[int, int, int, int] | None:
    """Return red, green, blue and opacity; None for a pattern."""
    parts = [ctypes.c_uint(0) for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(each, *parts):
        return None
    red, green, blue, opacity = (part.value for part in parts)
    return red, green, blue, opacity
