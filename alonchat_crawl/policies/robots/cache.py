"""Caches sites' files for robots: in Redis for all workers, and in memory for a minute."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from redis.asyncio import Redis

from alonchat_crawl.policies.robots.fetch_state import (
    FileBody,
    KeptFile,
    PendingFile,
    SiteFileLimits,
    decode,
    encode,
)
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.damaged_keys import OnDamagedKey, ignore_damaged_key, run_on_sound_key, set_aside
from alonchat_crawl.urls import canonical_url

T = TypeVar("T")

KNOWN_MAX_BYTES = 2_000_000
"""Most bytes of condensed files whose rules a worker keeps in memory. Rules are up to 17 times as large."""
KNOWN_OVERHEAD_BYTES = 1000
SURE_SECONDS = 60.0
"""How long a worker uses a file in memory without asking Redis again."""
QUICK_BYTES = 20_000
"""Longer files are parsed in a thread: they would block the event loop for more than a few milliseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteFileKind(Generic[T]):
    """A kind of file that an origin may have, such as robots.txt."""

    reason: Reason
    """Why a page is deferred while the file is fetched."""
    key: Callable[[str], str]
    """Returns the Redis key of an origin's file."""
    path: str
    condense: Callable[[FileBody], bytes]
    """Keeps only the lines that concern us."""
    parse: Callable[[bytes], T]
    """Reads a condensed file; raises ValueError or TypeError if it is none."""
    crawl_delay: Callable[[T], float | None] = lambda _: None
    """Returns the delay in seconds that the rules ask for; None if they ask for none."""


@dataclass(frozen=True, slots=True)
class KnownFile(Generic[T]):
    """A site's parsed file."""

    rules: T
    unreachable: str = ""
    """Why it could not be fetched, so that it counts as forbidding everything; empty if it was fetched."""


@dataclass(slots=True)
class _CacheEntry:
    value: bytes
    known: KnownFile[Any]
    until: float
    weight: int


class SiteFileCache:
    """The files of all origins, by kind."""

    def __init__(
        self, redis: Redis, limits: SiteFileLimits, on_damaged_key: OnDamagedKey = ignore_damaged_key
    ) -> None:
        self._redis = redis
        self._on_damaged_key = on_damaged_key
        self._limits = limits
        self._remembered: OrderedDict[str, _CacheEntry] = OrderedDict()
        self._weight = 0

    async def get(self, file: SiteFileKind[T], origin: str) -> KnownFile[T] | PendingFile:
        """Return the file, or what must be fetched. An unreadable entry is set aside and fetched again.

        Raises redis.RedisError.
        """
        key = file.key(origin)
        remembered = self._remembered.get(key)
        if remembered is not None and remembered.until > monotonic():
            return remembered.known
        value: Any = await run_on_sound_key(
            self._redis, key, self._on_damaged_key, lambda: self._redis.get(key)
        )
        if remembered is not None and value == remembered.value:
            remembered.until = monotonic() + SURE_SECONDS
            self._remembered.move_to_end(key)
            return remembered.known
        found = decode(value, self._limits.max_bytes) if value is not None else None
        if isinstance(found, KeptFile):
            try:
                return await self._read(file, key, value, found)
            except (ValueError, TypeError):
                found = None
        if value is not None and found is None:
            await set_aside(self._redis, key, "it cannot be read", self._on_damaged_key)
        # Older workers did not check redirect targets: if one is no URL, start again at the origin.
        return found if found and canonical_url(found.url) else PendingFile(f"{origin}{file.path}")

    async def _read(self, file: SiteFileKind[T], key: str, value: bytes, kept: KeptFile) -> KnownFile[T]:
        """Parse an entry and remember its rules. Raises ValueError or TypeError if it cannot be read."""
        condensed = file.condense(NO_FILE) if kept.unreachable else kept.condensed
        known = KnownFile(await off_loop(file.parse, condensed), kept.unreachable)
        weight = len(value) + len(kept.condensed) + KNOWN_OVERHEAD_BYTES
        self._remember(key, _CacheEntry(value, known, monotonic() + SURE_SECONDS, weight))
        return known

    def _remember(self, key: str, remembered: _CacheEntry) -> None:
        old = self._remembered.pop(key, None)
        self._weight += remembered.weight - (old.weight if old else 0)
        self._remembered[key] = remembered
        while self._weight > KNOWN_MAX_BYTES:
            _, forgotten = self._remembered.popitem(last=False)
            self._weight -= forgotten.weight

    async def keep(self, file: SiteFileKind[T], body: FileBody) -> KeptFile:
        """Condense a file. If it is too large for Redis, it counts as unreachable."""
        kept = KeptFile(await off_loop(file.condense, body, size=len(body.octets)))
        size = len(await off_loop(encode, kept, size=len(kept.condensed)))
        return kept if size <= self._limits.max_kept_bytes else KeptFile(b"", unreachable=Reason.TOO_LARGE)

    async def put(self, file: SiteFileKind[T], origin: str, found: KeptFile | PendingFile) -> None:
        """Store a file for all workers, for a day or until the next attempt. Raises redis.RedisError."""
        passing = found.failures if isinstance(found, PendingFile) else found.unreachable
        seconds = self._limits.unreachable_seconds if passing else self._limits.cache_seconds
        await self._redis.set(file.key(origin), encode(found), ex=seconds)


NO_FILE = FileBody(b"")


async def off_loop(work: Callable[[Any], Any], argument: Any, size: int | None = None) -> Any:
    """Call `work` at once if the argument is small, else in a thread."""
    if (len(argument) if size is None else size) > QUICK_BYTES:
        return await asyncio.to_thread(work, argument)
    return work(argument)
