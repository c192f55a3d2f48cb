"""Tells a PDF's listings from other text in a monospaced font, such as words in a table or a sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from alonchat_crawl.extract.files.pdf.lines import PdfLine

CODE_CHAR = 0.6  # of the size: a monospaced character's width
INDENT_MAX_COLUMNS = 60
GAP = 2.5  # sizes from line to line: no listing has so large a gap


def only_listings(page: Sequence[PdfLine]) -> list[PdfLine]:
    """Return a page's lines; only those of listings, which go down line by line, stay marked as code."""
    kept: list[PdfLine] = []
    for run in _runs(page):
        if run[0].is_code:
            after = page[len(kept) + len(run) :][:1]
            around = [*kept[-1:], *run[:1]], [*run[-1:], *after]
            if any(map(_beside, around)) or any(_goes_up(*pair) for pair in pairwise(run)):
                run = [replace(line, is_code=False) for line in run]  # noqa: PLW2901 - the same run, corrected
        kept += run
    return kept


def _runs(page: Sequence[PdfLine]) -> Iterator[list[PdfLine]]:
    """Yield runs of lines that are all code or all not, without a gap."""
    run: list[PdfLine] = []
    for line in page:
        far = run and run[-1].end - line.bottom > GAP * line.size
        if run and (far or run[-1].is_code != line.is_code):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def listing(lines: Sequence[PdfLine]) -> str:
    """Join a listing's lines, indented as they stand on the page."""
    return "\n".join(_rows(lines))


def _rows(lines: Sequence[PdfLine]) -> Iterator[str]:
    left = min(line.left for line in lines)
    row = ""
    for before, line in pairwise([lines[0], *lines]):
        if row and before is not line and _beside((before, line)):
            row += f" {line.text}"
            continue
        if row:
            yield row
        columns = round((line.left - left) / (CODE_CHAR * line.size)) if line.size else 0
        row = " " * min(columns, INDENT_MAX_COLUMNS) + line.text
    yield row


def _beside(pair: Sequence[PdfLine]) -> bool:
    """Whether two lines stand at the same height."""
    return len(pair) == 2 and abs(pair[0].end - pair[1].bottom) < pair[1].size / 2  # noqa: PLR2004 - a pair


def _goes_up(before: PdfLine, line: PdfLine) -> bool:
    return line.bottom - before.end > line.size / 2
