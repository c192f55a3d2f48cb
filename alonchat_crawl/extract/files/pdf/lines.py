"""What a PDF's lines are like over the whole document: what is usual, and what repeats on every page."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

FURNITURE_MAX_CHARS = 150
EDGE_LINES = 2  # that may be header or footer, at each end of a page
REPEATED_MIN = 3  # pages that have the same line at the same height
REPEATED_SHARE = 0.01  # of all pages
NUMBERED_SHARE = 0.4  # of the pages, that bear the number which is expected
NUMBER_MAX_DIGITS = 5
PAGES_MIN = 2  # a single page has no page numbers
DIGITS = re.compile(r"\d+")
PAGE_NUMBER = re.compile(
    r"[-–—|\s]*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*\d{1,4})?[-–—|\s]*", re.IGNORECASE
)
CONTENTS = re.compile(r"[.·…](?:\s?[.·…]){3,}\s*(?:\d{1,4}|[ivxlc]{1,7})$", re.IGNORECASE)
CONTENTS_MAX_CHARS = 300
SAMPLED_PAGES = 200
LEADING_FROM, LEADING_TO = 0.8, 2.5  # outside of it, two lines are not of one paragraph
USUAL_LEADING = 1.2


@dataclass(frozen=True, slots=True)
class PdfLine:
    """A line of text; places in points from the page's lower left corner."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    end: float
    """Where its last character's bottom is: PDFium joins a word's two halves, and with them two lines."""
    size: float
    """Of its font, as it is drawn."""
    is_bold: bool = False
    is_code: bool = False
    """In a font whose characters are all as wide."""


class OutlineEntry(NamedTuple):
    """An entry of the outline."""

    title: str
    level: int
    """From 1."""
    page: int
    """From 0."""


class UsualMeasures(NamedTuple):
    """What is usual in a document."""

    size: float
    """Of most of its text, in points."""
    leading: float
    """From line to line of a paragraph, in sizes."""


def measured(pages: Sequence[Sequence[PdfLine]]) -> UsualMeasures:
    """Measure the first pages."""
    sizes: Counter[float] = Counter()
    steps: list[float] = []
    for page in pages[:SAMPLED_PAGES]:
        before = None
        for line in page:
            sizes[half_points(line) / 2] += len(line.text)
            if before is not None and line.size and half_points(before) == half_points(line):
                step = (before.bottom - line.bottom) / line.size
                if LEADING_FROM < step < LEADING_TO:
                    steps.append(step)
            before = line
    return UsualMeasures(
        sizes.most_common(1)[0][0] if sizes else 1.0, median(steps) if steps else USUAL_LEADING
    )


def half_points(line: PdfLine) -> int:
    """Return a line's size, rounded so that equal ones are equal."""
    return round(2 * line.size)


def without_furniture(pages: Sequence[Sequence[PdfLine]]) -> list[list[PdfLine]]:
    """Leave out headers, footers, page numbers, and the contents' lines, which repeat the headings."""
    counts: Counter[tuple[str, int]] = Counter()
    for page in pages:
        counts.update({_key(line) for line, _ in _edges(page)})
    least = max(REPEATED_MIN, REPEATED_SHARE * len(pages))
    shift = _shift(pages)
    kept: list[list[PdfLine]] = []
    for number, page in enumerate(pages):
        gone = {
            id(line)
            for line, outermost in _edges(page)
            if counts[_key(line)] >= least
            or (outermost and len(pages) >= PAGES_MIN and PAGE_NUMBER.fullmatch(line.text))
            or (outermost and shift is not None and shift + number in _numbers(line))
        }
        kept.append([line for line in page if id(line) not in gone and not _is_contents(line)])
    return kept


def _edges(page: Sequence[PdfLine]) -> Iterator[tuple[PdfLine, bool]]:
    """Yield the highest and the lowest lines, and whether no other is beyond."""
    by_height = sorted(page, key=lambda line: line.bottom)
    for row in (by_height, by_height[::-1]):
        for number, line in enumerate(row[:EDGE_LINES]):
            yield line, abs(line.bottom - row[0].bottom) < line.size / 2 or number == 0


def _is_contents(line: PdfLine) -> bool:
    return len(line.text) <= CONTENTS_MAX_CHARS and bool(CONTENTS.search(line.text))


def _shift(pages: Sequence[Sequence[PdfLine]]) -> int | None:
    """Return what page numbers are above the pages' own, from 0; None where no line counts the pages."""
    shifts: Counter[int] = Counter()
    for number, page in enumerate(pages):
        shifts.update(
            {told - number for line, outermost in _edges(page) if outermost for told in _numbers(line)}
        )
    best = shifts.most_common(1)
    return best[0][0] if best and best[0][1] >= max(REPEATED_MIN, NUMBERED_SHARE * len(pages)) else None


def _numbers(line: PdfLine) -> set[int]:
    """Return the numbers with which a short line begins and ends."""
    words = line.text.split() if len(line.text) <= FURNITURE_MAX_CHARS else []
    return {
        int(word) for word in {*words[:1], *words[-1:]} if word.isdecimal() and len(word) <= NUMBER_MAX_DIGITS
    }


def _key(line: PdfLine) -> tuple[str, int]:
    return DIGITS.sub("#", line.text), round(line.bottom)
