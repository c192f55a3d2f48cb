"""Decompresses bodies within limits of bytes, layers, parts and window memory.

It replaces Scrapy's HttpCompressionMiddleware (2.19), which limits bytes only. Scrapy's middleware
- accepts any number of layers, gzip members and zstd frames, and any window that a zstd frame asks for;
- decompresses in the event loop, however long that takes, and before there is room for the result;
- lets codec errors through, which do not say that the site is to blame.
Its limits are in private functions, so a subclass would have to replace all of them.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Self

import brotli  # type: ignore[import-untyped]
from backports import zstd
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response, TextResponse
from scrapy.responsetypes import responsetypes

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.fetch.body_budget import BodyBudget
from alonchat_crawl.fetch.http_connection import too_large
from alonchat_crawl.reasons import Reason

PIECE_BYTES = 65_536
MAX_LAYERS = 5  # curl's MAX_ENCODE_STACK; nobody needs two
MAX_PARTS = 1000  # gzip members or zstd frames; each costs time, even an empty one
ZSTD_WINDOW_LOG = 23  # RFC 9659: 8 MB; a frame could ask for 2 GB
AT_ONCE_BYTES = 16_384  # even a bomb of this size takes only a few ms; larger bodies are decoded in a thread
ERRORS = (zlib.error, brotli.error, zstd.ZstdError)


def _zlib(part: bytes, decoder: Any) -> Iterator[bytes]:
    """Yield a part's content in pieces."""
    while True:
        piece = decoder.decompress(part, PIECE_BYTES)
        yield piece
        part = decoder.unconsumed_tail
        if decoder.eof or (not part and len(piece) < PIECE_BYTES):
            return


def _gzip(body: bytes) -> Iterator[bytes]:
    yield from _parts(body, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16), _zlib, b"\x1f\x8b")


def _deflate(body: bytes) -> Iterator[bytes]:
    """Decode zlib's format, or the raw deflate that some servers send (RFC 9110, section 8.4.1.2)."""
    try:
        zlib.decompressobj().decompress(body[:PIECE_BYTES], 1)
        bits = zlib.MAX_WBITS
    except zlib.error:
        bits = -zlib.MAX_WBITS
    yield from _zlib(body, zlib.decompressobj(bits))


def _brotli(body: bytes) -> Iterator[bytes]:
    decoder = brotli.Decompressor()
    piece = decoder.process(body, output_buffer_limit=PIECE_BYTES)
    while piece:  # not `can_accept_more_data`, which is also true while output is left
        yield piece
        piece = decoder.process(b"", output_buffer_limit=PIECE_BYTES)


def _zstd(body: bytes) -> Iterator[bytes]:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
    yield from _parts(body, lambda: zstd.ZstdDecompressor(options=options), _zstd_part, b"")


def _zstd_part(part: bytes, decoder: Any) -> Iterator[bytes]:
    yield decoder.decompress(part, PIECE_BYTES)
    while not decoder.eof and not decoder.needs_input:
        yield decoder.decompress(b"", PIECE_BYTES)


def _parts(
    body: bytes, new: Callable[[], Any], read: Callable[[bytes, Any], Iterator[bytes]], magic: bytes
) -> Iterator[bytes]:
    """Decode a body of several parts; ignore trailing bytes that do not begin like a part."""
    decoder, parts = new(), 1
    for start in range(0, len(body), PIECE_BYTES):  # small pieces: the rest of one is copied for each part
        rest = body[start : start + PIECE_BYTES]
        while rest:
            yield from read(rest, decoder)
            if not decoder.eof:
                break
            rest = decoder.unused_data
            following = rest[:2] + body[start + PIECE_BYTES : start + PIECE_BYTES + 2]
            if not following.startswith(magic) or not following:
                return
            if (parts := parts + 1) > MAX_PARTS:
                raise GiveUp(Reason.ENCODING, f"its compressed body has more than {MAX_PARTS} parts")
            decoder = new()


CODINGS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
ACCEPTED = b"gzip, deflate, br, zstd"


def codings_of(headers: list[bytes]) -> tuple[list[str], list[str]]:
    """Split Content-Encoding's values into (those to keep, those to decode, last one first).

    An unknown coding (`utf-8` is common) is kept, and so are those applied before it. Browsers do the same.
    """
    names = [name.strip().lower() for value in headers for name in value.decode("latin-1").split(",")]
    left = [name for name in names if name and name != "identity"]
    decoded: list[str] = []
    while left and left[-1] in CODINGS:
        decoded.append(left.pop())
    return left, decoded


def decode(body: bytes, codings: list[str], most_bytes: int) -> bytes:
    """Undo the codings, one after the other.

    Raises Refused if a layer holds more than `most_bytes`, GiveUp if the body is not encoded like that. A
    truncated body is accepted: many servers never end theirs, and its length on the wire was checked before.
    """
    if len(codings) > MAX_LAYERS:
        raise GiveUp(Reason.ENCODING, f"it is compressed {len(codings)} times over")
    for coding in codings:
        decoded = bytearray()
        try:
            for piece in CODINGS[coding](body):
                decoded += piece
                if len(decoded) > most_bytes:
                    raise too_large(most_bytes)
        except ERRORS as error:
            raise GiveUp(Reason.ENCODING, f"its body is no {coding}: {error}") from None
        if body and not decoded and len(body) > PIECE_BYTES:
            raise GiveUp(Reason.ENCODING, f"there is nothing in {len(body)} bytes of {coding}")
        body = bytes(decoded)
    return body


class ContentCoding:
    """Downloader middleware: decompresses a body as soon as there is room for the result."""

    def __init__(self, most_bytes: int, bodies: BodyBudget) -> None:
        self._most_bytes = most_bytes
        self._bodies = bodies

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read DOWNLOAD_MAXSIZE."""
        return cls(crawler.settings.getint("DOWNLOAD_MAXSIZE"), BodyBudget.of(crawler))

    def process_request(self, request: Request) -> None:
        """Accept the codings that we can decode."""
        request.headers.setdefault("Accept-Encoding", ACCEPTED)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Decode the body. Raises Refused and GiveUp as `decode` does, and Deferred if there is no room."""
        left, codings = codings_of(response.headers.getlist("Content-Encoding"))
        if not codings or not response.body or request.method == "HEAD":
            self._bodies.arrived(request, len(response.body))
            return response
        most_bytes = request.meta.get("download_maxsize") or self._most_bytes
        body = await self._bodies.read(request, most_bytes, partial(_decoded, response.body, codings))
        self._bodies.arrived(request, len(body))
        headers = response.headers.copy()
        headers.setlist("Content-Encoding", [name.encode("latin-1") for name in left])
        if not left:
            del headers["Content-Encoding"]
        kind = responsetypes.from_args(headers=headers, url=response.url, body=body)
        detect_again = {"encoding": None} if issubclass(kind, TextResponse) else {}
        return response.replace(cls=kind, body=body, headers=headers, **detect_again)


async def _decoded(body: bytes, codings: list[str], most_bytes: int) -> bytes:
    if len(codings) == 1 and len(body) <= AT_ONCE_BYTES:
        return decode(body, codings, most_bytes)
    return await asyncio.to_thread(decode, body, codings, most_bytes)
