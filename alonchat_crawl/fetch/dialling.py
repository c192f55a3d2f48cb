"""Opens connections. Each address is checked right before it is dialled, wherever it came from."""

import asyncio
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IReactorPluggableNameResolver
from zope.interface import implementer  # type: ignore[attr-defined]

from alonchat_crawl.fetch.address_rules import Guard, dialable
from alonchat_crawl.fetch.http_connection import HttpConnection, HttpConnectionFactory
from alonchat_crawl.fetch.reactor_resolver import as_twisted
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.urls import Origin

Key = tuple[Origin, Guard]
"""Requests of one key may share connections. A connection that one guard allowed must not serve another."""

STAND_IN = "host.invalid"
"""Given to Twisted in place of the host name, since Twisted rejects names outside IDNA 2008 (`_`, emoji).
Nobody looks it up."""


@implementer(IReactorPluggableNameResolver)  # type: ignore[no-untyped-call] # zope ships no types
class GuardedReactor:
    """A reactor for one endpoint: it resolves to given addresses only, and asks the guard before it dials."""

    def __init__(self, reactor: Any, addresses: tuple[str, ...], guard: Guard) -> None:
        self._reactor = reactor
        self._addresses = addresses
        self._guard = guard
        self.nameResolver = self  # Twisted's name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)  # the clock

    def resolveHostName(self, receiver: Any, _host: str, portNumber: int = 0) -> None:  # noqa: N802, N803
        """Return the addresses that were checked, without asking a name server again."""
        receiver.resolutionBegan(None)
        for address in self._addresses:
            receiver.addressResolved(as_twisted(address, portNumber))
        receiver.resolutionComplete()

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
        """Dial, or raise the guard's Refused."""
        refused = self._guard.refusal(host, port)
        if refused is not None:
            raise refused
        return self._reactor.connectTCP(host, port, *args, **kwargs)


class Dialler:
    """Opens connections, and keeps idle ones for reuse for `idle_seconds`."""

    def __init__(
        self,
        reactor: Any,
        resolver: Resolver,
        tls: Any,
        *,
        connect_seconds: float,
        idle_seconds: float,
    ) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._tls = tls
        self._connect_seconds = connect_seconds
        self._idle_seconds = idle_seconds
        self._idle: dict[HttpConnection, tuple[Key, Any]] = {}
        """Each connection's key and the timer that closes it; longest idle first."""

    async def connection(self, origin: Origin, guard: Guard) -> HttpConnection:
        """Return an idle connection or a new one. Raises Refused, CannotResolveHostError, Twisted's errors.

        A new connection to a https origin has not done its TLS handshake yet.
        """
        key = origin, guard
        for connection, (its_key, _) in reversed(self._idle.items()):
            if its_key == key:
                self._leave(connection)
                if (refused := guard.refusal(*connection.peer)) is not None:
                    connection.drop()
                    raise refused  # the rules have changed since it was opened
                return connection
        scheme, host, port = origin
        addresses = dialable(host, await self._resolver.addresses(host), port, guard)
        reactor = GuardedReactor(self._reactor, addresses, guard)
        endpoint: Any = HostnameEndpoint(reactor, STAND_IN, port, timeout=self._connect_seconds)
        if scheme == "https":
            endpoint = wrapClientTLS(self._tls_options(host, port), endpoint)
        connected: Deferred[HttpConnection] = endpoint.connect(HttpConnectionFactory(lambda: self._new(key)))
        return await connected.asFuture(asyncio.get_running_loop())

    def _tls_options(self, host: str, port: int) -> Any:
        """Return Twisted's TLS options for a host. If Twisted rejects the name, set it afterwards.

        If Twisted renamed these attributes, certificates would be checked against STAND_IN and refused.
        """
        try:
            return self._tls.creatorForNetloc(host.encode(), port)
        except UnicodeError:
            options = self._tls.creatorForNetloc(STAND_IN.encode(), port)
            options._hostname = options._hostnameASCII = host  # noqa: SLF001 - there is no public way
            options._hostnameBytes = host.encode()  # noqa: SLF001
            return options

    def _new(self, key: Key) -> HttpConnection:
        return HttpConnection(self._reactor, lambda connection: self._keep(key, connection), self._leave)

    def _keep(self, key: Key, connection: HttpConnection) -> None:
        timer = self._reactor.callLater(self._idle_seconds, self._expire, connection)
        self._idle[connection] = key, timer

    def _leave(self, connection: HttpConnection) -> None:
        _, timer = self._idle.pop(connection, (None, None))
        if timer is not None and timer.active():
            timer.cancel()

    def _expire(self, connection: HttpConnection) -> None:
        self._leave(connection)
        connection.close()

    def close(self) -> None:
        """Close the idle connections."""
        for connection in list(self._idle):
            self._expire(connection)
