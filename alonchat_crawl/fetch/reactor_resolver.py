"""Twisted's interface to `Resolver`, for code that dials through the reactor instead of `dialling`."""

import asyncio
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.resolver import HostResolution
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver
from zope.interface import implementer  # type: ignore[attr-defined]

from alonchat_crawl.fetch.address_rules import AddressRules
from alonchat_crawl.fetch.resolver import Resolver


def as_twisted(address: str, port: int) -> IPv4Address | IPv6Address:
    """Return an address in the form that Twisted's endpoints need."""
    kind = IPv6Address if ":" in address else IPv4Address
    return kind("TCP", address, port)


@implementer(IHostnameResolver)  # type: ignore[no-untyped-call] # zope ships no types
class ReactorResolver:
    """Gives the reactor only addresses that `Resolver` finds and the rules allow.

    Our own code does not need it. It keeps libraries that dial by themselves within the rules.
    """

    def __init__(self, reactor: Any, resolver: Resolver, rules: AddressRules) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._rules = rules
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Self:
        """Read the settings. Scrapy passes its CrawlerProcess as `crawler` here."""
        settings = crawler.settings
        return cls(reactor, Resolver.from_settings(settings), AddressRules.from_settings(settings))

    def install_on_reactor(self) -> None:
        """Replace the reactor's own resolver. Scrapy calls this (TWISTED_DNS_RESOLVER)."""
        self._reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802 - Twisted's name
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: object = None,  # noqa: ARG002, N803
        transportSemantics: str = "TCP",  # noqa: ARG002, N803
    ) -> HostResolution:
        """Pass the addresses that may be dialled, perhaps none, to the receiver."""
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        task = asyncio.ensure_future(self._tell(resolutionReceiver, hostName, portNumber))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return resolution

    async def _tell(self, receiver: Any, host: str, port: int) -> None:
        try:
            for address in await self._resolver.addresses(host):
                if self._rules.refusal(address, None) is None:
                    receiver.addressResolved(as_twisted(address, port))
        except CannotResolveHostError:
            pass
        finally:
            receiver.resolutionComplete()
