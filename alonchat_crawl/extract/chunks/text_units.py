"""Text that no chunk holds, divided into units: between sentences, words or at least characters."""

from collections.abc import Iterator

from semantic_text_splitter import MarkdownSplitter

from alonchat_crawl.extract.chunks.units import IN_BLOCK, Unit

SEGMENT_PIECES = 32  # cut at once: the splitter's time grows with the square of its text
CONTINUES = 0b1000_0000  # RFC 3629: the first bits of each byte of a character but its first
SENTENCE_ENDS = tuple(sign.encode() for sign in ".!?:;。！？…")


def sentences(data: bytes, start: int, end: int, most: int) -> Iterator[Unit]:
    """Divide text into units of at most `most` bytes, between sentences if it has any."""
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
    """Yield parts of at most `most` bytes, cut after a line or word if one ends in their second half."""
    while end - start > most:
        half, limit = start + most // 2, start + most
        cut = max(data.rfind(b"\n", half, limit), data.rfind(b" ", half, limit)) + 1
        cut = cut or _between_characters(data, limit)
        yield start, cut
        start = cut
    yield start, end


def slices(data: bytes, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a line, each of at most `most` bytes, cut between characters."""
    while end - start > most:
        cut = _between_characters(data, start + most)
        yield start, cut
        start = cut
    yield start, end


def _between_characters(data: bytes, place: int) -> int:
    while data[place] & 0b1100_0000 == CONTINUES:
        place -= 1
    return place
