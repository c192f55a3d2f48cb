"""The download handler for http and https: sends a request, notes when it was sent, limits its response."""

import asyncio
import math
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import urldefrag, urlsplit

from scrapy import Request
from scrapy.core.downloader.contextfactory import _load_context_factory_from_settings
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Headers, Response
from scrapy.utils._download_handlers import make_response
from twisted.web._newclient import Request as TxRequest
from twisted.web.http_headers import Headers as TxHeaders
from twisted.web.iweb import UNKNOWN_LENGTH

from alonchat_crawl.errors import Deferred, ReasonedError, Refused, Retry
from alonchat_crawl.fetch.address_rules import AddressRules, check_url
from alonchat_crawl.fetch.body_budget import BodyBudget
from alonchat_crawl.fetch.dialling import Dialler
from alonchat_crawl.fetch.faults import fault_of
from alonchat_crawl.fetch.http_connection import AnswerLimits, BodyReader, HttpExchange, too_large
from alonchat_crawl.fetch.request_context import context_of, set_context
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox.work_slots import SMALL_BYTES
from alonchat_crawl.urls import DEFAULT_PORTS, origin_parts

METHODS = frozenset({"GET", "HEAD"})
OURS_ALONE = ("Host", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Proxy-Authorization")
"""Headers that belong to the connection. They are removed from a request."""


class GuardedHandler(BaseDownloadHandler):
    """Checks every address before it dials, and ignores meta["proxy"] and the environment's proxies.

    Only GET and HEAD are sent. `sent_at` in the request's context is the time when the request was sent;
    meta["download_latency"] counts from then to the end of the headers. A request's meta may set
    "download_timeout" and "download_maxsize".
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        from twisted.internet import reactor  # noqa: PLC0415 - Scrapy installs it first

        settings = crawler.settings
        self._rules = AddressRules.of(crawler)
        self._total_seconds = settings.getfloat("DOWNLOAD_TIMEOUT")
        self._first_byte_seconds = settings.getfloat("FIRST_BYTE_TIMEOUT_SECONDS")
        self._body_bytes = settings.getint("DOWNLOAD_MAXSIZE")
        self._framing_bytes = settings.getint("HEADERS_MAX_BYTES")
        self._header_lines = settings.getint("HEADERS_MAX_COUNT")
        self._bodies = BodyBudget.of(crawler)
        self._dialler = Dialler(
            reactor,
            Resolver.of(crawler),
            _load_context_factory_from_settings(crawler),
            connect_seconds=settings.getfloat("CONNECT_TIMEOUT_SECONDS"),
            idle_seconds=settings.getfloat("CONNECTION_IDLE_SECONDS"),
        )

    async def download_request(self, request: Request) -> Response:
        """Download. Raises errors.Deferred if the lease may be another worker's by now.

        Otherwise a process that stood still would send a request at the same time as another worker. It also
        raises ReasonedErrors and Scrapy's network errors.
        """
        if monotonic() > context_of(request).valid_until:
            raise Deferred(Reason.LEASE_TOO_OLD)
        seconds = request.meta.get("download_timeout") or self._total_seconds
        try:
            async with asyncio.timeout(seconds) as clock:
                return await self._download(request, clock)
        except TimeoutError:
            raise DownloadTimeoutError(f"{request.url} took longer than {seconds} s") from None

    async def _download(self, request: Request, clock: asyncio.Timeout) -> Response:
        meta = request.meta
        began = monotonic()
        _note_sent(request, None)  # the request may be a copy of one that was sent
        asked, connection, loop = _asked(request), None, asyncio.get_running_loop()
        first_byte = asyncio.timeout(self._first_byte_seconds)
        body_bytes = meta.get("download_maxsize") or self._body_bytes
        exchange = HttpExchange(
            AnswerLimits(body_bytes, self._framing_bytes, self._header_lines),
            sent=lambda: _note_sent(request, monotonic()),
            answered=partial(_stop, first_byte),
        )
        try:
            async with first_byte:
                guard = self._rules.guard_of(request)
                connection = await self._dialler.connection(origin_parts(request.url), guard)
                answer: Any = await connection.ask(asked, exchange).asFuture(loop)
            meta["download_latency"] = monotonic() - (context_of(request).sent_at or began)
            if answer.length != 0:  # Twisted never ends the body of an empty response
                await self._read(request, answer, exchange, clock)
        except BaseException as error:
            if connection is not None:
                connection.drop()
            if isinstance(error, TimeoutError) and first_byte.expired():
                raise Retry(Reason.FIRST_BYTE_TIMEOUT, "it did not begin to answer in time") from None
            fault = exchange.error or fault_of(error)
            if fault is error or not isinstance(error, Exception):
                raise
            raise fault from error
        if exchange.error is not None:  # Twisted raises nothing if the body had no length
            raise exchange.error
        body, exchange.body = bytes(exchange.body), bytearray()  # the connection still holds the exchange
        return _response(request, answer, body)

    async def _read(
        self, request: Request, answer: Any, exchange: HttpExchange, clock: asyncio.Timeout
    ) -> None:
        """Read the body into the exchange; if it is large, wait for room. Raises Refused and Deferred."""
        most, length = exchange.limits.body_bytes, answer.length
        if length is UNKNOWN_LENGTH:
            length = most
        elif length > most:
            raise too_large(most)
        if answer.headers.hasHeader(b"Content-Encoding"):
            length += most  # decoding needs room for the result, too
        is_announced = answer.length is not UNKNOWN_LENGTH and answer.length > SMALL_BYTES
        waited = 0.0
        if is_announced:  # Twisted reads no further until the body is delivered
            waited = await self._let_in(request, length, clock)
        body = BodyReader(exchange, None if is_announced else SMALL_BYTES)
        answer.deliverBody(body)
        done = body.done.asFuture(asyncio.get_running_loop())
        try:
            await asyncio.wait({done, body.grown}, return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                waited = await self._let_in(request, length, clock)
                body.resume()
            await done
        except Exception as error:
            if waited and not isinstance(error, ReasonedError) and exchange.error is None:
                raise self._bodies.no_room() from error  # the site hung up while we waited for room
            raise
        finally:
            done.cancel()
            body.grown.cancel()

    async def _let_in(self, request: Request, size: int, clock: asyncio.Timeout) -> float:
        """Wait for room; return the seconds, by which the site's deadline is extended."""
        until = clock.when() or math.inf
        clock.reschedule(until + self._bodies.wait_seconds)
        waited = await self._bodies.let_in(request, size)
        clock.reschedule(until + waited)
        return waited

    async def close(self) -> None:
        """Close the connections that are kept open."""
        self._dialler.close()


def _note_sent(request: Request, at: float | None) -> None:
    set_context(request, replace(context_of(request), sent_at=at))


def _stop(timeout: asyncio.Timeout) -> None:
    with suppress(RuntimeError):  # it has just expired
        timeout.reschedule(None)


def _asked(request: Request) -> TxRequest:
    """Return the request that is sent. Raises Refused."""
    if request.method not in METHODS or request.body:
        raise Refused(Reason.METHOD, f"{request.method} is not GET or HEAD")
    check_url(request.url)
    headers = TxHeaders(request.headers)
    for name in OURS_ALONE:
        headers.removeHeader(name)
    headers.addRawHeader(b"Host", _host_header(request.url))
    path = urldefrag(request.url).url.partition("://")[2].removeprefix(urlsplit(request.url).netloc)
    uri = path if path.startswith("/") else f"/{path}"
    return TxRequest(  # type: ignore[no-untyped-call]
        request.method.encode(), uri.encode(), headers, None, persistent=True
    )


def _host_header(url: str) -> bytes:
    scheme, host, port = origin_parts(url)
    host = f"[{host}]" if ":" in host else host
    return (host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}").encode()


def _response(request: Request, answer: Any, body: bytes) -> Response:
    headers = Headers()
    if answer.length is not UNKNOWN_LENGTH:
        headers[b"Content-Length"] = str(answer.length).encode()
    headers.update(answer.headers.getAllRawHeaders())
    return make_response(
        url=urldefrag(request.url).url,
        status=int(answer.code),
        headers=headers,
        body=body,
        certificate=getattr(answer, "_scrapy_certificate", None),
        ip_address=getattr(answer, "_scrapy_ip_address", None),
        protocol="HTTP/{1}.{2}".format(*answer.version),
    )
