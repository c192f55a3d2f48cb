"""Which lines of a PDF are headings: by its outline if it has one, else by their size and weight."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from alonchat_crawl.extract.files.pdf.lines import OutlineEntry, PdfLine, UsualMeasures, half_points

LARGER = 1.12  # times the size of most text
LINE_MAX_CHARS = 200
BOLD_MAX_CHARS = 90
BOLD_SHARE_MAX = 0.2  # of a document's text: if more is bold, bold does not mark headings
LEVELS_MAX = 6
TITLE_LINES_MAX = 3
MATCHED_SHARE = 0.5  # of the outline's entries: if fewer match, the outline belongs to another text
BULLETS = ("•", "◦", "▪", "‣", "●", "■", "–", "\uf0b7", "\uf0a7")
NUMBERING_WORDS = frozenset({"", "chapter", "section", "appendix", "part", "article"})

Levels = Mapping[tuple[int, int], int]
"""By page and line, from 0: a heading's level, from 1."""


def heading_levels(
    pages: Sequence[Sequence[PdfLine]], outline: Sequence[OutlineEntry], usual: UsualMeasures
) -> Levels:
    """Return the levels of the lines that are headings."""
    found = _by_outline(pages, outline)
    by_size = _levels_of_sizes(pages, found, usual)
    levels = dict(found)
    bold_level = min(max(by_size.values(), default=0) + 1, LEVELS_MAX)
    bold = not found and _is_bold_rare(pages)
    for number, page in enumerate(pages):
        for index, line in enumerate(page):
            if (number, index) in levels or not _may_be_heading(line):
                continue
            if level := by_size.get(half_points(line), 0):
                levels[number, index] = level
            elif bold and _stands_out(page, index, usual):
                levels[number, index] = bold_level
    return levels


def _by_outline(
    pages: Sequence[Sequence[PdfLine]], outline: Sequence[OutlineEntry]
) -> dict[tuple[int, int], int]:
    wanted: defaultdict[int, list[OutlineEntry]] = defaultdict(list)
    for entry in outline:
        if 0 <= entry.page < len(pages) and _letters(entry.title):
            wanted[entry.page].append(entry)
    found: dict[tuple[int, int], int] = {}
    matched = 0
    for number, entries in wanted.items():
        lines = [_letters(line.text) for line in pages[number]]
        for entry in entries:
            place = _place(lines, _letters(entry.title))
            matched += place is not None
            for index in range(*place) if place else ():
                found.setdefault((number, index), min(entry.level, LEVELS_MAX))
    return found if matched >= MATCHED_SHARE * sum(map(len, wanted.values())) else {}


def _place(lines: Sequence[str], title: str) -> tuple[int, int] | None:
    """Return the first line of a title and the line after its last; a word such as chapter may precede it."""
    for first in range(len(lines)):
        joined = ""
        for after in range(first + 1, min(first + TITLE_LINES_MAX, len(lines)) + 1):
            joined += lines[after - 1]
            if joined.endswith(title) and joined[: -len(title)] in NUMBERING_WORDS:
                return first, after
            if len(joined) > len(title) + max(map(len, NUMBERING_WORDS)):
                break
    return None


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.casefold()))


def _levels_of_sizes(
    pages: Sequence[Sequence[PdfLine]], found: Levels, usual: UsualMeasures
) -> Mapping[int, int]:
    """Return the level of each size of headings, in half points.

    If the outline names headings of a size, all lines of that size have their level. Without an outline, the
    largest size has level 1.
    """
    if found:
        known: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for (number, index), level in found.items():
            known[half_points(pages[number][index])][level] += 1
        return {
            size: counts.most_common(1)[0][0]
            for size, counts in known.items()
            if size >= 2 * LARGER * usual.size
        }
    sizes = {
        half_points(line)
        for page in pages
        for line in page
        if line.size >= LARGER * usual.size and _may_be_heading(line)
    }
    return {size: min(rank, LEVELS_MAX) for rank, size in enumerate(sorted(sizes, reverse=True), 1)}


def _may_be_heading(line: PdfLine) -> bool:
    """Whether a line can be a heading; a list item cannot, however large its bullet is."""
    words = len(line.text) <= LINE_MAX_CHARS and any(map(str.isalpha, line.text))
    return words and not line.is_code and not line.text.startswith(BULLETS)


def _is_bold_rare(pages: Sequence[Sequence[PdfLine]]) -> bool:
    bold = sum(len(line.text) for page in pages for line in page if line.is_bold)
    return 0 < bold < BOLD_SHARE_MAX * sum(len(line.text) for page in pages for line in page)


def _stands_out(page: Sequence[PdfLine], index: int, usual: UsualMeasures) -> bool:
    """Whether a bold line is alone: more than a line's distance from the text before it."""
    line = page[index]
    if not line.is_bold or len(line.text) > BOLD_MAX_CHARS or line.text.endswith((".", ",", ";")):
        return False
    if index and not page[index - 1].bottom - line.bottom > usual.leading * line.size * LARGER:
        return False
    return index + 1 < len(page) and not page[index + 1].is_bold
