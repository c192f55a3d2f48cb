"""Detects traps that only show over many URLs of a source, counted over all workers in a few bytes a page.

The counters are a count-min sketch (Cormode and Muthukrishnan 2005) in one Redis string: each item has two
16-bit counters, and the smaller one is its count, which may be too high but never too low. Which counters an
item gets depends on the run, so that no site can choose its collisions. A fetched page costs one Redis
command, and a second one if it looks suspicious. A lease costs none, unless its URL looks suspicious.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic
from typing import Any, Self
from uuid import UUID

from redis.asyncio import Redis
from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings
from scrapy.utils.datatypes import LocalCache

from alonchat_crawl.extract.site.fingerprints import Fingerprints
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.policies.traps.url_templates import UrlTemplate, template_of
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import TRAP_COUNTERS
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.servers.damaged_keys import OnDamagedKey, ignore_damaged_key, run_on_sound_key
from alonchat_crawl.sources import Kind, Lease, Source

KEPT_SECONDS = 7200  # after the last page: twice the longest pause that a site may ask for
COUNTERS_MIN, COUNTERS_MAX = 1024, 1 << 20
KNOWN_MAX = 10_000
Item = tuple[str | bytes, ...]
"""What is counted: its kind, then its value."""
Limited = dict[Item, int | None]
"""Items with their limits; None if there is no limit."""
HOSTS: Item = ("hosts",)
SITEMAPS: Item = ("sitemaps",)


@dataclass(frozen=True, slots=True)
class TrapLimits:
    """The counts above which URLs of a source are taken for a trap."""

    same_text: int
    same_pattern: int
    calendar: int
    variants: int
    familiar: int
    """A query value seen on more pages than this is familiar: it no longer counts as new content."""
    hosts: int
    sitemaps: int

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read the TRAP_ settings."""
        return cls(
            same_text=settings.getint("TRAP_SAME_TEXT_MAX"),
            same_pattern=settings.getint("TRAP_SAME_PATTERN_MAX"),
            calendar=settings.getint("TRAP_CALENDAR_MAX"),
            variants=settings.getint("TRAP_VARIANTS_MAX"),
            familiar=settings.getint("TRAP_FAMILIAR_PAGES"),
            hosts=settings.getint("TRAP_HOSTS_MAX"),
            sitemaps=settings.getint("TRAP_SITEMAPS_MAX"),
        )


@dataclass(frozen=True, slots=True)
class Repetition:
    """What a fetched page repeats. If there is a reason, its links are not followed."""

    reason: Reason = Reason.NONE
    stored: bool = True
    """Whether the page is stored nevertheless."""


