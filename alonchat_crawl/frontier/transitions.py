"""Runs the frontier's transitions: one Lua file each, atomic, cached by Redis."""

import re
from collections.abc import Awaitable
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

PRELUDE = (
    "_keys", "_aside", "_sound", "_run", "_letters", "_line", "_turns", "_queue", "_finish", "_seen",
    "_forget", "_entries", "_lease", "_again", "_take",
)  # fmt: skip
"""Functions that the transitions share; a script that Redis has cached costs little more for them."""


class Opened(IntEnum):
    """What `open` answers."""

    FOREIGN = -2
    CLOSING = -1
    RUNNING = 0
    OPENING = 1


class Audited(IntEnum):
    """What `audit` answers of a source."""

    SET_ASIDE = -1
    UNKNOWN = 0
    KNOWN = 1


class Settled(IntEnum):
    """What `settle` answers for each lease."""

    UNKNOWN = 0
    DONE = 1
    COMPLETED = 2
    LINKS_LOST = 3


class Replayed(IntEnum):
    """What `replay` answers for each dead letter."""

    UNREADABLE = -7
    TOO_LONG = -6
    ORDER = -5
    LIMIT_REACHED = -4
    NEWER_CRAWL = -3
    ENDING = -2
    SOURCE_UNKNOWN = -1
    LETTER_UNKNOWN = 0
    QUEUED = 1


@cache
def script(name: str) -> str:
    """The text of a transition: its `#!lua` line, which has to come first, the shared functions, its body."""
    lua = files(__package__).joinpath("lua")
    flags, _, body = lua.joinpath(f"{name}.lua").read_text().partition("\n")
    return "\n".join((flags, *(lua.joinpath(f"{part}.lua").read_text() for part in PRELUDE), body))


@cache
def bare_script(name: str) -> str:
    """The text of a script that touches no shard, and so needs none of the shared functions."""
    return files(__package__).joinpath("lua", f"{name}.lua").read_text()


class Transitions:
    """The transitions of one shard. Each may raise redis.RedisError, and may be repeated."""

    def __init__(self, redis: Redis, prefix: str, letters_max: int, letters_max_bytes: int) -> None:
        self._redis = redis
        self._prefix = prefix
        self._keep = (letters_max, letters_max_bytes)
        """Any of them may have to keep a dead letter."""
        self._scripts: dict[str, Any] = {}

    async def run(self, name: str, *arguments: Any) -> Any:
        """Run lua/<name>.lua; a script that Redis does not know (a restart, a flush) is loaded again."""
        if name not in self._scripts:
            self._scripts[name] = self._redis.register_script(script(name))
        return await self._scripts[name](keys=[self._prefix], args=(*arguments, *self._keep))


async def awaited(call: Awaitable[Any] | Any) -> Any:
    """Await a redis-py command: its stubs say that it might be synchronous."""
    return await cast("Awaitable[Any]", call)


ERROR_CODE = re.compile(r"[A-Z]{2,} ")


def is_of_one(error: Exception) -> bool:
    """Whether an error is of what was told, not of Redis: another page may well be told.

    A server that cannot work says so by a code (MISCONF, NOREPLICAS, …); a script that failed has none.
    """
    if type(error) is ResponseError:
        return str(error).startswith("WRONGTYPE") or not ERROR_CODE.match(str(error))
    return not isinstance(error, RedisError | OSError)
