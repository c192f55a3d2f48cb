"""Keys of ours in Redis that somebody else wrote into: renamed, told of, and done without.

The frontier's own are its transitions' to set aside (`frontier/lua/shared/damaged_keys.lua`).
"""

from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from alonchat_crawl.redis_keys import name_set_aside

Told = Callable[[str, str, str], None]
"""Is told the key, what is wrong with it, and its new name: a dead letter is to keep them."""

KEPT_SECONDS = 30 * 86_400


def tell_nobody(_key: str, _why: str, _aside: str) -> None:
    """Stand in where nothing keeps dead letters."""


async def set_aside(redis: Redis, key: str, why: str, told: Told) -> None:
    """Rename a key, so that the next look finds nothing there. Raises redis.RedisError."""
    aside = name_set_aside(key, token_hex(8))
    try:
        await redis.rename(key, aside)
    except ResponseError as error:
        if "no such key" in str(error):  # another worker was quicker
            return
        raise
    await redis.expire(aside, KEPT_SECONDS)
    told(key, why, aside)


async def of_its_type(redis: Redis, key: str, told: Told, work: Callable[[], Awaitable[Any]]) -> Any:
    """Do what reads or writes a key; where that is of another type, set it aside and do it again."""
    try:
        return await work()
    except ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
    await set_aside(redis, key, "it is of another type", told)
    return await work()
