"""What is known of sites' files for robots: in Redis for all workers, for a short time in memory."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from redis.asyncio import Redis

from alonchat_crawl.policies.robots.file_fetch import Body, Kept, Limits, Visit, decode, encode
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.damaged_keys import Told, of_its_type, set_aside, tell_nobody
from alonchat_crawl.urls import canonical_url

T = TypeVar("T")

KNOWN_MAX_BYTES = 2_000_000
"""Of essences whose meaning a worker holds ready; what it makes of them is up to 17 times as large."""
KNOWN_OVERHEAD_BYTES = 1000
SURE_SECONDS = 60.0
"""For so long a worker does not ask Redis again for what it has used."""
QUICK_BYTES = 20_000
"""More is not read on the event loop: it may take longer than a few milliseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteFile(Generic[T]):
    """A kind of file, at one place of every origin."""

    reason: Reason
    """Why a page waits until the file is fetched."""
    key: str
    """Begins the names of its keys in Redis; another where the same file means something else."""
    path: str
    essence: Callable[[Body], bytes]
    """Takes what concerns us out of a file."""
    meaning: Callable[[bytes], T]
    """Reads an essence; raises ValueError or TypeError for what is none."""
    crawl_delay: Callable[[T], float | None] = lambda _: None
    """The delay in seconds that it asks for."""


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """What a site's file means."""

    meaning: T
    unreachable: str = ""
    """Why it could not be had for so long that it forbids all; empty where it could."""


@dataclass(slots=True)
class _Remembered:
    value: bytes
    known: Known[Any]
    until: float
    weight: int


class SiteFileCache:
    """By kind and origin."""

    def __init__(self, redis: Redis, limits: Limits, told: Told = tell_nobody) -> None:
        self._redis = redis
        self._told = told
        self._limits = limits
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._weight = 0

    async def get(self, file: SiteFile[T], origin: str) -> Known[T] | Visit:
        """What is known, or what to fetch to know it. What cannot be read is set aside, and fetched anew.

        Raises redis.RedisError.
        """
        key = f"{file.key}:{origin}"
        remembered = self._remembered.get(key)
        if remembered is not None and remembered.until > monotonic():
            return remembered.known
        value: Any = await of_its_type(self._redis, key, self._told, lambda: self._redis.get(key))
        if remembered is not None and value == remembered.value:
            remembered.until = monotonic() + SURE_SECONDS
            self._remembered.move_to_end(key)
            return remembered.known
        found = decode(value, self._limits.max_bytes) if value is not None else None
        if isinstance(found, Kept):
            essence = file.essence(NONE) if found.unreachable else found.essence
            try:
                known = Known(await aside(file.meaning, essence), found.unreachable)
            except (ValueError, TypeError):
                found = None
            else:
                weight = len(value) + len(found.essence) + KNOWN_OVERHEAD_BYTES
                self._remember(key, _Remembered(value, known, monotonic() + SURE_SECONDS, weight))
                return known
        if value is not None and found is None:
            await set_aside(self._redis, key, "it cannot be read", self._told)
        # Older workers kept where redirects led unread: what no host can be made of is begun anew.
        return found if found and canonical_url(found.url) else Visit(f"{origin}{file.path}")

    def _remember(self, key: str, remembered: _Remembered) -> None:
        old = self._remembered.pop(key, None)
        self._weight += remembered.weight - (old.weight if old else 0)
        self._remembered[key] = remembered
        while self._weight > KNOWN_MAX_BYTES:
            _, forgotten = self._remembered.popitem(last=False)
            self._weight -= forgotten.weight

    async def keep(self, file: SiteFile[T], body: Body) -> Kept:
        """Take the essence of a file; one too large is as good as unreachable, lest it fills Redis."""
        kept = Kept(await aside(file.essence, body, size=len(body.octets)))
        size = len(await aside(encode, kept, size=len(kept.essence)))
        return kept if size <= self._limits.max_kept_bytes else Kept(b"", unreachable=Reason.TOO_LARGE)

    async def put(self, file: SiteFile[T], origin: str, found: Kept | Visit) -> None:
        """Keep it for all workers: for a day, or until it is to be tried again. Raises redis.RedisError."""
        passing = found.failures if isinstance(found, Visit) else found.unreachable
        seconds = self._limits.unreachable_seconds if passing else self._limits.cache_seconds
        await self._redis.set(f"{file.key}:{origin}", encode(found), ex=seconds)


NONE = Body(b"")


async def aside(work: Callable[[Any], Any], argument: Any, size: int | None = None) -> Any:
    """Do it at once where it is quick, else off the event loop."""
    if (len(argument) if size is None else size) > QUICK_BYTES:
        return await asyncio.to_thread(work, argument)
    return work(argument)