class TrapCounters(PerCrawler):
    """The counters of the sources that a worker fetches from. Its methods raise redis.RedisError."""

    def __init__(
        self, redis: Redis, limits: TrapLimits, on_damaged_key: OnDamagedKey = ignore_damaged_key
    ) -> None:
        self._redis = redis
        self._on_damaged_key = on_damaged_key
        self._limits = limits
        self._full: LocalCache[tuple[UUID, Item], None] = LocalCache(KNOWN_MAX)
        """(run, item) for items that this worker has seen above their limit."""
        self._noted: LocalCache[tuple[UUID, str], Repetition] = LocalCache(KNOWN_MAX)
        """By run and URL: a page that is fetched again, because it was not stored, is counted once."""
        self._kept_until: LocalCache[UUID, float] = LocalCache(KNOWN_MAX)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the TRAP_ settings."""
        limits = TrapLimits.from_settings(crawler.settings)
        connections = Connections.of(crawler)
        return cls(connections.redis, limits, connections.report_damaged_key)

    async def note(self, lease: Lease, fingerprints: Fingerprints | None = None) -> Repetition:
        """Count a fetched page or sitemap, once per run."""
        noted = (lease.source.crawl_id, lease.url)
        if noted not in self._noted:
            self._noted[noted] = await self._count_fetched(lease, fingerprints)
        return self._noted[noted]

    async def refused(self, lease: Lease) -> Reason:
        """Why a leased URL is refused as part of a trap over its limit; NONE if it is not."""
        run, limits = lease.source.crawl_id, self._limits
        if lease.kind is Kind.SITEMAP:
            return Reason.TRAP_SITEMAPS if (run, SITEMAPS) in self._full else Reason.NONE
        template = template_of(lease.url)
        if template.calendar and (run, ("calendar", template.calendar)) in self._full:
            return Reason.TRAP_CALENDAR
        if template.host != lease.host:
            counts = await self._read(lease.source, [("host", template.host), HOSTS])
            if counts[0] == 0 and counts[1] >= limits.hosts:
                return Reason.TRAP_SUBDOMAINS
        if template.values and (run, ("variants", template.path)) in self._full:
            counts = await self._read(lease.source, _values(template))
            if min(counts) >= limits.familiar:
                return Reason.TRAP_TOO_MANY_VARIANTS
        return Reason.NONE

    async def _count_fetched(self, lease: Lease, fingerprints: Fingerprints | None) -> Repetition:
        if lease.kind is Kind.SITEMAP:
            await self._count(lease.source, {SITEMAPS: self._limits.sitemaps})
            return Repetition()
        template = template_of(lease.url)
        items = self._items(template, fingerprints, is_foreign=template.host != lease.host)
        counts = await self._count(lease.source, items)
        await self._count(lease.source, self._suspicious(template, counts))
        return self._repetition(template, fingerprints, counts)

    def _items(
        self, template: UrlTemplate, fingerprints: Fingerprints | None, *, is_foreign: bool
    ) -> Limited:
        """The items that a page adds to."""
        limits = self._limits
        items: Limited = dict.fromkeys(_values(template))
        if template.calendar:
            items["calendar", template.calendar] = limits.calendar
        if is_foreign:
            items["host", template.host] = None
        if fingerprints:
            items[_text(fingerprints)] = limits.same_text
            items[_pattern(template, fingerprints)] = limits.same_pattern
        return items

    def _suspicious(self, template: UrlTemplate, counts: Mapping[Item, int]) -> Limited:
        """The items that a page also adds to if its host is new or all values of its query are familiar."""
        items: Limited = {}
        if counts.get(("host", template.host)) == 1:
            items[HOSTS] = None
        if template.values and min(counts[value] for value in _values(template)) > self._limits.familiar:
            items["variants", template.path] = self._limits.variants
        return items

    def _repetition(
        self, template: UrlTemplate, fingerprints: Fingerprints | None, counts: Mapping[Item, int]
    ) -> Repetition:
        if fingerprints is None:
            return Repetition()
        if counts[_text(fingerprints)] > self._limits.same_text:
            return Repetition(Reason.TRAP_SAME_TEXT, stored=False)
        is_endless = counts[_pattern(template, fingerprints)] > self._limits.same_pattern
        return Repetition(Reason.TRAP_ENDLESS_PAGES if is_endless else Reason.NONE)

    async def _count(self, source: Source, limited: Limited) -> dict[Item, int]:
        """Add 1 to each item; remember the items above their limits."""
        if not limited:
            return {}
        items = list(limited)
        counted = await self._run(source, items, "INCRBY", 1)
        if self._kept_until.get(source.crawl_id, 0.0) < monotonic():
            await self._redis.expire(_key(source), KEPT_SECONDS)
            self._kept_until[source.crawl_id] = monotonic() + KEPT_SECONDS / 4
        counts = dict(zip(items, counted, strict=True))
        for item, limit in limited.items():
            if limit is not None and counts[item] > limit:
                self._full[source.crawl_id, item] = None
        return counts

    async def _read(self, source: Source, items: list[Item]) -> list[int]:
        return await self._run(source, items, "GET")

    async def _run(self, source: Source, items: list[Item], command: str, *value: int) -> list[int]:
        """Run the command for both counters of each item; return the smaller count of each."""
        arguments: list[Any] = ["OVERFLOW", "SAT"] if value else []
        for item in items:
            for place in _places(source, item):
                arguments += (command, "u16", f"#{place}", *value)
        key = _key(source)
        bitfield: Any = self._redis.execute_command  # untyped
        found: list[int] = await run_on_sound_key(
            self._redis, key, self._on_damaged_key, lambda: bitfield("BITFIELD", key, *arguments)
        )
        return [min(pair) for pair in zip(found[::2], found[1::2], strict=True)]


def _key(source: Source) -> str:
    """The key of a run's counters: a STRING."""
    return TRAP_COUNTERS.of(crawl=source.crawl_id)


def _places(source: Source, item: Item) -> tuple[int, int]:
    """Return the indexes of an item's two counters. There are about as many as the source may have pages."""
    counters = min(COUNTERS_MAX, max(COUNTERS_MIN, 1 << (source.max_pages - 1).bit_length()))
    name = b"\0".join(part if isinstance(part, bytes) else part.encode(errors="replace") for part in item)
    digest = int.from_bytes(blake2b(name, digest_size=8, key=source.crawl_id.bytes).digest())
    first, step = digest % counters, (digest // counters) % (counters - 1) + 1
    return first, (first + step) % counters


def _text(fingerprints: Fingerprints) -> Item:
    return "text", fingerprints.text


def _pattern(template: UrlTemplate, fingerprints: Fingerprints) -> Item:
    return "pattern", template.pattern, fingerprints.pattern


def _values(template: UrlTemplate) -> list[Item]:
    return [("value", template.path, value) for value in template.values]
