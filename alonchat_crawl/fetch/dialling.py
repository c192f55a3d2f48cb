"""Where connections are opened: there the address that is about to be dialled is judged, whoever gave it."""

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
"""Connections of one key can stand for each other. What one guard let pass is none of the other's."""

STAND_IN = "host.invalid"
"""A name for Twisted, which takes names by IDNA 2008 only: no `_`, no emoji. GuardedReactor looks at none."""


@implementer(IReactorPluggableNameResolver)  # type: ignore[no-untyped-call] # zope ships no types
class GuardedReactor:
    """The reactor as an endpoint uses it: it knows these addresses alone, and dials none unasked."""

    def __init__(self, reactor: Any, addresses: tuple[str, ...], guard: Guard) -> None:
        self._reactor = reactor
        self._addresses = addresses
        self._guard = guard
        self.nameResolver = self  # Twisted's name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)  # its clock

    def resolveHostName(self, receiver: Any, _host: str, portNumber: int = 0) -> None:  # noqa: N802, N803
        """Tell the addresses that were judged: no name server is asked again."""
        receiver.resolutionBegan(None)
        for address in self._addresses:
            receiver.addressResolved(as_twisted(address, portNumber))
        receiver.resolutionComplete()

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
        """Dial, unless the guard says no: then raise its Refused."""
        refused = self._guard.refusal(host, port)
        if refused is not None:
            raise refused
        return self._reactor.connectTCP(host, port, *args, **kwargs)


class Dialler:
    """Opens connections and keeps those that sites leave open, for `idle_seconds`."""

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
        """With what ends its time; the one that has been idle for longest is first."""

    async def connection(self, origin: Origin, guard: Guard) -> HttpConnection:
        """One that is idle, or a new one. Raises Refused and CannotResolveHostError, and what Twisted does.

        A new one to a https origin has still to shake hands.
        """
        key = origin, guard
        for connection, (its_key, _) in reversed(self._idle.items()):
            if its_key == key:
                self._leave(connection)
                if (refused := guard.refusal(*connection.peer)) is not None:
                    connection.drop()
                    raise refused  # what may be dialled has changed since
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
        """What shakes hands with a host; one that Twisted takes for no name has its own put in afterwards.

        Were Twisted to name these attributes otherwise, certificates would be checked against STAND_IN, and
        refused.
        """
        try:
            return self._tls.creatorForNetloc(host.encode(), port)
        except UnicodeError:
            options = self._tls.creatorForNetloc(STAND_IN.encode(), port)
            options._hostname = options._hostnameASCII = host  # noqa: SLF001 - there is no other way in
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
        """Close what is idle."""
        for connection in list(self._idle):
            self._expire(connection)
