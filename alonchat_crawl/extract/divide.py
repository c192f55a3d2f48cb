"""What may be cut: nothing within a block that fits into a chunk, its headings with it."""

from collections.abc import Iterable
from typing import NamedTuple

from alonchat_crawl.extract.blocks import Block
from alonchat_crawl.extract.code_units import code_units, continued
from alonchat_crawl.extract.units import BLOCK, IN_BLOCK, PIECE_SHARE, Scope, Unit, first_of_block, sentences

HEADINGS_SHARE = 2  # of a chunk: more headings than this in a row are a list of headings
DEEPEST = 8  # containers; beyond it one place is as good as another


class Divided(NamedTuple):
    """A document ready to be put into chunks."""

    units: list[Unit]
    scopes: list[Scope]
    """Of code that no chunk holds; by their start, outer ones first."""


def divide(data: bytes, found: Iterable[Block], capacity: int) -> Divided:
    """Keep whole what fits into a chunk together with the headings right above it; divide the rest."""
    divided = Divided([], [])
    under: int | None = None  # where the headings right above begin
    colon = False
    for block in found:
        rank = block.level or BLOCK + 2 * min(block.within, DEEPEST) + colon
        if block.end - (block.start if under is None else under) <= capacity:
            divided.units.append(Unit(block.start, block.end, rank, glued=under is not None))
        else:
            first, *others = _parts(data, block, capacity, divided.scopes)
            divided.units.append(first_of_block(first, rank, glued=under is not None))
            divided.units.extend(others)
        colon = data.endswith(b":", block.start, block.end)  # it leads to what follows
        under = _headings_from(block, under, capacity // HEADINGS_SHARE)
    return divided


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


def _rows(data: bytes, block: Block, capacity: int) -> list[Unit]:
    """Divide a table into rows that repeat its head; a row larger than a chunk is no row any more."""
    head = continued(data, block) + data[block.begins : block.rows[0]]
    units: list[Unit] = []
    start = block.start
    for end in (*block.rows[1:], block.end):
        stripped = start + len(data[start:end].rstrip())
        if stripped - start + len(head) <= capacity:
            units.append(Unit(start, stripped, IN_BLOCK, head))
        else:
            units += sentences(data, start, stripped, capacity // PIECE_SHARE)
        start = end
    return units
