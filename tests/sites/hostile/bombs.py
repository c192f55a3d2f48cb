"""Small answers that become large ones."""

import gzip
import zlib
from collections.abc import AsyncIterator
from functools import cache

import brotli  # type: ignore[import-untyped]
from backports import zstd

from tests.sites.hostile.case import Case, Reply

MEGABYTE = b"\0" * 1_000_000
SIZE_MB = 1000
TOO_LARGE = "refused:too large"


@cache
def gzip_bomb() -> bytes:
    """A gigabyte, in members of ten megabytes."""
    return gzip.compress(MEGABYTE * 10, 9) * (SIZE_MB // 10)


@cache
def brotli_bomb() -> bytes:
    """A gigabyte in one stream."""
    compressor = brotli.Compressor(quality=1, lgwin=24)
    pieces = [compressor.process(MEGABYTE) for _ in range(SIZE_MB)]
    return b"".join((*pieces, compressor.finish()))


@cache
def zstd_bomb() -> bytes:
    """A gigabyte in one frame."""
    compressor = zstd.ZstdCompressor()
    pieces = [compressor.compress(MEGABYTE) for _ in range(SIZE_MB)]
    return b"".join((*pieces, compressor.flush()))


@cache
def deflate_bomb() -> bytes:
    """A gigabyte in one stream."""
    compressor = zlib.compressobj(9)
    pieces = [compressor.compress(MEGABYTE) for _ in range(SIZE_MB)]
    return b"".join((*pieces, compressor.flush()))


def compressed(coding: str, body: bytes) -> Reply:
    """Return a page under a content coding."""
    return Reply(body, headers={"Content-Encoding": coding})


async def endless() -> AsyncIterator[bytes]:
    """A page without end, of no length that was told."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><body><p>"
    while True:
        yield b"more and more " * 5000


async def huge() -> AsyncIterator[bytes]:
    """A page that says that it is larger than all that may be."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999999999\r\n\r\n<html>"


def cases() -> list[Case]:
    """Bombs of each coding, in layers, and bodies that are large as they are."""
    layers = zstd_bomb()
    for _ in range(3):
        layers = gzip.compress(layers)
    return [
        Case("/bomb/gzip", TOO_LARGE, compressed("gzip", gzip_bomb())),
        Case("/bomb/br", TOO_LARGE, compressed("br", brotli_bomb())),
        Case("/bomb/zstd", TOO_LARGE, compressed("zstd", zstd_bomb())),
        Case("/bomb/deflate", TOO_LARGE, compressed("deflate", deflate_bomb())),
        Case("/bomb/layers", TOO_LARGE, compressed("zstd, gzip, gzip, gzip", layers)),
        Case("/bomb/many-layers", "dead:encoding", compressed(", ".join(["gzip"] * 50), gzip_bomb())),
        Case("/bomb/members", "dead:encoding", compressed("gzip", gzip.compress(b"x") * 5000)),
        Case("/bomb/broken-gzip", "dead:encoding", compressed("gzip", b"\x1f\x8b\x08 no gzip at all")),
        Case("/bomb/broken-br", "dead:encoding", compressed("br", b"\xff\xff no brotli")),
        Case("/bomb/endless", TOO_LARGE, endless),
        Case("/bomb/huge", TOO_LARGE, huge),
    ]
