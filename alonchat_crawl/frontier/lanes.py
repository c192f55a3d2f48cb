"""Sorts a list of the web app into lanes, one list for each project. The lanes take turns."""

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
"""Most messages that one call moves: a millisecond of the server's time."""
MOVED_BYTES = 1_000_000
"""Bytes after which a call reads no more messages; it always reads the first one."""
DUE_AT_ONCE = 100
"""Most lanes that one call returns."""
FAR_SECONDS = 600
"""Longest wait of a lane."""


@dataclass(frozen=True, slots=True)
class Due:
    """The projects whose turn it is."""

    projects: Sequence[UUID]
    """Longest waiting first."""
    at_us: int
    """The server's time, in microseconds."""
    wait_seconds: float
    """Until the next lane is due; inf if all lanes are empty."""
    lanes: int
    """How many lanes hold messages, due or not."""


class Lanes:
    """The lanes of one list, in that list's slot of a cluster. Its methods raise redis.RedisError.

    A message is always either in the list or in exactly one lane. The left end of a lane is the newest.
    """

    def __init__(self, redis: Redis, key: str) -> None:
        self._redis = redis
        self._key = key
        self._lanes = LANES.of(list=key)
        self.on_damaged_key: OnDamagedKey = ignore_damaged_key
        """Set by the list's reader, to keep dead letters."""
        names = ("peek", "sort_into_lanes", "due_lanes", "take_turn")
        self._run = {name: redis.register_script(list_script(name)) for name in names}

    def _lane(self, project: UUID | str) -> str:
        return LANE.of(list=self._key, project=project)

    async def sort_messages(self, project_of: Callable[[bytes], UUID], max_bytes: int) -> int:
        """Move the list's oldest messages to their projects' lanes; return how many.

        It stops at a message longer than `max_bytes`.
        """
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
        limits = [DUE_AT_ONCE, int(FAR_SECONDS * 1e6)]
        found = await self._run["due_lanes"](keys=[self._key], args=limits)
        at_us, wait_ms, lanes, in_the_way, *members = found
        await self._clear(in_the_way)
        wait_seconds = wait_ms / 1000 if wait_ms >= 0 else float("inf")
        return Due([UUID(member.decode()) for member in members], at_us, wait_seconds, lanes)

    async def _clear(self, in_the_way: bytes) -> None:
        """Set aside a key of the wrong type. If it is the list of lanes, rebuild it from the lanes."""
        if not in_the_way:
            return
        key = in_the_way.decode(errors="surrogateescape")
        await set_aside(self._redis, key, "it is of another type", self.on_damaged_key)
        if key == self._lanes:
            start = self._lane("").encode()
            async for lane in self._redis.scan_iter(LANE.pattern(list=self._key), count=1000):
                await self._redis.zadd(key, {lane.removeprefix(start): 0}, nx=True)

    async def take_turn(self, project: UUID) -> bytes | None:
        """Let a project have its turn. Return its oldest message, which stays in the lane, or None."""
        found: bytes | None = await self._run["take_turn"](keys=[self._key], args=[str(project)])
        return found

    async def put_off(self, due: Due, projects: Sequence[UUID], seconds: float) -> None:
        """Give projects no turn for `seconds`."""
        if projects:
            until = due.at_us + int(min(seconds, FAR_SECONDS) * 1e6)
            await self._redis.zadd(self._lanes, dict.fromkeys(map(str, projects), until), xx=True)

    async def remove(self, project: UUID, raw: bytes) -> bool:
        """Remove a message that was acted on or kept elsewhere; False if another worker has removed it."""
        return bool(await awaited(self._redis.lrem(self._lane(project), -1, raw)))  # type: ignore[arg-type] # bytes are fine

    async def move_to_end(self, project: UUID) -> int:
        """Move a project's oldest message behind its others, atomically; return how many it has."""
        lane = self._lane(project)
        await awaited(self._redis.lmove(lane, lane, "RIGHT", "LEFT"))
        return int(await awaited(self._redis.llen(lane)))

    async def waiting(self, project: UUID | None = None) -> int:
        """How many messages of a project wait; without a project, of all, also those not yet in lanes."""
        if project is not None:
            return int(await awaited(self._redis.llen(self._lane(project))))
        # The list first: a message that is moved meanwhile is counted twice rather than never.
        unsorted = int(await awaited(self._redis.llen(self._key)))
        members: Any = await self._redis.zrange(self._lanes, 0, -1)
        counts = [int(await awaited(self._redis.llen(self._lane(one.decode())))) for one in members]
        return unsorted + sum(counts)
