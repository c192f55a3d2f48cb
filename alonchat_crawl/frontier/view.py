"""Reads what a shard holds, without changing it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from alonchat_crawl.errors import Unreadable
from alonchat_crawl.frontier.codec import decode_source, readable
from alonchat_crawl.frontier.keys import ShardKeys
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.sources import SourceProgress


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a source's URLs in one domain have to wait."""

    domain: str
    urls: int
    """URLs in the queue, without those that wait to be retried."""
    in_flight: bool
    """Whether a request to the domain is in flight, for this source or another."""
    due_seconds: float
    """Until the domain may be asked again; at most HOLD_MS while a request is in flight."""
    refusals: int
    """Number of 429s and 503s in a row, which set the domain's backoff."""
    delay_seconds: float
    """AutoThrottle's delay; 0 if the site is quick."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of a whole shard."""

    pending: int = 0
    leased: int = 0
    sources: int = 0
    dead_letters: int = 0
    set_aside: int = 0
    """Entries ever set aside because they could not be read."""


class FrontierView:
    """A read-only view of a shard. Its methods raise redis.RedisError."""

    def __init__(self, redis: Redis, keys: ShardKeys) -> None:
        self.redis = redis
        self.keys = keys

    async def completed(self) -> list[UUID]:
        """Sources that are done but not yet written to Postgres, oldest first."""
        return _ids(await awaited(self.redis.zrange(self.keys.completed, 0, 999)))

    async def open_sources(self) -> list[UUID]:
        """Sources that are running or paused."""
        return _ids(await awaited(self.redis.smembers(self.keys.running)))

    async def unreadable_sources(self) -> list[UUID]:
        """Sources that are set aside, until their dead letters are dropped."""
        return _ids(await awaited(self.redis.smembers(self.keys.unreadable)))

    async def listed(self, most: int = 1000) -> set[bytes]:
        """Up to `most` members of each list of sources, whether or not they are source ids."""
        running = await awaited(self.redis.srandmember(self.keys.running, most))
        paused = await awaited(self.redis.srandmember(self.keys.paused, most))
        return {*running, *paused, *await awaited(self.redis.zrange(self.keys.completed, 0, most))}

    async def waits(self, source_id: UUID, most: int = 100) -> list[Wait]:
        """Up to `most` of a source's domains, soonest due first."""
        now_s, now_us = await awaited(self.redis.time())
        domains = await awaited(self.redis.srandmember(self.keys.domains(source_id), most))
        found = []
        for domain in domains:
            with suppress(ValueError, OverflowError, ResponseError):  # something else wrote there
                found.append(await self._wait(source_id, domain.decode(), now_s + now_us / 1e6))
        return sorted(found, key=lambda wait: wait.due_seconds)

    async def _wait(self, source_id: UUID, domain: str, now: float) -> Wait:
        known = await awaited(self.redis.hgetall(self.keys.domain(domain)))
        tenant, due_ms = known.get(b"tenant"), known.get(b"next")
        if tenant is not None:
            due_ms = await awaited(self.redis.zscore(self.keys.ready(tenant.decode()), domain))
        return Wait(
            domain=domain,
            urls=await awaited(self.redis.llen(self.keys.queue(domain, source_id))),
            in_flight=b"hold" in known,
            due_seconds=max(0.0, float(due_ms or 0) / 1000 - now),
            refusals=int(known.get(b"level", 0)),
            delay_seconds=int(known.get(b"delay", 0)) / 1000,
        )

    async def progress(self, source_id: UUID) -> SourceProgress | None:
        """A source's progress; None if the frontier does not know it.

        Raises errors.Unreadable if something else wrote into it.
        """
        name = f"source {source_id}"
        try:
            values: Mapping[bytes, bytes] = await awaited(self.redis.hgetall(self.keys.source(source_id)))
        except ResponseError:
            raise Unreadable(name, "it is no hash") from None
        if not values:
            return None
        with readable(name):
            return _progress(source_id, values)


def _ids(members: Iterable[bytes]) -> list[UUID]:
    """The members that are UUIDs; `audit` sets the others aside."""
    found = []
    for member in members:
        with suppress(ValueError):
            found.append(UUID(member.decode()))
    return found


def _progress(source_id: UUID, values: Mapping[bytes, bytes]) -> SourceProgress:
    source = decode_source(values[b"spec"])
    if source.source_id != source_id:
        raise ValueError
    fields = {name.decode(): value.decode() for name, value in values.items()}

    def counts(prefix: str) -> dict[str, int]:
        return {name[2:]: int(n) for name, n in fields.items() if name.startswith(prefix) and int(n) > 0}

    return SourceProgress(
        source=source,
        state=fields["state"],
        pending=int(fields["pending"]),
        leased=int(fields["leased"]),
        counts=counts("n:"),
        reasons=counts("r:"),
        first_failure=fields.get("first_failure", ""),
        ends=fields.get("ends", ""),
        started_at=datetime.fromtimestamp(int(fields["started_ms"]) / 1000, UTC)
        if "started_ms" in fields
        else None,
    )
