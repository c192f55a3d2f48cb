"""The reactor's resolver, through which nothing is found that must not be dialled."""

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
    """An address of the kind that Twisted's endpoints take."""
    kind = IPv6Address if ":" in address else IPv4Address
    return kind("TCP", address, port)


@implementer(IHostnameResolver)  # type: ignore[no-untyped-call] # zope ships no types
class ReactorResolver:
    """For whatever may dial through the reactor: the handler judges its own addresses, and again."""

    def __init__(self, reactor: Any, resolver: Resolver, rules: AddressRules) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._rules = rules
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Self:
        """Follow the settings of the process: Scrapy's one `crawler` here is all of them."""
        settings = crawler.settings
        return cls(reactor, Resolver.from_settings(settings), AddressRules.from_settings(settings))

    def install_on_reactor(self) -> None:
        """Scrapy's call, for TWISTED_DNS_RESOLVER."""
        self._reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802 - Twisted's name
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: object = None,  # noqa: ARG002, N803
        transportSemantics: str = "TCP",  # noqa: ARG002, N803
    ) -> HostResolution:
        """Tell the receiver the addresses that may be dialled; none where nothing is found."""
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
