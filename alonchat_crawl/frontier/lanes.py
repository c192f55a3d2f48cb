"""One list of the web app, parted by project: each has a lane, and the lanes take turns."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from alonchat_crawl.frontier.transitions import awaited, bare_script
from alonchat_crawl.servers.damaged_keys import Told, set_aside, tell_nobody

PARTED_AT_ONCE = 200
"""Messages in one call: a millisecond of the server's time."""
PARTED_BYTES = 1_000_000
"""No message is read after so many; a longer one is read alone."""
DUE_AT_ONCE = 100
"""Lanes that are asked for at once."""
FAR_SECONDS = 600
"""No lane is put off for longer."""


@dataclass(frozen=True, slots=True)
class Due:
    """Whose turn it is."""

    projects: Sequence[UUID]
    """Those first that have waited longest."""
    at_us: int
    """The server's time."""
    wait_seconds: float
    """Until the next lane is due; inf where all are empty."""
    lanes: int
    """That hold something, due or not."""


class Lanes:
    """The lanes of one list, in its slot of a cluster. Its methods raise redis.RedisError.

    A message is in the list or in one lane, never in both or in none; a lane is a list with the newest left.
    """

    def __init__(self, redis: Redis, key: str) -> None:
        self._redis = redis
        self._key = key
        self._lanes = f"{{{key}}}:lanes"
        self._prefix = f"{{{key}}}:lane:"
        self.told: Told = tell_nobody
        """Set by the reader, which keeps the dead letters."""
        names = ("arrivals", "part", "due", "turn")
        self._run = {name: redis.register_script(bare_script(name)) for name in names}

    def _lane(self, project: UUID) -> str:
        return f"{self._prefix}{project}"

    async def part(self, project_of: Callable[[bytes], UUID], max_bytes: int) -> int:
        """Move the list's oldest messages, up to a longer one, to their projects' lanes; return how many."""
        limits = [PARTED_AT_ONCE, PARTED_BYTES, max_bytes]
        found = await self._run["arrivals"](keys=[self._key], args=limits)
        if not found:
            return 0
        values = [
            value
            for raw in found
            for value in (str(project_of(raw)), hashlib.sha1(raw, usedforsecurity=False).hexdigest())
        ]
        keys = [self._key, self._lanes, self._prefix]
        parted, in_the_way = await self._run["part"](keys=keys, args=values)
        await self._clear(in_the_way)
        return int(parted)

    async def due(self) -> Due:
        """Whose turn it is."""
        keys = [self._lanes, self._prefix]
        limits = [DUE_AT_ONCE, int(FAR_SECONDS * 1e6)]
        at_us, wait_ms, lanes, in_the_way, *members = await self._run["due"](keys=keys, args=limits)
        await self._clear(in_the_way)
        wait_seconds = wait_ms / 1000 if wait_ms >= 0 else float("inf")
        return Due([UUID(member.decode()) for member in members], at_us, wait_seconds, lanes)

    async def _clear(self, in_the_way: bytes) -> None:
        """Set aside a key that somebody else wrote; the list of the lanes is made anew from the lanes."""
        if not in_the_way:
            return
        key = in_the_way.decode(errors="surrogateescape")
        await set_aside(self._redis, key, "it is of another type", self.told)
        if key == self._lanes:
            async for lane in self._redis.scan_iter(f"{self._prefix}*", count=1000):
                await self._redis.zadd(key, {lane.removeprefix(self._prefix.encode()): 0}, nx=True)

    async def turn(self, project: UUID) -> bytes | None:
        """Let a project have its turn: return its oldest message, which stays where it is."""
        found: bytes | None = await self._run["turn"](
            keys=[self._lanes, self._lane(project)], args=[str(project)]
        )
        return found

    async def put_off(self, due: Due, projects: Sequence[UUID], seconds: float) -> None:
        """Let projects have no turn for so long."""
        if projects:
            until = due.at_us + int(min(seconds, FAR_SECONDS) * 1e6)
            await self._redis.zadd(self._lanes, dict.fromkeys(map(str, projects), until), xx=True)

    async def remove(self, project: UUID, raw: bytes) -> bool:
        """Take a message out, once it is acted on or kept elsewhere; False where another worker has."""
        return bool(await awaited(self._redis.lrem(self._lane(project), -1, raw)))  # type: ignore[arg-type] # bytes are fine

    async def to_the_end(self, project: UUID) -> int:
        """Move a project's oldest message behind its others, in one step; return how many there are."""
        lane = self._lane(project)
        await awaited(self._redis.lmove(lane, lane, "RIGHT", "LEFT"))
        return int(await awaited(self._redis.llen(lane)))

    async def waiting(self, project: UUID | None = None) -> int:
        """How many messages wait in lanes, of one project or of all; with all, those not parted yet, too."""
        if project is not None:
            return int(await awaited(self._redis.llen(self._lane(project))))
        # First: what is parted meanwhile counts twice, not never.
        unparted = int(await awaited(self._redis.llen(self._key)))
        members: Any = await self._redis.zrange(self._lanes, 0, -1)
        counts = [int(await awaited(self._redis.llen(f"{self._prefix}{one.decode()}"))) for one in members]
        return unparted + sum(counts)
