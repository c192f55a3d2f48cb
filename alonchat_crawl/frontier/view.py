"""What a shard holds, for those who only look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from redis.asyncio import Redis

from alonchat_crawl.frontier.codec import decode_source
from alonchat_crawl.frontier.keys import Keys
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.sources import SourceProgress


@dataclass(frozen=True, slots=True)
class Wait:
    """What a source's URLs in one domain wait for."""

    domain: str
    urls: int
    """In its queue; those that are to be tried again later are not among them."""
    in_flight: bool
    """A request to the domain is in flight, of this source or of another."""
    due_seconds: float
    """Until the domain may be asked again; at most HOLD_MS while a request is in flight."""
    refusals: int
    """429s and 503s in a row, for which the domain backs off."""
    delay_seconds: float
    """AutoThrottle's; 0 where the site is quick."""


class FrontierView:
    """A shard of the frontier in Redis, to be read. Every method may raise redis.RedisError."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis = redis
        self.keys = keys

    async def completed(self) -> list[UUID]:
        """Sources that are done but not yet written to Postgres, oldest first."""
        members = await awaited(self.redis.zrange(self.keys.completed, 0, 99))
        return [UUID(member.decode()) for member in members]

    async def open_sources(self) -> list[UUID]:
        """The sources that run or are paused."""
        return [UUID(member.decode()) for member in await awaited(self.redis.smembers(self.keys.running))]

    async def waits(self, source_id: UUID, most: int = 100) -> list[Wait]:
        """Where up to `most` of the source's domains stand, those that are due soonest first."""
        now_s, now_us = await awaited(self.redis.time())
        domains = await awaited(self.redis.srandmember(self.keys.domains(source_id), most))
        found = [await self._wait(source_id, domain.decode(), now_s + now_us / 1e6) for domain in domains]
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
        """How far a source is; None for one that the frontier does not know."""
        values: Mapping[bytes, bytes] = await awaited(self.redis.hgetall(self.keys.source(source_id)))
        if b"spec" not in values:
            return None
        fields = {name.decode(): value.decode() for name, value in values.items()}

        def counts(prefix: str) -> dict[str, int]:
            return {name[2:]: int(n) for name, n in fields.items() if name.startswith(prefix) and int(n) > 0}

        return SourceProgress(
            source=decode_source(values[b"spec"]),
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
