"""Markdown to chunks that stand on their own: whole blocks, their headings with them."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise

from semantic_text_splitter import MarkdownSplitter

from alonchat_crawl.extract.blocks import BLOCKS, fit_blocks, size
from alonchat_crawl.items import Chunk

LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
HEADING_SHARE = 8  # of a chunk: what a block leaves free for the headings above it
MARKS = re.compile(r"`+|\*{1,3}|\\(?=[^\w\s])")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the document and where its line is."""

    start: int
    end: int
    path: tuple[str, ...]
    """The plain texts of the headings above it and its own."""


def chunk(markdown: str, title: str, capacity: int, minimum: int) -> tuple[Chunk, ...]:
    """Split Markdown into chunks of at most `capacity` bytes that together hold all of its text.

    A heading goes with the text under it; chunks under `minimum` bytes join a neighbour where both fit.
    """
    text = fit_blocks(markdown, capacity - capacity // HEADING_SHARE)
    headings = _headings(text)
    spans = _split(text, 0, capacity)
    spans = _with_their_headings(text, spans, headings, capacity)
    spans = _merged(text, spans, capacity, minimum)
    chunks = (
        (text[start:end].strip("\n").rstrip(), _path(start, end, headings, title)) for start, end in spans
    )
    return tuple(Chunk(position, content, path) for position, (content, path) in enumerate(chunks))


def _split(text: str, offset: int, capacity: int) -> list[Span]:
    """Cut `text` into spans that leave nothing but white space between them."""
    splitter = MarkdownSplitter.from_callback(size, capacity, trim=False)
    pieces = splitter.chunk_indices(text)
    spans = [(offset + start, offset + start + len(piece)) for start, piece in pieces]
    return [(start, end) for start, end in spans if text[start - offset : end - offset].strip()]


def _headings(text: str) -> list[Heading]:
    line_starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    found: list[Heading] = []
    above: list[tuple[int, str]] = []
    tokens = BLOCKS.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open" or opening.level or opening.map is None:
            continue
        level = int(opening.tag[1:])
        above = [entry for entry in above if entry[0] < level]
        above.append((level, _plain(inline.content)))
        start, end = opening.map
        path = tuple(name for _, name in above if name)
        found.append(Heading(line_starts[start], line_starts[end], path))
    return found


def _plain(heading: str) -> str:
    return " ".join(MARKS.sub("", LINK.sub(r"\1", heading)).split())


def _with_their_headings(text: str, spans: list[Span], headings: list[Heading], capacity: int) -> list[Span]:
    """Move headings at the end of a chunk to the next, which is split again where it then is too large."""
    ends = [heading.end for heading in headings]
    todo = list(reversed(spans))
    placed: list[Span] = []
    while todo:
        start, end = todo.pop()
        cut = _stranded_from(text, start, end, headings, ends) if todo else end
        if cut > start and text[start:cut].strip():
            placed.append((start, cut))
        if cut == end:
            continue
        _, following_end = todo.pop()
        room = capacity - size(text[cut:end])
        rest = _split(text[end:following_end], end, room) if room > capacity // 2 else []
        if not rest or size(text[cut:following_end].strip()) <= capacity:
            todo.append((cut, following_end))
        else:
            todo.extend(reversed([(cut, rest[0][1]), *rest[1:]]))
    return placed


def _stranded_from(text: str, start: int, end: int, headings: list[Heading], ends: list[int]) -> int:
    """Where the headings begin that nothing follows within (start, end); `end` where there are none."""
    cut = end
    for place in range(bisect_right(ends, end + 1) - 1, -1, -1):
        heading = headings[place]
        if heading.start < start or text[heading.end : cut].strip():
            break
        cut = heading.start
    return cut


def _merged(text: str, spans: list[Span], capacity: int, minimum: int) -> list[Span]:
    merged: list[Span] = []
    for start, end in spans:
        if merged:
            before, joined = merged[-1], (merged[-1][0], end)
            smaller = min(size(text[before[0] : before[1]].strip()), size(text[start:end].strip()))
            if smaller < minimum and size(text[joined[0] : end].strip()) <= capacity:
                merged[-1] = joined
                continue
        merged.append((start, end))
    return merged


def _path(start: int, end: int, headings: list[Heading], title: str) -> tuple[str, ...]:
    """The headings that all of a chunk's text stands under, without a first one that repeats the title."""
    starts = [heading.start for heading in headings]
    first, last = bisect_left(starts, start), bisect_left(starts, end)
    within = [heading.path for heading in headings[first:last]]
    begins_with_heading = first < last and headings[first].start <= start + 1
    if not begins_with_heading:
        within.insert(0, headings[first - 1].path if first else ())
    common = within[0]
    for path in within[1:]:
        shared = next((i for i, (a, b) in enumerate(zip(common, path, strict=False)) if a != b), None)
        common = common[: min(len(common), len(path)) if shared is None else shared]
    return common[1:] if common and _repeats(common[0], title) else common


def _repeats(heading: str, title: str) -> bool:
    one, other = (re.sub(r"\W+", "", text.casefold()) for text in (heading, title))
    return bool(one and other) and (one.startswith(other) or other.startswith(one))
