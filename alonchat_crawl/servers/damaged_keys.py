"""Sets aside keys of ours in Redis that somebody else has damaged, and tells of them.

A damaged key is renamed, so that work goes on as if it had never been there. The frontier's own keys are set
aside by its Lua scripts (`frontier/lua/shared/damaged_keys.lua`).
"""

from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from alonchat_crawl.redis_keys import name_set_aside

OnDamagedKey = Callable[[str, str, str], None]
"""Takes the key, what is wrong with it, and its new name, to keep them in a dead letter."""

KEPT_SECONDS = 30 * 86_400


def ignore_damaged_key(_key: str, _why: str, _aside: str) -> None:
    """Keep no dead letter of it."""


async def set_aside(redis: Redis, key: str, why: str, on_damaged_key: OnDamagedKey) -> None:
    """Rename a key, so that it is missing from now on. Raises redis.RedisError."""
    aside = name_set_aside(key, token_hex(8))
    try:
        await redis.rename(key, aside)
    except ResponseError as error:
        if "no such key" in str(error):  # another worker has already renamed it
            return
        raise
    await redis.expire(aside, KEPT_SECONDS)
    on_damaged_key(key, why, aside)


async def run_on_sound_key(
    redis: Redis, key: str, on_damaged_key: OnDamagedKey, work: Callable[[], Awaitable[Any]]
) -> Any:
    """Return what `work` on a key does; if the key is of another type, set it aside and do the work again."""
    try:
        return await work()
    except ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
    await set_aside(redis, key, "it is of another type", on_damaged_key)
    return await work()
