"""One HTTP connection. It counts the bytes and lines of a response, and ends one that exceeds a limit."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scrapy.core.downloader.handlers.http11 import _LenientHTTP11ClientProtocol, _LenientHTTPClientParser
from twisted.internet import defer
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IHandshakeListener
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import BODY
from twisted.web._newclient import Request as TxRequest
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse
from zope.interface import implementer  # type: ignore[attr-defined]

from alonchat_crawl.errors import ReasonedError, Refused
from alonchat_crawl.reasons import Reason

CLOSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """Limits of one response, in bytes as received, after TLS."""

    body_bytes: int
    framing_bytes: int
    """Everything but the body: status lines, headers, chunk sizes, trailers."""
    header_lines: int


def too_large(most_bytes: int) -> Refused:
    """Return the error for a body that is larger, on the wire or decoded."""
    return Refused(Reason.TOO_LARGE, f"its response is larger than {most_bytes} bytes")


@dataclass(slots=True)
class HttpExchange:
    """One request in flight, and its response so far."""

    limits: AnswerLimits
    sent: Callable[[], None]
    """Called when the request is sent; with TLS again after the handshake, when it is really sent."""
    answered: Callable[[], None]
    """Called at the response's first byte."""
    received: int = 0
    header_lines: int = 0
    body: bytearray = field(default_factory=bytearray)
    reading: bool = False
    """Whether the body is being collected in `body`."""
    error: ReasonedError | None = None
    """Why we ended it: the first reason."""

    def over(self, *, in_body: bool) -> Refused | None:
        """Return the error for a limit that the response exceeds; None if it exceeds none."""
        limits, body = self.limits, len(self.body)
        if body > limits.body_bytes:
            return too_large(limits.body_bytes)
        if self.header_lines > limits.header_lines:
            return Refused(
                Reason.HEADERS_TOO_LARGE, f"its response has more than {limits.header_lines} headers"
            )
        if self.received - body <= limits.framing_bytes or (in_body and not self.reading):
            return None
        if in_body:
            return Refused(Reason.CHUNKS_TOO_SMALL, "its response comes in almost empty chunks")
        return Refused(Reason.HEADERS_TOO_LARGE, f"its headers have more than {limits.framing_bytes} bytes")


class _Parser(_LenientHTTPClientParser):
    """Counts the header lines of a response, those of interim (1xx) responses included."""

    exchange: HttpExchange

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        self.exchange.header_lines += 1
        if (over := self.exchange.over(in_body=False)) is not None:
            raise over
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: ARG002, N802
        raise Refused(
            Reason.HEADERS_TOO_LARGE, f"a line of its headers has more than {self.MAX_LENGTH} bytes"
        )


@implementer(IHandshakeListener)  # type: ignore[no-untyped-call] # zope ships no types
class HttpConnection(_LenientHTTP11ClientProtocol):
    """A connection. It calls `idle` when it can take another request, and `gone` when it no longer can."""

    def __init__(
        self, reactor: Any, idle: Callable[["HttpConnection"], None], gone: Callable[["HttpConnection"], None]
    ) -> None:
        super().__init__(idle)  # type: ignore[no-untyped-call]
        self._reactor = reactor
        self._gone = gone
        self._exchange: HttpExchange | None = None
        self._lost = False

    @property
    def peer(self) -> tuple[str, int]:
        """The address and port of the other end."""
        transport: Any = self.transport
        peer = transport.getPeer()
        return peer.host, peer.port

    def ask(self, request: TxRequest, exchange: HttpExchange) -> "defer.Deferred[IResponse]":
        """Send a request. The result fires when the headers have arrived, before the body."""
        self._exchange = exchange
        exchange.sent()
        answer = self.request(request)
        parser: Any = self._parser
        parser.__class__ = _Parser  # as Scrapy's own connection does, one class up
        parser.exchange = exchange
        return answer

    def handshakeCompleted(self) -> None:  # noqa: N802
        """Note that the request is sent now: Twisted has queued it until TLS was up."""
        if self._currentRequest is not None and self._exchange is not None:
            self._exchange.sent()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Count and read the bytes; end a response that exceeds a limit."""
        exchange, parser = self._exchange, self._parser
        if exchange is None or parser is None:  # data without a request
            self.drop()
            return
        if exchange.received == 0:
            exchange.answered()
        exchange.received += len(data)
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        if self._parser is parser and (over := exchange.over(in_body=parser.state == BODY)) is not None:
            self._giveUp(Failure(over))  # type: ignore[no-untyped-call]

    def _giveUp(self, reason: Failure) -> None:  # noqa: N802
        """End the exchange and the connection."""
        if self._exchange is not None and isinstance(reason.value, ReasonedError):
            self._exchange.error = self._exchange.error or reason.value
        if isinstance(reason.value, ConnectionDone):  # the response was complete
            self.close()
        else:
            self.drop()
        self._disconnectParser(reason)  # type: ignore[no-untyped-call]

    def _finishResponse(self, rest: bytes) -> None:  # noqa: N802
        """Close the connection if more than the response came: it would be read as the next response."""
        if rest and self._currentRequest is not None:
            self._currentRequest.persistent = False
        super()._finishResponse(rest)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self._lost = True
        self._gone(self)
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close it properly, but drop it after CLOSE_SECONDS: a hostile peer never answers a TLS close."""
        self._gone(self)
        if not self._lost:
            transport: Any = self.transport
            transport.loseConnection()
            self._reactor.callLater(CLOSE_SECONDS, self.drop)

    def drop(self) -> None:
        """Close it at once."""
        self._gone(self)
        if not self._lost:
            transport: Any = self.transport
            transport.abortConnection()


class HttpConnectionFactory(Factory):
    """Twisted's factory, which an endpoint needs."""

    noisy = False

    def __init__(self, make: Callable[[], HttpConnection]) -> None:
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> HttpConnection:  # noqa: ARG002, N802
        return self._make()


class BodyReader(Protocol):
    """Collects a response's body in its exchange; pauses above `pause_bytes`, if given, until `resume`."""

    def __init__(self, exchange: HttpExchange, pause_bytes: int | None) -> None:
        self._exchange = exchange
        self._pause_bytes = pause_bytes
        exchange.reading = True
        self.grown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when it has paused."""
        self.done: defer.Deferred[None] = defer.Deferred()
        """Fires when the body is complete, or with the error that ended it."""

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self._exchange.body += data
        if self._pause_bytes is not None and len(self._exchange.body) > self._pause_bytes:
            self._pause_bytes = None
            transport: Any = self.transport
            transport.pauseProducing()
            if not self.grown.done():
                self.grown.set_result(None)

    def resume(self) -> None:
        transport: Any = self.transport
        transport.resumeProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        if self.done.called:  # it was cancelled
            return
        if isinstance(reason.value, ResponseDone | PotentialDataLoss):
            self.done.callback(None)
        else:
            self.done.errback(reason)
