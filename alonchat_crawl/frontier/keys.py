"""The names of the frontier's keys, written once for Python; `lua/_keys.lua` explains each."""

from uuid import UUID


class Keys:
    """The keys of one shard: all share its hash tag, and so one slot of a Redis cluster."""

    def __init__(self, shard: int = 0) -> None:
        self.prefix = f"f:{{{shard}}}"

    def source(self, source_id: UUID) -> str:
        """HASH: spec, host, state and counts of a source."""
        return f"{self.prefix}:source:{source_id}"

    @property
    def running(self) -> str:
        """SET: the sources that are open."""
        return f"{self.prefix}:running"

    @property
    def completed(self) -> str:
        """ZSET: sources done in the frontier but not yet written to Postgres, by ms."""
        return f"{self.prefix}:completed"

    @property
    def leases(self) -> str:
        """ZSET: lease ids by ms of expiry."""
        return f"{self.prefix}:lease"

    @property
    def pending(self) -> str:
        """STRING: URLs of all sources not yet ended."""
        return f"{self.prefix}:pending"

    @property
    def dead(self) -> str:
        """LIST: JSON dead letters, newest first."""
        return f"{self.prefix}:dead"
