"""Hostile answers end soon, each with its own reason, and in little memory."""

import gzip
import os
import socket
import zlib
from collections.abc import Callable
from itertools import count
from time import sleep

import brotli  # type: ignore[import-untyped]
import pytest
from backports import zstd

from tests.sites.raw import RawSite, Script, http
from tests.support.asking import Ask, Heard, asked
from tests.support.network import LOOPBACK

BODY_MAX = 1_000_000
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = bytes(50 * BODY_MAX)
TEXT = b"<html>" + os.urandom(1000).hex().encode() * 100


def forever(begin: bytes, again: bytes, pause: float = 0.0) -> Callable[[socket.socket], None]:
    """Write something, and then the other thing until nobody reads any more."""

    def script(stream: socket.socket) -> None:
        stream.sendall(begin)
        for _ in count():
            stream.sendall(again)
            sleep(pause)

    return script


def closing(answer: bytes) -> Callable[[socket.socket], None]:
    """Write, and close: where no length was told, that is the end."""
    return lambda stream: stream.sendall(answer)


def silent(stream: socket.socket) -> None:
    """Wait until the other side gives up."""
    stream.recv(1)


def coded(body: bytes, *codings: str) -> bytes:
    """An answer with a Content-Encoding."""
    return http(body, f"Content-Encoding: {', '.join(codings)}")


