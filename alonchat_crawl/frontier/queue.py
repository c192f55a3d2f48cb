"""The frontier's transitions as coroutines: one Lua file each, one call each, no state here."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from importlib.resources import files
from secrets import token_hex
from typing import Any, Self, cast
from uuid import UUID

from redis.asyncio import Redis
from scrapy.settings import BaseSettings

from alonchat_crawl.frontier.codec import (
    decode_lease,
    decode_source,
    encode_entry,
    encode_source,
    fingerprint,
    url_domain,
)
from alonchat_crawl.frontier.keys import Keys
from alonchat_crawl.outcomes import Ending
from alonchat_crawl.sources import Kind, Lease, Link, Source, SourceProgress

PRELUDE = ("_keys", "_queue", "_take", "_lease")
"""Functions that the transitions share; a script that Redis has cached costs no more for them."""
TRANSITIONS = ("open", "start", "add", "take", "release", "settle", "extend", "untake", "reap")

KEPT_SECONDS = 7 * 86_400
"""How long a closed source's counts stay in Redis."""

HOLD_MS = 600_000
"""How long a domain waits for its request in flight at most; releasing, settling and reaping end it."""


class Opened(IntEnum):
    """What `open` answers."""

    CLOSING = -1
    RUNNING = 0
    OPENING = 1


class Settled(IntEnum):
    """What `settle` answers."""

    UNKNOWN = 0
    DONE = 1
    COMPLETED = 2


@dataclass(frozen=True, slots=True)
class Taken:
    """What `take` answers."""

    leases: list[Lease]
    due_seconds: float
    """Until the next URL may be taken; inf where none waits."""
    completed: bool
    """A source reached its page limit, and what it had left was dropped."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole frontier in three numbers."""

    pending: int
    leased: int
    sources: int


