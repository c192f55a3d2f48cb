"""Runs the frontier's transitions: one Lua file each, atomic, cached by Redis."""

import re
from collections.abc import Awaitable
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from alonchat_crawl.frontier.lua_keys import with_list_keys, with_shard_keys

SHARED = (
    "call", "damaged_keys", "checked_values", "dead_letters", "virtual_time", "domains", "enqueue", "finish",
    "seen", "damaged_sources", "entries", "lease", "retry", "take",
)  # fmt: skip
"""Files in lua/shared/ that precede every transition, each after those that it uses. Redis caches compiled
scripts, so their length costs little."""


class Opened(IntEnum):
    """What `open` returns."""

    FOREIGN = -2
    CLOSING = -1
    RUNNING = 0
    OPENING = 1


class Audited(IntEnum):
    """What `audit` returns."""

    SET_ASIDE = -1
    UNKNOWN = 0
    KNOWN = 1


class Settled(IntEnum):
    """What `settle` returns for each lease."""

    UNKNOWN = 0
    DONE = 1
    COMPLETED = 2
    LINKS_LOST = 3


class Replayed(IntEnum):
    """What `replay` returns for each dead letter."""

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
    """The text of a transition: its `#!lua` line, which must come first, keys, shared functions, body."""
    flags, _, body = _lua(name).partition("\n")
    text = "\n".join((*(_lua("shared", part) for part in SHARED), body))
    return f"{flags}\n{with_shard_keys(text)}"


@cache
def list_script(name: str) -> str:
    """The text of a script for a list of the web app and the keys beside it."""
    flags, _, body = _lua("lists", name).partition("\n")
    return f"{flags}\n{with_list_keys(body)}"


@cache
def lock_script() -> str:
    """The text of the script that takes a lock."""
    return _lua("lock")


def _lua(*path: str) -> str:
    return files(__package__).joinpath("lua", *path[:-1], f"{path[-1]}.lua").read_text()


class Transitions:
    """Runs the transitions of one shard. Each raises redis.RedisError, and may be repeated."""

    def __init__(self, redis: Redis, prefix: str, letters_max: int, letters_max_bytes: int) -> None:
        self._redis = redis
        self._prefix = prefix
        self._keep = (letters_max, letters_max_bytes)
        """Limits of dead letters. Every transition gets them, since any may have to keep a letter."""
        self._scripts: dict[str, Any] = {}

    async def run(self, name: str, *arguments: Any) -> Any:
        """Run lua/<name>.lua. If Redis has lost the script (a restart, a flush), it is loaded again."""
        if name not in self._scripts:
            self._scripts[name] = self._redis.register_script(script(name))
        return await self._scripts[name](keys=[self._prefix], args=(*arguments, *self._keep))


async def awaited(call: Awaitable[Any] | Any) -> Any:
    """Await a redis-py command, whose stubs say that it might be synchronous."""
    return await cast("Awaitable[Any]", call)


ERROR_CODE = re.compile(r"[A-Z]{2,} ")


def is_of_one(error: Exception) -> bool:
    """Whether an error is due to the values that were sent, so that a call for another page may succeed.

    A server that cannot work sends a code (MISCONF, NOREPLICAS, …); a script that failed does not.
    """
    if type(error) is ResponseError:
        return str(error).startswith("WRONGTYPE") or not ERROR_CODE.match(str(error))
    return not isinstance(error, RedisError | OSError)
