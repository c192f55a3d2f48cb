"""Markdown to chunks that make sense alone: whole blocks with their headings.

The document is parsed into blocks (blocks.py), these become units (block_units.py), and units are packed into
chunks (packing.py).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from alonchat_crawl.extract.chunks.block_units import block_units
from alonchat_crawl.extract.chunks.blocks import MarkdownBlock, blocks
from alonchat_crawl.extract.chunks.near_duplicates import sketch
from alonchat_crawl.extract.chunks.packing import packed
from alonchat_crawl.extract.chunks.units import Scope
from alonchat_crawl.extract.markdown.titles import inert_line
from alonchat_crawl.extract.markdown.writer import write
from alonchat_crawl.items import Chunk

Path = tuple[str, ...]


class Headings(NamedTuple):
    """The headings of a document, in order."""

    starts: Sequence[int]
    paths: Sequence[Path]
    """For each, the plain texts of the headings above it, and its own."""


def chunk(markdown: str, title: str, capacity: int, minimum: int) -> tuple[Chunk, ...]:
    """Split Markdown into chunks of at most `capacity` bytes that together hold all of its text.

    A heading stays with the text under it. A block is cut only if no chunk holds it with its headings: then
    each part repeats the fence or the table's head, and code is cut along its syntax. Chunks under `minimum`
    bytes join a neighbour if both fit. A chunk that is not made of whole blocks is written again, since half
    a list or half a span of code means something else alone; its escapes may make it longer than `capacity`.
    Takes time in proportion to the text.
    """
    data = markdown.encode()
    found = blocks(markdown, data)
    units, scopes = block_units(data, found, capacity)
    headings, symbols, whole = _headings(found), _Symbols(scopes), _WholeBlocks(found)
    chunks: list[Chunk] = []
    place = chars = 0
    for first, after in packed(units, capacity, minimum):
        start, end = units[first].start, units[after - 1].end
        chars += len(data[place:start].decode())
        text = data[start:end].decode()
        if text.strip():
            path = _without_title(_common(start, end, headings), title)
            path += symbols.around(start, end)
            content = text
            if not whole.holds(start, end):
                content = _alone(units[first].head.decode() + text + units[after - 1].tail.decode())
            chunks.append(Chunk(len(chunks), content, path, chars, chars + len(text), sketch(content)))
        place, chars = end, chars + len(text)
    return tuple(chunks)


def _headings(found: Iterable[MarkdownBlock]) -> Headings:
    starts: list[int] = []
    paths: list[Path] = []
    above: list[tuple[int, str]] = []
    for block in found:
        if block.level:
            above = [entry for entry in above if entry[0] < block.level]
            above.append((block.level, inert_line(block.name)))
            starts.append(block.start)
            paths.append(tuple(name for _, name in above if name))
    return Headings(starts, paths)


def _common(start: int, end: int, headings: Headings) -> Path:
    """Return the headings that all of a chunk's text is under."""
    first, last = bisect_left(headings.starts, start), bisect_left(headings.starts, end)
    begins_with_heading = first < last and headings.starts[first] == start
    within = headings.paths[first:last]
    if not begins_with_heading:
        within = [headings.paths[first - 1] if first else (), *within]
    shortest, longest = min(within), max(within)  # the two that have least in common
    shared = 0
    while shared < len(shortest) and shortest[shared] == longest[shared]:
        shared += 1
    return shortest[:shared]


class _WholeBlocks:
    """The places between blocks that are in no list or quote together."""

    def __init__(self, found: Sequence[MarkdownBlock]) -> None:
        self._starts = {block.start for block in found if not block.within}
        following = [*(block.within for block in found[1:]), 0]
        self._ends = {block.end for block, within in zip(found, following, strict=False) if not within}

    def holds(self, start: int, end: int) -> bool:
        """Whether a text starts and ends at such places: it means the same alone."""
        return start in self._starts and end in self._ends


def _alone(text: str) -> str:
    """Return a part of a document as a document of its own, without its first line's indentation."""
    indent = len(text) - len(text.lstrip(" "))
    lines = text.split("\n")
    return write("\n".join(line[min(indent, len(line) - len(line.lstrip(" "))) :] for line in lines)).markdown


class _Symbols:
    """The classes and functions around chunks. Ask for the chunks in order."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self._coming = list(reversed(scopes))
        self._begun: list[Scope] = []

    def around(self, start: int, end: int) -> Path:
        """Return the names of those that hold all of a chunk and begin before it."""
        while self._coming and self._coming[-1].start < start:
            self._begun.append(self._coming.pop())
            while len(self._begun) > 1 and self._begun[-2].end <= self._begun[-1].start:
                self._begun.pop(-2)
        return next((scope.path for scope in reversed(self._begun) if scope.end >= end), ())


def _without_title(path: Path, title: str) -> Path:
    return path[1:] if path and _repeats(path[0], title) else path


def _repeats(heading: str, title: str) -> bool:
    one, other = (re.sub(r"\W+", "", text.casefold()) for text in (heading, title))
    return bool(one and other) and (one.startswith(other) or other.startswith(one))
