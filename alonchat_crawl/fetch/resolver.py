"""Looks up the addresses of host names. `address_rules` decides which of them may be dialled."""

import asyncio
import socket
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.settings import BaseSettings

from alonchat_crawl.fetch.public_addresses import parse_address
from alonchat_crawl.per_crawler import PerCrawler

MAX_ADDRESSES = 8
"""Most addresses of one name. All may be dialled at once, so a name server must not return thousands."""


class Resolver(PerCrawler):
    """Looks names up in its own threads, so that a silent name server holds up nothing else."""

    def __init__(self, *, threads: int, timeout_seconds: float, kept_seconds: float, kept_max: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="dns")
        self._timeout_seconds = timeout_seconds
        self._kept_seconds = kept_seconds
        self._kept_max = kept_max
        self._kept: OrderedDict[str, tuple[tuple[str, ...], float]] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read the limits of look-ups and of their cache."""
        return cls(
            threads=settings.getint("CONCURRENT_REQUESTS"),
            timeout_seconds=settings.getfloat("DNS_TIMEOUT"),
            kept_seconds=settings.getfloat("DNS_KEPT_SECONDS"),
            kept_max=settings.getint("DNSCACHE_SIZE"),
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the crawler's settings."""
        return cls.from_settings(crawler.settings)

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Return a host's addresses, at most MAX_ADDRESSES. Raises CannotResolveHostError."""
        if parse_address(host) is not None:
            return (host,)
        found, until = self._kept.get(host, ((), 0.0))
        if until > monotonic():
            return found
        found = await self._look_up(host)
        self._kept[host] = found, monotonic() + self._kept_seconds
        self._kept.move_to_end(host)
        while len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)
        return found

    async def _look_up(self, host: str) -> tuple[str, ...]:
        look_up = asyncio.get_running_loop().run_in_executor(self._threads, _getaddrinfo, host)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await look_up
        except TimeoutError:
            raise CannotResolveHostError(f"no answer for {host}") from None
        except (OSError, UnicodeError):
            raise CannotResolveHostError(host) from None

    def close(self) -> None:
        """Cancel the look-ups that wait; do not wait for those that run."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _getaddrinfo(host: str) -> tuple[str, ...]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))[:MAX_ADDRESSES]