def bare_deflate(body: bytes) -> bytes:
    """Without zlib's header, as some servers send it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


SCRIPTS: dict[str, tuple[str, Script]] = {
    # Bodies
    "large": ("refused too large", http(bytes(BODY_MAX + 1))),
    "said to be large": ("refused too large", OK + b"Content-Length: 99999999999999999999\r\n\r\n"),
    "without an end": ("refused too large", forever(OK + b"\r\n", bytes(65_536))),
    "chunks without an end": ("refused too large", forever(CHUNKED, b"10000\r\n" + bytes(65_536) + b"\r\n")),
    "as large as may be": ("ok 200", http(bytes(BODY_MAX))),
    "until it closes": ("ok 200", closing(OK + b"\r\nhere")),
    "shorter than said": ("retry data loss", closing(OK + b"Content-Length: 100\r\n\r\nhere")),
    "longer than said": ("ok 200", closing(OK + b"Content-Length: 4\r\n\r\nhere, and more")),
    "two lengths": ("dead malformed", OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nhere"),
    "negative length": ("dead malformed", OK + b"Content-Length: -1\r\n\r\nhere"),
    "last chunk missing": ("retry data loss", closing(CHUNKED + b"4\r\nhere\r\n")),
    # Compressed ones
    "gzip bomb": ("refused too large", coded(gzip.compress(BOMB, 1), "gzip")),
    "deflate bomb": ("refused too large", coded(zlib.compress(BOMB, 1), "deflate")),
    "br bomb": ("refused too large", coded(brotli.compress(BOMB, quality=1), "br")),
    "zstd bomb": ("refused too large", coded(zstd.compress(BOMB), "zstd")),
    "bomb in a bomb": (
        "refused too large",
        coded(brotli.compress(gzip.compress(gzip.compress(BOMB, 1)), quality=1), "gzip, gzip", "br"),
    ),
    "six times over": ("dead encoding", coded(b"x", *["gzip"] * 6)),
    "empty members": ("dead encoding", coded(gzip.compress(b"") * 20_000, "gzip")),
    "empty frames": ("dead encoding", coded(zstd.compress(b"") * 20_000, "zstd")),
    "wide window": (
        "dead encoding",
        coded(
            b"\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00", "zstd"
        ),  # asks for 128 MB (RFC 8878, section 3.1.1.1.2)
    ),
    "mislabelled gzip": ("dead encoding", coded(TEXT, "gzip")),
    "mislabelled deflate": ("dead encoding", coded(TEXT, "deflate")),
    "mislabelled br": ("dead encoding", coded(TEXT, "br")),
    "mislabelled zstd": ("dead encoding", coded(TEXT, "zstd")),
    "broken gzip": ("dead encoding", coded(gzip.compress(TEXT)[:-8] + bytes(8), "gzip")),
    "gzip": ("ok 200", coded(gzip.compress(TEXT), "gzip")),
    "x-gzip": ("ok 200", coded(gzip.compress(TEXT), "X-GZip")),
    "deflate": ("ok 200", coded(zlib.compress(TEXT), "deflate")),
    "bare deflate": ("ok 200", coded(bare_deflate(TEXT), "deflate")),
    "br": ("ok 200", coded(brotli.compress(TEXT), "br")),
    "zstd": ("ok 200", coded(zstd.compress(TEXT), "zstd")),
    "two of them": ("ok 200", coded(brotli.compress(gzip.compress(TEXT)), "gzip", "br")),
    "two members": ("ok 200", coded(gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]), "gzip")),
    "rubbish behind": ("ok 200", coded(gzip.compress(TEXT) + bytes(100), "gzip")),
    "unknown": ("ok 200", coded(TEXT, "utf-8")),
    "nothing": ("ok 200", coded(b"", "gzip")),
    # Headers
    "long status line": ("refused headers too large", forever(b"HTTP/1.1 200 ", b"O" * 65_536)),
    "long header": ("refused headers too large", forever(OK + b"X: ", b"x" * 65_536)),
    "many headers": ("refused headers too large", forever(OK, b"X: y\r\n" * 100)),
    "folded header": ("refused headers too large", forever(OK + b"X: y\r\n", b" z\r\n" * 100)),
    "large headers": ("refused headers too large", forever(OK, b"X: " + b"y" * 10_000 + b"\r\n")),
    "interim answers": ("refused headers too large", forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)),
    "a few interim answers": ("ok 200", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + http(b"here")),
    # What is no HTTP
    "other protocol": ("dead malformed", b"SSH-2.0-OpenSSH_9.2\r\n" * 3),
    "no status": ("dead malformed", b"HTTP/1.1 abc\r\n\r\n"),
    "no protocol": ("dead malformed", b"\r\n\r\n\r\n"),
    "other coding": ("dead malformed", OK + b"Transfer-Encoding: gzip\r\n\r\nxxxx"),
    "bad chunk size": ("dead malformed", CHUNKED + b"xyz\r\nhere\r\n0\r\n\r\n"),
    "negative chunk": ("dead malformed", CHUNKED + b"-4\r\nhere\r\n0\r\n\r\n"),
    "long chunk line": ("dead malformed", CHUNKED + b"4;" + b"x" * 2000 + b"\r\nhere\r\n0\r\n\r\n"),
    "long trailer": ("dead malformed", forever(CHUNKED + b"0\r\n", b"X: " + b"x" * 10_000 + b"\r\n")),
    "tiny chunks": ("refused chunks too small", forever(CHUNKED, b"1\r\nx\r\n" * 10_000)),
    # Slow ones
    "silent": ("retry first byte timeout", silent),
    "drips headers": ("retry timeout", forever(OK, b"X", 0.1)),
    "drips a body": ("retry timeout", forever(OK + b"Content-Length: 99999\r\n\r\n", b"x", 0.1)),
    "drips chunks": ("retry timeout", forever(CHUNKED, b"1\r\nx\r\n", 0.1)),
    "stops": ("retry timeout", OK + b"Content-Length: 99999\r\n\r\nhere"),
    "closes": ("retry connection", lambda stream: stream.shutdown(socket.SHUT_RDWR)),
    # At the end: all the others cost nothing
    "after all": ("ok 200", http(b"here")),
}
PLAIN = {"gzip", "x-gzip", "deflate", "bare deflate", "br", "zstd", "two of them", "two members", "unknown"}


@pytest.fixture(scope="module")
def heard() -> Heard:
    """How each ended; the compressed ones in another order than they stand."""
    paths = {name: f"/{number}" for number, name in enumerate(SCRIPTS)}
    with RawSite({paths[name]: script for name, (_, script) in SCRIPTS.items()}).serving() as site:
        slow = {name for name, (ending, _) in SCRIPTS.items() if ending.endswith("timeout")}
        asks = {
            name: Ask(
                f"http://127.0.0.1:{site.port}{path}", meta={"download_timeout": 2.0} if name in slow else {}
            )
            for name, path in paths.items()
        }
        last = {"after all": asks.pop("after all")}
        return asked(
            [asks, last],
            SSRF_ALLOWED_NETWORKS=LOOPBACK,
            DOWNLOAD_MAXSIZE=BODY_MAX,
            FIRST_BYTE_TIMEOUT_SECONDS=1.5,
            CONCURRENT_REQUESTS=len(SCRIPTS),
            CONCURRENT_REQUESTS_PER_DOMAIN=len(SCRIPTS),
        )


@pytest.mark.parametrize("name", SCRIPTS)
def test_endings(heard: Heard, name: str) -> None:
    """Every abuse has an ending of its own; what is odd but harmless is taken."""
    assert heard.told[name].ending == SCRIPTS[name][0], heard.told[name]
    if name in PLAIN:
        assert heard.told[name].body == TEXT


def test_memory(heard: Heard) -> None:
    """All of them at once need little memory: bombs stop at the limit."""
    assert heard.grown_bytes < 200 * BODY_MAX
