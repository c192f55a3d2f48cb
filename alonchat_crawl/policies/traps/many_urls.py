"""What only many URLs of a source show of a trap: counted over all workers, in a few bytes a page.

The counters are a count-min sketch (Cormode and Muthukrishnan 2005) of 16-bit counters in one Redis string:
each thing that is counted has two of them, and the smaller one counts. It errs upwards only, and is keyed
with the run, so that no site can choose what falls together. One command a page that was fetched, and one
more where that page looked suspicious; a lease costs none unless its URL does.
"""

from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic
from typing import Any, Self
from uuid import UUID

from redis.asyncio import Redis
from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings

from alonchat_crawl.extract.site.same_text import Sameness
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.policies.traps.url_templates import UrlTemplate, template_of
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import TRAP_COUNTERS
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.servers.damaged_keys import Told, of_its_type, tell_nobody
from alonchat_crawl.sources import Kind, Lease, Source

KEPT_SECONDS = 7200  # after the last page: as long as a site may ask for a pause, and as much again
COUNTERS_MIN, COUNTERS_MAX = 1024, 1 << 20
KNOWN_MAX = 10_000
Item = tuple[str | bytes, ...]
HOSTS: Item = ("hosts",)
SITEMAPS: Item = ("sitemaps",)


@dataclass(frozen=True, slots=True)
class TrapLimits:
    """Above which counts a source's URLs are taken for a trap."""

    same_text: int
    same_pattern: int
    calendar: int
    variants: int
    familiar: int
    """Pages with one value of a parameter, from which on that says nothing new."""
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
    """What a page turned out to repeat; with a reason its links are not followed."""

    reason: Reason = Reason.NONE
    stored: bool = True
    """Whether it may be stored all the same."""


class TrapCounters(PerCrawler):
    """The counters of the sources that a worker fetches from. Its methods raise redis.RedisError."""

    def __init__(self, redis: Redis, limits: TrapLimits, told: Told = tell_nobody) -> None:
        self._redis = redis
        self._told = told
        self._limits = limits
        self._full: set[tuple[UUID, Item]] = set()
        """By run: what has been counted above its limit, as far as this worker has met it."""
        self._noted: dict[tuple[UUID, str], Repetition] = {}
        """A URL that is fetched again, since it could not be stored, does not count again."""
        self._kept_until: dict[UUID, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the TRAP_ settings; count in Redis."""
        limits = TrapLimits.from_settings(crawler.settings)
        connections = Connections.of(crawler)
        return cls(connections.redis, limits, connections.unreadable)

    async def note(self, lease: Lease, sameness: Sameness | None = None) -> Repetition:
        """Count a page or a sitemap that was fetched."""
        noted = (lease.source.crawl_id, lease.url)
        if noted not in self._noted:
            repeat = await self._note(lease, sameness)
            if len(self._noted) >= KNOWN_MAX:
                self._noted.clear()
            self._noted[noted] = repeat
        return self._noted[noted]

    async def refused(self, lease: Lease) -> Reason:
        """Why a leased URL is part of a trap that is full; NONE if it is not."""
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

    async def _note(self, lease: Lease, sameness: Sameness | None) -> Repetition:
        source, limits = lease.source, self._limits
        if lease.kind is Kind.SITEMAP:
            await self._count(source, {SITEMAPS: limits.sitemaps})
            return Repetition()
        template = template_of(lease.url)
        most: dict[Item, int | None] = dict.fromkeys(_values(template))
        if template.calendar:
            most["calendar", template.calendar] = limits.calendar
        if template.host != lease.host:
            most["host", template.host] = None
        text: Item = ("text", sameness.text if sameness else b"")
        pattern: Item = ("pattern", template.pattern, sameness.pattern if sameness else b"")
        if sameness:
            most |= {text: limits.same_text, pattern: limits.same_pattern}
        counts = await self._count(source, most) if most else {}
        more: dict[Item, int | None] = {}
        if counts.get(("host", template.host)) == 1:
            more[HOSTS] = None
        if template.values and min(counts[value] for value in _values(template)) > limits.familiar:
            more["variants", template.path] = limits.variants
        if more:
            await self._count(source, more)
        if counts.get(text, 0) > limits.same_text:
            return Repetition(Reason.TRAP_SAME_TEXT, stored=False)
        return Repetition(
            Reason.TRAP_ENDLESS_PAGES if counts.get(pattern, 0) > limits.same_pattern else Reason.NONE
        )

    async def _count(self, source: Source, most: dict[Item, int | None]) -> dict[Item, int]:
        """Count each item once more; remember those that are above their limit."""
        items = list(most)
        counted = await self._run(source, items, "INCRBY", 1)
        if self._kept_until.get(source.crawl_id, 0.0) < monotonic():
            await self._redis.expire(_key(source), KEPT_SECONDS)
            if len(self._kept_until) >= KNOWN_MAX:
                self._kept_until.clear()
            self._kept_until[source.crawl_id] = monotonic() + KEPT_SECONDS / 4
        counts = dict(zip(items, counted, strict=True))
        for item, limit in most.items():
            if limit is not None and counts[item] > limit:
                if len(self._full) >= KNOWN_MAX:
                    self._full.clear()
                self._full.add((source.crawl_id, item))
        return counts

    async def _read(self, source: Source, items: list[Item]) -> list[int]:
        return await self._run(source, items, "GET")

    async def _run(self, source: Source, items: list[Item], command: str, *value: int) -> list[int]:
        """Do it to both counters of each item; return each one's smaller count."""
        arguments: list[Any] = ["OVERFLOW", "SAT"] if value else []
        for item in items:
            for place in _places(source, item):
                arguments += (command, "u16", f"#{place}", *value)
        key = _key(source)
        bitfield: Any = self._redis.execute_command  # untyped
        found: list[int] = await of_its_type(
            self._redis, key, self._told, lambda: bitfield("BITFIELD", key, *arguments)
        )
        return [min(pair) for pair in zip(found[::2], found[1::2], strict=True)]


def _key(source: Source) -> str:
    """STRING: a run's counters."""
    return TRAP_COUNTERS.of(crawl=source.crawl_id)


def _places(source: Source, item: Item) -> tuple[int, int]:
    """Two different counters, of as many as the source may have pages."""
    counters = min(COUNTERS_MAX, max(COUNTERS_MIN, 1 << (source.max_pages - 1).bit_length()))
    name = b"\0".join(part if isinstance(part, bytes) else part.encode(errors="replace") for part in item)
    digest = int.from_bytes(blake2b(name, digest_size=8, key=source.crawl_id.bytes).digest())
    first, step = digest % counters, (digest // counters) % (counters - 1) + 1
    return first, (first + step) % counters


def _values(template: UrlTemplate) -> list[Item]:
    return [("value", template.path, value) for value in template.values]
