"""What all workers know of sites' robots.txt: their rules for a day, or how far fetching them has come."""

import json
from dataclasses import asdict, dataclass
from time import monotonic

from redis.asyncio import Redis

KNOWN_MAX = 1000
SURE_SECONDS = 60.0
"""For so long a worker does not ask Redis again for rules that it has used."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A robots.txt that stands."""

    body: str
    """Its text; empty where the site has none, and so allows all."""
    unreachable: str = ""
    """Why it could not be had for so long that nothing may be fetched; empty where it could."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A robots.txt that is still to be fetched."""

    url: str
    hops: int = 0
    """Redirects that led to `url`."""
    failures: int = 0
    """Times in a row that the site could not say."""


class RobotsCache:
    """By origin, in Redis for all workers, and for a short time in this one's memory."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[str, tuple[Rules, float]] = {}

    async def get(self, origin: str) -> Rules | Visit:
        """The origin's rules, or what to fetch to have them. Raises redis.RedisError."""
        rules, until = self._known.get(origin, (None, 0.0))
        if rules is not None and until > monotonic():
            return rules
        cached = await self._redis.get(f"robots:{origin}")
        if cached is None:
            return Visit(f"{origin}/robots.txt")
        found = json.loads(cached)
        if "url" in found:
            return Visit(**found)
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        rules = Rules(**found)
        self._known[origin] = rules, monotonic() + SURE_SECONDS
        return rules

    async def put(self, origin: str, found: Rules | Visit, seconds: int) -> None:
        """Keep it for all workers for so many seconds. Raises redis.RedisError."""
        await self._redis.set(f"robots:{origin}", json.dumps(asdict(found)), ex=seconds)