class FrontierQueue:
    """The shared frontier in Redis. Every method may raise redis.RedisError and may be repeated."""

    def __init__(
        self, redis: Redis, *, lease_seconds: float, max_attempts: int, dead_letters_max: int
    ) -> None:
        self.redis = redis
        self.keys = Keys()
        self.lease_ms = int(lease_seconds * 1000)
        self.max_attempts = max_attempts
        self.dead_letters_max = dead_letters_max
        lua = files(__package__).joinpath("lua")
        shared = "".join(lua.joinpath(f"{name}.lua").read_text() for name in PRELUDE)
        self._scripts = {
            name: redis.register_script(shared + lua.joinpath(f"{name}.lua").read_text())
            for name in TRANSITIONS
        }

    @classmethod
    def from_settings(cls, settings: BaseSettings, redis: Redis) -> Self:
        """Build the queue from the FRONTIER_ settings."""
        return cls(
            redis,
            lease_seconds=settings.getfloat("FRONTIER_LEASE_SECONDS"),
            max_attempts=settings.getint("FRONTIER_MAX_ATTEMPTS"),
            dead_letters_max=settings.getint("FRONTIER_DEAD_LETTERS_MAX"),
        )

    async def _run(self, name: str, *arguments: Any) -> Any:
        return await self._scripts[name](keys=[self.keys.prefix], args=arguments)

    async def open(self, source: Source, host: str) -> tuple[Opened, Source]:
        """Open a source, and return the run that is now in effect: an earlier one if it is not done."""
        code, spec = await self._run(
            "open", str(source.source_id), encode_source(source), host, source.max_pages
        )
        return Opened(code), decode_source(spec)

    async def start(self, source: Source) -> bool:
        """Queue the start URL of a source that is opening; False where it was not."""
        entry = encode_entry(Link(source.url, Kind.START, 0))
        arguments = (str(source.source_id), url_domain(source.url), fingerprint(source.url), entry)
        return bool(await self._run("start", *arguments))

    async def abandon(self, source: Source) -> None:
        """Forget a source that could not be opened."""
        await awaited(self.redis.delete(self.keys.source(source.source_id)))

    async def add(self, source_id: UUID, links: Iterable[Link]) -> int:
        """Queue the links that the source has not met before; return how many."""
        values: list[Any] = [str(source_id)]
        for link in links:
            values += (
                url_domain(link.url),
                fingerprint(link.url),
                encode_entry(link),
            )
        return int(await self._run("add", *values))

    async def move(self, source_id: UUID, host: str) -> None:
        """Take another host for the source's own: its start URL redirected there."""
        await awaited(self.redis.hset(self.keys.source(source_id), "host", host))

    async def take(self, count: int, only: UUID | None = None) -> Taken:
        """Lease up to `count` URLs, each of another domain; of one source where `only` names it."""
        due_ms, values, completed = await self._run(
            "take", count, self.lease_ms, HOLD_MS, str(only or ""), token_hex(4)
        )
        leases = [decode_lease(*values[i : i + 5]) for i in range(0, len(values), 5)]
        return Taken(leases, due_ms / 1000 if due_ms >= 0 else float("inf"), completed > 0)

    async def release(
        self, lease: Lease, *, elapsed_seconds: float, pace_seconds: float, wait_seconds: float
    ) -> None:
        """Free the lease's domain for its next request, one pace after this one began."""
        seconds = (elapsed_seconds, pace_seconds, wait_seconds)
        await self._run("release", lease.id, lease.domain, *(int(value * 1000) for value in seconds))

    async def settle(self, lease: Lease, ending: Ending) -> Settled:
        """End a lease. Under a lease that is no more (a late worker's) it does nothing."""
        delay_ms = int(ending.wait_seconds * 1000)
        words = (ending.outcome.value, ending.reason, ending.detail)
        limits = (delay_ms, self.max_attempts, self.dead_letters_max, int(not ending.blameless))
        return Settled(await self._run("settle", lease.id, *words, *limits))

    async def extend(self, leases: Sequence[Lease]) -> set[str]:
        """Keep leases for longer; return the ids of those that are lost."""
        lost = await self._run("extend", self.lease_ms, *(lease.id for lease in leases))
        return {lease_id.decode() for lease_id in lost}

    async def untake(self, leases: Sequence[Lease]) -> int:
        """Give leased URLs back unfetched; return how many were still ours."""
        return int(await self._run("untake", *(lease.id for lease in leases)))

    async def reap(self, limit: int = 200) -> int:
        """Take back the URLs whose lease expired; return how many."""
        return int(await self._run("reap", limit, self.max_attempts, self.dead_letters_max))

    async def totals(self) -> Totals:
        """Pending, leased and open, over all workers."""
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.get(self.keys.pending)
        pipeline.zcard(self.keys.leases)
        pipeline.scard(self.keys.running)
        pending, leased, sources = await pipeline.execute()
        return Totals(int(pending or 0), leased, sources)

    async def progress(self, source_id: UUID) -> SourceProgress | None:
        """How far a source is; None for one that the frontier does not know."""
        values = await awaited(self.redis.hgetall(self.keys.source(source_id)))
        if b"spec" not in values:
            return None
        fields = {name.decode(): value.decode() for name, value in values.items()}
        return SourceProgress(
            source=decode_source(values[b"spec"]),
            state=fields["state"],
            pending=int(fields["pending"]),
            leased=int(fields["leased"]),
            counts={name[2:]: int(value) for name, value in fields.items() if name.startswith("n:")},
            reasons={name[2:]: int(value) for name, value in fields.items() if name.startswith("r:")},
            first_failure=fields.get("first_failure", ""),
        )

    async def completed(self) -> list[UUID]:
        """Sources that are done but not yet written to Postgres, oldest first."""
        members = await awaited(self.redis.zrange(self.keys.completed, 0, 99))
        return [UUID(member.decode()) for member in members]

    async def close(self, source_id: UUID) -> None:
        """Note that a completed source is written to Postgres; what it came to is shown for a while yet."""
        await awaited(self.redis.expire(self.keys.source(source_id), KEPT_SECONDS))
        await awaited(self.redis.zrem(self.keys.completed, str(source_id)))

    async def amend(self, source: Source) -> None:
        """Give a source that runs other limits: those of its latest seed."""
        limits: Mapping[Any, Any] = {"spec": encode_source(source), "max_pages": source.max_pages}
        await awaited(self.redis.hset(self.keys.source(source.source_id), mapping=limits))


async def awaited(call: Awaitable[Any] | Any) -> Any:
    """Await a redis-py command: its stubs say that it might be synchronous."""
    return await cast("Awaitable[Any]", call)
