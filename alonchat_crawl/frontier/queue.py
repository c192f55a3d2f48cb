"""One shard of the frontier as coroutines: its transitions, their values packed and unpacked; no state."""

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
"""URLs in one call: some milliseconds of the server's time."""
SETTLED_AT_ONCE = 100

DETAIL_MAX_CHARS = 500

UNBOUNDED = 1 << 53
"""More bytes than there are."""

KEPT_MS = 7 * 86_400_000
"""How long a closed source's counts stay in Redis, and its dead letters can be replayed."""

SEEN_KEPT_MS = 86_400_000
"""How long the URLs that it has seen stay if it has dead letters: they take several times as much room."""

HOLD_MS = 600_000
"""How long a domain waits for its request in flight at most; releasing, settling and reaping end it."""

MAX_BACKOFF_MS = 300_000
"""How long a domain backs off at most after 429 and 503, unless it asks for more (Retry-After)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What `take` answers."""

    leases: list[Lease]
    due_seconds: float
    """Until the next URL may be taken; inf if none waits."""
    completed: bool
    """A source completed, since what it had left was dropped."""
    totals: Totals


class FrontierQueue(FrontierView):
    """A shard of the frontier in Redis. Every method may raise redis.RedisError, and may be called again."""

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
        self.dead_letters_max_bytes = dead_letters_max_bytes
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
        """Open a source, and return the run that is now in effect: an earlier one if it is not done.

        Another project's source is left as it is, unless its run is the one that is to be `displaced`.
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
        except ValueError as error:  # somebody else wrote into that run
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
        """Give an open source other limits, those of its latest seed; False if it is not open."""
        source_id, crawl_id = _run_of(source)
        values = (source_id, encode_source(source), source.max_pages, 1 / source.priority, crawl_id)
        return bool(await self.run("amend", *values))

    async def pause(self, source: Source) -> bool:
        """Fetch nothing more of a run for the time being; False if it is not open, or is another run."""
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
        """Drop what waits of a run; it ends with what is in flight. False if it is not open."""
        cancelled, left, _ = await self.run("cancel", *_run_of(source))
        while left:
            _, left, _ = await self.run("cancel", *_run_of(source))
        return bool(cancelled)

    async def forget(self, source_id: UUID) -> None:
        """List a source no longer as done: its counts are lost."""
        await awaited(self.redis.zrem(self.keys.completed, str(source_id)))

    async def close(self, source: Source) -> bool:
        """Note that a run's end is written to Postgres; False if it goes on, or a newer one has begun."""
        return bool(await self.run("close", *_run_of(source), KEPT_MS, SEEN_KEPT_MS))

    # --- A URL's life ---

    async def add(
        self, source: Source, links: Sequence[Link], origins: Sequence[str] = (), lease_id: str = ""
    ) -> int:
        """Queue the links that the source has not met before; return how many.

        `origins` are the source's own, as a lease has them, and one more if its start URL was redirected
        there: a URL on one of them takes less room. `lease_id` is of the page that they were found on.
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
        """Lease up to `count` URLs, each of another domain; or of the one source that `only` names.

        With a count of 0 it only looks, and wakes another worker if something is due.
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
            except Unreadable as error:  # it must not cost the other leases an attempt
                unreadable += (values[i], error.entry, error.detail)
        if unreadable:
            completed += await self.run("give_up", *unreadable)
        due_seconds = due_ms / 1000 if due_ms >= 0 else float("inf")
        return Taken(leases, due_seconds, completed > 0, Totals(*totals))

    # --- What cannot be read ---

    async def sweep(self) -> None:
        """Set aside those of the shard's own keys that are of another type: they would stop everybody."""
        await self.run("sweep", self.lease_ms)

    async def audit(self, source: str | bytes) -> Audited:
        """Put a source into each list that it belongs in, or none. One that cannot be read is set aside."""
        return Audited(await self.run("audit", source))

    async def set_aside(self, source_id: UUID, detail: str) -> bool:
        """Set aside a source that cannot be read, as a dead letter; False if it is not known."""
        return bool(await self.run("set_aside", str(source_id), _text(detail)))

    async def release(self, releases: Iterable[Release]) -> int:
        """Free the leases' domains for their next requests; return how many those leases still held."""
        values = [MAX_BACKOFF_MS, *(value for one in releases for value in one.arguments())]
        return int(await self.run("release", *values))

    async def reserve(self, domain: str, hold_id: str, hold_seconds: float) -> float:
        """Hold a domain for a request outside its queues; return 0, or the seconds until asking again.

        It is given back by `release` under `hold_id`, or after `hold_seconds`.
        """
        return int(await self.run("reserve", domain, hold_id, whole_ms(hold_seconds))) / 1000

    async def visit(self, site: str) -> tuple[float, float]:
        """Return seconds until a site may be asked that shares its address, and its delay by AutoThrottle.

        With 0 seconds it is about to be asked, and `release` tells of it.
        """
        wait_ms, delay_ms = await self.run("visit_site", site)
        return wait_ms / 1000, delay_ms / 1000

    async def settle(
        self, endings: Sequence[tuple[Lease, Ending]], told: Mapping[str, int] = MappingProxyType({})
    ) -> list[Settled]:
        """End leases. Settling a lease that has ended (a late worker's) changes nothing.

        `told` says for lease ids how many links were added under them; a lease whose links a restart of Redis
        has lost since is not settled.
        """
        codes: list[Settled] = []
        for start in range(0, len(endings), SETTLED_AT_ONCE):
            values: list[Any] = [self.max_attempts]
            for lease, ending in endings[start : start + SETTLED_AT_ONCE]:
                values += (lease.id, ending.outcome.value, ending.reason.encode(), _text(ending.detail))
                values += (whole_ms(ending.wait_seconds), told.get(lease.id, 0), int(ending.rests))
            codes += map(Settled, await self.run("settle", *values))
        return codes

    async def extend(self, leases: Sequence[Lease]) -> set[str]:
        """Keep leases for longer; return the ids of those that are lost."""
        lost = await self.run("extend", self.lease_ms, *(lease.id for lease in leases))
        return {lease_id.decode() for lease_id in lost}

    async def untake(self, leases: Sequence[Lease]) -> int:
        """Give leased URLs back unfetched; return how many were still ours."""
        return int(await self.run("untake", *(lease.id for lease in leases)))

    async def reap(self, limit: int = 200) -> tuple[int, int]:
        """Take back the URLs whose lease expired; return how many, and how many sources completed by it."""
        reaped, completed = await self.run("reap", limit, self.max_attempts)
        return reaped, completed


def _run_of(source: Source) -> tuple[str, str]:
    return str(source.source_id), str(source.crawl_id)


def _text(detail: str) -> bytes:
    """A detail may quote a site: it is cut, and characters that are no Unicode are replaced."""
    return detail[:DETAIL_MAX_CHARS].encode(errors="replace")
