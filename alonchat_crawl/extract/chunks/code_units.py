"""A block of code that no chunk holds, divided into lines: cuts are best between functions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from alonchat_crawl.extract.chunks.blocks import MarkdownBlock
from alonchat_crawl.extract.chunks.syntax import Symbol, syntax
from alonchat_crawl.extract.chunks.text_units import slices
from alonchat_crawl.extract.chunks.units import IN_BLOCK, IN_LINE, PIECE_SHARE, Scope, Unit
from alonchat_crawl.extract.text.source_code import named_language

FENCE = re.compile(rb"`{3,}|~{3,}")
SCOPES_MAX = 6  # around a place, as of headings: more inside say little
Rows = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class FencedCode:
    """A block of code taken apart."""

    rows: Rows
    """Where its lines are, without those of the fence."""
    head: bytes
    """The opening fence, with its line feed."""
    tail: bytes
    """The closing fence, after a line feed."""


def code_units(data: bytes, block: MarkdownBlock, capacity: int) -> tuple[list[Unit], list[Scope]] | None:
    """Divide a block of code; None if it has no fence, one too long to be repeated, or nothing in it."""
    code = _taken_apart(data, block)
    if code is None or not code.rows or len(code.head) + len(code.tail) > capacity // PIECE_SHARE:
        return None
    text = b"\n".join(data[start:end] for start, end in code.rows)
    known = syntax(text, named_language(block.info or ""))
    units = list(_lines(data, code, known.depths, capacity // PIECE_SHARE))
    if not units:
        return None
    first = units[0]
    units[0] = Unit(block.start, first.end, first.rank, b"", first.tail)
    last = units[-1]
    units[-1] = Unit(last.start, block.end, last.rank, last.head)
    return units, _scopes(known.symbols, code.rows, last.end, block.end)


def _taken_apart(data: bytes, block: MarkdownBlock) -> FencedCode | None:
    lines = data[block.start : block.end].split(b"\n")
    starts = [*accumulate((len(line) + 1 for line in lines), initial=block.start)]
    rows = [(start, following - 1) for start, following in pairwise(starts)]
    fence = FENCE.match(data, block.start)
    if fence is None:
        return None
    closing = lines[-1].strip(b" \t")
    closed = len(rows) > 1 and closing.startswith(fence[0]) and not closing.strip(fence[0][:1])
    return FencedCode(rows[1 : -1 if closed else None], lines[0] + b"\n", b"\n" + fence[0])


def _lines(data: bytes, code: FencedCode, depths: Sequence[int], most: int) -> Iterator[Unit]:
    after_text = False
    for (start, end), depth in zip(code.rows, depths, strict=True):
        if not data[start:end].strip(b" \t"):
            after_text = False
            continue
        rank, head = IN_BLOCK + 2 * depth + after_text, code.head
        for begins, ends in slices(data, start, end, most):
            yield Unit(begins, ends, rank, head, code.tail)
            rank, head = IN_LINE, code.head
        after_text = True


def _scopes(symbols: Sequence[Symbol], rows: Rows, code_end: int, block_end: int) -> list[Scope]:
    """Return where the symbols are; the closing fence belongs to those that end with the code."""
    around: list[Symbol] = []
    scopes: list[Scope] = []
    for symbol in symbols:
        while around and around[-1].last < symbol.last:
            around.pop()
        if len(around) == SCOPES_MAX:
            continue
        around.append(symbol)
        path = tuple(outer.name for outer in around)
        end = rows[symbol.last][1]
        scopes.append(Scope(rows[symbol.first][0], block_end if end >= code_end else end, path))
    return scopes
