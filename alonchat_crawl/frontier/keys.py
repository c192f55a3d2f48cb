"""The keys of one shard that Python uses. `redis_keys.py` says what each holds."""

from uuid import UUID

from alonchat_crawl import redis_keys
from alonchat_crawl.redis_keys import RedisKey, prefix_of


class ShardKeys:
    """Names of one shard's keys. They share a hash tag, and so one slot of a Redis cluster."""

    def __init__(self, shard: int = 0, space: str = "") -> None:
        self.shard = shard
        self.prefix = prefix_of(shard, space)
        self.running = self.of(redis_keys.RUNNING)
        self.paused = self.of(redis_keys.PAUSED)
        self.completed = self.of(redis_keys.COMPLETED)
        self.unreadable = self.of(redis_keys.UNREADABLE)
        self.wake = self.of(redis_keys.WAKE)
        self.dead = self.of(redis_keys.DEAD)
        self.dead_evicted = self.of(redis_keys.DEAD_EVICTED)

    def of(self, key: RedisKey, **parts: object) -> str:
        """Any key of the shard."""
        return key.of(shard=self.prefix, **parts)

    def source(self, source_id: UUID) -> str:
        """A source's hash."""
        return self.of(redis_keys.SOURCE, source=source_id)

    def domains(self, source_id: UUID) -> str:
        """A source's domains."""
        return self.of(redis_keys.SOURCE_DOMAINS, source=source_id)

    def queue(self, domain: str, source_id: UUID) -> str:
        """A source's queue in a domain."""
        return self.of(redis_keys.QUEUE, domain=domain, source=source_id)

    def domain(self, domain: str) -> str:
        """A domain's pace."""
        return self.of(redis_keys.DOMAIN, domain=domain)

    def ready(self, tenant: str) -> str:
        """The domains in which it is a tenant's turn."""
        return self.of(redis_keys.READY, tenant=tenant)
