"""Pace domains: what politeness counts by, either the registrable domain of a URL or its shared address."""

import asyncio
from functools import lru_cache, partial
from ipaddress import ip_address
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from scrapy.exceptions import CannotResolveHostError
from scrapy.utils.datatypes import LocalCache

from alonchat_crawl.fetch.files.upload_urls import is_at_no_site
from alonchat_crawl.fetch.public_addresses import dialled_address, parse_address
from alonchat_crawl.fetch.public_suffixes import registrable_domain
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.redis_keys import ADDRESS
from alonchat_crawl.servers.damaged_keys import OnDamagedKey, ignore_damaged_key, run_on_sound_key, set_aside
from alonchat_crawl.sources import Source

LOOKUP_SECONDS = 1.0
"""Longest wait for a look-up: a slow name server must not hold up the frontier."""
KNOWN_MAX = 100_000
"""How many domains' addresses a worker remembers."""


@lru_cache(maxsize=4096)
def pace_domain(host: str) -> str:
    """The registrable domain of a host, or the address of an IP literal."""
    address = parse_address(host.strip("[]"))
    return registrable_domain(host) if address is None else str(dialled_address(address))


def url_domain(url: str) -> str:
    """The pace domain of an absolute URL."""
    return pace_domain(urlsplit(url).hostname or "")


class Domains:
    """The pace domains of URLs. With a Redis, domains whose hosts share an address share a pace.

    The first worker that looks up a domain decides for all workers which address stands for it: name servers
    return several in any order, and a later answer must not split a domain's queue.
    """

    KEPT_SECONDS = 86_400  # how long Redis keeps a domain's address after its last use
    SURE_SECONDS = 3_600  # how long a worker uses it without asking Redis again

    def __init__(
        self,
        redis: Redis | None = None,
        resolver: Resolver | None = None,
        on_damaged_key: OnDamagedKey = ignore_damaged_key,
    ) -> None:
        """Count by address if both a Redis and a resolver are given."""
        self._shared = (redis, resolver) if redis is not None and resolver is not None else None
        self._on_damaged_key = on_damaged_key
        self._known: LocalCache[str, tuple[str, float]] = LocalCache(KNOWN_MAX)

    async def of(self, url: str, source: Source | None = None) -> str:
        """The pace domain of an absolute URL; its registrable domain while no name server answers.

        A URL that no site serves, such as a file in object storage, is paced by its source's id.
        """
        if source is not None and is_at_no_site(source, url):
            return str(source.source_id)
        domain = url_domain(url)
        if self._shared is None:
            return domain
        known, until = self._known.get(domain, ("", 0.0))
        if until < monotonic():
            known = await self._agreed(*self._shared, domain, urlsplit(url).hostname or "")
            self._known[domain] = known, monotonic() + self.SURE_SECONDS
        return known

    def site_of(self, url: str, domain: str, source: Source) -> str:
        """The registrable domain of a URL if sites are paced by address; else empty."""
        is_shared = self._shared is not None and domain != str(source.source_id)
        return url_domain(url) if is_shared else ""

    async def _agreed(self, redis: Redis, resolver: Resolver, domain: str, host: str) -> str:
        key = ADDRESS.of(domain=domain)
        read = partial(redis.getex, key, ex=self.KEPT_SECONDS)
        settled = await run_on_sound_key(redis, key, self._on_damaged_key, read)
        if settled is not None and not _is_known_as(settled, domain):
            await set_aside(redis, key, "it is no address", self._on_damaged_key)
            settled = None
        if settled is None:
            address = await _address_of(host, resolver) or domain
            # NX with GET returns the value that was there before, or None.
            before: Any = await redis.set(key, address, nx=True, get=True, ex=self.KEPT_SECONDS)
            settled = before if before and _is_known_as(before, domain) else address.encode()
        return str(settled.decode())


def _is_known_as(settled: bytes, domain: str) -> bool:
    """Whether a stored value is the domain's own name or an address."""
    try:
        text = settled.decode()
        return text == domain or bool(ip_address(text.partition("%")[0]))
    except ValueError:
        return False


async def _address_of(host: str, resolver: Resolver) -> str | None:
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            return min(await resolver.addresses(host), default=None)
    except (TimeoutError, CannotResolveHostError):
        return None
