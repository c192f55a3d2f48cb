"""A list of the web app, sorted into lanes: one list for each project. The lanes take turns."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from alonchat_crawl.frontier.transitions import awaited, list_script
from alonchat_crawl.redis_keys import LANE, LANES
from alonchat_crawl.servers.damaged_keys import OnDamagedKey, ignore_damaged_key, set_aside

MOVED_AT_ONCE = 200
"""Messages that one call moves: a millisecond of the server's time."""
MOVED_BYTES = 1_000_000
"""Bytes after which a call looks at no more messages; a longer message is looked at alone."""
DUE_AT_ONCE = 100
"""Lanes that one call returns."""
FAR_SECONDS = 600
"""No lane waits for longer."""


@dataclass(frozen=True, slots=True)
class Due:
    """Whose turn it is."""

    projects: Sequence[UUID]
    """Those that have waited longest come first."""
    at_us: int
    """The server's time."""
    wait_seconds: float
    """Until the next lane is due; inf if all are empty."""
    lanes: int
    """How many hold something, due or not."""


class Lanes:
    """The lanes of one list, in that list's slot of a cluster. Its methods raise redis.RedisError.

    A message is in the list or in one lane, never in both and never in neither. A lane has its newest message
    left.
    """

    def __init__(self, redis: Redis, key: str) -> None:
        self._redis = redis
        self._key = key
        self._lanes = LANES.of(list=key)
        self.on_damaged_key: OnDamagedKey = ignore_damaged_key
        """Set by the reader of the list, which keeps dead letters."""
        names = ("peek", "sort_into_lanes", "due_lanes", "take_turn")
        self._run = {name: redis.register_script(list_script(name)) for name in names}

    def _lane(self, project: UUID | str) -> str:
        return LANE.of(list=self._key, project=project)

    async def part(self, project_of: Callable[[bytes], UUID], max_bytes: int) -> int:
        """Move the list's oldest messages, up to a longer one, to their projects' lanes; return how many."""
        limits = [MOVED_AT_ONCE, MOVED_BYTES, max_bytes]
        found = await self._run["peek"](keys=[self._key], args=limits)
        if not found:
            return 0
        values = [
            value
            for raw in found
            for value in (str(project_of(raw)), hashlib.sha1(raw, usedforsecurity=False).hexdigest())
        ]
        moved, in_the_way = await self._run["sort_into_lanes"](keys=[self._key], args=values)
        await self._clear(in_the_way)
        return int(moved)

    async def due(self) -> Due:
        """Whose turn it is."""
        limits = [DUE_AT_ONCE, int(FAR_SECONDS * 1e6)]
        found = await self._run["due_lanes"](keys=[self._key], args=limits)
        at_us, wait_ms, lanes, in_the_way, *members = found
        await self._clear(in_the_way)
        wait_seconds = wait_ms / 1000 if wait_ms >= 0 else float("inf")
        return Due([UUID(member.decode()) for member in members], at_us, wait_seconds, lanes)

    async def _clear(self, in_the_way: bytes) -> None:
        """Set aside a key that somebody else wrote.

        If it is the list of the lanes, make that anew from the lanes.
        """
        if not in_the_way:
            return
        key = in_the_way.decode(errors="surrogateescape")
        await set_aside(self._redis, key, "it is of another type", self.on_damaged_key)
        if key == self._lanes:
            start = self._lane("").encode()
            async for lane in self._redis.scan_iter(LANE.pattern(list=self._key), count=1000):
                await self._redis.zadd(key, {lane.removeprefix(start): 0}, nx=True)

    async def turn(self, project: UUID) -> bytes | None:
        """Let a project have its turn.

        Return its oldest message, which stays where it is; None if there is none.
        """
        found: bytes | None = await self._run["take_turn"](keys=[self._key], args=[str(project)])
        return found

    async def put_off(self, due: Due, projects: Sequence[UUID], seconds: float) -> None:
        """Let projects have no turn for so long."""
        if projects:
            until = due.at_us + int(min(seconds, FAR_SECONDS) * 1e6)
            await self._redis.zadd(self._lanes, dict.fromkeys(map(str, projects), until), xx=True)

    async def remove(self, project: UUID, raw: bytes) -> bool:
        """Take a message out, once it is acted on or kept elsewhere; False if another worker has."""
        return bool(await awaited(self._redis.lrem(self._lane(project), -1, raw)))  # type: ignore[arg-type] # bytes are fine

    async def to_the_end(self, project: UUID) -> int:
        """Move a project's oldest message behind its others, in one step; return how many there are."""
        lane = self._lane(project)
        await awaited(self._redis.lmove(lane, lane, "RIGHT", "LEFT"))
        return int(await awaited(self._redis.llen(lane)))

    async def waiting(self, project: UUID | None = None) -> int:
        """How many messages wait in lanes, of one project or of all.

        Of all, messages still in the list count, too.
        """
        if project is not None:
            return int(await awaited(self._redis.llen(self._lane(project))))
        # First: a message that is moved meanwhile counts twice, not never.
        unsorted = int(await awaited(self._redis.llen(self._key)))
        members: Any = await self._redis.zrange(self._lanes, 0, -1)
        counts = [int(await awaited(self._redis.llen(self._lane(one.decode())))) for one in members]
        return unsorted + sum(counts)
