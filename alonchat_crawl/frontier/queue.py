"""One shard of the frontier: a coroutine for each transition, which encodes and decodes its values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

from redis.asyncio import Redis
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import Unreadable
from alonchat_crawl.frontier.codec import (
    decode_lease,
    decode_source,
    encode_entry,
    encode_source,
    fingerprint,
)
from alonchat_crawl.frontier.domains import Domains
from alonchat_crawl.frontier.keys import ShardKeys
from alonchat_crawl.frontier.release import Release, whole_ms
from alonchat_crawl.frontier.transitions import Audited, Opened, Settled, Transitions, awaited
from alonchat_crawl.frontier.view import FrontierView, Totals
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from alonchat_crawl.urls import origin_of

ADDED_AT_ONCE = 200
"""URLs in one call: a few milliseconds of the server's time."""
SETTLED_AT_ONCE = 100

DETAIL_MAX_CHARS = 500

UNBOUNDED = 1 << 53
"""Bytes; no limit in practice."""

KEPT_MS = 7 * 86_400_000
"""How long a closed source's counts stay in Redis, and its dead letters can be replayed."""

SEEN_KEPT_MS = 86_400_000
"""How long a closed source's seen URLs stay if it has dead letters. Shorter, since they take more room."""

HOLD_MS = 600_000
"""Longest hold of a domain for a request in flight; `release`, `settle` or `reap` mostly ends it earlier."""

MAX_BACKOFF_MS = 300_000
"""Longest backoff of a domain after 429 and 503, unless the site asks for more (Retry-After)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What `take` returns."""

    leases: list[Lease]
    due_seconds: float
    """Until the next URL may be taken; inf if none waits."""
    completed: bool
    """Whether a source completed, because its last waiting URLs were dropped."""
    totals: Totals


