"""Makes headings, paragraphs, lists and code of a PDF's lines, by their places and sizes alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alonchat_crawl.extract.files.document_writer import DocumentWriter
from alonchat_crawl.extract.files.escaping import escaped, one_line
from alonchat_crawl.extract.files.pdf.code import listing, only_listings
from alonchat_crawl.extract.files.pdf.headings import Levels, heading_levels
from alonchat_crawl.extract.files.pdf.lines import (
    OutlineEntry,
    PdfLine,
    UsualMeasures,
    measured,
    without_running_lines,
)
from alonchat_crawl.extract.text.source_code import as_markdown

HYPHENS = ("-", "\u00ad", "\u2010", "\x02", "\ufffe")
JOINT = re.compile(
    "[\x02\ufffe](?P<capital>(?=[A-Z0-9]))?"
)  # what PDFium writes for a hyphen at a line's end
BULLET = re.compile(
    r"(?:[•◦▪‣∙●○■□–—·*\u2043\uf0b7\uf0a7-]|o(?= ))\s+(?=\S)|[•◦▪‣●■\uf0b7\uf0a7](?=\S)|[•▪●]$"
)
NUMBERED = re.compile(r"(\d{1,3})[.)]\s+(?=\S)")
SECTION = re.compile(
    r"\d{1,3}(?:\.\d{1,3})*\.?\s|[A-Z]\.\s|(?:chapter|section|part|appendix)\b", re.IGNORECASE
)
LEADING = 1.35  # times the usual distance of lines: a larger one ends a paragraph
SHORT = 0.85  # of the width of a page's text: a line that ends before may end a paragraph
VERY_SHORT = 0.6  # a line shorter than this ends it, unless the next begins in lower case
SENTENCE_END = (".", "!", "?", ":", ";", "。", "”", '"')
INDENT = 0.8  # of the size: how far a paragraph's first line is indented
SAME_SIZE = 0.1  # of the size: a smaller difference is none
HEADING_LINES_MAX = 4


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line, and where it is in its document."""

    line: PdfLine
    page: int
    level: int
    """Of a heading, from 1; 0 for other text."""
    reach: float
    """Where the line ends, as a share of the width of its page's text: 1.0 is the right edge."""


def write_pages(
    pages: Sequence[Sequence[PdfLine]], outline: Sequence[OutlineEntry], writer: DocumentWriter
) -> None:
    """Write a document's pages; raises FullError."""
    kept = [only_listings(page) for page in without_running_lines(pages)]
    usual = measured(kept)
    block: list[PlacedLine] = []
    for placed in _placed(kept, heading_levels(kept, outline, usual)):
        if block and not _continues(block, placed, usual):
            _write(block, writer)
            block = []
        block.append(placed)
    if block:
        _write(block, writer)


def _placed(pages: Sequence[Sequence[PdfLine]], levels: Levels) -> Iterator[PlacedLine]:
    for number, page in enumerate(pages):
        left = min((line.left for line in page), default=0.0)
        width = max(1.0, max((line.right for line in page), default=0.0) - left)
        for index, line in enumerate(page):
            yield PlacedLine(line, number, levels.get((number, index), 0), (line.right - left) / width)


def _continues(block: Sequence[PlacedLine], this: PlacedLine, usual: UsualMeasures) -> bool:
    """Whether a line belongs to the block of the lines before it."""
    before, line = block[-1].line, this.line
    drop = before.end - line.bottom
    apart = this.page != block[-1].page or drop < -before.size  # another page or column
    near = not apart and drop <= LEADING * usual.leading * max(before.size, line.size)
    if this.level or block[-1].level:
        same = this.level == block[-1].level and near and len(block) < HEADING_LINES_MAX
        return same and not SECTION.match(line.text)
    if before.is_code or line.is_code:
        return before.is_code and line.is_code
    if BULLET.match(line.text) or NUMBERED.match(line.text):
        return False
    if apart:
        return _is_mid_sentence(before, line)
    return near and _is_same_paragraph(block, line)


def _is_mid_sentence(before: PdfLine, line: PdfLine) -> bool:
    """Whether a paragraph continues on the next page or column."""
    return before.text.endswith(HYPHENS) or (
        line.text[:1].islower() and not before.text.endswith(SENTENCE_END)
    )


def _is_same_paragraph(block: Sequence[PlacedLine], line: PdfLine) -> bool:
    """Whether a line just below a block continues its paragraph."""
    before, reach = block[-1].line, block[-1].reach
    if abs(before.end - line.bottom) < before.size / 2:  # the rest of the same line
        return True
    if abs(before.size - line.size) > SAME_SIZE * before.size:
        return before.text.endswith(HYPHENS)
    if len(block) == 1 and BULLET.match(before.text):
        return True
    if reach < SHORT and before.text.endswith(SENTENCE_END):
        return False
    if line.left > before.left + INDENT * line.size and len(block) > 1:
        return False
    return reach >= VERY_SHORT or line.text[:1].islower() or before.text.endswith(HYPHENS)


def _write(block: Sequence[PlacedLine], writer: DocumentWriter) -> None:
    first = block[0]
    if first.line.is_code and not first.level:
        writer.add(as_markdown(listing([placed.line for placed in block]), ""))
        return
    words = _joined(block)
    if first.level:
        writer.heading(first.level, words)
    elif bullet := BULLET.match(words):
        writer.item(0, None, escaped(words[bullet.end() :]))
    elif number := NUMBERED.match(words):
        writer.item(0, int(number.group(1)), escaped(words[number.end() :]))
    else:
        writer.paragraph(words)


def _joined(block: Sequence[PlacedLine]) -> str:
    """Join lines to one; a hyphen at a line's end goes if the word continues."""
    words = ""
    for placed in block:
        line = placed.line.text
        if words.endswith(HYPHENS) and line[:1].islower():
            words = words[:-1] + line
        else:
            words = f"{words} {line}" if words else line
    return one_line(JOINT.sub(lambda found: "" if found.group("capital") is None else "-", words))
