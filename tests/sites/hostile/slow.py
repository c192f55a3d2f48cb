"""Answers that never come, never end, or are no HTTP."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

from tests.sites.hostile.case import Case, Raw, moved

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


async def silent() -> AsyncIterator[bytes]:
    """Takes the request and says nothing."""
    await asyncio.sleep(3600)
    yield b""


async def drips_headers() -> AsyncIterator[bytes]:
    """A header line now and then."""
    yield b"HTTP/1.1 200 OK\r\n"
    for number in count():
        yield b"X-%d: y\r\n" % number
        await asyncio.sleep(0.2)


async def drips_body() -> AsyncIterator[bytes]:
    """A byte of the body now and then."""
    yield OK + b"Content-Length: 100000\r\n\r\n<html><body>"
    while True:
        yield b"."
        await asyncio.sleep(0.2)


async def breaks_off() -> AsyncIterator[bytes]:
    """Less of a body than was told."""
    yield OK + b"Content-Length: 100000\r\n\r\n<html><body>and no more"


async def breaks_off_chunked() -> AsyncIterator[bytes]:
    """A chunk, and no last one."""
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<html\r\n"


def sent(*pieces: bytes) -> Raw:
    """Return what sends the pieces as they are."""

    async def route() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return route


async def endless_headers() -> AsyncIterator[bytes]:
    """Header lines as fast as they are taken."""
    yield b"HTTP/1.1 200 OK\r\n"
    for number in count():
        yield b"X-%d: " % number + b"y" * 4000 + b"\r\n"


async def endless_interim() -> AsyncIterator[bytes]:
    """100 Continue, again and again."""
    while True:
        yield b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 50


async def endless_chunk_size() -> AsyncIterator[bytes]:
    """A chunk's size of digits without end."""
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"0" * 10_000


async def many_small_chunks() -> AsyncIterator[bytes]:
    """A megabyte of framing for each ten kilobytes of a page."""
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
    while True:
        yield (b"1;" + b"x" * 90 + b"\r\na\r\n") * 100


SLOW: tuple[tuple[str, Raw, str], ...] = (
    ("silent", silent, "dead:first byte timeout"),
    ("drips-headers", drips_headers, "dead:timeout | dead:first byte timeout"),
    ("drips-body", drips_body, "dead:timeout"),
    ("breaks-off", breaks_off, "dead:data loss"),
    ("breaks-off-chunked", breaks_off_chunked, "dead:data loss"),
    ("endless-headers", endless_headers, "refused:headers too large"),
    ("many-headers", sent(OK, b"X: y\r\n" * 5000, b"\r\n"), "refused:headers too large"),
    ("long-header", sent(OK, b"X: ", b"y" * 1_000_000, b"\r\n\r\n"), "refused:headers too large"),
    ("endless-interim", endless_interim, "refused:headers too large"),
    ("endless-chunk-size", endless_chunk_size, "dead:malformed"),
    ("many-small-chunks", many_small_chunks, "refused:chunks too small"),
    ("not-http", sent(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "dead:malformed"),
    ("nothing", sent(b""), "dead:connection"),
    ("bad-status", sent(b"HTTP/1.1 abc Not a number\r\n\r\n"), "dead:malformed"),
    ("two-lengths", sent(OK, b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), "dead:malformed"),
    ("negative-length", sent(OK, b"Content-Length: -5\r\n\r\nhello"), "dead:malformed"),
)
"""Each has an address of its own, so that one does not wait for another."""


def cases() -> list[Case]:
    """The slow and the broken, and redirects that lead in circles."""
    slow = [
        Case(f"http://127.0.1.{number}:PORT/slow/{name}", ending, route)
        for number, (name, route, ending) in enumerate(SLOW, 1)
    ]
    return [
        *slow,
        Case("/loop/self", "dead:redirects", moved("/loop/self")),
        Case("/loop/a", "followed:redirect", moved("/loop/b")),
        Case("/loop/b", "dead:redirects", moved("/loop/a")),
        Case(
            "/loop/hosts",
            "followed:redirect",
            moved("http://127.0.1.1:PORT/loop/back"),
            {"/loop/back": moved("http://127.0.0.1:PORT/loop/hosts")},
        ),
        Case("/no-location", "dead:redirects", moved("")),
        Case("/status/999", "dead:http 999", moved("", 999)),
    ]
