"""No connection to an address that is not public, decided on the address that is about to be dialled."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.resolver import CachingHostnameResolver
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer  # type: ignore[attr-defined]

from alonchat_crawl.errors import Refused

Network = IPv4Network | IPv6Network
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052


def embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4, Teredo or NAT64; None for others."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def may_dial(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an address is public (IANA: globally reachable, not multicast) or in `allowed`."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(ip.version == network.version and ip in network for network in allowed):
        return True
    if isinstance(ip, IPv6Address):
        if (inner := embedded_ipv4(ip)) is not None:
            return may_dial(str(inner), allowed)
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast


class AddressPolicy:
    """Downloader middleware: refuses a host that has no public address, and says so.

    `GuardedResolver` enforces the same rule where the connection is made; this one gives the reason.
    """

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take SSRF_ALLOWED_NETWORKS from settings."""
        return cls(crawler.settings["SSRF_ALLOWED_NETWORKS"])

    async def process_request(self, request: Request) -> None:
        """Refuse the request unless an address of its host may be dialled."""
        parts = urlsplit(request.url)
        if parts.scheme not in {"http", "https"}:
            raise Refused("scheme", f"{parts.scheme}: is not http or https")
        host = parts.hostname or ""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise CannotResolveHostError(host) from None
        addresses = {str(entry[4][0]) for entry in found}
        if not any(may_dial(address, self._allowed) for address in addresses):
            raise Refused(
                "address",
                f"{host} is at {', '.join(sorted(addresses))}, which is not public: "
                "to crawl your own network, name it in SSRF_ALLOWED_NETWORKS",
            )


@implementer(IResolutionReceiver)  # type: ignore[no-untyped-call] # zope ships no types
class _Filter:
    """Passes on the addresses that may be dialled."""

    def __init__(self, receiver: Any, allowed: Sequence[Network]) -> None:
        self._receiver = receiver
        self._allowed = allowed

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802 - Twisted's name
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        if may_dial(getattr(address, "host", ""), self._allowed):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)  # type: ignore[no-untyped-call]
class GuardedResolver(CachingHostnameResolver):
    """Scrapy's resolver, through which every connection passes, without the addresses we must not dial."""

    def __init__(self, reactor: Any, cache_size: int, allowed: Sequence[Network]) -> None:
        super().__init__(reactor, cache_size)
        self._allowed = allowed

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Self:
        """Take the cache's size and SSRF_ALLOWED_NETWORKS from settings."""
        settings = crawler.settings
        return cls(reactor, settings.getint("DNSCACHE_SIZE"), settings["SSRF_ALLOWED_NETWORKS"])

    def resolveHostName(  # noqa: N802
        self,
        resolutionReceiver: Any,  # noqa: N803
        *args: Any,
        **kwargs: Any,
    ) -> IHostResolution:
        """Resolve as Scrapy does, through the filter."""
        receiver: Any = _Filter(resolutionReceiver, self._allowed)
        return super().resolveHostName(receiver, *args, **kwargs)
