"""Take text that no reader sees out of a PDF's page, before its text is read.

Unseen is text in render mode 3 (neither filled nor stroked) or 7 (only clips), of no opacity, or white
where nothing is drawn beneath it. A scan's recognised text is in mode 3 by custom, over the picture of the
page: it stays where the page shows no text at all, and a picture covers half of it.
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
SCAN_SHARE = 0.5  # of the page, that a picture of it covers at least

Box = tuple[float, float, float, float]  # left, bottom, right, top


class PageObject(NamedTuple):
    """An object of a page."""

    object: Any
    kind: int
    form: Any
    """The form it stands in; None for the page itself."""


def remove_unseen(page: Any) -> None:
    """Remove unseen text objects from a loaded page; the file itself is not changed."""
    things = list(_things(page))
    texts = [thing for thing in things if thing.kind == pdfium.FPDF_PAGEOBJ_TEXT]
    clear = [text for text in texts if pdfium.FPDFTextObj_GetTextRenderMode(text.object) in UNSEEN_MODES]
    if clear and len(clear) == len(texts) and _is_scan(page, things):
        return
    gone = [*clear, *_blank(things, clear)]
    for thing in gone:
        if thing.form is None:
            removed = pdfium.FPDFPage_RemoveObject(page, thing.object)
        else:
            removed = pdfium.FPDFFormObj_RemoveObject(thing.form, thing.object)
        if removed:
            pdfium.FPDFPageObj_Destroy(thing.object)


def _things(page: Any) -> Iterator[PageObject]:
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


def _blank(things: Sequence[PageObject], clear: Sequence[PageObject]) -> Iterator[PageObject]:
    """Yield texts without opacity, and white ones on nothing."""
    known = {id(thing) for thing in clear}
    drawn: list[tuple[Any, Box]] = []
    for thing in things:
        if thing.kind != pdfium.FPDF_PAGEOBJ_TEXT:
            if _covers(thing):
                drawn.append((thing.form, _bounds(thing.object)))
            continue
        if id(thing) in known:
            continue
        colour = _fill(thing.object)
        if colour is None:
            continue
        if not colour[3]:
            yield thing
        elif min(colour[:3]) >= WHITE_FROM:
            left, bottom, right, top = _bounds(thing.object)
            x, y = (left + right) / 2, (bottom + top) / 2
            # Places in a form are in its own coordinates: what the page drew may well lie beneath.
            if not any(
                form is not thing.form or (box[0] <= x <= box[2] and box[1] <= y <= box[3])
                for form, box in drawn
            ):
                yield thing


def _covers(thing: PageObject) -> bool:
    """Whether something is drawn that white text would be seen on."""
    if thing.kind in {pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING}:
        return True
    if thing.kind != pdfium.FPDF_PAGEOBJ_PATH:
        return False
    filled, stroked = ctypes.c_int(0), ctypes.c_int(0)
    pdfium.FPDFPath_GetDrawMode(thing.object, filled, stroked)
    if not filled.value:
        return False
    colour = _fill(thing.object)
    return colour is None or not all(part >= WHITE_FROM for part in colour[:3])


def _is_scan(page: Any, things: Sequence[PageObject]) -> bool:
    whole: float = pdfium.FPDF_GetPageWidthF(page) * pdfium.FPDF_GetPageHeightF(page)
    areas = [
        (right - left) * (top - bottom)
        for left, bottom, right, top in (
            _bounds(thing.object) for thing in things if thing.kind == pdfium.FPDF_PAGEOBJ_IMAGE
        )
    ]
    return sum(areas) >= SCAN_SHARE * whole  # some scanners write a page as stripes


def _bounds(thing: Any) -> Box:
    sides = [ctypes.c_float(0) for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(thing, *sides)
    left, bottom, right, top = (side.value for side in sides)
    return left, bottom, right, top


def _fill(thing: Any) -> tuple[int, int, int, int] | None:
    """Return red, green, blue and opacity; None for a pattern."""
    parts = [ctypes.c_uint(0) for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(thing, *parts):
        return None
    red, green, blue, opacity = (part.value for part in parts)
    return red, green, blue, opacity
