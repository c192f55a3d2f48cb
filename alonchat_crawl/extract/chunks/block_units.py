"""A document's blocks as units: a block stays whole if a chunk holds it with its headings, or is divided."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from alonchat_crawl.extract.chunks.blocks import MarkdownBlock
from alonchat_crawl.extract.chunks.code_units import code_units
from alonchat_crawl.extract.chunks.text_units import sentences
from alonchat_crawl.extract.chunks.units import (
    BLOCK,
    IN_BLOCK,
    LIKE_HEADING,
    PIECE_SHARE,
    Scope,
    Unit,
    first_of_block,
)

HEADINGS_SHARE = 2  # half a chunk: more headings than this in a row are a list of headings
# How plain text, above all licences, writes headings: with a number, in capitals, or all in bold.
TITLE = re.compile(
    rb"\s*(?:\*\*[^*\n]+\*\*|(?i:section|article|clause|part|chapter)\s+[\dIVX]+\b[^\n]*"
    rb"|(?:\xc2\xa7\s*\d+|\d+(?:\.\d+)+|[\dIVX]+[.):])[.):]*\s+\S[^\n]*|[^a-z\n]*[A-Z]{3}[^a-z\n]*)"
)
TITLE_MAX_BYTES = 80
ROWS_SHARE = 32  # a 32nd of a chunk: a table is not cut finer
DEPTH_MAX = 8  # of lists and quotes: all deeper places are equally good


class Divided(NamedTuple):
    """A document ready to be put into chunks."""

    units: list[Unit]
    scopes: list[Scope]
    """Of divided code, by their start, outer ones first."""


def block_units(data: bytes, found: Sequence[MarkdownBlock], capacity: int) -> Divided:
    """Return a unit for each block that a chunk holds with the headings right above it; divide the others."""
    divided = Divided([], [])
    headings: int | None = None  # where those right above the block begin
    introduced = False  # by the block before, which ends with a colon or looks like a heading
    for block, following in zip(found, [*found[1:], None], strict=False):
        is_title = _is_title(data, block, following)
        in_body = LIKE_HEADING if is_title else BLOCK + 2 * min(block.within, DEPTH_MAX) + introduced
        rank = block.level or in_body
        if block.end - (block.start if headings is None else headings) <= capacity:
            divided.units.append(Unit(block.start, block.end, rank, under_heading=headings is not None))
        else:
            first, *others = _parts(data, block, capacity, divided.scopes)
            divided.units.append(first_of_block(first, rank, under_heading=headings is not None))
            divided.units.extend(others)
        introduced = is_title or data.endswith(b":", block.start, block.end)
        headings = _headings_from(block, headings, capacity // HEADINGS_SHARE)
    return divided


def _is_title(data: bytes, block: MarkdownBlock, following: MarkdownBlock | None) -> bool:
    """Whether a line is meant as a heading; one before a list is not."""
    if block.kind != "text" or block.end - block.start > TITLE_MAX_BYTES or block.within:
        return False
    text = data[block.start : block.end]
    return following is not None and not following.within and TITLE.fullmatch(text) is not None


def _headings_from(block: MarkdownBlock, above: int | None, most: int) -> int | None:
    """Return where the headings that end with this block begin; None if it is no heading."""
    if block.kind != "heading" or block.end - block.start > most:
        return None
    return above if above is not None and block.end - above <= most else block.start


def _parts(data: bytes, block: MarkdownBlock, capacity: int, scopes: list[Scope]) -> list[Unit]:
    if block.kind == "code" and (divided := code_units(data, block, capacity)):
        scopes += divided[1]
        return divided[0]
    if block.kind == "table" and block.rows and block.rows[0] - block.start <= capacity // PIECE_SHARE:
        return _table_units(data, block, capacity)
    return list(sentences(data, block.start, block.end, capacity // PIECE_SHARE))


def _continued(data: bytes, block: MarkdownBlock) -> bytes:
    """Return what precedes a block's further lines: the marks of quotes; a list's mark becomes spaces."""
    return re.sub(rb"[^>\s]", b" ", data[block.start : block.begins])


def _table_units(data: bytes, block: MarkdownBlock, capacity: int) -> list[Unit]:
    """Divide a table into rows that repeat its head; a row larger than a chunk is divided like text.

    Short rows stay together: a unit for each of a million would take more memory than a parser has.
    """
    head = _continued(data, block) + data[block.begins : block.rows[0]]
    units: list[Unit] = []
    start = block.start
    for end in (*block.rows[1:], block.end):
        if end - start < capacity // ROWS_SHARE and end < block.end:
            continue
        stripped = start + len(data[start:end].rstrip())
        if stripped - start + len(head) <= capacity:
            units.append(Unit(start, stripped, IN_BLOCK, head))
        else:
            units += sentences(data, start, stripped, capacity // PIECE_SHARE)
        start = end
    return units
