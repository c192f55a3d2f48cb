"""What may be cut: nothing within a block that fits into a chunk, its headings with it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from alonchat_crawl.extract.chunks.blocks import Block
from alonchat_crawl.extract.chunks.code_units import code_units
from alonchat_crawl.extract.chunks.units import (
    BLOCK,
    IN_BLOCK,
    PIECE_SHARE,
    TITLED,
    Scope,
    Unit,
    first_of_block,
    sentences,
)

HEADINGS_SHARE = 2  # of a chunk: more headings than this in a row are a list of headings
# What plain text, licences above all, has for headings: a number, capitals, or nothing but bold.
TITLE = re.compile(
    rb"\s*(?:\*\*[^*\n]+\*\*|(?i:section|article|clause|part|chapter)\s+[\dIVX]+\b[^\n]*"
    rb"|(?:\xc2\xa7\s*\d+|\d+(?:\.\d+)+|[\dIVX]+[.):])[.):]*\s+\S[^\n]*|[^a-z\n]*[A-Z]{3}[^a-z\n]*)"
)
TITLE_MAX_BYTES = 80
ROWS_SHARE = 32  # of a chunk: a table is cut no finer than this
DEEPEST = 8  # containers; beyond it one place is as good as another


class Divided(NamedTuple):
    """A document ready to be put into chunks."""

    units: list[Unit]
    scopes: list[Scope]
    """Of code that no chunk holds; by their start, outer ones first."""


def divide(data: bytes, found: Sequence[Block], capacity: int) -> Divided:
    """Keep whole what fits into a chunk together with the headings right above it; divide the rest."""
    divided = Divided([], [])
    under: int | None = None  # where the headings right above begin
    leads = False  # it is about what follows
    for block, following in zip(found, [*found[1:], None], strict=False):
        is_title = _is_title(data, block, following)
        rank = block.level or (TITLED if is_title else BLOCK + 2 * min(block.within, DEEPEST) + leads)
        if block.end - (block.start if under is None else under) <= capacity:
            divided.units.append(Unit(block.start, block.end, rank, glued=under is not None))
        else:
            first, *others = _parts(data, block, capacity, divided.scopes)
            divided.units.append(first_of_block(first, rank, glued=under is not None))
            divided.units.extend(others)
        leads = is_title or data.endswith(b":", block.start, block.end)
        under = _headings_from(block, under, capacity // HEADINGS_SHARE)
    return divided


def _is_title(data: bytes, block: Block, following: Block | None) -> bool:
    """Whether a line is its author's heading; one that begins a list is not."""
    if block.kind != "text" or block.end - block.start > TITLE_MAX_BYTES or block.within:
        return False
    text = data[block.start : block.end]
    return following is not None and not following.within and TITLE.fullmatch(text) is not None


def _headings_from(block: Block, under: int | None, most: int) -> int | None:
    if block.kind != "heading" or block.end - block.start > most:
        return None
    return under if under is not None and block.end - under <= most else block.start


def _parts(data: bytes, block: Block, capacity: int, scopes: list[Scope]) -> list[Unit]:
    if block.kind == "code" and (divided := code_units(data, block, capacity)):
        scopes += divided[1]
        return divided[0]
    if block.kind == "table" and block.rows and block.rows[0] - block.start <= capacity // PIECE_SHARE:
        return _rows(data, block, capacity)
    return list(sentences(data, block.start, block.end, capacity // PIECE_SHARE))


def _continued(data: bytes, block: Block) -> bytes:
    """Return what stands before a block's further lines: its quotes' marks; a list's only once."""
    return re.sub(rb"[^>\s]", b" ", data[block.start : block.begins])


def _rows(data: bytes, block: Block, capacity: int) -> list[Unit]:
    """Divide a table into rows that repeat its head; a row larger than a chunk is no row any more.

    Short rows stay together: of a million, a unit each would take more memory than a parser has.
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
