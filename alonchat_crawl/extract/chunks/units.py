"""What a chunk is put together from, and what it costs to cut between two of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from semantic_text_splitter import MarkdownSplitter

PIECE_SHARE = 8  # of a chunk: text is cut no finer than this, and what is repeated takes no more
SEGMENT_PIECES = 32  # cut at once: the splitter's time grows with the square of its text
CONTINUES = 0b1000_0000  # RFC 3629: so begin bytes within a character
SENTENCE_ENDS = tuple(sign.encode() for sign in ".!?:;。！？…")

# The worse a place to cut, the higher its rank. Before a heading it is the heading's level, 1 to 6.
TITLED = 7  # before a line that is no heading but looks like one
BLOCK = 8
IN_BLOCK = 32
IN_LINE = 120


@dataclass(frozen=True, slots=True)
class Unit:
    """Text that is not cut. Its places are bytes of UTF-8; white space alone is between two."""

    start: int
    end: int
    rank: int
    """How bad it is to begin a chunk with it."""
    head: bytes = b""
    """What a chunk that begins with it needs before: the fence reopened, the table's head."""
    tail: bytes = b""
    """What a chunk that ends with it needs after: the fence closed."""
    glued: bool = False
    """True where it stands under a heading, which should not be left behind."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a class or function is in a block of code."""

    start: int
    end: int
    path: tuple[str, ...]
    """The names of those around it, and its own."""


def first_of_block(unit: Unit, rank: int, *, glued: bool) -> Unit:
    """Return the unit as one that begins a block: nothing needs to be repeated before it."""
    return replace(unit, rank=rank, head=b"", glued=glued)


def sentences(data: bytes, start: int, end: int, most: int) -> Iterator[Unit]:
    """Divide text into units of at most `most` bytes, at sentences where there are any."""
    splitter = MarkdownSplitter.from_callback(lambda piece: len(piece.encode()), most)
    rank = IN_BLOCK
    for begins, ends in _segments(data, start, end, most * SEGMENT_PIECES):
        text, place, chars = data[begins:ends].decode(), begins, 0
        for offset, piece in splitter.chunk_indices(text):
            place += len(text[chars:offset].encode())
            following = place + len(piece.encode())
            yield Unit(place, following, rank)
            place, chars = following, offset + len(piece)
            rank = IN_BLOCK if data.endswith(SENTENCE_ENDS, start, place) else IN_BLOCK + 1


def _segments(data: bytes, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield parts of at most `most` bytes, cut behind a line or word that is not too far back."""
    while end - start > most:
        half, limit = start + most // 2, start + most
        cut = max(data.rfind(b"\n", half, limit), data.rfind(b" ", half, limit)) + 1
        cut = cut or _between_characters(data, limit)
        yield start, cut
        start = cut
    yield start, end


def slices(data: bytes, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a line, each of at most `most` bytes: between characters, never within one."""
    while end - start > most:
        cut = _between_characters(data, start + most)
        yield start, cut
        start = cut
    yield start, end


def _between_characters(data: bytes, place: int) -> int:
    while data[place] & 0b1100_0000 == CONTINUES:
        place -= 1
    return place
