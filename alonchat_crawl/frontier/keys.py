"""The names of the frontier's keys, written once for Python; `lua/_keys.lua` explains each."""

from uuid import UUID

LAYOUT = 2
"""Of the keys' contents. What another layout left in Redis is not touched; its sources begin again."""


def prefix_of(shard: int, space: str = "") -> str:
    """What all keys of a shard begin with: its number is their hash tag; `space` sets a frontier apart."""
    return f"{space}f{LAYOUT}:{{{shard}}}"


class Keys:
    """The keys of one shard: all share its hash tag, and so one slot of a Redis cluster."""

    def __init__(self, shard: int = 0, space: str = "") -> None:
        self.shard = shard
        self.prefix = prefix_of(shard, space)

    def source(self, source_id: UUID) -> str:
        """HASH: spec, origins, state and counts of a source."""
        return f"{self.prefix}:source:{source_id}"

    def domains(self, source_id: UUID) -> str:
        """SET: domains in which a source has a queue."""
        return f"{self.prefix}:domains:{source_id}"

    def queue(self, domain: str, source_id: UUID) -> str:
        """LIST: a source's entries in a domain."""
        return f"{self.prefix}:queue:{domain}:{source_id}"

    def domain(self, domain: str) -> str:
        """HASH: whose turn a domain is, and what is known of its pace."""
        return f"{self.prefix}:domain:{domain}"

    def ready(self, tenant: str) -> str:
        """ZSET: a tenant's domains, by ms from which each may be taken."""
        return f"{self.prefix}:ready:{tenant}"

    @property
    def running(self) -> str:
        """SET: the sources that are open."""
        return f"{self.prefix}:running"

    @property
    def completed(self) -> str:
        """ZSET: sources done in the frontier but not yet written to Postgres, by ms."""
        return f"{self.prefix}:completed"

    @property
    def wake(self) -> str:
        """LIST: holds an element where an idle worker is wanted."""
        return f"{self.prefix}:wake"

    @property
    def dead(self) -> str:
        """STREAM: dead letters, oldest first."""
        return f"{self.prefix}:dead"

    @property
    def dead_evicted(self) -> str:
        """STRING: dead letters that fell out of the stream."""
        return f"{self.prefix}:dead_evicted"
