"""When a request really left: the moment from which its site counts the pace."""

import math
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import urldefrag

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet import defer
from twisted.internet.interfaces import IAddress, IHandshakeListener
from twisted.web._newclient import Request as TxRequest
from twisted.web.client import URI
from twisted.web.iweb import IResponse
from zope.interface import implementer  # type: ignore[attr-defined]

from alonchat_crawl.errors import Deferred

Left = Callable[[TxRequest], None]
"""Told of a request whenever it leaves."""


@implementer(IHandshakeListener)  # type: ignore[no-untyped-call] # zope ships no types
class _Protocol(_LenientHTTP11ClientProtocol):
    """A connection that tells when a request leaves on it."""

    def __init__(self, left: Left, quiescent: Callable[[Any], None]) -> None:
        super().__init__(quiescent)  # type: ignore[no-untyped-call]
        self._left = left

    def request(self, request: TxRequest) -> defer.Deferred[IResponse]:
        """Send it: the connection is new, or kept alive."""
        self._left(request)
        return super().request(request)

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's name
        """TLS is up: Twisted gave the request to the connection before, and it leaves only now."""
        if self._currentRequest is not None:
            self._left(self._currentRequest)


class _Factory(_LenientHTTP11ClientFactory):
    """Makes the connections of a pool."""

    def __init__(self, left: Left, quiescent: Callable[[Any], None], metadata: str) -> None:
        super().__init__(quiescent, metadata)  # type: ignore[no-untyped-call]
        self._left = left

    def buildProtocol(self, _addr: IAddress | None) -> _Protocol:  # noqa: N802
        return _Protocol(self._left, self._quiescentCallback)


class SendTimeHandler(HTTP11DownloadHandler):
    """Scrapy's handler, which also notes in meta["sent_at"] (monotonic seconds) when the request left.

    That is after DNS, TCP and TLS; where TLS failed, after TCP; absent where there was no connection.
    meta["download_latency"] counts from there too, as Scrapy documents it; alone, its handler adds the
    time to connect. No URL may be in flight twice: the later one would take both notes.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._in_flight: dict[bytes, dict[str, Any]] = {}
        # A request that a closing connection swallowed is the frontier's to send again: at once is too early.
        self._pool.retryAutomatically = False
        # As Scrapy's own handler does; Twisted only calls it.
        self._pool._factory = partial(_Factory, self._note)  # type: ignore[assignment] # noqa: SLF001

    def _note(self, sent: TxRequest) -> None:
        if (meta := self._in_flight.get(sent.absoluteURI)) is not None:
            meta["sent_at"] = monotonic()

    async def download_request(self, request: Request) -> Response:
        """Download as Scrapy does; raises errors.Deferred where meta["valid_until"] has passed meanwhile.

        A process that stood still would ask a site that another one is asking.
        """
        if monotonic() > request.meta.get("valid_until", math.inf):
            raise Deferred("lease too old")
        url = URI.fromBytes(urldefrag(request.url)[0].encode()).toBytes()  # type: ignore[no-untyped-call]
        meta, began = request.meta, monotonic()
        meta.pop("sent_at", None)  # of the request that this one was copied from, for instance a redirected
        self._in_flight[url] = meta
        try:
            response = await super().download_request(request)
        finally:
            self._in_flight.pop(url, None)
        meta["download_latency"] -= meta.get("sent_at", began) - began
        return response
