"""Inflates a compressed archive within bounds."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from io import RawIOBase
from typing import Any, Protocol

from backports import zstd

from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

TOTAL_MAX_BYTES = 1 << 29  # of a tar, inflated; it is streamed, never held
RATIO_MAX = 200  # text shrinks to a tenth, repeated rows of a log to a hundredth
RATIO_FROM_BYTES = 16 << 20
MEMORY_MAX_BYTES = 64 << 20  # of a dictionary: what xz -9 needs
STEP_BYTES = 1 << 18
ASKED_AGAIN_MAX = 100  # reads after the end
TAR_BLOCK = 512
CHECKSUM = slice(148, 156)


class Decompressor(Protocol):
    """What zlib, bz2, lzma and zstd have in common."""

    @property
    def eof(self) -> bool:
        """Whether it has reached the end of its stream."""

    @property
    def needs_input(self) -> bool:
        """Whether it has used up its input."""

    @property
    def unused_data(self) -> bytes:
        """What follows its stream."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return at most `max_length` bytes more."""


class _Gzip:
    """Keeps the input that zlib has not used up, as the other decompressors do by themselves."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _zstd() -> Any:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 26})


DECOMPRESSORS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": _Gzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_MAX_BYTES),
    b"\x28\xb5\x2f\xfd": _zstd,
}
BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstd.ZstdError)


def decompressor(body: bytes) -> Callable[[], Decompressor] | None:
    """Return what inflates a body, by its first bytes; None if it is not compressed."""
    return next((make for magic, make in DECOMPRESSORS.items() if body.startswith(magic)), None)


def inflated_head(body: bytes) -> bytes:
    """Return the first tar block of a compressed body, inflated; empty if it cannot be read."""
    make = decompressor(body)
    if make is None:
        return b""
    try:
        return make().decompress(body[:STEP_BYTES], TAR_BLOCK)
    except BROKEN:
        return b""


def is_tar(head: bytes) -> bool:
    """Whether a tar begins here: its first header has the right checksum (POSIX pax, ustar header block)."""
    block = head[:TAR_BLOCK]
    if len(block) < TAR_BLOCK or not block[0]:
        return False
    try:
        stated = int(block[CHECKSUM].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return stated == sum(block) - sum(block[CHECKSUM]) + 8 * ord(" ")


class InflatingStream(RawIOBase):
    """A readable stream of a compressed body, inflated; raises GiveUp("zip bomb") beyond the bounds."""

    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)
        self._make = decompressor(body)
        self._inner = self._make() if self._make else None
        self._place = 0
        self.given = 0  # bytes read from it so far
        self._asked_again = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._some(min(len(buffer), STEP_BYTES))
        buffer[: len(data)] = data
        self.given += len(data)
        self._asked_again += not data
        if self._asked_again > ASKED_AGAIN_MAX:  # tarfile would go on to skip a terabyte that is not there
            raise EOFError
        if self.given > TOTAL_MAX_BYTES or self.given > max(RATIO_FROM_BYTES, RATIO_MAX * len(self._body)):
            raise GiveUp(Reason.ZIP_BOMB, "It inflates beyond all bounds.")
        return len(data)

    def _some(self, most: int) -> bytes:
        if self._inner is None or self._make is None:
            data = bytes(self._body[self._place : self._place + most])
            self._place += len(data)
            return data
        while True:
            if self._inner.eof:  # one stream may follow another: `cat a.gz b.gz`
                self._place -= len(self._inner.unused_data)
                if not bytes(self._body[self._place : self._place + 1]).strip(b"\0"):
                    return b""
                self._inner = self._make()
            needs = self._inner.needs_input
            piece = bytes(self._body[self._place : self._place + STEP_BYTES]) if needs else b""
            self._place += len(piece)
            if data := self._inner.decompress(piece, most):
                return data
            if not piece and needs and not self._inner.eof:
                raise EOFError