class FrontierQueue(FrontierView):
    """A shard of the frontier in Redis. Its methods raise redis.RedisError, and may be repeated."""

    def __init__(
        self,
        redis: Redis,
        *,
        lease_seconds: float,
        max_attempts: int,
        dead_letters_max: int,
        dead_letters_max_bytes: int = UNBOUNDED,
        shard: int = 0,
        domains: Domains | None = None,
        space: str = "",
    ) -> None:
        super().__init__(redis, ShardKeys(shard, space))
        self.domains = domains or Domains()
        self.lease_ms = int(lease_seconds * 1000)
        self.max_attempts = max_attempts
        self.run = Transitions(redis, self.keys.prefix, dead_letters_max, dead_letters_max_bytes).run
        """Run a transition by its name."""

    @classmethod
    def from_settings(
        cls, settings: BaseSettings, redis: Redis, domains: Domains, shard: int = 0, space: str = ""
    ) -> Self:
        """Build the queue from the FRONTIER_ settings."""
        return cls(
            redis,
            lease_seconds=settings.getfloat("FRONTIER_LEASE_SECONDS"),
            max_attempts=settings.getint("FRONTIER_MAX_ATTEMPTS"),
            dead_letters_max=settings.getint("FRONTIER_DEAD_LETTERS_MAX"),
            dead_letters_max_bytes=settings.getint("FRONTIER_DEAD_LETTERS_MAX_BYTES"),
            shard=shard,
            domains=domains,
            space=space,
        )

    # --- A source's life ---

    async def open(self, source: Source, displaced: UUID | None = None) -> tuple[Opened, Source]:
        """Open a source; return the run that is in effect, which is an earlier one if that is not done.

        Another project's source is left as it is, unless its run is the one to be `displaced`.
        """
        arguments = (
            str(source.source_id),
            encode_source(source),
            str(source.project_id),
            origin_of(source.url),
            source.max_pages,
            1 / source.priority,
            str(source.crawl_id),
            str(displaced or ""),
        )
        code, spec = await self.run("open", *arguments)
        try:
            return Opened(code), decode_source(spec)
        except ValueError as error:  # something else wrote into that run
            await self.set_aside(source.source_id, f"its spec cannot be read: {type(error).__name__}")
            code, spec = await self.run("open", *arguments)
            return Opened(code), decode_source(spec)

    async def start(self, source: Source) -> bool:
        """Queue the start URL of a source that is opening; False if it was not."""
        entry = encode_entry(Link(source.url, Kind.START, 0), (origin_of(source.url),))
        domain = await self.domains.of(source.url, source)
        source_id, crawl_id = _run_of(source)
        return bool(
            await self.run("start", source_id, domain, fingerprint(source, source.url), entry, crawl_id)
        )

    async def abandon(self, source: Source) -> bool:
        """Forget a source that could not be opened; False if it runs, or is in another run."""
        return bool(await self.run("abandon", *_run_of(source)))

    async def amend(self, source: Source) -> bool:
        """Give an open source the limits of its latest seed; False if it is not open."""
        source_id, crawl_id = _run_of(source)
        values = (source_id, encode_source(source), source.max_pages, 1 / source.priority, crawl_id)
        return bool(await self.run("amend", *values))

    async def pause(self, source: Source) -> bool:
        """Stop fetching a run until it is resumed; False if it is not open, or is another run."""
        return await self._over_domains("pause", source)

    async def resume(self, source: Source) -> bool:
        """Let a paused run go on; False if it is not open, or is another run."""
        return await self._over_domains("resume", source)

    async def _over_domains(self, transition: str, source: Source) -> bool:
        done, cursor = await self.run(transition, *_run_of(source), 0)
        while cursor:
            _, cursor = await self.run(transition, *_run_of(source), cursor)
        return bool(done)

    async def cancel(self, source: Source) -> bool:
        """Drop a run's waiting URLs; it ends when those in flight have ended. False if it is not open."""
        cancelled, left, _ = await self.run("cancel", *_run_of(source))
        while left:
            _, left, _ = await self.run("cancel", *_run_of(source))
        return bool(cancelled)

    async def forget(self, source_id: UUID) -> None:
        """Take a source whose counts are lost from the list of completed sources."""
        await awaited(self.redis.zrem(self.keys.completed, str(source_id)))

    async def close(self, source: Source) -> bool:
        """Note that Postgres has a run's end; False if the run goes on, or a newer one has begun."""
        return bool(await self.run("close", *_run_of(source), KEPT_MS, SEEN_KEPT_MS))

    # --- A URL's life ---

    async def add(
        self, source: Source, links: Sequence[Link], origins: Sequence[str] = (), lease_id: str = ""
    ) -> int:
        """Queue the links that the source has not met before; return how many.

        `origins` are the lease's, and one more if the source's start URL was redirected there. A URL on one
        of them takes less room. `lease_id` is the lease of the page that the links were found on.
        """
        added = 0
        for start in range(0, len(links), ADDED_AT_ONCE):
            source_id, crawl_id = _run_of(source)
            values: list[Any] = [source_id, lease_id, " ".join(origins), crawl_id]
            for link in links[start : start + ADDED_AT_ONCE]:
                values += (
                    await self.domains.of(link.url, source),
                    fingerprint(source, link.url),
                    encode_entry(link, origins),
                )
            added += int(await self.run("add", *values))
        return added

    async def take(self, count: int, only: UUID | None = None) -> Taken:
        """Lease up to `count` URLs, each of another domain; if `only` is given, URLs of that source.

        With a count of 0, lease nothing, but wake another worker if something is due.
        """
        limits = (count, self.lease_ms, HOLD_MS, token_hex(4))
        due_ms, values, completed, *totals = await (
            self.run("take_of_source", *limits, str(only)) if only else self.run("take", *limits)
        )
        leases: list[Lease] = []
        unreadable: list[Any] = []
        for i in range(0, len(values), 6):
            try:
                leases.append(decode_lease(self.keys.shard, *values[i : i + 6]))
            except Unreadable as error:  # must not cost the other leases an attempt
                unreadable += (values[i], error.entry, error.detail)
        if unreadable:
            completed += await self.run("give_up", *unreadable)
        due_seconds = due_ms / 1000 if due_ms >= 0 else float("inf")
        return Taken(leases, due_seconds, completed > 0, Totals(*totals))

    # --- Damaged keys and sources ---

    async def sweep(self) -> None:
        """Set aside those of the shard's keys that are of the wrong type: they would stop every source."""
        await self.run("sweep", self.lease_ms)

    async def audit(self, source: str | bytes) -> Audited:
        """Put a source into the lists that it belongs in, and no others. Set it aside if it is unreadable."""
        return Audited(await self.run("audit", source))

    async def set_aside(self, source_id: UUID, detail: str) -> bool:
        """Set aside a source that cannot be read and keep a dead letter; False if it is not known."""
        return bool(await self.run("set_aside", str(source_id), _text(detail)))

    async def release(self, releases: Iterable[Release]) -> int:
        """Free domains for their next requests; return how many domains were still held."""
        values = [MAX_BACKOFF_MS, *(value for one in releases for value in one.arguments())]
        return int(await self.run("release", *values))

    async def reserve(self, domain: str, hold_id: str, hold_seconds: float) -> float:
        """Hold a domain for a request that is in none of its queues; return 0, or the seconds to wait.

        `release` ends the hold, by `hold_id`; else it ends after `hold_seconds`.
        """
        return int(await self.run("reserve", domain, hold_id, whole_ms(hold_seconds))) / 1000

    async def visit(self, site: str) -> tuple[float, float]:
        """Ask for a turn of a site that shares its address; return seconds to wait, and AutoThrottle's delay.

        After 0 seconds the caller must make its request and then call `release`.
        """
        wait_ms, delay_ms = await self.run("visit_site", site)
        return wait_ms / 1000, delay_ms / 1000

    async def settle(
        self, endings: Sequence[tuple[Lease, Ending]], links_sent: Mapping[str, int] = MappingProxyType({})
    ) -> list[Settled]:
        """End leases. A lease that has ended already, because its worker is late, is left alone.

        `links_sent` says for each lease id how many links were added under it. If a restart of Redis has lost
        some of them, the lease is not settled.
        """
        codes: list[Settled] = []
        for start in range(0, len(endings), SETTLED_AT_ONCE):
            values: list[Any] = [self.max_attempts]
            for lease, ending in endings[start : start + SETTLED_AT_ONCE]:
                values += (lease.id, ending.outcome.value, ending.reason.encode(), _text(ending.detail))
                values += (whole_ms(ending.wait_seconds), links_sent.get(lease.id, 0), int(ending.rests))
            codes += map(Settled, await self.run("settle", *values))
        return codes

    async def extend(self, leases: Sequence[Lease]) -> set[str]:
        """Extend leases; return the ids of those that are lost."""
        lost = await self.run("extend", self.lease_ms, *(lease.id for lease in leases))
        return {lease_id.decode() for lease_id in lost}

    async def untake(self, leases: Sequence[Lease]) -> int:
        """Give back leased URLs that were not fetched; return how many were still ours."""
        return int(await self.run("untake", *(lease.id for lease in leases)))

    async def reap(self, limit: int = 200) -> tuple[int, int]:
        """Take back URLs whose leases expired; return how many, and how many sources completed thereby."""
        reaped, completed = await self.run("reap", limit, self.max_attempts)
        return reaped, completed


def _run_of(source: Source) -> tuple[str, str]:
    return str(source.source_id), str(source.crawl_id)


def _text(detail: str) -> bytes:
    """Cut a detail, which may quote a site, and replace invalid Unicode."""
    return detail[:DETAIL_MAX_CHARS].encode(errors="replace")
