"""Large answers of real servers, when there is room for one: who is read, and what becomes of the others."""

import gzip
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from time import sleep
from typing import Any

import pytest

from alonchat_crawl.fetch.body_budget import MEGABYTE
from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.sources import Kind
from tests.sites.raw import RawSite, Script, http
from tests.support.asking import Ask, asked
from tests.support.network import LOOPBACK
from tests.unit.policies.scan.test_scanner import WEB_FILES, lease

LARGE = os.urandom(3 * MEGABYTE)
SMALL = os.urandom(MEGABYTE // 2)
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ROOM: dict[str, Any] = {
    "WORKER_BODIES_MB": 4,
    "BODIES_WAIT_SECONDS": 3.0,
    "BODIES_AGAIN_SECONDS": 1.0,
    "SSRF_ALLOWED_NETWORKS": LOOPBACK,
}


def chunk(body: bytes) -> bytes:
    """One chunk of an answer."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def slow(stream: socket.socket) -> None:
    """Larger than small at once, its end a second later."""
    stream.sendall(CHUNKED + chunk(LARGE[: MEGABYTE + MEGABYTE // 4]))
    sleep(1.0)
    stream.sendall(chunk(b"the end") + chunk(b""))


def gone(stream: socket.socket) -> None:
    """It promises much, and does not wait until that is read."""
    sleep(0.3)
    stream.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (2 * MEGABYTE) + SMALL[:1000])


def patient(stream: socket.socket) -> None:
    """Beside the one that is slow, and still there when that has ended."""
    sleep(0.3)
    stream.sendall(http(LARGE[: 2 * MEGABYTE]))
    stream.recv(1)


SCRIPTS: dict[str, Script] = {
    "/large": http(LARGE),
    "/chunked": CHUNKED + chunk(LARGE) + chunk(b""),
    "/gzip": http(gzip.compress(bytes(3 * MEGABYTE)), "Content-Encoding: gzip"),
    "/large-gzip": http(gzip.compress(LARGE), "Content-Encoding: gzip"),
    "/small": http(SMALL),
    "/small-chunked": CHUNKED + chunk(SMALL) + chunk(b""),
    "/small-gzip": http(gzip.compress(SMALL), "Content-Encoding: gzip"),
    "/slow": slow,
    "/gone": gone,
    "/patient": patient,
}


@pytest.fixture(scope="module")
def site() -> Iterator[RawSite]:
    """Answers of all sizes."""
    with RawSite(SCRIPTS).serving() as running:
        yield running


def ask(site: RawSite, *paths: str) -> dict[str, Ask]:
    """Each for a lease of its own."""
    url = f"http://127.0.0.1:{site.port}"
    return {
        path: Ask(f"{url}{path}", context=RequestContext(replace(lease(Kind.PAGE, WEB_FILES), id=path)))
        for path in paths
    }


@pytest.mark.parametrize("first", ["/large", "/chunked", "/gzip", "/large-gzip"])
def test_room_for_one(site: RawSite, first: str) -> None:
    """One that is large is read; while it is held no other is, however it comes, and small ones are."""
    rest = [path for path in ("/large", "/chunked", "/gzip", "/large-gzip") if path != first]
    small = ["/small", "/small-chunked", "/small-gzip"]
    room = ROOM | {"BODIES_WAIT_SECONDS": 0.3}
    told = asked([ask(site, first), ask(site, *rest, *small)], **room).told
    assert told[first].ending == "ok 200"
    assert len(told[first].body) == 3 * MEGABYTE
    assert {path: told[path].ending for path in rest} == dict.fromkeys(rest, "deferred no room")
    assert {path: told[path].body for path in small} == dict.fromkeys(small, SMALL)


def test_who_waits_is_read(site: RawSite) -> None:
    """A download goes on when there is room; a site that would not wait costs its page no attempt."""
    told = asked([ask(site, "/slow", "/patient")], **ROOM).told
    assert (told["/slow"].ending, told["/patient"].ending) == ("ok 200", "ok 200")
    assert told["/patient"].body == LARGE[: 2 * MEGABYTE]
    told = asked([ask(site, "/slow", "/gone")], **ROOM).told
    assert (told["/slow"].ending, told["/gone"].ending) == ("ok 200", "deferred no room")


def test_larger_than_the_budget(site: RawSite) -> None:
    """It goes through alone."""
    told = asked([ask(site, "/large")], **ROOM | {"WORKER_BODIES_MB": 1}).told
    assert told["/large"].body == LARGE
