"""What is usual for a PDF's lines, and what repeats on its pages: headers, footers, page numbers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

PAGE_NUMBER_LINE_MAX_CHARS = 150
EDGE_LINES = 2  # at each end of a page, that may be a header or a footer
REPEATED_MIN = 3  # pages with the same line at the same height make it a header or footer
REPEATED_SHARE = 0.01  # of all pages
NUMBERED_SHARE = 0.4  # of the pages that have the expected number: then the numbers are page numbers
NUMBER_MAX_DIGITS = 5
PAGES_MIN = 2  # a single page has no page numbers
DIGITS = re.compile(r"\d+")
PAGE_NUMBER = re.compile(
    r"[-–—|\s]*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*\d{1,4})?[-–—|\s]*", re.IGNORECASE
)
CONTENTS = re.compile(r"[.·…](?:\s?[.·…]){3,}\s*(?:\d{1,4}|[ivxlc]{1,7})$", re.IGNORECASE)
CONTENTS_MAX_CHARS = 300
SAMPLED_PAGES = 200
LEADING_FROM, LEADING_TO = 0.8, 2.5  # sizes; two lines of one paragraph are never closer or farther
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
    """The bottom of its last character: PDFium joins the two halves of a word, and so two lines."""
    size: float
    """Of its font, as it is drawn."""
    is_bold: bool = False
    is_code: bool = False
    """Whether its font is monospaced."""


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
    """From line to line of a paragraph, in multiples of the size."""


def measured(pages: Sequence[Sequence[PdfLine]]) -> UsualMeasures:
    """Return what is usual on the first pages."""
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
    """Return a line's size in half points, rounded."""
    return round(2 * line.size)


def without_running_lines(pages: Sequence[Sequence[PdfLine]]) -> list[list[PdfLine]]:
    """Leave out headers, footers, page numbers, and the table of contents, which repeats the headings."""
    counts: Counter[tuple[str, int]] = Counter()
    for page in pages:
        counts.update({_key(line) for line, _ in _edges(page)})
    least = max(REPEATED_MIN, REPEATED_SHARE * len(pages))
    offset = _number_offset(pages)
    kept: list[list[PdfLine]] = []
    for number, page in enumerate(pages):
        gone = {
            id(line)
            for line, outermost in _edges(page)
            if counts[_key(line)] >= least
            or (outermost and len(pages) >= PAGES_MIN and PAGE_NUMBER.fullmatch(line.text))
            or (outermost and offset is not None and offset + number in _numbers(line))
        }
        kept.append([line for line in page if id(line) not in gone and not _is_contents(line)])
    return kept


def _edges(page: Sequence[PdfLine]) -> Iterator[tuple[PdfLine, bool]]:
    """Yield the highest and the lowest lines of a page, and whether each is the outermost."""
    by_height = sorted(page, key=lambda line: line.bottom)
    for row in (by_height, by_height[::-1]):
        for number, line in enumerate(row[:EDGE_LINES]):
            yield line, abs(line.bottom - row[0].bottom) < line.size / 2 or number == 0


def _is_contents(line: PdfLine) -> bool:
    return len(line.text) <= CONTENTS_MAX_CHARS and bool(CONTENTS.search(line.text))


def _number_offset(pages: Sequence[Sequence[PdfLine]]) -> int | None:
    """Return what to add to a page's index for the number printed on it; None if no numbers are printed."""
    offsets: Counter[int] = Counter()
    for number, page in enumerate(pages):
        offsets.update(
            {printed - number for line, outermost in _edges(page) if outermost for printed in _numbers(line)}
        )
    best = offsets.most_common(1)
    return best[0][0] if best and best[0][1] >= max(REPEATED_MIN, NUMBERED_SHARE * len(pages)) else None


def _numbers(line: PdfLine) -> set[int]:
    """Return the numbers that a short line begins or ends with."""
    words = line.text.split() if len(line.text) <= PAGE_NUMBER_LINE_MAX_CHARS else []
    return {
        int(word) for word in {*words[:1], *words[-1:]} if word.isdecimal() and len(word) <= NUMBER_MAX_DIGITS
    }


def _key(line: PdfLine) -> tuple[str, int]:
    return DIGITS.sub("#", line.text), round(line.bottom)
